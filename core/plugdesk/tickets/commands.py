"""What is done to a ticket besides talking: accept, assign, change status and fields, watch, read. Never commits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.errors import Conflict, Invalid, NotAllowed
from plugdesk.events import record
from plugdesk.forms.entering import check_values, fill_in, values_entered
from plugdesk.forms.facts import values_of_ticket
from plugdesk.forms.models import Field, Status, StatusKind
from plugdesk.forms.rules import Decision, decide, wanted_facts
from plugdesk.i18n import gettext as _
from plugdesk.permissions import can_see, can_work_on, why_not
from plugdesk.runtime import runtime_of
from plugdesk.tickets.models import SUBTASK, Reading, Ticket, Watcher
from plugdesk.tickets.settling import settle
from plugdesk.users.models import Group, User

RUNNING = "running"  # in a session's info: who runs an action on which ticket just now


def assign(
    session: Session, ticket: Ticket, by: User | None, *, assignee: User | None = None, group: Group | None = None
) -> Ticket:
    """Give the ticket to an agent, a group, both (an agent within a group), or nobody."""
    may_run(session, ticket, by, "assign")
    return _give(session, ticket, by, assignee, group)


def _give(session: Session, ticket: Ticket, by: User | None, assignee: User | None, group: Group | None) -> Ticket:
    if assignee is not None and not (assignee.is_agent and can_work_on(session, assignee, ticket.form_id)):
        raise Invalid(_("%(name)s does not work on this form.", name=assignee.name))
    before = {"assignee_id": ticket.assignee_id, "group_id": ticket.group_id}
    after = {"assignee_id": assignee.id if assignee else None, "group_id": group.id if group else None}
    if before == after:
        return ticket
    ticket.assignee, ticket.group = assignee, group
    ticket.assignee_id, ticket.group_id = after["assignee_id"], after["group_id"]
    _touch(session, ticket)
    record(session, "ticket_assigned", ticket=ticket, actor=by, before=before, after=after)
    return ticket


def accept(session: Session, ticket: Ticket, agent: User) -> Ticket:
    """`agent` takes the ticket as own; a new one becomes open. `Conflict` when a colleague was faster."""
    may_run(session, ticket, agent, "accept")
    if ticket.assignee_id is not None and ticket.assignee_id != agent.id:
        name = ticket.assignee.name if ticket.assignee else ""
        raise Conflict(_("%(name)s has already accepted this ticket.", name=name))
    _give(session, ticket, agent, agent, ticket.group)
    record(session, "ticket_accepted", ticket=ticket, actor=agent)
    if ticket.status_kind is StatusKind.NEW:
        become(session, ticket, StatusKind.OPEN, by=agent)
    return ticket


def release(session: Session, ticket: Ticket, agent: User) -> Ticket:
    """Give the ticket back: to its group if it has one, else to nobody."""
    may_run(session, ticket, agent, "accept")
    _give(session, ticket, agent, None, ticket.group)
    record(session, "ticket_released", ticket=ticket, actor=agent)
    return ticket


def change_status(
    session: Session,
    ticket: Ticket,
    status: Status,
    *,
    by: User | None,
    quietly: bool = False,
    values: Mapping[str, Any] | None = None,
    incomplete: bool = False,
) -> Ticket:
    """Put the ticket into `status` of its form. Entering a final kind is its closing, leaving them its reopening.

    `values` are entered into its fields on the way. A person is refused (`Invalid`, by field) while one is empty that `status`
    requires, unless `incomplete`; the desk itself never is. `quietly` closes without telling the customer.
    """
    may_run(session, ticket, by, "status")
    if status.form_id != ticket.form_id:
        raise Invalid(_("This status belongs to another form."))
    if values and by is not None:
        set_fields(session, ticket, values, by=by)
    if by is not None and not incomplete and status.id != ticket.status_id and (missing := missing_in(session, ticket, status)):
        raise Invalid(problems={field.code: fill_in(field) for field in missing})
    return _enter(session, ticket, status, by=by, quietly=quietly)


def _enter(
    session: Session, ticket: Ticket, status: Status, *, by: User | None, quietly: bool = False, reply_id: int | None = None
) -> Ticket:
    if status.id == ticket.status_id:
        return ticket
    before, was_final = ticket.status, ticket.status_kind.is_final
    ticket.status, ticket.status_id, ticket.status_kind = status, status.id, status.kind
    _touch(session, ticket)
    because: dict[str, Any] = {} if reply_id is None else {"reply_id": reply_id}
    record(session, "status_changed", ticket=ticket, actor=by, before=before.code, after=status.code, **because)
    if status.kind.is_final and not was_final:
        ticket.closed_at = ticket.changed_at
        session.execute(sa.delete(Reading).where(Reading.ticket_id == ticket.id))
        record(session, "ticket_closed", ticket=ticket, actor=by, quietly=quietly)
    elif was_final and not status.kind.is_final:
        ticket.closed_at = None
        record(session, "ticket_reopened", ticket=ticket, actor=by)
    return ticket


def become(session: Session, ticket: Ticket, *kinds: StatusKind, by: User | None, reply_id: int | None = None) -> Ticket:
    """Put the ticket into its form's first status of one of `kinds`. `reply_id` is the reply that did it, if one did.

    It is what comes of something else that `by` did, and needs no right of its own. The ticket stays where it is when there is
    no such status, or (done in passing by a person's act) when a field is empty that is required from this status on. What is
    required anyhow was to be asked at the door: a letter's gaps hold nothing up that people do.
    """
    status = ticket.form.first_status(*kinds)
    if status is None or (by is not None and _is_held_up(session, ticket, status)):
        return ticket
    return _enter(session, ticket, status, by=by, reply_id=reply_id)


def return_to(session: Session, ticket: Ticket, status: Status, *, by: User | None, quietly: bool = False) -> Ticket:
    """Put the ticket back into `status`, in which it was before something that `by` has undone."""
    return _enter(session, ticket, status, by=by, quietly=quietly)


def _is_held_up(session: Session, ticket: Ticket, status: Status) -> bool:
    if not any(field.required_from for field in ticket.form.fields):
        return False
    return any(field.required_from for field in missing_in(session, ticket, status))


def decision_on(
    session: Session,
    ticket: Ticket,
    *,
    status: Status | None = None,
    by_agent: bool = True,
    entered: Mapping[str, Any] | None = None,
) -> Decision:
    """What the rules of its form say of the ticket as it stands, or as it would in `status` and with what was `entered`, by code."""
    values = values_entered(session, ticket.form, entered, before=ticket.values) if entered else ticket.values
    facts = values_of_ticket(session, ticket, wanted_facts(session, ticket.form))
    code = (status or ticket.form.status_by_id(ticket.status_id)).code
    return decide(session, ticket.form, values, status=code, facts=facts, by_agent=by_agent)


def missing_in(session: Session, ticket: Ticket, status: Status) -> tuple[Field, ...]:
    """The fields that must be filled in before the ticket can be put into `status`."""
    return decision_on(session, ticket, status=status).missing


def set_fields(
    session: Session, ticket: Ticket, raw: Mapping[str, Any], *, by: User | None, version: int | None = None
) -> Ticket:
    """Set values of fields from what was entered, by code; others stay. Nobody (`None`) is the desk itself.

    `version` is the ticket's as the page showed it: when somebody changed one of these same fields meanwhile, `Conflict`.
    """
    may_run(session, ticket, by, "fields")
    if version is not None and version != ticket.version:
        _refuse_lost_values(session, ticket, raw, version)
    facts = values_of_ticket(session, ticket, wanted_facts(session, ticket.form))
    values, problems = check_values(
        session, ticket.form, raw, by_agent=by is None or by.is_agent, before=ticket.values, by=by, facts=facts,
        status=ticket.form.status_by_id(ticket.status_id).code,
    )  # fmt: skip
    if problems:
        raise Invalid(problems=problems)
    changes = {code: [ticket.values.get(code), value] for code, value in values.items() if ticket.values.get(code) != value}
    if not changes:
        return ticket
    ticket.values = {**ticket.values, **{code: pair[1] for code, pair in changes.items()}}
    _touch(session, ticket)
    record(session, "fields_changed", ticket=ticket, actor=by, changes=changes)
    settle(session, ticket, "changed")
    return ticket


def set_subject(session: Session, ticket: Ticket, subject: str, *, by: User) -> Ticket:
    """Give the ticket another subject; what went out under the old one stays as it was."""
    may_run(session, ticket, by, "fields")
    subject = " ".join(subject.split())
    if not subject:
        raise Invalid(problems={"subject": _("A ticket needs a subject.")})
    if subject != ticket.subject:
        before, ticket.subject = ticket.subject, subject
        _touch(session, ticket)
        record(session, "subject_changed", ticket=ticket, actor=by, before=before, after=subject)
    return ticket


def may_run(session: Session, ticket: Ticket, by: User | None, action: str) -> None:
    """Raises `NotAllowed` when `by` may not run `action`. Nobody (`None`) is the desk itself: a timer, a rule, a letter.

    Inside an action of an extension (see `running`) what comes of it is not asked again.
    """
    if by is None or (ticket.id, by.id) in session.info.get(RUNNING, ()):
        return
    if sentence := why_not(session, by, ticket, action):
        raise NotAllowed(sentence)


def watch(session: Session, ticket: Ticket, agent: User) -> None:
    """Tell `agent` of what happens to the ticket from now on. Twice is once."""
    if ticket.deleted_at is not None or not can_see(session, agent, ticket):
        raise NotAllowed(_("You may not change this ticket."))
    if session.get(Watcher, (ticket.id, agent.id)) is None:
        session.add(Watcher(ticket_id=ticket.id, user_id=agent.id))


def unwatch(session: Session, ticket: Ticket, agent: User) -> None:
    """Stop telling `agent`."""
    session.execute(sa.delete(Watcher).where(Watcher.ticket_id == ticket.id, Watcher.user_id == agent.id))


def mark_read(session: Session, ticket: Ticket, agent: User) -> None:
    """`agent` has seen all there is. Closed tickets are nobody's to read."""
    if not ticket.status_kind.is_final and session.get(Reading, (agent.id, ticket.id)) is None:
        form_id = ticket.form_id if ticket.parent_id is None else SUBTASK
        session.add(Reading(user_id=agent.id, ticket_id=ticket.id, form_id=form_id))


def mark_unread(session: Session, ticket: Ticket, agent: User) -> None:
    """Put the ticket back among what `agent` has not read."""
    session.execute(sa.delete(Reading).where(Reading.ticket_id == ticket.id, Reading.user_id == agent.id))


def news_for_others(session: Session, ticket: Ticket, author: User | None) -> None:
    """Something was said: the ticket is unread for every agent but its author."""
    others = [Reading.ticket_id == ticket.id]
    if author is not None:
        others.append(Reading.user_id != author.id)
    session.execute(sa.delete(Reading).where(*others))


def _touch(session: Session, ticket: Ticket) -> None:
    ticket.changed_at = runtime_of(session).clock.now()


def _refuse_lost_values(session: Session, ticket: Ticket, raw: Mapping[str, Any], version: int) -> None:
    from plugdesk.tickets.queries import fields_changed_since

    lost = fields_changed_since(session, ticket, version) & raw.keys()
    if lost:
        labels = ", ".join(field.label for field in ticket.form.fields if field.code in lost)
        raise Conflict(
            _("Somebody changed %(labels)s while you were editing. Look at the new values, then save again.", labels=labels)
        )
