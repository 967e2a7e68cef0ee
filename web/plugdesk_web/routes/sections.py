"""The sections of a form: headings its fields stand under, shown when their conditions hold."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from plugdesk.errors import Conflict, Invalid
from plugdesk.forms import commands
from plugdesk.forms.models import Form
from plugdesk.i18n import gettext as _
from plugdesk_web.current import agent_only, db, form_to_configure, me
from plugdesk_web.editing import refused, version_given
from plugdesk_web.rendering import redirect_after
from plugdesk_web.routes.fields import builder_page
from plugdesk_web.section_editing import SectionDraft, section_draft, section_typed

blueprint = Blueprint("sections", __name__, url_prefix="/forms/<slug>/sections")


@blueprint.post("")
@agent_only
def create(slug: str) -> Response:
    form = form_to_configure(slug)
    draft = section_typed(form, "")
    if draft.when.pressed:
        return builder_page(form, section=draft)
    try:
        section = commands.add_section(db(), form, by=me(), version=version_given(), **draft.given())
    except (Invalid, Conflict) as refusal:
        said = refused(refusal)
        return builder_page(form_to_configure(slug), None, said, section=draft.checked())
    return redirect_after(
        _at(slug, section["code"]), _("The section “%(title)s” is there. Drag fields into it.", title=section["title"])
    )


@blueprint.post("/<section>")
@agent_only
def change(slug: str, section: str) -> Response:
    form = form_to_configure(slug)
    draft = section_typed(form, section)
    if draft.when.pressed and form.section(section):
        return builder_page(form, section=draft)
    try:
        commands.change_section(db(), form, section, draft.given(), by=me(), version=version_given())
    except (Invalid, Conflict) as refusal:
        said, form = refused(refusal), form_to_configure(slug)
        return builder_page(form, None, said.beside(_rows(form, draft)), section=draft.checked())
    return redirect_after(_at(slug, section), _("Saved."))


@blueprint.post("/<section>/deletion")
@agent_only
def delete(slug: str, section: str) -> Response:
    """The heading goes; its fields stay, above the sections."""
    form = form_to_configure(slug)
    commands.delete_section(db(), form, section, by=me(), version=version_given())
    return redirect_after(url_for("fields.index", slug=slug), _("The section is gone; its fields stand above the others."))


@blueprint.post("/<section>/move")
@agent_only
def move(slug: str, section: str) -> Response:
    """One place up or down, with its fields."""
    form = form_to_configure(slug)
    at = next((number for number, each in enumerate(form.sections) if each["code"] == section), 0)
    to = at + (-1 if request.form.get("by") == "up" else 1)
    commands.move_section(db(), form, section, to=to, by=me(), version=version_given())
    return redirect_after(_at(slug, section))


def _at(slug: str, section: str) -> str:
    return url_for("fields.index", slug=slug, _anchor=f"section-{section}")


def _rows(form: Form, draft: SectionDraft) -> list[tuple[str, str, str]]:
    section = form.section(draft.code)
    if section is None:
        return []
    theirs = section_draft(form, section)
    return [(_("Title"), draft.title, theirs.title), (_("Shown when"), draft.when.words, theirs.when.words)]
