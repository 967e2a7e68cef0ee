"""What is counted, on which day, told apart by what: one definition in SQL, for the kept totals and for whoever sees a part only.

Received, answered and accepted count on the day a ticket was opened; closed and reopened on the day of its first closing; what
a status took on the day it was left. `flow` is one more open ticket, or one less: its sum up to a day is the backlog.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from plugdesk_reports.grains import grain_sql
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
MARKS = "marks"
FIELD, FACT = "field:", "fact:"
NOBODY = "0"

facts, mark, stretch = TicketFacts.__table__.c, Mark.__table__.c, Stretch.__table__.c
Within = Callable[[Any], sa.ColumnElement[bool]]
"""Of a column that holds a day, whether it is one of the days asked about."""


def _key(column: Any) -> sa.ColumnElement[str]:
    return sa.func.coalesce(sa.cast(column, sa.Text), sa.literal_column(f"'{NOBODY}'", sa.Text))


_NO_GRAIN = sa.literal(0)
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
    """Rows of form, sort, figure, day, key, grain and number over the days `within`. `only` narrows what is selected from the facts.

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
            _counted(sort, key, ACCEPT_TIME, facts.opened_day, facts.accepted_after),
            _counted(sort, key, ANSWER_TIME, facts.opened_day, facts.answered_after),
            _counted(sort, key, CLOSE_TIME, facts.closed_day, facts.closed_after),
            _counted(sort, key, ACCEPT_WORKED, facts.opened_day, facts.accepted_worked),
            _counted(sort, key, ANSWER_WORKED, facts.opened_day, facts.answered_worked),
            _counted(sort, key, CLOSE_WORKED, facts.closed_day, facts.closed_worked),
        ]
    for figure, column in ((INCOMING, facts.incoming), (OUTGOING, facts.outgoing)):
        found.append(_counted(PLAIN, SORTS[PLAIN], figure, facts.opened_day, only=column > 0, n=sa.func.sum(column)))
    for figure, day, condition in (
        (RECEIVED, facts.opened_day, sa.true()), (ANSWERED, facts.opened_day, answered), (CLOSED, facts.closed_day, sa.true()),
    ):  # fmt: skip
        of_marks = _select(facts.form_id, mark.sort, mark.key, figure, day, _NO_GRAIN, sa.func.count()).where(condition)
        joined = sa.join(Mark.__table__, TicketFacts.__table__, mark.ticket_id == facts.ticket_id)
        found.append(Counting(figure, MARKS, of_marks.select_from(joined)))
    found += [
        _of_stretches(PLAIN, sa.literal(""), BEGUN, stretch.began_day),
        _of_stretches(PLAIN, sa.literal(""), ENDED, stretch.ended_day),
        _of_stretches(STATUS, stretch.status, SPENT, stretch.ended_day, stretch.seconds),
        _of_stretches(STATUS, stretch.status, SPENT_WORKED, stretch.ended_day, stretch.worked),
    ]
    return [replace(each, select=only(each.select).where(within(_day_of(each.select)))) for each in found]


def _counted(sort: str, key: Any, figure: str, day: Any, length: Any = None, *, only: Any = None, n: Any = None) -> Counting:
    number, grain = sa.func.count() if n is None else n, _NO_GRAIN if length is None else grain_sql(length)
    select = _select(facts.form_id, sort, key, figure, day, grain, number).select_from(TicketFacts.__table__)
    for condition in (only, None if length is None else length.is_not(None)):
        select = select if condition is None else select.where(condition)
    return Counting(figure, sort, select)


def _of_stretches(sort: str, key: Any, figure: str, day: Any, length: Any = None) -> Counting:
    joined = sa.join(Stretch.__table__, TicketFacts.__table__, facts.ticket_id == stretch.ticket_id)
    grain = _NO_GRAIN if length is None else grain_sql(length)
    select = _select(stretch.form_id, sort, key, figure, day, grain, sa.func.count()).select_from(joined)
    return Counting(figure, sort, select.where(stretch.status == "" if length is None else stretch.status != ""))


def _select(form_id: Any, sort: Any, key: Any, figure: str, day: Any, grain: Any, n: Any) -> sa.Select[Any]:
    named = sa.literal(sort) if isinstance(sort, str) else sort
    grouped = [form_id, day, *(each for each in (named, key, grain) if not isinstance(each, sa.BindParameter))]
    columns: Sequence[Any] = (
        form_id.label("form_id"), named.label("sort"), sa.literal(figure).label("figure"), day.label("day"), key.label("key"),
        grain.label("grain"), n.label("n"),
    )  # fmt: skip
    return sa.select(*columns).group_by(*grouped)


def _day_of(select: sa.Select[Any]) -> Any:
    return select.selected_columns["day"].element
