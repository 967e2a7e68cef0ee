"""Letters that belong to no ticket: stored with what asked for them, sent by a job, and forgotten after a week."""

from __future__ import annotations

import secrets
import smtplib
from datetime import timedelta

import sqlalchemy as sa

from plugdesk.api import Context, DeliveryState, RetryLater
from plugdesk.api import gettext as _
from plugdesk_email.compose import compose_letter
from plugdesk_email.connections import Refused, Unreachable, account_of, smtp
from plugdesk_email.deliver import RETRY_SECONDS, hand_over, mailbox_of, offer
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
    if letter.state is DeliveryState.SENDING:
        letter.state, letter.error = DeliveryState.MAYBE, _("The connection was lost before the server confirmed it.")
        return
    mailbox = mailbox_of(ctx, None)
    if mailbox is None:
        letter.state, letter.error = DeliveryState.FAILED, _("This form has no mailbox yet.")
        return
    if ctx.now - letter.at > GIVE_UP_AFTER:
        letter.state = DeliveryState.FAILED  # what it asks for is over
        return
    account, raw = account_of(ctx, mailbox), _composed(ctx, letter, mailbox)
    ctx.checkpoint()
    try:
        with smtp(ctx, account) as client:
            client.ehlo_or_helo_if_needed()
            offer(client, account.address, [letter.address])
            letter.state = DeliveryState.SENDING
            ctx.checkpoint()
            hand_over(client, raw)
    except (Refused, Unreachable) as error:
        raise RetryLater(RETRY_SECONDS, str(error)) from error
    except smtplib.SMTPResponseException as error:
        if 400 <= error.smtp_code < 500:
            letter.state = DeliveryState.QUEUED
            ctx.checkpoint()  # it was refused for now, and is whole again
            raise RetryLater(RETRY_SECONDS, f"{error.smtp_code}") from error
        letter.state, letter.error = DeliveryState.FAILED, f"{error.smtp_code}"
    except (smtplib.SMTPException, OSError, EOFError) as error:
        if letter.state is not DeliveryState.SENDING:
            raise RetryLater(RETRY_SECONDS, str(error) or type(error).__name__) from error
        letter.state, letter.error = DeliveryState.MAYBE, _("The connection was lost before the server confirmed it.")
    else:
        letter.state = DeliveryState.SENT
        letter.html = ""  # the link in it is the reader's alone


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
