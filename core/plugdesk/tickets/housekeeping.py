"""Recurring work of the core: folding counts, emptying the bin, sweeping up what nobody needs."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from plugdesk.channels.pace import forget_old_paces
from plugdesk.channels.updates import forget_old_updates, read_what_waited
from plugdesk.plugins.context import Context
from plugdesk.plugins.figures import fold_figures
from plugdesk.runtime import runtime_of
from plugdesk.sessions import forget_old_sessions
from plugdesk.throttle import forget_old_attempts
from plugdesk.tickets import tally
from plugdesk.tickets.attachments import drop_file
from plugdesk.tickets.bin import erase_ticket
from plugdesk.tickets.models import Attachment, Content, Ticket

KEPT_IN_BIN = timedelta(days=30)
KEPT_UPLOAD = timedelta(days=2)
AT_ONCE = 200


def fold_tallies(ctx: Context) -> None:
    """Fold the rows counts are made of."""
    tally.fold(ctx._session)


def empty_bin(ctx: Context) -> None:
    """Erase what has been in the bin for thirty days. A ticket that cannot be erased holds up no others."""
    old = sa.select(Ticket.id).where(Ticket.deleted_at < ctx.now - KEPT_IN_BIN).order_by(Ticket.deleted_at).limit(AT_ONCE)
    for number in ctx.db.scalars(old).all():
        try:
            with ctx.transaction():
                if (ticket := ctx.db.get(Ticket, number)) is not None:  # not gone with the one it was merged into
                    erase_ticket(ctx._session, ticket)
        except sa.exc.IntegrityError:
            ctx.log.exception("Ticket %s could not be erased", number)


def read_early(ctx: Context) -> None:
    """What vendors told of messages that have not come for an hour is read all the same."""
    read_what_waited(ctx._session, ctx.now)


def sweep(ctx: Context) -> None:
    """Drop uploads no message took, bytes no attachment uses, old figures, and what vendors handed over long ago."""
    session = ctx._session
    abandoned = (Attachment.message_id.is_(None), Attachment.created_at < ctx.now - KEPT_UPLOAD)
    for upload in session.scalars(sa.select(Attachment).where(*abandoned).limit(AT_ONCE)).all():
        drop_file(session, upload)
    session.flush()  # the uses just counted down
    fold_figures(session, ctx.now)
    forget_old_sessions(session)
    forget_old_attempts(session)
    forget_old_updates(session, ctx.now)
    forget_old_paces(session, ctx.now)
    nobodys = sa.select(Content).where(Content.uses <= 0).limit(AT_ONCE)
    unused = session.scalars(nobodys.with_for_update(skip_locked=True)).all()  # whoever needs one of them now must wait
    files = runtime_of(session).files
    for content in unused:
        session.delete(content)
    ctx.checkpoint()  # the rows first: bytes without a row are rubbish, a row without bytes would be a loss
    for content in unused:
        with ctx.transaction():
            if session.get(Content, content.sha256) is None:
                files.delete(content.sha256)
