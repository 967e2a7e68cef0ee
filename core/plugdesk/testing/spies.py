"""Notes each call of what a plugin contributed, and on which form it was made."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import click

from plugdesk.contributions import JobKind, Service
from plugdesk.forms.models import Form
from plugdesk.plugins.context import Context
from plugdesk.plugins.registry import CONTRIBUTED, Registry
from plugdesk.tickets.models import Ticket

ONLY_WORDS = ("HistoryLine", "Pressing")  # in which nothing runs that could reach too far
ONLY_NOTE = "only_note"  # an argument of jobs that were queued to see whether they are run


@dataclasses.dataclass(frozen=True)
class Call:
    """One call: of what, and on which forms as far as its arguments tell."""

    what: str
    forms: frozenset[int]


class Spies:
    """Watches everything `plugin` implements and contributes, from now on; before the application is made."""

    def __init__(self, registry: Registry, plugin: str) -> None:
        self.calls: list[Call] = []
        self.things: set[str] = set()
        self._registry, self._plugin = registry, plugin
        self._hooks()
        for kind, job in list(registry._jobs.items()):
            if kind.startswith(f"{plugin}:"):
                registry._jobs[kind] = self._watched(job, job.name)
        for what in ("channels", "facts", "variables"):
            known = getattr(registry, what)
            for name, each in list(known.items()):
                if registry.owner(what, name) == plugin:
                    known[name] = self._watched(each, name)
        for lists in (
            registry.timers, registry.services, registry.steps, registry.report_metrics, registry.customer_actions,
            registry.commands, registry.pages,
        ):  # fmt: skip
            kept: list[Any] = lists
            kept[:] = [(owner, self._watched(each, _name(each)) if owner == plugin else each) for owner, each in kept]
        self.calls.clear()  # a panel asks its question once when it is made, and the watched ones are made anew

    @property
    def called(self) -> set[str]:
        return {call.what for call in self.calls}

    def on(self, form_id: int) -> list[str]:
        """What was called on this form."""
        return sorted({call.what for call in self.calls if form_id in call.forms})

    def _hooks(self) -> None:
        for hook, found in self._registry._implementations.items():
            for number, each in enumerate(found):
                if each.plugin == self._plugin and hook not in CONTRIBUTED:
                    thing = f"hook {hook}"
                    self.things.add(thing)
                    found[number] = dataclasses.replace(each, function=self._noted(thing, each.function))
        self._registry._compiled.clear()

    def _watched(self, given: Any, name: str) -> Any:
        if callable(getattr(given, "install", None)):
            return given  # joins the application as it is; where its addresses are, the address map tells
        if type(given).__name__ in ONLY_WORDS:
            return given
        thing = f"{type(given).__name__} {name}"
        self.things.add(thing)
        if not dataclasses.is_dataclass(given) or isinstance(given, type):
            return given
        functions = {
            each.name: self._noted(thing, value, silent=isinstance(given, JobKind))
            for each in dataclasses.fields(given)
            if callable(value := getattr(given, each.name)) and not isinstance(value, type | click.Command)
        }
        return dataclasses.replace(given, **functions) if functions and not isinstance(given, Service) else given

    def _noted(self, thing: str, function: Callable[..., Any], *, silent: bool = False) -> Callable[..., Any]:
        def call(*args: Any, **given: Any) -> Any:
            self.calls.append(Call(thing, frozenset(_forms([*args, *given.values()]))))
            return None if silent and given.get(ONLY_NOTE) else function(*args, **given)

        return call


def _name(given: Any) -> str:
    if isinstance(command := getattr(given, "command", None), click.Command):
        return str(command.name)
    blueprint = getattr(given, "blueprint", None)
    return str(getattr(blueprint, "name", None) or getattr(given, "name", None) or getattr(given, "endpoint", ""))


def _forms(given: Iterable[Any]) -> Iterable[int]:
    for each in given:
        if isinstance(each, Context):
            if each.form is not None:
                yield each.form.id
        elif isinstance(each, Form):
            yield each.id
        elif isinstance(each, Ticket):
            yield each.form_id
        elif isinstance(each, list | tuple):
            yield from _forms(each)
