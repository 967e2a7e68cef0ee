"""What is done to the statuses of a form. `by` and `version` as in `commands.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.changes import apply
from plugdesk.errors import Invalid
from plugdesk.events import record
from plugdesk.forms.codes import free_code
from plugdesk.forms.editing import codes_ever, has_changed, move, open_for_change, renumber
from plugdesk.forms.models import Form, Status, StatusKind
from plugdesk.forms.queries import tickets_in
from plugdesk.i18n import LANGUAGES, format_list, ngettext
from plugdesk.i18n import gettext as _
from plugdesk.inputs import Problems, needed_line, one_line, only_known
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import Group, User
from plugdesk.users.queries import rights_on_form
from plugdesk.users.rights import RightInput, as_given, set_right

MOST_STATUSES = 50
NO_CODES = frozenset({"order", "behaviour"})  # addresses beside those of the statuses
STATUS_CHANGES = frozenset({"name", "names", "customer_name", "customer_names", "kind", "tone"})
STATUS_TONES = ("", "orange", "accent", "plum", "green", "teal", "amber", "red", "grey")


def add_status(
    session: Session,
    form: Form,
    *,
    name: str,
    kind: StatusKind | str,
    by: User | None,
    names: Mapping[str, str] | None = None,
    customer_name: str = "",
    customer_names: Mapping[str, str] | None = None,
    tone: str = "",
    version: int | None = None,
) -> Status:
    """Add a status at the end of its kind. `names` are its names in other languages, `customer_name` what customers read instead."""
    open_for_change(session, form, by, version)
    if len(form.statuses) >= MOST_STATUSES:
        raise Invalid(_("At most %(most)s statuses.", most=MOST_STATUSES))
    status = Status(form_id=form.id, names={}, customer_name="", customer_names={}, tone="", position=len(form.statuses))
    shown = {"customer_name": customer_name, "customer_names": customer_names or {}, "tone": tone}
    _set_status(session, form, status, {"name": name, "names": names or {}, "kind": kind, **shown})
    taken = codes_ever(session, form, "status", form.statuses) | NO_CODES
    status.code = free_code(status.name, taken, otherwise="status")
    before = [each for each in form.statuses if list(StatusKind).index(each.kind) <= list(StatusKind).index(status.kind)]
    form.statuses.insert(len(before), status)
    renumber(form.statuses)
    has_changed(session, form)
    record(session, "status_added", form=form, actor=by, code=status.code, name=status.name, status_kind=str(status.kind))
    return status


def change_status_row(
    session: Session, form: Form, status: Status, changes: Mapping[str, Any], *, by: User | None, version: int | None = None
) -> None:
    """Change what `STATUS_CHANGES` names. A new name without `names` drops the old one's translations.

    The kind changes only while no ticket stands in it: that would close or reopen them.
    """
    open_for_change(session, form, by, version, status)
    only_known(changes, STATUS_CHANGES)
    changed = _set_status(session, form, status, changes)
    if changed:
        has_changed(session, form)
        record(session, "status_edited", form=form, actor=by, code=status.code, changes=changed)


def delete_status(
    session: Session, form: Form, status: Status, *, by: User | None, move_to: Status | None = None, version: int | None = None
) -> int:
    """Delete a status; its tickets go to `move_to`. Returns how many there were.

    Within one kind nothing else happens to them. To another kind each of them changes its status as by an agent's hand,
    but closes quietly: a tidied form writes to no customer. Rights that name it among others name those alone from now on; who
    would see nothing without it is told first.
    """
    from plugdesk.tickets.commands import change_status

    open_for_change(session, form, by, version, status)
    _keep_both_ends([each for each in form.statuses if each is not status])
    if named := [each for each in form.fields if status.code in (each.required_from, each.readonly_from)]:
        raise Invalid(
            _(
                "Fields are required, or read-only, from this status on: %(labels)s. Change that first.",
                labels=format_list(each.label for each in named),
            )
        )
    seen_by = _seen_by(session, form, status)
    session.flush()  # tickets changed in this session are counted
    moved = tickets_in(session, status)
    if moved and (move_to is None or move_to.id == status.id or move_to.form_id != form.id):
        raise Invalid(
            problems={
                "move_to": ngettext(
                    "%(num)d ticket is in this status. Choose where it goes.",
                    "%(num)d tickets are in this status. Choose where they go.",
                    moved,
                )
            }
        )
    if moved and move_to is not None and move_to.kind is status.kind:
        bulk = sa.update(Ticket).where(Ticket.status_id == status.id).values(status_id=move_to.id, version=Ticket.version + 1)
        session.execute(bulk, execution_options={"synchronize_session": "fetch"})
    elif moved and move_to is not None:
        for ticket in session.scalars(sa.select(Ticket).where(Ticket.status_id == status.id).order_by(Ticket.id)).all():
            is_there = ticket.deleted_at is None and ticket.merged_into_id is None
            change_status(session, ticket, move_to, by=by if is_there else None, quietly=True, incomplete=True)
        session.flush()  # no ticket points at the status any more
    record(
        session, "status_deleted", form=form, actor=by, code=status.code, name=status.name, tickets=moved,
        moved_to=move_to.code if moved and move_to else None,
    )  # fmt: skip
    for holder, right in seen_by:
        set_right(session, form, holder, right, by=by)
    session.delete(status)
    has_changed(session, form)
    renumber(form.statuses)
    return moved


def _seen_by(session: Session, form: Form, status: Status) -> list[tuple[User | Group, RightInput]]:
    """Who was given to see tickets in `status`, among others, and their right without it. Raises `Invalid` for whom it is the only one."""
    naming = [
        (holder, as_given(right)) for holder, right in rights_on_form(session, form) if status.code in (right.statuses or ())
    ]
    rights = [
        (holder, replace(right, statuses=[each for each in right.statuses or () if each != status.code]))
        for holder, right in naming
    ]
    if only := [holder.name for holder, right in rights if not right.statuses and not right.is_admin]:
        raise Invalid(
            _("By their rights these see no other status: %(names)s. Give them another one first.", names=", ".join(only))
        )
    return rights


def move_status(session: Session, form: Form, status: Status, *, to: int, by: User | None, version: int | None = None) -> None:
    """Put the status at place `to`, counted from 0: a new ticket gets the first of its kind."""
    open_for_change(session, form, by, version, status)
    if move(form.statuses, status, to):
        has_changed(session, form)
        record(session, "statuses_moved", form=form, actor=by, order=[each.code for each in form.statuses])


def _set_status(session: Session, form: Form, status: Status, changes: Mapping[str, Any]) -> dict[str, list[Any]]:
    problems, read = Problems(), dict[str, Any]()
    if "name" in changes:
        with problems.at("name"):
            read["name"] = needed_line(changes["name"], _("Give the status a name."))
            if read["name"] != status.name:
                read["names"] = {}
    for each in ("names", "customer_names"):
        if each in changes:
            names = {language: one_line(name) for language, name in changes[each].items() if language in LANGUAGES}
            read[each] = {language: name for language, name in names.items() if name}
    if "customer_name" in changes:
        read["customer_name"] = one_line(changes["customer_name"])
    if "tone" in changes:
        with problems.at("tone"):
            if changes["tone"] not in STATUS_TONES:
                raise Invalid(_("Choose one of the colours offered."))
            read["tone"] = changes["tone"]
    if "kind" in changes:
        with problems.at("kind"):
            read["kind"] = _status_kind(session, form, status, changes["kind"])
    problems.raise_any()
    return apply(status, read)


def _status_kind(session: Session, form: Form, status: Status, raw: Any) -> StatusKind:
    if raw not in tuple(StatusKind):
        raise Invalid(_("Choose what kind of status it is."))
    kind = StatusKind(raw)
    if sa.inspect(status).persistent and kind is not status.kind:
        if tickets_in(session, status):
            raise Invalid(
                _("There are tickets in this status. Add one of the other kind, and delete this one: its tickets then move.")
            )
        _keep_both_ends([each for each in form.statuses if each is not status], kind)
    return kind


def _keep_both_ends(statuses: Sequence[Status], *kinds: StatusKind) -> None:
    """Raises `Invalid` if no ticket could begin, or none could end."""
    left = {*(each.kind for each in statuses), *kinds}
    if not left & {StatusKind.NEW, StatusKind.OPEN}:
        raise Invalid(_("A form needs a status of kind new or open: new tickets begin there."))
    if not any(kind.is_final for kind in left):
        raise Invalid(_("A form needs a status of kind resolved or closed: tickets end there."))
