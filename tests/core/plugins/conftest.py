"""Desks with plugins that a test writes itself: as functions, or as packages on disk."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy.orm import Session

from plugdesk.database import finish
from plugdesk.forms.commands import create_form
from plugdesk.forms.models import Form
from plugdesk.hooks import hookimpl
from plugdesk.plugins.loader import Plugin, State
from plugdesk.plugins.manifest import Manifest
from plugdesk.runtime import Runtime
from plugdesk.settings import Settings
from plugdesk.setup import create_desk

BuildPlugin = Callable[..., Plugin]
BuildRuntime = Callable[..., Runtime]


def build_plugin(name: str, *functions: Callable[..., Any], **manifest: Any) -> Plugin:
    """A loaded plugin whose hook implementations are these functions, each called like its hook."""
    module = ModuleType(f"plugdesk_{name}")
    for function in functions:
        setattr(module, function.__name__, hookimpl(function))
    about: dict[str, Any] = {
        "summary": "",
        "category": "other",
        "scope": "form",
        "api": ">=1.0,<2",
        "folder": Path("/nowhere"),
    } | manifest
    return Plugin(name, State.OK, manifest=Manifest(id=name, name=name.capitalize(), **about), modules=[module])


@pytest.fixture
def build_runtime(database, clock, tmp_path) -> BuildRuntime:
    """`build_runtime(plugin, …)`: a desk with these plugins alone, which puts aside what they raise, as in real life."""

    def build(*plugins: Plugin, strict: bool = False) -> Runtime:
        runtime = Runtime(Settings(data=tmp_path, database_url=database.url, strict=strict), plugins=plugins, clock=clock)
        runtime.database = database
        database.info["runtime"] = runtime
        with runtime.database.write() as session:
            create_desk(session, name="Desk", language="en", zone="UTC")
        return runtime

    return build


@pytest.fixture
def open_session() -> Iterator[Callable[[Runtime], Session]]:
    """`open_session(runtime)`: a session for writing, closed after the test."""
    opened: list[Session] = []

    def open_one(runtime: Runtime) -> Session:
        opened.append(runtime.database.session(write=True))
        return opened[-1]

    yield open_one
    for session in opened:
        finish(session)


def build_form(session: Session, name: str = "Support", *, on: tuple[str, ...] = ()) -> Form:
    """A form on which these extensions are on, without asking whether they may be."""
    form = create_form(session, name=name, by=None)
    form.extensions = sorted(on)
    session.flush()  # the form as it is in the database
    return form


class Packages:
    """Plugins as packages in a folder that Python imports from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.points: list[EntryPoint] = []

    def add(self, name: str, code: str = "", *, manifest: str | None = None, **keys: Any) -> EntryPoint:
        """The package `plugdesk_NAME` with `hooks.py`; `keys` go into its manifest, unless that is given as text."""
        package = self.folder / f"plugdesk_{name}"
        package.mkdir()
        (package / "__init__.py").write_text("")
        (package / "hooks.py").write_text("from plugdesk.hooks import hookimpl\n" + code)
        about = {"id": name, "name": name, "summary": "It does.", "category": "other", "scope": "form", "api": ">=1.0,<2"} | keys
        lines = [f"{key} = {value!r}".replace("'", '"') for key, value in about.items() if value is not None]
        (package / "plugin.toml").write_text("\n".join(lines) if manifest is None else manifest)
        point = EntryPoint(name, f"plugdesk_{name}", "plugdesk.plugins")
        self.points.append(point)
        return point


@pytest.fixture
def packages(tmp_path, monkeypatch) -> Iterator[Packages]:
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield Packages(folder)
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None)
        if file and str(folder) in file:
            del sys.modules[name]
