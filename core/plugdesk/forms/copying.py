"""A form made after another one: its fields, sections, statuses and rights, and its extensions with their settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.database import Base
from plugdesk.events import record
from plugdesk.forms.behaviour import BEHAVIOUR
from plugdesk.forms.commands import create_form
from plugdesk.forms.editing import begin_anew, has_changed
from plugdesk.forms.models import Field, Form, Status
from plugdesk.plugins.settings import options_of, schema_of, stored
from plugdesk.plugins.switch import enable_if_ready, save_plugin_settings
from plugdesk.runtime import runtime_of
from plugdesk.users.models import User
from plugdesk.users.queries import rights_on_form
from plugdesk.users.rights import as_given, set_right

if TYPE_CHECKING:
    from plugdesk.plugins.context import Context

Kept = TypeVar("Kept", bound=Base)
_FIELD = (
    "code", "kind", "label", "help", "required", "agent_only", "choices", "default", "section", "visible_when", "required_from",
    "readonly_from", "position",
)  # fmt: skip
_STATUS = ("code", "kind", "name", "names", "customer_name", "customer_names", "tone", "position")


def copy_form(session: Session, source: Form, *, name: str, by: User | None) -> tuple[Form, list[str]]:
    """Make a form like `source`, without its tickets; returns it with the ids of the extensions that are not on yet.

    Settings are taken along, secrets never: an extension that needs one is switched on once it is filled in. Of what extensions keep
    in tables of their own each that is on takes along what can be there twice (the hook `form_copied`): actions and rules, not
    mailboxes. Raises what `create_form` raises.
    """
    form = create_form(session, name=name, by=by, language=source.language)
    statuses = [Status(**_values(each, _STATUS)) for each in source.statuses]
    begin_anew(session, form, statuses, [Field(**_values(each, _FIELD)) for each in source.fields])
    form.sections = [dict(each) for each in source.sections]
    form.responsible_user_id, form.responsible_group_id = source.responsible_user_id, source.responsible_group_id
    form.hours_id = source.hours_id
    has_changed(session, form)
    form.only_assignee = source.only_assignee
    for name in BEHAVIOUR:
        setattr(form, name, getattr(source, name))
    for holder, right in rights_on_form(session, source):
        set_right(session, form, holder, as_given(right), by=by)
    waiting = [plugin for plugin in source.extensions if not _taken_along(session, source, form, plugin, by)]
    runtime = runtime_of(session)
    for plugin in runtime.registry.enabled(form, runtime.desk(session)):
        if source.has(plugin):
            runtime.executor.ask(plugin, "form_copied", form, session, source=source)
    record(session, "form_copied", form=form, actor=by, name=form.name, source=source.slug, waiting=waiting)
    return form, waiting


def copy_rows(ctx: Context, kind: type[Kept], source: Form) -> list[Kept]:
    """Copies of the rows of a plugin's table that belong to `source` (`form_id`), for the form of `ctx`, in the same order.

    All but `id`, `form_id` and `version` is as it was.
    """
    mapper, owner = sa.inspect(kind), kind.form_id  # type: ignore[attr-defined]
    assert ctx.form is not None, "Rows are copied from form to form."
    kept = [each.key for each in mapper.column_attrs if each.key not in ("id", "form_id", "version")]
    rows = ctx.db.scalars(sa.select(kind).where(owner == source.id).order_by(*mapper.primary_key))
    made = [kind(form_id=ctx.form.id, **{name: getattr(row, name) for name in kept}) for row in rows]
    ctx.db.add_all(made)
    return made


def _values(row: Field | Status, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _taken_along(session: Session, source: Form, form: Form, plugin: str, by: User | None) -> bool:
    """Whether the extension is on at `form` now, with the settings of `source` but its secrets."""
    registry = runtime_of(session).registry
    if not registry.is_loaded(plugin):
        return False
    manifest = registry.plugins[plugin].manifest
    if manifest is not None and manifest.settings is not None:
        schema = schema_of(manifest.settings)
        kept = stored(session, plugin, source.id, schema).values
        open_ones = {each.name: kept[each.name] for each in options_of(schema) if each.name in kept and not each.is_secret}
        if open_ones:
            save_plugin_settings(session, form, plugin, open_ones, 0, by)
    return enable_if_ready(session, form, plugin, by)
