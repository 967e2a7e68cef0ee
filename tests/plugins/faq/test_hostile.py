"""The big list of naughty strings typed into the site, and hostile HTML in an article: no page breaks, and nothing in it acts."""

from __future__ import annotations

import json

import pytest
from selectolax.lexbor import LexborHTMLParser

from plugdesk_faq import publishing
from plugdesk_faq.commands import LONGEST_BODY, AnswerInput, change_answer
from plugdesk_faq.publishing import ArticleInput
from tests.core.test_html import harm_in, html_corpora
from tests.plugins.faq.test_site import Visitor

pytestmark = pytest.mark.needs("corpora")


def elements(page):
    return len(LexborHTMLParser(page.text).css("*"))


@pytest.fixture
def visitor(app):
    return Visitor(app)


def test_naughty_strings_in_the_search_break_no_page_and_none_becomes_markup(visitor, faq, corpora):
    usual = elements(visitor.get("/help/search?q=zzzz"))
    for each in json.loads((corpora / "blns/blns.json").read_text("utf-8")):
        page = visitor.get("/help/search", query_string={"q": each, "lang": each})
        words = " ".join(each.split())
        assert (page.status_code, elements(page)) == (200, usual if words else usual - 2), each
    for each in json.loads((corpora / "blns/blns.json").read_text("utf-8"))[::20]:
        assert visitor.get("/help/ask", query_string={"q": each, "about": each}).status_code == 200


def test_hostile_html_in_an_article_acts_on_no_page(visitor, faq, answer, admin, session):
    row = answer("Hostile", "<p>Begin</p>")
    publishing.set_article(faq, row, ArticleInput("Hostile", state="published"), by=admin, revision=row.revision)
    session.commit()
    usual = {
        css: len(LexborHTMLParser(visitor.get("/help/hostile").text).css(css))
        for css in ("script", "link", "meta", "form", "input")
    }
    pieces, batch = [f"<div>{raw}</div>" for _name, raw in html_corpora() if "${" not in raw], "<p>x</p>"
    for each in [*pieces, ""]:
        if each and len(batch) + len(each) < LONGEST_BODY // 2:
            batch += each
            continue
        change_answer(faq, row, AnswerInput("Hostile", batch, shared=True), by=admin, revision=row.revision)
        session.commit()
        page = visitor.get("/help/hostile")
        tree = LexborHTMLParser(page.text)
        assert page.status_code == 200 and {css: len(tree.css(css)) for css in usual} == usual
        assert [harm for harm in harm_in(row.body) if harm != "src"] == []  # an article may show pictures from elsewhere
        batch = f"<p>x</p>{each[:1000]}"
