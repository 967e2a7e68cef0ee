"""Forms: how they begin, how fields and statuses change, and what two admins at once cannot do to each other."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.errors import Conflict, Invalid, NotAllowed, NotFound
from plugdesk.events import Event
from plugdesk.forms.codes import is_slug
from plugdesk.forms.commands import (
    add_field,
    add_status,
    archive_form,
    change_field,
    change_status_row,
    create_form,
    delete_field,
    delete_status,
    move_field,
    move_status,
    rename_form,
    set_language,
    set_responsible,
    unarchive_form,
)
from plugdesk.forms.fields import currency_of
from plugdesk.forms.queries import all_forms, configurable_forms, form_by_slug, form_for, forms_for, status_options
from tests.factories import make_admin, make_agent, make_customer, make_form, make_group, make_ticket


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


# Making, naming, archiving


def test_a_new_form_begins_with_statuses_and_priority(session, admin):
    form = create_form(session, name="Support", by=admin)
    assert codes(form.statuses) == ["new", "in_progress", "waiting", "done", "closed"]
    assert [status.name_in("ru") for status in form.statuses] == ["Новый", "В работе", "Ожидаем ответа", "Выполнен", "Завершён"]
    assert status_options(form, "en")[2] == ("waiting", "Waiting for customer")
    priority = form.field("priority")
    assert priority is not None
    assert [choice["code"] for choice in priority.choices] == ["low", "normal", "high", "urgent"] and priority.default == "normal"
    event = last_event(session, "form_added")
    assert (event.form_id, event.actor_id, event.data["slug"]) == (form.id, admin.id, "support")


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Support", "support"), ("Служба поддержки", "sluzhba-podderzhki"), ("Café & Bar", "cafe-bar"), ("ÜBER-Straße", "uber-strasse"),
     ("支援", "form"), ("new", "new-2"), ("24/7", "form-24-7"), ("a" * 100, "a" * 40), ("../../etc", "etc"), ("Съёмка", "semka")],
)  # fmt: skip
def test_the_address_of_a_form_is_made_from_its_name(session, name, slug):
    assert make_form(session, name=name).slug == slug
    assert is_slug(slug)


def test_addresses_are_told_apart(session):
    assert [make_form(session, name="Support").slug for _ in range(3)] == ["support", "support-2", "support-3"]


@pytest.mark.parametrize("slug", ["new", "x", "Sup port", "-a", "a--b", "1a", "a/b", "поддержка", "a" * 41, "support", "a\n"])
def test_an_address_that_is_taken_reserved_or_unreadable_is_refused(session, form, slug):
    if slug == "a\n":
        assert make_form(session, slug=slug).slug == "a"
        return
    with pytest.raises(Invalid) as refusal:
        make_form(session, slug=slug)
    assert set(refusal.value.problems) == {"slug"}


def test_a_renamed_form_keeps_its_address(session, admin, form):
    rename_form(session, form, " Help  desk ", by=admin, version=form.version)
    set_language(session, form, "ru", by=admin)
    assert (form.name, form.slug, form.language) == ("Help desk", "support", "ru")
    with pytest.raises(Invalid):
        rename_form(session, form, "", by=admin)
    assert last_event(session, "form_changed").data["changes"] == {"language": [None, "ru"]}


def test_only_admins_make_and_archive_forms_and_its_admins_change_them(session, form):
    agent, chief = make_agent(session, form), make_agent(session, form, is_admin=True)
    for attempt in (
        lambda: create_form(session, name="Mine", by=chief),
        lambda: archive_form(session, form, by=chief),
        lambda: unarchive_form(session, form, by=chief),
        lambda: rename_form(session, form, "Mine", by=agent),
        lambda: add_field(session, form, label="Mine", kind="text", by=agent),
        lambda: add_status(session, form, name="Mine", kind="open", by=agent),
        lambda: delete_status(session, form, form.statuses[0], by=agent),
        lambda: delete_field(session, form, form.fields[0], by=agent),
        lambda: set_responsible(session, form, user=agent, by=agent),
        lambda: rename_form(session, form, "Mine", by=make_customer(session)),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    rename_form(session, form, "Ours", by=chief)
    assert form.name == "Ours"


def test_an_archived_form_takes_no_tickets_until_it_is_back(session, admin, form, clock):
    archive_form(session, form, by=admin)
    assert form.archived_at == clock.now() and last_event(session, "form_archived").form_id == form.id
    assert all_forms(session) == [] and all_forms(session, archived=True) == [form]
    assert form_by_slug(session, "support") is form
    with pytest.raises(Invalid, match="archived"):
        make_ticket(session, form)
    unarchive_form(session, form, by=admin)
    assert all_forms(session) == [form]
    assert make_ticket(session, form).form is form


def test_a_responsible_is_somebody_who_works_there(session, admin, form):
    agent, stranger, group = make_agent(session, form), make_agent(session), make_group(session)
    set_responsible(session, form, user=agent, group=group, by=admin)
    assert (form.responsible_user_id, form.responsible_group_id) == (agent.id, group.id)
    with pytest.raises(Invalid, match="does not work"):
        set_responsible(session, form, user=stranger, by=admin)
    with pytest.raises(Invalid):
        set_responsible(session, form, user=make_customer(session), by=admin)
    set_responsible(session, form, by=admin)
    assert (form.responsible_user_id, form.responsible_group_id) == (None, None)


def test_people_are_offered_the_forms_they_work_on(session, admin, form):
    repairs, old = make_form(session, name="Repairs"), make_form(session, name="Old")
    archive_form(session, old, by=admin)
    agent = make_agent(session, repairs, old)
    chief = make_agent(session, form, is_admin=True)
    assert forms_for(session, admin) == [form, repairs]
    assert forms_for(session, agent) == [repairs] and forms_for(session, agent, archived=True) == [repairs, old]
    assert forms_for(session, make_customer(session)) == []
    assert (configurable_forms(session, agent), configurable_forms(session, chief), configurable_forms(session, admin)) == (
        [],
        [form],
        [form, repairs],
    )
    assert form_for(session, agent, "repairs") is repairs
    for slug in ("support", "nowhere"):
        with pytest.raises(NotFound):
            form_for(session, agent, slug)


def test_forms_with_fields_and_statuses_take_three_queries_however_many_there_are(session, runtime):
    for number in range(5):
        make_form(session, name=f"Form {number}")
    session.commit()
    with runtime.database.read() as reading:
        statements = []
        sa.event.listen(reading.connection(), "before_cursor_execute", lambda *call: statements.append(call[2]))
        assert sum(len(form.fields) + len(form.statuses) for form in all_forms(reading)) == 30
        all_forms(reading, archived=True)
        assert len(statements) == 3


# Fields


def test_a_field_has_a_code_that_outlives_its_label(session, admin, form):
    field = add_field(session, form, label="Серийный номер", kind="text", by=admin, help="Под крышкой", required=True)
    assert field.code == "seriynyy_nomer" and codes(form.fields) == ["priority", "seriynyy_nomer"]
    change_field(session, form, field, {"label": "Serial number", "required": False, "agent_only": True, "help": ""}, by=admin)
    assert (field.code, field.label, field.required, field.agent_only, field.help) == (
        "seriynyy_nomer",
        "Serial number",
        False,
        True,
        None,
    )
    assert last_event(session, "field_changed").data["changes"]["label"] == ["Серийный номер", "Serial number"]


def test_two_fields_of_one_name_have_two_codes(session, admin, form):
    assert [add_field(session, form, label="Номер!", kind="text", by=admin).code for _ in range(2)] == ["nomer", "nomer_2"]
    assert add_field(session, form, label="???", kind="text", by=admin).code == "field"


def test_a_deleted_fields_code_is_not_given_again(session, admin, form):
    delete_field(session, form, add_field(session, form, label="Device", kind="text", by=admin), by=admin)
    assert codes(form.fields) == ["priority"]
    assert add_field(session, form, label="Device", kind="number", by=admin).code == "device_2"


def test_priority_can_be_removed_and_put_back(session, admin, form):
    assert add_field(session, form, label="Priority", kind="choice", choices=["A"], by=admin).code == "priority_2"
    delete_field(session, form, form.field("priority"), by=admin)
    assert form.field("priority") is None
    assert add_field(session, form, label="Priority", kind="text", by=admin).code == "priority_3"
    back = add_field(session, form, label="Приоритет", kind="choice", choices=["Срочно", "Не срочно"], by=admin)
    assert back.code == "priority"
    assert [choice["code"] for choice in back.choices] == ["srochno", "ne_srochno"]


def test_choices_keep_their_codes_when_they_are_renamed_or_moved(session, admin, form):
    field = add_field(
        session, form, label="Device", kind="choice", choices=["Till", "Reader", " ", "Касса"], default="reader", by=admin
    )
    assert [choice["code"] for choice in field.choices] == ["till", "reader", "kassa"] and field.default == "reader"
    changed = [{"code": "reader", "label": "Card reader", "tone": "red"}, "Касса", {"label": "Till"}, {"label": "Reader"}]
    change_field(session, form, field, {"choices": changed}, by=admin)
    assert [(each["code"], each["label"]) for each in field.choices] == [
        ("reader", "Card reader"), ("kassa", "Касса"), ("till", "Till"), ("reader_2", "Reader"),
    ]  # fmt: skip
    change_field(session, form, field, {"choices": ["Till"]}, by=admin)
    assert field.default is None, "a default that is no longer offered is none"


@pytest.mark.parametrize(
    "choices",
    [
        [],
        ["", " "],
        ["Till", "till "],
        [{"label": "Till", "tone": "pink"}],
        [{"code": "a", "label": "A"}] * 2,
        ["c" + str(n) for n in range(501)],
    ],
)
def test_choices_that_could_not_be_told_apart_are_refused(session, admin, form, choices):
    with pytest.raises(Invalid) as refusal:
        add_field(session, form, label="Device", kind="choice", choices=choices, by=admin)
    assert set(refusal.value.problems) == {"choices"}


def test_everything_wrong_with_a_field_is_said_at_once(session, admin, form):
    with pytest.raises(Invalid) as refusal:
        add_field(session, form, label=" ", kind="money", currency="Talers", default="abc", by=admin)
    assert set(refusal.value.problems) == {"label", "currency", "default"}
    with pytest.raises(Invalid):
        add_field(session, form, label="Soul", kind="soul", by=admin)
    assert codes(form.fields) == ["priority"]


def test_money_has_the_currency_of_its_field(session, admin, form):
    cost = add_field(session, form, label="Cost", kind="money", default="5", by=admin)
    assert currency_of(cost) == "EUR" and cost.default == {"amount": "5.00", "currency": "EUR"}
    change_field(session, form, cost, {"currency": "rub"}, by=admin)
    assert currency_of(cost) == "RUB"
    set_language(session, form, "ru", by=admin)
    assert currency_of(add_field(session, form, label="Цена", kind="money", by=admin)) == "RUB"


@pytest.mark.parametrize("stolen", ["code", "form_id", "id", "position"])
def test_code_and_place_of_a_field_do_not_change(session, admin, form, stolen):
    with pytest.raises(NotAllowed):
        change_field(session, form, form.fields[0], {"label": "Mine", stolen: "text"}, by=admin)
    assert form.fields[0].label == "Priority"


def test_the_priority_stays_a_choice(session, admin, form):
    with pytest.raises(Invalid, match="stays a choice"):
        change_field(session, form, form.fields[0], {"label": "Mine", "kind": "text"}, by=admin)
    assert form.fields[0].label == "Priority"


def test_fields_stand_in_the_order_they_are_put(session, admin, form):
    for label in ("A", "B", "C"):
        add_field(session, form, label=label, kind="text", by=admin)
    move_field(session, form, form.field("c"), to=0, by=admin)
    assert codes(form.fields) == ["c", "priority", "a", "b"]
    move_field(session, form, form.field("c"), to=99, by=admin)
    move_field(session, form, form.field("b"), to=-5, by=admin)
    assert codes(form.fields) == ["b", "priority", "a", "c"]
    session.expire_all()
    assert codes(form.fields) == ["b", "priority", "a", "c"]


def test_a_field_is_changed_through_its_own_form(session, form):
    other = make_form(session, name="Repairs")
    chief = make_agent(session, other, is_admin=True)
    for attempt in (
        lambda: change_field(session, other, form.fields[0], {"label": "Mine"}, by=chief),
        lambda: delete_field(session, other, form.fields[0], by=chief),
        lambda: change_status_row(session, other, form.statuses[0], {"name": "Mine"}, by=chief),
        lambda: delete_status(session, other, form.statuses[0], by=chief),
    ):
        with pytest.raises(NotAllowed):
            attempt()


# Two at once


def test_every_change_raises_the_forms_version_and_says_who(session, admin, form):
    changes = [
        ("form_changed", lambda: rename_form(session, form, "Help", by=admin)),
        ("form_changed", lambda: set_responsible(session, form, user=admin, by=admin)),
        ("field_added", lambda: add_field(session, form, label="Device", kind="text", by=admin)),
        ("field_changed", lambda: change_field(session, form, form.field("device"), {"required": True}, by=admin)),
        ("fields_moved", lambda: move_field(session, form, form.field("device"), to=0, by=admin)),
        ("field_deleted", lambda: delete_field(session, form, form.field("device"), by=admin)),
        ("status_added", lambda: add_status(session, form, name="Later", kind="open", by=admin)),
        ("status_edited", lambda: change_status_row(session, form, form.status("later"), {"name": "Soon"}, by=admin)),
        ("statuses_moved", lambda: move_status(session, form, form.status("later"), to=0, by=admin)),
        ("status_deleted", lambda: delete_status(session, form, form.status("later"), by=admin)),
        ("form_archived", lambda: archive_form(session, form, by=admin)),
        ("form_unarchived", lambda: unarchive_form(session, form, by=admin)),
    ]
    for kind, change in changes:
        session.flush()
        before = form.version
        change()
        session.flush()
        assert form.version > before, kind
        event = last_event(session, kind)
        assert (event.form_id, event.actor_id) == (form.id, admin.id), kind


def test_nothing_changed_is_no_change(session, admin, form):
    before = form.version
    rename_form(session, form, form.name, by=admin)
    change_field(session, form, form.fields[0], {"label": "Priority"}, by=admin)
    move_field(session, form, form.fields[0], to=0, by=admin)
    set_responsible(session, form, by=admin)
    session.flush()
    assert form.version == before and last_event(session, "field_changed") is None


def test_whoever_has_not_seen_the_last_change_is_told(session, admin, form):
    shown = form.version
    add_field(session, form, label="Device", kind="text", by=admin, version=shown)
    for attempt in (
        lambda: rename_form(session, form, "Mine", by=admin, version=shown),
        lambda: add_field(session, form, label="Mine", kind="text", by=admin, version=shown),
        lambda: delete_status(session, form, form.status("closed"), by=admin, version=shown),
        lambda: archive_form(session, form, by=admin, version=shown),
    ):
        with pytest.raises(Conflict, match="Somebody else"):
            attempt()
    assert codes(form.fields) == ["priority", "device"]
