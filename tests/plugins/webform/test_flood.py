"""Who floods a request form is refused before anything is looked at, and nobody else is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plugdesk.app import create_app
from plugdesk_webform.flood import GOES_ON, MINUTE, MOST, Floods, Refusal, floods_of
from tests.plugins.webform.conftest import SHOP, Visitor, words_of, worked

PATH = "/p/support/webform/a-question"
TYPED = {"email": "ann@home.example", "subject": "The till beeps", "text": "All day."}
AT_ONCE = "leave this page open, reload it then"


@pytest.fixture
def one_an_hour(enable, request_form):
    """A request form that takes one request an hour from a connection."""
    enable("webform", per_hour=1)
    return request_form(sites=SHOP)


def flood(visitor, path=PATH, **given):
    """Go on sending until one is refused at once; the body that is sent, and the last answer."""
    visitor.send(path, TYPED, **given)
    token = visitor.token(path)
    body = {"token": token, "work": worked(token), **TYPED}
    answers = [visitor.post(path, body, **given) for _ in range(GOES_ON + 1)]
    assert {each.status_code for each in answers} == {429}
    assert all(TYPED["text"] in each.get_data(as_text=True) for each in answers[:GOES_ON]), "a person reads what they typed"
    return body, answers[-1]


def test_a_flood_is_refused_before_flask_is_asked(visitor, one_an_hour, monkeypatch):
    body, refused = flood(visitor)
    assert AT_ONCE in words_of(refused) and 3590 < int(refused.headers["Retry-After"]) <= 3601
    assert TYPED["text"] not in refused.get_data(as_text=True) and 'href=""' in refused.get_data(as_text=True)
    assert "Nothing was sent Too many requests came from your connection. Try again in 60 minutes." in words_of(refused)
    assert refused.headers["X-Content-Type-Options"] == "nosniff" and "no-store" in refused.headers["Cache-Control"]

    def asked(*_given):
        raise AssertionError("Flask was asked")

    monkeypatch.setattr("flask.Flask.wsgi_app", asked)
    assert visitor.post(PATH, body).status_code == 429
    with pytest.raises(AssertionError, match="Flask was asked"):
        visitor.get(PATH)
    with pytest.raises(AssertionError, match="Flask was asked"):
        Visitor(visitor.browser.application, "198.51.100.9").post(PATH, body)


def test_the_refusal_is_as_light_and_speaks_as_the_frame_of_whoever_reads_it(visitor, one_an_hour):
    body, first = flood(visitor, f"{PATH}?_embed=1&_tone=dark&_lang=ru")
    assert 'lang="ru" data-embedded data-scheme="dark"' in first.get_data(as_text=True)
    for address, said in (
        ("?_embed=1&_tone=dark", 'lang="en" data-embedded data-scheme="dark"'),
        ("?_embed=1&_tone=light&_lang=en", 'lang="en" data-embedded data-scheme="light"'),
        ("?_embed=1&_tone=auto", 'data-scheme="light dark"'),
        ("?_embed=1", 'data-scheme="light"'),
    ):
        refused = visitor.post(f"{PATH}{address}", body).get_data(as_text=True)
        assert said in refused and "_tone" not in refused, address
    assert "data-scheme" not in visitor.post(PATH, body).get_data(as_text=True)


def test_nobody_else_and_no_other_page_is_refused(app, visitor, one_an_hour, request_form):
    request_form("Another")
    flood(visitor)
    assert Visitor(app, "198.51.100.9").send(PATH, TYPED).status_code == 303
    assert visitor.get(PATH).status_code == 200
    other = visitor.send("/p/support/webform/another", TYPED)
    assert other.status_code == 429 and TYPED["text"] in other.get_data(as_text=True), "the same limits, asked the long way"


def test_after_a_minute_the_limits_are_asked_again(visitor, one_an_hour, clock):
    body, _refused = flood(visitor)
    clock.advance(seconds=61)
    again = visitor.post(PATH, body)
    assert again.status_code == 429 and TYPED["text"] in again.get_data(as_text=True)
    clock.advance(hours=1)
    assert visitor.post(PATH, body).status_code == 303


def test_whoever_brings_a_cookie_is_asked_the_long_way(visitor, one_an_hour):
    body, _refused = flood(visitor)
    signed_in = visitor.post(PATH, body, headers={"Cookie": "plugdesk=whatever"})
    assert signed_in.status_code == 429 and TYPED["text"] in signed_in.get_data(as_text=True)


def test_behind_a_proxy_that_is_trusted_the_visitors_address_counts(runtime, one_an_hour, app):
    def post(browser, address, body):
        return Visitor(browser, "10.0.0.1").post(PATH, body, headers={"X-Forwarded-For": address})

    object.__setattr__(runtime.settings, "trusted_proxies", 1)
    behind = create_app(runtime)
    flooding = Visitor(behind, "10.0.0.1")
    body, _refused = flood(flooding, headers={"X-Forwarded-For": "203.0.113.7"})
    assert AT_ONCE in words_of(post(behind, "203.0.113.7", body))
    assert AT_ONCE in words_of(post(behind, "198.51.100.9, 203.0.113.7", body)), "what the sender put before it does not count"
    assert post(behind, "198.51.100.9", body).status_code == 303


def test_without_one_a_forged_address_does_not_count(visitor, one_an_hour):
    body, _refused = flood(visitor)
    assert AT_ONCE in words_of(visitor.post(PATH, body, headers={"X-Forwarded-For": "198.51.100.9"}))


def test_it_is_refused_in_the_visitors_language_and_where_the_form_is_framed(visitor, one_an_hour):
    body, refused = flood(visitor)
    assert f"frame-ancestors {SHOP}" in refused.headers["Content-Security-Policy"] and "X-Frame-Options" not in refused.headers
    for given in ({"headers": {"Accept-Language": "ru"}}, {"query_string": {"_lang": "ru"}}):
        russian = visitor.post(PATH, body, **given)
        assert 'lang="ru"' in russian.get_data(
            as_text=True
        ) and "Слишком много обращений с вашего подключения. Попробуйте снова через 60 минут." in words_of(russian)


def test_of_an_anonymous_form_no_connection_is_remembered(app, enable, request_form, runtime):
    enable("webform", form_per_day=1)
    request_form(anonymous=True)
    flood(Visitor(app))
    assert [connection for _path, connection in floods_of(runtime)._known] == [""]


def test_few_are_remembered_and_for_a_minute(clock):
    floods, now = Floods(), clock.now()
    refusal = Refusal(now + timedelta(hours=1), {("en", ""): b""}, "en", "")
    assert [floods.goes_on(("/", "one"), now) for _ in range(GOES_ON)] == [False] * (GOES_ON - 1) + [True]
    floods.refuse(("/", "one"), refusal, now)
    assert floods.refusal(("/", "one"), now) is refusal and floods.refusal(("/", "one"), now + MINUTE) is None
    for number in range(2 * MOST):
        floods.goes_on(("/", str(number)), now)
    assert len(floods) == MOST and floods.refusal(("/", "one"), now) is None
    floods.goes_on(("/", "late"), now + MINUTE)
    assert len(floods) == 1
    assert not floods.goes_on(("/", "late"), now + 3 * MINUTE), "who comes once a minute does not flood"
