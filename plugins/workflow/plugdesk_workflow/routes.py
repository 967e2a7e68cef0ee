"""The pages of a form's actions, for those who configure the form: list by status, findings, edit, order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, request, url_for

from plugdesk.api import Conflict, Form, Invalid, Status, current_language, lazy_gettext, ngettext, rights_on_form
from plugdesk.api import gettext as _
from plugdesk_web.api import (
    FRESH,
    NavItem,
    Pages,
    Refused,
    context,
    db,
    form_to_configure,
    me,
    moved,
    nothing,
    page,
    redirect_after,
    refused,
    version_given,
)
from plugdesk_workflow import commands, graph, ready
from plugdesk_workflow.commands import action_here
from plugdesk_workflow.comparing import in_words
from plugdesk_workflow.controls import choices_for
from plugdesk_workflow.definition import read
from plugdesk_workflow.editing import Typed, input_of, shown_action, typed_action
from plugdesk_workflow.linter import Finding, findings
from plugdesk_workflow.models import Action
from plugdesk_workflow.rights import actions_of, right_to, title_of
from plugdesk_workflow.words import Wording

blueprint = Blueprint("actions", __name__)
PAGES = [Pages(blueprint, "form"), NavItem(lazy_gettext("Workflow"), "bolt", "workflow_actions.index", place="form")]


@blueprint.get("/")
def index(slug: str) -> Response:
    """The form's actions by the statuses that offer them, and what the linter finds."""
    form = form_to_configure(slug)
    ctx = context("workflow")
    found, words, rows = findings(ctx), Wording(ctx), actions_of(ctx)
    named = _named_in_rights(form)
    shown = {each.id: _shown(each, words, found, named) for each in rows}
    groups = [(status, [shown[each.id] for each in rows if status.code in each.statuses]) for status in form.statuses]
    lost = [shown[each.id] for each in rows if not any(form.status(code) for code in each.statuses)]
    return page(
        "workflow:index.html", form=form, language=current_language(), groups=groups, lost=lost, rows=rows, processes=ready.PROCESSES,
        findings=[(each, _mending(form, each)) for each in found], sizes=graph,
        graph=graph.draw(form.statuses, [(each, read(each)) for each in rows if each.is_on]),
    )  # fmt: skip


@blueprint.get("/actions/new")
def new(slug: str) -> Response:
    """A new one, in the status `in`, or leading to the status `to`."""
    form = form_to_configure(slug)
    offered_in = [each for each in request.args.getlist("in") if form.status(each)]
    to = request.args.get("to", "")
    return _edit(form, None, shown_action(None, statuses=offered_in, status=to if form.status(to) else ""))


@blueprint.post("/actions")
def create(slug: str) -> Response:
    return _save(form_to_configure(slug), None)


@blueprint.get("/actions/<int:action_id>")
def edit(slug: str, action_id: int) -> Response:
    form = form_to_configure(slug)
    row = action_here(context("workflow"), action_id)
    return _edit(form, row, shown_action(row))


@blueprint.post("/actions/<int:action_id>")
def change(slug: str, action_id: int) -> Response:
    form = form_to_configure(slug)
    return _save(form, action_here(context("workflow"), action_id))


@blueprint.post("/actions/<int:action_id>/removal")
def remove(slug: str, action_id: int) -> Response:
    form_to_configure(slug)
    row = action_here(context("workflow"), action_id)
    commands.remove_action(context("workflow"), row, by=me())
    return redirect_after(url_for(".index", slug=slug), _("“%(action)s” is deleted.", action=title_of(row)))


@blueprint.post("/actions/<int:action_id>/switch")
def switch(slug: str, action_id: int) -> Response:
    form_to_configure(slug)
    row = action_here(context("workflow"), action_id)
    commands.switch_action(context("workflow"), row, on=bool(request.form.get("on")), by=me())
    return redirect_after(url_for(".index", slug=slug))


@blueprint.post("/actions/<int:action_id>/move")
def move(slug: str, action_id: int) -> Response:
    """One place up or down among the actions of a status."""
    form_to_configure(slug)
    ctx, status = context("workflow"), request.form.get("status", "")
    row = action_here(ctx, action_id)
    order = [each.id for each in actions_of(ctx) if status in each.statuses or each.id == row.id]
    commands.put_in_order(ctx, [str(each) for each in moved(order, row.id)], by=me())
    return redirect_after(url_for(".index", slug=slug, _anchor=f"status-{status}"))


@blueprint.post("/order")
def put_in_order(slug: str) -> Response:
    """The order after a drag within a status."""
    form_to_configure(slug)
    commands.put_in_order(context("workflow"), request.form.getlist("order"), by=me())
    return nothing()


@blueprint.post("/ready/<name>")
def add_ready(slug: str, name: str) -> Response:
    """Add a ready-made process."""
    form_to_configure(slug)
    made = ready.add_process(context("workflow"), name, by=me())
    said = ngettext(
        "%(num)d action was added. Look at it, and change what is different with you.",
        "%(num)d actions were added. Look at them, and change what is different with you.",
        len(made),
    )
    return redirect_after(url_for(".index", slug=slug), said if made else _("The form has all of these actions."))


def _save(form: Form, row: Action | None) -> Response:
    """Store what was typed; a refusal keeps it, and after a conflict shows it beside what is stored."""
    ctx, typed = context("workflow"), typed_action(form, request.form)
    if typed.pressed:
        return _edit(form, row, typed)
    try:
        given = input_of(typed)
        if row is None:
            commands.add_action(ctx, given, by=me())
        else:
            commands.change_action(ctx, row, given, by=me(), version=version_given())
    except (Conflict, Invalid) as refusal:
        said, form, ctx = refused(refusal), form_to_configure(form.slug), context("workflow")
        if row is not None and said.is_conflict:
            said = said.compared(in_words(ctx, form, typed), in_words(ctx, form, shown_action(row)))
        return _edit(form, row, typed, said)
    return redirect_after(url_for(".index", slug=form.slug), _("Saved."))


def _edit(form: Form, row: Action | None, typed: Typed, said: Refused = FRESH) -> Response:
    ctx = context("workflow")
    found = [each for each in findings(ctx) if row is not None and each.action is not None and each.action.id == row.id]
    return page(
        "workflow:edit.html", status=said.status, form=form, action=row, version=said.version_of(row.version) if row else None,
        typed=typed, refused=said, problems=said.problems, findings=found, language=current_language(), **choices_for(ctx, form, typed),
    )  # fmt: skip


def _shown(row: Action, words: Wording, found: Sequence[Finding], named: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    definition = read(row)
    holders = named.get(right_to(row), ())
    lost = _("Delete “%(action)s”? Tickets no longer offer it; what it did to them stays.", action=title_of(row))
    if holders:
        lost += " " + _("The right to it is lost to: %(names)s.", names=", ".join(holders))
    return {
        "action": row, "who": words.who(definition), "asks": words.asks(definition), "does": words.does(definition), "lost": lost,
        "when": words.when(definition),
        "findings": [each for each in found if each.action is not None and each.action.id == row.id],
    }  # fmt: skip


def _named_in_rights(form: Form) -> dict[str, list[str]]:
    """Who has each action by name in their rights."""
    found: dict[str, list[str]] = {}
    for holder, right in rights_on_form(db(), form):
        for code in right.actions or ():
            found.setdefault(code, []).append(holder.name)
    return found


def _mending(form: Form, finding: Finding) -> tuple[str, str]:
    """The place that mends what was found: its address and what stands on the link."""
    if finding.kind == "nobody":
        return url_for("rights.index", slug=form.slug), _("To the rights")
    if finding.action is not None:
        part = {
            "variable": "letters",
            "silent": "letters",
            "link": "letters",
            "nowhere": "f-statuses",
            "automatic": "automatic",
            "circle": "automatic",
        }.get(finding.kind, "does")
        return url_for(".edit", slug=form.slug, action_id=finding.action.id, _anchor=part), _("Change the action")
    assert isinstance(finding.status, Status)
    way = "to" if finding.kind == "unreachable" else "in"
    return url_for(".new", slug=form.slug) + f"?{way}={finding.status.code}", _("Add an action")
