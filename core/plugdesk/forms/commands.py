"""What is done to forms: they are made, named, given fields, statuses and somebody responsible, and archived.

`by` is who does it, None the desk itself. `version` is the form's as the page showed it; every change raises it, so that
nobody overwrites what they have not seen. Nothing here commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from plugdesk.changes import apply
from plugdesk.errors import Conflict, Invalid
from plugdesk.events import record
from plugdesk.forms.behaviour import change_behaviour as change_behaviour
from plugdesk.forms.codes import RESERVED_SLUGS, free_code, is_slug
from plugdesk.forms.defaults import default_statuses, priority_field
from plugdesk.forms.editing import open_for_change
from plugdesk.forms.field_commands import add_field as add_field
from plugdesk.forms.field_commands import change_field as change_field
from plugdesk.forms.field_commands import delete_field as delete_field
from plugdesk.forms.field_commands import move_field as move_field
from plugdesk.forms.models import Form
from plugdesk.forms.queries import forget_forms
from plugdesk.forms.section_commands import add_section as add_section
from plugdesk.forms.section_commands import change_section as change_section
from plugdesk.forms.section_commands import delete_section as delete_section
from plugdesk.forms.section_commands import move_section as move_section
from plugdesk.forms.status_commands import add_status as add_status
from plugdesk.forms.status_commands import change_status_row as change_status_row
from plugdesk.forms.status_commands import delete_status as delete_status
from plugdesk.forms.status_commands import move_status as move_status
from plugdesk.hours.models import BusinessHours
from plugdesk.i18n import gettext as _
from plugdesk.i18n import known_language
from plugdesk.inputs import Problems, needed_line, one_line, read_language
from plugdesk.permissions import can_work_on, only_admins
from plugdesk.runtime import runtime_of
from plugdesk.terms import tell_of_terms
from plugdesk.users.models import Group, User


def create_form(session: Session, *, name: str, by: User | None, slug: str | None = None, language: str | None = None) -> Form:
    """Make a form with the statuses and the priority every form begins with. Its slug stays for ever.

    `language` is what it speaks to its customers, None the desk's. Raises `Invalid`, `Conflict`, `NotAllowed`.
    """
    only_admins(by)
    problems = Problems()
    with problems.at("name"):
        name = needed_line(name, _("Give the form a name."))
    with problems.at("slug"):
        slug = _free_slug(session, name, slug)
    with problems.at("language"):
        language = read_language(language)
    problems.raise_any()
    runtime = runtime_of(session)
    spoken = known_language(language, runtime.desk(session).language)
    last = session.scalar(sa.select(sa.func.max(Form.position)))
    form = Form(
        slug=slug, name=name, position=0 if last is None else last + 1, language=language, extensions=[], suspended={},
        created_at=runtime.clock.now(),
    )  # fmt: skip
    form.statuses = default_statuses(spoken)
    form.fields = [priority_field(spoken)]
    session.add(form)
    try:
        session.flush()  # the form's id; and a slug somebody else took at this moment is refused here
    except IntegrityError:
        raise Conflict(_("Somebody else made a form with this address at the same moment.")) from None
    forget_forms(session)
    record(session, "form_added", form=form, actor=by, name=name, slug=form.slug)
    return form


def rename_form(session: Session, form: Form, name: str, *, by: User | None, version: int | None = None) -> None:
    """Give the form another name; its address stays."""
    open_for_change(session, form, by, version)
    problems = Problems()
    with problems.at("name"):
        name = needed_line(name, _("Give the form a name."))
    problems.raise_any()
    _told(session, "form_changed", form, by, apply(form, {"name": name}))


def set_language(session: Session, form: Form, language: str | None, *, by: User | None, version: int | None = None) -> None:
    """What the form speaks to its customers; None is the desk's language."""
    open_for_change(session, form, by, version)
    _told(session, "form_changed", form, by, apply(form, {"language": read_language(language)}))


def set_responsible(
    session: Session,
    form: Form,
    *,
    user: User | None = None,
    group: Group | None = None,
    by: User | None,
    version: int | None = None,
) -> None:
    """Who gets what no rule assigns: a person, a group, a person within a group, or nobody."""
    open_for_change(session, form, by, version)
    if user is not None and not can_work_on(session, user, form.id):
        raise Invalid(problems={"responsible": _("%(name)s does not work on this form.", name=user.name)})
    read = {"responsible_user_id": user.id if user else None, "responsible_group_id": group.id if group else None}
    _told(session, "form_changed", form, by, apply(form, read))


def set_hours(session: Session, form: Form, hours: BusinessHours | None, *, by: User | None, version: int | None = None) -> None:
    """When the form's people work; None is around the clock. What promises times reckons them anew."""
    open_for_change(session, form, by, version)
    changes = apply(form, {"hours_id": hours.id if hours else None})
    _told(session, "form_changed", form, by, changes)
    if changes:
        tell_of_terms(session, [form], by=by)


def archive_form(session: Session, form: Form, *, by: User | None, version: int | None = None) -> None:
    """The form takes no tickets any more: its channels stop, its public pages are gone. What there is stays."""
    only_admins(by)
    open_for_change(session, form, by, version)
    if form.archived_at is None:
        form.archived_at = runtime_of(session).clock.now()
        forget_forms(session)
        record(session, "form_archived", form=form, actor=by, name=form.name)


def unarchive_form(session: Session, form: Form, *, by: User | None, version: int | None = None) -> None:
    """The form takes tickets again; its channels go on."""
    only_admins(by)
    open_for_change(session, form, by, version)
    if form.archived_at is not None:
        form.archived_at = None
        forget_forms(session)
        record(session, "form_unarchived", form=form, actor=by, name=form.name)


def _told(session: Session, kind: str, form: Form, by: User | None, changes: Mapping[str, Any]) -> None:
    if changes:
        session.flush()  # the new version, for the page that comes back
        record(session, kind, form=form, actor=by, changes=dict(changes))


def _free_slug(session: Session, name: str, wanted: str | None) -> str:
    taken = {*session.scalars(sa.select(Form.slug)), *RESERVED_SLUGS}
    if not wanted:
        return free_code(name, taken, otherwise="form", separator="-")
    slug = one_line(wanted).lower()
    if not is_slug(slug):
        raise Invalid(_("Write the address in small Latin letters, figures and hyphens, like “support”."))
    if slug in taken:
        raise Invalid(_("There is already a form with the address “%(slug)s”.", slug=slug))
    return slug
