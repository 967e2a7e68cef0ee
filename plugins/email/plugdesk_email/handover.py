"""A letter's bytes handed to its mailbox's server, and what becomes of them, in the words of deliveries."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Sequence

from plugdesk.api import Context, MaybeSent, RetryLater, Undeliverable
from plugdesk.api import gettext as _
from plugdesk_email.connections import Refused, Unreachable, account_of, smtp
from plugdesk_email.models import Mailbox

RETRY_SECONDS = 60


def hand_to_server(
    ctx: Context, mailbox: Mailbox, recipients: Sequence[str], raw: bytes, before_data: Callable[[], None]
) -> dict[str, str]:
    """Send `raw` out through `mailbox`; returns the recipients its server refused, each with its words.

    `before_data` is called when somebody may be written to and before the first byte of the letter leaves: it notes that
    from here on nobody can know. Raises `Undeliverable` for good, `RetryLater`, or `MaybeSent`. A mailbox that cannot be
    used at all says so on its page until a letter leaves again.
    """
    account, handed_over = account_of(ctx, mailbox), False
    ctx.checkpoint()
    try:
        with smtp(ctx, account) as client:
            client.ehlo_or_helo_if_needed()
            refused = _offer(client, account.address, recipients)
            before_data()
            handed_over = True
            _hand_over(client, raw)
    except Refused as error:
        _note_trouble(mailbox, str(error))
        raise RetryLater(RETRY_SECONDS * 10, str(error)) from error
    except Unreachable as error:
        _note_trouble(mailbox, str(error))
        raise RetryLater(RETRY_SECONDS, str(error)) from error
    except smtplib.SMTPResponseException as error:
        words = f"{error.smtp_code} {_words(error.smtp_error)}"
        if 400 <= error.smtp_code < 500:
            raise RetryLater(RETRY_SECONDS, words) from error
        raise Undeliverable(words) from error
    except (smtplib.SMTPException, OSError, EOFError) as error:
        if handed_over:
            raise MaybeSent(_("The connection was lost before the server confirmed it.")) from error
        raise RetryLater(RETRY_SECONDS, str(error) or type(error).__name__) from error
    _note_trouble(mailbox, None)
    return refused


def _offer(client: smtplib.SMTP, sender: str, recipients: Sequence[str]) -> dict[str, str]:
    """MAIL and RCPT; some recipients may be refused, not all. Raises the server's refusal otherwise."""
    code, answer = client.mail(sender)
    if code != 250:
        raise smtplib.SMTPResponseException(code, answer)
    refused: dict[str, str] = {}
    worst: tuple[int, bytes] = (550, b"")
    for each in recipients:
        code, answer = client.rcpt(each)
        if code not in (250, 251):
            refused[each] = f"{code} {_words(answer)}"
            worst = (code, answer)
    if len(refused) == len(recipients):
        raise smtplib.SMTPResponseException(*worst)
    return refused


def _hand_over(client: smtplib.SMTP, raw: bytes) -> None:
    """DATA: the letter itself. Raises the server's refusal."""
    code, answer = client.data(raw)
    if code != 250:
        raise smtplib.SMTPResponseException(code, answer)


def _words(answer: bytes | str) -> str:
    return (answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer).replace("\n", " ").strip()


def _note_trouble(mailbox: Mailbox, why: str | None) -> None:
    if mailbox.sending_error != why:
        mailbox.sending_error = why
