"""Merging: what was said on one ticket goes on in another, which survives; and undoing it. Commands: they never commit.

A message keeps the ticket it was said on (`Message.home`): whom it goes to, and by which form, is that ticket's matter still,
so that an answer on its way, a bounce or a quotation never reaches the customer of another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.errors import Conflict, Invalid, PlugdeskError
from plugdesk.events import Event, record
from plugdesk.forms.fields import show_value
from plugdesk.forms.models import StatusKind
from plugdesk.i18n import gettext as _
from plugdesk.i18n import use_language
from plugdesk.permissions import can_see, may_merge
from plugdesk.runtime import runtime_of
from plugdesk.search import forget_ticket, index_again, index_messages
from plugdesk.tags.commands import take_back_tags, unite_tags
from plugdesk.tickets.combining import hold, merged_numbers, survivor, tell_by_messages
from plugdesk.tickets.commands import become, news_for_others, return_to
from plugdesk.tickets.models import Message, Reading, Ticket, Watcher
from plugdesk.tickets.notes import note_fields
from plugdesk.users.models import User

UNDO_MERGING = timedelta(days=30)


@dataclass(frozen=True)
class Merge:
    """What merging a ticket `into` another would do.

    `why_not` says why it cannot be done; then the rest is empty. `fields` are label and words of what the merged ticket's fields
    say otherwise, which a note keeps.
    """

    into: Ticket
    why_not: str = ""
    messages: int = 0
    fields: Sequence[tuple[str, str]] = ()
    subtasks: int = 0
    reopens: bool = False


def possible_merge(session: Session, ticket: Ticket, into: Ticket, by: User) -> Merge:
    """What `merge_tickets` would do, said beforehand. It only reads."""
    try:
        _check(session, ticket, into, by)
    except PlugdeskError as refusal:
        return Merge(into, str(refusal))
    said = sa.select(sa.func.count()).where(Message.ticket_id == ticket.id)
    asked = sa.select(sa.func.count()).where(Ticket.parent_id == ticket.id, Ticket.deleted_at.is_(None))
    return Merge(
        into, "", session.scalar(said) or 0, _said_otherwise(session, ticket, into),
        session.scalar(asked) or 0, _reopens(ticket, into),
    )  # fmt: skip


def merge_tickets(session: Session, ticket: Ticket, into: Ticket, by: User) -> Ticket:
    """Move what was said on `ticket` to `into`, which survives; letters to the merged number find it. See `unmerge_ticket`.

    Subtasks, watchers and tags go along; fields, status and assignee are the survivor's, and what the fields of `ticket` say otherwise
    is kept in a note. A survivor that was closed is opened again by one that is open. Of two who merge in both directions at
    once one is refused.
    """
    hold(session, ticket, into)
    _check(session, ticket, into, by)
    watching = _watch_along(session, ticket, into)
    asked = session.scalars(sa.select(Ticket).where(Ticket.parent_id == ticket.id)).all()
    for subtask in asked:
        subtask.parent_id = into.id
    otherwise = _said_otherwise(session, ticket, into)
    moved = _take_messages(session, ticket, into)
    tags = unite_tags(session, ticket, into)
    ticket.merged_into_id, ticket.unsettled = into.id, []
    ticket.changed_at = into.changed_at = runtime_of(session).clock.now()
    waits = into.customer_waits or ticket.customer_waits
    session.execute(sa.delete(Reading).where(Reading.ticket_id == ticket.id))
    index_messages(session, into, moved)
    forget_ticket(session, ticket.id)
    before = into.status.code
    if _reopens(ticket, into):
        become(session, into, StatusKind.OPEN, StatusKind.NEW, by=None)
    note = _keep_fields(session, ticket, into, otherwise) if otherwise else None
    tell_by_messages(into)
    into.customer_waits = waits
    news_for_others(session, into, by)
    record(
        session, "tickets_merged", ticket=into, actor=by, other_id=ticket.id, messages=[each.id for each in moved],
        subject=ticket.subject,
    )  # fmt: skip
    record(
        session, "merged_away", ticket=ticket, actor=by, into_id=into.id, note_id=note.id if note else None, watchers=watching,
        subtasks=[each.id for each in asked], tags=tags, status=[before, into.status.code] if before != into.status.code else None,
    )  # fmt: skip
    return into


def unmerge_ticket(session: Session, ticket: Ticket, by: User) -> Ticket:
    """Take `ticket` out of the one it was merged into: its messages, what was written to it since, subtasks, watchers and tags.

    What agents wrote on the survivor meanwhile stays there. Raises `Conflict` when it stands on its own already, or when the
    time for it is over.
    """
    if ticket.merged_into_id is None:
        raise Conflict(_("Ticket %(number)s stands on its own already.", number=ticket.id))
    into = survivor(session, ticket)
    hold(session, ticket, into)
    for each in (ticket, into):
        may_merge(session, by, each)
    merging = session.scalar(_MERGED_AWAY, {"ticket_id": ticket.id})
    if merging is None:
        raise Conflict(_("Ticket %(number)s stands on its own already.", number=ticket.id))
    if not can_still_be_undone(session, merging.at):
        raise Conflict(_("Merging can be undone for %(days)d days. Split the messages off instead.", days=UNDO_MERGING.days))
    _bring_back(session, ticket, into, merging.data)
    ticket.merged_into_id = None
    ticket.changed_at = into.changed_at = runtime_of(session).clock.now()
    for each in (ticket, into):
        session.flush()  # where each message stands
        session.expire(each, ["messages"])
        tell_by_messages(each)
        index_again(session, each)
        news_for_others(session, each, by)
    record(session, "ticket_unmerged", ticket=into, actor=by, other_id=ticket.id)
    record(session, "unmerged", ticket=ticket, actor=by, from_id=into.id)
    return ticket


def can_be_unmerged(session: Session, ticket: Ticket) -> bool:
    """Whether the ticket was merged into another, so lately that `unmerge_ticket` can take it out again."""
    if ticket.merged_into_id is None:
        return False
    merging = session.scalar(_MERGED_AWAY, {"ticket_id": ticket.id})
    return merging is not None and can_still_be_undone(session, merging.at)


def can_still_be_undone(session: Session, at: datetime) -> bool:
    """Whether what was merged at that moment can be taken apart now."""
    return runtime_of(session).clock.now() - at <= UNDO_MERGING


def _check(session: Session, ticket: Ticket, into: Ticket, by: User) -> None:
    if ticket.id == into.id:
        raise Invalid(_("A ticket cannot be merged into itself."))
    for each in (ticket, into):
        may_merge(session, by, each)
    if ticket.merged_into_id is not None or into.merged_into_id is not None:
        raise Conflict(_("One of the two has just been merged. Reload the page."))
    if ticket.parent_id is not None or into.parent_id is not None:
        raise Invalid(_("A subtask is not merged. Merge the tickets that they hang on."))


def _reopens(ticket: Ticket, into: Ticket) -> bool:
    return into.closed_at is not None and ticket.closed_at is None


def _take_messages(session: Session, ticket: Ticket, into: Ticket) -> Sequence[Message]:
    moved = session.scalars(sa.select(Message).where(Message.ticket_id == ticket.id).order_by(Message.id)).all()
    for message in moved:
        message.ticket_id, message.origin_id = into.id, message.origin_id or ticket.id
    session.flush()  # where each message stands
    for each in (ticket, into):
        session.expire(each, ["messages"])
    for message in moved:
        session.expire(message, ["ticket", "origin"])
    return moved


def _watch_along(session: Session, ticket: Ticket, into: Ticket) -> list[int]:
    """Whoever watches `ticket` and may see `into` watches that one, too; who has begun to."""
    there = set(session.scalars(sa.select(Watcher.user_id).where(Watcher.ticket_id == into.id)))
    watching = sa.select(User).join(Watcher, Watcher.user_id == User.id).where(Watcher.ticket_id == ticket.id).order_by(User.id)
    begun = [user.id for user in session.scalars(watching).all() if user.id not in there and can_see(session, user, into)]
    session.add_all(Watcher(ticket_id=into.id, user_id=user_id) for user_id in begun)
    return begun


def _said_otherwise(session: Session, ticket: Ticket, into: Ticket) -> list[tuple[str, str]]:
    """The fields of `ticket` that hold something else than those of `into`, by their labels, with their words."""
    found = []
    with use_language(into.form.language or runtime_of(session).desk(session).language):
        for field in ticket.form.fields:
            value = ticket.values.get(field.code)
            if value is None or value == field.default:
                continue
            there = into.form.field(field.code)
            same = there is not None and there.kind is field.kind and into.values.get(field.code) == value
            if not same and (words := show_value(field, value, session)):
                found.append((field.label, words))
    return found


def _keep_fields(session: Session, ticket: Ticket, into: Ticket, said: Sequence[tuple[str, str]]) -> Message:
    with use_language(into.form.language or runtime_of(session).desk(session).language):
        head = _("The fields of ticket %(number)s, which was merged into this one, said:", number=ticket.id)
    return note_fields(session, into, head, said, kind="merged")


def _bring_back(session: Session, ticket: Ticket, into: Ticket, about: dict[str, Any]) -> None:
    own = [ticket.id, *merged_numbers(session, ticket)]
    going = session.scalars(sa.select(Message).where(Message.ticket_id == into.id, Message.origin_id.in_(own))).all()
    for message in going:
        message.ticket_id, message.origin_id = ticket.id, None if message.origin_id == ticket.id else message.origin_id
    session.flush()  # where each message stands
    for message in going:
        session.expire(message, ["ticket", "origin"])
    asked = sa.select(Ticket).where(Ticket.id.in_(about.get("subtasks") or ()), Ticket.parent_id == into.id)
    for subtask in session.scalars(asked).all():
        subtask.parent_id = ticket.id
    if about.get("into_id") == into.id:
        begun = about.get("watchers") or ()
        session.execute(sa.delete(Watcher).where(Watcher.ticket_id == into.id, Watcher.user_id.in_(begun)))
        take_back_tags(session, into, about.get("tags") or ())
        before, after = about.get("status") or (None, None)
        status = into.form.status(before) if before and into.status.code == after else None
        if status is not None:
            return_to(session, into, status, by=None, quietly=True)
    note = session.get(Message, about["note_id"]) if about.get("note_id") else None
    if note is not None:
        session.delete(note)


_MERGED_AWAY = (
    sa.select(Event)
    .where(Event.ticket_id == sa.bindparam("ticket_id"), Event.kind == "merged_away")
    .order_by(Event.id.desc())
    .limit(1)
)
