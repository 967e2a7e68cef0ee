"""The first run: it begins on an empty database and is over for ever with the first administrator."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from plugdesk.errors import Conflict, Invalid, NotAllowed, NotFound, PlugdeskError
from plugdesk.events import Event
from plugdesk.forms.models import Desk, Form, StatusKind
from plugdesk.plugins.loader import Plugin, State
from plugdesk.plugins.manifest import Manifest
from plugdesk.plugins.switch import disable_plugin
from plugdesk.runtime import Runtime
from plugdesk.settings import Settings
from plugdesk.setup import (
    CONFIGURATIONS,
    apply_configuration,
    change_desk,
    complete_configurations,
    create_desk,
    first_administrator,
    is_set_up,
)
from plugdesk.users.models import Role, User
from plugdesk.users.queries import user_for_sign_in
from tests.factories import PASSWORD, make_admin, make_agent, make_desk

MARTA = {"name": "Marta Grünwald", "email": "marta@desk.example", "password": PASSWORD}


def test_a_fresh_desk_has_no_account_at_all(session):
    assert not is_set_up(session)
    assert session.scalar(sa.select(sa.func.count()).select_from(User)) == 0
    create_desk(session, name="Northern Light", language="en", zone="Europe/Berlin")
    assert not is_set_up(session)
    assert session.scalar(sa.select(sa.func.count()).select_from(User)) == 0


def test_the_set_up_ends_with_an_administrator(session, clock):
    desk = create_desk(session, name="Northern Light", language="ru", zone="Europe/Moscow")
    marta = first_administrator(session, **MARTA)
    assert marta.role is Role.ADMIN and user_for_sign_in(session, "marta@desk.example") is marta
    assert is_set_up(session) and desk.set_up_at == clock.now()
    assert (desk.name, desk.language, desk.zone) == ("Northern Light", "ru", "Europe/Moscow")


def test_it_is_over_for_ever_even_without_an_administrator(session):
    make_desk(session)
    marta = first_administrator(session, **MARTA)
    with pytest.raises(NotAllowed, match="already"):
        first_administrator(session, name="Thief", email="thief@evil.example", password=PASSWORD)
    with pytest.raises(NotAllowed, match="already"):
        create_desk(session, name="Mine now", language="en", zone="UTC")
    marta.active = False
    session.flush()
    with pytest.raises(NotAllowed):
        first_administrator(session, name="Thief", email="thief@evil.example", password=PASSWORD)
    assert session.scalar(sa.select(sa.func.count()).select_from(User)) == 1


def test_a_refused_administrator_leaves_the_set_up_open(session):
    make_desk(session)
    session.commit()
    with pytest.raises(Invalid) as refusal:
        first_administrator(session, name="", email="marta", password="admin")
    assert set(refusal.value.problems) == {"name", "email", "password"}
    session.rollback()
    assert not is_set_up(session)
    assert first_administrator(session, **MARTA).is_admin


def test_there_is_no_administrator_before_there_is_a_desk(session):
    with pytest.raises(NotFound):
        first_administrator(session, **MARTA)


def test_the_names_of_the_desk_are_checked(session):
    with pytest.raises(Invalid) as refusal:
        create_desk(session, name=" ", language="tlh", zone="Mars/Base")
    assert set(refusal.value.problems) == {"name", "language", "zone"}


def test_a_desk_nobody_has_set_up_is_renamed(session):
    first = create_desk(session, name="A", language="en", zone="UTC")
    instance = first.instance
    again = create_desk(session, name="B", language="ru", zone="Europe/Moscow")
    assert again is first and (again.name, again.instance) == ("B", instance)


def test_two_desks_have_two_names_of_their_own(session, runtime):
    first = create_desk(session, name="A", language="en", zone="UTC").instance
    session.rollback()
    session.info.pop("desk_row", None)
    assert create_desk(session, name="A", language="en", zone="UTC").instance != first


@pytest.mark.both_databases
def test_of_two_who_press_at_once_one_becomes_the_administrator(database_url, tmp_path):
    runtime = Runtime(Settings(data=tmp_path, database_url=database_url), plugins=[])

    def press(number):
        try:
            with runtime.database.write() as session:
                create_desk(session, name=f"Desk {number}", language="en", zone="UTC")
                first_administrator(session, name=f"Admin {number}", email=f"admin{number}@desk.example", password=PASSWORD)
        except (NotAllowed, Conflict):
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(press, range(8))) == 1
    with runtime.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(User)) == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(Desk)) == 1
    runtime.close()


# The ready-made configuration


@pytest.mark.parametrize(("language", "name", "statuses"), [
    ("en", "Support", ["New", "In progress", "Waiting for customer", "Done", "Closed"]),
    ("ru", "Поддержка", ["Новый", "В работе", "Ожидаем ответа", "Выполнен", "Завершён"]),
])  # fmt: skip
def test_a_support_desk_is_ready_to_work_with(session, language, name, statuses):
    make_desk(session, language=language)
    form = apply_configuration(session, "support_desk", by=make_admin(session))
    assert form.name == name and form.slug
    assert [status.name for status in form.statuses] == statuses
    assert {status.kind for status in form.statuses} == set(StatusKind)


def test_only_admins_apply_configurations_that_there_are(session):
    with pytest.raises(NotAllowed):
        apply_configuration(session, "support_desk", by=make_agent(session))
    with pytest.raises(NotFound):
        apply_configuration(session, "call_centre", by=make_admin(session))


def installed(plugin_id, scope="form"):
    manifest = Manifest(
        id=plugin_id, name=plugin_id.title(), summary="", category="other", scope=scope, api=">=1.0,<2", folder=Path()
    )
    return Plugin(plugin_id, State.OK, manifest=manifest)


def desk_with(database, tmp_path, clock, *plugins):
    runtime = Runtime(
        Settings(data=tmp_path), plugins=[installed(each) if isinstance(each, str) else each for each in plugins], clock=clock
    )
    runtime.database.close()
    runtime.database = database
    database.info["runtime"] = runtime
    return runtime


def test_what_is_installed_is_switched_on_and_the_rest_adds_itself_later(database, tmp_path, clock):
    desk_with(database, tmp_path, clock, "email")
    with database.write() as session:
        admin = make_admin(session)
        form = apply_configuration(session, "support_desk", by=admin)
        assert form.extensions == ["email"]
        assert complete_configurations(session) == []
        form_id = form.id
    desk_with(database, tmp_path, clock, "email", "csat")
    with database.write() as session:
        assert [plugin for _form, plugin in complete_configurations(session)] == ["csat"]
        assert complete_configurations(session) == []
    with database.write() as session:
        form = session.get_one(Form, form_id)
        assert form.extensions == ["csat", "email"]
        disable_plugin(session, form, "csat", None)
    with database.write() as session:
        assert complete_configurations(session) == [], "what an admin switched off stays off"
        waiting = session.scalars(sa.select(Event).where(Event.kind == "configuration_applied")).one().data["waiting"]
    assert waiting == [plugin for plugin in CONFIGURATIONS["support_desk"].extensions if plugin != "email"]


def test_an_archived_form_gains_nothing(database, tmp_path, clock):
    from plugdesk.forms.commands import archive_form

    desk_with(database, tmp_path, clock)
    with database.write() as session:
        archive_form(session, apply_configuration(session, "support_desk", by=make_admin(session)), by=None)
    desk_with(database, tmp_path, clock, "email")
    with database.write() as session:
        assert complete_configurations(session) == []


def test_what_cannot_be_switched_on_yet_waits_and_undoes_nothing(database, tmp_path, clock):
    desk_with(database, tmp_path, clock, "email", installed("sla", scope="app"))
    with database.write() as session:
        form = apply_configuration(session, "support_desk", by=make_admin(session))
        assert form.extensions == ["email"]
        assert form.statuses[0].code == "new"


def test_every_refusal_is_a_sentence(session):
    make_desk(session)
    for attempt in (
        lambda: apply_configuration(session, "x", by=None),
        lambda: create_desk(session, name="", language="", zone=""),
    ):
        with pytest.raises(PlugdeskError) as refusal:
            attempt()
        assert str(refusal.value).endswith(".")


def told_of_terms(session):
    return session.scalars(sa.select(Event.form_id).where(Event.kind == "terms_changed").order_by(Event.id)).all()


def test_an_administrator_changes_what_was_said_at_the_set_up(session, admin, form):
    desk = session.get_one(Desk, 0)
    change_desk(session, desk, name="Southern Light", language="ru", zone=desk.zone, by=admin)
    assert (desk.name, desk.language) == ("Southern Light", "ru") and told_of_terms(session) == []
    change_desk(session, desk, name="Southern Light", language="ru", zone="Asia/Tokyo", by=admin, version=desk.version)
    assert told_of_terms(session) == [form.id], "what is meant by the desk's clock is reckoned anew"
    changes = session.scalars(sa.select(Event.data).where(Event.kind == "desk_changed").order_by(Event.id)).all()
    assert [sorted(each["changes"]) for each in changes] == [["language", "name"], ["zone"]]


def test_what_a_desk_cannot_be_is_refused(session, admin, form):
    desk = session.get_one(Desk, 0)
    for given in ({"name": " "}, {"zone": "Mars/Olympus"}):
        with pytest.raises(Invalid) as refused:
            change_desk(session, desk, **{"name": desk.name, "language": "en", "zone": "UTC"} | given, by=admin)
        assert set(refused.value.problems) == set(given)
    with pytest.raises(Conflict):
        change_desk(session, desk, name="Mine", language="en", zone="UTC", by=admin, version=desk.version - 1)
    with pytest.raises(NotAllowed):
        change_desk(session, desk, name="Mine", language="en", zone="UTC", by=make_agent(session, form))
