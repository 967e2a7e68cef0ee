"""Where the panels, columns and actions of extensions enter a page: only those that are on at the ticket's form."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import render_template, url_for
from markupsafe import Markup
from sqlalchemy.orm import Session, joinedload

from plugdesk.forms.models import Form
from plugdesk.forms.queries import forms_for
from plugdesk.i18n import gettext as _
from plugdesk.permissions import can_configure, can_run
from plugdesk.plugins.executor import Failed
from plugdesk.runtime import runtime_of
from plugdesk.tickets.lists import Listed, Page
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import User
from plugdesk_web.contributions import (
    Action,
    Button,
    Cell,
    Column,
    CustomerMarks,
    CustomerPanel,
    FormActions,
    ListTool,
    Panel,
    contributed,
)
from plugdesk_web.standing import Named


@dataclass(frozen=True)
class ShownPanel:
    """A panel as the ticket page draws it; `failed` draws the box that names the extension instead."""

    id: str
    title: str
    source: str
    body: Markup
    failed: bool = False


@dataclass(frozen=True)
class ShownColumn:
    """A column as the list draws it: `cells` maps a ticket's id to its cell."""

    id: str
    title: str
    cells: Mapping[int, Cell]


@dataclass(frozen=True)
class SeenColumn:
    """A column and the forms (by id) where its extension is on and the viewer may see it; `only` says on which tickets of them."""

    plugin: str
    column: Column
    on: Mapping[int, Form]
    only: Mapping[int, sa.ColumnElement[bool]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.plugin}-{self.column.name}"

    @property
    def orders(self) -> bool:
        """Whether lists can be ordered by it; not where the viewer sees it on some tickets only, which the order would tell of others."""
        return bool(self.column.earliest_by) and not self.only


def tools_of_list(session: Session, forms: Iterable[Form], arguments: Mapping[str, Any]) -> list[dict[str, str]]:
    """The buttons of extensions above a list that `arguments` asks for, of those that are on at one of `forms`, the viewer's."""
    forms = list(forms)
    return [
        {"title": str(each.what.title), "icon": each.what.icon, "url": url_for(each.what.endpoint, **arguments)}
        for each in contributed(runtime_of(session).registry, ListTool)
        if any(form.has(each.plugin) for form in forms)
    ]


def panels_of(session: Session, ticket: Ticket, viewer: User, unconcerned: Collection[Named]) -> list[ShownPanel]:
    """The panels of the extensions that are on at the ticket's form, those `viewer` may see; not the `unconcerned`."""
    runtime = runtime_of(session)
    shown = []
    for each in contributed(runtime.registry, Panel):
        panel: Panel = each.what
        if (each.plugin, Panel, panel.name) in unconcerned:
            continue
        if not ticket.form.has(each.plugin) or not _may_see(session, viewer, ticket.form, panel.seen_by):
            continue
        name = _name(runtime, each.plugin)
        result = runtime.executor.run(
            each.plugin, f"panel {panel.name}", ticket.form, session, _drawn(panel, "ticket"), ticket, viewer
        )
        if isinstance(result, Failed):
            shown.append(ShownPanel(f"{each.plugin}-{panel.name}", str(panel.title), name, Markup(), failed=True))
        elif result is not None:
            shown.append(ShownPanel(f"{each.plugin}-{panel.name}", str(panel.title), name, result))
    return shown


def customer_panels(session: Session, customer: User, viewer: User, forms: Iterable[Form]) -> list[ShownPanel]:
    """The panels of extensions on the card of `customer`, of those that are on at one of `forms`, the viewer's."""
    runtime, shown, forms = runtime_of(session), list[ShownPanel](), list(forms)
    for each in contributed(runtime.registry, CustomerPanel):
        panel: CustomerPanel = each.what
        form = next((form for form in forms if form.has(each.plugin)), None)
        if form is None:
            continue
        what, name = f"customer panel {panel.name}", _name(runtime, each.plugin)
        result = runtime.executor.run(each.plugin, what, form, session, _drawn(panel, "customer"), customer, viewer)
        if result is not None:
            body = Markup() if isinstance(result, Failed) else result
            id = f"{each.plugin}-{panel.name}"
            shown.append(ShownPanel(id, str(panel.title), name, body, failed=isinstance(result, Failed)))
    return shown


def marks_beside(session: Session, customers: Sequence[User], viewer: User) -> dict[int, list[Cell]]:
    """What extensions put beside customers that were found, by their ids; each is asked once for all of them."""
    runtime, marks = runtime_of(session), dict[int, list[Cell]]()
    for each in contributed(runtime.registry, CustomerMarks) if customers else ():
        form = next((form for form in forms_for(session, viewer) if form.has(each.plugin)), None)
        if form is None:
            continue
        asked = runtime.executor.run(
            each.plugin, f"customer marks {each.what.name}", form, session, each.what.marks, customers, viewer
        )  # fmt: skip
        for number, cells in asked.items() if isinstance(asked, Mapping) else ():
            marks.setdefault(number, []).extend(cell for cell in cells if isinstance(cell, Cell))
    return marks


def columns_seen(session: Session, viewer: User, forms: Iterable[Form]) -> list[SeenColumn]:
    """The columns of extensions that are on in at least one of `forms` where `viewer` may see them, and in which."""
    runtime, forms = runtime_of(session), list(forms)
    seen, asked = [], dict[Any, Any]()
    for each in contributed(runtime.registry, Column):
        column: Column = each.what
        on, only = dict[int, Form](), dict[int, sa.ColumnElement[bool]]()
        for form in forms:
            if not form.has(each.plugin):
                continue
            if isinstance(column.seen_by, str) or can_configure(session, viewer, form):
                if isinstance(column.seen_by, str) and not _may_see(session, viewer, form, column.seen_by):
                    continue
            else:
                key = (each.plugin, column.seen_by, form.id)
                if key not in asked:
                    asked[key] = runtime.executor.run(each.plugin, f"column {column.name}", form, session, column.seen_by, viewer)
                condition = asked[key]
                if not isinstance(condition, sa.ColumnElement) or isinstance(condition, sa.False_):
                    continue
                if not isinstance(condition, sa.True_):
                    only[form.id] = condition
            on[form.id] = form
        if on:
            seen.append(SeenColumn(each.plugin, column, on, only))
    return seen


def facts_of(columns: Iterable[SeenColumn]) -> list[str]:
    """The facts the list's query has to bring along for `columns`."""
    return [fact for seen in columns for fact in seen.column.facts]


def columns_of(session: Session, columns: Iterable[SeenColumn], page: Page) -> list[ShownColumn]:
    """`columns` with their cells for the tickets of `page`; on a form where the extension is off a cell stays empty."""
    shown, columns = [], list(columns)
    admitted: dict[Any, frozenset[int]] = {}
    whole = _whole(session, page) if not all(seen.column.is_from_facts for seen in columns) else {}
    for seen in columns:
        own = [ticket for ticket in page.tickets if ticket.form_id in seen.on]
        if any(ticket.form_id in seen.only for ticket in own):
            key = (seen.plugin, seen.column.seen_by)
            if key not in admitted:
                admitted[key] = _admitted(session, seen, own)
            own = [ticket for ticket in own if ticket.form_id not in seen.only or ticket.id in admitted[key]]
        cells = (
            _cells_from_facts(session, seen, own, page) if seen.column.is_from_facts else _cells_asked(session, seen, own, whole)
        )
        if not cells and seen.column.only_where_filled:
            continue
        shown.append(ShownColumn(seen.id, str(seen.column.title), cells))
    return shown


def _admitted(session: Session, seen: SeenColumn, tickets: Sequence[Listed]) -> frozenset[int]:
    """Which of the tickets on forms of which a part is shown are of that part; one query for all."""
    conditions = [sa.and_(Ticket.form_id == form_id, condition) for form_id, condition in seen.only.items()]
    ids = [ticket.id for ticket in tickets if ticket.form_id in seen.only]
    return frozenset(session.scalars(sa.select(Ticket.id).where(Ticket.id.in_(ids), sa.or_(*conditions))))


def _cells_from_facts(session: Session, seen: SeenColumn, tickets: Sequence[Listed], page: Page) -> dict[int, Cell]:
    """Made one form at a time, so that an extension suspended on one form keeps its cells on the others."""
    runtime, cells = runtime_of(session), dict[int, Cell]()
    for form_id, own in _by_form(tickets):
        rows = [(ticket.id, page.facts.get(ticket.id, {})) for ticket in own]

        def all_cells(ctx: Any, rows: Sequence[tuple[int, Mapping[str, Any]]] = rows) -> dict[int, Cell | None]:
            return {number: seen.column.cell_from(ctx, values) for number, values in rows}

        result = runtime.executor.run(seen.plugin, f"column {seen.column.name}", seen.on[form_id], session, all_cells)
        if isinstance(result, Mapping):
            cells.update({number: cell for number, cell in result.items() if isinstance(cell, Cell)})
    return cells


def _cells_asked(session: Session, seen: SeenColumn, tickets: Sequence[Listed], whole: Mapping[int, Ticket]) -> dict[int, Cell]:
    runtime, cells = runtime_of(session), dict[int, Cell]()
    if seen.column.cells is None:
        return cells
    for form_id, listed in _by_form(tickets):
        own = [whole[each.id] for each in listed]
        result = runtime.executor.run(
            seen.plugin, f"column {seen.column.name}", seen.on[form_id], session, seen.column.cells, own
        )
        if isinstance(result, Mapping):
            known = {each.id for each in listed}
            cells.update({number: cell for number, cell in result.items() if number in known and isinstance(cell, Cell)})
    return cells


def _whole(session: Session, page: Page) -> dict[int, Ticket]:
    """The tickets of `page` with everything about them, for extensions that make cells of that; one query for all."""
    names = (joinedload(Ticket.customer, innerjoin=True), joinedload(Ticket.assignee), joinedload(Ticket.group))
    found = session.scalars(sa.select(Ticket).where(Ticket.id.in_([each.id for each in page.tickets])).options(*names))
    return {ticket.id: ticket for ticket in found}


def _by_form(tickets: Sequence[Listed]) -> list[tuple[int, list[Listed]]]:
    forms: dict[int, list[Listed]] = {}
    for ticket in tickets:
        forms.setdefault(ticket.form_id, []).append(ticket)
    return sorted(forms.items())


def actions_of(session: Session, ticket: Ticket, agent: User, unconcerned: Collection[Named]) -> list[Button]:
    """The buttons of the extensions that are on, those that are offered on this ticket and that `agent` may press."""
    return _same_everywhere(session, ticket, agent, unconcerned) + _of_the_form(session, ticket, agent, unconcerned)


def _same_everywhere(session: Session, ticket: Ticket, agent: User, unconcerned: Collection[Named]) -> list[Button]:
    runtime, found = runtime_of(session), list[Button]()
    for each in contributed(runtime.registry, Action):
        action: Action = each.what
        if not ticket.form.has(each.plugin) or (each.plugin, Action, action.name) in unconcerned:
            continue
        if can_run(session, agent, ticket, f"{each.plugin}:{action.name}"):
            offered = runtime.executor.run(
                each.plugin, f"action {action.name}", ticket.form, session, action.offered, ticket, agent
            )
            if offered is True:
                url = url_for("handling.act", number=ticket.number, plugin=each.plugin, name=action.name)
                found.append(Button(action.name, str(action.title), action.icon, url))
    return found


def _of_the_form(session: Session, ticket: Ticket, agent: User, unconcerned: Collection[Named]) -> list[Button]:
    runtime, found = runtime_of(session), list[Button]()
    for owner, actions in ((each.plugin, each.what) for each in contributed(runtime.registry, FormActions)):
        if ticket.form.has(owner) and (owner, FormActions, actions.name) not in unconcerned:
            what = f"actions {actions.name}"
            offered = runtime.executor.run(owner, what, ticket.form, session, actions.offered, ticket, agent)
            found += [each for each in _buttons(offered) if can_run(session, agent, ticket, f"{owner}:{each.code}")]
    return found


def actions_of_form(session: Session, form: Form) -> list[tuple[str, str]]:
    """The actions that extensions give this form in particular, as PLUGIN:CODE and title."""
    runtime, found = runtime_of(session), list[tuple[str, str]]()
    for each in contributed(runtime.registry, FormActions):
        if form.has(each.plugin):
            every = runtime.executor.run(each.plugin, f"actions {each.what.name}", form, session, each.what.every)
            found += [(f"{each.plugin}:{button.code}", button.title) for button in _buttons(every)]
    return found


def _buttons(given: Any) -> list[Button]:
    """What an extension answered, as far as it is buttons."""
    if isinstance(given, str) or not isinstance(given, Sequence):
        return []
    return [each for each in given if isinstance(each, Button)]


def _drawn(panel: Panel | CustomerPanel, name: str) -> Any:
    """The panel's function together with its template, where what it is shown beside has this `name`: an error in either is the plugin's."""

    def draw(ctx: Any, beside: Any, viewer: User) -> Markup | None:
        given = panel.show(ctx, beside, viewer)
        if given is None:
            return None
        template, values = given
        return Markup(render_template(template, **{name: beside}, ctx=ctx, **values))  # autoescaped by its own template

    return draw


def _may_see(session: Session, viewer: User, form: Form, seen_by: str) -> bool:
    return seen_by == "agents" or can_configure(session, viewer, form)


def _name(runtime: Any, plugin: str) -> str:
    manifest = runtime.registry.plugins[plugin].manifest
    return _(manifest.name) if manifest else plugin
