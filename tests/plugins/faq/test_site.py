"""The site of answers as anybody sees it."""

from __future__ import annotations

import gzip
import json
import re

import pytest
from selectolax.lexbor import LexborHTMLParser

from plugdesk.plugins.switch import disable_plugin, enable_plugin
from plugdesk.testing.browser import browser_of
from plugdesk.testing.desks import ADDRESS
from plugdesk_faq import publishing
from plugdesk_faq.commands import AnswerInput, change_answer
from plugdesk_faq.models import State
from plugdesk_faq.publishing import ArticleInput
from plugdesk_faq.site_models import Missed, OldSlug, Tally, Vote


class Visitor:
    """Somebody on the internet, without cookies."""

    def __init__(self, app, address="203.0.113.7"):
        self.browser, self.address = app.test_client(use_cookies=False), address

    def get(self, path, **given):
        return self.browser.get(path, base_url=ADDRESS, environ_base={"REMOTE_ADDR": self.address}, **given)

    def post(self, path, **typed):
        return self.browser.post(path, data=typed, base_url=ADDRESS, environ_base={"REMOTE_ADDR": self.address})

    def token(self, path):
        return re.search(r'name="token" value="(\w+)"', self.get(path).text)[1]


@pytest.fixture
def visitor(app):
    return Visitor(app)


@pytest.fixture
def published(faq, answer, admin, session):
    """`published("Refunds", "<p>…</p>")` writes an article that is out; `article` holds what it adds, the rest is the answer's."""

    def published(title, body="<p>Your money is on its way.</p>", *, article=(), **about):
        row = answer(title, body, **about)
        given = {"state": State.PUBLISHED, **dict(article)}
        publishing.set_article(faq, row, ArticleInput(title, **given), by=admin, revision=row.revision)
        session.commit()
        return row

    return published


def words(page):
    return " ".join(LexborHTMLParser(page.text).css_first("main").text(separator=" ").split())


def test_the_front_page_shows_search_categories_and_articles_and_sets_no_cookie(visitor, faq, published, admin, session):
    stock = publishing.add_category(faq, {"en": "Stock", "ru": "Склад"}, by=admin)
    published("Counting", article={"category_id": stock.id})
    published("Loose ends")
    published("Privacy", article={"is_page": True})
    page = visitor.get("/help/")
    assert page.status_code == 200 and "Set-Cookie" not in page.headers
    assert "What are you trying to do?" in words(page)
    assert [node.text() for node in LexborHTMLParser(page.text).css(".directory a")] == ["Stock", "Counting", "Loose ends"]
    assert "Privacy" in LexborHTMLParser(page.text).css_first("header").text()
    assert "Склад" in words(visitor.get("/help/?lang=ru"))
    assert "Counting" in words(visitor.get("/help/c/stock"))
    assert visitor.get("/help/c/nothing").status_code == 404


def test_an_article_has_a_table_of_contents_and_is_changed_at_once(visitor, faq, published, admin, session):
    row = published("Refunds", "<h1>First</h1><p>One</p><h3>Second</h3><table><tr><td>x</td></tr></table><h2>First</h2>")
    page = visitor.get("/help/refunds")
    tree = LexborHTMLParser(page.text)
    assert [node.attributes["href"] for node in tree.css(".toc a")] == ["#s-first", "#s-second", "#s-first-2"]
    assert tree.css_first("h2#s-first") and tree.css_first("h3#s-second") and tree.css_first(".scroll table")
    assert [node.text() for node in tree.css("h1")] == ["Refunds"]
    assert visitor.get("/help/refunds", headers={"If-None-Match": page.headers["ETag"]}).status_code == 304
    packed = visitor.get("/help/refunds", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.data).decode() == page.text and len(packed.data) < 30_000
    given = AnswerInput("Refunds", "<p>Quite another text</p>", shared=True)
    change_answer(faq, row, given, by=admin, revision=row.revision)
    session.commit()
    changed = visitor.get("/help/refunds", headers={"If-None-Match": page.headers["ETag"]})
    assert changed.status_code == 200 and "Quite another text" in words(changed)


@pytest.mark.parametrize("state", [State.DRAFT, State.REVIEW])
def test_nothing_of_a_draft_is_seen(visitor, published, state):
    published("Secret plans", "<p>We sell zebras</p>", article={"state": state})
    assert visitor.get("/help/secret-plans").status_code == 404
    for path in ("/help/", "/help/search?q=zebras", "/help/sitemap.xml", "/help/feed.xml"):
        page = visitor.get(path)
        assert page.status_code == 200 and "secret" not in page.text.lower()


def test_agents_read_what_is_for_agents_and_customers_what_is_for_those_signed_in(
    app, visitor, published, agent, customer, session
):
    published("Inside", article={"visibility": "agents"})
    published("Members", article={"visibility": "signed_in"})
    seen = {}
    for name, user in (("agent", agent), ("customer", customer)):
        browser = browser_of(app)
        browser.sign_in(user)
        seen[name] = [browser.get(f"/help/{slug}").status_code for slug in ("inside", "members")]
        page = browser.get("/help/members")
        assert "noindex" in page.text and "private" in page.headers["Cache-Control"]
    assert seen == {"agent": [200, 200], "customer": [404, 200]}
    assert [visitor.get(f"/help/{slug}").status_code for slug in ("inside", "members")] == [404, 404]
    assert "Members" not in visitor.get("/help/").text


def test_an_article_is_there_only_while_the_extension_is_on_for_one_of_its_forms(
    visitor, published, session, form, other_form, admin
):
    published("Here", everywhere=False, form_ids=[form.id])
    published("All over")
    assert visitor.get("/help/here").status_code == 200
    enable_plugin(session, other_form, "faq", by=admin)
    disable_plugin(session, form, "faq", by=admin)
    session.commit()
    assert [visitor.get(f"/help/{slug}").status_code for slug in ("here", "all-over")] == [404, 200]
    disable_plugin(session, other_form, "faq", by=admin)
    session.commit()
    assert visitor.get("/help/").status_code == visitor.get("/help/all-over").status_code == 404


def test_lists_show_the_article_in_the_readers_language_or_the_original(visitor, published):
    english = published("Refunds", "<p>Money</p>", language="en")
    published("Возврат денег", "<p>Деньги</p>", language="ru", original_id=english.id)
    published("Only English", language="en")
    page = visitor.get("/help/?lang=ru")
    assert [node.text() for node in LexborHTMLParser(page.text).css(".directory a")] == ["Возврат денег", "Only English"]
    article = LexborHTMLParser(visitor.get("/help/vozvrat-deneg").text)
    assert article.css_first("html").attributes["lang"] == "ru"
    assert article.css_first('header a[hreflang="en"]').attributes["href"] == "/help/refunds"
    alone = LexborHTMLParser(visitor.get("/help/only-english").text)
    assert alone.css_first('header a[hreflang="ru"]').attributes["href"] == "/help/?lang=ru"


@pytest.mark.parametrize("query", ["refund", "refunds", "refnud", "refuns", "rfeunds", "refu"])
def test_search_finds_other_forms_of_a_word_and_words_with_a_letter_wrong(visitor, published, query):
    published("Refunds", "<p>Your money is on its way.</p>")
    published("Money", "<p>A refund takes three days, dear customer.</p>")
    published("Нет чека", "<p>Возврат без чека</p>")
    tree = LexborHTMLParser(visitor.get("/help/search", query_string={"q": query}).text)
    assert [node.text() for node in tree.css(".list a")] == ["Refunds", "Money"], "what stands in a title goes before"
    assert [node.text() for node in tree.css("mark")] == ["refund"]
    assert "noindex" in tree.html


@pytest.mark.parametrize("query", ["чеками", "чеки", "возварт"])
def test_search_finds_russian_words_in_every_form(visitor, published, query):
    published("Нет чека", "<p>Возврат без чека</p>")
    published("Refunds")
    assert "Нет чека" in words(visitor.get("/help/search", query_string={"q": query}))


def test_who_finds_nothing_or_comes_by_an_old_link_is_led_on(visitor, faq, published, admin, session):
    stock = publishing.add_category(faq, {"en": "Stock", "ru": "Склад"}, by=admin)
    published("Counting", article={"category_id": stock.id})
    published("Loose ends")
    published("Secret plans", article={"state": State.DRAFT, "category_id": stock.id})
    looks = {
        "/help/search?q=Zebra": 200,
        "/help/search": 200,
        "/help/nothing": 404,
        "/help/secret-plans": 404,
        "/help/c/nothing": 404,
    }
    for path, status in looks.items():
        page = visitor.get(path)
        tree = LexborHTMLParser(page.text)
        assert page.status_code == status and "Set-Cookie" not in page.headers, path
        assert [node.text() for node in tree.css(".directory a")] == ["Stock", "Counting", "Loose ends"], path
        assert tree.css_first('form[role="search"] input[name="q"]') and "noindex" in page.text
    assert not LexborHTMLParser(visitor.get("/help/search?q=counting").text).css(".directory")
    russian = visitor.get("/help/nothing?lang=ru")
    assert "Такой статьи нет" in words(russian) and "Склад" in words(russian)


def test_a_search_that_finds_nothing_is_counted_without_telling_by_whom(visitor, published, session):
    published("Refunds")
    page = visitor.get("/help/search?q=Zebra+Crossing")
    assert "Nothing was found for “Zebra Crossing”" in words(page)
    token = re.search(r'data-token="(\w+)"', page.text)[1]
    for typed in ("Zebra Crossing", "zebra  crossing", "refund", "ann@home.example", "call 79161234567"):
        assert visitor.post("/help/search/missed", token=token, q=typed).status_code == 204
    session.expire_all()
    assert [(each.words, each.times) for each in session.query(Missed)] == [("zebra crossing", 2)]
    assert visitor.post("/help/search/missed", token="no", q="zoo").status_code == 422


def test_a_visitor_says_once_a_day_whether_it_helped(app, visitor, published, session):
    row = published("Refunds")
    token = visitor.token("/help/refunds")
    said = visitor.post("/help/refunds/votes", token=token, helpful="no", why="Too\x00 long", q="money back")
    assert said.status_code == 303 and "Set-Cookie" not in said.headers
    assert "We will look it over" in words(visitor.get(said.headers["Location"]))
    assert visitor.post("/help/refunds/votes", token=token, helpful="yes").status_code == 429
    assert Visitor(app, "198.51.100.1").post("/help/refunds/votes", token=token, helpful="yes").status_code == 303
    assert visitor.post("/help/refunds/votes", token="", helpful="yes").status_code == 422
    session.expire_all()
    assert [(each.helpful, each.comment) for each in session.query(Vote)] == [(False, "Too� long"), (True, "")]
    tally = session.get(Tally, row.id)
    assert (tally.helped, tally.failed) == (1, 1) and tally.right_at is not None


def test_readings_and_searches_that_ended_here_are_counted_once_an_hour(visitor, published, session, clock):
    row = published("Refunds")
    token = visitor.token("/help/refunds")
    assert visitor.post("/help/refunds/readings", token=token, q="money").status_code == 204
    assert visitor.post("/help/refunds/readings", token=token).status_code == 429
    session.expire_all()
    tally = session.get(Tally, row.id)
    assert (tally.read, tally.found) == (1, 1)


def test_still_need_help_leads_to_the_request_form_with_what_was_searched_for(visitor, published, enable, admin, session):
    from plugdesk_webform.commands import RequestFormInput, add_request_form, usual_fields

    row = published("Refunds")
    page = visitor.get("/help/refunds?q=money%20%26%20back")
    token = re.search(r'name="token" value="(\w+)"', page.text)[1]
    action = re.search(r'action="(/help/refunds/asking\?q=[^"]*)"', page.text)[1]
    assert "There is no form for questions here" in words(visitor.get("/help/ask"))
    webform = enable("webform")
    add_request_form(webform, RequestFormInput("A question", fields=usual_fields(webform.form)), by=admin)
    session.commit()
    on = visitor.post(action, token=token).headers["Location"]
    there = visitor.get(on).headers["Location"]
    assert 'value="money &amp; back"' in visitor.get(there).text
    session.expire_all()
    assert session.get(Tally, row.id).asked == 1


def test_what_search_engines_read_is_whole_and_escaped(visitor, published):
    published("Why </script><b> & “more”?", "<p>Because &lt;/script&gt; it is</p>")
    page = visitor.get("/help/why-script-b-more")
    tree = LexborHTMLParser(page.text)
    data = json.loads(tree.css_first('script[type="application/ld+json"]').text())
    assert data["mainEntity"][0]["name"] == "Why </script><b> & “more”?"
    url = tree.css_first('link[rel="canonical"]').attributes["href"]
    assert url == f"{ADDRESS}/help/why-script-b-more"
    assert f"<loc>{url}</loc>" in visitor.get("/help/sitemap.xml").text
    feed = visitor.get("/help/feed.xml").text
    assert "Why &lt;/script&gt;&lt;b&gt; &amp; “more”?" in feed and f"<id>{url}</id>" in feed


def test_an_old_address_leads_to_the_article(visitor, published, session):
    row = published("Refunds")
    session.add(OldSlug(slug="money-back", answer_id=row.id))
    session.commit()
    moved = visitor.get("/help/money-back")
    assert (moved.status_code, moved.headers["Location"]) == (301, "/help/refunds")


@pytest.mark.parametrize(
    "path",
    [
        "/help/..;/",
        "/help/..;/tickets",
        "/help/%2e%2e/tickets",
        "/help/..%2f..%2ftickets",
        "/help/%00",
        "/help//a",
        "/Help/",
        "/help;/",
        "/help/refunds/",
    ],
)
def test_no_trick_of_an_address_leads_anywhere(visitor, published, path):
    published("Refunds")
    answer = visitor.get(path)
    assert answer.status_code in (301, 308, 404)
    if answer.status_code != 404:
        assert answer.headers["Location"].startswith(("/help", f"{ADDRESS}/help"))
