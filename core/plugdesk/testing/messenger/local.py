"""The local messenger: Telegram's Bot API on loopback, and the people who write to the bots."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from plugdesk.clock import Clock
from plugdesk.testing.messenger.accounts import Account
from plugdesk.testing.messenger.bots import Bot
from plugdesk.testing.messenger.chats import Chat
from plugdesk.testing.messenger.faults import When
from plugdesk.testing.messenger.groups import Group
from plugdesk.testing.messenger.methods.call import WebhookRules
from plugdesk.testing.messenger.people import Person
from plugdesk.testing.messenger.refusals import Refused
from plugdesk.testing.messenger.rows import Service
from plugdesk.testing.messenger.server import Asked, Server, Switchboard
from plugdesk.testing.messenger.updates import Update
from plugdesk.testing.messenger.world import World, new_token

Found = TypeVar("Found")


class LocalMessenger:
    """Telegram's Bot API at `address`, as documented at https://core.telegram.org/bots/api.

    A port given as 0 is chosen by the system and known after `start`. With `plain_webhooks` a webhook may be plain HTTP,
    on any port, and on this machine; Telegram's own rules hold without it. `webhook_pause` (seconds) is doubled from
    repetition to repetition; `webhook_trust` are the certificates a webhook over TLS is checked with. `clock` says when
    updates, presses and links of files expire and how fast the limits fill; waiting itself is done in real time.

    Everything may be used from any thread. Chats and messages stay readable after `stop`.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        clock: Clock | None = None,
        plain_webhooks: bool = False,
        webhook_pause: float = 1.0,
        webhook_trust: ssl.SSLContext | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self._world = World(clock)
        rules = WebhookRules(
            plain_webhooks, webhook_pause, webhook_trust, lambda bot, asked: self._switchboard.execute(bot, asked)
        )
        self._switchboard = Switchboard(self._world, rules)
        self._server: Server | None = None

    def start(self) -> Self:
        """Listens, and returns when it does. Raises OSError when the port is taken."""
        self._switchboard.closing.clear()
        self._server = Server(self._switchboard, self.host, self.port)
        self.port = self._server.port
        self._server.start()
        for bot in self.bots:
            if bot.webhook:
                bot.webhook.resume()
        return self

    def stop(self) -> None:
        """Ends every connection and delivery and all threads. Stopping twice is harmless."""
        server, self._server = self._server, None
        self._switchboard.closing.set()
        with self._world.changed:
            for bot in self._world.bots.values():
                bot.polls += 1  # whoever waits for updates is sent away
            self._world.changed.notify_all()
        for bot in list(self._world.bots.values()):
            if bot.webhook:
                bot.webhook.abort()
        if server:
            server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """Where `/botTOKEN/METHOD` and `/file/botTOKEN/PATH` are, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    # Who there is

    def add_bot(self, name: str, username: str, *, privacy: bool = True, token: str = "", first_number: int = 1) -> str:
        """A new bot; returns its token. `privacy` off lets it see all that is said in groups.

        A bot of an earlier run comes back with its `token`; then `first_number` has to be above the number of updates and
        messages it had, for its messages and updates are counted from there.
        """
        with self._world.changed:
            return self._world.add_bot(name, username, privacy=privacy, token=token, first_number=first_number).token

    def bot(self, token: str) -> Bot:
        """The bot with this token. Raises KeyError when there is none."""
        with self._world.changed:
            return self._world.bots[token]

    @property
    def bots(self) -> list[Bot]:
        """All bots, in the order they were added."""
        with self._world.changed:
            return list(self._world.bots.values())

    def person(
        self,
        first_name: str,
        last_name: str = "",
        username: str = "",
        language_code: str = "en",
        phone: str = "",
        *,
        number: int = 0,
    ) -> Person:
        """A new person. Without `phone` one is invented; it is what `share_contact` sends.

        A person of an earlier run comes back with their `number`.
        """
        with self._world.changed:
            if number in self._world.people:
                raise ValueError(f"There is somebody with the number {number}.")
            number = number or self._world.new_person_number()
            phone = phone or f"+7900{number % 10_000_000:07}"
            person = Person(self._world, number, first_name, last_name, username, language_code, phone)
            self._world.people[person.id] = person
            return person

    @property
    def people(self) -> list[Person]:
        """All people, in the order they came."""
        with self._world.changed:
            return [person for person in self._world.people.values() if isinstance(person, Person)]

    def group(self, title: str, owner: Account, members: Sequence[Account | str] = (), *, supergroup: bool = False) -> Group:
        """A new group of the owner, with people and bots (by their tokens) in it, who are told so."""
        with self._world.changed:
            group = self._world.add_group(title, owner, "supergroup" if supergroup else "group")
            self._world.post(group, owner, service=Service("supergroup_chat_created" if supergroup else "group_chat_created"))
            for member in members:
                group.add(member)
            return group

    def chat(self, token: str, chat_id: int) -> Chat:
        """The chat which this bot knows by this number. Raises KeyError when it knows none."""
        with self._world.changed:
            if chat_id < 0:
                return self._world.groups[chat_id]
            return self._world.private[chat_id, self._world.bots[token].id]

    @property
    def chats(self) -> list[Chat]:
        """All private chats that have begun, and all groups."""
        with self._world.changed:
            return [*(chat for chat in self._world.private.values() if chat.started), *self._world.groups.values()]

    # What happened

    def wait_for(self, predicate: Callable[[], Found], seconds: float = 30.0) -> Found:
        """Asks after every change until the answer is true or the time is over; returns the last answer.

        While it is asked the messenger stands still: ask only what is answered at once.
        """
        with self._world.changed:
            return self._world.changed.wait_for(predicate, seconds)

    @property
    def calls(self) -> list[Asked]:
        """The last thousand calls of bots, oldest first; fetching a file is one of the method `file`."""
        return list(self._switchboard.calls)

    def pending(self, token: str) -> list[Update]:
        """The updates this bot has not taken yet, oldest first."""
        with self._world.changed:
            return self._world.bots[token].updates.waiting(self._world.unix())

    def inject(self, token: str, update: dict[str, Any], queue: int = 0) -> int:
        """Tells the bot this, as it is: any kind of update, known or not. Returns the `update_id` it was given.

        Webhooks keep the order of updates of one `queue`, which is the number of a chat.
        """
        with self._world.changed:
            kind = next(iter(update), "")
            told = self._world.tell(self._world.bots[token], kind, dict(update), queue, always=True)
            assert told is not None
            return told.id

    def again(self, update_id: int) -> None:
        """Tells an update once more that was told already. Raises KeyError when there was none of that number."""
        with self._world.changed:
            for bot in self._world.bots.values():
                if update := bot.updates.replay(update_id):
                    if bot.webhook:
                        bot.webhook.take(update)
                    self._world.changed.notify_all()
                    return
        raise KeyError(update_id)

    # What goes wrong: orders for one method are used up in the order they were given

    def fail(self, method: str, code: int, description: str, *, retry_after: int | None = None, times: int = 1) -> None:
        """Refuses the next calls of a method (`"*"`: of any, `"file"`: of fetching files) without doing anything."""
        parameters = {} if retry_after is None else {"retry_after": retry_after}
        with self._world.changed:
            self._world.faults.order(method, times, refusal=Refused(code, description, **parameters))

    def hang(self, method: str, seconds: float, *, times: int = 1) -> None:
        """Keeps the next calls of a method waiting, in real time, before anything is done."""
        with self._world.changed:
            self._world.faults.order(method, times, seconds=seconds)

    def drop_connection(self, method: str, when: When = "after", *, times: int = 1) -> None:
        """Breaks the connection of the next calls, before or after they took effect: the bot cannot know which."""
        with self._world.changed:
            self._world.faults.order(method, times, drop=when)

    def away(self, code: int | None = None) -> None:
        """Telegram is down: connections are broken without an answer, or answered with a page of this code (502); nothing is delivered."""
        with self._world.changed:
            self._world.faults.away, self._world.faults.away_code = True, code
            self._world.changed.notify_all()

    def back(self) -> None:
        """Telegram is up again, and delivers what has gathered."""
        with self._world.changed:
            self._world.faults.away = False
        self.retry_webhooks()

    def heal(self) -> None:
        """Forgets all that was ordered to fail, hang or drop."""
        with self._world.changed:
            self._world.faults.clear()

    def retry_webhooks(self) -> None:
        """Repeats at once what webhooks did not take, instead of after the pause."""
        for bot in self.bots:
            if bot.webhook:
                bot.webhook.retry()

    def limit_rates(
        self, *, per_chat: float = 1.0, burst: int = 3, per_bot: float = 30.0, per_group_minute: float = 20.0
    ) -> None:
        """Switches the limits on: messages a second to one chat after a burst, a second in all, and a minute in a group."""
        with self._world.changed:
            self._world.rates.limit(per_chat=per_chat, burst=burst, per_bot=per_bot, per_group_minute=per_group_minute)

    def unlimit_rates(self) -> None:
        """Switches the limits off, as they are at first."""
        with self._world.changed:
            self._world.rates.unlimit()

    def revoke(self, token: str) -> str:
        """The owner has the bot's token replaced; returns the new one. The old one is refused with 401 from now on."""
        with self._world.changed:
            bot = self._world.bots.pop(token)
            if bot.webhook:
                bot.webhook.end()
            bot.webhook = None
            bot.token = new_token(bot.id)
            self._world.bots[bot.token] = bot
            self._world.changed.notify_all()
            return bot.token
