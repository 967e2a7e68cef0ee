"""Customers and organizations of whom there is nothing but the card can be deleted; others stay."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.errors import NotAllowed
from plugdesk.events import Event
from plugdesk.tags.commands import add_tag, change_customers_tags
from plugdesk.users import removing
from plugdesk.users.customers import add_customer, add_organization
from plugdesk.users.models import Identity, Organization, User
from plugdesk.users.removing import delete_unused_customers, delete_unused_organizations
from plugdesk.users.words import CustomerWord
from tests.factories import make_admin, make_agent, make_customer, make_ticket


def test_whoever_something_points_at_stays(session, form):
    asked, tagged, unknown, agent = make_customer(session), make_customer(session), make_customer(session), make_agent(session)
    make_ticket(session, form, asked)
    change_customers_tags(session, tagged, add=[add_tag(session, name="Good", by=None)], by=None)
    session.flush()
    numbers = [each.id for each in (asked, tagged, unknown, agent)]
    gone = unknown.id
    assert delete_unused_customers(session, numbers, by=make_admin(session)) == {gone}
    for kind in (Identity, CustomerWord):
        assert session.scalar(sa.select(kind.id).where(kind.user_id == gone).limit(1)) is None
    assert session.get(User, gone) is None
    told = session.scalars(sa.select(Event).where(Event.kind == "customer_deleted")).one()
    assert told.data["user_id"] == gone


def test_an_organization_with_people_stays(session, form):
    full, empty = (add_organization(session, name=name, by=None) for name in ("Northwind", "Seaside"))
    add_customer(session, name="Ann", by=None, contacts=[("email", "ann@home.example")], organization=full)
    gone = empty.id
    assert delete_unused_organizations(session, [full.id, gone], by=None) == {gone}
    assert session.scalars(sa.select(Organization.name)).all() == ["Northwind"]


def test_who_is_given_a_ticket_at_this_moment_stays_and_the_others_go(session, form, monkeypatch):
    asked, unknown = make_customer(session), make_customer(session)
    make_ticket(session, form, asked)
    session.flush()
    monkeypatch.setattr(removing, "referred_to", lambda *args, **given: set())  # it was looked just before
    numbers = {asked.id, unknown.id}
    assert delete_unused_customers(session, numbers, by=None) == numbers - {asked.id}


def test_only_administrators_delete(session, form):
    with pytest.raises(NotAllowed):
        delete_unused_customers(session, [make_customer(session).id], by=make_agent(session, form, is_admin=True))
