"""A messenger with one bot in it, somebody who has started it, and the calls that the bot makes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plugdesk.clock import MovableClock
from plugdesk.testing.messenger import LocalMessenger, Person
from tests.core.testing.messenger.calls import Api


@pytest.fixture
def messenger(clock: MovableClock) -> Iterator[LocalMessenger]:
    with LocalMessenger(clock=clock, plain_webhooks=True, webhook_pause=0.005) as messenger:
        yield messenger


@pytest.fixture
def token(messenger: LocalMessenger) -> str:
    return messenger.add_bot("Shop", "shop_bot")


@pytest.fixture
def ann(messenger: LocalMessenger, token: str) -> Person:
    ann = messenger.person("Ann", "Carter", "ann", "en", phone="+79001234567")
    ann.start(token)
    return ann


@pytest.fixture
def bob(messenger: LocalMessenger) -> Person:
    return messenger.person("Bob", username="bobby")


@pytest.fixture
def api(messenger: LocalMessenger, token: str) -> Iterator[Api]:
    api = Api(messenger, token)
    yield api
    api.http.close()
