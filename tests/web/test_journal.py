"""The journal: who did what, when and where, in words; nobody can change it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from webtest import TestApp

from plugdesk.events import Event, record
from plugdesk.forms.commands import rename_form
from plugdesk.users.models import User
from plugdesk_web.journal import _WORDS, GROUPS
from tests.factories import make_agent, make_form

Browse = Callable[[User], TestApp]


@pytest.fixture
def browser(admin: User, browse: Browse) -> TestApp:
    return browse(admin)


def lines(page) -> str:
    return " ".join(page.html.find(id="journal").text.split())


def test_it_tells_who_did_what_where(browser: TestApp, admin: User, session: Session) -> None:
    form = make_form(session, name="Repairs")
    rename_form(session, form, "Workshop", by=admin)
    session.commit()
    told = lines(browser.get("/journal"))
    assert "Marta Grünwald Changed the form Name: Repairs → Workshop Workshop" in told
    assert "the desk Made the form Repairs" in told


def test_a_refused_agent_is_written_down(browser: TestApp, browse: Browse, session: Session) -> None:
    form = make_form(session, name="Repairs")
    anna = make_agent(session, form, name="Anna")
    session.commit()
    annas = browse(anna)
    annas.get("/people", status=404)
    annas.get("/forms/repairs", status=404)
    annas.get("/nowhere", status=404)
    told = lines(browser.get("/journal?group=denied"))
    assert "Anna Was refused: GET /people" in told
    assert "GET /forms/repairs" in told
    assert "/nowhere" not in told


def test_it_is_narrowed_by_kind_person_and_form(browser: TestApp, admin: User, session: Session) -> None:
    form = make_form(session, name="Repairs")
    rename_form(session, form, "Workshop", by=admin)
    session.commit()
    assert "Changed the form" not in lines(browser.get("/journal?group=sign-in"))
    assert "Made the form" not in lines(browser.get(f"/journal?person={admin.id}"))
    assert "Signed in" not in lines(browser.get(f"/journal?form={form.id}"))
    assert "Nothing of that kind" in browser.get("/journal?group=deletions").text


def test_it_pages_by_key(browser: TestApp, session: Session) -> None:
    for number in range(60):
        record(session, "organization_added", name=f"Company {number:03}")
    session.commit()
    first = browser.get("/journal?group=customers")
    assert "Company 059" in lines(first)
    assert "Company 009" not in lines(first)
    assert "Company 009" in lines(browser.get(first.html.find("a", rel="next")["href"]))


def test_control_characters_do_not_break_its_lines(browser: TestApp, visitor, session: Session) -> None:
    form = visitor().get("/sign-in").form
    form["email"], form["password"] = "x\r\nadmin signed in@desk.example", "whatever it is now"
    form.submit(status=422)
    session.expire_all()
    failed = session.scalars(sa.select(Event).where(Event.kind == "sign_in_failed")).one()
    assert "\n" not in failed.data["address"]
    assert "A sign-in as x admin signed in@desk.example failed" in lines(browser.get("/journal"))


def test_no_address_changes_it(app) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/journal")]
    assert {method for rule in rules for method in rule.methods} <= {"GET", "HEAD", "OPTIONS"}


def test_every_kind_it_shows_has_its_words() -> None:
    assert {kind for _title, kinds in GROUPS.values() for kind in kinds} == set(_WORDS)
