"""A whole desk in the test's own process: built-in plugins loaded, a clock that stands still, everything undone afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from flask import Flask
    from webtest import TestApp

    from plugdesk.clock import MovableClock
    from plugdesk.database import Database
    from plugdesk.plugins.loader import Plugin
    from plugdesk.runtime import Runtime

from tests.support.parts import IN_CI

MONDAY_MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> MovableClock:
    """The desk's clock: Monday, 23 November 2026, 9:00 UTC, until the test moves it."""
    from plugdesk.clock import MovableClock

    return MovableClock(MONDAY_MORNING)


@pytest.fixture(scope="session")
def _plugins() -> list[Plugin]:
    from plugdesk.plugins.loader import load_plugins

    return list(load_plugins(strict=IN_CI))


@pytest.fixture
def runtime(database: Database, clock: MovableClock, tmp_path: Path, _plugins: list[Plugin]) -> Runtime:
    """The desk without its pages, on a database whose every change is undone after the test."""
    from plugdesk.runtime import Runtime
    from plugdesk.settings import Settings

    runtime = Runtime(Settings(data=tmp_path, database_url=database.url, strict=True), plugins=_plugins, clock=clock)
    runtime.database = database
    database.info["runtime"] = runtime
    return runtime


@pytest.fixture
def session(runtime: Runtime) -> Iterator[Session]:
    """A session for writing, as commands take it; it may commit, the test's end undoes it all the same."""
    from plugdesk.database import finish

    session = runtime.database.session(write=True)
    yield session
    finish(session)


@pytest.fixture
def app(runtime: Runtime) -> Flask:
    """The WSGI application of `runtime`, with the pages of every built-in plugin."""
    from plugdesk.app import create_app

    app = create_app(runtime)
    app.testing = True
    return app


@pytest.fixture
def client(app: Flask) -> TestApp:
    """Whoever visits `app`, signed in as nobody: `client.get("/")`, forms submitted as a browser does."""
    from webtest import TestApp

    return TestApp(app)
