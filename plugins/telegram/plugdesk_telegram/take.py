"""What becomes of an update that is kept: words on a ticket, a press, a greeting, news of the chat itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from html import escape

from plugdesk.api import EARLY_KEPT, Context, Invalid, RetryLater, TooEarly, Update, add_desk_note, use_language
from plugdesk.api import gettext as _
from plugdesk_telegram import chats, groups, presses, starting
from plugdesk_telegram.customers import last_ticket
from plugdesk_telegram.hearing import correct, correct_early, hear_album, hear_words
from plugdesk_telegram.models import Bot
from plugdesk_telegram.updates import Membership, Person, Pressed, Said, Unknown, read_update, whole

ALBUM_SECONDS = 2.0  # the pictures of an album come one by one
LONGEST_RAW = 4_000


def take(ctx: Context, waiting: Sequence[Update]) -> int:
    """Read the first update that waits in a chat, an album with all of its pictures; returns how many were read."""
    first = waiting[0]
    bot = ctx.db.get(Bot, first.account)
    if bot is None:
        raise Invalid(_("The bot this came to has been removed."))
    with use_language(ctx.desk.language):
        what = read_update(json.loads(first.raw))
        if isinstance(what, Said):
            return _take_said(ctx, bot, what, waiting)
        if isinstance(what, Pressed):
            presses.press(ctx, bot, what)
        elif isinstance(what, Membership):
            _take_membership(ctx, bot, what, first)
        else:
            _take_unknown(ctx, what)
    return 1


def _take_said(ctx: Context, bot: Bot, said: Said, waiting: Sequence[Update]) -> int:
    first = waiting[0]
    if (moved := whole(said.raw, "migrate_to_chat_id")) is not None:
        chats.moved(ctx, chats.keep_chat(ctx, bot, said.chat.id, said.chat.kind, said.chat.title or None), moved)
        return 1
    if said.album and not said.is_edit:
        return _take_album(ctx, bot, said, waiting)
    if not groups.is_meant(ctx, bot, said):
        return 1
    if said.is_edit:
        _take_edit(ctx, bot, said, first)
    elif not _is_known(ctx, bot, said) and not starting.start(ctx, bot, said, first):
        hear_words(ctx, bot, said, first)
        correct_early(ctx, bot, [said], first)
    return 1


def _take_edit(ctx: Context, bot: Bot, said: Said, update: Update) -> None:
    """Calls of Telegram overtake one another: an edit may be here before the message is."""
    if correct(ctx, bot, said, update):
        return
    if ctx.now - update.at < EARLY_KEPT:
        raise TooEarly
    if said.chat.is_private:
        _take_unknown(ctx, Unknown("edited_message", said.sender, said.raw))


def _take_album(ctx: Context, bot: Bot, said: Said, waiting: Sequence[Update]) -> int:
    """Join what belongs to one album; wait a moment for the rest where it may still come."""
    together = [said]
    for update in waiting[1:]:
        other = read_update(json.loads(update.raw))
        if not isinstance(other, Said) or other.is_edit or other.album != said.album:
            break
        together.append(other)
    rest = timedelta(seconds=ALBUM_SECONDS) - (ctx.now - waiting[len(together) - 1].at)
    if len(together) == len(waiting) and rest > timedelta():
        raise RetryLater(rest.total_seconds())
    new = [each for each in together if not _is_known(ctx, bot, each)]
    if new and any(groups.is_meant(ctx, bot, each) for each in together):
        hear_album(ctx, bot, new, waiting[0])
        correct_early(ctx, bot, new, waiting[0])
    return len(together)


def _is_known(ctx: Context, bot: Bot, said: Said) -> bool:
    """Whether these very words are on the desk: Telegram's own number of an update is not all that may come again."""
    chat = chats.chat_at(ctx, bot, said.chat.id)
    return chat is not None and chats.part_at(ctx, chat, said.number) is not None


def _take_membership(ctx: Context, bot: Bot, news: Membership, update: Update) -> None:
    if not news.chat.is_private:
        groups.joined_or_left(ctx, bot, news, update)
        return
    chat = chats.keep_chat(ctx, bot, news.chat.id, news.chat.kind)
    chat.blocked_at = None if news.is_in else ctx.now
    if news.is_in == news.was_in or news.sender is None:
        return
    words = (
        _("The customer uses the bot again.")
        if news.is_in
        else _("The customer has blocked the bot: answers do not reach them on Telegram.")
    )
    _note(ctx, news.sender, f"<p>{escape(words)}</p>", "membership", only_open=True)


def _take_unknown(ctx: Context, what: Unknown) -> None:
    """Nothing is lost of what nobody here can read: it stands on the customer's ticket as it came."""
    raw = escape(json.dumps(what.raw, ensure_ascii=False, indent=1)[:LONGEST_RAW])
    words = _("Telegram told of something this desk does not read: %(kind)s", kind=what.kind)
    html = f"<p>{escape(words)}</p><pre>{raw}</pre>"
    if what.sender is None or not _note(ctx, what.sender, html, "raw"):
        ctx.log.warning("An update of a kind nobody reads was taken: %s", what.kind)


def _note(ctx: Context, person: Person, html: str, kind: str, *, only_open: bool = False) -> bool:
    identity = chats.identity_of(ctx, person.id)
    ticket = last_ticket(ctx, identity.user, only_open=only_open) if identity is not None else None
    if ticket is not None:
        add_desk_note(ctx, ticket, html=html, kind=kind)
    return ticket is not None
