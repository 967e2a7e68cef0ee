"""The pages of a form's rules, for those who configure the form: their switches and times, and what they have done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, request, url_for

from plugdesk.api import (
    Conflict,
    Form,
    Invalid,
    NotFound,
    StatusKind,
    Ticket,
    agents_of_form,
    current_language,
    lazy_gettext,
    pgettext,
    row_number,
    visible_tickets,
)
from plugdesk.api import gettext as _
from plugdesk_automation import commands, naming
from plugdesk_automation.models import Code, Rule, Run
from plugdesk_automation.panel import described
from plugdesk_automation.rules import NAMES, THEN, UNITS, WHEN, rule_set, rules_of
from plugdesk_web.api import (
    FRESH,
    NavItem,
    Pages,
    Refused,
    chosen_words,
    context,
    db,
    form_to_configure,
    me,
    page,
    redirect_after,
    refused,
    version_given,
    yes_or_no,
)

PLUGIN = "automation"
SHOWN, COUNTED = 50, timedelta(days=7)
COUNTINGS = (("hours", lazy_gettext("of working time")), ("clock", lazy_gettext("by the clock")))
_UNITS = [(str(unit), words) for unit, words in UNITS]
blueprint = Blueprint("rules", __name__)
PAGES = [Pages(blueprint, "form"), NavItem(lazy_gettext("Automation"), "bolt", "automation_rules.index", place="form")]


@blueprint.get("/")
def index(slug: str) -> Response:
    """The form's rules with their switches and times."""
    return _index(form_to_configure(slug))


@blueprint.post("/")
def change(slug: str) -> Response:
    """Save all of them; a refusal keeps what was typed."""
    form = form_to_configure(slug)
    ctx = context(PLUGIN)
    try:
        commands.change_rules(ctx, commands.read_input(ctx, request.form), by=me(), version=version_given())
    except (Conflict, Invalid) as refusal:
        said, form = refused(refusal), form_to_configure(slug)
        yours, theirs = ([_shown(*each, typed) for each in rules_of(ctx).items()] for typed in (request.form, None))
        return _index(form, said.compared(_in_words(form, yours), _in_words(form, theirs)))
    return redirect_after(url_for(".index", slug=form.slug), _("Saved."))


@blueprint.post("/switch")
def switch(slug: str) -> Response:
    """All of them off or on."""
    form_to_configure(slug)
    commands.switch_rules(context(PLUGIN), on=bool(request.form.get("on")), by=me())
    return redirect_after(url_for(".index", slug=slug))


@blueprint.get("/runs")
def runs(slug: str) -> Response:
    """What the rules have done, the latest first; of one rule, if the address names it."""
    form = form_to_configure(slug)
    before, wanted = row_number(request.args.get("before", "")), request.args.get("rule", "")
    query = sa.select(Run, Ticket.subject).join(Ticket, Ticket.id == Run.ticket_id)
    query = query.where(Run.form_id == form.id, visible_tickets(db(), me()))
    if wanted:
        query = query.where(Run.code == _code(wanted))
    if before is not None:
        query = query.where(Run.id < before)
    rows = db().execute(query.order_by(Run.id.desc()).limit(SHOWN + 1)).all()
    shown = [
        {**each, "subject": row.subject}
        for row, each in zip(rows[:SHOWN], described([row.Run for row in rows[:SHOWN]]), strict=True)
    ]
    older = url_for(".runs", slug=slug, rule=wanted or None, before=rows[SHOWN - 1].Run.id) if len(rows) > SHOWN else ""
    newest = url_for(".runs", slug=slug, rule=wanted or None) if before is not None else ""
    names = [(str(code), str(name)) for code, name in NAMES.items()]
    return page("automation:runs.html", form=form, runs=shown, older=older, newest=newest, names=names, wanted=wanted)


def _index(form: Form, said: Refused = FRESH) -> Response:
    ctx = context(PLUGIN)
    whole, trouble = rule_set(ctx), naming.problems(ctx)
    counted, typed = _counted(form), None if said is FRESH else request.form
    rows = [
        _shown(code, rule, typed) | {"number": counted.get(code, 0), "trouble": trouble.get(code)}
        for code, rule in rules_of(ctx).items()
    ]
    return page(
        "automation:index.html", status=said.status, form=form, is_on=whole.is_on if whole else True,
        version=said.version_of(whole.version if whole else 1), rows=rows, people=_people(form), refused=said, problems=said.problems,
        flips=_flips(form), units=_UNITS, countings=COUNTINGS,
    )  # fmt: skip


def _people(form: Form) -> list[tuple[int, str]]:
    return [(each.id, each.name) for each in agents_of_form(db(), form)]


def _in_words(form: Form, rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Each rule's controls in words."""
    words, people = dict[str, str](), _people(form)
    after_when, who_is_told = pgettext("rule", "After"), _("Who is told")
    for row in rows:
        after = (str(row["amount"]), chosen_words(_UNITS, row["unit"]), chosen_words(COUNTINGS, row["counting"]))
        words[str(row["name"])] = yes_or_no(row["is_on"])
        words[f"{row['name']}: {after_when}"] = " ".join(after)
        if row["tells"]:
            told = chosen_words(people, row["person"]) or _("The supervisor of the ticket's group")
            words[f"{row['name']}: {who_is_told}"] = told
    return words


def _shown(code: Code, rule: Rule, typed: Mapping[str, Any] | None) -> dict[str, Any]:
    """A rule as its controls show it: stored, or just typed."""
    about = {"code": str(code), "name": NAMES[code], "when": WHEN[code], "then": THEN[code], "tells": code is Code.UNACCEPTED}
    if typed is not None:
        return about | {
            "is_on": bool(typed.get(f"is_on-{code}")), "amount": typed.get(f"amount-{code}", ""), "unit": typed.get(f"unit-{code}", ""),
            "counting": typed.get(f"counting-{code}", ""), "person": typed.get(f"person-{code}", ""),
        }  # fmt: skip
    return about | {
        "is_on": rule.is_on, "amount": rule.amount, "unit": str(rule.unit), "counting": "hours" if rule.in_hours else "clock",
        "person": str(rule.person_id or ""),
    }  # fmt: skip


def _flips(form: Form) -> list[tuple[str, bool]]:
    """What the form's statuses do when somebody writes, and whether they do. It is changed where the statuses are."""
    pending, opened = (form.first_status(kind) for kind in (StatusKind.PENDING, StatusKind.OPEN))
    language = current_language()
    waits = _("An agent's reply puts the ticket into “%(status)s”", status=pending.name_in(language) if pending else "—")
    resumes = _("The customer's words put it into “%(status)s”", status=opened.name_in(language) if opened else "—")
    return [(waits, form.waits_on_reply and pending is not None), (resumes, form.resumes_on_message and opened is not None)]


def _counted(form: Form) -> dict[Code, int]:
    """How often each rule has acted within the last days."""
    query = sa.select(Run.code, sa.func.count()).where(Run.form_id == form.id, Run.ran_at >= context(PLUGIN).now - COUNTED)
    return {code: number for code, number in db().execute(query.group_by(Run.code))}


def _code(wanted: str) -> Code:
    if wanted not in {str(each) for each in Code}:
        raise NotFound(_("There is no such rule."))
    return Code(wanted)
