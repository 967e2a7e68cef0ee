"""The texts extensions offer to whoever writes on a ticket: the list, and the one that is chosen."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request, url_for

from plugdesk.errors import NotAllowed
from plugdesk.permissions import why_not
from plugdesk.tickets.models import Ticket
from plugdesk.tickets.queries import ticket_for
from plugdesk_web.current import agent_only, db, me
from plugdesk_web.drafts import EMPTY, keep_draft
from plugdesk_web.inserting import add_to_draft, html_to_insert, may_insert, offers_of, tool_here
from plugdesk_web.rendering import page, redirect_after

blueprint = Blueprint("inserting", __name__, url_prefix="/tickets/<int:number>/inserts/<plugin>/<name>")


@blueprint.get("")
@agent_only
def offers(number: int, plugin: str, name: str) -> Response:
    """What can be inserted, for the page's script: those that hold `q`."""
    ticket = _ticket(number)
    found = offers_of(db(), ticket, me(), tool_here(db(), ticket, plugin, name), request.args.get("q", ""))
    return jsonify(offers=[{"code": each.code, "title": each.title, "place": each.place, "text": each.text} for each in found])


@blueprint.post("")
@agent_only
def insert(number: int, plugin: str, name: str) -> Response:
    """The chosen text. Without script it goes into the draft; with nothing chosen yet the draft is kept and the list comes."""
    ticket = _ticket(number)
    tool, code = tool_here(db(), ticket, plugin, name), request.form.get("code", "")
    if "mode" in request.form:
        keep_draft(db(), ticket, me(), {part: request.form.get(part, "") for part in EMPTY})
    if code:
        html = html_to_insert(db(), ticket, me(), tool, code)
        if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
            return jsonify(html=html)
        add_to_draft(db(), ticket, me(), html)
        return redirect_after(url_for("tickets.show", number=ticket.number, _anchor="composer"))
    query = request.form.get("q", "")
    found = offers_of(db(), ticket, me(), tool, query)
    return page("tickets/inserting.html", ticket=ticket, title=str(tool.what.title), offers=found, q=query)


def _ticket(number: int) -> Ticket:
    ticket = ticket_for(db(), me(), number)
    if not may_insert(db(), ticket, me()):
        raise NotAllowed(why_not(db(), me(), ticket, "note"))
    return ticket
