"""What open pages ask every second: has anything happened? Two cheap queries when nothing has."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, render_template, request

from plugdesk.database import row_number
from plugdesk.permissions import narrowed_tickets
from plugdesk.tickets.counts import last_event_id
from plugdesk.tickets.queries import tickets_changed_since
from plugdesk_web.current import agent_only, db, me

blueprint = Blueprint("live", __name__, url_prefix="/live")


@blueprint.get("/changes")
@agent_only
def changes() -> Response | tuple[str, int]:
    """204, or what changed after `since` among what this agent may see."""
    since = row_number(request.args.get("since", "")) or 0
    last = last_event_id(db())
    if last <= since:
        return "", 204
    tickets = tickets_changed_since(db(), me(), since)
    # Whoever sees a part of a form looks again at any news: a ticket that has left their sight is none of those they may hear of.
    again = bool(tickets) or narrowed_tickets(db(), me()) is not None
    return jsonify(since=last, changed={"tickets": sorted(tickets), "list": again, "counts": again})


@blueprint.get("/sidebar")
@agent_only
def sidebar() -> str:
    """The left panel's views with their counts."""
    return render_template("layouts/_sidebar_views.html")
