"""Letters to customers who read in the portal: a link instead of the text, and no closing notice, as form and customer wish."""

from __future__ import annotations

import json
from io import BytesIO
from zipfile import ZipFile

import pytest
import sqlalchemy as sa

from plugdesk.forms.models import StatusKind
from plugdesk.plugins.switch import disable_plugin
from plugdesk.testing.browser import browser_of
from plugdesk.tickets.commands import become
from plugdesk.tickets.correspondence import Said, open_ticket, reply_to_ticket
from plugdesk.users.customers import find_or_create_customer
from plugdesk.users.joining import join_customers
from plugdesk_portal.letters import change_wish, wish_of
from plugdesk_portal.models import Read, Watch, Wish
from plugdesk_workflow.commands import ActionInput, add_action
from plugdesk_workflow.definition import Automatic, Definition, Letter, Since
from plugdesk_workflow.entering import Given
from plugdesk_workflow.running import run_action, run_by_itself
from tests.plugins.portal.conftest import words_of

SECRET = "<p>The code of the safe is 4711.</p>"


@pytest.fixture
def answer(session, agent, run_jobs, mailbox):
    """`answer(ticket)` answers, and returns the text of the letter that leaves."""

    def answer(ticket, **given):
        run_jobs()  # receipts first
        reply_to_ticket(session, ticket, agent, body=SECRET, **given)
        run_jobs()
        return mailbox.sent[-1].get_body(("plain",)).get_content()

    return answer


def choose(browser, **chosen):
    page = browser.get("/portal/profile").get_data(as_text=True)
    version = page.partition('profile/letters"')[2].partition('name="version" value="')[2].partition('"')[0]
    return browser.post("/portal/profile/letters", data={"version": version, **chosen})


def test_where_the_form_says_so_who_proved_their_address_gets_only_a_link(ann, ticket, form, session, enable, answer):
    enable("portal", answers="link")
    letter = answer(ticket)
    assert "4711" not in letter and f"https://desk.example/portal/requests/{ticket.number}" in letter and "Hello Ann" in letter
    assert "4711" in words_of(ann.get(f"/portal/requests/{ticket.number}"))
    bob = find_or_create_customer(session, channel="email", value="bob@home.example", name="Bob Stone")
    bobs = open_ticket(session, form, bob, subject="The safe", said=Said(text="How?"), channel="email")
    assert "4711" in answer(bobs), "he has never signed in"
    assert "4711" in answer(ticket, cc=["son@home.example"]), "others cannot read it in her portal"


@pytest.fixture
def act(session, admin, agent, enable, run_jobs, mailbox):
    """`act(ticket, link=True)` runs an action that writes to the customer, and returns the text of the letter that leaves."""
    workflow = enable("workflow")

    def act(ticket, *, link, by_itself=False):
        letters = (Letter(("customer",), SECRET, link=link), Letter(("address:shop@desk.example",), "<p>He was told.</p>"))
        given = ActionInput(
            "Tell them", ["new", "waiting"], definition=Definition(letters=letters, automatic=Automatic(Since.STATUS, 0))
        )
        action = add_action(workflow, given, by=admin)
        run_jobs()
        if by_itself:
            run_by_itself(workflow, ticket, action)
        else:
            run_action(workflow, ticket, action, Given(), by=agent)
        run_jobs()
        (letter,) = [each for each in mailbox.sent[-2:] if "shop@" not in each["To"]]
        return letter.get_body(("plain",)).get_content()

    return act


@pytest.mark.parametrize("by_itself", [False, True])
def test_an_action_says_for_itself_whether_its_letter_holds_the_text_or_a_link(ann, ticket, act, by_itself):
    letter = act(ticket, link=True, by_itself=by_itself)
    assert "4711" not in letter and f"https://desk.example/portal/requests/{ticket.number}" in letter
    assert "4711" in words_of(ann.get(f"/portal/requests/{ticket.number}"))
    assert "4711" in act(ticket, link=False, by_itself=by_itself)


def test_where_the_portal_is_off_or_nobody_has_proved_an_address_the_action_sends_the_text(ann, ticket, form, session, act):
    bob = find_or_create_customer(session, channel="email", value="bob@home.example", name="Bob Stone")
    assert "4711" in act(open_ticket(session, form, bob, subject="The safe", said=Said(text="How?"), channel="email"), link=True)
    disable_plugin(session, form, "portal", by=None)
    assert "4711" in act(ticket, link=True)


def test_a_customer_chooses_links_and_takes_it_back(app, ann, ticket, answer, clock):
    assert "4711" in answer(ticket)
    assert choose(ann, answers="link", closing="1").status_code == 303
    assert "4711" not in answer(ticket)
    late = ann.post("/portal/profile/letters", data={"answers": "text", "version": "0"})
    assert late.status_code == 409 and "on another page" in words_of(late)
    choose(ann, answers="text", closing="1")
    assert "4711" in answer(ticket)
    assert browser_of(app).post("/portal/profile/letters", data={"answers": "link"}).status_code == 303


def test_who_wants_no_closing_notice_gets_none(ann, ticket, session, agent, run_jobs, mailbox, answer):
    answer(ticket)
    choose(ann, answers="text")
    sent = len(mailbox.sent)
    become(session, ticket, StatusKind.RESOLVED, by=agent)
    run_jobs()
    assert len(mailbox.sent) == sent
    become(session, ticket, StatusKind.OPEN, by=agent)
    run_jobs()
    choose(ann, answers="text", closing="1")
    become(session, ticket, StatusKind.RESOLVED, by=agent)
    run_jobs()
    assert len(mailbox.sent) == sent + 1


def test_which_letters_they_want_is_in_the_copy_of_their_data(ann, ticket):
    def letters():
        answer = ann.post("/portal/profile/copy")
        packed = ZipFile(BytesIO(answer.get_data()))
        answer.close()
        with packed:
            return json.loads(packed.read("data.json"))["letters"]

    assert letters() == {"answers": "text", "closing_notices": True}
    choose(ann, answers="link")
    assert letters() == {"answers": "link", "closing_notices": False}


@pytest.fixture
def by_chat(session):
    """The card of Ann as she wrote in a messenger."""
    made = find_or_create_customer(session, channel="telegram", value="77", name="Ann C.")
    session.flush()
    return made


def test_the_wish_of_a_card_goes_along_when_it_is_put_into_another(portal, customer, by_chat, admin, session):
    change_wish(portal, by_chat, link_only=True, closing_notices=False, version=0)
    session.flush()
    joined = join_customers(session, customer, by_chat, by=admin)
    assert (wish_of(portal, joined).link_only, wish_of(portal, joined).closing_notices) == (True, False)


def test_where_both_cards_have_one_that_of_the_card_that_stays_holds(portal, customer, by_chat, admin, session):
    change_wish(portal, customer, link_only=False, closing_notices=False, version=0)
    change_wish(portal, by_chat, link_only=True, closing_notices=True, version=0)
    session.flush()
    joined = join_customers(session, customer, by_chat, by=admin)
    assert (wish_of(portal, joined).link_only, wish_of(portal, joined).closing_notices) == (False, False)
    assert session.scalar(sa.select(sa.func.count()).select_from(Wish)) == 1


def test_cards_that_watch_or_have_read_the_same_request_are_put_together(portal, ticket, form, customer, by_chat, admin, session):
    for each in (customer, by_chat):
        session.add(Watch(ticket_id=ticket.id, user_id=each.id, form_id=form.id, added=True, told=True, told_up_to=0))
        session.add(Read(ticket_id=ticket.id, user_id=each.id, form_id=form.id, message_id=1))
    session.flush()
    joined = join_customers(session, customer, by_chat, by=admin)
    assert session.scalars(sa.select(Watch.user_id)).all() == session.scalars(sa.select(Read.user_id)).all() == [joined.id]
