"""Tags: made by administrators, put on tickets and customers, asked about everywhere."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.conditions import matches, parse_condition, to_sql
from plugdesk.errors import Conflict, Invalid, NotAllowed
from plugdesk.events import Event
from plugdesk.forms.facts import offered_facts, types_of, values_at_the_door, values_of_ticket
from plugdesk.runtime import runtime_of
from plugdesk.tags.commands import (
    MOST_HELD,
    add_tag,
    change_customers_tags,
    change_tag,
    change_tags,
    delete_tag,
    tag_to_put,
)
from plugdesk.tags.queries import codes_on_customer, holders_of_tags, tags_like, tags_of_customer, tags_of_ticket
from plugdesk.tickets.combining import split_ticket
from plugdesk.tickets.correspondence import Said, receive_message
from plugdesk.tickets.lists import tickets_of_view
from plugdesk.tickets.merging import merge_tickets, unmerge_ticket
from plugdesk.tickets.models import Ticket
from plugdesk.tickets.moving import move_ticket
from plugdesk.users.joining import join_customers
from plugdesk.users.rights import RightInput, set_right
from tests.factories import make_admin, make_agent, make_customer, make_form, make_ticket


@pytest.fixture
def form(session):
    return make_form(session)


@pytest.fixture
def admin(form, session):
    return make_admin(session)


@pytest.fixture
def agent(form, session):
    return make_agent(session, form)


@pytest.fixture
def vip(session, form):
    return add_tag(session, name="VIP 24/7", tone="amber", by=None)


@pytest.fixture
def slow(session, form):
    return add_tag(session, name="Медленный", tone="red", by=None)


@pytest.fixture
def ticket(form, session):
    return make_ticket(session, form)


def names(session, ticket):
    return [chip.name for chip in tags_of_ticket(session, ticket.id)]


def test_a_tag_has_a_stable_code_and_a_name_there_is_once(session, vip, admin):
    assert (vip.code, vip.tone) == ("vip_24_7", "amber")
    with pytest.raises(Invalid, match="There is a tag “VIP 24/7” already"):
        add_tag(session, name="  vip   24/7 ", by=admin)
    change_tag(session, vip, {"name": "Gold", "tone": "green"}, by=admin)
    assert (vip.code, vip.name, vip.tone) == ("vip_24_7", "Gold", "green")


@pytest.mark.parametrize(
    ("name", "tone", "sentence"),
    [(" ", "grey", "Write the name"), ("x" * 41, "grey", "At most 40"), ("Gold", "gold", "one of the colours")],
)
def test_what_is_no_tag_is_refused_with_the_remedy(session, admin, name, tone, sentence):
    with pytest.raises(Invalid) as refusal:
        add_tag(session, name=name, tone=tone, by=admin)
    assert sentence in " ".join(refusal.value.problems.values())


def test_only_administrators_make_change_and_delete_tags(session, vip, agent):
    for attempt in (
        lambda: add_tag(session, name="Mine", by=agent),
        lambda: change_tag(session, vip, {"name": "Mine"}, by=agent),
        lambda: delete_tag(session, vip, by=agent),
    ):
        with pytest.raises(NotAllowed):
            attempt()


def test_two_who_change_one_tag_do_not_overwrite_each_other(session, vip, admin):
    version = vip.version
    change_tag(session, vip, {"tone": "red"}, by=admin, version=version)
    with pytest.raises(Conflict):
        change_tag(session, vip, {"tone": "green"}, by=admin, version=version)


def test_an_agent_puts_a_tag_on_a_ticket_and_takes_it_off_again(session, ticket, agent, vip, slow):
    change_tags(session, ticket, add=[vip, slow], by=agent)
    change_tags(session, ticket, add=[vip], by=agent)  # twice is once
    assert names(session, ticket) == ["VIP 24/7", "Медленный"]
    change_tags(session, ticket, remove=[vip], by=agent)
    (row,) = tickets_of_view(session, agent, "open").tickets
    assert [(chip.name, chip.tone) for chip in row.tags] == [("Медленный", "red")]
    told = session.scalars(sa.select(Event).where(Event.kind == "tags_changed").order_by(Event.id)).all()
    assert [(each.data["added"], each.data["removed"]) for each in told] == [(["VIP 24/7", "Медленный"], []), ([], ["VIP 24/7"])]


def test_a_right_without_it_puts_no_tags(session, form, ticket, agent, vip):
    set_right(session, form, agent, RightInput(actions=["reply"]), by=None)
    with pytest.raises(NotAllowed, match="Tag"):
        change_tags(session, ticket, add=[vip], by=agent)


def test_a_ticket_holds_no_more_tags_than_a_row_can_show(session, ticket, agent):
    tags = [add_tag(session, name=f"Tag {number}", by=None) for number in range(MOST_HELD + 1)]
    change_tags(session, ticket, add=tags[:-1], by=agent)
    with pytest.raises(Invalid, match="At most 20 tags"):
        change_tags(session, ticket, add=tags[-1:], by=agent)
    change_tags(session, ticket, add=tags[-1:], remove=tags[:1], by=agent)


def test_a_customers_tags_are_changed_by_who_works_with_them(session, ticket, agent, vip):
    stranger = make_agent(session, make_form(session, name="Sales", slug="sales"))
    with pytest.raises(NotAllowed):
        change_customers_tags(session, ticket.customer, add=[vip], by=stranger)
    change_customers_tags(session, ticket.customer, add=[vip], by=agent)
    assert [chip.name for chip in tags_of_customer(session, ticket.customer_id)] == ["VIP 24/7"]
    change_customers_tags(session, ticket.customer, remove=[vip], by=agent)
    assert not tags_of_customer(session, ticket.customer_id)


def test_a_new_name_becomes_a_tag_only_from_an_administrator(session, agent, admin, vip):
    assert tag_to_put(session, "vip 24/7", by=agent) is vip
    with pytest.raises(Invalid, match="There is no tag “Gold”"):
        tag_to_put(session, "Gold", by=agent)
    assert tag_to_put(session, "Gold", by=admin).name == "Gold"


def test_tags_are_found_by_part_of_their_name_in_any_case(session, vip, slow):
    assert list(tags_like(session, "МЕДЛ")) == [slow]
    assert list(tags_like(session, "24/")) == [vip]
    assert list(tags_like(session, "%")) == []


def test_who_holds_a_deleted_tag_is_counted_and_can_hold_another_instead(session, form, ticket, admin, vip, slow):
    both = make_ticket(session, form)
    change_tags(session, ticket, add=[vip], by=admin)
    change_tags(session, both, add=[vip, slow], by=admin)
    change_customers_tags(session, ticket.customer, add=[vip], by=admin)
    assert holders_of_tags(session)[vip.id] == (2, 1)
    assert delete_tag(session, vip, by=admin, move_to=slow) == (2, 1)
    assert names(session, ticket) == names(session, both) == ["Медленный"]
    assert [chip.name for chip in tags_of_customer(session, ticket.customer_id)] == ["Медленный"]
    assert delete_tag(session, slow, by=admin) == (2, 1)
    assert names(session, ticket) == []


def test_merged_tickets_unite_their_tags_and_split_and_moved_ones_keep_them(session, form, ticket, admin, vip, slow):
    other = make_ticket(session, form)
    change_tags(session, other, add=[vip, slow], by=admin)
    change_tags(session, ticket, add=[vip], by=admin)
    merge_tickets(session, ticket, into=other, by=admin)
    assert names(session, other) == ["VIP 24/7", "Медленный"]
    assert holders_of_tags(session)[vip.id].tickets == 1
    receive_message(session, other, other.customer, said=Said(text="And another thing."), channel="email")
    fresh = split_ticket(session, other, other.messages[-1:], admin, subject="Another thing")
    assert names(session, fresh) == ["VIP 24/7", "Медленный"]
    move_ticket(session, fresh, make_form(session, name="Sales", slug="sales"), by=admin)
    assert names(session, fresh) == ["VIP 24/7", "Медленный"]


def test_a_ticket_taken_out_again_takes_the_tags_it_brought(session, form, ticket, admin, vip, slow):
    other = make_ticket(session, form)
    change_tags(session, other, add=[vip], by=admin)
    change_tags(session, ticket, add=[vip, slow], by=admin)
    merge_tickets(session, ticket, into=other, by=admin)
    assert names(session, other) == ["VIP 24/7", "Медленный"]
    unmerge_ticket(session, ticket, by=admin)
    assert (names(session, other), names(session, ticket)) == (["VIP 24/7"], ["VIP 24/7", "Медленный"])


def test_two_cards_put_together_have_the_tags_of_both(session, admin, vip, slow):
    one, other = make_customer(session), make_customer(session)
    change_customers_tags(session, one, add=[vip], by=admin)
    change_customers_tags(session, other, add=[vip, slow], by=admin)
    join_customers(session, one, other, by=admin)
    assert sorted(codes_on_customer(session, one.id)) == ["medlennyy", "vip_24_7"]


def test_conditions_ask_about_tags_of_the_ticket_and_of_its_customer(session, form, ticket, admin, vip, slow):
    plain = make_ticket(session, form)
    change_tags(session, ticket, add=[vip], by=admin)
    change_customers_tags(session, plain.customer, add=[slow], by=admin)
    types, now = types_of(session, form.fields), runtime_of(session).clock.now()
    facts = runtime_of(session).registry.facts
    columns = {name: fact.sql(Ticket) for name, fact in facts.items()}
    for raw, expected in (
        ({"fact": "ticket.tag", "in": ["vip_24_7", "gone"]}, {ticket.id}),
        ({"fact": "ticket.tag", "not_in": ["vip_24_7"]}, {plain.id}),
        ({"fact": "ticket.tag", "empty": True}, {plain.id}),
        ({"fact": "customer.tag", "in": ["medlennyy"]}, {plain.id}),
        ({"fact": "customer.tag", "empty": False}, {plain.id}),
    ):
        condition = parse_condition(raw, types)
        assert set(session.scalars(sa.select(Ticket.id).where(to_sql(condition, columns, now=now)))) == expected
        found = {
            each.id for each in (ticket, plain) if matches(condition, values_of_ticket(session, each, {raw["fact"]}), now=now)
        }
        assert found == expected


def test_a_customers_tag_is_known_before_the_ticket_is_opened(session, form, vip, admin):
    customer = make_customer(session)
    change_customers_tags(session, customer, add=[vip], by=admin)
    assert values_at_the_door(session, form, "email", customer, {"customer.tag"})["customer.tag"] == ["vip_24_7"]
    offered = offered_facts(session, form)
    assert list(offered["customer.tag"].choices) == [("vip_24_7", "VIP 24/7")]
