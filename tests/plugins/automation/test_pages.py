"""The pages of automation: times and switches saved together, refused and kept, what was done, and the panel beside the ticket."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser

from plugdesk.forms.behaviour import change_behaviour
from plugdesk_automation.commands import switch_rules
from plugdesk_automation.models import Code, Rule, RuleSet
from plugdesk_automation.own.commands import OwnInput, add_automation, switch_automation
from plugdesk_automation.rules import rules_of
from tests.factories import make_agent
from tests.plugins.automation.own.conftest import OPENED
from tests.support.pages import differences

PLACE = "/forms/support/x/automation"


@pytest.fixture
def head(session, form, ctx):
    """Who configures the form."""
    head = make_agent(session, form, name="Hedda Head", is_admin=True)
    session.commit()
    return head


def words_of(answer):
    return " ".join(LexborHTMLParser(answer.get_data(as_text=True)).body.text(separator=" ").split())


def typed(session, **changes):
    """What the page sends: all rules as they are, but for `changes`."""
    sent = {"version": str(session.scalars(sa.select(RuleSet)).one().version)}
    for rule in session.scalars(sa.select(Rule)):
        sent |= {f"amount-{rule.code}": str(rule.amount), f"unit-{rule.code}": str(rule.unit)}
        sent |= {f"counting-{rule.code}": "hours" if rule.in_hours else "clock", f"person-{rule.code}": str(rule.person_id or "")}
        if rule.is_on:
            sent[f"is_on-{rule.code}"] = "1"
    session.rollback()
    return sent | {name.replace("__", "-"): given for name, given in changes.items()}


def test_times_and_switches_are_saved_together(session, ctx, head, agent, client):
    client.sign_in(head)
    assert "Not once in 7 days" in words_of(client.get(f"{PLACE}/"))
    sent = typed(
        session, amount__unaccepted="45", person__unaccepted=str(agent.id), counting__too_long="clock", unit__forgotten="hours"
    )
    del sent["is_on-unanswered"]
    assert client.post(f"{PLACE}/", data=sent).status_code == 303
    session.expire_all()
    rules = rules_of(ctx)
    assert (rules[Code.UNACCEPTED].amount, rules[Code.UNACCEPTED].person_id) == (45, agent.id)
    assert (rules[Code.TOO_LONG].in_hours, rules[Code.FORGOTTEN].unit, rules[Code.UNANSWERED].is_on) == (False, "hours", False)
    late = client.post(f"{PLACE}/", data=sent | {"amount-unaccepted": "50"})
    assert late.status_code == 409, "the page is old by now"
    told = differences(late.get_data(as_text=True))
    assert told == {"Nobody has accepted it: After": ("50 minutes of working time", "45 minutes of working time")}
    session.expire_all()
    since = rules_of(ctx)[Code.UNANSWERED].since
    assert client.post(f"{PLACE}/", data=typed(session, **{"is_on-unanswered": "1"})).status_code == 303
    session.expire_all()
    assert rules_of(ctx)[Code.UNANSWERED].since >= since


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"amount-unaccepted": "soon"}, "Write a whole number from 1 to 100000."),
        ({"amount-forgotten": "0"}, "Write a whole number from 1 to 1000."),
        ({"unit-too_long": "years"}, "Choose minutes, hours or days."),
        ({"person-unaccepted": "0"}, "Choose one of the people offered."),
        ({"person-unaccepted": "somebody"}, "Choose one of the people offered."),
    ],
)
def test_what_cannot_be_is_refused_and_kept(session, ctx, head, client, changes, says):
    client.sign_in(head)
    refused = client.post(f"{PLACE}/", data=typed(session, **{"amount-in_progress": "77", **changes}))
    assert refused.status_code == 422
    assert says in words_of(refused) and 'value="77"' in refused.get_data(as_text=True)
    session.expire_all()
    assert rules_of(ctx)[Code.IN_PROGRESS].amount == 2


def test_one_switch_for_all_of_them(session, ctx, head, client):
    client.sign_in(head)
    assert client.post(f"{PLACE}/switch", data={"on": ""}).status_code == 303
    assert "Nothing happens by itself." in words_of(client.get(f"{PLACE}/"))
    assert client.post(f"{PLACE}/switch", data={"on": "1"}).status_code == 303
    assert "Nothing happens by itself." not in words_of(client.get(f"{PLACE}/"))
    before = session.scalars(sa.select(RuleSet)).one().version
    switch_rules(ctx, on=True, by=None)
    assert session.scalars(sa.select(RuleSet)).one().version == before, "it was on"


def test_the_page_shows_what_the_statuses_do_and_where_that_is_changed(session, form, head, client):
    client.sign_in(head)
    change_behaviour(session, form, {"waits_on_reply": "", "resumes_on_message": "1"}, by=None)
    session.commit()
    shown = words_of(client.get(f"{PLACE}/"))
    assert "An agent's reply puts the ticket into “Waiting for customer” Off" in shown
    assert "The customer's words put it into “In progress” On" in shown


def test_what_was_done_is_listed_and_stands_beside_the_ticket(session, ctx, head, client, ask, later, letters):
    client.sign_in(head)
    assert "Nothing was done yet" in words_of(client.get(f"{PLACE}/runs"))
    ticket = ask()
    later(minutes=30)
    listed = words_of(client.get(f"{PLACE}/runs?rule=unaccepted"))
    assert "The till beeps Nobody has accepted it, 30 minutes of working time" in listed and "A message to Bea Boss" in listed
    assert "Nothing was done yet" in words_of(client.get(f"{PLACE}/runs?rule=forgotten"))
    assert client.get(f"{PLACE}/runs?rule=nothing").status_code == 404
    assert "1 time in 7 days" in words_of(client.get(f"{PLACE}/"))
    shown = words_of(client.get(f"/tickets/{ticket.number}"))
    assert "Nobody had accepted it in time: a message to Bea Boss" in shown
    assert "30 minutes of working time, counted from" in shown


def test_long_lists_go_on_with_older_ones(session, ctx, head, client, ask, later, letters, monkeypatch):
    from plugdesk_automation import routes

    monkeypatch.setattr(routes, "SHOWN", 2)
    tickets = [ask() for _number in range(3)]
    later(minutes=30)
    client.sign_in(head)
    page = LexborHTMLParser(client.get(f"{PLACE}/runs").get_data(as_text=True))
    assert len(page.css("tbody tr")) == 2
    older = page.css_first('a[rel="next"]').attributes["href"]
    rest = LexborHTMLParser(client.get(older).get_data(as_text=True))
    assert [row.css_first("a").text() for row in rest.css("tbody tr")] == [str(tickets[0].number)]


def test_a_person_who_left_is_named_as_trouble(session, form, ctx, head, client):
    from plugdesk.naming import Named, Thing
    from plugdesk_automation.naming import health, places

    dana = make_agent(session, form, name="Dana Duty")
    session.execute(sa.update(Rule).where(Rule.code == "unaccepted").values(person_id=dana.id))
    session.commit()
    assert [each.url for each in places(ctx, Named(Thing.AGENT, dana.id))] == [f"{PLACE}/"]
    assert health(ctx) == []
    dana.active = False
    session.commit()
    assert [each.title for each in health(ctx)] == ["Nobody has accepted it"]
    client.sign_in(head)
    assert "does not work on this form any more" in words_of(client.get(f"{PLACE}/"))


def test_what_switching_on_changes_is_said_rule_by_rule(session, form, ctx):
    from plugdesk_automation import changes

    assert len(changes.on(ctx, form)) == len(Code)
    assert "30 minutes of working time" in changes.on(ctx, form)[0].text
    switch_rules(ctx, on=False, by=None)
    assert len(changes.on(ctx, form)) == 1 and len(changes.off(ctx, form)) == 1
    row = add_automation(
        ctx, OwnInput("Thank", OPENED, None, [{"kind": "note", "options": {"text": "Seen"}}], is_on=True), by=None
    )
    session.flush()
    assert changes.on(ctx, form)[-1].text == "1 automation of its own runs: Thank"
    assert changes.off(ctx, form)[-1].text == "1 automation of its own rests, and is kept: Thank"
    switch_automation(ctx, row, on=False, by=None)
    assert len(changes.on(ctx, form)) == 1 and len(changes.off(ctx, form)) == 1
