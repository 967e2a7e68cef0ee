"""Whom nobody has heard from by letter: the address, the name and the subject of such a ticket are a stranger's own words.

What the desk sends by itself repeats none of them, or the desk could be made to write a stranger's text to anybody.
"""

from __future__ import annotations

import sqlalchemy as sa

from plugdesk.api import Context, Message, Ticket, current_language, said_with
from plugdesk.api import gettext as _
from plugdesk_email.models import LetterOf

NO_NAMES = {"name": "", "first_name": "", "organization": ""}


def is_strangers(ctx: Context, ticket: Ticket) -> bool:
    """Whether the customer's address was only typed somewhere: no letter came from it, and no colleague opened the ticket."""
    if ticket.opened_by_id != ticket.customer_id:
        return False
    return ctx.db.connection().scalar(_HAS_LETTER, {"ticket_id": ticket.id, "customer_id": ticket.customer_id}) is None


def our_subject(ticket: Ticket) -> str:
    """What such a letter is about, in the desk's words."""
    return _("Your request to %(form)s", form=ticket.form.name)


def words_of_ours(ticket: Ticket) -> dict[str, str]:
    """What templates say of such a ticket."""
    return {
        "number": str(ticket.number), "subject": our_subject(ticket), "status": ticket.status.customers_name_in(current_language()),
    }  # fmt: skip


# Built once: every letter that goes out by itself asks it.
_HAS_LETTER = (
    sa.select(LetterOf.message_id).join(Message, Message.id == LetterOf.message_id)
    .where(Message.ticket_id == sa.bindparam("ticket_id"), Message.direction == "incoming")
    .where(said_with(sa.bindparam("customer_id"))).limit(1)
)  # fmt: skip
