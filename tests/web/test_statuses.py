"""The page of a form's statuses: what they do by themselves, and the way back from a ticket that follows another."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session
from webtest import TestApp

from plugdesk.forms.commands import change_behaviour, delete_status
from plugdesk.forms.models import Form
from plugdesk.tickets.commands import change_status
from plugdesk.tickets.correspondence import Said, receive_message
from plugdesk.users.models import User
from tests.factories import make_form, make_ticket
from tests.web.test_forms import Browse, form_at

HERE = "/forms/repairs/statuses"


@pytest.fixture
def form(admin: User, session: Session) -> Form:
    form = make_form(session, name="Repairs")
    session.commit()
    return form


@pytest.fixture
def browser(browse: Browse, admin: User) -> TestApp:
    return browse(admin)


def again(session: Session, form: Form) -> Form:
    session.expire_all()
    return session.get_one(Form, form.id)


def test_what_happens_by_itself_is_switched_beside_the_statuses(browser: TestApp, form: Form, session: Session) -> None:
    page = form_at(browser.get(HERE), f"{HERE}/behaviour")
    assert (page["waits_on_reply"].checked, page["resumes_on_message"].checked, page["reopen_days"].value) == (True, True, "30")
    page["waits_on_reply"], page["resumes_on_message"], page["reopen_days"] = False, False, ""
    page.submit(status=303)
    form = again(session, form)
    assert (form.waits_on_reply, form.resumes_on_message, form.reopen_days) == (False, False, None)
    page = form_at(browser.get(HERE), f"{HERE}/behaviour")
    assert (page["waits_on_reply"].checked, page["reopen_days"].value) == (False, "")


def test_the_page_names_the_statuses_that_are_meant(browser: TestApp, form: Form, session: Session) -> None:
    shown = browser.get(HERE).html.find(id="behaviour").text
    assert "puts the ticket into “Waiting for customer”" in shown
    assert "puts it into “In progress”" in shown
    delete_status(session, form, form.status("waiting"), by=None)
    session.commit()
    assert "no status of the kind pending" in browser.get(HERE).html.find(id="behaviour").text


def test_a_number_of_days_that_is_none_comes_back_as_it_was_typed(browser: TestApp, form: Form, session: Session) -> None:
    page = form_at(browser.get(HERE), f"{HERE}/behaviour")
    page["waits_on_reply"], page["reopen_days"] = False, "4000"
    page = form_at(page.submit(status=422), f"{HERE}/behaviour")
    assert (page["waits_on_reply"].checked, page["reopen_days"].value) == (False, "4000")
    assert again(session, form).reopen_days == 30


def test_the_second_of_two_admins_sees_what_the_first_has_saved(browser: TestApp, form: Form, session: Session) -> None:
    page = form_at(browser.get(HERE), f"{HERE}/behaviour")
    change_behaviour(session, form, {"reopen_days": "7"}, by=None)
    session.commit()
    page["reopen_days"] = "14"
    answer = page.submit(status=409)
    rows = [[cell.text for cell in row.find_all("td")] for row in answer.html.find("table", class_="diff").tbody.find_all("tr")]
    assert rows == [["14", "7"]]
    form_at(answer, f"{HERE}/behaviour").submit(status=303)
    assert again(session, form).reopen_days == 14


def test_what_customers_read_is_entered_beside_the_name_and_agents_go_on_reading_the_name(
    browser: TestApp, form: Form, session: Session
) -> None:
    ticket = make_ticket(session, form)
    session.commit()
    page = form_at(browser.get(f"{HERE}?open=new"), f"{HERE}/new")
    page["customer"], page["customer-ru"] = "On its way to us", "Едет к нам"
    page.submit(status=303)
    status = again(session, form).status("new")
    assert status is not None
    assert (status.customers_name_in("en"), status.customers_name_in("ru"), status.name_in("en")) == (
        "On its way to us", "Едет к нам", "New",
    )  # fmt: skip
    assert "The customer reads: On its way to us" in browser.get(HERE).text
    assert form_at(browser.get(f"{HERE}?open=new"), f"{HERE}/new")["customer-ru"].value == "Едет к нам"
    assert "On its way to us" not in browser.get(f"/tickets/{ticket.id}").text


def test_the_colour_of_a_status_is_chosen_and_seen_wherever_its_tickets_are(
    browser: TestApp, form: Form, session: Session
) -> None:
    ticket = make_ticket(session, form)
    session.commit()
    page = form_at(browser.get(f"{HERE}?open=new"), f"{HERE}/new")
    page["tone"] = "teal"
    page.submit(status=303)
    assert form_at(browser.get(f"{HERE}?open=new"), f"{HERE}/new")["tone"].value == "teal"
    for path in (HERE, f"/tickets/{ticket.id}", "/views/new", f"/customers/{ticket.customer_id}"):
        assert browser.get(path).html.find(class_=["status", "toned"], attrs={"data-tone": "teal"}), path


def test_a_ticket_and_the_one_that_follows_it_lead_to_each_other(browser: TestApp, form: Form, session: Session) -> None:
    ticket = make_ticket(session, form)
    change_behaviour(session, form, {"reopen_days": "0"}, by=None)
    change_status(session, ticket, form.status("done"), by=None)
    fresh = receive_message(session, ticket, ticket.customer, said=Said("Again"), channel="email").ticket
    session.commit()
    for one, other in ((ticket.id, fresh.id), (fresh.id, ticket.id)):
        leading = [link for link in browser.get(f"/tickets/{one}").html.find_all("a") if f"ticket {other}" in link.text]
        assert [link["href"] for link in leading] == [f"/tickets/{other}"]


def test_where_a_reply_would_wait_the_agent_may_leave_the_ticket_as_it_is(browser: TestApp, form: Form, session: Session) -> None:
    ticket = make_ticket(session, form)
    change_status(session, ticket, form.status("in_progress"), by=None)
    session.commit()
    page = form_at(browser.get(f"/tickets/{ticket.id}"), f"/tickets/{ticket.id}/replies")
    page["text"] = "It is on its way."
    page.submit("then", value="in_progress", status=303)
    session.expire_all()
    assert ticket.status.code == "in_progress"
    change_behaviour(session, form, {"waits_on_reply": False}, by=None)
    session.commit()
    assert "leave it in" not in browser.get(f"/tickets/{ticket.id}").text


@pytest.mark.parametrize("name", ["Order", "Behaviour"])
def test_no_status_stands_in_the_way_of_the_pages_own_addresses(
    browser: TestApp, form: Form, session: Session, name: str
) -> None:
    page = form_at(browser.get(f"{HERE}?add=1"), HERE)
    page["name"] = name
    page.submit(status=303)
    status = next(each for each in again(session, form).statuses if each.name == name)
    page = form_at(browser.get(f"{HERE}?open={status.code}"), f"{HERE}/{status.code}")
    page["name"] = "Ordered"
    page.submit(status=303)
    assert any(each.name == "Ordered" for each in again(session, form).statuses)
