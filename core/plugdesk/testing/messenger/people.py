"""People, who write to bots with their own hands: a test or the demo's page plays them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from plugdesk.testing.messenger import wire
from plugdesk.testing.messenger.accounts import Account
from plugdesk.testing.messenger.chats import Chat, PrivateChat
from plugdesk.testing.messenger.entities import Entity, Formatted, tidy, units
from plugdesk.testing.messenger.files import File, new_file
from plugdesk.testing.messenger.groups import Group
from plugdesk.testing.messenger.html_mode import parse_html
from plugdesk.testing.messenger.methods.call import LONGEST_CAPTION, LONGEST_TEXT
from plugdesk.testing.messenger.pictures import picture
from plugdesk.testing.messenger.presses import Press
from plugdesk.testing.messenger.rows import Button, Contact, Location, Message
from plugdesk.testing.messenger.updates import CALLBACK_LIVES

if TYPE_CHECKING:
    from plugdesk.testing.messenger.world import World

PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")  # of a link t.me/BOT?start=PAYLOAD


class Person(Account):
    """`to` is the token of a bot, for the private chat with it, or a chat. What is not possible raises ValueError."""

    def __init__(
        self, world: World, number: int, first_name: str, last_name: str, username: str, language: str, phone: str
    ) -> None:
        super().__init__(number, first_name, last_name, username, language)
        self.phone = phone
        self._world = world

    def chat(self, token: str) -> PrivateChat:
        """The private chat with the bot, which may not have begun yet."""
        with self._world.changed:
            return self._world.private_chat(self, self._world.bots[token])

    def start(self, token: str, payload: str = "") -> Message:
        """Presses *Start*, perhaps after a link `t.me/BOT?start=PAYLOAD` was followed."""
        if payload and not PAYLOAD.fullmatch(payload):
            raise ValueError("A payload is of 1 to 64 letters, digits, _ and -.")
        return self.write(token, f"/start {payload}".strip())

    def write(
        self,
        to: str | Chat,
        text: str,
        *,
        entities: Sequence[Entity] = (),
        html: bool = False,
        reply_to: Message | None = None,
        forwarded_from: str = "",
    ) -> Message:
        """Writes a text, with marks by entities or as HTML. `forwarded_from` is the name of whom it was forwarded from."""
        said = _said(text, entities, html=html, longest=LONGEST_TEXT)
        if not said.text:
            raise ValueError("There is nothing to send.")
        return self._post(to, text=said.text, entities=said.entities, reply_to=_number(reply_to), forwarded_from=forwarded_from)

    def send(self, to: str | Chat, file: File, caption: str = "", *, reply_to: Message | None = None) -> Message:
        """Sends a file made by `new_file`."""
        said = _said(caption, longest=LONGEST_CAPTION)
        return self._post(to, file=file, text=said.text, entities=said.entities, reply_to=_number(reply_to))

    def send_photo(
        self,
        to: str | Chat,
        data: bytes | None = None,
        caption: str = "",
        *,
        size: int | None = None,
        reply_to: Message | None = None,
    ) -> Message:
        """Sends a photo, a grey one when it does not matter. `size` is what Telegram will say of it, in bytes."""
        return self.send(to, new_file("photo", data or picture(), size=size), caption, reply_to=reply_to)

    def send_document(
        self,
        to: str | Chat,
        data: bytes,
        name: str,
        caption: str = "",
        *,
        mime_type: str = "",
        size: int | None = None,
        reply_to: Message | None = None,
    ) -> Message:
        """Sends any file. With `size` Telegram says it is that large, so that nobody has to hold 20 MB in his hands."""
        return self.send(to, new_file("document", data, name, mime_type, size=size), caption, reply_to=reply_to)

    def send_voice(self, to: str | Chat, data: bytes = b"OggS", caption: str = "", *, duration: int = 3) -> Message:
        """Sends spoken words; `duration` is in seconds."""
        return self.send(to, new_file("voice", data, duration=duration), caption)

    def send_audio(
        self, to: str | Chat, data: bytes = b"ID3", name: str = "song.mp3", caption: str = "", *, duration: int = 180
    ) -> Message:
        """Sends music."""
        return self.send(to, new_file("audio", data, name, duration=duration), caption)

    def send_video(
        self, to: str | Chat, data: bytes = b"ftyp", name: str = "film.mp4", caption: str = "", *, duration: int = 10
    ) -> Message:
        """Sends a film."""
        return self.send(to, new_file("video", data, name, duration=duration), caption)

    def send_video_note(self, to: str | Chat, data: bytes = b"ftyp", *, duration: int = 5) -> Message:
        """Sends a round film of one's own face."""
        return self.send(to, new_file("video_note", data, duration=duration, width=384, height=384))

    def send_sticker(self, to: str | Chat, emoji: str = "👍", data: bytes = b"RIFF\0\0\0\0WEBPVP8 ") -> Message:
        """Sends a sticker, which stands for an emoji."""
        return self.send(to, new_file("sticker", data, emoji=emoji))

    def send_location(self, to: str | Chat, latitude: float, longitude: float) -> Message:
        """Sends a place, in degrees."""
        return self._post(to, location=Location(latitude, longitude))

    def send_album(self, to: str | Chat, files: Sequence[File], caption: str = "") -> list[Message]:
        """Sends 2 to 10 files made by `new_file` together: as many messages of one album, the first with the caption."""
        if not 2 <= len(files) <= 10:
            raise ValueError("An album holds 2 to 10 files.")
        said = _said(caption, longest=LONGEST_CAPTION)
        with self._world.changed:
            album = str(next(self._world.albums))
            first = self._post(to, file=files[0], album=album, text=said.text, entities=said.entities)
            return [first, *(self._post(to, file=file, album=album) for file in files[1:])]

    def share_contact(self, to: str | Chat, of: Person | Contact | None = None) -> Message:
        """Sends a visiting card: one's own, which is what the button *Share my number* does, or somebody else's."""
        card = of or self
        if isinstance(card, Person):
            card = Contact(card.phone, card.first_name, card.last_name, card.id)
        message = self._post(to, contact=card)
        with self._world.changed:
            if message.chat.keyboard and message.chat.keyboard.one_time:
                message.chat.keyboard = None
        return message

    def edit(self, message: Message, text: str, *, html: bool = False) -> Message:
        """Writes one's own message, or the caption of one's own file, anew."""
        said = _said(text, html=html, longest=LONGEST_CAPTION if message.file else LONGEST_TEXT)
        with self._world.changed:
            self._own(message)
            edited = message.chat.change(message, text=said.text, entities=said.entities, edited=self._world.now())
            self._world.announce("edited_message", edited)
            self._world.changed.notify_all()
            return edited

    def delete(self, message: Message) -> None:
        """Deletes one's own message. Telegram tells bots nothing of it, so the bot goes on thinking it is there."""
        with self._world.changed:
            self._own(message)
            message.chat.change(message, deleted=True)
            self._world.changed.notify_all()

    def press(self, message: Message, button: str | Button) -> Press:
        """Presses a button under a message of a bot; the answer comes into what is returned."""
        with self._world.changed:
            now = message.chat.find(message.id)
            if now is None:
                raise ValueError("The message is gone.")
            pressed = now.button(button if isinstance(button, str) else button.text)
            if not pressed.data:
                raise ValueError(f"This button opens {pressed.url}, the bot is not told.")
            bot = self._world.bot_of(now)
            press = self._world.new_press(self, now, pressed.data)
            bot.met.add(self.id)
            body = {"id": press.id, "from": wire.user(self), "message": wire.message(now, bot, self._world.files)}
            body |= {"chat_instance": str(-abs(now.chat.id) * 7919), "data": pressed.data}
            queue = ("callback", self.id)
            self._world.tell(bot, "callback_query", {"callback_query": body}, queue, life=CALLBACK_LIVES)
            return press

    def react(self, message: Message, emoji: str | None) -> None:
        """Puts a reaction on a message, another in its place, or takes it back with None."""
        with self._world.changed:
            now = message.chat.find(message.id) or message
            old = [each for each in now.reactions if each[0] == self.id]
            new = [(self.id, emoji)] if emoji else []
            message.chat.change(now, reactions=(*(each for each in now.reactions if each[0] != self.id), *new))
            body: dict[str, Any] = {"chat": wire.chat(now.chat), "message_id": now.id, "user": wire.user(self)}
            body |= {"date": wire.unix(self._world.now()), "old_reaction": _reactions(old), "new_reaction": _reactions(new)}
            for bot in now.chat.bots:
                if not isinstance(now.chat, Group) or bot.id in now.chat.admins:
                    self._world.tell(bot, "message_reaction", {"message_reaction": body}, ("reaction", now.chat.id))
            self._world.changed.notify_all()

    def block(self, token: str) -> None:
        """Blocks the bot: it can no longer write here."""
        self._set_blocked(token, True)

    def unblock(self, token: str) -> None:
        """Lets the bot write again."""
        self._set_blocked(token, False)

    def deactivate(self) -> None:
        """Deletes one's own account: who writes here is told so."""
        with self._world.changed:
            self._world.deactivated.add(self.id)
            self._world.changed.notify_all()

    def _set_blocked(self, token: str, blocked: bool) -> None:
        with self._world.changed:
            chat = self._world.private_chat(self, self._world.bots[token])
            if chat.blocked != blocked:
                chat.blocked = blocked
                old, new = ("member", "kicked") if blocked else ("kicked", "member")
                self._world.tell_status(chat.bot, chat, self, old, new)
                self._world.changed.notify_all()

    def _post(self, to: str | Chat, **content: Any) -> Message:
        with self._world.changed:
            chat = self._world.private_chat(self, self._world.bots[to]) if isinstance(to, str) else to
            if self.id in self._world.deactivated:
                raise ValueError("This person has no account any more.")
            if isinstance(chat, PrivateChat):
                self._enter(chat)
            elif isinstance(chat, Group) and (self.id not in chat.members or chat.became):
                raise ValueError(f"{self.name} cannot write in {chat.title}.")
            return self._world.post(chat, self, **content)

    def _enter(self, chat: PrivateChat) -> None:
        if chat.person != self:
            raise ValueError(f"This is the chat of {chat.person.name}.")
        if chat.blocked:
            raise ValueError("Unblock the bot first.")
        chat.started = True

    def _own(self, message: Message) -> None:
        if message.sender != self or message.chat.find(message.id) is None:
            raise ValueError("One can only change one's own messages.")


def _said(text: str, entities: Sequence[Entity] = (), *, html: bool = False, longest: int) -> Formatted:
    found = list(entities)
    if html:
        text, found = parse_html(text)
    said = tidy(text, found)
    if units(said.text) > longest:
        raise ValueError(f"Telegram's apps let nobody send more than {longest} letters at once.")
    return said


def _number(message: Message | None) -> int:
    return message.id if message else 0


def _reactions(each: list[tuple[int, str]]) -> list[dict[str, str]]:
    return [{"type": "emoji", "emoji": emoji} for _, emoji in each]
