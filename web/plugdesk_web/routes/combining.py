"""Merging tickets and undoing it, splitting messages off, linking: each a page that says what comes of it, and doing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request, url_for

from plugdesk.database import row_number
from plugdesk.errors import Conflict, Invalid, NotFound, PlugdeskError
from plugdesk.i18n import gettext as _
from plugdesk.inputs import one_line
from plugdesk.tickets.combining import link_tickets, split_ticket, unlink_tickets
from plugdesk.tickets.commands import may_run
from plugdesk.tickets.merging import merge_tickets, possible_merge, unmerge_ticket
from plugdesk.tickets.models import Message, Ticket
from plugdesk.tickets.queries import thread_of, ticket_for
from plugdesk_web import once
from plugdesk_web.combining import kind_choices, other_ticket, suggestions, what_merging_does
from plugdesk_web.current import agent_only, db, me
from plugdesk_web.drafts import take_drafts
from plugdesk_web.rendering import offer_undo, page, redirect_after
from plugdesk_web.routes.tickets import place_after
from plugdesk_web.thread import body_of, name_of

blueprint = Blueprint("combining", __name__, url_prefix="/tickets/<int:number>")
UNDO_SECONDS = 20


@blueprint.get("/merging")
@agent_only
def choose(number: int) -> Response:
    """The tickets it can be merged into, as one searches (`q`); with `into` what would come of it."""
    return _merging(_ticket(number))


@blueprint.post("/merging")
@agent_only
def merge(number: int) -> Response:
    """Into the ticket whose number is `into`; a refusal shows the page again with the reason."""
    if (target := once.done_before(db(), me().id)) is not None:
        return redirect_after(target)
    ticket = _ticket(number)
    try:
        into = merge_tickets(db(), ticket, other_ticket(db(), me(), request.form.get("into", "")), me())
    except (Invalid, Conflict, NotFound) as refusal:
        db().rollback()
        return _merging(_ticket(number), problem=str(refusal), status=422 if isinstance(refusal, NotFound) else refusal.status)
    if ticket.customer_id == into.customer_id:
        take_drafts(db(), ticket, into)
    target = place_after(into)
    offer_undo(
        _("Ticket %(number)s is part of ticket %(into)s now.", number=number, into=into.number),
        url_for("combining.unmerge", number=number),
        seconds=UNDO_SECONDS,
    )
    return redirect_after(once.remember(db(), me().id, target) or target)


@blueprint.post("/merging/removal")
@agent_only
def unmerge(number: int) -> Response:
    """Take the ticket out of the one it was merged into."""
    ticket = unmerge_ticket(db(), ticket_for(db(), me(), number), me())
    return redirect_after(place_after(ticket), _("Ticket %(number)s stands on its own again.", number=number))


@blueprint.get("/splitting")
@agent_only
def messages(number: int) -> Response:
    """Which messages are to go, and under what subject."""
    ticket = _ticket(number)
    may_run(db(), ticket, me(), "merge")
    return _splitting(ticket, {})


@blueprint.post("/splitting")
@agent_only
def split(number: int) -> Response:
    """The chosen messages (`message`) become a ticket of their own; a refusal keeps what was chosen."""
    if (target := once.done_before(db(), me().id)) is not None:
        return redirect_after(target)
    ticket = _ticket(number)
    try:
        fresh = split_ticket(db(), ticket, _chosen(), me(), subject=request.form.get("subject", ""))
    except (Invalid, Conflict) as refusal:
        db().rollback()
        return _splitting(_ticket(number), request.form, words=str(refusal), status=refusal.status)
    target = place_after(fresh)
    words = _("Ticket %(number)s is split off ticket %(other)s.", number=fresh.number, other=number)
    return redirect_after(once.remember(db(), me().id, target) or target, words)


@blueprint.get("/links")
@agent_only
def find(number: int) -> Response:
    """The tickets it can be linked with, as one searches (`q`)."""
    ticket = _ticket(number)
    may_run(db(), ticket, me(), "merge")
    return _linking(ticket)


@blueprint.post("/links")
@agent_only
def link(number: int) -> Response:
    """With the ticket whose number is `other`, as `kind`; a refusal shows the page again with the reason."""
    ticket = _ticket(number)
    may_run(db(), ticket, me(), "merge")
    try:
        given = [each for each in request.form.getlist("other") if each.strip()]  # typed, or the button pressed beside one found
        other = other_ticket(db(), me(), given[-1] if given else "")
        link_tickets(db(), ticket, other, me(), kind=request.form.get("kind", ""))
    except (Invalid, NotFound) as refusal:
        db().rollback()
        return _linking(_ticket(number), problem=str(refusal), status=422)
    words = _("Linked with ticket %(number)s.", number=other.number)
    return redirect_after(url_for("tickets.show", number=number, _anchor="panel-links"), words)


@blueprint.post("/links/<int:other>/removal")
@agent_only
def unlink(number: int, other: int) -> Response:
    """The two have nothing to do with each other after all."""
    unlink_tickets(db(), _ticket(number), ticket_for(db(), me(), other), me())
    words = _("No longer linked with ticket %(number)s.", number=other)
    return redirect_after(url_for("tickets.show", number=number, _anchor="panel-links"), words)


def _merging(ticket: Ticket, *, problem: str = "", status: int = 200) -> Response:
    may_run(db(), ticket, me(), "merge")
    merge, said = None, list[dict[str, str]]()
    if wanted := request.args.get("into", ""):
        try:
            merge = possible_merge(db(), ticket, other_ticket(db(), me(), wanted), me())
            said = [] if merge.why_not else [{"text": sentence} for sentence in what_merging_does(db(), ticket, merge)]
        except PlugdeskError as refusal:
            problem, status = str(refusal), refusal.status
    return page(
        "tickets/merging.html", status=status, merge=merge, said=said, problem=problem, once=once.new_key(), **_searched(ticket)
    )


def _linking(ticket: Ticket, *, problem: str = "", status: int = 200) -> Response:
    given = request.form if request.method == "POST" else {}
    return page("tickets/linking.html", status=status, problem=problem, kinds=kind_choices(), given=given, **_searched(ticket))


def _searched(ticket: Ticket) -> dict[str, Any]:
    typed = one_line(request.args.get("q"), most=500)
    return {"ticket": ticket, "q": typed, "found": suggestions(db(), ticket, me(), typed)}


def _splitting(ticket: Ticket, given: Mapping[str, str], *, words: str = "", status: int = 200) -> Response:
    said = [(each, name_of(db(), each), body_of(each)) for each in thread_of(db(), ticket)]
    return page(
        "tickets/splitting.html", status=status, ticket=ticket, said=said, given=given,
        chosen=set(request.form.getlist("message")), words=words, once=once.new_key(),
    )  # fmt: skip


def _chosen() -> list[Message]:
    wanted = [number for each in request.form.getlist("message")[:1000] if (number := row_number(each)) is not None]
    return [message for number in wanted if (message := db().get(Message, number)) is not None]


def _ticket(number: int) -> Ticket:
    return ticket_for(db(), me(), number)
