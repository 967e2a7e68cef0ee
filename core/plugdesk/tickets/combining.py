"""What tickets have to do with each other: splitting, linking, and which one a merged ticket lives on in (see merging.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, defer

from plugdesk.errors import Conflict, Invalid
from plugdesk.events import record
from plugdesk.forms.fields import default_values
from plugdesk.forms.models import Form
from plugdesk.html import excerpt
from plugdesk.i18n import gettext as _
from plugdesk.inputs import one_line
from plugdesk.permissions import visible_tickets
from plugdesk.runtime import runtime_of
from plugdesk.search import index_again, index_messages
from plugdesk.tags.commands import unite_tags
from plugdesk.tickets.commands import may_run
from plugdesk.tickets.limits import EXCERPT, LONGEST_SUBJECT
from plugdesk.tickets.models import Direction, Link, Message, Participant, Ticket
from plugdesk.users.models import Identity, User

CHOSEN = ("related", "duplicate", "causes", "caused_by")  # the kinds of links that people choose
_OTHER_WAY: Mapping[str, str] = {"causes": "caused_by", "caused_by": "causes"}


@dataclass(frozen=True)
class Linked:
    """A ticket that another has to do with; `kind` says what that other one is to it, as `link_tickets` was told.

    `by` is the number of the ticket the link was made on: another, where that one was merged into the one that was asked about.
    """

    ticket: Ticket
    kind: str
    by: int


def split_ticket(session: Session, ticket: Ticket, messages: Sequence[Message], by: User, *, subject: str) -> Ticket:
    """Open a ticket of its own from some `messages` of `ticket`, which keeps the rest. Both have its tags.

    It is of the customer who has said them, which after merging may be another than the ticket's; of several, `Invalid`. Subject
    and fields are those of the ticket they were said on.
    """
    may_run(session, ticket, by, "merge")
    if ticket.parent_id is not None:
        raise Invalid(_("A subtask is not split. Ask once more instead."))
    hold(session, ticket)
    own = sorted((each for each in messages if each.ticket_id == ticket.id), key=lambda each: each.id)
    if not own or len(own) == len(ticket.messages):
        raise Invalid(problems={"message": _("Choose some of the messages, not all.")})
    customers = {each.home.customer_id: each.home.customer for each in own}
    if len(customers) > 1:
        names = ", ".join(sorted(each.name for each in customers.values()))
        raise Invalid(
            problems={"message": _("These messages are of several customers: %(names)s. Split each off by itself.", names=names)}
        )
    (customer,), home = customers.values(), own[0].home
    now = runtime_of(session).clock.now()
    fresh = Ticket(
        form=ticket.form, form_id=ticket.form_id, customer=customer, customer_id=customer.id, opened_by_id=by.id,
        subject=one_line(subject, most=LONGEST_SUBJECT) or home.subject, channel=home.channel, status=ticket.status,
        status_id=ticket.status_id, status_kind=ticket.status_kind, values=_values_of(home, ticket.form), assignee_id=ticket.assignee_id,
        group_id=ticket.group_id, customer_waits=False, created_at=now, changed_at=now, spoken_at=now, closed_at=ticket.closed_at,
        version=1,
    )  # fmt: skip
    session.add(fresh)
    session.flush()  # the new ticket's id
    unite_tags(session, ticket, fresh)
    for message in own:
        message.ticket, message.origin_id = fresh, None
    session.flush()  # where each message stands
    for each in (fresh, ticket):
        session.expire(each, ["messages"])
        tell_by_messages(each)
    ticket.changed_at = now
    index_messages(session, fresh, own)
    index_again(session, ticket)
    link_tickets(session, fresh, ticket, None, kind="split")
    record(session, "ticket_split", ticket=ticket, actor=by, other_id=fresh.id, messages=[each.id for each in own])
    record(session, "split_off", ticket=fresh, actor=by, other_id=ticket.id)
    return fresh


def link_tickets(session: Session, ticket: Ticket, other: Ticket, by: User | None, *, kind: str = "related") -> None:
    """Say that two tickets have to do with each other: `ticket` is (related to, a duplicate of, causes, caused_by) `other`.

    Twice is once; somebody who names another kind changes it, unless the desk itself has linked the two: `Invalid`.
    """
    for each in (ticket, other):
        may_run(session, each, by, "merge")
    if ticket.id == other.id:
        raise Invalid(_("A ticket cannot be linked to itself."))
    if by is not None and kind not in CHOSEN:
        raise Invalid(problems={"kind": _("Choose how the two have to do with each other.")})
    (low, high), stored = _in_order(ticket, other, kind)
    known = session.get(Link, (low, high))
    if known is not None and (by is None or known.kind == stored):
        return
    if known is not None:
        _refuse_the_desks(known)
    if known is None:
        session.add(Link(ticket_id=low, other_id=high, kind=stored, created_at=runtime_of(session).clock.now()))
    else:
        known.kind = stored
    record(session, "tickets_linked", ticket=ticket, actor=by, other_id=other.id, kind=kind)
    if by is not None:
        record(session, "tickets_linked", ticket=other, actor=by, other_id=ticket.id, kind=_OTHER_WAY.get(kind, kind))


def unlink_tickets(session: Session, ticket: Ticket, other: Ticket, by: User) -> None:
    """Say that they have nothing to do with each other after all, nor the tickets merged into `ticket` with `other`.

    What is not linked stays so, what the desk linked, too: `Invalid`.
    """
    for each in (ticket, other):
        may_run(session, each, by, "merge")
    known = [
        link
        for number in (ticket.id, *merged_numbers(session, ticket))
        if (link := session.get(Link, (min(number, other.id), max(number, other.id)))) is not None
    ]
    for link in known:
        _refuse_the_desks(link)
    for link in known:
        session.delete(link)
    if known:
        for each, the_other in ((ticket, other), (other, ticket)):
            record(session, "tickets_unlinked", ticket=each, actor=by, other_id=the_other.id)


def links_of(session: Session, ticket: Ticket, reader: User) -> list[Linked]:
    """The tickets that `ticket`, or one merged into it, is linked with and `reader` may see, each once, the latest first."""
    own = [ticket.id, *merged_numbers(session, ticket)]
    there = sa.case((Link.ticket_id.in_(own), Link.other_id), else_=Link.ticket_id)
    query = (
        sa.select(Ticket, Link.ticket_id, Link.other_id, Link.kind)
        .join(Link, sa.or_(Link.ticket_id.in_(own), Link.other_id.in_(own)))
        .where(Ticket.id == there, Ticket.id.not_in(own), visible_tickets(session, reader))
        .order_by(Ticket.id.desc())
        .options(defer(Ticket.values))
    )
    found = dict[int, Linked]()
    for other, low, high, kind in session.execute(query):
        by = high if low == other.id else low
        if other.id not in found or by == ticket.id:  # the survivor's own word counts
            found[other.id] = Linked(other, kind if low == by else _OTHER_WAY.get(kind, kind), by)
    return list(found.values())


def hold(session: Session, *tickets: Ticket) -> None:
    """Let nobody else change these tickets until the transaction ends. `Conflict` when somebody has since they were read.

    They are taken in the order of their numbers, so that two who take the same ones never wait for each other.
    """
    session.flush()  # what this session has changed itself
    rows = sa.select(Ticket.id, Ticket.version).where(Ticket.id.in_([each.id for each in tickets])).order_by(Ticket.id)
    versions = {number: version for number, version in session.execute(rows.with_for_update())}
    for each in tickets:
        if versions.get(each.id) != each.version:
            raise Conflict(_("Somebody else has just changed ticket %(number)s. Look at it, then try again.", number=each.id))


def survivor(session: Session, ticket: Ticket) -> Ticket:
    """The ticket that `ticket` was merged into, at the end of the chain; itself if it was not."""
    seen = {ticket.id}
    while ticket.merged_into_id is not None and ticket.merged_into_id not in seen:
        seen.add(ticket.merged_into_id)
        ticket = session.get_one(Ticket, ticket.merged_into_id)
    return ticket


def merged_numbers(session: Session, ticket: Ticket) -> list[int]:
    """The numbers of the tickets that were merged into `ticket`, and of those merged into them."""
    found: list[int] = []
    level = [ticket.id]
    while level:
        level = list(session.scalars(sa.select(Ticket.id).where(Ticket.merged_into_id.in_(level)).order_by(Ticket.id)))
        level = [each for each in level if each not in found]
        found += level
    return found


def home_for(session: Session, ticket: Ticket, author: User) -> Ticket:
    """The ticket that the words of `author`, who writes to `ticket`, belong to: see `Message.home`.

    It is the one that was written to, if they take part in it. Who does not asks in the survivor, or else in the latest merged
    into it that they are the customer of, or take part in.
    """
    into = survivor(session, ticket)
    if into is not ticket and (ticket.customer_id == author.id or _latest(session, [ticket.id], takes_part_in(author))):
        return ticket
    if into.customer_id == author.id or not (numbers := merged_numbers(session, into)):
        return into
    if (own := _latest(session, numbers, Ticket.customer_id == author.id)) is not None:
        return own
    if _latest(session, [into.id], takes_part_in(author)) is not None:
        return into
    return _latest(session, numbers, takes_part_in(author)) or into


def _latest(session: Session, numbers: Sequence[int], condition: sa.ColumnElement[bool]) -> Ticket | None:
    return session.scalar(sa.select(Ticket).where(Ticket.id.in_(numbers), condition).order_by(Ticket.id.desc()).limit(1))


def takes_part_in(author: User) -> sa.ColumnElement[bool]:
    """Which tickets `author` takes part in, other than as their customer."""
    written_by = sa.select(Participant.ticket_id).join(Identity, Identity.value == Participant.address)
    return Ticket.id.in_(written_by.where(Identity.user_id == author.id, Identity.channel == "email"))


def said_with(customer_id: Any) -> sa.ColumnElement[bool]:
    """Which messages were exchanged with this customer: after merging a ticket holds those of several.

    Whoever writes to a customer asks it before quoting or answering to what was said; `customer_id` may be a bound parameter.
    """
    home = aliased(Ticket)
    return (
        sa.exists()
        .where(home.id == sa.func.coalesce(Message.origin_id, Message.ticket_id), home.customer_id == customer_id)
        .correlate(Message)
    )


def tell_by_messages(ticket: Ticket) -> None:
    """Set what lists show of the ticket by what is said on it now: it holds other messages than before."""
    said = [each for each in ticket.messages if each.kind == "human"]
    if said:
        ticket.spoken_at, ticket.excerpt = said[-1].created_at, excerpt(said[-1].text, EXCERPT)
    spoken = [each for each in said if each.direction is not Direction.NOTE]
    ticket.customer_waits = bool(spoken) and spoken[-1].direction is Direction.INCOMING


def _refuse_the_desks(link: Link) -> None:
    """By its own links the desk finds its way: what is written to a ticket that is over goes on in the one that follows it."""
    if link.kind not in CHOSEN:
        raise Invalid(_("The desk itself has linked these two, to find its way by. The link stays as it is."))


def _in_order(ticket: Ticket, other: Ticket, kind: str) -> tuple[tuple[int, int], str]:
    """The key of the link, the lower number first, and the kind as that one's."""
    if ticket.id < other.id:
        return (ticket.id, other.id), kind
    return (other.id, ticket.id), _OTHER_WAY.get(kind, kind)


def _values_of(home: Ticket, form: Form) -> dict[str, Any]:
    return dict(home.values) if home.form_id == form.id else default_values(form.fields)
