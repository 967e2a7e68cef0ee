"""The questions of a form: asked, changed, put in order, taken away, with the form as it will look beside them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for

from plugdesk.errors import Conflict, Invalid, NotFound
from plugdesk.forms import commands
from plugdesk.forms.models import Field, FieldKind, Form
from plugdesk.i18n import gettext as _
from plugdesk.users.queries import agents_of_form, all_groups
from plugdesk_web.current import agent_only, db, form_to_configure, me
from plugdesk_web.editing import FRESH, Refused, nothing, refused, version_given
from plugdesk_web.field_editing import EMPTY_ROWS, KINDS, TONES, FieldDraft, Row, draft_of, draft_typed, preview_of
from plugdesk_web.rendering import page, redirect_after
from plugdesk_web.routes.forms import tabs_of

blueprint = Blueprint("fields", __name__, url_prefix="/forms/<slug>/fields")


@blueprint.get("")
@agent_only
def index(slug: str) -> Response:
    """All fields; the one named by `open`, or a new one of the kind `new`, in its editor."""
    form = form_to_configure(slug)
    field = form.field(request.args.get("open", ""))
    kind = request.args.get("new", "")
    if field is not None:
        return _page(form, _with_empty_rows(draft_of(field)))
    if kind in tuple(FieldKind):
        return _page(form, _with_empty_rows(FieldDraft(FieldKind(kind))))
    return _page(form, None)


@blueprint.post("")
@agent_only
def create(slug: str) -> Response:
    form = form_to_configure(slug)
    draft = draft_typed(_kind(request.form.get("kind", "")), "", request.form)
    if request.form.get("row"):
        return _page(form, draft.with_rows(request.form["row"]))
    try:
        field = commands.add_field(db(), form, kind=draft.kind, by=me(), version=version_given(), **draft.given())
    except (Invalid, Conflict) as refusal:
        said = refused(refusal)
        return _page(form_to_configure(slug), draft, said)
    return redirect_after(
        url_for("fields.index", slug=slug, _anchor=f"field-{field.code}"),
        _("“%(label)s” is asked from now on.", label=field.label),
    )


@blueprint.post("/<code>")
@agent_only
def change(slug: str, code: str) -> Response:
    form = form_to_configure(slug)
    draft = draft_typed(_field(form, code).kind, code, request.form)
    if request.form.get("row"):
        return _page(form, draft.with_rows(request.form["row"]))
    try:
        commands.change_field(db(), form, _field(form, code), draft.given(), by=me(), version=version_given())
    except (Invalid, Conflict) as refusal:
        said, form = refused(refusal), form_to_configure(slug)
        return _page(form, draft, said.beside(_rows(draft, draft_of(_field(form, code)))))
    return redirect_after(url_for("fields.index", slug=slug, _anchor=f"field-{code}"), _("Saved."))


@blueprint.post("/<code>/deletion")
@agent_only
def delete(slug: str, code: str) -> Response:
    form = form_to_configure(slug)
    field = _field(form, code)
    label = field.label
    commands.delete_field(db(), form, field, by=me(), version=version_given())
    return redirect_after(
        url_for("fields.index", slug=slug),
        _("“%(label)s” is no longer asked. Values so far stay with their tickets.", label=label),
    )


@blueprint.post("/<code>/move")
@agent_only
def move(slug: str, code: str) -> Response:
    """One place up or down."""
    form = form_to_configure(slug)
    field = _field(form, code)
    to = form.fields.index(field) + (-1 if request.form.get("by") == "up" else 1)
    commands.move_field(db(), form, field, to=to, by=me(), version=version_given())
    return redirect_after(url_for("fields.index", slug=slug, _anchor=f"field-{code}"))


@blueprint.post("/order")
@agent_only
def put_in_order(slug: str) -> Response:
    """The order after a drag: the one field that changed its place is moved."""
    form = form_to_configure(slug)
    before, after = [field.code for field in form.fields], request.form.getlist("order")
    code = moved_one(before, after)
    if code is not None:
        commands.move_field(db(), form, _field(form, code), to=after.index(code), by=me())
    return nothing()


@blueprint.post("/preview")
@agent_only
def preview(slug: str) -> Response:
    """The form with what is in the editor now; nothing is stored."""
    form = form_to_configure(slug)
    code = request.form.get("code", "")
    field = form.field(code)
    draft = draft_typed(field.kind if field else _kind(request.form.get("kind", "")), code, request.form)
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


def _rows(yours: FieldDraft, theirs: FieldDraft) -> list[tuple[str, Any, Any]]:
    def labels(draft: FieldDraft) -> str:
        return ", ".join(row.label for row in draft.rows if row.label)

    yes = {True: _("Yes"), False: _("No")}
    return [
        (_("Question"), yours.label, theirs.label),
        (_("Help"), yours.help, theirs.help),
        (_("Required"), yes[yours.required], yes[theirs.required]),
        (_("Agents only"), yes[yours.agent_only], yes[theirs.agent_only]),
        (_("Choices"), labels(yours), labels(theirs)),
    ]


def _previewed(form: Form, draft: FieldDraft | None) -> dict[str, Any]:
    as_agent = request.values.get("as") == "agent"
    return {"form": form, "draft": draft, "as_agent": as_agent, "preview": preview_of(db(), form, draft, as_agent=as_agent)}


def _page(form: Form, draft: FieldDraft | None, refusal: Refused = FRESH) -> Response:
    return page(
        "forms/fields.html", status=refusal.status, tabs=tabs_of(form, "fields"), refused=refusal, kinds=KINDS, tones=TONES,
        kind_choices=[(str(kind), str(title)) for kind, title in KINDS.items()],
        people_choices=[(each.id, each.name) for each in agents_of_form(db(), form)],
        group_choices=[(each.id, each.name) for each in all_groups(db())], **_previewed(form, draft),
    )  # fmt: skip
