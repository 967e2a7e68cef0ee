"""The demo's own messenger, and the service that keeps it: its bot is connected to a form, its people are played on a page.

Bot and people have the same numbers at every start, because the desk goes on knowing them; what was said it has, too.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event, Lock
from time import time
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.api import Form, Identity, Runtime, all_forms, runtime_of

from .cast import FORM_OF_BOT
from .mail import HOST, LOOK, administrator, language_of
from .models import PlayedBot, PlayedPerson
from .script import read_content

if TYPE_CHECKING:
    from plugdesk.testing.messenger import LocalMessenger, Person, Press

CHANNEL = "telegram"
NUMBER = 7_300_000_001  # of the bot
NOWHERE = f"http://{HOST}"  # the messenger, before it has started
NEWCOMERS = 5_200_000_001  # numbers of people who are made up on the page
EPOCH = 1_767_225_600  # the beginning of 2026


@dataclass
class Messenger:
    """The messenger of this process, with its one bot.

    `recalled` are the people whose earlier chat is in it again, `pressed` the button each of them pressed last.
    """

    server: LocalMessenger
    token: str
    language: str
    began_at: datetime
    pressed: dict[int, Press] = field(default_factory=dict)
    recalled: set[int] = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)

    def person(self, row: PlayedPerson) -> Person:
        """Who is played; somebody who is new to this process comes back with their number."""
        with self.lock:
            found = next((each for each in self.server.people if each.id == row.number), None)
            if found is not None:
                return found
            return self.server.person(row.first_name, row.last_name, "", self.language, row.phone, number=row.number)


_open: list[Messenger] = []  # that of this process, while it runs


def open_messenger() -> Messenger | None:
    """The demo's messenger. None while it starts, and in processes besides the one that keeps it."""
    return _open[0] if _open else None


def is_installed(runtime: Runtime) -> bool:
    """Whether there is an extension that speaks with the messenger."""
    return CHANNEL in runtime.registry.channels


def form_of_bot(session: Session) -> Form | None:
    """The form whose customers write to the bot; None when somebody has renamed or archived it."""
    return next((form for form in all_forms(session) if form.slug == FORM_OF_BOT), None)


def people(session: Session) -> Sequence[PlayedPerson]:
    """Who can be played, in the order of their names."""
    return session.scalars(sa.select(PlayedPerson).order_by(PlayedPerson.first_name, PlayedPerson.number)).all()


def add_person(session: Session, first_name: str, last_name: str = "", *, phone: str = "", number: int = 0) -> PlayedPerson:
    """Somebody new to be; without a number or a telephone they get the next."""
    last = session.scalar(sa.select(sa.func.max(PlayedPerson.number))) or 0
    number = number or max(last + 1, NEWCOMERS)
    person = PlayedPerson(number=number, first_name=first_name, last_name=last_name, phone=phone or f"+7900{number % 10**7:07}")
    session.add(person)
    return person


def connect_bot(session: Session, form: Form, language: str, address: str = NOWHERE) -> None:
    """Connect the demo's bot to the form, with the people who have written to it; or give it the messenger's new address."""
    bot = _bot(session, language)
    account = {"token": bot.token, "name": bot.name, "username": bot.username, "api_address": address, "own_network": True}
    account |= {"people": _known(session)}
    runtime_of(session).executor.first("connect_bot", form, session, account=account, by=administrator(session))


def keep_messenger(runtime: Runtime, stop: Event) -> None:
    """Service: on the desk of a demo with Telegram on, keep its messenger until `stop`. Elsewhere it only waits."""
    while not is_installed(runtime) or (language := language_of(runtime)) is None or not _is_on(runtime):
        if stop.wait(LOOK):
            return
    from plugdesk.testing.messenger import LocalMessenger

    with LocalMessenger(HOST, clock=runtime.clock) as server:
        messenger = _bring_back(runtime, server, language)
        _open.append(messenger)
        connected = False
        try:
            while not stop.is_set():
                connected = connected or _connect(runtime, messenger)
                stop.wait(LOOK)
        finally:
            _open.remove(messenger)


def _is_on(runtime: Runtime) -> bool:
    with runtime.database.read() as session:
        form = form_of_bot(session)
        return form is not None and form.has(CHANNEL)


def _bring_back(runtime: Runtime, server: LocalMessenger, language: str) -> Messenger:
    """The messenger with the bot of the first start, and whoever has written to it before."""
    # Ten numbers a second have gone by since the last start: nothing gets the number of something that was there before.
    first_number = int((time() - EPOCH) * 10)
    with runtime.database.write() as session:
        bot = _bot(session, language)
        server.add_bot(bot.name, bot.username, token=bot.token, first_number=first_number)
        messenger = Messenger(server, bot.token, language, runtime.clock.now())
        known = set(_known(session))
        for person in people(session):
            if person.number in known:
                messenger.person(person).chat(bot.token).started = True
    return messenger


def _connect(runtime: Runtime, messenger: Messenger) -> bool:
    """Connect the bot where Telegram is on. The port is new at each start."""
    with runtime.database.write() as session:
        form = form_of_bot(session)
        if form is None or not form.has(CHANNEL):
            return False
        connect_bot(session, form, messenger.language, messenger.server.address)
    return True


def _bot(session: Session, language: str) -> PlayedBot:
    """The demo's bot. With it come some people who are nobody's customers yet."""
    bot = session.get(PlayedBot, 0)
    if bot is None:
        content = read_content(language)
        name = next(form["sender"] for form in content["forms"] if form["key"] == FORM_OF_BOT)
        token = f"{NUMBER}:AA{secrets.token_urlsafe(25)[:33]}"
        bot = PlayedBot(id=0, token=token, name=name, username=f"{content['domain'].partition('.')[0]}_{FORM_OF_BOT}_bot")
        session.add(bot)
        for first_name, last_name in content["messenger"]["people"]:
            add_person(session, first_name, last_name)
            session.flush()  # their number, above which is the next one's
    return bot


def _known(session: Session) -> list[int]:
    """The numbers of those who have written to the bot, by what the desk knows."""
    values = session.scalars(sa.select(Identity.value).where(Identity.channel == CHANNEL))
    return [int(value) for value in values if value.isdecimal()]
