"""When a customer is not asked for a rating, in which words they are, and what an agent can do about it."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from plugdesk.api import Invalid
from plugdesk.errors import Conflict
from plugdesk.forms.models import Field, Form
from plugdesk.naming import places_naming
from plugdesk.plugins.switch import save_plugin_settings
from plugdesk.tags.commands import add_tag, change_tags
from plugdesk.tags.facts import TICKET_TAG
from plugdesk.testing.browser import browser_of
from plugdesk.tickets.commands import set_fields
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import User
from plugdesk_csat.asking import ask_by_hand
from plugdesk_csat.commands import save_asking
from plugdesk_csat.models import Asking, Invitation, Withheld
from tests.plugins.csat.test_rating import ADDRESS, close, links, notice, page_of, ratings, write
from tests.support.company import AGENT, FORM_ADMIN
from tests.support.pages import differences

NOT_URGENT = {"all": [{"fact": "field.priority", "in": ["high", "normal"]}]}


def support(session):
    return session.scalars(sa.select(Form).where(Form.slug == "support")).one()


def person(session, email):
    return session.scalars(sa.select(User).where(User.email == email)).one()


def here(company, session):
    return company.runtime.context("csat", support(session), session)


def set_condition(company, condition, **texts):
    with company.runtime.database.write() as session:
        ctx = here(company, session)
        save_asking(ctx, not_when=condition, texts=texts, by=person(session, FORM_ADMIN), version=0)


def settings(company, **values):
    with company.runtime.database.write() as session:
        save_plugin_settings(session, support(session), "csat", values, 0, None)


def with_priority(company, code):
    with company.runtime.database.write() as session:
        set_fields(session, session.get_one(Ticket, 1), {"priority": code}, by=person(session, AGENT))


def is_asked(company):
    return "/p/support/csat/" in notice(company)


def browser(company, email=None):
    from plugdesk.app import create_app

    made = browser_of(create_app(company.runtime))
    if email:
        with company.runtime.database.read() as session:
            made.sign_in(person(session, email))
    return made


def panel(company, email=FORM_ADMIN):
    return browser(company, email).get("/tickets/1").get_data(as_text=True)


@pytest.mark.parametrize(("priority", "asked"), [("high", False), ("normal", False), ("low", True)])
def test_a_condition_over_a_choice_field_leaves_the_paragraph_out_and_the_ticket_says_why(company, priority, asked):
    set_condition(company, NOT_URGENT)
    write(company)
    with_priority(company, priority)
    close(company)
    assert is_asked(company) is asked
    assert ("How did we do?" in notice(company)) is asked
    assert ("Not asked: Priority is one of" in panel(company)) is not asked


@pytest.mark.parametrize(
    "condition",
    [
        {"all": [{"fact": "ticket.channel", "is": "email"}]},
        {"all": [{"fact": "customer.address", "contains": "@example.com"}]},
        {"any": [{"fact": "ticket.tags", "in": ["recall"]}, {"fact": "ticket.status", "is": "done"}]},
    ],
)
def test_channel_customer_tag_and_status_can_be_asked_for_too(company, condition):
    write(company)
    with company.runtime.database.write() as session:
        ticket = session.get_one(Ticket, 1)
        tag = add_tag(session, name="Recall", by=None)
        change_tags(session, ticket, add=[tag], by=None)
        text = json.dumps(condition).replace("ticket.tags", TICKET_TAG).replace('"recall"', f'"{tag.code}"')
    set_condition(company, json.loads(text))
    close(company)
    assert not is_asked(company)


def test_whoever_was_asked_lately_is_not_asked_again_until_the_days_are_over(company):
    settings(company, quiet_days=10)
    write(company)
    close(company)
    assert is_asked(company)
    for days, asked in ((2, False), (11, True)):
        company.later(days=days)
        write(company, f"Still, {days}.", In_Reply_To=company.letters(ADDRESS)[-1]["Message-ID"])
        close(company)
        assert is_asked(company) is asked
    assert "asked in the last 10 days" in panel(company)


def test_a_ticket_an_agent_opened_is_left_out_where_that_is_wanted(company):
    settings(company, skip_opened_by_agent=True)
    write(company)
    with company.runtime.database.write() as session:
        session.get_one(Ticket, 1).opened_by_id = person(session, AGENT).id
    close(company)
    assert not is_asked(company)
    assert "an agent opened the ticket" in panel(company)


def test_programs_are_not_asked_and_merged_tickets_where_that_is_wanted(company):
    settings(company, skip_merged=True)
    write(company)
    with company.runtime.database.write() as session:
        ticket = session.get_one(Ticket, 1)
        ticket.messages[0].kind = "bulk"
    close(company)
    with company.runtime.database.read() as session:
        assert session.scalars(sa.select(Withheld.why)).all() == ["by_program"]


def test_a_fact_that_is_gone_never_holds_and_its_page_says_so(company):
    set_condition(company, {"all": [{"fact": "field.priority", "is": "high"}]})
    write(company)
    with_priority(company, "high")
    with company.runtime.database.write() as session:
        session.delete(
            session.scalars(sa.select(Field).where(Field.code == "priority", Field.form_id == support(session).id)).one()
        )
    close(company)
    assert is_asked(company)
    assert "no longer there" in browser(company, FORM_ADMIN).get("/forms/support/x/csat/").get_data(as_text=True)


def test_before_a_field_is_deleted_the_condition_that_asks_for_it_is_named(company):
    set_condition(company, NOT_URGENT)
    with company.runtime.database.read() as session:
        named = places_naming(session, support(session).field("priority"))
        assert [(each.title, each.place.url) for each in named] == [("Service rating", "/forms/support/x/csat/")]
    page = browser(company, FORM_ADMIN).get("/forms/support/fields?open=priority").get_data(as_text=True)
    assert "/forms/support/x/csat/" in page


def test_a_form_without_a_choice_field_offers_priority_in_one_press(company):
    with company.runtime.database.write() as session:
        for field in support(session).fields:
            session.delete(field)
    petra = browser(company, FORM_ADMIN)
    assert "Spam is whatever you close as such" in petra.get("/forms/support/x/csat/").get_data(as_text=True)
    assert "has no choice field" in petra.get("/forms/support/x/csat/").get_data(as_text=True)
    for _ in range(2):
        assert petra.post("/forms/support/x/csat/priority").status_code == 303
    with company.runtime.database.read() as session:
        assert [field.code for field in support(session).fields] == ["priority"]
    assert "has no choice field" not in petra.get("/forms/support/x/csat/").get_data(as_text=True)


def test_the_page_keeps_what_was_typed_when_somebody_else_was_faster(company):
    petra = browser(company, FORM_ADMIN)
    typed = {
        "version": "0", "not_when-0-join": "all", "not_when-row": "0.0", "not_when-0.0-fact": "field.priority",
        "not_when-0.0-operator": "is", "not_when-0.0-value": "high", "invitation-en": "Was it <good>?",
    }  # fmt: skip
    assert petra.post("/forms/support/x/csat/", data=typed).status_code == 303
    answer = petra.post("/forms/support/x/csat/", data={**typed, "invitation-en": "And now?", "not_when-0.0-value": "low"})
    assert answer.status_code == 409
    assert differences(answer.get_data(as_text=True)) == {
        "Do not ask when": ("Priority is Low", "Priority is High"),
        "Invitation, above the faces (English)": ("And now?", "Was it <good>?"),
    }
    wrong = petra.post("/forms/support/x/csat/", data={**typed, "version": "1", "not_when-0.0-value": "gone"})
    assert wrong.status_code == 422
    with company.runtime.database.read() as session:
        assert session.get_one(Asking, 1).not_when == {"all": [{"fact": "field.priority", "is": "high"}]}


def test_the_words_are_those_of_the_customers_language(company):
    set_condition(company, None, ru={"invitation": "Как мы справились?"}, en={"invitation": "Well, how was it?"})
    write(company)
    with company.runtime.database.write() as session:
        session.get_one(Ticket, 1).customer.language = "ru"
    close(company)
    assert "Как мы справились?" in notice(company)
    assert "Как мы справились?" in browser(company).get(page_of(company)).get_data(as_text=True)


def test_an_agent_asks_whatever_the_condition_says_and_once_more_and_both_links_are_good(company):
    set_condition(company, NOT_URGENT)
    write(company)
    with_priority(company, "high")
    close(company)
    ivan, pages = browser(company, AGENT), []
    assert "Ask for a rating" in ivan.get("/tickets/1").get_data(as_text=True)
    for _ in range(2):
        assert ivan.post("/forms/support/x/csat/tickets/1/asking").status_code == 303
        company.work()
        pages.append(page_of(company))
    assert len(set(pages)) == 2
    assert "Not asked" not in panel(company)
    assert ivan.post("/forms/support/x/csat/tickets/1/asking").status_code == 409
    assert "Ask for a rating" not in ivan.get("/tickets/1").get_data(as_text=True)
    assert browser(company).post(pages[0], data={"mark": "3"}).status_code == 303
    assert browser(company).get(pages[1]).status_code == 200
    assert ratings(company) == [(3, "")]


def test_who_has_rated_is_not_asked_again_by_hand(company):
    write(company)
    with company.runtime.database.write() as session, pytest.raises(Conflict, match="once the ticket is closed"):
        ask_by_hand(here(company, session), session.get_one(Ticket, 1), person(session, AGENT))
    close(company)
    browser(company).post(page_of(company), data={"mark": "5"})
    with company.runtime.database.write() as session, pytest.raises(Conflict, match="rated it already"):
        ask_by_hand(here(company, session), session.get_one(Ticket, 1), person(session, AGENT))


def test_a_mark_can_be_changed_for_a_while_and_then_only_be_commented(company):
    settings(company, change_days=3)
    write(company)
    close(company)
    link, customer = page_of(company), browser(company)
    customer.post(link, data={"mark": "2"})
    company.later(days=2)
    customer.post(link, data={"mark": "3"})
    company.later(days=2)
    assert customer.post(link, data={"mark": "1"}).status_code == 422
    assert customer.post(link, data={"mark": "3", "comment": "Late, but well"}).status_code == 303
    assert customer.post(link, data={"mark": "3", "comment": "No"}).status_code == 422
    assert ratings(company) == [(3, "Late, but well")]
    shown = customer.get(link).get_data(as_text=True)
    assert "cannot be changed any more" in shown and "Late, but well" in shown
    assert len(links(company)) == 5


def test_a_text_that_is_too_long_is_refused_by_its_field(company):
    with company.runtime.database.write() as session:
        ctx, petra = here(company, session), person(session, FORM_ADMIN)
        with pytest.raises(Invalid) as refusal:
            save_asking(ctx, not_when=None, texts={"en": {"thanks": "x" * 1_001}}, by=petra, version=0)
    assert list(refusal.value.problems) == ["thanks-en"]


def test_what_the_ticket_was_when_the_customer_was_asked_is_kept(company):
    write(company)
    close(company)
    with company.runtime.database.read() as session:
        assert session.scalars(sa.select(Invitation.channel)).all() == ["email"]
