"""The world the tests of security look at; see `tests.security.world`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jinja2 import FileSystemBytecodeCache

from tests.security.world import World, build, button

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from sqlalchemy.orm import Session

    from plugdesk.clock import MovableClock
    from plugdesk.database import Database
    from plugdesk.plugins.loader import Plugin
    from plugdesk.runtime import Runtime


@pytest.fixture
def runtime(database: Database, clock: MovableClock, tmp_path: Path, _plugins: list[Plugin]) -> Runtime:
    """The desk with the built-in extensions and the tests' own; what an extension raises is put aside, as in life."""
    from plugdesk.testing.desks import open_desk

    return open_desk(database, [*_plugins, button()], clock, tmp_path, strict=False)


@pytest.fixture(scope="session")
def _compiled(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(app: Flask, _compiled: FileSystemBytecodeCache) -> Flask:
    """The application, whose templates are compiled once a run: these tests ask for every page there is."""
    app.jinja_env.bytecode_cache = _compiled
    return app


@pytest.fixture
def world(app: Flask, runtime: Runtime, session: Session) -> World:
    """A desk with one of everything."""
    return build(app, runtime, session)
