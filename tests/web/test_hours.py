"""Business hours on the pages: made, previewed, changed, refused with what was typed, deleted."""

from __future__ import annotations

import sqlalchemy as sa

from plugdesk.hours.models import BusinessHours


def form_at(page, path):
    return next(form for form in page.forms.values() if form.action == path)


def test_an_administrator_makes_hours_sees_the_coming_weeks_and_deletes_them(browse, session, admin):
    browser = browse(admin)
    assert "No business hours yet" in browser.get("/hours")
    new = form_at(browser.get("/hours/new?ready=always"), "/hours")
    new["name"], new["country"], new["exceptions"] = "Around the clock", "RU", "2026-11-25 10–12"
    made = new.submit(status=303).follow()
    hours = session.scalars(sa.select(BusinessHours)).one()
    cells = [cell.get_text(" ", strip=True) for cell in made.html.find(id="weeks").select("td")]
    assert len(cells) == 28
    assert next(cell for cell in cells if "Exception" in cell).endswith("10:00–12:00 Exception")
    assert "Around the clock" in browser.get("/hours").html.find(class_="builder").text
    deletion = form_at(made, f"/hours/{hours.id}/deletion")
    assert "No business hours yet" in deletion.submit(status=303).follow()


def test_a_week_without_working_time_is_refused_and_what_was_typed_stays(browse, admin):
    new = form_at(browse(admin).get("/hours/new"), "/hours")
    for number in range(5):
        new[f"day-{number}"] = ""
    new["name"] = "Never"
    refused = new.submit(status=422)
    assert "There is no working time in these hours." in refused
    assert form_at(refused, "/hours")["name"].value == "Never"


def test_hours_that_somebody_changed_meanwhile_are_not_overwritten(browse, session, admin):
    browser = browse(admin)
    new = form_at(browser.get("/hours/new"), "/hours")
    new["name"] = "Office"
    made = new.submit(status=303).follow()
    hours = session.scalars(sa.select(BusinessHours)).one()
    editor = form_at(made, f"/hours/{hours.id}")
    hours.name = "Shop"
    session.commit()
    editor["day-0"] = "10–12"
    refused = editor.submit(status=409)
    assert "Somebody else changed this meanwhile" in refused
    assert form_at(refused, f"/hours/{hours.id}")["day-0"].value == "10–12"
    assert "Shop" in refused.html.find(class_="diff").text
