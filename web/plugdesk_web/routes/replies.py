"""Replies and notes, taking one back, sending again, forwarding. Nothing typed is ever lost to a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from flask import Blueprint, Response, request, url_for

from plugdesk.addresses import is_email, normal_email
from plugdesk.database import row_number
from plugdesk.errors import Conflict, Invalid, NotAllowed, NotFound, PlugdeskError
from plugdesk.html import html_of_text
from plugdesk.i18n import gettext as _
from plugdesk.permissions import can_see
from plugdesk.tickets import correspondence, editing
from plugdesk.tickets.commands import may_run
from plugdesk.tickets.models import Message, Ticket
from plugdesk.tickets.queries import ticket_for
from plugdesk_web import once
from plugdesk_web.asking import asking_values, what_waits
from plugdesk_web.current import agent_only, db, me
from plugdesk_web.drafts import forget_draft
from plugdesk_web.rendering import offer_undo, page, redirect_after
from plugdesk_web.routes.tickets import place_after, ticket_page
from plugdesk_web.shown import as_conflict, proof_of, refuse_another_customer, ticket_posted_about, ticket_to_act_on
from plugdesk_web.thread import body_of
from plugdesk_web.written import written_files, written_html

blueprint = Blueprint("replies", __name__)
UNDO = timedelta(seconds=10)
EMPTY: Mapping[str, str] = {}


@blueprint.post("/tickets/<int:number>/replies")
@agent_only
def create(number: int) -> Response:
    """Send what was written. When somebody has written since, or it cannot be sent, the page comes back with every word."""
    if (target := once.done_before(db(), me().id)) is not None:
        return redirect_after(target)
    ticket = ticket_to_act_on(number)
    try:
        refuse_another_customer(number, ticket)
        status = ticket.form.status(request.form.get("then", "")) if request.form.get("then") else None
        if status and not request.form.get("anyway") and (waits := what_waits(db(), ticket, status)):
            raise Invalid(problems={"anyway": _("%(waits)s Send once more to close the ticket all the same.", waits=waits)})
        message = correspondence.reply_to_ticket(
            db(), ticket, me(), body=written_html(), cc=_addresses("cc"), bcc=_addresses("bcc"), uploads=request.form.getlist("attachment"),
            files=written_files(), status=status, seen=row_number(request.form.get("seen", "")), undo=UNDO, channel=request.form.get("channel") or None,
        )  # fmt: skip
    except (Invalid, Conflict, NotFound, NotAllowed) as refusal:
        return again(ticket, refusal, "reply")
    forget_draft(db(), ticket, me())
    target = place_after(ticket, f"m{message.id}")
    earlier = once.remember(db(), me().id, target)
    if earlier is None and can_see(db(), me(), ticket):
        offer_undo(
            _("Your reply leaves in %(seconds)d seconds.", seconds=UNDO.seconds),
            url_for("replies.withdraw", message_id=message.id),
            seconds=UNDO.seconds,
        )
    return redirect_after(earlier or target)


@blueprint.post("/tickets/<int:number>/notes")
@agent_only
def create_note(number: int) -> Response:
    """Keep a note for colleagues."""
    if (target := once.done_before(db(), me().id)) is not None:
        return redirect_after(target)
    ticket = ticket_to_act_on(number)
    try:
        keys = request.form.getlist("attachment")
        note = correspondence.add_note(db(), ticket, me(), body=written_html(), uploads=keys)
    except (Invalid, NotFound, NotAllowed) as refusal:
        return again(ticket, refusal, "note")
    forget_draft(db(), ticket, me())
    target = place_after(ticket, f"m{note.id}")
    return redirect_after(once.remember(db(), me().id, target) or target)


@blueprint.post("/messages/<int:message_id>/withdrawal")
@agent_only
def withdraw(message_id: int) -> Response:
    """Take an own reply back within the seconds before it leaves; its words go back into the composer."""
    message = message_here(message_id)
    ticket, said = (
        message.ticket,
        {"mode": "reply", "text": message.text, "html": message.clean_html or "", "cc": ", ".join(message.cc)},
    )
    editing.withdraw_reply(db(), message, me())
    from plugdesk_web.drafts import keep_draft

    keep_draft(db(), ticket, me(), said)
    return redirect_after(url_for("tickets.show", number=ticket.number), _("Taken back. Nothing was sent."))


@blueprint.post("/messages/<int:message_id>/delivery")
@agent_only
def send_again(message_id: int) -> Response:
    message = message_here(message_id)
    correspondence.send_again(db(), message, me())
    return redirect_after(url_for("tickets.show", number=message.ticket_id, _anchor=f"m{message.id}"), _("On its way again."))


@blueprint.get("/messages/<int:message_id>/forwardings/new")
@agent_only
def new_forwarding(message_id: int) -> Response:
    """Where to, and what to say above it."""
    message = message_here(message_id)
    may_run(db(), message.ticket, me(), "forward")
    return _forwarding(message)


@blueprint.post("/messages/<int:message_id>/forwardings")
@agent_only
def forward(message_id: int) -> Response:
    """Send a message with its files on to other addresses; a refusal keeps what was typed, also of who has lost the right to it."""
    if (target := once.done_before(db(), me().id)) is not None:
        return redirect_after(target)
    message = _message(message_id)
    number = ticket_posted_about(message.ticket_id).number
    try:
        copy = _forward(message)
    except (Invalid, NotAllowed) as refusal:
        kept = as_conflict(number, refusal)
        db().rollback()
        return _forwarding(message_here(message_id), request.form, kept)
    target = url_for("tickets.show", number=message.ticket_id, _anchor=f"m{copy.id}")
    return redirect_after(once.remember(db(), me().id, target) or target, _("Forwarded."))


def _forward(message: Message) -> Message:
    return correspondence.forward_message(
        db(), message, me(), to=_addresses("to"), comment=html_of_text(request.form.get("comment", ""))
    )


def _forwarding(message: Message, given: Mapping[str, str] = EMPTY, refusal: PlugdeskError | None = None) -> Response:
    problems = refusal.problems if isinstance(refusal, Invalid) else EMPTY
    return page(
        "tickets/forward.html",
        status=refusal.status if refusal else 200,
        message=message,
        ticket=message.ticket,
        body=body_of(message),
        given=given,
        problems=problems,
        words="" if refusal is None or problems else str(refusal),
        once=once.new_key(),
        shown=proof_of(message.ticket_id),
    )


def message_here(message_id: int) -> Message:
    """The message with this id, of a ticket the reader may see; else `NotFound`."""
    message = _message(message_id)
    ticket_for(db(), me(), message.ticket_id)
    return message


def _message(message_id: int) -> Message:
    message = db().get(Message, message_id)
    if message is None:
        raise NotFound(_("There is no such ticket."))  # in the words of a ticket's page: a message elsewhere looks like none
    return message


def _addresses(name: str) -> list[str]:
    given = [part.strip() for part in request.form.get(name, "").replace(";", ",").split(",") if part.strip()]
    wrong = [each for each in given if not is_email(each)]
    if wrong:
        raise Invalid(problems={name: _("“%(address)s” is not an e-mail address.", address=wrong[0])})
    return [normal_email(each) for each in given]


def again(ticket: Ticket, refusal: PlugdeskError, mode: str) -> Response:
    """The ticket's page with what was typed and the reason; the transaction is undone, the page reads on."""
    number = ticket.number
    refusal = as_conflict(number, refusal)
    db().rollback()
    said = {"mode": mode, "text": request.form.get("text", ""), "html": request.form.get("html", "")}
    said |= {name: request.form.get(name, "") for name in ("cc", "bcc")}
    if isinstance(refusal, Invalid) and "anyway" in refusal.problems:
        said["anyway"] = "1"
    ticket = ticket_for(db(), me(), number)
    asking = {"given": request.form, **asking_values(db(), ticket, me())} if mode == "ask" else None
    return ticket_page(ticket, status=refusal.status, said=said, problem=str(refusal), asking=asking)
