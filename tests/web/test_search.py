"""One box: words in every form, numbers, `field:value`, customers; and nothing that is not the agent's to see."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session
from webtest import TestApp

from plugdesk.forms.commands import add_field
from plugdesk.forms.models import Form
from plugdesk.tickets.commands import assign, change_status, set_fields
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import User
from tests.factories import make_agent, make_customer, make_form, make_ticket

Browse = Callable[[User], TestApp]


@pytest.fixture
def anna(form: Form, session: Session) -> User:
    return make_agent(session, form, name="Anna", email="anna@desk.example")


@pytest.fixture
def till(form: Form, anna: User, session: Session) -> Ticket:
    amira = make_customer(session, name="Amira Haddad", email="amira@home.example")
    ticket = make_ticket(session, form, amira, subject="Two invoices are wrong", text="The printer prints the счёт twice.")
    session.commit()
    return ticket


@pytest.fixture
def browser(anna: User, till: Ticket, browse: Browse) -> TestApp:
    return browse(anna)


def found(browser: TestApp, q: str) -> bool:
    return "Two invoices are wrong" in browser.get("/search", {"q": q}).html.find(id="results").text


@pytest.mark.parametrize("q", ["invoice", "printing", "счетами", '"invoices are"', "invoi*", "amira", "amira@home.example"])
def test_words_are_found_in_every_form(browser: TestApp, q: str) -> None:
    assert found(browser, q)


@pytest.mark.parametrize("q", ["teapot", "invoice teapot", "invoice -printer"])
def test_other_words_are_not(browser: TestApp, q: str) -> None:
    assert not found(browser, q)


def test_a_number_goes_to_its_ticket(browser: TestApp, till: Ticket) -> None:
    assert browser.get(f"/search?q={till.number}", status=303).location == f"/tickets/{till.number}"
    assert browser.get(f"/search?q=%23{till.number}", status=303)


def test_while_one_types_a_number_is_offered_and_not_gone_to(browser: TestApp, till: Ticket) -> None:
    assert f"Ticket {till.number}" in browser.get(f"/search?q={till.number}", headers={"HX-Request": "true"}, status=200).text


@pytest.mark.parametrize(
    "q",
    ["status:open", "status:new", "form:support", "-form:billing invoice", "assignee:me", "assignee:anna", "customer:haddad",
     "priority:high", "serial:0413", "гарантия:да", "channel:email", "status:Новый", "исполнитель:я"],
)  # fmt: skip
def test_a_field_narrows(anna: User, form: Form, till: Ticket, browse: Browse, session: Session, q: str) -> None:
    make_form(session, name="Billing")
    add_field(session, form, label="Serial", kind="text", by=None)
    add_field(session, form, label="Гарантия", kind="check", by=None)
    code = form.fields[-1].code
    set_fields(session, till, {"priority": "high", "serial": "77-0413", code: True}, by=anna)
    assign(session, till, anna, assignee=anna)
    session.commit()
    assert found(browse(anna), q.replace("гарантия", code))


@pytest.mark.parametrize(
    "q", ["status:closed", "assignee:nobody", "priority:low", "customer:nobody", "form:billing", "priority:nonsense"]
)
def test_another_value_finds_nothing(anna: User, form: Form, till: Ticket, browse: Browse, session: Session, q: str) -> None:
    assign(session, till, anna, assignee=anna)
    set_fields(session, till, {"priority": "high"}, by=anna)
    session.commit()
    assert not found(browse(anna), q)


def test_what_is_done_is_not_open(anna: User, form: Form, till: Ticket, browse: Browse, session: Session) -> None:
    change_status(session, till, form.first_final_status(), by=anna)
    session.commit()
    assert not found(browse(anna), "status:open")
    assert found(browse(anna), "invoice")


def test_a_value_nobody_knows_is_named(browser: TestApp) -> None:
    assert "Nothing is known as priority:nonsense" in browser.get("/search?q=priority:nonsense").text


@pytest.mark.parametrize(
    "q",
    ["' OR 1=1 --", 'customer:"%\' OR \'1\'=\'1"', "status:'", "a\\", '"', "%", "_", "customer:%", "priority:')", "form:x'; DROP TABLE ticket; --",
     "NEAR(a b)", "a AND", "subject: x", "{body}: x", "^", "*", "\x00", "number:99999999999999999999", "assignee:%"],
)  # fmt: skip
def test_signs_that_mean_something_to_databases_mean_nothing(browser: TestApp, q: str) -> None:
    assert not found(browser, q)
    browser.get("/search/palette", {"q": q}, status=200)
    assert found(browser, "invoice")


def test_tickets_and_customers_of_other_forms_are_never_found(till: Ticket, browse: Browse, session: Session) -> None:
    boris = make_agent(session, make_form(session, name="Billing"), name="Boris")
    session.commit()
    browser = browse(boris)
    for q in ("invoice", "amira", "form:support", "status:open", f"number:{till.number}"):
        assert not found(browser, q)
        assert browser.get("/search/palette", {"q": q}).json == {"groups": []}
    assert not found(browser, str(till.number))


def test_the_palette_names_tickets_and_customers(browser: TestApp, till: Ticket) -> None:
    groups = browser.get("/search/palette?q=amira").json["groups"]
    assert [group["title"] for group in groups] == ["Tickets", "Customers"]
    assert groups[0]["items"] == [{"title": "Two invoices are wrong", "url": f"/tickets/{till.number}", "note": str(till.number)}]


def test_before_anything_is_asked_the_page_says_what_it_understands(browser: TestApp) -> None:
    assert "assignee:me" in browser.get("/search").text
