"""Since when a ticket stands as a rule asks for: cases in the words of what happened to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plugdesk.forms.models import StatusKind
from plugdesk_automation.models import Code
from plugdesk_automation.standing import Happened, Standing, occasion_of

BEGIN = datetime(2026, 11, 23, 9, tzinfo=UTC)
KINDS = {"new": StatusKind.NEW, "work": StatusKind.OPEN, "second": StatusKind.OPEN, "done": StatusKind.RESOLVED}
ADA, BOB = 7, 8


def story(*told):
    """Events, one a minute, numbered from 1: "opened", ("status", before, after), ("assigned", before, after), "accepted", "reply"."""
    events = []
    for number, each in enumerate(told, start=1):
        kind, *rest = (each,) if isinstance(each, str) else each
        data = {}
        if kind == "status":
            data = {"before": rest[0], "after": rest[1]}
        elif kind == "assigned":
            data = {"before": {"assignee_id": rest[0]}, "after": {"assignee_id": rest[1]}}
        names = {
            "opened": "ticket_opened", "moved": "ticket_moved", "status": "status_changed", "assigned": "ticket_assigned",
            "accepted": "ticket_accepted", "reply": "reply_written",
        }  # fmt: skip
        events.append(Happened(number, names[kind], BEGIN + timedelta(minutes=number), data))
    return events


TAKEN = ("opened", ("assigned", None, ADA), "accepted", ("status", "new", "work"))


@pytest.mark.parametrize(
    ("code", "status", "assignee", "past", "since"),
    [
        ("unaccepted", "new", None, ("opened",), 1),
        ("unaccepted", "new", ADA, ("opened", ("assigned", None, ADA)), 1),
        ("unaccepted", "work", ADA, TAKEN, None),
        ("unaccepted", "work", None, (*TAKEN, ("assigned", ADA, None)), 5),
        ("unaccepted", "work", None, (*TAKEN, ("assigned", ADA, None), ("assigned", None, None)), 5),
        ("unaccepted", "new", None, ("opened", "moved"), 2),
        ("unaccepted", "new", None, ("opened", ("status", "new", "done"), ("status", "done", "new")), 3),
        ("unaccepted", "new", None, ("opened", ("status", "new", "gone"), ("status", "gone", "new")), 3),
        ("unaccepted", "new", None, (), 0),
        ("unanswered", "work", ADA, TAKEN, 3),
        ("unanswered", "work", ADA, (*TAKEN, "reply"), None),
        ("unanswered", "work", BOB, (*TAKEN, ("assigned", ADA, BOB)), None),
        ("unanswered", "work", BOB, (*TAKEN, ("assigned", ADA, BOB), "accepted"), 6),
        ("unanswered", "done", ADA, TAKEN, None),
        ("in_progress", "work", ADA, TAKEN, 4),
        ("in_progress", "work", None, TAKEN, None),
        ("in_progress", "second", ADA, (*TAKEN, ("status", "work", "second")), 5),
        ("too_long", "work", BOB, (*TAKEN, ("assigned", ADA, BOB)), 4),
        ("forgotten", "work", ADA, TAKEN, None),
        ("forgotten", "done", ADA, (*TAKEN, ("status", "work", "done")), 5),
    ],
)
def test_time_counts_from_when_it_came_to_stand_so(code, status, assignee, past, since):
    now = Standing(status, KINDS[status], assignee)
    found = occasion_of(Code(code), now, story(*past), KINDS, customer_waits=True, created_at=BEGIN)
    assert (found.event_id if found else None) == since
    if found is not None:
        assert found.at == BEGIN + timedelta(minutes=found.event_id)


def test_where_no_customer_waits_there_is_nothing_to_answer():
    now = Standing("work", StatusKind.OPEN, ADA)
    assert occasion_of(Code.UNANSWERED, now, story(*TAKEN), KINDS, customer_waits=False, created_at=BEGIN) is None
