"""The project's own files, for tests that read them."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CODE = ("core", "web", "plugins")


def project() -> dict[str, Any]:
    """pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def files(*folders: str, suffixes: tuple[str, ...] = (".py",)) -> list[Path]:
    """Files below these folders of the project, but for what was copied from elsewhere."""
    found = (path for folder in folders for path in sorted((ROOT / folder).rglob("*")))
    return [path for path in found if path.suffix in suffixes and not {"vendor", "node_modules"} & set(path.parts)]


def kept_files() -> list[Path]:
    """What git keeps, and what it would keep next: everything that is not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def calls(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of each call in a Python file: `(12, "session.commit")`."""
    return calls_in(ast.parse(path.read_text(encoding="utf-8")))


def calls_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The same for a part of a file."""
    return ((node.lineno, ast.unparse(node.func)) for node in ast.walk(tree) if isinstance(node, ast.Call))


def matches(path: Path, pattern: str) -> Iterator[str]:
    """`file:line: text` for each line of a text file in which `pattern` is found."""

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(pattern, line):
            yield place(path, number, line.strip()[:120])


def place(path: Path, line: int, what: str) -> str:
    return f"{path.relative_to(ROOT)}:{line}: {what}"
