"""Working time of forms, for the facts that are kept of tickets: each year by its own holidays, so that what is kept stays true."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from plugdesk.api import BusinessHours, Calendar, Form, calendar_of_form

Worked = Callable[[datetime, datetime], int]
"""The whole seconds of working time between two moments."""


def worked_on(session: Session, form: Form) -> Worked:
    """How working time passes on `form`: by its hours, else by the clock."""
    calendars: dict[int, Calendar | None] = {}

    def worked(start: datetime, end: datetime) -> int:
        if end <= start:
            return 0
        if start.year not in calendars:
            calendars[start.year] = calendar_of_form(session, form, now=start)
        calendar = calendars[start.year]
        return int((end - start).total_seconds() if calendar is None else calendar.working_seconds_between(start, end))

    return worked


def hours_in_short(session: Session, form: Form) -> str:
    """By which hours, in which version, the form works."""
    hours = session.get(BusinessHours, form.hours_id) if form.hours_id is not None else None
    return f"{hours.id}:{hours.version}" if hours is not None else "clock"
