"""Keeping the facts of tickets: some tickets are looked at as they are now, whatever happened, so that twice is once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.api import Direction, Event, Field, FieldKind, Form, Message, Status, Ticket, TicketTag, enqueue
from plugdesk_reports.figures import FIELD, TAG
from plugdesk_reports.groupings import forms_of, grouped
from plugdesk_reports.models import Changed, Mark, Stretch, TicketFacts
from plugdesk_reports.working import Worked, worked_on

PLUGIN = "reports"
HISTORY = ("ticket_accepted", "ticket_assigned", "status_changed", "ticket_moved", "ticket_closed", "ticket_reopened")


@dataclass
class Kept:
    """What is kept of one ticket, as plain rows."""

    facts: dict[str, Any]
    marks: set[tuple[str, str]] = field(default_factory=set)
    stretches: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def days(self) -> set[int]:
        """The days on which something of it is counted."""
        found = {self.facts["opened_day"], self.facts["closed_day"]}
        for _status, began, ended, _seconds, _worked in self.stretches:
            found |= {began, ended}
        return {day for day in found if day is not None}


def keep(session: Session, numbers: Collection[int], zone: str) -> int:
    """Keep the facts of these tickets as they are now, and have the days that differ counted again. Returns how many differed."""
    before, after = _kept(session, numbers), facts_of(session, numbers, zone)
    different = [number for number in numbers if before.get(number) != after.get(number)]
    if not different:
        return 0
    gone = [number for number in different if number in before]
    if gone:
        for table in (Mark, Stretch, TicketFacts):
            session.execute(sa.delete(table).where(table.ticket_id.in_(gone)))
    _insert(session, {number: after[number] for number in different if number in after})
    days: set[tuple[int, int]] = set()
    for number in different:
        for kept in (before.get(number), after.get(number)):
            if kept is not None:
                days |= {(kept.facts["form_id"], day) for day in kept.days}
    count_again(session, days)
    return len(different)


def count_again(session: Session, days: Collection[tuple[int, int]]) -> None:
    """Have these days, pairs of form and day, counted again by a job."""
    if not days:
        return
    session.execute(sa.insert(Changed), [{"form_id": form_id, "day": day} for form_id, day in sorted(days)])
    for form in session.scalars(sa.select(Form).where(Form.id.in_({form_id for form_id, _day in days}))):
        enqueue(session, f"{PLUGIN}:count", form=form, key="count")


def facts_of(session: Session, numbers: Collection[int], zone: str) -> dict[int, Kept]:
    """The facts of those of these tickets that reports count: on forms where the extension is on, not in the bin, not merged, no
    subtasks. Looked up from what the desk itself keeps, in six queries and one more for each form where extensions tell tickets apart."""
    columns = (
        Ticket.id, Ticket.form_id, Ticket.customer_id, Ticket.channel, Ticket.assignee_id, Ticket.group_id, Ticket.created_at,
        Ticket.closed_at, Ticket.values, Status.code,
    )  # fmt: skip
    counted = (
        Ticket.id.in_(numbers), Ticket.deleted_at.is_(None), Ticket.merged_into_id.is_(None), Ticket.parent_id.is_(None),
        Ticket.form_id.in_(forms_on(session)),
    )  # fmt: skip
    rows = session.execute(sa.select(*columns).join(Status, Status.id == Ticket.status_id).where(*counted)).all()
    if not rows:
        return {}
    ids, clock = [row.id for row in rows], ZoneInfo(zone)
    said, told = _said_on(session, ids), _history_of(session, ids)
    marks, choices = _tags_on(session, ids), _choices_of(session, {row.form_id for row in rows})
    working = {form.id: worked_on(session, form) for form in forms_of(session, {row.form_id for row in rows})}
    for number, found in grouped(session, {row.id: row.form_id for row in rows}).items():
        marks[number] |= found
    return {
        row.id: _one(
            row, said.get(row.id, (0, 0, None)), told[row.id], marks[row.id], choices[row.form_id], clock, working[row.form_id]
        )
        for row in rows
    }


def forms_on(session: Session) -> list[int]:
    """The forms where the extension is on."""
    return [form_id for form_id, extensions in session.execute(sa.select(Form.id, Form.extensions)) if PLUGIN in extensions]


def day_of(moment: datetime, zone: ZoneInfo) -> int:
    """The day of `moment` on the clock of `zone`, as an ordinal."""
    return moment.astimezone(zone).toordinal()


def _one(
    row: Any, said: tuple[int, int, datetime | None], told: Sequence[Any], marks: set[tuple[str, str]],
    choices: Mapping[str, FieldKind], zone: ZoneInfo, worked: Worked,
) -> Kept:  # fmt: skip
    opened, local = row.created_at, row.created_at.astimezone(zone)
    accepted = next((each.at for each in told if _was_accepted(each)), None)
    closings = [each.at for each in told if each.kind == "ticket_closed"]
    first_closed = closings[0] if closings else row.closed_at

    facts = {
        "ticket_id": row.id, "form_id": row.form_id, "customer_id": row.customer_id, "channel": row.channel,
        "assignee_id": row.assignee_id, "group_id": row.group_id, "opened_at": opened, "opened_day": local.toordinal(),
        "hour": f"{local.weekday()}-{local.hour}", "closed_day": day_of(first_closed, zone) if first_closed else None,
        "reopened": sum(each.kind == "ticket_reopened" for each in told), "incoming": said[0], "outgoing": said[1],
    }  # fmt: skip
    for name, moment in (("accepted", accepted), ("answered", said[2]), ("closed", first_closed)):
        facts[f"{name}_after"] = None if moment is None else max(0, int((moment - opened).total_seconds()))
        facts[f"{name}_worked"] = None if moment is None else worked(opened, moment)
    times = [*_open_times(row, told, zone, worked), *_status_times(row, told, zone, worked)]
    return Kept(facts, marks | set(_marks_of(row.values or {}, choices)), times)


def _was_accepted(event: Any) -> bool:
    return event.kind == "ticket_accepted" or (
        event.kind == "ticket_assigned" and (event.data.get("after") or {}).get("assignee_id") is not None
    )


def _marks_of(values: Mapping[str, Any], choices: Mapping[str, FieldKind]) -> Iterable[tuple[str, str]]:
    for code, kind in choices.items():
        value = values.get(code)
        if kind is FieldKind.CHECK:
            yield FIELD + code, "1" if value else "0"
        else:
            chosen = value if isinstance(value, list) else [value]
            yield from ((FIELD + code, each) for each in chosen if isinstance(each, str) and each)


def _open_times(row: Any, told: Sequence[Any], zone: ZoneInfo, worked: Worked) -> list[tuple[Any, ...]]:
    """When it was open: from its opening, or a reopening, to the next closing."""
    found, began = list[tuple[Any, ...]](), row.created_at
    for event in told:
        if event.kind == "ticket_closed" and began is not None:
            found.append(_stretch("", began, event.at, zone, worked))
            began = None
        elif event.kind == "ticket_reopened" and began is None:
            began = event.at
    if began is not None:  # closed without a word of it: what came in closed, from another system
        found.append(_stretch("", began, row.closed_at, zone, worked))
    return found


def _status_times(row: Any, told: Sequence[Any], zone: ZoneInfo, worked: Worked) -> list[tuple[Any, ...]]:
    """What it spent in each status it has left, and since when it is in the one it has."""
    found, began = list[tuple[Any, ...]](), row.created_at
    for event in told:
        if event.kind == "status_changed":
            found.append(_stretch(str(event.data.get("before", "")) or "?", began, event.at, zone, worked))
            began = event.at
    found.append(_stretch(row.code, began, None, zone, worked))
    return found


def _stretch(status: str, began: datetime, ended: datetime | None, zone: ZoneInfo, worked: Worked) -> tuple[Any, ...]:
    if ended is None:
        return status, day_of(began, zone), None, None, None
    return status, day_of(began, zone), day_of(ended, zone), max(0, int((ended - began).total_seconds())), worked(began, ended)


def _said_on(session: Session, ids: Sequence[int]) -> dict[int, tuple[int, int, datetime | None]]:
    """How many messages customers and agents wrote on each ticket, and when an agent first did."""
    outgoing = Message.direction == Direction.OUTGOING
    query = (
        sa.select(
            Message.ticket_id,
            sa.func.sum(sa.case((outgoing, 0), else_=1)),
            sa.func.sum(sa.case((outgoing, 1), else_=0)),
            sa.func.min(sa.case((outgoing, Message.created_at))),
        )
        .where(Message.ticket_id.in_(ids), Message.kind == "human", Message.direction != Direction.NOTE)
        .group_by(Message.ticket_id)
    )
    return {number: (int(incoming), int(sent), first) for number, incoming, sent, first in session.execute(query)}


def _history_of(session: Session, ids: Sequence[int]) -> dict[int, list[Any]]:
    told: dict[int, list[Any]] = defaultdict(list)
    query = sa.select(Event.ticket_id, Event.kind, Event.at, Event.data).where(Event.ticket_id.in_(ids), Event.kind.in_(HISTORY))
    for event in session.execute(query.order_by(Event.id)):
        told[event.ticket_id].append(event)
    return told


def _tags_on(session: Session, ids: Sequence[int]) -> dict[int, set[tuple[str, str]]]:
    tags: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for number, tag_id in session.execute(sa.select(TicketTag.ticket_id, TicketTag.tag_id).where(TicketTag.ticket_id.in_(ids))):
        tags[number].add((TAG, str(tag_id)))
    return tags


def _choices_of(session: Session, forms: set[int]) -> dict[int, dict[str, FieldKind]]:
    """The fields of each form whose values are told apart: those with choices, and check boxes."""
    found: dict[int, dict[str, FieldKind]] = {form_id: {} for form_id in forms}
    kinds = (FieldKind.CHOICE, FieldKind.CHOICES, FieldKind.CHECK)
    query = sa.select(Field.form_id, Field.code, Field.kind).where(Field.form_id.in_(forms), Field.kind.in_(kinds))
    for form_id, code, kind in session.execute(query):
        found[form_id][code] = kind
    return found


def _kept(session: Session, numbers: Collection[int]) -> dict[int, Kept]:
    """What is kept of these tickets now."""
    table = TicketFacts.__table__
    # Locked first and read afterwards: of two who look at a ticket at once, the later one sees what the earlier one kept.
    here = table.c.ticket_id.in_(numbers)
    session.execute(sa.select(table.c.ticket_id).where(here).order_by(table.c.ticket_id).with_for_update())
    rows = session.execute(sa.select(table).where(here)).mappings()
    kept = {row["ticket_id"]: Kept(dict(row)) for row in rows}
    if not kept:
        return kept
    for number, sort, key in session.execute(sa.select(Mark.ticket_id, Mark.sort, Mark.key).where(Mark.ticket_id.in_(kept))):
        kept[number].marks.add((sort, key))
    times = sa.select(Stretch.ticket_id, Stretch.status, Stretch.began_day, Stretch.ended_day, Stretch.seconds, Stretch.worked)
    for number, *stretch in session.execute(times.where(Stretch.ticket_id.in_(kept)).order_by(Stretch.number)):
        kept[number].stretches.append(tuple(stretch))
    return kept


def _insert(session: Session, kept: Mapping[int, Kept]) -> None:
    if not kept:
        return
    marks = [{"ticket_id": number, "sort": sort, "key": key} for number, each in kept.items() for sort, key in sorted(each.marks)]
    stretches = [
        {"ticket_id": number, "number": n, "form_id": each.facts["form_id"], "status": status, "began_day": began, "ended_day": ended, "seconds": seconds, "worked": worked}
        for number, each in kept.items()
        for n, (status, began, ended, seconds, worked) in enumerate(each.stretches)
    ]  # fmt: skip
    session.execute(sa.insert(TicketFacts), [each.facts for each in kept.values()])
    for table, rows in ((Mark, marks), (Stretch, stretches)):
        if rows:
            session.execute(sa.insert(table), rows)
