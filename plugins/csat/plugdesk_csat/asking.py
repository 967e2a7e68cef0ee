"""The step of actions that asks for a rating: a message of its own with the five faces, whenever the action runs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from plugdesk.api import (
    Context,
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
from plugdesk_csat.commands import asked_at, last_closing, was_asked
from plugdesk_csat.letters import faces
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
    if was_asked(ctx, ticket, about):
        raise Invalid(_("They have been asked already."))
    channel = carrier_of(ctx.db, ticket.channel, ticket.form)
    if channel is None:
        raise Invalid(_("Nothing can be sent on the channel of this ticket."))
    with use_language(language_of(ctx.db, ticket)):
        invitation = fill_text(ctx.db, _(text), ticket, agent=by)
        asked = faces(ctx, ticket, about, invitation, channel).get("rating")
    if asked is None:
        raise Invalid(_("No public address is set. An administrator can set it under System."))
    buttons = [replace(each, key=f"{ctx.plugin}:{each.key}") for each in asked.buttons]
    send_automatic(ctx.db, ticket, kind="rating", html=asked.html, buttons=buttons, reason=asked_at(about))
