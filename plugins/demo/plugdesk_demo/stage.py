"""The story's people, forms and tickets as rows of the desk, found by what they are called there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.api import Form, Group, Identity, NotFound, Status, StatusKind, Tag, Ticket, User, all_tags, form_by_slug

from . import cast
from .cast import Company, Value
from .models import PlayedTicket

Row = TypeVar("Row")
TAGGED = 8


class Stage:
    """The rows behind the keys of `company`, in one session. Raises `NotFound` for what somebody has deleted meanwhile."""

    def __init__(self, session: Session, company: Company) -> None:
        self._session = session
        self._forms = {form.key: form for form in company.forms}
        self._groups = {group.key: group.name for group in company.groups}
        self._addresses = {agent.key: agent.email for agent in company.agents}
        self._customers = {customer.key: customer.email for customer in company.customers}
        self._tickets = {ticket.key: ticket for ticket in company.tickets}
        self._tags = company.tags
        self._people: dict[str, User] = {}

    def told(self, key: str) -> cast.Ticket:
        """The ticket as the story tells it."""
        return self._tickets[key]

    def agent(self, key: str) -> User:
        return self._person(key, sa.select(User).where(User.email == self._addresses[key]))

    def customer(self, key: str) -> User:
        reached = sa.select(User).join(Identity).where(Identity.channel == "email", Identity.value == self._customers[key])
        return self._person(key, reached)

    def form(self, key: str) -> Form:
        return form_by_slug(self._session, key)

    def tags(self, key: str) -> list[Tag]:
        """The tags an agent puts on the ticket: one on every eighth, each of the story's in its turn."""
        turn, rest = divmod(int(key.strip("t")), TAGGED)
        names = [name for name, _tone in self._tags[1:]]
        wanted = names[turn % len(names)] if rest == 0 and names else None
        return [tag for tag in all_tags(self._session) if tag.name == wanted] if wanted else []

    def group(self, key: str) -> Group:
        return group_named(self._session, self._groups[key])

    def is_group(self, key: str) -> bool:
        """Whether the key of an assignee is a group's, and not an agent's."""
        return key in self._groups

    def ticket(self, key: str) -> Ticket:
        played = self._session.get(PlayedTicket, key)
        return _found(self._session.get(Ticket, played.ticket_id) if played else None, key)

    def status(self, form: Form, code: str) -> Status:
        """The status the story calls `code`: the form's own of that name, else its first of that kind."""
        told = next(each for each in self._forms[form.slug].statuses if each.code == code)
        own = next((each for each in form.statuses if each.name == told.name and each.kind == told.kind), None)
        return _found(own or form.first_status(StatusKind(told.kind)), code)

    def values(self, form: Form, told: Mapping[str, Value]) -> dict[str, Any]:
        """Values by the story's codes as the form's own fields and choices have them; codes are made from labels."""
        fields = {field.code: field for field in self._forms[form.slug].fields}
        return dict(pair for code, value in told.items() for pair in _value(form, fields[code], value))

    def _person(self, key: str, query: sa.Select[User]) -> User:
        if key not in self._people:
            self._people[key] = _found(self._session.scalar(query), key)
        return self._people[key]


def group_named(session: Session, name: str) -> Group:
    """The group of this name."""
    return _found(session.scalar(sa.select(Group).where(Group.name == name)), name)


def _value(form: Form, told: cast.Field, value: Value) -> list[tuple[str, Any]]:
    field = next((each for each in form.fields if each.code == told.code or each.label == told.label), None)
    if field is None:
        return []
    label = dict(told.choices).get(str(value))
    if label is None:
        return [(field.code, value)]
    return [(field.code, choice["code"]) for choice in field.choices if choice["code"] == value or choice["label"] == label]


def _found(row: Row | None, name: str) -> Row:
    if row is None:
        raise NotFound(f"“{name}” is no longer on this desk.")
    return row
