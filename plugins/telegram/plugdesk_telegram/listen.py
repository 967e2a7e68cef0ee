"""Bots that are polled are listened to all the time: one request of each waits at Telegram, in a thread of its own."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

import sqlalchemy as sa

from plugdesk.api import Context, Form, Runtime, use_language
from plugdesk_telegram.botapi import BotApi, Interrupt, Refused, TelegramError
from plugdesk_telegram.connections import account_of, api_beside, in_words
from plugdesk_telegram.intake import ALLOWED, AT_ONCE, keep_answer, note_failure, note_success
from plugdesk_telegram.models import Bot, Mode

log = logging.getLogger(__name__)
LOOK = 2.0  # seconds between looks at which bots there are
WAIT = 50  # seconds a request waits at Telegram for something to tell
PATIENCE = 15.0  # seconds more, in which an answer has to be here
PAUSES = (2.0, 5.0, 15.0, 60.0)  # seconds after one failure, two …
CONFLICT_PAUSE = 45.0  # somebody else polls: two that come back at once would cut each other off for ever
DISPUTED = 120.0  # seconds after which nobody seems to poll beside us any more
TOKEN_PAUSE = 300.0
GOODBYE = 3.0  # seconds a stop waits for a thread, whose request has been cut


def listen(runtime: Runtime, stop: threading.Event) -> None:
    """Service: listen to every polled bot whose form has Telegram on, until `stop`."""
    listeners: dict[int, _Listener] = {}
    try:
        while not stop.is_set():
            wanted = _wanted(runtime)
            for bot_id, listener in list(listeners.items()):
                if wanted.get(bot_id) != listener.version or not listener.is_alive():
                    listener.interrupt.end()
                    del listeners[bot_id]
            for bot_id, version in wanted.items():
                if bot_id not in listeners:
                    listeners[bot_id] = _Listener(runtime, bot_id, version)
                    listeners[bot_id].start()
            stop.wait(LOOK)
    finally:
        for listener in listeners.values():
            listener.interrupt.end()
        for listener in listeners.values():
            listener.join(GOODBYE)


def _wanted(runtime: Runtime) -> dict[int, int]:
    """The bots to listen to; the version is that of their connection, so that a changed one is connected anew."""
    here = sa.select(Bot.id, Bot.token, Bot.api, Bot.own_network, Form.extensions).join(Form, Form.id == Bot.form_id)
    with runtime.database.read() as session:
        rows = session.execute(here.where(Form.archived_at.is_(None), Bot.mode == Mode.POLLING)).all()
    return {bot_id: hash(tuple(connection)) for bot_id, *connection, extensions in rows if "telegram" in extensions}


class _Listener(threading.Thread):
    """One bot's thread; `version` is that of its connection."""

    def __init__(self, runtime: Runtime, bot_id: int, version: int) -> None:
        super().__init__(name=f"telegram bot {bot_id}", daemon=True)
        self.version = version
        self.interrupt = Interrupt(threading.Event())
        self._runtime, self._bot_id = runtime, bot_id
        self._failures = 1  # the first time only a look: what waits comes at once, and that all is well is written down
        self._disputed_until = 0.0

    def run(self) -> None:
        """Ask again and again, until told to stop."""
        while not self.interrupt.stop.is_set():
            try:
                pause = self._ask()
            except Exception:
                if self.interrupt.stop.is_set():
                    return
                log.exception("Listening to Telegram bot %s failed", self._bot_id)
                pause = self._next_pause()
            self._failures = self._failures + 1 if pause else 0
            if pause:
                self.interrupt.stop.wait(pause * random.uniform(1.0, 1.3))

    def _ask(self) -> float:
        """Wait for updates once and keep them. Returns for how many seconds to leave Telegram alone, 0 when all is well."""
        known = self._bot()
        if known is None:
            self.interrupt.stop.set()
            return 0.0
        api, offset = known
        wait = 0 if self._failures else WAIT
        given: dict[str, Any] = {"offset": offset or None, "limit": AT_ONCE, "timeout": wait, "allowed_updates": ALLOWED}
        try:
            found = api.call("getUpdates", interrupt=self.interrupt, seconds=wait + PATIENCE, **given)
        except TelegramError as error:
            if not self.interrupt.stop.is_set():
                self._write(lambda ctx, bot, error=error: note_failure(ctx, bot, in_words(error, api.account)))  # type: ignore[misc]
            return self._pause_after(error)
        # Of what came after the stop nothing is kept or confirmed, so that it comes again.
        if not self.interrupt.stop.is_set():
            self._write(lambda ctx, bot: self._keep(ctx, bot, found))
        return 0.0

    def _keep(self, ctx: Context, bot: Bot, found: list[Any]) -> None:
        keep_answer(ctx, bot, found)
        if monotonic() >= self._disputed_until:
            note_success(ctx, bot)
        else:
            bot.polled_at = ctx.now

    def _write(self, act: Callable[[Context, Bot], None]) -> None:
        """Write in a transaction of its own, unless the bot is not to be listened to any more."""
        with self._runtime.database.write() as session:
            bot = session.get(Bot, self._bot_id)
            form = session.get(Form, bot.form_id) if bot is not None else None
            if (
                bot is None
                or form is None
                or bot.mode is not Mode.POLLING
                or not form.has("telegram")
                or form.archived_at is not None
            ):
                self.interrupt.stop.set()
                return
            ctx = self._runtime.context("telegram", form, session)
            with use_language(ctx.desk.language):
                act(ctx, bot)

    def _pause_after(self, error: TelegramError) -> float:
        if isinstance(error, Refused):
            if error.retry_after:
                return error.retry_after
            if error.code == 409:
                self._disputed_until = monotonic() + DISPUTED
                return CONFLICT_PAUSE
            if error.code in (401, 404):
                return TOKEN_PAUSE
        return self._next_pause()

    def _next_pause(self) -> float:
        return PAUSES[min(max(self._failures, 1), len(PAUSES)) - 1]

    def _bot(self) -> tuple[BotApi, int] | None:
        with self._runtime.database.read() as session:
            bot = session.get(Bot, self._bot_id)
            if bot is None:
                return None
            ctx = self._runtime.context("telegram", session.get_one(Form, bot.form_id), session)
            return api_beside(self._runtime, account_of(ctx, bot)), bot.offset
