"""The words of all packages: their catalogs, read once for each language.

A package has its own words; those of all together are for texts that are said by none of them. Where two packages
translate the same msgid, the one registered first is asked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from threading import Lock

from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

DOMAIN = "messages"

logger = logging.getLogger(__name__)


class Words:
    """Messages by msgid (with its context before \\x04), and the forms of those that count."""

    def __init__(self, catalog: GNUTranslations | None = None) -> None:
        self.words: dict[str, str] = {}
        self.plurals: dict[str, tuple[Callable[[int], int], dict[int, str]]] = {}
        if catalog is None:
            return
        entries: Mapping[str | tuple[str, int], str] = catalog._catalog  # type: ignore[attr-defined]
        choose: Callable[[int], int] = catalog.plural  # type: ignore[attr-defined]
        for key, text in entries.items():
            msgid, form = key if isinstance(key, tuple) else (key, None)
            if not msgid or not text:
                continue
            self.words.setdefault(msgid, text)
            if form is not None:
                self.plurals.setdefault(msgid, (choose, {}))[1][form] = text

    def add(self, other: Words) -> None:
        """Take in what is not known yet."""
        plurals = {msgid: forms for msgid, forms in other.plurals.items() if msgid not in self.words}
        self.words = other.words | self.words
        self.plurals |= plurals


class Messages(Words):
    """All packages' messages of one language; `own` are each package's."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.own: dict[str, Words] = {}
        for package in _packages:
            try:
                if catalog := read_catalog(package, language):
                    self.own[package.name] = Words(catalog)
                    self.add(self.own[package.name])
            except Exception:  # One package's broken catalog leaves that package in English and the others alone.
                logger.exception("The %s translations in %s cannot be read", language, package)


_packages: list[Path] = [Path(__file__).parent]
_merged: dict[str, Messages] = {}
_merging = Lock()


def register_catalog(package_dir: Path | str) -> None:
    """Add a package's `translations/` to what is spoken; again for the same folder does nothing."""
    package = Path(package_dir)
    with _merging:
        if package not in _packages:
            _packages.append(package)
            _merged.clear()
            package_of.cache_clear()


def read_catalog(package_dir: Path, language: str) -> GNUTranslations | None:
    """A package's messages in `language`: the `.mo` if it is not older than the `.po`, else the `.po` itself."""
    folder = package_dir / "translations" / language / "LC_MESSAGES"
    source, compiled = folder / f"{DOMAIN}.po", folder / f"{DOMAIN}.mo"
    if compiled.exists() and not (source.exists() and source.stat().st_mtime > compiled.stat().st_mtime):
        with compiled.open("rb") as file:
            return GNUTranslations(file)
    if source.exists():
        return GNUTranslations(BytesIO(compile_catalog(source, language)))
    return None


def compile_catalog(source: Path, language: str) -> bytes:
    """The `.mo` of a `.po` file; fuzzy messages are left out."""
    compiled = BytesIO()
    with source.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    return compiled.getvalue()


def script_messages(language: str) -> Mapping[str, str | Sequence[str]]:
    """What the packages' own scripts say, msgid → text (a list of forms for plurals), for the page to hand over.

    Found by reading `static/js` of each registered package once per process; `vendor` folders are not ours.
    """
    everyones = messages(language)
    found: dict[str, str | Sequence[str]] = {}
    for package in tuple(_packages):
        own = everyones.own.get(package.name, everyones)
        for msgid in _script_msgids(package):
            said = own if msgid in own.words else everyones
            if msgid in said.plurals:
                found.setdefault(msgid, tuple(said.plurals[msgid][1].values()))
            elif msgid in said.words:
                found.setdefault(msgid, said.words[msgid])
    return found


@cache
def _script_msgids(package: Path) -> tuple[str, ...]:
    scripts = package / "static" / "js"
    if not scripts.is_dir():
        return ()
    found = extract_from_dir(scripts, method_map=[("**/vendor/**", "ignore"), ("**.js", "javascript")])
    return tuple(dict.fromkeys(msgid if isinstance(msgid, str) else msgid[0] for _file, _line, msgid, *_ in found))


def messages(language: str) -> Messages:
    """The words of all registered packages in `language`."""
    merged = _merged.get(language)
    if merged is None:
        with _merging:
            merged = _merged.setdefault(language, Messages(language))
    return merged


@lru_cache(maxsize=4096)
def package_of(place: str) -> str:
    """The registered package that a module's name or a file's path lies in, by the name of its folder; "" for none."""
    names = {each.name for each in _packages}
    parts = place.replace("\\", "/").replace("/", ".").split(".")
    return next((each for each in reversed(parts) if each in names), "")
