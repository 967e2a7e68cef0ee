"""What the loaded plugins implement and contribute, compiled so that a call costs microseconds."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pluggy

from plugdesk import hooks
from plugdesk.channels.updates import take_jobs
from plugdesk.contributions import Channel, Command, CustomerActions, Fact, JobKind, ReportMetric, Service, Step, Timer, Variables
from plugdesk.forms.models import Scope
from plugdesk.i18n import lazy_gettext as _
from plugdesk.plugins.failures import in_words, trace_of
from plugdesk.plugins.loader import PAGES, Plugin, State, spread_missing_requirements

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Implementation:
    """One plugin's function for one hook, and the names of the arguments it wants."""

    plugin: str
    hook: str
    function: Callable[..., Any]
    wants: tuple[str, ...]
    bare: bool  # takes neither `ctx` nor rows, so it needs no SAVEPOINT

    @property
    def place(self) -> str:
        """File and line, for the inspector; empty for what was not written in Python."""
        code = getattr(inspect.unwrap(self.function), "__code__", None)
        return f"{code.co_filename}:{code.co_firstlineno}" if code else ""


CONTRIBUTED: dict[str, Any] = {
    "channels": Channel, "jobs": JobKind, "timers": Timer, "services": Service, "facts": Fact, "steps": Step,
    "report_metrics": ReportMetric, "customer_actions": CustomerActions, "variables": Variables, "commands": Command, "pages": object,
}  # fmt: skip
HANDS_OVER_ROWS = frozenset({"ctx", "ticket", "tickets", "form", "customer", "event", "message"})
GATHERED = "tickets_changed"
"""What follows every announcement about a ticket."""


class Registry:
    """The loaded plugins, their hook implementations in order, and what they contributed at start-up."""

    def __init__(self, plugins: Sequence[Plugin], *, strict: bool = False) -> None:
        self.plugins = {plugin.id: plugin for plugin in plugins}
        self.specs = {name: spec for name, spec in vars(hooks).items() if hasattr(spec, "plugdesk_kind")}
        self._of_tickets = {name for name, spec in self.specs.items() if "ticket" in _arguments(spec)}
        manager = pluggy.PluginManager(hooks.PROJECT)
        manager.add_hookspecs(hooks)
        self._implementations: dict[str, list[Implementation]] = {name: [] for name in self.specs}
        self._compiled: dict[tuple[str, frozenset[str]], tuple[Implementation, ...]] = {}
        self._enabled: dict[tuple[str, ...], frozenset[str]] = {}
        self.channels: dict[str, Channel] = {}
        self.facts: dict[str, Fact] = {}
        self.variables: dict[str, Variables] = {}
        self.timers: list[tuple[str, Timer]] = []
        self.services: list[tuple[str, Service]] = []
        self.steps: list[tuple[str, Step]] = []
        self.report_metrics: list[tuple[str, ReportMetric]] = []
        self.customer_actions: list[tuple[str, CustomerActions]] = []
        self.commands: list[tuple[str, Command]] = []
        self.pages: list[tuple[str, Any]] = []
        self.owners: dict[tuple[str, str], str] = {}
        self.sites: dict[str, str] = {}
        self._jobs: dict[str, JobKind] = {}
        for plugin in plugins:
            if plugin.state is State.OK:
                self._register(manager, plugin, strict)
                spread_missing_requirements(self.plugins)  # those that require it come later

    @property
    def loaded(self) -> list[Plugin]:
        return [plugin for plugin in self.plugins.values() if plugin.state is State.OK]

    def is_loaded(self, plugin: str) -> bool:
        return plugin in self.plugins and self.plugins[plugin].state is State.OK

    def add_core(
        self,
        *,
        jobs: Iterable[JobKind] = (),
        timers: Iterable[Timer] = (),
        variables: Iterable[Variables] = (),
        facts: Iterable[Fact] = (),
    ) -> None:
        """What the core itself brings by the same types as plugins do; its owner is called `core`.

        A plugin that has taken one of the core's names is not loaded.
        """
        variables, facts = list(variables), list(facts)
        for each in variables:
            self._refuse_taker("variables", each.namespace, _("The variables “%(name)s” are the core's.", name=each.namespace))
        for fact in facts:
            self._refuse_taker("facts", fact.name, _("The fact “%(name)s” is the core's.", name=fact.name))
        self._keep("core", "jobs", jobs)
        self._keep("core", "timers", timers)
        self._keep("core", "variables", variables)
        self._keep("core", "facts", facts)

    def job(self, kind: str) -> JobKind | None:
        """The kind of job called `plugin:name`."""
        return self._jobs.get(kind)

    def owner(self, what: str, name: str) -> str:
        """The plugin that contributed the channel, fact or namespace called `name`."""
        return self.owners[what, name]

    def implementations(self, hook: str, enabled: Sequence[str]) -> tuple[Implementation, ...]:
        """The implementations of `hook` by the plugins in `enabled`, in order: an allow-list, compiled once a set."""
        names = tuple(enabled)
        key = self._enabled.get(names)
        if key is None:
            if len(self._enabled) > 10_000:
                self._enabled.clear()
            key = self._enabled[names] = frozenset(names)
        found = self._compiled.get((hook, key))
        if found is None:
            if len(self._compiled) > 10_000:
                self._compiled.clear()
            found = tuple(each for each in self._implementations[hook] if each.plugin in key or each.plugin == PAGES)
            self._compiled[hook, key] = found
        return found

    def implementation(self, hook: str, plugin: str) -> Implementation | None:
        """One plugin's implementation of `hook`."""
        return next((each for each in self._implementations[hook] if each.plugin == plugin), None)

    def all_of(self, plugin: str) -> list[Implementation]:
        """Every hook implementation of `plugin`, for its page and the inspector."""
        return [each for found in self._implementations.values() for each in found if each.plugin == plugin]

    def enabled(self, scope: Scope | None, desk: Scope | None) -> tuple[str, ...]:
        """The plugins that are on in `scope`: on a form its own, and of the desk's those whose manifest says *app*."""
        if scope is None or scope is desk:
            return tuple(desk.extensions) if desk else ()
        if desk is None or not desk.extensions:
            return tuple(scope.extensions)
        return (*scope.extensions, *(plugin for plugin in desk.extensions if self.scope_of(plugin) == "app"))

    def scope_of(self, plugin: str) -> str:
        """Where a plugin is switched on: form, app or both."""
        manifest = self.plugins[plugin].manifest if plugin in self.plugins else None
        return manifest.scope if manifest else "form"

    def listeners(self, kind: str, scope: Scope | None, desk: Scope | None) -> list[str]:
        """The plugins that are on in `scope` (or for the whole desk) and announce-listen to events of `kind`."""
        if kind not in self._implementations or self.specs[kind].plugdesk_kind != "announcement":
            return []
        enabled = self.enabled(scope, desk)
        told = self.implementations(kind, enabled)
        gathering = self.implementations(GATHERED, enabled) if kind in self._of_tickets else ()
        return list(dict.fromkeys(each.plugin for each in (*told, *gathering)))

    def _register(self, manager: pluggy.PluginManager, plugin: Plugin, strict: bool) -> None:
        try:
            for module in plugin.modules:
                for name in (each for each in dir(module) if inspect.isroutine(getattr(module, each, None))):
                    options = manager.parse_hookimpl_opts(module, name)
                    if options is not None:
                        _refuse_options(name, options)
                        self._implementations[name].append(self._implementation(plugin, name, getattr(module, name)))
            if plugin.manifest is not None and plugin.manifest.address is not None:
                self._own(plugin.id, "sites", plugin.manifest.address)
                self.sites[plugin.manifest.address] = plugin.id
            for what in CONTRIBUTED:
                implementation = self.implementation(what, plugin.id)
                if implementation is not None:
                    given = list(implementation.function())
                    self._keep(plugin.id, what, given)
                    if what == "channels":
                        self._keep(plugin.id, "jobs", take_jobs(given))
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:
            self._forget(plugin.id)
            if strict:
                raise
            log.exception("Plugin %s could not be started", plugin.id)
            plugin.fail(State.FAILED, _("It fails when the desk starts. %(why)s", why=in_words(error)), trace_of(error))

    def _implementation(self, plugin: Plugin, hook: str, function: Callable[..., Any]) -> Implementation:
        wants, knows = _arguments(function), _arguments(self.specs[hook])
        unknown = [name for name in wants if name not in knows]
        if unknown:
            raise TypeError(f"{hook}() has no argument {', '.join(unknown)}; it has {', '.join(knows) or 'none'}")
        return Implementation(plugin.id, hook, function, wants, not HANDS_OVER_ROWS.intersection(wants))

    def _keep(self, plugin: str, what: str, given: Iterable[Any]) -> None:
        for each in given:
            if not isinstance(each, CONTRIBUTED[what]):
                raise TypeError(f"{what}() returned a {type(each).__name__} among its {CONTRIBUTED[what].__name__}s")
            if what == "jobs":
                self._jobs[f"{plugin}:{each.name}"] = each
            elif what == "variables":
                self._own(plugin, what, each.namespace)
                self.variables[each.namespace] = each
            elif what in ("channels", "facts"):
                self._own(plugin, what, each.name)
                getattr(self, what)[each.name] = each
            else:
                getattr(self, what).append((plugin, each))

    def _own(self, plugin: str, what: str, name: str) -> None:
        owner = self.owners.setdefault((what, name), plugin)
        if owner != plugin:
            raise ValueError(f"“{name}” is already taken by the extension {owner}")

    def _refuse_taker(self, what: str, name: str, sentence: str) -> None:
        taker = self.owners.get((what, name), "core")
        if taker != "core":
            self._forget(taker)
            self.plugins[taker].fail(State.FAILED, sentence)
            spread_missing_requirements(self.plugins)

    def _forget(self, plugin: str) -> None:
        for found in self._implementations.values():
            found[:] = [each for each in found if each.plugin != plugin]
        for (what, name), owner in list(self.owners.items()):
            if owner == plugin:
                del self.owners[what, name]
                getattr(self, what).pop(name, None)
        self._jobs = {kind: job for kind, job in self._jobs.items() if not kind.startswith(f"{plugin}:")}
        kept: list[Any] = [
            self.timers, self.services, self.steps, self.report_metrics, self.customer_actions, self.commands, self.pages,
        ]  # fmt: skip
        for contributions in kept:
            contributions[:] = [each for each in contributions if each[0] != plugin]
        self._compiled.clear()


@lru_cache(maxsize=2048)
def _arguments(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)


def _refuse_options(name: str, options: Any) -> None:
    """The order is that of the manifests and nobody wraps anybody: pluggy's own options mean nothing here."""
    used = [option for option in ("wrapper", "hookwrapper", "tryfirst", "trylast", "specname") if options.get(option)]
    if used:
        raise TypeError(f"{name}() is marked with {', '.join(used)}; hookimpl takes no options here")
