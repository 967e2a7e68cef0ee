"""What the statuses of a form do by themselves when somebody writes. `by` and `version` as in `commands.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from plugdesk.changes import apply
from plugdesk.errors import Invalid
from plugdesk.events import record
from plugdesk.forms.editing import open_for_change
from plugdesk.forms.models import Form
from plugdesk.i18n import gettext as _
from plugdesk.inputs import Problems, only_known
from plugdesk.users.models import User

SWITCHES = ("waits_on_reply", "resumes_on_message")
BEHAVIOUR = frozenset({*SWITCHES, "reopen_days"})
MOST_DAYS = 3650


def change_behaviour(
    session: Session, form: Form, changes: Mapping[str, Any], *, by: User | None, version: int | None = None
) -> None:
    """Change what `BEHAVIOUR` names; `Form` says what each means. `reopen_days` may come as it was typed, empty for always."""
    open_for_change(session, form, by, version)
    only_known(changes, BEHAVIOUR)
    problems = Problems()
    read: dict[str, Any] = {name: bool(changes[name]) for name in SWITCHES if name in changes}
    if "reopen_days" in changes:
        with problems.at("reopen_days"):
            read["reopen_days"] = _days(changes["reopen_days"])
    problems.raise_any()
    if told := apply(form, read):
        session.flush()  # the form's new version, for the page that comes back
        record(session, "form_changed", form=form, actor=by, changes=told)


def _days(raw: Any) -> int | None:
    given = str("" if raw is None else raw).strip()
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 6 and int(given) <= MOST_DAYS):
        raise Invalid(_("Write a whole number of days, from 0 to %(most)s, or leave it empty.", most=MOST_DAYS))
    return int(given)
