"""What customers see of a page that is not there: a page of theirs, with the ways on that are open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from plugdesk.testing.browser import browser_of


def links_on(answer: Any) -> list[str | None]:
    page = LexborHTMLParser(answer.get_data(as_text=True))
    return [each.attributes["href"] for each in page.css("#refusal a")]


@pytest.mark.parametrize("path", ["/p/support/csat/never", "/p/nowhere/webform/", "/portal/nothing/here", "/help/nothing/here"])
def test_customers_are_led_to_the_sites_that_are_open_and_never_to_the_agents(app, enable: Callable[..., Any], session, path):
    enable("portal")
    enable("faq")
    session.commit()
    answer = browser_of(app).get(path)
    own = f"/{path.split('/')[1]}/"
    assert answer.status_code == 404 and "Northern Light" in answer.get_data(as_text=True)
    assert set(links_on(answer)) == {"/help/", "/portal/"} and (own == "/p/" or links_on(answer)[0] == own)


def test_of_what_is_off_no_way_is_offered(app, enable: Callable[..., Any], session):
    enable("faq")
    session.commit()
    assert links_on(browser_of(app).get("/portal/")) == ["/help/"]


def test_agents_are_led_to_the_start(app, form, session):
    session.commit()
    assert links_on(browser_of(app).get("/nothing")) == ["/"]
