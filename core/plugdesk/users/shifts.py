"""When agents are at work: their weekly shifts, the days they are away, who stands in for them. Commands never commit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from plugdesk.calendars import DAY_MINUTES, Calendar, Interval
from plugdesk.errors import Invalid, NotAllowed
from plugdesk.events import record
from plugdesk.i18n import format_date
from plugdesk.i18n import gettext as _
from plugdesk.inputs import Problems
from plugdesk.permissions import only_admins
from plugdesk.runtime import runtime_of
from plugdesk.users.models import Absence, User

DAYS = 7
LONGEST_ABSENCE = timedelta(days=400)
_STRETCH = re.compile(r"(\d{1,2})(?::(\d\d))?\s*[-–—]\s*(\d{1,2})(?::(\d\d))?")


@dataclass(frozen=True)
class Presence:
    """Whether somebody is on shift now; when they are away, the last day of that and who stands in."""

    on_shift: bool = True
    away_until: date | None = None
    substitute: User | None = None

    @property
    def at_work(self) -> bool:
        return self.on_shift and self.away_until is None


def presence_of(session: Session, people: Iterable[User]) -> dict[int, Presence]:
    """Who of `people` is at work now, by their id. One query."""
    people = list(people)
    days = {user.id: today_of(session, user) for user in people}
    absent: dict[int, Absence] = {}
    if people:
        query = sa.select(Absence).where(Absence.user_id.in_(days)).options(joinedload(Absence.substitute))
        query = query.where(Absence.first_day <= max(days.values()), Absence.last_day >= min(days.values()))
        absent = {each.user_id: each for each in session.scalars(query) if each.first_day <= days[each.user_id] <= each.last_day}
    return {
        user.id: Presence(
            is_on_shift(session, user),
            absent[user.id].last_day if user.id in absent else None,
            _standing_in(absent.get(user.id)),
        )
        for user in people
    }


def is_on_shift(session: Session, user: User) -> bool:
    """Whether the weekly shifts of `user` have them at work now; who has none is at any time."""
    if user.shifts is None:
        return True
    if not any(user.shifts):
        return False
    return Calendar(_zone(session, user), [[(first, last) for first, last in day] for day in user.shifts]).is_working(
        _now(session)
    )


def today_of(session: Session, user: User) -> date:
    """The day it is where `user` is."""
    return _now(session).astimezone(ZoneInfo(_zone(session, user))).date()


def is_away(user_id: Any, today: Any) -> sa.ColumnElement[bool]:
    """In SQL: whether somebody is away on a day."""
    return sa.exists().where(Absence.user_id == user_id, Absence.first_day <= today, Absence.last_day >= today)


def absences_of(session: Session, user: User) -> Sequence[Absence]:
    """The days `user` is or will be away, the next ones first, with who stands in."""
    query = sa.select(Absence).where(Absence.user_id == user.id, Absence.last_day >= today_of(session, user))
    return session.scalars(query.options(joinedload(Absence.substitute)).order_by(Absence.first_day, Absence.id)).all()


def set_shifts(session: Session, user: User, week: Sequence[str] | None, *, by: User | None) -> None:
    """The hours of `user` on each day of the week, Monday first, as people write them: “9:00–13:00, 14:00–18:00”, "" a day off.

    None: no shifts, at work at any time. Raises `Invalid` naming each day (`day-0` is Monday) that cannot be read.
    """
    only_admins(by)
    read: list[list[Interval]] | None = None
    if week is not None:
        problems, read = Problems(), []
        for number, text in enumerate(week[:DAYS]):
            with problems.at(f"day-{number}"):
                read.append(hours_of(text))
        problems.raise_any()
    stored = None if read is None else [[list(each) for each in day] for day in read]
    if stored != user.shifts:
        before, user.shifts = user.shifts, stored
        record(session, "shifts_changed", actor=by, user_id=user.id, name=user.name, before=before, after=stored)


def add_absence(
    session: Session, user: User, *, first_day: str, last_day: str, substitute: User | None = None, by: User | None
) -> Absence:
    """`user` is away from `first_day` to `last_day`, both included (ISO dates); `substitute` does their work meanwhile.

    Everybody says so of themselves, an administrator of anybody. Raises `Invalid` naming what cannot be taken.
    """
    _own_or_admin(by, user)
    problems = Problems()
    first = last = date.min
    with problems.at("first_day"):
        first = _day(first_day)
    with problems.at("last_day"):
        last = _day(last_day) if last_day else first
        if last < first:
            raise Invalid(_("The last day must not be before the first."))
        if last < today_of(session, user):
            raise Invalid(_("These days are over already."))
        if last - first > LONGEST_ABSENCE:
            raise Invalid(_("At most %(most)s days at a time.", most=LONGEST_ABSENCE.days))
    with problems.at("substitute"):
        if substitute is not None and (substitute.id == user.id or not (substitute.active and substitute.is_agent)):
            raise Invalid(_("Choose a colleague who stands in."))
    problems.raise_any()
    taken = session.scalar(
        sa.select(Absence).where(Absence.user_id == user.id, Absence.first_day <= last, Absence.last_day >= first).limit(1)
    )
    if taken is not None:
        days = {"first": format_date(taken.first_day), "last": format_date(taken.last_day)}
        raise Invalid(problems={"first_day": _("%(first)s to %(last)s are days off already. Remove those first.", **days)})
    absence = Absence(user_id=user.id, first_day=first, last_day=last, substitute=substitute)
    session.add(absence)
    session.flush()  # the absence's id
    record(
        session, "absence_added", actor=by, user_id=user.id, name=user.name, first_day=first.isoformat(), last_day=last.isoformat(),
        substitute=substitute.name if substitute else None,
    )  # fmt: skip
    return absence


def remove_absence(session: Session, absence: Absence, *, by: User | None) -> None:
    """These days are worked after all."""
    user = session.get_one(User, absence.user_id)
    _own_or_admin(by, user)
    first, last = absence.first_day.isoformat(), absence.last_day.isoformat()
    session.delete(absence)
    session.flush()  # gone, for the page that comes back
    record(session, "absence_removed", actor=by, user_id=user.id, name=user.name, first_day=first, last_day=last)


def hours_of(text: str) -> list[Interval]:
    """The stretches of a day that `text` names, in minutes since midnight."""
    found: list[Interval] = []
    for part in filter(None, (part.strip() for part in re.split(r"[,;]", text))):
        match = _STRETCH.fullmatch(part)
        if match is None:
            raise Invalid(_("Write hours like 9:00–18:00, several with commas between them; nothing for a day off."))
        first, last = (int(match[at]) * 60 + int(match[at + 1] or 0) for at in (1, 3))
        if last <= first:
            raise Invalid(_("Write a shift over midnight as 22:00–24:00, and the rest on the next day as 0:00–6:00."))
        if last > DAY_MINUTES or int(match[2] or 0) > 59 or int(match[4] or 0) > 59:
            raise Invalid(_("A day has 24 hours of 60 minutes."))
        found.append((first, last))
    return sorted(found)


def hours_in_words(day: Sequence[Sequence[int]]) -> str:
    """The stretches of a day as `hours_of` reads them."""
    return ", ".join(f"{first // 60}:{first % 60:02}–{last // 60}:{last % 60:02}" for first, last in day)


def let_go(session: Session, user: User) -> Mapping[str, int]:
    """`user` leaves: nobody's substitute any more, no days off to come. Returns how many of each there were."""
    stood_in = session.execute(sa.update(Absence).where(Absence.substitute_id == user.id).values(substitute_id=None))
    gone = session.execute(sa.delete(Absence).where(Absence.user_id == user.id, Absence.last_day >= today_of(session, user)))
    return {"stood_in": int(stood_in.rowcount), "absences": int(gone.rowcount)}  # type: ignore[attr-defined]


def _standing_in(absence: Absence | None) -> User | None:
    found = absence.substitute if absence else None
    return found if found is not None and found.active else None


def _now(session: Session) -> datetime:
    return runtime_of(session).clock.now()


def _zone(session: Session, user: User) -> str:
    desk = runtime_of(session).desk_or_none(session)
    return user.zone or (desk.zone if desk else "UTC")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid(_("Write the day like 2026-05-31.")) from None


def _own_or_admin(by: User | None, user: User) -> None:
    if not user.is_agent:
        raise NotAllowed(_("%(name)s is a customer.", name=user.name))
    if by is not None and by.id != user.id:
        only_admins(by)
