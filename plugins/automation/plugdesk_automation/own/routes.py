"""The pages of a form's own automations, for those who configure the form: list, edit, try on a ticket, limits, what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, request, url_for

from plugdesk.api import (
    Conflict,
    Form,
    Invalid,
    PlugdeskError,
    Ticket,
    can_see,
    row_number,
    visible_tickets,
    was_on,
)
from plugdesk.api import gettext as _
from plugdesk_automation.own import calling, commands, rehearsing, scheduling
from plugdesk_automation.own.asking import offered, types_of
from plugdesk_automation.own.commands import OwnInput
from plugdesk_automation.own.comparing import condition_in_words, in_words
from plugdesk_automation.own.controls import choices_for
from plugdesk_automation.own.deeds import Known, words_of
from plugdesk_automation.own.editing import Typed, input_of, shown_automation, typed_automation
from plugdesk_automation.own.models import Automation, OwnRun
from plugdesk_automation.own.reading import automation_here, automations_of, own_set, troubles, why
from plugdesk_automation.own.running import letters_this_hour
from plugdesk_automation.own.starting import read_start, start_words
from plugdesk_web.api import (
    FRESH,
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

PLUGIN = "automation"
SHOWN, COUNTED = 50, timedelta(days=7)
blueprint = Blueprint("own", __name__)
PAGES = [Pages(blueprint, "form")]


@blueprint.get("/own/")
def index(slug: str) -> Response:
    """The form's automations in the order in which they are asked."""
    return _index(form_to_configure(slug))


@blueprint.get("/own/new")
def new(slug: str) -> Response:
    """An empty one, or one that was rehearsed before it was stored."""
    form = form_to_configure(slug)
    draft, _version = _rehearsed(None)
    return _edit(form, None, shown_automation(offered(context(PLUGIN)), draft))


@blueprint.post("/own/")
def create(slug: str) -> Response:
    return _save(form_to_configure(slug), None)


@blueprint.get("/own/<int:automation_id>")
def edit(slug: str, automation_id: int) -> Response:
    form, ctx = form_to_configure(slug), context(PLUGIN)
    row = automation_here(ctx, automation_id)
    draft, version = _rehearsed(row)
    return _edit(form, row, shown_automation(offered(ctx), draft or row), made_from=version)


@blueprint.post("/own/<int:automation_id>")
def change(slug: str, automation_id: int) -> Response:
    form = form_to_configure(slug)
    return _save(form, automation_here(context(PLUGIN), automation_id))


@blueprint.post("/own/<int:automation_id>/removal")
def remove(slug: str, automation_id: int) -> Response:
    form_to_configure(slug)
    row = automation_here(context(PLUGIN), automation_id)
    commands.remove_automation(context(PLUGIN), row, by=me())
    return redirect_after(url_for(".index", slug=slug), _("“%(name)s” is removed.", name=row.name))


@blueprint.post("/own/<int:automation_id>/switch")
def switch(slug: str, automation_id: int) -> Response:
    form_to_configure(slug)
    row = automation_here(context(PLUGIN), automation_id)
    commands.switch_automation(context(PLUGIN), row, on=bool(request.form.get("on")), by=me())
    return redirect_after(url_for(".index", slug=slug, _anchor=f"automation-{automation_id}"))


@blueprint.post("/own/<int:automation_id>/move")
def move(slug: str, automation_id: int) -> Response:
    """One place up or down."""
    form_to_configure(slug)
    ctx = context(PLUGIN)
    row, order = automation_here(ctx, automation_id), [each.id for each in automations_of(ctx)]
    commands.move_automation(ctx, row, to=moved(order, row.id).index(row.id), by=me())
    return redirect_after(url_for(".index", slug=slug, _anchor=f"automation-{automation_id}"))


@blueprint.post("/own/order")
def put_in_order(slug: str) -> Response:
    """The order after a drag."""
    form_to_configure(slug)
    commands.put_in_order(context(PLUGIN), request.form.getlist("order"), by=me())
    return nothing()


@blueprint.post("/own/pause")
def pause(slug: str) -> Response:
    """All of them on or off."""
    form_to_configure(slug)
    commands.pause(context(PLUGIN), on=bool(request.form.get("on")), by=me())
    return redirect_after(url_for(".index", slug=slug))


@blueprint.post("/own/limits")
def change_limits(slug: str) -> Response:
    """How much they may do; a refusal keeps what was typed."""
    form = form_to_configure(slug)
    try:
        commands.change_limits(context(PLUGIN), request.form, by=me())
    except Invalid as refusal:
        db().rollback()
        return _index(form_to_configure(slug), refusal)
    return redirect_after(url_for(".index", slug=form.slug, _anchor="limits"), _("Saved."))


@blueprint.post("/own/test")
def test(slug: str) -> Response:
    """The automation, as edited, asked about one ticket; nothing is saved and nothing done."""
    form = form_to_configure(slug)
    return _save(form, _row_named(), way="test")


@blueprint.post("/own/rehearsals")
def rehearse(slug: str) -> Response:
    """The automation, as edited, asked about what happened in the last days; nothing is saved and nothing done."""
    form = form_to_configure(slug)
    return _save(form, _row_named(), way="rehearse")


@blueprint.get("/own/rehearsals/<int:rehearsal_id>")
def show_rehearsal(slug: str, rehearsal_id: int) -> Response:
    """How far a rehearsal is, and what would have been done."""
    form, ctx = form_to_configure(slug), context(PLUGIN)
    found = rehearsing.rehearsal_here(ctx, rehearsal_id)
    draft = rehearsing.drafted(found)
    return page(
        "automation:own/rehearsal.html", fragment="automation:own/_rehearsal.html", form=form, rehearsal=found, draft=draft,
        does=words_of(Known(ctx), draft.does), when=start_words(read_start(draft.starts)),
        condition=condition_in_words(draft.condition, offered(ctx), types_of(ctx)),
        times=[each | {"at": datetime.fromisoformat(each["at"])} for each in found.found],
    )  # fmt: skip


@blueprint.post("/own/rehearsals/<int:rehearsal_id>/saving")
def save_rehearsal(slug: str, rehearsal_id: int) -> Response:
    """Store the automation that was rehearsed."""
    form_to_configure(slug)
    ctx = context(PLUGIN)
    found = rehearsing.rehearsal_here(ctx, rehearsal_id)
    draft, number = rehearsing.drafted(found), found.draft["automation_id"]
    row = automation_here(ctx, number) if number is not None else None
    try:
        _store(row, draft, found.draft["version"])
    except (Conflict, Invalid) as refusal:
        return _refuse(slug, row, shown_automation(offered(ctx), draft), draft, refusal, made_from=found.draft["version"])
    return redirect_after(url_for(".index", slug=slug), _("Saved."))


@blueprint.post("/own/rehearsals/<int:rehearsal_id>/stop")
def stop_rehearsal(slug: str, rehearsal_id: int) -> Response:
    form_to_configure(slug)
    ctx = context(PLUGIN)
    rehearsing.stop(ctx, rehearsing.rehearsal_here(ctx, rehearsal_id))
    return redirect_after(url_for(".show_rehearsal", slug=slug, rehearsal_id=rehearsal_id))


@blueprint.get("/own/runs")
def runs(slug: str) -> Response:
    """What automations have done, the latest first; one of them, if the address names it."""
    form = form_to_configure(slug)
    before, wanted = row_number(request.args.get("before", "")), row_number(request.args.get("automation", ""))
    query = sa.select(OwnRun, Ticket.subject).join(Ticket, Ticket.id == OwnRun.ticket_id)
    query = query.where(OwnRun.form_id == form.id, visible_tickets(db(), me()))
    if wanted is not None:
        query = query.where(OwnRun.automation_id == wanted)
    if before is not None:
        query = query.where(OwnRun.id < before)
    rows = db().execute(query.order_by(OwnRun.id.desc()).limit(SHOWN + 1)).all()
    older = url_for(".runs", slug=slug, automation=wanted, before=rows[SHOWN - 1].OwnRun.id) if len(rows) > SHOWN else ""
    newest = url_for(".runs", slug=slug, automation=wanted) if before is not None else ""
    names = [(str(each.id), each.name) for each in automations_of(context(PLUGIN))]
    return page(
        "automation:own/runs.html", form=form, runs=rows[:SHOWN], older=older, newest=newest, names=names, wanted=str(wanted or ""),
    )  # fmt: skip


def _index(form: Form, refusal: Invalid | None = None) -> Response:
    ctx = context(PLUGIN)
    whole, facts, types, counted = own_set(ctx), offered(ctx), types_of(ctx), _counted(form)
    known = Known(ctx)
    rows = [
        _described(row, known, facts, types)
        | {"number": counted.get(row.id, 0), "next": scheduling.next_time(ctx, row) if whole.is_on else None}
        for row in automations_of(ctx)
    ]
    typed = {name: request.form.get(name, "") if refusal is not None else getattr(whole, name) for name in commands.LIMITS}
    return page(
        "automation:own/index.html", status=refusal.status if refusal else 200, form=form, rows=rows, is_on=whole.is_on, limits=typed,
        problems=refusal.problems if refusal is not None else {}, written=letters_this_hour(ctx), most=whole.letters,
        key=calling.key_of(ctx),
    )  # fmt: skip


def _described(row: Automation, known: Known, facts: Mapping[str, Any], types: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "row": row, "when": start_words(read_start(row.starts)), "if": condition_in_words(row.condition, facts, types),
        "does": words_of(known, row.does), "troubles": troubles(known, types, row.condition, row.does),
    }  # fmt: skip


def _counted(form: Form) -> dict[int, int]:
    """How often each has run within the last days."""
    query = sa.select(OwnRun.automation_id, sa.func.count())
    query = query.where(OwnRun.form_id == form.id, OwnRun.at >= context(PLUGIN).now - COUNTED, OwnRun.automation_id.is_not(None))
    return {number: count for number, count in db().execute(query.group_by(OwnRun.automation_id)) if number is not None}


def _row_named() -> Automation | None:
    """The automation that the page is about, where it is stored."""
    number = row_number(request.form.get("automation", ""))
    return automation_here(context(PLUGIN), number) if number is not None else None


def _save(form: Form, row: Automation | None, *, way: str = "save") -> Response:
    """Save, test or rehearse what was typed; a refusal keeps it."""
    ctx = context(PLUGIN)
    typed = typed_automation(offered(ctx), request.form)
    if typed.pressed:
        return _edit(form, row, typed)
    given = None
    try:
        given = commands.check(ctx, input_of(typed, request.form))
        if way == "test":
            return _tested(form, row, typed, given)
        if way == "rehearse":
            days = row_number(request.form.get("days", "")) or 0
            begun = rehearsing.start(ctx, given, row=row, version=version_given(), days=days, by=me())
            return redirect_after(url_for(".show_rehearsal", slug=form.slug, rehearsal_id=begun.id))
        _store(row, given, version_given())
    except (Conflict, Invalid) as refusal:
        return _refuse(form.slug, row, replace(typed, when=typed.when.checked()), given, refusal)
    return redirect_after(url_for(".index", slug=form.slug), _("Saved."))


def _store(row: Automation | None, given: OwnInput, version: int | None) -> None:
    if row is None:
        commands.add_automation(context(PLUGIN), given, by=me())
    else:
        commands.change_automation(context(PLUGIN), row, given, by=me(), version=version)


def _tested(form: Form, row: Automation | None, typed: Typed, given: OwnInput) -> Response:
    ctx, number = context(PLUGIN), row_number(request.form.get("ticket", "").strip().lstrip("#"))
    ticket = db().get(Ticket, number) if number is not None else None
    if ticket is None or not can_see(db(), me(), ticket) or not was_on(db(), ticket, form):
        given_number = request.form.get("ticket", "")[:20]
        raise Invalid(problems={"ticket": _("“%(form)s” has no ticket %(number)s.", form=form.name, number=given_number)})
    held, line = why(ctx, ticket, given.condition)
    return _edit(
        form, row, typed, tested={"ticket": ticket, "held": held, "line": line, "does": words_of(Known(ctx), given.does)}
    )


def _refuse(
    slug: str,
    row: Automation | None,
    typed: Typed,
    given: OwnInput | None,
    refusal: PlugdeskError,
    *,
    made_from: int | None = None,
) -> Response:
    """The page again with what was typed; after a conflict beside what is stored."""
    said, form, ctx = refused(refusal), form_to_configure(slug), context(PLUGIN)
    if row is not None and given is not None and said.is_conflict:
        said = said.compared(in_words(ctx, given), in_words(ctx, row))
    return _edit(form, row, typed, said, made_from=made_from)


def _edit(
    form: Form,
    row: Automation | None,
    typed: Typed,
    said: Refused = FRESH,
    *,
    made_from: int | None = None,
    tested: Mapping[str, Any] | None = None,
) -> Response:
    return page(
        "automation:own/edit.html", status=said.status, form=form, automation=row, typed=typed, refused=said, problems=said.problems,
        version=said.version_of(row.version, made_from) if row else None, tested=tested,
        ticket=request.form.get("ticket", request.args.get("ticket", "")), days=[(str(each), str(each)) for each in rehearsing.DAYS],
        **choices_for(context(PLUGIN), typed),
    )  # fmt: skip


def _rehearsed(row: Automation | None) -> tuple[OwnInput | None, int | None]:
    """The automation, as edited, of the rehearsal that the address names, to go on with, and the version it was made from."""
    number = row_number(request.args.get("rehearsal", ""))
    found = rehearsing.rehearsal_here(context(PLUGIN), number) if number is not None else None
    if found is None or found.draft["automation_id"] != (row.id if row else None):
        return None, None
    return rehearsing.drafted(found), found.draft["version"]
