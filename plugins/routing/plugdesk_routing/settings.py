"""When a form's people work, for rules that ask whether a ticket came in working hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from plugdesk.api import Invalid, gettext, lazy_gettext, option

DAYS = {"0-4": range(5), "0-5": range(6), "0-6": range(7)}


@dataclass(frozen=True)
class RoutingSettings:
    """The working hours of one form, on the clock of the desk."""

    VERSION = 1

    days: str = option(
        "0-4", label=lazy_gettext("Working days"),
        choices=[("0-4", lazy_gettext("Monday to Friday")), ("0-5", lazy_gettext("Monday to Saturday")), ("0-6", lazy_gettext("Every day"))],
    )  # fmt: skip
    opens: str = option(
        "09:00", label=lazy_gettext("Work begins at"), help=lazy_gettext("On the clock of the desk, like 09:00."), most=5
    )
    closes: str = option("18:00", label=lazy_gettext("Work ends at"), most=5)

    def __post_init__(self) -> None:
        if self.hours[0] >= self.hours[1]:
            raise Invalid(problems={"closes": gettext("Work has to end later than it begins.")})

    @property
    def hours(self) -> tuple[time, time]:
        """From when to when. Raises `Invalid` by field."""
        return _time(self.opens, "opens"), _time(self.closes, "closes")


def _time(raw: str, name: str) -> time:
    try:
        return time.fromisoformat(raw.strip())
    except ValueError:
        raise Invalid(problems={name: gettext("Write a time like 09:00.")}) from None
