"""Pictures in articles: kept when one is saved, shown to those who may read it, gone with the last that uses them."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO

import pytest
import sqlalchemy as sa

from plugdesk.api import Invalid, NewFile, add_file
from plugdesk.testing.browser import browser_of
from plugdesk.testing.desks import ADDRESS
from plugdesk.tickets import housekeeping
from plugdesk.tickets.models import Attachment, Content
from plugdesk_faq.commands import AnswerInput, change_answer, delete_answer, write_answer
from plugdesk_faq.composing import insert
from plugdesk_faq.models import Answer, Picture
from plugdesk_faq.writing import restore_version

HOME = "/x/faq/articles"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 24
TYPED = {
    "title": "Till",
    "state": "published",
    "visibility": "public",
    "where": "all",
    "category": "",
    "language": "",
    "slug": "",
}


@pytest.fixture
def editor(app, admin, faq):
    browser = browser_of(app)
    browser.sign_in(admin)
    return browser


@pytest.fixture
def write(editor, session):
    def write(row=None, **typed):
        version = {"version": str(row.revision)} if row else {}
        answer = editor.post(f"{HOME}/{row.id}" if row else HOME, data=TYPED | version | typed)
        assert answer.status_code == 303, answer.text
        session.expire_all()
        return session.get_one(Answer, int(answer.headers["Location"].rpartition("/")[2]))

    return write


def upload(browser, content=PNG, name="till.png"):
    return browser.post("/uploads", data={"file": (BytesIO(content), name)}).json["url"]


def image(url):
    return f'<p>Press this:</p><p><img src="{url}" alt="The red key"></p>'


def of_anybody(app, url):
    return app.test_client(use_cookies=False).get(url, base_url=ADDRESS)


def shown_in(page):
    return re.findall(r'<img src="(/help/pictures/[\w-]+)" alt="The red key">', page.text)


def test_a_picture_is_kept_with_the_article_and_shown_to_anybody_for_long(app, editor, write, session):
    write(html=image(upload(editor)))
    [url] = shown_in(of_anybody(app, "/help/till"))
    got = of_anybody(app, url)
    assert (got.status_code, got.data, got.content_type) == (200, PNG, "image/png")
    assert "immutable" in got.headers["Cache-Control"] and "inline" in got.headers["Content-Disposition"]
    assert of_anybody(app, "/help/pictures/none").status_code == 404
    assert f'src="{url}"' in editor.get(f"{HOME}/{session.scalars(sa.select(Answer)).one().id}").text.replace("&#34;", '"')


@pytest.mark.parametrize("about", [{"state": "draft"}, {"visibility": "agents"}])
def test_a_picture_that_is_not_for_everybody_is_shown_to_agents_alone(app, editor, write, session, about):
    write(html=image(upload(editor)), **about)
    url = f"/help/pictures/{session.scalars(sa.select(Picture.key)).one()}"
    assert of_anybody(app, url).status_code == 404
    shown = editor.get(url)
    assert shown.data == PNG and "no-store" in shown.headers["Cache-Control"]


def test_a_picture_taken_out_is_hidden_and_comes_back_with_its_version(app, editor, write, session, faq, admin):
    row = write(html=image(upload(editor)))
    [url] = shown_in(of_anybody(app, "/help/till"))
    row = write(row, html="<p>Without</p>")
    assert of_anybody(app, url).status_code == 404 and editor.get(url).status_code == 200
    restore_version(faq, row, 2, by=admin, revision=row.revision)
    session.commit()
    assert shown_in(of_anybody(app, "/help/till")) == [url] and of_anybody(app, url).status_code == 200
    assert session.scalar(sa.select(sa.func.count(Picture.id))) == 1


def test_a_translation_gets_a_picture_of_its_own_so_that_either_may_go(app, runtime, editor, write, session, faq, admin, clock):
    first = write(html=image(upload(editor)))
    second = write(html=first.body, title="Касса", slug="kassa", language="ru", original=str(first.id))
    [url] = shown_in(of_anybody(app, "/help/kassa"))
    assert url not in first.body
    clock.advance(timedelta(days=3))
    for row, left in ((first, 200), (second, 404)):
        delete_answer(faq, session.get_one(Answer, row.id), by=admin)
        session.commit()
        with runtime.database.write() as sweeping:
            sweeping.info["checkpoint"] = sweeping.flush
            housekeeping.sweep(runtime.context("core", runtime.desk(sweeping), sweeping, "job"))
        assert of_anybody(app, url).status_code == left
    assert session.scalars(sa.select(Attachment)).all() == [] and session.scalars(sa.select(Content)).all() == []


def test_what_cannot_be_shown_is_refused_and_nothing_is_lost(faq, editor, write, session, admin, agent, app):
    for url, said in (
        (upload(editor, b"%PDF-1.7", "bill.pdf"), "bill.pdf is no picture"),
        (upload(editor, b"<svg xmlns='http://www.w3.org/2000/svg'/>", "x.png"), "x.png is no picture"),
        ("/files/gone", "no longer there"), ("/help/pictures/none", "no longer there"),
    ):  # fmt: skip
        refused = editor.post(HOME, data=TYPED | {"html": image(url)})
        assert refused.status_code == 422 and said in refused.text and url in refused.text
    theirs = add_file(session, NewFile("x.png", PNG), by=agent)
    session.commit()
    with pytest.raises(Invalid):
        write_answer(faq, AnswerInput("Theirs", image(f"/files/{theirs.key}"), shared=True), by=admin)
    many = "".join(image(upload(editor)) for _each in range(51))
    assert "There can be 50 pictures" in editor.post(HOME, data=TYPED | {"html": many}).text
    session.rollback()
    assert session.scalars(sa.select(Picture)).all() == []


def test_a_picture_of_an_answer_one_may_not_read_cannot_be_taken_over(faq, editor, write, session, admin, agent):
    own = write_answer(
        faq, AnswerInput("Own", image(f"/files/{add_file(session, NewFile('x.png', PNG), by=admin).key}")), by=admin
    )
    session.commit()
    taken = AnswerInput("Theirs", own.body)
    with pytest.raises(Invalid):
        write_answer(faq, taken, by=agent)
    change_answer(faq, own, AnswerInput("Own", own.body + "<p>more</p>"), by=admin, revision=own.revision)
    assert len(own.pictures) == 1


def test_in_a_reply_a_picture_becomes_a_link_to_it_or_its_words(faq, editor, write, session, admin, ticket):
    row = write(html=image(upload(editor)))
    asked = ticket
    link = f'<a href="{faq.base_url}/help/pictures/{row.pictures[0].key}">The red key</a>'
    assert link in insert(faq, asked, admin, str(row.id))
    write(row, html=row.body, state="draft")
    assert "[The red key]" in insert(faq, asked, admin, str(row.id))
