"""The figures of ratings: two statements that count, whatever the number of tickets; and the marks behind one figure.

Marks count on the day they were given, invitations on the day they were sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from plugdesk.api import (
    Channel,
    Context,
    Fact,
    Form,
    Group,
    Ticket,
    User,
    all_forms,
    contributed_facts,
    runtime_of,
    visible_tickets,
)
from plugdesk.api import gettext as _
from plugdesk_csat.models import BEST, WORST, Invitation, Rating
from plugdesk_csat.searching import moments
from plugdesk_csat.seeing import seen, sees_some

PAGE = 50
NOBODY = "0"
RATED, ASKED, UNANSWERED = "rated", "asked", "unanswered"
DIMENSIONS = ("assignee", "group", "form", "channel")
_COLUMNS: Mapping[str, Any] = {
    "form": Invitation.form_id, "assignee": Invitation.assignee_id, "group": Invitation.group_id, "channel": Invitation.channel,
}  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """What is counted: the days, both included, and what it is narrowed to; an empty value leaves it whole, `0` means nobody."""

    first: date
    last: date
    form: str = ""
    assignee: str = ""
    group: str = ""
    channel: str = ""
    mark: str = ""
    apart: tuple[tuple[str, str], ...] = ()  # of what extensions tell tickets apart by: the name of the fact and its value

    @property
    def before(self) -> Wanted:
        """The same number of days right before them."""
        days = (self.last - self.first).days + 1
        return replace(self, first=self.first - timedelta(days=days), last=self.first - timedelta(days=1))


@dataclass
class Count:
    """How many marks of each kind were given, how many were asked, and how many of these answered."""

    marks: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(BEST, WORST - 1, -1), 0))
    asked: int = 0
    answered: int = 0

    @property
    def number(self) -> int:
        return sum(self.marks.values())

    @property
    def average(self) -> float | None:
        return sum(mark * n for mark, n in self.marks.items()) / self.number if self.number else None

    @property
    def response(self) -> float | None:
        return self.answered / self.asked if self.asked else None


@dataclass(frozen=True)
class Line:
    """One line of a table: whose figures they are, in this period and in the one before."""

    key: str
    name: str
    now: Count
    before: Count


@dataclass(frozen=True)
class Summary:
    """All figures of a page."""

    now: Count
    before: Count
    lines: Mapping[str, Sequence[Line]]


@dataclass(frozen=True)
class Grouping:
    """Something people have made that an extension knows of tickets, such as the contract, and on which forms."""

    fact: Fact
    form_ids: Sequence[int]

    @property
    def column(self) -> sa.ColumnElement[Any]:
        """Its value for the ticket of an invitation, as text."""
        return sa.case((Invitation.form_id.in_(self.form_ids), sa.cast(self.fact.sql(Ticket), sa.Text)))


def groupings_of(ctx: Context, forms: Sequence[tuple[Context, Form]]) -> dict[str, Grouping]:
    """What extensions tell the tickets of these forms apart by, by the name of the fact."""
    known, on = dict[str, Fact](), dict[str, list[int]]()
    for _here, form in forms:
        for name, fact in contributed_facts(ctx.db, form).items():
            if fact.type == "choice" and fact.choices_in is not None:
                known[name] = fact
                on.setdefault(name, []).append(form.id)
    return {name: Grouping(fact, on[name]) for name, fact in known.items()}


def names_in(ctx: Context, grouping: Grouping) -> dict[str, str]:
    """What the values of a grouping are called."""
    choices = grouping.fact.choices_in
    return {str(code): str(name) for code, name in (choices(ctx.db) if choices else ())}


def seen_forms(ctx: Context, viewer: User) -> list[tuple[Context, Form]]:
    """The forms on which ratings, some at least, are for `viewer` to see, each with the extension's context there."""
    runtime = runtime_of(ctx.db)
    found = []
    for form in all_forms(ctx.db):
        if form.has(ctx.plugin):
            here = runtime.context(ctx.plugin, form, ctx.db, "page")
            if sees_some(here, viewer):
                found.append((here, form))
    return found


def summary_of(ctx: Context, viewer: User, forms: Sequence[tuple[Context, Form]], wanted: Wanted) -> Summary:
    """The figures of these days and of those before, whole, by specialist, group, form and channel, and by what extensions tell apart."""
    groupings = groupings_of(ctx, forms)
    columns = {**_COLUMNS, **{name: each.column for name, each in groupings.items()}}
    total = {True: Count(), False: Count()}
    by: dict[str, dict[tuple[str, bool], Count]] = {dimension: {} for dimension in columns}
    scope, begin = _scope(viewer, ctx, forms, wanted, whole_desk=True), moments(wanted.first, wanted.last, ctx.desk.zone)[0]
    reach = _reach(ctx, wanted)
    marks = _base(viewer, columns, Rating.rated_at >= begin, Rating.mark.label("mark")).join(
        Rating, Rating.invitation_id == Invitation.id
    )
    marks = marks.where(scope, Rating.form_id.in_([form.id for _here, form in forms]), *_within(Rating.rated_at, reach))
    for dimension, key, is_now, mark, number in ctx.db.execute(_tallied(marks, columns, "mark")):
        for count in _counts(total, by, dimension, key, bool(is_now)):
            count.marks[mark] += number
    asked = _base(viewer, columns, Invitation.sent_at >= begin, sa.case((Rating.id.is_not(None), 1), else_=0).label("answered"))
    asked = asked.outerjoin(Rating, Rating.invitation_id == Invitation.id)
    for dimension, key, is_now, answered, number in ctx.db.execute(
        _tallied(asked.where(scope, *_within(Invitation.sent_at, reach)), columns, "answered")
    ):
        for count in _counts(total, by, dimension, key, bool(is_now)):
            count.asked += number
            count.answered += number if answered else 0
    names = _names(ctx, forms, by) | {name: {NOBODY: _("None"), **names_in(ctx, each)} for name, each in groupings.items()}
    lines = {dimension: _lines(by[dimension], names[dimension]) for dimension in columns}
    return Summary(total[True], total[False], lines)


def behind(
    ctx: Context, viewer: User, forms: Sequence[tuple[Context, Form]], wanted: Wanted, of: str, *, before: int | None = None
) -> tuple[Sequence[Any], int | None]:
    """A page of what one figure counts, the latest first, and the key of the next: an invitation, its ticket, its mark."""
    query = (
        sa.select(Invitation.id, Invitation.sent_at, Ticket.id.label("number"), Ticket.subject, User.name.label("customer"),
                  Rating.mark, Rating.comment, Rating.rated_at)
        .select_from(Invitation)
        .join(Ticket, Ticket.id == Invitation.ticket_id)
        .join(User, User.id == Ticket.customer_id)
        .outerjoin(Rating, Rating.invitation_id == Invitation.id)
        .where(_scope(viewer, ctx, forms, wanted))
        .order_by(Invitation.id.desc())
        .limit(PAGE + 1)
    )  # fmt: skip
    days = moments(wanted.first, wanted.last, ctx.desk.zone)
    query = query.where(*_within(Rating.rated_at if of == RATED else Invitation.sent_at, days))
    if of == UNANSWERED:
        query = query.where(Rating.id.is_(None))
    if wanted.mark:
        query = query.where(Rating.mark == int(wanted.mark))
    if before is not None:
        query = query.where(Invitation.id < before)
    found = ctx.db.execute(query).all()
    return found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None


def people_asked_about(
    ctx: Context, forms: Sequence[tuple[Context, Form]]
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The assignees and groups there are invitations of, to choose from."""
    ids = [form.id for _here, form in forms]

    def known(column: Any, named: Any) -> list[tuple[str, str]]:
        asked = sa.select(column).where(Invitation.form_id.in_(ids), column.is_not(None)).distinct()
        rows = ctx.db.execute(sa.select(named.id, named.name).where(named.id.in_(asked)).order_by(named.name))
        return [(NOBODY, _("Nobody")), *((str(number), name) for number, name in rows)]

    return known(Invitation.assignee_id, User), known(Invitation.group_id, Group)


def channels_of(ctx: Context) -> list[tuple[str, str]]:
    """Every channel a ticket may have come by, to choose from."""
    found: Mapping[str, Channel] = runtime_of(ctx.db).registry.channels
    return [*((name, str(channel.title)) for name, channel in found.items()), ("phone", _("By hand"))]


def _base(viewer: User, columns: Mapping[str, Any], is_now: sa.ColumnElement[bool], what: Any) -> sa.Select[Any]:
    keys = [column.label(dimension) for dimension, column in columns.items()]
    period = sa.case((is_now, 1), else_=0).label("is_now")
    counted = sa.select(period, *keys, what).select_from(Invitation)
    if (
        viewer.is_admin and columns.keys() == _COLUMNS.keys()
    ):  # sees every ticket but those in the bin, which are few: the others need not be looked at
        binned = sa.select(Ticket.id).where(Ticket.deleted_at.is_not(None))
        return counted.where(Invitation.ticket_id.not_in(binned.correlate(None)))
    return counted.join(Ticket, Ticket.id == Invitation.ticket_id)


def _tallied(base: sa.Select[Any], columns: Mapping[str, Any], what: str) -> sa.CompoundSelect[Any]:
    """`base` counted by each dimension: rows of dimension, key, period, `what` and number. Read once, whatever the database."""
    rows = base.cte("counted")
    return sa.union_all(
        *(
            sa.select(sa.literal(each), sa.cast(rows.c[each], sa.Text), rows.c.is_now, rows.c[what], sa.func.count()).group_by(
                rows.c[each], rows.c.is_now, rows.c[what]
            )
            for each in columns
        )
    )


def _counts(total: Any, by: Any, dimension: str, key: Any, is_now: bool) -> Iterator[Count]:
    yield by[dimension].setdefault((key or NOBODY, is_now), Count())
    if dimension == "form":  # every mark has one, so that their sum is the whole
        yield total[is_now]


def _scope(
    viewer: User, ctx: Context, forms: Sequence[tuple[Context, Form]], wanted: Wanted, *, whole_desk: bool = False
) -> sa.ColumnElement[bool]:
    """The invitations on these forms that `viewer` may see, narrowed to what is wanted; `whole_desk`: `_base` has left out the bin."""
    whole, parts = list[int](), list[sa.ColumnElement[bool]]()
    for here, form in forms:
        if wanted.form in ("", str(form.id)):
            condition = seen(here, viewer)
            if isinstance(condition, sa.True_):
                whole.append(form.id)
            else:
                parts.append(sa.and_(Invitation.form_id == form.id, condition))
    found = [sa.or_(Invitation.form_id.in_(whole), *parts) if parts else Invitation.form_id.in_(whole)]
    groupings = groupings_of(ctx, forms)
    if not (whole_desk and viewer.is_admin and not groupings):
        found.append(visible_tickets(ctx.db, viewer))
    for column, value in ((Invitation.assignee_id, wanted.assignee), (Invitation.group_id, wanted.group)):
        if value:
            found.append(column.is_(None) if value == NOBODY else column == int(value))
    for name, value in wanted.apart:
        if name in groupings:
            found.append(groupings[name].column.is_(None) if value == NOBODY else groupings[name].column == value)
    if wanted.channel:
        found.append(Invitation.channel == wanted.channel)
    return sa.and_(*found)


def _reach(ctx: Context, wanted: Wanted) -> tuple[datetime, datetime]:
    """From the first moment of the days before to the last of these."""
    return moments(wanted.before.first, wanted.last, ctx.desk.zone)


def _within(column: Any, reach: tuple[datetime, datetime]) -> list[sa.ColumnElement[bool]]:
    return [column >= reach[0], column < reach[1]]


def _names(ctx: Context, forms: Sequence[tuple[Context, Form]], by: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    found = {"form": {str(form.id): form.name for _here, form in forms}, "channel": dict(channels_of(ctx))}
    for dimension, named in (("assignee", User), ("group", Group)):
        ids = [int(key) for key, _is_now in by[dimension] if key != NOBODY]
        rows = ctx.db.execute(sa.select(named.id, named.name).where(named.id.in_(ids))) if ids else ()
        found[dimension] = {str(number): name for number, name in rows}
    return found


def _lines(counts: Mapping[tuple[str, bool], Count], names: Mapping[str, str]) -> list[Line]:
    """The lines of one table, whoever has most marks first."""
    keys = dict.fromkeys(key for key, _is_now in counts)
    none = _("Nobody")
    lines = [
        Line(
            key,
            names.get(key, none if key == NOBODY else key),
            counts.get((key, True), Count()),
            counts.get((key, False), Count()),
        )
        for key in keys
    ]
    return sorted(lines, key=lambda line: (-line.now.number, -line.now.asked, line.name.casefold()))
