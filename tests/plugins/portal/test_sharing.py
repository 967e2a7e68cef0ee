"""Which organizations share their requests: all, none, or those of which something is said, on every way to a request alike."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.errors import Conflict, Invalid
from plugdesk.events import Event
from plugdesk.testing.browser import browser_of
from plugdesk.tickets.correspondence import Said, open_ticket, reply_to_ticket
from plugdesk.tickets.models import Ticket
from plugdesk.users.customers import add_organization, change_customer, find_or_create_customer
from plugdesk.users.joining import join_customers
from plugdesk_portal.colleagues import may_read, of_colleagues, shares, sharing_forms
from plugdesk_portal.models import Sharing
from plugdesk_portal.sharing import PAGE, of_customer, say, say_nothing, say_otherwise, word_here, words_here
from plugdesk_portal.watching import watch
from tests.factories import make_agent
from tests.plugins.portal.conftest import words_of

HOME = "/forms/support/x/portal/organizations"


def signed_in(app, person):
    browser = browser_of(app)
    browser.sign_in(person)
    return browser


@pytest.fixture
def editor(app, portal, session, form):
    """The browser of who configures Support."""
    petra = make_agent(session, form, name="Petra Simon", email="petra@desk.example", is_admin=True)
    session.commit()
    return signed_in(app, petra)


@pytest.fixture
def others(session, form, admin):
    """The request of Eve, of another organization than Ann and Bob."""
    eve = find_or_create_customer(session, channel="email", value="eve@moor.example", name="Eve Moor")
    eve.organization = add_organization(session, name="Moor & Sons", by=admin)
    ticket = open_ticket(session, form, eve, subject="Eves own affair", said=Said(text="Private."), channel="email")
    fred = find_or_create_customer(session, channel="email", value="fred@moor.example", name="Fred Moor")
    fred.organization = eve.organization
    session.commit()
    return ticket, fred


def reads(portal, session, reader, ticket):
    """Whether they read it, by the question and by its twin."""
    twin = ticket.id in set(session.scalars(sa.select(Ticket.id).where(of_colleagues(portal, reader))))
    assert twin == may_read(portal, reader, ticket)
    return twin


def test_a_word_about_one_organization_goes_before_what_holds_for_all(
    enable, portal, bobs, others, customer, form, admin, session
):
    eves, fred = others
    assert not reads(portal, session, customer, bobs) and not reads(portal, session, fred, eves)
    say(portal, form, "Stone Works", shares=True, by=admin)
    session.flush()
    assert reads(portal, session, customer, bobs) and not reads(portal, session, fred, eves), "none but one"
    ctx = enable("portal", colleagues=True)
    word = word_here(ctx, form, customer.organization_id)
    assert reads(ctx, session, customer, bobs) and reads(ctx, session, fred, eves), "all"
    say_otherwise(ctx, form, word, shares=False, by=admin)
    session.flush()
    assert not reads(ctx, session, customer, bobs) and reads(ctx, session, fred, eves), "all but one"
    assert not reads(ctx, session, fred, bobs) and not reads(ctx, session, customer, eves), "never another's"
    enable("portal", colleagues=False)
    assert not reads(ctx, session, customer, bobs), "what was said of one stays when it is changed for all"
    enable("portal", colleagues=True)
    say_nothing(ctx, form, word, by=admin)
    session.flush()
    assert reads(ctx, session, customer, bobs)


def test_the_question_about_a_form_agrees_with_its_twin(enable, portal, bobs, others, customer, form, other_form, admin, session):
    ctx = enable("portal", colleagues=True)
    enable("portal", on=other_form)
    say(ctx, form, "Stone Works", shares=False, by=admin)
    say(ctx, other_form, "stone works", shares=True, by=admin)
    session.flush()
    for organization in (customer.organization, others[1].organization):
        twin = [each.id for each in sharing_forms(ctx, organization.id)]
        assert twin == [each.id for each in (form, other_form) if shares(ctx, each, organization.id)]
    assert [each.id for each in sharing_forms(ctx, customer.organization_id)] == [other_form.id]


def test_taken_back_every_way_to_the_request_is_shut(ann, shared, bobs, customer, form, agent, admin, session, mailbox, run_jobs):
    page, file = f"/portal/requests/{bobs.number}", f"/portal/files/{bobs.messages[0].attachments[0].key}"
    watch(shared, customer, bobs)
    session.commit()
    assert ann.get(page).status_code == ann.get(file).status_code == 200
    say(shared, form, "Stone Works", shares=False, by=admin)
    session.commit()
    assert ann.get(page).status_code == ann.get(file).status_code == 404
    assert ann.post(f"{page}/watching").status_code == 404
    listed = words_of(ann.get("/portal/?whose=organization"))
    assert "The tap drips" not in listed and "Of my organization" not in listed
    sent = len(mailbox.sent)
    reply_to_ticket(session, bobs, agent, body="<p>On Friday.</p>")
    session.commit()
    run_jobs()
    assert not [letter for letter in mailbox.sent[sent:] if "ann@" in letter["To"]], "who may not read is told nothing"


def test_who_leaves_for_another_organization_reads_what_is_shared_there(
    ann, portal, bobs, others, customer, form, admin, session
):
    eves, _fred = others
    say(portal, form, "Moor & Sons", shares=True, by=admin)
    session.commit()
    assert ann.get(f"/portal/requests/{bobs.number}").status_code == 404
    customer.organization = eves.customer.organization
    session.commit()
    assert ann.get(f"/portal/requests/{eves.number}").status_code == 200
    assert ann.get(f"/portal/requests/{bobs.number}").status_code == 404
    customer.organization = None
    session.commit()
    assert ann.get(f"/portal/requests/{eves.number}").status_code == 404


def test_what_was_asked_at_another_organization_is_not_read_at_the_next(
    shared, bobs, others, customer, clock, form, admin, session
):
    eves, _fred = others
    eve = eves.customer
    assert not reads(shared, session, customer, eves)
    change_customer(session, eve, {"organization_id": customer.organization_id}, by=admin)
    assert not reads(shared, session, customer, eves), "it was asked elsewhere"
    clock.advance(minutes=1)
    fresh = open_ticket(session, form, eve, subject="Ours drips", said=Said(text="Please."), channel="email")
    assert reads(shared, session, customer, fresh)
    change_customer(session, eve, {"organization_id": None}, by=admin)
    clock.advance(minutes=1)
    change_customer(session, eve, {"organization_id": customer.organization_id}, by=admin)
    assert not reads(shared, session, customer, fresh), "who was away does not bring along what was asked before"


def test_who_is_given_an_organization_for_the_first_time_brings_along_what_they_asked(shared, customer, form, admin, session):
    carl = find_or_create_customer(session, channel="email", value="carl@home.example", name="Carl Stone")
    early = open_ticket(session, form, carl, subject="My first", said=Said(text="Please."), channel="email")
    assert not reads(shared, session, customer, early)
    change_customer(session, carl, {"organization_id": customer.organization_id}, by=admin)
    assert reads(shared, session, customer, early)


def test_who_turns_out_to_be_somebody_of_another_organization_brings_nothing_along(
    shared, bobs, others, customer, clock, form, admin, session
):
    eves, _fred = others
    clock.advance(minutes=1)
    bob = join_customers(session, bobs.customer, eves.customer, by=admin)
    assert not reads(shared, session, customer, eves)
    clock.advance(minutes=1)
    assert reads(shared, session, customer, open_ticket(session, form, bob, subject="Next", said=Said(text="?"), channel="email"))


def test_a_form_admin_says_it_on_a_page_and_reads_it_in_the_journal(editor, portal, bobs, session, form):
    assert "Nothing is said of single organizations" in words_of(editor.get(HOME))
    assert editor.post(HOME, data={"organization": " stone WORKS ", "shares": "1"}).status_code == 303
    listed = words_of(editor.get(HOME))
    assert "Stone Works shared" in listed and "holds for no organization but those below" in listed
    number = bobs.customer.organization_id
    assert editor.post(f"{HOME}/{number}", data={"shares": ""}).status_code == 303
    session.expire_all()
    assert not word_here(portal, form, number).shares
    assert editor.post(f"{HOME}/{number}/removal").status_code == 303
    assert session.scalars(sa.select(Sharing)).all() == []
    assert editor.post(f"{HOME}/{number}", data={"shares": "1"}).status_code == 404
    said = session.scalars(
        sa.select(Event.data["said"].as_string()).where(Event.kind == "organization_sharing").order_by(Event.id)
    ).all()
    assert len(said) == 3 and said[0] == "The people of Stone Works read each other's requests on Support"


def test_what_cannot_be_said_keeps_what_was_typed(editor, portal, bobs, others, form, admin, session):
    answer = editor.post(HOME, data={"organization": "Nobody Ltd", "shares": "1"})
    assert answer.status_code == 422 and 'value="Nobody Ltd"' in answer.get_data(as_text=True)
    assert "Write the name of an organization you work with." in words_of(answer)
    say(portal, form, "Stone Works", shares=True, by=admin)
    session.commit()
    again = editor.post(HOME, data={"organization": "Stone Works", "shares": "0"})
    assert again.status_code == 409 and "Something is said about Stone Works already" in words_of(again)
    with pytest.raises(Invalid):
        say(portal, form, "  ", shares=True, by=admin)
    with pytest.raises(Conflict):
        say(portal, form, "STONE works", shares=False, by=admin)


@pytest.mark.both_databases
def test_a_name_no_database_can_hold_is_one_nobody_has(editor):
    assert editor.post(HOME, data={"organization": "Nobody\0 Ltd", "shares": "1"}).status_code == 422


def test_organizations_of_other_forms_are_not_known_to_a_forms_admin(portal, other_form, form, admin, session):
    elsewhere = find_or_create_customer(session, channel="email", value="ida@far.example", name="Ida Far")
    elsewhere.organization = add_organization(session, name="Far Away", by=admin)
    open_ticket(session, other_form, elsewhere, subject="Far", said=Said(text="Far"), channel="email")
    petra = make_agent(session, form, name="Petra Simon", email="petra@desk.example", is_admin=True)
    session.flush()
    with pytest.raises(Invalid):
        say(portal, form, "Far Away", shares=True, by=petra)
    assert say(portal, form, "Far Away", shares=True, by=admin).name == "Far Away"


def test_many_words_are_paged_by_name(portal, form, admin, session):
    for number in range(PAGE + 3):
        add_organization(session, name=f"Works {number:03}", by=admin)
        say(portal, form, f"Works {number:03}", shares=True, by=admin)
    session.flush()
    first = words_here(portal, form)
    rest = words_here(portal, form, first.after)
    assert [row.organization.name for row in (*first.rows, *rest.rows)] == [f"Works {number:03}" for number in range(PAGE + 3)]
    assert rest.after is None


def test_the_customers_card_says_on_which_forms(app, portal, bobs, customer, form, agent, admin, session):
    say(portal, form, "Stone Works", shares=True, by=admin)
    session.commit()
    of_agent = words_of(signed_in(app, agent).get(f"/customers/{bobs.customer_id}"))
    assert "Support : the people of Stone Works read each other's requests" in of_agent
    of_admin = signed_in(app, admin).get(f"/customers/{bobs.customer_id}").get_data(as_text=True)
    assert f'href="{HOME}"' in of_admin and "Change" not in of_agent
    customer.organization = None
    session.flush()
    session.expire(customer, ["organization"])
    assert of_customer(portal, customer, agent) is None
