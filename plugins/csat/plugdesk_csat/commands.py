"""Inviting to rate, and storing the mark. Commands: they never commit."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from plugdesk.api import Conflict, Context, Event, FieldKind, Invalid, Message, NotFound, Ticket, User, add_field, storable
from plugdesk.api import gettext as _
from plugdesk_csat.models import BEST, WORST, Asking, Invitation, Rating, Withheld

LONGEST_COMMENT, LONGEST_TEXT, MOST_TIMES = 5_000, 1_000, 2
_BUTTON = re.compile(r"([0-9]{1,18})\.([1-5])")  # the closing and the mark: see letters.py


def invite(ctx: Context, ticket: Ticket, closing_id: int) -> tuple[Invitation, str]:
    """The invitation of one closing and its token, a random one; after a second letter the first one's link is good, too."""
    token = secrets.token_urlsafe(24)
    found = invitation_at(ctx, ticket, closing_id)
    if found is None:
        found = Invitation(
            form_id=ticket.form_id, ticket_id=ticket.id, closing_id=closing_id, token_hash="", sent_at=ctx.now, times=1,
            assignee_id=ticket.assignee_id, group_id=ticket.group_id, channel=ticket.channel,
            expires_at=ctx.now + timedelta(days=ctx.settings.days),
        )  # fmt: skip
        ctx.db.add(found)
    else:
        found.earlier_hash = found.token_hash
    found.token_hash = _hash(token)
    return found, token


def invitation_at(ctx: Context, ticket: Ticket, closing_id: int) -> Invitation | None:
    """The invitation of one closing, if there is one."""
    return ctx.db.scalar(sa.select(Invitation).where(Invitation.ticket_id == ticket.id, Invitation.closing_id == closing_id))


def invitation_of(ctx: Context, token: str) -> Invitation:
    """The invitation behind a link of this form. `NotFound` for an unknown, foreign or expired one, all alike."""
    hashed = _hash(token)
    either = sa.or_(Invitation.token_hash == hashed, Invitation.earlier_hash == hashed)
    found = ctx.db.scalar(sa.select(Invitation).where(either)) if token else None
    if found is None or ctx.form is None or found.form_id != ctx.form.id or found.expires_at < ctx.now:
        raise NotFound(_("This link is not valid any more."))
    return found


def note_asked(ctx: Context, ticket: Ticket, closing_id: int, *, again: bool = False) -> None:
    """They were asked at this closing, whatever was said against it before; `again`: once more."""
    ctx.db.execute(sa.delete(Withheld).where(Withheld.ticket_id == ticket.id, Withheld.closing_id == closing_id))
    asked = invitation_at(ctx, ticket, closing_id)
    if again and asked is not None:
        asked.times += 1
        asked.expires_at = ctx.now + timedelta(days=ctx.settings.days)


def rate(
    ctx: Context, invitation: Invitation, *, mark: int, comment: str = "", in_chat: bool = False, words: str | None = None
) -> Rating:
    """Store the mark, or change it while it may be. The last explicit choice counts, and each is journalled. `Invalid` when it is too late.

    `words` is the channel's own name of the message that is the comment.
    """
    if not WORST <= mark <= BEST:
        raise Invalid(problems={"mark": _("Choose one of the five faces.")})
    comment = storable(comment.strip())[:LONGEST_COMMENT]
    # The invitation's row, which there always is: two first presses would both find no rating to lock.
    ctx.db.scalar(sa.select(Invitation.id).where(Invitation.id == invitation.id).with_for_update())
    rating = ctx.db.scalar(sa.select(Rating).where(Rating.invitation_id == invitation.id))
    if rating is None:
        rating = Rating(
            invitation_id=invitation.id, form_id=invitation.form_id, ticket_id=invitation.ticket_id, mark=mark, comment=comment,
            rated_at=ctx.now, changed_at=ctx.now, in_chat=in_chat,
        )  # fmt: skip
        ctx.db.add(rating)
    else:
        if not may_change(ctx, rating) and (mark != rating.mark or rating.comment not in ("", comment)):
            raise Invalid(problems={"mark": _("This mark cannot be changed any more.")})
        rating.mark, rating.comment, rating.changed_at, rating.in_chat = mark, comment, ctx.now, in_chat
    said: dict[str, Any] = {"words": words, "invitation_id": invitation.id} if words else {}
    ctx.journal("ticket_rated", ticket=invitation.ticket, mark=mark, commented=bool(comment), **said)
    if mark <= ctx.settings.low_mark and rating.followed_at is None:
        ctx.db.flush()  # the mark's id, which the job names
        ctx.enqueue("follow_up", key=f"follow_up:{rating.id}", rating_id=rating.id)
    return rating


def may_change(ctx: Context, rating: Rating) -> bool:
    """Whether the mark can still be changed; a first comment on it can be added as long as the link lives."""
    return bool(ctx.now < rating.rated_at + timedelta(days=ctx.settings.change_days))


def save_asking(
    ctx: Context, *, not_when: Mapping[str, Any] | None, texts: Mapping[str, Mapping[str, str]], by: User, version: int | None
) -> Asking:
    """Store when this form does not ask, and its words by language. `Conflict` when somebody else has changed them meanwhile."""
    assert ctx.form is not None, "The rating is switched on for forms."
    problems = {
        f"{name}-{language}": _("At most %(most)s characters.", most=LONGEST_TEXT)
        for language, words in texts.items()
        for name, text in words.items()
        if len(text) > LONGEST_TEXT
    }
    if problems:
        raise Invalid(problems=problems)
    row = ctx.db.get(Asking, ctx.form.id)
    if version != (row.version if row else 0):
        raise Conflict(_("Somebody else has changed this meanwhile. Look at it again before you save."))
    if row is None:
        row = Asking(form_id=ctx.form.id)
        ctx.db.add(row)
    row.not_when = dict(not_when) if not_when else None
    row.texts = {language: kept for language, words in texts.items() if (kept := {k: v for k, v in words.items() if v})}
    ctx.journal("asking_changed", actor=by, said=_("Changed when customers are not asked, or the words they are asked with"))
    return row


def add_priority(ctx: Context, *, by: User) -> None:
    """Give the form a choice field, Priority, so that conditions have something to ask for."""
    assert ctx.form is not None, "The rating is switched on for forms."
    if any(field.kind.has_choices for field in ctx.form.fields):
        return
    choices: list[Mapping[str, Any]] = [
        {"label": _("Low")}, {"code": "normal", "label": _("Normal")}, {"label": _("High"), "tone": "amber"},
        {"label": _("Urgent"), "tone": "red"},
    ]  # fmt: skip
    add_field(ctx.db, ctx.form, label=_("Priority"), kind=FieldKind.CHOICE, by=by, agent_only=True, choices=choices)


def rate_elsewhere(ctx: Context, ticket: Ticket, *, mark: int, comment: str = "") -> Rating | None:
    """Store the mark for the last closing that was not given on the page. None: the ticket was never closed."""
    closing = last_closing(ctx, ticket)
    if closing is None:
        return None
    invitation = invitation_at(ctx, ticket, closing) or invite(ctx, ticket, closing)[0]
    ctx.db.flush()  # the invitation's id, which the mark points at
    return rate(ctx, invitation, mark=mark, comment=comment)


def rate_by_button(ctx: Context, ticket: Ticket, key: str) -> bool:
    """A face was pressed under the closing notice in a chat; `key` names the closing and the mark. False: it is too late."""
    pressed = _BUTTON.fullmatch(key)
    if pressed is None:
        return False
    closing, mark = map(int, pressed.groups())
    invitation = invitation_at(ctx, ticket, closing)
    if invitation is None or invitation.expires_at < ctx.now:
        return False
    try:
        rate(ctx, invitation, mark=mark, in_chat=True)
    except Invalid:
        return False
    invitation.comment_until = ctx.now + timedelta(minutes=ctx.settings.comment_minutes)
    return True


def comment_by_message(ctx: Context, customer: User, text: str, words: str | None) -> Ticket | None:
    """What a customer writes right after their mark is its comment, once; returns the ticket, None when no mark waits for one.

    `words` is the channel's own name of what they wrote, by which it is known when they change it.
    """
    waiting = (
        sa.select(Invitation, Rating)
        .join(Rating, Rating.invitation_id == Invitation.id)
        .join(Ticket, Ticket.id == Invitation.ticket_id)
        .where(
            Ticket.customer_id == customer.id,
            Invitation.form_id == (ctx.form.id if ctx.form else 0),
            Invitation.comment_until > ctx.now,
        )
        .order_by(Invitation.id.desc())
    )
    found = ctx.db.execute(waiting.limit(1)).first()
    if found is None or not text.strip():
        return None
    invitation, rating = found
    rate(ctx, invitation, mark=rating.mark, comment=text, in_chat=True, words=words)
    invitation.comment_until = None
    return invitation.ticket


def change_comment(ctx: Context, customer: User, text: str, words: str | None) -> bool:
    """The customer has changed the message that is their comment. False when it is none, or the mark can no longer be changed."""
    if ctx.form is None or not words or not text.strip():
        return False
    rated = (
        sa.select(Event.data).join(Ticket, Ticket.id == Event.ticket_id)
        .where(Ticket.customer_id == customer.id, Event.plugin == ctx.plugin, Event.kind == "ticket_rated", Event.form_id == ctx.form.id)
        .order_by(Event.id.desc())
    )  # fmt: skip
    number = next((data["invitation_id"] for data in ctx.db.scalars(rated) if data.get("words") == words), None)
    rating = ctx.db.scalar(sa.select(Rating).where(Rating.invitation_id == number)) if number is not None else None
    if rating is None:
        return False
    try:
        rate(ctx, ctx.db.get_one(Invitation, number), mark=rating.mark, comment=text, in_chat=True, words=words)
    except Invalid:
        return False
    return True


def last_closing(ctx: Context, ticket: Ticket) -> int | None:
    """The number of the event of the ticket's last closing."""
    query = (
        sa.select(Event.id).where(Event.ticket_id == ticket.id, Event.kind == "ticket_closed").order_by(Event.id.desc()).limit(1)
    )
    return ctx.db.scalar(query)


def was_asked(ctx: Context, ticket: Ticket, closing_id: int) -> bool:
    """Whether an action has asked for this rating, by a letter of its own."""
    asked = sa.select(Message.id).where(Message.ticket_id == ticket.id, Message.reason == asked_at(closing_id))
    return ctx.db.scalar(asked.limit(1)) is not None


def asked_at(closing_id: int) -> str:
    """The reason of the letter an action asks by."""
    return f"asked:{closing_id}"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
