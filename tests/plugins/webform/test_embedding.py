"""A request form on another site: which sites may, what they are told, how light it is, and that nothing else may be framed (X4)."""

from __future__ import annotations

import gzip
import re
from urllib.parse import quote

import pytest
from selectolax.lexbor import LexborHTMLParser

from plugdesk_web.looks import look_variables, read_look
from plugdesk_webform.models import Submission
from tests.plugins.webform.conftest import SHOP, token_in, words_of

PATH = "/p/support/webform/a-question"
LIGHT = 25 * 1024


def ancestors(page):
    return re.search(r"frame-ancestors ([^;]*)", page.headers["Content-Security-Policy"])[1]


def test_only_the_sites_an_admin_names_may_show_the_form_and_nothing_else_of_the_desk(visitor, request_form):
    request_form(sites="shop.example\nhttps://*.club.example:8443/page")
    request_form("Elsewhere")
    allowed = f"{SHOP} https://*.club.example:8443"
    for path in (PATH, f"{PATH}/thanks", f"{PATH}/waiting"):
        page = visitor.get(path)
        assert ancestors(page) == allowed
        assert "X-Frame-Options" not in page.headers
    for path in ("/p/support/webform/elsewhere", "/p/support/webform/", "/sign-in", "/p/support/webform/nothing"):
        page = visitor.get(path)
        assert (ancestors(page), page.headers["X-Frame-Options"]) == ("'none'", "DENY")
    refused = visitor.send(PATH, {"text": ""})
    assert (refused.status_code, ancestors(refused)) == (422, allowed)


def test_where_a_form_is_gone_the_frame_shows_words_and_nothing_to_press(visitor, request_form, session, webform, admin):
    from plugdesk.plugins.switch import disable_plugin

    row = request_form(sites=SHOP)
    row.is_on = False
    session.commit()
    closed = visitor.get(f"{PATH}?_embed=1&_page={SHOP}/contact")
    assert (closed.status_code, ancestors(closed), words_of(closed)) == (
        404,
        SHOP,
        "A question This form is closed at the moment.",
    )
    assert f'data-parent="{SHOP}"' in closed.get_data(as_text=True), "it tells its site how high it is"
    pages = [visitor.get("/p/support/webform/nothing?_embed=1")]
    disable_plugin(session, webform.form, "webform", by=admin)
    session.commit()
    pages.append(visitor.get(f"{PATH}?_embed=1"))
    for page in pages:
        assert (page.status_code, ancestors(page)) == (404, "*") and "X-Frame-Options" not in page.headers
        assert not LexborHTMLParser(page.get_data(as_text=True)).css("main a, button, form, input, iframe")
    assert "There is no such page, or it is not for you." in words_of(pages[1])
    for path in ("/sign-in?_embed=1", "/nothing?_embed=1", "/tickets/1?_embed=1"):
        page = visitor.get(path)
        assert (ancestors(page), page.headers["X-Frame-Options"]) == ("'none'", "DENY")


def test_in_a_frame_it_is_light(visitor, request_form):
    request_form(intro="Tell us what is wrong. " * 20, consent="We keep your data. " * 50, sites=SHOP)
    page = visitor.get(f"{PATH}?_embed=1").get_data(as_text=True)
    own = []
    for part in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
        with visitor.get(part) as answer:
            own.append(answer.get_data())
    assert len(own) == 2
    assert sum(len(gzip.compress(each)) for each in [page.encode(), *own]) < LIGHT


def test_the_ticket_tells_the_page_it_came_from_when_its_site_may_show_the_form(visitor, request_form, session):
    request_form(sites=SHOP)
    for where, kept in ((f"{SHOP}/contact?utm=1#x", (SHOP, f"{SHOP}/contact")), ("https://evil.example/x", ("", ""))):
        token = visitor.token(f"{PATH}?_embed=1&_page={where.replace('#', '%23')}")
        assert (
            visitor.send(f"{PATH}?_embed=1", {"email": "a@b.example", "subject": "x", "text": "y"}, token=token).status_code
            == 303
        )
        found = session.query(Submission).order_by(Submission.id.desc()).first()
        assert (found.site, found.page) == kept


@pytest.mark.parametrize(
    "planted",
    [f"https://evil.example\\@{SHOP[8:]}/x", f"https://user@{SHOP[8:]}/x", f"{SHOP}\\.evil.example/x", f"{SHOP}@evil.example/x"],
)
def test_no_visitor_plants_a_link_to_elsewhere_in_the_agents_panel(visitor, request_form, session, planted):
    request_form(sites=SHOP)
    token = visitor.token(f"{PATH}?_embed=1&_page={quote(planted)}")
    visitor.send(f"{PATH}?_embed=1", {"email": "a@b.example", "subject": "x", "text": "y"}, token=token)
    kept = session.query(Submission).one()
    assert (kept.site, kept.page) == ("", "")


def test_a_frame_tells_its_site_and_no_other_how_high_it_is(visitor, request_form):
    request_form(sites=SHOP)
    said = visitor.get(f"{PATH}?_embed=1", headers={"Referer": f"{SHOP}/"}).get_data(as_text=True)
    assert f'data-parent="{SHOP}"' in said
    for strange in ("https://evil.example/", "https://shop.example.evil.example/", "http://shop.example/"):
        assert "data-parent" not in visitor.get(f"{PATH}?_embed=1", headers={"Referer": strange}).get_data(as_text=True)


def test_a_site_that_is_taken_off_the_list_can_send_no_more(visitor, request_form, session, webform, admin):
    from plugdesk_webform.commands import RequestFormInput, change_request_form

    row = request_form(sites=SHOP)
    token = visitor.token(f"{PATH}?_embed=1", headers={"Referer": f"{SHOP}/"})
    change_request_form(webform, row, RequestFormInput(row.title, fields=row.fields), by=admin, version=row.version)
    session.commit()
    refused = visitor.send(PATH, {"email": "a@b.example", "subject": "x", "text": "y"}, token=token)
    assert refused.status_code == 422
    assert "This site may no longer show the form" in words_of(refused)


def test_a_page_that_was_open_for_more_than_a_day_keeps_its_site(visitor, request_form, session, clock):
    request_form(sites=SHOP)
    token = visitor.token(f"{PATH}?_embed=1&_page={SHOP}/contact")
    clock.advance(hours=25)
    typed = {"email": "a@b.example", "subject": "x", "text": "y"}
    stale = visitor.send(f"{PATH}?_embed=1", typed, token=token)
    assert stale.status_code == 422
    assert "open for too long" in words_of(stale)
    assert f'data-parent="{SHOP}"' in stale.get_data(as_text=True)
    assert visitor.send(f"{PATH}?_embed=1", typed, token=token_in(stale)).status_code == 303
    kept = session.query(Submission).one()
    assert (kept.site, kept.page) == (SHOP, f"{SHOP}/contact")


def test_the_look_is_a_few_variables_or_nothing_of_ours(visitor, request_form):
    request_form(look={"accent": "#ffcc00", "background": "#101010", "text_size": "18", "radius": "0"})
    request_form("Plain", look={"plain": "1"})
    own = visitor.get(PATH).get_data(as_text=True)
    assert "--brand: #ffcc00; --on-brand: #111111; --size: 18px; --round: 0px" in own
    assert "--paper: #101010; --ink: #ffffff; color-scheme: dark" in own
    plain = visitor.get("/p/support/webform/plain").get_data(as_text=True)
    assert "stylesheet" not in plain
    assert "--brand" not in plain


def test_a_look_that_is_none_is_refused_by_name():
    problems: dict[str, str] = {}
    assert read_look({"accent": "red;}", "text_size": "99", "radius": "x"}, problems) == {"plain": False}
    assert problems.keys() == {"accent", "text_size", "radius"}
    assert look_variables({}) == ""


@pytest.mark.parametrize(
    ("said", "scheme"), [("", "light"), ("&_tone=dark", "dark"), ("&_tone=auto", "light dark"), ("&_tone=%22", "light")]
)
def test_a_frame_is_as_light_as_the_page_around_it_says_and_stays_so(visitor, request_form, said, scheme):
    request_form(sites=SHOP)
    page = visitor.get(f"{PATH}?_embed=1{said}").get_data(as_text=True)
    assert f'data-scheme="{scheme}"' in page and f'name="color-scheme" content="{scheme}"' in page
    assert ("_tone" in page) == ("_tone" in said)
    alone = visitor.get(f"{PATH}?_tone=dark").get_data(as_text=True)
    assert "data-scheme" not in alone and 'content="light dark"' in alone, "on its own page it follows its visitor"
