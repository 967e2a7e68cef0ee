"""A double press, a browser that repeats a POST, a page gone back to, two tabs: what was asked for happens once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from plugdesk.app import create_app
from plugdesk.clock import MovableClock
from plugdesk.forms.models import Form
from plugdesk.tickets.models import Message, Ticket
from tests.factories import make_customer, make_ticket
from tests.support.company import AGENT, Company
from tests.support.desk import MONDAY_MORNING
from tests.support.served import Visitor

pytestmark = pytest.mark.both_databases


@dataclass
class Press:
    """A form on a page, filled in; what it makes is counted by its `words`."""

    path: str
    action: str
    values: dict[str, str]
    words: str = "Said once."


PRESSES = {
    "a reply": Press("/tickets/1", "/replies", {"text": "Said once."}),
    "a note": Press("/tickets/1", "/notes", {"text": "Said once."}),
    "a forwarding": Press("/messages/1/forwardings/new", "/forwardings", {"to": "bob@example.com", "comment": "Said once."}),
    "a ticket": Press(
        "/tickets/new", "/tickets", {"form": "support", "customer": "bob@example.com", "subject": "Once", "text": "Said once."}
    ),
}


@pytest.fixture
def served(make_company: Callable[..., Company], serve: Callable[[Any], str]) -> tuple[Company, Visitor]:
    """A desk with one ticket of Ann, served by threads, and Ivan's browser."""
    company = make_company(clock=MovableClock(MONDAY_MORNING))
    with company.runtime.database.write() as session:
        make_ticket(
            session,
            session.scalars(sa.select(Form).where(Form.slug == "support")).one(),
            make_customer(session, email="ann@example.com"),
        )
    ivan = Visitor(serve(create_app(company.runtime)))
    ivan.sign_in(AGENT)
    return company, ivan


def made(company: Company, press: Press) -> int:
    with company.runtime.database.read() as session:
        said = sa.select(sa.func.count()).select_from(Message).where(Message.text.startswith(press.words))
        return session.scalar(said) or 0


@pytest.mark.parametrize("press", PRESSES.values(), ids=list(PRESSES))
def test_sent_again_it_happens_once_and_leads_to_the_same_place(served: tuple[Company, Visitor], press: Press) -> None:
    company, ivan = served
    page = ivan.get(press.path)
    first = ivan.send(page, press.action, press.values)
    again = ivan.send(page, press.action, press.values)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.url == again.url
    assert made(company, press) == 1


@pytest.mark.parametrize("press", PRESSES.values(), ids=list(PRESSES))
def test_pressed_six_times_at_once_it_happens_once(served: tuple[Company, Visitor], press: Press) -> None:
    company, ivan = served
    page = ivan.get(press.path)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: ivan.send(page, press.action, press.values), range(6)))
    assert [answer.status_code for answer in answers] == [200] * 6
    assert len({answer.url.path for answer in answers}) == 1
    assert made(company, press) == 1
    with company.runtime.database.read() as session:
        assert session.scalar(sa.select(sa.func.count(Ticket.id))) == (2 if press.action == "/tickets" else 1)


def test_two_tabs_are_two_replies(served: tuple[Company, Visitor]) -> None:
    company, ivan = served
    tabs = [ivan.get("/tickets/1"), ivan.get("/tickets/1")]
    for number, tab in enumerate(tabs):
        ivan.submit(tab, "/replies", {"text": f"Said once. In tab {number}."})
    assert made(company, PRESSES["a reply"]) == 2


def test_a_reply_taken_back_can_be_sent_again(served: tuple[Company, Visitor]) -> None:
    """The page one goes back to is still the old one, whose form was used."""
    company, ivan = served
    page = ivan.submit(ivan.get("/tickets/1"), "/replies", {"text": "Said once."})
    page = ivan.submit(page, "/withdrawal")
    assert made(company, PRESSES["a reply"]) == 0
    ivan.submit(page, "/replies", {"text": "Said once."})
    assert made(company, PRESSES["a reply"]) == 1
