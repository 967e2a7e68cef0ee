"""Signing in by a link in a letter, and by a password: one use, ten minutes, and nobody learns who is a customer."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.errors import NotFound
from plugdesk.sessions import SignedSession
from plugdesk.testing.browser import browser_of
from plugdesk.users.customers import set_customers_password
from plugdesk.users.models import Identity
from plugdesk_portal.models import SignInLink
from tests.plugins.portal.conftest import link_in, words_of

ASK = "/portal/sign-in/link"
ANN = {"email": "ann@home.example"}
PASSWORD = "seven green umbrellas"


@pytest.fixture
def asked(phone, ticket, mailbox, run_jobs):
    """The address of the page behind the link Ann has asked for."""
    phone.post(ASK, data=ANN)
    run_jobs()
    return link_in(mailbox.sent[-1])


def sessions(session):
    session.expire_all()
    return session.scalar(sa.select(sa.func.count()).select_from(SignedSession).where(SignedSession.ended_at.is_(None)))


def links(mailbox):
    return [letter for letter in mailbox.sent if letter["Subject"] == "Sign in to Northern Light"]


def test_a_link_in_a_letter_signs_in_and_proves_the_address(phone, asked, session, customer):
    assert words_of(phone.get(asked)).count("ann@home.example") == 1
    answer = phone.post(asked)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/portal/")
    cookie = next(each for each in answer.headers.getlist("Set-Cookie") if each.startswith("__Host-plugdesk_customer="))
    assert "HttpOnly" in cookie and "Secure" in cookie and "SameSite=Lax" in cookie
    assert "The till beeps" in words_of(phone.get("/portal/"))
    session.expire_all()
    assert session.scalars(sa.select(Identity)).one().verified_at is not None


def test_looking_at_the_link_signs_nobody_in_however_often(phone, asked, session):
    before = sessions(session)
    for _ in range(5):
        assert phone.get(asked).status_code == phone.head(asked).status_code == 200
    assert sessions(session) == before
    assert phone.get("/portal/").headers["Location"].startswith("/portal/sign-in")


def test_a_link_works_once_and_for_ten_minutes(app, phone, asked, clock, mailbox, run_jobs):
    assert phone.post(asked).status_code == 303
    assert browser_of(app).post(asked).status_code == browser_of(app).get(asked).status_code == 404
    other = browser_of(app)
    other.post(ASK, data=ANN)
    run_jobs()
    late = link_in(mailbox.sent[-1])
    clock.advance(minutes=11)
    assert other.get(late).status_code == other.post(late).status_code == 404


def test_in_another_browser_the_link_warns_before_it_signs_in(app, phone, asked):
    warning = "asked for in another browser"
    assert warning not in words_of(phone.get(asked))
    assert warning in words_of(browser_of(app).get(asked))


def test_whoever_is_no_customer_gets_the_same_answer_and_no_letter(app, phone, ticket, mailbox, run_jobs, agent, session):
    known, unknown, staff = (
        browser_of(app).post(ASK, data={"email": email}) for email in (ANN["email"], "nobody@home.example", agent.email)
    )
    for answer in (unknown, staff):
        assert (answer.status_code, answer.headers["Location"]) == (known.status_code, known.headers["Location"])
        assert answer.get_data() == known.get_data()
    run_jobs()
    assert [letter["To"] for letter in links(mailbox)] == ["ann@home.example"]
    assert session.scalar(sa.select(sa.func.count()).select_from(SignInLink)) == 1


def test_a_customer_without_a_request_on_forms_with_the_portal_gets_no_letter(phone, customer, mailbox, run_jobs):
    phone.post(ASK, data=ANN)
    run_jobs()
    assert mailbox.sent == []


def test_an_address_is_written_to_three_times_an_hour(app, phone, ticket, mailbox, run_jobs):
    answers = []
    for number in range(100):
        visitor = browser_of(app)
        answers.append(visitor.post(ASK, data=ANN, environ_base={"REMOTE_ADDR": f"203.0.113.{number}"}).status_code)
    run_jobs()
    assert answers == [303] * 3 + [429] * 97
    assert len(links(mailbox)) == 3


def test_what_is_no_address_is_refused_and_kept(phone, mailbox):
    answer = phone.post(ASK, data={"email": "ann at home"})
    assert answer.status_code == 422
    assert 'value="ann at home"' in answer.get_data(as_text=True)


@pytest.mark.parametrize("token", ["%20", "%00", "%25", "*", "a" * 5_000, "%F0%9F%98%80"])
def test_strange_links_lead_nowhere(phone, token):
    assert phone.get(f"/portal/links/{token}").status_code == phone.post(f"/portal/links/{token}").status_code == 404


@pytest.mark.parametrize("path", ["/portal/..;/", "/portal//requests/1", "/portal/%2e%2e/tickets/1", "/portal/requests/%2f1"])
def test_no_odd_path_leads_past_the_sign_in(phone, ticket, path):
    assert phone.get(path, follow_redirects=False).status_code in (303, 308, 404)
    assert "The till beeps" not in phone.get(path, follow_redirects=True).get_data(as_text=True)


def test_an_agent_in_the_same_browser_stays_signed_in_and_is_told_whose_pages_these_are(
    phone, ticket, agent, mailbox, run_jobs, sign_in
):
    phone.sign_in(agent)
    assert "You are signed in as Ada Berg" in words_of(phone.get("/portal/sign-in"))
    sign_in(phone)
    assert phone.get("/portal/").status_code == phone.get(f"/tickets/{ticket.number}").status_code == 200
    phone.post("/portal/sign-out")
    assert phone.get("/portal/").status_code == 303
    assert phone.get(f"/tickets/{ticket.number}").status_code == 200


def test_an_agents_session_opens_no_portal_and_a_customers_no_desk(phone, ann, agent, session):
    from plugdesk.sessions import sign_in

    phone.set_cookie("__Host-plugdesk_customer", sign_in(session, agent), domain="desk.example", secure=True, path="/")
    session.commit()
    assert phone.get("/portal/").status_code == 303


def test_signing_out_everywhere_ends_every_session_of_the_customer(app, ann, sign_in):
    other = sign_in(browser_of(app))
    assert other.get("/portal/").status_code == 200
    ann.post("/portal/sign-out-everywhere")
    assert ann.get("/portal/").status_code == other.get("/portal/").status_code == 303


def test_a_password_works_for_a_proved_address_alone(app, ann, customer, session):
    set_customers_password(session, customer, PASSWORD)
    session.commit()
    browser = browser_of(app)
    assert browser.post("/portal/sign-in", data=ANN | {"password": "something else"}).status_code == 422
    assert browser.post("/portal/sign-in", data=ANN | {"password": PASSWORD}).headers["Location"] == "/portal/"
    assert browser.get("/portal/").status_code == 200
    customer.identities[0].verified_at = None
    session.commit()
    assert browser_of(app).post("/portal/sign-in", data=ANN | {"password": PASSWORD}).status_code == 422


def test_one_is_led_back_to_the_page_one_wanted_and_nowhere_else(app, phone, ticket, mailbox, run_jobs):
    to_sign_in = phone.get(f"/portal/requests/{ticket.number}").headers["Location"]
    assert to_sign_in == f"/portal/sign-in?next=/portal/requests/{ticket.number}"
    phone.post(f"{ASK}?next=/portal/requests/{ticket.number}", data=ANN)
    run_jobs()
    assert phone.post(link_in(mailbox.sent[-1])).headers["Location"] == f"/portal/requests/{ticket.number}"
    other = browser_of(app)
    other.post(f"{ASK}?next=//evil.example", data=ANN)
    run_jobs()
    assert other.post(link_in(mailbox.sent[-1])).headers["Location"] == "/portal/"


def test_of_two_presses_at_the_same_instant_one_signs_in(app, phone, asked, session, runtime):
    from plugdesk_portal.signing import link_behind, use_link

    before = sessions(session)
    token = asked.rpartition("/")[2]
    found = link_behind(runtime.context("portal", runtime.desk(session), session), token)
    assert phone.post(asked).status_code == 303
    with pytest.raises(NotFound):  # read before the first press was stored
        use_link(runtime.context("portal", runtime.desk(session), session), found)
    assert sessions(session) == before + 1


def test_a_link_that_is_over_leads_to_another_one_or_on(app, phone, asked):
    phone.post(asked)
    for answer in (browser_of(app).get(asked), browser_of(app).post(asked)):
        assert answer.status_code == 404 and f'action="{ASK}"' in answer.get_data(as_text=True)
        assert "This link is not valid any more" in words_of(answer) and "signed in already" not in words_of(answer)
    again = phone.get(asked)
    assert again.status_code == 404 and "You are signed in already." in words_of(again)
