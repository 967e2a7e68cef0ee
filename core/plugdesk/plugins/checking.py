"""`plugdesk plugin check PATH`: the rules for a plugin that can be seen without running it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from plugdesk.errors import Invalid
from plugdesk.plugins.manifest import Manifest, read_manifest

PROMISED = {"plugdesk.api", "plugdesk_web.api"}
PROMISED_TO_TESTS = PROMISED | {"plugdesk.testing"}
GOES_OUT = {
    "aiohttp",
    "ftplib",
    "http.client",
    "httpx",
    "imapclient",
    "imaplib",
    "requests",
    "smtplib",
    "socket",
    "urllib.request",
    "urllib3",
}
SCRIPT = re.compile(r"(\d{4})_\w+\.py\Z")


@dataclass(frozen=True)
class Finding:
    """Something that is against a rule; `place` is a file, perhaps with its line."""

    place: str
    text: str


def check_folder(folder: Path) -> list[Finding]:
    """What is wrong with the plugin in `folder`, the package itself or the project around it; empty when nothing is."""
    found = sorted(folder.glob("plugin.toml")) or sorted(folder.glob("*/plugin.toml")) or sorted(folder.glob("src/*/plugin.toml"))
    if not found:
        return [Finding(str(folder), "There is no plugin.toml here, nor in a folder below.")]
    package = found[0].parent
    try:
        manifest = read_manifest(found[0])
    except Invalid as error:
        return [Finding("plugin.toml", str(error))]
    return [*_files_of(manifest), *_code(manifest), *_migrations(manifest), *_tests(folder, package)]


def _files_of(manifest: Manifest) -> Iterator[Finding]:
    for name in (manifest.icon, *manifest.pictures):
        if name and not (manifest.folder / name).is_file():
            yield Finding("plugin.toml", f"names {name}, which is not there.")
    for name in ("README.md",):
        if not any((folder / name).is_file() for folder in (manifest.folder, manifest.folder.parent)):
            yield Finding(name, "is missing: say what the plugin does, what it needs and what it keeps.")


def _code(manifest: Manifest) -> Iterator[Finding]:
    goes_out = any(each == "net" or each.startswith("net:") for each in manifest.permissions)
    for file in sorted(manifest.folder.rglob("*.py")):
        name = str(file.relative_to(manifest.folder))
        try:
            tree = ast.parse(file.read_text("utf-8"))
        except (SyntaxError, UnicodeDecodeError) as error:
            yield Finding(name, f"cannot be read: {error}")
            continue
        tests = "tests" in file.relative_to(manifest.folder).parts
        for line, module in _imports(tree):
            if problem := _import_problem(module, manifest, tests=tests):
                yield Finding(f"{name}:{line}", problem)
            if not goes_out and any(module == each or module.startswith(f"{each}.") for each in GOES_OUT) and not tests:
                yield Finding(f"{name}:{line}", f"imports {module}, but the manifest does not ask for “net”.")
        yield from _tables(tree, name, manifest.id)
        yield from _hooks(tree, name)


def _imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (
                (node.lineno, f"{node.module}.{alias.name}" if node.module in _ROOTS else node.module) for alias in node.names
            )


_ROOTS = {"plugdesk", "plugdesk_web"}


def _import_problem(module: str, manifest: Manifest, *, tests: bool) -> str | None:
    root = module.partition(".")[0]
    if root in _ROOTS:
        promised = PROMISED_TO_TESTS if tests else PROMISED
        if not any(module == each or module.startswith(f"{each}.") for each in promised):
            return f"imports {module}; only {' and '.join(sorted(promised))} are promised to stay."
    elif root.startswith("plugdesk_") and root != manifest.folder.name:
        return f"imports {module}: plugins meet in hooks, not in each other's code."
    return None


def _tables(tree: ast.AST, name: str, plugin_id: str) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            is_table = any(isinstance(target, ast.Name) and target.id == "__tablename__" for target in node.targets)
            if is_table and not node.value.value.startswith(f"{plugin_id}_"):
                yield Finding(f"{name}:{node.lineno}", f"table “{node.value.value}” must be called “{plugin_id}_…”.")


def _hooks(tree: ast.Module, name: str) -> Iterator[Finding]:
    from plugdesk import hooks

    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and any(_is_hookimpl(each) for each in node.decorator_list):
            spec = getattr(hooks, node.name, None)
            if not hasattr(spec, "plugdesk_kind"):
                yield Finding(f"{name}:{node.lineno}", f"there is no hook “{node.name}”.")


def _is_hookimpl(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return (isinstance(called, ast.Name) and called.id == "hookimpl") or (
        isinstance(called, ast.Attribute) and called.attr == "hookimpl"
    )


def _migrations(manifest: Manifest) -> Iterator[Finding]:
    folder = manifest.folder / "migrations"
    has_tables = any("__tablename__" in file.read_text("utf-8", "replace") for file in manifest.folder.rglob("*.py"))
    if not folder.is_dir():
        if has_tables:
            yield Finding("migrations", "is missing: the plugin has tables and nothing makes them.")
        return
    before: str | None = None
    for file in sorted(each for each in folder.glob("*.py") if each.name != "__init__.py"):
        name = f"migrations/{file.name}"
        match = SCRIPT.match(file.name)
        if match is None:
            yield Finding(name, "must be called NNNN_name.py.")
            continue
        said = _said(file)
        if said.get("revision") != match[1]:
            yield Finding(name, f'must say revision = "{match[1]}".')
        if said.get("down_revision") != before:
            yield Finding(name, f"must say down_revision = {before!r}.")
        before = match[1]
        for table in re.findall(r"create_table\(\s*[\"'](\w+)", file.read_text("utf-8")):
            if not table.startswith(f"{manifest.id}_"):
                yield Finding(name, f"makes the table “{table}”, which must be called “{manifest.id}_…”.")


def _said(file: Path) -> dict[str, object]:
    said: dict[str, object] = {}
    for node in ast.parse(file.read_text("utf-8")).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target if isinstance(node, ast.AnnAssign) else None
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if isinstance(target, ast.Name) and isinstance(value, ast.Constant):
            said[target.id] = value.value
    return said


def _tests(folder: Path, package: Path) -> Iterator[Finding]:
    if not any(True for place in (folder, package, package.parent) for _file in place.rglob("test_*.py")):
        yield Finding("tests", "are missing: at least the conformance file of the test kit.")
