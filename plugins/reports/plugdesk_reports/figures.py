"""What is counted, on which day, told apart by what: one definition in SQL, for the kept totals and for whoever sees a part only.

Received, answered and accepted count on the day a ticket was opened; closed and reopened on the day of its first closing; what
a status took on the day it was left. `flow` is one more open ticket, or one less: its sum up to a day is the backlog.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from plugdesk_reports.grains import grain_sql, packed_sql
from plugdesk_reports.models import Mark, Stretch, TicketFacts

RECEIVED, ANSWERED, CLOSED, REOPENED = "received", "answered", "closed", "reopened"
BEGUN, ENDED = "begun", "ended"
INCOMING, OUTGOING = "incoming", "outgoing"
ACCEPT_TIME, ANSWER_TIME, CLOSE_TIME, SPENT = "accept_time", "answer_time", "close_time", "spent"
ACCEPT_WORKED, ANSWER_WORKED, CLOSE_WORKED, SPENT_WORKED = "accept_worked", "answer_worked", "close_worked", "spent_worked"
WORKED = {ACCEPT_TIME: ACCEPT_WORKED, ANSWER_TIME: ANSWER_WORKED, CLOSE_TIME: CLOSE_WORKED, SPENT: SPENT_WORKED}
"""Of a length of time by the clock, the same in working time."""
FIGURES = (RECEIVED, ANSWERED, CLOSED, REOPENED, BEGUN, ENDED, INCOMING, OUTGOING, *WORKED, *WORKED.values())
PLAIN, HOUR, CHANNEL, ASSIGNEE, GROUP, STATUS, TAG = "", "hour", "channel", "assignee", "group", "status", "tag"
CUSTOMER = "customer"  # has one key, empty: there are as many customers as tickets, and a row tells of all of them
MARKS = "marks"
FIELD, FACT = "field:", "fact:"
NOBODY = "0"

facts, mark, stretch = TicketFacts.__table__.c, Mark.__table__.c, Stretch.__table__.c
Within = Callable[[Any], sa.ColumnElement[bool]]
"""Of a column that holds a day, whether it is one of the days asked about."""


def _key(column: Any) -> sa.ColumnElement[str]:
    return sa.func.coalesce(sa.cast(column, sa.Text), sa.literal_column(f"'{NOBODY}'", sa.Text))


COLUMNS = ("form_id", "sort", "figure", "day", "key", "n", "spread")
_NO_SPREAD = sa.literal_column("NULL", sa.Text).label("spread")
SORTS: dict[str, sa.ColumnElement[str]] = {
    PLAIN: sa.literal(""), CHANNEL: facts.channel, ASSIGNEE: _key(facts.assignee_id), GROUP: _key(facts.group_id),
}  # fmt: skip


@dataclass(frozen=True)
class Counting:
    """How one figure is counted, told apart by `sort` (MARKS: by tags and by values of fields, each with its own)."""

    figure: str
    sort: str
    select: sa.Select[Any]


def countings(*, within: Within, only: Callable[[sa.Select[Any]], sa.Select[Any]]) -> list[Counting]:
    """Rows of `COLUMNS` over the days `within`. `only` narrows what is selected from the facts.

    Of a ticket without an answer nothing is counted as answered, and so on: a figure that is nought has no row.
    """
    found = [_counted(HOUR, facts.hour, RECEIVED, facts.opened_day)]
    answered, reopened = facts.answered_after.is_not(None), facts.reopened > 0
    for sort, key in SORTS.items():
        found += [
            _counted(sort, key, RECEIVED, facts.opened_day),
            _counted(sort, key, ANSWERED, facts.opened_day, only=answered),
            _counted(sort, key, CLOSED, facts.closed_day),
            _counted(sort, key, REOPENED, facts.closed_day, only=reopened),
            _timed(sort, key, ACCEPT_TIME, facts.opened_day, facts.accepted_after),
            _timed(sort, key, ANSWER_TIME, facts.opened_day, facts.answered_after),
            _timed(sort, key, CLOSE_TIME, facts.closed_day, facts.closed_after),
            _timed(sort, key, ACCEPT_WORKED, facts.opened_day, facts.accepted_worked),
            _timed(sort, key, ANSWER_WORKED, facts.opened_day, facts.answered_worked),
            _timed(sort, key, CLOSE_WORKED, facts.closed_day, facts.closed_worked),
        ]
    for figure, column in ((INCOMING, facts.incoming), (OUTGOING, facts.outgoing)):
        found.append(_counted(PLAIN, SORTS[PLAIN], figure, facts.opened_day, only=column > 0, n=sa.func.sum(column)))
    for figure, day, condition in (
        (RECEIVED, facts.opened_day, sa.true()), (ANSWERED, facts.opened_day, answered), (CLOSED, facts.closed_day, sa.true()),
    ):  # fmt: skip
        found.append(_counted(CUSTOMER, sa.literal(""), figure, day, facts.customer_id, only=condition))
        of_marks = _select(facts.form_id, mark.sort, mark.key, figure, day, None, sa.func.count()).where(condition)
        joined = sa.join(Mark.__table__, TicketFacts.__table__, mark.ticket_id == facts.ticket_id)
        found.append(Counting(figure, MARKS, of_marks.select_from(joined)))
    found += [
        _of_stretches(PLAIN, sa.literal(""), BEGUN, stretch.began_day),
        _of_stretches(PLAIN, sa.literal(""), ENDED, stretch.ended_day),
        _of_stretches(STATUS, stretch.status, SPENT, stretch.ended_day, stretch.seconds),
        _of_stretches(STATUS, stretch.status, SPENT_WORKED, stretch.ended_day, stretch.worked),
    ]
    return [replace(each, select=_packed(only(each.select).where(within(_day_of(each.select))))) for each in found]


def _counted(sort: str, key: Any, figure: str, day: Any, over: Any = None, *, only: Any = None, n: Any = None) -> Counting:
    number = sa.func.count() if n is None else n
    select = _select(facts.form_id, sort, key, figure, day, over, number).select_from(TicketFacts.__table__)
    return Counting(figure, sort, select if only is None else select.where(only))


def _timed(sort: str, key: Any, figure: str, day: Any, length: Any) -> Counting:
    return _counted(sort, key, figure, day, grain_sql(length), only=length.is_not(None))


def _of_stretches(sort: str, key: Any, figure: str, day: Any, length: Any = None) -> Counting:
    # Both know the form, so that whoever asks for one form's facts is led to its days of these.
    same = sa.and_(facts.ticket_id == stretch.ticket_id, facts.form_id == stretch.form_id)
    joined = sa.join(Stretch.__table__, TicketFacts.__table__, same)
    over = None if length is None else grain_sql(length)
    select = _select(stretch.form_id, sort, key, figure, day, over, sa.func.count()).select_from(joined)
    return Counting(figure, sort, select.where(stretch.status == "" if length is None else stretch.status != ""))


def _select(form_id: Any, sort: Any, key: Any, figure: str, day: Any, over: Any, n: Any) -> sa.Select[Any]:
    """The numbers; where they are spread `over` lengths of time or customers, those of each."""
    named = sa.literal(sort) if isinstance(sort, str) else sort
    spread = [] if over is None else [over]
    grouped = [form_id, day, *(each for each in (named, key, *spread) if not isinstance(each, sa.BindParameter))]
    columns: Sequence[Any] = (
        form_id.label("form_id"), named.label("sort"), sa.literal(figure).label("figure"), day.label("day"), key.label("key"),
        n.label("n"), *(each.label("each") for each in spread),
    )  # fmt: skip
    return sa.select(*columns).group_by(*grouped)


def _packed(select: sa.Select[Any]) -> sa.Select[Any]:
    """The same as rows of `COLUMNS`, of whatever a key is spread over in one row."""
    if "each" not in select.selected_columns:
        return select.add_columns(_NO_SPREAD)
    rows = select.subquery().c
    same = [rows[name] for name in COLUMNS[:5]]
    number = sa.cast(sa.func.sum(rows.n), sa.BigInteger).label("n")  # PostgreSQL's sum of them is a decimal
    return sa.select(*same, number, packed_sql(rows.each, rows.n).label("spread")).group_by(*same)


def _day_of(select: sa.Select[Any]) -> Any:
    return select.selected_columns["day"].element
