"""Whom one can ask on a ticket, and which of its messages can be taken along."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from plugdesk.forms.models import Status
from plugdesk.html import excerpt
from plugdesk.i18n import format_list, format_time, ngettext
from plugdesk.i18n import gettext as _
from plugdesk.runtime import runtime_of
from plugdesk.tickets.models import Direction, Ticket
from plugdesk.tickets.queries import thread_of
from plugdesk.tickets.subtasks import open_subtasks
from plugdesk.users.models import User
from plugdesk.users.queries import agents_of_form, all_groups
from plugdesk.users.shifts import presence_of
from plugdesk_web.assignees import presence_in_words

SHOWN = 90  # characters of a message


def asking_values(session: Session, ticket: Ticket, agent: User) -> dict[str, Any]:
    """`whom` to ask, as values and labels under headings: supervisors first, then people, then groups; and `copies`, the
    messages that can be taken along, the newest first."""
    agents, groups = [each for each in agents_of_form(session, ticket.form) if each.id != agent.id], all_groups(session)
    there = presence_of(session, agents)
    able = {each.id for each in agents}
    supervisors = {each.supervisor.id: each.supervisor for each in groups if each.supervisor and each.supervisor.id in able}

    def label(user: User) -> str:
        absent = presence_in_words(there[user.id])
        return f"{user.name}, {absent}" if absent else user.name

    people = [(f"person-{each.id}", label(each)) for each in agents if each.id not in supervisors]
    whom = [
        (_("Supervisors"), [(f"person-{each.id}", label(each)) for each in supervisors.values()]),
        (_("People"), people),
        (_("Groups"), [(f"group-{each.id}", each.name) for each in groups]),
    ]
    desk = runtime_of(session).desk(session).name
    copies = [
        (
            str(each.id),
            _(
                "%(name)s, %(time)s: %(words)s",
                name=each.author.name if each.author else desk,
                time=format_time(each.created_at),
                words=excerpt(each.text, SHOWN),
            ),
        )
        for each in reversed(thread_of(session, ticket))
        if each.text and (each.direction is not Direction.OUTGOING or each.author is not None)
    ]
    return {"whom": [part for part in whom if part[1]], "copies": copies}


def what_waits(session: Session, ticket: Ticket, status: Status) -> str:
    """A sentence naming the subtasks that are open still when the ticket is to be closed; "" when nothing has to be said."""
    numbers = open_subtasks(session, ticket) if status.kind.is_final and not ticket.status_kind.is_final else ()
    if not numbers:
        return ""
    named = format_list(f"#{each}" for each in numbers)
    return ngettext(
        "Subtask %(numbers)s waits for an answer still.",
        "Subtasks %(numbers)s wait for an answer still.",
        len(numbers),
        numbers=named,
    )
