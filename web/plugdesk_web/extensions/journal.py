"""The journal of one extension in words: who switched it where, who changed which setting, when it was suspended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from plugdesk.events import Event
from plugdesk.forms.models import Form
from plugdesk.forms.queries import all_forms
from plugdesk.i18n import format_list
from plugdesk.i18n import gettext as _
from plugdesk.plugins.catalog import journal
from plugdesk.plugins.settings import Option, options_of, schema_of
from plugdesk.runtime import runtime_of

LONGEST = 50  # entries on one page


@dataclass(frozen=True)
class Changed:
    """One setting that was changed: what it was and what it became, in words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Entry:
    """One line of the journal. `who` is nobody when the desk did it by itself."""

    text: str
    at: datetime
    who: str = ""
    tone: str = ""
    changes: Sequence[Changed] = field(default_factory=tuple)


def journal_of(session: Session, plugin: str, forms: Sequence[Form] | None = None) -> list[Entry]:
    """What was done to an extension, newest first; with `forms` only what concerns one of them."""
    if forms is None:
        events = list(journal(session, plugin, limit=LONGEST))
    else:
        events = [each for form in forms for each in journal(session, plugin, form=form, limit=LONGEST)]
        events = sorted(events, key=lambda event: -event.id)[:LONGEST]
    names = {form.id: form.name for form in all_forms(session, archived=True)}
    options = _options(session, plugin)
    return [_entry(event, names.get(event.form_id or 0), options) for event in events]


def value_in_words(option: Option | None, value: Any) -> str:
    """A setting's value as people read it; secrets come masked."""
    if value is None:
        return _("not set")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if option is not None and option.about.get("choices"):
        return next((str(label) for code, label in option.about["choices"] if code == value), str(value))
    if isinstance(value, list | tuple):
        return "; ".join(", ".join(map(str, row.values())) if isinstance(row, Mapping) else str(row) for row in value) or _(
            "empty"
        )
    return str(value) if value != "" else _("empty")


def _entry(event: Event, form: str | None, options: Mapping[str, Option]) -> Entry:
    data, who = event.data, event.actor.name if event.actor else ""
    where = form or _("the whole desk")
    if event.kind == "extension_enabled":
        return Entry(_("Switched on for %(where)s", where=where), event.at, who, "green")
    if event.kind == "extension_disabled":
        return Entry(_("Switched off for %(where)s", where=where), event.at, who)
    if event.kind == "extension_suspended":
        text = _("Suspended on %(where)s: %(reason)s", where=where, reason=data.get("reason", ""))
        return Entry(text, event.at, who, "red")
    if event.kind == "extension_resumed":
        return Entry(_("Resumed on %(where)s", where=where), event.at, who, "green")
    if event.kind == "extension_settings_changed":
        changes = [_changed(options.get(name), name, *values) for name, values in data.get("changes", {}).items()]
        labels = format_list([each.label for each in changes])
        text = (
            _("Changed on %(where)s: %(labels)s", where=form, labels=labels)
            if form
            else _("Changed for all forms: %(labels)s", labels=labels)
        )
        return Entry(text, event.at, who, changes=changes)
    if event.kind == "extension_data_deleted":
        return Entry(_("Data of %(where)s deleted", where=where), event.at, who, "red")
    if event.kind == "extension_removed":
        return Entry(_("Removed with all its data"), event.at, who, "red")
    return Entry(str(data.get("said") or event.kind), event.at, who)


def _changed(option: Option | None, name: str, before: Any, after: Any) -> Changed:
    label = str(option.about["label"]) if option else name
    return Changed(label, value_in_words(option, before), value_in_words(option, after))


def _options(session: Session, plugin: str) -> dict[str, Option]:
    registry = runtime_of(session).registry
    manifest = registry.plugins[plugin].manifest if registry.is_loaded(plugin) else None
    if manifest is None or manifest.settings is None:
        return {}
    return {each.name: each for each in options_of(schema_of(manifest.settings))}
