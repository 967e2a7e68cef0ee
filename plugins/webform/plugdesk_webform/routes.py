"""The pages of a form's request forms, for those who configure it: list, edit, order, switch, look, embed."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from plugdesk.api import LANGUAGES, Conflict, Form, Invalid, lazy_gettext
from plugdesk.api import gettext as _
from plugdesk_web.api import (
    FRESH,
    LOOK_LABELS,
    LOOK_SIZES,
    NavItem,
    Pages,
    Refused,
    context,
    form_to_configure,
    me,
    moved,
    nothing,
    page,
    redirect_after,
    refused,
    version_given,
)
from plugdesk_webform import commands
from plugdesk_webform.asking import prefilled
from plugdesk_webform.editing import Typed, in_words, input_of, stored, typed
from plugdesk_webform.models import RequestForm
from plugdesk_webform.public import form_page
from plugdesk_webform.queries import last_consent, request_form_here, request_forms
from plugdesk_webform.tokens import browsers_work_at

blueprint = Blueprint("forms", __name__)
PAGES = [Pages(blueprint, "form"), NavItem(lazy_gettext("Request forms"), "world", "webform_forms.index", place="form")]


@blueprint.get("/")
def index(slug: str) -> Response:
    """The form's request forms, each with its link and the code that puts it on a site."""
    form = form_to_configure(slug)
    ctx = context("webform")
    base = ctx.base_url or request.url_root.rstrip("/")
    return page("webform:index.html", form=form, rows=request_forms(ctx), base=base, is_secure=browsers_work_at(base))


@blueprint.get("/forms/new")
def new(slug: str) -> Response:
    form = form_to_configure(slug)
    return _edit(form, None, stored(context("webform"), None))


@blueprint.post("/forms")
def create(slug: str) -> Response:
    return _save(form_to_configure(slug), None)


@blueprint.get("/forms/<int:request_form_id>")
def edit(slug: str, request_form_id: int) -> Response:
    form = form_to_configure(slug)
    ctx = context("webform")
    row = request_form_here(ctx, request_form_id)
    return _edit(form, row, stored(ctx, row))


@blueprint.post("/forms/<int:request_form_id>")
def change(slug: str, request_form_id: int) -> Response:
    form = form_to_configure(slug)
    return _save(form, request_form_here(context("webform"), request_form_id))


@blueprint.get("/forms/<int:request_form_id>/preview")
def preview(slug: str, request_form_id: int) -> Response:
    """The page as visitors see it, also while it is off; it cannot be sent."""
    form_to_configure(slug)
    ctx = context("webform")
    row = request_form_here(ctx, request_form_id)
    return form_page(ctx, row, prefilled(ctx, row, request.args), preview=True)


@blueprint.post("/forms/<int:request_form_id>/switch")
def switch(slug: str, request_form_id: int) -> Response:
    form_to_configure(slug)
    ctx = context("webform")
    commands.switch_request_form(ctx, request_form_here(ctx, request_form_id), on=bool(request.form.get("on")), by=me())
    return redirect_after(url_for(".index", slug=slug))


@blueprint.post("/forms/<int:request_form_id>/removal")
def remove(slug: str, request_form_id: int) -> Response:
    form_to_configure(slug)
    ctx = context("webform")
    row = request_form_here(ctx, request_form_id)
    commands.remove_request_form(ctx, row, by=me())
    return redirect_after(url_for(".index", slug=slug), _("“%(title)s” is deleted.", title=row.title))


@blueprint.post("/forms/<int:request_form_id>/move")
def move(slug: str, request_form_id: int) -> Response:
    """One place up or down."""
    form_to_configure(slug)
    ctx = context("webform")
    row = request_form_here(ctx, request_form_id)
    order = moved([each.id for each in request_forms(ctx)], row.id)
    commands.put_in_order(ctx, [str(each) for each in order], by=me())
    return redirect_after(url_for(".index", slug=slug))


@blueprint.post("/order")
def put_in_order(slug: str) -> Response:
    """The order after a drag."""
    form_to_configure(slug)
    commands.put_in_order(context("webform"), request.form.getlist("order"), by=me())
    return nothing()


def _save(form: Form, row: RequestForm | None) -> Response:
    """Store what was typed; a refusal keeps it, a button that moves a line stores nothing."""
    ctx = context("webform")
    given = typed(ctx, request.form)
    if request.form.get("fields-do"):
        return _edit(form, row, given)
    try:
        if row is None:
            commands.add_request_form(ctx, input_of(given), by=me())
        else:
            commands.change_request_form(ctx, row, input_of(given), by=me(), version=version_given())
    except (Conflict, Invalid) as refusal:
        number, said = row.id if row else None, refused(refusal)
        form, ctx = form_to_configure(form.slug), context("webform")
        row = request_form_here(ctx, number) if number else None
        if row is not None and said.is_conflict:
            said = said.compared(in_words(given), in_words(stored(ctx, row)))
        return _edit(form, row, given, said)
    return redirect_after(url_for(".index", slug=form.slug), _("Saved."))


def _edit(form: Form, row: RequestForm | None, given: Typed, said: Refused = FRESH) -> Response:
    ctx = context("webform")
    return page(
        "webform:edit.html", status=said.status, form=form, row=row, version=said.version_of(row.version) if row else None, typed=given,
        refused=said, problems=said.problems, languages=list(LANGUAGES.items()), sizes=LOOK_SIZES, looks=LOOK_LABELS,
        consent=last_consent(ctx, row) if row else None,
    )  # fmt: skip
