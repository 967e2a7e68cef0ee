"""The list of customers and the card of one: only what the agent may see."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session
from webtest import TestApp

from plugdesk.forms.models import Form
from plugdesk.tickets.correspondence import reply_to_ticket
from plugdesk.users.customers import change_customer
from plugdesk.users.models import User
from tests.factories import make_agent, make_customer, make_form, make_ticket

Browse = Callable[[User], TestApp]


@pytest.fixture
def form(admin: User, session: Session) -> Form:
    return make_form(session, name="Support")


@pytest.fixture
def anna(form: Form, session: Session) -> User:
    return make_agent(session, form, name="Anna")


@pytest.fixture
def amira(form: Form, anna: User, session: Session) -> User:
    amira = make_customer(session, name="Amira Haddad", email="amira@home.example")
    ticket = make_ticket(session, form, amira, subject="The till beeps")
    reply_to_ticket(session, ticket, anna, body="<p>Hello</p>")
    session.commit()
    return amira


def form_at(page, path: str):
    return next(form for form in page.forms.values() if form.action == path)


def test_the_list_finds_part_of_a_name_or_an_address(anna: User, amira: User, browse: Browse) -> None:
    browser = browse(anna)
    assert "Amira Haddad" in browser.get("/customers").text
    assert "Amira Haddad" in browser.get("/customers?q=HADD").text
    assert "Amira Haddad" in browser.get("/customers?q=home.example").text
    assert "Nobody like that" in browser.get("/customers?q=zzz").text


def test_it_pages_by_key(admin: User, browse: Browse, session: Session) -> None:
    for number in range(60):
        make_customer(session, name=f"Customer {number:03}")
    session.commit()
    browser = browse(admin)
    first = browser.get("/customers")
    assert "Customer 049" in first.text
    assert "Customer 050" not in first.text
    assert "Customer 059" in browser.get(first.html.find("a", rel="next")["href"]).text


def test_the_card_tells_who_they_are_and_everything_they_asked(anna: User, amira: User, browse: Browse) -> None:
    page = browse(anna).get(f"/customers/{amira.id}")
    requests = page.html.find(id="requests").text
    assert "The till beeps" in requests
    assert "Anna" in requests
    assert "amira@home.example" in page.html.find(id="contacts").text


def test_the_card_is_edited_and_an_unknown_organization_is_added(
    anna: User, amira: User, browse: Browse, session: Session
) -> None:
    page = form_at(browse(anna).get(f"/customers/{amira.id}?edit=1"), f"/customers/{amira.id}")
    page["name"], page["organization"], page["country"], page["kind"] = "Amira H.", "Leith Goods", "GB", "person"
    page.submit(status=303)
    session.refresh(amira)
    assert (amira.name, amira.organization.name, amira.country) == ("Amira H.", "Leith Goods", "GB")


def test_a_card_that_somebody_changed_meanwhile_is_not_overwritten(
    anna: User, amira: User, browse: Browse, session: Session
) -> None:
    page = form_at(browse(anna).get(f"/customers/{amira.id}?edit=1"), f"/customers/{amira.id}")
    change_customer(session, amira, {"name": "Amira of the colleague"}, by=None)
    session.commit()
    page["name"] = "Amira of mine"
    refused = page.submit(status=409)
    assert "Amira of the colleague" in refused.html.find("table", class_="diff").text
    assert form_at(refused, f"/customers/{amira.id}")["name"].value == "Amira of mine"


def test_a_contact_is_added_and_removed_but_not_anothers(
    anna: User, amira: User, form: Form, browse: Browse, session: Session
) -> None:
    make_customer(session, email="boris@home.example", name="Boris")
    session.commit()
    browser, path = browse(anna), f"/customers/{amira.id}"
    page = form_at(browser.get(path), f"{path}/identities")
    page["value"] = "+44 131 496 0018"
    page.submit(status=303)
    assert "0018" in browser.get(path).text
    page = form_at(browser.get(path), f"{path}/identities")
    page["value"] = "boris@home.example"
    assert "already belongs to Boris" in page.submit(status=409).text
    removals = [each for each in browser.get(path).forms.values() if "/removal" in each.action]
    removals[-1].submit(status=303)
    assert "0018" not in browser.get(path).text


def test_a_customer_of_other_forms_is_not_there(amira: User, browse: Browse, session: Session) -> None:
    boris = make_agent(session, make_form(session, name="Billing"), name="Boris")
    session.commit()
    browser = browse(boris)
    assert "Nobody like that" in browser.get("/customers?q=amira").text
    browser.get(f"/customers/{amira.id}", status=404)
    token = browser.get("/account").forms[0]["csrf_token"].value
    for path in (f"/customers/{amira.id}", f"/customers/{amira.id}/identities"):
        browser.post(path, {"csrf_token": token, "name": "x", "value": "x@x.example"}, status=404)
    assert browser.get("/customers/lookup?q=amira").json == []
    browser.get(f"/customers/{boris.id}", status=404)


def test_the_lookups_answer_as_one_types(anna: User, amira: User, browse: Browse) -> None:
    assert browse(anna).get("/customers/lookup?q=amira").json == [{"value": "amira@home.example", "label": "Amira Haddad"}]
