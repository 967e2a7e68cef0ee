"""Where extensions name an agent, a group, a field, a status, a tag or business hours: said before one of them is switched off or deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from plugdesk.forms.models import Field, FieldKind, Form, Status
from plugdesk.forms.queries import all_forms
from plugdesk.hours.models import BusinessHours
from plugdesk.plugins.switch import name_of
from plugdesk.runtime import runtime_of
from plugdesk.tags.models import Tag
from plugdesk.users.models import Group, User


@dataclass(frozen=True)
class Place:
    """A place that names an agent, a group, a field, a status, a tag or business hours: what it is in `words`, like “Rule Payments: assigns to them”.

    `url` is the page on which it is changed.
    """

    words: str
    url: str = ""


class Thing(StrEnum):
    """What can be named."""

    AGENT = "agent"
    GROUP = "group"
    FIELD = "field"
    STATUS = "status"
    TAG = "tag"
    HOURS = "hours"


@dataclass(frozen=True)
class Named:
    """An agent, a group or business hours by `id` and a tag by its `code`, on every form; or a field or a status of one form by its `code`."""

    thing: Thing
    id: int = 0
    code: str = ""

    def is_agent(self, number: Any) -> bool:
        """Whether the agent with this id is meant."""
        return self.thing is Thing.AGENT and number == self.id

    def is_group(self, number: Any) -> bool:
        """Whether the group with this id is meant."""
        return self.thing is Thing.GROUP and number == self.id

    def is_field(self, code: Any) -> bool:
        """Whether the field with this code is meant."""
        return self.thing is Thing.FIELD and code == self.code

    def is_status(self, code: Any) -> bool:
        """Whether the status with this code is meant."""
        return self.thing is Thing.STATUS and code == self.code

    def is_tag(self, code: Any) -> bool:
        """Whether the tag with this code is meant."""
        return self.thing is Thing.TAG and code == self.code

    def is_hours(self, number: Any) -> bool:
        """Whether the business hours with this id are meant."""
        return self.thing is Thing.HOURS and number == self.id

    def is_chosen(self, field: Field | None, value: Any) -> bool:
        """Whether they are chosen by `value`, as stored or entered, in a field for people or groups."""
        kinds = {Thing.AGENT: FieldKind.PERSON, Thing.GROUP: FieldKind.GROUP}
        return field is not None and kinds.get(self.thing) is field.kind and str(value) == str(self.id)


@dataclass(frozen=True)
class NamedPlace:
    """A place of an extension, called `title`, on `form`."""

    form: Form
    title: str
    place: Place


def places_naming(session: Session, thing: User | Group | Tag | BusinessHours | Field | Status) -> list[NamedPlace]:
    """Every place in which extensions name `thing`, on the forms they are on for, by form. It only reads."""
    runtime, found = runtime_of(session), list[NamedPlace]()
    if isinstance(thing, User | Group | Tag | BusinessHours):
        named = Named(Thing.TAG, code=thing.code) if isinstance(thing, Tag) else _whom(thing)
        forms: Sequence[Form] = [form for form in all_forms(session) if form.archived_at is None]
    else:
        named = Named(Thing.FIELD if isinstance(thing, Field) else Thing.STATUS, code=thing.code)
        forms = [session.get_one(Form, thing.form_id)]
    for form in sorted(forms, key=lambda form: form.name.casefold()):
        for plugin in runtime.executor.enabled(form, session):
            places = runtime.executor.ask(plugin, "places_naming", form, session, named=named) or ()
            found += [NamedPlace(form, name_of(session, plugin), place) for place in places]
    return found


def _whom(thing: User | Group | BusinessHours) -> Named:
    if isinstance(thing, BusinessHours):
        return Named(Thing.HOURS, id=thing.id)
    return Named(Thing.AGENT if isinstance(thing, User) else Thing.GROUP, id=thing.id)
