"""What the catalog shows: every extension with its state in each place, what it adds, how it does, what was done to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from plugdesk.errors import Invalid, NotFound
from plugdesk.events import Event
from plugdesk.forms.models import Desk, Form
from plugdesk.forms.queries import all_forms
from plugdesk.i18n import gettext as _
from plugdesk.migrations import CORE, revisions_on
from plugdesk.plugins.changes import pages_of, titles_of
from plugdesk.plugins.figures import BUCKETS_MS, HookError, HookFigures, quantile_ms
from plugdesk.plugins.loader import PAGES, Plugin, State
from plugdesk.plugins.manifest import PERMISSIONS
from plugdesk.plugins.settings import Option, PluginSettings, options_of, schema_of, upgraded
from plugdesk.plugins.switch import conflicts_of, dependents_of, name_of, requirements_of
from plugdesk.runtime import runtime_of

RECENT = timedelta(hours=24)
# PostgreSQL makes a decimal number of the sum of whole ones.
TOTALS = (
    sa.cast(sa.func.sum(HookFigures.calls), sa.BigInteger),
    sa.cast(sa.func.sum(HookFigures.errors), sa.BigInteger),
    sa.func.sum(HookFigures.total_ms),
)


class PlaceState(StrEnum):
    """How an extension stands in one place."""

    ON = "on"
    OFF = "off"
    SUSPENDED = "suspended"
    NEEDS_SETTINGS = "needs settings"  # it is off and cannot be switched on before
    UNAVAILABLE = "unavailable"  # it is on, but its code did not load


@dataclass(frozen=True)
class Place:
    """One cell of the matrix. `form` is None for the desk. `why` is a sentence, `until` when a suspension is tried again."""

    form: Form | None
    state: PlaceState
    why: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_on(self) -> bool:
        return self.state in (PlaceState.ON, PlaceState.SUSPENDED, PlaceState.UNAVAILABLE)


@dataclass(frozen=True)
class Health:
    """Figures of the last 24 hours: calls, how many failed, and in how many milliseconds 95 of 100 ended."""

    calls: int = 0
    errors: int = 0
    p95_ms: float = 0.0


@dataclass(frozen=True)
class Card:
    """One extension in the catalog. `reason` says what is wrong when `state` is not ok."""

    id: str
    name: str
    summary: str
    category: str
    scope: str
    publisher: str
    version: str
    is_ours: bool
    icon: str | None
    state: State
    reason: str
    places: Sequence[Place]
    health: Health

    @property
    def on_in(self) -> int:
        """In how many places it is on."""
        return sum(place.is_on for place in self.places)


@dataclass(frozen=True)
class Hour:
    """One bar of an extension's chart."""

    at: datetime
    calls: int
    errors: int
    mean_ms: float


@dataclass(frozen=True)
class SettingValue:
    """A setting in one place. `source` says where its value comes from: "form", "desk" or "default"."""

    option: Option
    value: Any
    source: str


@dataclass(frozen=True)
class ExtensionPage:
    """Everything the page of one extension shows. `adds` maps a kind of thing to its titles."""

    card: Card
    adds: Mapping[str, Sequence[str]] = field(default_factory=dict)
    permissions: Sequence[str] = ()
    requires: Sequence[tuple[str, str]] = ()
    required_by: Sequence[tuple[str, str]] = ()
    conflicts: Sequence[tuple[str, str]] = ()
    hours: Sequence[Hour] = ()
    errors: Sequence[HookError] = ()
    journal: Sequence[Event] = ()
    trace: str = ""


@dataclass(frozen=True)
class InspectorRow:
    """One hook of one extension on a form. Times in milliseconds, of the last 24 hours; `place` is file and line."""

    hook: str
    order: int
    plugin: str
    on: bool
    suspended: str
    calls: int
    errors: int
    mean_ms: float
    worst_ms: float
    last_error: str
    place: str


def cards(session: Session, forms: Iterable[Form] | None = None) -> list[Card]:
    """Every extension that is installed, or has left something behind, by name; `forms` are the columns of its matrix."""
    forms = list(all_forms(session) if forms is None else forms)
    health, stored = _health(session), _stored(session)
    found = [_card(session, plugin, forms, health, stored) for plugin in _everything(session)]
    return sorted(found, key=lambda card: card.name.lower())


def extension(session: Session, plugin_id: str, forms: Iterable[Form] | None = None) -> ExtensionPage:
    """One extension's page. Raises `NotFound`."""
    registry = runtime_of(session).registry
    plugin = next((each for each in _everything(session) if each.id == plugin_id), None)
    if plugin is None:
        raise NotFound(_("There is no such extension."))
    forms = list(all_forms(session) if forms is None else forms)
    card = _card(session, plugin, forms, _health(session, plugin_id), _stored(session, plugin_id))
    if plugin.state is State.MISSING:
        return ExtensionPage(card, errors=_errors(session, plugin_id), journal=journal(session, plugin_id))
    return ExtensionPage(
        card,
        adds=_adds(session, plugin),
        permissions=[_in_words(each) for each in (plugin.manifest.permissions if plugin.manifest else ())],
        requires=_named(session, requirements_of(registry, plugin_id)),
        required_by=_named(session, dependents_of(registry, plugin_id)),
        conflicts=_named(session, conflicts_of(registry, plugin_id)),
        hours=_hours(session, plugin_id),
        errors=_errors(session, plugin_id),
        journal=journal(session, plugin_id),
        trace=plugin.trace,
    )


def settings_in(session: Session, plugin_id: str, scope: Form | Desk) -> tuple[list[SettingValue], int]:
    """An extension's settings in one place, each with where it comes from, and the version to save them against.

    A secret's value is only whether there is one. Raises `NotFound` when it has no settings.
    """
    registry = runtime_of(session).registry
    manifest = registry.plugins[plugin_id].manifest if registry.is_loaded(plugin_id) else None
    if manifest is None or manifest.settings is None:
        raise NotFound(_("This extension has no settings."))
    schema = schema_of(manifest.settings)
    rows = _stored(session, plugin_id)
    levels = [("desk", upgraded(rows.get((plugin_id, 0)), schema))]
    if scope.id:
        levels.append(("form", upgraded(rows.get((plugin_id, scope.id)), schema)))
    found = []
    for option in options_of(schema):
        source, level = next(((name, each) for name, each in reversed(levels) if option.name in each.values), ("default", None))
        value = level.values[option.name] if level else option.default
        found.append(SettingValue(option, bool(value) if option.is_secret else value, source))
    return found, levels[-1][1].version


def journal(session: Session, plugin_id: str, *, form: Form | None = None, limit: int = 50) -> Sequence[Event]:
    """Who switched an extension where and when, who changed which setting, when it was suspended; newest first."""
    found = sa.select(Event).options(joinedload(Event.actor)).where(Event.plugin == plugin_id, Event.kind.like("extension%"))
    if form is not None:
        found = found.where(Event.form_id == form.id)
    return session.scalars(found.order_by(Event.id.desc()).limit(limit)).all()


def inspector(session: Session, form: Form) -> list[InspectorRow]:
    """Every hook of every loaded extension as it is on this form, in the order in which they are asked."""
    runtime = runtime_of(session)
    on = runtime.registry.enabled(form, runtime.desk(session))
    since = runtime.clock.now() - RECENT
    query = sa.select(HookFigures.plugin, HookFigures.hook, *TOTALS, sa.func.max(HookFigures.worst_ms))
    where = (HookFigures.form_id == form.id, HookFigures.hour >= since)
    figures = {row[:2]: row[2:] for row in session.execute(query.where(*where).group_by(HookFigures.plugin, HookFigures.hook))}
    last = session.scalars(sa.select(HookError).where(HookError.form_id == form.id).order_by(HookError.last_at))
    errors = {(each.plugin, each.hook): each.text for each in last}
    rows = []
    for hook in runtime.registry.specs:
        asked = runtime.registry.implementations(hook, tuple(runtime.registry.plugins))
        for order, each in enumerate(asked, start=1):
            calls, failed, spent, worst = figures.get((each.plugin, hook), (0, 0, 0.0, 0.0))
            rows.append(
                InspectorRow(
                    hook=hook, order=order, plugin=each.plugin, on=each.plugin in on or each.plugin == PAGES,
                    suspended=form.suspended.get(each.plugin, {}).get("reason", ""), calls=calls, errors=failed,
                    mean_ms=spent / calls if calls else 0.0, worst_ms=worst, last_error=errors.get((each.plugin, hook), ""),
                    place=each.place,
                )
            )  # fmt: skip
    return rows


def _everything(session: Session) -> list[Plugin]:
    """What is installed (the pages aside, which are always on), and as *missing* what is not but has left something."""
    installed = runtime_of(session).registry.plugins
    left = {plugin for scope in _scopes(session) for plugin in scope.extensions}
    left.update(session.scalars(sa.select(PluginSettings.plugin).distinct()))
    left.update(name for name, revision in revisions_on(session.connection()).items() if revision and name != CORE)
    why = _("Its package is gone, its data is kept. Install it again, or remove it with “plugdesk plugin remove”.")
    missing = [Plugin(name, State.MISSING, reason=why) for name in sorted(left - installed.keys())]
    return [each for each in installed.values() if each.id != PAGES] + missing


def _card(
    session: Session,
    plugin: Plugin,
    forms: Sequence[Form],
    health: Mapping[str, Health],
    stored: Mapping[tuple[str, int], PluginSettings],
) -> Card:
    manifest = plugin.manifest
    scope = manifest.scope if manifest else "form"
    desk = runtime_of(session).desk(session)
    places: list[Form | Desk] = [*([desk] if scope != "form" or desk.has(plugin.id) else []), *(forms if scope != "app" else [])]
    return Card(
        id=plugin.id,
        name=name_of(session, plugin.id),
        summary=_(manifest.summary) if manifest else "",
        category=manifest.category if manifest else "other",
        scope=scope,
        publisher=plugin.publisher,
        version=plugin.version,
        is_ours=plugin.is_ours,
        icon=manifest.icon if manifest else None,
        state=plugin.state,
        reason=str(plugin.reason),
        places=[_place(plugin, each, stored) for each in places],
        health=health.get(plugin.id, Health()),
    )


def _place(plugin: Plugin, scope: Form | Desk, stored: Mapping[tuple[str, int], PluginSettings]) -> Place:
    form = scope if isinstance(scope, Form) else None
    if not scope.has(plugin.id):
        lacking = _lacking(plugin, scope, stored)
        return Place(form, PlaceState.NEEDS_SETTINGS if lacking else PlaceState.OFF, lacking)
    if plugin.state is not State.OK:
        return Place(form, PlaceState.UNAVAILABLE, str(plugin.reason))
    entry = scope.suspended.get(plugin.id)
    if entry is not None:
        since, until = datetime.fromisoformat(entry["since"]), datetime.fromisoformat(entry["until"])
        return Place(form, PlaceState.SUSPENDED, entry["reason"], since, until)
    return Place(form, PlaceState.ON)


def _lacking(plugin: Plugin, scope: Form | Desk, stored: Mapping[tuple[str, int], PluginSettings]) -> str:
    """Which settings have to be filled in first, in a sentence; empty when none."""
    if plugin.state is not State.OK or plugin.manifest is None or plugin.manifest.settings is None:
        return ""
    schema = schema_of(plugin.manifest.settings)
    try:
        levels = [upgraded(stored.get((plugin.id, level)), schema) for level in {0, scope.id}]
    except Invalid as error:
        return str(error)
    needed = [each for each in options_of(schema) if each.required and not any(each.name in level.values for level in levels)]
    return (
        _("It needs settings first: %(labels)s.", labels=", ".join(str(each.about["label"]) for each in needed)) if needed else ""
    )


def _health(session: Session, plugin_id: str | None = None) -> dict[str, Health]:
    since = runtime_of(session).clock.now() - RECENT
    found = sa.select(HookFigures.plugin, HookFigures.calls, HookFigures.errors, HookFigures.buckets).where(
        HookFigures.hour >= since
    )
    if plugin_id is not None:
        found = found.where(HookFigures.plugin == plugin_id)
    sums: dict[str, tuple[int, int, list[int]]] = {}
    for plugin, calls, errors, buckets in session.execute(found):
        before = sums.get(plugin, (0, 0, [0] * (len(BUCKETS_MS) + 1)))
        sums[plugin] = (before[0] + calls, before[1] + errors, [a + b for a, b in zip(before[2], buckets, strict=True)])
    return {plugin: Health(calls, errors, quantile_ms(buckets)) for plugin, (calls, errors, buckets) in sums.items()}


def _hours(session: Session, plugin_id: str) -> list[Hour]:
    since = runtime_of(session).clock.now() - RECENT
    query = sa.select(HookFigures.hour, *TOTALS).where(HookFigures.plugin == plugin_id, HookFigures.hour >= since)
    rows = session.execute(query.group_by(HookFigures.hour).order_by(HookFigures.hour))
    return [Hour(at, calls, errors, spent / calls if calls else 0.0) for at, calls, errors, spent in rows]


def _errors(session: Session, plugin_id: str) -> Sequence[HookError]:
    found = sa.select(HookError).where(HookError.plugin == plugin_id).order_by(HookError.last_at.desc()).limit(20)
    return session.scalars(found).all()


def _adds(session: Session, plugin: Plugin) -> dict[str, list[str]]:
    registry = runtime_of(session).registry
    added = {
        "channels": titles_of(
            [each for name, each in registry.channels.items() if registry.owner("channels", name) == plugin.id]
        ),
        "panels": titles_of(pages_of(registry, plugin.id, "Panel")),
        "columns": titles_of(pages_of(registry, plugin.id, "Column")),
        "actions": titles_of(pages_of(registry, plugin.id, "Action")),
        "pages": [each.blueprint.name for each in pages_of(registry, plugin.id, "Pages")],
        "facts": titles_of(
            [each for name, each in registry.facts.items() if each.offered and registry.owner("facts", name) == plugin.id]
        ),
        "report_metrics": titles_of([each for owner, each in registry.report_metrics if owner == plugin.id]),
        "jobs": [each.name for owner, each in registry.timers if owner == plugin.id],
        "variables": [
            f"${{{space}:{name}}}"
            for space, each in registry.variables.items()
            if registry.owner("variables", space) == plugin.id
            for name in each.names
        ],
        "commands": [str(each.command.name) for owner, each in registry.commands if owner == plugin.id],
        "hooks": [each.hook for each in registry.all_of(plugin.id)],
    }
    return {kind: titles for kind, titles in added.items() if titles}


def _in_words(permission: str) -> str:
    if permission.startswith("net:"):
        return _("Connects to %(host)s", host=permission[4:])
    return _(PERMISSIONS[permission])


def _named(session: Session, plugin_ids: Iterable[str]) -> list[tuple[str, str]]:
    return [(each, name_of(session, each)) for each in plugin_ids]


def _stored(session: Session, plugin_id: str | None = None) -> dict[tuple[str, int], PluginSettings]:
    found = sa.select(PluginSettings)
    rows = session.scalars(found if plugin_id is None else found.where(PluginSettings.plugin == plugin_id))
    return {(row.plugin, row.form_id): row for row in rows}


def _scopes(session: Session) -> list[Form | Desk]:
    return [runtime_of(session).desk(session), *all_forms(session, archived=True)]
