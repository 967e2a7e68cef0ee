"""Running an action from its ticket: at a press, or after the page that asks for what it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, request, url_for
from werkzeug.datastructures import MultiDict

from plugdesk.api import (
    Conflict,
    Context,
    Invalid,
    NotAllowed,
    NotFound,
    PlugdeskError,
    Ticket,
    User,
    can_see,
    current_language,
    ticket_for,
)
from plugdesk.api import gettext as _
from plugdesk_web.api import (
    Button,
    agent_only,
    as_conflict,
    context,
    db,
    done_before,
    form_here,
    me,
    new_key,
    page,
    proof_of,
    redirect_after,
    refuse_another_customer,
    remember,
    ticket_to_act_on,
    was_shown,
    what_waits,
)
from plugdesk_workflow.asked import asked_on, asked_together, given_on, given_together
from plugdesk_workflow.definition import NOBODY, read
from plugdesk_workflow.entering import Given
from plugdesk_workflow.models import Action
from plugdesk_workflow.rights import action_called, actions_of, check_offered, offered, title_of, why_not_run
from plugdesk_workflow.running import run_action

blueprint = Blueprint("acting", __name__)


def buttons_of_form(ctx: Context) -> Sequence[Button]:
    """All actions of the form that people run, those that are off among them: rights are given before."""
    return [
        Button(each.code, title_of(each), each.icon, asks=read(each).asks_first)
        for each in actions_of(ctx)
        if read(each).who != NOBODY
    ]


def buttons_on(ctx: Context, ticket: Ticket, agent: User) -> Sequence[Button]:
    """The buttons on a ticket."""
    return [
        Button(each.code, title_of(each), each.icon, _url(ticket, each), asks=read(each).asks_first)
        for each in offered(ctx, ticket, agent)
    ]


def run_alone(ctx: Context, ticket: Ticket, agent: User, code: str) -> None:
    """Run an action that asks for nothing, on one of several tickets chosen in a list."""
    action = _any_called(ctx, code)
    if read(action).asks_first:
        raise Conflict(_("There is no such action any more."))
    if waits := _what_waits(ctx, ticket, action):
        raise Conflict(waits)
    try:
        run_action(ctx, ticket, action, Given(), by=agent)
    except Invalid as refusal:
        raise Conflict(refusal.in_words) from None


def ask_together(
    ctx: Context, tickets: Sequence[Ticket], agent: User, code: str, typed: MultiDict[str, str]
) -> tuple[str, Mapping[str, Any]]:
    """What an action asks for, once for several tickets chosen in a list."""
    asked = asked_together(ctx, tickets, _any_called(ctx, code), agent, typed)
    behaviors = "composer dropzone" if asked.has_text else "uploads dropzone" if asked.with_files else ""
    return "workflow:_questions.html", {"asked": asked, "behaviors": behaviors, "may_be_empty": asked.may_be_empty}


def run_together(ctx: Context, ticket: Ticket, agent: User, code: str, typed: MultiDict[str, str]) -> None:
    """Run an action on one of several tickets with what was typed for all of them."""
    action = _any_called(ctx, code)
    if waits := _what_waits(ctx, ticket, action):
        raise Conflict(waits)
    run_action(ctx, ticket, action, given_together(ctx, read(action), ticket.form, typed, agent), by=agent)


def _any_called(ctx: Context, code: str) -> Action:
    action = action_called(ctx, code)
    if action is None:
        raise Conflict(_("There is no such action any more."))
    return action


@blueprint.get("/tickets/<int:number>/<code>")
def ask(slug: str, number: int, code: str) -> Response:
    """What the action asks for: a sheet over the ticket, and without script a page."""
    form_here(slug)
    ctx, ticket = context("workflow"), ticket_for(db(), me(), number)
    action = _here(ctx, ticket, code)
    if sentence := why_not_run(ctx, ticket, action, me()):
        raise NotAllowed(sentence)
    check_offered(ticket, action)
    return _page(ctx, ticket, action)


@blueprint.post("/tickets/<int:number>/<code>")
@agent_only
def run(slug: str, number: int, code: str) -> Response:
    """Run it. A refusal shows the page with everything that was typed; who may no longer see the ticket keeps it as well."""
    if (target := done_before(db(), me().id)) is not None:
        return redirect_after(target)
    ctx, ticket = context("workflow"), ticket_to_act_on(number)
    action = _here(ctx, ticket, code)
    try:
        refuse_another_customer(number, ticket)
        given = given_on(ctx, ticket, read(action), request.form, me())
        if (waits := _what_waits(ctx, ticket, action)) and not request.form.get("anyway"):
            raise Conflict(waits)
        run_action(ctx, ticket, action, given, by=me())
    except (Invalid, Conflict, NotAllowed) as refusal:
        return _again(number, code, refusal)
    seen = can_see(db(), me(), ticket)
    target = url_for("tickets.show", number=number) if seen else url_for("tickets.view", slug="open")
    return redirect_after(remember(db(), me().id, target) or target, _("Done: %(action)s.", action=title_of(action)))


def _again(number: int, code: str, refusal: PlugdeskError) -> Response:
    refusal = as_conflict(number, refusal)
    db().rollback()
    ctx, ticket = context("workflow"), ticket_to_act_on(number)
    return _page(ctx, ticket, _here(ctx, ticket, code), refusal)


def _page(ctx: Context, ticket: Ticket, action: Action, refusal: PlugdeskError | None = None) -> Response:
    problems: Mapping[str, str] = refusal.problems if isinstance(refusal, Invalid) else {}
    waits = _what_waits(ctx, ticket, action)
    return page(
        "workflow:run.html", fragment="workflow:_sheet.html", status=refusal.status if refusal else 200, ticket=ticket,
        url=_url(ticket, action), asked=asked_on(ctx, ticket, action, me(), request.form if refusal else None), problems=problems,
        words="" if refusal is None or problems or str(refusal) == waits else str(refusal), waits=waits, lost_files=any(each.filename for each in request.files.values()),
        once=new_key(), shown=proof_of(ticket.number), language=current_language(),
    )  # fmt: skip


def _what_waits(ctx: Context, ticket: Ticket, action: Action) -> str:
    """The subtasks that are open still where the action closes the ticket, in a sentence; "" when nothing has to be said."""
    after = ticket.form.status(read(action).does.status)
    return what_waits(ctx.db, ticket, after) if after is not None else ""


def _here(ctx: Context, ticket: Ticket, code: str) -> Action:
    """The action of the ticket's form. One that is gone since the page was shown is a conflict, which keeps what was typed."""
    found = action_called(ctx, code) if ctx.form is not None and ticket.form_id == ctx.form.id else None
    if found is None:
        gone = _("There is no such action any more.")
        raise Conflict(gone) if request.method == "POST" and was_shown(ticket.number) else NotFound(gone)
    return found


def _url(ticket: Ticket, action: Action) -> str:
    return url_for("workflow_acting.run", slug=ticket.form.slug, number=ticket.number, code=action.code)
