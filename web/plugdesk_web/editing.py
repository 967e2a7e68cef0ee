"""A page that was refused: what was typed comes back with the reason, and after a conflict with what somebody else wrote."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from flask import Response, request

from plugdesk.database import row_number
from plugdesk.errors import Conflict, Invalid, PlugdeskError
from plugdesk.i18n import format_date, format_list
from plugdesk.i18n import gettext as _
from plugdesk_web.current import db
from plugdesk_web.diffs import Piece, difference


@dataclass(frozen=True)
class Difference:
    """A value of a form that somebody else changed meanwhile: its label, what was typed here, what is stored now.

    A long text has `pieces`: what is stored and not typed is gone in them, what was typed and is not stored is new.
    """

    label: str
    yours: str
    theirs: str
    pieces: Sequence[Piece] = ()


@dataclass(frozen=True)
class Refused:
    """Why a form was not saved. `problems` maps a field to its sentence; `words` speak of the whole."""

    status: int = 200
    words: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
    theirs: Sequence[Difference] = ()
    is_conflict: bool = False

    def version_of(self, stored: int, made_from: int | None = None) -> int | None:
        """What the page's hidden field holds. A page drawn anew stays `made_from` the version it was, so that what somebody else saved
        meanwhile is not passed over; one that has shown both after a conflict goes on from what is `stored`.
        """
        given = version_given() if made_from is None else made_from
        return stored if self.is_conflict or given is None else given

    def compared(self, yours: Mapping[str, Any], theirs: Mapping[str, Any], *, texts: Collection[str] = ()) -> Refused:
        """The same with what was typed and what is stored now, after a conflict; both by label, one may have more of them.

        Of the labels in `texts`, which are of long texts, what differs is told within the text.
        """
        return self.beside(((label, yours.get(label), theirs.get(label)) for label in {**yours, **theirs}), texts=texts)

    def beside(self, rows: Iterable[tuple[str, Any, Any]], *, texts: Collection[str] = ()) -> Refused:
        """The same with what is stored now, after a conflict: `rows` of label, typed and stored value."""
        if not self.is_conflict:
            return self
        shown = [_beside(str(label), _shown(yours), _shown(theirs), label in texts) for label, yours, theirs in rows]
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


def chosen_words(choices: Iterable[tuple[Any, Any]], chosen: Any) -> str:
    """The labels of what is `chosen` among `choices`, one value or several; what is no longer offered stands as it is."""
    labels = {str(value): str(label) for value, label in choices}
    several = chosen if isinstance(chosen, list | tuple) else [chosen]
    return format_list([labels.get(str(each), str(each)) for each in several if each not in (None, "")])


def yes_or_no(given: Any) -> str:
    """A box as it stands: ticked or not."""
    return _("Yes") if given else _("No")


def day_words(given: date | str | None) -> str:
    """A day as its control holds it, in words; what is none stands as it was typed."""
    try:
        return format_date(date.fromisoformat(str(given))) if given else ""
    except ValueError:
        return str(given)


def nothing() -> Response:
    """The answer to a script that needs none: without content, and so without its type (RFC 9110, 15.3.5)."""
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response


def _beside(label: str, yours: str, theirs: str, is_long: bool) -> Difference:
    return Difference(label, yours, theirs, difference(theirs, yours) if is_long else ())


def _shown(value: Any) -> str:
    return "" if value is None else "\n".join(str(value).strip().splitlines())
