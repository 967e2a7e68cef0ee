"""Ann's whole way, on her telephone: from the page of a shop on another origin to the answer she reads in the portal, and to her mark."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from plugdesk.forms.models import Form
from plugdesk.plugins.switch import enable_plugin
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import User
from tests.browser.conftest import Desk, Shop
from tests.support.browser import PHONE, accessibility_problems, overflow
from tests.support.company import ADMIN, AGENT, FORM_ADMIN
from tests.support.processes import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.needs("browser"), pytest.mark.one_database]
ANN = "ann@example.com"
WORDS = {
    "en": {
        "more": "Show the questions that follow", "send": "Send the request", "sent": "Your request is sent", "mail": "Look into your mail",
        "ask": "Send me a link", "enter": "Sign in", "mine": "My requests", "new": "New answer", "rate": "Send my mark",
        "mark": "Excellent", "thanks": "Thank you.",
    },
    "ru": {
        "more": "Показать следующие вопросы", "send": "Отправить обращение", "sent": "Обращение отправлено", "mail": "Проверьте почту",
        "ask": "Прислать ссылку", "enter": "Войти", "mine": "Мои запросы", "new": "Новый ответ", "rate": "Отправить оценку",
        "mark": "Отлично", "thanks": "Спасибо.",
    },
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("script", [True, False], ids=["with scripts", "without scripts"])
def test_she_asks_on_the_shops_page_reads_the_answer_in_the_portal_and_rates_it(
    desk: Desk, shop: Shop, language: Any, script: bool
) -> None:
    from playwright.sync_api import expect

    words = WORDS[language]
    with desk.company.runtime.database.write() as session:
        form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
        enable_plugin(session, form, "portal", session.scalars(sa.select(User).where(User.email == ADMIN)).one())
    phone = desk.pages.open(width=PHONE, language=language, script=script)

    def suits_everybody() -> None:
        if script:
            assert accessibility_problems(phone) == []
            assert overflow(phone) <= 0

    phone.goto(f"{shop.address}/script?lang={language}" if script else f"{shop.near}/frame")
    _ask(phone, words, script=script)
    if not script:
        expect(phone.frame_locator("iframe").get_by_role("heading", name=words["mail"])).to_be_visible()
        phone.goto(desk.address + _in_a_letter(desk, r"/p/support/webform/confirmations/[\w-]+"))
        phone.get_by_role("button", name=words["send"]).click()
    asked_in = phone.frame_locator("iframe") if script else phone
    expect(asked_in.get_by_role("heading", name=words["sent"])).to_be_visible()
    suits_everybody()
    with desk.company.runtime.database.read() as session:
        number = session.scalars(sa.select(Ticket.id)).one()

    ivan = desk.sign_in(AGENT)
    ivan.goto(f"{desk.address}/tickets/{number}")
    ivan.get_by_role("button", name="Accept").click()
    ivan.locator("#composer textarea").focus()
    ivan.locator("#composer .edit[role=textbox]").click()
    ivan.keyboard.type("Try the other cable.")
    ivan.keyboard.press("Control+Enter")
    answer = ivan.locator("article", has_text="Try the other cable.")
    expect(answer.locator(".delivery[data-state=sent]")).to_be_visible()

    phone.goto(f"{desk.address}/portal/")
    suits_everybody()
    phone.locator("#f-email").fill(ANN)
    phone.get_by_role("button", name=words["ask"]).click()
    expect(phone.get_by_role("heading", name=words["mail"])).to_be_visible()
    phone.goto(desk.address + _in_a_letter(desk, r"/portal/links/[\w-]+"))
    suits_everybody()
    phone.get_by_role("button", name=words["enter"]).click()
    mine = phone.get_by_role("link", name=re.compile("It beeps twice"))
    expect(mine).to_contain_text(words["new"])
    suits_everybody()
    mine.click()
    expect(phone.locator("ol.thread")).to_contain_text("Try the other cable.")
    suits_everybody()

    ivan.locator("#ticket-head [popovertarget=status-menu]").click()
    ivan.locator("#status-menu").get_by_role("button", name="Done").click()
    phone.goto(desk.address + _in_a_letter(desk, r"/p/support/csat/[^\"\s>]+"))
    suits_everybody()
    phone.get_by_text(words["mark"], exact=True).click()
    phone.locator("[name=comment]").fill("It was the cable.")
    phone.get_by_role("button", name=words["rate"]).click()
    expect(phone.locator("main [role=status]")).to_contain_text(words["thanks"])
    suits_everybody()
    petra = desk.sign_in(FORM_ADMIN)
    petra.goto(f"{desk.address}/tickets/{number}")
    expect(petra.locator("#side")).to_contain_text("It was the cable.")


def _ask(phone: Page, words: dict[str, str], *, script: bool) -> None:
    frame = phone.frame_locator("iframe")
    if script:
        frame.locator("html[data-started]").wait_for(state="attached")
    frame.locator("[name=field-device]").select_option("till")
    if not script:
        frame.get_by_role("button", name=words["more"]).click()
    frame.locator("[name=field-serial]").fill("TW 1042")
    frame.locator("[name=email]").fill(ANN)
    frame.locator("[name=text]").fill("It beeps twice.")
    frame.locator("[name=consent]").check()
    frame.get_by_role("button", name=words["send"]).click()


def _in_a_letter(desk: Desk, pattern: str) -> str:
    """The path that matches, in the last letter to Ann that has one."""

    def found() -> list[str]:
        letters = [letter.get_body(("plain",)) for letter in desk.company.letters(ANN)]
        paths = [re.search(pattern, letter.get_content()) for letter in letters if letter is not None]
        return [each[0] for each in paths if each]

    until(found)
    return found()[-1]
