"""What a customer wrote when their session had run out: kept for a day, shown to nobody but them, on the request it is about.

Only whose session ran out by itself is written for: who signs out leaves nothing behind, and strangers can fill nothing.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from plugdesk.api import Context, Ticket, User, storable
from plugdesk_portal.models import Unsent

KEPT = timedelta(days=1)
LONGEST = 200_000
NOT_KEPT = ("csrf_token", "once", "version")  # the page that is shown anew has its own


def keep(
    ctx: Context, customer: User, ticket: Ticket, code: str, typed: MultiDict[str, str], *, had_files: bool
) -> bool:  # fmt: skip
    """Keep what was `typed` on the request for an action, or with an empty `code` as a reply; whether there was anything to keep.

    It takes the place of what was kept there before.
    """
    values = [(name, storable(value)) for name, value in typed.items(multi=True) if name not in NOT_KEPT]
    written = any(value.strip() for name, value in values if not name.endswith("-here"))
    if not written or sum(len(value) for _name, value in values) > LONGEST:
        return False
    ctx.db.merge(
        Unsent(
            user_id=customer.id, ticket_id=ticket.id, form_id=ticket.form_id, code=code, typed=values, had_files=had_files,
            kept_at=ctx.now,
        )
    )  # fmt: skip
    return True


def unsent_on(ctx: Context, customer: User, ticket: Ticket) -> Unsent | None:
    """What this customer could not send on the request, as long as it is kept."""
    found = ctx.db.get(Unsent, (customer.id, ticket.id))
    return found if found is not None and found.kept_at > ctx.now - KEPT else None


def has_unsent(ctx: Context, customer: User) -> bool:
    """Whether something of theirs waits to be sent."""
    kept = sa.select(Unsent.ticket_id).where(Unsent.user_id == customer.id, Unsent.kept_at > ctx.now - KEPT)
    return ctx.db.scalar(kept.limit(1)) is not None


def forget(ctx: Context, customer: User, ticket: Ticket) -> None:
    """It was sent, or something else instead."""
    ctx.db.execute(sa.delete(Unsent).where(Unsent.user_id == customer.id, Unsent.ticket_id == ticket.id))


def forget_old(ctx: Context) -> None:
    """Recurring work: what nobody came back for goes."""
    assert ctx.form is not None
    over = (Unsent.form_id == ctx.form.id, Unsent.kept_at <= ctx.now - KEPT)
    ctx.db.execute(sa.delete(Unsent).where(*over), execution_options={"synchronize_session": False})
