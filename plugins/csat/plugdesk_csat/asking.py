"""The step of actions that asks for a rating: a message of its own with the five faces, whenever the action runs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import sqlalchemy as sa

from plugdesk.api import (
    Conflict,
    Context,
    Event,
    Invalid,
    Ticket,
    User,
    carrier_of,
    fill_text,
    language_of,
    lazy_gettext,
    option,
    send_automatic,
    use_language,
)
from plugdesk.api import gettext as _
from plugdesk_csat.commands import MOST_TIMES, asked_at, invitation_at, last_closing, note_asked
from plugdesk_csat.letters import faces, invitation_words
from plugdesk_csat.models import Invitation, Rating
from plugdesk_csat.queries import rating_of
from plugdesk_csat.settings import INVITATION

BEFORE_ANY_CLOSING = 0


@dataclass(frozen=True)
class AskOptions:
    """What the message says."""

    text: str = option(
        INVITATION, label=lazy_gettext("What stands above the five faces"), lines=3, least=1, most=1_000, variables=True
    )


def ask_for_rating(ctx: Context, ticket: Ticket, by: User | None, *, text: str) -> None:
    """Ask the customer, on the ticket's channel: of a closed ticket for the mark of its closing, else for one of their own time.

    Once for each. Raises `Invalid` where they cannot be asked.
    """
    closing = last_closing(ctx, ticket) if ticket.status_kind.is_final else None
    about = BEFORE_ANY_CLOSING if closing is None else closing
    if invitation_at(ctx, ticket, about) is not None:  # by this step, or by the notice of the closing
        raise Invalid(_("They have been asked already."))
    _send(ctx, ticket, by, about, text)
    note_asked(ctx, ticket, about)


def ask_by_hand(ctx: Context, ticket: Ticket, agent: User) -> str:
    """Ask about the last closing whatever the conditions say, or once again; returns the sentence that says so.

    Raises `Conflict` where they have answered or were asked twice, `Invalid` where they cannot be asked.
    """
    closing = last_closing(ctx, ticket) if ticket.status_kind.is_final else None
    if closing is None:
        raise Conflict(_("The rating is asked for once the ticket is closed."))
    asked = invitation_at(ctx, ticket, closing)
    if asked is not None and rating_of(ctx, asked) is not None:
        raise Conflict(_("They have rated it already."))
    if asked is not None and asked.times >= MOST_TIMES:
        raise Conflict(_("They have been asked twice. That is enough."))
    _send(ctx, ticket, agent, closing, ctx.settings.invitation)
    note_asked(ctx, ticket, closing, again=asked is not None)
    ctx.journal("rating_asked", ticket=ticket, actor=agent, said=_("Asked for a rating"))
    return _("The customer is asked for a rating.")


def can_be_asked(ctx: Context, ticket: Ticket) -> bool:
    """Whether an agent may ask now: it is closed, not rated, and they were not asked twice yet. One query."""
    if not ticket.status_kind.is_final:
        return False
    found = ctx.db.execute(_LAST_CLOSING, {"ticket_id": ticket.id}).first()
    if found is None:
        return False
    times, is_rated = found
    return not is_rated and bool(times < MOST_TIMES)


_LAST_CLOSING = (
    sa.select(sa.func.coalesce(Invitation.times, 0), Rating.id.is_not(None))
    .select_from(Event)
    .outerjoin(Invitation, sa.and_(Invitation.ticket_id == Event.ticket_id, Invitation.closing_id == Event.id))
    .outerjoin(Rating, Rating.invitation_id == Invitation.id)
    .where(Event.ticket_id == sa.bindparam("ticket_id"), Event.kind == "ticket_closed")
    .order_by(Event.id.desc())
    .limit(1)
)


def _send(ctx: Context, ticket: Ticket, by: User | None, about: int, text: str) -> None:
    channel = carrier_of(ctx.db, ticket.channel, ticket.form)
    if channel is None:
        raise Invalid(_("Nothing can be sent on the channel of this ticket."))
    with use_language(language_of(ctx.db, ticket)):
        own = text in (INVITATION, ctx.settings.invitation)
        invitation = fill_text(ctx.db, invitation_words(ctx) if own else _(text), ticket, agent=by)
        asked = faces(ctx, ticket, about, invitation, channel).get("rating")
    if asked is None:
        raise Invalid(_("No public address is set. An administrator can set it under System."))
    buttons = [replace(each, key=f"{ctx.plugin}:{each.key}") for each in asked.buttons]
    send_automatic(ctx.db, ticket, kind="rating", html=asked.html, buttons=buttons, reason=asked_at(about))
