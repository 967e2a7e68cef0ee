"""Everything there is: bots, people, chats and files, behind one lock. What happens in a chat is told to its bots here."""

from __future__ import annotations

import itertools
import secrets
import threading
from collections.abc import Hashable
from datetime import datetime
from typing import Any

from plugdesk.clock import Clock, SystemClock
from plugdesk.testing.messenger import wire
from plugdesk.testing.messenger.accounts import Account
from plugdesk.testing.messenger.bots import SHAPE, Bot
from plugdesk.testing.messenger.chats import Chat, PrivateChat
from plugdesk.testing.messenger.faults import Faults
from plugdesk.testing.messenger.files import FileStore
from plugdesk.testing.messenger.groups import Group
from plugdesk.testing.messenger.presses import Press
from plugdesk.testing.messenger.rates import Rates
from plugdesk.testing.messenger.rows import Message
from plugdesk.testing.messenger.updates import DAY, Update

# Numbers do not fit into 32 bits, as many of Telegram's no longer do.
FIRST_PERSON = 5_100_000_001
FIRST_BOT = 7_300_000_001
FIRST_GROUP = 4_500_000_001
SUPERGROUPS = 1_000_000_000_000


class World:
    """Hold `changed` while reading or changing anything; whoever waits for it is woken by every change."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or SystemClock()
        self.changed = threading.Condition()
        self.bots: dict[str, Bot] = {}
        self.people: dict[int, Account] = {}
        self.groups: dict[int, Group] = {}
        self.private: dict[tuple[int, int], PrivateChat] = {}
        self.deactivated: set[int] = set()
        self.presses: dict[str, Press] = {}
        self.files = FileStore()
        self.faults = Faults()
        self.rates = Rates(self.clock)
        self.albums = itertools.count(13_700_000_000_000_001)
        self._queries = itertools.count(2_190_000_000_000_000_001)
        self._person_numbers = itertools.count(FIRST_PERSON)
        self._bot_numbers = itertools.count(FIRST_BOT)
        self._group_numbers = itertools.count(FIRST_GROUP)

    def now(self) -> datetime:
        """The moment by this world's clock, in UTC."""
        return self.clock.now()

    def unix(self) -> float:
        """The same in seconds since 1970."""
        return self.now().timestamp()

    def new_person_number(self) -> int:
        """For the next person."""
        return next(number for number in self._person_numbers if number not in self.people)

    def add_bot(self, name: str, username: str, *, privacy: bool, token: str, first_number: int) -> Bot:
        """A new bot, as BotFather makes one, or with a `token` one that was here before."""
        if any(bot.username.lower() == username.lower() for bot in self.bots.values()):
            raise ValueError(f"The user name {username} is taken.")
        if token and not SHAPE.fullmatch(token):
            raise ValueError("A token is a number, a colon and some thirty letters.")
        taken = {bot.id for bot in self.bots.values()}
        number = int(token.partition(":")[0]) if token else next(each for each in self._bot_numbers if each not in taken)
        first_update = 100_000_000 + (number - FIRST_BOT) % 1_000 * 1_000_000 + first_number
        bot = Bot(number, name, username, token or new_token(number), first_update, first_number, privacy=privacy)
        self.bots[bot.token] = bot
        return bot

    def add_group(self, title: str, owner: Account, kind: str) -> Group:
        """A new group or supergroup with nobody else in it."""
        number = next(self._group_numbers)
        group = Group(self, -SUPERGROUPS - number if kind == "supergroup" else -number, title, owner, kind)
        self.groups[group.id] = group
        return group

    def private_chat(self, person: Account, bot: Bot) -> PrivateChat:
        """The chat of the two, which may not have begun yet."""
        return self.private.setdefault((person.id, bot.id), PrivateChat(person, bot))

    def account(self, number: int) -> Account | None:
        """The person or bot of that number."""
        return self.people.get(number) or next((bot for bot in self.bots.values() if bot.id == number), None)

    def bot_of(self, message: Message) -> Bot:
        """The bot that wrote a message. Raises LookupError when a person did."""
        found = next((bot for bot in self.bots.values() if bot == message.sender), None)
        if found is None:
            raise LookupError("No bot of this messenger wrote that message.")
        return found

    def new_press(self, person: Account, message: Message, data: str) -> Press:
        """Somebody presses a button: the bot whose message it is is told."""
        press = Press(str(next(self._queries)), person, message, data, self.now(), self.changed)
        self.presses[press.id] = press
        return press

    def post(self, chat: Chat, sender: Account, *, silent: bool = False, **content: Any) -> Message:
        """A new message in the chat, told to the bots which may see it unless it is `silent`."""
        message = chat.keep(Message(chat, chat.next_number(), sender, self.now(), **content))
        if isinstance(chat, Group) and sender.is_bot:
            chat.last_bot = sender
        if not silent:
            self.announce("message", message)
        self.changed.notify_all()
        return message

    def announce(self, kind: str, message: Message) -> None:
        """Tells the bots of a chat of a message in it: `message` or `edited_message`."""
        chat = message.chat
        for bot in chat.bots:
            shown = chat.shows(message, bot) if isinstance(chat, Group) else not message.from_bot
            if shown and bot != message.sender:
                bot.met.add(message.sender.id)
                self.tell(bot, kind, {kind: wire.message(message, bot, self.files)}, chat.id)

    def tell(
        self, bot: Bot, kind: str, body: dict[str, Any], queue: Hashable, *, life: float = DAY, always: bool = False
    ) -> Update | None:
        """An update for one bot, unless it does not want to hear of that kind; `life` is in seconds."""
        if kind not in bot.updates.allowed and not always:
            return None
        update = bot.updates.add(kind, body, queue, self.unix() + life)
        if bot.webhook:
            bot.webhook.take(update)
        self.changed.notify_all()
        return update

    def tell_status(self, bot: Bot, chat: Chat, by: Account, old: str, new: str) -> None:
        """Tells a bot that its own place in a chat is another now."""
        body = {"chat": wire.chat(chat), "from": wire.user(by), "date": wire.unix(self.now())}
        body |= {"old_chat_member": wire.member_as(old, bot), "new_chat_member": wire.member_as(new, bot)}
        self.tell(bot, "my_chat_member", {"my_chat_member": body}, ("member", chat.id))


def new_token(number: int) -> str:
    """A token for the bot of that number, in Telegram's form."""
    return f"{number}:AA{secrets.token_urlsafe(25)[:33]}"
