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
    from sqlalchemy.orm import Session

    from plugdesk.channels.updates import Update
    from plugdesk.forms.models import Field
    from plugdesk.plugins.context import Context
    from plugdesk.runtime import Runtime
    from plugdesk.tickets.attachments import NewFile
    from plugdesk.tickets.models import Message, Ticket
    from plugdesk.users.models import User

ValueType = Literal["text", "number", "moment", "date", "choice", "choices", "check", "person"]


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
class Rate:
    """At most `count` messages in `seconds` over time, of which `burst` may go at once."""

    count: int
    seconds: float = 1.0
    burst: int = 1


@dataclass(frozen=True)
class Limits:
    """What a channel can carry. `None` means no limit. Sizes in bytes.

    `text` counts what `length` counts, characters where nothing is said; a longer text leaves in parts. `reply_window` is
    how long after the customer's last word they can be written to. `per_chat` and `per_account` say how fast.
    """

    text: int | None = None
    file_size: int | None = None
    files: int | None = None
    length: Callable[[str], int] = len
    reply_window: timedelta | None = None
    per_chat: Rate | None = None
    per_account: Rate | None = None


@dataclass(frozen=True)
class Channel:
    """A way messages travel.

    `deliver(ctx, message)` hands one outgoing message over; it runs in a job and calls `ctx.checkpoint()` before it
    talks to the outside. It returns the channel's own id of the message, or raises `Undeliverable` (final),
    `RetryLater`, or `MaybeSent`. `reaches(ctx, customer)` says whether the customer can be written to this way.
    `ready(ctx)` says in a sentence what is missing before anything can be sent, or nothing.

    A channel whose vendor hands over updates keeps each with `keep_update` before it acknowledges it; `take(ctx, waiting)`
    reads the first of the updates that wait in one chat, and as many after it as belong to it, and returns how many.
    It runs in a job, one at a time for each chat, and may call `ctx.checkpoint()` before it talks to the outside.

    Where messages can be changed after they were delivered, `change(ctx, message)` tells the other side what it says now
    and `withdraw(ctx, message)` that it is gone; `typing(ctx, ticket)` shows that somebody is writing. The three run in
    jobs and raise `Undeliverable` or `RetryLater`.

    `connect(ctx, customer)` gives the address of one's own by which a customer becomes known on the channel, or nothing where they are
    already or the form lacks something. Pages ask whenever they are drawn: it stores nothing, and does not wait.

    `numbered` says that the vendor counts its updates up: those that wait are read in its order, also when a later one came first.
    `in_order` says that a message waits for those before it on its ticket, `buttons` that the customer can press buttons
    under a message (see `Block`), `copies` that a message can go to others as well, `rich_text` that it can be formatted.
    """

    name: str
    title: str
    icon: str
    deliver: Callable[[Context, Message], str | None]
    reaches: Callable[[Context, User], bool]
    ready: Callable[[Context], str | None] = lambda ctx: None
    take: Callable[[Context, Sequence[Update]], int] | None = None
    change: Callable[[Context, Message], None] | None = None
    withdraw: Callable[[Context, Message], None] | None = None
    typing: Callable[[Context, Ticket], None] | None = None
    connect: Callable[[Context, User], str | None] | None = None
    limits: Limits = Limits()
    rich_text: bool = True
    copies: bool = False
    buttons: bool = False
    in_order: bool = False
    numbered: bool = False


class Undeliverable(Exception):
    """The message cannot be delivered, and trying again would not help. The text is shown on the message."""


class MaybeSent(Exception):
    """The message was handed over and no answer came: nobody can know. Shown with *Send again*, never repeated by itself."""


@dataclass(frozen=True)
class Fact:
    """A typed, named value of a ticket: conditions, filters, sortable columns and search words come from it.

    `sql(ticket)` gives the expression that finds it, `ticket` being the `Ticket` entity of the query around it.
    What can be chosen are the `choices()`, or, where people make them, the rows that `choices_in(session)` reads.

    A new ticket's fields are shown by conditions before there is a ticket: `before_opening(ctx, customer)` says what the fact will be
    for one of `customer` on `ctx`'s form, as far as that is known by then; without it the fact counts as empty there. It is asked
    by pages and within the opening, and does not wait.

    One that is not `offered` is nothing people ask about: it only brings along what a column of lists shows.
    """

    name: str
    title: str
    type: ValueType
    sql: Callable[[Any], sa.ColumnElement[Any]]
    choices: Callable[[], Sequence[tuple[str, str]]] | None = None
    choices_in: Callable[[Session], Sequence[tuple[str, str]]] | None = None
    before_opening: Callable[[Context, User], Any] | None = None
    offered: bool = True


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
    """Something an action, a rule or an automation can do to a ticket: `run(ctx, ticket, by, **options)`.

    It runs in a SAVEPOINT of the transaction that changes the ticket, and does not wait: what takes time it leaves to a job. `by` is
    whose act it comes of, None the desk itself. A refusal in words (`Invalid` …) stands in the ticket's history. `options` is a
    frozen dataclass of `option()`s, without secrets, which whoever chooses the step fills in; a list of rows is not among them.
    """

    name: str
    title: str
    run: Callable[..., object]
    options: type | None = None


@dataclass(frozen=True)
class CustomersQuestion:
    """One thing a customer is asked for: a "text" of several lines, "files", a "mark" of one to five, or the "field".

    `name` is what the answer is called, `value` what stands there before it is given.
    """

    name: str
    label: str
    kind: Literal["field", "text", "files", "mark"] = "field"
    required: bool = False
    field: Field | None = None
    value: Any = None


@dataclass(frozen=True)
class CustomersAction:
    """Something the customer can do with their request: at a press, or after answering `questions`. All of it in their words.

    `code` is stable within the extension; `about` is a sentence that stands above the questions.
    """

    code: str
    title: str
    icon: str = ""
    questions: Sequence[CustomersQuestion] = ()
    about: str = ""


@dataclass(frozen=True)
class CustomersAnswers:
    """What a customer has entered: values by the questions' names, as they came, and files.

    `version` is the ticket's as the page showed it, `channel` the one on which they speak; empty means that of the ticket.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    files: Sequence[NewFile] = ()
    version: int | None = None
    channel: str = ""


@dataclass(frozen=True)
class CustomerActions:
    """What customers can do themselves with their requests, wherever an extension shows them these, as the portal does.

    `offered(ctx, ticket, customer, typed)` are those that stand on the ticket now, where `typed` was entered so far, by name. `run(ctx,
    ticket, customer, code, answers)` does one and returns the sentence that tells the customer; it looks anew whether it is offered, and
    refuses in words: `Conflict` when the ticket has changed meanwhile, `Invalid` by the questions' names. The customer is the ticket's,
    and the ticket is neither deleted, merged nor a subtask.
    """

    name: str
    offered: Callable[[Context, Ticket, User, Mapping[str, Any]], Sequence[CustomersAction]]
    run: Callable[[Context, Ticket, User, str, CustomersAnswers], str]


@dataclass(frozen=True)
class ReportMetric:
    """A figure of the reports: how many of something there are, their average, or the share of those that are so.

    `rows(ctx, viewer)` selects what is counted on the form, as far as `viewer` may see it on tickets that are theirs to see (which
    tickets these are, the reports know): the columns `id`, `ticket_id`, `at` (it counts on the day of this moment) and `value`, a
    number; for a share 1 or 0. Where each belongs to somebody else than who has the ticket now, `assignee_id` and `group_id` say to
    whom. None says that the figure is not for this viewer. `note` explains it in a sentence.
    """

    name: str
    title: str
    rows: Callable[[Context, User], sa.Select[Any] | None]
    shown: Literal["number", "average", "share"] = "number"
    note: str = ""


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
