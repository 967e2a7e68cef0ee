"""Where the panels, columns and actions of extensions enter a page: only those that are on at the ticket's form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from flask import render_template
from markupsafe import Markup
from sqlalchemy.orm import Session

from plugdesk.forms.models import Form
from plugdesk.i18n import gettext as _
from plugdesk.permissions import can_configure
from plugdesk.plugins.executor import Failed
from plugdesk.runtime import runtime_of
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import User
from plugdesk_web.contributions import Action, Cell, Column, Panel, contributed


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
    fact: str | None
    cells: Mapping[int, Cell]


def panels_of(session: Session, ticket: Ticket, viewer: User) -> list[ShownPanel]:
    """The panels of the extensions that are on at the ticket's form, those `viewer` may see."""
    runtime = runtime_of(session)
    shown = []
    for each in contributed(runtime.registry, Panel):
        panel: Panel = each.what
        if not ticket.form.has(each.plugin) or not _may_see(session, viewer, ticket.form, panel.seen_by):
            continue
        name = _name(runtime, each.plugin)
        result = runtime.executor.run(each.plugin, f"panel {panel.name}", ticket.form, session, _drawn(panel), ticket, viewer)
        if isinstance(result, Failed):
            shown.append(ShownPanel(f"{each.plugin}-{panel.name}", str(panel.title), name, Markup(), failed=True))
        elif result is not None:
            shown.append(ShownPanel(f"{each.plugin}-{panel.name}", str(panel.title), name, result))
    return shown


def columns_of(session: Session, tickets: Sequence[Ticket], viewer: User, forms: Iterable[Form]) -> list[ShownColumn]:
    """The columns of extensions that are on in at least one of `forms`, with cells for the page's `tickets`.

    Each plugin is called once a form with that form's tickets; on other forms' tickets the cell stays empty.
    """
    runtime = runtime_of(session)
    places = {form.id: form for form in forms}
    shown = []
    for each in contributed(runtime.registry, Column):
        column: Column = each.what
        on = {form.id for form in places.values() if form.has(each.plugin) and _may_see(session, viewer, form, column.seen_by)}
        if not on:
            continue
        cells: dict[int, Cell] = {}
        ordered = sorted((ticket for ticket in tickets if ticket.form_id in on), key=lambda ticket: ticket.form_id)
        for form_id, group in groupby(ordered, key=lambda ticket: ticket.form_id):
            own = list(group)
            result = runtime.executor.run(each.plugin, f"column {column.name}", places[form_id], session, column.cells, own)
            if isinstance(result, Mapping):
                known = {ticket.id for ticket in own}
                cells.update({number: cell for number, cell in result.items() if number in known and isinstance(cell, Cell)})
        shown.append(ShownColumn(f"{each.plugin}-{column.name}", str(column.title), column.fact, cells))
    return shown


def actions_of(session: Session, ticket: Ticket, agent: User) -> list[tuple[str, Action]]:
    """The buttons of the extensions that are on, those that are offered on this ticket."""
    runtime = runtime_of(session)
    found = []
    for each in contributed(runtime.registry, Action):
        if ticket.form.has(each.plugin):
            action: Action = each.what
            offered = runtime.executor.run(
                each.plugin, f"action {action.name}", ticket.form, session, action.offered, ticket, agent
            )
            if offered is True:
                found.append((each.plugin, action))
    return found


def _drawn(panel: Panel) -> Any:
    """The panel's function together with its template: an error in either is the plugin's."""

    def draw(ctx: Any, ticket: Ticket, viewer: User) -> Markup | None:
        given = panel.show(ctx, ticket, viewer)
        if given is None:
            return None
        template, values = given
        return Markup(render_template(template, ticket=ticket, ctx=ctx, **values))  # autoescaped by its own template

    return draw


def _may_see(session: Session, viewer: User, form: Form, seen_by: str) -> bool:
    return seen_by == "agents" or can_configure(session, viewer, form)


def _name(runtime: Any, plugin: str) -> str:
    manifest = runtime.registry.plugins[plugin].manifest
    return _(manifest.name) if manifest else plugin
