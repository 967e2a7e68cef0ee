"""What is done to customers: they are found or added, reached in several ways, and belong to organizations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from plugdesk.changes import apply, lock
from plugdesk.errors import Conflict, Invalid, NotAllowed
from plugdesk.events import record
from plugdesk.i18n import gettext as _
from plugdesk.i18n import known_language
from plugdesk.inputs import Problems, needed_line, one_line, only_known, read_language, read_zone
from plugdesk.rows import insert
from plugdesk.runtime import runtime_of
from plugdesk.sessions import end_all_sessions
from plugdesk.users.contacts import contact_value
from plugdesk.users.models import CustomerKind, Identity, Organization, Role, User
from plugdesk.users.passwords import check_password_rules, hash_password
from plugdesk.users.queries import can_see_customer, can_see_organization, organization_named

CHANGES = frozenset({"name", "language", "zone", "country", "kind", "organization_id", "about"})
LONGEST_ABOUT = 10_000


def find_or_create_customer(
    session: Session,
    *,
    channel: str,
    value: str,
    name: str | None = None,
    language: str | None = None,
    country: str | None = None,
    by: User | None = None,
) -> User:
    """The customer who is reached on `channel` at `value`; a new one when nobody is. Safe when two ask at once.

    A customer known only by the address takes the first name that comes. Raises `Invalid` for an unusable `value`.
    """
    stored = contact_value(channel, value)
    shown = one_line(name)
    known = _customer_at(session, channel, stored)
    if known is None:
        contacts = [(channel, stored, one_line(value))]
        # On SQLite nobody else has written since we looked.
        alone = runtime_of(session).database.dialect == "sqlite"
        try:
            with nullcontext() if alone else session.begin_nested():
                customer = _insert(session, shown or stored, contacts, language=language, country=country)
        except IntegrityError:  # another worker was faster: theirs is committed, for our insert waited for it
            known = _customer_at(session, channel, stored)
            if known is None:
                raise
        else:
            _record_added(session, customer, by)
            return customer
    if shown and known.name == stored:
        known.name = shown
    return known


def customer_at(session: Session, address: str) -> User | None:
    """The customer with this e-mail address or phone number, if there is one."""
    channel = "email" if "@" in address else "phone"
    try:
        return _customer_at(session, channel, contact_value(channel, address))
    except Invalid:
        return None


def add_customer(
    session: Session,
    *,
    name: str,
    by: User | None,
    contacts: Iterable[tuple[str, str]] = (),
    language: str | None = None,
    country: str | None = None,
    kind: CustomerKind | None = None,
    organization: Organization | None = None,
    about: str | None = None,
) -> User:
    """Add a customer with `contacts`, pairs of channel and value. `Conflict` when one of them is somebody else's."""
    _only_agents(by)
    problems = Problems()
    with problems.at("name"):
        name = needed_line(name, _("Write the name."))
    with problems.at("about"):
        about = _read(session, "about", about)
    read = []
    for channel, value in contacts:
        with problems.at(channel):
            read.append((channel, contact_value(channel, value), one_line(value)))
    problems.raise_any()
    for channel, stored, _shown in read:
        _refuse_taken(session, channel, stored)
    try:
        with session.begin_nested():
            customer = _insert(
                session, name, read, language=language, country=country, kind=kind, organization=organization, about=about
            )
    except IntegrityError:
        raise Conflict(_("One of these contacts was given to somebody else at this moment.")) from None
    _record_added(session, customer, by)
    return customer


def change_customer(
    session: Session, customer: User, changes: Mapping[str, Any], *, by: User | None, version: int | None = None
) -> User:
    """Change what is known of a customer (`CHANGES`). Raises `NotAllowed`, `Invalid`, `Conflict`."""
    _may_change(session, customer, by)
    only_known(changes, CHANGES)
    lock(session, customer, version)
    problems, read = Problems(), dict[str, Any]()
    for field, raw in changes.items():
        with problems.at(field):
            read[field] = _read(session, field, raw)
    problems.raise_any()
    left = customer.organization_id
    changed = apply(customer, read)
    if left is not None and customer.organization_id != left:
        customer.organization_since = runtime_of(session).clock.now()
    if changed:
        session.flush()  # the organization below is read by its id
        session.expire(customer, ["organization"])
        record(session, "customer_changed", actor=by, user_id=customer.id, changes=changed)
    return customer


def add_identity(
    session: Session,
    customer: User,
    *,
    channel: str,
    value: str,
    by: User | None,
    shown: str | None = None,
    verified: bool = False,
) -> Identity:
    """A further way to reach `customer`. `Conflict` when it is somebody else's; one they have already is returned."""
    _may_change(session, customer, by)
    stored = contact_value(channel, value)
    own = next((each for each in customer.identities if (each.channel, each.value) == (channel, stored)), None)
    if own is not None:
        return own
    _refuse_taken(session, channel, stored)
    now = runtime_of(session).clock.now()
    identity = Identity(channel=channel, value=stored, shown=one_line(shown or value), verified_at=now if verified else None)
    customer.identities.append(identity)
    try:
        session.flush()  # a contact somebody else got at this moment is refused here
    except IntegrityError:
        raise Conflict(_("%(value)s was given to somebody else at this moment.", value=stored)) from None
    record(session, "identity_added", actor=by, user_id=customer.id, channel=channel, value=stored)
    return identity


def verify_identity(session: Session, identity: Identity) -> None:
    """Whoever has just shown that they read what is sent to `identity` is its customer: it is proved to be theirs."""
    if identity.verified_at is None:
        identity.verified_at = runtime_of(session).clock.now()
        record(
            session,
            "identity_verified",
            actor=identity.user,
            user_id=identity.user_id,
            channel=identity.channel,
            value=identity.value,
        )


def set_customers_password(session: Session, customer: User, password: str) -> None:
    """The customer's own password, for an address that is proved to be theirs. Every session of theirs ends."""
    if customer.role is not Role.CUSTOMER:
        raise NotAllowed(_("%(name)s is not a customer.", name=customer.name))
    if not any(each.channel == "email" and each.verified_at for each in customer.identities):
        raise NotAllowed(_("Sign in by a link in a letter first: it proves that the address is yours."))
    own = [each.value for each in customer.identities]
    try:
        check_password_rules(password, about=[customer.name, *own, runtime_of(session).desk(session).name])
    except Invalid as problem:
        raise Invalid(problems={"password": str(problem)}) from None
    customer.password_hash = hash_password(password)
    end_all_sessions(session, customer)
    record(session, "password_changed", actor=customer, user_id=customer.id)


def remove_identity(session: Session, identity: Identity, *, by: User | None) -> None:
    """`identity` no longer leads to its customer; what comes from there is a new customer's."""
    _may_change(session, identity.user, by)
    record(session, "identity_removed", actor=by, user_id=identity.user_id, channel=identity.channel, value=identity.value)
    customer = identity.user
    session.delete(identity)
    session.flush()  # before the list is read again
    session.expire(customer, ["identities"])


def add_organization(session: Session, *, name: str, by: User | None) -> Organization:
    """Add a company that customers can belong to."""
    _only_agents(by)
    organization = Organization(
        name=needed_line(name, _("Give the organization a name.")), created_at=runtime_of(session).clock.now()
    )
    session.add(organization)
    session.flush()  # the organization's id
    record(session, "organization_added", actor=by, organization_id=organization.id, name=organization.name)
    return organization


def rename_organization(session: Session, organization: Organization, *, name: str, was: str, by: User | None) -> None:
    """Call a company otherwise; `was` is the name that was read before. Raises `NotAllowed`, `Invalid`, and `Conflict` if it has another by now."""
    if by is not None and not can_see_organization(session, by, organization):
        raise NotAllowed(_("You do not work with anybody of this organization."))
    lock(session, organization)
    if organization.name != was:
        raise Conflict(_("Somebody else changed this meanwhile. Look at it again, then repeat what you did."))
    problems = Problems()
    with problems.at("name"):
        name = needed_line(name, _("Give the organization a name."))
        other = organization_named(session, name)
        if other is not None and other.id != organization.id:
            raise Invalid(_("There is an organization “%(name)s” already.", name=other.name))
    problems.raise_any()
    if name != was:
        organization.name = name
        record(session, "organization_renamed", actor=by, organization_id=organization.id, name=name, before=was)


def _insert(
    session: Session,
    name: str,
    contacts: Iterable[tuple[str, str, str]],
    *,
    language: str | None = None,
    country: str | None = None,
    kind: CustomerKind | None = None,
    organization: Organization | None = None,
    about: str | None = None,
) -> User:
    customer = User(
        role=Role.CUSTOMER, name=name, language=known_language(language) if language else None, country=_country(country),
        kind=kind, organization_id=organization.id if organization else None, about=about, can_delete=False, active=True, created_at=runtime_of(session).clock.now(),
    )  # fmt: skip
    insert(session, customer)
    identities = [
        Identity(user_id=customer.id, channel=channel, value=stored, shown=shown) for channel, stored, shown in contacts
    ]
    for identity in identities:
        insert(session, identity)  # a contact somebody else got at this moment is refused here
        set_committed_value(identity, "user", customer)
    set_committed_value(customer, "identities", identities)
    return customer


def _record_added(session: Session, customer: User, by: User | None) -> None:
    record(session, "customer_added", actor=by, user_id=customer.id, name=customer.name)


def _customer_at(session: Session, channel: str, stored: str) -> User | None:
    return session.scalar(_AT, {"channel": channel, "stored": stored})


# Built once: every letter asks for its sender.
_AT = sa.select(User).join(Identity).where(Identity.channel == sa.bindparam("channel"), Identity.value == sa.bindparam("stored"))


def _refuse_taken(session: Session, channel: str, stored: str) -> None:
    taken = _customer_at(session, channel, stored)
    if taken is not None:
        raise Conflict(_("%(value)s already belongs to %(name)s.", value=stored, name=taken.name))


def _only_agents(by: User | None) -> None:
    if by is not None and not (by.active and by.is_agent):
        raise NotAllowed(_("Only agents may do this."))


def _may_change(session: Session, customer: User, by: User | None) -> None:
    if customer.role is not Role.CUSTOMER:
        raise NotAllowed(_("%(name)s is not a customer.", name=customer.name))
    if by is not None and not can_see_customer(session, by, customer):
        raise NotAllowed(_("You do not work with this customer."))


def _read(session: Session, field: str, raw: Any) -> Any:
    if field == "name":
        return needed_line(raw, _("Write the name."))
    if field == "kind":
        return _kind(raw)
    if field == "country":
        country = _country(raw)
        if raw and country is None:
            raise Invalid(_("Write the country as two letters, like DE."))
        return country
    if field == "organization_id":
        if raw and session.get(Organization, int(raw)) is None:
            raise Invalid(_("There is no such organization."))
        return int(raw) if raw else None
    if field == "about":
        about = str(raw or "").strip()
        if len(about) > LONGEST_ABOUT:
            raise Invalid(_("At most %(most)s characters.", most=LONGEST_ABOUT))
        return about or None
    return read_language(raw) if field == "language" else read_zone(raw)


def _kind(raw: Any) -> CustomerKind | None:
    if raw and raw not in tuple(CustomerKind):
        raise Invalid(_("Choose person or company."))
    return CustomerKind(raw) if raw else None


def _country(raw: str | None) -> str | None:
    """An ISO 3166 code of two letters, else None."""
    code = one_line(raw).upper()
    return code if len(code) == 2 and code.isascii() and code.isalpha() else None
