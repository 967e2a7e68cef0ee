"""Writing articles: the pages of those who may, addresses that change, versions, categories, the look of the site."""

from __future__ import annotations

import pytest

from plugdesk.api import Conflict
from plugdesk.testing.browser import browser_of
from plugdesk_faq.composing import insert
from plugdesk_faq.looking import LookInput, look_now, save_look
from plugdesk_faq.models import Answer, Article, Category
from plugdesk_faq.queries import versions_of
from plugdesk_faq.ready_articles import add_example_articles
from plugdesk_web.api import difference
from tests.support.pages import differences

HOME = "/x/faq/articles"
TYPED = {
    "title": "Where is my money?", "html": "<p>On its way.</p>", "state": "published", "visibility": "public", "where": "all",
    "category": "", "language": "", "slug": "",
}  # fmt: skip


@pytest.fixture
def editor(app, admin, faq):
    browser = browser_of(app)
    browser.sign_in(admin)
    return browser


def write(editor, session, **typed):
    answer = editor.post(HOME, data=TYPED | typed)
    assert answer.status_code == 303, answer.text
    return session.get_one(Answer, int(answer.headers["Location"].rpartition("/")[2]))


def test_an_article_is_written_read_and_found_in_the_list(editor, session):
    assert "No article yet" in editor.get(HOME).text
    row = write(editor, session)
    assert "On its way." in editor.get("/help/where-is-my-money").text
    assert "Where is my money?" in editor.get(f"{HOME}?state=published").text
    assert "Where is my money?" not in editor.get(f"{HOME}?state=draft").text
    assert row.is_shared and row.article.published_at is not None


def test_what_is_wrong_is_said_and_what_was_typed_is_kept(editor, session):
    wrong = TYPED | {"title": " ", "html": "<p>Kept words</p>", "where": "some"}
    refused = editor.post(HOME, data=wrong)
    assert refused.status_code == 422 and "Kept words" in refused.text and "Choose at least one form" in refused.text
    assert session.query(Answer).count() == 0


def test_an_address_that_is_given_up_leads_on_and_can_be_taken_by_another(editor, session):
    row = write(editor, session)
    changed = TYPED | {"slug": "money", "version": str(row.revision)}
    assert editor.post(f"{HOME}/{row.id}", data=changed).status_code == 303
    assert editor.get("/help/where-is-my-money").headers["Location"] == "/help/money"
    write(editor, session, title="Where is my money, again", slug="where-is-my-money")
    assert editor.get("/help/where-is-my-money").status_code == 200


def test_two_editors_never_overwrite_one_another(editor, session):
    row = write(editor, session)
    version = str(row.revision)
    assert editor.post(f"{HOME}/{row.id}", data=TYPED | {"title": "Mine", "version": version}).status_code == 303
    mine = TYPED | {"title": "Late", "html": "<p>On its <b>long</b> way.</p>", "state": "draft", "version": version}
    late = editor.post(f"{HOME}/{row.id}", data=mine)
    assert late.status_code == 409
    assert differences(late.text) == {
        "Title": ("Late", "Mine"), "What it says": ("long ", ""), "State": ("Draft", "Published"), "Address, after /help/": ("—", "where-is-my-money"),
    }  # fmt: skip
    bold = editor.post(
        f"{HOME}/{row.id}", data=TYPED | {"title": "Mine", "html": "<p><b>On</b> its way.</p>", "version": version}
    )
    assert differences(bold.text)["How it looks"] == ("—", "Only how it looks was changed.")


def test_two_who_change_a_category_or_the_look_never_overwrite_one_another(editor, session):
    assert editor.post("/x/faq/categories", data={"name-en": "Stock", "name-ru": "Склад"}).status_code == 303
    row = session.query(Category).one()
    mine = {"version": str(row.revision), "name-en": "Mine", "name-ru": "Склад"}
    assert editor.post(f"/x/faq/categories/{row.id}", data=mine).status_code == 303
    late = editor.post(f"/x/faq/categories/{row.id}", data=mine | {"name-en": "Late"})
    assert late.status_code == 409 and 'value="Late"' in late.text
    assert differences(late.text) == {"Name (English)": ("Late", "Mine")}
    assert editor.post("/x/faq/site", data={"version": "0", "title": "Mine", "accent": "#112233"}).status_code == 303
    late = editor.post("/x/faq/site", data={"version": "0", "title": "Late", "accent": "#112233"})
    assert late.status_code == 409 and differences(late.text) == {"Title": ("Late", "Mine")}


def test_versions_show_what_changed_and_can_be_said_again(editor, session):
    row = write(editor, session)
    editor.post(f"{HOME}/{row.id}", data=TYPED | {"html": "<p>On its long way.</p>", "version": str(row.revision)})
    page = editor.get(f"{HOME}/{row.id}/versions").text
    assert "<ins>long" in page
    session.expire_all()
    first = versions_of(session, row)[-1].number
    restored = editor.post(f"{HOME}/{row.id}/versions/{first}/restoration", data={"version": str(row.revision)})
    assert restored.status_code == 303
    session.expire_all()
    assert row.text == "On its way."
    assert editor.get(f"{HOME}/{row.id}/versions?number=99").status_code == 404


def test_a_difference_is_told_by_words_and_leaves_out_what_is_the_same():
    before = "".join(f"Line {n}\n" for n in range(20))
    pieces = difference(before, before.replace("Line 10", "Row 10"))
    assert [(each.kind, each.text) for each in pieces if each.kind in ("gone", "new")] == [("gone", "Line"), ("new", "Row")]
    assert sum(each.kind == "skipped" for each in pieces) == 2
    assert difference(before, before) == []


def test_categories_are_named_in_both_languages_ordered_and_deleted(editor, session):
    for english, russian in (("Stock", "Склад"), ("Money", "")):
        assert editor.post("/x/faq/categories", data={"name-en": english, "name-ru": russian}).status_code == 303
    assert editor.post("/x/faq/categories", data={"name-en": ""}).status_code == 422
    stock, money = session.query(Category).order_by(Category.position)
    editor.post(f"/x/faq/categories/{money.id}/move", data={"by": "up"})
    row = write(editor, session, category=str(stock.id))
    other = write(editor, session, title="Second", category=str(stock.id))
    editor.post(f"{HOME}/{other.id}/move", data={"by": "up"})
    session.expire_all()
    assert money.position < stock.position
    assert [each.title for each in session.query(Article).order_by(Article.position)] == ["Second", "Where is my money?"]
    assert editor.post(f"{HOME}/order", data={"order": [str(row.id), str(other.id)]}).status_code == 204
    assert editor.post(f"/x/faq/categories/{stock.id}/removal").status_code == 303
    session.expire_all()
    assert row.article.category_id is None


def test_an_agent_without_the_right_writes_none(app, agent, faq, editor, session):
    row = write(editor, session)
    browser = browser_of(app)
    browser.sign_in(agent)
    assert browser.get(HOME).status_code == 404
    assert browser.post(HOME, data=TYPED).status_code == 404
    assert browser.get(f"{HOME}/{row.id}").status_code == 403


def test_the_site_has_a_title_a_logo_colours_and_an_address_of_its_own(editor, session, faq, admin):
    write(editor, session)
    editor.get("/help/")
    png = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
    given = LookInput(
        "Tillwise Help", "Mind the gap", "Tillwise GmbH", "https://help.shop.example/", {"accent": "#aa0033"}, ("l.png", png)
    )
    save_look(faq, given, by=admin, version=look_now(faq).version)
    session.commit()
    page = editor.get("/help/where-is-my-money").text
    for part in (
        "Tillwise Help",
        "Mind the gap",
        "Tillwise GmbH",
        "--brand: #aa0033",
        'href="https://help.shop.example/where-is-my-money"',
    ):
        assert part in page
    row = look_now(faq)
    assert editor.get(f"/help/files/{row.logo}").data == png
    with pytest.raises(Conflict):
        save_look(faq, LookInput("Late"), by=admin, version=0)
    wrong = {"accent": "red", "base_url": "javascript:1", "version": str(row.version), "title": "t" * 81}
    refused = editor.post("/x/faq/site", data=wrong)
    assert refused.status_code == 422
    assert all(each in refused.text for each in ("Write a colour", "Write an address", "At most 80"))


def test_the_examples_are_articles_in_both_languages_once(editor, faq, admin, session):
    for _ in range(2):
        add_example_articles(faq, by=admin)
    session.commit()
    assert session.query(Article).count() == 12
    assert "Print a receipt again" in editor.get("/help/?lang=en").text and "Напечатать чек" in editor.get("/help/?lang=ru").text


def test_links_in_replies_lead_to_the_sites_own_address(editor, session, faq, admin, ticket):
    row = write(editor, session)
    assert f'href="{faq.base_url}/help/where-is-my-money"' in insert(faq, ticket, admin, f"link-{row.id}")
    save_look(faq, LookInput(base_url="https://help.shop.example/help"), by=admin, version=0)
    assert 'href="https://help.shop.example/help/where-is-my-money"' in insert(faq, ticket, admin, f"link-{row.id}")
