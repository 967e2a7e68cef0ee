"""The pages on which an own report is had sent by letter, and what its own page shows of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from flask import Blueprint, Response, request, url_for

from plugdesk.api import Conflict, Every, Invalid, can_send, format_time, ngettext, rhythm_choices, weekday_names
from plugdesk.api import gettext as _
from plugdesk_reports import letter_commands
from plugdesk_reports.letter_commands import can_get_letters, letter_of, people_to_choose, read_letter
from plugdesk_reports.letter_models import Obstacle, ReportLetter
from plugdesk_reports.letter_sending import Hindered, send
from plugdesk_reports.own_commands import only_changers, report_for
from plugdesk_reports.own_models import OwnReport
from plugdesk_reports.reading import reach_of
from plugdesk_web.api import (
    FRESH,
    Pages,
    Refused,
    agent_only,
    chosen_words,
    context,
    db,
    me,
    page,
    redirect_after,
    refused,
    version_given,
    yes_or_no,
)

blueprint = Blueprint("letters", __name__)
PAGES = [Pages(blueprint, "app")]
USUAL_HOUR = 9


@dataclass(frozen=True)
class Shown:
    """What the page of a report says of its letters: to whom, when, the next one, and why the last one could not be sent."""

    letter: ReportLetter
    names: str
    left_out: str
    next_at: datetime | None
    is_late: bool
    last: str
    hindrance: str
    failed_at: datetime | None
    can_retry: bool


@blueprint.get("/own/<int:number>/letter")
@agent_only
def show(number: int) -> Response:
    """Who gets the report by letter, and when: to be changed."""
    report = _to_change(number)
    return _page(report, _stored(letter_of(db(), report)))


@blueprint.post("/own/<int:number>/letter")
@agent_only
def save(number: int) -> Response:
    report = _to_change(number)
    try:
        given = read_letter(db(), request.form, request.form.getlist("people"))
        letter_commands.set_letter(context("reports"), report, given, by=me(), version=version_given())
    except (Conflict, Invalid) as refusal:
        said = refused(refusal)
        return _page(report, request.form, said.compared(_in_words(request.form), _in_words(_stored(letter_of(db(), report)))))
    return redirect_after(_back(report), _("Saved."))


@blueprint.post("/own/<int:number>/letter/switch")
@agent_only
def switch(number: int) -> Response:
    """Pause the letters, or have them go on."""
    report = _to_change(number)
    is_on = request.form.get("on") == "1"
    letter_commands.switch_letter(context("reports"), report, on=is_on, by=me())
    return redirect_after(_back(report), _("The letters go on.") if is_on else _("The letters are paused."))


@blueprint.post("/own/<int:number>/letter/trials")
@agent_only
def try_out(number: int) -> Response:
    """Send the report to whoever asks for it, now and to them alone."""
    report = _to_change(number)
    try:
        send(context("reports"), report, [me()])
    except Hindered as reason:
        raise Conflict(hindrance_words(reason.obstacle, report)) from reason
    return redirect_after(_back(report), _("A letter is on its way to %(address)s.", address=me().email))


def shown_letter(report: OwnReport) -> Shown | None:
    """What the page of the report says of its letters; None when nobody gets it."""
    letter, ctx = letter_of(db(), report), context("reports")
    if letter is None:
        return None
    failed = letter_commands.failed_job(ctx.db, letter)
    next_at = letter.rhythm.next(letter.since, ctx.desk.zone) if letter.is_on and failed is None else None
    last = ngettext("to %(num)d person", "to %(num)d people", letter.sent_to) if letter.sent_at else ""
    hindrance = hindrance_words(letter.obstacle, report) if letter.obstacle else ""
    if failed is not None:
        why = _("It was tried several times and failed: %(error)s.", error=failed.error or "")
        hindrance = f"{why} " + _("No further letter leaves until you have it tried again.")
    return Shown(
        letter, ", ".join(each.name for each in letter.people), ", ".join(each.name for each in letter.people if not can_get_letters(each)),
        next_at, next_at is not None and next_at < ctx.now, last, hindrance, failed.finished_at if failed is not None else letter.failed_at,
        failed is not None,
    )  # fmt: skip


def letter_urls(report: OwnReport) -> Mapping[str, str]:
    """Where its letters are changed, switched and tried."""
    ways = {"change": "show", "switch": "switch", "trial": "try_out"}
    return {name: url_for(f"reports_letters.{way}", number=report.id) for name, way in ways.items()}


def hindrance_words(obstacle: Obstacle, report: OwnReport) -> str:
    """Why nothing is sent, and what to do about it."""
    if obstacle is Obstacle.OWNER_GONE:
        return _(
            "%(name)s, whose report it is, does not work here any more. Copy the report, and have the copy sent.",
            name=report.owner.name,
        )
    if obstacle is Obstacle.NO_FORMS:
        return _(
            "%(name)s, whose report it is, works on no form with reports. Copy the report, and have the copy sent.",
            name=report.owner.name,
        )
    if obstacle is Obstacle.NOT_COUNTED:
        return _("The report cannot be counted as it is: it names something that is gone. Change it.")
    if obstacle is Obstacle.NOBODY:
        return _("Nobody among those who are to get it works here and has an address. Choose somebody else.")
    return _(
        "No form that %(name)s works on can send letters to these people. Switch on E-mail there, and connect a mailbox.",
        name=report.owner.name,
    )


def _page(report: OwnReport, typed: Mapping[str, Any], said: Refused = FRESH) -> Response:
    letter = letter_of(db(), report)
    return page(
        "reports:own_letter.html", status=said.status, report=report, typed=typed, chosen=_chosen(typed), refused=said,
        problems=said.problems, version=said.version_of(letter.version if letter else 0), back=_back(report),
        is_mine=report.owner_id == me().id, zone=context("reports").desk.zone,
        has_mail=any(can_send(db(), "email", form) for form in reach_of(db(), report.owner).forms), **_choices(),
    )  # fmt: skip


def _choices() -> dict[str, Any]:
    """What the page's controls let choose from."""
    return {
        "people": [(str(each.id), each.name) for each in people_to_choose(db())], "every": rhythm_choices(),
        "weekdays": [(str(day), name) for day, name in enumerate(weekday_names())],
        "hours": [(str(hour), format_time(time(hour))) for hour in range(24)], "days": [(str(day), str(day)) for day in range(1, 32)],
    }  # fmt: skip


def _chosen(typed: Mapping[str, Any]) -> Sequence[str]:
    people: Sequence[str] = typed.getlist("people") if hasattr(typed, "getlist") else typed.get("people", [])
    return people


def _in_words(typed: Mapping[str, Any]) -> dict[str, str]:
    """Each control's label with what stands in it."""
    offered = _choices()
    return {
        _("Send this report by letter"): yes_or_no(typed.get("is_on")), _("How often"): chosen_words(offered["every"], typed.get("every")),
        _("At"): chosen_words(offered["hours"], typed.get("hour")), _("Weekday"): chosen_words(offered["weekdays"], typed.get("weekday")),
        _("Day of the month"): chosen_words(offered["days"], typed.get("day")), _("Who gets it"): chosen_words(offered["people"], _chosen(typed)),
    }  # fmt: skip


def _stored(letter: ReportLetter | None) -> dict[str, Any]:
    if letter is None:
        return {
            "is_on": "1",
            "every": Every.WEEK,
            "hour": USUAL_HOUR,
            "weekday": 0,
            "day": 1,
            "people": [str(me().id)],
        }
    said = {name: getattr(letter, name) for name in ("every", "hour", "weekday", "day")}
    return said | {"is_on": "1" if letter.is_on else "", "people": [str(each.id) for each in letter.people]}


def _to_change(number: int) -> OwnReport:
    report = report_for(db(), me(), number)
    only_changers(me(), report)
    return report


def _back(report: OwnReport) -> str:
    return url_for("reports_own.show", number=report.id)
