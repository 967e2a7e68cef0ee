"""Addresses nobody reads: programs', and our own mailboxes. The desk writes to neither by itself."""

from __future__ import annotations

import sqlalchemy as sa

from plugdesk.api import Context
from plugdesk_email.models import Mailbox

_PROGRAMS = ("mailer-daemon@", "postmaster@", "abuse@", "noreply@", "no-reply@", "do-not-reply@", "donotreply@", "bounce@")


def nobody_reads(ctx: Context, address: str) -> bool:
    """Whether what is written to `address` by the desk itself would be lost, answered by a program, or become a ticket."""
    address = address.lower()
    return address.startswith(_PROGRAMS) or ctx.db.connection().scalar(_OWN, {"address": address}) is not None


# Built once: every letter of the desk's own asks it.
_OWN = sa.select(Mailbox.id).where(Mailbox.address == sa.bindparam("address"))
