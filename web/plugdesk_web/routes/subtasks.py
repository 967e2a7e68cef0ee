"""Asking colleagues from a ticket's page: whom, what, with which messages; and taking an answer into the reply."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from plugdesk.database import row_number
from plugdesk.errors import Conflict, Invalid, NotAllowed, NotFound
from plugdesk.i18n import gettext as _
from plugdesk.permissions import can_see
from plugdesk.tickets.commands import may_run
from plugdesk.tickets.correspondence import quotation
from plugdesk.tickets.models import Message, Ticket
from plugdesk.tickets.queries import ticket_for
from plugdesk.tickets.subtasks import ask_colleague
from plugdesk.users.models import Group, User
from plugdesk_web import once
from plugdesk_web.asking import asking_values
from plugdesk_web.current import agent_only, db, me
from plugdesk_web.drafts import draft_of, forget_draft, keep_draft
from plugdesk_web.rendering import page, redirect_after
from plugdesk_web.routes.replies import again, message_here
from plugdesk_web.routes.tickets import place_after
from plugdesk_web.shown import ticket_to_act_on
from plugdesk_web.written import written_html

blueprint = Blueprint("subtasks", __name__)


@blueprint.get("/tickets/<int:number>/subtasks/new")
@agent_only
def new(number: int) -> Response:
    """Whom to ask and which messages to take along: what the composer fetches; without script a page that asks."""
    ticket = ticket_for(db(), me(), number)
    may_run(db(), ticket, me(), "ask")
    return _page(ticket)


@blueprint.post("/tickets/<int:number>/subtasks")
@agent_only
def create(number: int) -> Response:
    """Ask `whom` (person-1, group-1); a refusal shows everything that was typed again."""
    if (target := once.done_before(db(), me().id)) is not None:
        return redirect_after(target)
    ticket = ticket_to_act_on(number)
    try:
        colleague, group = _whom(request.form.get("whom", ""))
        subtask = ask_colleague(
            db(), ticket, me(), colleague=colleague, group=group, subject=request.form.get("subject", ""), body=written_html(),
            copies=_copies(ticket), uploads=request.form.getlist("attachment"),
        )  # fmt: skip
    except (Invalid, Conflict, NotFound, NotAllowed) as refusal:
        if request.form.get("alone") and isinstance(refusal, Invalid):
            db().rollback()
            return _page(ticket_for(db(), me(), number), problem=str(refusal), status=refusal.status)
        return again(ticket, refusal, "ask")
    forget_draft(db(), ticket, me())
    target = place_after(ticket, f"m{subtask.id}-asked")
    return redirect_after(once.remember(db(), me().id, target) or target)


@blueprint.post("/messages/<int:message_id>/quotation")
@agent_only
def quote(message_id: int) -> Response:
    """Put a colleague's answer into the reply that is being written on the ticket it was asked about."""
    message = message_here(message_id)
    if message.ticket.parent_id is None:
        raise NotFound(_("There is no such ticket."))
    parent = ticket_for(db(), me(), message.ticket.parent_id)
    may_run(db(), parent, me(), "reply")
    draft = draft_of(db(), parent, me())
    before = draft["html"] or draft["text"]
    keep_draft(db(), parent, me(), {**draft, "mode": "reply", "text": "", "html": before + quotation(message)})
    return redirect_after(url_for("tickets.show", number=parent.number, _anchor="composer"))


def _page(ticket: Ticket, *, problem: str = "", status: int = 200) -> Response:
    values = asking_values(db(), ticket, me())
    return page(
        "tickets/asking.html", fragment="tickets/_asking.html", status=status, ticket=ticket, problem=problem,
        once=once.new_key(), given=request.form, **values,
    )  # fmt: skip


def _whom(given: str) -> tuple[User | None, Group | None]:
    kind, _dash, raw = given.partition("-")
    number = row_number(raw)
    if number is not None and kind == "person":
        return db().get(User, number), None
    if number is not None and kind == "group":
        return None, db().get(Group, number)
    return None, None


def _copies(ticket: Ticket) -> list[Message]:
    """The chosen messages of the ticket; one that is not its own is passed over."""
    wanted = [number for each in request.form.getlist("copy")[:100] if (number := row_number(each)) is not None]
    found = [db().get(Message, number) for number in wanted]
    return [each for each in found if each is not None and each.ticket_id == ticket.id and can_see(db(), me(), ticket)]
