"""A customer's words, new or corrected, on their way to the ticket."""

from __future__ import annotations

import json
from collections.abc import Sequence

from plugdesk.api import (
    Context,
    Message,
    Update,
    UpdateState,
    add_file,
    early_updates,
    edit_message,
    hear,
    hear_again,
    html_of_text,
)
from plugdesk.api import Said as Words
from plugdesk_telegram import chats
from plugdesk_telegram.contents import Content, is_service, read_content, read_file
from plugdesk_telegram.customers import customer_of
from plugdesk_telegram.deliver import name_of
from plugdesk_telegram.fetching import Fetched, fetch
from plugdesk_telegram.models import Bot, Chat, Part, PartKind
from plugdesk_telegram.updates import Said, mapping, read_update, whole


def hear_words(ctx: Context, bot: Bot, said: Said, update: Update) -> None:
    """One message becomes one of the desk's."""
    _hear(ctx, bot, [said], update)


def hear_album(ctx: Context, bot: Bot, said: Sequence[Said], update: Update) -> None:
    """The messages of an album become one of the desk's; what comes late joins it."""
    chat = chats.chat_at(ctx, bot, said[0].chat.id)
    first = chats.part_of_album(ctx, chat, said[0].album) if chat is not None else None
    if chat is None or first is None:
        _hear(ctx, bot, said, update)
        return
    message, wanted = first.message, [file for each in said if (file := read_file(each.raw))]
    fetched = fetch(ctx, bot, wanted, update)
    for new in fetched.files:
        add_file(ctx.db, new, message=message)
    contents = [Content(message.text, message.html, None, None), *(read_content(each.raw) for each in said)]
    text, html = _together(contents, fetched)
    edit_message(ctx.db, message, said=Words(text=text, html=html))
    _remember(ctx, message, chat, said)


def correct(ctx: Context, bot: Bot, said: Said, update: Update) -> bool:
    """The customer has changed what they wrote; False when the desk does not have it."""
    if whole(mapping(said.raw, "location"), "live_period") is not None:
        return True  # a place that moves is told every few seconds
    chat = chats.chat_at(ctx, bot, said.chat.id)
    part = chats.part_at(ctx, chat, said.number) if chat is not None else None
    if part is None:
        return chat is not None and _is_taken_elsewhere(ctx, chat, said)
    if part.message.direction != "incoming":
        return True
    content = read_content(said.raw)
    is_new = content.file is not None and content.file.unique != part.file
    fetched = fetch(ctx, bot, [content.file] if is_new and content.file else [], update)
    text, html = _together([content], fetched)
    files = fetched.files
    if files and part.album:  # the other pictures of the album stay
        add_file(ctx.db, files[0], message=part.message)
        files = ()
    edit_message(ctx.db, part.message, said=Words(text=text, html=html, files=files))
    if is_new and content.file is not None:
        part.file = content.file.unique
    return True


def correct_early(ctx: Context, bot: Bot, filed: Sequence[Said], update: Update) -> None:
    """What had been changed of these messages before they came is changed now that they are here."""
    numbers = {each.number for each in filed}
    for early in early_updates(ctx, chats.CHANNEL, account=bot.id, chat=update.chat):
        said = read_update(json.loads(early.raw))
        if isinstance(said, Said) and said.number in numbers and correct(ctx, bot, said, early):
            early.state = UpdateState.TAKEN


def _is_taken_elsewhere(ctx: Context, chat: Chat, said: Said) -> bool:
    """Whether an extension has the words, instead of a ticket, and knows now that they were changed."""
    identity = chats.identity_of(ctx, said.sender.id) if said.sender is not None else None
    if identity is None:
        return False
    content = read_content(said.raw)
    words = Words(text=content.text, html=content.html, external_id=name_of(chat, said.number))
    return hear_again(ctx, chats.CHANNEL, identity.user, words)


def _hear(ctx: Context, bot: Bot, said: Sequence[Said], update: Update) -> None:
    first = said[0]
    if first.sender is None or first.sender.is_bot or is_service(first.raw):
        return
    contents = [read_content(each.raw) for each in said]
    fetched = fetch(ctx, bot, [content.file for content in contents if content.file], update)
    chat = chats.keep_chat(ctx, bot, first.chat.id, first.chat.kind, first.chat.title or None)
    customer = customer_of(ctx, first.sender)
    text, html = _together(contents, fetched)
    words = Words(text=text, html=html, quoted=contents[0].quoted, files=fetched.files, external_id=name_of(chat, first.number))
    message = hear(ctx, chats.CHANNEL, customer, words, answers=_answered(ctx, chat, first), only=chats.conversation(chat))
    if message is not None:
        ctx.db.flush()  # the message's id
        _remember(ctx, message, chat, said)


def _answered(ctx: Context, chat: Chat, said: Said) -> str | None:
    """The desk's name of the message this one answers."""
    number = whole(said.answers, "message_id")
    part = chats.part_at(ctx, chat, number) if number is not None else None
    return part.message.external_id if part is not None else None


def _together(contents: Sequence[Content], fetched: Fetched) -> tuple[str, str | None]:
    """Text and HTML of several messages and of what is to be said of their files; HTML only where something is formatted."""
    texts = [content.text for content in contents if content.text] + list(fetched.problems)
    if not any(content.html for content in contents):
        return "\n".join(texts), None
    htmls = [content.html or html_of_text(content.text) for content in contents if content.text]
    return "\n".join(texts), "\n".join([*htmls, *map(html_of_text, fetched.problems)])


def _remember(ctx: Context, message: Message, chat: Chat, said: Sequence[Said]) -> None:
    for position, each in enumerate(said):
        file = read_file(each.raw)
        kind = PartKind.TEXT if file is None else PartKind.CAPTION if each.words else PartKind.FILE
        ctx.db.add(
            Part(
                message_id=message.id,
                chat_id=chat.id,
                number=each.number,
                position=position,
                kind=kind,
                album=each.album or None,
                file=file.unique if file else None,
            )
        )
    ctx.db.flush()  # what comes next may ask for them
