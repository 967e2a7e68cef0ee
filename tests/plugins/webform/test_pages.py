"""The admin's pages of request forms, and what an agent reads on the ticket."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser

from plugdesk.events import Event
from plugdesk.testing.browser import browser_of
from plugdesk.tickets.correspondence import Said, open_ticket
from plugdesk.tickets.models import Ticket
from plugdesk_web.api import Panel
from plugdesk_webform.hooks import pages
from plugdesk_webform.models import Consent, RequestForm
from plugdesk_webform.queries import request_forms
from tests.factories import make_customer
from tests.plugins.webform.conftest import SHOP, words_of
from tests.support.pages import differences

HOME = "/forms/support/x/webform/"
TYPED = {
    "title": "A question", "fields-row": ["@email", "@subject", "@text"], "ask-@email": "1", "must-@email": "1", "ask-@text": "1",
    "is_on": "1", "receipt": "1", "intro": "", "language": "", "consent": "We keep it.", "thanks": "", "leads_to": "", "sites": SHOP,
}  # fmt: skip


def test_an_admin_makes_one_and_finds_its_link_and_code(editor, session, webform):
    assert "No request form yet" in words_of(editor.get(HOME))
    assert editor.get(f"{HOME}forms/new").status_code == 200
    assert editor.post(f"{HOME}forms", data=TYPED).status_code == 303
    (row,) = request_forms(webform)
    assert (row.code, row.sites, row.consent) == ("a-question", [SHOP], 1)
    assert row.fields == [{"code": "@email", "must": True}, {"code": "@text", "must": False}]
    listed = words_of(editor.get(HOME))
    assert "https://desk.example/p/support/webform/a-question" in listed
    assert (
        '<script src="https://desk.example/p/support/webform/embed.js" data-form="a-question" data-title="A question" async></script>'
        in listed
    )


def test_the_code_for_a_site_survives_any_title(editor, request_form):
    title = """A "question" & 'more' <b>"""
    request_form(title)
    page = LexborHTMLParser(editor.get(HOME).get_data(as_text=True))
    script, frame = (LexborHTMLParser(node.text()) for node in page.css("code.command"))
    assert frame.css_first("iframe").attributes["title"] == title
    assert script.css_first("script").attributes["data-title"] == title
    assert script.css_first("script").attributes["data-form"] == "a-question-more-b"


def test_an_admin_is_told_that_browsers_work_over_https_only(editor, request_form, runtime):
    request_form()
    assert "not over HTTPS" not in words_of(editor.get(HOME))
    object.__setattr__(runtime.settings, "base_url", "http://desk.example")
    assert "not over HTTPS" in words_of(editor.get(HOME))
    object.__setattr__(runtime.settings, "base_url", "http://127.0.0.1:8000")
    assert "not over HTTPS" not in words_of(editor.get(HOME))


def test_a_ticket_that_came_otherwise_is_not_asked_for_its_request_form(webform, visitor, request_form, session, form):
    request_form()
    visitor.send("/p/support/webform/a-question", {"email": "a@b.example", "subject": "x", "text": "y"})
    other = open_ticket(session, form, make_customer(session), subject="By phone", said=Said(text="y"), channel="phone")
    session.flush()
    (origin,) = [each for each in pages() if isinstance(each, Panel)]
    wanted = session.scalars(sa.select(Ticket.id).where(origin.concerns(Ticket.__table__.c))).all()
    assert len(wanted) == 1
    assert other.id not in wanted


def test_a_refusal_keeps_what_was_typed_and_names_each_mistake(editor, session):
    wrong = {**TYPED, "title": "", "sites": "*", "accent": "red", "leads_to": "javascript:1", "ask-@email": "", "ask-@text": ""}
    refused = editor.post(f"{HOME}forms", data=wrong)
    assert refused.status_code == 422
    page = refused.get_data(as_text=True)
    for part in ("Give it a title", "is no site", "Write a colour", "Write a web address", "Choose at least one thing"):
        assert part in page
    assert "We keep it." in page
    assert session.scalar(sa.select(sa.func.count()).select_from(RequestForm)) == 0


def test_a_button_moves_a_line_and_stores_nothing(editor, session):
    page = editor.post(f"{HOME}forms", data={**TYPED, "fields-do": "up:@text"}).get_data(as_text=True)
    assert page.index('value="@text"') < page.index('value="@subject"')
    assert session.scalar(sa.select(sa.func.count()).select_from(RequestForm)) == 0


def test_two_admins_at_once_never_overwrite_one_another(editor, request_form, session):
    row = request_form()
    assert editor.post(f"{HOME}forms/{row.id}", data={**TYPED, "title": "Mine", "version": "1"}).status_code == 303
    late = editor.post(f"{HOME}forms/{row.id}", data={**TYPED, "title": "Late", "accent": "#112233", "version": "1"})
    assert late.status_code == 409
    told = differences(late.get_data(as_text=True))
    assert told["Title"] == ("Late", "Mine") and told["Colour of buttons and links"][0] == "#112233" and "It asks for" not in told
    session.expire_all()
    assert session.get(RequestForm, row.id).title == "Mine"


def test_a_text_to_agree_to_is_a_new_version_only_when_it_changes(editor, request_form, session):
    row = request_form(consent="We keep it.")
    for version, text in enumerate(("We keep it.", "We keep it for a year.", "", "We keep it for a year."), start=1):
        session.expire_all()
        given = {**TYPED, "consent": text, "version": str(session.get(RequestForm, row.id).version), "title": f"No. {version}"}
        assert editor.post(f"{HOME}forms/{row.id}", data=given).status_code == 303
    texts = session.execute(sa.select(Consent.number, Consent.text).order_by(Consent.number)).all()
    assert [tuple(each) for each in texts] == [(1, "We keep it."), (2, "We keep it for a year.")]
    session.expire_all()
    assert session.get(RequestForm, row.id).consent == 2


def test_they_are_put_in_order_switched_and_deleted_and_the_journal_says_so(editor, request_form, webform, session):
    first, second = request_form("First"), request_form("Second")
    assert editor.post(f"{HOME}forms/{second.id}/move", data={"by": "up"}).status_code == 303
    session.expire_all()
    assert [row.title for row in request_forms(webform)] == ["Second", "First"]
    assert editor.post(f"{HOME}order", data={"order": [str(first.id), str(second.id)]}).status_code == 204
    assert editor.post(f"{HOME}forms/{first.id}/switch", data={"on": ""}).status_code == 303
    assert editor.post(f"{HOME}forms/{second.id}/removal").status_code == 303
    session.expire_all()
    assert [(row.title, row.is_on) for row in request_forms(webform)] == [("First", False)]
    said = [json.dumps(data) for data in session.scalars(sa.select(Event.data).where(Event.plugin == "webform"))]
    assert any("Second" in each for each in said)


def test_a_preview_shows_one_that_is_off_and_cannot_be_sent(editor, request_form, visitor):
    row = request_form(is_on=False)
    assert visitor.get("/p/support/webform/a-question").status_code == 404
    page = editor.get(f"{HOME}forms/{row.id}/preview")
    assert "This is a preview" in words_of(page)
    assert 'name="token" value=""' in page.get_data(as_text=True)


def test_an_agent_reads_where_a_ticket_came_from_and_that_there_is_no_way_to_answer(app, agent, request_form, visitor, session):
    request_form(consent="We keep it.", fields=[{"code": "@email"}, {"code": "@text"}], sites=SHOP)
    path = f"/p/support/webform/a-question?_embed=1&_page={SHOP}/contact"
    assert visitor.send(path, {"text": "Hello", "consent": "1"}).status_code == 303
    ticket = session.scalars(sa.select(Ticket)).one()
    browser = browser_of(app)
    browser.sign_in(agent)
    page = browser.get(f"/tickets/{ticket.number}")
    words = words_of(page)
    for part in ("Request form", f"{SHOP}/contact", "A question", "Text no. 1", "No way to answer"):
        assert part in words
    assert "There is no way to answer: the customer cannot be reached on any channel of this form." in words


@pytest.mark.parametrize("path", ["", "forms/new"])
def test_nobody_but_the_forms_admins_sees_these_pages(app, agent, request_form, path):
    request_form()
    browser = browser_of(app)
    browser.sign_in(agent)
    assert browser.get(HOME + path).status_code == 404
