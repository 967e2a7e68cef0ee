"""Answers beside the subject: what stands written already is offered while somebody types."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.testing.desks import ADDRESS
from plugdesk_faq.commands import AnswerInput, write_answer
from plugdesk_faq.looking import LookInput, save_look
from plugdesk_faq.publishing import ArticleInput, set_article
from plugdesk_webform.limits import connection_of, count_look_up
from plugdesk_webform.models import Submission
from tests.plugins.webform.conftest import Visitor

PATH = "/p/support/webform/a-question"


@pytest.fixture
def articles(enable, admin, session):
    """The `ctx` of answers, with an article for everybody, one for agents and a draft, all of them about receipts."""
    faq = enable("faq")
    for title, visibility, state in (
        ("Print a receipt", "public", "published"),
        ("Receipts inside", "agents", "published"),
        ("Receipts later", "public", "draft"),
    ):
        row = write_answer(faq, AnswerInput(title, "<p>Press the receipt key.</p>", shared=True), by=admin)
        set_article(faq, row, ArticleInput(title, visibility=visibility, state=state), by=admin, revision=row.revision)
    session.commit()
    return faq


def offered(visitor, subject, **given):
    return visitor.post(f"{PATH}/answers", {"token": visitor.token(PATH), "subject": subject, **given})


def test_articles_for_everybody_are_offered_and_nothing_is_stored(visitor, request_form, articles, session):
    request_form()
    answer = offered(visitor, "reciept does not print")
    assert answer.json == {"answers": [{"title": "Print a receipt", "url": "/help/print-a-receipt"}]}
    assert "Set-Cookie" not in answer.headers and session.scalars(sa.select(Submission)).all() == []
    assert offered(visitor, "").json == offered(visitor, "\0 zebra").json == {"answers": []}
    page = visitor.get(PATH).text
    assert f'data-answers-url="{PATH}/answers"' in page


def test_where_the_site_has_its_own_address_articles_are_offered_there(visitor, request_form, articles, admin, session):
    request_form()
    save_look(articles, LookInput(base_url="https://help.shop.example/help"), by=admin, version=0)
    session.commit()
    assert offered(visitor, "receipt").json["answers"][0]["url"] == "https://help.shop.example/help/print-a-receipt"


def test_without_articles_nothing_is_offered(visitor, request_form):
    request_form()
    assert offered(visitor, "receipt").json == {"answers": []}


def test_only_a_page_of_the_form_may_ask(visitor, request_form, articles):
    request_form()
    for token in ("", "*", "x" * 300):
        assert offered(visitor, "receipt", token=token).status_code == 422
    assert visitor.browser.get(f"{PATH}/answers", base_url=ADDRESS).status_code == 405


@pytest.mark.parametrize("anonymous", [False, True])
def test_looking_up_is_limited_and_an_anonymous_form_counts_nobody(
    visitor, request_form, webform, session, runtime, monkeypatch, anonymous
):
    monkeypatch.setattr("plugdesk_webform.limits.LOOK_UPS", {False: 3, True: 3})
    row = request_form(anonymous=anonymous)
    for _each in range(3):  # as a request counts, in transactions of their own
        count_look_up(runtime, webform, row, connection_of(webform, visitor.address))
    session.commit()
    assert offered(visitor, "receipt").status_code == 429
    assert offered(Visitor(visitor.browser.application, "198.51.100.9"), "receipt").status_code == (429 if anonymous else 200)
