"""`plugdesk.api`: what is promised is there, is all that built-in plugins use, and nothing slipped in."""

import ast
from enum import EnumType
from pathlib import Path

import pytest

from plugdesk import api

PLUGINS = Path(__file__).parents[2] / "plugins"


def imported_from_api():
    for file in PLUGINS.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "plugdesk.api":
                yield from ((file, alias.name) for alias in node.names)


def test_what_it_promises_is_there():
    assert [name for name in api.__all__ if not hasattr(api, name)] == []


def test_it_promises_what_it_imports_and_nothing_else():
    tree = ast.parse(Path(api.__file__).read_text("utf-8"))
    found = {alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert set(api.__all__) == found


def test_the_built_in_plugins_find_there_what_they_need():
    assert {(file.name, name) for file, name in imported_from_api() if name not in api.__all__} == set()


@pytest.mark.parametrize("name", [name for name in api.__all__ if callable(getattr(api, name))])
def test_what_is_promised_says_what_it_is(name):
    given = getattr(api, name)
    plain = (
        isinstance(given, EnumType)
        or type(given).__name__ in {"HookimplMarker", "_AnnotatedAlias", "_LiteralGenericAlias"}
        or name in {"FormAgent", "GroupMember"}
    )
    assert plain or given.__doc__, f"{name} has no docstring"
