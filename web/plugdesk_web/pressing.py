"""What needs somebody now: the lists at the top of the supervisor's page, the desk's own and those of extensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import url_for
from sqlalchemy.orm import Session

from plugdesk.i18n import lazy_gettext
from plugdesk.runtime import runtime_of
from plugdesk.tickets.lists import Filter, Listed, first_of_view
from plugdesk.tickets.models import Ticket
from plugdesk.tickets.whole_lists import number_of_view
from plugdesk.users.models import User
from plugdesk_web.contributions import contributed
from plugdesk_web.search_box import read_question

SHOWN = 6  # tickets of each list; the rest are a click away


@dataclass(frozen=True)
class Pressing:
    """A list on the supervisor's page: open tickets that need somebody now.

    `question` finds them, as it would be typed into the search box with a `SearchWord` of this plugin's. `since` is the name
    of this plugin's fact, a moment: the earliest comes first, and stands in the last column under `moment`.
    """

    title: Any
    question: str
    since: str
    moment: Any


@dataclass(frozen=True)
class PressingList:
    """Such a list as it is shown: the first of its `number` tickets, each with its moment, and where all of them are."""

    title: str
    moment: str
    number: int
    rows: Sequence[tuple[Listed, datetime | None]]
    url: str


def pressing_lists(session: Session, viewer: User) -> list[PressingList]:
    """Every list that holds a ticket `viewer` may see, those of extensions first; what an extension could not tell is left out."""
    lists = [_of_extension(session, viewer, each.what) for each in contributed(runtime_of(session).registry, Pressing)]
    for view, title, moment, column in _OWN:
        url = url_for("tickets.view", slug=view)
        lists.append(_list(session, viewer, (str(title), str(moment), url), view, Filter(), lambda _ticket, by=column: by))
    return [each for each in lists if each is not None and each.number]


def _of_extension(session: Session, viewer: User, pressing: Pressing) -> PressingList | None:
    fact = runtime_of(session).registry.facts.get(pressing.since)
    question = read_question(session, viewer, pressing.question)
    if fact is None or question.misunderstood or question.is_empty:
        return None
    head = (str(pressing.title), str(pressing.moment), url_for("search.show", q=f"{pressing.question} status:open"))
    return _list(session, viewer, head, "open", Filter(conditions=question.conditions), fact.sql)


def _list(session: Session, viewer: User, head: tuple[str, str, str], view: str, narrowed: Filter, since: Any) -> PressingList:
    title, moment, url = head
    number = number_of_view(session, viewer, view, narrowed=narrowed)
    rows = first_of_view(session, viewer, view, narrowed=narrowed, since=since, most=SHOWN) if number else []
    return PressingList(title, moment, number, rows, url)


_OWN: Sequence[tuple[str, Any, Any, sa.ColumnElement[Any] | Any]] = (
    ("new", lazy_gettext("Nobody has accepted them"), lazy_gettext("Opened"), Ticket.created_at),
    ("unanswered", lazy_gettext("The customer waits for an answer"), lazy_gettext("Waits"), Ticket.spoken_at),
)
