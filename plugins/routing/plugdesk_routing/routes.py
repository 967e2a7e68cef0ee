"""The pages of a form's rules, for those who configure the form: list, order, edit, why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, request, url_for

from plugdesk.api import Conflict, Form, Invalid, NotFound, PlugdeskError, Ticket, can_see, lazy_gettext, row_number, was_on
from plugdesk.api import gettext as _
from plugdesk_routing import commands, replay, why
from plugdesk_routing.commands import RuleInput, rule_here
from plugdesk_routing.editing import Typed, choices_for, in_words, shown_rule, typed_rule
from plugdesk_routing.facts import offered
from plugdesk_routing.models import Rule
from plugdesk_routing.reading import rules_of
from plugdesk_routing.standing import Standing
from plugdesk_routing.words import result_words, when_words
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

blueprint = Blueprint("rules", __name__)
PAGES = [Pages(blueprint, "form"), NavItem(lazy_gettext("Routing"), "branch", "routing_rules.index", place="form")]


@blueprint.get("/")
def index(slug: str) -> Response:
    """The form's rules in the order in which they are asked."""
    form = form_to_configure(slug)
    ctx, facts = context("routing"), offered(context("routing"), form)
    standing = Standing(ctx)
    rules = [
        {"rule": rule, "when": when_words(rule, facts), "does": result_words(ctx, rule.result), "problems": standing.problems(rule),
         "warnings": standing.warnings(rule)}
        for rule in rules_of(ctx)
    ]  # fmt: skip
    questions = [field for field in form.fields if field.kind.has_choices]
    return page("routing:index.html", form=form, rules=rules, questions=questions, number=request.args.get("ticket", ""))


@blueprint.get("/rules/new")
def new(slug: str) -> Response:
    form = form_to_configure(slug)
    rule, _version = _rehearsed(None)
    return _edit(form, None, shown_rule(offered(context("routing"), form), rule))


@blueprint.post("/rules")
def create(slug: str) -> Response:
    return _save(form_to_configure(slug), None)


@blueprint.get("/rules/<int:rule_id>")
def edit(slug: str, rule_id: int) -> Response:
    form = form_to_configure(slug)
    row = rule_here(context("routing"), rule_id)
    rule, version = _rehearsed(row)
    return _edit(form, row, shown_rule(offered(context("routing"), form), rule or row), made_from=version)


@blueprint.post("/rules/<int:rule_id>")
def change(slug: str, rule_id: int) -> Response:
    form = form_to_configure(slug)
    return _save(form, rule_here(context("routing"), rule_id))


@blueprint.post("/rules/<int:rule_id>/removal")
def remove(slug: str, rule_id: int) -> Response:
    form_to_configure(slug)
    row = rule_here(context("routing"), rule_id)
    commands.remove_rule(context("routing"), row, by=me())
    return redirect_after(url_for(".index", slug=slug), _("“%(rule)s” is removed.", rule=row.name))


@blueprint.post("/rules/<int:rule_id>/switch")
def switch(slug: str, rule_id: int) -> Response:
    form_to_configure(slug)
    row = rule_here(context("routing"), rule_id)
    commands.switch_rule(context("routing"), row, on=bool(request.form.get("on")), by=me())
    return redirect_after(url_for(".index", slug=slug, _anchor=f"rule-{rule_id}"))


@blueprint.post("/rules/<int:rule_id>/move")
def move(slug: str, rule_id: int) -> Response:
    """One place up or down."""
    form_to_configure(slug)
    ctx = context("routing")
    row, order = rule_here(ctx, rule_id), [rule.id for rule in rules_of(ctx)]
    commands.move_rule(ctx, row, to=moved(order, row.id).index(row.id), by=me())
    return redirect_after(url_for(".index", slug=slug, _anchor=f"rule-{rule_id}"))


@blueprint.post("/order")
def put_in_order(slug: str) -> Response:
    """The order after a drag."""
    form_to_configure(slug)
    commands.put_in_order(context("routing"), request.form.getlist("order"), by=me())
    return nothing()


@blueprint.get("/why")
def why_page(slug: str) -> Response:
    """Each rule asked about one ticket: every condition with the value it met."""
    form = form_to_configure(slug)
    ctx, given = context("routing"), request.args.get("ticket", "").strip().lstrip("#")
    wanted = row_number(given)
    ticket = db().get(Ticket, wanted) if wanted is not None else None
    if ticket is None or not can_see(db(), me(), ticket) or not was_on(db(), ticket, form):
        raise NotFound(_("“%(form)s” has no ticket %(number)s.", form=form.name, number=given[:20]))
    answers = why.answers(ctx, ticket)
    does = {each.rule.id: result_words(ctx, each.rule.result) for each in answers}
    return page("routing:why.html", form=form, ticket=ticket, answers=answers, does=does)


@blueprint.get("/ready/<code>")
def ready(slug: str, code: str) -> Response:
    """One question, a group for each of its answers."""
    return _ready(form_to_configure(slug), code)


@blueprint.post("/ready/<code>")
def make_ready(slug: str, code: str) -> Response:
    form_to_configure(slug)
    groups = {name.removeprefix("group-"): given for name, given in request.form.items() if name.startswith("group-")}
    try:
        made = commands.add_ready_rules(context("routing"), code, groups, by=me())
    except Invalid as refusal:
        db().rollback()
        return _ready(form_to_configure(slug), code, problem=str(refusal), status=422)
    return redirect_after(url_for(".index", slug=slug), _("Rules made: %(number)s.", number=len(made)))


@blueprint.post("/replays")
def rehearse(slug: str) -> Response:
    """Run the rules, as edited, over the last tickets; nothing is saved."""
    form = form_to_configure(slug)
    number = row_number(request.form.get("rule", ""))
    row = rule_here(context("routing"), number) if number is not None else None
    return _save(form, row, rehearse=True)


@blueprint.get("/replays/<int:replay_id>")
def show_replay(slug: str, replay_id: int) -> Response:
    """How far a rehearsal is, and what would change."""
    form = form_to_configure(slug)
    ctx = context("routing")
    found = replay.replay_here(ctx, replay_id)
    rows = [
        {
            "number": each["number"],
            "subject": each["subject"],
            "before": _destination(ctx, each["before"]),
            "after": _destination(ctx, each["after"]),
        }
        for each in found.found
    ]
    return page(
        "routing:replay.html",
        fragment="routing:_replay.html",
        form=form,
        replay=found,
        rows=rows,
        name=found.draft["rule"]["name"],
    )


@blueprint.post("/replays/<int:replay_id>/saving")
def save_replay(slug: str, replay_id: int) -> Response:
    """Save the rule that was rehearsed."""
    form = form_to_configure(slug)
    ctx = context("routing")
    found = replay.replay_here(ctx, replay_id)
    rule, number = replay.drafted(found), found.draft["rule_id"]
    row = rule_here(ctx, number) if number is not None else None
    try:
        _store(row, rule, found.draft["version"])
    except (Conflict, Invalid) as refusal:
        return _refuse(slug, row, shown_rule(offered(ctx, form), rule), refusal, made_from=found.draft["version"])
    return redirect_after(url_for(".index", slug=slug), _("Saved."))


@blueprint.post("/replays/<int:replay_id>/stop")
def stop_replay(slug: str, replay_id: int) -> Response:
    form_to_configure(slug)
    ctx = context("routing")
    replay.stop(ctx, replay.replay_here(ctx, replay_id))
    return redirect_after(url_for(".show_replay", slug=slug, replay_id=replay_id))


def _save(form: Form, row: Rule | None, *, rehearse: bool = False) -> Response:
    """Save or rehearse what was typed."""
    ctx = context("routing")
    typed = typed_rule(offered(ctx, form), request.form)
    if typed.when.pressed or typed.redrawn:
        return _edit(form, row, typed)
    try:
        rule = commands.read_input(ctx, request.form, typed.when.read(), by=me())
        if rehearse:
            most = request.form.get("most", "")
            number = int(most) if most.isdecimal() and len(most) < 9 else 0
            begun = replay.start(ctx, rule, row=row, version=version_given(), most=number, by=me())
            return redirect_after(url_for(".show_replay", slug=form.slug, replay_id=begun.id))
        _store(row, rule, version_given())
    except (Conflict, Invalid) as refusal:
        return _refuse(form.slug, row, replace(typed, when=typed.when.checked()), refusal)
    return redirect_after(url_for(".index", slug=form.slug), _("Saved."))


def _store(row: Rule | None, rule: RuleInput, version: int | None) -> None:
    ctx = context("routing")
    if row is None:
        commands.add_rule(ctx, rule, by=me())
    else:
        commands.change_rule(ctx, row, rule, by=me(), version=version)


def _refuse(slug: str, row: Rule | None, typed: Typed, refusal: PlugdeskError, *, made_from: int | None = None) -> Response:
    """The page again with what was typed; after a conflict beside what is stored."""
    said, form, ctx = refused(refusal), form_to_configure(slug), context("routing")
    if row is not None and said.is_conflict:
        stored = shown_rule(offered(ctx, form), row)
        said = said.compared(in_words(ctx, typed, me()), in_words(ctx, stored, me()))
    return _edit(form, row, typed, said, made_from=made_from)


def _edit(form: Form, row: Rule | None, typed: Typed, said: Refused = FRESH, *, made_from: int | None = None) -> Response:
    return page(
        "routing:edit.html", status=said.status, form=form, rule=row, version=said.version_of(row.version, made_from) if row else None,
        typed=typed, refused=said, problems=said.problems, sizes=[(each, str(each)) for each in replay.SIZES],
        **choices_for(context("routing"), typed, me()),
    )  # fmt: skip


def _ready(form: Form, code: str, *, problem: str = "", status: int = 200) -> Response:
    field = form.field(code)
    if field is None or not field.kind.has_choices:
        raise NotFound(_("This form has no such field any more. Reload the page."))
    groups = choices_for(context("routing"), shown_rule({}, None), me())["groups"]
    return page("routing:ready.html", status=status, form=form, field=field, groups=groups, problem=problem, given=request.form)


def _rehearsed(row: Rule | None) -> tuple[RuleInput | None, int | None]:
    """The edited rule of the rehearsal that the address names, to go on with, and the version it was made from."""
    number = row_number(request.args.get("replay", ""))
    found = replay.replay_here(context("routing"), number) if number is not None else None
    if found is None or found.draft["rule_id"] != (row.id if row else None):
        return None, None
    return replay.drafted(found), found.draft["version"]


def _destination(ctx: Any, result: dict[str, Any]) -> str:
    return "; ".join(result_words(ctx, result)) or _("as the form gives its new tickets")
