"""When rules act: one timer for each ticket, set to the next of them.

A timer is only a reminder to look. It is set anew whenever something happens to the ticket or to the rules, and one that is too
early, or stands for nothing any more, does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from plugdesk.api import (
    BusinessHours,
    Calendar,
    Context,
    Event,
    Invalid,
    StatusKind,
    Ticket,
    around_the_clock,
    calendar_of,
    cancel_timer,
    set_timer,
    terms_of,
)
from plugdesk_automation.models import Code, Rule, Run, Unit
from plugdesk_automation.rules import rule_set, rules_of
from plugdesk_automation.standing import KINDS, Happened, Occasion, Standing, occasion_of

TIMER = "automation:due"
LOOK_AGAIN = timedelta(days=1)
_ALWAYS = around_the_clock()


@dataclass(frozen=True)
class Waiting:
    """A ticket waits for a rule to act at `due`, for the `occasion`."""

    due: datetime
    rule: Rule
    occasion: Occasion


def arm(ctx: Context, tickets: Sequence[Ticket]) -> None:
    """Set the timer of each of the form's `tickets` to the next rule that will act, or take it back where none will."""
    for ticket, waiting in waiting_for(ctx, tickets):
        if waiting:
            remind(ctx, ticket, max(waiting[0].due, ctx.now))
        else:
            cancel_timer(ctx.db, TIMER, str(ticket.id), form=ctx.form)


def remind(ctx: Context, ticket: Ticket, at: datetime) -> None:
    """Have somebody look at the ticket then."""
    set_timer(ctx.db, TIMER, at, key=str(ticket.id), form=ctx.form, ticket_id=ticket.id)


def waiting_for(ctx: Context, tickets: Sequence[Ticket]) -> list[tuple[Ticket, list[Waiting]]]:
    """What each of `tickets` waits for, the next first, in as few queries for many as for one. Those of other forms are left out."""
    here = [each for each in tickets if ctx.form is not None and each.form_id == ctx.form.id]
    whole = rule_set(ctx) if here else None
    rules = [each for each in rules_of(ctx).values() if each.is_on] if whole is not None and whole.is_on else []
    if whole is None or not rules:
        return [(each, []) for each in here]
    ran = _ran(ctx, here)
    found = [
        (ticket, [(rule, occasion) for rule, occasion in standing if (ticket.id, rule.code, occasion.event_id) not in ran])
        for ticket, standing in _standing(ctx, here, rules)
    ]
    calendars = Calendars(ctx, [ticket for ticket, waits in found if any(rule.in_hours for rule, _occasion in waits)])
    waiting, earliest = list[tuple[Ticket, list[Waiting]]](), _held_up(ctx)
    for ticket, waits in found:
        known = list[Waiting]()
        for rule, occasion in waits:
            began = max(occasion.at, rule.since, whole.since)
            due = later(began, rule.amount, rule.unit, in_hours=rule.in_hours, calendar=calendars.of(ticket))
            if due is not None:
                known.append(Waiting(max(due, earliest.get(rule.code, due)), rule, occasion))
        waiting.append((ticket, sorted(known, key=lambda each: each.due)))
    return waiting


def occasions(ctx: Context, tickets: Sequence[Ticket]) -> set[tuple[int, str, int]]:
    """Ticket, rule and occasion of all that stands as a rule asks for at this moment, whether the rules are on or off."""
    standing = _standing(ctx, tickets, list(rules_of(ctx).values()))
    return {(ticket.id, str(rule.code), occasion.event_id) for ticket, found in standing for rule, occasion in found}


def _standing(ctx: Context, tickets: Sequence[Ticket], rules: Sequence[Rule]) -> list[tuple[Ticket, list[tuple[Rule, Occasion]]]]:
    """The rules that the tickets stand for, and since when. Those in the bin, merged away or closed, and subtasks, stand for none."""
    able = [each for each in tickets if _can_run(each)]
    past, form = _past_of(ctx, able), ctx.form
    assert form is not None, "Automation is switched on for forms."
    kinds = {each.code: each.kind for each in form.statuses}
    found: list[tuple[Ticket, list[tuple[Rule, Occasion]]]] = []
    for ticket in tickets:
        held = list[tuple[Rule, Occasion]]()
        for rule in rules if _can_run(ticket) else ():
            occasion = occasion_of(
                rule.code, Standing(form.status_by_id(ticket.status_id).code, ticket.status_kind, ticket.assignee_id),
                past.get(ticket.id, ()), kinds, customer_waits=ticket.customer_waits, created_at=ticket.created_at,
            )  # fmt: skip
            if occasion is not None:
                held.append((rule, occasion))
        found.append((ticket, held))
    return found


def _can_run(ticket: Ticket) -> bool:
    return ticket.parent_id is None and ticket.merged_into_id is None and ticket.deleted_at is None


def _past_of(ctx: Context, tickets: Sequence[Ticket]) -> Mapping[int, Sequence[Happened]]:
    if not tickets:
        return {}
    ctx.db.flush()  # what has just happened counts, too
    wanted = (
        sa.select(Event.ticket_id, Event.id, Event.kind, Event.at, Event.data)
        .where(Event.ticket_id.in_([each.id for each in tickets]), Event.kind.in_(KINDS))
        .order_by(Event.id)
    )
    found: dict[int, list[Happened]] = {}
    for number, id, kind, at, data in ctx.db.execute(wanted):
        found.setdefault(number, []).append(Happened(id, kind, at, data or {}))
    return found


def _ran(ctx: Context, tickets: Sequence[Ticket]) -> set[tuple[int, str, int]]:
    assert ctx.form is not None
    wanted = sa.select(Run.ticket_id, Run.code, Run.occasion)
    wanted = wanted.where(Run.ticket_id.in_([each.id for each in tickets]), Run.form_id == ctx.form.id)
    return {(number, code, occasion) for number, code, occasion in ctx.db.execute(wanted)}


def _held_up(ctx: Context) -> Mapping[Code, datetime]:
    """The rules that cannot act as the form is, and when to look again: nobody is told when it changes."""
    assert ctx.form is not None
    closes = ctx.form.first_status(StatusKind.CLOSED) is not None
    return {} if closes else {Code.FORGOTTEN: ctx.now + LOOK_AGAIN}


class Calendars:
    """The working time of tickets: their contract's hours, or else the form's, around the clock where there are none."""

    def __init__(self, ctx: Context, tickets: Sequence[Ticket]) -> None:
        assert ctx.form is not None
        self._ctx, self._made = ctx, dict[int, Calendar | None]()
        self._terms = terms_of(ctx.db, ctx.form, tickets) if tickets else {}
        hours_id = ctx.form.hours_id
        self._usual = ctx.db.get(BusinessHours, hours_id) if tickets and hours_id is not None else None

    def of(self, ticket: Ticket) -> Calendar | None:
        """None: there is no working time in it."""
        terms = self._terms.get(ticket.id)
        hours = terms.hours if terms is not None else self._usual
        if hours is None:
            return _ALWAYS
        if hours.id not in self._made:
            try:
                self._made[hours.id] = calendar_of(self._ctx.db, hours)
            except Invalid:
                self._made[hours.id] = None
        return self._made[hours.id]


def later(moment: datetime, amount: int, unit: Unit, *, in_hours: bool, calendar: Calendar | None) -> datetime | None:
    """When that acts whose time counts from `moment`; None: never. What counts by working time acts in it."""
    try:
        if not in_hours:
            return moment.astimezone(UTC) + timedelta(**{unit: amount})
        if calendar is None:
            return None
        if unit is Unit.DAYS:
            return calendar.add_working_days(moment, amount)
        seconds = timedelta(**{unit: amount}).total_seconds()
        return calendar.next_working_moment(calendar.add_working_seconds(moment, seconds))
    except (OverflowError, Invalid):
        return None
