"""Texts stand where those who collect them for translation look."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture.sources import CODE, ROOT, files

SAY = {"_", "gettext", "ngettext", "pgettext", "npgettext", "lazy_gettext"}


def hidden(source: str) -> Iterator[str]:
    """The texts inside f-strings, which Babel reads from Python 3.12 on alone: they would have no Russian."""
    for whole in ast.walk(ast.parse(source)):
        for part in ast.walk(whole) if isinstance(whole, ast.JoinedStr) else ():
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id in SAY:
                yield f"{part.lineno}: {ast.unparse(part)}"


def test_no_text_is_said_inside_another_string() -> None:
    found = {str(path.relative_to(ROOT)): list(hidden(path.read_text())) for path in files(*CODE)}
    assert {path: texts for path, texts in found.items() if texts} == {}


def test_such_texts_are_seen() -> None:
    assert list(hidden("said = f\"{_('Yes')}, {name}\"")) == ["1: _('Yes')"]
