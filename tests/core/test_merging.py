"""Merging tickets and taking them apart again, splitting, linking: what goes along, what stays, and who never reads what."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.errors import Conflict, Invalid, NotAllowed, NotFound
from plugdesk.forms.commands import add_field
from plugdesk.forms.models import FieldKind, Form
from plugdesk.search import numbers_matching
from plugdesk.stems import query_terms
from plugdesk.tickets.attachments import NewFile, file_for
from plugdesk.tickets.bin import delete_ticket, erase_ticket
from plugdesk.tickets.combining import link_tickets, links_of, merged_numbers, split_ticket, survivor, unlink_tickets
from plugdesk.tickets.commands import accept, assign, change_status, mark_read, set_fields, watch
from plugdesk.tickets.correspondence import Said, add_note, open_ticket, receive_message, reply_to_ticket, send_automatic
from plugdesk.tickets.lists import tickets_of_view, view_counts
from plugdesk.tickets.merging import can_be_unmerged, merge_tickets, possible_merge, unmerge_ticket
from plugdesk.tickets.models import Message, Ticket, Watcher
from plugdesk.tickets.subtasks import ask_colleague
from plugdesk.users.models import User
from plugdesk.users.rights import RightInput, set_right
from tests.factories import make_agent, make_customer, make_form, make_ticket


@pytest.fixture
def form(session: Session) -> Form:
    return make_form(session)


@pytest.fixture
def agent(session: Session, form: Form) -> User:
    return make_agent(session, form)


@pytest.fixture
def two(session: Session, form: Form) -> tuple[Ticket, Ticket]:
    """Two tickets of one customer, the second about the first's matter."""
    ticket = make_ticket(session, form, subject="The till beeps", text="It beeps twice.")
    again = make_ticket(session, form, ticket.customer, subject="Still beeping", text="An umbrella helps.")
    return ticket, again


def texts(ticket: Ticket) -> list[str]:
    return [message.text for message in ticket.messages if message.kind == "human"]


def found(session: Session, words: str) -> list[int]:
    return numbers_matching(session, query_terms(words, set()), before=None, limit=10)


def open_ones(session: Session, user: User) -> list[int]:
    return [each.id for each in tickets_of_view(session, user, "open").tickets]


def test_the_survivor_holds_what_was_said_on_both_in_its_order(session: Session, two, agent) -> None:
    ticket, again = two
    receive_message(session, ticket, ticket.customer, said=Said("Now thrice."), channel="email")
    merge_tickets(session, again, ticket, agent)
    assert texts(ticket) == ["It beeps twice.", "An umbrella helps.", "Now thrice."] and texts(again) == []
    assert (survivor(session, again), merged_numbers(session, ticket)) == (ticket, [again.id])
    assert found(session, "umbrellas") == [ticket.id]
    assert (open_ones(session, agent), view_counts(session, agent)["open"]) == ([ticket.id], 1)


def test_undoing_brings_back_what_went_along_and_leaves_the_rest(session: Session, two, agent, clock) -> None:
    ticket, again = two
    colleague = make_agent(session, *session.scalars(sa.select(Form)))
    watch(session, again, colleague)
    subtask = ask_colleague(session, again, agent, colleague=colleague, subject="", body="<p>Who knows?</p>")
    merge_tickets(session, again, ticket, agent)
    assert (subtask.parent_id, session.get(Watcher, (ticket.id, colleague.id)) is not None) == (ticket.id, True)
    clock.advance(days=29)
    assert [can_be_unmerged(session, each) for each in two] == [False, True]
    reply_to_ticket(session, ticket, agent, body="<p>Restart it.</p>")
    unmerge_ticket(session, again, agent)
    assert (texts(ticket), texts(again)) == (["It beeps twice.", "Restart it."], ["An umbrella helps."])
    assert (subtask.parent_id, session.get(Watcher, (ticket.id, colleague.id))) == (again.id, None)
    assert (found(session, "umbrella"), again.customer_waits, ticket.customer_waits) == ([again.id], True, False)
    assert again.excerpt == "An umbrella helps." and sorted(open_ones(session, agent)) == [ticket.id, again.id]
    assert view_counts(session, agent)["unread"] == 1  # the other one was just answered
    with pytest.raises(Conflict, match="on its own"):
        unmerge_ticket(session, again, agent)


def test_after_thirty_days_it_stays(session: Session, two, agent, clock) -> None:
    merge_tickets(session, two[1], two[0], agent)
    clock.advance(days=30, seconds=1)
    assert not can_be_unmerged(session, two[1])
    with pytest.raises(Conflict, match="30 days"):
        unmerge_ticket(session, two[1], agent)


def test_of_a_chain_each_comes_out_by_itself(session: Session, form, two, agent) -> None:
    first, second = two
    third = make_ticket(session, form, first.customer, text="Third.")
    merge_tickets(session, first, second, agent)
    merge_tickets(session, second, third, agent)
    assert (survivor(session, first), merged_numbers(session, third)) == (third, [second.id, first.id])
    unmerge_ticket(session, second, agent)
    assert (texts(third), texts(second)) == (["Third."], ["It beeps twice.", "An umbrella helps."])
    merge_tickets(session, second, third, agent)
    unmerge_ticket(session, first, agent)
    assert (texts(third), texts(first)) == (["An umbrella helps.", "Third."], ["It beeps twice."])


def test_fields_stay_and_what_the_other_said_is_kept_in_a_note_until_it_is_undone(session: Session, form, two, agent) -> None:
    ticket, again = two
    add_field(session, form, kind=FieldKind.TEXT, label="Room", by=None)
    set_fields(session, ticket, {"room": "12"}, by=agent)
    set_fields(session, again, {"room": "14"}, by=agent)
    assert possible_merge(session, again, ticket, agent).fields == [("Room", "14")]
    merge_tickets(session, again, ticket, agent)
    (note,) = [each for each in ticket.messages if each.kind == "merged"]
    assert (ticket.values["room"], note.direction) == ("12", "note") and "Room: 14" in note.text
    unmerge_ticket(session, again, agent)
    assert [each for each in ticket.messages if each.kind == "merged"] == []


def test_an_open_one_opens_the_closed_one_and_undoing_closes_it_quietly(session: Session, two, agent) -> None:
    ticket, again = two
    change_status(session, ticket, ticket.form.status("done"), by=agent)
    assert possible_merge(session, again, ticket, agent).reopens
    merge_tickets(session, again, ticket, agent)
    assert ticket.closed_at is None
    unmerge_ticket(session, again, agent)
    assert ticket.status.code == "done" and ticket.closed_at is not None


def test_what_is_between_one_customer_and_the_desk_stays_between_them(session: Session, form, agent) -> None:
    """An answer that is still on its way, and what is written afterwards, belong to who asked."""
    ann, bob = make_customer(session, name="Ann"), make_customer(session, name="Bob")
    hers, his = make_ticket(session, form, ann, text="Ann's secret."), make_ticket(session, form, bob, text="Bob's matter.")
    answer = reply_to_ticket(session, hers, agent, body="<p>Dear Ann</p>")
    merge_tickets(session, hers, his, agent)
    session.expire_all()
    assert (answer.ticket, answer.home.customer) == (his, ann)
    later = receive_message(session, hers, ann, said=Said("Ann again."), channel="email")
    assert (later.ticket, later.home.customer) == (his, ann)
    straight = receive_message(session, his, ann, said=Said("Ann once more."), channel="email")
    assert (straight.ticket, straight.home) == (his, hers)
    assert receive_message(session, his, bob, said=Said("Bob again."), channel="email").home is his
    receipt = send_automatic(session, hers, kind="receipt", html="<p>Dear Ann</p>")
    assert (receipt.ticket_id, receipt.home.customer) == (his.id, ann)
    unmerge_ticket(session, hers, agent)
    assert texts(hers) == ["Ann's secret.", "Dear Ann", "Ann again.", "Ann once more."]
    assert texts(his) == ["Bob's matter.", "Bob again."]


def test_the_merged_one_refuses_everything_with_the_way_out(session: Session, two, agent, admin_user) -> None:
    ticket, again = two
    merge_tickets(session, again, ticket, agent)
    for act in (
        lambda: accept(session, again, agent),
        lambda: assign(session, again, agent, assignee=agent),
        lambda: delete_ticket(session, again, admin_user),
        lambda: add_note(session, again, agent, body="<p>Here?</p>"),
    ):
        with pytest.raises((NotAllowed, Conflict), match=f"merged into ticket {ticket.id}"):
            act()
    with pytest.raises(Conflict, match="Reload"):
        merge_tickets(session, again, ticket, agent)


def test_in_both_directions_one_is_left(session: Session, two, agent) -> None:
    merge_tickets(session, two[0], two[1], agent)
    with pytest.raises(Conflict):
        merge_tickets(session, two[1], two[0], agent)
    assert survivor(session, two[0]) is two[1]


def test_what_has_changed_since_it_was_read_is_left_alone(session: Session, two, agent) -> None:
    """As when somebody else merges, splits or answers at the same time and is done first."""
    session.flush()
    later = sa.update(Ticket.__table__).where(Ticket.__table__.c.id == two[0].id).values(version=two[0].version + 1)
    session.connection().execute(later)
    with pytest.raises(Conflict, match="just changed"):
        merge_tickets(session, two[1], two[0], agent)
    assert two[1].merged_into_id is None


def test_a_file_of_one_customer_is_not_for_the_other(session: Session, form, agent) -> None:
    ann, bob = make_customer(session, name="Ann"), make_customer(session, name="Bob")
    his = make_ticket(session, form, bob)
    said = Said("Look.", files=[NewFile("key.png", b"x", "image/png")])
    hers = open_ticket(session, form, ann, subject="Key", said=said, channel="email")
    (file,) = hers.messages[0].attachments
    merge_tickets(session, hers, his, agent)
    assert file_for(session, ann, file.key) is file_for(session, agent, file.key) is file
    with pytest.raises(NotFound):
        file_for(session, bob, file.key)


def test_it_needs_the_right_on_both_and_is_not_for_subtasks(session: Session, form, two, agent) -> None:
    there = make_form(session, name="Billing")
    elsewhere = make_ticket(session, there, two[0].customer)
    set_right(session, there, agent, RightInput(actions=["reply"]), by=None)
    for one, other in ((two[0], elsewhere), (elsewhere, two[0])):
        with pytest.raises(NotAllowed, match="Merge and split"):
            merge_tickets(session, one, other, agent)
    subtask = ask_colleague(session, two[0], agent, colleague=make_agent(session, form), subject="", body="<p>Who?</p>")
    for one, other in ((two[1], subtask), (subtask, two[1])):
        with pytest.raises(Invalid, match="subtask"):
            merge_tickets(session, one, other, agent)
        assert possible_merge(session, one, other, agent).why_not
    set_right(session, there, agent, RightInput(), by=None)
    merge_tickets(session, two[0], elsewhere, agent)
    assert (two[0].merged_into_id, elsewhere.form_id, subtask.parent_id) == (elsewhere.id, there.id, elsewhere.id)


def test_erasing_the_survivor_erases_what_was_merged_into_it(session: Session, two, admin_user, clock) -> None:
    ticket, again = two
    numbers = [ticket.id, again.id]
    mark_read(session, again, admin_user)
    merge_tickets(session, again, ticket, admin_user)
    delete_ticket(session, ticket, admin_user)
    erase_ticket(session, ticket)
    session.flush()
    assert session.scalars(sa.select(Ticket.id).where(Ticket.id.in_(numbers))).all() == []
    assert view_counts(session, admin_user)["unread"] == 0


@pytest.fixture
def admin_user(session: Session) -> User:
    from tests.factories import make_admin

    return make_admin(session)


def test_splitting_takes_the_chosen_messages_and_both_are_told_by_theirs(session: Session, two, agent, clock) -> None:
    ticket, _again = two
    clock.advance(hours=1)
    more = receive_message(session, ticket, ticket.customer, said=Said("And an invoice is missing."), channel="email")
    fresh = split_ticket(session, ticket, [more], agent, subject="The invoice")
    assert (texts(ticket), texts(fresh)) == (["It beeps twice."], ["And an invoice is missing."])
    assert (fresh.customer, fresh.subject, fresh.customer_waits) == (ticket.customer, "The invoice", True)
    assert ticket.excerpt == "It beeps twice." and fresh.spoken_at - ticket.spoken_at == timedelta(hours=1)
    assert (found(session, "invoices"), [each.kind for each in links_of(session, ticket, agent)]) == ([fresh.id], ["split"])
    for chosen in ([], list(ticket.messages), [session.get_one(Message, more.id)]):
        with pytest.raises(Invalid, match="some of the messages"):
            split_ticket(session, ticket, chosen, agent, subject="")


def test_what_is_split_off_is_of_who_said_it(session: Session, form, two, agent) -> None:
    ticket = two[0]
    bob = make_customer(session, name="Bob")
    his = open_ticket(session, form, bob, subject="Mine", said=Said("Bob's words."), channel="email")
    merge_tickets(session, his, ticket, agent)
    reply_to_ticket(session, ticket, agent, body="<p>Dear Ann</p>")
    with pytest.raises(Invalid, match="several customers"):
        split_ticket(session, ticket, ticket.messages[:2], agent, subject="")
    fresh = split_ticket(session, ticket, [each for each in ticket.messages if each.home is his], agent, subject="")
    assert (fresh.customer, texts(fresh)) == (bob, ["Bob's words."])
    unmerge_ticket(session, his, agent)
    assert texts(his) == []  # what was split off stays where it is


def test_a_link_has_two_ends_each_in_its_own_words(session: Session, two, agent) -> None:
    ticket, again = two
    link_tickets(session, again, ticket, agent, kind="caused_by")
    assert [(each.ticket, each.kind) for each in links_of(session, again, agent)] == [(ticket, "caused_by")]
    assert [(each.ticket, each.kind) for each in links_of(session, ticket, agent)] == [(again, "causes")]
    link_tickets(session, ticket, again, agent, kind="duplicate")
    assert [each.kind for each in links_of(session, again, agent)] == ["duplicate"]
    with pytest.raises(Invalid):
        link_tickets(session, ticket, again, agent, kind="friends")
    unlink_tickets(session, again, ticket, agent)
    assert links_of(session, ticket, agent) == []


def test_a_link_with_a_ticket_one_does_not_see_is_not_shown(session: Session, two, agent) -> None:
    hidden = make_ticket(session, make_form(session, name="Billing"), two[0].customer)
    link_tickets(session, two[0], hidden, None, kind="stranger")
    assert links_of(session, two[0], agent) == []
