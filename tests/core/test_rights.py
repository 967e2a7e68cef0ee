"""Rights on a form, of people and of groups: what is seen, what may be run; the question and its SQL twin say the same."""

from __future__ import annotations

import itertools

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.actions import ACTIONS
from plugdesk.errors import Invalid, NotAllowed, NotFound
from plugdesk.forms.models import Form, Sees
from plugdesk.permissions import can_delete, can_open, can_run, can_see, deletes_some, tickets_in_bin, visible_tickets, why_not
from plugdesk.tickets.bin import delete_ticket
from plugdesk.tickets.commands import accept, assign, change_status, release, set_fields, set_subject, watch
from plugdesk.tickets.correspondence import add_note, forward_message, open_ticket, reply_to_ticket
from plugdesk.tickets.counts import view_counts
from plugdesk.tickets.lists import tickets_found, tickets_of_view
from plugdesk.tickets.merging import merge_tickets
from plugdesk.tickets.models import Ticket
from plugdesk.tickets.queries import ticket_for, tickets_changed_since
from plugdesk.tickets.subtasks import ask_colleague
from plugdesk.users.models import User
from plugdesk.users.queries import agents_of_form, can_see_customer, find_customers, rights_on_form
from plugdesk.users.rights import RightInput, remove_right, set_form_agent, set_only_assignee, set_right
from tests.factories import make_admin, make_agent, make_form, make_group, make_ticket

PAYING = ["waiting"]


def put(session: Session, ticket: Ticket, code: str) -> Ticket:
    status = ticket.form.status(code)
    assert status is not None
    change_status(session, ticket, status, by=None)
    session.flush()  # what lists and counts read
    return ticket


def seen_by(session: Session, user: User) -> set[int]:
    return {row.id for row in tickets_of_view(session, user, "all").tickets}


@pytest.fixture
def form(session: Session) -> Form:
    return make_form(session)


@pytest.fixture
def accountant(session: Session, form: Form) -> User:
    """Sees only what waits for payment, and may write notes there."""
    user = make_agent(session, name="Anna Kern")
    set_right(session, form, user, RightInput(statuses=PAYING, actions=["note"]), by=None)
    return user


def test_who_sees_one_status_sees_no_other_ticket_anywhere(session: Session, form: Form, accountant: User) -> None:
    paying, other = put(session, make_ticket(session, form), "waiting"), make_ticket(session, form, subject="A secret repair")
    session.flush()
    assert seen_by(session, accountant) == {paying.id}
    assert can_see(session, accountant, paying)
    assert not can_see(session, accountant, other)
    assert ticket_for(session, accountant, paying.id) is paying
    session.commit()
    with pytest.raises(NotFound):
        ticket_for(session, accountant, other.id)
    assert can_see_customer(session, accountant, paying.customer)
    assert not can_see_customer(session, accountant, other.customer)
    assert [each.id for each in find_customers(session, accountant)[0]] == [paying.customer_id]
    assert tickets_changed_since(session, accountant, 0) == {paying.id}


def test_what_is_searched_for_is_narrowed_too(session: Session, form: Form, accountant: User) -> None:
    from plugdesk.stems import query_terms

    paying = put(session, make_ticket(session, form, text="The invoice is open."), "waiting")
    make_ticket(session, form, text="The invoice is lost.")
    session.flush()
    assert [row.id for row in tickets_found(session, accountant, query_terms("invoice", set())).tickets] == [paying.id]


@pytest.mark.both_databases
def test_counts_are_those_of_what_is_seen(session: Session, form: Form, accountant: User) -> None:
    paying = [put(session, make_ticket(session, form), "waiting") for _each in range(2)]
    make_ticket(session, form)
    done = put(session, put(session, make_ticket(session, form), "waiting"), "done")
    elsewhere = make_form(session, name="Billing", slug="billing")
    set_form_agent(session, elsewhere, accountant, by=None)
    make_ticket(session, elsewhere)
    paying[0].assignee = accountant
    watch(session, paying[1], accountant)
    session.flush()
    assert not can_see(session, accountant, done)
    counts = view_counts(session, accountant)
    assert counts == {
        "new": 1, "mine": 1, "groups": 0, "unanswered": 3, "open": 3, "waiting": 2, "unread": 3, "watching": 1, "asked": 0,
    }  # fmt: skip
    for view, number in counts.items():
        assert len(tickets_of_view(session, accountant, view).tickets) == number, view


def test_who_sees_their_own_sees_what_they_are_given_and_loses_it_again(session: Session, form: Form) -> None:
    agent, colleague = make_agent(session), make_agent(session, form)
    set_right(session, form, agent, RightInput(sees=Sees.OWN), by=None)
    ticket = make_ticket(session, form)
    assert seen_by(session, agent) == set()
    assign(session, ticket, colleague, assignee=agent)
    session.flush()
    assert seen_by(session, agent) == {ticket.id}
    release(session, ticket, agent)
    session.flush()
    assert seen_by(session, agent) == set()
    with pytest.raises(NotAllowed):
        accept(session, ticket, agent)


def test_a_groups_right_shows_that_groups_tickets_to_its_members(session: Session, form: Form) -> None:
    agent = make_agent(session)
    night, day = make_group(session, agent, name="Night"), make_group(session, agent, name="Day")
    set_right(session, form, night, RightInput(sees=Sees.GROUP), by=None)
    nights, days, nobodys = (make_ticket(session, form) for _each in range(3))
    assign(session, nights, None, group=night)
    assign(session, days, None, group=day)
    session.flush()
    assert seen_by(session, agent) == {nights.id}
    assert agent in agents_of_form(session, form)
    assert view_counts(session, agent)["groups"] == 1
    assert not can_see(session, agent, nobodys)


def test_rights_add_up(session: Session, form: Form) -> None:
    """One sees what waits and may write notes there, and through the group answers the group's tickets."""
    agent = make_agent(session)
    group = make_group(session, agent)
    set_right(session, form, agent, RightInput(statuses=PAYING, actions=["note"]), by=None)
    set_right(session, form, group, RightInput(sees=Sees.GROUP, actions=["reply"]), by=None)
    waiting, groups = put(session, make_ticket(session, form), "waiting"), make_ticket(session, form)
    assign(session, groups, None, group=group)
    session.flush()
    assert seen_by(session, agent) == {waiting.id, groups.id}
    assert [can_run(session, agent, waiting, each) for each in ("note", "reply")] == [True, False]
    assert [can_run(session, agent, groups, each) for each in ("note", "reply")] == [False, True]


def test_an_action_that_was_not_given_is_refused_by_its_command_and_named(session: Session, form: Form, accountant: User) -> None:
    ticket, other = (put(session, make_ticket(session, form), "waiting") for _each in range(2))
    session.flush()
    add_note(session, ticket, accountant, body="<p>Paid yesterday</p>")
    done = form.status("done")
    assert done is not None
    colleague = make_agent(session, form)
    for act in (
        lambda: reply_to_ticket(session, ticket, accountant, body="<p>Thanks</p>"),
        lambda: forward_message(session, ticket.messages[0], accountant, to=["x@other.example"]),
        lambda: ask_colleague(session, ticket, accountant, colleague=colleague, subject="?", body="<p>?</p>"),
        lambda: accept(session, ticket, accountant),
        lambda: release(session, ticket, accountant),
        lambda: assign(session, ticket, accountant, assignee=colleague),
        lambda: change_status(session, ticket, done, by=accountant),
        lambda: set_fields(session, ticket, {"priority": "high"}, by=accountant),
        lambda: set_subject(session, ticket, "Another", by=accountant),
        lambda: merge_tickets(session, ticket, other, accountant),
        lambda: delete_ticket(session, ticket, accountant),
        lambda: open_ticket(session, form, ticket.customer, subject="S", said=None, channel="phone", by=accountant),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert "Answer" in why_not(session, accountant, ticket, "reply")
    assert why_not(session, accountant, ticket, "note") == ""


def test_no_ticket_is_linked_or_merged_with_one_that_is_not_seen(session: Session, form: Form) -> None:
    from plugdesk.tickets.combining import link_tickets
    from plugdesk.tickets.models import Link

    agent = make_agent(session, form)
    mine, theirs = make_ticket(session, form), make_ticket(session, make_form(session, name="Billing", slug="billing"))
    for one, other in ((mine, theirs), (theirs, mine)):
        with pytest.raises(NotAllowed):
            link_tickets(session, one, other, agent)
        with pytest.raises(NotAllowed):
            merge_tickets(session, one, other, agent)
    assert session.scalars(sa.select(Link)).all() == []
    assert (mine.merged_into_id, theirs.merged_into_id) == (None, None)


def test_an_answer_that_would_change_the_status_needs_both_rights(session: Session, form: Form) -> None:
    agent = make_agent(session)
    set_right(session, form, agent, RightInput(actions=["reply"]), by=None)
    ticket = make_ticket(session, form)
    with pytest.raises(NotAllowed):
        reply_to_ticket(session, ticket, agent, body="<p>Done.</p>", status=form.status("done"))
    assert len(ticket.messages) == 1
    reply_to_ticket(session, ticket, agent, body="<p>We look.</p>")
    assert ticket.status_kind == "pending"  # what an answer does by itself needs no right to change statuses


def test_an_extensions_action_is_a_right_like_any_other(session: Session, form: Form, accountant: User) -> None:
    ticket = put(session, make_ticket(session, form), "waiting")
    assert not can_run(session, accountant, ticket, "workflow:payment_received")
    set_right(session, form, accountant, RightInput(statuses=PAYING, actions=["workflow:payment_received"]), by=None)
    assert can_run(session, accountant, ticket, "workflow:payment_received")
    assert not can_run(session, accountant, ticket, "note")


def test_every_action_is_everything_but_deleting(session: Session, form: Form) -> None:
    agent, ticket = make_agent(session, form), make_ticket(session, form)
    assert [code for code in ACTIONS if code != "delete" and not can_run(session, agent, ticket, code)] == []
    assert can_open(session, agent, form.id)
    assert not can_delete(session, agent, ticket)
    set_right(session, form, agent, RightInput(can_delete=True), by=None)
    assert can_delete(session, agent, ticket)
    set_right(session, form, agent, RightInput(is_admin=True, statuses=["done"], actions=[]), by=None)
    assert can_delete(session, agent, ticket)
    assert can_run(session, agent, ticket, "reply")


def test_the_older_mark_on_a_person_deletes_only_where_nothing_is_narrowed(session: Session, form: Form) -> None:
    agent, ticket = make_agent(session), put(session, make_ticket(session, form), "waiting")
    agent.can_delete = True
    set_right(session, form, agent, RightInput(statuses=PAYING), by=None)
    assert can_delete(session, agent, ticket)
    set_right(session, form, agent, RightInput(statuses=PAYING, actions=["note"]), by=None)
    assert not can_delete(session, agent, ticket)


def test_a_right_with_which_nothing_is_seen_is_refused(session: Session, form: Form, accountant: User) -> None:
    with pytest.raises(Invalid, match="at least one status"):
        set_right(session, form, accountant, RightInput(statuses=["no_such"]), by=None)


def test_only_admins_of_the_form_give_rights_on_it(session: Session, form: Form, accountant: User) -> None:
    chief, stranger = (
        make_agent(session, form, is_admin=True),
        make_agent(session, make_form(session, name="B", slug="b"), is_admin=True),
    )
    group = make_group(session, accountant)
    for by in (accountant, stranger):
        with pytest.raises(NotAllowed):
            set_right(session, form, accountant, RightInput(), by=by)
        with pytest.raises(NotAllowed):
            set_right(session, form, group, RightInput(is_admin=True), by=by)
        with pytest.raises(NotAllowed):
            remove_right(session, form, accountant, by=by)
    set_right(session, form, group, RightInput(), by=chief)
    assert {holder.name for holder, _right in rights_on_form(session, form)} == {group.name, chief.name, accountant.name}
    remove_right(session, form, group, by=chief)
    assert group not in [holder for holder, _right in rights_on_form(session, form)]


def test_letting_somebody_configure_keeps_what_they_are_narrowed_to(session: Session, form: Form, accountant: User) -> None:
    ticket = make_ticket(session, form)
    set_form_agent(session, form, accountant, is_admin=True, by=None)
    assert can_see(session, accountant, ticket)
    set_form_agent(session, form, accountant, is_admin=False, by=None)
    assert not can_see(session, accountant, ticket)


def test_leaving_a_group_ends_its_rights_at_once(session: Session, form: Form) -> None:
    from plugdesk.users.commands import deactivate_user, delete_group, set_members

    agent, ticket = make_agent(session), make_ticket(session, form)
    group = make_group(session, agent)
    set_right(session, form, group, RightInput(), by=None)
    assert can_see(session, agent, ticket)
    set_members(session, group, [], by=None)
    assert not can_see(session, agent, ticket)
    set_members(session, group, [agent], by=None)
    assert can_see(session, agent, ticket)
    deactivate_user(session, agent, by=None)
    assert not can_see(session, agent, ticket)
    agent.active = True
    delete_group(session, group, by=None)
    assert not can_see(session, agent, ticket)


def test_while_a_ticket_is_assigned_nobody_else_acts_on_it(session: Session, form: Form) -> None:
    boss, chief = make_agent(session, form), make_agent(session, form, is_admin=True)
    ivan, olga, pavel = (make_agent(session, form) for _each in range(3))
    group = make_group(session, olga, supervisor=boss)
    ticket = make_ticket(session, form)
    everybody = [ivan, olga, pavel, boss, chief, make_admin(session)]

    def may() -> list[bool]:
        assert all(can_see(session, each, ticket) for each in everybody)
        return [can_run(session, each, ticket, "note") for each in everybody]

    assign(session, ticket, None, assignee=ivan)
    assert may() == [True] * 6
    set_only_assignee(session, form, True, by=chief)
    assert may() == [True, False, False, False, True, True]
    assert ivan.name in why_not(session, pavel, ticket, "note")
    with pytest.raises(NotAllowed, match=ivan.name):
        assign(session, ticket, pavel, assignee=pavel)
    assign(session, ticket, ivan, assignee=ivan, group=group)
    assert may() == [True, True, False, True, True, True]
    assign(session, ticket, olga, group=group)
    assert may() == [False, True, False, True, True, True]
    assign(session, ticket, boss)
    assert may() == [True] * 6
    with pytest.raises(NotAllowed):
        set_only_assignee(session, form, False, by=ivan)


@pytest.mark.both_databases
def test_the_question_and_its_sql_twin_say_the_same_of_every_right_and_ticket(session: Session) -> None:
    forms = [make_form(session, name=name, slug=name) for name in ("one", "two")]
    agent, other = make_agent(session), make_agent(session, *forms)
    mine, theirs = make_group(session, agent), make_group(session, other)
    tickets = []
    for form, code, assignee, group in itertools.product(
        forms, ("new", "waiting", "done"), (None, agent, other), (None, mine, theirs)
    ):
        ticket = put(session, make_ticket(session, form), code) if code != "new" else make_ticket(session, form)
        assign(session, ticket, None, assignee=None, group=group)
        ticket.assignee, ticket.assignee_id = assignee, assignee.id if assignee else None
        tickets.append(ticket)
    for ticket in tickets[3::5]:
        delete_ticket(session, ticket, make_admin(session))
    session.flush()
    rights = [
        None, RightInput(), RightInput(sees=Sees.OWN), RightInput(sees=Sees.GROUP), RightInput(statuses=["waiting", "done"]),
        RightInput(sees=Sees.GROUP, statuses=["new"], can_delete=True), RightInput(is_admin=True, sees=Sees.OWN),
    ]  # fmt: skip
    for own, groups in itertools.product(rights, rights):
        for holder, right in ((agent, own), (mine, groups)):
            if right is None:
                remove_right(session, forms[0], holder, by=None)
            else:
                set_right(session, forms[0], holder, right, by=None)
        found = set(session.scalars(sa.select(Ticket.id).where(visible_tickets(session, agent))))
        asked = {each.id for each in tickets if each.deleted_at is None and can_see(session, agent, each)}
        assert found == asked, (own, groups)
        binned = set(session.scalars(sa.select(Ticket.id).where(tickets_in_bin(session, agent))))
        assert binned == {each.id for each in tickets if each.deleted_at and can_delete(session, agent, each)}, (own, groups)
        assert deletes_some(session, agent) or not binned, (own, groups)
        open_ones = {each.id for each in tickets if each.id in asked and each.closed_at is None}
        assert view_counts(session, agent)["open"] == len(open_ones), (own, groups)


def test_whoever_is_not_narrowed_is_asked_for_in_the_same_words_as_ever(session: Session, form: Form) -> None:
    agent = make_agent(session, form)
    assert str(visible_tickets(session, agent)) == "ticket.form_id IN (__[POSTCOMPILE_form_id_1]) AND ticket.deleted_at IS NULL"


@pytest.mark.both_databases
def test_rights_are_one_query_however_many_groups_give_them(session: Session, form: Form) -> None:
    agent = make_agent(session)
    for number in range(5):
        set_right(
            session, form, make_group(session, agent, name=f"G{number}"), RightInput(sees=Sees.GROUP, statuses=PAYING), by=None
        )
    session.info.pop("rights_of", None)
    asked: list[str] = []
    sa.event.listen(session.connection(), "before_cursor_execute", lambda *call: asked.append(call[2]))
    tickets_of_view(session, agent, "groups")
    view_counts(session, agent)
    assert len(asked) == 3, asked
