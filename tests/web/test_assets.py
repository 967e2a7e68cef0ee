"""What the pages load: whole, ours, small, and with every literal in one place."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web" / "plugdesk_web"
STATIC = WEB / "static"
TEMPLATES = WEB / "templates"
VENDOR = STATIC / "vendor"
EDITOR = {"squire.mjs", "purify.min.js", "editor.js"}  # loaded when a composer is first focused
BUDGET = 120_000  # bytes of script and style together, compressed, the editor aside (docs: how it looks)

STYLES = sorted((STATIC / "css").rglob("*.css"))
SCRIPTS = sorted((STATIC / "js").rglob("*.js"))
PAGES = sorted(TEMPLATES.rglob("*.html"))

LITERALS = {
    "a colour": re.compile(
        r"#[0-9a-f]{3,8}\b|\b(?:rgba?|hsla?|oklch|oklab|lab|lch|color)\(|\b(?:white|black|red|blue|green|gray|grey)\s*[;}]"
    ),
    "a size": re.compile(r"(?<![\w.-])\d*\.?\d+(?:px|rem|pt)\b"),
    "a time": re.compile(r"(?<![\w.-])\d*\.?\d+m?s\b"),
    "a layer": re.compile(r"z-index:\s*-?\d"),
    "a face": re.compile(r"font-family:(?!\s*(?:var|inherit))"),
}
ELSEWHERE = re.compile(r"""(?:https?:)?//[\w.-]+\.[a-z]{2,}""")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def without_comments_and_conditions(css: str) -> str:
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    return re.sub(r"@(?:media|container|supports)[^{]*\{", "{", css)  # these cannot read tokens


@pytest.mark.parametrize("path", [path for path in STYLES if path.name != "tokens.css"], ids=relative)
def test_literals_stand_only_in_the_tokens(path: Path) -> None:
    css = without_comments_and_conditions(path.read_text())
    found = {what: pattern.findall(css) for what, pattern in LITERALS.items() if pattern.search(css)}
    assert not found


def test_every_token_that_is_read_exists() -> None:
    css = "".join(path.read_text() for path in STYLES)
    defined = set(re.findall(r"(--[\w-]+)\s*:", css))
    read = set(re.findall(r"var\((--[\w-]+)\)", css + "".join(path.read_text() for path in PAGES)))
    assert read <= defined, read - defined


def test_every_style_sheet_is_linked_and_every_link_has_its_style_sheet() -> None:
    loops = re.findall(r"for name in \((.*?)\)", (TEMPLATES / "layouts" / "_styles.html").read_text())
    linked = {
        f"{folder}/{name}.css"
        for folder, loop in zip(("css", "css/components"), loops, strict=True)
        for name in re.findall(r'"([\w-]+)"', loop)
    }
    assert linked == {path.relative_to(STATIC).as_posix() for path in STYLES}


@pytest.mark.parametrize("path", PAGES, ids=relative)
def test_every_static_file_a_template_names_exists(path: Path) -> None:
    named = re.findall(r'static_url\("([^"]+)"\)', path.read_text())
    assert [name for name in named if not (STATIC / name).is_file()] == []


@pytest.mark.parametrize("path", PAGES, ids=relative)
def test_every_behaviour_a_template_asks_for_exists(path: Path) -> None:
    html = path.read_text()
    values = re.findall(r'data-behavior="([^"]*)"', re.sub(r"{[{%#].*?[%#}]}", " ", html, flags=re.S)) + re.findall(
        r'"data-behavior": "([^"]*)"', html
    )
    asked = {name for value in values for name in value.split()}
    known = {script.stem for script in (STATIC / "js" / "behaviors").glob("*.js")}
    assert asked <= known, asked - known


def test_every_icon_a_template_names_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons" / "icons.svg").read_text()))
    named = {
        name
        for path in PAGES
        for pattern in (r'\bicon\("([\w-]+)"', r'icon_name="([\w-]+)"', r'"icon": "([\w-]+)"')
        for name in re.findall(pattern, path.read_text())
        if not name.endswith("-")  # "status-" ~ kind
    }
    assert named <= sprite, named - sprite


def test_the_sprite_has_a_glyph_for_every_kind_of_status() -> None:
    from plugdesk.forms.models import StatusKind

    sprite = (STATIC / "icons" / "icons.svg").read_text()
    assert [kind for kind in StatusKind if f'id="status-{kind}"' not in sprite] == []


def test_borrowed_files_are_the_ones_the_manifest_names() -> None:
    manifest = json.loads((VENDOR / "manifest.json").read_text())["sha256"]
    different = [place for place, wanted in manifest.items() if hashlib.sha256((ROOT / place).read_bytes()).hexdigest() != wanted]
    assert different == []
    unlisted = {relative(path) for path in VENDOR.iterdir()} - set(manifest) - {relative(VENDOR / "manifest.json")}
    assert unlisted == set()


def test_every_borrowed_file_comes_with_its_licence() -> None:
    for folder in (VENDOR, STATIC / "fonts"):
        licences = {path.name.removesuffix(".LICENSE") for path in folder.glob("*.LICENSE")}
        assert [path.name for path in folder.iterdir() if re.split(r"[.-]", path.name)[0] not in licences | {"manifest"}] == []


def test_versions_are_exact_and_name_no_registry() -> None:
    package = json.loads((ROOT / "tools" / "package.json").read_text())
    versions = {**package["dependencies"], **package["devDependencies"]}
    assert [name for name, version in versions.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
    assert "resolved" not in (ROOT / "tools" / "package-lock.json").read_text()


@pytest.mark.parametrize("path", [*STYLES, *SCRIPTS, *PAGES], ids=relative)
def test_nothing_is_asked_of_another_host(path: Path) -> None:
    assert ELSEWHERE.findall(path.read_text()) == []


@pytest.mark.parametrize("path", PAGES, ids=relative)
def test_no_template_carries_script_or_style_of_its_own(path: Path) -> None:
    html = re.sub(r"{#.*?#}", "", path.read_text(), flags=re.S)
    assert (
        re.findall(
            r"<script(?![^>]*(?:\bsrc=|application/json))|<style|\sstyle=|\son(?:click|change|submit|load|input|error|focus|blur|key\w+|mouse\w+)=|\bhx-on|javascript:",
            html,
        )
        == []
    )


def test_script_and_style_together_are_light() -> None:
    loaded = [*STYLES, *SCRIPTS, *(path for path in VENDOR.iterdir() if path.suffix in (".js", ".mjs"))]
    size = sum(len(gzip.compress(path.read_bytes(), 9)) for path in loaded if path.name not in EDITOR)
    assert size < BUDGET
