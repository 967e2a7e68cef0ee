"""An outgoing message as a letter: composed, handed to the mailbox's server, and what became of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

import sqlalchemy as sa
from markupsafe import Markup, escape
from sqlalchemy.orm import aliased, contains_eager

from plugdesk.api import (
    Block,
    Context,
    Message,
    Ticket,
    Undeliverable,
    User,
    address_for,
    fill_html,
    fill_text,
    handing_over,
    html_of_text,
    language_of,
    letter_instead,
    said_with,
    use_language,
)
from plugdesk.api import gettext as _
from plugdesk_email.compose import OutgoingFile, compose_letter
from plugdesk_email.handover import hand_to_server
from plugdesk_email.letters import Address
from plugdesk_email.models import LetterOf, Mailbox
from plugdesk_email.settings import EmailSettings
from plugdesk_email.strangers import is_strangers, our_subject
from plugdesk_email.threading import Purpose, build_references, make_message_id, reply_subject
from plugdesk_email.unread import nobody_reads

PURPOSES = {"receipt": Purpose.RECEIPT, "closing": Purpose.CLOSING, "forward": Purpose.FORWARD, "letter": Purpose.FORWARD}


def reaches(ctx: Context, customer: User) -> bool:
    """Whether the customer has an e-mail address."""
    return customer.address("email") is not None


def ready(ctx: Context) -> str | None:
    """What is missing before this form can send letters."""
    return None if mailbox_of(ctx, None) else _("This form has no mailbox yet.")


def deliver(ctx: Context, message: Message) -> str | None:
    """Send `message`; the Message-ID it left under. Raises `Undeliverable`, `RetryLater` or `MaybeSent`."""
    mailbox = mailbox_of(ctx, message)
    if mailbox is None:
        raise Undeliverable(_("This form has no mailbox to send from. Add one under Extensions, E-mail."))
    try:
        with use_language(language_of(ctx.db, message.home)):
            letter = _compose(ctx, message, mailbox)
    except ValueError as error:
        raise Undeliverable(_("This cannot be written as a letter: %(why)s", why=error)) from error
    if _is_automatic(message):
        _refuse_unread(ctx, letter)
    _send(ctx, message, letter, mailbox)
    return letter.id


@dataclass(frozen=True)
class _Letter:
    """A letter's id and subject, its bytes, and everybody it goes to."""

    id: str
    subject: str
    raw: bytes
    recipients: list[str]


def _send(ctx: Context, message: Message, letter: _Letter, mailbox: Mailbox) -> None:
    def leaving() -> None:
        _remember(ctx, message, letter, mailbox)
        handing_over(ctx, message)

    refused = hand_to_server(ctx, mailbox, letter.recipients, letter.raw, leaving)
    if refused:
        message.delivery_error = _("Not to %(addresses)s", addresses="; ".join(f"{each}: {why}" for each, why in refused.items()))


def _remember(ctx: Context, message: Message, letter: _Letter, mailbox: Mailbox) -> None:
    """Note the letter's place in the thread, once, with the mark that it is being handed over."""
    connection = ctx.db.connection()
    if connection.scalar(_KNOWN, {"message_id": message.id}) is None:
        about = {"message_id": message.id, "mailbox_id": mailbox.id, "letter_id": letter.id, "subject": letter.subject}
        connection.execute(_REMEMBER, about | {"references": []})


def _compose(ctx: Context, message: Message, mailbox: Mailbox) -> _Letter:
    ticket, settings = message.home, ctx.settings
    purpose = PURPOSES.get(message.kind, Purpose.REPLY)
    letter_id = make_message_id(message.id, ticket.id, ctx.instance, ctx.signing_key("letters"), mailbox.domain, purpose=purpose)
    last = _last_letter(ctx, message)
    to = [_address(each) for each in message.to] or _customer_address(ctx, ticket, last)
    cc = [_address(each) for each in message.cc]
    strangers = _is_automatic(message) and last is None and is_strangers(ctx, ticket)
    if strangers or purpose is Purpose.RECEIPT:
        to = [Address("", each.email) for each in to]  # the name is the stranger's own word
    if not to:
        raise Undeliverable(_("The customer has no e-mail address. Add one to their card, then send again."))
    html, files = _body(ctx, message, settings, last)
    about = our_subject(ticket) if strangers else last.subject if last else ticket.subject
    subject = message.subject or reply_subject(about, str(ticket.number))
    if purpose is Purpose.RECEIPT and last is not None:
        subject = reply_subject(last.subject, str(ticket.number))
    letter = compose_letter(
        sender=Address(_sender_name(ctx, message, settings), mailbox.address), to=to, cc=cc, subject=subject, message_id=letter_id,
        date=message.created_at, html=html, files=files, in_reply_to=last.letter_id if last and purpose is not Purpose.FORWARD else "",
        references=build_references(_chain(ctx, message)) if purpose is not Purpose.FORWARD else (),
        auto=_auto(message), instance=ctx.instance,
    )  # fmt: skip
    recipients = [each.email for each in (*to, *cc, *(_address(each) for each in message.bcc))]
    return _Letter(letter_id, subject, bytes(letter), list(dict.fromkeys(recipients)))


def _is_automatic(message: Message) -> bool:
    """Whether the desk itself writes to the customer, and not to addresses somebody has chosen."""
    return message.author_id is None and PURPOSES.get(message.kind) is not Purpose.FORWARD


def _refuse_unread(ctx: Context, letter: _Letter) -> None:
    unread = next((each for each in letter.recipients if nobody_reads(ctx, each)), None)
    if unread is not None:
        raise Undeliverable(_("Nobody reads letters to %(address)s: the desk does not write there by itself.", address=unread))


def _auto(message: Message) -> str | None:
    """What a letter of the desk's own says of itself (RFC 3834, section 5); None for what somebody wrote."""
    if message.kind in ("receipt", "closing"):
        return "auto-replied"
    return "auto-generated" if message.author_id is None else None


def _body(ctx: Context, message: Message, settings: EmailSettings, last: LetterOf | None) -> tuple[str, list[OutgoingFile]]:
    if message.kind not in PURPOSES and not (message.to or message.cc or message.bcc):
        instead = letter_instead(ctx.db, message.home, message.kind, message.author, message)
        if instead:
            return instead, []
    said = message.clean_html if message.clean_html is not None else html_of_text(message.text)
    files = []
    for each in message.attachments:
        content_id = f"{each.key}@plugdesk" if f"/files/{each.key}" in said else ""
        if content_id:
            said = re.sub(rf'(["\'])/files/{re.escape(each.key)}\1', f'"cid:{content_id}"', said)
        files.append(OutgoingFile(each.name, each.type, ctx.read_bytes(each.sha256), content_id))
    if message.kind in PURPOSES:
        return said, files
    author = message.author
    signature = fill_html(ctx.db, html_of_text(settings.signature), message.home, agent=author)
    own = {"letter": {"body": Block(message.text, Markup(said)), "signature": Block("", Markup(signature))}}
    html = fill_html(ctx.db, html_of_text(settings.reply_text), message.home, own=own, agent=author, message=message)
    if settings.quote and last is not None:
        html += _quotation(ctx, last)
    return html, files


def _quotation(ctx: Context, last: LetterOf) -> str:
    quoted = last.message
    said = quoted.clean_html if quoted.clean_html is not None else html_of_text(quoted.text)
    name = quoted.author.name if quoted.author else last.answer_to or ""
    head = _("%(name)s wrote:", name=name)
    return f'<div class="gmail_quote"><p>{escape(head)}</p><blockquote type="cite">{said}</blockquote></div>'


def _sender_name(ctx: Context, message: Message, settings: EmailSettings) -> str:
    if message.author is None:
        return str(ctx.desk.name)
    return " ".join(fill_text(ctx.db, settings.sender_name, message.home, agent=message.author).split())


def _customer_address(ctx: Context, ticket: Ticket, last: LetterOf | None) -> list[Address]:
    if last is not None and last.answer_to and last.message.author_id == ticket.customer_id:
        return [Address(last.answer_name or ticket.customer.name, last.answer_to)]
    own = address_for(ctx.db, ticket, "email")
    return [Address(ticket.customer.name, own)] if own else []


def mailbox_of(ctx: Context, message: Message | None) -> Mailbox | None:
    """The mailbox the letters of the message's customer came to; else the form's first."""
    assert ctx.form is not None
    about = {"form_id": ctx.form.id}
    if message is not None:
        about |= {"ticket_id": message.ticket_id, "customer_id": message.home.customer_id}
    found: Mailbox | None = ctx.db.scalar(_FIRST_MAILBOX if message is None else _THEIR_MAILBOX, about)
    return found


def _last_letter(ctx: Context, message: Message) -> LetterOf | None:
    """The last letter of the customer's before `message`: of what another wrote to a merged ticket they learn nothing."""
    found: LetterOf | None = ctx.db.scalar(_LAST_LETTER, _before(message))
    return found


def _chain(ctx: Context, message: Message) -> list[str]:
    return list(ctx.db.connection().scalars(_CHAIN, _before(message)))


def _before(message: Message) -> dict[str, int]:
    return {"ticket_id": message.ticket_id, "before": message.id, "customer_id": message.home.customer_id}


# Built once: every letter that goes out asks them.
_REMEMBER = sa.insert(cast(sa.Table, LetterOf.__table__))
_KNOWN = sa.select(LetterOf.message_id).where(LetterOf.message_id == sa.bindparam("message_id"))
_OF_FORM = sa.select(Mailbox).where(Mailbox.form_id == sa.bindparam("form_id")).limit(1)
_FIRST_MAILBOX = _OF_FORM.order_by(Mailbox.id)
_ITS = aliased(Mailbox)
_CAME_TO = (
    sa.select(LetterOf.mailbox_id).join(_ITS, _ITS.id == LetterOf.mailbox_id).join(Message, Message.id == LetterOf.message_id)
    .where(Message.ticket_id == sa.bindparam("ticket_id"), _ITS.form_id == sa.bindparam("form_id"))
    .where(said_with(sa.bindparam("customer_id"))).order_by(Message.id.desc()).limit(1).scalar_subquery()
)  # fmt: skip
_THEIR_MAILBOX = _OF_FORM.order_by(sa.case((Mailbox.id == _CAME_TO, 0), else_=1), Mailbox.id)
_LAST_LETTER = (
    sa.select(LetterOf).join(LetterOf.message).options(contains_eager(LetterOf.message))
    .where(Message.ticket_id == sa.bindparam("ticket_id"), Message.direction == "incoming", Message.id < sa.bindparam("before"))
    .where(said_with(sa.bindparam("customer_id"))).order_by(Message.id.desc()).limit(1)
)  # fmt: skip
_CHAIN = (
    sa.select(LetterOf.letter_id).join(Message, Message.id == LetterOf.message_id)
    .where(Message.ticket_id == sa.bindparam("ticket_id"), Message.id < sa.bindparam("before"))
    .where(said_with(sa.bindparam("customer_id"))).order_by(Message.id)
)  # fmt: skip


def _address(text: str) -> Address:
    name, _lt, email = text.rpartition("<")
    return Address(name.strip(), email.rstrip("> ").strip())
