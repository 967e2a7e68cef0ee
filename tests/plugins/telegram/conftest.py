"""A shop on Telegram, and two who write to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from plugdesk.clock import MovableClock
from plugdesk.database import Database
from plugdesk.forms.models import Form
from plugdesk.runtime import Runtime
from plugdesk.testing.messenger import LocalMessenger, Person
from plugdesk.users.models import User
from tests.plugins.telegram.shop import Shop


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database of the test's own: threads commit in it, and its first ticket is number 1."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def messenger(clock: MovableClock) -> Iterator[LocalMessenger]:
    with LocalMessenger(clock=clock, plain_webhooks=True, webhook_pause=0.01) as messenger:
        yield messenger


@pytest.fixture
def token(messenger: LocalMessenger) -> str:
    return messenger.add_bot("Shop", "shop_bot")


@pytest.fixture
def shop(
    runtime: Runtime,
    clock: MovableClock,
    messenger: LocalMessenger,
    token: str,
    form: Form,
    agent: User,
    enable: Callable[..., Any],
) -> Shop:
    """Telegram is on, the bot connected; receipts go out, nothing has been said."""
    enable("telegram")
    shop = Shop(runtime, clock, messenger, token)
    shop.connect()
    shop.do_jobs()
    return shop


@pytest.fixture
def ann(messenger: LocalMessenger) -> Person:
    return messenger.person("Ann", "Carter", "ann", "en", phone="+79001234567")


@pytest.fixture
def boris(messenger: LocalMessenger) -> Person:
    return messenger.person("Борис", "Петров", "", "ru")
