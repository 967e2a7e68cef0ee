"""The service that listens: it hears at once, stops at once, and says who else listens."""

from __future__ import annotations

import json
import threading
import urllib.request

import pytest
import sqlalchemy as sa

from plugdesk.channels.updates import Update
from plugdesk_telegram import listen
from plugdesk_telegram.models import Bot
from tests.support.processes import until


@pytest.fixture
def listening(shop, monkeypatch):
    """The service is running, and one request waits at Telegram; `stop()` ends it."""
    monkeypatch.setattr(listen, "LOOK", 0.05)
    monkeypatch.setattr(listen, "PAUSES", (0.05,))
    stop = threading.Event()
    thread = threading.Thread(target=listen.listen, args=(shop.runtime, stop))
    thread.start()

    def end():
        stop.set()
        thread.join(5)
        assert not thread.is_alive()

    until(lambda: _waits(shop))
    yield end
    end()


def _waits(shop):
    calls = [each for each in shop.messenger.calls if each.method == "getUpdates"]
    return len(calls) > 1 or (calls and shop.messenger.bot(shop.token).polls >= 2)


def kept(shop):
    with shop.runtime.database.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Update))


def error(shop):
    with shop.runtime.database.read() as session:
        return session.scalars(sa.select(Bot.error)).one()


def test_what_is_written_comes_at_once(shop, ann, listening):
    ann.write(shop.token, "The till beeps")
    until(lambda: kept(shop) == 1)
    until(lambda: shop.messenger.pending(shop.token) == [])


def test_it_stops_at_once_though_a_request_waits(shop, listening):
    import time

    began = time.monotonic()
    listening()
    assert time.monotonic() - began < 10  # a request waits for 50 seconds
    until(lambda: not [each for each in threading.enumerate() if each.name.startswith("telegram bot")])


def test_switched_off_it_ends_within_seconds_and_on_again_it_goes_on(shop, ann, listening):
    shop.switch(on=False)
    until(lambda: not [each for each in threading.enumerate() if each.name.startswith("telegram bot")])
    ann.write(shop.token, "Hello?")
    assert (kept(shop), len(shop.messenger.pending(shop.token))) == (0, 1)
    shop.switch(on=True)
    until(lambda: kept(shop) == 1)


def test_a_bot_that_is_added_is_heard_and_one_that_is_removed_is_left(shop, ann, listening):
    other = shop.messenger.add_bot("Spare parts", "parts_bot")
    number = shop.connect(other)
    ann.write(other, "Paper")
    until(lambda: kept(shop) == 1)
    with shop.runtime.database.write() as session:
        session.delete(session.get_one(Bot, number))
    until(lambda: [each.name for each in threading.enumerate() if each.name.startswith("telegram bot")] == ["telegram bot 1"])


def test_somebody_else_who_polls_is_named_and_given_way(shop, listening):
    address = f"{shop.messenger.address}/bot{shop.token}/getUpdates"
    with urllib.request.urlopen(address, timeout=10) as answer:
        assert json.load(answer)["ok"]
    until(lambda: (error(shop) or "").startswith("Another program reads the messages of this bot, too."))
    polls = len([each for each in shop.messenger.calls if each.method == "getUpdates"])
    threading.Event().wait(0.5)
    assert len([each for each in shop.messenger.calls if each.method == "getUpdates"]) == polls


def test_trouble_is_said_and_passes(shop, ann, listening):
    shop.messenger.away()
    ann.write(shop.token, "The till beeps")
    until(lambda: error(shop) is not None)
    shop.messenger.back()
    until(lambda: kept(shop) == 1)
    until(lambda: error(shop) is None)


def test_a_webhook_of_somebody_else_is_named_with_the_remedy(shop, listening):
    address = f"{shop.messenger.address}/bot{shop.token}/setWebhook?url=http://127.0.0.1:9/x"
    with urllib.request.urlopen(address, timeout=10) as answer:
        assert json.load(answer)["ok"]
    shop.messenger.drop_connection("getUpdates", "before")
    until(lambda: "calls another address for this bot. Press Test" in (error(shop) or ""))
