"""Who gets an own report by letter and when: choosing, changing and pausing it. Commands: they never commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.api import (
    Conflict,
    Context,
    Every,
    Invalid,
    Job,
    NotFound,
    Rhythm,
    Role,
    User,
    cancel_timer,
    parked_job,
    row_number,
    run_again,
    set_timer,
)
from plugdesk.api import gettext as _
from plugdesk_reports.letter_models import ReportLetter
from plugdesk_reports.own_commands import only_changers
from plugdesk_reports.own_models import OwnReport

MOST_PEOPLE = 50
TIMER = "reports:letter"


@dataclass(frozen=True)
class LetterInput:
    """The letters of a report as somebody described them, checked."""

    rhythm: Rhythm
    people: Sequence[User]
    is_on: bool


def read_letter(session: Session, given: Mapping[str, str], people: Sequence[str]) -> LetterInput:
    """What a page sent. Raises `Invalid` by field."""
    problems, known = dict[str, str](), {each.id: each for each in people_to_choose(session)}
    chosen = [known[number] for number in dict.fromkeys(map(row_number, people)) if number in known]
    if not chosen:
        problems["people"] = _("Choose at least one person who is to get the letters.")
    elif len(chosen) > MOST_PEOPLE:
        problems["people"] = _("At most %(number)s people get a report by letter.", number=MOST_PEOPLE)
    numbers = {name: _between(given.get(name, ""), least, most) for name, least, most in _LIMITS}
    if given.get("every") not in set(Every):
        problems["every"] = _("Choose how often it is sent.")
    problems |= {name: _("Choose one of those offered.") for name, number in numbers.items() if number is None}
    if problems:
        raise Invalid(problems=problems)
    whole = {name: number for name, number in numbers.items() if number is not None}
    return LetterInput(Rhythm(Every(given["every"]), **whole), chosen, given.get("is_on") == "1")


def set_letter(ctx: Context, report: OwnReport, given: LetterInput, *, by: User, version: int | None) -> ReportLetter:
    """Have the report sent from now on as it was given; the letter before counts on. Raises `Conflict` when the page was made from
    another state of it."""
    only_changers(by, report)
    letter = _locked(ctx, report)
    if (version or 0) != (letter.version if letter is not None else 0):
        raise Conflict(_("Somebody else has changed these letters meanwhile. Look at them again before you save."))
    if letter is None:
        letter = ReportLetter(report_id=report.id, version=0)
        ctx.db.add(letter)
    rhythm = given.rhythm
    letter.every, letter.hour, letter.weekday, letter.day = rhythm.every, rhythm.hour, rhythm.weekday, rhythm.day
    letter.people = list(given.people)
    _begin_again(ctx, letter, is_on=given.is_on)
    return letter


def switch_letter(ctx: Context, report: OwnReport, *, on: bool, by: User) -> None:
    """Pause the letters, or have them go on. What would have been sent meanwhile is not made up for; what failed too often is tried again."""
    only_changers(by, report)
    letter = _locked(ctx, report)
    if letter is None:
        raise NotFound(_("Nobody gets this report by letter yet."))
    failed = failed_job(ctx.db, letter)
    if letter.is_on != on:
        _begin_again(ctx, letter, is_on=on)
    elif on and failed is not None:
        run_again(ctx.db, failed)


def book(ctx: Context, letter: ReportLetter) -> None:
    """Have the next letter sent when it is due."""
    at = letter.rhythm.next(letter.since, ctx.desk.zone)
    set_timer(ctx.db, TIMER, at, key=str(letter.report_id), report_id=letter.report_id)


def book_all(ctx: Context) -> None:
    """Another clock goes on this desk: have every next letter sent by it. One that has failed waits for somebody as before."""
    for letter in ctx.db.scalars(sa.select(ReportLetter).where(ReportLetter.is_on)).all():
        if failed_job(ctx.db, letter) is None:
            book(ctx, letter)


def letter_of(session: Session, report: OwnReport) -> ReportLetter | None:
    """The letters of the report, if they were ever described."""
    return session.get(ReportLetter, report.id)


def failed_job(session: Session, letter: ReportLetter) -> Job | None:
    """The job that was to send the report and has given up: nothing is sent any more until somebody has it tried again."""
    return parked_job(session, TIMER, str(letter.report_id)) if letter.is_on else None


def hindered(ctx: Context, reports: Sequence[OwnReport]) -> set[int]:
    """Those of these reports, by number, whose last letter could not be sent."""
    here = ReportLetter.report_id.in_([each.id for each in reports])
    letters = ctx.db.scalars(sa.select(ReportLetter).where(here, ReportLetter.is_on)).all()
    late = [each for each in letters if each.rhythm.next(each.since, ctx.desk.zone) < ctx.now]
    failed = {each.report_id for each in late if failed_job(ctx.db, each) is not None}
    return failed | {each.report_id for each in letters if each.obstacle is not None}


def people_to_choose(session: Session) -> Sequence[User]:
    """Who can get letters: those who work on the desk and have an address. By name."""
    agents = sa.select(User).where(User.active, User.role.in_((Role.AGENT, Role.ADMIN)), User.email.is_not(None))
    return session.scalars(agents.order_by(User.name, User.id)).all()


def can_get_letters(user: User) -> bool:
    """Whether a letter to them is of use."""
    return user.active and user.is_agent and bool(user.email)


def _begin_again(ctx: Context, letter: ReportLetter, *, is_on: bool) -> None:
    letter.is_on, letter.since, letter.version = is_on, ctx.now, letter.version + 1
    letter.failed_at = letter.obstacle = None
    if (failed := parked_job(ctx.db, TIMER, str(letter.report_id))) is not None:
        ctx.db.delete(failed)  # the letters begin anew
    if is_on:
        book(ctx, letter)
    else:
        cancel_timer(ctx.db, TIMER, str(letter.report_id))


def _locked(ctx: Context, report: OwnReport) -> ReportLetter | None:
    query = sa.select(ReportLetter).where(ReportLetter.report_id == report.id)
    return ctx.db.scalars(query.with_for_update().execution_options(populate_existing=True)).one_or_none()


_LIMITS = (("hour", 0, 23), ("weekday", 0, 6), ("day", 1, 31))


def _between(given: str, least: int, most: int) -> int | None:
    number = row_number(given)
    return number if number is not None and least <= number <= most else None
