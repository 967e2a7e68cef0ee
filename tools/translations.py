"""The texts of each package, from its sources into its catalogs: `update` (the default), `check`, `extract` or `compile`.

`update` adds new texts and drops those no longer said; translating them is for people. `check` fails on what is missing,
unsure, left over or cannot be filled in. Texts are found in Python, in templates, in scripts and in `plugin.toml`.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator
from gettext import c2py
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = ("ru",)
METHODS = [
    ("**/static/vendor/**", "ignore"),
    ("**/static/**/vendor/**", "ignore"),
    ("**/migrations/**", "ignore"),
    ("**.py", "python"),
    ("**/templates/**.html", "jinja2"),
    ("**/templates/**.txt", "jinja2"),
    ("**/static/**.js", "javascript"),
]
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "lazy_pgettext": ((1, "c"), 2),
    "translatable": None,
    "npgettext": ((1, "c"), 2, 3),
}
HEADERS = ("Language", "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Plural-Forms")
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\$\{[^}]*\}")


def packages() -> list[Path]:
    """The folders of the project's packages."""
    return sorted(path.parent for root in ("core", "web", "plugins/*") for path in ROOT.glob(f"{root}/plugdesk*/__init__.py"))


def extracted(package: Path) -> Catalog:
    """All texts a package says, without translations."""
    catalog = Catalog(charset="utf-8")
    options = {"**/templates/**.html": {"silent": "false"}, "**/templates/**.txt": {"silent": "false"}}
    found = extract_from_dir(package, METHODS, options, KEYWORDS, comment_tags=("L10N:",), strip_comment_tags=True)
    for file, line, text, comments, context in sorted(found, key=lambda each: (each[0], each[1])):
        catalog.add(text, locations=[(file, line)], auto_comments=comments, context=context)
    for text in _of_manifest(package / "plugin.toml"):
        catalog.add(text, locations=[("plugin.toml", 1)])
    return catalog


def update(package: Path, language: str) -> int:
    """Bring a catalog up to what the package says now; returns how many texts wait for their translation."""
    wanted, path = extracted(package), po_path(package, language)
    if not len(wanted):
        return 0
    catalog = read(path, language) if path.exists() else Catalog(locale=language, charset="utf-8")
    catalog.update(wanted, no_fuzzy_matching=True)
    written = BytesIO()
    write_po(written, catalog, width=120, ignore_obsolete=True, include_lineno=False, sort_by_file=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_without_dates(written.getvalue().decode(), language), encoding="utf-8")
    return sum(1 for message in catalog if message.id and not _is_translated(message))


def problems(package: Path, language: str) -> Iterator[str]:
    """What is wrong with a package's catalog, each with the text it is about."""
    wanted, path = extracted(package), po_path(package, language)
    if not path.exists():
        if len(wanted):
            yield f"the {language} catalog is missing; run tools/translations.py"
        return
    catalog = read(path, language)
    if not _counts_right(catalog, language):
        yield "the plural forms in its header are not those of the language"
    for message in wanted:
        known = catalog.get(message.id, message.context) if message.id else message
        if known is None:
            yield f"not in the catalog: {_shown(message)}"
        elif message.pluralizable and not known.pluralizable:
            yield f"has one form only: {_shown(message)}"
    for message in catalog:
        if not message.id:
            continue
        if wanted.get(message.id, message.context) is None:
            yield f"no longer said: {_shown(message)}"
        elif message.fuzzy:
            yield f"unsure (fuzzy): {_shown(message)}"
        elif not _is_translated(message):
            yield f"not translated: {_shown(message)}"
        elif not _is_filled_alike(message):
            yield f"its translation has other placeholders: {_shown(message)}"


def compile_catalog(package: Path, language: str) -> None:
    """Write the `.mo` beside the `.po`."""
    path = po_path(package, language)
    if path.exists():
        with path.with_suffix(".mo").open("wb") as compiled:
            write_mo(compiled, read(path, language))


def po_path(package: Path, language: str) -> Path:
    """Where the translations of a package stand."""
    return package / "translations" / language / "LC_MESSAGES" / "messages.po"


def read(path: Path, language: str) -> Catalog:
    """The catalog in a file."""
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def _of_manifest(path: Path) -> list[str]:
    if not path.exists():
        return []
    manifest = tomllib.loads(path.read_text(encoding="utf-8"))
    return [manifest[key] for key in ("name", "summary") if manifest.get(key)]


def _without_dates(text: str, language: str) -> str:
    """The file without headers that change by themselves: two people's additions then merge."""
    header, empty, rest = text.partition("\n\n")
    kept = [line for line in header.splitlines() if line.startswith(tuple(f'"{name}:' for name in HEADERS))]
    plural = header.partition('"Plural-Forms:')[2]
    if plural and not plural.split("\n")[0].endswith('\\n"'):
        kept = [line for line in kept if not line.startswith('"Plural-Forms:')]
        kept.append('"Plural-Forms:' + "".join(line.strip('"') for line in plural.splitlines() if line) + '"')
    return (
        "\n".join([f"# Translations of this package: {language}.", 'msgid ""', 'msgstr ""', *kept])
        + empty
        + rest.rstrip("\n")
        + "\n"
    )


def _counts_right(catalog: Catalog, language: str) -> bool:
    choose, rule = c2py(catalog.plural_expr), Locale.parse(language).plural_form
    forms: dict[str, set[int]] = {}
    for n in range(300):
        forms.setdefault(rule(n), set()).add(choose(n))
    used = [form for found in forms.values() for form in found]
    return all(len(found) == 1 for found in forms.values()) and sorted(used) == list(range(catalog.num_plurals))


def _forms(message: Message) -> tuple[str, ...]:
    if isinstance(message.string, str):
        return (message.string,)
    return tuple(message.string or ())


def _is_translated(message: Message) -> bool:
    forms = _forms(message)
    return bool(forms) and all(forms) and (len(forms) > 1) == bool(message.pluralizable)


def _is_filled_alike(message: Message) -> bool:
    texts = (message.id,) if isinstance(message.id, str) else message.id
    wanted = {found for text in texts for found in _placeholders(text)}
    if message.pluralizable:
        return all(_placeholders(form) <= wanted for form in _forms(message))
    return all(_placeholders(form) == wanted for form in _forms(message))


def _placeholders(text: str) -> set[str]:
    # What stands in ${…} is only an example of a variable there, and may be translated.
    return {found[1] for found in PLACEHOLDER.finditer(text) if found[1]}


def _shown(message: Message) -> str:
    text = message.id if isinstance(message.id, str) else message.id[0]
    places = ", ".join(dict.fromkeys(file for file, _line in message.locations))
    return f"“{text}”" + (f" ({places})" if places else "")


def main() -> int:
    """Run one command over all packages, or over those whose folder is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", nargs="?", choices=["update", "check", "extract", "compile"], default="update")
    parser.add_argument("package", nargs="*", type=Path, help="folders of packages (default: all)")
    given = parser.parse_args()
    failed = False
    for package in given.package or packages():
        for language in LANGUAGES:
            name = f"{package.name} [{language}]"
            if given.command == "update":
                print(f"{name}: {update(package, language)} to translate")
                compile_catalog(package, language)
            elif given.command == "compile":
                compile_catalog(package, language)
            elif given.command == "extract":
                print(f"{name}: {len(extracted(package))} texts")
            else:
                found = list(problems(package, language))
                failed = failed or bool(found)
                print(f"{name}: {'ok' if not found else f'{len(found)} problems'}", *found, sep="\n  ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
