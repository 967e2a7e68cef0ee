"""Questions about forms. The forms of a desk are few: they are read together, once a session."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session, lazyload
from sqlalchemy.orm.attributes import set_committed_value

from plugdesk.errors import NotFound
from plugdesk.forms.models import OPEN_KINDS, Field, Form, Status
from plugdesk.i18n import current_language
from plugdesk.i18n import gettext as _
from plugdesk.permissions import forms_of
from plugdesk.runtime import Runtime, runtime_of
from plugdesk.tickets.models import Tally, Ticket
from plugdesk.users.models import User


def all_forms(session: Session, *, archived: bool = False) -> list[Form]:
    """The desk's forms in their order, with fields and statuses; `archived` ones come last, if wanted."""
    known: list[Form] | None = session.info.get("forms")
    if known is None:
        only_read = session.info.get("readonly")
        known = session.info["forms"] = list(session.scalars(_FORMS_ALONE if only_read else _FORMS))
        if only_read:
            _remember_definitions(session, known)
    return [form for form in known if archived or form.archived_at is None]


# Every page asks for them: building and hashing the statement would take as long as running it.
_FORMS = sa.select(Form).order_by(Form.archived_at.is_not(None), Form.position, Form.id)
_FORMS_ALONE = _FORMS.options(lazyload(Form.fields), lazyload(Form.statuses))


def _remember_definitions(session: Session, forms: list[Form]) -> None:
    """Give `forms`, on a session that only reads, the fields and statuses this process has read before.

    Every change of a field or status raises its form's version, which was read just now: nothing here can be stale.
    """
    kept = runtime_of(session).definitions
    unknown = [form.id for form in forms if kept.get(form.id, (None,))[0] != form.version]
    if unknown:
        fields: dict[int, list[Field]] = {form_id: [] for form_id in unknown}
        statuses: dict[int, list[Status]] = {form_id: [] for form_id in unknown}
        for field in session.scalars(sa.select(Field).where(Field.form_id.in_(unknown)).order_by(Field.position, Field.id)):
            fields[field.form_id].append(field)
        for status in session.scalars(sa.select(Status).where(Status.form_id.in_(unknown)).order_by(Status.position, Status.id)):
            statuses[status.form_id].append(status)
        for form in forms:
            if form.id in fields:
                kept[form.id] = (form.version, fields[form.id], statuses[form.id])
                for row in (*fields[form.id], *statuses[form.id]):
                    session.expunge(row)
    for form in forms:
        set_committed_value(form, "fields", kept[form.id][1])
        set_committed_value(form, "statuses", kept[form.id][2])


def know_definitions(runtime: Runtime, form: Form) -> None:
    """Read the fields and statuses of `form`, as they are committed, unless this process knows them already."""
    if runtime.definitions.get(form.id, (None,))[0] != form.version:
        with runtime.database.read() as session:
            all_forms(session, archived=True)


def definitions_of(session: Session, form: Form) -> tuple[Sequence[Field], Sequence[Status]]:
    """The fields and statuses of `form`, only to be looked at: as this process has read them before, unless they have changed.

    What comes from there belongs to no session.
    """
    version, fields, statuses = runtime_of(session).definitions.get(form.id, (None, [], []))
    if version != form.version or "statuses" in form.__dict__ or session.is_modified(form):
        return form.fields, form.statuses
    return fields, statuses


def forget_forms(session: Session) -> None:
    """Forms were added, archived or moved in this session: read them anew."""
    session.info.pop("forms", None)


def forms_for(session: Session, user: User, *, archived: bool = False) -> list[Form]:
    """The forms `user` works on, in their order."""
    if not (user.active and user.is_agent):
        return []
    return [form for form in all_forms(session, archived=archived) if user.is_admin or form.id in forms_of(session, user)]


def configurable_forms(session: Session, user: User, *, archived: bool = False) -> list[Form]:
    """The forms `user` may configure, in their order."""
    if not (user.active and user.is_agent):
        return []
    return [
        form for form in all_forms(session, archived=archived) if user.is_admin or forms_of(session, user).get(form.id, False)
    ]


def form_by_slug(session: Session, slug: str) -> Form:
    """The form with this slug, archived or not. Raises `NotFound`."""
    found = next((form for form in session.info.get("forms", ()) if form.slug == slug), None)
    found = found or session.scalar(sa.select(Form).where(Form.slug == slug))
    if found is None:
        raise NotFound(_("There is no such form."))
    return found


def form_for(session: Session, user: User, slug: str) -> Form:
    """The form with this slug if `user` works on it. Raises `NotFound`."""
    form = form_by_slug(session, slug)
    if not (user.active and user.is_agent and (user.is_admin or form.id in forms_of(session, user))):
        raise NotFound(_("There is no such form."))
    return form


def status_options(form: Form, language: str | None = None) -> list[tuple[str, str]]:
    """The statuses of `form` as code and name, in their order."""
    return [(status.code, status.name_in(language or current_language())) for status in form.statuses]


def tickets_in(session: Session, status: Status) -> int:
    """How many tickets stand in `status`, those in the bin among them."""
    return session.scalar(sa.select(sa.func.count()).select_from(Ticket).where(Ticket.status_id == status.id)) or 0


def tickets_holding(session: Session, field: Field) -> int:
    """How many tickets hold a value of `field`, those in the bin among them."""
    held = Ticket.values[field.code].as_string()
    query = sa.select(sa.func.count()).select_from(Ticket).where(Ticket.form_id == field.form_id, held.is_not(None), held != "[]")
    return session.scalar(query) or 0


def ticket_counts(session: Session, form: Form) -> dict[int, int]:
    """How many tickets stand in each status of `form`, by the status's id."""
    query = sa.select(Ticket.status_id, sa.func.count()).where(Ticket.form_id == form.id).group_by(Ticket.status_id)
    counts: Sequence[tuple[int, int]] = [(status_id, number) for status_id, number in session.execute(query)]
    return dict(counts)


def open_counts(session: Session) -> dict[int, int]:
    """How many open tickets each form has, by its id; forms without any are left out."""
    query = sa.select(Tally.form_id, sa.func.sum(Tally.n)).where(Tally.heap.in_(OPEN_KINDS)).group_by(Tally.form_id)
    return {form_id: int(number) for form_id, number in session.execute(query) if number}
