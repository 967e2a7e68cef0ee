"""What can be said of a plugin's package without a desk: how it is imported, what it imports, its tables, its words."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from plugdesk.database import Base, Database
from plugdesk.drift import drift
from plugdesk.migrations import VERSION_TABLE, downgrade, migrate, owner_of, unit_of
from plugdesk.plugins.checking import check_folder
from plugdesk.plugins.loader import PAGES, Plugin, load_plugins
from plugdesk.plugins.registry import Registry

SECONDS = 2.0
WATCH = """
import json, sys, threading, time
sys.path[:] = json.loads(sys.argv[1])
import plugdesk.api
if "plugdesk_web" in sys.argv[3]: import plugdesk_web.api
from importlib import import_module
from importlib.util import find_spec
began = time.perf_counter()
import_module(sys.argv[2])
if find_spec(sys.argv[2] + ".hooks"): import_module(sys.argv[2] + ".hooks")
print(json.dumps([time.perf_counter() - began, threading.active_count() - 1]))
"""
_TEMPLATE_CODE = re.compile(r"\{% block \w+ %\}[a-z-]*\{% endblock %\}|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_WORDS = re.compile(r"[^\W\d_]{2,}")
_FILLED_IN = re.compile(r"%\(\w+\)[sd]")
_SAID_ATTRIBUTES = ("title", "alt", "placeholder", "aria-label", "value")


def import_problems(plugin: Plugin) -> list[str]:
    """Importing it, in a Python of its own, takes under two seconds (the desk itself not counted) and starts no thread."""
    command = [sys.executable, "-c", WATCH, json.dumps(sys.path), plugin.package, "plugdesk_web"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        return [f"It cannot be imported: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else done.returncode}"]
    seconds, threads = json.loads(done.stdout.splitlines()[-1])
    slow = [f"Importing it takes {seconds:.1f} seconds."] if seconds > SECONDS else []
    return slow + ([f"Importing it starts {threads} threads."] if threads else [])


def load_problems(plugin: Plugin) -> list[str]:
    """It loads with every error raised, under the rules of a desk that is strict."""
    point = [each for each in _points() if each.name in (PAGES, plugin.id)]
    if plugin.id not in {each.name for each in point}:
        return []  # it was named by its folder, and loaded from there
    try:
        Registry(load_plugins(point, strict=True), strict=True)
    except Exception as error:
        return [f"It does not load: {type(error).__name__}: {error}"]
    return []


def import_rule_problems(plugin: Plugin, also: Sequence[str] = ()) -> list[str]:
    """It imports the public API and nothing else of Plugdesk; its hooks exist; its tables have its prefix."""
    assert plugin.manifest is not None
    allowed = tuple(f"imports {each}" for each in also)
    found = [each for each in check_folder(plugin.manifest.folder) if ".py" in each.place]
    return [f"{each.place}: {each.text}" for each in found if not (allowed and each.text.startswith(allowed))]


def table_problems(plugin: Plugin, ids: Sequence[str]) -> list[str]:
    """Every table of its models is its own by name."""
    package = plugin.package.partition(".")[0]
    return sorted(
        f"The table {table} of {mapper.class_.__name__} is not called {plugin.id}_…"
        for mapper in Base.registry.mappers
        if mapper.class_.__module__.partition(".")[0] == package
        for table in (str(getattr(mapper.local_table, "name", "")),)
        if owner_of(table, ids) != plugin.id
    )


def migration_problems(plugin: Plugin, plugins: Sequence[Plugin], database: Database) -> list[str]:
    """Down leaves nothing, up makes what the models say, and both can be done again."""
    unit, ids = unit_of(plugin), [each.id for each in plugins]
    if unit is None:
        return []
    problems = []
    for turn in ("once", "again"):
        migrate(database, plugins, strict=True)
        problems += [f"Its models and tables differ, migrated {turn}: {each}" for each in drift(database, unit, ids)]
        left = [each for each in _gone(database, plugin, ids) if each]
        problems += [f"Migrated down {turn}, {each} remains." for each in left]
    migrate(database, plugins, strict=True)
    return problems


def wording_problems(plugin: Plugin, contributed: Sequence[tuple[str, Any]]) -> list[str]:
    """What people read goes through gettext: texts of templates, titles, labels; a language that was begun is complete."""
    from flask_babel.speaklater import LazyString  # type: ignore[import-untyped]

    assert plugin.manifest is not None
    problems = []
    for file in sorted((plugin.manifest.folder / "templates").rglob("*.html")):
        problems += [f"templates/{file.name}: “{text}” is not translatable." for text in untranslated(file.read_text("utf-8"))]
    for where, text in contributed:
        if isinstance(text, str) and not isinstance(text, LazyString) and _WORDS.search(text):
            problems.append(f"{where}: “{text}” is not translatable; say it with lazy_gettext.")
    return problems + list(_missing_translations(plugin.manifest.folder))


def untranslated(template: str) -> list[str]:
    """The words in a template, or in its visible attributes, that stand there as they are."""
    reader = _Reader()
    reader.feed(_TEMPLATE_CODE.sub("0", template))
    return [" ".join(text.split()) for text in reader.said if _WORDS.search(text)]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._mute = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._mute += tag in ("script", "style", "code", "kbd")
        kind = dict(attrs).get("type")
        for name, value in attrs:
            is_said = name != "value" or (tag == "input" and kind in ("submit", "button"))
            if name in _SAID_ATTRIBUTES and value and is_said:
                self.said.append(value)

    def handle_endtag(self, tag: str) -> None:
        self._mute -= tag in ("script", "style", "code", "kbd")

    def handle_data(self, data: str) -> None:
        if not self._mute:
            self.said.append(data)


def _points() -> list[Any]:
    from importlib.metadata import entry_points

    from plugdesk.plugins.loader import GROUP

    return list(entry_points(group=GROUP))


def _gone(database: Database, plugin: Plugin, ids: Sequence[str]) -> list[str]:
    import sqlalchemy as sa

    unit = unit_of(plugin)
    assert unit is not None
    downgrade(database, unit, ids=ids)
    names = sa.inspect(database.engine).get_table_names()
    return [name for name in names if owner_of(name, ids) == plugin.id or name == f"{VERSION_TABLE}{plugin.id}"]


def _missing_translations(package: Path) -> Iterator[str]:
    from babel.messages.extract import extract_from_dir

    from plugdesk.i18n import LANGUAGES, gettext, ngettext, use_language

    keywords: dict[str, Any] = {"_": None, "gettext": None, "lazy_gettext": None, "translatable": None, "ngettext": (1, 2)}
    methods = [("**/migrations/**", "ignore"), ("**.py", "python"), ("**/templates/**.html", "jinja2")]
    for language in LANGUAGES:
        if not (package / "translations" / language).is_dir():
            continue
        for file, line, text, _comments, _context in extract_from_dir(package, methods, {}, keywords):
            singular = text[0] if isinstance(text, tuple | list) else text
            plural = text[1] if isinstance(text, tuple | list) else None
            with use_language(language):
                said = gettext(singular) if plural is None else ngettext(singular, plural, 5, **_anything(plural))
                same = said in (singular, plural and plural % _anything(plural))
            if same and _WORDS.search(_FILLED_IN.sub("", singular)):
                yield f"{file}:{line}: “{singular}” has no translation into “{language}”."


def _anything(text: str) -> dict[str, object]:
    return dict.fromkeys(("num", *re.findall(r"%\((\w+)\)", text)), 5)
