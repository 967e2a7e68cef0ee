"""The ways to ask that a page for visitors can offer, whatever extension brings them."""

from __future__ import annotations

from plugdesk.helping import request_form_links, suggest_answers
from plugdesk_webform.commands import RequestFormInput, add_request_form


def test_a_page_learns_where_one_can_ask_with_the_subject_filled_in(session, form, enable, admin, client):
    assert request_form_links(session, form, subject="No receipt") == []
    webform = enable("webform")
    asks = [{"code": "@subject", "must": True}, {"code": "@text", "must": True}]
    add_request_form(webform, RequestFormInput("A question", fields=asks), by=admin)
    add_request_form(webform, RequestFormInput("Вопрос", fields=asks[1:], language="ru"), by=admin)
    off = add_request_form(webform, RequestFormInput("Not now", fields=asks, is_on=False), by=admin)
    session.commit()
    found = request_form_links(session, form, subject="  No\nreceipt & more ", language="en")
    assert [(each.title, each.url) for each in found] == [
        ("A question", f"/p/{form.slug}/webform/a-question?subject=No+receipt+%26+more")
    ]
    assert 'value="No receipt &amp; more"' in client.get(found[0].url).text
    in_russian = request_form_links(session, form, subject="Чек", language="ru")
    assert [each.title for each in in_russian] == ["A question", "Вопрос"]
    assert in_russian[1].url == f"/p/{form.slug}/webform/vopros", "it asks for no subject"
    assert off.title not in {each.title for each in in_russian}


def test_an_archived_form_has_no_way_to_ask(session, form, enable, admin):
    webform = enable("webform")
    add_request_form(webform, RequestFormInput("A question", fields=[{"code": "@text", "must": True}]), by=admin)
    form.archived_at = webform.now
    assert request_form_links(session, form) == []


def test_where_nothing_answers_nothing_is_suggested(session, form):
    assert suggest_answers(session, form, "receipt") == []
    assert suggest_answers(session, form, "  ") == []
