"""Every icon that a template or a contribution names is drawn: one that is not shows nothing, and nobody is told."""

from __future__ import annotations

import re

from tests.architecture.sources import CODE, ROOT, files

SPRITE = ROOT / "web/plugdesk_web/static/icons/icons.svg"
IN_TEMPLATES = (r'\bicon\("([\w-]+)"[,)]', r'icon_name="([\w-]+)"')
IN_PYTHON = (r'NavItem\(.+?\), "([\w-]+)"', r'HistoryLine\("\w+", "([\w-]+)"', r'\bicon(?:_name)?="([\w-]+)"')


def test_every_icon_that_is_named_is_drawn() -> None:
    drawn = set(re.findall(r'id="([\w-]+)"', SPRITE.read_text()))
    named = dict[str, str]()
    for path in files(*CODE, suffixes=(".html", ".py")):
        text, patterns = path.read_text(), IN_PYTHON if path.suffix == ".py" else IN_TEMPLATES
        named |= {name: str(path.relative_to(ROOT)) for each in patterns for name in re.findall(each, text)}
    assert len(named) > 60, "the patterns find what is named"
    assert {name: where for name, where in named.items() if name not in drawn} == {}
