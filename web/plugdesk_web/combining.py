"""Merging, splitting and linking as the pages show them: what can be chosen, what would come of it, and the history in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask import url_for
from sqlalchemy.orm import Session

from plugdesk.database import row_number
from plugdesk.errors import NotFound
from plugdesk.events import Event
from plugdesk.i18n import format_list, lazy_gettext, ngettext, translatable
from plugdesk.i18n import gettext as _
from plugdesk.permissions import can_run
from plugdesk.tickets.combining import CHOSEN, links_of, survivor
from plugdesk.tickets.continuing import FOLLOW_UP
from plugdesk.tickets.lists import Filter, Listed, tickets_found, tickets_of_view
from plugdesk.tickets.merging import UNDO_MERGING, Merge, can_still_be_undone
from plugdesk.tickets.models import Participant, Ticket
from plugdesk.tickets.queries import ticket_for
from plugdesk.users.models import User
from plugdesk_web.search_box import read_question

SUGGESTED = 10
KINDS: Mapping[str, Any] = {
    "related": lazy_gettext("Related to"),
    "duplicate": lazy_gettext("A duplicate of"),
    "causes": lazy_gettext("The cause of"),
    "caused_by": lazy_gettext("Caused by"),
    "split": lazy_gettext("Split off"),
    "copy": lazy_gettext("The same letter as"),
    "stranger": lazy_gettext("Somebody else's letter about"),
    FOLLOW_UP: lazy_gettext("Goes on with"),
}


def kind_choices() -> list[tuple[str, str]]:
    """The kinds of links that can be chosen, with their words."""
    return [(kind, str(KINDS[kind])) for kind in CHOSEN]


def link_values(session: Session, ticket: Ticket, reader: User) -> list[dict[str, Any]]:
    """The links of the ticket, those of one kind side by side: heading, number, subject, status, and where to remove it (the desk's own: "")."""
    found = [
        {
            "kind": str(KINDS.get(each.kind, each.kind)),
            "ticket": each.ticket,
            "removal_url": url_for("combining.unlink", number=ticket.number, other=each.ticket.number)
            if each.kind in CHOSEN
            else "",
        }
        for each in links_of(session, ticket, reader)
    ]
    return sorted(found, key=lambda each: str(each["kind"]))


def suggestions(session: Session, ticket: Ticket, reader: User, typed: str) -> Sequence[Listed]:
    """Tickets found by number or words; without any, the other open ones of the same customer."""
    question = read_question(session, reader, typed)
    if not typed:
        mine = Filter(customer_id=ticket.customer_id)
        found = tickets_of_view(session, reader, "open", narrowed=mine, limit=SUGGESTED + 1).tickets
    elif question.number is not None and (known := _numbered(session, reader, question.number)) is not None:
        found = tickets_of_view(session, reader, "all", narrowed=Filter(conditions=[Ticket.id == known.id]), limit=1).tickets
    elif question.terms:
        found = tickets_found(session, reader, question.terms, conditions=question.conditions, limit=SUGGESTED + 1).tickets
    else:
        found = ()
    return [each for each in found if each.id != ticket.id][:SUGGESTED]


def other_ticket(session: Session, reader: User, given: str) -> Ticket:
    """The ticket whose number was chosen, or the one it was merged into, if `reader` may see it; else `NotFound`."""
    number = row_number(given.strip().removeprefix("#"))
    known = _numbered(session, reader, number) if number is not None else None
    if known is None:
        raise NotFound(_("There is no such ticket."))
    return known


def what_merging_does(session: Session, ticket: Ticket, merge: Merge) -> list[str]:
    """Sentences that say beforehand what becomes of everything."""
    into, said = merge.into, list[str]()
    names = {"number": ticket.number, "into": into.number}
    said.append(
        ngettext(
            "%(num)d message of ticket %(number)s goes to ticket %(into)s with its files, in its place by time.",
            "%(num)d messages of ticket %(number)s go to ticket %(into)s with their files, each in its place by time.",
            merge.messages, **names,
        )
    )  # fmt: skip
    said.append(
        _(
            "Ticket %(number)s leaves every list and count. Its number leads to ticket %(into)s; what is written to it lands there.",
            **names,
        )
    )
    said += _who_reads_what(session, ticket, into)
    said.append(
        _("Assignee and fields of ticket %(into)s stay. It was closed: it is opened again.", **names)
        if merge.reopens
        else _("Status, assignee and fields of ticket %(into)s stay.", **names)
    )
    if merge.fields:
        kept = format_list(f"{label}: {words}" for label, words in merge.fields)
        said.append(_("A note there keeps what the fields of ticket %(number)s say otherwise: %(kept)s.", kept=kept, **names))
    if merge.subtasks:
        said.append(_("Questions to colleagues hang on ticket %(into)s then.", **names))
    if ticket.form_id != into.form_id:
        said.append(
            _(
                "It leaves the form “%(form)s”: who works only there sees the conversation no longer, and its extensions let it be.",
                form=ticket.form.name,
            )
        )
    said.append(
        _(
            "Whoever watches ticket %(number)s watches ticket %(into)s, too. History, times and rating of ticket %(number)s stay with it.",
            **names,
        )
    )
    said.append(_("The customer is told nothing. It can be undone for %(days)d days.", days=UNDO_MERGING.days))
    return said


def _who_reads_what(session: Session, ticket: Ticket, into: Ticket) -> list[str]:
    if ticket.customer_id == into.customer_id:
        said = [_("Both are of %(name)s, who gets the answers as before.", name=into.customer.name)]
    else:
        said = [
            _(
                "The two are of different customers. Answers go to %(name)s alone; %(other)s gets none, unless you add them as a copy.",
                name=into.customer.name, other=ticket.customer.name,
            ),
            _("Nothing that one of them wrote is quoted to the other. What %(other)s writes by e-mail lands here, too.", other=ticket.customer.name),
        ]  # fmt: skip
    others = session.scalars(
        sa.select(Participant.address).where(Participant.ticket_id == ticket.id).order_by(Participant.address)
    ).all()
    if others:
        said.append(
            _("Who else took part gets no answers, unless you add them as a copy: %(addresses)s.", addresses=format_list(others))
        )
    return said


def words_of(event: Event, name: str) -> tuple[str, str] | None:
    """Icon and words of what happened to two tickets at once; None for other events."""
    data = event.data
    number = data.get("other_id", data.get("into_id", data.get("from_id")))
    plain = _WORDS.get(event.kind)
    if plain is not None:
        return "link", _(plain, name=name, number=number)
    if event.kind == "tickets_linked":
        if data.get("kind") == FOLLOW_UP:
            return "link", _("It goes on from ticket %(number)s, which by the rule of the form stays closed", number=number)
        if data.get("kind") in CHOSEN:
            kind = str(KINDS[data["kind"]])
            return "link", _("%(name)s linked it. %(kind)s: ticket %(number)s", name=name, kind=kind, number=number)
    return None


def other_number(event: Event) -> int | None:
    """The number of the other ticket that the event is about, which its line leads to."""
    if event.kind not in _WORDS and event.kind != "tickets_linked":
        return None
    data = event.data
    return data.get("other_id", data.get("into_id", data.get("from_id")))


def other_url(event: Event) -> str:
    """Where the line of the event leads; of a ticket that was merged to its own page, where its history is."""
    number = other_number(event)
    if number is None:
        return ""
    own: dict[str, Any] = {"own": 1} if event.kind == "tickets_merged" else {}
    return url_for("tickets.show", number=number, **own)


def undoable(session: Session, ticket: Ticket, events: Iterable[Event], reader: User | None) -> set[int]:
    """The events of merging that `reader` can still undo."""
    found: dict[int, int] = {}
    for event in events:
        if event.kind == "tickets_merged" and can_still_be_undone(session, event.at):
            found[event.data["other_id"]] = event.id
        elif event.kind == "ticket_unmerged":
            found.pop(event.data["other_id"], None)
    if not found or reader is None or not can_run(session, reader, ticket, "merge"):
        return set()
    return set(found.values())


def _numbered(session: Session, reader: User, number: int) -> Ticket | None:
    try:
        return ticket_for(session, reader, survivor(session, ticket_for(session, reader, number)).id)
    except NotFound:
        return None


_WORDS: Mapping[str, str] = {
    "tickets_merged": translatable("%(name)s merged ticket %(number)s into it"),
    "merged_away": translatable("%(name)s merged it into ticket %(number)s"),
    "ticket_unmerged": translatable("%(name)s took ticket %(number)s out again"),
    "unmerged": translatable("%(name)s took it out of ticket %(number)s again"),
    "ticket_split": translatable("%(name)s split ticket %(number)s off"),
    "split_off": translatable("%(name)s split it off ticket %(number)s"),
    "tickets_unlinked": translatable("%(name)s removed the link with ticket %(number)s"),
    "followed_up": translatable("The customer wrote again; it goes on in ticket %(number)s"),
}
