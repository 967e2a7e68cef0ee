"""The questions of a form: asked, changed, put in order, taken away, with the form as it will look beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, request, url_for

from plugdesk.errors import Conflict, Invalid, NotFound
from plugdesk.forms import commands
from plugdesk.forms.field_commands import kinds_after
from plugdesk.forms.models import Field, FieldKind, Form
from plugdesk.forms.queries import status_options, tickets_holding
from plugdesk.forms.rules import sections_of
from plugdesk.i18n import current_language
from plugdesk.i18n import gettext as _
from plugdesk.naming import places_naming
from plugdesk.users.queries import agents_of_form, all_groups
from plugdesk_web.conditions import edit_condition
from plugdesk_web.current import agent_only, db, form_to_configure, me
from plugdesk_web.editing import FRESH, Refused, nothing, refused, version_given, yes_or_no
from plugdesk_web.field_editing import EMPTY_ROWS, KINDS, TONES, FieldDraft, Row, draft_of, draft_typed, facts_for, preview_of
from plugdesk_web.rendering import page, redirect_after
from plugdesk_web.routes.forms import tabs_of
from plugdesk_web.section_editing import SectionDraft, groups_of_builder, section_asked, section_title, words_of

blueprint = Blueprint("fields", __name__, url_prefix="/forms/<slug>/fields")


@blueprint.get("")
@agent_only
def index(slug: str) -> Response:
    """All fields; the one named by `open`, or a new one of the kind `new`, or a `section`, in its editor."""
    form = form_to_configure(slug)
    field = form.field(request.args.get("open", ""))
    kind = request.args.get("new", "")
    if field is not None:
        return builder_page(form, _with_empty_rows(draft_of(field, facts_for(db(), form, field.code))))
    if kind in tuple(FieldKind):
        when = edit_condition("visible_when", facts_for(db(), form, ""))
        return builder_page(
            form, _with_empty_rows(FieldDraft(FieldKind(kind), when=when, section=request.args.get("section", "")))
        )
    return builder_page(form, section=section_asked(form))


@blueprint.post("")
@agent_only
def create(slug: str) -> Response:
    form = form_to_configure(slug)
    draft = _typed(form, _kind(request.form.get("kind", "")), "")
    if _only_redrawn(draft):
        return builder_page(form, draft.with_rows(request.form.get("row", "")))
    try:
        given = {name: value for name, value in draft.given().items() if name != "kind"}
        field = commands.add_field(db(), form, kind=draft.kind, by=me(), version=version_given(), **given)
    except (Invalid, Conflict) as refusal:
        said = refused(refusal)
        return builder_page(form_to_configure(slug), _checked(draft), said)
    return redirect_after(
        url_for("fields.index", slug=slug, _anchor=f"field-{field.code}"),
        _("“%(label)s” is asked from now on.", label=field.label),
    )


@blueprint.post("/<code>")
@agent_only
def change(slug: str, code: str) -> Response:
    form = form_to_configure(slug)
    draft = _typed(form, _other_kind(_field(form, code)), code)
    if _only_redrawn(draft):
        return builder_page(form, draft.with_rows(request.form.get("row", "")))
    try:
        commands.change_field(db(), form, _field(form, code), draft.given(), by=me(), version=version_given())
    except (Invalid, Conflict) as refusal:
        said, form = refused(refusal), form_to_configure(slug)
        theirs = draft_of(_field(form, code), facts_for(db(), form, code))
        return builder_page(form, _checked(draft), said.beside(_rows(form, draft, theirs)))
    return redirect_after(url_for("fields.index", slug=slug, _anchor=f"field-{code}"), _("Saved."))


@blueprint.post("/<code>/deletion")
@agent_only
def delete(slug: str, code: str) -> Response:
    form = form_to_configure(slug)
    field = _field(form, code)
    label = field.label
    try:
        commands.delete_field(db(), form, field, by=me(), version=version_given())
    except (Invalid, Conflict) as refusal:
        said, form = refused(refusal), form_to_configure(slug)
        return builder_page(form, _with_empty_rows(draft_of(_field(form, code), facts_for(db(), form, code))), said)
    return redirect_after(
        url_for("fields.index", slug=slug),
        _("“%(label)s” is no longer asked. Values so far stay with their tickets.", label=label),
    )


@blueprint.post("/<code>/move")
@agent_only
def move(slug: str, code: str) -> Response:
    """One place up or down; from the edge of a section into the next one."""
    form = form_to_configure(slug)
    field = _field(form, code)
    places = [section["code"] if section else "" for section, _fields in sections_of(form)]
    if "" not in places:
        places.insert(0, "")
    here = [each for each in form.fields if each.section == field.section]
    at, by = here.index(field), -1 if request.form.get("by") == "up" else 1
    section, to = field.section, at + by
    if not 0 <= to < len(here):
        number = places.index(section) + by
        if not 0 <= number < len(places):
            return redirect_after(url_for("fields.index", slug=slug, _anchor=f"field-{code}"))
        section = places[number]
        to = len(form.fields) if by < 0 else 0
    commands.move_field(db(), form, field, to=to, section=section, by=me(), version=version_given())
    return redirect_after(url_for("fields.index", slug=slug, _anchor=f"field-{code}"))


@blueprint.post("/order")
@agent_only
def put_in_order(slug: str) -> Response:
    """The order of one section after a drag: the field that changed its place, or came from another section, is moved."""
    form = form_to_configure(slug)
    section, after = request.args.get("section"), request.form.getlist("order")
    before = [field.code for field in form.fields if section is None or field.section == section]
    item = request.form.get("item", "")
    if section is not None and item and item not in before and sorted([*before, item]) == sorted(after):
        code: str | None = item
    else:
        code = moved_one(before, after)
    if code is not None:
        commands.move_field(db(), form, _field(form, code), to=after.index(code), section=section, by=me())
    return nothing()


@blueprint.post("/preview")
@agent_only
def preview(slug: str) -> Response:
    """The form with what is in the editor now, and what was typed into the preview itself; nothing is stored."""
    form, given = form_to_configure(slug), request.form
    code, draft = given.get("code", ""), None
    if "kind" in given or code:
        field = form.field(code)
        draft = _typed(form, _other_kind(field) if field else _kind(given.get("kind", "")), code)
    return page("forms/_preview.html", **_previewed(form, draft))


def moved_one(before: list[str], after: list[str]) -> str | None:
    """Which of the codes was moved; None when nothing was. `Conflict` when they are not the same codes any more."""
    if sorted(before) != sorted(after):
        raise Conflict(_("Somebody else changed this meanwhile. Look at it again, then repeat what you did."))
    if before == after:
        return None
    return next((code for code in after if _without(before, code) == _without(after, code)), None)


def _without(codes: list[str], code: str) -> list[str]:
    return [each for each in codes if each != code]


def _field(form: Form, code: str) -> Field:
    field = form.field(code)
    if field is None:
        raise NotFound(_("This form has no such field any more. Reload the page."))
    return field


def _kind(given: str) -> FieldKind:
    if given not in tuple(FieldKind):
        raise Invalid(_("Choose what kind of field it is."))
    return FieldKind(given)


def _with_empty_rows(draft: FieldDraft) -> FieldDraft:
    if not draft.kind.has_choices:
        return draft
    return FieldDraft(**{**draft.__dict__, "rows": [*draft.rows, *[Row()] * EMPTY_ROWS]})


def _rows(form: Form, yours: FieldDraft, theirs: FieldDraft) -> list[tuple[str, Any, Any]]:
    def labels(draft: FieldDraft) -> str:
        return ", ".join(row.label for row in draft.rows if row.label)

    def status(code: str) -> str:
        return next((status.name_in(current_language()) for status in form.statuses if status.code == code), code)

    return [
        (_("Question"), yours.label, theirs.label),
        (_("Kind"), KINDS[yours.kind], KINDS[theirs.kind]),
        (_("Help"), yours.help, theirs.help),
        (_("Section"), section_title(form, yours.section), section_title(form, theirs.section)),
        (_("Required"), yes_or_no(yours.required), yes_or_no(theirs.required)),
        (_("Required from a status on"), status(yours.required_from), status(theirs.required_from)),
        (_("Read-only from a status on"), status(yours.readonly_from), status(theirs.readonly_from)),
        (_("Agents only"), yes_or_no(yours.agent_only), yes_or_no(theirs.agent_only)),
        (_("Shown when"), _when(yours), _when(theirs)),
        (_("Choices"), labels(yours), labels(theirs)),
    ]


def _when(draft: FieldDraft) -> str:
    return draft.when.words if draft.when else ""


def _typed(form: Form, kind: FieldKind, code: str) -> FieldDraft:
    return draft_typed(kind, code, request.form, facts_for(db(), form, code))


def _only_redrawn(draft: FieldDraft) -> bool:
    """A button of the editor itself was pressed, not the one that saves."""
    return bool(request.form.get("row")) or (draft.when is not None and draft.when.pressed)


def _checked(draft: FieldDraft) -> FieldDraft:
    return replace(draft, when=draft.when.checked() if draft.when else None)


def _other_kind(field: Field) -> FieldKind:
    """The kind that was chosen for a field there is, where its values can be read as that."""
    given = request.form.get("kind", "")
    return FieldKind(given) if given in kinds_after(field.kind) else field.kind


def _previewed(form: Form, draft: FieldDraft | None) -> dict[str, Any]:
    as_agent = request.values.get("as") == "agent"
    shown = preview_of(db(), form, draft, as_agent=as_agent, given=request.form)
    return {"form": form, "draft": draft, "as_agent": as_agent, "preview": shown}


def builder_page(
    form: Form, draft: FieldDraft | None = None, refusal: Refused = FRESH, *, section: SectionDraft | None = None
) -> Response:
    """The builder with a field or a section in its editor, or neither."""
    field = form.field(draft.code) if draft and draft.code else None
    names = status_options(form)
    return page(
        "forms/fields.html", status=refusal.status, version=refusal.version_of(form.version), tabs=tabs_of(form, "fields"), refused=refusal, kinds=KINDS, tones=TONES,
        kind_choices=[(str(kind), str(title)) for kind, title in KINDS.items()], statuses=names, status_names=dict(names),
        section_choices=[(each["code"], each["title"]) for each in form.sections], section=section, words=words_of(db(), form),
        other_kinds=[(str(kind), str(KINDS[kind])) for kind in kinds_after(field.kind)] if field else [],
        groups=list(groups_of_builder(form)), holding=tickets_holding(db(), field) if field else 0,
        named_places=places_naming(db(), field) if field else (),
        people_choices=[(each.id, each.name) for each in agents_of_form(db(), form)],
        group_choices=[(each.id, each.name) for each in all_groups(db())], **_previewed(form, draft),
    )  # fmt: skip
