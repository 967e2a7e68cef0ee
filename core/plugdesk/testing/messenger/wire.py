"""Rows as the Bot API's JSON.

https://core.telegram.org/bots/api#available-types
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from plugdesk.testing.messenger.accounts import Account
from plugdesk.testing.messenger.bots import Bot
from plugdesk.testing.messenger.chats import Chat, PrivateChat
from plugdesk.testing.messenger.entities import Entity
from plugdesk.testing.messenger.files import File, sizes, unique_id
from plugdesk.testing.messenger.groups import Group
from plugdesk.testing.messenger.rows import Button, Message, Service

if TYPE_CHECKING:
    from plugdesk.testing.messenger.files import FileStore

Json = dict[str, Any]

RIGHTS = (
    *("can_be_edited", "can_manage_chat", "can_change_info", "can_delete_messages", "can_invite_users"),
    *("can_restrict_members", "can_pin_messages", "can_promote_members", "can_manage_video_chats"),
    *("can_post_stories", "can_edit_stories", "can_delete_stories", "can_send_welcome_messages", "is_anonymous"),
)


def unix(moment: datetime) -> int:
    """Seconds since 1970, whole."""
    return int(moment.timestamp())


def user(account: Account) -> Json:
    """User."""
    found: Json = {"id": account.id, "is_bot": account.is_bot, "first_name": account.first_name}
    return found | _filled(last_name=account.last_name, username=account.username, language_code=account.language_code)


def me(bot: Bot) -> Json:
    """User with what only getMe tells."""
    can = {"can_join_groups": True, "can_read_all_group_messages": not bot.privacy, "supports_inline_queries": False}
    return user(bot) | can | {"can_connect_to_business": False, "has_main_web_app": False}


def chat(place: Chat) -> Json:
    """Chat."""
    found: Json = {"id": place.id}
    if isinstance(place, PrivateChat):
        person = place.person
        found |= {"first_name": person.first_name} | _filled(last_name=person.last_name, username=person.username)
    else:
        found["title"] = place.title
    return found | {"type": place.type}


def full_chat(place: Chat) -> Json:
    """ChatFullInfo."""
    gifts = dict.fromkeys(
        ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
    )
    found = chat(place) | {"accent_color_id": place.id % 7 if place.id > 0 else 0, "max_reaction_count": 11}
    if isinstance(place, PrivateChat) and place.person.username:
        found["active_usernames"] = [place.person.username]
    if isinstance(place, Group):
        allowed = (
            *("messages", "audios", "documents", "photos", "videos", "video_notes"),
            *("voice_notes", "polls", "other_messages"),
        )
        found["permissions"] = {f"can_send_{what}": True for what in allowed} | {"can_add_web_page_previews": True}
        found["permissions"] |= dict.fromkeys(
            ("can_change_info", "can_invite_users", "can_pin_messages", "can_manage_topics"), False
        )
    return found | {"accepted_gift_types": gifts}


def member(place: Group, account: Account) -> Json:
    """ChatMember."""
    return member_as(place.status_of(account), account)


def member_as(status: str, account: Account) -> Json:
    """ChatMember with that status."""
    found: Json = {"user": user(account), "status": status}
    if status == "administrator":
        return found | dict.fromkeys(RIGHTS, False) | {"can_manage_chat": True, "can_delete_messages": True}
    if status == "creator":
        return found | {"is_anonymous": False}
    return found | ({"until_date": 0} if status == "kicked" else {})


def entities(marks: Iterable[Entity]) -> list[Json]:
    """MessageEntity, one for each."""
    return [_entity(mark) for mark in marks]


def inline_keyboard(rows: Iterable[Iterable[Button]]) -> Json:
    """InlineKeyboardMarkup."""
    return {
        "inline_keyboard": [
            [{"text": each.text} | _filled(callback_data=each.data, url=each.url) for each in row] for row in rows
        ]
    }


def message(row: Message, bot: Bot, files: FileStore, *, with_reply: bool = True) -> Json:
    """Message as this bot sees it. A message that is answered stands in it, but not the one which that one answers."""
    found: Json = {"message_id": row.id, "from": user(row.sender), "chat": chat(row.chat), "date": unix(row.date)}
    if row.edited:
        found["edit_date"] = unix(row.edited)
    if row.forwarded_from:
        found["forward_origin"] = {"type": "hidden_user", "sender_user_name": row.forwarded_from, "date": unix(row.date)}
    answered = row.chat.find(row.reply_to) if with_reply and row.reply_to else None
    if answered:
        found["reply_to_message"] = message(answered, bot, files, with_reply=False)
    found |= _filled(media_group_id=row.album) | _content(row, bot, files)
    if row.link_preview:
        found["link_preview_options"] = row.link_preview
    if row.buttons:
        found["reply_markup"] = inline_keyboard(row.buttons)
    return found


def _content(row: Message, bot: Bot, files: FileStore) -> Json:
    if row.service:
        return _service(row.service)
    if row.contact:
        card = row.contact
        found: Json = {"phone_number": card.phone_number, "first_name": card.first_name}
        return {"contact": found | _filled(last_name=card.last_name, user_id=card.user_id)}
    if row.location:
        return {"location": {"latitude": row.location.latitude, "longitude": row.location.longitude}}
    marks = entities(row.entities)
    if row.file:
        return {row.file.kind: file(row.file, bot, files)} | _filled(caption=row.text, caption_entities=marks)
    return {"text": row.text} | _filled(entities=marks)


def _service(event: Service) -> Json:
    people = [user(person) for person in event.people]
    match event.kind:
        case "new_chat_members":
            return {event.kind: people}
        case "left_chat_member":
            return {event.kind: people[0]}
        case "migrate_to_chat_id" | "migrate_from_chat_id":
            return {event.kind: event.chat_id}
        case "new_chat_title":
            return {event.kind: event.title}
    return {event.kind: True}


def file(what: File, bot: Bot, files: FileStore) -> Any:
    """PhotoSize[], Document, Voice, Audio, Video, VideoNote or Sticker."""
    if what.kind == "photo":
        return [_photo(size, bot, files) for size in sizes(what)]
    found = _basic(what, bot, files)
    named = _filled(file_name=what.name, mime_type=what.mime_type)
    match what.kind:
        case "voice":
            return found | {"duration": what.duration, "mime_type": what.mime_type}
        case "audio":
            return found | {"duration": what.duration} | _filled(title=what.title, performer=what.performer) | named
        case "video" | "animation":
            return found | {"width": what.width, "height": what.height, "duration": what.duration} | named
        case "video_note":
            return found | {"length": what.width, "duration": what.duration}
        case "sticker":
            shape = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
            return found | shape | _filled(emoji=what.emoji)
    return found | named


def _photo(size: File, bot: Bot, files: FileStore) -> Json:
    return _basic(size, bot, files) | {"width": size.width, "height": size.height}


def _basic(what: File, bot: Bot, files: FileStore) -> Json:
    return {"file_id": files.id_for(bot.id, what), "file_unique_id": unique_id(what)} | _filled(file_size=what.size)


def _entity(mark: Entity) -> Json:
    found: Json = {"offset": mark.offset, "length": mark.length, "type": mark.type}
    found |= _filled(url=mark.url, language=mark.language, custom_emoji_id=mark.custom_emoji_id)
    return found | ({"user": user(mark.user)} if mark.user else {})


def _filled(**values: Any) -> Json:
    return {name: value for name, value in values.items() if value}
