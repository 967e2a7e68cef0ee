"""Everything said on a ticket: opening, letters in, replies, notes, forwarding. Commands: they never commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from plugdesk.changes import apply
from plugdesk.errors import Conflict, Invalid, NotAllowed
from plugdesk.events import record
from plugdesk.forms.entering import first_values
from plugdesk.forms.fields import file_keys
from plugdesk.forms.models import Form, Status, StatusKind, first_of
from plugdesk.forms.queries import definitions_of
from plugdesk.html import CLEANER_VERSION, clean_html, excerpt, text_of_html
from plugdesk.i18n import gettext as _
from plugdesk.permissions import can_open
from plugdesk.rows import change, insert
from plugdesk.runtime import runtime_of
from plugdesk.storage import read_bytes
from plugdesk.tickets.attachments import NewFile, add_file, attach_uploads
from plugdesk.tickets.combining import home_for, survivor
from plugdesk.tickets.commands import change_status, mark_read, may_run, news_for_others
from plugdesk.tickets.continuing import follows, is_over, reply_was_written, ticket_going_on, words_came
from plugdesk.tickets.limits import EXCERPT, LONGEST_SUBJECT, reaching, refuse_beyond_limits
from plugdesk.tickets.models import DeliveryState, Direction, Message, Participant, Ticket
from plugdesk.tickets.settling import settle
from plugdesk.users.models import User
from plugdesk.variables import Button


@dataclass(frozen=True)
class Said:
    """The content of one message as its channel read it.

    `text` is what its author wrote, `quoted` what they quoted below; `html` is as it came, not cleaned. `kind` is "human"
    for a person's own words, else what kind of program wrote it, with the `reason` we think so.
    """

    text: str = ""
    html: str | None = None
    quoted: str | None = None
    subject: str | None = None
    to: Sequence[str] = ()
    cc: Sequence[str] = ()
    files: Sequence[NewFile] = ()
    external_id: str | None = None
    kind: str = "human"
    reason: str | None = None


def open_ticket(
    session: Session,
    form: Form,
    customer: User,
    *,
    subject: str,
    said: Said,
    channel: str,
    by: User | None = None,
    values: Mapping[str, Any] | None = None,
    participants: Iterable[tuple[str, str | None]] = (),
    uploads: Iterable[str] = (),
    facts: Mapping[str, Any] | None = None,
) -> Ticket:
    """Open a ticket of `customer` on `form` with its first message.

    `by` is an agent who opens it for the customer (a call, a visit); then its channel is the one extensions name for the
    answers; `uploads` are keys of files they uploaded. `values` are checked as the customer's or the agent's; a letter without
    them is never refused. `facts` are what the rules go by instead of what is known of the customer: a public page asks whoever
    comes the same questions.
    """
    runtime = runtime_of(session)
    now = runtime.clock.now()
    if form.archived_at is not None:
        raise Invalid(_("The form “%(name)s” is archived and takes no tickets.", name=form.name))
    if by is not None and not can_open(session, by, form.id):
        raise NotAllowed(_("You may not open tickets on this form."))
    fields, statuses = definitions_of(session, form)
    status = first_of(statuses, StatusKind.NEW, StatusKind.OPEN, StatusKind.PENDING)
    if status is None:
        raise Invalid(_("The form “%(name)s” has no status for new tickets.", name=form.name))
    ticket = Ticket(
        form=form, form_id=form.id, customer=customer, customer_id=customer.id, opened_by_id=(by or customer).id,
        subject=_subject(subject) or excerpt(said.text, 80) or _("(no subject)"), channel=channel, status_id=status.id,
        status_kind=status.kind, values=first_values(session, form, fields, values, status, channel, customer, by=by, facts=facts), customer_waits=said.kind == "human",
        assignee_id=form.responsible_user_id, group_id=form.responsible_group_id, created_at=now, changed_at=now, spoken_at=now,
        excerpt=excerpt(said.text, EXCERPT), version=1,
    )  # fmt: skip
    insert(session, ticket)
    set_committed_value(ticket, "messages", [])
    message = _add_message(session, ticket, said, author=customer, direction=Direction.INCOMING, channel=channel, first=True)
    if keys := [*uploads, *file_keys(fields, ticket.values)]:
        attach_uploads(session, message, keys, by)
    for address, name in participants:
        session.merge(Participant(ticket_id=ticket.id, address=address, name=name))
    settle(session, ticket, "opened")
    if by is not None:
        ticket.channel = (
            runtime.executor.first("channel_for", ticket.form, session, expects=str, ticket=ticket, customer=customer) or channel
        )
    record(session, "ticket_opened", ticket=ticket, actor=by or customer, message_id=message.id, channel=channel, kind=said.kind)
    if by is not None:
        mark_read(session, ticket, by)
    return ticket


def receive_message(
    session: Session,
    ticket: Ticket,
    author: User,
    *,
    said: Said,
    channel: str,
    subject: str | None = None,
    participants: Iterable[tuple[str, str | None]] = (),
) -> Message:
    """A further message of a customer or participant. A person's words end the ticket's waiting, and reopen it when it is closed.

    Where its form no longer reopens it, they go to what has followed it, or to a new ticket that is linked to it: the `ticket`
    of what is returned. `subject` (None: as that of the ticket written to) and `participants` are for the new one. A subtask is
    the agents' own: whoever knows its number writes into the ticket it hangs on. What is written to a ticket that was merged comes in
    on the survivor, and its home is the one that was written to.
    """
    if ticket.parent_id is not None:
        ticket = session.get_one(Ticket, ticket.parent_id)
    home, ticket = home_for(session, ticket, author), survivor(session, ticket)
    if said.kind == "human" and is_over(session, ticket):
        going_on = ticket_going_on(session, ticket, author)
        if going_on is not ticket:
            home, ticket = home_for(session, going_on, author), going_on
        if is_over(session, ticket):
            fresh = open_ticket(
                session, ticket.form, author, subject=home.subject if subject is None else subject, said=said, channel=channel,
                participants=participants,
            )  # fmt: skip
            follows(session, fresh, ticket)
            return fresh.messages[0]
    message = _add_message(session, home, said, author=author, direction=Direction.INCOMING, channel=channel)
    record(session, "message_received", ticket=ticket, actor=author, message_id=message.id, kind=said.kind)
    if said.kind == "human":
        ticket.customer_waits = True
        news_for_others(session, ticket, None)
        words_came(session, ticket)
    return message


def reply_to_ticket(
    session: Session,
    ticket: Ticket,
    agent: User,
    *,
    body: str,
    cc: Sequence[str] = (),
    bcc: Sequence[str] = (),
    uploads: Iterable[str] = (),
    files: Iterable[NewFile] = (),
    status: Status | None = None,
    seen: int | None = None,
    undo: timedelta = timedelta(0),
    channel: str | None = None,
) -> Message:
    """Answer the customer with `body`, the HTML of the composer; it leaves after `undo`.

    `channel` is another way to reach this customer than the ticket's own; the ticket goes on there.

    `seen` is the id of the last message the agent saw: when somebody has written since, `Conflict`, and nothing is sent.
    `uploads` are keys of files the agent uploaded. `status` is the one to put the ticket into afterwards, whatever its form would
    do by itself.
    """
    may_run(session, ticket, agent, "reply")
    if ticket.parent_id is not None:
        raise Invalid(_("The customer does not see a subtask. Answer your colleague with a note."))
    if status is not None and status.id != ticket.status_id:
        may_run(session, ticket, agent, "status")
    _refuse_unseen(session, ticket, agent, seen)
    clean = clean_html(body)
    text = text_of_html(clean)
    uploads = list(uploads)
    if not text.strip() and "<img" not in clean and not uploads:
        raise Invalid(problems={"body": _("Write something first.")})
    if channel is not None and channel != ticket.channel:
        ticket.channel = reaching(session, ticket, channel)
    said = Said(text=text, html=clean, cc=cc)
    message = _add_message(session, ticket, said, author=agent, direction=Direction.OUTGOING, channel=ticket.channel, bcc=bcc)
    attach_uploads(session, message, uploads, agent)
    for file in files:
        add_file(session, file, message=message)
    refuse_beyond_limits(session, message)
    for address in (*cc, *bcc):
        session.merge(Participant(ticket_id=ticket.id, address=address))
    _post(session, message, undo)
    record(session, "reply_written", ticket=ticket, actor=agent, message_id=message.id)
    ticket.customer_waits = False
    news_for_others(session, ticket, agent)
    mark_read(session, ticket, agent)
    if status is not None:
        change_status(session, ticket, status, by=agent)
    else:
        reply_was_written(session, ticket, message, agent)
    return message


def send_automatic(
    session: Session,
    ticket: Ticket,
    *,
    kind: str,
    html: str,
    subject: str | None = None,
    answers: Message | None = None,
    reason: str | None = None,
    buttons: Sequence[Button] = (),
    channel: str | None = None,
) -> Message:
    """A message the desk itself writes to the customer: `kind` says what it is (receipt, closing, …), `reason` what for.

    `buttons` stand under it, see `fill_words`. Unread and the customer's waiting stay as they are.
    """
    said = Said(text=text_of_html(html), html=html, subject=subject, kind=kind, reason=reason)
    message = _add_message(
        session, ticket, said, author=None, direction=Direction.OUTGOING, channel=channel or ticket.channel, answers=answers,
        buttons=buttons,
    )  # fmt: skip
    _post(session, message, timedelta(0))
    return message


def forward_message(session: Session, message: Message, agent: User, *, to: Sequence[str], comment: str = "") -> Message:
    """Send what `message` says, with its files, to other addresses, under the agent's `comment` (HTML)."""
    ticket = message.ticket
    may_run(session, ticket, agent, "forward")
    if not to:
        raise Invalid(problems={"to": _("Say where to forward it to.")})
    body = clean_html(comment) + quotation(message)
    subject = f"Fwd: {message.subject or ticket.subject}"
    said = Said(text=text_of_html(body), html=body, to=to, subject=subject, kind="forward")
    copy = _add_message(session, ticket, said, author=agent, direction=Direction.OUTGOING, channel=ticket.channel)
    for attachment in message.attachments:
        content = read_bytes(session, attachment.sha256)
        add_file(
            session,
            NewFile(attachment.name, content, attachment.type, attachment.inline, attachment.content_id),
            message=copy,
        )
    _post(session, copy, timedelta(0))
    record(session, "message_forwarded", ticket=ticket, actor=agent, message_id=copy.id, of=message.id, to=list(to))
    return copy


def add_note(session: Session, ticket: Ticket, agent: User | None, *, body: str, uploads: Iterable[str] = ()) -> Message:
    """A note only agents see; of nobody (`None`) it is the desk's own. On a subtask it is an answer: its ticket has news, too."""
    may_run(session, ticket, agent, "note")
    note = keep_note(session, ticket, agent, body, uploads)
    if ticket.parent_id is not None:
        parent = session.get_one(Ticket, ticket.parent_id)
        record(session, "colleague_answered", ticket=parent, actor=agent, subtask_id=ticket.id, message_id=note.id)
        news_for_others(session, parent, agent)
    return note


def keep_note(session: Session, ticket: Ticket, agent: User | None, body: str, uploads: Iterable[str] = ()) -> Message:
    """`add_note` without asking for the right: what somebody writes who was asked, or asks."""
    clean = clean_html(body)
    text = text_of_html(clean)
    uploads = list(uploads)
    if not text.strip() and "<img" not in clean and not uploads:
        raise Invalid(problems={"body": _("Write something first.")})
    note = _add_message(session, ticket, Said(text=text, html=clean), author=agent, direction=Direction.NOTE, channel=None)
    if agent is not None:
        attach_uploads(session, note, uploads, agent)
    record(session, "note_added", ticket=ticket, actor=agent, message_id=note.id)
    news_for_others(session, ticket, agent)
    if agent is not None:
        mark_read(session, ticket, agent)
    return note


def send_again(session: Session, message: Message, agent: User) -> None:
    """Queue a message that failed, or may have been sent, once more."""
    may_run(session, message.ticket, agent, "reply")
    if message.delivery not in (DeliveryState.FAILED, DeliveryState.MAYBE):
        raise Conflict(_("This message is already on its way."))
    _post(session, message, timedelta(0))
    record(session, "message_sent_again", ticket=message.ticket, actor=agent, message_id=message.id)


def _add_message(
    session: Session,
    ticket: Ticket,
    said: Said,
    *,
    author: User | None,
    direction: Direction,
    channel: str | None,
    answers: Message | None = None,
    bcc: Sequence[str] = (),
    buttons: Sequence[Button] = (),
    first: bool = False,
) -> Message:
    from plugdesk.search import index_message

    now = ticket.created_at if first else runtime_of(session).clock.now()
    home, ticket = ticket, survivor(session, ticket)
    message = Message(
        ticket_id=ticket.id, origin_id=None if home is ticket else home.id, direction=direction, kind=said.kind, reason=said.reason, author_id=author.id if author else None,
        channel=channel, subject=said.subject, text=said.text, quoted=said.quoted, html=said.html, to=list(said.to), cc=list(said.cc),
        bcc=list(bcc), external_id=said.external_id, answers_id=answers.id if answers else None, created_at=now, attachments=[],
        delivery=DeliveryState.QUEUED if direction is Direction.OUTGOING else None,
        buttons=[{"key": each.key, "label": each.label} for each in buttons],
    )  # fmt: skip
    kept = [add_file(session, file, message=message) for file in said.files]
    if said.html is not None:
        message.clean_html = clean_html(
            said.html, cid={each.content_id: f"/files/{each.key}" for each in kept if each.content_id}
        )
        message.cleaned_by = CLEANER_VERSION
    insert(session, message)
    set_committed_value(message, "ticket", ticket)
    set_committed_value(message, "origin", None if home is ticket else home)
    set_committed_value(message, "author", author)
    if "messages" in sa.inspect(ticket).dict:
        set_committed_value(ticket, "messages", [*ticket.messages, message])
    if not first:
        spoken = {"spoken_at": now, "excerpt": excerpt(said.text, EXCERPT)} if said.kind == "human" else {}
        change(session, ticket, changed_at=now, **spoken)
    index_message(session, ticket, message, first=first)
    return message


def _post(session: Session, message: Message, undo: timedelta) -> None:
    """Queue the delivery; where nothing carries the ticket's channel the message stays on the page only."""
    from plugdesk.jobs import enqueue

    runtime = runtime_of(session)
    apply(message, {"delivery": DeliveryState.QUEUED, "delivery_error": None})
    due_at = runtime.clock.now() + undo if undo else None
    enqueue(session, "core:deliver_message", form=message.home.form, key=_job_key(message), due_at=due_at, message_id=message.id)


def _job_key(message: Message) -> str:
    return f"message:{message.id}"


def _refuse_unseen(session: Session, ticket: Ticket, agent: User, seen: int | None) -> None:
    if seen is None:
        return
    news = session.scalar(
        sa.select(Message)
        .where(Message.ticket_id == ticket.id, Message.id > seen, Message.kind == "human", Message.author_id != agent.id)
        .order_by(Message.id.desc())
        .limit(1)
    )
    if news is not None:
        name = news.author.name if news.author else ""
        raise Conflict(_("%(name)s has just written on this ticket. Read it, then send your answer.", name=name))


def _subject(subject: str) -> str:
    return " ".join(subject.split())[:LONGEST_SUBJECT]


def quotation(message: Message) -> str:
    """What `message` says as a quotation, HTML: who wrote it, and their words indented."""
    from markupsafe import Markup

    from plugdesk.html import html_of_text
    from plugdesk.tickets.wording import without_keys

    body = without_keys(message.clean_html) if message.clean_html is not None else html_of_text(message.text)
    name = message.author.name if message.author else ""
    return str(Markup("<p>{}</p><blockquote>{}</blockquote>").format(name, Markup(body)))  # the cleaned copy, see html.py
