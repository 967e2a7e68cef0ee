"""Taking an extension's data away: of one form (*Delete data*), or all of it with its tables (`plugdesk plugin remove`)."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, TextIO

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.database import tables_there
from plugdesk.errors import Conflict, Invalid, NotFound
from plugdesk.events import Delivery, record
from plugdesk.forms.models import Desk, Form
from plugdesk.i18n import gettext as _
from plugdesk.jobs import Job, JobState
from plugdesk.migrations import VERSION_TABLE, downgrade, drop_tables, owner_of, revisions_on, unit_of
from plugdesk.plugins.figures import HookError, HookFigures
from plugdesk.plugins.loader import PAGES
from plugdesk.plugins.settings import PluginSettings
from plugdesk.plugins.switch import dependents_of, disable_plugin, forget_settings, name_of, only_configuring
from plugdesk.runtime import Runtime, runtime_of
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import User

ITS_ROWS = (PluginSettings, HookFigures, HookError, Job, Delivery)


@dataclass(frozen=True)
class Removed:
    """What a removal took away: the tables, and how many rows the export holds."""

    tables: list[str]
    rows: int


def export_name(plugin_id: str, now: datetime) -> str:
    """The file an extension's data goes to when nobody named one."""
    return f"{plugin_id}-{now:%Y-%m-%d}.json"


def remove_plugin(runtime: Runtime, plugin_id: str, file: Path) -> Removed:
    """Switch an extension off everywhere, write its data to `file`, then take its tables and all else of it away.

    Works for one whose package is gone, too. Each step is a transaction of its own; broken off, it can be begun again with
    another file. Raises `Conflict` when `file` exists, `Invalid` when others that are on require it, `WrongSchema`, with its
    tables untouched, when one of them would remain.
    """
    if plugin_id == PAGES:
        raise Invalid(_("The pages themselves cannot be removed."))
    if file.exists():
        raise Conflict(_("%(file)s is there already. Choose another name.", file=file))
    with runtime.database.write() as session:
        _must_be_known(session, runtime, plugin_id)
        _off_everywhere(session, runtime, plugin_id)
    rows = _export(runtime, plugin_id, file)
    plugin = runtime.registry.plugins.get(plugin_id)
    unit = unit_of(plugin) if plugin else None
    ids = list(runtime.registry.plugins)
    if unit is not None:
        tables = downgrade(runtime.database, unit, ids=ids)
    else:
        tables = drop_tables(runtime.database, plugin_id, ids=ids)
    with runtime.database.write() as session:
        for model in ITS_ROWS:
            session.execute(sa.delete(model).where(model.plugin == plugin_id))
        record(session, "extension_removed", plugin=plugin_id, tables=tables, rows=rows)
    return Removed([each for each in tables if not each.startswith(VERSION_TABLE)], rows)


def delete_data(session: Session, plugin_id: str, form: Form, by: User | None) -> dict[str, int]:
    """Delete what an extension keeps of one form: its rows, links, settings and waiting work. Returns table → rows.

    Rows that several forms share stay. Raises `Invalid` while the extension is on there.
    """
    only_configuring(session, form, by)
    if form.has(plugin_id):
        raise Invalid(_("Switch off %(name)s on this form first.", name=name_of(session, plugin_id)))
    if session.scalar(sa.select(Job.id).where(Job.plugin == plugin_id, Job.form_id == form.id, Job.state == JobState.RUNNING)):
        raise Conflict(_("It is working at this moment. Try again in a minute."))
    deleted: dict[str, int] = {}
    for table in reversed(_tables(session.connection(), plugin_id, list(runtime_of(session).registry.plugins))):
        where = _of_form(table, form)
        if where is not None and (number := _delete(session, sa.delete(table).where(where))):
            deleted[table.name] = number
    for model in ITS_ROWS:
        where = (model.plugin == plugin_id) & (model.form_id == form.id)
        if number := _delete(session, sa.delete(model).where(where)):
            deleted[model.__tablename__] = number
    session.expire_all()
    forget_settings(session)
    record(session, "extension_data_deleted", form=form, actor=by, plugin=plugin_id, deleted=deleted)
    return deleted


def _must_be_known(session: Session, runtime: Runtime, plugin_id: str) -> None:
    known = {*runtime.registry.plugins, *revisions_on(session.connection())}
    known.update(session.scalars(sa.select(PluginSettings.plugin)))
    if plugin_id not in known and not any(scope.has(plugin_id) for scope in _scopes(session)):
        raise NotFound(_("There is no such extension."))


def _off_everywhere(session: Session, runtime: Runtime, plugin_id: str) -> None:
    scopes = _scopes(session)
    for other in dependents_of(runtime.registry, plugin_id):
        if any(scope.has(other) for scope in scopes):
            raise Invalid(_("%(other)s needs it. Switch that off first.", other=name_of(session, other)))
    for scope in scopes:
        if scope.has(plugin_id):
            disable_plugin(session, scope, plugin_id, None)


def _scopes(session: Session) -> list[Form | Desk]:
    return [*session.scalars(sa.select(Desk)), *session.scalars(sa.select(Form).order_by(Form.id))]


def _tables(connection: sa.Connection, plugin_id: str, ids: list[str]) -> list[sa.Table]:
    """The plugin's tables as they are in the database, those others point at first."""
    names = sa.inspect(connection).get_table_names()
    own = [name for name in names if owner_of(name, {*ids, plugin_id}) == plugin_id and not name.startswith(VERSION_TABLE)]
    return tables_there(connection, own)


def _of_form(table: sa.Table, form: Form) -> sa.ColumnElement[bool] | None:
    """Which rows belong to a form: those that name it, or one of its tickets."""
    if "form_id" in table.c:
        return table.c.form_id == form.id
    if "ticket_id" in table.c:
        return table.c.ticket_id.in_(sa.select(Ticket.id).where(Ticket.form_id == form.id))
    return None


def _delete(session: Session, statement: sa.Delete) -> int:
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return int(result.rowcount)  # type: ignore[attr-defined]


def _export(runtime: Runtime, plugin_id: str, file: Path) -> int:
    """Write every row of the plugin, secrets sealed as they are, row by row; returns how many."""
    partial = file.with_name(f"{file.name}.part")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    plugin = runtime.registry.plugins.get(plugin_id)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out, runtime.database.read() as session:
        about = {"plugin": plugin_id, "version": plugin.version if plugin else "", "exported_at": runtime.clock.now()}
        out.write(_json(about)[:-1] + ', "tables": {')
        settings = sa.select(sa.inspect(PluginSettings).local_table).where(PluginSettings.plugin == plugin_id)
        number = _write_rows(session, out, "plugin_settings", settings)
        for table in _tables(session.connection(), plugin_id, list(runtime.registry.plugins)):
            out.write(",")
            number += _write_rows(session, out, table.name, sa.select(table))
        out.write("\n}}\n")
        out.flush()
        os.fsync(out.fileno())
    partial.replace(file)
    return number


def _write_rows(session: Session, out: TextIO, name: str, query: Any) -> int:
    number = 0
    out.write(f"\n{json.dumps(name)}: [")
    for row in session.execute(query, execution_options={"yield_per": 500}).mappings():
        out.write(f"{',' if number else ''}\n  {_json(dict(row))}")
        number += 1
    out.write("]")
    return number


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)
