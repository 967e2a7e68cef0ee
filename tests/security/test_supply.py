"""What the code itself must not do, and what it is made of (M4, V1; cases 31, 44, 45, 46, 52)."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import sbom

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [path for folder in ("core", "web", "plugins") for path in sorted((ROOT / folder).rglob("*.py"))]

# Modules and calls that make code or objects out of bytes, or hand a text to a shell.
MODULES = {
    "pickle",
    "cPickle",
    "marshal",
    "shelve",
    "dill",
    "jsonpickle",
    "yaml",
    "xml.etree",
    "xml.sax",
    "xml.dom",
    "lxml",
    "subprocess",
}
CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "os.execvp", "os.execv", "os.spawnv", "pty.spawn"}
ALLOWED = {("core/plugdesk/testing", "subprocess"), ("plugins/demo", "subprocess"), ("core/plugdesk/cli.py", "subprocess")}


def name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def dangers_in(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if any(f"{each.name}.".startswith(f"{module}.") for module in MODULES))
        elif (
            isinstance(node, ast.ImportFrom)
            and node.module
            and any(f"{node.module}.".startswith(f"{module}.") for module in MODULES)
        ):
            yield node.module
        elif isinstance(node, ast.Call):
            name = name_of(node.func)
            if name in CALLS:
                yield name
            if any(
                each.arg == "shell" and not (isinstance(each.value, ast.Constant) and each.value.value is False)
                for each in node.keywords
            ):
                yield "shell="


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from yaml import load",
        "import xml.etree.ElementTree as e",
        "eval(x)",
        "os.system('x')",
        "run('x', shell=True)",
        "from marshal import loads",
    ],
)
def test_what_is_looked_for_is_found(source: str) -> None:
    assert list(dangers_in(source))


def test_nothing_turns_data_into_code_or_into_a_command() -> None:
    found = {(str(path.relative_to(ROOT)), danger) for path in SOURCES for danger in dangers_in(path.read_text(encoding="utf-8"))}
    unexplained = {
        (path, danger) for path, danger in found if not any(path.startswith(where) and danger == what for where, what in ALLOWED)
    }
    assert unexplained == set()


def test_no_method_is_called_by_a_name_that_came_with_a_request() -> None:
    """`getattr(thing, name)` where `name` comes from a request lets whoever asks choose what runs (Zammad, CVE-2024-33667)."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and name_of(node.func) in ("getattr", "setattr", "globals", "import_module"):
                said = ast.unparse(node)
                assert not re.search(r"request\.|given\[|given\.get", said), f"{path}: {said}"


def test_rq_carries_json() -> None:
    import rq.queue
    from rq.serializers import JSONSerializer

    from plugdesk import rq_worker

    source = Path(rq_worker.__file__).read_text(encoding="utf-8")
    assert vars(rq_worker)["JSONSerializer"] is JSONSerializer
    made = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and re.search(r"\bQueue$|Worker$", name_of(node.func))
    ]
    outside = [node for node in made if name_of(node.func).startswith("rq.")]
    assert outside
    for node in outside:
        assert any(each.arg == "serializer" and name_of(each.value) == "JSONSerializer" for each in node.keywords), ast.unparse(
            node
        )
    assert rq.queue.Queue


def test_every_package_of_the_lock_has_its_hashes() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    packages = re.split(r"\n(?=[a-z0-9])", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE))
    named = [package for package in packages if "==" in package]
    assert len(named) > 20
    assert [package.split()[0] for package in named if "--hash=sha256:" not in package] == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locked = {package.split("==")[0].lower().replace("_", "-") for package in named}
    wanted = {re.split(r"[\[<>=!~; ]", each)[0].lower().replace("_", "-") for each in project["dependencies"]}
    assert wanted <= locked


def test_the_bill_of_materials_names_what_a_desk_is_made_of_and_nothing_else() -> None:
    bill = json.loads((ROOT / "sbom.json").read_text(encoding="utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    listed = {each["name"]: each for each in bill["components"]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[\[<>=!~; ]", each)[0].lower().replace("_", "-") for each in project["dependencies"]}
    assert {
        *wanted,
        "psycopg",
        "werkzeug",
        "mako",
        "htmx.org",
        "dompurify",
    } <= listed.keys()  # what we ask for, what that asks for, what is borrowed
    assert not {"pytest", "mypy", "ruff", "playwright", "aiogram", "axe-core"} & listed.keys()
    assert bill["components"] == sbom.bill()["components"]
    assert listed["flask"]["purl"] == f"pkg:pypi/flask@{listed['flask']['version']}"


def test_no_route_takes_a_plugin_in(app) -> None:
    """Plugins come with the package manager of whoever runs the server; no page uploads or installs code."""
    takes_files = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if "POST" in rule.methods and re.search(r"upload|install|import|package", rule.rule)
        if not rule.rule.startswith("/x/contracts/imports")  # rows of customers: data, and nothing in it is run
    }
    assert takes_files == {"/uploads"}
    for path in sorted((ROOT / "web/plugdesk_web/routes").glob("*.py")):
        source = path.read_text(encoding="utf-8")
        if "request.files" in source:
            assert path.name in ("files.py", "replies.py", "bulk.py"), path  # the last one says that they must be chosen again
        assert not re.search(r"\b(zipfile|tarfile|shutil\.unpack|pip|importlib\.metadata)\b", source), path


def test_no_template_is_made_of_a_text_a_person_wrote() -> None:
    for path in SOURCES:
        source = path.read_text(encoding="utf-8")
        assert not re.search(r"render_template_string|from_string\(|\bTemplate\(", source), path
