"""The matrix of rights on a form: seen, changed, and never overwritten by the slower of two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy.orm import Session

from plugdesk.forms.models import Form, FormAgent, FormGroup, Sees
from plugdesk.users.models import User
from plugdesk.users.rights import RightInput, set_right
from tests.factories import make_agent, make_form, make_group

if TYPE_CHECKING:
    from webtest import TestApp

MATRIX = "/forms/support/agents"


@pytest.fixture
def form(desk, session: Session) -> Form:
    form = make_form(session)
    session.commit()
    return form


@pytest.fixture
def browser(browse, admin: User) -> TestApp:
    return browse(admin)


def matrix(browser: TestApp):
    return next(each for each in browser.get(MATRIX).forms.values() if each.action.endswith("/agents/rights"))


def tick(page, name: str, *codes: str) -> None:
    """Tick exactly these boxes of a line."""
    for box in page.fields[name]:
        box.checked = box._value in codes


def right(session: Session, form: Form, user: User) -> FormAgent | None:
    session.expire_all()
    return session.get(FormAgent, (form.id, user.id))


def test_the_accountant_is_made_by_clicks_alone(browser: TestApp, form: Form, session: Session) -> None:
    anna = make_agent(session, name="Anna")
    session.commit()
    adding = next(each for each in browser.get(MATRIX).forms.values() if each.action.endswith("/agents"))
    adding["who"] = f"u{anna.id}"
    adding.submit(status=303)
    page, key = matrix(browser), f"u{anna.id}"
    assert page[f"{key}-sees"].value == "all"
    tick(page, f"{key}-status", "waiting")
    tick(page, f"{key}-action", "note")
    page.submit(status=303)
    stored = right(session, form, anna)
    assert stored is not None
    assert (stored.sees, stored.statuses, stored.actions, stored.can_delete) == (Sees.ALL, ["waiting"], ["note"], False)
    again = matrix(browser)
    assert [box._value for box in again.fields[f"{key}-status"] if box.checked] == ["waiting"]
    again.submit(status=303)
    tick(again := matrix(browser), f"{key}-status", *(box._value for box in again.fields[f"{key}-status"]))
    tick(again, f"{key}-action", *(box._value for box in again.fields[f"{key}-action"]))
    again.submit(status=303)
    stored = right(session, form, anna)
    assert stored is not None
    assert (stored.statuses, stored.actions, stored.can_delete) == (None, None, True)
    last = matrix(browser)
    last[f"{key}-sees"] = ""
    last.submit(status=303)
    assert right(session, form, anna) is None
    assert "No agent works on this form yet" in browser.get(MATRIX).text


def test_groups_stand_there_too(browser: TestApp, form: Form, session: Session) -> None:
    group = make_group(session, name="Payments")
    session.commit()
    adding = next(each for each in browser.get(MATRIX).forms.values() if each.action.endswith("/agents"))
    adding["who"] = f"g{group.id}"
    adding["is_admin"] = True
    adding.submit(status=303)
    page = matrix(browser)
    assert page[f"g{group.id}-sees"].value == "admin"
    page[f"g{group.id}-sees"] = "group"
    page.submit(status=303)
    session.expire_all()
    stored = session.get(FormGroup, (form.id, group.id))
    assert stored is not None
    assert (stored.is_admin, stored.sees) == (False, Sees.GROUP)


def test_no_status_at_all_is_refused_beside_the_line_and_keeps_the_rest(browser: TestApp, form: Form, session: Session) -> None:
    anna = make_agent(session, form, name="Anna")
    session.commit()
    page = matrix(browser)
    tick(page, f"u{anna.id}-status")
    tick(page, f"u{anna.id}-action", "note")
    answer = page.submit(status=422)
    assert "Anna: Choose at least one status" in answer.text
    kept = next(each for each in answer.forms.values() if each.action.endswith("/agents/rights"))
    assert [box._value for box in kept.fields[f"u{anna.id}-action"] if box.checked] == ["note"]
    stored = right(session, form, anna)
    assert stored is not None
    assert stored.statuses is None


def test_of_two_who_change_one_line_the_slower_sees_both_and_others_lines_are_saved(
    browser: TestApp, form: Form, session: Session
) -> None:
    anna, boris = make_agent(session, form, name="Anna"), make_agent(session, form, name="Boris")
    session.commit()
    page = matrix(browser)
    set_right(session, form, anna, RightInput(sees=Sees.OWN), by=None)
    session.commit()
    tick(page, f"u{boris.id}-status", "done")
    page.submit(status=303)  # Anna's line is as it was shown, and stays as somebody else left it
    assert right(session, form, anna).sees is Sees.OWN
    page = matrix(browser)
    set_right(session, form, anna, RightInput(sees=Sees.GROUP), by=None)
    session.commit()
    page[f"u{anna.id}-sees"] = "all"
    answer = page.submit(status=409)
    assert "sees all tickets" in answer.text
    assert "sees the tickets of their groups and their own" in answer.text
    assert right(session, form, anna).sees is Sees.GROUP


def test_what_an_extension_that_is_off_is_allowed_stays(browser: TestApp, form: Form, session: Session) -> None:
    anna = make_agent(session, name="Anna")
    set_right(session, form, anna, RightInput(actions=["note", "workflow:paid"]), by=None)
    session.commit()
    page = matrix(browser)
    tick(page, f"u{anna.id}-action", "note", "reply")
    page.submit(status=303)
    assert right(session, form, anna).actions == ["note", "reply", "workflow:paid"]


def test_who_takes_their_own_right_to_configure_is_led_away(browse, form: Form, session: Session) -> None:
    petra = make_agent(session, form, name="Petra", is_admin=True)
    session.commit()
    page = matrix(browse(petra))
    page[f"u{petra.id}-sees"] = "all"
    assert page.submit().headers.get("Location", "").endswith("/forms")


def test_a_persons_page_says_what_they_can_do_and_why(browser: TestApp, form: Form, session: Session) -> None:
    anna = make_agent(session, name="Anna")
    set_right(session, form, anna, RightInput(statuses=["waiting"], actions=["note"]), by=None)
    set_right(session, form, make_group(session, anna, name="Night"), RightInput(sees=Sees.GROUP, can_delete=True), by=None)
    session.commit()
    page = browser.get(f"/people/{anna.id}")
    for words in (
        "sees all tickets in the statuses: Waiting for customer; may: write notes", "their own right",
        "sees the tickets of their groups and their own; does everything with them, deleting included", "member of Night",
    ):  # fmt: skip
        assert words in page.text, words


def test_saving_a_person_makes_no_right_of_their_own_out_of_a_groups(browser: TestApp, form: Form, session: Session) -> None:
    anna = make_agent(session, name="Anna")
    set_right(session, form, make_group(session, anna), RightInput(sees=Sees.OWN), by=None)
    session.commit()
    page = next(each for each in browser.get(f"/people/{anna.id}").forms.values() if each.action.endswith(f"/people/{anna.id}"))
    assert page[f"form-{form.id}"].value == ""
    page.submit(status=303)
    assert right(session, form, anna) is None


def test_the_switch_of_the_assignee_is_kept_and_nobody_overwrites_it_unseen(
    browser: TestApp, form: Form, session: Session
) -> None:
    make_agent(session, form)
    session.commit()
    page, older = matrix(browser), matrix(browser)
    page["only_assignee"] = True
    page.submit(status=303)
    older.submit(status=303)
    session.expire_all()
    assert session.get_one(Form, form.id).only_assignee
    page = matrix(browser)
    page["only_assignee"] = False
    page.submit(status=303)
    session.expire_all()
    assert not session.get_one(Form, form.id).only_assignee
