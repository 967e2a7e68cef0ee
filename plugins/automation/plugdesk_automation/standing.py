"""Since when a ticket stands as a rule asks for: pure, from its state now and what has happened to it, walked back in time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from plugdesk.api import StatusKind
from plugdesk_automation.models import Code

CAME = ("ticket_opened", "ticket_moved", "split_off")
KINDS = (*CAME, "status_changed", "ticket_assigned", "ticket_accepted", "reply_written")
"""What has to be known of a ticket's past."""
AT_WORK = (StatusKind.NEW, StatusKind.OPEN)


@dataclass(frozen=True)
class Happened:
    """One event of a ticket."""

    id: int
    kind: str
    at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Standing:
    """How a ticket stands: its status and that one's kind (None: the status is gone by now), and who has it."""

    status: str
    kind: StatusKind | None
    assignee_id: int | None


@dataclass(frozen=True)
class Occasion:
    """What time counts from: an event, 0 where it began before all that is known, and its moment."""

    event_id: int
    at: datetime


def occasion_of(
    code: Code,
    now: Standing,
    past: Sequence[Happened],
    kinds: Mapping[str, StatusKind],
    *,
    customer_waits: bool,
    created_at: datetime,
) -> Occasion | None:
    """Since when the ticket stands as the rule asks for; None: it does not.

    `past` is what happened to it, the first at first, as far as `KINDS` names it; `kinds` are those of the form's statuses by code.
    """
    if code is Code.UNANSWERED:
        return _accepted(now, past) if customer_waits and now.kind in AT_WORK and now.assignee_id is not None else None
    holds = _holds(code, now)
    if not holds(now) or (code is Code.IN_PROGRESS and now.assignee_id is None):
        return None
    standing = now
    for each in reversed(past):
        before = _undone(standing, each, kinds)
        if each.kind in CAME or not holds(before):
            return Occasion(each.id, each.at)
        standing = before
    return Occasion(0, created_at)


def _holds(code: Code, now: Standing) -> Callable[[Standing], bool]:
    if code is Code.UNACCEPTED:
        return _is_unaccepted
    wanted = StatusKind.RESOLVED if code is Code.FORGOTTEN else StatusKind.OPEN
    return lambda standing: standing.kind is wanted and standing.status == now.status


def _is_unaccepted(standing: Standing) -> bool:
    """A new ticket is taken by nobody, whoever it was given to; one at work is, as long as somebody has it."""
    return standing.kind is StatusKind.NEW or (standing.kind is StatusKind.OPEN and standing.assignee_id is None)


def _undone(standing: Standing, event: Happened, kinds: Mapping[str, StatusKind]) -> Standing:
    """How the ticket stood before the event."""
    before = event.data.get("before")
    if event.kind == "status_changed":
        return replace(standing, status=str(before), kind=kinds.get(str(before)))
    if event.kind == "ticket_assigned" and isinstance(before, Mapping):
        return replace(standing, assignee_id=before.get("assignee_id"))
    return standing


def _accepted(now: Standing, past: Sequence[Happened]) -> Occasion | None:
    """When who has the ticket accepted it, if nobody has answered since."""
    for each in reversed(past):
        if each.kind == "ticket_accepted":
            return Occasion(each.id, each.at)
        if each.kind in CAME or each.kind == "reply_written":
            return None
        if each.kind == "ticket_assigned" and each.data["before"].get("assignee_id") != now.assignee_id:
            return None
    return None
