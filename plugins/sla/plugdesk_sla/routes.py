"""The pages of a form's SLA policies, for those who configure the form: list, order, edit, preview, what-if."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request, url_for

from plugdesk.api import (
    Conflict,
    Form,
    Invalid,
    NotFound,
    PlugdeskError,
    Ticket,
    can_see,
    condition_words,
    format_duration,
    lazy_gettext,
    row_number,
)
from plugdesk.api import gettext as _
from plugdesk_sla import commands, runs, why
from plugdesk_sla.commands import policy_here
from plugdesk_sla.conditions import ALWAYS, offered
from plugdesk_sla.editing import Typed, choices_for, in_words, shown_policy, typed_policy
from plugdesk_sla.entering import PolicyInput, read_input
from plugdesk_sla.models import Policy
from plugdesk_sla.naming import lost_in
from plugdesk_sla.promising import form_hours, read_policies
from plugdesk_sla.targets import targets_words, title_of
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

PLUGIN = "sla"
blueprint = Blueprint("policies", __name__)
PAGES = [Pages(blueprint, "form"), NavItem(lazy_gettext("SLA"), "hourglass", "sla_policies.index", place="form")]


@blueprint.get("/")
def index(slug: str) -> Response:
    """The form's policies in the order in which they are asked, and the hours its deadlines count in."""
    return _index(form_to_configure(slug))


@blueprint.get("/policies/new")
def new(slug: str) -> Response:
    form = form_to_configure(slug)
    policy, _version = _looked_at(None)
    return _edit(form, None, shown_policy(offered(context(PLUGIN), form), policy))


@blueprint.post("/policies")
def create(slug: str) -> Response:
    return _save(form_to_configure(slug), None)


@blueprint.get("/policies/<int:policy_id>")
def edit(slug: str, policy_id: int) -> Response:
    form = form_to_configure(slug)
    row = policy_here(context(PLUGIN), policy_id)
    policy, version = _looked_at(row)
    return _edit(form, row, shown_policy(offered(context(PLUGIN), form), policy or row), made_from=version)


@blueprint.post("/policies/<int:policy_id>")
def change(slug: str, policy_id: int) -> Response:
    form = form_to_configure(slug)
    return _save(form, policy_here(context(PLUGIN), policy_id))


@blueprint.post("/policies/<int:policy_id>/removal")
def remove(slug: str, policy_id: int) -> Response:
    form_to_configure(slug)
    row = policy_here(context(PLUGIN), policy_id)
    commands.remove_policy(context(PLUGIN), row, by=me())
    return redirect_after(url_for(".index", slug=slug), _("“%(policy)s” is removed.", policy=row.name))


@blueprint.post("/policies/<int:policy_id>/switch")
def switch(slug: str, policy_id: int) -> Response:
    form_to_configure(slug)
    row = policy_here(context(PLUGIN), policy_id)
    commands.switch_policy(context(PLUGIN), row, on=bool(request.form.get("on")), by=me())
    return redirect_after(url_for(".index", slug=slug, _anchor=f"policy-{policy_id}"))


@blueprint.post("/policies/<int:policy_id>/move")
def move(slug: str, policy_id: int) -> Response:
    """One place up or down."""
    form_to_configure(slug)
    ctx = context(PLUGIN)
    row, order = policy_here(ctx, policy_id), [each.id for each in read_policies(ctx)]
    commands.move_policy(ctx, row, to=moved(order, row.id).index(row.id), by=me())
    return redirect_after(url_for(".index", slug=slug, _anchor=f"policy-{policy_id}"))


@blueprint.post("/order")
def put_in_order(slug: str) -> Response:
    """The order after a drag."""
    form_to_configure(slug)
    commands.put_in_order(context(PLUGIN), request.form.getlist("order"), by=me())
    return nothing()


@blueprint.get("/why")
def what_if(slug: str) -> Response:
    """Each policy asked about one ticket: every condition with the value it met, and what would be promised now."""
    form = form_to_configure(slug)
    ctx, given = context(PLUGIN), request.args.get("ticket", "").strip().lstrip("#")
    wanted = row_number(given)
    ticket = db().get(Ticket, wanted) if wanted is not None else None
    if ticket is None or ticket.form_id != form.id or not can_see(db(), me(), ticket):
        raise NotFound(_("“%(form)s” has no ticket %(number)s.", form=form.name, number=given[:20]))
    answers, promised = why.answers(ctx, ticket)
    lines = {each.policy.id: targets_words(form, each.policy.targets) for each in answers}
    times = [
        _("%(target)s: %(time)s", target=title_of(form, each["sort"], each["status"]), time=format_duration(each["seconds"]))
        for each in (promised.terms["targets"] if promised else ())
    ]
    return page("sla:why.html", form=form, ticket=ticket, answers=answers, lines=lines, promised=promised, times=times)


@blueprint.post("/previews")
def preview(slug: str) -> Response:
    """See what the policy, as edited, would do to the open tickets; nothing is saved."""
    form = form_to_configure(slug)
    number = row_number(request.form.get("policy", ""))
    row = policy_here(context(PLUGIN), number) if number is not None else None
    return _save(form, row, looking=True)


@blueprint.get("/previews/<int:run_id>")
def show_preview(slug: str, run_id: int) -> Response:
    """How far a preview is, and what would change."""
    form = form_to_configure(slug)
    found = runs.preview_here(context(PLUGIN), run_id)
    rows = [
        {**each, "target": title_of(form, each["sort"], each["status"]), "before": _moment(each["before"]), "after": _moment(each["after"])}
        for each in found.found
    ]  # fmt: skip
    policy_id = found.draft["policy_id"]
    return page(
        "sla:preview.html", fragment="sla:_preview.html", form=form, run=found, rows=rows, name=runs.drafted(found).name,
        policy_id=policy_id,
    )  # fmt: skip


@blueprint.post("/previews/<int:run_id>/saving")
def save_preview(slug: str, run_id: int) -> Response:
    """Save the policy that was looked at."""
    form = form_to_configure(slug)
    ctx = context(PLUGIN)
    found = runs.preview_here(ctx, run_id)
    policy, draft = runs.drafted(found), found.draft
    row = policy_here(ctx, draft["policy_id"]) if draft["policy_id"] is not None else None
    try:
        _store(row, policy, draft["version"])
    except (Conflict, Invalid) as refusal:
        return _refuse(slug, row, shown_policy(offered(ctx, form), policy), refusal, made_from=draft["version"])
    return redirect_after(url_for(".index", slug=slug), _("Saved."))


@blueprint.post("/previews/<int:run_id>/stop")
def stop_preview(slug: str, run_id: int) -> Response:
    form_to_configure(slug)
    ctx = context(PLUGIN)
    runs.stop(ctx, runs.preview_here(ctx, run_id))
    return redirect_after(url_for(".show_preview", slug=slug, run_id=run_id))


def _index(form: Form) -> Response:
    ctx = context(PLUGIN)
    facts = offered(ctx, form)
    policies = [
        {"policy": each, "when": _("Always") if each.condition == ALWAYS else condition_words(each.condition, facts),
         "promises": targets_words(form, each.targets), "lost": lost_in(each)}
        for each in read_policies(ctx)
    ]  # fmt: skip
    return page(
        "sla:index.html", form=form, policies=policies, number=request.args.get("ticket", ""), hours=form_hours(ctx),
        reckoning=runs.reckoning(ctx),
    )  # fmt: skip


def _save(form: Form, row: Policy | None, *, looking: bool = False) -> Response:
    """Save what was typed, or look at what it would do."""
    ctx = context(PLUGIN)
    typed = typed_policy(form, offered(ctx, form), request.form)
    if typed.when.pressed:
        return _edit(form, row, typed)
    try:
        policy = read_input(ctx, request.form, typed.when.read())
        if looking:
            begun = runs.preview(ctx, policy, policy_id=row.id if row else None, version=version_given())
            return redirect_after(url_for(".show_preview", slug=form.slug, run_id=begun.id))
        _store(row, policy, version_given())
    except (Conflict, Invalid) as refusal:
        return _refuse(form.slug, row, replace(typed, when=typed.when.checked()), refusal)
    return redirect_after(url_for(".index", slug=form.slug), _("Saved."))


def _store(row: Policy | None, policy: PolicyInput, version: int | None) -> None:
    ctx = context(PLUGIN)
    if row is None:
        commands.add_policy(ctx, policy, by=me())
    else:
        commands.change_policy(ctx, row, policy, by=me(), version=version)


def _refuse(slug: str, row: Policy | None, typed: Typed, refusal: PlugdeskError, *, made_from: int | None = None) -> Response:
    """The page again with what was typed; after a conflict beside what is stored."""
    said, form = refused(refusal), form_to_configure(slug)
    if row is not None and said.is_conflict:
        said = said.compared(in_words(form, typed), in_words(form, shown_policy(offered(context(PLUGIN), form), row)))
    return _edit(form, row, typed, said, made_from=made_from)


def _edit(form: Form, row: Policy | None, typed: Typed, said: Refused = FRESH, *, made_from: int | None = None) -> Response:
    return page(
        "sla:edit.html", status=said.status, form=form, policy=row, version=said.version_of(row.version, made_from) if row else None,
        typed=typed, refused=said, problems=said.problems, **choices_for(form, typed),
    )  # fmt: skip


def _looked_at(row: Policy | None) -> tuple[PolicyInput | None, int | None]:
    """The edited policy of the preview that the address names, to go on with, and the version it was made from."""
    number = row_number(request.args.get("preview", ""))
    found = runs.preview_here(context(PLUGIN), number) if number is not None else None
    if found is None or found.draft["policy_id"] != (row.id if row else None):
        return None, None
    return runs.drafted(found), found.draft["version"]


def _moment(raw: Any) -> datetime | None:
    return datetime.fromisoformat(raw) if raw else None
