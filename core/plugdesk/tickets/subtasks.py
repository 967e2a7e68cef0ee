"""Asking colleagues: a question hangs on a ticket as one of its own, with a thread, an assignee and a status the customer never sees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from plugdesk.errors import Conflict, Invalid
from plugdesk.events import record
from plugdesk.forms.models import StatusKind
from plugdesk.html import text_of_html
from plugdesk.i18n import gettext as _
from plugdesk.inputs import one_line
from plugdesk.permissions import can_see, can_work_on
from plugdesk.runtime import runtime_of
from plugdesk.tickets.commands import may_run
from plugdesk.tickets.correspondence import keep_note, quotation
from plugdesk.tickets.limits import LONGEST_SUBJECT
from plugdesk.tickets.models import Message, Ticket
from plugdesk.users.models import Group, User


@dataclass(frozen=True)
class Asked:
    """A subtask as its ticket shows it: what was asked and answered, oldest first."""

    subtask: Ticket
    said: Sequence[Message]


def ask_colleague(
    session: Session,
    ticket: Ticket,
    agent: User | None,
    *,
    colleague: User | None = None,
    group: Group | None = None,
    subject: str,
    body: str,
    copies: Sequence[Message] = (),
    uploads: Iterable[str] = (),
) -> Ticket:
    """Open a subtask: a private question (HTML) to `colleague`, or to whoever of `group` takes it, with a thread of its own.

    The text of `copies`, messages of the ticket, stands below the question. Of nobody (`None`) it is the desk's own. Raises `Invalid` for nobody, an empty question or
    somebody who does not work on the form; `Conflict` on a subtask or a ticket that was merged.
    """
    may_run(session, ticket, agent, "ask")
    if ticket.parent_id is not None:
        raise Conflict(_("This is a subtask itself. Ask on the ticket it hangs on."))
    if ticket.merged_into_id is not None:
        raise Conflict(_("The ticket has been merged into another one. Reload the page."))
    if colleague is None and group is None:
        raise Invalid(problems={"whom": _("Choose whom to ask.")})
    if colleague is not None and not can_work_on(session, colleague, ticket.form_id):
        raise Invalid(problems={"whom": _("%(name)s does not work on this form.", name=colleague.name)})
    if not text_of_html(body).strip() and "<img" not in body:
        raise Invalid(problems={"body": _("Write what you want to know.")})
    now = runtime_of(session).clock.now()
    status = ticket.form.first_status(StatusKind.NEW, StatusKind.OPEN)
    if status is None:
        raise Invalid(_("The form “%(name)s” has no status for new tickets.", name=ticket.form.name))
    subtask = Ticket(
        form=ticket.form, form_id=ticket.form_id, customer=ticket.customer, customer_id=ticket.customer_id, opened_by_id=(agent or ticket.customer).id,
        subject=one_line(subject, most=LONGEST_SUBJECT) or ticket.subject, channel="subtask", status=status, status_id=status.id,
        status_kind=status.kind, values={}, assignee=colleague, assignee_id=colleague.id if colleague else None, group=group,
        group_id=group.id if group else None, parent_id=ticket.id, customer_waits=False, created_at=now, changed_at=now,
        spoken_at=now, version=1,
    )  # fmt: skip
    session.add(subtask)
    session.flush()  # the subtask's id
    keep_note(session, subtask, agent, body + "".join(quotation(each) for each in copies), uploads)
    record(
        session, "colleague_asked", ticket=ticket, actor=agent, subtask_id=subtask.id,
        colleague_id=colleague.id if colleague else None, group_id=group.id if group else None,
    )  # fmt: skip
    return subtask


def subtasks_of(session: Session, ticket: Ticket, reader: User) -> list[Asked]:
    """The subtasks of `ticket` that `reader` may see, in the order they were asked, with what was said. Two queries."""
    found = session.scalars(
        sa.select(Ticket)
        .where(Ticket.parent_id == ticket.id, Ticket.deleted_at.is_(None))
        .order_by(Ticket.id)
        .options(joinedload(Ticket.assignee).load_only(User.name), joinedload(Ticket.group).load_only(Group.name))
    ).all()
    seen = [each for each in found if can_see(session, reader, each)]
    said: dict[int, list[Message]] = {each.id: [] for each in seen}
    query = (
        sa.select(Message)
        .where(Message.ticket_id.in_(said))
        .order_by(Message.id)
        .options(joinedload(Message.author).load_only(User.name))
    )
    for message in session.scalars(query):
        said[message.ticket_id].append(message)
    return [Asked(each, said[each.id]) for each in seen]


def parent_of(session: Session, ticket: Ticket, reader: User) -> Ticket | None:
    """The ticket a subtask hangs on, if `reader` may see it; None for a ticket of its own."""
    parent = session.get(Ticket, ticket.parent_id) if ticket.parent_id is not None else None
    return parent if parent is not None and can_see(session, reader, parent) else None


def open_subtasks(session: Session, ticket: Ticket) -> Sequence[int]:
    """The numbers of the subtasks of `ticket` that wait for an answer still."""
    waiting = (Ticket.parent_id == ticket.id, Ticket.closed_at.is_(None), Ticket.deleted_at.is_(None))
    return session.scalars(sa.select(Ticket.id).where(*waiting).order_by(Ticket.id)).all()
