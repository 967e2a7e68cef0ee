"""Writes the parts of the manual that the code says itself: hooks, API, settings, commands.

`python tools/reference.py` writes them anew; `--check` names those that are no longer true.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, get_args, get_origin

import click
import sqlalchemy as sa

from plugdesk import cli, hooks
from plugdesk.database import Base
from plugdesk.plugins.manifest import CATEGORIES, PERMISSIONS, SCOPES
from plugdesk.settings import PREFIX, Settings

DOCS = Path(__file__).resolve().parents[1] / "docs"
LINE = 110
MADE = "<!-- Made by tools/reference.py: change the code, then run it. -->"

KINDS = {
    "announcement": (
        "Announcements",
        "Something has happened. Called after the commit, in a transaction of your own, perhaps more than once.",
    ),
    "gathered": (
        "Announcements, gathered",
        "Follows the announcements above, once for all that waited. In their transaction, perhaps more than once.",
    ),
    "first": ("Decisions: first", "The first answer that is not None counts. Inside the transaction, with a second to answer."),
    "filter": (
        "Decisions: filter",
        "Each plugin gets what the one before it returned. Inside the transaction, with a second to answer.",
    ),
    "follow": (
        "Decisions: follow",
        "Every plugin that is on does its part of a change. Inside the transaction, with a second to do it.",
    ),
    "veto": ("Decisions: veto", "Refuse by raising `Veto`. Inside the transaction, with a second to answer."),
    "contribution": ("Contributions", "What the plugin adds. Asked once, when the desk starts."),
    "asked": ("Questions", "Asked when a page needs the answer, on a session that only reads."),
}


def main() -> int:
    made = {DOCS / name: text() for name, text in PAGES.items()}
    stale = [path for path, text in made.items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"docs/{path.relative_to(DOCS)} is not what the code says: run python tools/reference.py")
        return 1 if stale else 0
    for path in stale:
        path.write_text(made[path], "utf-8")
        print(f"docs/{path.relative_to(DOCS)}")
    return 0


def hooks_page() -> str:
    """Every hook, by kind, in the order in which it is declared."""
    parts = [MADE, "# Hooks", HOOKS_INTRODUCTION]
    for kind, (title, about) in KINDS.items():
        parts += [f"## {title}", about]
        for name, hook in vars(hooks).items():
            if getattr(hook, "plugdesk_kind", None) == kind:
                fails = hook.plugdesk_options.get("fails")
                also = f"A broken implementation counts as: **{fails}**." if fails else ""
                parts += [f"### {name}", _code(_signature(name, hook)), _prose(hook), also]
    return _page(parts)


def api_page() -> str:
    """Every promised name, by module and sort."""
    parts = [MADE, "# The plugin API", API_INTRODUCTION, _permissions()]
    for module_name in ("plugdesk.api", "plugdesk_web.api", "plugdesk.testing"):
        module = importlib.import_module(module_name)
        if not hasattr(module, "__all__"):
            continue
        parts += [f"## {module_name}", _prose(module)]
        for title, belongs in SORTS.items():
            found = [(name, value) for name, value in _promised(module) if belongs(value)]
            if found:
                parts.append(f"### {title}")
                parts += [text for name, value in found for text in _entry(name, value)]
    return _page(parts)


def settings_page() -> str:
    """Every environment variable, with its default."""
    rows = [f"| `{PREFIX}{each.name.upper()}` | {_default(each)} | {each.metadata['help']} |" for each in fields(Settings)]
    return _page(
        [MADE, "# Settings", SETTINGS_INTRODUCTION, "| variable | default | what it is |\n|---|---|---|\n" + "\n".join(rows)]
    )


def commands_page() -> str:
    """Every command line, with its own help."""
    parts = [MADE, "# Commands", COMMANDS_INTRODUCTION]
    for path, command in _commands(cli.main, "plugdesk"):
        parts += [f"## {path}", _help(command), _parameters(command)]
    return _page(parts)


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group, info_name=path)
    names = list(group.commands)
    if isinstance(group, cli.Desk):
        names += [point.name for point in cli._entry_points() if cli._summary(point) is not None]
    for name in names:
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")


def _help(command: click.Command) -> str:
    return inspect.cleandoc(command.help or "")


def _parameters(command: click.Command) -> str:
    context = click.Context(command)
    rows = [record for parameter in command.params if (record := parameter.get_help_record(context))]
    given = " ".join(each.make_metavar(context) for each in command.params if isinstance(each, click.Argument))
    lines = [f"Arguments: `{given}`\n"] if given else []
    return "\n".join([*lines, *(f"- `{name}`: {help.strip()}" if help else f"- `{name}`" for name, help in rows)])


def _promised(module: ModuleType) -> Iterator[tuple[str, Any]]:
    for name in sorted(module.__all__, key=str.lower):
        value = getattr(module, name)
        if not isinstance(value, ModuleType):
            yield name, value


def _entry(name: str, value: Any) -> Iterator[str]:
    yield f"#### {name}"
    if _is_model(value):
        yield _prose(value)
        yield _columns(value)
    elif inspect.isclass(value) and issubclass(value, Enum):
        yield _prose(value)
        yield "Values: " + ", ".join(f"`{each.value}`" for each in value)
    elif inspect.isclass(value) and is_dataclass(value):
        yield _code("\n".join([f"class {name}", *(f"    {each.name}: {_type_of(each)}{_given(each)}" for each in fields(value))]))
        yield _prose(value)
    elif inspect.isclass(value):
        yield _prose(value)
        yield from _members(value)
    elif callable(value) and not _is_alias(value):
        yield _code(_signature(name, value))
        yield _prose(value)
    elif get_origin(value) is Annotated:
        yield f"A type of column: `{get_args(value)[0].__name__}` in Python."
    elif name in WORDS:
        yield WORDS[name]
    else:
        yield _code(f"{name} = {_shown(value)}")


def _members(cls: type) -> Iterator[str]:
    """The methods and properties of a class that is used rather than filled in."""
    if issubclass(cls, BaseException) or not cls.__module__.startswith("plugdesk"):
        return
    lines = []
    for name, value in vars(cls).items():
        found = getattr(value, "func", None) or getattr(value, "fget", None) or value
        if name.startswith("_") or not callable(found):
            continue
        heading = (
            name
            if found is not value
            else _signature(name, found).removeprefix("def ").replace("(self, ", "(").replace("(self)", "()")
        )
        lines.append(f"- `{heading}`: {(inspect.getdoc(found) or '').partition(chr(10))[0]}".rstrip(": "))
    if lines:
        yield "\n".join(lines)


def _columns(model: type[Base]) -> str:
    mapper = sa.inspect(model)
    columns = ", ".join(f"`{each.key}`" for each in mapper.column_attrs)
    relations = ", ".join(f"`{each.key}`" for each in mapper.relationships)
    return f"Columns: {columns}." + (f" Relations: {relations}." if relations else "")


class _AsWritten(str):
    """What its `repr` shows is what stands in the source."""

    def __repr__(self) -> str:
        return str(self)


def _signature(name: str, function: Callable[..., Any]) -> str:
    found = inspect.signature(function)
    parameters = [
        each.replace(
            annotation=_as_written(each.annotation), default=_AsWritten("…") if each.default is MISSING else each.default
        )
        for each in found.parameters.values()
    ]
    whole = found.replace(parameters=parameters, return_annotation=_as_written(found.return_annotation))
    text = re.sub(r"\b(?:datetime|typing|collections\.abc|plugdesk\.\w+|markupsafe)\.(?=[A-Za-z])", "", f"def {name}{whole}")
    if len(text) <= LINE:
        return text
    head, _paren, rest = text.partition("(")
    inside, _arrow, result = rest.rpartition(") -> ")
    return f"{head}(\n    {_filled(inside)},\n) -> {result}"


def _filled(parameters: str) -> str:
    """Parameters in lines of fitting length, broken between them and not within."""
    return (
        textwrap.fill(re.sub(r"(?<!,) ", "\0", parameters), LINE - 4, break_long_words=False, break_on_hyphens=False)
        .replace("\0", " ")
        .replace("\n", "\n    ")
    )


def _as_written(annotation: Any) -> Any:
    return _AsWritten(annotation) if isinstance(annotation, str) else annotation


def _prose(value: Any) -> str:
    """A docstring as Markdown: its `Example:` becomes a block of code."""
    inherited = inspect.isclass(value) and "__doc__" not in vars(value)
    text = "" if inherited or value.__doc__ is None else inspect.cleandoc(value.__doc__)
    said, _colon, example = text.partition("\nExample: ")
    return f"{said.strip()}\n\n{_code(example.strip().strip('`'))}" if example else said.strip()


def _permissions() -> str:
    rows = "\n".join(f"| `{name}` | {words} |" for name, words in PERMISSIONS.items())
    return (
        f"In `plugin.toml`, `category` is one of {_listed(CATEGORIES)}, `scope` one of {_listed(SCOPES)}, and `permissions` are from "
        f"this list (`net:HOST` names one server):\n\n| permission | what an admin reads |\n|---|---|\n{rows}"
    )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _type_of(each: Field[Any]) -> str:
    return each.type if isinstance(each.type, str) else getattr(each.type, "__name__", str(each.type))


def _given(each: Field[Any]) -> str:
    if each.default is MISSING:
        return " = …" if each.default_factory is not MISSING else ""
    return " = …" if callable(each.default) else f" = {_shown(each.default)}"


def _default(each: Field[Any]) -> str:
    if isinstance(each.default, bool):
        return "on" if each.default else "off"
    return f"`{each.default}`" if each.default not in ("", ()) else "none"


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return "(" + ", ".join(str(each) for each in value) + ")"
    return repr(value).replace("datetime.", "")


def _is_model(value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, Base) and value is not Base


def _is_alias(value: Any) -> bool:
    return not (inspect.isfunction(value) or inspect.isbuiltin(value))


def _code(text: str) -> str:
    return f"```python\n{text}\n```"


def _page(parts: list[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


SORTS: dict[str, Callable[[Any], bool]] = {
    "What a plugin adds": lambda value: inspect.isclass(value) and is_dataclass(value),
    "Rows": lambda value: _is_model(value),
    "Words with a fixed list": lambda value: inspect.isclass(value) and issubclass(value, Enum),
    "Refusals and signals": lambda value: inspect.isclass(value) and issubclass(value, BaseException),
    "Other types": lambda value: (
        inspect.isclass(value)
        and not is_dataclass(value)
        and not _is_model(value)
        and not issubclass(value, Enum | BaseException)
    ),
    "Functions": inspect.isfunction,
    "Types of columns, and the rest": lambda value: not (inspect.isclass(value) or inspect.isfunction(value)),
}

WORDS = {
    "hookimpl": "The mark above each implementation of a hook: `@hookimpl`.",
    "Json": "A type of column: plain JSON values.",
}

HOOKS_INTRODUCTION = """A plugin joins in where a hook is declared: a function with the hook's name and `@hookimpl` above it, in the
plugin's `hooks.py`, or in its `__init__.py` when it has no `hooks.py`. It names the arguments it wants and leaves out the rest.
`ctx` belongs to the plugin on the form at hand: see [Context](api.md#context). Hooks of a form are called only where the extension
is on; nothing else needs to be asked."""

API_INTRODUCTION = """What stands here stays for the whole of API 1. Arguments and names are only added. Nothing else of Plugdesk may be
imported by a plugin; `plugdesk plugin check` says so."""

SETTINGS_INTRODUCTION = """How one installation runs is said by environment variables; what the desk does is set in its pages. All have a
default that works on one machine. Lists are separated by commas; switches are `1`, `true`, `yes` or `on`. Of the command line
only `--data` stands beside them, and wins."""

COMMANDS_INTRODUCTION = """`plugdesk --help`, and `--help` behind each command, say the same. Extensions add commands of their own under
their id. `--data` may stand before or behind the command."""

PAGES: dict[str, Callable[[], str]] = {
    "plugins/hooks.md": hooks_page,
    "plugins/api.md": api_page,
    "administering/settings.md": settings_page,
    "administering/commands.md": commands_page,
}


if __name__ == "__main__":
    sys.exit(main())
