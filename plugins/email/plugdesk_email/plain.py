"""Letters that belong to no ticket: stored with what asked for them, sent by a job, and forgotten after a week."""

from __future__ import annotations

import secrets
from datetime import timedelta

import sqlalchemy as sa

from plugdesk.api import Context, DeliveryState, MaybeSent, RetryLater, Undeliverable, use_language
from plugdesk.api import gettext as _
from plugdesk_email.compose import compose_letter
from plugdesk_email.deliver import mailbox_of
from plugdesk_email.handover import hand_to_server
from plugdesk_email.letters import Address
from plugdesk_email.models import Mailbox, PlainLetter
from plugdesk_email.unread import nobody_reads

KEPT = timedelta(days=7)
GIVE_UP_AFTER = timedelta(days=1)


def post(ctx: Context, to: str, subject: str, html: str) -> bool | None:
    """Put a letter in the post. None: the form has no mailbox, or nobody reads what is written to this address."""
    assert ctx.form is not None
    if mailbox_of(ctx, None) is None or nobody_reads(ctx, to):
        return None
    letter = PlainLetter(
        form_id=ctx.form.id, address=to, subject=subject, html=html, at=ctx.now, state=DeliveryState.QUEUED, error=None
    )
    ctx.db.add(letter)
    ctx.db.flush()  # the letter's id
    ctx.enqueue("plain_letter", key=f"plain:{letter.id}", letter_id=letter.id)
    return True


def send(ctx: Context, letter_id: int) -> None:
    """Job: hand the letter to the mailbox's server, once; when nobody can know whether it went, it is not repeated."""
    letter = ctx.db.get(PlainLetter, letter_id)
    if letter is None or letter.state not in (DeliveryState.QUEUED, DeliveryState.SENDING):
        return
    with use_language(ctx.desk.language):
        letter.state, letter.error = _sent(ctx, letter)
        letter.html = ""  # the link in it is the reader's alone


def _sent(ctx: Context, letter: PlainLetter) -> tuple[DeliveryState, str | None]:
    """What became of the letter in the end, and why. Raises `RetryLater`."""
    if letter.state is DeliveryState.SENDING:
        return DeliveryState.MAYBE, _("The connection was lost before the server confirmed it.")
    mailbox = mailbox_of(ctx, None)
    if mailbox is None:
        return DeliveryState.FAILED, _("This form has no mailbox yet.")
    if ctx.now - letter.at > GIVE_UP_AFTER:
        return DeliveryState.FAILED, letter.error  # what it asks for is over

    def leaving() -> None:
        letter.state = DeliveryState.SENDING
        ctx.checkpoint()

    try:
        hand_to_server(ctx, mailbox, [letter.address], _composed(ctx, letter, mailbox), leaving)
    except Undeliverable as error:
        return DeliveryState.FAILED, str(error)
    except MaybeSent as error:
        return DeliveryState.MAYBE, str(error)
    except RetryLater as error:
        letter.state, letter.error = DeliveryState.QUEUED, str(error)
        ctx.checkpoint()  # a job that is tried later loses what it changed: the reason, and the mailbox's trouble
        raise
    return DeliveryState.SENT, None


def forget_old(ctx: Context) -> None:
    """Recurring work: letters of more than a week ago go."""
    assert ctx.form is not None
    ctx.db.execute(sa.delete(PlainLetter).where(PlainLetter.form_id == ctx.form.id, PlainLetter.at < ctx.now - KEPT))


def _composed(ctx: Context, letter: PlainLetter, mailbox: Mailbox) -> bytes:
    return bytes(
        compose_letter(
            sender=Address(str(ctx.desk.name), mailbox.address), to=[Address("", letter.address)], subject=letter.subject,
            message_id=f"{secrets.token_hex(16)}@{mailbox.domain}", date=letter.at, html=letter.html, auto="auto-generated",
            instance=ctx.instance,
        )
    )  # fmt: skip
