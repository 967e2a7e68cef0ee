"""What plugins may add to the pages, as typed values, returned from the hook `pages`.

Functions run through the executor: one that fails is left out, agents see a box that names it, customers nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from flask import Blueprint, Response
from werkzeug.datastructures import MultiDict

from plugdesk.forms.models import Form
from plugdesk.plugins.context import Context
from plugdesk.runtime import Runtime
from plugdesk.tickets.models import Message, Ticket
from plugdesk.users.models import User

Concerns = Callable[[Any], sa.ColumnElement[bool]]
"""Of the columns of a ticket's row (`ticket.id`, `ticket.form_id` …), whether there may be something for this ticket, as SQL:
`sa.exists().where(Visit.ticket_id == ticket.id)`. The ticket's page asks all of them with a query that it makes anyway, and
leaves out what they deny."""


SeenBy = Callable[[Context, User], sa.ColumnElement[bool]]
"""Of a viewer who is no admin of the form, on which of its tickets something is shown to them, as SQL over `Ticket`; `sa.true()` for
all of them, `sa.false()` for none. Admins of the form see it in any case."""


def _check(concerns: Concerns | None) -> None:
    """What is wrong with the question shows when the plugin is loaded, not on a ticket's page."""
    if concerns is not None and not isinstance(concerns(Ticket.__table__.c), sa.ColumnElement):
        raise TypeError("concerns(ticket) must return a condition of SQL, of the columns of a ticket's row")


@dataclass(frozen=True)
class Panel:
    """A panel beside the ticket. `show(ctx, ticket, viewer)` returns the template (`csat:panel.html`) and its values, or None.

    `seen_by` says who gets it: every agent of the form, or its admins alone. `concerns` spares the page the question where
    there is nothing to show, see `Concerns`.
    """

    name: str
    title: Any
    show: Callable[[Context, Ticket, User], tuple[str, Mapping[str, Any]] | None]
    seen_by: Literal["agents", "form admins"] = "agents"
    concerns: Concerns | None = None

    def __post_init__(self) -> None:
        _check(self.concerns)


@dataclass(frozen=True)
class CustomerPanel:
    """A panel on the customer's card. `show(ctx, customer, viewer)` returns the template and its values, or None.

    Shown to agents of a form where the extension is on, who may see the customer; asked once, on the first such form.
    """

    name: str
    title: Any
    show: Callable[[Context, User, User], tuple[str, Mapping[str, Any]] | None]


@dataclass(frozen=True)
class Cell:
    """What stands in one cell of a list: a text, perhaps toned, or an icon with the text as its name."""

    text: str = ""
    tone: str = ""
    icon: str = ""
    title: str = ""


@dataclass(frozen=True)
class Column:
    """A column of ticket lists, in one of two ways.

    From facts: `facts` names this plugin's facts, whose values come with the list's own query, and `cell(values)` makes a
    cell of one ticket's values by name (or None), `cell_of(ctx, values)` where it also takes the present moment or the
    settings; it costs no query at all. Or by `cells(ctx, tickets)`, which gets the
    whole page of one form's tickets and returns id → `Cell`.

    `seen_by` says who gets it: every agent of the form, its admins alone, or whom a function admits, see `SeenBy`. A column
    `only_where_filled` is left out of lists in which all of its cells are empty.

    By a click on its title lists are ordered by `earliest_by`, one of its facts that is a moment: the earliest first.
    """

    name: str
    title: Any
    cells: Callable[[Context, Sequence[Ticket]], Mapping[int, Cell]] | None = None
    facts: Sequence[str] = ()
    cell: Callable[[Mapping[str, Any]], Cell | None] | None = None
    cell_of: Callable[[Context, Mapping[str, Any]], Cell | None] | None = None
    seen_by: Literal["agents", "form admins"] | SeenBy = "agents"
    only_where_filled: bool = False
    earliest_by: str = ""

    @property
    def is_from_facts(self) -> bool:
        return self.cell is not None or self.cell_of is not None

    def cell_from(self, ctx: Context, values: Mapping[str, Any]) -> Cell | None:
        """The cell of one ticket, from the values of its facts."""
        if self.cell_of is not None:
            return self.cell_of(ctx, values)
        return self.cell(values) if self.cell is not None else None


@dataclass(frozen=True)
class CustomerMarks:
    """What stands beside customers where they are looked up, by name, address or number: the command palette, the search, the list
    of customers, fields that ask for one.

    `marks(ctx, customers, viewer)` gets all that were found and returns the cells of each, by the customer's id. Shown to agents of
    a form where the extension is on; asked once, on the first such form.
    """

    name: str
    marks: Callable[[Context, Sequence[User], User], Mapping[int, Sequence[Cell]]]


@dataclass(frozen=True)
class Action:
    """A button on the ticket: `run(ctx, ticket, agent)` calls a command and returns the sentence for the toast.

    `concerns` spares the page the question whether it is offered where it never is, see `Concerns`.
    """

    name: str
    title: Any
    icon: str
    run: Callable[[Context, Ticket, User], str]
    offered: Callable[[Context, Ticket, User], bool] = lambda ctx, ticket, agent: True
    concerns: Concerns | None = None

    def __post_init__(self) -> None:
        _check(self.concerns)


@dataclass(frozen=True)
class Button:
    """One of `FormActions` as a page shows it. `code` is stable: rights name it, as PLUGIN:CODE.

    A press posts to `url`, a page of the plugin's own. One that `asks` for something leads there first: to a page, which with
    script comes as a sheet over the ticket (`page(…, fragment=…)` with the dialog).
    """

    code: str
    title: str
    icon: str = ""
    url: str = ""
    asks: bool = False


@dataclass(frozen=True)
class Together:
    """How an action that asks for something is run on several tickets of a form, which are asked for once.

    `ask(ctx, tickets, agent, code, typed)` returns the template of what is asked for and its values, for a page whose form and
    buttons are the desk's; among the values `behaviors` are those of the form. `typed` is what was typed so far, empty at first;
    after a refusal the template also has `problems`, by the controls' names, and `lost_files`, whether files are to be chosen
    again. `run(ctx, ticket, agent, code, typed)` runs the action on one of the tickets with what was typed, or raises a refusal
    in words, which is told beside the ticket. What was uploaded goes by its keys, `attachment`; each ticket gets a copy.
    """

    ask: Callable[[Context, Sequence[Ticket], User, str, MultiDict[str, str]], tuple[str, Mapping[str, Any]]]
    run: Callable[[Context, Ticket, User, str, MultiDict[str, str]], object]


@dataclass(frozen=True)
class FormActions:
    """Actions that differ from form to form and from ticket to ticket.

    `every(ctx)` are all of a form, for the matrix of its rights; `offered(ctx, ticket, agent)` those that stand on the ticket
    as buttons: asked once a page, it leaves out what `can_run` refuses. With `run(ctx, ticket, agent, code)` those that ask for
    nothing are offered in lists, too, for several tickets at once: it runs the action of that code on one of them, or raises a
    refusal in words (`Conflict`, `NotAllowed`, `Invalid`), which is told beside the ticket. With `together` those that ask are
    offered there, too, see `Together`. `concerns` spares the page the question where there are none, see `Concerns`.
    """

    name: str
    every: Callable[[Context], Sequence[Button]]
    offered: Callable[[Context, Ticket, User], Sequence[Button]]
    run: Callable[[Context, Ticket, User, str], object] | None = None
    concerns: Concerns | None = None
    together: Together | None = None

    def __post_init__(self) -> None:
        _check(self.concerns)


@dataclass(frozen=True)
class SearchWord:
    """A word of the search box: `rating:2`. `names` are its spellings, `read(ctx, viewer, value)` the condition on `Ticket` that a value means.

    It is asked for each form where the extension is on and that `viewer` works on, and holds for tickets of that form alone; None says
    that the value means nothing. A field of a form with such a code is meant before it. `example` and `meaning` stand in the help.
    """

    names: Sequence[str]
    read: Callable[[Context, User, str], sa.ColumnElement[bool] | None]
    example: str = ""
    meaning: Any = ""

    @property
    def name(self) -> str:
        return self.names[0]


@dataclass(frozen=True)
class Offer:
    """Something a `ComposerTool` can put into what is written: its `code` there, its `title`, where it belongs and how it begins."""

    code: str
    title: str
    place: str = ""
    text: str = ""


@dataclass(frozen=True)
class ComposerTool:
    """Texts to put into what an agent writes on a ticket: a button of the composer that opens a list to search in.

    `offers(ctx, ticket, agent, query)` are those that hold what was typed, the best first. `insert(ctx, ticket, agent, code)`
    returns the chosen one as HTML that is safe to show, filled for this ticket; it may call a command, to count the use, and
    raises `NotFound` where there is none. `key` is a sign that opens the list, too, typed at the beginning of a word. Nothing
    is asked before the list is opened.
    """

    name: str
    title: Any
    icon: str
    offers: Callable[[Context, Ticket, User, str], Sequence[Offer]]
    insert: Callable[[Context, Ticket, User, str], str]
    key: str = ""


@dataclass(frozen=True)
class MessageAction:
    """A button on messages of a ticket that leads to a page of the plugin's.

    `urls(ctx, ticket, messages, agent)` gets all messages the page shows and returns the address for each that has the button,
    by the message's id.
    """

    name: str
    title: Any
    icon: str
    urls: Callable[[Context, Ticket, Sequence[Message], User], Mapping[int, str]]


@dataclass(frozen=True)
class HistoryLine:
    """How an event of the plugin's own, recorded with `ctx.journal(kind, ticket=…)`, is told on the ticket, among all else that happened.

    `words` is a text to translate, filled with the event's data and with `name`, who did it: `lazy_gettext("%(name)s weighed %(what)s")`.
    It is told where the extension is off by now, too: it happened.
    """

    kind: str
    icon: str
    words: Any


@dataclass(frozen=True)
class NavItem:
    """A page of the plugin in the left panel, or (place "form") among the settings of each form where it is on.

    One on the desk is shown to every agent of a form where the extension is on; with `shown(ctx, viewer)` to those of whom that says
    so, asked on these forms in turn until one says yes.
    """

    title: Any
    icon: str
    endpoint: str
    place: Literal["desk", "form", "settings"] = "desk"
    shown: Callable[[Context, User], bool] | None = None


@dataclass(frozen=True)
class ListTool:
    """A button above lists of tickets, views and what was searched for, for agents of a form where the extension is on.

    It leads to the page `endpoint`, whose address says which list it was by `view`, `form` and `q`: see `plugdesk_web.api.read_list`.
    """

    title: Any
    icon: str
    endpoint: str


@dataclass(frozen=True)
class Banner:
    """Something above every page of agents while it goes on: `show(ctx, viewer)` returns a template and its values, or None.

    Asked on the desk, where the extension is on for it; it is part of every page, so it must cost next to nothing.
    """

    name: str
    show: Callable[[Context, User], tuple[str, Mapping[str, Any]] | None]


@dataclass(frozen=True)
class DashboardCard:
    """A card above the reports: `show(ctx)` returns a template and its values."""

    name: str
    title: Any
    show: Callable[[Context], tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Pages:
    """The plugin's own pages. The blueprint's addresses are relative to the plugin's place:

    "form": `/forms/SLUG/x/ID/…` for agents (and admins, see `plugdesk_web.api.form_admin_only`); "public": `/p/SLUG/ID/…`
    for anybody; "app": `/x/ID/…`; "inbound": `/in/ID/…` for vendors' webhooks; "site": `/ADDRESS/…` for anybody, a site of
    all forms together under the word the manifest names as `address`. Where the extension is off (for a site: on every form)
    they answer 404 before any of its code runs.

    Public pages `with_own_tokens` look after that themselves: what they post carries a token of theirs instead of one that is
    bound to a cookie, which a browser does not send from a frame on another site. Such a page never asks who is signed in.

    Pages of a site that stand `in_frames` work in a frame on another site, too, which sends no cookie: who is signed in there lies in
    the address, see `plugdesk_web.api.framed`. They ask for nobody but the customer. Which sites may frame them, they say by `frameable`.

    A refusal where a frame was to be (pages `in_frames`, and those with `_embed` in their address) is words and nothing to press, which any
    site may show: its visitors read them instead of the browser's own refusal.

    A site with an `entrance`, the words of a link to its first page, is where whoever was refused something on a page for customers is led.

    What is posted to pages that `reads_first` begins by reading, and holds up no writer until they call `begin_writing`.

    A site may answer a GET without a cookie by `quick(runtime, environ)` (a WSGI environment), before anything else is asked: with
    a page that it keeps, if it has looked itself whether the extension is on. An inbound page may so answer a vendor's POST,
    and a public one a POST without a cookie: it refuses a flood. None leaves it to the blueprint; so does what is raised, which counts
    on the extension's health. Whoever has read the body by then puts it back as `wsgi.input`.
    """

    blueprint: Blueprint
    place: Literal["form", "public", "app", "inbound", "site"] = "form"
    with_own_tokens: bool = False
    reads_first: bool = False
    in_frames: bool = False
    entrance: Any = None
    quick: Callable[[Runtime, MutableMapping[str, Any]], Response | None] | None = None


@dataclass(frozen=True)
class Contributed:
    """A contribution and the plugin it came from."""

    plugin: str
    what: Any


def contributed(registry: Any, kind: type) -> Sequence[Contributed]:
    """Every contribution of one kind, in the plugins' order."""
    read, kinds = _kinds.get(registry, ([], {}))
    if read != registry.pages:  # a page asks ten times: sorted by kind again only when they have changed
        read, kinds = _kinds[registry] = list(registry.pages), {}
    if kind not in kinds:
        kinds[kind] = tuple(Contributed(plugin, each) for plugin, each in read if isinstance(each, kind))
    return kinds[kind]


_kinds: WeakKeyDictionary[Any, tuple[list[Any], dict[type, Sequence[Contributed]]]] = WeakKeyDictionary()


__all__ = [
    "Action",
    "Banner",
    "Button",
    "Cell",
    "Column",
    "ComposerTool",
    "Contributed",
    "CustomerMarks",
    "CustomerPanel",
    "DashboardCard",
    "Form",
    "FormActions",
    "HistoryLine",
    "ListTool",
    "MessageAction",
    "NavItem",
    "Offer",
    "Pages",
    "Panel",
    "SearchWord",
    "SeenBy",
    "contributed",
]
