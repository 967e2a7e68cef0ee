"""The tickets behind a figure: the same conditions that counted it, under the reader's own rights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from plugdesk.api import (
    OfferedMetric,
    Status,
    Ticket,
    User,
    lazy_gettext,
    lazy_pgettext,
    report_metrics_on,
    row_number,
    visible_tickets,
)
from plugdesk_reports import figures
from plugdesk_reports.figures import ANSWERED, CLOSED, RECEIVED, REOPENED, SPENT
from plugdesk_reports.metrics import columns_of, in_days
from plugdesk_reports.models import Mark, Stretch, TicketFacts
from plugdesk_reports.narrowing import read_words
from plugdesk_reports.periods import Period
from plugdesk_reports.reading import Reach

PAGE = 50
ACCEPTED, UNANSWERED, BACKLOG = "accepted", "unanswered", "backlog"
KINDS: Mapping[str, Any] = {
    RECEIVED: lazy_gettext("Received"), ANSWERED: lazy_gettext("Answered"), UNANSWERED: lazy_gettext("Never answered"),
    ACCEPTED: lazy_gettext("Accepted"), CLOSED: lazy_pgettext("figure", "Closed"), REOPENED: lazy_gettext("Reopened"),
    BACKLOG: lazy_gettext("Open at the end of the period"), SPENT: lazy_gettext("Left a status"),
}  # fmt: skip
_COLUMNS: Mapping[str, Any] = {
    "customer": TicketFacts.customer_id, figures.ASSIGNEE: TicketFacts.assignee_id, figures.GROUP: TicketFacts.group_id,
}  # fmt: skip
_LENGTHS: Mapping[tuple[str, bool], Any] = {
    (ANSWERED, False): TicketFacts.answered_after, (ANSWERED, True): TicketFacts.answered_worked,
    (ACCEPTED, False): TicketFacts.accepted_after, (ACCEPTED, True): TicketFacts.accepted_worked,
    (CLOSED, False): TicketFacts.closed_after, (CLOSED, True): TicketFacts.closed_worked,
}  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """What one figure counts: `of` a kind, told apart by `sort` and `key`, and of those that took from `least` to below `below`.

    `worked`: in working time. Of an extension's figure, `metric`, every row is counted that it has in these days. `words` are those of the
    search that narrow it, `filters` what they mean for its reader.
    """

    of: str = RECEIVED
    sort: str = ""
    key: str = ""
    least: int | None = None
    below: int | None = None
    metric: OfferedMetric | None = None
    worked: bool = False
    words: str = ""
    filters: Sequence[sa.ColumnElement[bool]] = field(default=(), compare=False)

    @cached_property
    def rows(self) -> sa.Subquery | None:
        """The rows of the metric."""
        return None if self.metric is None else self.metric.rows.subquery("rows")

    @property
    def arguments(self) -> dict[str, Any]:
        """The part of an address that asks for the same again, besides the days and the form."""
        return {"of": self.of, "by": self.sort, "key": self.key, "least": self.least, "below": self.below, "words": self.words}

    @property
    def title(self) -> str:
        return str(KINDS[self.of] if self.metric is None else self.metric.metric.title)


def read_wanted(session: Session, reach: Reach, given: Mapping[str, str]) -> Wanted:
    """What an address asks for, as far as the reader may see it."""
    of = given.get("of", RECEIVED)
    least, below = row_number(given.get("least", "")), row_number(given.get("below", ""))
    offered = report_metrics_on(session, reach.forms, reach.viewer) if "." in of else ()
    metric = next((each for each in offered if each.code == of), None)
    of = of if metric or of in KINDS else RECEIVED
    words = read_words(session, reach.viewer, given.get("words", ""))
    return Wanted(
        of, given.get("by", ""), given.get("key", ""), least, below, metric, is_worked(given), words.typed, words.conditions
    )


def is_worked(given: Mapping[str, str]) -> bool:
    """Whether an address asks for working time."""
    return given.get("hours") == "business"


def tickets_behind(
    session: Session, reach: Reach, period: Period, wanted: Wanted, *, before: str = "", limit: int = PAGE
) -> tuple[Sequence[Any], str]:
    """A page of the tickets one figure counts, the latest first, and the key of the next page.

    A ticket that has left a status more than once stands there as often, and so does one of which a metric has several rows.
    """
    assignee, rows = aliased(User), wanted.rows
    place: Any = Stretch.number if wanted.of == SPENT else sa.literal(0) if rows is None else rows.c.id
    columns = (
        Ticket.id.label("number"), Ticket.subject, User.name.label("customer"), assignee.name.label("assignee"), Status,
        TicketFacts.opened_at, _LENGTHS[ANSWERED, wanted.worked].label("answered_after"),
        _LENGTHS[CLOSED, wanted.worked].label("closed_after"), TicketFacts.form_id, TicketFacts.channel,
        TicketFacts.incoming, TicketFacts.outgoing, place.label("place"), (sa.null() if rows is None else rows.c.value).label("value"),
    )  # fmt: skip
    query = (
        from_facts(sa.select(*columns), wanted)
        .join(User, User.id == Ticket.customer_id)
        .join(Status, Status.id == Ticket.status_id)
        .outerjoin(assignee, assignee.id == Ticket.assignee_id)
        .where(*conditions(session, reach, period, wanted))
        .order_by(Ticket.id.desc(), place.desc())
        .limit(limit + 1)
    )
    number, at = (row_number(each) for each in before.split("-", 1)) if "-" in before else (None, None)
    if number is not None and at is not None:
        query = query.where(sa.or_(Ticket.id < number, sa.and_(Ticket.id == number, place < at)))
    found = session.execute(query).all()
    return found[:limit], f"{found[limit - 1].number}-{found[limit - 1].place}" if len(found) > limit else ""


def number_behind(session: Session, reach: Reach, period: Period, wanted: Wanted) -> int:
    """How many there are."""
    tickets = looks_at_tickets(reach, wanted)
    query = from_facts(sa.select(sa.func.count()), wanted, tickets=tickets)
    return session.scalar(query.where(*conditions(session, reach, period, wanted, tickets=tickets))) or 0


def looks_at_tickets(reach: Reach, wanted: Wanted, *sorts: str) -> bool:
    """Whether counting, told apart by `sorts`, has to look at the tickets themselves: the facts alone say what is asked of forms all of
    whose tickets the reader sees, and over a million of them this takes a third of the time."""
    return bool(reach.part or wanted.filters) or figures.STATUS in (wanted.sort, *sorts)


def conditions(
    session: Session, reach: Reach, period: Period, wanted: Wanted, *, tickets: bool = True
) -> list[sa.ColumnElement[bool]]:
    """Of the facts, joined with their `tickets` or not, which of them the figure counts."""
    low, high = period.first.toordinal(), period.last.toordinal()
    found = seen(session, reach, wanted, tickets=tickets)
    if wanted.rows is not None:
        found.append(in_days(session, wanted.rows, period))
    elif wanted.of in (CLOSED, REOPENED):
        found.append(TicketFacts.closed_day.between(low, high))
    elif wanted.of not in (BACKLOG, SPENT):
        found.append(TicketFacts.opened_day.between(low, high))
    length = length_of(wanted)
    if length is not None:
        found.append(length.is_not(None))
        found += [] if wanted.least is None else [length >= wanted.least]
        found += [] if wanted.below is None else [length < wanted.below]
    if wanted.of == UNANSWERED:
        found.append(TicketFacts.answered_after.is_(None))
    if wanted.of == REOPENED:
        found.append(TicketFacts.reopened > 0)
    if wanted.of == BACKLOG:
        ended = sa.or_(Stretch.ended_day.is_(None), Stretch.ended_day > high)
        found.append(
            sa.exists().where(Stretch.ticket_id == TicketFacts.ticket_id, Stretch.status == "", Stretch.began_day <= high, ended)
        )
    if wanted.of == SPENT:
        found += [Stretch.status == wanted.key, Stretch.ended_day.between(low, high)]
    elif wanted.sort:
        found.append(_told_apart(wanted))
    return found


def seen(session: Session, reach: Reach, wanted: Wanted, *, tickets: bool = True) -> list[sa.ColumnElement[bool]]:
    """Of the facts, those the reader may see among those the words narrow it to; on whatever day."""
    here = TicketFacts.form_id.in_([form.id for form in reach.forms])
    return [here, visible_tickets(session, reach.viewer), *wanted.filters] if tickets else [here]


def from_facts(query: Any, wanted: Wanted, *, tickets: bool = True) -> Any:
    """`query` from the facts and their tickets, and from the times in statuses where these are what is counted."""
    query = query.select_from(TicketFacts)
    query = query.join(Ticket, Ticket.id == TicketFacts.ticket_id) if tickets else query
    if wanted.rows is not None:
        return query.join(wanted.rows, wanted.rows.c.ticket_id == TicketFacts.ticket_id)
    return query.join(Stretch, Stretch.ticket_id == TicketFacts.ticket_id) if wanted.of == SPENT else query


def column_of(wanted: Wanted, sort: str) -> Any:
    """The column that tells what is counted apart by people or groups: the metric's own where it has one."""
    own = None if wanted.rows is None else columns_of(wanted.rows, sort)
    return _COLUMNS[sort] if own is None else own


def length_of(wanted: Wanted) -> Any:
    """The column with how long it took; None where nothing is measured."""
    return _LENGTHS.get((wanted.of, wanted.worked))


def _told_apart(wanted: Wanted) -> sa.ColumnElement[bool]:
    number = row_number(wanted.key)
    if wanted.sort in _COLUMNS:
        column = column_of(wanted, wanted.sort)
        found: sa.ColumnElement[bool] = column.is_(None) if wanted.key == figures.NOBODY else column == (number or -1)
        return found
    if wanted.sort == "organization":
        organization = User.organization_id
        here = organization.is_(None) if wanted.key == figures.NOBODY else organization == (number or -1)
        return TicketFacts.customer_id.in_(sa.select(User.id).where(here))
    if wanted.sort == figures.STATUS:
        return Ticket.status_id.in_(sa.select(Status.id).where(Status.code == wanted.key))
    if wanted.sort == figures.CHANNEL:
        return TicketFacts.channel == wanted.key
    if wanted.sort == figures.HOUR:
        return TicketFacts.hour == wanted.key
    return sa.exists().where(Mark.ticket_id == TicketFacts.ticket_id, Mark.sort == wanted.sort, Mark.key == wanted.key)
