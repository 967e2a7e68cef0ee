"""Customers: how they are found again, who sees them, what is known of them."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.database import finish
from plugdesk.errors import Conflict, Invalid, NotAllowed, NotFound
from plugdesk.permissions import can_see
from plugdesk.users.commands import (
    add_customer,
    add_identity,
    add_organization,
    change_customer,
    find_or_create_customer,
    remove_identity,
)
from plugdesk.users.joining import join_customers
from plugdesk.users.models import CustomerKind, Identity, Role, User
from plugdesk.users.queries import (
    CustomersAfter,
    customer_figures,
    customer_for,
    find_customers,
    user_for_sign_in,
)
from tests.factories import make_admin, make_agent, make_customer, make_form, make_ticket


@pytest.fixture
def admin(session):
    return make_admin(session, name="Marta Grünwald")


@pytest.fixture
def form(session):
    return make_form(session)


def test_a_customer_is_found_again_by_address_however_it_is_written(session, admin):
    first = find_or_create_customer(session, channel="email", value="Ivan@Home.example", name="Ivan")
    again = find_or_create_customer(session, channel="email", value=" IVAN@home.example", name="Somebody")
    assert again is first and first.name == "Ivan"
    assert first.role is Role.CUSTOMER and first.password_hash is None and first.email is None
    assert session.scalar(sa.select(sa.func.count()).select_from(Identity)) == 1


def test_a_customer_known_only_by_the_address_takes_the_first_name_that_comes(session, admin):
    customer = find_or_create_customer(session, channel="email", value="ivan@home.example", name="")
    assert customer.name == "ivan@home.example"
    find_or_create_customer(session, channel="email", value="ivan@home.example", name="Ivan\u202e\n Petrov")
    assert customer.name == "Ivan Petrov"


def test_an_agents_letter_comes_from_a_customer_not_from_the_agent(session, form):
    agent = make_agent(session, form, email="anna@desk.example")
    customer = find_or_create_customer(session, channel="email", value="anna@desk.example", name="Anna")
    assert customer is not agent and customer.role is Role.CUSTOMER


def test_a_contact_belongs_to_one_customer(session, admin):
    anna = make_customer(session, email="anna@home.example", name="Anna")
    boris = make_customer(session, name="Boris")
    with pytest.raises(Conflict, match="already belongs to Anna"):
        add_identity(session, boris, channel="email", value="ANNA@home.example", by=admin)
    phone = add_identity(session, anna, channel="phone", value="+49 (30) 123-45 67", by=admin, verified=True)
    assert (phone.value, phone.shown, phone.verified_at is not None) == ("+49301234567", "+49 (30) 123-45 67", True)
    assert add_identity(session, anna, channel="phone", value="+49301234567", by=admin) is phone
    assert anna.address("phone") == "+49301234567"
    remove_identity(session, phone, by=admin)
    assert anna.address("phone") is None
    assert find_or_create_customer(session, channel="phone", value="+49301234567", name="New") is not anna


def test_an_agent_changes_what_is_known_of_a_customer_and_nothing_else(session, form):
    agent, customer = make_agent(session, form), make_customer(session)
    make_ticket(session, form, customer)
    acme = add_organization(session, name="Acme", by=agent)
    changes = {
        "name": "Ivan Petrov",
        "language": "ru",
        "country": "ru",
        "kind": "company",
        "organization_id": str(acme.id),
        "about": "Calls on Mondays",
    }
    change_customer(session, customer, changes, by=agent, version=customer.version)
    assert (customer.country, customer.kind, customer.organization) == ("RU", CustomerKind.COMPANY, acme)
    for stolen in ("role", "email", "password_hash", "active", "can_delete", "id"):
        with pytest.raises(NotAllowed):
            change_customer(session, customer, {stolen: "admin"}, by=agent)
    with pytest.raises(Invalid) as refusal:
        change_customer(session, customer, {"country": "Russia", "kind": "robot", "organization_id": "999"}, by=agent)
    assert set(refusal.value.problems) == {"country", "kind", "organization_id"}


def test_a_customer_added_by_hand_needs_no_address(session, form):
    agent = make_agent(session, form)
    visitor = add_customer(session, name="A visitor", by=agent)
    caller = add_customer(session, name="A caller", contacts=[("phone", "8 800 555-35-35")], by=agent)
    assert visitor.identities == [] and caller.address("phone") == "88005553535"
    with pytest.raises(Conflict, match="already belongs to A caller"):
        add_customer(session, name="Again", contacts=[("phone", "88005553535")], by=agent)


def test_agents_see_the_customers_of_their_forms_and_admins_all(session, admin, form):
    repairs = make_form(session, name="Repairs")
    ours, theirs = make_customer(session, name="Ours"), make_customer(session, name="Theirs")
    make_customer(session, name="Nobody's")
    make_ticket(session, form, ours)
    make_ticket(session, repairs, theirs)
    agent = make_agent(session, form)
    assert [user.name for user in find_customers(session, agent)[0]] == ["Ours"]
    assert [user.name for user in find_customers(session, admin)[0]] == ["Nobody's", "Ours", "Theirs"]
    assert customer_for(session, agent, ours.id) is ours
    for hidden in (theirs.id, admin.id, 999_999):
        with pytest.raises(NotFound):
            customer_for(session, agent, hidden)
    with pytest.raises(NotAllowed):
        change_customer(session, theirs, {"name": "Stolen"}, by=agent)
    with pytest.raises(NotAllowed):
        add_identity(session, theirs, channel="email", value="thief@home.example", by=agent)


def test_customers_see_themselves_alone(session, form):
    me, other = make_customer(session), make_customer(session)
    ticket = make_ticket(session, form, other)
    assert list(find_customers(session, me)[0]) == [me]
    assert not can_see(session, me, ticket)
    with pytest.raises(NotFound):
        customer_for(session, me, other.id)


@pytest.mark.parametrize(
    ("words", "found"),
    [("anna", ["Anna Ivanova"]), ("IVAN", ["Anna Ivanova", "Ivan"]), ("иван", ["Иван Иванов"]), ("home.example anna", ["Anna Ivanova"]),
     ("100%", []), ("_", []), ("99%", ["Mr 99%"]), ("nova", []), ("home.ex", ["Anna Ivanova"])],
)  # fmt: skip
def test_customers_are_found_by_beginnings_of_words_of_name_and_contacts(session, admin, words, found):
    for name, email in (
        ("Anna Ivanova", "anna@home.example"),
        ("Ivan", "iv@work.example"),
        ("Иван Иванов", "ii@work.example"),
        ("Mr 99%", "mr@work.example"),
    ):
        make_customer(session, name=name, email=email)
    assert [user.name for user in find_customers(session, admin, words=words)[0]] == found


@pytest.mark.parametrize("typed", ["+49 (30) 123-45-67", "4930123", "301234567", "4567", "+4930 1234567"])
def test_customers_are_found_by_telephone_numbers_however_they_are_written(session, admin, typed):
    customer = make_customer(session, name="Ann Smith")
    add_identity(session, customer, channel="phone", value="+49 30 1234567", by=admin)
    assert list(find_customers(session, admin, words=typed)[0]) == [customer]


def test_what_a_customer_is_found_by_changes_with_name_and_contacts(session, admin):
    customer = make_customer(session, name="Ann Smith", email="ann@home.example")

    def found(words):
        return list(find_customers(session, admin, words=words)[0])

    change_customer(session, customer, {"name": "Ann Ёлкина"}, by=admin)
    session.flush()
    assert (found("smith"), found("елк")) == ([], [customer])
    contact = add_identity(session, customer, channel="email", value="office@work.example", by=admin)
    assert found("office work") == [customer]
    contact.shown = "The shop <shop@work.example>"
    session.flush()
    assert (found("shop"), found("office")) == ([customer], [customer])
    contact.shown = None
    session.flush()
    assert found("shop") == []
    remove_identity(session, contact, by=admin)
    assert (found("office"), found("ann@home.example")) == ([], [customer])


def test_who_was_put_into_another_is_found_as_that_one(session, admin):
    ann, anna = (
        make_customer(session, name="Ann", email="ann@home.example"),
        make_customer(session, name="Anna", email="a@work.example"),
    )
    join_customers(session, ann, anna, by=admin)
    assert list(find_customers(session, admin, words="work")[0]) == [ann]
    assert list(find_customers(session, admin, words="anna")[0]) == []


def test_agents_are_no_customers_to_be_found(session, admin):
    make_agent(session, name="Boris Ivanov")
    assert list(find_customers(session, admin, words="boris")[0]) == []


def test_customers_come_in_pages_without_gaps_or_repeats(session, admin):
    for number in range(7):
        make_customer(session, name="Same" if number < 4 else f"Name {number}")
    seen: list[User] = []
    after: CustomersAfter | None = None
    while True:
        page, after = find_customers(session, admin, after=after, limit=3)
        seen += page
        if after is None:
            break
    assert len(seen) == len({user.id for user in seen}) == 7


def test_a_customers_figures_count_what_the_reader_may_see(session, admin, form):
    customer, repairs = make_customer(session), make_form(session, name="Repairs")
    make_ticket(session, form, customer)
    make_ticket(session, repairs, customer)
    session.flush()
    agent = make_agent(session, form)
    assert (customer_figures(session, admin, customer).tickets, customer_figures(session, agent, customer).tickets) == (2, 1)
    assert customer_figures(session, agent, customer).open == 1


@pytest.mark.both_databases
def test_two_workers_who_meet_a_new_customer_at_once_find_the_same(database_url, tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    from plugdesk.runtime import Runtime
    from plugdesk.settings import Settings
    from tests.factories import make_desk

    runtime = Runtime(Settings(data=tmp_path, database_url=database_url), plugins=[])
    with runtime.database.write() as session:
        make_desk(session)

    def meet(number: int) -> int:
        with runtime.database.write() as session:
            return find_or_create_customer(session, channel="email", value="new@home.example", name=f"N {number}").id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(meet, range(16)))) == 1
    runtime.close()


def test_a_command_never_commits(runtime):
    session = runtime.database.session(write=True)
    make_admin(session, email="gone@desk.example")
    session.rollback()
    assert user_for_sign_in(session, "gone@desk.example") is None
    finish(session)
