"""Groups, which may become supergroups, and what a bot gets to see of what is said there.

https://core.telegram.org/bots/features#privacy-mode
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from plugdesk.testing.messenger.accounts import Account
from plugdesk.testing.messenger.chats import Chat
from plugdesk.testing.messenger.entities import part_of
from plugdesk.testing.messenger.rows import Message, Service

if TYPE_CHECKING:
    from plugdesk.testing.messenger.bots import Bot
    from plugdesk.testing.messenger.world import World


class Group(Chat):
    """A group or a supergroup, with its members; some are administrators, the owner first of all."""

    def __init__(self, world: World, number: int, title: str, owner: Account, kind: str) -> None:
        super().__init__(number)
        self._world = world
        self.title = title
        self.type = kind
        self.owner = owner
        self.members: dict[int, Account] = {owner.id: owner}
        self.admins: set[int] = {owner.id}
        self.gone: dict[int, str] = {}  # "left" or "kicked"
        self.became: Group | None = None
        self.last_bot: Account | None = None
        self._numbers = itertools.count(1)

    @property
    def bots(self) -> list[Bot]:
        """Those among the members."""
        return [cast("Bot", member) for member in self.members.values() if member.is_bot]

    def status_of(self, account: Account) -> str:
        """`creator`, `administrator`, `member`, `left` or `kicked`."""
        if account.id not in self.members:
            return self.gone.get(account.id, "left")
        if account.id == self.owner.id:
            return "creator"
        return "administrator" if account.id in self.admins else "member"

    def next_number(self) -> int:
        """Each group counts for itself."""
        return next(self._numbers)

    def shows(self, message: Message, bot: Bot) -> bool:
        """Whether the bot gets to see the message: https://core.telegram.org/bots/features#privacy-mode"""
        if message.sender.is_bot:
            return message.service is not None and message.sender != bot
        if message.service or not bot.privacy or bot.id in self.admins:
            return True
        answered = self._rows.get(message.reply_to)
        if answered and answered.sender == bot:
            return True
        return any(self._meant(words, bot) for words in _addresses(message))

    def add(self, who: Account | str, by: Account | None = None) -> None:
        """Somebody brings in a person, or the bot with this token."""
        with self._world.changed:
            account, by = self._account(who), by or self.owner
            old = self.status_of(account)
            self.gone.pop(account.id, None)
            self.members[account.id] = account
            self._tell_status(account, by, old, "member")
            self._world.post(self, by, service=Service("new_chat_members", (account,)))

    def remove(self, who: Account | str, by: Account | None = None) -> None:
        """Somebody puts a person or a bot out; without `by` the owner does."""
        with self._world.changed:
            account, by = self._account(who), by or self.owner
            old = self.status_of(account)
            self._world.post(self, by, service=Service("left_chat_member", (account,)))
            del self.members[account.id]
            self.admins.discard(account.id)
            self.gone[account.id] = "kicked"
            self._tell_status(account, by, old, "kicked")

    def promote(self, who: Account | str) -> None:
        """The owner makes a member an administrator; a bot sees everything from then on."""
        self._rank(who, "administrator")

    def demote(self, who: Account | str) -> None:
        """The owner makes an administrator an ordinary member."""
        self._rank(who, "member")

    def rename(self, title: str, by: Account | None = None) -> None:
        """Gives the group another name."""
        with self._world.changed:
            self.title = title
            self._world.post(self, by or self.owner, service=Service("new_chat_title", title=title))

    def become_supergroup(self) -> Group:
        """Makes it a supergroup: another chat, with the same people; who writes to the old number is told the new one."""
        with self._world.changed:
            new = self._world.add_group(self.title, self.owner, "supergroup")
            new.members, new.admins, new.gone = dict(self.members), set(self.admins), dict(self.gone)
            self._world.post(self, self.owner, service=Service("migrate_to_chat_id", chat_id=new.id))
            self._world.post(new, self.owner, service=Service("migrate_from_chat_id", chat_id=self.id))
            self.became = new
            return new

    def _rank(self, who: Account | str, rank: str) -> None:
        with self._world.changed:
            account = self._account(who)
            old = self.status_of(account)
            (self.admins.add if rank == "administrator" else self.admins.discard)(account.id)
            self._tell_status(account, self.owner, old, rank)
            self._world.changed.notify_all()

    def _tell_status(self, account: Account, by: Account, old: str, new: str) -> None:
        if account.is_bot:
            self._world.tell_status(cast("Bot", account), self, by, old, new)

    def _account(self, who: Account | str) -> Account:
        return self._world.bots[who] if isinstance(who, str) else who

    def _meant(self, words: str, bot: Bot) -> bool:
        if words.startswith("/") and "@" not in words:
            return len(self.bots) == 1 or self.last_bot == bot
        return words.rpartition("@")[2].lower() == bot.username.lower()


def _addresses(message: Message) -> Iterator[str]:
    for entity in message.entities:
        if entity.type in ("mention", "bot_command"):
            yield part_of(message.text, entity)
