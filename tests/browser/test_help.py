"""Somebody looks for an answer on her telephone, with scripts off, says that it did not help, and writes to a person."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.forms.models import Form
from plugdesk.plugins.switch import enable_plugin
from plugdesk.users.models import User
from plugdesk_faq.ready_articles import add_example_articles
from plugdesk_faq.site_models import Vote
from plugdesk_webform.commands import RequestFormInput, add_request_form, usual_fields
from tests.support.browser import PHONE, accessibility_problems, overflow
from tests.support.company import ADMIN

pytestmark = [pytest.mark.needs("browser"), pytest.mark.one_database]
WORDS = {
    "en": ("refnud without a receipt", "Search", "Give a refund without the receipt", "Not quite", "Write to us"),
    "ru": ("вернуть денги без чека", "Поиск", "Вернуть деньги без чека", "Не совсем", "Написать нам"),
}


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_visitor_searches_reads_votes_and_writes_to_a_person_without_scripts(desk, language):
    from playwright.sync_api import expect

    runtime = desk.company.runtime
    with runtime.database.write() as session:
        form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
        marta = session.scalars(sa.select(User).where(User.email == ADMIN)).one()
        for plugin in ("faq", "webform"):
            enable_plugin(session, form, plugin, None)
        session.flush()
        add_example_articles(runtime.context("faq", form, session), by=marta)
        webform = runtime.context("webform", form, session)
        add_request_form(webform, RequestFormInput("A question", fields=usual_fields(form, anonymous=False)), by=marta)
    typed, search, title, not_quite, write = WORDS[language]
    phone = desk.pages.open(width=PHONE, language=language, script=False)
    seen = [f"{desk.address}/help/"]
    phone.goto(seen[0])
    phone.locator("[name=q]").fill(typed)
    phone.get_by_role("button", name=search).click()
    seen.append(phone.url)
    phone.get_by_role("link", name=title).click()
    expect(phone.get_by_role("heading", name=title)).to_be_visible()
    article = phone.url
    seen.append(article)
    phone.locator("#why").fill("It says nothing of vouchers")
    phone.get_by_role("button", name=not_quite).click()
    phone.wait_for_url("**/thanks*")
    seen.append(phone.url)
    with runtime.database.read() as session:
        assert [(each.helpful, each.comment) for each in session.scalars(sa.select(Vote))] == [
            (False, "It says nothing of vouchers")
        ]
    phone.goto(article)
    phone.get_by_role("button", name=write).click()
    expect(phone.locator("[name=subject]")).to_have_value(typed)
    assert phone.context.cookies() == []
    scripted = desk.pages.open(width=PHONE, language=language, scheme="dark" if language == "ru" else "light")
    for address in seen:
        scripted.goto(address)
        assert (accessibility_problems(scripted), overflow(scripted) <= 0) == ([], True), address
    scripted.goto(phone.url.partition("?")[0])
    scripted.locator("[name=subject]").fill(typed)
    expect(scripted.locator(".answers").get_by_role("link", name=title)).to_have_attribute("target", "_blank")
    assert (accessibility_problems(scripted), overflow(scripted) <= 0) == ([], True)
