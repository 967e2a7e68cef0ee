"""A desk whose form has Telegram on and a bot at the local messenger, with everything in one hand."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from plugdesk.forms.models import Form
from plugdesk.jobs import enqueue
from plugdesk.plugins.settings import PluginSettings
from plugdesk.plugins.switch import disable_plugin, enable_plugin, save_plugin_settings
from plugdesk.tickets.correspondence import reply_to_ticket, send_again
from plugdesk.tickets.models import DeliveryState, Message, Ticket
from plugdesk.users.models import Role, User
from plugdesk.worker import Worker
from plugdesk_telegram.bots import BotInput, Known, add_bot
from plugdesk_telegram.models import Bot, Mode

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from plugdesk.clock import MovableClock
    from plugdesk.runtime import Runtime
    from plugdesk.testing.messenger import LocalMessenger, Person
    from plugdesk.testing.messenger import Message as Seen


class Shop:
    """The form “Support” (id 1), its bot @shop_bot, and Ada who answers."""

    def __init__(self, runtime: Runtime, clock: MovableClock, messenger: LocalMessenger, token: str) -> None:
        self.runtime, self.clock, self.messenger, self.token = runtime, clock, messenger, token

    def connect(self, token: str | None = None, *, mode: Mode = Mode.POLLING) -> int:
        """Adds a bot as its page does; returns its id."""
        token = token or self.token
        known = self.messenger.bot(token)
        with self.runtime.database.write() as session:
            given = BotInput(token, mode, self.messenger.address, own_network=True)
            ctx = self.runtime.context("telegram", self.form(session), session)
            return add_bot(ctx, given, Known(known.id, known.first_name, known.username), by=None).id

    def form(self, session: Session) -> Form:
        return session.get_one(Form, 1)

    def work(self) -> None:
        """Fetch what waits for the bots, and do all there is to do."""
        with self.runtime.database.write() as session:
            for bot_id in session.scalars(sa.select(Bot.id)):
                enqueue(session, "telegram:poll", form=self.form(session), key=f"bot:{bot_id}", bot_id=bot_id)
        self.do_jobs()

    def do_jobs(self) -> None:
        """Do what is due, without asking Telegram for more."""
        Worker(self.runtime, "test").run_due()

    def later(self, **duration: float) -> None:
        """Moves the clock on and does what is due then."""
        self.clock.advance(timedelta(**duration))
        self.work()

    def switch(self, *, on: bool) -> None:
        """Switches Telegram on or off on the form."""
        with self.runtime.database.write() as session:
            (enable_plugin if on else disable_plugin)(session, self.form(session), "telegram", None)

    def set(self, **values: Any) -> None:
        """Changes settings of Telegram on the form."""
        with self.runtime.database.write() as session:
            version = session.scalar(sa.select(PluginSettings.version).where(PluginSettings.form_id == 1)) or 0
            save_plugin_settings(session, self.form(session), "telegram", values, version, None)

    def reply(self, body: str = "<p>Restart it.</p>", *, ticket: int = 1, **given: Any) -> int:
        """Ada's answer, delivered as far as it goes; returns the message's id."""
        with self.runtime.database.write() as session:
            number = reply_to_ticket(session, session.get_one(Ticket, ticket), _agent(session), body=body, **given).id
        self.do_jobs()
        return number

    def act(self, what: Callable[..., Any], message: int, **given: Any) -> None:
        """`what(session, message, agent, …)` in a transaction; then the work it causes is done."""
        with self.runtime.database.write() as session:
            what(session, session.get_one(Message, message), _agent(session), **given)
        self.do_jobs()

    def again(self, message: int) -> None:
        """Ada presses *Send again*."""
        self.act(send_again, message)

    def state(self, message: int) -> tuple[DeliveryState | None, str | None]:
        """How far a message has come, and why no further."""
        with self.runtime.database.read() as session:
            found = session.get_one(Message, message)
            return found.delivery, found.delivery_error

    def said(self, ticket: int = 1) -> list[tuple[str, str]]:
        """What stands on a ticket: who said it (incoming, outgoing, note; what kind of program) and the text."""
        with self.runtime.database.read() as session:
            found = session.scalars(sa.select(Message).where(Message.ticket_id == ticket).order_by(Message.id)).all()
            return [(str(each.direction) if each.kind == "human" else each.kind, each.text) for each in found]

    def tickets(self) -> int:
        """How many tickets there are."""
        with self.runtime.database.read() as session:
            return session.scalar(sa.select(sa.func.count()).select_from(Ticket)) or 0

    def seen(self, person: Person) -> list[Seen]:
        """What the bot has written to a person, without receipts."""
        return [each for each in person.chat(self.token).messages if each.from_bot and "received your request" not in each.text]


def _agent(session: Session) -> User:
    return session.scalars(sa.select(User).where(User.role == Role.AGENT)).one()
