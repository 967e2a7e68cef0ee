"""Rules at work on tickets: which holds, what comes of it, what is passed over, and what a change later does."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from plugdesk.events import Event
from plugdesk.forms.commands import add_field
from plugdesk.forms.field_commands import change_field, delete_field
from plugdesk.forms.models import FieldKind
from plugdesk.naming import places_naming
from plugdesk.plugins.switch import disable_plugin
from plugdesk.tags.commands import add_tag, change_customers_tags, delete_tag
from plugdesk.tags.queries import tags_of_ticket
from plugdesk.testing.desks import add_staff
from plugdesk.tickets.commands import accept, assign, set_fields
from plugdesk.tickets.models import Direction, Watcher
from plugdesk.users.commands import deactivate_user, delete_group
from plugdesk.users.models import CustomerKind, Role
from plugdesk.users.rights import RightInput, set_right
from plugdesk_routing.commands import RuleInput, change_rule, move_rule, read_result, switch_rule
from plugdesk_routing.models import Outcome, Rule
from plugdesk_routing.reading import read_row, rules_of
from plugdesk_routing.standing import Standing
from tests.factories import make_agent, make_customer, make_group, make_ticket


def says(word):
    return [{"fact": "ticket.words", "contains": word}]


def outcome_of(session, ticket):
    return session.scalars(sa.select(Outcome).where(Outcome.ticket_id == ticket.id)).one()


def complaints(session):
    return [event.data["why"] for event in session.scalars(sa.select(Event).where(Event.kind == "rule_passed_over"))]


def test_the_first_rule_that_holds_decides(session, rule, form, programmers, commerce):
    rule(says("invoice"), group_id=commerce.id)
    rule(group_id=programmers.id)
    assert make_ticket(session, form, text="Where is my INVOICE?").group_id == commerce.id
    assert make_ticket(session, form, text="It crashes").group_id == programmers.id


def test_a_rule_that_goes_on_leaves_the_rest_to_those_below_and_what_it_has_set_stays(session, rule, form, programmers, commerce):
    rule(says("urgent"), values={"priority": "high"}, goes_on=True)
    rule(group_id=programmers.id, goes_on=True)
    rule(group_id=commerce.id, values={"priority": "low"})
    ticket = make_ticket(session, form, text="Urgent: it crashes")
    assert (ticket.group_id, ticket.values["priority"]) == (programmers.id, "high")


def test_another_order_gives_another_answer(session, rule, form, admin, routing, programmers, commerce):
    rule(group_id=programmers.id)
    second = rule(group_id=commerce.id)
    assert make_ticket(session, form).group_id == programmers.id
    move_rule(routing, second, to=0, by=admin)
    assert make_ticket(session, form).group_id == commerce.id


def test_a_rule_that_is_off_is_not_asked(session, rule, form, admin, routing, programmers):
    only = rule(group_id=programmers.id)
    switch_rule(routing, only, on=False, by=admin)
    assert make_ticket(session, form).group_id is None
    switch_rule(routing, only, on=True, by=admin)
    assert make_ticket(session, form).group_id == programmers.id


@pytest.mark.parametrize(
    "condition",
    [
        {"fact": "ticket.subject", "starts": "the till"},
        {"fact": "ticket.words", "contains": "does not connect"},
        {"fact": "ticket.channel", "is": "email"},
        {"fact": "customer.name", "is": "Ann Carter"},
        {"fact": "customer.address", "contains": "@home.example"},
        {"fact": "customer.language", "is": "ru"},
        {"fact": "customer.country", "is": "DE"},
        {"fact": "customer.kind", "is": "company"},
        {"fact": "customer.organization", "is": "Stone Works"},
        {"fact": "opened.weekday", "is": "mon"},
        {"fact": "opened.hour", "between": [8, 10]},
        {"fact": "opened.working", "is": True},
        {"fact": "field.priority", "is": "normal"},
    ],
    ids=lambda condition: condition["fact"],
)
def test_a_rule_can_ask_for(session, rule, form, admin, programmers, condition):
    from plugdesk.users.customers import add_organization

    ann = make_customer(session, name="Ann Carter", language="ru")
    ann.country, ann.kind, ann.organization = "DE", CustomerKind.COMPANY, add_organization(session, name="Stone Works", by=admin)
    rule([condition], group_id=programmers.id)
    rule([{"not": condition}], values={"priority": "low"})
    ticket = make_ticket(session, form, ann)
    assert (ticket.group_id, ticket.values["priority"]) == (programmers.id, "normal")


def test_a_night_is_not_working_time(session, rule, form, programmers, clock):
    rule([{"fact": "opened.working", "is": True}], group_id=programmers.id)
    clock.advance(hours=12)
    assert make_ticket(session, form).group_id is None


def test_a_rule_can_ask_for_what_another_extension_knows(session, rule, form, enable, programmers):
    enable("csat")
    rule([{"fact": "rating", "empty": True}], group_id=programmers.id)
    assert make_ticket(session, form).group_id == programmers.id


def test_it_is_told_why(session, rule, form, programmers):
    made = rule(says("beeps"), name="Tills", group_id=programmers.id)
    (held,) = outcome_of(session, make_ticket(session, form)).rules
    assert (held["id"], held["name"]) == (made.id, "Tills")
    assert held["met"]["ticket.words"].startswith("The till beeps")


def test_watchers_are_told_from_the_beginning(session, rule, form, agent):
    rule(watchers=[agent.id])
    ticket = make_ticket(session, form)
    assert session.get(Watcher, (ticket.id, agent.id)) is not None


def test_tags_are_put_on_by_the_desk_and_one_that_is_deleted_stops_no_rule(
    session, rule, form, admin, agent, routing, programmers
):
    recall, vip = (add_tag(session, name=name, by=admin) for name in ("Recall", "VIP"))
    rule(says("beeps"), tags=[recall.code], goes_on=True)
    rule([{"fact": "customer.tag", "in": [vip.code]}], group_id=programmers.id, tags=[vip.code, recall.code])
    customer = make_customer(session)
    change_customers_tags(session, customer, add=[vip], by=None)
    ticket = make_ticket(session, form, customer)
    assert [chip.name for chip in tags_of_ticket(session, ticket.id)] == ["Recall", "VIP"]
    delete_tag(session, recall, by=admin)
    ticket = make_ticket(session, form, customer)
    assert [chip.name for chip in tags_of_ticket(session, ticket.id)] == ["VIP"]
    assert ticket.group_id == programmers.id
    assert any("has been deleted" in each for each in Standing(routing).warnings(rules_of(routing)[0]))


def test_a_page_can_only_name_tags_there_are(session, routing, admin):
    add_tag(session, name="Recall", by=admin)
    problems: dict[str, str] = {}
    assert read_result(routing, MultiDict([("tags", "recall")]), by=admin, problems=problems) == {"tags": ["recall"]}
    read_result(routing, MultiDict([("tags", "gold")]), by=admin, problems=problems)
    assert problems == {"tags": "Choose among the tags offered."}


def test_an_answer_that_is_given_later_takes_the_ticket_to_its_group(session, rule, form, agent, programmers, commerce, question):
    for code, group in (("error", programmers), ("payment", commerce)):
        rule([{"fact": f"field.{question}", "is": code}], group_id=group.id, on_change=True)
    ticket = make_ticket(session, form)
    assert ticket.group_id is None
    set_fields(session, ticket, {question: "error"}, by=agent)
    assert ticket.group_id == programmers.id
    set_fields(session, ticket, {question: "payment"}, by=agent)
    assert ticket.group_id == commerce.id
    moved = session.scalars(sa.select(Event).where(Event.kind == "ticket_assigned", Event.ticket_id == ticket.id)).all()
    assert [event.data["after"]["group_id"] for event in moved] == [programmers.id, commerce.id]


def test_a_change_that_makes_no_other_rule_hold_leaves_what_people_have_arranged(
    session, rule, form, agent, programmers, question
):
    rule(group_id=programmers.id, on_change=True)
    ticket = make_ticket(session, form)
    accept(session, ticket, agent)
    assign(session, ticket, agent, assignee=agent)
    set_fields(session, ticket, {question: "error"}, by=agent)
    assert (ticket.assignee_id, ticket.group_id) == (agent.id, None)


def test_a_rule_without_that_wish_is_not_asked_again(session, rule, form, admin, agent, commerce, question):
    rule([{"fact": f"field.{question}", "is": "payment"}], group_id=commerce.id)
    ticket = make_ticket(session, form)
    set_fields(session, ticket, {question: "payment"}, by=agent)
    assert ticket.group_id is None


def gone_group(session, form, admin, programmers, agent):
    delete_group(session, programmers, by=admin)


def gone_agent(session, form, admin, programmers, agent):
    deactivate_user(session, agent, by=admin)


@pytest.mark.parametrize(
    "names, loses, said",
    [
        (lambda group, agent: {"group_id": group.id}, gone_group, "has been deleted"),
        (lambda group, agent: {"assignee_id": agent.id}, gone_agent, "is switched off"),
        (lambda group, agent: {"assignee_id": 999_999}, None, "has been deleted"),
        (lambda group, agent: {"form_id": 999_999}, None, "form it moves to has been deleted"),
        (lambda group, agent: {"values": {"nothing": "x"}}, None, "has been deleted"),
        (lambda group, agent: {"values": {"priority": "purple"}}, None, "no longer offered"),
    ],
    ids=["a group", "an agent switched off", "a person", "a form", "a field", "a choice"],
)
def test_a_rule_that_names_what_is_gone_is_passed_over_and_said_once(
    session, rule, form, admin, agent, programmers, commerce, names, loses, said
):
    rule(**names(programmers, agent))
    rule(group_id=commerce.id)
    if loses:
        loses(session, form, admin, programmers, agent)
    tickets = [make_ticket(session, form) for _ in range(2)]
    assert [ticket.group_id for ticket in tickets] == [commerce.id] * 2
    (why,) = complaints(session)
    assert said in why
    assert [each["why"] for each in outcome_of(session, tickets[1]).passed_over] == [why]
    assert form.suspended == {}


def test_an_answer_from_before_its_field_was_another_kind_is_no_answer(session, rule, form, admin, agent, programmers):
    field = add_field(session, form, kind=FieldKind.MONEY, label="Budget", by=None)
    rule(says("fire"), group_id=programmers.id)
    ticket = make_ticket(session, form)
    set_fields(session, ticket, {field.code: {"amount": "200", "currency": "EUR"}}, by=agent)
    change_field(session, form, field, {"kind": "text"}, by=None)
    rule([{"fact": f"field.{field.code}", "contains": "200"}], group_id=programmers.id, on_change=True)
    other = form.field("priority")
    set_fields(session, ticket, {other.code: "high"}, by=agent)
    assert (ticket.group_id, complaints(session), form.suspended) == (None, [], {})
    set_fields(session, ticket, {field.code: "200 at most"}, by=agent)
    assert ticket.group_id == programmers.id


def test_a_rule_gives_a_ticket_to_somebody_who_works_on_the_form_by_their_group(session, rule, form, admin, routing):
    helper = make_agent(session)
    set_right(session, form, make_group(session, helper), RightInput(), by=admin)
    problems: dict[str, str] = {}
    given = read_result(routing, MultiDict({"assignee": str(helper.id)}), by=admin, problems=problems)
    assert (given, problems) == ({"assignee_id": helper.id}, {})


def test_a_rule_that_asks_for_a_deleted_field_is_passed_over_also_behind_a_not(session, rule, form, admin, programmers, question):
    rule([{"not": {"fact": f"field.{question}", "is": "error"}}], group_id=programmers.id)
    delete_field(session, form, form.field(question), by=admin)
    assert make_ticket(session, form).group_id is None
    assert "no longer there" in complaints(session)[0]


def test_a_watcher_who_works_here_no_more_stops_no_rule(session, rule, form, admin, agent, programmers):
    rule(group_id=programmers.id, watchers=[agent.id])
    deactivate_user(session, agent, by=admin)
    ticket = make_ticket(session, form)
    assert ticket.group_id == programmers.id
    assert session.get(Watcher, (ticket.id, agent.id)) is None


def test_a_ticket_goes_to_another_form_whose_rules_are_asked_and_no_further(
    session, rule, form, other_form, admin, enable, commerce
):
    there = enable("routing", on=other_form)
    rule(says("invoice"), form_id=other_form.id, values={"priority": "high"})
    rule(on=there, group_id=commerce.id, goes_on=True)
    rule(on=there, form_id=form.id)
    ticket = make_ticket(session, form, text="My invoice")
    assert (ticket.form_id, ticket.group_id, ticket.values["priority"]) == (other_form.id, commerce.id, "high")
    opened = session.scalars(sa.select(Event).where(Event.kind == "ticket_opened", Event.ticket_id == ticket.id)).one()
    assert opened.form_id == other_form.id
    assert any("moved once" in why for why in complaints(session))
    set_fields(session, ticket, {"priority": "low"}, by=admin)
    assert ticket.form_id == other_form.id


def test_values_go_into_the_fields_the_rule_names_and_nothing_is_lost(session, rule, routing, form, other_form):
    for label in ("Room", "Floor", "Shelf"):
        add_field(session, form, kind=FieldKind.TEXT, label=label, default="7", by=None)
    place = add_field(session, other_form, kind=FieldKind.TEXT, label="Place", by=None)
    add_field(session, other_form, kind=FieldKind.TEXT, label="Floor", by=None)
    fields = {"room": "place", "floor": "", "shelf": "gone"}
    moving = rule(says("invoice"), form_id=other_form.id, form_fields=fields)
    ticket = make_ticket(session, form, text="My invoice", values={"shelf": "B"})
    assert ticket.form_id == other_form.id
    assert (ticket.values["place"], ticket.values.get("floor")) == ("7", None)
    (note,) = [message for message in ticket.messages if message.direction is Direction.NOTE]
    assert "Floor: 7" in note.text and "Shelf: B" in note.text
    (said,) = Standing(routing).warnings(read_row(moving, {}))
    assert "no field any more for what is in “Shelf”" in said
    (named,) = places_naming(session, form.field("room"))
    assert "it takes it along" in named.place.words
    delete_field(session, other_form, place, by=None)
    assert make_ticket(session, form, text="My invoice").form_id == other_form.id


def test_a_ticket_stays_where_its_answers_can_leave_from(session, rule, form, other_form, enable):
    enable("email")
    rule(form_id=other_form.id)
    assert make_ticket(session, form).form_id == form.id
    assert "Switch it on there first" in complaints(session)[0]


def test_switched_off_it_does_nothing_and_on_again_its_rules_are_still_there(session, rule, form, enable, routing, programmers):
    rule(group_id=programmers.id)
    disable_plugin(session, form, "routing", None)
    assert make_ticket(session, form).group_id is None
    assert make_ticket(session, form, text="twice").group_id is None
    assert session.scalar(sa.select(sa.func.count()).select_from(Outcome)) == 0
    enable("routing")
    assert make_ticket(session, form).group_id == programmers.id


def test_what_failed_is_routed_by_the_job_but_not_out_of_somebodys_hands(
    session, rule, form, runtime, routing, programmers, run_jobs, monkeypatch
):
    ben = add_staff(session, "Ben Ott", Role.AGENT, form)
    rule(group_id=programmers.id)
    runtime.executor.strict = False
    with monkeypatch.context() as broken:
        broken.setattr("plugdesk_routing.settling.decide", None)
        free, taken = make_ticket(session, form), make_ticket(session, form)
    assert (free.group_id, free.unsettled) == (None, ["routing"])
    assign(session, taken, ben, assignee=ben)
    run_jobs()
    assert (free.group_id, free.unsettled) == (programmers.id, [])
    assert (taken.assignee_id, taken.group_id) == (ben.id, None)


def test_a_change_acts_on_the_next_ticket_in_the_same_process(session, rule, form, admin, routing, programmers, commerce):
    made = rule(group_id=programmers.id)
    assert make_ticket(session, form).group_id == programmers.id
    change_rule(routing, made, RuleInput("Other", None, {"group_id": commerce.id}), by=admin, version=made.version)
    assert make_ticket(session, form).group_id == commerce.id
    assert [each.name for each in rules_of(routing)] == ["Other"]
    assert session.scalar(sa.select(sa.func.count()).select_from(Rule)) == 1


def test_words_somebody_wrote_into_a_rule_are_words_and_no_pattern(session, rule, form, programmers):
    """Statement M6: what people write as a rule is never run as a regular expression, and long letters cost next to nothing."""
    rule(says("(a+)+$"), group_id=programmers.id)
    assert make_ticket(session, form, text="a" * 100_000 + "!").group_id is None
    assert make_ticket(session, form, text="is (a+)+$ a pattern?").group_id == programmers.id
