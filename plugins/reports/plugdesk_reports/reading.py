"""Reading figures: from the totals of forms whose every ticket the reader may see, by counting where they see a part."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.api import FieldKind, Form, Ticket, User, all_forms, can_work_on, visible_forms, visible_tickets
from plugdesk.api import gettext as _
from plugdesk_reports.counting import end_of, spans_between
from plugdesk_reports.figures import BEGUN, CUSTOMER, ENDED, FACT, FIELD, FIGURES, MARKS, PLAIN, TAG, WORKED, countings
from plugdesk_reports.grains import add_up, packed, quantile, together_sql
from plugdesk_reports.groupings import groupings_of
from plugdesk_reports.keeping import PLUGIN
from plugdesk_reports.models import DAY, MONTH, QUARTER, YEAR, Rolled, TicketFacts, Total
from plugdesk_reports.periods import Period


@dataclass(frozen=True)
class Reach:
    """What `viewer` may count: `whole` are the forms of which they see every ticket, `part` those of which they see some."""

    viewer: User
    forms: Sequence[Form]
    whole: Sequence[int]
    part: Sequence[int]

    def on(self, form_id: int | None) -> Reach:
        """The same on one form alone; on none of theirs it is empty."""
        if form_id is None:
            return self
        one = [form for form in self.forms if form.id == form_id]
        return Reach(
            self.viewer, one, [each for each in self.whole if each == form_id], [each for each in self.part if each == form_id]
        )


Rows = Iterable[Any]
"""What is counted, row by row: the columns of `figures.COLUMNS`."""


@dataclass
class Figures:
    """Figures of some days: how many, how long it took those counted, and of whom they are; with `is_worked` in working time."""

    is_worked: bool = False
    counts: dict[tuple[str, str, str], Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    by_form: dict[tuple[int, str], Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, rows: Rows) -> None:
        """Add what was counted; what rows say of the same key is put together before it is added up."""
        everywhere: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        on_forms: dict[tuple[int, str], list[str]] = defaultdict(list)
        for form_id, sort, figure, _day, key, n, spread in rows:
            kept = packed({0: n}) if spread is None else spread
            everywhere[sort, key, figure].append(kept)
            if sort == PLAIN:
                on_forms[form_id, figure].append(kept)
        for of, said in everywhere.items():
            self.counts[of].update(add_up(said))
        for where, said in on_forms.items():
            self.by_form[where].update(add_up(said))

    def keys(self, sort: str) -> list[str]:
        """What there is of one sort."""
        return list(dict.fromkeys(key for of, key, _figure in self.counts if of == sort))

    def number(self, figure: str, sort: str = PLAIN, key: str = "", *, form_id: int | None = None) -> int:
        return sum(self._of(figure, sort, key, form_id).values())

    def length(
        self, figure: str, share: float = 0.5, sort: str = PLAIN, key: str = "", *, form_id: int | None = None
    ) -> int | None:
        """The length of time that `share` of those counted do not exceed, in seconds; None when there are none."""
        return quantile(self._of(figure, sort, key, form_id), share)

    def lengths(self, figure: str, sort: str = PLAIN, key: str = "") -> Mapping[int, int]:
        """How many took how long."""
        return self._of(figure, sort, key, None)

    def customers(self, figure: str) -> Mapping[int, int]:
        """How many are of which customer."""
        return self._of(figure, CUSTOMER, "", None)

    def _of(self, figure: str, sort: str, key: str, form_id: int | None) -> Counter[int]:
        figure = WORKED.get(figure, figure) if self.is_worked else figure
        if form_id is not None:
            return self.by_form.get((form_id, figure), Counter())
        return self.counts.get((sort, key, figure), Counter())


def reach_of(session: Session, viewer: User, *, archived: bool = False) -> Reach:
    """The forms whose figures are for `viewer`: where the extension is on and they work, as far as they see the tickets.

    Lists have the tickets of `archived` forms, too; figures do not.
    """
    seen = visible_forms(session, viewer)
    forms = [form for form in all_forms(session, archived=archived) if form.has(PLUGIN) and can_work_on(session, viewer, form.id)]
    whole = [form.id for form in forms if seen is None or form.id in seen]
    return Reach(
        viewer, sorted(forms, key=lambda form: form.name.casefold()), whole, [form.id for form in forms if form.id not in whole]
    )


def within_reach(session: Session, reach: Reach) -> sa.ColumnElement[bool]:
    """Of the facts of tickets, those the reader may count."""
    seen = sa.select(Ticket.id).where(Ticket.form_id.in_(reach.part), visible_tickets(session, reach.viewer)).correlate(None)
    part = sa.and_(TicketFacts.form_id.in_(reach.part), TicketFacts.ticket_id.in_(seen))
    return sa.or_(TicketFacts.form_id.in_(reach.whole), part) if reach.part else TicketFacts.form_id.in_(reach.whole)


def read_figures(
    session: Session, reach: Reach, period: Period, *, sorts: Collection[str], figures: Collection[str] | None = None,
    found: Figures | None = None, worked: bool = False,
) -> Figures:  # fmt: skip
    """The figures of these days, told apart by `sorts`; added to those already `found`, where there are any.

    `worked` reads how long things took in working time instead of by the clock.
    """
    found = Figures(worked) if found is None else found
    if figures is None:
        figures = set(FIGURES).difference(WORKED if worked else WORKED.values())
    for rows in _rows(session, reach, period.first, period.last, sorts, figures, by_day=False):
        found.add(rows)
    return found


def read_days(session: Session, reach: Reach, period: Period, figures: Collection[str]) -> Mapping[int, Counter[str]]:
    """The plain figures of each day, by its ordinal: how many of what."""
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for rows in _rows(session, reach, period.first, period.last, (PLAIN,), figures, by_day=True):
        for row in rows:
            found[row.day][row.figure] += row.n
    return found


def backlog_before(session: Session, reach: Reach, day: date) -> int:
    """How many tickets were open at the end of the day before `day`."""
    found = Counter[str]()
    for rows in _rows(session, reach, date.min, day - timedelta(days=1), (PLAIN,), (BEGUN, ENDED), by_day=False):
        for row in rows:
            found[row.figure] += row.n
    return found[BEGUN] - found[ENDED]


def mark_sorts(session: Session, forms: Sequence[Form]) -> dict[str, str]:
    """What else tickets of these forms are told apart by, sort to title: facts of extensions, and fields with their values."""
    kinds = (FieldKind.CHOICE, FieldKind.CHOICES, FieldKind.CHECK)
    facts = {sort: str(fact.title) for sort, fact in groupings_of(session, forms).items()}
    fields = {FIELD + each.code: each.label for form in forms for each in form.fields if each.kind in kinds}
    return facts | {sort: _("By “%(field)s”", field=label) for sort, label in fields.items()}


def _rows(
    session: Session,
    reach: Reach,
    first: date,
    last: date,
    sorts: Collection[str],
    figures: Collection[str],
    *,
    by_day: bool,
) -> Iterable[Rows]:
    if reach.whole:
        yield _of_totals(session, reach.whole, first, last, sorts, figures, by_day)
    if reach.part:
        yield from _counted(session, reach, first, last, sorts, figures)


def _of_totals(
    session: Session, forms: Sequence[int], first: date, last: date, sorts: Collection[str], figures: Collection[str],
    by_day: bool,
) -> Rows:  # fmt: skip
    day: Any = Total.day if by_day else sa.literal_column("0")
    # Only plain figures of many days are told apart by form, too: of the others there are far fewer rows to be read without it.
    nowhere: Any = sa.literal_column("0")
    form: Any = nowhere if by_day else sa.case((Total.sort == sa.literal_column("''"), Total.form_id), else_=nowhere)
    columns = (form, Total.sort, Total.figure, day.label("day"), Total.key)
    grouped = columns[1:] if by_day else (*columns[:3], *columns[4:])
    number = sa.cast(sa.func.sum(Total.n), sa.BigInteger).label("n")  # PostgreSQL's sum of them is a decimal
    query = sa.select(*columns, number, together_sql(Total.spread).label("spread")).group_by(*grouped)
    query = query.where(Total.sort.in_(list(sorts)), Total.figure.in_(sorted(figures)))
    pieces = _pieces(session, forms, first, last, by_day)
    return session.execute(query.where(sa.or_(*pieces))).all()


def _pieces(session: Session, forms: Sequence[int], first: date, last: date, by_day: bool) -> list[sa.ColumnElement[bool]]:
    """The rows of totals that make up these days: years, quarters and months that stand and lie inside, and the days between them."""
    standing: dict[int, set[tuple[str, int]]] = defaultdict(set)
    if not by_day:
        inside = sa.and_(Rolled.form_id.in_(forms), Rolled.day.between(first.toordinal(), last.toordinal()))
        for form_id, span, day in session.execute(sa.select(Rolled.form_id, Rolled.span, Rolled.day).where(inside)):
            standing[form_id].add((span, day))
    # A ticket begins to be open before anything else of it is counted: few rows tell the first day there is.
    known = sa.select(Total.form_id, sa.func.min(Total.day)).where(Total.form_id.in_(forms), Total.span == DAY)
    known = known.where(Total.sort == PLAIN, Total.figure == BEGUN).group_by(Total.form_id)
    found = []
    for form_id, low in session.execute(known):
        begin, end = max(first, date.fromordinal(low)), last
        taken: dict[str, list[int]] = {YEAR: [], QUARTER: [], MONTH: []}
        gaps = [(begin, end)] if begin <= end else []
        for span in taken:
            gaps = _take(span, gaps, standing[form_id], taken[span], first, last)
        parts = [sa.and_(Total.span == span, Total.day.in_(days)) for span, days in taken.items() if days]
        parts += [sa.and_(Total.span == DAY, Total.day.between(low.toordinal(), high.toordinal())) for low, high in gaps]
        found += [sa.and_(Total.form_id == form_id, part) for part in parts]
    return found or [sa.false()]


def _take(
    span: str, gaps: Sequence[tuple[date, date]], standing: Collection[tuple[str, int]], taken: list[int], first: date, last: date
) -> list[tuple[date, date]]:
    """Take the spans that stand out of `gaps` into `taken`; what is left between them."""
    left: list[tuple[date, date]] = []
    for low, high in gaps:
        at = low
        for begins in spans_between(span, low, high):
            ends = end_of(span, begins)
            # A span reaches beyond the days there are, but not beyond those asked about.
            if (span, begins.toordinal()) in standing and begins >= first and ends <= last:
                if at < begins:
                    left.append((at, begins - timedelta(days=1)))
                taken.append(begins.toordinal())
                at = ends + timedelta(days=1)
        if at <= high:
            left.append((at, high))
    return left


def _counted(
    session: Session, reach: Reach, first: date, last: date, sorts: Collection[str], figures: Collection[str]
) -> Iterable[Rows]:
    """The same by counting the tickets that the reader may see."""
    low, high, table = first.toordinal(), last.toordinal(), TicketFacts.__table__
    seen = sa.select(Ticket.id).where(Ticket.form_id.in_(reach.part), visible_tickets(session, reach.viewer))

    def only(select: sa.Select[Any]) -> sa.Select[Any]:
        return select.where(table.c.form_id.in_(reach.part), table.c.ticket_id.in_(seen.correlate(None)))

    marks = [sort for sort in sorts if sort == TAG or sort.startswith((FIELD, FACT))]
    for each in countings(within=lambda day: day.between(low, high), only=only):
        if each.figure not in figures:
            continue
        if each.sort in sorts or (each.sort == MARKS and marks):
            yield [row for row in session.execute(each.select) if row.sort in sorts]
