"""Whom an action gives a ticket to, and whom its letters reach."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from plugdesk.api import Context, FieldKind, Group, Ticket, User, Watcher, can_work_on, presence_of, supervisors_of
from plugdesk_workflow.definition import ADDRESS, PERSON_FIELD, How, Letter, Recipient
from plugdesk_workflow.models import Action


def picked(ctx: Context, ticket: Ticket, action: Action, group: Group, how: How) -> User | None:
    """Who of the group gets the ticket: in turn, or who has the fewest open ones. Of those at work; None when nobody is."""
    ready = at_work(ctx, ticket, group)
    if not ready:
        return None
    if how is How.LEAST_LOADED:
        loads = _loads(ctx, ready)
        return min(ready, key=lambda each: (loads.get(each.id, 0), each.id))
    last = ctx.db.scalar(sa.select(Action.last_given_id).where(Action.id == action.id)) or 0
    chosen = next((each for each in ready if each.id > last), ready[0])
    # Not an edit of the action: whoever has it open in the editor is not disturbed.
    ctx.db.execute(sa.update(Action).where(Action.id == action.id).values(last_given_id=chosen.id))
    return chosen


def at_work(ctx: Context, ticket: Ticket, group: Group) -> list[User]:
    """The members who work on the form and are there now, always in the same order."""
    members = [each for each in group.members if each.active and can_work_on(ctx.db, each, ticket.form_id)]
    present = presence_of(ctx.db, members)
    return sorted((each for each in members if present[each.id].at_work), key=lambda each: each.id)


def addresses(ctx: Context, ticket: Ticket, letter: Letter, *, by: User | None) -> list[str]:
    """The addresses of the letter's recipients besides the customer; who acts is told nothing new, and left out."""
    found: list[str] = []
    for each in letter.to:
        if each.startswith(ADDRESS):
            found.append(each.removeprefix(ADDRESS))
        else:
            people = _people(ctx, ticket, each)
            found += [one.email for one in people if one.email and one.active and (by is None or one.id != by.id)]
    return list(dict.fromkeys(found))


def _people(ctx: Context, ticket: Ticket, recipient: str) -> Sequence[User]:
    if recipient == Recipient.ASSIGNEE:
        return [ticket.assignee] if ticket.assignee else []
    if recipient == Recipient.GROUP:
        return ticket.group.members if ticket.group else []
    if recipient == Recipient.SUPERVISOR:
        return list(supervisors_of(ctx.db, [ticket]).values())
    if recipient == Recipient.WATCHERS:
        watching = sa.select(User).join(Watcher, Watcher.user_id == User.id).where(Watcher.ticket_id == ticket.id)
        return ctx.db.scalars(watching.order_by(User.id)).all()
    if recipient.startswith(PERSON_FIELD):
        code = recipient.removeprefix(PERSON_FIELD)
        asked = ticket.form.field(code)
        if asked is not None and asked.kind is FieldKind.PERSON:
            person = ctx.db.get(User, ticket.values.get(code) or 0)
            return [person] if person is not None else []
    return []


def _loads(ctx: Context, people: Sequence[User]) -> dict[int, int]:
    ctx.db.flush()  # what was given a moment ago counts, too
    counted = (
        sa.select(Ticket.assignee_id, sa.func.count())
        .where(
            Ticket.assignee_id.in_([each.id for each in people]),
            Ticket.closed_at.is_(None),
            Ticket.deleted_at.is_(None),
            Ticket.merged_into_id.is_(None),
        )
        .group_by(Ticket.assignee_id)
    )
    return {number: count for number, count in ctx.db.execute(counted) if number is not None}
