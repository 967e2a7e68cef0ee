"""Jobs: the past of a form is looked through, changed days are counted again, months, quarters and years are added up."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.api import Context, Event, Form, Ticket, User, enqueue, runtime_of
from plugdesk_reports.figures import COLUMNS, FIGURES, TAG, countings
from plugdesk_reports.grains import add_up, packed, together_sql
from plugdesk_reports.groupings import brought_by, groupings_on
from plugdesk_reports.keeping import PLUGIN, count_again, forms_on, keep
from plugdesk_reports.models import DAY, MONTH, QUARTER, YEAR, Changed, Heard, Mark, Rolled, Standing, Stretch, TicketFacts, Total
from plugdesk_reports.working import hours_in_short

BATCH = 500  # tickets between two checkpoints
DAYS = 40  # counted in one transaction
ROLL_EVERY = timedelta(minutes=10)
LOOK_BACK = timedelta(minutes=2)  # an event may be committed that late after one with a higher number
RARE = (
    "ticket_accepted", "ticket_deleted", "ticket_restored", "ticket_moved", "tickets_merged", "merged_away", "ticket_unmerged",
    "unmerged", "ticket_split", "split_off", "tags_changed", "reply_withdrawn", "message_withdrawn", "tag_deleted", "group_deleted",
    "ticket_settled", "customers_joined",
)  # fmt: skip
_MONTHS = {MONTH: 1, QUARTER: 3, YEAR: 12}


def begin(session: Session, form: Form, *, by: User | None = None) -> Standing:
    """Have the past of `form` looked through from the beginning, by a job that shows how far it is."""
    zone, basis = basis_of(session, form)
    standing = session.get(Standing, form.id)
    if standing is None:
        standing = Standing(form_id=form.id, zone=zone)
        session.add(standing)
    total = session.scalar(sa.select(sa.func.count()).select_from(Ticket).where(Ticket.form_id == form.id)) or 0
    standing.zone, standing.basis = zone, basis
    standing.last_id, standing.done, standing.total, standing.ready_at = 0, 0, total, None
    session.flush()  # the row the job looks for
    enqueue(session, f"{PLUGIN}:look_through", form=form, key="look_through")
    return standing


def basis_of(session: Session, form: Form) -> tuple[str, str]:
    """What the facts of a form are kept by besides its tickets: the clock that tells days; its working hours, and what extensions tell
    tickets apart by."""
    return runtime_of(session).desk(session).zone, " ".join([hours_in_short(session, form), *sorted(groupings_on(session, form))])


def look_through(ctx: Context, **_given: Any) -> None:
    """Job: keep the facts of all tickets of the form, batch by batch; what is no longer there goes; then count."""
    assert ctx.form is not None, "Reports are switched on for forms."
    form_id = ctx.form.id
    while (standing := ctx.db.get(Standing, form_id)) is not None and standing.ready_at is None:
        tickets = sa.select(Ticket.id).where(Ticket.form_id == form_id, Ticket.id > standing.last_id)
        here = ctx.db.scalars(tickets.order_by(Ticket.id).limit(BATCH)).all()
        last = here[-1] if len(here) == BATCH else None
        kept = sa.select(TicketFacts.ticket_id).where(TicketFacts.form_id == form_id, TicketFacts.ticket_id > standing.last_id)
        strangers = ctx.db.scalars(kept if last is None else kept.where(TicketFacts.ticket_id <= last)).all()
        keep(ctx.db, sorted({*here, *strangers}), standing.zone)
        standing.done = min(standing.done + len(here), standing.total)
        if last is None:
            standing.ready_at = ctx.now
            ctx.enqueue("count", key="count")
        else:
            standing.last_id = last
        ctx.checkpoint()


def count(ctx: Context, **_given: Any) -> None:
    """Job: count again the days of the form that have changed, and from time to time add up its longer spans.

    There is one such job at a time for a form, so that nobody adds up what somebody else is counting.
    """
    assert ctx.form is not None, "Reports are switched on for forms."
    form_id = ctx.form.id
    changed = sa.select(Changed.id, Changed.day).where(Changed.form_id == form_id).order_by(Changed.day, Changed.id)
    while rows := ctx.db.execute(changed.limit(50 * BATCH)).all():
        days = sorted({row.day for row in rows})[:DAYS]
        done = [row.id for row in rows if row.day in set(days)]
        for part in _parts(done, BATCH):
            ctx.db.execute(sa.delete(Changed).where(Changed.id.in_(part)))
        count_days(ctx.db, form_id, days)
        ctx.checkpoint()
    standing = ctx.db.get(Standing, form_id)
    if standing is not None and (standing.rolled_at is None or ctx.now - standing.rolled_at >= ROLL_EVERY):
        standing.rolled_at = ctx.now
        roll_up(ctx.db, form_id)


def count_days(session: Session, form_id: int, days: Sequence[int]) -> None:
    """Count these days of a form from the facts; its longer spans with them are no longer true."""
    session.execute(sa.delete(Total).where(*_totals_of(session, form_id, DAY), Total.day.in_(days)))
    for statement in _statements_of_days():
        session.execute(statement, {"of_form": form_id, "of_days": list(days)})
    dates = [date.fromordinal(day) for day in days]
    spans = {(span, beginning_of(span, day).toordinal()) for span in (MONTH, QUARTER, YEAR) for day in dates}
    session.execute(sa.delete(Rolled).where(Rolled.form_id == form_id, sa.tuple_(Rolled.span, Rolled.day).in_(sorted(spans))))


@cache
def _statements_of_days() -> Sequence[sa.Insert]:
    """What counts days of a form anew: a statement for each counting, of the form and the days that are given when it runs.

    Putting together the sixty of them takes longer than they do over the few days that have changed: it is done once.
    """
    table, found = TicketFacts.__table__, list[sa.Insert]()
    days: Any = sa.bindparam("of_days", expanding=True)
    form_id: Any = sa.bindparam("of_form")
    for each in countings(within=lambda day: day.in_(days), only=lambda select: select.where(table.c.form_id == form_id)):
        rows = each.select.subquery()
        counted = sa.select(sa.literal(DAY), *(rows.c[name] for name in COLUMNS))
        found.append(sa.insert(Total.__table__).from_select(["span", *COLUMNS], counted))  # type: ignore[arg-type]
    return found


def roll_up(session: Session, form_id: int) -> None:
    """Add up the months, quarters and years of a form that do not stand; reading a long period is cheap then."""
    days = _first_and_last(session, form_id)
    if days is None:
        return
    standing = {tuple(row) for row in session.execute(sa.select(Rolled.span, Rolled.day).where(Rolled.form_id == form_id))}
    for span, smaller in ((MONTH, DAY), (QUARTER, MONTH), (YEAR, QUARTER)):
        for begins in spans_between(span, *days):
            if (span, begins.toordinal()) not in standing:
                _add_up(session, form_id, span, smaller, begins)


def _first_and_last(session: Session, form_id: int) -> tuple[date, date] | None:
    """The days between which something is counted on the form; each end is one look into an index."""

    def of_form(end: Any, *columns: Any) -> list[int]:
        asked = (sa.select(end(column)).where(column.class_.form_id == form_id).scalar_subquery() for column in columns)
        return [day for day in session.execute(sa.select(*asked)).one() if day is not None]

    first = of_form(sa.func.min, TicketFacts.opened_day, Stretch.began_day)
    last = of_form(sa.func.max, TicketFacts.opened_day, TicketFacts.closed_day, Stretch.ended_day)
    return (date.fromordinal(min(first)), date.fromordinal(max(last))) if first else None


def _add_up(session: Session, form_id: int, span: str, smaller: str, begins: date) -> None:
    first, last = begins.toordinal(), end_of(span, begins).toordinal()
    session.execute(sa.delete(Total).where(*_totals_of(session, form_id, span), Total.day == first))
    columns = (Total.sort, Total.figure, Total.key)
    parts = (
        sa.select(*columns, sa.func.sum(Total.n).label("n"), together_sql(Total.spread).label("spread"))
        .where(*_totals_of(session, form_id, smaller), Total.day.between(first, last))
        .group_by(*columns)
    )
    same = {"form_id": form_id, "span": span, "day": first}
    rows = [
        same | row._asdict() | {"n": int(row.n), "spread": row.spread and packed(add_up([row.spread]))}
        for row in session.execute(parts)
    ]
    if rows:
        session.execute(sa.insert(Total), rows)
    session.execute(sa.insert(Rolled).values(form_id=form_id, span=span, day=first))


def _totals_of(session: Session, form_id: int, span: str) -> Sequence[sa.ColumnElement[bool]]:
    """All totals of these spans of a form, said in such a way that the index leads to the days asked for: it has sort and figure
    before the day, and with millions of totals going through all of them takes minutes.

    Which sorts there are is read off the index by leaps, from each to the next.
    """
    here = (Total.form_id == form_id, Total.span == span)
    sorts = sa.select(sa.func.min(Total.sort).label("sort")).where(*here).cte("sorts", recursive=True)
    following = sa.select(sa.func.min(Total.sort)).where(*here, Total.sort > sorts.c.sort).correlate(sorts).scalar_subquery()
    sorts = sorts.union_all(sa.select(following).where(sorts.c.sort.is_not(None)))
    known = session.scalars(sa.select(sorts.c.sort).where(sorts.c.sort.is_not(None))).all()
    return (*here, Total.sort.in_(known), Total.figure.in_(FIGURES))


def spans_between(span: str, first: date, last: date) -> Iterable[date]:
    """The first days of the months, quarters or years that `first` and `last` and all between lie in."""
    begins = beginning_of(span, first)
    while begins <= last:
        yield begins
        begins = end_of(span, begins) + timedelta(days=1)


def beginning_of(span: str, day: date) -> date:
    """The first day of the month, quarter or year that `day` lies in."""
    months = _MONTHS[span]
    return day.replace(month=day.month - (day.month - 1) % months, day=1)


def end_of(span: str, begins: date) -> date:
    """The last day of the month, quarter or year that begins so."""
    last = begins.replace(month=begins.month + _MONTHS[span] - 1)
    return last.replace(day=monthrange(last.year, last.month)[1])


def hear(ctx: Context) -> None:
    """Timer of the desk: tickets that rarer news are about are looked at again, and forms whose facts are kept by something else now."""
    session, zone = ctx.db, ctx.desk.zone
    heard = session.get(Heard, 0)
    if heard is None:
        session.add(Heard(id=0, event_id=session.scalar(sa.select(sa.func.max(Event.id))) or 0))
    else:
        news = sa.select(Event.id, Event.kind, Event.at, Event.ticket_id, Event.data).where(Event.id > heard.event_id)
        grouping = sa.and_(Event.plugin.in_(brought_by(session)), Event.ticket_id.is_not(None))
        late, numbers, days = ctx.now - LOOK_BACK, set[int](), set[tuple[int, int]]()
        for event in session.execute(news.where(sa.or_(Event.kind.in_(RARE), grouping)).order_by(Event.id)):
            if event.kind == "customers_joined":
                days |= _days_of_customer(session, event.data["user_id"])
            else:
                numbers |= _concerned(session, event)
            if event.at <= late:
                heard.event_id = max(heard.event_id, event.id)
        for part in _parts(sorted(numbers), BATCH):
            keep(session, part, zone)
        count_again(session, days)
    standing = {each.form_id: (each.zone, each.basis) for each in session.scalars(sa.select(Standing))}
    for form in session.scalars(sa.select(Form).where(Form.id.in_(forms_on(session)))).all():
        if standing.get(form.id) != basis_of(session, form):
            begin(session, form)
        else:
            enqueue(session, f"{PLUGIN}:count", form=form, key="count")


def _days_of_customer(session: Session, customer_id: int) -> set[tuple[int, int]]:
    """Form and day of whatever is counted as the customer's: the facts are, since two were put together, and the totals are not."""
    theirs = TicketFacts.customer_id == customer_id
    opened, closed = (
        sa.select(TicketFacts.form_id, day).where(theirs) for day in (TicketFacts.opened_day, TicketFacts.closed_day)
    )
    return {(form_id, day) for form_id, day in session.execute(opened.union(closed)) if day is not None}


def _concerned(session: Session, event: Any) -> set[int]:
    """The tickets that an event is about."""
    if event.ticket_id is not None:
        return {event.ticket_id}
    if event.kind == "group_deleted":
        return set(session.scalars(sa.select(TicketFacts.ticket_id).where(TicketFacts.group_id == event.data.get("group_id"))))
    tagged = sa.select(Mark.ticket_id).where(Mark.sort == TAG, Mark.key == str(event.data.get("tag_id")))
    return set(session.scalars(tagged))


def _parts(numbers: Sequence[int], size: int) -> Iterable[Collection[int]]:
    return (numbers[start : start + size] for start in range(0, len(numbers), size))
