"""What a message of Telegram's carries: its words as text and HTML, and its files to be fetched; pure.

https://core.telegram.org/bots/api#message. What a desk cannot show (a poll, a place) becomes words; nothing is passed over.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from plugdesk.api import gettext as _
from plugdesk.api import html_of_text
from plugdesk_telegram.reading import html_of
from plugdesk_telegram.updates import Json, mapping, text, whole


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Fields of a message that say nothing of what its author wanted to tell.
_ABOUT = _names(
    "message_id message_thread_id direct_messages_topic from sender_chat sender_boost_count sender_business_bot sender_tag date "
    "business_connection_id chat forward_origin is_topic_message is_automatic_forward reply_to_message external_reply quote "
    "reply_to_story reply_to_checklist_task_id via_bot edit_date has_protected_content is_from_offline is_paid_post media_group_id "
    "author_signature paid_star_count link_preview_options effect_id show_caption_above_media has_media_spoiler reply_markup "
    "entities caption_entities suggested_post_info forward_from forward_from_chat forward_from_message_id forward_signature "
    "forward_sender_name forward_date"
)
# What Telegram itself writes into a chat: nobody said it.
SERVICE = _names(
    "new_chat_members left_chat_member new_chat_title new_chat_photo delete_chat_photo group_chat_created supergroup_chat_created "
    "channel_chat_created message_auto_delete_timer_changed migrate_to_chat_id migrate_from_chat_id pinned_message "
    "write_access_allowed proximity_alert_triggered boost_added chat_background_set forum_topic_created forum_topic_edited "
    "forum_topic_closed forum_topic_reopened general_forum_topic_hidden general_forum_topic_unhidden video_chat_scheduled "
    "video_chat_started video_chat_ended video_chat_participants_invited connected_website passport_data"
)
_FILES = ("document", "video", "audio", "voice", "video_note", "sticker", "animation")


@dataclass(frozen=True)
class RemoteFile:
    """A file at Telegram's. `unique` is the same for the same file, `id` is what getFile wants; `size` 0 where it is not said."""

    id: str
    unique: str
    name: str
    type: str
    size: int = 0


@dataclass(frozen=True)
class Content:
    """What somebody said: `html` only where something is formatted, `quoted` what they pointed at in the message they answer."""

    text: str
    html: str | None
    quoted: str | None
    file: RemoteFile | None


def read_content(message: Json) -> Content:
    """The content of one message."""
    said, entities = text(message, "text"), message.get("entities")
    if not said:
        said, entities = text(message, "caption"), message.get("caption_entities")
    html = html_of(said, entities)
    more = "\n".join(_other(message))
    if more:
        html = f"{html}{html_of_text(more)}" if html else None
        said = f"{said}\n{more}" if said else more
    origin = _origin(message)
    if origin:
        head = _("Forwarded from %(name)s:", name=origin)
        html = f"<p><i>{escape(head)}</i></p><blockquote>{html or html_of_text(said)}</blockquote>"
        said = f"{head}\n{said}"
    return Content(said, html, text(mapping(message, "quote"), "text") or None, read_file(message))


def is_service(message: Json) -> bool:
    """Whether Telegram wrote the message, not its sender."""
    return any(name in SERVICE for name in message)


def read_file(message: Json) -> RemoteFile | None:
    """The file of a message: of a photo the largest size."""
    photo = message.get("photo")
    if isinstance(photo, list) and photo:
        sizes = [each for each in photo if isinstance(each, dict)]
        largest = max(sizes, key=lambda each: (whole(each, "width") or 0) * (whole(each, "height") or 0), default={})
        return _file(largest, _("photo"), "image/jpeg")
    for kind in _FILES:
        if about := mapping(message, kind):
            return _file(about, *_described(kind, about))
    return None


def _described(kind: str, about: Json) -> tuple[str, str]:
    """The name and type of a file that has none of its own."""
    if kind == "voice":
        return _("voice message"), "audio/ogg"
    if kind == "video_note":
        return _("video message"), "video/mp4"
    if kind == "sticker":
        moving = "video/webm" if about.get("is_video") is True else "application/gzip" if about.get("is_animated") is True else ""
        return _("sticker"), moving or "image/webp"
    return {"audio": _("audio"), "video": _("video")}.get(kind, _("file")), {
        "audio": "audio/mpeg",
        "document": "application/octet-stream",
    }.get(kind, "video/mp4")


def _file(about: Json, name: str, type: str) -> RemoteFile | None:
    if not text(about, "file_id"):
        return None
    type = text(about, "mime_type") or type
    ending = (
        ".tgs"
        if type == "application/gzip"
        else {"image/jpeg": ".jpg", "audio/ogg": ".ogg"}.get(type) or mimetypes.guess_extension(type) or ""
    )
    size = whole(about, "file_size") or 0
    return RemoteFile(
        text(about, "file_id"), text(about, "file_unique_id"), text(about, "file_name") or f"{name}{ending}", type, size
    )


def _other(message: Json) -> Sequence[str]:
    """What is neither text nor file, in words."""
    found = []
    if sticker := mapping(message, "sticker"):
        found.append(text(sticker, "emoji") or _("Sticker"))
    if venue := mapping(message, "venue"):
        found.append(f"{text(venue, 'title')}, {text(venue, 'address')}\n{_map(mapping(venue, 'location'))}")
    elif location := mapping(message, "location"):
        found.append(_("Place: %(link)s", link=_map(location)))
    if contact := mapping(message, "contact"):
        name = " ".join(f"{text(contact, 'first_name')} {text(contact, 'last_name')}".split())
        found.append(_("Contact: %(name)s, %(number)s", name=name, number=text(contact, "phone_number")))
    if poll := mapping(message, "poll"):
        options = poll.get("options")
        lines = [f"• {text(each, 'text')}" for each in options if isinstance(each, dict)] if isinstance(options, list) else []
        found.append("\n".join([_("Poll: %(question)s", question=text(poll, "question")), *lines]))
    if dice := mapping(message, "dice"):
        found.append(f"{text(dice, 'emoji')} {whole(dice, 'value') or ''}".strip())
    known = {"text", "caption", "photo", "sticker", "venue", "location", "contact", "poll", "dice", *_FILES}
    unknown = sorted(name for name in message if name not in known and name not in _ABOUT and name not in SERVICE)
    if unknown:
        found.append(_("(Something Telegram has and this desk cannot show: %(what)s)", what=", ".join(unknown)))
    return found


def _map(location: Json) -> str:
    places = [location.get(name) for name in ("latitude", "longitude")]
    latitude, longitude = (float(each) if isinstance(each, int | float) else 0.0 for each in places)
    return f"https://www.openstreetmap.org/?mlat={latitude:.6f}&mlon={longitude:.6f}#map=16/{latitude:.6f}/{longitude:.6f}"


def _origin(message: Json) -> str:
    """Whose words were forwarded (https://core.telegram.org/bots/api#messageorigin)."""
    origin = mapping(message, "forward_origin")
    people = [mapping(origin, "sender_user"), mapping(message, "forward_from")]
    names = [" ".join(f"{text(each, 'first_name')} {text(each, 'last_name')}".split()) for each in people]
    titles = [
        text(mapping(each, name), "title")
        for each, name in ((origin, "sender_chat"), (origin, "chat"), (message, "forward_from_chat"))
    ]
    hidden = [text(origin, "sender_user_name"), text(message, "forward_sender_name")]
    known = next((each for each in (*names, *hidden, *titles) if each), "")
    return known or (_("somebody") if origin else "")
