"""Moving a ticket to another form: status and values go along where that form has the like, the rest stays readable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.errors import Conflict, Invalid, NotAllowed
from plugdesk.events import Event, record
from plugdesk.forms.fields import default_values
from plugdesk.forms.models import Form, Status, StatusKind
from plugdesk.forms.queries import all_forms
from plugdesk.i18n import gettext as _
from plugdesk.i18n import use_language
from plugdesk.permissions import can_open, can_work_on, why_not
from plugdesk.runtime import runtime_of
from plugdesk.tickets.carrying import Carried, carried, check_fields
from plugdesk.tickets.models import Reading, Ticket, Watcher
from plugdesk.tickets.notes import note_fields
from plugdesk.users.models import User

_OPEN = (StatusKind.NEW, StatusKind.OPEN, StatusKind.PENDING)
_FINAL = (StatusKind.RESOLVED, StatusKind.CLOSED)


@dataclass(frozen=True)
class Move:
    """What moving a ticket to `form` would do: its `status` there, and what becomes of its values.

    `why_not` says why it cannot be done; then the rest is empty.
    """

    form: Form
    why_not: str = ""
    status: Status | None = None
    values: Sequence[Carried] = ()


def possible_moves(session: Session, ticket: Ticket, by: User) -> list[Move]:
    """The forms `by` may move the ticket to, by name, each with what would come of it."""
    moves = []
    for form in all_forms(session):
        if form.id == ticket.form_id or form.archived_at is not None or not can_open(session, by, form.id):
            continue
        if (why := why_not_to(session, ticket, form)) is not None:
            moves.append(Move(form, why))
        else:
            moves.append(Move(form, "", _status_there(ticket.status, form), carried(session, ticket, form)))
    return sorted(moves, key=lambda move: move.form.name.casefold())


def move_ticket(
    session: Session, ticket: Ticket, form: Form, *, by: User | None, fields: Mapping[str, str] | None = None
) -> Ticket:
    """Put the ticket, with its subtasks, on another `form`, as if it had come in there: that form's extensions settle it.

    `fields` says for codes of fields here into which field there their values go, "" for none; those it does not name go into the
    field of equal code and kind. Values that go nowhere are kept in a note. The ticket goes to whom the form gives its new ones.
    Nobody (`None`) is the desk itself. Raises `Invalid` with the reason where the form cannot take it, or by code where a field
    does not take its value.
    """
    from plugdesk.tickets.settling import settle

    if by is not None:
        if reason := why_not(session, by, ticket, "assign"):
            raise NotAllowed(reason)
        if not can_open(session, by, form.id):
            raise NotAllowed(
                _("You may not open tickets on “%(form)s”. An administrator of that form can give you the right.", form=form.name)
            )
    if ticket.merged_into_id is not None:
        raise Conflict(_("The ticket has been merged into another one. Reload the page."))
    if (why := why_not_to(session, ticket, form)) is not None:
        raise Invalid(why)
    if form.id != ticket.form_id:
        check_fields(carried(session, ticket, form, fields), fields or {})
        take_to(session, ticket, form, by=by, fields=fields)
        settle(session, ticket, "moved")
    return ticket


def take_to(session: Session, ticket: Ticket, form: Form, *, by: User | None, fields: Mapping[str, str] | None = None) -> None:
    """`move_ticket` without its checks of who and what, and without settling; what `fields` names in vain goes as if not named."""
    before = ticket.form
    rows = carried(session, ticket, form, fields)
    left = [row for row in rows if row.noted]
    for each in (*session.scalars(sa.select(Ticket).where(Ticket.parent_id == ticket.id)), ticket):
        _rehome(session, each, form)
    ticket.values = default_values(form.fields) | {row.there.code: row.value for row in rows if row.there is not None}
    renamed = [[row.field.label, row.there.label] for row in rows if row.there is not None and row.there.code != row.field.code]
    record(
        session, "ticket_moved", ticket=ticket, actor=by, before=before.id, after=form.id, before_name=before.name,
        after_name=form.name, left=[row.field.code for row in left], renamed=renamed,
    )  # fmt: skip
    if left:
        with use_language(form.language or runtime_of(session).desk(session).language):
            head = _("Moved here from “%(form)s”, whose fields said:", form=before.name)
        note_fields(session, ticket, head, [(row.field.label, row.words) for row in left], kind="moved")


def why_not_to(session: Session, ticket: Ticket, form: Form) -> str | None:
    """Why the ticket cannot be moved to `form`, in a sentence that names the remedy; None when it can."""
    if ticket.parent_id is not None:
        return _("A subtask goes where its ticket goes. Move that one.")
    if form.archived_at is not None:
        return _("The form “%(name)s” is archived and takes no tickets.", name=form.name)
    if _status_there(ticket.status, form) is None:
        return _("The form “%(name)s” has no status for a ticket like this. Add one there first.", name=form.name)
    return None if form.id == ticket.form_id else _why_unanswered(session, ticket, form)


def _why_unanswered(session: Session, ticket: Ticket, form: Form) -> str | None:
    """Why answers could not leave from there by the ticket's channel, if they can leave from where it is."""
    from plugdesk.tickets.delivery import carrier_of

    runtime = runtime_of(session)
    channel = carrier_of(session, ticket.channel, ticket.form)
    if channel is None:
        return None
    owner, title = runtime.registry.owner("channels", channel.name), str(channel.title)
    if not form.has(owner):
        return _(
            "Answers by %(channel)s could not leave from “%(form)s”. Switch it on there first.", channel=title, form=form.name
        )
    what = f"channel {channel.name}"
    missing = runtime.executor.run(owner, what, form, session, channel.ready)
    if missing is not None:
        return (
            missing if isinstance(missing, str) else _("%(channel)s does not work on “%(form)s”.", channel=title, form=form.name)
        )
    if runtime.executor.run(owner, what, form, session, channel.reaches, ticket.customer) is not True:
        return _("The customer cannot be reached by %(channel)s from “%(form)s”.", channel=title, form=form.name)
    return None


def was_on(session: Session, ticket: Ticket, form: Form) -> bool:
    """Whether the ticket is on `form`, or was before it was moved: then what comes in there may still belong to it."""
    if ticket.form_id == form.id:
        return True
    moves = session.scalars(_MOVES, {"ticket_id": ticket.id})
    return any(data.get("before") == form.id for data in moves)


def was_moved_by_a_rule(session: Session, ticket: Ticket) -> bool:
    """Whether the desk itself has moved the ticket: it does so once, so that rules of two forms cannot play ball."""
    return session.scalar(_MOVED_BY_DESK, {"ticket_id": ticket.id}) is not None


_MOVES = sa.select(Event.data).where(Event.ticket_id == sa.bindparam("ticket_id"), Event.kind == "ticket_moved")
_MOVED_BY_DESK = (
    sa.select(Event.id)
    .where(Event.ticket_id == sa.bindparam("ticket_id"), Event.kind == "ticket_moved", Event.actor_id.is_(None))
    .limit(1)
)


def _rehome(session: Session, ticket: Ticket, form: Form) -> None:
    status = _status_there(ticket.status, form)
    assert status is not None, "why_not_to asks for it"
    ticket.form, ticket.form_id = form, form.id
    ticket.status, ticket.status_id, ticket.status_kind = status, status.id, status.kind
    if ticket.parent_id is None or (ticket.assignee and not can_work_on(session, ticket.assignee, form.id)):
        ticket.assignee_id, ticket.group_id = form.responsible_user_id, form.responsible_group_id
    ticket.changed_at = runtime_of(session).clock.now()
    ticket.unsettled = []
    session.execute(sa.delete(Reading).where(Reading.ticket_id == ticket.id))
    session.flush()  # the form of the row, before who is told of it is looked at
    session.expire(ticket, ["assignee", "group"])
    for user in session.scalars(sa.select(User).join(Watcher, Watcher.user_id == User.id).where(Watcher.ticket_id == ticket.id)):
        if not can_work_on(session, user, form.id):
            session.execute(sa.delete(Watcher).where(Watcher.ticket_id == ticket.id, Watcher.user_id == user.id))


def _status_there(status: Status, form: Form) -> Status | None:
    """The like of `status` on `form`: by code and kind, else by kind, else the first that leaves it open or done as it is."""
    same = form.status(status.code)
    if same is not None and same.kind is status.kind:
        return same
    return form.first_status(status.kind, *(_FINAL if status.kind.is_final else _OPEN))
