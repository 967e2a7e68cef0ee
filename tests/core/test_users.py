"""People, their rights and groups, and the customers they answer."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.database import finish
from plugdesk.errors import Conflict, Invalid, NotAllowed, NotFound
from plugdesk.events import Event
from plugdesk.forms.commands import set_responsible
from plugdesk.permissions import can_configure, can_see, can_work_on
from plugdesk.plugins.executor import Veto
from plugdesk.sessions import sessions_of, sign_in
from plugdesk.tickets.models import Tally
from plugdesk.users.commands import (
    activate_user,
    add_customer,
    add_group,
    add_identity,
    add_organization,
    add_user,
    change_customer,
    change_group,
    change_user,
    deactivate_user,
    delete_group,
    find_or_create_customer,
    remove_form_agent,
    remove_identity,
    set_form_agent,
    set_members,
    set_password,
)
from plugdesk.users.models import CustomerKind, Identity, Role, User
from plugdesk.users.passwords import password_matches
from plugdesk.users.queries import (
    CustomersAfter,
    agents_of_form,
    all_groups,
    customer_figures,
    customer_for,
    find_customers,
    groups_of,
    rights_on_form,
    staff,
    user_for_sign_in,
)
from tests.factories import PASSWORD, make_admin, make_agent, make_customer, make_form, make_group, make_ticket


@pytest.fixture
def admin(session):
    return make_admin(session, name="Marta Grünwald")


@pytest.fixture
def form(session):
    return make_form(session)


def last_event(session, kind):
    return session.scalars(sa.select(Event).where(Event.kind == kind).order_by(Event.id.desc())).first()


# Agents and admins


def test_an_agent_signs_in_with_the_address_however_it_is_written(session, admin):
    agent = add_user(session, role=Role.AGENT, name="  Anna   Petrova ", email=" Anna.Petrova@Example.ORG", password=PASSWORD, by=admin)
    assert (agent.name, agent.email) == ("Anna Petrova", "anna.petrova@example.org")
    assert user_for_sign_in(session, "ANNA.petrova@example.org ") is agent
    assert password_matches(agent.password_hash, PASSWORD)


def test_who_added_whom_is_in_the_journal(session, admin, clock):
    agent = make_agent(session)
    by_admin = add_user(session, role=Role.AGENT, name="Boris", email="boris@desk.example", password=None, by=admin)
    event = last_event(session, "user_added")
    assert (event.actor_id, event.data["user_id"], event.data["role"], event.at) == (admin.id, by_admin.id, "agent", clock.now())
    assert agent.id != by_admin.id


def test_everything_wrong_with_a_new_agent_is_said_at_once(session, admin):
    with pytest.raises(Invalid) as refusal:
        add_user(session, role=Role.AGENT, name=" ", email="nobody", password="short", language="tlh", zone="Mars/Base", by=admin)
    assert set(refusal.value.problems) == {"name", "email", "password", "language", "zone"}


@pytest.mark.parametrize("address", ["", "anna", "anna@", "@example.org", "a b@example.org", "anna@example", "anna@-x.org", "a@b..org", "x" * 65 + "@e.org", "a@example.org\nBcc: b@example.org"])
def test_what_is_no_address_is_refused(session, admin, address):
    with pytest.raises(Invalid) as refusal:
        add_user(session, role=Role.AGENT, name="Anna", email=address, password=None, by=admin)
    assert "email" in refusal.value.problems


def test_an_address_is_one_persons(session, admin):
    make_agent(session, name="Anna", email="anna@desk.example")
    with pytest.raises(Invalid, match="already the address of Anna"):
        add_user(session, role=Role.AGENT, name="Other", email="ANNA@desk.example", password=None, by=admin)


def test_an_extension_that_objects_to_a_sign_in_address_is_heard(session, admin, runtime, monkeypatch):
    def object_to(hook, scope, asked, *, address):
        if address == "help@desk.example":
            raise Veto("help@desk.example is the mailbox of Support.")

    monkeypatch.setattr(runtime.executor, "ask_everyone", object_to)
    with pytest.raises(Invalid, match="mailbox of Support") as refusal:
        add_user(session, role=Role.AGENT, name="Anna", email="Help@desk.example", password=None, by=admin)
    assert "email" in refusal.value.problems
    with pytest.raises(Invalid, match="mailbox of Support"):
        change_user(session, admin, {"email": "help@desk.example"}, by=admin)


def test_only_admins_add_change_and_deactivate_people(session, admin):
    agent, other = make_agent(session), make_agent(session)
    for attempt in (
        lambda: add_user(session, role=Role.ADMIN, name="Me", email="me@desk.example", password=PASSWORD, by=agent),
        lambda: change_user(session, other, {"name": "Fool"}, by=agent),
        lambda: set_password(session, other, PASSWORD, by=agent),
        lambda: deactivate_user(session, other, by=agent),
        lambda: activate_user(session, other, by=agent),
        lambda: add_group(session, name="Mine", by=agent),
    ):
        with pytest.raises(NotAllowed):
            attempt()


def test_a_deactivated_admin_is_none(session, admin):
    other = make_admin(session)
    deactivate_user(session, other, by=admin)
    with pytest.raises(NotAllowed):
        add_user(session, role=Role.ADMIN, name="Me", email="me@desk.example", password=PASSWORD, by=other)


@pytest.mark.parametrize("stolen", ["role", "can_delete", "email", "active", "password_hash", "version", "id", "created_at", "__class__"])
def test_a_person_changes_nothing_of_their_own_but_name_language_zone_and_theme(session, stolen):
    agent = make_agent(session)
    change_user(session, agent, {"name": "Anna", "language": "ru", "zone": "Europe/Moscow", "theme": "dark"}, by=agent)
    assert (agent.name, agent.language, agent.zone, agent.theme) == ("Anna", "ru", "Europe/Moscow", "dark")
    with pytest.raises(NotAllowed, match="cannot be changed here"):
        change_user(session, agent, {"name": "Root", stolen: "admin"}, by=agent)
    assert (agent.name, agent.role) == ("Anna", Role.AGENT)


@pytest.mark.parametrize("stolen", ["active", "password_hash", "version", "id", "organization_id"])
def test_unknown_keys_are_refused_to_admins_too(session, admin, stolen):
    with pytest.raises(NotAllowed):
        change_user(session, make_agent(session), {stolen: 1}, by=admin)


def test_a_changed_role_is_in_the_journal_with_before_and_after(session, admin):
    agent = make_agent(session)
    change_user(session, agent, {"role": "admin", "can_delete": True}, by=admin)
    assert agent.is_admin
    assert last_event(session, "user_changed").data["changes"] == {"role": ["agent", "admin"], "can_delete": [False, True]}


def test_nobody_becomes_a_customer_and_no_customer_an_agent(session, admin):
    with pytest.raises(Invalid):
        change_user(session, make_agent(session), {"role": "customer"}, by=admin)
    with pytest.raises(NotAllowed):
        change_user(session, make_customer(session), {"role": "admin"}, by=admin)
    with pytest.raises(Invalid):
        add_user(session, role=Role.CUSTOMER, name="C", email="c@home.example", password=PASSWORD, by=admin)


def test_the_last_admin_stays_one(session, admin):
    with pytest.raises(Invalid, match="needs an administrator"):
        change_user(session, admin, {"role": "agent"}, by=admin)
    with pytest.raises(Invalid, match="needs an administrator"):
        deactivate_user(session, admin, by=None)
    other = make_admin(session)
    change_user(session, admin, {"role": "agent"}, by=other)
    assert not admin.is_admin


def test_two_who_edit_the_same_person_do_not_overwrite_each_other(session, admin):
    agent = make_agent(session)
    shown = agent.version
    change_user(session, agent, {"name": "First"}, by=admin, version=shown)
    with pytest.raises(Conflict, match="Somebody else"):
        change_user(session, agent, {"name": "Second"}, by=admin, version=shown)
    assert agent.name == "First"


def test_another_password_ends_every_session(session, admin):
    agent = make_agent(session)
    sign_in(session, agent)
    set_password(session, agent, "nine purple umbrellas fly", by=agent)
    assert password_matches(agent.password_hash, "nine purple umbrellas fly")
    assert sessions_of(session, agent) == []
    assert last_event(session, "password_changed").actor_id == agent.id


def test_a_password_made_of_the_own_name_is_refused(session):
    agent = make_agent(session, name="Anastasia Kuznetsova")
    with pytest.raises(Invalid) as refusal:
        set_password(session, agent, "kuznetsova2026", by=agent)
    assert "password" in refusal.value.problems


def test_a_deactivated_agent_may_do_nothing_and_is_signed_out(session, admin, form):
    agent = make_agent(session, form)
    set_responsible(session, form, user=agent, by=admin)
    sign_in(session, agent)
    deactivate_user(session, agent, by=admin)
    assert user_for_sign_in(session, agent.email or "") is None
    assert sessions_of(session, agent) == []
    assert not can_work_on(session, agent, form.id)
    assert form.responsible_user_id is None
    assert agent not in agents_of_form(session, form)
    activate_user(session, agent, by=admin)
    assert user_for_sign_in(session, agent.email or "") is agent
    assert can_work_on(session, agent, form.id)


def test_nobody_deactivates_themselves(session, admin):
    make_admin(session)
    with pytest.raises(Invalid, match="your own"):
        deactivate_user(session, admin, by=admin)


def test_staff_are_listed_by_name(session):
    for name in ("Clara", "Anna", "Boris"):
        make_agent(session, name=name)
    make_customer(session, name="Aaron")
    deactivate_user(session, make_agent(session, name="Dora"), by=None)
    assert [user.name for user in staff(session, active=True)] == ["Anna", "Boris", "Clara"]
    assert [user.name for user in staff(session, active=False)] == ["Dora"]


# Who works on a form


def test_rights_on_a_form_hold_from_the_next_question_on(session, admin, form):
    agent = make_agent(session)
    assert not can_work_on(session, agent, form.id)
    set_form_agent(session, form, agent, by=admin)
    assert can_work_on(session, agent, form.id) and not can_configure(session, agent, form)
    set_form_agent(session, form, agent, is_admin=True, by=admin)
    assert can_configure(session, agent, form)
    remove_form_agent(session, form, agent, by=admin)
    assert not can_work_on(session, agent, form.id)
    assert [last_event(session, kind).data["user_id"] for kind in ("form_agent_set", "form_agent_removed")] == [agent.id] * 2


def test_a_forms_admin_gives_rights_there_and_nowhere_else(session, form):
    chief, agent, elsewhere = make_agent(session, form, is_admin=True), make_agent(session), make_form(session, name="Repairs")
    set_form_agent(session, form, agent, by=chief)
    with pytest.raises(NotAllowed):
        set_form_agent(session, elsewhere, agent, by=chief)
    with pytest.raises(NotAllowed):
        set_form_agent(session, form, make_agent(session), by=agent)
    assert rights_on_form(session, form) == [(agent, False), (chief, True)] or rights_on_form(session, form) == [(chief, True), (agent, False)]


def test_customers_do_not_work_on_forms(session, admin, form):
    with pytest.raises(NotAllowed):
        set_form_agent(session, form, make_customer(session), by=admin)


def test_who_is_responsible_for_a_form_goes_on_working_on_it(session, admin, form):
    agent = make_agent(session, form)
    set_responsible(session, form, user=agent, by=admin)
    with pytest.raises(Invalid, match="responsible"):
        remove_form_agent(session, form, agent, by=admin)


def test_a_ticket_can_be_assigned_to_the_forms_agents_and_to_admins(session, admin, form):
    agent = make_agent(session, form, name="Anna")
    make_agent(session, make_form(session, name="Repairs"))
    assert list(agents_of_form(session, form)) == [agent, admin]


# Groups


def test_a_group_has_members_and_a_supervisor(session, admin):
    anna, boris = make_agent(session, name="Anna"), make_agent(session, name="Boris")
    group = add_group(session, name="First line", by=admin, supervisor=anna, members=[anna])
    set_members(session, group, [boris, anna, boris], by=admin)
    change_group(session, group, name="Second line", supervisor=boris, by=admin)
    assert [(each.name, each.supervisor) for each in all_groups(session)] == [("Second line", boris)]
    assert {member.name for member in group.members} == {"Anna", "Boris"}
    assert list(groups_of(session, anna)) == [group]


def test_two_groups_do_not_share_a_name(session, admin):
    make_group(session, name="Первая линия")
    with pytest.raises(Invalid, match="already a group"):
        add_group(session, name="первая линия", by=admin)


def test_customers_are_in_no_group(session, admin):
    with pytest.raises(NotAllowed):
        add_group(session, name="Guests", members=[make_customer(session)], by=admin)


def test_the_tickets_of_a_deleted_group_go_where_they_are_sent(session, admin, form):
    from plugdesk.tickets.commands import assign

    old, new = make_group(session), make_group(session)
    ticket = make_ticket(session, form)
    assign(session, ticket, admin, group=old)
    set_responsible(session, form, group=old, by=admin)
    session.flush()
    assert delete_group(session, old, by=admin, move_to=new) == 1
    session.expire_all()
    assert ticket.group_id == new.id
    assert form.responsible_group_id == new.id
    counted = session.execute(sa.select(Tally.group_id, sa.func.sum(Tally.n)).group_by(Tally.group_id)).all()
    assert [(group, n) for group, n in counted if n] == [(new.id, 1)]


# Customers


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
    changes = {"name": "Ivan Petrov", "language": "ru", "country": "ru", "kind": "company", "organization_id": str(acme.id), "about": "Calls on Mondays"}
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
     ("100%", []), ("_", []), ("99%", ["Mr 99%"])],
)  # fmt: skip
def test_customers_are_found_by_parts_of_name_and_contacts(session, admin, words, found):
    for name, email in (("Anna Ivanova", "anna@home.example"), ("Ivan", "iv@work.example"), ("Иван Иванов", "ii@work.example"), ("Mr 99%", "mr@work.example")):
        make_customer(session, name=name, email=email)
    assert [user.name for user in find_customers(session, admin, words=words)[0]] == found


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
