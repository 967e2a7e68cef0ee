"""Fields as agents meet them: shown by what is answered, missing ones marked, asked for at the status that requires them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.forms.commands import add_field, add_section
from plugdesk.forms.models import Form
from plugdesk.tickets.models import Ticket
from plugdesk.users.commands import remove_form_agent
from tests.factories import make_agent, make_form, make_ticket

if TYPE_CHECKING:
    from webtest import TestApp

    from plugdesk.forms.models import Desk
    from plugdesk.users.models import User

Browse = Callable[["User"], "TestApp"]


@pytest.fixture
def form(desk: Desk, session: Session) -> Form:
    form = make_form(session, name="Repairs")
    add_field(session, form, label="Device", kind="choice", choices=["Till", "Program"], required=True, by=None)
    add_section(session, form, title="Of tills", by=None, visible_when={"fact": "field.device", "is": "till"})
    add_field(session, form, label="Serial", kind="text", section="of_tills", required=True, by=None)
    add_field(session, form, label="Cost", kind="number", agent_only=True, required_from="done", readonly_from="closed", by=None)
    session.commit()
    return form


@pytest.fixture
def browser(browse: Browse, form: Form, session: Session) -> TestApp:
    anna = make_agent(session, form, name="Anna")
    session.commit()
    return browse(anna)


@pytest.fixture
def ticket(form: Form, session: Session) -> Ticket:
    ticket = make_ticket(session, form)
    session.commit()
    return ticket


def form_at(page: Any, action: str) -> Any:
    return next(each for each in page.forms.values() if each.action == action)


def test_what_is_missing_is_marked_on_the_ticket(browser: TestApp, ticket: Ticket) -> None:
    panel = browser.get(f"/tickets/{ticket.number}").html.find(id="panel-fields").text
    assert "Missing" in panel
    assert "Serial" not in panel


def test_a_new_ticket_asks_on_as_it_is_answered(browser: TestApp, session: Session) -> None:
    page = form_at(browser.get("/tickets/new"), "/tickets")
    assert "field-serial" not in page.fields
    page["customer"], page["subject"], page["text"], page["field-device"] = "amira@example.org", "Beeps", "It beeps", "till"
    page = form_at(page.submit("asked", value="1"), "/tickets")
    assert (page["text"].value, page["field-device"].value) == ("It beeps", "till")
    refused = page.submit(status=422)
    assert "Fill in “Serial”." in refused.text
    page = form_at(refused, "/tickets")
    page["field-serial"] = "77"
    page.submit(status=303)
    assert session.scalars(sa.select(Ticket)).one().values == {"priority": "normal", "device": "till", "serial": "77"}


def test_the_questions_are_drawn_anew_by_themselves(browser: TestApp, ticket: Ticket, form: Form) -> None:
    page = form_at(browser.get("/tickets/new"), "/tickets")
    sent = {
        "csrf_token": page["csrf_token"].value,
        "asked_id": "new",
        "form": "repairs",
        "field-device-here": "1",
        "field-device": "till",
    }
    assert "Serial" in browser.post("/tickets/fields", sent, headers={"HX-Request": "true"}).text
    del sent["form"]
    assert (
        "Serial"
        in browser.post(
            "/tickets/fields", {**sent, "asked_id": "edit", "ticket": ticket.number}, headers={"HX-Request": "true"}
        ).text
    )
    browser.post("/tickets/fields", {**sent, "asked_id": "edit", "ticket": "999999"}, status=404)
    browser.post("/tickets/fields", {**sent, "asked_id": "<b>"}, status=404)


def test_hidden_fields_are_not_accepted(browser: TestApp, ticket: Ticket, session: Session) -> None:
    page = form_at(browser.get(f"/tickets/{ticket.number}?edit=fields"), f"/tickets/{ticket.number}/fields")
    fields = [*page.submit_fields(), ("field-serial-here", "1"), ("field-serial", "77")]
    browser.post(
        f"/tickets/{ticket.number}/fields",
        [(name, "program" if name == "field-device" else value) for name, value in fields],
        status=303,
    )
    session.expire_all()
    assert (ticket.values["device"], "serial" in ticket.values) == ("program", False)


def test_a_refused_value_comes_back_with_the_reason(browser: TestApp, ticket: Ticket) -> None:
    page = form_at(browser.get(f"/tickets/{ticket.number}"), f"/tickets/{ticket.number}/fields")
    page["field-cost"] = "plenty"
    refused = page.submit(status=422)
    assert "Write a number" in refused.text
    assert form_at(refused, f"/tickets/{ticket.number}/fields")["field-cost"].value == "plenty"


def test_a_status_says_what_it_needs_and_takes_it_right_there(browser: TestApp, ticket: Ticket, session: Session) -> None:
    status = form_at(browser.get(f"/tickets/{ticket.number}"), f"/tickets/{ticket.number}/status")
    refused = browser.post(
        f"/tickets/{ticket.number}/status", {"csrf_token": status["csrf_token"].value, "status": "done"}, status=422
    )
    sheet = refused.html.find(id="status-fields")
    assert "Before “Done”" in sheet.text
    assert "Fill in “Cost”." in sheet.text
    page = next(each for each in refused.forms.values() if "field-cost" in each.fields and "status" in each.fields)
    page["field-cost"], page["field-device"] = "12,5", "program"
    page.submit(status=303)
    session.expire_all()
    assert (ticket.status.code, ticket.values["cost"], ticket.values["device"]) == ("done", 12.5, "program")


def test_what_is_typed_beside_what_is_missing_is_kept(browser: TestApp, ticket: Ticket) -> None:
    status = form_at(browser.get(f"/tickets/{ticket.number}"), f"/tickets/{ticket.number}/status")
    sent = {"csrf_token": status["csrf_token"].value, "status": "done", "field-cost-here": "1", "field-cost": "12"}
    refused = browser.post(f"/tickets/{ticket.number}/status", sent, status=422)
    page = next(each for each in refused.forms.values() if "field-cost" in each.fields and "status" in each.fields)
    assert page["field-cost"].value == "12"


def test_a_read_only_field_is_shown_and_not_sent(browser: TestApp, ticket: Ticket, session: Session) -> None:
    token = form_at(browser.get(f"/tickets/{ticket.number}"), f"/tickets/{ticket.number}/status")["csrf_token"].value
    sent = {"field-cost-here": "1", "field-cost": "12", "field-device-here": "1", "field-device": "program"}
    browser.post(f"/tickets/{ticket.number}/status", {"csrf_token": token, "status": "closed", **sent}, status=303)
    page = form_at(browser.get(f"/tickets/{ticket.number}"), f"/tickets/{ticket.number}/fields")
    assert "field-cost-here" not in page.fields
    refused = browser.post(
        f"/tickets/{ticket.number}/fields", {"csrf_token": token, "field-cost-here": "1", "field-cost": "13"}, status=422
    )
    assert "can no longer be changed in this status" in refused.text


def test_an_answer_that_would_close_without_a_field_is_kept_and_says_why(browser: TestApp, ticket: Ticket) -> None:
    page = form_at(browser.get(f"/tickets/{ticket.number}"), f"/tickets/{ticket.number}/replies")
    sent = [(name, value) for name, value in page.submit_fields() if name not in ("text", "then")]
    refused = browser.post(f"/tickets/{ticket.number}/replies", [*sent, ("text", "All done."), ("then", "done")], status=422)
    assert "Fill in “Cost”." in refused.text
    assert "All done." in refused.text


def test_what_is_asked_on_a_strangers_ticket_is_not_told(browse: Browse, ticket: Ticket, session: Session) -> None:
    stranger = make_agent(session, make_form(session, name="Billing"), name="Olga")
    session.commit()
    other = browse(stranger)
    token = form_at(other.get("/tickets/new"), "/tickets")["csrf_token"].value
    for named in ({"ticket": ticket.number}, {"form": "repairs"}, {"ticket": "999"}):
        other.post("/tickets/fields", {"csrf_token": token, "asked_id": "edit", **named}, status=404)
    sent = {"csrf_token": token, "status": "done", "field-cost-here": "1", "field-cost": "1"}
    other.post(f"/tickets/{ticket.number}/status", sent, status=404)
    session.expire_all()
    assert "cost" not in ticket.values


def test_who_lost_the_form_changes_nothing_by_repeating_old_requests(browse: Browse, form: Form, session: Session) -> None:
    nora = make_agent(session, form, name="Nora", is_admin=True)
    session.commit()
    browser = browse(nora)
    page = form_at(browser.get("/forms/repairs/fields?open=cost"), "/forms/repairs/fields/cost")
    section = form_at(browser.get("/forms/repairs/fields?section=of_tills"), "/forms/repairs/sections/of_tills")
    remove_form_agent(session, form, nora, by=None)
    session.commit()
    page["label"], section["title"] = "Mine", "Mine"
    page.submit(status=404)
    section.submit(status=404)
    browser.post("/forms/repairs/fields/cost/deletion", {"csrf_token": page["csrf_token"].value}, status=404)
    browser.post("/tickets/fields", {"csrf_token": page["csrf_token"].value, "asked_id": "new", "form": "repairs"}, status=404)
    session.expire_all()
    assert (form.field("cost").label, form.sections[0]["title"]) == ("Cost", "Of tills")
