"""The form builder: forms, their fields and statuses, who configures them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session
from webtest import TestApp

from plugdesk.forms.commands import add_field, add_section, change_field, change_section, rename_form
from plugdesk.forms.models import FieldKind, Form
from plugdesk.hours.commands import add_business_hours
from plugdesk.users.models import User
from tests.factories import make_agent, make_form, make_group, make_ticket

Browse = Callable[[User], TestApp]


@pytest.fixture
def form(admin: User, session: Session) -> Form:
    form = make_form(session, name="Repairs")
    session.commit()
    return form


@pytest.fixture
def browser(admin: User, browse: Browse) -> TestApp:
    return browse(admin)


def form_at(page, path: str, method: str = "POST"):
    return next(form for form in page.forms.values() if form.action.partition("#")[0] == path and form.method.upper() == method)


def again(session: Session, form: Form) -> Form:
    session.expire_all()
    return form


def test_a_form_is_made_by_its_name(browser: TestApp) -> None:
    page = form_at(browser.get("/forms"), "/forms")
    page["name"] = "Billing"
    assert page.submit(status=303).location == "/forms/billing"
    assert form_at(browser.get("/forms"), "/forms").submit(status=422)


def test_name_language_and_who_is_responsible_are_saved_together(browser: TestApp, form: Form, session: Session) -> None:
    anna = make_agent(session, form, name="Anna")
    group = make_group(session, anna, name="Engineers")
    session.commit()
    page = form_at(browser.get("/forms/repairs"), "/forms/repairs")
    page["name"], page["language"], page["user"], page["group"] = "Workshop", "ru", str(anna.id), str(group.id)
    page.submit(status=303)
    form = again(session, form)
    assert (form.name, form.language, form.responsible_user_id, form.responsible_group_id) == (
        "Workshop",
        "ru",
        anna.id,
        group.id,
    )


def test_the_working_time_of_a_form_is_chosen_among_the_business_hours(browser: TestApp, form: Form, session: Session) -> None:
    hours = add_business_hours(session, {"name": "Office", **{f"day-{day}": "9:00–18:00" for day in range(5)}}, by=None)
    session.commit()
    page = form_at(browser.get("/forms/repairs"), "/forms/repairs")
    page["hours"] = str(hours.id)
    page.submit(status=303)
    assert again(session, form).hours_id == hours.id
    assert "Form “Repairs”" in browser.get(f"/hours/{hours.id}").text
    page = form_at(browser.get("/forms/repairs"), "/forms/repairs")
    page["hours"] = ""
    page.submit(status=303)
    assert again(session, form).hours_id is None


def test_of_two_admins_the_slower_one_sees_both_names_of_the_form(browser: TestApp, form: Form, session: Session) -> None:
    page = form_at(browser.get("/forms/repairs"), "/forms/repairs")
    rename_form(session, form, "Theirs", by=None)
    session.commit()
    page["name"] = "Mine"
    refused = page.submit(status=409)
    assert "Theirs" in refused.text
    assert form_at(refused, "/forms/repairs")["name"].value == "Mine"
    form_at(refused, "/forms/repairs").submit(status=303)
    assert again(session, form).name == "Mine"


def test_it_is_archived_and_opened_again(browser: TestApp, form: Form, session: Session) -> None:
    form_at(browser.get("/forms/repairs"), "/forms/repairs/archiving").submit(status=303)
    assert again(session, form).archived_at is not None
    form_at(browser.get("/forms/repairs"), "/forms/repairs/unarchiving").submit(status=303)
    assert again(session, form).archived_at is None


@pytest.mark.parametrize("kind", list(FieldKind))
def test_a_field_of_every_kind_is_added_and_shown(browser: TestApp, form: Form, session: Session, kind: FieldKind) -> None:
    page = form_at(browser.get(f"/forms/repairs/fields?new={kind}"), "/forms/repairs/fields")
    page["label"], page["help"], page["required"] = "A question", "Some help", True
    if kind.has_choices:
        page.set("choice-label", "Red", 0)
        page.set("choice-label", "Blue", 1)
    shown = page.submit(status=303).follow()
    field = again(session, form).field("a_question")
    assert field is not None
    assert (field.kind, field.help, field.required) == (kind, "Some help", True)
    assert ("A question" in shown.html.find(id="preview").text) is field.for_customers


def test_choices_get_colours_a_default_and_another_order(browser: TestApp, form: Form, session: Session) -> None:
    page = form_at(browser.get("/forms/repairs/fields?open=priority"), "/forms/repairs/fields/priority")
    page.set("choice-tone", "green", 0)
    page.set("choice-label", "Right now", 4)
    page = form_at(page.submit("row", value="up-4"), "/forms/repairs/fields/priority")
    page["default"] = "low"
    page.submit(status=303)
    field = again(session, form).field("priority")
    assert [each["label"] for each in field.choices] == ["Low", "Normal", "High", "Right now", "Urgent"]
    assert field.choices[0]["tone"] == "green"
    assert field.default == "low"


def test_more_rows_for_choices_lose_nothing_that_was_typed(browser: TestApp, form: Form) -> None:
    page = form_at(browser.get("/forms/repairs/fields?new=choice"), "/forms/repairs/fields")
    page["label"] = "Colour"
    page.set("choice-label", "Red", 0)
    before = len(page.fields["choice-label"])
    more = form_at(page.submit("row", value="more"), "/forms/repairs/fields")
    assert len(more.fields["choice-label"]) > before
    assert (more["label"].value, more.fields["choice-label"][0].value) == ("Colour", "Red")


def test_a_field_without_a_question_is_refused_and_keeps_the_rest(browser: TestApp, form: Form) -> None:
    page = form_at(browser.get("/forms/repairs/fields?new=text"), "/forms/repairs/fields")
    page["help"] = "On the sticker"
    refused = page.submit(status=422)
    assert "Write the question." in refused.text
    assert form_at(refused, "/forms/repairs/fields")["help"].value == "On the sticker"


def test_a_field_that_somebody_changed_meanwhile_is_not_overwritten(browser: TestApp, form: Form, session: Session) -> None:
    page = form_at(browser.get("/forms/repairs/fields?open=priority"), "/forms/repairs/fields/priority")
    change_field(session, form, form.field("priority"), {"label": "Urgency"}, by=None)
    session.commit()
    page["label"] = "Importance"
    drawn = page.submit("row", value="more", status=200)
    refused = form_at(drawn, "/forms/repairs/fields/priority").submit(status=409)
    assert "Urgency" in refused.html.find("table", class_="diff").text
    assert form_at(refused, "/forms/repairs/fields/priority")["label"].value == "Importance"


def test_fields_are_moved_by_buttons_and_by_dragging_and_deleted(browser: TestApp, form: Form, session: Session) -> None:
    for label in ("First", "Second"):
        page = form_at(browser.get("/forms/repairs/fields?new=text"), "/forms/repairs/fields")
        page["label"] = label
        page.submit(status=303)
    buttons = [
        each for each in browser.get("/forms/repairs/fields").forms.values() if each.action == "/forms/repairs/fields/second/move"
    ]
    buttons[0].submit(status=303)
    assert [each.code for each in again(session, form).fields] == ["priority", "second", "first"]
    token = buttons[0]["csrf_token"].value
    browser.post(
        "/forms/repairs/fields/order",
        [("csrf_token", token), ("order", "first"), ("order", "priority"), ("order", "second")],
        status=204,
    )
    assert [each.code for each in again(session, form).fields] == ["first", "priority", "second"]
    browser.post("/forms/repairs/fields/order", [("csrf_token", token), ("order", "first")], status=409)
    form_at(browser.get("/forms/repairs/fields?open=first"), "/forms/repairs/fields/first/deletion").submit(status=303)
    assert [each.code for each in again(session, form).fields] == ["priority", "second"]


def test_the_preview_follows_what_is_typed_and_stores_nothing(browser: TestApp, form: Form, session: Session) -> None:
    page = form_at(browser.get("/forms/repairs/fields?new=text"), "/forms/repairs/fields")
    page["label"] = "Serial number"
    shown = browser.post("/forms/repairs/fields/preview", page.submit_fields(), headers={"HX-Request": "true"})
    assert "Serial number" in shown.text
    assert again(session, form).field("serial_number") is None


def test_agents_fields_are_in_the_agents_preview_only(browser: TestApp, form: Form) -> None:
    assert "Priority" not in browser.get("/forms/repairs/fields").html.find(id="preview").text
    assert "Priority" in browser.get("/forms/repairs/fields?as=agent").html.find(id="preview").text


def test_a_status_is_added_renamed_and_deleted_with_its_tickets_moved(browser: TestApp, form: Form, session: Session) -> None:
    page = form_at(browser.get("/forms/repairs/statuses?add=1"), "/forms/repairs/statuses")
    page["name"], page["kind"], page["name-ru"] = "In the workshop", "open", "В мастерской"
    page.submit(status=303)
    status = again(session, form).status("in_the_workshop")
    assert status.name_in("ru") == "В мастерской"
    page = form_at(browser.get("/forms/repairs/statuses?open=in_the_workshop"), "/forms/repairs/statuses/in_the_workshop")
    page["name"] = "On the bench"
    page.submit(status=303)
    ticket = make_ticket(session, form)
    first = ticket.status
    session.commit()
    page = form_at(browser.get(f"/forms/repairs/statuses?open={first.code}"), f"/forms/repairs/statuses/{first.code}/deletion")
    page["move_to"] = "in_the_workshop"
    page.submit(status=303)
    session.expire_all()
    assert ticket.status.name == "On the bench"


def test_a_status_with_tickets_asks_where_they_go(browser: TestApp, form: Form, session: Session) -> None:
    ticket = make_ticket(session, form)
    session.commit()
    code = ticket.status.code
    page = form_at(browser.get(f"/forms/repairs/statuses?open={code}"), f"/forms/repairs/statuses/{code}/deletion")
    assert "Choose where it goes" in page.submit(status=422).text


def test_extensions_stand_with_their_state_on_this_form(browser: TestApp, form: Form) -> None:
    page = browser.get("/forms/repairs/extensions")
    assert "/extensions/email/forms/repairs" in page.text


def test_an_admin_of_one_form_configures_that_one_only(browse: Browse, form: Form, session: Session) -> None:
    other = make_form(session, name="Billing")
    anna = make_agent(session, form, name="Anna", is_admin=True)
    session.commit()
    browser = browse(anna)
    index = browser.get("/forms")
    assert "Repairs" in index.text
    assert 'data-form="billing"' not in index.text
    token = form_at(browser.get("/forms/repairs"), "/forms/repairs")["csrf_token"].value
    for path in (
        f"/forms/{other.slug}",
        f"/forms/{other.slug}/fields",
        f"/forms/{other.slug}/statuses",
        f"/forms/{other.slug}/agents",
    ):
        browser.get(path, status=404)
        browser.post(path, {"csrf_token": token, "name": "x", "label": "x", "kind": "text"}, status=404)
    browser.post("/forms", {"csrf_token": token, "name": "Mine"}, status=404)
    browser.post("/forms/repairs/archiving", {"csrf_token": token}, status=404)


def test_an_agent_who_configures_nothing_finds_no_form(browse: Browse, form: Form, session: Session) -> None:
    anna = make_agent(session, form, name="Anna")
    session.commit()
    browser = browse(anna)
    assert "You configure no form" in browser.get("/forms").text
    browser.get("/forms/repairs", status=404)
    browser.get("/forms/nowhere", status=404)


def opened_field(browser: TestApp, code: str) -> Any:
    return form_at(browser.get(f"/forms/repairs/fields?open={code}"), f"/forms/repairs/fields/{code}")


def test_a_section_is_made_filled_moved_and_deleted(browser: TestApp, form: Form, session: Session) -> None:
    for title in ("Delivery", "Workshop"):
        page = form_at(browser.get("/forms/repairs/fields?add-section=1"), "/forms/repairs/sections")
        page["title"] = title
        page.submit(status=303)
    page = opened_field(browser, "priority")
    page["section"] = "workshop"
    page.submit(status=303)
    form_at(browser.get("/forms/repairs/fields"), "/forms/repairs/sections/workshop/move").submit(status=303)
    assert [each["code"] for each in again(session, form).sections] == ["workshop", "delivery"]
    page = form_at(browser.get("/forms/repairs/fields?section=workshop"), "/forms/repairs/sections/workshop")
    page["title"] = "At the bench"
    assert "At the bench" in page.submit(status=303).follow().text
    form_at(browser.get("/forms/repairs/fields?section=workshop"), "/forms/repairs/sections/workshop/deletion").submit(status=303)
    assert [each.section for each in again(session, form).fields] == [""]


def test_a_field_is_shown_required_and_read_only_as_the_builder_says(browser: TestApp, form: Form, session: Session) -> None:
    page = form_at(browser.get("/forms/repairs/fields?new=text"), "/forms/repairs/fields")
    page["label"], page["required_from"], page["readonly_from"] = "Serial", "done", "closed"
    page = form_at(page.submit("visible_when-do", value="add:0"), "/forms/repairs/fields")
    page["visible_when-0.0-fact"] = "field.priority"
    page = form_at(page.submit("visible_when-do", value="refresh"), "/forms/repairs/fields")
    page["visible_when-0.0-value"] = "high"
    assert page["label"].value == "Serial"
    shown = page.submit(status=303).follow()
    field = again(session, form).field("serial")
    assert field.visible_when == {"all": [{"fact": "field.priority", "is": "high"}]}
    assert (field.required_from, field.readonly_from) == ("done", "closed")
    assert "Priority is High" in shown.text
    page = opened_field(browser, "serial")
    page = form_at(page.submit("visible_when-do", value="remove:0.0"), "/forms/repairs/fields/serial")
    page.submit(status=303)
    assert again(session, form).field("serial").visible_when is None


def test_a_circle_is_refused_and_what_was_chosen_stays(browser: TestApp, form: Form, session: Session) -> None:
    add_field(session, form, label="Serial", kind="text", by=None, visible_when={"fact": "field.priority", "is": "high"})
    session.commit()
    page = form_at(opened_field(browser, "priority").submit("visible_when-do", value="add:0"), "/forms/repairs/fields/priority")
    page["visible_when-0.0-fact"] = "field.serial"
    page = form_at(page.submit("visible_when-do", value="refresh"), "/forms/repairs/fields/priority")
    page["visible_when-0.0-operator"] = "empty"
    refused = page.submit(status=422)
    assert "“Priority” → “Serial” → “Priority”" in refused.text
    assert form_at(refused, "/forms/repairs/fields/priority")["visible_when-0.0-fact"].value == "field.serial"


def test_an_unfinished_condition_names_what_it_lacks(browser: TestApp, form: Form) -> None:
    page = form_at(opened_field(browser, "priority").submit("visible_when-do", value="add:0"), "/forms/repairs/fields/priority")
    assert "Choose what is compared, or remove the line." in page.submit(status=422).text


def test_fields_are_dragged_and_pushed_from_one_section_into_another(browser: TestApp, form: Form, session: Session) -> None:
    add_section(session, form, title="Delivery", by=None)
    add_field(session, form, label="Serial", kind="text", by=None)
    session.commit()
    token = form_at(browser.get("/forms/repairs/fields"), "/forms/repairs/fields/serial/move")["csrf_token"].value
    browser.post("/forms/repairs/fields/serial/move", {"csrf_token": token, "by": "down"}, status=303)
    assert again(session, form).field("serial").section == "delivery"
    browser.post("/forms/repairs/fields/serial/move", {"csrf_token": token, "by": "up"}, status=303)
    assert [(each.code, each.section) for each in again(session, form).fields] == [("priority", ""), ("serial", "")]
    dragged = [("csrf_token", token), ("order", "priority"), ("item", "priority")]
    browser.post("/forms/repairs/fields/order?section=delivery", dragged, status=204)
    assert [(each.code, each.section) for each in again(session, form).fields] == [("serial", ""), ("priority", "delivery")]
    browser.post("/forms/repairs/fields/order?section=delivery", [*dragged, ("order", "gone")], status=409)


def test_the_preview_shows_what_follows_from_what_is_tried_in_it(browser: TestApp, form: Form, session: Session) -> None:
    add_field(session, form, label="Device", kind="choice", choices=["Till", "Program"], by=None)
    add_field(session, form, label="Serial", kind="text", by=None, visible_when={"fact": "field.device", "is": "till"})
    session.commit()
    page = browser.get("/forms/repairs/fields")
    assert "Serial" not in page.html.find(id="preview").text
    token = form_at(page, "/forms/repairs/fields/device/move")["csrf_token"].value
    assert "Serial" in browser.post("/forms/repairs/fields/preview", {"csrf_token": token, "v-device": "till"}).text


def test_a_field_others_depend_on_is_not_deleted_and_they_are_named(browser: TestApp, form: Form, session: Session) -> None:
    add_field(session, form, label="Serial", kind="text", by=None, visible_when={"fact": "field.priority", "is": "high"})
    session.commit()
    page = form_at(browser.get("/forms/repairs/fields?open=priority"), "/forms/repairs/fields/priority/deletion")
    assert "depends on “Priority”: Serial." in page.submit(status=422).text


def test_deleting_says_how_many_tickets_hold_a_value(browser: TestApp, form: Form, session: Session) -> None:
    make_ticket(session, form)
    session.commit()
    assert "1 ticket holds a value of it." in browser.get("/forms/repairs/fields?open=priority").text


def test_a_field_becomes_of_another_kind_and_old_tickets_stay_readable(browser: TestApp, form: Form, session: Session) -> None:
    add_field(session, form, label="Device", kind="choice", choices=["Till", "Card reader"], by=None)
    ticket = make_ticket(session, form)
    ticket.values = {"device": "card_reader"}
    session.commit()
    page = opened_field(browser, "device")
    page["kind"] = "text"
    page.submit(status=303)
    assert again(session, form).field("device").kind is FieldKind.TEXT
    assert "Card reader" in browser.get(f"/tickets/{ticket.number}").html.find(id="panel-fields").text
    page = opened_field(browser, "device")
    assert "money" not in [value for value, *_rest in page["kind"].options]


def test_two_admins_who_change_one_section_see_both(browser: TestApp, form: Form, session: Session) -> None:
    add_section(session, form, title="Delivery", by=None)
    session.commit()
    page = form_at(browser.get("/forms/repairs/fields?section=delivery"), "/forms/repairs/sections/delivery")
    change_section(session, form, "delivery", {"title": "Theirs"}, by=None)
    session.commit()
    page["title"] = "Mine"
    refused = page.submit(status=409)
    assert "Theirs" in refused.html.find("table", class_="diff").text
    form_at(refused, "/forms/repairs/sections/delivery").submit(status=303)
    assert again(session, form).sections[0]["title"] == "Mine"


def test_a_form_begins_from_a_template(browser: TestApp, form: Form, session: Session) -> None:
    page = form_at(browser.get("/forms"), "/forms")
    page["name"], page["start"] = "Workshop", "template:repair"
    page.submit(status=303)
    assert "Waiting for payment" in browser.get("/forms/workshop/statuses").text
    shown = browser.get("/forms/workshop/fields?as=agent").html.find(id="preview").text
    assert "Cost of repair" in shown
    assert "Bought on" not in shown


def test_a_form_is_made_after_another_one(browser: TestApp, form: Form, session: Session) -> None:
    add_field(session, form, label="Serial", kind="text", by=None)
    session.commit()
    page = form_at(browser.get("/forms"), "/forms")
    page["name"], page["start"] = "Repairs in Graz", "copy:repairs"
    page.submit(status=303)
    assert "Serial" in browser.get("/forms/repairs-in-graz/fields").text
    token = page["csrf_token"].value
    browser.post("/forms", {"csrf_token": token, "name": "Other", "start": "copy:nowhere"}, status=404)
    browser.post("/forms", {"csrf_token": token, "name": "Other", "start": "template:nowhere"}, status=404)
