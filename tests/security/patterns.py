"""The regular expressions in our sources, and texts made to keep each of them busy."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from re import _constants as code  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any

from tests.architecture.sources import CODE, ROOT, files

LENGTH = 200_000
"""Characters of a text: what takes their square is not done within minutes, all else within a moment."""
_CALLS = {"compile", "match", "search", "fullmatch", "sub", "subn", "split", "findall", "finditer"}
_ANCHORED = {"match", "fullmatch"}
_PASSED_OVER = {"testing", "demo", "migrations"}
_REPEATS = (code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT)
_LIKELY = " a1-\n.@<b:/\tz0_A!~"


@dataclass(frozen=True)
class Found:
    """A regular expression, where it stands, and how it is asked: by `match`, `fullmatch` or `search`."""

    place: str
    pattern: str
    flags: int
    methods: frozenset[str]


@cache
def patterns_of_ours() -> Sequence[Found]:
    """Every regular expression of the desk and its extensions; the test kit and the demo read nothing but their own texts."""
    sources = [path for path in files(*CODE) if not _PASSED_OVER.intersection(path.parts)]
    read = {path: list(ast.walk(ast.parse(path.read_text(encoding="utf-8")))) for path in sources}
    uses = {path: _uses(nodes) for path, nodes in read.items()}
    found = [each for path, nodes in read.items() for each in _written_in(path, nodes, uses)]
    known = {(each.pattern, each.flags) for each in found}
    made = (each for path in sources for each in _made_in(path))
    return [*found, *(each for each in made if (each.pattern, each.flags) not in known)]


def attacks(found: Found) -> Iterator[str]:
    """Texts of `LENGTH` for each part that may repeat without end: what comes before it, the part time and again, and no match."""
    parsed = parser.parse(found.pattern, found.flags)
    for before, repeated in dict.fromkeys(_repeats(parsed)):
        for pump in dict.fromkeys((repeated, before + repeated)):
            yield before + pump * (LENGTH // len(pump)) + "\0"


def ask(found: Found, text: str) -> None:
    """Ask the expression about a text as the desk does."""
    asked = re.compile(found.pattern, found.flags)
    for method in found.methods:
        getattr(asked, method)(text)


def _uses(nodes: Sequence[ast.AST]) -> Mapping[str, Collection[str]]:
    """By which methods a file asks what it calls so: `_WORD.sub(…)`, `words.WORD.sub(…)`."""
    uses: dict[str, set[str]] = {}
    for each in nodes:
        if isinstance(each, ast.Attribute) and each.attr in _CALLS:
            owner = each.value
            uses.setdefault(getattr(owner, "id", None) or getattr(owner, "attr", ""), set()).add(each.attr)
    return uses


def _written_in(path: Path, nodes: Sequence[ast.AST], uses: Mapping[Path, Mapping[str, Collection[str]]]) -> Iterator[Found]:
    """What the file writes as an argument of `re`'s functions; a public name is asked by others, too."""
    named = {id(each.value): _name(each) for each in nodes if isinstance(each, ast.Assign | ast.AnnAssign)}
    for call in nodes:
        asked = call.func if isinstance(call, ast.Call) else None
        if not isinstance(call, ast.Call) or not isinstance(asked, ast.Attribute) or getattr(asked.value, "id", "") != "re":
            continue
        name = named.get(id(call), "")
        pattern = _value(path, call.args[0]) if asked.attr in _CALLS else None
        if isinstance(pattern, str):
            askers = [uses[path]] if name.startswith("_") else uses.values()
            used = {how for each in askers for how in each.get(name, ())} if asked.attr == "compile" else {asked.attr}
            methods = frozenset(each if each in _ANCHORED else "search" for each in used or {"search"})
            yield Found(f"{path.relative_to(ROOT)}: {name or pattern}", pattern, _flags(call, asked.attr), methods)


def _name(assigned: ast.Assign | ast.AnnAssign) -> str:
    target = assigned.targets[0] if isinstance(assigned, ast.Assign) else assigned.target
    return target.id if isinstance(target, ast.Name) else ""


def _made_in(path: Path) -> Iterator[Found]:
    """What stands in the module's names, also several in one, however it was put together."""
    for name, value in vars(_module(path)).items():
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, re.Pattern) and isinstance(each.pattern, str):
                flags = each.flags & ~re.UNICODE
                yield Found(f"{path.relative_to(ROOT)}: {name}", each.pattern, flags, frozenset({"search"}))


def _value(path: Path, given: ast.expr) -> Any:
    """What an expression of a module says; what is only known at run time stands there as a word."""
    try:
        return eval(compile(ast.Expression(given), str(path), "eval"), dict(vars(_module(path))))
    except NameError:
        if not isinstance(given, ast.JoinedStr):
            return None
        return "".join(str(each.value) if isinstance(each, ast.Constant) else "word" for each in given.values)


def _module(path: Path) -> ModuleType:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return importlib.import_module(".".join(parts[2 if parts[0] == "plugins" else 1 :]))


def _flags(call: ast.Call, asked: str) -> int:
    given = [each.value for each in call.keywords if each.arg == "flags"]
    given += call.args[1:2] if asked == "compile" else []
    return int(eval(ast.unparse(given[0]), {"re": re})) if given else 0


def _repeats(parsed: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """Each part of an expression that may repeat without end: a text that leads to it, and one that it takes."""
    for kind, given in parsed:
        for inner in _inside(kind, given):
            yield from _repeats(inner, before)
        endless = kind in _REPEATS and given[1] is code.MAXREPEAT
        if endless and (taken := _sample(given[2])):
            yield before, taken
        before += _sample([(kind, given)])


def _inside(kind: Any, given: Any) -> Sequence[Any]:
    if kind is code.BRANCH:
        return list(given[1])
    place = {code.SUBPATTERN: 3, code.ASSERT: 1, code.ASSERT_NOT: 1, **dict.fromkeys(_REPEATS, 2)}
    if kind is code.ATOMIC_GROUP:
        return [given]
    return [given[place[kind]]] if kind in place else []


def _sample(parsed: Any) -> str:
    """A text that this part of an expression takes, as far as one is easily told."""
    return "".join(_one(kind, given) for kind, given in parsed)


def _one(kind: Any, given: Any) -> str:
    if kind is code.LITERAL:
        return chr(given)
    if kind is code.NOT_LITERAL:
        return "b" if chr(given) != "b" else "c"
    if kind is code.ANY:
        return "a"
    if kind is code.IN:
        return _pick(given)
    if kind in _REPEATS:
        return _sample(given[2]) * max(given[0], 1)
    inner = _inside(kind, given) if kind not in (code.ASSERT, code.ASSERT_NOT) else []
    return _sample(inner[0]) if inner else ""


def _pick(members: Any) -> str:
    listed = [given if kind is code.LITERAL else given[0] for kind, given in members if kind in (code.LITERAL, code.RANGE)]
    likely = [*_LIKELY, *map(chr, listed)]
    return next((each for each in likely if _is_in(each, members)), "?")


def _is_in(sign: str, members: Any) -> bool:
    refused = members[0][0] is code.NEGATE
    for kind, given in members:
        if (
            (kind is code.LITERAL and ord(sign) == given)
            or (kind is code.RANGE and given[0] <= ord(sign) <= given[1])
            or (kind is code.CATEGORY and re.match(_CATEGORIES[given], sign))
        ):
            return not refused
    return refused


_CATEGORIES = {
    code.CATEGORY_DIGIT: r"\d", code.CATEGORY_SPACE: r"\s", code.CATEGORY_WORD: r"\w",
    code.CATEGORY_NOT_DIGIT: r"\D", code.CATEGORY_NOT_SPACE: r"\S", code.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip
