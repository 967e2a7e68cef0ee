"""On which terms a ticket's customer is helped, as far as an extension knows: where contracts and promises meet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from plugdesk.events import record
from plugdesk.forms.models import Form
from plugdesk.hours.models import BusinessHours
from plugdesk.runtime import runtime_of
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import User


@dataclass(frozen=True)
class Terms:
    """The terms of one ticket: the `name` of the contract, its `hours` (None: around the clock), and `solution_minutes`, the working
    time within which it promises to solve a request of this type, None where it promises none."""

    name: str
    hours: BusinessHours | None
    solution_minutes: int | None = None


def terms_of(
    session: Session, form: Form, tickets: Sequence[Ticket], *, values: Mapping[int, Mapping[str, Any]] | None = None
) -> Mapping[int, Terms]:
    """The terms of those of `tickets`, all of `form`, that have some, by id. `values` are their fields' where they are not stored yet."""
    executor = runtime_of(session).executor
    found = executor.first("terms_of_tickets", form, session, expects=Mapping, tickets=tickets, values=values or {})
    return {number: each for number, each in (found or {}).items() if isinstance(each, Terms)}


def tell_of_terms(session: Session, forms: Collection[Form], *, by: User | None, **about: Any) -> None:
    """Record that customers of `forms` are helped on other terms from now on; `about` says what has changed, in plain values."""
    for form in forms:
        record(session, "terms_changed", form=form, actor=by, **about)
