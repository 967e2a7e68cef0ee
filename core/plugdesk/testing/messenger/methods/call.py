"""One call of a method, and the questions that many methods ask of it."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from plugdesk.testing.messenger import wire
from plugdesk.testing.messenger.arguments import Arguments
from plugdesk.testing.messenger.bots import Bot
from plugdesk.testing.messenger.chats import Chat, PrivateChat
from plugdesk.testing.messenger.entities import MARKS, Entity, Formatted, part_of, tidy, units
from plugdesk.testing.messenger.groups import Group
from plugdesk.testing.messenger.html_mode import Unparseable, parse_html
from plugdesk.testing.messenger.markdown_mode import parse_markdown, parse_markdown_v2
from plugdesk.testing.messenger.refusals import Refused, bad_request, forbidden
from plugdesk.testing.messenger.rows import Message
from plugdesk.testing.messenger.webhooks import Execute
from plugdesk.testing.messenger.world import World

LONGEST_TEXT = 4096  # UTF-16 code units, after the marks were taken out; shown to the person as one message
LONGEST_CAPTION = 1024
LONGEST_SOURCE = 1 << 15  # bytes, with the marks

FOUND_THERE = ("mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bank_card_number")

MODES = {"html": parse_html, "markdownv2": parse_markdown_v2, "markdown": parse_markdown}


@dataclass(frozen=True)
class WebhookRules:
    """What this server takes for a webhook, and how it delivers to one."""

    plain: bool
    pause: float
    trust: ssl.SSLContext | None
    execute: Execute


@dataclass(frozen=True)
class Call:
    """A bot calls a method. The world's lock is held."""

    world: World
    bot: Bot
    arguments: Arguments
    webhooks: WebhookRules

    def json_of(self, message: Message) -> dict[str, Any]:
        """The message as this bot sees it."""
        return wire.message(message, self.bot, self.world.files)

    def chat(self, name: str = "chat_id", *, write: bool = True) -> Chat:
        """The chat that is named, which the bot may read or write to. Raises Refused."""
        named = self.arguments.text(name).strip()
        if not named:
            raise bad_request(f"{name} is empty")
        number = self.arguments.whole(name)
        found = self._group(number, write=write) if number < 0 else self._private(number, write=write)
        if found is None:
            raise bad_request("chat not found")
        return found

    def message(self, what: str, *, write: bool = True) -> Message:
        """The message that is named. Raises Refused; `what` begins the refusal, as "message to edit"."""
        chat = self.chat(write=write)
        found = chat.find(self.arguments.whole("message_id"))
        if found is None:
            raise bad_request(f"{what} not found")
        return found

    def answered(self, chat: Chat) -> int:
        """The number of the message that is answered, 0 for none. Raises Refused when there is no such message."""
        asked = self.arguments.json("reply_parameters", "reply parameters")
        if asked is None:
            number, lenient = self.arguments.whole("reply_to_message_id"), self.arguments.switch("allow_sending_without_reply")
        elif isinstance(asked, dict):
            number, lenient = int(asked.get("message_id") or 0), bool(asked.get("allow_sending_without_reply"))
        else:
            raise bad_request("object expected as reply parameters")
        if number <= 0:
            return 0
        if chat.find(number):
            return number
        if lenient:
            return 0
        raise bad_request("message to be replied not found")

    def text(self) -> Formatted:
        """The text of a message. Raises Refused."""
        if not self.arguments.text("text"):
            raise bad_request("message text is empty")
        found = self.formatted(self.arguments.text("text"), self.arguments.text("parse_mode"), self.marks("entities"))
        if not found.text:
            raise bad_request("text must be non-empty")
        if units(found.text) > LONGEST_TEXT:
            raise bad_request("message is too long")
        return found

    def caption(self) -> Formatted:
        """The caption of a file. Raises Refused."""
        arguments = self.arguments
        return self.captioned(arguments.text("caption"), arguments.text("parse_mode"), self.marks("caption_entities"))

    def captioned(self, text: str, mode: str, marks: object) -> Formatted:
        """A caption out of its parts. Raises Refused."""
        found = self.formatted(text, mode, marks)
        if units(found.text) > LONGEST_CAPTION:
            raise bad_request("message caption is too long")
        return found

    def marks(self, name: str) -> object:
        """The entities that stand beside a text; nonsense counts as none, as it does there."""
        try:
            return self.arguments.json(name, name)
        except Refused:
            return None

    def formatted(self, text: str, mode: str, marks: object) -> Formatted:
        """A text with its marks, out of a parse mode or of entities. Raises Refused."""
        if len(text.encode("utf-8", "surrogatepass")) > LONGEST_SOURCE:
            raise bad_request("text is too long")
        if text and mode and mode.lower() != "none":
            parse = MODES.get(mode.lower())
            if parse is None:
                raise bad_request("unsupported parse_mode")
            try:
                text, found = parse(text)
            except Unparseable as error:
                raise bad_request(f"can't parse entities: {error}") from None
        else:
            found = [_entity(mark, text) for mark in marks if _is_mark(mark)] if isinstance(marks, list) else []
        return tidy(text, self._with_people(found))

    def _with_people(self, marks: list[Entity]) -> list[Entity]:
        known = []
        for mark in marks:
            account = self.world.account(mark.user_id) if mark.type == "text_mention" else None
            if mark.type != "text_mention":
                known.append(mark)
            elif account and (account.id in self.bot.met or account == self.bot):
                known.append(replace(mark, user=account))
        return known

    def _private(self, number: int, *, write: bool) -> PrivateChat | None:
        person = self.world.people.get(number)
        if person is None:
            return None
        chat = self.world.private_chat(person, self.bot)
        if not chat.started and person.id not in self.bot.met:
            return None
        if write and person.id in self.world.deactivated:
            raise forbidden("user is deactivated")
        if write and not chat.started:
            raise forbidden("bot can't initiate conversation with a user")
        if write and chat.blocked:
            raise forbidden("bot was blocked by the user")
        return chat

    def _group(self, number: int, *, write: bool) -> Group | None:
        group = self.world.groups.get(number)
        if group is None or (self.bot.id not in group.members and self.bot.id not in group.gone):
            return None
        if group.became and write:
            raise bad_request("group chat was upgraded to a supergroup chat", migrate_to_chat_id=group.became.id)
        kind = f"the {group.type} chat"
        if group.gone.get(self.bot.id) == "kicked" and (write or group.type == "supergroup"):
            raise forbidden(f"bot was kicked from {kind}")
        if self.bot.id not in group.members and (write or group.type == "supergroup"):
            raise forbidden(f"bot is not a member of {kind}")
        return group


Method = Callable[[Call], Any]


def _is_mark(mark: object) -> bool:
    if not isinstance(mark, dict):
        raise bad_request("can't parse MessageEntity: expected an Object")
    for name in ("offset", "length"):
        if not isinstance(mark.get(name), int):
            raise bad_request(f"can't parse MessageEntity: Can't find field \"{name}\"")
    if mark.get("type") not in (*MARKS, *FOUND_THERE):
        raise bad_request("can't parse MessageEntity: Unsupported type specified")
    return mark["type"] in MARKS


def _entity(mark: dict[str, Any], text: str) -> Entity:
    entity = Entity(
        mark["type"],
        mark["offset"],
        mark["length"],
        url=str(mark.get("url") or ""),
        language=str(mark.get("language") or ""),
        user_id=int((mark.get("user") or {}).get("id") or 0),
        custom_emoji_id=str(mark.get("custom_emoji_id") or ""),
    )
    if entity.offset < 0 or entity.length <= 0 or entity.end > units(text):
        where = f"beginning at UTF-16 offset {entity.offset} ends after the end of the text at UTF-16 offset {entity.end}"
        raise bad_request(f"entity {where}")
    try:
        part_of(text, entity).encode("utf-16-le")
    except UnicodeError:
        raise bad_request(f"entity beginning at UTF-16 offset {entity.offset} ends in a middle of a UTF-16 symbol") from None
    return entity
