"""The bleed test: what an extension does where it is off. It goes by the registry and the address map, so nothing is forgotten.

The same tour is made over two forms: where the extension is on it must reach everything the plugin contributed, else the
test would prove nothing; where it is off it must reach none of it and leave no trace.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from plugdesk.events import Delivery
from plugdesk.forms.models import Form
from plugdesk.jobs import Job, JobState, enqueue
from plugdesk.testing import addresses
from plugdesk.testing.spies import ONLY_NOTE, Spies
from plugdesk.testing.tour import pass_time, tour
from plugdesk.testing.trial import Trial
from plugdesk.tickets.models import Message, Ticket

ASKED_WHEREVER = ("veto", "asked")  # before switching on, and of whoever is loaded: they may answer, not leave anything


def bleeding(trial: Trial) -> list[str]:
    """What the plugin did where it is off, and what of it was not visited; sentences, empty when all is well."""
    problems: list[str] = []
    spies = Spies(trial.registry, trial.case.plugin_id)
    with outgoing() as tried:
        problems += _where_it_is_off_everywhere(trial, spies)
        trial.switch_on()
        number = tour(trial, trial.here)
        with trial.write() as session:
            trial.case.fill(trial.ctx(session, trial.here), session.get_one(Ticket, number), "Thank you")
        _timers(trial)
        _queue(trial, trial.here)
        trial.run_jobs()
        seen, wrong = addresses.visited(trial)
        reached = {*spies.called, *seen, *_services(trial)}
        spies.calls.clear()
        tried.clear()
        if trial.is_for_the_desk:
            trial.switch_off()
        problems += _there(trial, spies, tried)
    problems += wrong
    problems += [f"{thing} was not visited." for thing in sorted(spies.things - reached)]
    return problems


def _there(trial: Trial, spies: Spies, tried: list[str]) -> list[str]:
    """The tour over the form where it is off."""
    before = trial.rows()
    number = tour(trial, trial.there)
    problems = [f"It reached out to {address} from where it is off." for address in tried]
    problems += [f"{what} was called where it is off." for what in spies.on(trial.there) if not _may_be_asked(trial, what)]
    problems += [f"It changed {name} where it is off." for name, rows in trial.rows().items() if rows != before[name]]
    with trial.database.read() as session:
        problems += [f"It left the job {kind} where it is off." for kind in session.scalars(_jobs(trial))]
        news = sa.select(sa.func.count()).where(Delivery.plugin == trial.case.plugin_id, Delivery.form_id == trial.there)
        if session.scalar(news):
            problems.append("News for it was put in the post where it is off.")
        own = trial.channel if trial.channel in trial.registry.channels else None
        sent = sa.select(Message.delivery).where(Message.ticket_id == number, Message.channel == own, Message.delivery == "sent")
        if own not in (None, *_channels_of_others(trial)) and session.scalar(sent):
            problems.append("A message left by its channel where it is off.")
    spies.calls.clear()
    _timers(trial)
    problems += [f"{what} ran where it is off." for what in spies.on(trial.there)]
    problems += addresses.open_where_off(trial, [trial.there]) + addresses.menus_where_off(trial)
    problems += _queued_before(trial, spies)
    return problems


def _may_be_asked(trial: Trial, what: str) -> bool:
    spec = trial.registry.specs.get(what.removeprefix("hook "))
    return spec is not None and spec.plugdesk_kind in ASKED_WHEREVER


def _where_it_is_off_everywhere(trial: Trial, spies: Spies) -> list[str]:
    before = trial.rows()
    problems = addresses.open_where_off(trial, [trial.here, trial.there], everywhere=True)
    _timers(trial)
    for owner, service in trial.registry.services:
        if owner == trial.case.plugin_id:
            stop = threading.Event()
            threading.Timer(0.2, stop.set).start()
            service.run(trial.runtime, stop)
    problems += [f"{what} ran while it was off everywhere." for what in sorted(spies.called)]
    problems += [f"It changed {name} while it was off everywhere." for name, rows in trial.rows().items() if rows != before[name]]
    spies.calls.clear()
    return problems


def _timers(trial: Trial) -> None:
    for owner, timer in trial.registry.timers:
        if owner == trial.case.plugin_id:
            pass_time(trial, timer)


def _queue(trial: Trial, form_id: int) -> int:
    """A job of each of the plugin's kinds, stored on the form as if the plugin had; returns how many."""
    kinds = [kind for kind in trial.registry._jobs if kind.startswith(f"{trial.case.plugin_id}:")]
    with trial.write() as session:
        form = None if trial.is_for_the_desk else session.get_one(Form, form_id)
        for kind in kinds:
            enqueue(session, kind, form=form, only_note=True)
    return len(kinds)


def _queued_before(trial: Trial, spies: Spies) -> list[str]:
    """Jobs that wait when the extension is switched off are kept, and not run."""
    spies.calls.clear()
    if trial.is_for_the_desk:
        trial.switch_on()
    number = _queue(trial, trial.here)
    trial.switch_off()
    trial.run_jobs()
    with trial.database.read() as session:
        form_id = 0 if trial.is_for_the_desk else trial.here
        held = session.scalar(
            sa.select(sa.func.count()).where(
                Job.plugin == trial.case.plugin_id,
                Job.form_id == form_id,
                Job.state == JobState.HELD,
                Job.args[ONLY_NOTE].is_not(None),
            )
        )
    problems = [f"{what} ran after it was switched off." for what in sorted(spies.called)]
    if held != number:
        problems.append(f"{number - (held or 0)} jobs that waited when it was switched off are gone.")
    return problems


def _jobs(trial: Trial) -> sa.Select[str]:
    return sa.select(Job.kind).where(Job.plugin == trial.case.plugin_id, Job.form_id == trial.there)


def _channels_of_others(trial: Trial) -> list[str]:
    return [name for name in trial.registry.channels if trial.registry.owner("channels", name) != trial.case.plugin_id]


def _services(trial: Trial) -> set[str]:
    """Services were run above while it was off everywhere."""
    return {f"Service {service.name}" for owner, service in trial.registry.services if owner == trial.case.plugin_id}


@contextmanager
def outgoing() -> Iterator[list[str]]:
    """The addresses anything connects to inside the block, on this machine or elsewhere."""
    import socket

    import pytest

    tried: list[str] = []
    connect = socket.socket.connect

    def noted(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            tried.append(str(address))
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", noted)
        yield tried
