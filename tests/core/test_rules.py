"""The rules of a form: what is shown, required, read-only; one function for every door."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from plugdesk.errors import Conflict, Invalid
from plugdesk.forms.commands import (
    add_field,
    add_section,
    change_field,
    change_section,
    delete_field,
    delete_section,
    delete_status,
    move_field,
    move_section,
)
from plugdesk.forms.models import Form
from plugdesk.forms.queries import tickets_holding
from plugdesk.forms.rules import decide, sections_of, used_in
from plugdesk.tickets.commands import accept, change_status, decision_on, set_fields
from plugdesk.tickets.correspondence import Said, open_ticket, receive_message, reply_to_ticket
from tests.factories import make_admin, make_agent, make_customer, make_desk, make_form


@pytest.fixture
def form(session: Session) -> Form:
    """Repairs: a serial number for tills only, a section about delivery for all but programs, a cost to close."""
    make_desk(session)
    form = make_form(session, name="Repairs")
    add_field(session, form, label="Device", kind="choice", choices=["Till", "Program"], required=True, by=None)
    add_section(session, form, title="Delivery", by=None, visible_when={"fact": "field.device", "is_not": "program"})
    add_field(
        session, form, label="Serial", kind="text", required=True, by=None, visible_when={"fact": "field.device", "is": "till"}
    )
    add_field(session, form, label="Courier", kind="check", section="delivery", by=None)
    add_field(
        session, form, label="Address", kind="text", section="delivery", required=True, by=None,
        visible_when={"fact": "field.courier", "is": True},
    )  # fmt: skip
    add_field(session, form, label="Cost", kind="number", agent_only=True, required_from="done", readonly_from="closed", by=None)
    return form


def shown(session: Session, form: Form, values: dict[str, Any], **about: Any) -> set[str]:
    return set(decide(session, form, values, status="new", facts={}, **about).visible)


@pytest.mark.parametrize(
    ("values", "visible"),
    [
        ({}, {"priority", "device", "cost", "courier"}),
        ({"device": "till"}, {"priority", "device", "cost", "courier", "serial"}),
        ({"device": "program", "courier": True}, {"priority", "device", "cost"}),
        ({"device": "till", "courier": True}, {"priority", "device", "cost", "courier", "serial", "address"}),
    ],
)
def test_what_is_shown_follows_the_values(session: Session, form: Form, values: dict[str, Any], visible: set[str]) -> None:
    assert shown(session, form, values) == visible


def test_a_hidden_field_counts_as_empty_for_those_that_depend_on_it(session: Session, form: Form) -> None:
    assert "address" not in shown(session, form, {"device": "program", "courier": True})


def test_agents_own_fields_are_hidden_from_customers(session: Session, form: Form) -> None:
    assert "cost" not in shown(session, form, {}, by_agent=False)


def test_files_are_required_of_customers_alone(session: Session, form: Form) -> None:
    add_field(session, form, label="Photo", kind="file", required=True, by=None)
    for by_agent in (True, False):
        decided = decide(session, form, {}, status="new", facts={}, by_agent=by_agent)
        assert ("photo" in decided.required) is not by_agent


def test_channel_and_organization_decide_too(session: Session, form: Form) -> None:
    add_field(
        session, form, label="Table", kind="text", by=None,
        visible_when={"all": [{"fact": "ticket.channel", "is": "phone"}, {"fact": "customer.organization", "contains": "berg"}]},
    )  # fmt: skip
    for facts, visible in (
        ({"ticket.channel": "phone", "customer.organization": "Café Bergstraße"}, True),
        ({"ticket.channel": "email", "customer.organization": "Café Bergstraße"}, False),
        ({"ticket.channel": "phone", "customer.organization": None}, False),
    ):
        assert ("table" in decide(session, form, {}, status="new", facts=facts).visible) is visible


@pytest.mark.parametrize(
    ("status", "required", "readonly"),
    [("new", False, False), ("waiting", False, False), ("done", True, False), ("closed", True, True), (None, False, False)],
)
def test_from_a_status_on_it_is_required_and_from_another_on_read_only(
    session: Session, form: Form, status: str | None, required: bool, readonly: bool
) -> None:
    decided = decide(session, form, {}, status=status, facts={})
    assert ("cost" in decided.required, "cost" in decided.readonly) == (required, readonly)


def test_a_circle_is_refused_with_the_way_round(session: Session, form: Form) -> None:
    with pytest.raises(Invalid, match="“Device” → “Serial” → “Device”"):
        change_field(session, form, form.field("device"), {"visible_when": {"fact": "field.serial", "empty": True}}, by=None)
    assert form.field("device").visible_when is None
    with pytest.raises(Invalid, match="“Courier” → “Courier”"):
        change_field(session, form, form.field("courier"), {"visible_when": {"fact": "field.courier", "is": True}}, by=None)
    with pytest.raises(Invalid, match="“Delivery” → “Address” → “Courier” → “Delivery”"):
        change_section(session, form, "delivery", {"visible_when": {"fact": "field.address", "empty": True}}, by=None)


def test_a_field_is_not_moved_into_a_section_that_waits_for_it(session: Session, form: Form) -> None:
    with pytest.raises(Invalid, match="“Delivery” → “Device” → “Delivery”"):
        move_field(session, form, form.field("device"), to=0, section="delivery", by=None)


def test_a_hundred_fields_may_hang_on_one_another(session: Session) -> None:
    make_desk(session)
    form = make_form(session)
    for number in range(99):
        when = {"fact": f"field.f{number - 1}", "empty": False} if number else None
        add_field(session, form, label=f"F{number}", kind="text", by=None, visible_when=when)
    values = {f"f{number}": "x" for number in range(99)}
    assert len(shown(session, form, values)) == 100
    values["f50"] = None
    assert len(shown(session, form, values)) == 52


def test_sections_keep_their_fields_together(session: Session, form: Form) -> None:
    add_section(session, form, title="Workshop", by=None)
    move_field(session, form, form.field("cost"), to=0, section="workshop", by=None)
    move_section(session, form, "workshop", to=0, by=None)
    assert [(section and section["title"], [each.code for each in fields]) for section, fields in sections_of(form)] == [
        (None, ["priority", "device", "serial"]), ("Workshop", ["cost"]), ("Delivery", ["courier", "address"]),
    ]  # fmt: skip
    move_field(session, form, form.field("address"), to=0, section="delivery", by=None)
    delete_section(session, form, "workshop", by=None)
    assert [each.code for each in form.fields] == ["priority", "device", "serial", "cost", "address", "courier"]


def test_a_field_that_a_condition_asks_for_is_not_deleted_and_the_place_is_named(session: Session, form: Form) -> None:
    assert used_in(session, form, "device") == ["Serial", "Delivery"]
    with pytest.raises(Invalid, match="Serial, Delivery"):
        delete_field(session, form, form.field("device"), by=None)
    delete_field(session, form, form.field("address"), by=None)


def test_a_status_that_fields_name_is_not_deleted(session: Session, form: Form) -> None:
    with pytest.raises(Invalid, match="Cost"):
        delete_status(session, form, form.status("done"), by=None)


def test_conditions_are_read_before_they_are_stored(session: Session, form: Form) -> None:
    wrongs: list[dict[str, Any]] = [{"fact": "field.gone", "is": 1}, {"fact": "field.serial", "gt": 3}, {"zebra": []}]
    for wrong in wrongs:
        with pytest.raises(Invalid):
            change_field(session, form, form.field("cost"), {"visible_when": wrong}, by=None)
    with pytest.raises(Invalid):
        change_field(session, form, form.field("cost"), {"required_from": "zebra"}, by=None)


# At the doors


def opened(session: Session, form: Form, values: dict[str, Any] | None = None, by: Any = None) -> Any:
    return open_ticket(
        session, form, make_customer(session), subject="Broken", said=Said(text="It beeps"), channel="email", values=values, by=by
    )


def test_a_letter_is_never_refused_and_its_gaps_are_known(session: Session, form: Form) -> None:
    ticket = opened(session, form)
    assert [each.code for each in decision_on(session, ticket).missing] == ["device"]
    receive_message(session, ticket, ticket.customer, said=Said(text="Well?"), channel="email")


def test_an_agent_who_opens_a_ticket_is_asked_for_what_shows(session: Session, form: Form) -> None:
    anna = make_agent(session, form)
    with pytest.raises(Invalid) as refusal:
        opened(session, form, {"device": "till", "courier": "1"}, by=anna)
    assert refusal.value.problems.keys() == {"serial", "address"}
    ticket = opened(session, form, {"device": "program", "serial": "77", "address": "Street 1"}, by=anna)
    assert {"serial", "address"}.isdisjoint(ticket.values)


def test_a_status_asks_for_what_it_requires_and_takes_it_along(session: Session, form: Form) -> None:
    anna = make_agent(session, form)
    ticket = opened(session, form, {"device": "program"}, by=anna)
    with pytest.raises(Invalid) as refusal:
        change_status(session, ticket, form.status("done"), by=anna)
    assert refusal.value.problems == {"cost": "Fill in “Cost”."}
    change_status(session, ticket, form.status("done"), by=anna, values={"cost": "12"})
    assert (ticket.status.code, ticket.values["cost"]) == ("done", 12)


def test_what_is_read_only_stays_and_the_rest_can_be_changed(session: Session, form: Form) -> None:
    anna = make_agent(session, form)
    ticket = opened(session, form, {"device": "program", "cost": "12"}, by=anna)
    change_status(session, ticket, form.status("closed"), by=anna)
    with pytest.raises(Invalid, match="“Cost” can no longer be changed"):
        set_fields(session, ticket, {"cost": "13"}, by=anna)
    set_fields(session, ticket, {"cost": "12", "priority": "high"}, by=anna)
    assert ticket.values["priority"] == "high"


def test_a_gap_that_was_there_does_not_stand_in_the_way_of_other_fields(session: Session, form: Form) -> None:
    anna = make_agent(session, form)
    ticket = opened(session, form)
    set_fields(session, ticket, {"device": "", "priority": "high"}, by=anna)
    assert ticket.values["priority"] == "high"


def test_accepting_and_answering_are_never_refused_for_a_field(session: Session, form: Form) -> None:
    anna = make_agent(session, form)
    ticket = opened(session, form)
    accept(session, ticket, anna)
    reply_to_ticket(session, ticket, anna, body="<p>Which device is it?</p>")
    assert (ticket.assignee_id, ticket.status.code) == (anna.id, "waiting")


def test_accepting_leaves_a_ticket_new_whose_next_status_asks_for_more(session: Session, form: Form) -> None:
    anna = make_agent(session, form)
    add_field(session, form, label="Colour", kind="text", required_from="in_progress", by=None)
    ticket = opened(session, form)
    accept(session, ticket, anna)
    assert (ticket.assignee_id, ticket.status.code) == (anna.id, "new")


def test_a_field_made_required_later_leaves_old_tickets_as_they_are(session: Session, form: Form) -> None:
    anna = make_agent(session, form)
    ticket = opened(session, form, {"device": "program"}, by=anna)
    add_field(session, form, label="Colour", kind="text", required=True, by=None)
    set_fields(session, ticket, {"priority": "low"}, by=anna)
    assert [each.code for each in decision_on(session, ticket).missing] == ["colour"]


@pytest.mark.both_databases
def test_deleting_can_say_how_many_tickets_hold_a_value(session: Session, form: Form) -> None:
    anna = make_agent(session, form)
    opened(session, form, {"device": "program"}, by=anna)
    opened(session, form)
    session.flush()
    assert tickets_holding(session, form.field("device")) == 1


def test_two_admins_of_one_form_do_not_overwrite_each_other(session: Session, form: Form) -> None:
    marta, version = make_admin(session), form.version
    add_section(session, form, title="Workshop", by=marta, version=version)
    with pytest.raises(Conflict):
        change_section(session, form, "delivery", {"title": "Shipping"}, by=marta, version=version)


def test_a_public_page_asks_whoever_comes_the_same_whatever_is_known_of_them(session: Session, form: Form) -> None:
    customer = make_customer(session)
    customer.country = "DE"
    add_field(
        session,
        form,
        label="Tax number",
        kind="text",
        required=True,
        by=None,
        visible_when={"fact": "customer.country", "is": "DE"},
    )
    asked: dict[str, Any] = {"channel": "webform", "subject": "x", "said": Said(text="y"), "values": {"device": "program"}}
    with pytest.raises(Invalid):
        open_ticket(session, form, customer, **asked)
    session.expire_all()
    assert open_ticket(session, form, customer, facts={"ticket.channel": "webform"}, **asked).values["device"] == "program"


@pytest.mark.parametrize("kind", ["person", "group", "customer"])
def test_a_customer_is_never_asked_for_what_names_staff_or_other_customers(session: Session, form: Form, kind: str) -> None:
    add_field(session, form, label="Who", kind=kind, required=True, by=None)
    decided = {by_agent: decide(session, form, {}, status="new", facts={}, by_agent=by_agent) for by_agent in (True, False)}
    assert "who" in decided[True].required
    assert "who" not in decided[False].visible | decided[False].required | {each.code for each in decided[False].missing}
    customer, marta = make_customer(session), make_admin(session)
    asked: dict[str, Any] = {"channel": "portal", "subject": "x", "said": Said(text="y")}
    ticket = open_ticket(session, form, customer, values={"device": "program", "who": str(marta.id)}, **asked)
    assert ticket.values.get("who") is None
