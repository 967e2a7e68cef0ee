"""Merging, splitting and linking by their pages: what is said beforehand, what is done, undone and refused."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.tickets.combining import link_tickets, links_of
from plugdesk.tickets.correspondence import Said, receive_message
from plugdesk.tickets.merging import merge_tickets
from plugdesk.tickets.models import Message, Ticket
from plugdesk.users.rights import RightInput, set_right
from tests.factories import make_agent, make_customer, make_ticket


@pytest.fixture
def agent(session: Session, form):
    return make_agent(session, form, name="Anna")


@pytest.fixture
def two(session: Session, form) -> tuple[Ticket, Ticket]:
    """Two tickets of Ann's."""
    ann = make_customer(session, name="Ann")
    ticket = make_ticket(session, form, ann, subject="The till beeps", text="It beeps twice.")
    again = make_ticket(session, form, ann, subject="Still beeping", text="It beeps thrice.")
    session.commit()
    return ticket, again


def form_at(page, ending: str):
    return next(each for each in page.forms.values() if each.action.endswith(ending))


def test_one_is_merged_into_another_of_the_same_customer_and_taken_out_again(browse, session: Session, two, agent) -> None:
    ticket, again = two
    browser = browse(agent)
    page = browser.get(f"/tickets/{again.id}").click("Merge into")
    assert "The till beeps" in page.html.find(id="found").text
    page = page.click("See what happens")
    said = page.html.find(id="merge").text
    assert f"Its number leads to ticket {ticket.id}" in said and "Both are of Ann" in said and "30 days" in said
    page = form_at(page, "/merging").submit(status=303).follow()
    assert page.request.path == f"/tickets/{ticket.id}" and "It beeps thrice." in page.html.find(id="thread").text
    assert f"is part of ticket {ticket.id} now" in page.html.find(id="toasts").text
    old = browser.get(f"/tickets/{again.id}", status=303).follow()
    assert old.request.path == f"/tickets/{ticket.id}" and f"{again.id} was merged into this one" in old.text
    assert f"Anna merged ticket {again.id} into it" in old.text and f"From ticket {again.id}" in old.text
    page = form_at(old, "/merging/removal").submit(status=303).follow()
    assert page.request.path == f"/tickets/{again.id}" and "It beeps thrice." in page.html.find(id="thread").text
    assert "stands on its own again" in page.text and "merging/removal" not in browser.get(f"/tickets/{ticket.id}").text


def test_the_history_and_the_links_of_the_merged_are_reached_from_the_survivor(
    browse, session: Session, form, two, agent
) -> None:
    ticket, again = two
    cause = make_ticket(session, form, subject="The power fails")
    link_tickets(session, again, cause, agent, kind="caused_by")
    merge_tickets(session, again, ticket, agent)
    session.commit()
    browser = browse(agent)
    page = browser.get(f"/tickets/{ticket.id}")
    assert "The power fails" in page.html.find(id="panel-links").text
    form_at(page, f"/links/{cause.id}/removal").submit(status=303)
    assert browser.get(f"/tickets/{ticket.id}").html.find(id="panel-links") is None
    own = page.click(f"Anna merged ticket {again.id} into it")
    assert own.request.path == f"/tickets/{again.id}" and "Anna linked it" in own.html.find(id="thread").text
    back = own.click(f"Go on in ticket {ticket.id}")
    assert back.request.path == f"/tickets/{ticket.id}"


def test_of_different_customers_the_page_says_who_reads_what(browse, session: Session, form, two, agent) -> None:
    his = make_ticket(session, form, make_customer(session, name="Bob"), subject="An umbrella")
    session.commit()
    page = browse(agent).get(f"/tickets/{two[0].id}/merging?q=umbrellas").click("See what happens")
    said = page.html.find(id="merge").text
    assert f"ticket {his.id}" in said and "Answers go to Bob alone; Ann gets none" in said


@pytest.mark.parametrize("wanted", ["999999", "", "nine"])
def test_a_number_that_is_no_tickets_is_refused(browse, session: Session, two, agent, wanted) -> None:
    page = form_at(browse(agent).get(f"/tickets/{two[1].id}/merging?into={two[0].id}"), "/merging")
    page["into"].force_value(wanted)
    assert "There is no such ticket" in page.submit(status=422).text


def test_what_was_typed_on_a_ticket_that_is_merged_meanwhile_lands_in_the_survivor(browse, session: Session, two, agent) -> None:
    ticket, again = two
    composer = browse(agent).get(f"/tickets/{again.id}").forms["composer"]
    merge_tickets(session, again, ticket, agent)
    session.commit()
    composer["text"] = "Restart it."
    landed = composer.submit(status=303).follow()
    assert landed.request.path == f"/tickets/{ticket.id}" and "Restart it." in landed.html.find(id="thread").text


def test_what_was_typed_to_one_customer_is_not_sent_to_another(browse, session: Session, form, two, agent) -> None:
    his = make_ticket(session, form, make_customer(session, name="Bob"), subject="An umbrella")
    session.commit()
    composer = browse(agent).get(f"/tickets/{two[1].id}").forms["composer"]
    merge_tickets(session, two[1], his, agent)
    session.commit()
    composer["text"] = "Dear Ann, here is your key."
    back = composer.submit(status=409)
    assert (
        "you wrote to Ann" in back.text
        and "goes to Bob" in back.text
        and "here is your key." in back.forms["composer"]["text"].value
    )
    sent = sa.select(Message).where(Message.direction == "outgoing")
    assert session.scalars(sent).all() == []


def test_chosen_messages_become_a_ticket_of_their_own(browse, session: Session, two, agent) -> None:
    ticket = two[0]
    receive_message(session, ticket, ticket.customer, said=Said("An invoice is missing."), channel="email")
    session.commit()
    browser = browse(agent)
    page = form_at(browser.get(f"/tickets/{ticket.id}").click("Split…"), "/splitting")
    page["subject"] = "The invoice"
    refused = form_at(page.submit(status=422), "/splitting")
    assert refused["subject"].value == "The invoice"
    refused.fields["message"][1].checked = True
    fresh = refused.submit(status=303).follow()
    assert "The invoice" in fresh.html.h1.text and "An invoice is missing." in fresh.html.find(id="thread").text
    assert f"Anna split it off ticket {ticket.id}" in fresh.text
    assert "Split off" in fresh.html.find(id="panel-links").text
    assert "An invoice is missing." not in browser.get(f"/tickets/{ticket.id}").html.find(id="thread").text


def test_what_was_chosen_stays_when_somebody_else_was_quicker(browse, session: Session, two, agent) -> None:
    ticket = two[0]
    receive_message(session, ticket, ticket.customer, said=Said("An invoice is missing."), channel="email")
    session.commit()
    page = form_at(browse(agent).get(f"/tickets/{ticket.id}/splitting"), "/splitting")
    page["subject"], page.fields["message"][1].checked = "The invoice", True

    def meanwhile(connection, _cursor, statement, *_about) -> None:
        if "ticket.version \nFROM ticket" in statement:
            connection.exec_driver_sql(f"UPDATE ticket SET version = version + 1 WHERE id = {number}")

    number = ticket.id
    sa.event.listen(sa.engine.Engine, "before_cursor_execute", meanwhile)
    try:
        back = form_at(page.submit(status=409), "/splitting")
    finally:
        sa.event.remove(sa.engine.Engine, "before_cursor_execute", meanwhile)
    assert (back["subject"].value, back.fields["message"][1].checked) == ("The invoice", True)
    assert "Somebody else has just changed" in back.response.text


def test_tickets_are_linked_and_unlinked(browse, session: Session, two, agent) -> None:
    ticket, again = two
    browser = browse(agent)
    page = form_at(browser.get(f"/tickets/{again.id}").click("Link with", index=0), "/links")
    page["kind"], page.fields["other"][0].value = "caused_by", str(ticket.id)
    linked = page.submit(status=303).follow()
    assert "Caused by" in linked.html.find(id="panel-links").text and "The till beeps" in linked.html.find(id="panel-links").text
    assert "The cause of" in browser.get(f"/tickets/{ticket.id}").html.find(id="panel-links").text
    form_at(linked, f"/links/{ticket.id}/removal").submit(status=303)
    session.expire_all()
    assert links_of(session, ticket, agent) == []
    assert "Anna removed the link" in browser.get(f"/tickets/{ticket.id}").text


def test_who_may_not_merge_sees_nothing_of_it(browse, session: Session, form, two, agent) -> None:
    set_right(session, form, agent, RightInput(actions=["reply"]), by=None)
    session.commit()
    browser = browse(agent)
    page = browser.get(f"/tickets/{two[0].id}")
    assert "Merge into" not in page.text and "panel-links" not in page.text and "Split…" not in page.text
    for path in ("merging", "splitting", "links"):
        browser.get(f"/tickets/{two[0].id}/{path}", status=403)
