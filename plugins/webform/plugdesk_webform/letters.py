"""The letters request forms cause. Most go to addresses nobody has proved to be theirs: nothing in them was typed by a visitor."""

from __future__ import annotations

import sqlalchemy as sa

from plugdesk.api import (
    Context,
    Event,
    Invalid,
    Message,
    Ticket,
    TooMany,
    address_for,
    html_of_text,
    send_automatic,
    send_letter,
    use_language,
)
from plugdesk.api import gettext as _
from plugdesk_webform.asking import CHANNEL, form_of
from plugdesk_webform.limits import count_letter
from plugdesk_webform.models import RequestForm
from plugdesk_webform.queries import letters_leave, submission_of


def send_confirmation(ctx: Context, row: RequestForm, email: str, link: str) -> None:
    """Ask by a letter whether a request is theirs. Raises `Invalid` where none can be sent."""
    form = form_of(ctx)
    base = ctx.base_url or ""
    text = _(
        "Somebody has filled in the form “%(title)s” of %(desk)s with your e-mail address.\n\n"
        "If it was you, open this page and press the button there; until then nobody has received it:\n\n%(link)s\n\n"
        "The link works for 24 hours. If it was not you, just throw this letter away: nothing happens then.",
        title=row.title, desk=ctx.desk.name, link=f"{base}/p/{form.slug}/webform/confirmations/{link}",
    )  # fmt: skip
    subject = _("Confirm your request to %(form)s, %(desk)s", form=form.name, desk=ctx.desk.name)
    if not base or not send_letter(ctx.db, form, to=email, subject=subject, html=html_of_text(text)):
        raise Invalid(_("Switch on scripts in your browser to send this form: they keep programs away."))


def send_receipt(ctx: Context, ticket: Ticket, event: Event) -> None:
    """After a request opened a ticket: it came in. Once; to an address nobody has proved one letter a day, see `count_letter`."""
    if event.data.get("channel") != CHANNEL:
        return
    submission, address = submission_of(ctx, ticket), address_for(ctx.db, ticket, "email")
    row = ctx.db.get(RequestForm, submission.request_form_id) if submission and submission.request_form_id else None
    if submission is None or row is None or not row.receipt or address is None or submission.confirmed:
        return
    sent = sa.select(Message.id).where(Message.ticket_id == ticket.id, Message.kind == "receipt").limit(1)
    if not letters_leave(ctx) or ctx.db.scalar(sent) is not None:
        return
    try:
        if not submission.signed_in:
            count_letter(ctx, address)
    except TooMany:
        ctx.journal("receipt_withheld", ticket=ticket, said=_("No receipt: its address had a letter from us today"))
        return
    with use_language(submission.language):
        text = _(
            "We have received your request. Its number is %(number)s; an answer to this letter adds to it.\n\n%(form)s, %(desk)s",
            number=ticket.number, form=form_of(ctx).name, desk=ctx.desk.name,
        )  # fmt: skip
        if not submission.signed_in:
            text += "\n\n" + _("If you did not write to us, somebody has given your address: just throw this letter away.")
        subject = _("We have received your request %(number)s", number=ticket.number)
    send_automatic(ctx.db, ticket, kind="receipt", html=html_of_text(text), subject=subject, channel="email")
