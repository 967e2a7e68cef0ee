"""Who and what the demo company consists of, with keys instead of ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from .papers import Attachment
from .script import Gender

Role = Literal["admin", "form_admin", "supervisor", "agent", "customer"]
Value = str | bool

FORM_OF_BOT = "support"  # the form whose customers may write in the messenger


class StepKind(StrEnum):
    """What happens in a step, and which parts of it are filled in."""

    LETTER = "letter"  # who: customer; text, html, attachments; the first one opens the ticket
    REPLY = "reply"  # who: agent; text, html, attachments
    NOTE = "note"  # who: agent; text
    ACCEPT = "accept"  # who: agent, who has the ticket from now on; status
    ASSIGN = "assign"  # who: agent; assignee: key of an agent or a group; status, if it changes
    STATUS = "status"  # who: agent; status: code
    FIELDS = "fields"  # who: agent; values
    RATING = "rating"  # who: customer; score 5…1; text: the comment, may be empty


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened on a ticket at a moment in UTC; `who` is the key of a customer or an agent."""

    at: datetime
    ticket: str
    kind: StepKind
    who: str
    text: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    status: str = ""
    assignee: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)
    score: int = 0
    automatic: bool = False


@dataclass(frozen=True)
class Field:
    """A question of a form. `type` is text, choice, checkmark or money; `choices` pairs codes with labels."""

    code: str
    label: str
    type: str
    help: str = ""
    required: bool = False
    agent_only: bool = False
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Status:
    """A status of a form and its kind: new, open, pending, resolved or closed; `names` in every language."""

    code: str
    name: str
    kind: str
    names: Mapping[str, str]


@dataclass(frozen=True)
class Form:
    """A door tickets come in through, its mailbox, its responsible group, and whether customers are asked for a rating."""

    key: str
    name: str
    address: str
    sender: str
    group: str
    rating: bool
    fields: tuple[Field, ...]
    statuses: tuple[Status, ...]


@dataclass(frozen=True)
class Group:
    """Agents who share work; `supervisor` is an agent's key."""

    key: str
    name: str
    supervisor: str


@dataclass(frozen=True)
class Agent:
    """Who answers. `forms` and `administers` are keys of forms, `share` is the part of the work this agent takes."""

    key: str
    name: str
    email: str
    gender: Gender
    groups: tuple[str, ...]
    forms: tuple[str, ...]
    administers: tuple[str, ...]
    is_admin: bool
    share: int

    @property
    def first_name(self) -> str:
        return self.name.split()[0]


@dataclass(frozen=True)
class Organization:
    """The company customers belong to."""

    key: str
    name: str
    domain: str
    country: str


@dataclass(frozen=True)
class Customer:
    """Who asks. `kind` is person or company; `shop` and `at_shop` are how the place is written and spoken of.

    `messenger` is the messenger's number of them, None for those who write letters only.
    """

    key: str
    first_name: str
    last_name: str
    email: str
    phone: str
    language: str
    country: str
    gender: Gender
    organization: str | None
    shop: str
    at_shop: str
    messenger: int | None

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def kind(self) -> Literal["person", "company"]:
        return "company" if self.organization else "person"


@dataclass(frozen=True)
class Ticket:
    """A request and everything that happened on it, in order of time. `values` are the fields as it was opened."""

    key: str
    form: str
    customer: str
    subject: str
    channel: Literal["email", "web", "telegram"]
    scenario: str
    values: Mapping[str, Value]
    steps: tuple[Step, ...]

    @property
    def opened_at(self) -> datetime:
        return self.steps[0].at

    @property
    def status(self) -> str:
        """The code of the status it ends with."""
        return next((step.status for step in reversed(self.steps) if step.status), "new")

    @property
    def is_open(self) -> bool:
        return self.status not in ("resolved", "closed")


@dataclass(frozen=True)
class Company:
    """Everything, with keys instead of ids. `roles` names one person for each role, to sign in as; `tags` have a name and a colour,
    the first one is for customers."""

    name: str
    about: str
    language: str
    time_zone: str
    domain: str
    forms: tuple[Form, ...]
    groups: tuple[Group, ...]
    agents: tuple[Agent, ...]
    organizations: tuple[Organization, ...]
    customers: tuple[Customer, ...]
    tickets: tuple[Ticket, ...]
    tags: tuple[tuple[str, str], ...]
    roles: Mapping[Role, str]

    @property
    def steps(self) -> list[Step]:
        """All steps of all tickets in the order they happened."""
        return sorted((step for ticket in self.tickets for step in ticket.steps), key=lambda step: step.at)
