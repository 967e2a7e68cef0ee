"""The rating where customers read their request: the faces of the last invitation, as long as its link would live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from plugdesk.api import (
    Conflict,
    Context,
    CustomersAction,
    CustomersAnswers,
    CustomersQuestion,
    Invalid,
    Ticket,
    User,
)
from plugdesk.api import gettext as _
from plugdesk_csat.asking import BEFORE_ANY_CLOSING
from plugdesk_csat.commands import last_closing, may_change, rate
from plugdesk_csat.letters import invitation_words, thanks_words
from plugdesk_csat.models import BEST, WORST, Invitation
from plugdesk_csat.queries import rating_of

CODE = "rate"


def offered_to_customer(ctx: Context, ticket: Ticket, customer: User, typed: Mapping[str, Any]) -> Sequence[CustomersAction]:
    """The five faces, where the customer was asked; with the mark they gave, while it may be changed."""
    invitation = _open_invitation(ctx, ticket)
    if invitation is None:
        return []
    rating = rating_of(ctx, invitation)
    mark, comment = (rating.mark, rating.comment) if rating is not None else (None, "")
    questions = [
        CustomersQuestion("mark", _("Your mark"), "mark", True, value=_mark(typed) or mark),
        CustomersQuestion("comment", _("What would you like to add?"), "text", value=typed.get("comment", comment)),
    ]
    title = _("Send my mark") if rating is None else _("Change my mark")
    return [CustomersAction(CODE, title, "smile", questions, about=invitation_words(ctx) if rating is None else "")]


def rate_by_customer(ctx: Context, ticket: Ticket, customer: User, code: str, answers: CustomersAnswers) -> str:
    """Store the mark, or change it. Raises `Conflict` when it is too late, `Invalid` where no face was chosen."""
    invitation = _open_invitation(ctx, ticket) if code == CODE else None
    if invitation is None:
        raise Conflict(_("This mark cannot be changed any more."))
    mark = _mark(answers.values)
    if mark is None:
        raise Invalid(problems={"mark": _("Choose one of the five faces.")})
    rate(ctx, invitation, mark=mark, comment=str(answers.values.get("comment", "")))
    return thanks_words(ctx)


def _open_invitation(ctx: Context, ticket: Ticket) -> Invitation | None:
    """The last question that can still be answered; of a closing only while the ticket is closed by it."""
    last = sa.select(Invitation).where(Invitation.ticket_id == ticket.id).order_by(Invitation.id.desc()).limit(1)
    found = ctx.db.scalar(last)
    if found is None or found.expires_at < ctx.now:
        return None
    if found.closing_id != BEFORE_ANY_CLOSING and not (
        ticket.status_kind.is_final and found.closing_id == last_closing(ctx, ticket)
    ):
        return None
    rating = rating_of(ctx, found)
    return found if rating is None or may_change(ctx, rating) else None


def _mark(typed: Mapping[str, Any]) -> int | None:
    given = str(typed.get("mark", ""))
    return next((mark for mark in range(WORST, BEST + 1) if given == str(mark)), None)
