"""An own report as its page shows it: stored or typed, and in the words of the page's controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from plugdesk.api import all_groups
from plugdesk.api import gettext as _
from plugdesk_reports import periods
from plugdesk_reports.definition import CHARTS, Definition, groupings_for, metrics_for
from plugdesk_reports.own_models import OwnReport
from plugdesk_reports.reading import Reach
from plugdesk_web.api import chosen_words, day_words

PRIVATE, GROUPS, EVERYONE = "private", "groups", "everyone"


def stored(report: OwnReport) -> dict[str, Any]:
    """What stands in the controls beside those of its definition."""
    sharing = EVERYONE if report.is_public else GROUPS if report.groups else PRIVATE
    return {"name": report.name, "sharing": sharing, "groups": [str(each.id) for each in report.groups]}


def chosen_groups(typed: Mapping[str, Any]) -> Sequence[str]:
    """The groups chosen among the controls of a page, stored or as it was sent."""
    groups: Sequence[str] = typed.getlist("groups") if hasattr(typed, "getlist") else typed.get("groups", [])
    return groups


def choices_for(session: Session, everything: Reach) -> dict[str, Any]:
    """What the page's controls let choose from, for one who may count `everything`."""
    return {
        "metrics": [(each.code, str(each.title)) for each in metrics_for(session, everything)],
        "groupings": list(groupings_for(session, everything).items()), "charts": [(code, str(title)) for code, title in CHARTS.items()],
        "periods": periods.choices(), "forms": [(str(form.id), form.name) for form in everything.forms],
        "sharing": [(PRIVATE, _("Me alone")), (GROUPS, _("Members of groups")), (EVERYONE, _("Everybody on the desk"))],
        "all_groups": [(str(each.id), each.name) for each in all_groups(session)],
    }  # fmt: skip


def in_words(offered: Mapping[str, Any], definition: Definition, typed: Mapping[str, Any]) -> dict[str, str]:
    """Each control's label with what stands in it, to be compared with another state of the report; `offered` is `choices_for`."""
    figure = {
        _("What is counted"): chosen_words(offered["metrics"], definition.metric),
        _("Told apart"): chosen_words(offered["groupings"], definition.by), _("Shown as"): chosen_words(offered["charts"], definition.chart),
        _("Narrowed to"): definition.words,
    }  # fmt: skip
    first, last = (definition.first, definition.last) if definition.period == "days" else ("", "")
    return {
        _("Name of the report"): typed.get("name", ""), **({} if definition.page else figure),
        _("Period"): chosen_words(offered["periods"], definition.period), _("First day"): day_words(first), _("Last day"): day_words(last),
        _("Form"): chosen_words(offered["forms"], definition.form) or _("All forms"),
        _("How long"): _("in working time") if definition.hours else _("by the clock"),
        _("Who reads it"): chosen_words(offered["sharing"], typed.get("sharing", PRIVATE)),
        _("Groups, where members of groups read it"): chosen_words(offered["all_groups"], chosen_groups(typed)),
    }  # fmt: skip
