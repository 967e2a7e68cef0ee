"""A bot is connected by whoever sets desks up, without asking Telegram who it is."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.errors import Invalid
from plugdesk.users.customers import find_or_create_customer
from plugdesk_telegram.bots import token_of
from plugdesk_telegram.chats import reaches
from plugdesk_telegram.models import Bot, Mode

TOKEN = "7300000001:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
ACCOUNT = {
    "token": TOKEN,
    "name": "Tillwise Support",
    "username": "tillwise_bot",
    "api_address": "http://127.0.0.1:4000",
    "own_network": True,
}


@pytest.fixture
def connect(enable, runtime, session, admin):
    """`connect(api_address=…)` asks the form's extensions to connect the bot."""
    enable("telegram")

    def connect(form, by=admin, **changes):
        return runtime.executor.first("connect_bot", form, session, account={**ACCOUNT, **changes}, by=by)

    return connect


def test_the_bot_is_connected_and_fetched_from_where_it_is(connect, session, form):
    assert connect(form) is True
    bot = session.scalars(sa.select(Bot)).one()
    assert (bot.form, bot.number, bot.name, bot.username) == (form, 7_300_000_001, "Tillwise Support", "tillwise_bot")
    assert (bot.mode, bot.api, bot.own_network) == (Mode.POLLING, "http://127.0.0.1:4000", True)


def test_the_same_bot_at_another_address_is_still_one_bot(connect, enable, session, form):
    connect(form)
    connect(form, api_address="http://127.0.0.1:5000", token=f"{TOKEN[:-1]}B")
    bot = session.scalars(sa.select(Bot)).one()
    assert bot.api == "http://127.0.0.1:5000"
    assert token_of(enable("telegram"), bot) == f"{TOKEN[:-1]}B"


def test_whoever_wrote_to_it_before_can_be_written_to(connect, enable, session, form):
    ann = find_or_create_customer(session, channel="telegram", value="5100000001", name="Ann")
    connect(form)
    assert not reaches(enable("telegram"), ann)
    connect(form, people=[5_100_000_001])
    assert reaches(enable("telegram"), ann)


def test_an_agent_cannot_send_its_token_to_a_server_of_their_own(connect, session, form, agent):
    connect(form, by=agent)
    assert session.scalars(sa.select(Bot)).one().api == "https://api.telegram.org"


def test_the_bot_of_another_form_stays_there(connect, enable, form, other_form):
    enable("telegram", on=other_form)
    connect(other_form)
    with pytest.raises(Invalid, match="belongs to the form"):
        connect(form)


def test_where_telegram_is_off_nobody_connects_anything(connect, other_form):
    assert connect(other_form) is None
