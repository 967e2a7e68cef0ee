"""What is one's own: settings, looks, password, sessions."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session
from webtest import TestApp

from plugdesk.forms.models import Desk
from plugdesk.users.commands import change_user
from plugdesk.users.models import User
from tests.factories import PASSWORD, make_agent

Browse = Callable[[User], TestApp]
NEW = "nine grey geese walk home"


@pytest.fixture
def anna(desk: Desk, session: Session) -> User:
    anna = make_agent(session, name="Anna", email="anna@desk.example")
    session.commit()
    return anna


def form_at(page, path: str):
    """The form of the page that posts to `path`."""
    return next(form for form in page.forms.values() if form.action.partition("#")[0] == path)


def test_one_changes_name_language_and_zone(anna: User, browse: Browse, session: Session) -> None:
    browser = browse(anna)
    form = form_at(browser.get("/account"), "/account")
    form["name"], form["language"], form["zone"], form["density"] = "Anna K.", "ru", "Asia/Tokyo", "compact"
    page = form.submit(status=303).follow()
    assert '<html lang="ru" data-density="compact"' in page.text
    session.refresh(anna)
    assert (anna.name, anna.zone) == ("Anna K.", "Asia/Tokyo")


def test_fields_the_page_does_not_offer_change_nothing(anna: User, browse: Browse, session: Session) -> None:
    browser = browse(anna)
    token = form_at(browser.get("/account"), "/account")["csrf_token"].value
    browser.post("/account", {"csrf_token": token, "name": "Anna", "role": "admin", "can_delete": "1"}, status=303)
    session.refresh(anna)
    assert not anna.is_admin
    assert not anna.can_delete


def test_what_somebody_else_changed_is_shown_beside_what_was_typed(anna: User, browse: Browse, session: Session) -> None:
    form = form_at(browse(anna).get("/account"), "/account")
    change_user(session, anna, {"name": "Anna by the admin"}, by=None)
    session.commit()
    form["name"] = "Anna by herself"
    page = form.submit(status=409)
    assert "Anna by the admin" in page.text
    again = form_at(page, "/account")
    assert again["name"].value == "Anna by herself"
    again.submit(status=303)
    session.refresh(anna)
    assert anna.name == "Anna by herself"


def test_the_menu_changes_looks_and_leads_back(anna: User, browse: Browse, session: Session) -> None:
    browser = browse(anna)
    form = next(
        form
        for form in browser.get("/account").forms.values()
        if "theme" in form.fields and form.action == "/account/preferences"
    )
    form["theme"].force_value("dark")
    page = form.submit(status=303, headers={"Referer": "https://desk.example/views/open?form=x"})
    assert page.location == "/views/open?form=x"
    assert 'data-theme="dark"' in browser.get("/account").text


def change_password(browser: TestApp, old: str, new: str, status: int = 303):
    form = form_at(browser.get("/account"), "/account/password")
    form["old"], form["password"] = old, new
    return form.submit(status=status)


def test_another_password_needs_the_old_one(anna: User, browse: Browse) -> None:
    page = change_password(browse(anna), "what was it again", NEW, status=422)
    assert "That is not your password." in page.text


def test_another_password_keeps_this_browser_and_ends_all_others(anna: User, browse: Browse) -> None:
    here, elsewhere = browse(anna), browse(anna)
    before = here.cookies["__Host-plugdesk"]
    change_password(here, PASSWORD, NEW)
    assert here.cookies["__Host-plugdesk"] != before
    here.get("/account", status=200)
    elsewhere.get("/account", status=303)


def test_a_password_that_is_guessed_first_is_refused(anna: User, browse: Browse) -> None:
    assert "first passwords" in change_password(browse(anna), PASSWORD, "passwordpassword", status=422).text


def test_guessing_the_old_password_is_slowed_down(anna: User, browse: Browse) -> None:
    browser = browse(anna)
    form = form_at(browser.get("/account"), "/account/password")
    form["old"], form["password"] = "guess after guess", NEW
    for _attempt in range(20):
        form.submit(status=422)
    assert "Too many attempts" in form.submit(status=429).text


def test_one_signs_another_browser_out(anna: User, browse: Browse) -> None:
    elsewhere, here = browse(anna), browse(anna)
    page = here.get("/account")
    next(form for form in page.forms.values() if "/ending" in form.action).submit(status=303)
    elsewhere.get("/account", status=303)


def test_nobody_ends_anothers_session(anna: User, browse: Browse, session: Session) -> None:
    boris = make_agent(session, name="Boris")
    session.commit()
    boris_browser, annas = browse(boris), browse(anna)
    page = boris_browser.get("/account")
    token = form_at(page, "/account")["csrf_token"].value
    boris_browser.post("/account/sessions/1000001/ending", {"csrf_token": token}, status=404)
    from plugdesk.sessions import sessions_of

    number = sessions_of(session, anna)[0].id
    boris_browser.post(f"/account/sessions/{number}/ending", {"csrf_token": token}, status=404)
    annas.get("/account", status=200)
