"""What an action is, in typed words: who may run it, what it asks for, whom it assigns to, what it writes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from plugdesk.api import Field, FieldKind
from plugdesk_workflow.models import Action

"""The languages an action can be named in: those of the desk's pages."""


class AskKind(StrEnum):
    """What an action asks for: a text, files, a field of the form, or a field of its own."""

    TEXT = "text"
    FILES = "files"
    FIELD = "field"
    OWN = "own"


OWN_KINDS = (
    FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.NUMBER, FieldKind.MONEY, FieldKind.DATE, FieldKind.CHOICE, FieldKind.CHECK,
    FieldKind.EMAIL, FieldKind.PHONE, FieldKind.LINK, FieldKind.PERSON,
)  # fmt: skip
"""The kinds a field of an action's own can have."""


@dataclass(frozen=True)
class Ask:
    """One thing asked for. `code` names a field; `label`, `field_kind` and `choices` are those of a field of the action's own."""

    kind: AskKind
    required: bool = False
    code: str = ""
    label: str = ""
    field_kind: FieldKind = FieldKind.TEXT
    choices: tuple[Mapping[str, str], ...] = ()

    @property
    def name(self) -> str:
        """What its control on a page is called."""
        return f"{self.kind}-{self.code}" if self.code else str(self.kind)

    def as_field(self) -> Field:
        """A field of the action's own as one of a form, so that it is read and shown by the same functions; it is not stored."""
        return Field(kind=self.field_kind, code=self.code, label=self.label, choices=[dict(each) for each in self.choices])


class How(StrEnum):
    """Whom an action gives the ticket to."""

    LEAVE = "leave"
    CHOSEN = "chosen"
    PERSON = "person"
    GROUP = "group"
    LEAST_LOADED = "least_loaded"
    ROUND_ROBIN = "round_robin"
    WHO_ACTS = "who_acts"
    NOBODY = "nobody"


FROM_GROUP = (How.GROUP, How.LEAST_LOADED, How.ROUND_ROBIN)


@dataclass(frozen=True)
class Assignment:
    how: How = How.LEAVE
    person: int | None = None
    group: int | None = None


@dataclass(frozen=True)
class Who:
    """Who may run it: every agent of the form, members of groups, the assignee; the customer, in the portal."""

    agents: bool = True
    groups: tuple[int, ...] = ()
    assignee: bool = False
    customer: bool = False


NOBODY = Who(agents=False)
"""Who runs an action that only ever runs by itself."""


@dataclass(frozen=True)
class Ordered:
    """What an extension is to do: the step's code, and what was filled in for it."""

    code: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Does:
    """What comes of it. `values` are as somebody would enter them, tags go by code; `note` and the subtask's texts are templates, in HTML."""

    status: str = ""
    assignment: Assignment = Assignment()
    values: Mapping[str, Any] = field(default_factory=dict)
    watchers: tuple[int, ...] = ()
    add_tags: tuple[str, ...] = field(default=(), kw_only=True)
    remove_tags: tuple[str, ...] = field(default=(), kw_only=True)
    note: str = ""
    subtask_to: int | None = None
    subtask_subject: str = ""
    subtask_body: str = ""
    delete: bool = False
    quietly: bool = False
    steps: tuple[Ordered, ...] = ()
    subtask_group: int | None = field(default=None, kw_only=True)

    @property
    def asks_colleagues(self) -> bool:
        """Whether it opens a subtask: for a person, for whoever of a group takes it, or both."""
        return self.subtask_to is not None or self.subtask_group is not None


class Recipient(StrEnum):
    """Whom a letter can go to; besides, "address:…" and "field:CODE"."""

    CUSTOMER = "customer"
    ASSIGNEE = "assignee"
    GROUP = "group"
    SUPERVISOR = "supervisor"
    WATCHERS = "watchers"


ADDRESS, PERSON_FIELD = "address:", "field:"


@dataclass(frozen=True)
class Letter:
    """A letter by template: `to` are recipients, `subject` (not for the customer, who reads on in the thread) and `body` templates.

    `files` says whether what was attached goes along; `link` that what the customer gets leads to their request, where the text stands.
    """

    to: tuple[str, ...]
    body: str
    subject: str = ""
    files: bool = False
    link: bool = False

    @property
    def to_customer(self) -> bool:
        return Recipient.CUSTOMER in self.to


class Since(StrEnum):
    """What the time of an automatic action counts from: the ticket's coming into the status, the last thing said or done, a field."""

    STATUS = "status"
    LAST = "last"
    FIELD = "field"


class Unit(StrEnum):
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"


DATES = (FieldKind.DATE, FieldKind.DATE_TIME)
"""The kinds of the fields it can count from."""


@dataclass(frozen=True)
class Automatic:
    """When an action runs by itself: so long after what it counts from, or `before` what the field called `field` says.

    `hours` are the business hours it counts by; without them it counts by the clock.
    """

    since: Since
    amount: int
    unit: Unit = Unit.DAYS
    before: bool = False
    field: str = ""
    hours: int | None = None

    @property
    def delay(self) -> timedelta:
        """The time to add to what it counts from."""
        length = timedelta(**{str(self.unit): self.amount})
        return -length if self.before else length


@dataclass(frozen=True)
class Definition:
    who: Who = Who()
    asks: tuple[Ask, ...] = ()
    does: Does = Does()
    letters: tuple[Letter, ...] = ()
    automatic: Automatic | None = None

    @property
    def asks_first(self) -> bool:
        """Whether it asks for something before it is run."""
        return bool(self.asks) or self.does.assignment.how is How.CHOSEN

    def asks_for(self, kind: AskKind) -> bool:
        return any(each.kind is kind for each in self.asks)


def read(action: Action) -> Definition:
    """What the stored action says."""
    who, does = action.who, action.does
    assignment = does.get("assignment") or {}
    return Definition(
        Who(who.get("agents", True), tuple(who.get("groups", ())), who.get("assignee", False), who.get("customer", False)),
        tuple(
            Ask(
                AskKind(each["kind"]), each.get("required", False), each.get("code", ""), each.get("label", ""),
                FieldKind(each.get("field_kind", FieldKind.TEXT)), tuple(each.get("choices", ())),
            )
            for each in action.asks
        ),
        Does(
            status=does.get("status", ""),
            assignment=Assignment(How(assignment.get("how", How.LEAVE)), assignment.get("person"), assignment.get("group")),
            add_tags=tuple(does.get("add_tags", ())), remove_tags=tuple(does.get("remove_tags", ())),
            values=does.get("values", {}), watchers=tuple(does.get("watchers", ())), note=does.get("note", ""),
            subtask_to=does.get("subtask_to"), subtask_group=does.get("subtask_group"), subtask_subject=does.get("subtask_subject", ""),
            subtask_body=does.get("subtask_body", ""), delete=does.get("delete", False), quietly=does.get("quietly", False),
            steps=tuple(Ordered(each["code"], each["options"]) for each in does.get("steps", ())),
        ),
        tuple(
            Letter(tuple(each["to"]), each["body"], each.get("subject", ""), each.get("files", False), each.get("link", False))
            for each in action.letters
        ),
        _automatic(action.automatic),
    )  # fmt: skip


def _automatic(stored: Mapping[str, Any] | None) -> Automatic | None:
    if stored is None:
        return None
    return Automatic(
        Since(stored["since"]), stored["amount"], Unit(stored["unit"]), stored.get("before", False), stored.get("field", ""),
        stored.get("hours"),
    )  # fmt: skip


def plain(definition: Definition) -> dict[str, Any]:
    """The columns of an action that `read` reads."""
    does = definition.does
    assignment = {"how": str(does.assignment.how), "person": does.assignment.person, "group": does.assignment.group}
    asks = [
        {"kind": str(each.kind), "required": each.required, "code": each.code, "label": each.label}
        | (
            {"field_kind": str(each.field_kind), "choices": [dict(one) for one in each.choices]}
            if each.kind is AskKind.OWN
            else {}
        )
        for each in definition.asks
    ]
    return {
        "who": {**definition.who.__dict__, "groups": list(definition.who.groups)},
        "asks": asks,
        "does": {
            **does.__dict__,
            "assignment": assignment,
            "watchers": list(does.watchers),
            "values": dict(does.values),
            "steps": [{"code": each.code, "options": dict(each.options)} for each in does.steps],
        },
        "letters": [{**each.__dict__, "to": [str(one) for one in each.to]} for each in definition.letters],
        "automatic": plain_automatic(definition.automatic),
    }


def plain_automatic(automatic: Automatic | None) -> dict[str, Any] | None:
    """The column that says when an action runs by itself."""
    if automatic is None:
        return None
    return {**automatic.__dict__, "since": str(automatic.since), "unit": str(automatic.unit)}
