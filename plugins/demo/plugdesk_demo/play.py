"""Plays the company's story on its desk: one ordinary command a step, on a clock that is moved to the step's time.

It runs in a process of its own, so that the pages stay quick and its memory goes with it. Steps are played in batches,
each one transaction with all that its steps cause and with the count of what is done: an interrupted play goes on where
it was, and of two that play at once one finds the other's count and stops.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from time import monotonic, sleep

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.api import (
    Field,
    Form,
    Group,
    NewFile,
    PlugdeskError,
    Runtime,
    Said,
    Status,
    Ticket,
    User,
    accept,
    add_note,
    assign,
    can_see,
    change_status,
    change_tags,
    enable_plugin,
    hear,
    mark_read,
    open_ticket,
    press_button,
    receive_message,
    reply_to_ticket,
    runtime_of,
    set_fields,
)
from plugdesk.testing.playing import MovableClock, follow_up, lay_aside, pass_time, take_up

from .cast import Company, Step, StepKind
from .company import build_company
from .messenger import CHANNEL
from .models import Play, PlayedTicket
from .script import to_html
from .stage import Stage

BATCH_SECONDS = 0.4  # on SQLite nobody else can write while a batch is played
PAUSE = 0.11  # seconds between two: whoever waits for SQLite looks again every tenth of a second, and gets the turn
AFTERWARDS = ("reports",)
READ_AFTER = timedelta(hours=20)  # what was said longer ago than this, agents have read


class Superseded(Exception):
    """Somebody else plays this desk's story."""


def play(runtime: Runtime, *, go_on: Callable[[], bool] = lambda: True) -> bool:
    """Play what is left of the story; `runtime` is used for nothing else afterwards. Returns whether it is complete.

    `go_on` is asked between batches. Raises `Superseded` when another process plays, too.
    """
    with runtime.database.read() as session:
        found = session.get(Play, 0)
        if found is None or found.finished_at is not None:
            return True
        done, began_at = found.done, found.began_at
        company = build_company(found.language, found.seed, began_at)
    steps = company.steps
    present, runtime.clock = runtime.clock, MovableClock(steps[done].at if done < len(steps) else began_at)
    _keep_letters_back(runtime)
    while done < len(steps):
        if not go_on():
            return False
        with runtime.database.write() as session:
            done = _play_batch(session, company, steps, done)
        sleep(PAUSE)
    runtime.clock = present
    with runtime.database.write() as session:
        take_up(session)
        _read_the_old(session, company, began_at)
        _switch_on_the_rest(session)
        _locked(session, done).finished_at = present.now()
    return True


def _switch_on_the_rest(session: Session) -> None:
    """What looks through the past by itself is switched on when there is one."""
    for form in session.scalars(sa.select(Form)).all():
        for plugin in AFTERWARDS:
            if runtime_of(session).registry.is_loaded(plugin) and not form.has(plugin):
                enable_plugin(session, form, plugin, None)


def _keep_letters_back(runtime: Runtime) -> None:
    """What is played was sent long ago: the channels of this process deliver and change nothing, and say it went well."""
    for name, channel in runtime.registry.channels.items():
        change = (lambda ctx, message: None) if channel.change else None
        runtime.registry.channels[name] = replace(channel, deliver=lambda ctx, message: None, change=change)


def _play_batch(session: Session, company: Company, steps: list[Step], done: int) -> int:
    """Play steps from number `done` on for a moment; returns the number of the next."""
    row, stage = _locked(session, done), Stage(session, company)
    _remember(session)
    take_up(session)
    ends = monotonic() + BATCH_SECONDS
    while True:
        pass_time(session, steps[done].at)
        try:
            with session.begin_nested():
                _play_step(session, stage, steps[done])
        except PlugdeskError:
            pass  # somebody tries the desk already, and has taken this ticket another way
        follow_up(session)
        done += 1
        if done == len(steps) or monotonic() > ends:
            break
    lay_aside(session)
    row.done = done
    return done


def _remember(session: Session) -> None:
    """Hold what is loaded of the few rows that every step asks for: a session forgets what nobody holds."""
    held: list[object] = []

    def hold(_session: Session, loaded: object) -> None:
        if isinstance(loaded, (Field, Form, Group, Status, User)):
            held.append(loaded)

    sa.event.listen(session, "loaded_as_persistent", hold)


def _locked(session: Session, done: int) -> Play:
    row = session.get_one(Play, 0, with_for_update=True)
    if row.done != done or row.finished_at is not None:
        raise Superseded
    return row


def _play_step(session: Session, stage: Stage, step: Step) -> None:
    told = stage.told(step.ticket)
    if step.kind is StepKind.LETTER:
        _write_letter(session, stage, step)
        return
    ticket = stage.ticket(step.ticket)
    match step.kind:
        case StepKind.REPLY:
            if ticket.assignee is None:
                accept(session, ticket, stage.agent(step.who))
            reply_to_ticket(session, ticket, stage.agent(step.who), body=step.html, files=_files(step))
        case StepKind.NOTE:
            add_note(session, ticket, stage.agent(step.who), body=to_html(step.text))
        case StepKind.ACCEPT:
            agent = stage.agent(step.who)
            accept(session, ticket, agent)
            mark_read(session, ticket, agent)
            change_tags(session, ticket, add=stage.tags(step.ticket), by=agent)
            if told.channel != "web":
                set_fields(session, ticket, stage.values(ticket.form, told.values), by=agent)
        case StepKind.ASSIGN:
            to_group = stage.is_group(step.assignee)
            assign(
                session, ticket, stage.agent(step.who), assignee=None if to_group else stage.agent(step.assignee),
                group=stage.group(step.assignee) if to_group else ticket.group,
            )  # fmt: skip
        case StepKind.FIELDS:
            set_fields(session, ticket, stage.values(ticket.form, step.values), by=stage.agent(step.who))
        case StepKind.RATING:
            _rate(session, stage, ticket, step)
    if step.status:
        change_status(session, ticket, stage.status(ticket.form, step.status), by=stage.agent(step.who), incomplete=True)


def _write_letter(session: Session, stage: Stage, step: Step) -> None:
    told, customer = stage.told(step.ticket), stage.customer(step.who)
    said = Said(step.text, step.html or None, files=_files(step), kind="auto-reply" if step.automatic else "human")
    if session.get(PlayedTicket, step.ticket) is not None:
        ticket = stage.ticket(step.ticket)
        receive_message(session, ticket, customer, said=said, channel=ticket.channel)
        return
    form = stage.form(told.form)
    values = stage.values(form, told.values) if told.channel == "web" else None
    channel = told.channel if told.channel == CHANNEL and form.has(CHANNEL) else "email"
    ticket = open_ticket(session, form, customer, subject=told.subject, said=said, channel=channel, values=values)
    session.add(PlayedTicket(key=step.ticket, ticket_id=ticket.id))


def _rate(session: Session, stage: Stage, ticket: Ticket, step: Step) -> None:
    """A letter leads to a page; in a messenger a button is pressed, the best mark first, and the next words are the comment."""
    runtime = runtime_of(session)
    asked = next((message for message in reversed(ticket.messages) if message.buttons), None)
    if asked is None:
        runtime.executor.first("rate_ticket", ticket.form, session, ticket=ticket, mark=step.score, comment=step.text)
        return
    ctx = runtime.context(CHANNEL, ticket.form, session)
    press_button(ctx, asked, asked.buttons[5 - step.score]["key"])
    if step.text:
        hear(ctx, CHANNEL, stage.customer(step.who), Said(step.text))


def _files(step: Step) -> list[NewFile]:
    return [NewFile(file.name, file.data, file.media_type) for file in step.attachments]


def _read_the_old(session: Session, company: Company, began_at: datetime) -> None:
    """Everybody has read the open tickets of their forms, but for the latest: those are what an agent finds unread."""
    stage = Stage(session, company)
    old = sa.select(Ticket).where(Ticket.closed_at.is_(None), Ticket.spoken_at < began_at - READ_AFTER)
    tickets = session.scalars(old).all()
    for agent in company.agents:
        reader = stage.agent(agent.key)
        for ticket in tickets:
            if can_see(session, reader, ticket):
                mark_read(session, ticket, reader)
