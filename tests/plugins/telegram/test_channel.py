"""Telegram stands on the contract of all channels: the tests letters pass, on a server that speaks the Bot API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from plugdesk.testing.channels import *  # noqa: F403
from plugdesk.testing.channels import Correspondent, Fault, File, Seen
from plugdesk.testing.messenger import LocalMessenger, Message, new_file
from plugdesk.testing.played_messenger import PlayedBot

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from plugdesk.clock import MovableClock
    from plugdesk.forms.models import Form
    from plugdesk.runtime import Runtime
    from plugdesk.users.models import User

PART = 2_000  # a message at least so long has more behind it: it is cut at half of what Telegram takes, or later


@dataclass
class Said:
    """What Ann has sent, and the numbers of the updates that tell of it."""

    message: Message
    updates: list[int]


class Chatter(Correspondent):
    """Ann, who writes to the bot."""

    channel = "telegram"
    edits = True

    def __init__(self, messenger: PlayedBot) -> None:
        self.messenger = messenger
        self.person = messenger.ann.person
        self.keeps_back = False

    def write(self, text: str, files: Sequence[File] = ()) -> Said:
        token = self.messenger.token
        sent = [new_file("document", each.content, each.name) for each in files]
        return self._told(lambda: self.person.send(token, sent[0], text) if sent else self.person.write(token, text))

    def again(self, handle: Said) -> None:
        for update in handle.updates:
            self.messenger.server.again(update)

    def keep_back(self) -> None:
        self.keeps_back = True

    def look(self) -> None:
        self.messenger.look()

    def seen(self) -> list[Seen]:
        found: list[Seen] = []
        goes_on = False
        for each in self.messenger.sent:
            files = [File(each.file.name, each.file.data)] if each.file else []
            if goes_on:
                last = found[-1]
                found[-1] = Seen(f"{last.text} {each.text}", [*last.files, *files], last.buttons, last.parts + 1, last.handle)
            else:
                found.append(Seen(each.text, files, [button.text for row in each.buttons for button in row], handle=each.id))
            goes_on = len(each.text) >= PART
        return found

    def fail(self, fault: Fault) -> None:
        server = self.messenger.server
        if fault == "away":
            server.away(503)
        elif fault == "lost":
            server.drop_connection("sendMessage", "after")
        elif fault == "refused":
            server.fail("sendMessage", 400, "Bad Request: have no rights to send a message")
        else:
            server.fail("sendMessage", 429, "Too Many Requests: retry after 5", retry_after=5)

    def recover(self) -> None:
        self.messenger.server.heal()
        self.messenger.server.back()

    def edit(self, handle: Said, text: str) -> Said:
        return self._told(lambda: self.person.edit(handle.message, text))

    def _told(self, act: Callable[[], Message]) -> Said:
        token, server = self.messenger.token, self.messenger.server
        before = {each.id for each in server.pending(token)}
        said = Said(act(), [each.id for each in server.pending(token) if each.id not in before])
        if self.keeps_back:
            server.bot(token).updates.clear()
        return said

    def press(self, seen: Seen, label: str) -> None:
        message = next(each for each in self.messenger.sent if each.id == seen.handle)
        self.person.press(message, label)


@pytest.fixture
def correspondent(
    runtime: Runtime,
    session: Session,
    admin: User,
    form: Form,
    enable: Callable[..., Any],
    clock: MovableClock,
    run_jobs: Callable[[], int],
) -> Iterator[Chatter]:
    enable("telegram")
    with LocalMessenger() as server:
        bot = PlayedBot(server, clock, run_jobs)
        bot.connect(runtime, session, form, admin)
        yield Chatter(bot)
