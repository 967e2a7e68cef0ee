"""One box for words, numbers, customers and `field:value`: the page of results, and the command palette."""

from __future__ import annotations

from collections.abc import Collection

from flask import Blueprint, Response, jsonify, request, url_for

from plugdesk.errors import NotFound
from plugdesk.i18n import gettext as _
from plugdesk.inputs import one_line
from plugdesk.tickets.lists import PAGE, Key, Listed, Page
from plugdesk.tickets.models import Ticket
from plugdesk.tickets.queries import ticket_for
from plugdesk.users.queries import find_customers
from plugdesk_web.asked_lists import LONGEST_QUESTION, asked_by, key_of, rows_of_list
from plugdesk_web.current import agent_only, db, me
from plugdesk_web.rendering import page, redirect_after
from plugdesk_web.routes.tickets import list_values
from plugdesk_web.search_box import Question, examples, read_question
from plugdesk_web.slots import marks_beside

blueprint = Blueprint("search", __name__, url_prefix="/search")
SHOWN_CUSTOMERS = 5
SHOWN_IN_PALETTE = 6


@blueprint.get("")
@agent_only
def show() -> Response:
    """What is found for `q`. A number alone goes to its ticket, but not while one is still typing."""
    typed = one_line(request.args.get("q"), most=LONGEST_QUESTION)
    question = read_question(db(), me(), typed)
    ticket = _numbered(question)
    if ticket is not None and not request.headers.get("HX-Request"):
        return redirect_after(url_for("tickets.show", number=ticket.number))
    customers = find_customers(db(), me(), words=question.words, limit=SHOWN_CUSTOMERS)[0] if question.words else []
    refreshing = "tickets" in request.headers.get("HX-Target", "")
    after = key_of(request.args.get("after", ""))
    values = list_values("all", title=_("Found"), find=lambda facts: _found(question, after=after, facts=facts))
    return page(
        "search/show.html", fragment="tickets/_list.html" if refreshing else None, q=typed, question=question, numbered=ticket,
        customers=customers, marks=marks_beside(db(), customers, me()), examples=examples(db(), me()), **values,
    )  # fmt: skip


@blueprint.get("/palette")
@agent_only
def palette() -> Response:
    """Tickets and customers for the command palette, as one types."""
    question = read_question(db(), me(), one_line(request.args.get("q")))
    numbered = _numbered(question)
    tickets: list[Ticket | Listed] = [numbered] if numbered else []
    tickets += [each for each in _found(question, limit=SHOWN_IN_PALETTE).tickets if each.id != question.number]
    customers = find_customers(db(), me(), words=question.words, limit=SHOWN_CUSTOMERS)[0] if question.words else []
    marks = marks_beside(db(), customers, me())
    groups = [
        {"title": _("Tickets"), "items": [_ticket_item(each) for each in tickets]},
        {
            "title": _("Customers"),
            "items": [
                {
                    "title": each.name,
                    "url": url_for("customers.show", user_id=each.id),
                    "note": ", ".join(mark.text for mark in marks.get(each.id, ())),
                }
                for each in customers
            ],
        },
    ]
    return jsonify(groups=[group for group in groups if group["items"]])


def _ticket_item(ticket: Ticket | Listed) -> dict[str, str]:
    return {"title": ticket.subject, "url": url_for("tickets.show", number=ticket.id), "note": str(ticket.id)}


def _numbered(question: Question) -> Ticket | None:
    if question.number is None:
        return None
    try:
        return ticket_for(db(), me(), question.number)
    except NotFound:
        return None


def _found(question: Question, *, after: Key | None = None, limit: int = PAGE, facts: Collection[str] = ()) -> Page:
    """What the question asks for; nothing at all for an empty one."""
    return (
        Page((), None)
        if question.is_empty
        else rows_of_list(db(), me(), asked_by(question), after=after, limit=limit, facts=facts)
    )
