"""The ways to Telegram and back: where it is told to call, through whom it is reached, whom a bot's server has to convince."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from plugdesk.app import create_app
from plugdesk.i18n import format_file_size
from plugdesk.testing.browser import browser_of
from plugdesk_telegram.models import Bot, Mode
from plugdesk_telegram.planning import BIGGEST_FILE
from tests.core.test_http import server
from tests.support.processes import until

NOTHING = b'{"ok":true,"result":[]}'
ANSWER = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    len(NOTHING),
    NOTHING,
)


@pytest.fixture
def reached(shop, serve):
    """The shop, served at an address that the messenger can call."""
    address = serve(create_app(shop.runtime))
    object.__setattr__(shop.runtime.settings, "base_url", address)
    return shop


@pytest.fixture
def called(reached, messenger):
    """The token of a second bot of the shop, which is called instead of asking."""
    token = messenger.add_bot("Spare parts", "parts_bot")
    reached.connect(token, mode=Mode.WEBHOOK)
    reached.do_jobs()
    return token


def place(shop, username):
    with shop.runtime.database.read() as session:
        bot = session.scalars(sa.select(Bot).where(Bot.username == username)).one()
        return f"{shop.runtime.settings.base_url}/in/telegram/{bot.key}"


def test_a_bot_that_is_to_be_called_is_registered_by_itself_and_what_is_written_comes(reached, called, messenger, ann):
    assert messenger.bot(called).webhook.url == place(reached, "parts_bot")
    ann.write(called, "Paper, please")
    until(lambda: not messenger.pending(called))
    reached.do_jobs()
    assert [text for who, text in reached.said() if who == "incoming"] == ["Paper, please"]


def test_the_test_sets_right_where_telegram_calls_and_says_where_that_is(reached, called, messenger, app, admin):
    right = place(reached, "parts_bot")
    messenger.bot(called).webhook = None
    marta = browser_of(app)
    marta.sign_in(admin)
    marta.post("/forms/support/x/telegram/bots/2/test")
    assert f"Telegram calls {right}." in marta.get("/forms/support/x/telegram/bots").get_data(as_text=True)
    assert messenger.bot(called).webhook.url == right


def test_an_edit_that_overtook_its_message_is_what_the_ticket_says(reached, called, messenger, ann, app):
    """Two calls on two connections: the later update came first."""
    message = ann.write(reached.token, "The till beps")
    ann.edit(message, "The till beeps")
    updates = [each.json for each in messenger.pending(reached.token)]
    messenger.bot(reached.token).updates.clear()
    secret = messenger.bot(called).webhook.secret
    for update in reversed(updates):
        answer = app.test_client().post(
            place(reached, "parts_bot").removeprefix(reached.runtime.settings.base_url),
            data=json.dumps(update), headers={"X-Telegram-Bot-Api-Secret-Token": secret},
        )  # fmt: skip
        assert answer.status_code == 200
    reached.do_jobs()
    assert [text for who, text in reached.said() if who in ("incoming", "raw")] == ["The till beeps"]


def test_a_form_reaches_telegram_through_its_own_proxy(shop, messenger):
    object.__setattr__(shop.runtime.settings, "private_hosts", ("127.0.0.1",))
    with server(ANSWER) as (port, received):
        shop.set(proxy=f"http://127.0.0.1:{port}")
        before = len(messenger.calls)
        shop.work()
        assert received[0].startswith(f"POST {messenger.address}/bot{shop.token}/getUpdates ".encode())
    assert len(messenger.calls) == before  # nothing went there directly


def test_a_server_with_a_certificate_of_ones_own_authority_is_believed_where_that_is_named(shop, authority, authority_file):
    def error():
        with shop.runtime.database.read() as session:
            return session.scalars(sa.select(Bot.error)).one()

    with server(ANSWER, certificate=authority.issue_cert("127.0.0.1")) as (port, received):
        with shop.runtime.database.write() as session:
            session.scalars(sa.select(Bot)).one().api = f"https://127.0.0.1:{port}"
        shop.work()
        assert "CERTIFICATE_VERIFY_FAILED" in error() and received == []
        shop.set(ca_file=str(authority_file))
        shop.work()
        assert error() is None and b"/getUpdates" in received[0]


def test_who_writes_sees_the_limits_of_telegram_and_the_customer_sees_that_somebody_writes(shop, ann, app, agent):
    ann.write(shop.token, "The till beeps")
    shop.work()
    ada = browser_of(app)
    ada.sign_in(agent)
    page = ada.get("/tickets/1").get_data(as_text=True)
    assert "4,096 characters a message, more goes in parts" in page
    assert f"files up to {format_file_size(BIGGEST_FILE)}" in page
    ada.post("/tickets/1/draft", data={"mode": "reply", "text": "Dear Ann"})
    shop.do_jobs()
    assert [each.action for each in ann.chat(shop.token).actions] == ["typing"]
    shop.set(typing=False)
    ada.post("/tickets/1/draft", data={"mode": "reply", "text": "Dear Ann, hello"})
    shop.do_jobs()
    assert len(ann.chat(shop.token).actions) == 1
