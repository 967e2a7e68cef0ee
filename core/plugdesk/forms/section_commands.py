"""What is done to the sections of a form. `by` and `version` as in `commands.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from plugdesk.conditions import as_json, parse_condition
from plugdesk.errors import Invalid, NotFound
from plugdesk.events import record
from plugdesk.forms.codes import free_code
from plugdesk.forms.editing import has_changed, open_for_change, renumber
from plugdesk.forms.facts import types_of
from plugdesk.forms.models import Field, Form
from plugdesk.forms.rules import refuse_circles
from plugdesk.i18n import gettext as _
from plugdesk.inputs import Problems, needed_line, only_known
from plugdesk.users.models import User

MOST_SECTIONS = 30
SECTION_CHANGES = frozenset({"title", "visible_when"})


def add_section(
    session: Session,
    form: Form,
    *,
    title: str,
    by: User | None,
    visible_when: Mapping[str, Any] | None = None,
    version: int | None = None,
) -> dict[str, Any]:
    """Put a further heading below the others; fields are moved under it. Returns {code, title, visible_when}."""
    open_for_change(session, form, by, version)
    if len(form.sections) >= MOST_SECTIONS:
        raise Invalid(_("At most %(most)s sections.", most=MOST_SECTIONS))
    read = _read(session, form, {"title": title, "visible_when": visible_when})
    code = free_code(
        read["title"], {each["code"] for each in form.sections} | {each.section for each in form.fields}, otherwise="section"
    )
    section = {"code": code, **read}
    form.sections = [*form.sections, section]
    record(session, "section_added", form=form, actor=by, code=code, title=section["title"])
    has_changed(session, form)
    return section


def change_section(
    session: Session, form: Form, code: str, changes: Mapping[str, Any], *, by: User | None, version: int | None = None
) -> None:
    """Change what `SECTION_CHANGES` names."""
    open_for_change(session, form, by, version)
    only_known(changes, SECTION_CHANGES)
    before = _section(form, code)
    after = {**before, **_read(session, form, changes)}
    if after == before:
        return
    stored = form.sections
    form.sections = [after if each["code"] == code else each for each in stored]
    try:
        refuse_circles(session, form)
    except Invalid:
        form.sections = stored
        raise
    changed = {name: [before.get(name), after[name]] for name in changes if before.get(name) != after[name]}
    record(session, "section_changed", form=form, actor=by, code=code, title=after["title"], changes=changed)
    has_changed(session, form)


def delete_section(session: Session, form: Form, code: str, *, by: User | None, version: int | None = None) -> None:
    """Take the heading away; its fields stay, above the first section."""
    open_for_change(session, form, by, version)
    section = _section(form, code)
    for field in form.fields:
        if field.section == code:
            field.section = ""
    form.sections = [each for each in form.sections if each["code"] != code]
    record(session, "section_deleted", form=form, actor=by, code=code, title=section["title"])
    arrange(form, form.fields)
    has_changed(session, form)


def move_section(session: Session, form: Form, code: str, *, to: int, by: User | None, version: int | None = None) -> None:
    """Put the section with its fields at place `to`, counted from 0."""
    open_for_change(session, form, by, version)
    section = _section(form, code)
    order = [each for each in form.sections if each["code"] != code]
    order.insert(max(0, to), section)
    if order != form.sections:
        form.sections = order
        arrange(form, form.fields)
        record(session, "sections_moved", form=form, actor=by, order=[each["code"] for each in order])
        has_changed(session, form)


def read_visible_when(session: Session, form: Form, raw: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A condition as it is stored; None for always. Raises `Invalid`."""
    return as_json(parse_condition(raw, types_of(session, form.fields))) if raw else None


def arrange(form: Form, order: list[Field]) -> None:
    """Number `order` anew, the fields of one section in a row, sections in theirs."""
    place = {each["code"]: number for number, each in enumerate(form.sections)}
    ordered: list[Field] = sorted(order, key=lambda field: place.get(field.section, -1))
    renumber(ordered)


def _section(form: Form, code: str) -> dict[str, Any]:
    section = form.section(code)
    if section is None:
        raise NotFound(_("This form has no such section any more. Reload the page."))
    return section


def _read(session: Session, form: Form, changes: Mapping[str, Any]) -> dict[str, Any]:
    problems, read = Problems(), dict[str, Any]()
    if "title" in changes:
        with problems.at("title"):
            read["title"] = needed_line(changes["title"], _("Give the section a title."))
    if "visible_when" in changes:
        with problems.at("visible_when"):
            read["visible_when"] = read_visible_when(session, form, changes["visible_when"])
    problems.raise_any()
    return read
