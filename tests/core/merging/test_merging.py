"""Merging tickets and taking them apart again: what goes along, what stays, and who never reads what."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.errors import Conflict, Invalid, NotAllowed, NotFound
from plugdesk.forms.commands import add_field
from plugdesk.forms.models import FieldKind, Form
from plugdesk.runtime import runtime_of
from plugdesk.tickets.attachments import NewFile, file_for
from plugdesk.tickets.bin import delete_ticket, erase_ticket
from plugdesk.tickets.combining import link_tickets, links_of, merged_numbers, split_ticket, survivor, unlink_tickets
from plugdesk.tickets.commands import accept, assign, change_status, mark_read, set_fields, watch
from plugdesk.tickets.correspondence import Said, add_note, open_ticket, receive_message, reply_to_ticket, send_automatic
from plugdesk.tickets.counts import view_counts
from plugdesk.tickets.housekeeping import empty_bin
from plugdesk.tickets.lists import tickets_of_view
from plugdesk.tickets.merging import can_be_unmerged, merge_tickets, possible_merge, unmerge_ticket
from plugdesk.tickets.models import Message, Participant, Ticket, Watcher
from plugdesk.tickets.subtasks import ask_colleague
from plugdesk.users.models import User
from plugdesk.users.rights import RightInput, set_right
from tests.core.merging.words import found, texts
from tests.factories import make_agent, make_customer, make_form, make_ticket


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


def test_merging_and_undoing_ask_no_more_of_many_messages(session: Session, form, two, agent) -> None:
    """The search's document of a ticket grows with each: it is written once."""
    ticket, again = two
    short = make_ticket(session, form, ticket.customer)
    for number in range(20):
        receive_message(session, again, ticket.customer, said=Said(f"Word{number}"), channel="email")

    def statements(act: Callable[[], object]) -> int:
        asked = list[str]()
        session.flush()
        session.expire_all()

        def note(_connection, _cursor, statement, *_about) -> None:
            asked.append(statement)

        sa.event.listen(sa.engine.Engine, "before_cursor_execute", note)
        try:
            act()
            session.flush()
        finally:
            sa.event.remove(sa.engine.Engine, "before_cursor_execute", note)
        return len(asked)

    few = [
        statements(lambda: merge_tickets(session, short, ticket, agent)),
        statements(lambda: unmerge_ticket(session, short, agent)),
    ]
    many = [
        statements(lambda: merge_tickets(session, again, ticket, agent)),
        statements(lambda: unmerge_ticket(session, again, agent)),
    ]
    assert all(more <= less + 3 for less, more in zip(few, many, strict=True)), (few, many)
    assert (found(session, "word7"), found(session, "umbrella")) == ([again.id], [again.id])


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


def test_links_of_the_merged_are_the_survivors_until_it_is_undone(session: Session, form, two, agent) -> None:
    ticket, again = two
    cause, both = make_ticket(session, form), make_ticket(session, form)
    link_tickets(session, again, cause, agent, kind="caused_by")
    link_tickets(session, again, ticket, agent, kind="duplicate")
    for each, kind in ((again, "related"), (ticket, "duplicate")):
        link_tickets(session, each, both, agent, kind=kind)
    merge_tickets(session, again, ticket, agent)
    shown = [(each.ticket.id, each.kind, each.by) for each in links_of(session, ticket, agent)]
    assert shown == [(both.id, "duplicate", ticket.id), (cause.id, "caused_by", again.id)]
    unlink_tickets(session, ticket, both, agent)
    unmerge_ticket(session, again, agent)
    left = {each.id: [(one.ticket.id, one.kind) for one in links_of(session, each, agent)] for each in (ticket, again)}
    assert left == {ticket.id: [(again.id, "duplicate")], again.id: [(cause.id, "caused_by"), (ticket.id, "duplicate")]}


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


def test_words_belong_to_the_ticket_they_were_written_to(session: Session, form, two, agent) -> None:
    """Of one's own two to the one that was answered, of others to the one they take part in; undoing brings them back."""
    ticket, again = two
    pat, ann = make_customer(session, email="pat@home.example"), ticket.customer
    bob = make_customer(session, name="Bob")
    his = open_ticket(
        session, form, bob, subject="Mine", said=Said("Look."), channel="email", participants=[("pat@home.example", "Pat")]
    )
    merge_tickets(session, again, ticket, agent)
    merge_tickets(session, his, ticket, agent)
    written = [
        (again, ann, again),
        (ticket, ann, ticket),
        (his, ann, ticket),
        (his, pat, his),
        (ticket, pat, his),
        (his, bob, his),
    ]
    for to, author, home in written:
        message = receive_message(session, to, author, said=Said("More."), channel="email")
        assert (message.ticket, message.home) == (ticket, home)
    session.merge(Participant(ticket_id=ticket.id, address="pat@home.example"))
    assert receive_message(session, ticket, pat, said=Said("More."), channel="email").home is ticket
    unmerge_ticket(session, again, agent)
    assert texts(again) == ["An umbrella helps.", "More."]


def test_what_goes_on_after_closing_has_the_subject_of_what_was_written_to(session: Session, form, two, agent) -> None:
    form.reopen_days = 0
    his = make_ticket(session, form, make_customer(session, name="Bob"), subject="Bob's own")
    merge_tickets(session, his, two[0], agent)
    change_status(session, two[0], form.status("done"), by=agent)
    fresh = receive_message(session, his, his.customer, said=Said("Once more."), channel="email").ticket
    assert (fresh.subject, fresh.customer) == ("Bob's own", his.customer)


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


def test_a_file_is_not_for_its_customer_while_the_survivor_is_in_the_bin(session: Session, form, two, agent, admin_user) -> None:
    said = Said("Look.", files=[NewFile("key.png", b"x", "image/png")])
    hers = open_ticket(session, form, two[0].customer, subject="Key", said=said, channel="email")
    (file,) = hers.messages[0].attachments
    merge_tickets(session, hers, two[0], agent)
    delete_ticket(session, two[0], admin_user)
    with pytest.raises(NotFound):
        file_for(session, hers.customer, file.key)
    assert file_for(session, admin_user, file.key) is file


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


@pytest.mark.parametrize("way", ["split off", "taken out again"])
def test_a_ticket_is_erased_whose_words_are_answered_elsewhere(session: Session, two, admin_user, way) -> None:
    """An automatic answer went along with another ticket, the words it answers did not."""
    ticket, again = two
    words = ticket.messages[0]
    if way == "taken out again":
        merge_tickets(session, ticket, again, admin_user)
    answer = send_automatic(session, words.ticket, kind="receipt", html="<p>We have it.</p>", answers=words)
    if way == "taken out again":
        unmerge_ticket(session, ticket, admin_user)
    else:
        split_ticket(session, ticket, [answer], admin_user, subject="The receipt")
    delete_ticket(session, ticket, admin_user)
    erase_ticket(session, ticket)
    session.flush()
    assert answer.ticket is not ticket
    assert session.scalars(sa.select(Message.answers_id).where(Message.id == answer.id)).all() == [None]


def test_one_ticket_that_cannot_be_erased_holds_up_no_others(session: Session, two, admin_user, clock) -> None:
    """As when an extension's table still names it."""
    ticket, _again = two
    for each in two:
        delete_ticket(session, each, admin_user)
    session.execute(sa.text("CREATE TABLE still_names (ticket_id BIGINT REFERENCES ticket (id))"))
    session.execute(sa.text("INSERT INTO still_names VALUES (:id)"), {"id": ticket.id})
    clock.advance(days=31)
    runtime = runtime_of(session)
    empty_bin(runtime.context("core", runtime.desk(session), session, "job"))
    assert session.scalars(sa.select(Ticket.id)).all() == [ticket.id]
