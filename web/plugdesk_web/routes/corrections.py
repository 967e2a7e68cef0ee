"""Changing an own answer that has arrived, and taking it back, where its channel can."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from plugdesk.errors import Invalid
from plugdesk.html import html_of_text
from plugdesk.i18n import gettext as _
from plugdesk.tickets import editing
from plugdesk.tickets.models import Message
from plugdesk_web.current import agent_only, db, me
from plugdesk_web.rendering import page, redirect_after
from plugdesk_web.routes.replies import message_here

blueprint = Blueprint("corrections", __name__)


@blueprint.get("/messages/<int:message_id>/correction")
@agent_only
def edit(message_id: int) -> Response:
    """What it says, to be changed."""
    message = message_here(message_id)
    editing.changeable(db(), message, me())
    return _page(message, message.text, "")


@blueprint.post("/messages/<int:message_id>/correction")
@agent_only
def save(message_id: int) -> Response:
    """Change it here and at the customer's; a refusal keeps what was typed."""
    message, text = message_here(message_id), request.form.get("text", "")
    try:
        editing.edit_reply(db(), message, me(), body=html_of_text(text))
    except Invalid as refusal:
        db().rollback()
        return _page(message_here(message_id), text, str(refusal))
    return _back(message, _("Changed. The customer sees it in a moment."))


@blueprint.post("/messages/<int:message_id>/removal")
@agent_only
def remove(message_id: int) -> Response:
    """Take it back at the customer's; agents go on seeing it."""
    message = message_here(message_id)
    editing.delete_reply(db(), message, me())
    return _back(message, _("Taken back. The customer does not see it any more in a moment."))


def _back(message: Message, words: str) -> Response:
    return redirect_after(url_for("tickets.show", number=message.ticket_id, _anchor=f"m{message.id}"), words)


def _page(message: Message, text: str, problem: str) -> Response:
    return page(
        "tickets/correction.html",
        status=422 if problem else 200,
        message=message,
        ticket=message.ticket,
        text=text,
        problem=problem,
    )
