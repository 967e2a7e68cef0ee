"""What becomes of a letter that is kept: a ticket, a message on one, a bounce of ours, a duplicate, or quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.exc import StaleDataError

from plugdesk.api import (
    Context,
    Form,
    Identity,
    Invalid,
    Message,
    NewFile,
    Participant,
    Said,
    Ticket,
    find_or_create_customer,
    is_over,
    link_tickets,
    merged_numbers,
    normal_email,
    open_ticket,
    receive_message,
    report_failure,
    survivor,
    use_language,
    was_on,
)
from plugdesk.api import gettext as _
from plugdesk_email.htmlquotes import split_html
from plugdesk_email.letters import Kind, Letter, Report
from plugdesk_email.models import LetterOf, Mailbox, Original, OriginalState
from plugdesk_email.parse import parse_email
from plugdesk_email.threading import clean_subject, read_message_id, reference_ids, subject_number

NEW_TICKETS = ((timedelta(minutes=10), 10), (timedelta(days=1), 50))  # of one sender; more wait in quarantine
STORED = 5  # tickets one letter may have come to: it can be sent to the mailboxes of several forms


def receive(ctx: Context, original_id: int) -> None:
    """Job: read one kept letter and do what it asks for. What cannot be read waits in quarantine, with its bytes."""
    original = ctx.db.get(Original, original_id)
    if original is None or original.state is not OriginalState.WAITING:
        return
    letter: Letter | None = None
    with use_language(ctx.desk.language):
        try:
            own = tuple(ctx.db.scalars(_MAILBOXES))
            letter = _read(ctx, original, own)
            with ctx.transaction():
                _write(ctx, original, letter, _take(ctx, original, letter, own))
        except (sa.exc.OperationalError, StaleDataError):
            raise  # the database was busy: the next try will do
        except Exception as error:
            why = str(error)
            if not isinstance(error, Invalid):
                ctx.log.exception("Letter %s could not be read", original.id)
                why = _("It could not be read: %(why)s", why=f"{type(error).__name__}: {error}")
            _write(ctx, original, letter, _End(OriginalState.QUARANTINE, why))


def parse_again(ctx: Context, original: Original) -> None:
    """Give a quarantined letter another try, after a fix or a changed setting."""
    original.state, original.reason = OriginalState.WAITING, None
    ctx.enqueue("receive", key=f"original:{original.id}", original_id=original.id)


def _read(ctx: Context, original: Original, own: tuple[str, ...]) -> Letter:
    """The letter in a kept original, read with this desk's own marks and mailboxes in mind."""
    return parse_email(ctx.read_bytes(original.sha256), instance=ctx.instance, key=ctx.signing_key("letters"), own_addresses=own)


@dataclass(frozen=True)
class _End:
    """What became of a letter, why, and the message it is or reports on."""

    state: OriginalState
    reason: str = ""
    message_id: int | None = None


def _write(ctx: Context, original: Original, letter: Letter | None, end: _End) -> None:
    values: dict[str, Any] = {"state": end.state, "reason": end.reason or None, "message_id": end.message_id}
    if letter is not None:
        values |= {"sender": letter.sender.email or None, "subject": letter.subject, "letter_id": letter.message_id}
    ctx.db.connection().execute(_END if letter is None else _END_READ, {"original_id": original.id} | values)
    for name, value in values.items():
        set_committed_value(original, name, value)


def _take(ctx: Context, original: Original, letter: Letter, own: tuple[str, ...]) -> _End:
    if letter.own_loop:
        return _End(OriginalState.LOOP, letter.reason or _("It is a letter of this desk that came back."))
    if letter.kind is Kind.LOOP:
        return _End(OriginalState.QUARANTINE, _("It comes from one of this desk's own mailboxes."))
    if not letter.sender.email:
        return _End(OriginalState.QUARANTINE, _("It names no sender to answer to."))
    if _is_duplicate(ctx, original, letter):
        return _End(OriginalState.DUPLICATE, _("The same letter came before."))
    if letter.kind is Kind.BOUNCE:
        return _bounced(ctx, letter)
    answered = _answered(ctx, letter)
    if (
        answered.ticket is not None
        and answered.takes_part
        and not (is_over(ctx.db, survivor(ctx.db, answered.ticket)) and _floods(ctx, original, letter))
    ):
        return _add(ctx, original, letter, own, answered.ticket)
    if letter.kind is Kind.AUTO_REPLY and answered.ticket is None:
        return _End(OriginalState.DISMISSED, letter.reason)
    if _floods(ctx, original, letter):
        why = _("%(sender)s has sent too many letters in a short time.", sender=letter.sender.email)
        return _End(OriginalState.QUARANTINE, why)
    return _open(ctx, original, letter, own, answered.ticket)


@dataclass(frozen=True)
class _Answered:
    """The ticket a letter refers to, if any, which may have been merged since, and whether its sender takes part in it."""

    ticket: Ticket | None
    takes_part: bool = False


def _answered(ctx: Context, letter: Letter) -> _Answered:
    """By our signed ids, then by stored ids, then by the number in the subject; by number alone only for who takes part."""
    for found in _candidates(ctx, letter):
        ticket = survivor(ctx.db, found)
        if not (_was_here(ctx, found) or _was_here(ctx, ticket)) or ticket.deleted_at is not None:
            continue
        return _Answered(found, takes_part=_takes_part(ctx, ticket, letter))
    return _Answered(None)


def _candidates(ctx: Context, letter: Letter) -> list[Ticket]:
    key, found = ctx.signing_key("letters"), []
    for letter_id in reference_ids(letter)[:50]:
        own = read_message_id(letter_id, key)
        if own is not None and (ticket := ctx.db.get(Ticket, own.ticket_id)) is not None:
            return [ticket]
        known = ctx.db.scalars(
            sa.select(Ticket).join(Message, Ticket.id == sa.func.coalesce(Message.origin_id, Message.ticket_id)).join(LetterOf, LetterOf.message_id == Message.id)
            .where(LetterOf.letter_id == letter_id).order_by(Ticket.form_id != _form(ctx).id, Message.id.desc()).limit(STORED)
        )  # fmt: skip
        stored = next((each for each in known if _was_here(ctx, each) or _was_here(ctx, survivor(ctx.db, each))), None)
        if stored is not None:
            return [stored]
    number = subject_number(letter.subject)
    if number is not None and (ticket := ctx.db.get(Ticket, int(number))) is not None and _takes_part(ctx, ticket, letter):
        found.append(ticket)
    return found


def _was_here(ctx: Context, ticket: Ticket) -> bool:
    """Whether the ticket is or was on this form, or one that was merged into it."""
    form = _form(ctx)
    if was_on(ctx.db, ticket, form):
        return True
    return any(was_on(ctx.db, ctx.db.get_one(Ticket, number), form) for number in merged_numbers(ctx.db, ticket))


def _takes_part(ctx: Context, ticket: Ticket, letter: Letter) -> bool:
    """Whether the sender is the customer or a participant of the ticket, or of one that was merged into it."""
    if _takes_part_in(ctx, [ticket.id], letter):
        return True
    merged = merged_numbers(ctx.db, ticket)
    return bool(merged) and _takes_part_in(ctx, merged, letter)


def _takes_part_in(ctx: Context, numbers: Sequence[int], letter: Letter) -> bool:
    address = normal_email(letter.sender.email)
    is_customer = (
        sa.select(Identity.id).join(Ticket, Ticket.customer_id == Identity.user_id)
        .where(Ticket.id.in_(numbers), Identity.channel == "email", Identity.value == address)
    )  # fmt: skip
    if ctx.db.scalar(is_customer.limit(1)) is not None:
        return True
    is_participant = sa.select(Participant.address).where(Participant.ticket_id.in_(numbers), Participant.address == address)
    return ctx.db.scalar(is_participant.limit(1)) is not None


def _open(ctx: Context, original: Original, letter: Letter, own: tuple[str, ...], strangers: Ticket | None) -> _End:
    customer = find_or_create_customer(ctx.db, channel="email", value=letter.sender.email, name=letter.sender.name)
    ticket = open_ticket(
        ctx.db, _form(ctx), customer, subject=clean_subject(letter.subject), said=_said(letter), channel="email",
        participants=_others(letter, own),
    )  # fmt: skip
    if strangers is not None:
        link_tickets(ctx.db, ticket, survivor(ctx.db, strangers), None, kind="stranger")
    return _keep_letter(ctx, original, letter, ticket.messages[0])


def _add(ctx: Context, original: Original, letter: Letter, own: tuple[str, ...], ticket: Ticket) -> _End:
    author = find_or_create_customer(ctx.db, channel="email", value=letter.sender.email, name=letter.sender.name)
    message = receive_message(
        ctx.db, ticket, author, said=_said(letter), channel="email", subject=clean_subject(letter.subject),
        participants=_others(letter, own),
    )  # fmt: skip
    return _keep_letter(ctx, original, letter, message)


def _others(letter: Letter, own: tuple[str, ...]) -> list[tuple[str, str | None]]:
    """Whom the letter went to besides this desk: they take part in the ticket it opens."""
    others = [each for each in (*letter.to, *letter.cc) if each.email not in own and each.email != letter.sender.email]
    return [(normal_email(each.email), each.name or None) for each in others[:50]]


def _said(letter: Letter) -> Said:
    files = [NewFile(each.name, each.content, each.type, each.inline, each.content_id or None) for each in letter.attachments]
    return Said(
        text=letter.reply or letter.text, html=split_html(letter.html)[0] or None, quoted=letter.quoted or None, subject=letter.subject,
        to=[str(each) for each in letter.to], cc=[str(each) for each in letter.cc], files=files, external_id=letter.message_id,
        kind=str(letter.kind), reason=letter.reason or None,
    )  # fmt: skip


def _keep_letter(ctx: Context, original: Original, letter: Letter, message: Message) -> _End:
    about = {
        "message_id": message.id, "mailbox_id": original.mailbox_id, "letter_id": letter.message_id, "subject": letter.subject,
        "answer_to": letter.answer_to.email, "answer_name": letter.answer_to.name or None,
        "references": [*letter.references, *letter.in_reply_to][-50:],
    }  # fmt: skip
    ctx.db.connection().execute(_KEEP, about)
    return _End(OriginalState.TAKEN, "; ".join(letter.problems), message.id)


def _is_duplicate(ctx: Context, original: Original, letter: Letter) -> bool:
    this = {"form_id": original.form_id, "letter_id": letter.message_id, "id": original.id}
    return ctx.db.scalar(_SAME, this) is not None


def _floods(ctx: Context, original: Original, letter: Letter) -> bool:
    since = {f"since_{number}": ctx.now - window for number, (window, _most) in enumerate(NEW_TICKETS)}
    counts = ctx.db.execute(_RECENT, {"sender": letter.sender.email, "id": original.id, **since}).one()
    return any(count >= most for count, (_window, most) in zip(counts, NEW_TICKETS, strict=True))


def _bounced(ctx: Context, letter: Letter) -> _End:
    """A report on a letter of ours: its message says so. A report on nothing we know of is put aside."""
    own = read_message_id(letter.original_message_id, ctx.signing_key("letters"))
    message = ctx.db.get(Message, own.message_id) if own else None
    if message is None or message.ticket_id is None:
        return _End(OriginalState.DISMISSED, _("It reports on a letter this desk does not know."))
    if letter.action in ("", "failed") and letter.report is not Report.READ:
        why = letter.diagnostic or letter.delivery_status or letter.subject
        report_failure(
            ctx.db, message, _("%(addresses)s: %(why)s", addresses=", ".join(letter.failed) or _("not delivered"), why=why)
        )
    return _End(OriginalState.BOUNCE, letter.reason, message.id)


# Built once: every letter needs them.
_KEEP = sa.insert(cast(sa.Table, LetterOf.__table__))
_END = sa.update(cast(sa.Table, Original.__table__)).where(Original.__table__.c.id == sa.bindparam("original_id")).values(
    {name: sa.bindparam(name) for name in ("state", "reason", "message_id")}
)  # fmt: skip
_END_READ = _END.values({name: sa.bindparam(name) for name in ("sender", "subject", "letter_id")})
_MAILBOXES = sa.select(Mailbox.address)
_SAME = sa.select(Original.id).where(
    Original.form_id == sa.bindparam("form_id"), Original.letter_id == sa.bindparam("letter_id"), Original.id != sa.bindparam("id"),
    Original.state.in_((OriginalState.TAKEN, OriginalState.BOUNCE)),
).limit(1)  # fmt: skip
_RECENT = sa.select(
    *(sa.func.count().filter(Original.at > sa.bindparam(f"since_{number}")) for number in range(len(NEW_TICKETS)))
).where(
    Original.sender == sa.bindparam("sender"), Original.at > sa.bindparam(f"since_{len(NEW_TICKETS) - 1}"),
    Original.id < sa.bindparam("id"), Original.state.in_((OriginalState.TAKEN, OriginalState.QUARANTINE)),
)  # fmt: skip


def _form(ctx: Context) -> Form:
    assert ctx.form is not None, "E-mail is switched on for forms."
    return ctx.form
