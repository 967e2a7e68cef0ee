"""What the desk is called, speaks and goes by: changed on its page, refused with what was typed, never passed over."""

from __future__ import annotations

from plugdesk.forms.models import Desk


def form_of(page):
    return next(form for form in page.forms.values() if form.action == "/desk")


def test_an_administrator_renames_the_desk_and_sets_its_clock(browse, session, admin):
    browser = browse(admin)
    form = form_of(browser.get("/desk"))
    form["name"], form["zone"] = "Southern Light", "Asia/Tokyo"
    saved = form.submit(status=303).follow()
    assert "Southern Light" in saved.html.find("aside" if saved.html.find("aside") else "nav").text
    session.expire_all()
    desk = session.get_one(Desk, 0)
    assert (desk.name, desk.zone) == ("Southern Light", "Asia/Tokyo")
    assert "Changed the desk Southern Light" in browser.get("/journal").text


def test_a_desk_without_a_name_is_refused_and_what_was_typed_stays(browse, admin):
    form = form_of(browse(admin).get("/desk"))
    form["name"], form["zone"] = "", "Asia/Tokyo"
    refused = form.submit(status=422)
    assert "Give your desk a name." in refused and form_of(refused)["zone"].value == "Asia/Tokyo"


def test_the_second_of_two_sees_what_the_first_saved(browse, session, admin):
    browser = browse(admin)
    first, second = form_of(browser.get("/desk")), form_of(browser.get("/desk"))
    first["name"], second["name"] = "First", "Second"
    first.submit(status=303)
    late = second.submit(status=409)
    compared = late.html.find("table", class_="diff").text
    assert "First" in compared and "Second" in compared and form_of(late)["name"].value == "Second"
    form_of(late).submit(status=303)
    session.expire_all()
    assert session.get_one(Desk, 0).name == "Second"
