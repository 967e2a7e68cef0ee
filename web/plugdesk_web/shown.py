"""That a page was shown to somebody, for when they may no longer see it: what they typed into it is theirs to take along.

To everybody else a ticket that is not theirs answers as one that does not exist.
"""

from __future__ import annotations

from functools import lru_cache

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from plugdesk.errors import Conflict, NotAllowed, NotFound, PlugdeskError
from plugdesk.i18n import gettext as _
from plugdesk.tickets.combining import survivor
from plugdesk.tickets.models import Ticket
from plugdesk.tickets.queries import ticket_for
from plugdesk_web.current import db, me

FIELD = "shown"
KEPT = 14 * 24 * 3600  # seconds for which a page may lie open


def proof_of(number: int) -> str:
    """What the page of ticket `number` carries for whoever it was shown to."""
    return str(_signer().dumps([number, me().id]))


def was_shown(number: int) -> bool:
    """Whether this request comes from a page of the ticket that was shown to who asks."""
    try:
        return bool(_signer().loads(request.form.get(FIELD, ""), max_age=KEPT) == [number, me().id])
    except BadSignature:
        return False


def ticket_to_act_on(number: int) -> Ticket:
    """`ticket_posted_about`, or the one it was merged into meanwhile."""
    ticket = ticket_posted_about(number)
    return ticket if ticket.merged_into_id is None else ticket_posted_about(number, survivor(db(), ticket).id)


def ticket_posted_about(number: int, found: int | None = None) -> Ticket:
    """The ticket a page of ticket `number` posts about, be it another one `found` since.

    Who has lost sight of it since the page was shown keeps the words; to others it does not exist.
    """
    try:
        return ticket_for(db(), me(), found or number)
    except NotFound:
        if was_shown(number):
            raise Conflict(
                _("Ticket %(number)s is no longer yours to see. Nothing was sent; your words stand below.", number=number)
            ) from None
        raise


def as_conflict(number: int, refusal: PlugdeskError) -> PlugdeskError:
    """The `refusal` of what was posted about ticket `number`: a right lost while its page lay open is a conflict, which keeps the
    words. Raises `NotAllowed` itself where no page was shown."""
    if not isinstance(refusal, NotAllowed):
        return refusal
    if not was_shown(number):
        raise refusal
    return Conflict(str(refusal))


def refuse_another_customer(number: int, ticket: Ticket) -> None:
    """What was written to one customer is not sent to another because the ticket was merged meanwhile: then `Conflict`.

    `number` is the one the page was of, `ticket` what `ticket_to_act_on` has found for it.
    """
    if ticket.number == number:
        return
    meant = db().get_one(Ticket, number).customer
    if meant.id != ticket.customer_id:
        raise Conflict(
            _(
                "Ticket %(number)s, on which you wrote to %(name)s, has been merged into this one. Here the answer goes to %(other)s.",
                number=number, name=meant.name, other=ticket.customer.name,
            )
        )  # fmt: skip


def _signer() -> URLSafeTimedSerializer:
    return _signer_with(str(current_app.secret_key))


@lru_cache(maxsize=8)
def _signer_with(key: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(key, salt="plugdesk shown")
