"""From entry points to plugins in one of six states. A plugin that fails is a card with a reason, never a dead site."""

from __future__ import annotations

import importlib
import importlib.util
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import Distribution, EntryPoint, PackageMetadata, PackageNotFoundError, distribution, entry_points
from pathlib import Path
from types import ModuleType

import pluggy
import sqlalchemy as sa
import sqlalchemy.orm

from plugdesk import hooks
from plugdesk.database import Base
from plugdesk.errors import Invalid
from plugdesk.i18n import lazy_gettext as _
from plugdesk.plugins.failures import in_words, trace_of
from plugdesk.plugins.manifest import API_VERSION, Manifest, read_manifest
from plugdesk.plugins.settings import options_of, schema_of

GROUP = "plugdesk.plugins"
PAGES = "web"  # the one plugin that is always on: the pages themselves
log = logging.getLogger(__name__)


class State(StrEnum):
    OK = "ok"
    INVALID = "invalid"
    INCOMPATIBLE = "incompatible"
    BLOCKED = "blocked"
    FAILED = "failed"
    MISSING = "missing"


@dataclass
class Plugin:
    """One installed plugin: what it says of itself and what became of loading it.

    `reason` names what is wrong and the remedy, in a sentence, when the state is not ok. `modules` hold its hook
    implementations, `trace` the traceback of a failed import.
    """

    id: str
    state: State
    reason: str = ""
    trace: str = ""
    manifest: Manifest | None = None
    package: str = ""
    distribution: Distribution | None = None
    modules: list[ModuleType] = field(default_factory=list)

    @property
    def version(self) -> str:
        return self.distribution.version if self.distribution else ""

    @property
    def publisher(self) -> str:
        if self.distribution is None:
            return ""
        about = self.distribution.metadata
        mail = _about(about, "Author-email").split("<")[0].strip().strip('"')
        return _about(about, "Author") or mail or _about(about, "Name")

    @property
    def licence(self) -> str:
        if self.distribution is None:
            return ""
        about = self.distribution.metadata
        return _about(about, "License-Expression") or _about(about, "License")

    @property
    def is_ours(self) -> bool:
        return self.distribution is not None and self.distribution.metadata["Name"] == "plugdesk"

    def fail(self, state: State, reason: str, trace: str = "") -> None:
        self.state, self.reason, self.trace = state, reason, trace
        self.modules = []


def _about(metadata: PackageMetadata, key: str) -> str:
    return str(metadata[key]) if key in metadata else ""


def load_plugins(
    found: Iterable[EntryPoint] | None = None, *, disabled: Sequence[str] = (), safe_mode: bool = False, strict: bool = False
) -> list[Plugin]:
    """Load what is installed, in the order in which plugins are asked: after what they require, then by id.

    `disabled` are ids that are not imported, `safe_mode` imports nothing but the pages. With `strict` an error of a
    plugin is raised instead of becoming a state.
    """
    loaded: dict[str, Plugin] = {}
    for point in sorted(entry_points(group=GROUP) if found is None else found, key=lambda each: each.name):
        plugin = _describe(point)
        if point.name in loaded:
            plugin.fail(State.INVALID, _("Two installed packages call themselves “%(id)s”. Remove one of them.", id=point.name))
        loaded[point.name] = plugin
    for plugin in loaded.values():
        if plugin.state is State.OK and plugin.id != PAGES and (safe_mode or plugin.id in disabled):
            why = _("Safe mode: no extension is loaded.") if safe_mode else _("Left out by PLUGDESK_DISABLE_PLUGINS.")
            plugin.fail(State.BLOCKED, why)
    _refuse_prefix_clashes(loaded)
    ordered = _ordered(loaded)
    spread_missing_requirements(loaded)
    for plugin in ordered:
        if plugin.state is State.OK:
            _import(plugin, strict)
            spread_missing_requirements(loaded)
    return ordered


def _describe(point: EntryPoint) -> Plugin:
    package = point.value.partition(":")[0]
    plugin = Plugin(point.name, State.OK, package=package, distribution=point.dist or _distribution_of(package))
    try:
        spec = importlib.util.find_spec(package)
    except Exception as error:  # the package above a dotted name is imported to find it
        spec = None
        plugin.trace = trace_of(error)
    if spec is None or not spec.submodule_search_locations:
        plugin.fail(
            State.FAILED, _("The package “%(package)s” cannot be found. Install it again.", package=package), plugin.trace
        )
        return plugin
    try:
        plugin.manifest = manifest = read_manifest(Path(next(iter(spec.submodule_search_locations))) / "plugin.toml")
    except (Invalid, OSError) as error:
        plugin.fail(State.INVALID, str(error))
        return plugin
    if manifest.id != point.name:
        why = _("plugin.toml says “%(id)s”, the entry point “%(name)s”.", id=manifest.id, name=point.name)
        plugin.fail(State.INVALID, why)
    elif not manifest.speaks_our_api:
        ours = ".".join(map(str, API_VERSION))
        why = _("It needs plugin API %(theirs)s, this desk has %(ours)s.", theirs=manifest.api, ours=ours)
        plugin.fail(State.INCOMPATIBLE, why)
    else:
        lacking = [need for need in manifest.needs if _lacks(need)]
        if lacking:
            plugin.fail(State.BLOCKED, _("Install what it needs: %(command)s", command="pip install " + " ".join(lacking)))
    return plugin


def _distribution_of(package: str) -> Distribution | None:
    try:
        return distribution(package)
    except PackageNotFoundError:
        return None


def _lacks(need: str) -> bool:
    name = need.split("[")[0].split(">")[0].split("<")[0].split("=")[0].split("!")[0].split("~")[0].strip()
    try:
        distribution(name)
    except PackageNotFoundError:
        return True
    return False


def _refuse_prefix_clashes(loaded: dict[str, Plugin]) -> None:
    """A table belongs to the longest id that fits; an id inside another's prefix would make that a guess."""
    for plugin in loaded.values():
        for other in loaded.values():
            if plugin.id.startswith(f"{other.id}_") and plugin.state is State.OK:
                why = _(
                    "Its tables would stand among those of “%(other)s”: the id must not begin with “%(other)s_”.", other=other.id
                )
                plugin.fail(State.INVALID, why)


def spread_missing_requirements(loaded: dict[str, Plugin]) -> None:
    """Block each plugin that requires one which is not there or could not be loaded, and those that require it."""
    changed = True
    while changed:
        changed = False
        for plugin in loaded.values():
            if plugin.state is not State.OK or plugin.manifest is None:
                continue
            for need in plugin.manifest.requires:
                if need not in loaded:
                    plugin.fail(State.BLOCKED, _("It needs the extension “%(need)s”, which is not installed.", need=need))
                elif loaded[need].state is not State.OK:
                    plugin.fail(State.BLOCKED, _("It needs the extension “%(need)s”, which could not be loaded.", need=need))
                else:
                    continue
                changed = True
                break


def _ordered(loaded: dict[str, Plugin]) -> list[Plugin]:
    """After `requires` and `after`, then by id. Where `after` alone goes in a circle it is not heeded."""
    rest = dict(sorted(loaded.items()))
    done: list[Plugin] = []
    while rest:
        chosen = (
            _first(rest, lambda manifest: (*manifest.requires, *manifest.after))
            or _first(rest, lambda manifest: manifest.requires)
            or _refused_circle(rest)
        )
        done.append(rest.pop(chosen.id))
    return done


def _first(rest: dict[str, Plugin], waits_for: Callable[[Manifest], tuple[str, ...]]) -> Plugin | None:
    return next(
        (
            plugin
            for plugin in rest.values()
            if plugin.manifest is None or not (rest.keys() - {plugin.id}).intersection(waits_for(plugin.manifest))
        ),
        None,
    )


def _refused_circle(rest: dict[str, Plugin]) -> Plugin:
    """Refuse plugins that require one another, and name them; returns one of them. Everything in `rest` waits for another."""
    path = [next(iter(rest))]
    while path.count(path[-1]) == 1:
        manifest = rest[path[-1]].manifest
        assert manifest is not None
        path.append(next(need for need in manifest.requires if need in rest and need != path[-1]))
    circle = path[path.index(path[-1]) + 1 :]
    for each in circle:
        rest[each].fail(State.INVALID, _("It waits for itself: %(ids)s require one another.", ids=", ".join(sorted(circle))))
    return rest[circle[0]]


def _import(plugin: Plugin, strict: bool) -> None:
    try:
        package = importlib.import_module(plugin.package)
        has_hooks = importlib.util.find_spec(f"{plugin.package}.hooks") is not None
        plugin.modules = [importlib.import_module(f"{plugin.package}.hooks") if has_hooks else package]
        unknown = _unknown_hooks(plugin)
        if unknown:
            raise Invalid(_("It implements hooks this desk does not have: %(names)s.", names=", ".join(unknown)))
        if plugin.manifest and plugin.manifest.settings:
            options_of(schema_of(plugin.manifest.settings))
        sa.orm.configure_mappers()
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # a plugin may even exit at import: the desk goes on without it
        if strict:
            raise
        _forget_models(plugin.package)
        log.exception("Plugin %s could not be imported", plugin.id)
        plugin.fail(State.FAILED, _("It fails when it is imported. %(why)s", why=in_words(error)), trace_of(error))


def _forget_models(package: str) -> None:
    """Take a failed plugin's models out of SQLAlchemy: one that cannot be configured stops every query of everybody."""
    for mapper in list(Base.registry.mappers):
        if mapper.class_.__module__.partition(".")[0] == package.partition(".")[0] != "plugdesk":
            manager = mapper.class_manager
            Base.registry._dispose_manager_and_mapper(manager)
            Base.registry._managers.pop(manager, None)  # else it waits there, without a mapper, to be collected
            for table in mapper.tables:
                if isinstance(table, sa.Table):
                    Base.metadata.remove(table)


def _unknown_hooks(plugin: Plugin) -> list[str]:
    manager = pluggy.PluginManager(hooks.PROJECT)
    marked = [name for module in plugin.modules for name in dir(module) if manager.parse_hookimpl_opts(module, name) is not None]
    return sorted(name for name in marked if not hasattr(getattr(hooks, name, None), "plugdesk_kind"))
