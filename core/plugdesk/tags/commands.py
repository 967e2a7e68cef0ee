"""What is done to tags, and to what holds them. `by` is who does it, None the desk itself. Nothing here commits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from plugdesk.changes import apply, lock
from plugdesk.errors import Conflict, Invalid, NotAllowed
from plugdesk.events import record
from plugdesk.forms.codes import free_code
from plugdesk.i18n import gettext as _
from plugdesk.inputs import Problems, needed_line, only_known
from plugdesk.permissions import only_admins
from plugdesk.runtime import runtime_of
from plugdesk.tags.models import CustomerTag, Tag, TicketTag
from plugdesk.tags.queries import Held, folded, tag_named
from plugdesk.tickets.commands import may_run
from plugdesk.tickets.models import Ticket
from plugdesk.tickets.settling import settle
from plugdesk.users.models import Role, User
from plugdesk.users.queries import can_see_customer

TONES = ("grey", "accent", "teal", "green", "amber", "orange", "red", "plum")
LONGEST_NAME, MOST_TAGS, MOST_HELD = 40, 500, 20
CHANGES = frozenset({"name", "tone"})


def add_tag(session: Session, *, name: str, tone: str = "grey", by: User | None) -> Tag:
    """A new tag, for administrators. Raises `Invalid` for a name that there is, `NotAllowed`."""
    only_admins(by)
    codes = set(session.scalars(sa.select(Tag.code)))
    if len(codes) >= MOST_TAGS:
        raise Invalid(_("There are %(most)s tags. Delete one that nobody needs first.", most=MOST_TAGS))
    read = _read(session, {"name": name, "tone": tone}, None)
    tag = Tag(**read, code=free_code(read["name"], codes, otherwise="tag"), created_at=runtime_of(session).clock.now())
    try:
        with session.begin_nested():
            session.add(tag)
    except IntegrityError:
        raise Conflict(_("Somebody else has just added this tag.")) from None
    record(session, "tag_added", actor=by, tag_id=tag.id, name=tag.name)
    return tag


def change_tag(session: Session, tag: Tag, changes: Mapping[str, Any], *, by: User | None, version: int | None = None) -> Tag:
    """Rename or recolour a tag, wherever it is held. Raises `Invalid`, `NotAllowed`, `Conflict`."""
    only_admins(by)
    only_known(changes, CHANGES)
    lock(session, tag, version)
    before = tag.name
    read = _read(session, changes, tag)
    changed = apply(tag, read)
    if changed:
        try:
            session.flush()  # a name somebody else took at this moment is refused here
        except IntegrityError:
            raise Conflict(_("Somebody else has just added this tag.")) from None
        told = {name: pair for name, pair in changed.items() if name != "folded"}
        record(session, "tag_changed", actor=by, tag_id=tag.id, name=before, changes=told)
    return tag


def delete_tag(session: Session, tag: Tag, *, by: User | None, move_to: Tag | None = None, version: int | None = None) -> Held:
    """Take the tag from all that hold it, and delete it; with `move_to` they hold that one instead. Returns how many did."""
    only_admins(by)
    if move_to is not None and move_to.id == tag.id:
        raise Invalid(_("Choose another tag than the one that goes."))
    lock(session, tag, version)
    held = []
    for kind, holder in ((TicketTag, TicketTag.ticket_id), (CustomerTag, CustomerTag.user_id)):
        held.append(session.scalar(sa.select(sa.func.count()).select_from(kind).where(kind.tag_id == tag.id)) or 0)
        if move_to is not None:
            _hold_instead(session, kind, holder, tag.id, move_to.id)
    session.delete(tag)
    session.flush()  # those who held it hold it no more
    record(
        session, "tag_deleted", actor=by, tag_id=tag.id, name=tag.name, tickets=held[0], customers=held[1],
        moved_to=move_to.name if move_to else "",
    )  # fmt: skip
    return Held(*held)


def change_tags(
    session: Session, ticket: Ticket, *, add: Collection[Tag] = (), remove: Collection[Tag] = (), by: User | None
) -> Ticket:
    """Put tags on the ticket and take others off. Twice is once. Raises `NotAllowed`, `Invalid` where it would be too many."""
    may_run(session, ticket, by, "tag")
    session.execute(sa.select(Ticket.id).where(Ticket.id == ticket.id).with_for_update())  # two who put the same one on
    added, removed = _change(session, TicketTag, "ticket_id", ticket.id, add, remove)
    if added or removed:
        ticket.changed_at = runtime_of(session).clock.now()
        record(session, "tags_changed", ticket=ticket, actor=by, added=added, removed=removed)
        if by is not None:  # what a rule does is no reason to ask the rules again
            settle(session, ticket, "changed")
    return ticket


def change_customers_tags(
    session: Session, customer: User, *, add: Collection[Tag] = (), remove: Collection[Tag] = (), by: User | None
) -> User:
    """The same of a customer."""
    if customer.role is not Role.CUSTOMER:
        raise NotAllowed(_("%(name)s is not a customer.", name=customer.name))
    if by is not None and not can_see_customer(session, by, customer):
        raise NotAllowed(_("You do not work with this customer."))
    lock(session, customer)
    added, removed = _change(session, CustomerTag, "user_id", customer.id, add, remove)
    if added or removed:
        record(session, "customer_tags_changed", actor=by, user_id=customer.id, added=added, removed=removed)
    return customer


def tag_to_put(session: Session, name: str, *, by: User | None) -> Tag:
    """The tag called `name`. An administrator's new name becomes a tag; from others it raises `Invalid`."""
    wanted = needed_line(name, _("Write the name of a tag."), most=LONGEST_NAME)
    known = tag_named(session, wanted)
    if known is not None:
        return known
    if by is not None and not by.is_admin:
        raise Invalid(_("There is no tag “%(name)s”. An administrator adds new ones under Tags.", name=wanted))
    return add_tag(session, name=wanted, by=by)


def unite_tags(session: Session, ticket: Ticket, into: Ticket) -> list[int]:
    """Whatever is on `ticket` is on `into`, too: they are one, or one comes from the other. Returns the ids of what came to it."""
    return _copy(session, TicketTag, TicketTag.ticket_id, ticket.id, into.id)


def take_back_tags(session: Session, ticket: Ticket, tag_ids: Collection[int]) -> None:
    """Take off what `unite_tags` put on: the two are one no more."""
    session.execute(sa.delete(TicketTag).where(TicketTag.ticket_id == ticket.id, TicketTag.tag_id.in_(tag_ids)))


def unite_customers_tags(session: Session, customer: User, into: User) -> None:
    """The same of two cards of one person; `customer` keeps none."""
    _copy(session, CustomerTag, CustomerTag.user_id, customer.id, into.id)
    session.execute(sa.delete(CustomerTag).where(CustomerTag.user_id == customer.id))


def _read(session: Session, given: Mapping[str, Any], tag: Tag | None) -> dict[str, Any]:
    problems, read = Problems(), dict[str, Any]()
    if "name" in given:
        with problems.at("name"):
            name = needed_line(given["name"], _("Write the name of a tag."), most=LONGEST_NAME)
            taken = tag_named(session, name)
            if taken is not None and taken is not tag:
                raise Invalid(_("There is a tag “%(name)s” already.", name=taken.name))
            read |= {"name": name, "folded": folded(name)}
    if "tone" in given:
        with problems.at("tone"):
            if given["tone"] not in TONES:
                raise Invalid(_("Choose one of the colours."))
            read["tone"] = given["tone"]
    problems.raise_any()
    return read


def _change(
    session: Session, kind: type[Any], column: str, holder: int, add: Iterable[Tag], remove: Iterable[Tag]
) -> tuple[list[str], list[str]]:
    """Change what `holder` holds, which is locked; returns the names of what came and of what went."""
    session.flush()  # tags that are new
    held = set(session.scalars(sa.select(kind.tag_id).where(getattr(kind, column) == holder)))
    gone = {tag.id: tag.name for tag in remove if tag.id in held}
    new = {tag.id: tag.name for tag in add if tag.id not in held}
    if new and len(held) - len(gone) + len(new) > MOST_HELD:
        raise Invalid(_("At most %(most)s tags at once. Take one off first.", most=MOST_HELD))
    if gone:
        session.execute(sa.delete(kind).where(getattr(kind, column) == holder, kind.tag_id.in_(gone)))
    if new:
        session.execute(sa.insert(kind), [{column: holder, "tag_id": tag_id} for tag_id in new])
    return sorted(new.values()), sorted(gone.values())


def _copy(session: Session, kind: type[Any], column: Any, source: int, target: int) -> list[int]:
    session.flush()  # the rows both are
    known = sa.select(kind.tag_id).where(column == target)
    new = list(session.scalars(sa.select(kind.tag_id).where(column == source, kind.tag_id.not_in(known)).order_by(kind.tag_id)))
    if new:
        session.execute(sa.insert(kind), [{column.key: target, "tag_id": tag_id} for tag_id in new])
    return new


def _hold_instead(session: Session, kind: type[Any], column: Any, tag_id: int, other_id: int) -> None:
    known = sa.select(column).where(kind.tag_id == other_id)
    rows = sa.select(column, sa.literal(other_id)).where(kind.tag_id == tag_id, column.not_in(known))
    session.execute(sa.insert(kind).from_select([column.key, "tag_id"], rows))
