"""Where Telegram calls: what is refused, and that what is acknowledged is stored."""

from __future__ import annotations

import hmac
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from plugdesk.channels.updates import Update
from plugdesk_telegram import gathering
from plugdesk_telegram.inbound import SECRET
from plugdesk_telegram.models import Bot, Mode
from plugdesk_telegram.webhooks import is_secret
from tests.support.processes import until

UPDATE = {
    "update_id": 1,
    "message": {
        "message_id": 1, "date": 1, "text": "The till beeps", "chat": {"id": 5, "type": "private"},
        "from": {"id": 5, "is_bot": False, "first_name": "Ann"},
    },
}  # fmt: skip


@pytest.fixture
def called(shop, app):
    """The shop with a bot that Telegram calls; `called(body, …)` is such a call, and returns its status."""
    with shop.runtime.database.write() as session:
        bot = session.scalars(sa.select(Bot)).one()
        bot.mode = Mode.WEBHOOK
        key = bot.key
        secret = shop.runtime.context("telegram", shop.form(session), session).unseal(bot.secret, f"bot:{bot.id}/secret")
    visitor = app.test_client()
    gathering._said.clear()

    def call(body=UPDATE, *, secret=secret, key=key):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {} if secret is None else {SECRET: secret}
        return visitor.post(f"/in/telegram/{key}", data=data, headers=headers, content_type="application/json").status_code

    return call


def kept(shop):
    with shop.runtime.database.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Update))


def test_what_is_acknowledged_is_stored_and_becomes_a_ticket(shop, called):
    assert (called(), kept(shop)) == (200, 1)
    shop.do_jobs()
    assert shop.said()[0] == ("incoming", "The till beeps")


def test_a_call_that_is_repeated_is_acknowledged_and_changes_nothing(shop, called):
    assert ([called() for _time in range(3)], kept(shop)) == ([200] * 3, 1)


@pytest.mark.parametrize("secret", [None, "", "wrong", "ж"])
def test_without_the_secret_nothing_is_kept_and_the_log_says_so_once_a_minute(shop, called, caplog, secret):
    given = secret.encode() if secret else secret
    with caplog.at_level(logging.WARNING, "plugdesk_telegram"):
        assert [called(secret=given) for _time in range(3)] == [403] * 3
    assert (kept(shop), [each.message for each in caplog.records]) == (
        0, ["A call for @shop_bot without Telegram's secret was refused (form “Support”)"]
    )  # fmt: skip


def test_a_secret_is_compared_in_constant_time_and_none_is_no_secret(shop, called, monkeypatch):
    compared = []

    def compare(one, other):
        compared.append((one, other))
        return hmac.compare_digest(one, other)

    monkeypatch.setattr("plugdesk_telegram.webhooks.hmac", SimpleNamespace(compare_digest=compare))
    assert called(secret="wrong") == 403
    assert [other for _one, other in compared] == [b"wrong"]
    assert not is_secret("", "")  # where there is no secret nobody can name it


def test_an_address_nobody_has_is_not_found(called):
    assert called(key="x" * 32) == 404


def test_a_body_of_10_mb_is_refused(shop, called):
    assert (called(b"{" + b" " * 10_000_000), kept(shop)) == (413, 0)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"update_id": "1"}', b"null", b"[" * 100_000])
def test_what_is_no_update_is_refused(shop, called, body):
    assert (called(body), kept(shop)) == (400, 0)


def test_switched_off_calls_are_refused_with_a_clear_log_and_on_again_nothing_comes_twice(shop, called, caplog):
    assert called() == 200
    shop.switch(on=False)
    with caplog.at_level(logging.WARNING, "plugdesk_telegram"):
        assert called(UPDATE | {"update_id": 2}) == 404
    assert [each.message for each in caplog.records] == [
        "An update for @shop_bot was refused: Telegram is off on the form “Support”"
    ]
    shop.switch(on=True)
    assert [called(UPDATE | {"update_id": number}) for number in (1, 2)] == [200, 200]
    assert kept(shop) == 2


def test_off_on_its_form_but_on_elsewhere_the_log_names_the_form(shop, called, caplog, other_form, enable):
    enable("telegram", on=other_form)
    shop.switch(on=False)
    with caplog.at_level(logging.WARNING, "plugdesk_telegram"):
        assert called() == 404
    assert [each.message for each in caplog.records] == [
        "An update for @shop_bot was refused: Telegram is off on the form “Support”"
    ]


def test_an_archived_form_says_that_it_is_gone(shop, called):
    with shop.runtime.database.write() as session:
        shop.form(session).archived_at = shop.clock.now()
    assert called() == 410


def test_a_bot_that_is_polled_takes_no_calls(shop, called):
    with shop.runtime.database.write() as session:
        session.scalars(sa.select(Bot)).one().mode = Mode.POLLING
    assert called() == 404


def test_what_cannot_be_stored_is_not_acknowledged(shop, called):
    with shop.runtime.database.write() as session:
        session.execute(sa.text("ALTER TABLE channel_update RENAME TO away"))
    assert called() >= 500
    with shop.runtime.database.write() as session:
        session.execute(sa.text("ALTER TABLE away RENAME TO channel_update"))
    assert (called(), kept(shop)) == (200, 1)


def test_calls_that_come_together_are_each_answered_after_their_own_is_stored(shop, called, monkeypatch):
    with shop.runtime.database.read() as session:
        bot = session.scalars(sa.select(Bot)).one()
        secret = shop.runtime.context("telegram", shop.form(session), session).unseal(bot.secret, f"bot:{bot.id}/secret")
        key = bot.key
    gatherer, stored = gathering.gatherer_of(shop.runtime), list[int]()
    keep = gathering._keep

    def counted(runtime, session, calls):
        stored.append(len(calls))
        return keep(runtime, session, calls)

    monkeypatch.setattr(gathering, "_keep", counted)

    def call(number):
        given = "wrong" if number % 10 == 0 else secret
        return gatherer.answer(gathering.Call(key, given, json.dumps(UPDATE | {"update_id": number // 2}).encode()))

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(call, range(200)))
    assert statuses == [403 if number % 10 == 0 else 200 for number in range(200)]
    assert (kept(shop), sum(stored), len(stored) < 200) == (100, 200, True)


def test_one_call_that_cannot_be_stored_is_alone_in_its_failure(shop, called, monkeypatch):
    keep = gathering._keep

    def broken(runtime, session, calls):
        statuses = keep(runtime, session, calls)
        if any(b"bad" in each.body for each in calls):
            raise RuntimeError("no")
        return statuses

    monkeypatch.setattr(gathering, "_keep", broken)
    with shop.runtime.database.read() as session:
        bot = session.scalars(sa.select(Bot)).one()
        secret, key = (
            shop.runtime.context("telegram", shop.form(session), session).unseal(bot.secret, f"bot:{bot.id}/secret"),
            bot.key,
        )
    calls = [
        gathering.Call(key, secret, json.dumps(UPDATE | {"update_id": n, "of": "bad" if n == 1 else ""}).encode())
        for n in range(3)
    ]
    gathering.gatherer_of(shop.runtime)._store(calls)
    assert ([call.status for call in calls], str(calls[1].error), kept(shop)) == ([200, 0, 200], "no", 2)


def test_nobody_is_left_waiting_by_a_process_that_is_told_to_end(shop, called, monkeypatch):
    began, told = Event(), Event()

    def ended(runtime, session, calls):
        began.set()
        told.wait(20)
        raise SystemExit

    monkeypatch.setattr(gathering, "_keep", ended)
    gatherer = gathering.gatherer_of(shop.runtime)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(gatherer.answer, gathering.Call("key", "", b""))
        began.wait(20)
        others = [pool.submit(gatherer.answer, gathering.Call("key", "", b"")) for _number in range(2)]
        until(lambda: len(gatherer._waiting) == 2)
        told.set()
        assert {type(each.exception(20)) for each in others} == {SystemExit, RuntimeError}
    assert isinstance(first.exception(), SystemExit)


def test_a_call_that_cannot_be_kept_the_quick_way_is_kept_like_any_other(shop, called, monkeypatch):
    answer, tries = gathering.Gatherer.answer, []

    def once(self, call):
        tries.append(call.body)
        if len(tries) == 1:
            raise KeyError("once")
        return answer(self, call)

    monkeypatch.setattr(gathering.Gatherer, "answer", once)
    assert (called(), kept(shop), len(tries)) == (200, 1, 2)
    assert tries[0] == tries[1] != b""
