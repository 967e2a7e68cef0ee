"""A Telegram that takes a request and never answers it, or answers half: given up, said in words, and asked again less and less often."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from plugdesk.tickets.models import DeliveryState
from plugdesk_telegram import botapi, health_of, listen
from plugdesk_telegram.models import Bot
from tests.core.test_http import server

HALF = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n{"ok":true,"result":[{"update_id":1,'
FOR_EVER = 600.0  # seconds; the test ends it before
SILENT = {
    "never answers": ((b"",), FOR_EVER),
    "answers half, then nothing": ((HALF,), FOR_EVER),
    "answers half, then hangs up": ((HALF,), 0.0),
}


@pytest.fixture(params=SILENT)
def silent(request, shop, monkeypatch):
    """The bot's Telegram is such a one; the desk gives it a moment. What it was asked is in the list."""
    pieces, pause = SILENT[request.param]
    monkeypatch.setattr(botapi, "SECONDS", 0.3)
    monkeypatch.setattr(listen, "WAIT", 0)
    monkeypatch.setattr(listen, "PATIENCE", 0.3)
    with server(*pieces, pause=pause) as (port, asked):
        turn_to(shop, f"http://127.0.0.1:{port}")
        yield asked
    turn_to(shop, shop.messenger.address)


def turn_to(shop, address):
    with shop.runtime.database.write() as session:
        session.execute(sa.update(Bot).values(api=address))


def health(shop):
    with shop.runtime.database.read() as session:
        (line,) = health_of.lines(shop.runtime.context("telegram", shop.form(session), session))
        return line.state, line.problem


def test_what_cannot_be_fetched_is_given_up_and_said_and_comes_once_when_it_answers(silent, shop, ann):
    ann.write(shop.token, "The till beeps")
    shop.work()
    state, problem = health(shop)
    assert (state, problem.split(":")[0]) == ("not working", "127.0.0.1 cannot be reached")
    assert "Check the connection of this desk" in problem and shop.token not in problem
    turn_to(shop, shop.messenger.address)
    shop.later(minutes=4)
    assert (shop.said()[0], health(shop)) == (("incoming", "The till beeps"), ("fetching", ""))
    assert [who for who, _text in shop.said()].count("incoming") == 1


class Noting(threading.Event):
    """An event whose waiting is written down and takes no time; it is set after the sixth."""

    def __init__(self):
        super().__init__()
        self.waits = []

    def wait(self, timeout=None):
        self.waits.append(timeout)
        if len(self.waits) == 6:
            self.set()
        return self.is_set()


def test_who_listens_asks_less_and_less_often(silent, shop):
    with shop.runtime.database.read() as session:
        listener = listen._Listener(shop.runtime, session.scalars(sa.select(Bot.id)).one(), 1)
    listener.interrupt.stop = Noting()
    listener.run()
    waits = listener.interrupt.stop.waits
    assert [base <= each <= base * 1.3 for each, base in zip(waits, (*listen.PAUSES, 60, 60), strict=True)] == [True] * 6
    assert silent and health(shop)[0] == "not working"


def test_an_answer_nobody_confirmed_is_maybe_sent_and_never_repeated(shop, ann, messenger, monkeypatch):
    ann.write(shop.token, "The till beeps")
    shop.work()
    monkeypatch.setattr(botapi, "SECONDS", 0.3)
    with server(b"", pause=FOR_EVER) as (port, asked):
        turn_to(shop, f"http://127.0.0.1:{port}")
        number = shop.reply()
        shop.later(days=1)
    turn_to(shop, messenger.address)
    shop.later(days=1)
    assert shop.state(number)[0] is DeliveryState.MAYBE and shop.seen(ann) == []
    assert len([each for each in asked if b"sendMessage" in each and b"Restart" in each]) <= 1
    shop.again(number)
    assert (shop.state(number), len(shop.seen(ann))) == ((DeliveryState.SENT, None), 1)


def test_while_a_file_does_not_come_its_message_waits_and_is_whole_then(shop, ann, messenger, monkeypatch):
    monkeypatch.setattr(botapi, "SECONDS", 0.3)
    messenger.hang("getFile", 1.0)
    ann.send_document(shop.token, b"abc", "a.txt", "Look")
    shop.work()
    assert shop.tickets() == 0
    monkeypatch.setattr(botapi, "SECONDS", 20.0)
    shop.later(minutes=5)
    assert shop.said()[0] == ("incoming", "Look")
