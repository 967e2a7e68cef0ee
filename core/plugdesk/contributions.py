"""What a plugin may add to the desk, as typed values. Pages' own kinds (panels, columns …) stand in `plugdesk_web.api`.

A plugin hands these over from contribution hooks, which are asked once, at start-up; where its extension is off, the
desk leaves them out by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa

from plugdesk.variables import Value

if TYPE_CHECKING:
    import click

    from plugdesk.plugins.context import Context
    from plugdesk.runtime import Runtime
    from plugdesk.tickets.models import Message
    from plugdesk.users.models import User

ValueType = Literal["text", "number", "moment", "date", "choice", "check", "person"]


@dataclass(frozen=True)
class JobKind:
    """A kind of stored work. `run(ctx, **args)` does it; jobs run at least once, so it first asks whether it is done.

    A job that fails is tried again up to `max_tries` times with growing delay, then parked on the System page. One that
    is still running after `lease` is put aside.
    """

    name: str
    run: Callable[..., Any]
    max_tries: int = 8
    lease: timedelta = timedelta(minutes=5)


@dataclass(frozen=True)
class Timer:
    """Recurring work: `run(ctx)` about every `every`, once for each form where the extension is on, or once for the desk."""

    name: str
    every: timedelta
    run: Callable[[Context], Any]
    per: Literal["form", "desk"] = "form"


@dataclass(frozen=True)
class Service:
    """Something that listens all the time: a mailbox's IDLE, a messenger's long poll.

    `run(runtime, stop)` runs in a thread of its own, in exactly one worker process of the desk, until `stop` is set; when
    it ends or raises it is started again after a while. It opens its own sessions, and leaves the work to jobs.
    """

    name: str
    run: Callable[[Runtime, Event], Any]


@dataclass(frozen=True)
class Limits:
    """What a channel can carry. `None` means no limit. Sizes in bytes, lengths in characters."""

    text: int | None = None
    file_size: int | None = None
    files: int | None = None


@dataclass(frozen=True)
class Channel:
    """A way messages travel.

    `deliver(ctx, message)` hands one outgoing message over; it runs in a job and calls `ctx.checkpoint()` before it
    talks to the outside. It returns the channel's own id of the message, or raises `Undeliverable` (final),
    `RetryLater`, or `MaybeSent`. `reaches(ctx, customer)` says whether the customer can be written to this way.
    `ready(ctx)` says in a sentence what is missing before anything can be sent, or nothing.
    """

    name: str
    title: str
    icon: str
    deliver: Callable[[Context, Message], str | None]
    reaches: Callable[[Context, User], bool]
    ready: Callable[[Context], str | None] = lambda ctx: None
    limits: Limits = Limits()
    rich_text: bool = True
    copies: bool = False


class Undeliverable(Exception):
    """The message cannot be delivered, and trying again would not help. The text is shown on the message."""


class MaybeSent(Exception):
    """The message was handed over and no answer came: nobody can know. Shown with *Send again*, never repeated by itself."""


@dataclass(frozen=True)
class Fact:
    """A typed, named value of a ticket: conditions, filters, sortable columns and search words come from it.

    `sql(ticket)` gives the expression that finds it, `ticket` being the `Ticket` entity of the query around it.
    """

    name: str
    title: str
    type: ValueType
    sql: Callable[[Any], sa.ColumnElement[Any]]
    choices: Callable[[], Sequence[tuple[str, str]]] | None = None


@dataclass(frozen=True)
class Variables:
    """The names of one `${namespace:name}`.

    `names` maps a name to what it is, for the help beside a template. `values(ctx, ticket, **about)` gives the values
    for one text; a value of type `SafeHtml` is put into HTML as it is.
    """

    namespace: str
    names: Mapping[str, str]
    values: Callable[..., Mapping[str, Value]]


@dataclass(frozen=True)
class Step:
    """Something an action, a rule or an automation can do to a ticket: `run(ctx, ticket, **options)`."""

    name: str
    title: str
    run: Callable[..., Any]
    options: type | None = None


@dataclass(frozen=True)
class Command:
    """A command line of the plugin: `plugdesk <plugin> <name>`, or `plugdesk <name>` at the `top`. `command` is a click command.

    One decorated with `plugdesk.api.pass_runtime` is given the `Runtime` first and opens its own sessions; others start
    without a database. Only a plugin whose scope is the app may stand at the top, and only under its own id.
    """

    command: click.Command
    top: bool = False


@dataclass(frozen=True)
class SettingsPage:
    """What a plugin's settings need beyond the generated form: a place of its own, linked from there."""

    title: str
    endpoint: str


@dataclass(frozen=True)
class Change:
    """One line of *what will change* when an extension is switched on or off."""

    text: str
    tone: Literal["", "green", "amber", "red"] = ""


@dataclass(frozen=True)
class HealthLine:
    """One thing the System page should know of: a mailbox, a bot. `problem` names the remedy; empty means well."""

    title: str
    state: str
    problem: str = ""
    last_success: datetime | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
