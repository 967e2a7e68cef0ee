"""Two cards of one person become one: contacts, tickets and words, and nothing of anybody else."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.errors import Invalid, NotAllowed
from plugdesk.events import Event
from plugdesk.tickets.correspondence import Said, receive_message
from plugdesk.tickets.models import Message, Ticket
from plugdesk.users.customers import find_or_create_customer
from plugdesk.users.joining import join_customers, perhaps_the_same
from plugdesk.users.models import Identity, User
from tests.factories import make_admin, make_agent, make_customer, make_form, make_ticket


@pytest.fixture
def form(session):
    return make_form(session)


def by_chat(session, name, value="77"):
    return find_or_create_customer(session, channel="telegram", value=value, name=name)


def test_who_has_the_same_full_name_is_suggested(session, form):
    admin, ann = make_admin(session), make_customer(session, name="Ann Carter", email="ann@home.example")
    same, _other = by_chat(session, "Ann Carter"), by_chat(session, "Ann Cooper", "78")
    assert list(perhaps_the_same(session, ann, admin)) == [same]


def test_a_first_name_alone_is_no_sign(session, form):
    admin, anna = make_admin(session), make_customer(session, name="Anna", email="anna@home.example")
    by_chat(session, "Anna")
    assert not perhaps_the_same(session, anna, admin)


def test_who_is_only_known_by_a_contact_of_theirs_is_suggested(session, form):
    admin, ann = make_admin(session), make_customer(session, name="Ann Carter", email="ann@home.example")
    nameless = by_chat(session, "ann@home.example")
    assert list(perhaps_the_same(session, ann, admin)) == [nameless]
    assert list(perhaps_the_same(session, nameless, admin)) == [ann]


def test_nobody_is_suggested_whom_the_agent_may_not_see(session, form):
    agent, elsewhere = make_agent(session, form), make_form(session, name="Sales", slug="sales")
    ann = make_customer(session, name="Ann Carter", email="ann@home.example")
    make_ticket(session, form=form, customer=ann)
    make_ticket(session, form=elsewhere, customer=by_chat(session, "Ann Carter"))
    assert not perhaps_the_same(session, ann, agent)


def test_contacts_tickets_and_words_are_one_persons(session, form):
    admin, ann = make_admin(session), make_customer(session, name="Ann Carter", email="ann@home.example")
    other = by_chat(session, "Ann C.")
    other.language = "ru"
    first, second = make_ticket(session, form=form, customer=ann), make_ticket(session, form=form, customer=other)
    receive_message(session, second, other, said=Said(text="From the chat"), channel="telegram")
    session.flush()
    gone = other.id
    joined = join_customers(session, ann, other, by=admin)
    assert sorted(each.channel for each in joined.identities) == ["email", "telegram"]
    assert session.scalars(sa.select(Ticket.customer_id)).all() == [ann.id, ann.id]
    assert set(session.scalars(sa.select(Message.author_id).where(Message.ticket_id == second.id))) == {ann.id}
    assert (joined.language, session.get(User, gone)) == ("ru", None)
    event = session.scalars(sa.select(Event).where(Event.kind == "customers_joined")).one()
    assert (event.data["name"], event.data["contacts"]) == ("Ann C.", ["telegram: 77"])
    assert first.number != second.number
    assert find_or_create_customer(session, channel="telegram", value="77", name="x") is joined


def test_nobody_is_joined_with_themselves_with_staff_or_by_a_stranger(session, form):
    admin, agent = make_admin(session), make_agent(session, form)
    ann, other = make_customer(session, name="Ann Carter", email="ann@home.example"), by_chat(session, "Ann Carter")
    with pytest.raises(Invalid):
        join_customers(session, ann, ann, by=admin)
    with pytest.raises(NotAllowed):
        join_customers(session, ann, agent, by=admin)
    make_ticket(session, form=form, customer=ann)
    with pytest.raises(NotAllowed):
        join_customers(session, ann, other, by=agent)
    assert session.scalar(sa.select(sa.func.count()).select_from(Identity)) == 2
