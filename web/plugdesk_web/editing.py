"""A page that was refused: what was typed comes back with the reason, and after a conflict with what somebody else wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Response, request

from plugdesk.database import row_number
from plugdesk.errors import Conflict, Invalid, PlugdeskError
from plugdesk_web.current import db


@dataclass(frozen=True)
class Difference:
    """A value of a form that somebody else changed meanwhile: its label, what was typed here, what is stored now."""

    label: str
    yours: str
    theirs: str


@dataclass(frozen=True)
class Refused:
    """Why a form was not saved. `problems` maps a field to its sentence; `words` speak of the whole."""

    status: int = 200
    words: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
    theirs: Sequence[Difference] = ()
    is_conflict: bool = False

    def beside(self, rows: Iterable[tuple[str, Any, Any]]) -> Refused:
        """The same with what is stored now, after a conflict: `rows` of label, typed and stored value."""
        if not self.is_conflict:
            return self
        shown = [Difference(str(label), _shown(yours), _shown(theirs)) for label, yours, theirs in rows]
        return replace(self, theirs=[each for each in shown if each.yours != each.theirs])


FRESH = Refused()


def refused(refusal: PlugdeskError) -> Refused:
    """The refusal for the page that comes back; whatever the request had changed is undone."""
    db().rollback()
    problems = refusal.problems if isinstance(refusal, Invalid) else {}
    return Refused(refusal.status, "" if problems else str(refusal), problems, is_conflict=isinstance(refusal, Conflict))


def version_given() -> int | None:
    """The version the form was made from, as its hidden field says."""
    return row_number(request.form.get("version", ""))


def nothing() -> Response:
    """The answer to a script that needs none."""
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response


def _shown(value: Any) -> str:
    return "" if value is None else str(value).strip()
