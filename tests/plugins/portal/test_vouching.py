"""A site vouches for its customers: by a link or in a frame, with a signed token that counts once, for minutes, and for one address."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from plugdesk.testing.browser import browser_of
from plugdesk.tickets.correspondence import reply_to_ticket
from plugdesk.tickets.models import Message
from plugdesk.users.customers import find_or_create_customer
from plugdesk_portal.tokens import BadToken, read_token
from plugdesk_portal.vouching import renew_secret, save_sites, vouching_now
from tests.plugins.portal.conftest import words_of

DOCS = Path(__file__).parents[3] / "docs" / "administering" / "portal.md"
DESK = "https://desk.example"
SHOP = "https://shop.example"


def example():
    """The function of the manual's example in Python."""
    (code,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.S)
    known: dict[str, Any] = {}
    exec(code, known)  # our own manual
    return known["token_for"]


@pytest.fixture
def vouch(runtime, portal, session, admin, clock, monkeypatch):
    """`vouch("ann@home.example")` is a token the site has signed, by the example of the manual."""
    secret = renew_secret(portal, by=admin, version=0)
    save_sites(portal, f"{SHOP}\nhttps://www.shop.example/", by=admin, version=vouching_now(portal).version)
    session.commit()
    token_for = example()
    monkeypatch.setattr("time.time", lambda: clock.now().timestamp())
    return lambda email="ann@home.example", name="Ann Carter", desk=DESK, key=secret: token_for(desk, key, email, name)


def enter(browser, token, **more):
    return browser.post("/portal/from-site", data={"token": token, **more})


def test_by_the_link_a_customer_is_signed_in_after_seeing_whose_requests_it_shows(app, vouch, ticket, session):
    browser, token = browser_of(app), vouch()
    page = browser.get(f"/portal/from-site?token={token}")
    assert "ann@home.example" in words_of(page) and page.headers["X-Frame-Options"] == "DENY"
    assert browser.get(f"/portal/from-site?token={token}").status_code == 200, "looking uses nothing up"
    assert enter(browser, token).status_code == 303
    assert ticket.subject in words_of(browser.get("/portal/"))
    again = browser_of(app)
    assert enter(again, token).status_code == 404 and again.get("/portal/").status_code == 303
    assert "not valid any more" in words_of(again.get(f"/portal/from-site?token={token}"))


def test_in_a_frame_it_works_without_any_cookie_and_only_listed_sites_show_it(app, vouch, ticket, agent, session, run_jobs):
    reply_to_ticket(session, ticket, agent, body="<p>Try the other cable.</p>")
    run_jobs()
    visitor = app.test_client(use_cookies=False)
    ask = {"base_url": DESK}
    shown = visitor.get(f"/portal/from-site?frame=1&token={(token := vouch())}", **ask)
    assert f"frame-ancestors {SHOP} https://www.shop.example;" in shown.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in shown.headers
    entered = visitor.post("/portal/from-site", data={"token": token, "frame": "1"}, **ask)
    assert entered.status_code == 303 and "plugdesk_customer" not in str(entered.headers)
    index = visitor.get(entered.headers["Location"], **ask)
    (path,) = re.findall(r'href="(/portal/requests/\d+\?_frame=[\w-]+)"', index.get_data(as_text=True))
    request = visitor.get(path, **ask)
    assert "Try the other cable." in words_of(request) and SHOP in request.headers["Content-Security-Policy"]
    assert "portal/profile" not in request.get_data(as_text=True)
    (action,) = re.findall(r'action="(/portal/requests/\d+/replies\?_frame=[\w-]+)"', request.get_data(as_text=True))
    sent = visitor.post(action, data={"text": "It was the cable."}, **ask)
    assert sent.status_code == 303 and "_frame=" in sent.headers["Location"]
    assert session.scalars(sa.select(Message.text).order_by(Message.id.desc())).first() == "It was the cable."
    from_elsewhere = visitor.post(action, data={"text": "Not hers."}, headers={"Origin": "https://evil.example"}, **ask)
    assert from_elsewhere.status_code == 403


def test_a_frame_is_over_after_an_hour_and_its_address_opens_nothing_but_the_requests(app, vouch, ticket, clock, session):
    visitor = app.test_client(use_cookies=False)
    entered = visitor.post("/portal/from-site", data={"token": vouch(), "frame": "1"}, base_url=DESK)
    query = entered.headers["Location"].partition("?")[2]
    assert visitor.get(f"/portal/profile?{query}", base_url=DESK).status_code == 303
    assert visitor.post(f"/portal/profile?{query}", data={"name": "Eve"}, base_url=DESK).status_code == 403
    clock.advance(minutes=61)
    over = visitor.get(f"/portal/?{query}", base_url=DESK)
    assert over.status_code == 403 and "Load the page around it again" in words_of(over)
    assert SHOP in over.headers["Content-Security-Policy"]
    assert visitor.get("/portal/?_frame=guess", base_url=DESK).status_code == 403


def test_what_was_written_in_a_frame_that_is_over_stands_in_the_next_one(app, vouch, ticket, clock):
    visitor = app.test_client(use_cookies=False)

    def request_in_a_frame():
        entered = visitor.post("/portal/from-site", data={"token": vouch(), "frame": "1"}, base_url=DESK)
        return f"/portal/requests/{ticket.number}", entered.headers["Location"].partition("?")[2]

    path, query = request_in_a_frame()
    clock.advance(minutes=61)
    late = visitor.post(f"{path}/replies?{query}", data={"text": "It was the cable."}, base_url=DESK)
    over = visitor.get(late.headers["Location"], base_url=DESK)
    assert over.status_code == 403 and "What you wrote is kept for a day." in words_of(over)
    path, query = request_in_a_frame()
    assert "It was the cable." in visitor.get(f"{path}?{query}", base_url=DESK).get_data(as_text=True)
    unknown = visitor.post(f"{path}/replies?_frame=frame-guess", data={"text": "And now?"}, base_url=DESK)
    assert unknown.status_code == 403 and "Copy what you wrote" in words_of(unknown) and "And now?" in words_of(unknown)
    assert SHOP in unknown.headers["Content-Security-Policy"]


def test_what_stands_in_a_frames_address_is_no_cookie_and_what_lies_in_a_cookie_no_address(app, vouch, ann, ticket, session):
    entered = app.test_client(use_cookies=False).post("/portal/from-site", data={"token": vouch(), "frame": "1"}, base_url=DESK)
    (token,) = re.findall(r"_frame=([\w-]+)", entered.headers["Location"])
    thief = app.test_client()
    thief.set_cookie("__Host-plugdesk_customer", token, domain="desk.example", secure=True)
    for path in ("/portal/", "/portal/profile"):
        assert thief.get(path, base_url=DESK).status_code == 303, path
    own = ann.get_cookie("__Host-plugdesk_customer", "desk.example").value
    assert app.test_client().get(f"/portal/?_frame={own}").status_code == 403


def test_in_a_frame_the_cookie_of_another_customer_in_that_browser_means_nothing(app, vouch, ann, ticket, session):
    bob = find_or_create_customer(session, channel="email", value="bob@home.example", name="Bob Stone")
    session.commit()
    entered = enter(ann, vouch("bob@home.example", bob.name), frame="1")
    framed = ann.get(entered.headers["Location"])
    assert "No request yet" in words_of(framed) and ticket.subject not in words_of(framed)
    assert ticket.subject in words_of(ann.get("/portal/")), "hers goes on"


def test_a_new_secret_ends_the_old_one_and_agents_are_not_vouched_for(app, vouch, portal, agent, admin, session):
    old = vouch()
    secret = renew_secret(portal, by=admin, version=vouching_now(portal).version)
    session.commit()
    assert enter(browser_of(app), old).status_code == 404
    assert enter(browser_of(app), vouch("not an address", key=secret)).status_code == 404
    before = enter(browser_of(app), vouch(agent.email, key=secret))
    assert before.status_code == 303, "who answers may ask as well, as a customer of their own"
    assert vouching_now(portal).secret and secret not in vouching_now(portal).secret


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"desk": "https://other.example"}, "aud"),
        ({"key": "another"}, "signature"),
        ({"late": 6}, "over"),
        ({"late": -6}, "five minutes"),
        ({"cut": True}, "signature"),
        ({"none": True}, "algorithm"),
    ],
)
def test_a_token_counts_only_as_it_was_signed_for_this_desk_and_now(vouch, portal, clock, change, why):
    import base64
    import hashlib
    import hmac

    key = portal.unseal(vouching_now(portal).secret, "vouching/secret")
    token = vouch(desk=change.get("desk", DESK), key=change.get("key", key))
    if change.get("cut"):
        token = token[:-4] + ("AAAA" if not token.endswith("AAAA") else "BBBB")
    if change.get("none"):
        head = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode() + "." + token.split(".")[1]
        mark = base64.urlsafe_b64encode(hmac.new(key.encode(), head.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
        token = f"{head}.{mark}"
    with pytest.raises(BadToken, match=why):
        read_token(token, key, audience=DESK, now=clock.now() + timedelta(minutes=change.get("late", 0)))


def test_what_is_no_token_is_refused(app, vouch):
    browser = browser_of(app)
    for token in ("", " ", "*", ".", "..", "...", "a.b.c", "é.é.é", "[" * 3000, "x" * 5000):
        assert enter(browser, token).status_code == 404, token


def test_the_page_shows_the_secret_once_and_refuses_what_is_no_site(app, portal, admin, session):
    desk = browser_of(app)
    session.commit()
    desk.sign_in(admin)
    made = desk.post("/x/portal/site/secret", data={"version": "0"})
    assert made.status_code == 200 and "shown this once" in words_of(made)
    (secret,) = re.findall(r"<code class=\"wrap\">([\w-]{43})</code>", made.get_data(as_text=True))
    assert secret not in desk.get("/x/portal/site").get_data(as_text=True)
    assert desk.post("/x/portal/site/secret", data={"version": "0"}).status_code == 409
    wrong = desk.post("/x/portal/site", data={"sites": "https://shop.example/page *", "version": "1"})
    assert wrong.status_code == 422 and "is no site" in words_of(wrong) and "shop.example/page" in wrong.get_data(as_text=True)
    assert desk.post("/x/portal/site", data={"sites": "shop.example", "version": "1"}).status_code == 303


def test_a_frame_stays_in_the_language_the_site_asks_for(app, vouch, ticket):
    visitor, ask = app.test_client(use_cookies=False), {"base_url": DESK}
    shown = visitor.get(f"/portal/from-site?frame=1&lang=ru&token={(token := vouch())}", **ask).get_data(as_text=True)
    (action,) = re.findall(r'action="(/portal/from-site[^"]*)"', shown)
    index = visitor.get(visitor.post(action, data={"token": token, "frame": "1"}, **ask).headers["Location"], **ask)
    page = index.get_data(as_text=True)
    assert "Мои запросы" in page and '<input type="hidden" name="lang" value="ru">' in page
    (path,) = re.findall(r'href="(/portal/requests/\d+\?[^"]+)"', page)
    assert "Ваш ответ" in words_of(visitor.get(path.replace("&amp;", "&"), **ask))


def test_the_script_of_the_frame_names_it_in_the_visitors_language(app, portal):
    script = browser_of(app).get("/portal/embed.js", headers={"Accept-Language": "ru"})
    assert script.mimetype == "text/javascript"
    assert json.dumps("Мои запросы") in script.get_data(as_text=True)
