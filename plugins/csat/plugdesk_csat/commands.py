"""Inviting to rate, and storing the mark. Commands: they never commit."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import timedelta

import sqlalchemy as sa

from plugdesk.api import Context, Event, Invalid, Message, NotFound, Ticket, User, storable
from plugdesk.api import gettext as _
from plugdesk_csat.models import BEST, WORST, Invitation, Rating

LONGEST_COMMENT = 5_000
_BUTTON = re.compile(r"([0-9]{1,18})\.([1-5])")  # the closing and the mark: see letters.py


def invite(ctx: Context, ticket: Ticket, closing_id: int) -> tuple[Invitation, str]:
    """The invitation of one closing and its token, a random one; a letter written again for the same closing voids the first's."""
    token = secrets.token_urlsafe(24)
    found = ctx.db.scalar(sa.select(Invitation).where(Invitation.ticket_id == ticket.id, Invitation.closing_id == closing_id))
    if found is None:
        found = Invitation(
            form_id=ticket.form_id, ticket_id=ticket.id, closing_id=closing_id, token_hash=_hash(token), sent_at=ctx.now,
            expires_at=ctx.now + timedelta(days=ctx.settings.days),
        )  # fmt: skip
        ctx.db.add(found)
    found.token_hash = _hash(token)
    return found, token


def invitation_of(ctx: Context, token: str) -> Invitation:
    """The invitation behind a link of this form. `NotFound` for an unknown, foreign or expired one, all alike."""
    found = ctx.db.scalar(sa.select(Invitation).where(Invitation.token_hash == _hash(token))) if token else None
    if found is None or ctx.form is None or found.form_id != ctx.form.id or found.expires_at < ctx.now:
        raise NotFound(_("This link is not valid any more."))
    return found


def rate(ctx: Context, invitation: Invitation, *, mark: int, comment: str = "") -> Rating:
    """Store the mark, or change it. The last explicit choice counts, and each is journalled. Never reopens anything."""
    if not WORST <= mark <= BEST:
        raise Invalid(problems={"mark": _("Choose one of the five faces.")})
    comment = storable(comment.strip())[:LONGEST_COMMENT]
    # The invitation's row, which there always is: two first presses would both find no rating to lock.
    ctx.db.scalar(sa.select(Invitation.id).where(Invitation.id == invitation.id).with_for_update())
    rating = ctx.db.scalar(sa.select(Rating).where(Rating.invitation_id == invitation.id))
    if rating is None:
        rating = Rating(
            invitation_id=invitation.id, form_id=invitation.form_id, ticket_id=invitation.ticket_id, mark=mark, comment=comment,
            rated_at=ctx.now, changed_at=ctx.now,
        )  # fmt: skip
        ctx.db.add(rating)
    else:
        rating.mark, rating.comment, rating.changed_at = mark, comment, ctx.now
    ctx.journal("ticket_rated", ticket=invitation.ticket, mark=mark, commented=bool(comment))
    return rating


def rate_elsewhere(ctx: Context, ticket: Ticket, *, mark: int, comment: str = "") -> Rating | None:
    """Store the mark for the last closing that was not given on the page. None: the ticket was never closed."""
    closing = last_closing(ctx, ticket)
    if closing is None:
        return None
    asked = sa.select(Invitation).where(Invitation.ticket_id == ticket.id, Invitation.closing_id == closing)
    invitation = ctx.db.scalar(asked) or invite(ctx, ticket, closing)[0]
    ctx.db.flush()  # the invitation's id, which the mark points at
    return rate(ctx, invitation, mark=mark, comment=comment)


def rate_by_button(ctx: Context, ticket: Ticket, key: str) -> bool:
    """A face was pressed under the closing notice in a chat; `key` names the closing and the mark. False: it is too late."""
    pressed = _BUTTON.fullmatch(key)
    if pressed is None:
        return False
    closing, mark = map(int, pressed.groups())
    invitation = ctx.db.scalar(sa.select(Invitation).where(Invitation.ticket_id == ticket.id, Invitation.closing_id == closing))
    if invitation is None or invitation.expires_at < ctx.now:
        return False
    rate(ctx, invitation, mark=mark)
    invitation.comment_until = ctx.now + timedelta(minutes=ctx.settings.comment_minutes)
    return True


def comment_by_message(ctx: Context, customer: User, text: str) -> Ticket | None:
    """What a customer writes right after their mark is its comment, once; returns the ticket, None when no mark waits for one."""
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
    rate(ctx, invitation, mark=rating.mark, comment=text)
    invitation.comment_until = None
    return invitation.ticket


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
