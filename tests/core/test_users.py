"""Agents and admins, their rights and groups."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.errors import Conflict, Invalid, NotAllowed
from plugdesk.events import Event
from plugdesk.forms.commands import set_responsible
from plugdesk.permissions import can_configure, can_work_on
from plugdesk.plugins.executor import Veto
from plugdesk.sessions import sessions_of, sign_in
from plugdesk.tickets.models import Tally
from plugdesk.users.commands import (
    activate_user,
    add_group,
    add_user,
    change_group,
    change_user,
    deactivate_user,
    delete_group,
    remove_form_agent,
    set_form_agent,
    set_members,
    set_password,
)
from plugdesk.users.models import Role
from plugdesk.users.passwords import password_matches
from plugdesk.users.queries import (
    agents_of_form,
    all_groups,
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
    agent = add_user(
        session, role=Role.AGENT, name="  Anna   Petrova ", email=" Anna.Petrova@Example.ORG", password=PASSWORD, by=admin
    )
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


@pytest.mark.parametrize(
    "address",
    [
        "",
        "anna",
        "anna@",
        "@example.org",
        "a b@example.org",
        "anna@example",
        "anna@-x.org",
        "a@b..org",
        "x" * 65 + "@e.org",
        "a@example.org\nBcc: b@example.org",
    ],
)
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


@pytest.mark.parametrize(
    "stolen", ["role", "can_delete", "email", "active", "password_hash", "version", "id", "created_at", "__class__"]
)
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
    assert {(user.id, right.is_admin) for user, right in rights_on_form(session, form)} == {(agent.id, False), (chief.id, True)}


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
    counted = session.execute(
        sa.select(Tally.heap, sa.func.sum(Tally.n)).where(Tally.heap.like("group:%")).group_by(Tally.heap)
    ).all()
    assert [(heap, n) for heap, n in counted if n] == [(f"group:{new.id}", 1)]
