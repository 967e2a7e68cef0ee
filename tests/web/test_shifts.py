"""Shifts and days off on the pages: set, told where one assigns, and what stands in Mine because of them."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from plugdesk.clock import MovableClock
from plugdesk.tickets.commands import assign
from plugdesk.users.models import User
from plugdesk.users.shifts import add_absence, set_shifts
from tests.factories import make_agent, make_group, make_ticket


def form_at(page, action: str):
    return next(each for each in page.forms.values() if each.action.endswith(action))


def test_an_administrator_sets_the_shifts_of_somebody(browse, admin: User, form, session: Session) -> None:
    ivan = make_agent(session, form, name="Ivan")
    session.commit()
    browser = browse(admin)
    page = form_at(browser.get(f"/people/{ivan.id}/shifts"), "/shifts")
    older = form_at(browser.get(f"/people/{ivan.id}/shifts"), "/shifts")
    page["fixed"], page["day-0"] = True, "9 to 5"
    answer = page.submit(status=422)
    assert "Write hours like" in answer.text
    again = form_at(answer, "/shifts")
    assert again["day-0"].value == "9 to 5"
    again["day-0"] = "9-17"
    again.submit(status=303)
    session.expire_all()
    assert session.get_one(User, ivan.id).shifts == [[[540, 1020]], [], [], [], [], [], []]
    older["fixed"], older["day-0"] = True, "10-12"
    answer = older.submit(status=409)
    assert "9:00–17:00" in answer.text
    assert "10-12" in answer.text
    assert "9:00–17:00" in browse(ivan).get("/account/absences").text


def test_somebody_says_they_are_away_and_the_menu_offers_who_stands_in(
    browse, form, session: Session, clock: MovableClock
) -> None:
    ivan, olga = make_agent(session, form, name="Ivan"), make_agent(session, form, name="Olga")
    ticket = make_ticket(session, form)
    session.commit()
    browser, today = browse(ivan), clock.now().date()
    page = form_at(browser.get("/account/absences"), "/account/absences")
    page["first_day"], page["substitute"] = (today + timedelta(days=1)).isoformat(), str(olga.id)
    page["last_day"] = today.isoformat()
    answer = page.submit(status=422)
    assert form_at(answer, "/account/absences")["substitute"].value == str(olga.id)
    page["first_day"] = today.isoformat()
    page.submit(status=303)
    hers = browse(olga)
    menu = hers.get(f"/tickets/{ticket.id}/assignment")
    assert "away until" in menu.text
    assert "Olga instead of Ivan" in menu.text
    token = form_at(menu, "/assignment")["csrf_token"].value
    answer = hers.post(f"/tickets/{ticket.id}/assignment", {"assignee": str(ivan.id), "csrf_token": token}, status=303)
    assert "Assigned to Ivan: away until" in answer.follow().text
    form_at(browser.get("/account/absences"), "/removal").submit(status=303)
    assert "away until" not in hers.get(f"/tickets/{ticket.id}/assignment").text


def test_the_menu_says_who_of_a_group_is_on_shift(browse, form, session: Session, clock: MovableClock) -> None:
    ivan, olga = make_agent(session, form, name="Ivan"), make_agent(session, form, name="Olga")
    make_group(session, ivan, olga, name="Technicians")
    make_group(session, name="Nobodies")
    set_shifts(session, ivan, [""] * 7, by=None)
    ticket = make_ticket(session, form)
    session.commit()
    menu = browse(olga).get(f"/tickets/{ticket.id}/assignment").text
    for words in ("on shift: Olga", "not on shift", "nobody in it"):
        assert words in menu, words
    add_absence(session, olga, first_day=clock.now().date().isoformat(), last_day="", by=None)
    session.commit()
    assert "nobody on shift" in browse(olga).get(f"/tickets/{ticket.id}/assignment").text


def test_in_mine_what_the_group_has_bears_its_name(browse, form, session: Session) -> None:
    ivan = make_agent(session, form, name="Ivan")
    ticket = make_ticket(session, form)
    assign(session, ticket, None, group=make_group(session, ivan, name="Technicians"))
    session.commit()
    page = browse(ivan).get("/views/mine")
    assert '<span class="badge">Technicians</span>' in page.text
    assert '<span class="badge">Technicians</span>' not in browse(ivan).get("/views/groups").text
