"""The statuses of a form: how they change, and where the tickets of a deleted one go."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.errors import Invalid, NotAllowed
from plugdesk.events import Event
from plugdesk.forms.commands import (
    add_status,
    change_status_row,
    delete_status,
    move_status,
)
from plugdesk.forms.copying import copy_form
from plugdesk.forms.models import OPEN_KINDS, StatusKind
from plugdesk.forms.queries import ticket_counts
from plugdesk.i18n import use_language
from plugdesk.tickets.commands import change_status
from plugdesk.tickets.models import Tally, Ticket
from plugdesk.tickets.wording import fill_text
from plugdesk.users.rights import RightInput, right_of, set_right
from tests.factories import make_admin, make_agent, make_desk, make_form, make_group, make_ticket


@pytest.fixture
def admin(session):
    return make_admin(session)


@pytest.fixture
def form(session):
    return make_form(session)


def codes(rows):
    return [row.code for row in rows]


def last_event(session, kind):
    return session.scalars(sa.select(Event).where(Event.kind == kind).order_by(Event.id.desc())).first()


def counted(session):
    """How many open tickets the counts know, by kind of status."""
    session.flush()
    rows = session.execute(sa.select(Tally.heap, sa.func.sum(Tally.n)).where(Tally.heap.in_(OPEN_KINDS)).group_by(Tally.heap))
    return {heap: n for heap, n in rows if n}


def test_a_status_is_added_after_those_of_its_kind(session, admin, form):
    status = add_status(
        session, form, name="Waiting for parts", kind="pending", names={"ru": "Ждём деталей", "xx": "?"}, by=admin
    )
    assert codes(form.statuses) == ["new", "in_progress", "waiting", "waiting_for_parts", "done", "closed"]
    assert (status.name_in("ru"), status.name_in("en")) == ("Ждём деталей", "Waiting for parts")
    move_status(session, form, status, to=2, by=admin)
    assert codes(form.statuses)[2:4] == ["waiting_for_parts", "waiting"]
    assert form.first_status(StatusKind.PENDING) is status


def test_a_renamed_status_is_called_so_in_every_language(session, admin, form):
    status = form.status("waiting")
    change_status_row(session, form, status, {"name": "Paused"}, by=admin)
    assert (status.code, status.name_in("ru"), status.name_in("en")) == ("waiting", "Paused", "Paused")
    change_status_row(session, form, status, {"names": {"ru": "Пауза", "en": " "}}, by=admin)
    assert (status.name_in("ru"), status.name_in("en")) == ("Пауза", "Paused")


def test_customers_read_their_own_wording_where_there_is_one_and_agents_the_name(session, admin, form):
    status = form.status("in_progress")
    change_status_row(
        session,
        form,
        status,
        {"customer_name": " With our  engineers ", "customer_names": {"ru": "У инженеров", "xx": "?"}},
        by=admin,
    )
    assert [status.customers_name_in(each) for each in ("en", "ru", "de")] == [
        "With our engineers",
        "У инженеров",
        "With our engineers",
    ]
    assert (status.name_in("en"), status.name_in("ru")) == ("In progress", "В работе")
    change_status_row(session, form, status, {"customer_name": ""}, by=admin)
    assert (status.customers_name_in("en"), status.customers_name_in("ru")) == ("In progress", "У инженеров")


def test_of_a_new_form_customers_read_no_word_of_the_staffs_in_either_language(form):
    assert [(status.customers_name_in("en"), status.customers_name_in("ru")) for status in form.statuses] == [
        ("New", "Новый"), ("In progress", "В работе"), ("Waiting for your answer", "Ожидаем вашего ответа"), ("Done", "Выполнен"), ("Closed", "Завершён"),
    ]  # fmt: skip


def test_a_letters_variable_and_a_copied_form_have_the_customers_wording(session, admin, form):
    own = add_status(
        session, form, name="Escalated", kind="open", customer_name="Being looked into", customer_names={"ru": "Разбираемся"},
        tone="teal", by=admin,
    )  # fmt: skip
    ticket = make_ticket(session, form)
    change_status(session, ticket, own, by=admin)
    for language, words in (("en", "Being looked into"), ("ru", "Разбираемся")):
        with use_language(language):
            assert fill_text(session, "${ticket:status}", ticket) == words
    copy, _waiting = copy_form(session, form, name="Copy", by=admin)
    assert (copy.status("escalated").customers_name_in("en"), copy.status("escalated").tone) == ("Being looked into", "teal")


def test_a_status_has_the_colour_of_its_kind_or_one_of_those_offered(session, admin, form):
    status = form.status("in_progress")
    assert status.tone == ""
    change_status_row(session, form, status, {"tone": "red"}, by=admin)
    assert (status.tone, last_event(session, "status_edited").data["changes"]) == ("red", {"tone": ["", "red"]})
    with pytest.raises(Invalid) as refusal:
        change_status_row(session, form, status, {"tone": "url(//evil.example)"}, by=admin)
    assert set(refusal.value.problems) == {"tone"}


@pytest.mark.parametrize("stolen", ["code", "form_id", "id", "position"])
def test_code_and_place_of_a_status_do_not_change(session, admin, form, stolen):
    with pytest.raises(NotAllowed):
        change_status_row(session, form, form.statuses[0], {stolen: "x"}, by=admin)


def test_the_kind_of_a_status_changes_only_while_it_is_empty(session, admin, form):
    change_status_row(session, form, form.status("waiting"), {"kind": "open"}, by=admin)
    assert form.status("waiting").kind is StatusKind.OPEN
    make_ticket(session, form)
    with pytest.raises(Invalid, match="tickets in this status"):
        change_status_row(session, form, form.status("new"), {"kind": "closed"}, by=admin)
    with pytest.raises(Invalid):
        change_status_row(session, form, form.status("done"), {"kind": "limbo"}, by=admin)


def test_a_form_keeps_a_beginning_and_an_end(session, admin, form):
    delete_status(session, form, form.status("closed"), by=admin)
    with pytest.raises(Invalid, match="tickets end there"):
        delete_status(session, form, form.status("done"), by=admin)
    with pytest.raises(Invalid, match="tickets end there"):
        change_status_row(session, form, form.status("done"), {"kind": "open"}, by=admin)
    delete_status(session, form, form.status("new"), by=admin)
    with pytest.raises(Invalid, match="tickets begin there"):
        delete_status(session, form, form.status("in_progress"), by=admin)
    assert codes(form.statuses) == ["in_progress", "waiting", "done"]
    assert [status.position for status in form.statuses] == [0, 1, 2]


def test_the_tickets_of_a_deleted_status_move_within_its_kind_and_nobody_is_told(session, admin, form):
    later = add_status(session, form, name="Later", kind="new", by=admin)
    tickets = [make_ticket(session, form) for _ in range(3)]
    session.flush()
    before = counted(session)
    with pytest.raises(Invalid, match="3 tickets are in this status"):
        delete_status(session, form, form.status("new"), by=admin)
    assert delete_status(session, form, form.status("new"), move_to=later, by=admin) == 3
    assert {ticket.status_id for ticket in tickets} == {later.id}
    assert counted(session) == before == {"new": 3}
    assert last_event(session, "status_changed") is None
    assert last_event(session, "status_deleted").data == {"code": "new", "name": "New", "tickets": 3, "moved_to": "later"}
    assert ticket_counts(session, form) == {later.id: 3}


def test_tickets_moved_to_another_kind_change_their_status_and_the_counts(session, admin, form):
    ticket = make_ticket(session, form)
    change_status(session, ticket, form.status("in_progress"), by=admin)
    assert delete_status(session, form, form.status("in_progress"), move_to=form.status("done"), by=admin) == 1
    assert (ticket.status.code, ticket.status_kind, ticket.closed_at is not None) == ("done", StatusKind.RESOLVED, True)
    assert counted(session) == {}
    assert last_event(session, "ticket_closed").data["quietly"] is True


def test_rights_do_not_name_a_deleted_status_and_nobody_is_left_with_nothing_to_see(session, admin, form):
    anna, bella, carl = (make_agent(session, name=name) for name in ("Anna", "Bella", "Carl"))
    group = make_group(session, carl, name="Workshop")
    for holder, statuses in ((anna, ["waiting", "done"]), (bella, ["waiting"]), (group, ["waiting"]), (carl, None)):
        set_right(session, form, holder, RightInput(statuses=statuses), by=None)
    with pytest.raises(Invalid, match="see no other status: Workshop, Bella"):
        delete_status(session, form, form.status("waiting"), by=admin)
    assert form.status("waiting") is not None
    for holder in (bella, group):
        set_right(session, form, holder, RightInput(statuses=["waiting", "new"]), by=None)
    delete_status(session, form, form.status("waiting"), by=admin)
    assert [right_of(session, form, each).statuses for each in (anna, bella, group, carl)] == [["done"], ["new"], ["new"], None]
    assert last_event(session, "form_group_set").actor_id == admin.id


def test_tickets_do_not_move_to_another_form_or_to_the_status_itself(session, admin, form):
    other = make_form(session, name="Repairs")
    make_ticket(session, form)
    session.flush()
    for nowhere in (other.statuses[0], form.status("new"), None):
        with pytest.raises(Invalid) as refusal:
            delete_status(session, form, form.status("new"), move_to=nowhere, by=admin)
        assert set(refusal.value.problems) == {"move_to"}
    assert session.scalar(sa.select(sa.func.count()).select_from(Ticket).where(Ticket.form_id == form.id)) == 1


@pytest.mark.both_databases
def test_two_admins_at_once_never_leave_a_form_without_an_end(database_url, tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    from plugdesk.forms.models import Form
    from plugdesk.runtime import Runtime
    from plugdesk.settings import Settings

    runtime = Runtime(Settings(data=tmp_path, database_url=database_url), plugins=[])
    with runtime.database.write() as session:
        make_desk(session)
        form_id = make_form(session).id

    def delete(code):
        try:
            with runtime.database.write() as session:
                form = session.get_one(Form, form_id)
                delete_status(session, form, next(each for each in form.statuses if each.code == code), by=None)
        except Invalid:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(delete, ["done", "closed"])) == [False, True]
    runtime.close()
