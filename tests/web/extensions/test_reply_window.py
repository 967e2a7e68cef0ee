"""The composer says until when a customer can be answered where a channel lets the desk answer only for so long."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plugdesk.contributions import Channel, Limits
from plugdesk.plugins.switch import enable_plugin
from plugdesk.runtime import Runtime
from plugdesk.settings import Settings
from plugdesk.tickets.correspondence import Said, open_ticket, receive_message
from tests.factories import make_agent, make_customer
from tests.web.extensions.trial import trial

DAY = timedelta(hours=24)


def channel(name: str, title: str, limits: Limits) -> Channel:
    return Channel(name, title, "message", lambda ctx, message: None, lambda ctx, customer: True, limits=limits)


def bird_and_drum():
    def carrying(name, title, limits):
        def channels():
            return [channel(name, title, limits)]

        return trial(name, channels)

    return carrying("pigeon", "Pigeon post", Limits(text=500, reply_window=DAY)), carrying("drum", "Drum", Limits())


@pytest.fixture
def runtime(database, clock, tmp_path, _plugins) -> Runtime:
    """Pigeons come back for a day; the drum is heard at any time."""
    pigeon, drum = bird_and_drum()
    runtime = Runtime(Settings(data=tmp_path, database_url=database.url), plugins=[*_plugins, pigeon, drum], clock=clock)
    runtime.database = database
    database.info["runtime"] = runtime
    return runtime


@pytest.fixture
def ticket(session, forms):
    enable_plugin(session, forms[0], "pigeon", by=None)
    said = Said(text="The till beeps")
    ticket = open_ticket(session, forms[0], make_customer(session), subject="The till", said=said, channel="pigeon")
    session.commit()
    return ticket


@pytest.fixture
def composer(browse, session, forms, ticket):
    """`composer()` is the composer of the ticket's page as it stands now."""
    agent = make_agent(session, forms[0])
    return lambda: browse(agent).get(f"/tickets/{ticket.id}")


def said(page):
    return page.html.select_one("[data-limits]:not(option) [data-words]").text


def test_it_says_until_when_in_words_of_today_and_tomorrow(composer, clock, session, ticket):
    clock.advance(timedelta(hours=2))
    assert said(composer()).startswith("Pigeon post: 500 characters a message")
    assert said(composer()).endswith("in parts. Can be answered until 9:00\u202fAM tomorrow.")
    clock.advance(timedelta(hours=20))
    assert said(composer()).endswith("Can be answered until 9:00\u202fAM today.")
    receive_message(session, ticket, ticket.customer, said=Said(text="Still"), channel="pigeon")
    session.commit()
    assert said(composer()).endswith("Can be answered until 7:00\u202fAM tomorrow.")


def test_when_it_is_over_it_says_so_and_that_the_answer_can_go_another_way(composer, clock, session, forms, ticket):
    clock.advance(timedelta(hours=25))
    page = composer()
    assert said(page).endswith("Can no longer be answered here.") and page.html.select_one("p[data-closed]")
    page.forms["composer"]["text"] = "Too late"
    refused = page.forms["composer"].submit(status=422)
    assert "lets us answer only for 1 day" in refused.text and "Too late" in refused.text
    enable_plugin(session, forms[0], "drum", by=None)
    session.commit()
    page = composer()
    assert said(page).endswith("Can no longer be answered here: choose another channel.")
    page.forms["composer"]["channel"], page.forms["composer"]["text"] = "drum", "In time"
    page.forms["composer"].submit(status=303)


def test_a_channel_they_never_wrote_on_is_closed_among_the_others(composer, session, forms, ticket):
    enable_plugin(session, forms[0], "drum", by=None)
    ticket.channel = "drum"
    for message in ticket.messages:
        message.channel = "drum"
    session.commit()
    (option,) = composer().html.select("option[value=pigeon]")
    assert option.has_attr("data-closed") and "Can no longer be answered here" in option["data-limits"]
