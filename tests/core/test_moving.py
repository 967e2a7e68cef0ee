"""Moving a ticket to another form: what goes along, what stays readable, who may, and what plugins have to do with it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.errors import Invalid, NotAllowed
from plugdesk.events import Event
from plugdesk.forms.commands import add_field, archive_form, change_field, set_responsible
from plugdesk.forms.models import FieldKind, StatusKind
from plugdesk.permissions import can_see
from plugdesk.plugins.switch import enable_plugin
from plugdesk.tickets.commands import assign, become, set_fields, watch
from plugdesk.tickets.counts import view_counts
from plugdesk.tickets.lists import tickets_of_view
from plugdesk.tickets.models import Direction, Watcher
from plugdesk.tickets.moving import move_ticket, was_on
from plugdesk.tickets.subtasks import ask_colleague
from plugdesk.users.rights import RightInput, set_right
from tests.factories import make_admin, make_agent, make_customer, make_form, make_group, make_ticket


@pytest.fixture
def forms(session):
    return make_form(session, name="Support"), make_form(session, name="Billing")


def ask(session, form, label, kind=FieldKind.TEXT, **given):
    return add_field(session, form, kind=kind, label=label, by=None, **given)


def colours(session, form, *codes):
    choices = [{"code": code, "label": code.title(), "tone": ""} for code in codes]
    return ask(session, form, "Colour", FieldKind.CHOICE, choices=choices)


def notes(ticket):
    return [message for message in ticket.messages if message.direction is Direction.NOTE]


def test_values_of_equal_codes_and_kinds_go_along_and_the_others_stay_readable(session, forms):
    here, there = forms
    admin = make_admin(session)
    ask(session, here, "Order")
    ask(session, there, "Order")
    ask(session, here, "Room")
    ask(session, here, "Weight", FieldKind.NUMBER)
    ask(session, there, "Weight")
    ticket = make_ticket(session, here)
    set_fields(session, ticket, {"order": "A-17", "room": "<b>12</b>", "weight": "3", "priority": "high"}, by=admin)
    move_ticket(session, ticket, there, by=admin)
    assert ticket.form is there
    assert (ticket.values["order"], ticket.values["priority"]) == ("A-17", "high")
    assert "weight" not in ticket.values and "room" not in ticket.values
    (note,) = notes(ticket)
    assert "Room: <b>12</b>" in note.text and "Weight: 3" in note.text
    assert "<b>12</b>" not in note.clean_html


def test_a_choice_the_other_form_does_not_offer_stays_behind(session, forms):
    here, there = forms
    admin = make_admin(session)
    colours(session, here, "red", "blue")
    colours(session, there, "blue")
    moved = {}
    for colour in ("red", "blue"):
        ticket = make_ticket(session, here)
        set_fields(session, ticket, {"colour": colour}, by=admin)
        moved[colour] = move_ticket(session, ticket, there, by=admin)
    assert moved["blue"].values["colour"] == "blue" and not notes(moved["blue"])
    assert "colour" not in moved["red"].values
    assert "Colour: Red" in notes(moved["red"])[0].text


def test_it_goes_to_whom_the_other_form_gives_its_tickets_in_a_status_of_the_same_kind(session, forms):
    here, there = forms
    admin, cashier = make_admin(session), make_agent(session, there)
    group = make_group(session, cashier)
    set_responsible(session, there, user=None, group=group, by=None)
    ticket = make_ticket(session, here)
    become(session, ticket, StatusKind.PENDING, by=admin)
    move_ticket(session, ticket, there, by=admin)
    assert (ticket.assignee_id, ticket.group_id) == (None, group.id)
    assert ticket.status.form_id == there.id and ticket.status_kind is StatusKind.PENDING


def test_it_stands_in_the_history_and_in_the_counts_of_the_other_form(session, forms):
    here, there = forms
    admin, clerk = make_admin(session), make_agent(session, there)
    ticket = make_ticket(session, here)
    move_ticket(session, ticket, there, by=admin)
    session.flush()  # what is counted
    event = session.scalars(sa.select(Event).where(Event.ticket_id == ticket.id, Event.kind == "ticket_moved")).one()
    assert (event.actor_id, event.data["before"], event.data["after"]) == (admin.id, here.id, there.id)
    assert view_counts(session, clerk)["new"] == len(tickets_of_view(session, clerk, "new").tickets) == 1


def test_who_does_not_work_on_the_other_form_neither_sees_nor_watches_it_any_more(session, forms):
    here, there = forms
    admin, agent, both = make_admin(session), make_agent(session, here), make_agent(session, here, there)
    ticket = make_ticket(session, here)
    for user in (agent, both):
        watch(session, ticket, user)
    move_ticket(session, ticket, there, by=admin)
    assert not can_see(session, agent, ticket)
    assert list(session.scalars(sa.select(Watcher.user_id).where(Watcher.ticket_id == ticket.id))) == [both.id]


@pytest.mark.parametrize("works_on", ["here", "there"])
def test_only_who_works_on_both_forms_may_move_it(session, forms, works_on):
    here, there = forms
    agent = make_agent(session, here if works_on == "here" else there)
    ticket = make_ticket(session, here)
    with pytest.raises(NotAllowed, match="You may not"):
        move_ticket(session, ticket, there, by=agent)
    assert ticket.form is here


def test_a_subtask_goes_with_its_ticket_and_not_alone(session, forms):
    here, there = forms
    agent, helper = make_agent(session, here, there), make_agent(session, here)
    ticket = make_ticket(session, here)
    subtask = ask_colleague(session, ticket, agent, colleague=helper, subject="Which cable?", body="<p>Which?</p>")
    with pytest.raises(Invalid, match="goes where its ticket goes"):
        move_ticket(session, subtask, there, by=agent)
    move_ticket(session, ticket, there, by=agent)
    assert subtask.form is there and subtask.status.form_id == there.id
    assert subtask.assignee_id is None, "its colleague does not work there"


def test_an_archived_form_takes_no_ticket(session, forms):
    here, there = forms
    admin, ticket = make_admin(session), make_ticket(session, here)
    archive_form(session, there, by=admin)
    with pytest.raises(Invalid, match="archived"):
        move_ticket(session, ticket, there, by=admin)


def test_it_is_not_moved_to_where_its_answers_could_not_leave_from(session, forms):
    here, there = forms
    admin = make_admin(session)
    enable_plugin(session, here, "email", by=None)
    ticket = make_ticket(session, here)
    with pytest.raises(Invalid, match="Switch it on there first"):
        move_ticket(session, ticket, there, by=admin)
    enable_plugin(session, there, "email", by=None)
    with pytest.raises(Invalid, match="no mailbox"):
        move_ticket(session, ticket, there, by=admin)


def test_what_comes_in_on_the_form_it_was_on_still_belongs_to_it(session, forms):
    here, there = forms
    third = make_form(session, name="Repairs")
    ticket = make_ticket(session, here)
    move_ticket(session, ticket, there, by=make_admin(session))
    assert was_on(session, ticket, here) and was_on(session, ticket, there)
    assert not was_on(session, ticket, third)


def test_assigning_it_afterwards_asks_for_the_rights_on_the_other_form(session, forms):
    here, there = forms
    admin, agent = make_admin(session), make_agent(session, here)
    ticket = make_ticket(session, here, make_customer(session))
    move_ticket(session, ticket, there, by=admin)
    with pytest.raises(Invalid, match="does not work on this form"):
        assign(session, ticket, admin, assignee=agent)


@pytest.mark.parametrize(
    ("here_may", "there_may", "why"), [("reply", "open", "“Assign”"), ("assign", "reply", "open tickets on “Billing”")]
)
def test_moving_takes_the_right_to_give_away_and_to_open_there(session, forms, here_may, there_may, why):
    agent = make_agent(session)
    for form, action in zip(forms, (here_may, there_may), strict=True):
        set_right(session, form, agent, RightInput(actions=[action]), by=None)
    ticket = make_ticket(session, forms[0])
    with pytest.raises(NotAllowed, match=why):
        move_ticket(session, ticket, forms[1], by=agent)
    set_right(session, forms[0], agent, RightInput(actions=["assign"]), by=None)
    set_right(session, forms[1], agent, RightInput(actions=["open"]), by=None)
    move_ticket(session, ticket, forms[1], by=agent)
    assert ticket.form is forms[1]


def moved_with(session, ticket, form, **fields):
    return move_ticket(session, ticket, form, by=make_admin(session), fields=fields)


def filled(session, form, **values):
    ticket = make_ticket(session, form)
    set_fields(session, ticket, values, by=make_admin(session))
    return ticket


def test_a_value_goes_into_the_field_chosen_for_it_and_history_says_so(session, forms):
    here, there = forms
    ask(session, here, "Room")
    ask(session, here, "Weight", FieldKind.NUMBER)
    ask(session, there, "Place")
    ask(session, there, "Weight")
    ticket = moved_with(session, filled(session, here, room="12", weight="3"), there, room="place", weight="weight")
    assert (ticket.values["place"], ticket.values["weight"]) == ("12", "3")
    assert not notes(ticket)
    event = session.scalars(sa.select(Event).where(Event.ticket_id == ticket.id, Event.kind == "ticket_moved")).one()
    assert (event.data["renamed"], event.data["left"]) == ([["Room", "Place"]], [])


def test_choices_go_by_their_words_where_their_codes_differ_and_words_become_choices(session, forms):
    here, there = forms
    colours(session, here, "red", "blue")
    ask(session, here, "Paint")
    shade = ask(session, there, "Shade", FieldKind.CHOICES, choices=["Ruby"])
    change_field(session, there, shade, {"choices": [{"code": "ruby", "label": "red", "tone": ""}]}, by=None)
    ask(session, there, "Coat", FieldKind.CHOICE, choices=["Blue"])
    ticket = moved_with(session, filled(session, here, colour="red", paint="BLUE"), there, colour="shade", paint="coat")
    assert (ticket.values["shade"], ticket.values["coat"]) == (["ruby"], "blue")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"room": "nowhere"}, {"room": "takes this value"}),
        ({"room": "amount"}, {"room": "takes this value"}),
        ({"room": "place", "floor": "place"}, {"room": "Another value", "floor": "Another value"}),
    ],
    ids=["no such field", "a field that does not take it", "one field for two"],
)
def test_a_choice_that_would_lose_a_value_is_refused(session, forms, fields, wrong):
    here, there = forms
    for label in ("Room", "Floor"):
        ask(session, here, label)
    ask(session, there, "Place")
    ask(session, there, "Amount", FieldKind.NUMBER)
    ticket = filled(session, here, room="12b", floor="3")
    with pytest.raises(Invalid) as refusal:
        moved_with(session, ticket, there, **fields)
    assert refusal.value.problems.keys() == wrong.keys()
    assert all(said in refusal.value.problems[code] for code, said in wrong.items())
    assert ticket.form is here


def test_a_value_kept_back_or_pushed_out_of_its_field_by_another_stands_in_the_note(session, forms):
    here, there = forms
    for form in forms:
        ask(session, form, "Room")
        ask(session, form, "Floor")
    ticket = moved_with(session, filled(session, here, room="12", floor="3"), there, room="floor")
    assert ticket.values["floor"] == "12" and "room" not in ticket.values
    assert "Floor: 3" in notes(ticket)[0].text
    other = moved_with(session, filled(session, here, room="12", floor="3"), there, room="")
    assert other.values["floor"] == "3" and "Room: 12" in notes(other)[0].text


def test_an_amount_stays_behind_where_another_currency_is_asked_for(session, forms):
    here, there = forms
    for form, currency in zip(forms, ("EUR", "USD"), strict=True):
        ask(session, form, "Sum", FieldKind.MONEY, currency=currency)
    ticket = moved_with(session, filled(session, here, sum="20"), there)
    assert "sum" not in ticket.values and "20" in notes(ticket)[0].text
