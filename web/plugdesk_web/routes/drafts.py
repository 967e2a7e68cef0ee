"""What an agent types is kept as they type."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from plugdesk.errors import NotAllowed
from plugdesk.i18n import format_time
from plugdesk.permissions import can_run, why_not
from plugdesk.tickets.delivery import show_typing
from plugdesk.tickets.queries import ticket_for
from plugdesk_web.current import agent_only, db, me, runtime
from plugdesk_web.drafts import keep_draft

blueprint = Blueprint("drafts", __name__)


@blueprint.post("/tickets/<int:number>/draft")
@agent_only
def keep(number: int) -> Response:
    """Keep the composer's content; an empty one is forgotten. Answers with the time, for the page to show."""
    ticket = ticket_for(db(), me(), number)
    may_answer = can_run(db(), me(), ticket, "reply")
    if not may_answer and (sentence := why_not(db(), me(), ticket, "note")):
        raise NotAllowed(sentence)
    kept = keep_draft(db(), ticket, me(), {name: request.form.get(name, "") for name in ("mode", "text", "html", "cc", "bcc")})
    if kept and may_answer and request.form.get("mode") == "reply":
        show_typing(db(), ticket)
    return jsonify(kept=format_time(runtime().clock.now()) if kept else "")
