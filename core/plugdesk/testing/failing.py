"""What a desk loses when a plugin fails: nothing of its own."""

from __future__ import annotations

import dataclasses
from typing import Any

from plugdesk.plugins.registry import CONTRIBUTED
from plugdesk.testing.tour import live, look
from plugdesk.testing.trial import Trial
from plugdesk.tickets.models import Direction, Ticket


class Broken(RuntimeError):
    """What the implementations raise, after they have done their work."""


def failure_problems(trial: Trial) -> list[str]:
    """What is lost of a ticket's life with each hook of the plugin raising in turn, and then all of them."""
    hooks = [
        hook
        for hook in trial.registry.specs
        if hook not in CONTRIBUTED and trial.registry.implementation(hook, trial.case.plugin_id)
    ]
    trial.switch_on()
    trial.runtime.executor.strict = False
    problems = []
    for broken in [*([hook] for hook in hooks), hooks]:
        with _breaking(trial, broken):
            found = _lost(trial, on_pages=broken is hooks)
            problems += [f"With {', '.join(broken) or 'nothing'} raising, {each}" for each in found]
    return problems


def _lost(trial: Trial, *, on_pages: bool) -> list[str]:
    before = trial.rows()
    try:
        number = live(trial, trial.here)
        if on_pages:
            look(trial, number)
    except Exception as error:
        return [f"the desk itself fails: {type(error).__name__}: {error}"]
    with trial.database.read() as session:
        ticket = session.get(Ticket, number)
        if ticket is None:
            return ["the ticket is lost."]
        said = [message.direction for message in ticket.messages if message.kind == "human"]
        if said != [Direction.INCOMING, Direction.INCOMING, Direction.NOTE, Direction.OUTGOING]:
            return [f"messages are lost: {', '.join(said)} are left."]
    return [] if before.keys() == trial.rows().keys() else ["a table is gone."]


class _breaking:
    def __init__(self, trial: Trial, hooks: list[str]) -> None:
        self._trial, self._hooks = trial, hooks
        self._kept: dict[str, list[Any]] = {}

    def __enter__(self) -> None:
        known = self._trial.registry._implementations
        for hook in self._hooks:
            self._kept[hook] = list(known[hook])
            known[hook][:] = [
                dataclasses.replace(each, function=_broken(each.function)) if each.plugin == self._trial.case.plugin_id else each
                for each in known[hook]
            ]
        self._trial.registry._compiled.clear()

    def __exit__(self, *_: object) -> None:
        for hook, kept in self._kept.items():
            self._trial.registry._implementations[hook][:] = kept
        self._trial.registry._compiled.clear()
        self._trial.clock.advance(days=1)  # whatever was suspended may be tried again


def _broken(function: Any) -> Any:
    def call(*args: Any, **given: Any) -> Any:
        function(*args, **given)
        raise Broken("It failed after its work was done.")

    return call
