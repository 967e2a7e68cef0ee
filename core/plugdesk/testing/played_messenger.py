"""A form's bot on a messenger of this machine, and somebody who writes to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from plugdesk.testing.messenger import File, LocalMessenger, Message, Person, Press, PrivateChat

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from plugdesk.clock import MovableClock
    from plugdesk.forms.models import Form
    from plugdesk.runtime import Runtime
    from plugdesk.users.models import User

LOOKS_AGAIN = 181  # seconds: without a service that listens, the desk looks in after three minutes
SETTLES = 3  # seconds: the pictures of an album come one by one


class PlayedBot:
    """`messenger.ann.write("The till beeps")` is a customer's message; `messenger.sent` is what the bot has written to her."""

    def __init__(self, server: LocalMessenger, clock: MovableClock, run_jobs: Callable[[], int], name: str = "Desk") -> None:
        self.server = server
        self.token = server.add_bot(name, f"{name.lower()}_bot")
        self._clock = clock
        self._run_jobs = run_jobs
        self.ann = self.person("Ann", "Carter")

    def connect(self, runtime: Runtime, session: Session, form: Form, by: User) -> None:
        """Give the form this bot, as whoever sets desks up does (the hook `connect_bot`)."""
        bot = self.server.bot(self.token)
        account = {"token": self.token, "name": bot.first_name, "username": bot.username, "own_network": True}
        account["api_address"] = self.server.address
        done = runtime.executor.first("connect_bot", form, session, account=account, by=by)
        assert done, "No extension that is on there takes a bot: enable it first."
        session.commit()
        self._run_jobs()

    def person(self, first_name: str, last_name: str = "", language: str = "en") -> PlayedPerson:
        """Somebody else who may write to the bot."""
        return PlayedPerson(self, self.server.person(first_name, last_name, language_code=language))

    def look(self) -> None:
        """Three minutes pass by the desk's clock, in which the bot's messages are fetched and everything due is done."""
        for seconds in (LOOKS_AGAIN, SETTLES):
            self._clock.advance(seconds=seconds)
            self._run_jobs()

    @property
    def sent(self) -> list[Message]:
        """What Ann sees of the bot, oldest first."""
        return self.ann.received


class PlayedPerson:
    """Somebody with a telephone; what they do the desk has taken, with all that follows from it, when the call returns."""

    def __init__(self, bot: PlayedBot, person: Person) -> None:
        self.person = person
        self._bot = bot

    @property
    def chat(self) -> PrivateChat:
        """The chat with the bot."""
        return self.person.chat(self._bot.token)

    @property
    def received(self) -> list[Message]:
        """What the bot has written to them, as it is now, oldest first."""
        return [message for message in self.chat.messages if message.from_bot]

    def write(self, text: str, *files: File, answers: Message | None = None) -> Message:
        """A message with files made by `new_file`: several travel as an album, whose first message is returned."""
        if not files:
            said = self.person.write(self._bot.token, text, reply_to=answers)
        elif len(files) == 1:
            said = self.person.send(self._bot.token, files[0], text, reply_to=answers)
        else:
            said = self.person.send_album(self._bot.token, files, text)[0]
        self._bot.look()
        return said

    def edit(self, message: Message, text: str) -> Message:
        """Writes a message of theirs anew."""
        edited = self.person.edit(message, text)
        self._bot.look()
        return edited

    def press(self, message: Message, button: str) -> Press:
        """Presses the button that says this, under a message of the bot; the answer is in what is returned."""
        press = self.person.press(message, button)
        self._bot.look()
        return press
