"""What we promise about the code itself: rules that no tool on the shelf knows."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from pathlib import Path

import pytest

from tests.architecture.sources import CODE, ROOT, calls, calls_in, files, kept_files, matches, place, project
from tools import lock

# A file that may be longer than 400 lines, and why.
LONG = {
    "core/plugdesk/api.py": "one line for each name that is promised to plugins",
    "core/plugdesk/hooks.py": "every place where plugins join in, told once",
    "core/plugdesk/migrations/0001_initial.py": "the tables as they were on the first day; nobody edits it again",
}

# The one place that shows a customer's letter as it looks, after html.py cleaned it.
SAFE: set[str] = set()

# Who in the core may know the current request, and why.
EDGES = {
    "core/plugdesk/app.py": "it is where requests come in, and where their transaction begins and ends",
    "core/plugdesk/templating.py": "an address that is made once stands below the folder a proxy serves the desk under",
    "core/plugdesk/i18n.py": "a text that is put off becomes words in the language of whoever reads",
}

# Who besides the clock may ask the machine for the time, and why.
CLOCKS = {
    "core/plugdesk/clock.py": "it is the clock",
    "core/plugdesk/claims.py": "a worker's lease runs out in the machine's time, however the desk's clock is set",
    "core/plugdesk/testing/local_mail.py": "a mail server has the time of its machine, not that of the desk",
    "core/plugdesk/testing/mailboxes.py": "as above",
}

# Data for tests may be as strange as what the world sends.
DATA = {"data", "vendor", "corpora"}


def test_no_file_is_longer_than_400_lines():
    too_long = []
    for path in files(*CODE, "tests", "tools", "benchmarks", suffixes=(".py", ".html", ".js", ".mjs", ".css")):
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > 400 and str(path.relative_to(ROOT)) not in LONG and not path.name.endswith(".min.js"):
            too_long.append(place(path, lines, "lines: what second thing is in it?"))
    assert not too_long, "\n".join(too_long)


def test_every_exception_is_still_needed():
    assert [name for name in LONG if (ROOT / name).read_text(encoding="utf-8").count("\n") <= 400] == []
    assert [name for name in SAFE if not list(matches(ROOT / name, r"\|\s*safe\b"))] == []
    assert [name for name in [*EDGES, *CLOCKS] if not (ROOT / name).exists()] == []


@pytest.mark.needs("checkout")
@pytest.mark.parametrize(
    "pattern",
    [
        r"pypi\.org|pythonhosted\.org|registry\.npmjs|registry\.yarnpkg|crates\.io|ghcr\.io",
        r"(?<![\w.~\]])/(?:work|farm|root|Users/\w+|home/\w+)/(?!\.\.)",
        r"/tmp/p[d]\b",
    ],
    ids=["registry", "home", "machine"],
)
def test_nothing_names_a_registry_or_the_machine_it_was_written_on(pattern):
    found = [line for path in kept_files() if not DATA & set(path.parts) for line in matches(path, pattern)]
    assert not found, "\n".join(found)


def test_commands_and_models_leave_the_commit_to_the_edge():
    found = []
    for path in files(*CODE):
        if {"commands", "models"} & {path.stem, *path.parts}:
            found += [place(path, line, name) for line, name in calls(path) if name.split(".")[-1] == "commit"]
    assert not found, "\n".join(found)


def test_markup_is_trusted_in_one_place_only():
    found = [
        line
        for path in files(*CODE, suffixes=(".html", ".svg", ".txt", ".xml"))
        if str(path.relative_to(ROOT)) not in SAFE
        for line in matches(path, r"\|\s*safe\b|autoescape\s+false")
    ]
    assert not found, "\n".join(found)


def test_tests_wait_for_something_instead_of_sleeping():
    """`until` waits for what is to come, `let_time_pass` shows that nothing comes; a pretended job may take its time."""
    found = []
    for path in files("tests"):
        if path != ROOT / "tests/support/processes.py":
            pretended = {line for function in _functions_in_functions(path) for line, _ in calls_in(function)}
            found += [place(path, line, name) for line, name in calls(path) if name == "time.sleep" and line not in pretended]
    assert not found, "\n".join(found)


def test_tests_are_collected_without_what_may_be_missing():
    """`uv run pytest` installs the group dev alone; a browser test imports playwright inside, once it is known to be there."""
    groups = project()["dependency-groups"]
    missing = {re.split(r"[<>=]", each)[0] for name, group in groups.items() if name != "dev" for each in group}
    found = []
    for path in files("tests"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [each.name for each in node.names] if isinstance(node, ast.Import) else []
            found += [place(path, node.lineno, name) for name in names if name.split(".")[0] in missing]
    assert not found, "\n".join(found)


def test_the_time_comes_from_the_clock():
    """Tests and demos can then say "three days later"."""
    asked = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "dt.datetime.now", "dt.date.today"}
    asked |= {f"datetime.{name}" for name in asked}
    found = []
    for path in files(*CODE):
        if str(path.relative_to(ROOT)) not in CLOCKS:
            found += [place(path, line, name) for line, name in calls(path) if name in asked]
    assert not found, "\n".join(found)


def test_the_core_does_not_know_the_current_request():
    asked = {"request", "session", "g", "current_app"}
    found = []
    for path in files("core"):
        if str(path.relative_to(ROOT)) in EDGES:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "flask":
                found += [place(path, node.lineno, f"flask.{name.name}") for name in node.names if name.name in asked]
            elif isinstance(node, ast.Attribute) and ast.unparse(node) in {f"flask.{name}" for name in asked}:
                found.append(place(path, node.lineno, ast.unparse(node)))
    assert not found, "\n".join(found)


def test_the_lock_the_pins_and_what_is_asked_for_agree():
    problems = list(lock.differences())
    assert not problems, "\n".join(problems)


def test_vendored_files_are_those_that_were_vendored():
    manifest = json.loads((ROOT / "web/plugdesk_web/static/vendor/manifest.json").read_text(encoding="utf-8"))
    assert {name: _sha256(ROOT / name) for name in manifest["sha256"]} == manifest["sha256"]


def _functions_in_functions(path: Path) -> list[ast.AST]:
    functions = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.FunctionDef)]
    return [
        inner for outer in functions for inner in ast.walk(outer) if isinstance(inner, ast.FunctionDef) and inner is not outer
    ]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
