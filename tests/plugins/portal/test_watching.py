"""Colleagues who watch a request: told of answers and of closing by letters without a word of anybody's, for as long as they may read it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from plugdesk.testing.browser import browser_of
from plugdesk.tickets.bin import delete_ticket
from plugdesk.tickets.commands import change_status
from plugdesk.tickets.correspondence import Said, add_note, open_ticket, reply_to_ticket
from plugdesk.tickets.editing import withdraw_reply
from plugdesk.tickets.models import Message, Ticket
from plugdesk.users.customers import add_organization, find_or_create_customer
from plugdesk_portal.colleagues import may_read, of_colleagues
from plugdesk_portal.letters import change_wish
from plugdesk_portal.models import Watch
from tests.plugins.portal.conftest import words_of

ANN, BOB = "ann@home.example", "bob@home.example"


@pytest.fixture
def bob(session, customer, admin):
    """A colleague of Ann's, who has asked nothing himself."""
    bob = find_or_create_customer(session, channel="email", value=BOB, name="Bob Stone")
    bob.organization = customer.organization = add_organization(session, name="Stone Works", by=admin)
    session.commit()
    return bob


@pytest.fixture
def let_in(ann, bob, ticket):
    """Ann lets a colleague read her request; Bob, if nothing else is said."""
    return lambda address=BOB: ann.post(f"/portal/requests/{ticket.number}/colleagues", data={"colleague": address})


@pytest.fixture
def told(mailbox, run_jobs, clock):
    """The letters to an address since it was asked last, once all that is due has been done."""
    seen: dict[str, int] = {}

    def told(address=BOB):
        for _again in range(4):
            run_jobs()
            clock.advance(minutes=2)
        found = [letter for letter in mailbox.sent if address in letter["To"]]
        new = found[seen.get(address, 0) :]
        seen[address] = len(found)
        return [(letter["Subject"], letter.get_body(("plain",)).get_content()) for letter in new]

    return told


def test_who_is_let_in_reads_that_request_alone_and_is_told_of_answers_without_their_words(
    app, ann, bob, let_in, told, sign_in, ticket, form, customer, agent, session
):
    open_ticket(session, form, customer, subject="Another of hers", said=Said(text="Secret."), channel="email")
    assert let_in().status_code == 303 and "Bob Stone" in words_of(ann.get(f"/portal/requests/{ticket.number}"))
    told()
    add_note(session, ticket, agent, body="<p>They never pay.</p>")
    reply_to_ticket(session, ticket, agent, body="<p>We come on Friday.</p>")
    session.commit()
    ((subject, text),) = told()
    assert subject == f"An answer to request {ticket.number}" and f"/portal/requests/{ticket.number}" in text
    for word in ("Friday", "never pay", ticket.subject, customer.name, ANN):
        assert word not in text
    browser = sign_in(browser_of(app), BOB)
    assert ticket.subject in (listed := words_of(browser.get("/portal/?whose=organization"))) and "Another of hers" not in listed
    shown = words_of(browser.get(f"/portal/requests/{ticket.number}"))
    assert "We come on Friday." in shown and "They never pay" not in shown and "Your answer" not in shown
    assert browser.post(f"/portal/requests/{ticket.number}/replies", data={"text": "Hi"}).status_code == 404


def test_they_switch_it_off_and_on_and_go_on_reading(app, bob, let_in, told, sign_in, ticket, agent, session):
    let_in()
    browser, page = sign_in(browser_of(app), BOB), f"/portal/requests/{ticket.number}"
    told()
    assert browser.post(f"{page}/watching/end").status_code == 303 and "Stop watching" not in words_of(browser.get(page))
    reply_to_ticket(session, ticket, agent, body="<p>One.</p>")
    session.commit()
    assert told() == []
    assert browser.post(f"{page}/watching").status_code == 303 and "Stop watching" in words_of(browser.get(page))
    reply_to_ticket(session, ticket, agent, body="<p>Two.</p>")
    session.commit()
    assert len(told()) == 1


def test_where_the_form_shares_requests_a_colleague_watches_by_themselves(
    app, enable, portal, ann, bob, told, sign_in, ticket, agent, session
):
    enable("portal", colleagues=True)
    session.commit()
    browser, page = sign_in(browser_of(app), BOB), f"/portal/requests/{ticket.number}"
    assert browser.post(f"{page}/watching").status_code == 303
    told()
    reply_to_ticket(session, ticket, agent, body="<p>One.</p>")
    session.commit()
    assert len(told()) == 1
    browser.post(f"{page}/watching/end")
    assert session.scalar(sa.select(sa.func.count()).select_from(Watch)) == 0
    browser.post(f"{page}/watching")
    enable("portal", colleagues=False)
    reply_to_ticket(session, ticket, agent, body="<p>Two.</p>")
    session.commit()
    assert told() == [], "the form shares no more"


@pytest.mark.parametrize("gone", ["left", "shut out", "binned", "deactivated"])
def test_who_may_not_read_any_more_is_told_nothing(ann, bob, let_in, told, ticket, agent, admin, session, gone):
    let_in()
    told()
    if gone == "shut out":
        assert ann.post(f"/portal/requests/{ticket.number}/colleagues/{bob.id}/removal").status_code == 303
    reply_to_ticket(session, ticket, agent, body="<p>One.</p>")
    if gone == "left":
        bob.organization = None
    elif gone == "deactivated":
        bob.active = False
    elif gone == "binned":
        delete_ticket(session, ticket, admin)
    session.commit()
    assert told() == []


def test_who_is_no_longer_of_the_organization_is_not_said_to_read_it(ann, bob, let_in, ticket, session):
    let_in()
    page = f"/portal/requests/{ticket.number}"
    assert "reads it no more" not in words_of(ann.get(page))
    bob.organization = None
    session.commit()
    assert "Bob Stone reads it no more" in words_of(ann.get(page))


def test_an_answer_taken_back_before_it_left_is_none(bob, let_in, told, ticket, agent, session):
    let_in()
    told()
    reply = reply_to_ticket(session, ticket, agent, body="<p>One.</p>")
    session.commit()
    withdraw_reply(session, reply, agent)
    session.commit()
    assert told() == []


def test_an_answer_that_waits_for_its_mailbox_is_told_once_it_has_left(bob, let_in, told, ticket, agent, session):
    let_in()
    told()
    reply = reply_to_ticket(session, ticket, agent, body="<p>One.</p>", undo=timedelta(minutes=3))
    session.commit()
    first = told()
    assert first == [] or session.get(Message, reply.id).delivery == "sent"
    assert len(first + told()) == 1


def test_closing_is_told_to_who_wants_it_and_not_where_it_is_quiet(bob, let_in, told, ticket, form, agent, portal, session):
    let_in()
    told()
    change_status(session, ticket, form.status("done"), by=agent)
    session.commit()
    assert [subject for subject, _text in told()] == [f"Request {ticket.number} is closed"]
    change_status(session, ticket, form.status("in_progress"), by=agent)
    change_status(session, ticket, form.status("done"), by=agent, quietly=True)
    session.commit()
    assert told() == []
    change_wish(portal, bob, link_only=False, closing_notices=False, version=0)
    change_status(session, ticket, form.status("in_progress"), by=agent)
    change_status(session, ticket, form.status("done"), by=agent)
    session.commit()
    assert told() == []


@pytest.mark.parametrize("address", ["", "no address", "eve@home.example", "ivan@desk.example", ANN])
def test_only_a_colleague_can_be_let_in_and_what_was_typed_is_kept(ann, bob, let_in, ticket, session, address):
    find_or_create_customer(session, channel="email", value="eve@home.example", name="Eve Moor")
    session.commit()
    refused = let_in(address)
    assert refused.status_code == 422 and f'value="{address}"' in refused.get_data(as_text=True)
    assert session.scalar(sa.select(sa.func.count()).select_from(Watch)) == 0


def test_who_has_no_organization_is_not_asked_for_colleagues(ann, ticket):
    assert "Who is told" not in words_of(ann.get(f"/portal/requests/{ticket.number}"))
    assert ann.post(f"/portal/requests/{ticket.number}/colleagues", data={"colleague": BOB}).status_code == 422


def test_the_question_and_its_twin_in_sql_agree_about_who_was_let_in(portal, bob, let_in, ticket, customer, form, session):
    other = open_ticket(session, form, customer, subject="Not shared", said=Said(text="Hello"), channel="email")
    let_in()
    session.expire_all()
    twin = set(session.scalars(sa.select(Ticket.id).where(of_colleagues(portal, bob))))
    assert twin == {each.id for each in (ticket, other) if may_read(portal, bob, each)} == {ticket.id}
    assert session.scalar(sa.select(sa.func.count()).select_from(Message)) >= 2
