"""A desk of two forms with the extensions of `trial` beside the built-in ones, and its administrator's browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jinja2 import FileSystemBytecodeCache

from tests.factories import make_form
from tests.web.extensions.trial import chat_plugins

if TYPE_CHECKING:
    from flask import Flask

    from plugdesk.forms.models import Form
    from plugdesk.runtime import Runtime
    from plugdesk.users.models import User


@pytest.fixture
def runtime(database, clock, tmp_path, _plugins) -> Runtime:
    """The trial extensions beside the built-in ones; what a plugin raises is put aside, as in real life."""
    from plugdesk.runtime import Runtime
    from plugdesk.settings import Settings

    runtime = Runtime(Settings(data=tmp_path, database_url=database.url), plugins=[*_plugins, *chat_plugins()], clock=clock)
    runtime.database = database
    database.info["runtime"] = runtime
    return runtime


@pytest.fixture
def forms(desk, session) -> list[Form]:
    """Support and Repairs."""
    forms = [make_form(session, name=name, slug=name.lower()) for name in ("Support", "Repairs")]
    session.commit()
    return forms


@pytest.fixture(scope="session")
def _compiled(tmp_path_factory) -> FileSystemBytecodeCache:
    """Templates are compiled once a run, not once for each application."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def browse(app: Flask, browse, _compiled):
    app.jinja_env.bytecode_cache = _compiled
    return browse


@pytest.fixture
def marta(browse, admin: User):
    """Marta's browser."""
    return browse(admin)
