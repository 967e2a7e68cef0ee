"""The kit's desk over the tests' own databases (see `plugdesk.testing.kit`), and a visitor that reads pages as browsers do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from plugdesk.testing.kit import MONDAY_MORNING
from tests.support.parts import IN_CI

if TYPE_CHECKING:
    from flask import Flask
    from webtest import TestApp

    from plugdesk.plugins.loader import Plugin

__all__ = ["MONDAY_MORNING"]


@pytest.fixture(scope="session")
def loaded_plugins() -> list[Plugin]:
    """The built-in plugins; in CI one that cannot be loaded is an error."""
    from plugdesk.plugins.loader import load_plugins

    return list(load_plugins(strict=IN_CI))


@pytest.fixture(scope="session")
def _plugins(loaded_plugins: list[Plugin]) -> list[Plugin]:
    """For fixtures that open further desks."""
    return loaded_plugins


@pytest.fixture
def client(app: Flask) -> TestApp:
    """Whoever visits `app`, signed in as nobody: `client.get("/")`, forms submitted as a browser does."""
    from webtest import TestApp

    return TestApp(app)
