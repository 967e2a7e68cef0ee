"""Each package of the project is known everywhere it has to be, and each can be imported by anybody at any time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, project

PACKAGES = sorted(path.parent for root in ("core", "web", "plugins/*") for path in ROOT.glob(f"{root}/plugdesk*/__init__.py"))
FOLDERS = [str(package.relative_to(ROOT)) for package in PACKAGES]
NAMES = [package.name for package in PACKAGES]


def test_the_wheel_holds_every_package():
    assert sorted(project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == FOLDERS


@pytest.mark.parametrize("known_to", ["tool.hatch.build.dev-mode-dirs", "tool.mypy.mypy_path"])
def test_editors_and_type_checkers_find_every_package(known_to):
    found = project()
    for key in known_to.split("."):
        found = found[key]
    assert sorted(found) == sorted(str(Path(folder).parent) for folder in FOLDERS)


def test_every_package_but_the_core_is_a_plugin_under_its_own_id():
    plugins = project()["project"]["entry-points"]["plugdesk.plugins"]
    assert plugins == {name.removeprefix("plugdesk_"): name for name in NAMES if name != "plugdesk"}


def test_a_plugin_stands_in_the_folder_of_its_id():
    assert [folder for folder in FOLDERS if folder.startswith("plugins/")] == [
        f"plugins/{name.removeprefix('plugdesk_')}/{name}" for name in NAMES if name not in ("plugdesk", "plugdesk_web")
    ]


@pytest.mark.parametrize("tool", ["importlinter.root_packages", "coverage.run.source"])
def test_layers_and_coverage_look_at_every_package(tool):
    found = project()["tool"]
    for key in tool.split("."):
        found = found[key]
    assert sorted(found) == sorted(NAMES)


def test_every_plugin_stands_in_the_order_of_layers_and_uses_only_the_public_api():
    layers, public = project()["tool"]["importlinter"]["contracts"]
    plugins = [name for name in NAMES if name not in ("plugdesk", "plugdesk_web")]
    assert sorted(layers["layers"][0].split(" | ")) == sorted(plugins)
    assert {line.split(" ")[0].removesuffix(".**") for line in public["ignore_imports"]} == set(plugins)


@pytest.mark.parametrize("package", PACKAGES, ids=NAMES)
def test_a_package_says_that_it_is_typed(package):
    assert (package / "py.typed").exists()


# Runs in a Python of its own: there, each module is imported for the first time.
WATCH = """
import json, os, signal, sys, threading, warnings
from importlib import import_module
did, module = [], None
def watch(event, arguments):
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+") and not str(arguments[0]).endswith(".pyc"):
        did.append(f"{module} writes {arguments[0]}")
    elif event in {"socket.connect", "socket.bind", "subprocess.Popen", "os.system", "os.mkdir", "os.remove", "os.chdir"}:
        did.append(f"{module}: {event} {arguments!r}"[:200])
warnings.simplefilter("error")
sys.dont_write_bytecode = True
sys.addaudithook(watch)
for module in json.loads(sys.argv[1]):
    environment, handler = dict(os.environ), signal.getsignal(signal.SIGTERM)
    import_module(module)
    if threading.active_count() > 1:
        did.append(f"{module} starts a thread")
    if dict(os.environ) != environment:
        did.append(f"{module} changes the environment")
    if signal.getsignal(signal.SIGTERM) is not handler:
        did.append(f"{module} takes a signal")
print("\\n".join(did))
"""


def test_importing_any_module_does_nothing_else():
    modules = [
        ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__")
        for package in PACKAGES
        for path in sorted(package.rglob("*.py"))
        if "migrations" not in path.parts and "skeletons" not in path.parts and path.name != "__main__.py"
    ]
    done = subprocess.run([sys.executable, "-c", WATCH, json.dumps(modules)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
    assert done.stderr == ""
