"""What goes wrong: told in one shape without the inside, written into the journal, and in doubt refused (H1, L1, L2)."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from plugdesk.events import Event
from plugdesk.users.models import User
from tests.security.test_access import words_of
from tests.security.world import World

pytestmark = pytest.mark.one_database

INSIDE = ("Traceback", 'File "', "/plugdesk/", "sqlalchemy", "SELECT ", "werkzeug", "Debugger", "ZeroDivisionError", "the inside")


@pytest.fixture
def broken(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The world, in which the list of tickets fails."""

    def fail(**given: Any) -> Any:
        raise ZeroDivisionError("the inside")

    monkeypatch.setitem(world.app.view_functions, "tickets.view", fail)
    return world


def test_a_failure_is_told_without_its_inside(broken: World) -> None:
    for headers in ({}, {"Accept": "application/json"}, {"HX-Request": "true"}):
        answer = broken.ask("admin", "GET", "/views/open", headers=headers)
        assert answer.status_code == 500
        assert not any(word in answer.get_data(as_text=True) for word in INSIDE)


def test_each_refusal_has_the_same_shape_in_json(broken: World) -> None:
    ticket = broken.path("/tickets/<number>")
    asked = [
        ("GET", "/views/open", {}, 500), ("GET", "/nowhere", {}, 404), ("GET", "/tickets/999999", {}, 404), ("DELETE", "/views/open", {}, 405),
        ("POST", f"{ticket}/status", {"status": "unknown"}, 422), ("POST", f"{ticket}/replies", {"text": "x", "attachment": "guess"}, 404),
    ]  # fmt: skip
    for method, path, body, status in asked:
        answer = broken.ask("admin", method, path, body, headers={"Accept": "application/json"})
        assert answer.status_code == status, path
        if answer.is_json:
            assert set(answer.get_json()) == {"error", "problems"}, path
            assert answer.get_json()["error"]
        else:
            assert path.endswith("/replies")  # the page comes back with what was typed, whoever asks
    forged = broken.ask(
        "admin", "POST", f"{ticket}/status", {}, headers={"Accept": "application/json", "Origin": "https://evil.example"}
    )
    assert (forged.status_code, set(forged.get_json())) == (403, {"error", "problems"})


def test_debugging_is_off_and_nothing_of_the_inside_has_an_address(world: World) -> None:
    assert not world.app.debug
    for path in (
        "/console",
        "/metrics",
        "/docs",
        "/openapi.json",
        "/health",
        "/debug",
        "/.env",
        "/.git/config",
        "/?__debugger__=yes&cmd=resource&f=style.css",
    ):
        answer = world.ask("anonymous", "GET", path)
        assert answer.status_code in (303, 404), path
        assert not any(word in answer.get_data(as_text=True) for word in INSIDE)


def test_a_setting_cannot_switch_debugging_on(monkeypatch: pytest.MonkeyPatch, runtime: Any) -> None:
    from plugdesk.app import create_app

    monkeypatch.setenv("FLASK_DEBUG", "1")
    assert not create_app(runtime).debug


def journal(world: World, *kinds: str) -> list[Any]:
    """Who, when and what of these kinds of events; read and left at once, for the requests share its connection."""
    found = world.session.execute(
        sa.select(Event.actor_id, Event.at, Event.data).where(Event.kind.in_(kinds)).order_by(Event.id)
    ).all()
    world.session.rollback()
    return list(found)


def test_who_is_refused_stands_in_the_journal_with_when_and_where(world: World) -> None:
    for path in (world.path("/tickets/<int:number>"), "/people", "/forms/support", "/extensions/demo/desk"):
        before = len(journal(world, "access_denied"))
        assert world.ask("stranger", "GET", path).status_code == 404
        noted = journal(world, "access_denied")[before:]
        assert noted, path
        assert {each.actor_id for each in noted} == {world.people["stranger"].id}
        assert all(each.at.tzinfo is not None for each in noted)
    world.ask("customer", "GET", "/views/open")
    assert journal(world, "access_denied")[-1].actor_id == world.people["customer"].id


CHANGES = [
    ("/people", {"name": "New", "email": "new@desk.example", "role": "agent"}, "user_added"),
    ("/people/{agent_id}", {"name": "Ivan", "email": "ivan@desk.example", "role": "admin"}, "user_changed"),
    ("/people/{agent_id}/deactivation", {}, "user_deactivated"),
    ("/people/{agent_id}/password", {"password": "eleven grey herons stand"}, "password_changed"),
    ("/forms/support/agents", {"who": "{stranger_key}"}, "form_agent_set"),
    ("/forms/support/agents/rights", {"only_assignee": "1"}, "form_changed"),
    ("/extensions/csat/forms/support/deactivation", {}, "extension_disabled"),
    (
        "/extensions/csat/forms/support/settings",
        {
            "set_days": "7",
            "set_invitation": "Well?",
            "set_thanks": "Thanks",
            "set_comment_minutes": "10",
            "set_change_days": "30",
            "set_quiet_days": "0",
            "set_seen_by": "admins",
            "set_low_mark": "0",
            "version": "0",
        },
        "extension_settings_changed",
    ),
    ("/forms/support/x/email/mailboxes/{mailbox_id}/removal", {}, "mailbox_removed"),
    ("/tickets/{number}/deletion", {}, "ticket_deleted"),
    ("/tickets/{bin}/restoration", {}, "ticket_restored"),
    ("/groups/{group_id}/deletion", {}, "group_deleted"),
    ("/people/sessions/ending", {}, "sessions_ended"),
]


@pytest.mark.parametrize(
    ("path", "body", "kind"), CHANGES, ids=lambda each: each if isinstance(each, str) and each.islower() else ""
)
def test_what_is_done_to_people_rights_secrets_and_tickets_is_written_down(
    world: World, path: str, body: dict[str, str], kind: str
) -> None:
    sent = {name: value.format(**world.things) for name, value in body.items()}
    answer = world.ask("admin", "POST", path.format(**world.things), sent)
    assert answer.status_code in (200, 303), words_of(answer)
    noted = journal(world, kind)
    assert noted
    assert noted[-1].actor_id == world.people["admin"].id


def test_what_strangers_send_stands_in_the_journal_on_one_line(world: World) -> None:
    """Addresses, browsers and paths with line breaks in them; of the log's own lines `tests/core/test_logs.py` tells."""
    wrong = {"email": "eve\r\nERROR forged\x1b[31m@x", "password": "wrong wrong wrong"}
    world.ask("anonymous", "POST", "/sign-in", wrong, headers={"User-Agent": "Evil\tbrowser"})
    world.ask("stranger", "GET", "/forms/support%0d%0aERROR%20forged")
    world.ask("stranger", "GET", "/tickets/1%0d%0aERROR")
    world.ask("stranger", "POST", "/extensions/csat%0d%0aERROR/desk/activation")
    said = [repr(entry.data) for entry in journal(world, "sign_in_failed", "access_denied")]
    assert said
    assert not any(sign in each for each in said for sign in ("\\r", "\\n", "\\x1b", "\\t"))


def test_a_veto_that_cannot_be_asked_denies_and_nothing_is_stored(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """E-mail is asked whether an address may be somebody's sign-in address; while it fails, nobody is added."""

    def fail(*given: Any, **named: Any) -> Any:
        raise ZeroDivisionError("the inside")

    implementation = world.runtime.registry.implementation("check_sign_in_address", "email")
    assert implementation is not None
    object.__setattr__(implementation, "function", fail)
    before = world.dump()
    answer = world.ask("admin", "POST", "/people", {"name": "New", "email": "new@desk.example", "role": "agent"})
    assert answer.status_code in (403, 422)
    assert "the inside" not in answer.get_data(as_text=True)
    assert world.session.scalar(sa.select(User.id).where(User.email == "new@desk.example")) is None
    assert world.dump() == before
