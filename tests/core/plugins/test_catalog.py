"""What the catalog tells of each extension, and the inspector of each hook."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa

from plugdesk.contributions import Fact, JobKind, Timer, Variables
from plugdesk.errors import NotFound
from plugdesk.plugins.catalog import PlaceState, cards, extension, inspector, journal, settings_in
from plugdesk.plugins.loader import PAGES, State
from plugdesk.plugins.settings import option
from plugdesk.plugins.switch import enable_plugin, save_plugin_settings
from plugdesk.vault import Secret
from tests.core.plugins.conftest import build_form, build_plugin

pytestmark = pytest.mark.both_databases


@dataclass(frozen=True)
class Mail:
    server: str = option(label="Server")
    port: int = option(993, label="Port")
    password: Secret = option(Secret, label="Password")


MAIL = f"{__name__}:Mail"


def ticket_opened(ctx, ticket, event):
    pass


def timers():
    return [Timer("poll", timedelta(minutes=1), lambda ctx: None)]


def facts():
    return [Fact("rating", "Rating", "number", lambda ticket: sa.literal(5))]


def variables():
    return [Variables("csat", {"rating": "The invitation"}, lambda ctx, ticket: {})]


def jobs():
    return [JobKind("poll", lambda ctx: None)]


@pytest.fixture
def desk(build_runtime):
    mail = build_plugin("mail", ticket_opened, jobs, timers, settings=MAIL, permissions=("tickets:read", "net:mail.example.org"))
    csat = build_plugin("csat", ticket_opened, facts, variables, requires=("mail",), category="feedback")
    runtime = build_runtime(mail, csat, build_plugin("app", scope="app"), build_plugin(PAGES, scope="app"))
    broken = build_plugin("broken")
    broken.fail(State.FAILED, "It fails when it is imported.", "Traceback")
    runtime.registry.plugins["broken"] = broken
    return runtime


@pytest.fixture
def session(desk, open_session):
    return open_session(desk)


def card_of(session, name):
    return next(card for card in cards(session) if card.id == name)


def places(card):
    return {place.form.slug if place.form else "desk": place.state for place in card.places}


def test_a_card_says_how_the_extension_stands_in_each_place(session, clock):
    form, other, third = (build_form(session, name) for name in ("Support", "Sales", "Stock"))
    save_plugin_settings(session, form, "mail", {"server": "a"}, 0, None)
    save_plugin_settings(session, third, "mail", {"server": "a"}, 0, None)
    enable_plugin(session, form, "mail", None)
    enable_plugin(session, third, "mail", None)
    until = (clock.now() + timedelta(minutes=1)).isoformat()
    third.suspended = {"mail": {"since": clock.now().isoformat(), "until": until, "reason": "refused", "tries": 1}}
    card = card_of(session, "mail")
    assert places(card) == {
        form.slug: PlaceState.ON,
        other.slug: PlaceState.NEEDS_SETTINGS,
        third.slug: PlaceState.SUSPENDED,
    }
    assert card.on_in == 2
    assert [place.why for place in card.places] == ["", "It needs settings first: Server.", "refused"]


def test_the_pages_are_no_extension_and_an_app_wide_one_has_one_place(session):
    build_form(session)
    installed = [card.id for card in cards(session) if card.state is not State.MISSING]
    assert installed == ["app", "broken", "csat", "mail"]
    assert places(card_of(session, "app")) == {"desk": PlaceState.OFF}


def test_one_that_did_not_load_says_why_and_where_it_is_missed(session):
    form = build_form(session, on=("broken",))
    card = card_of(session, "broken")
    assert (card.state, card.reason) == (State.FAILED, "It fails when it is imported.")
    assert places(card) == {form.slug: PlaceState.UNAVAILABLE}
    assert extension(session, "broken").trace == "Traceback"


def test_one_whose_package_is_gone_is_missing_and_its_data_kept(session):
    form = build_form(session, on=("gone",))
    card = card_of(session, "gone")
    assert (card.state, card.name, places(card)) == (State.MISSING, "gone", {form.slug: PlaceState.UNAVAILABLE})
    assert "plugdesk plugin remove" in card.reason
    assert extension(session, "gone").card == card


def test_tables_alone_make_a_missing_extension(session):
    session.execute(sa.text("CREATE TABLE alembic_version_gone (version_num VARCHAR(32))"))
    session.execute(sa.text("INSERT INTO alembic_version_gone VALUES ('0001')"))
    assert card_of(session, "gone").state is State.MISSING


def test_health_is_of_the_last_day(session, desk, clock):
    form = build_form(session)
    desk.figures.count("mail", form.id, "ticket_opened", 9.0)
    desk.figures.write(desk.database)
    clock.advance(days=2)
    for _time in range(20):
        desk.figures.count("mail", form.id, "ticket_opened", 0.002)
    desk.figures.count("mail", form.id, "panel", 0.004, error=ValueError("x"))
    desk.figures.write(desk.database)
    health = card_of(session, "mail").health
    assert (health.calls, health.errors, health.p95_ms) == (21, 1, 2.5)
    (hour,) = extension(session, "mail").hours
    assert (hour.calls, hour.errors, round(hour.mean_ms, 1)) == (21, 1, 2.1)


def test_its_page_says_what_it_adds_may_touch_and_needs(session):
    page = extension(session, "mail")
    assert page.adds == {"jobs": ["poll"], "hooks": ["ticket_opened", "jobs", "timers"]} | dict(page.adds)
    assert set(page.adds["hooks"]) == {"jobs", "timers", "ticket_opened"}
    assert page.permissions == ["Reads the tickets of the forms it is on", "Connects to mail.example.org"]
    assert page.required_by == [("csat", "Csat")]
    csat = extension(session, "csat")
    assert csat.requires == [("mail", "Mail")]
    assert (csat.adds["facts"], csat.adds["variables"]) == (["Rating"], ["${csat:rating}"])


def test_there_is_no_page_of_what_there_is_not(session):
    with pytest.raises(NotFound):
        extension(session, "nothing")


def test_its_errors_come_with_tracebacks(session, desk):
    form = build_form(session)
    desk.figures.count("mail", form.id, "panel", 0.004, error=ValueError("no server"))
    desk.figures.write(desk.database)
    (error,) = extension(session, "mail").errors
    assert (error.text, "ValueError" in error.trace) == ("ValueError: no server", True)


def test_the_journal_is_newest_first_and_of_one_form_if_asked(session):
    form, other = build_form(session), build_form(session, "Sales")
    for each in (form, other):
        save_plugin_settings(session, each, "mail", {"server": "a"}, 0, None)
    enable_plugin(session, form, "mail", None)
    kinds = ["extension_enabled", "extension_settings_changed", "extension_settings_changed"]
    assert [event.kind for event in journal(session, "mail")] == kinds
    assert [event.kind for event in journal(session, "mail", form=other)] == ["extension_settings_changed"]


def test_each_setting_says_where_its_value_comes_from_and_no_secret_is_told(session, desk):
    form = build_form(session)
    save_plugin_settings(session, desk.desk(session), "mail", {"server": "a", "password": Secret("x")}, 0, None)
    save_plugin_settings(session, form, "mail", {"server": "b"}, 0, None)
    values, version = settings_in(session, "mail", form)
    assert [(each.option.name, each.value, each.source) for each in values] == [
        ("server", "b", "form"),
        ("port", 993, "default"),
        ("password", True, "desk"),
    ]
    assert version == 1
    assert settings_in(session, "mail", build_form(session, "Sales"))[1] == 0


def test_the_inspector_lists_hooks_in_order_with_what_they_cost(session, desk):
    form = build_form(session, on=("csat",))
    form.suspended = {"csat": {"since": "x", "until": "y", "reason": "refused"}}
    desk.figures.count("csat", form.id, "ticket_opened", 0.002)
    desk.figures.count("csat", form.id, "ticket_opened", 0.004, error=ValueError("no"))
    desk.figures.write(desk.database)
    rows = [row for row in inspector(session, form) if row.hook == "ticket_opened"]
    assert [(row.plugin, row.order, row.on, row.suspended, row.calls) for row in rows] == [
        ("mail", 1, False, "", 0),
        ("csat", 2, True, "refused", 2),
    ]
    assert (round(rows[1].mean_ms), round(rows[1].worst_ms), rows[1].last_error) == (3, 4, "ValueError: no")
    assert rows[1].place.startswith(__file__)
