"""A customer who is signed in at the portal: a request form knows them, and asks what their contract and organization say."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from plugdesk.forms.commands import add_field
from plugdesk.sessions import end_all_sessions, sign_in
from plugdesk.testing.browser import browser_of
from plugdesk.testing.desks import ADDRESS
from plugdesk.tickets.models import Ticket
from plugdesk.users.customers import add_organization
from plugdesk_contracts.commands import ContractInput, TermsInput, add_contract, set_terms
from plugdesk_contracts.members import add_member
from plugdesk_webform.models import Submission
from plugdesk_webform.writers import PROOF
from tests.factories import make_customer
from tests.plugins.webform.conftest import controls, token_in, words_of, worked

PATH = "/p/support/webform/a-question"
SAID = {"subject": "The till beeps", "text": "It beeps twice."}


@pytest.fixture
def firm(session):
    return add_organization(session, name="Northwind", by=None)


@pytest.fixture
def ann(session, firm):
    """Ann of Northwind."""
    ann = make_customer(session, name="Ann Carter", email="ann@home.example")
    ann.organization = firm
    return ann


@pytest.fixture
def machine(session, form, enable, firm):
    """Those under the contract VIP, which Northwind has, are asked for the machine, and must say; those of Northwind for the rack."""
    vip = add_contract(contracts := enable("contracts"), ContractInput("VIP"), by=None)
    set_terms(contracts, vip, form, TermsInput(None, "", "", []), by=None, version=0)
    add_member(contracts, vip, firm, by=None)
    of_vip = {"fact": "contract", "is": str(vip.id)}
    add_field(session, form, kind="text", label="Machine", required=True, visible_when=of_vip, by=None)
    add_field(
        session, form, kind="text", label="Rack", visible_when={"fact": "customer.organization", "is": "Northwind"}, by=None
    )
    session.commit()


@pytest.fixture
def at_the_portal(app, session):
    """`at_the_portal(ann)` is a browser in which she is signed in."""

    def at_the_portal(customer):
        session.commit()
        browser = browser_of(app)
        browser.set_cookie("__Host-plugdesk_customer", sign_in(session, customer), domain="desk.example", secure=True, path="/")
        session.commit()
        return browser

    return at_the_portal


@pytest.fixture
def hers(request_form, machine, ann, at_the_portal):
    """Her browser; the request form asks for all there is."""
    request_form()
    return at_the_portal(ann)


def proof_in(page):
    found = re.search(rf'name="{PROOF}" value="([^"]*)"', page.get_data(as_text=True))
    return found[1] if found else ""


def fill_in(browser, page, **typed):
    """Send the page, without working for it, as a browser without scripts does."""
    return browser.post(PATH, data={"token": token_in(page), PROOF: proof_in(page), **SAID, **typed})


def test_what_their_contract_and_organization_ask_is_asked_of_who_is_signed_in(hers, visitor, session, ann):
    page = hers.get(PATH)
    assert {"field-machine", "field-rack"} <= controls(page).keys() and controls(page).keys().isdisjoint(("name", "email"))
    assert "This will be your request: Ann Carter, ann@home.example." in words_of(page)
    assert controls(visitor.get(PATH)).keys().isdisjoint(("field-machine", "field-rack"))
    refused = fill_in(hers, page, **{"field-machine-here": "1"})
    assert "Fill in “Machine”" in words_of(refused) and "field-machine" in controls(refused)
    sent = fill_in(
        hers, refused, **{"field-machine-here": "1", "field-machine": "M-7", "field-rack-here": "1", "field-rack": "3"}
    )
    assert sent.status_code == 303, "nobody asks by a letter whether it was her"
    session.expire_all()
    ticket = session.scalars(sa.select(Ticket)).one()
    assert (ticket.customer_id, ticket.values["machine"], ticket.values["rack"]) == (ann.id, "M-7", "3")
    assert session.scalars(sa.select(Submission)).one().signed_in
    assert "Your request is sent" in words_of(hers.get(sent.headers["Location"]))


def test_the_questions_that_follow_know_them_too(hers):
    page = hers.get(PATH)
    followed = hers.post(f"{PATH}/fields", data={"token": token_in(page), PROOF: proof_in(page), **SAID})
    assert {"field-machine", "field-rack"} <= controls(followed).keys() and "email" not in controls(followed)


def test_who_types_their_address_without_signing_in_stays_unknown(visitor, hers, session, ann):
    typed = {**SAID, "name": "Ann", "email": "ann@home.example"}
    assert visitor.send(PATH, {**typed, PROOF: "x"}).status_code == 422, "a proof that proves nothing is not passed over"
    assert visitor.send(PATH, typed).status_code == 303
    session.expire_all()
    assert session.scalars(sa.select(Ticket)).one().values.keys().isdisjoint(("machine", "rack"))


def test_another_form_or_another_site_cannot_send_in_their_name(hers, visitor, request_form, session, ann):
    request_form("Another")
    page = hers.get(PATH)
    moved = hers.post(
        "/p/support/webform/another",
        data={"token": token_in(hers.get("/p/support/webform/another")), PROOF: proof_in(page), **SAID},
    )
    assert moved.status_code == 422
    token = visitor.token(PATH)  # with her cookie, and no proof of what she was shown
    hers.post(PATH, data={"token": token, "work": worked(token), **SAID, "email": "eve@evil.example"})
    session.expire_all()
    assert [each.customer_id == ann.id for each in session.scalars(sa.select(Ticket))] == [False]


def test_who_signs_out_in_another_tab_is_asked_once_more_and_keeps_the_words(hers, session, ann):
    page = hers.get(PATH)
    end_all_sessions(session, ann)
    session.commit()
    refused = fill_in(hers, page, **{"field-machine-here": "1", "field-machine": "M-7"})
    assert refused.status_code == 422 and "You are not signed in any more" in words_of(refused)
    assert controls(refused)["text"] == SAID["text"] and "email" in controls(refused) and not proof_in(refused)
    assert session.scalars(sa.select(Ticket)).all() == []


def test_who_is_signed_in_may_write_as_somebody_else_and_an_anonymous_form_knows_nobody(hers, request_form, session):
    page = hers.get(f"{PATH}?subject=Repair")
    (guest,) = re.findall(rf'<a href="({PATH}\?[^"]*_guest=1)"', page.get_data(as_text=True))
    shown = hers.get(guest.replace("&amp;", "&"))
    assert controls(shown)["subject"] == "Repair" and "email" in controls(shown) and not proof_in(shown)
    assert "_guest=1" in shown.get_data(as_text=True).split('id="request"')[1].split(">")[0], "it stays so after a refusal"
    request_form("Tell us", anonymous=True)
    page = hers.get("/p/support/webform/tell-us")
    assert "Ann" not in words_of(page) and not proof_in(page) and "field-machine" not in controls(page)


def test_a_receipt_to_who_is_signed_in_is_no_letter_to_a_stranger(hers, session, mailbox, run_jobs):
    machine = {"field-machine-here": "1", "field-machine": "M-7"}
    for _each in range(2):
        assert fill_in(hers, hers.get(PATH), **machine).status_code == 303
    run_jobs()
    letters = [each.get_body(("plain",)).get_content() for each in mailbox.sent]
    assert len(letters) == 2, "one letter a day is for addresses that nobody has proved"
    assert all("We have received your request" in each and "given your address" not in each for each in letters)


def test_out_of_the_frame_of_another_site_the_portal_leads_on_with_who_it_is(app, hers, ann, session, enable):
    enable("portal")
    frame = sign_in(session, ann, mark="frame-")
    session.commit()
    visitor = app.test_client(use_cookies=False)
    index = visitor.get(f"/portal/?_frame={frame}", base_url=ADDRESS).get_data(as_text=True)
    (way,) = re.findall(rf'href="({PATH}\?_as=[^"]+)"', index)
    page = visitor.get(way, base_url=ADDRESS)
    assert "field-machine" in controls(page) and "Ann Carter" in words_of(page) and frame not in page.get_data(as_text=True)
    assert "_as=" not in page.get_data(as_text=True), "no link on it carries on who it is"
    token = {"token": token_in(page), PROOF: proof_in(page), "field-machine-here": "1", "field-machine": "M-7"}
    assert visitor.post(PATH, data={**token, **SAID}, base_url=ADDRESS).status_code == 303
    session.expire_all()
    assert session.scalars(sa.select(Ticket)).one().customer_id == ann.id
    assert "Ann" not in words_of(visitor.get(f"/portal/?{way.partition('?')[2]}", base_url=ADDRESS, follow_redirects=True))
