"""What is due of clocks: warnings before a deadline and breaches after it, written into histories and told in one letter a person.

The tick looks at rows that are due, by an index. Histories, marks and what is to be told are written in one transaction, so that
each is told once whatever is killed; the letters are jobs that take away what they tell.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from plugdesk.api import (
    Context,
    Form,
    Group,
    Ticket,
    User,
    format_datetime,
    html_of_text,
    ngettext,
    send_letter,
    supervisors_of,
    use_language,
    visible_tickets,
)
from plugdesk.api import gettext as _
from plugdesk_sla.entering import ASSIGNEE, GROUP, SUPERVISOR
from plugdesk_sla.models import Clock, News, Promise
from plugdesk_sla.targets import title_of

PLUGIN = "sla"
BATCH, SHOWN = 500, 40  # clocks in one transaction; tickets listed in one letter
WARNED, BREACHED = "warned", "breached"


class Due(NamedTuple):
    """A clock of which something is to be told."""

    id: int
    ticket_id: int
    sort: str
    status: str
    due_at: datetime
    terms: Mapping[str, Any]
    is_over: bool

    @property
    def what(self) -> str:
        return BREACHED if self.is_over else WARNED


def tick(ctx: Context) -> int:
    """Timer: mark what is due, in batches; then have everybody told in one letter. Returns how many clocks there were."""
    done = 0
    while due := _claim(ctx):
        _mark(ctx, due)
        _tell_of(ctx, due)
        done += len(due)
        ctx.checkpoint()
        if len(due) < BATCH:
            break
    for user_id in ctx.db.scalars(sa.select(News.user_id).distinct()):
        ctx.enqueue("tell", key=str(user_id), user_id=user_id)
    return done


def tell(ctx: Context, user_id: int = 0, **_given: Any) -> None:
    """Job: write one person what is late and what soon will be, as far as they may see it, and forget that it was to be told."""
    user = ctx.db.get(User, user_id)
    query = sa.select(News.id, News.what, Clock, Ticket).join(Clock, Clock.id == News.clock_id)
    query = query.join(Ticket, Ticket.id == Clock.ticket_id).where(News.user_id == user_id).order_by(Clock.due_at, Clock.id)
    rows = ctx.db.execute(query.options(joinedload(Ticket.form))).all()
    if not rows:
        return
    ctx.db.execute(sa.delete(News).where(News.id.in_([row.id for row in rows])))
    if user is None or not user.active or not user.email:
        return
    seen = set(
        ctx.db.scalars(sa.select(Ticket.id).where(visible_tickets(ctx.db, user), Ticket.id.in_({row.Ticket.id for row in rows})))
    )
    open_ones = [row for row in rows if row.Clock.ended_at is None and row.Ticket.id in seen]
    late = [(row.Clock, row.Ticket) for row in open_ones if row.what == BREACHED]
    known = {clock.id for clock, _ticket in late}
    soon = [(row.Clock, row.Ticket) for row in open_ones if row.what == WARNED and row.Clock.id not in known]
    if late or soon:
        _write(ctx, user, late, soon)


def _claim(ctx: Context) -> list[Due]:
    """What is due, the longest first; what somebody is changing at this moment is left for the next time."""
    columns = (Clock.id, Clock.ticket_id, Clock.sort, Clock.status, Clock.due_at, Promise.terms)
    query = sa.select(*columns).join(Promise, Promise.ticket_id == Clock.ticket_id).where(Clock.next_at <= ctx.now)
    query = query.order_by(Clock.next_at, Clock.id).limit(BATCH).with_for_update(of=(Promise, Clock), skip_locked=True)
    return [
        Due(row.id, row.ticket_id, row.sort, row.status, row.due_at, row.terms, is_over=row.due_at <= ctx.now)
        for row in ctx.db.execute(query)
    ]


def _mark(ctx: Context, due: Sequence[Due]) -> None:
    late, soon = [each for each in due if each.is_over], [each.id for each in due if not each.is_over]
    if late:
        marked = sa.update(Clock).where(Clock.id.in_([each.id for each in late])).values(breached_at=Clock.due_at, next_at=None)
        ctx.db.execute(marked, execution_options={"synchronize_session": False})
        promises = sa.update(Promise).where(Promise.ticket_id.in_({each.ticket_id for each in late})).values(breached=True)
        ctx.db.execute(promises, execution_options={"synchronize_session": False})
    if soon:
        warned = sa.update(Clock).where(Clock.id.in_(soon)).values(warned_at=ctx.now, next_at=Clock.due_at)
        ctx.db.execute(warned, execution_options={"synchronize_session": False})


def _tell_of(ctx: Context, due: Sequence[Due]) -> None:
    """Write it into the tickets' histories, and note who is to be told. Where the extension is off by now it is passed over."""
    wanted = sa.select(Ticket).where(Ticket.id.in_({each.ticket_id for each in due})).options(joinedload(Ticket.form))
    tickets = {each.id: each for each in ctx.db.scalars(wanted) if each.form.has(PLUGIN)}
    here = [each for each in due if each.ticket_id in tickets]
    people = _People(ctx, tickets.values())
    news, happened = list[dict[str, Any]](), dict[str, list[tuple[Ticket, dict[str, Any]]]]({WARNED: [], BREACHED: []})
    for each in here:
        ticket = tickets[each.ticket_id]
        happened[each.what].append((ticket, {"clock_id": each.id, "said": _said(ctx, ticket, each)}))
        whom = each.terms["told"] if each.is_over else each.terms["warned"]
        news += [{"user_id": number, "clock_id": each.id, "what": each.what} for number in sorted(people.of(ticket, whom))]
    for what, rows in happened.items():
        ctx.journal_each(f"sla_{what}", rows)
    if news:
        ctx.db.execute(sa.insert(News.__table__), news)  # type: ignore[arg-type]


def _said(ctx: Context, ticket: Ticket, due: Due) -> str:
    """What the history says of it, in the language of the form."""
    with use_language(ticket.form.language or ctx.desk.language):
        title = title_of(ticket.form, due.sort, due.status)
        if due.is_over:
            return _("Missed the deadline: %(target)s", target=title)
        return _("Close to the deadline: %(target)s", target=title)


class _People:
    """Who has to do with tickets: their groups are read once for all of them."""

    def __init__(self, ctx: Context, tickets: Iterable[Ticket]) -> None:
        tickets = list(tickets)
        groups = {each.group_id for each in tickets if each.group_id is not None}
        query = sa.select(Group).options(selectinload(Group.members)).where(Group.id.in_(groups))
        self._groups = {each.id: each for each in ctx.db.scalars(query)} if groups else {}
        self._above = supervisors_of(ctx.db, tickets)

    def of(self, ticket: Ticket, whom: Collection[str]) -> set[int]:
        """The ids of those who are meant: while nobody has the ticket, its group stands for its assignee."""
        group, found = self._groups.get(ticket.group_id or 0), set[int]()
        if ASSIGNEE in whom and ticket.assignee_id is not None:
            found.add(ticket.assignee_id)
        if group is not None and (GROUP in whom or (ASSIGNEE in whom and ticket.assignee_id is None)):
            found |= {each.id for each in group.members if each.active}
        if SUPERVISOR in whom:
            found |= {self._above[ticket.id].id} if ticket.id in self._above else set()
        return found


def _write(ctx: Context, user: User, late: Sequence[tuple[Clock, Ticket]], soon: Sequence[tuple[Clock, Ticket]]) -> None:
    form: Form = (late or soon)[0][1].form
    with use_language(user.language or ctx.desk.language):
        subject = _subject(len(late), len(soon))
        parts = [_part(ctx, _("Missed deadlines:"), late), _part(ctx, _("Deadlines close by:"), soon)]
        if ctx.base_url:
            parts.append(f"{ctx.base_url}/views/open")
        text = "\n\n".join(part for part in parts if part)
        if not send_letter(ctx.db, form, to=user.email or "", subject=subject, html=html_of_text(text)):
            ctx.log.warning("Nothing on the form %s can send the letter about deadlines", form.slug)


def _subject(late: int, soon: int) -> str:
    if late:
        return ngettext("%(num)d missed deadline", "%(num)d missed deadlines", late)
    return ngettext("%(num)d deadline is close", "%(num)d deadlines are close", soon)


def _part(ctx: Context, head: str, rows: Sequence[tuple[Clock, Ticket]]) -> str:
    if not rows:
        return ""
    lines = [head]
    for clock, ticket in rows[:SHOWN]:
        due = format_datetime(clock.due_at) if clock.due_at else ""
        lines.append(
            _(
                "%(number)s %(subject)s: %(target)s, %(due)s",
                number=f"#{ticket.number}",
                subject=ticket.subject,
                target=title_of(ticket.form, clock.sort, clock.status),
                due=due,
            )
        )
        if ctx.base_url:
            lines.append(f"{ctx.base_url}/tickets/{ticket.number}")
    if len(rows) > SHOWN:
        lines.append(_("and %(number)s more", number=len(rows) - SHOWN))
    return "\n".join(lines)
