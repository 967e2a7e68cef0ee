"""A ticket goes to another form: which ones there are, what would come of it and of each value, and doing it."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, request

from plugdesk.errors import Invalid, PlugdeskError
from plugdesk.forms.models import Form
from plugdesk.html import excerpt
from plugdesk.i18n import current_language
from plugdesk.i18n import gettext as _
from plugdesk.tickets.carrying import Carried
from plugdesk.tickets.commands import may_run
from plugdesk.tickets.models import Ticket
from plugdesk.tickets.moving import move_ticket, possible_moves
from plugdesk.tickets.queries import ticket_for
from plugdesk_web.current import agent_only, db, form_here, me
from plugdesk_web.rendering import page, redirect_after
from plugdesk_web.routes.tickets import place_after

TO = "to-"  # what the name of a choice begins with: into which field the value goes
blueprint = Blueprint("moving", __name__, url_prefix="/tickets/<int:number>/form")


@blueprint.get("")
@agent_only
def show(number: int) -> Response:
    """The forms the ticket can go to."""
    ticket = ticket_for(db(), me(), number)
    may_run(db(), ticket, me(), "assign")
    return _show(ticket)


@blueprint.post("")
@agent_only
def move(number: int) -> Response:
    """To the `form` named, each value into the field chosen for it; a refusal shows the page again with the reason."""
    ticket, form = ticket_for(db(), me(), number), form_here(request.form.get("form", ""))
    fields = {name.removeprefix(TO): code for name, code in request.form.items() if name.startswith(TO)}
    try:
        move_ticket(db(), ticket, form, by=me(), fields=fields)
    except PlugdeskError as refusal:
        db().rollback()
        return _show(ticket_for(db(), me(), number), refusal, typed={form.slug: fields})
    return redirect_after(place_after(ticket), _("Ticket %(number)s is on “%(form)s” now.", number=number, form=form.name))


def _show(
    ticket: Ticket, refusal: PlugdeskError | None = None, *, typed: Mapping[str, Mapping[str, str]] | None = None
) -> Response:
    """The page; after a refusal with what was chosen, by the form's slug and the field's code."""
    problems = dict(refusal.problems) if isinstance(refusal, Invalid) else {}
    return page(
        "tickets/moving.html", status=refusal.status if refusal else 200, ticket=ticket, moves=possible_moves(db(), ticket, me()),
        choices=_choices, excerpt=excerpt, typed=typed or {}, problems=problems, problem="" if problems or refusal is None else str(refusal), language=current_language(),
    )  # fmt: skip


def _choices(row: Carried, form: Form) -> list[tuple[str, str]]:
    """The fields of `form` that take the value, by code; said of those where customers would read what they could not before."""
    fields = [each for each in form.fields if each.code in row.takers]
    return [
        (each.code, _("%(field)s (customers read it)", field=each.label))
        if each.for_customers and not row.field.for_customers
        else (each.code, each.label)
        for each in fields
    ]
