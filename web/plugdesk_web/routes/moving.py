"""A ticket goes to another form: which ones there are, what would come of it, and doing it."""

from __future__ import annotations

from flask import Blueprint, Response, request

from plugdesk.errors import PlugdeskError
from plugdesk.i18n import current_language
from plugdesk.i18n import gettext as _
from plugdesk.tickets.commands import may_run
from plugdesk.tickets.models import Ticket
from plugdesk.tickets.moving import move_ticket, possible_moves
from plugdesk.tickets.queries import ticket_for
from plugdesk_web.current import agent_only, db, form_here, me
from plugdesk_web.rendering import page, redirect_after
from plugdesk_web.routes.tickets import place_after

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
    """To the `form` named; a refusal shows the page again with the reason."""
    ticket, form = ticket_for(db(), me(), number), form_here(request.form.get("form", ""))
    try:
        move_ticket(db(), ticket, form, by=me())
    except PlugdeskError as refusal:
        db().rollback()
        return _show(ticket_for(db(), me(), number), problem=str(refusal), status=refusal.status)
    return redirect_after(place_after(ticket), _("Ticket %(number)s is on “%(form)s” now.", number=number, form=form.name))


def _show(ticket: Ticket, *, problem: str = "", status: int = 200) -> Response:
    moves = possible_moves(db(), ticket, me())
    return page("tickets/moving.html", status=status, ticket=ticket, moves=moves, problem=problem, language=current_language())
