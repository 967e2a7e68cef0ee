"""Ann reads her requests on her telephone: she asks for a link, signs in from the letter, answers with a file, closes and reopens."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa

from plugdesk.forms.models import Form
from plugdesk.plugins.switch import enable_plugin
from plugdesk.tickets.correspondence import Said, open_ticket, reply_to_ticket
from plugdesk.tickets.models import DeliveryState, Message, Ticket
from plugdesk.users.customers import find_or_create_customer
from plugdesk.users.models import User
from tests.browser.conftest import Desk, Shop
from tests.support.browser import PHONE, accessibility_problems, overflow, started
from tests.support.company import AGENT
from tests.support.processes import until

pytestmark = [pytest.mark.needs("browser"), pytest.mark.one_database]
ANN = "ann@example.com"
WORDS = {
    "en": {
        "ask": "Send me a link", "mail": "Look into your mail", "enter": "Sign in", "mine": "My requests", "new": "New answer",
        "send": "Send", "sent": "Your answer is sent.", "close": "This is solved, close it", "reopen": "This is not solved, open it again",
        "profile": "Profile",
    },
    "ru": {
        "ask": "Прислать ссылку", "mail": "Проверьте почту", "enter": "Войти", "mine": "Мои запросы", "new": "Новый ответ",
        "send": "Отправить", "sent": "Ваш ответ отправлен.", "close": "Вопрос решён, закрыть",
        "reopen": "Вопрос не решён, открыть снова", "profile": "Профиль",
    },
}  # fmt: skip


@pytest.fixture
def number(desk: Desk) -> int:
    """Ann's ticket on Support, where the portal is on; Ivan's answer has left."""
    runtime = desk.company.runtime
    with runtime.database.write() as session:
        form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
        ivan = session.scalars(sa.select(User).where(User.email == AGENT)).one()
        enable_plugin(session, form, "portal", None)
        ann = find_or_create_customer(session, channel="email", value=ANN, name="Ann Carter")
        ticket = open_ticket(session, form, ann, subject="The till beeps", said=Said(text="It beeps twice."), channel="email")
        session.flush()  # the ticket's number
        reply_to_ticket(session, ticket, ivan, body="<p>Try the other cable.</p>")
        number = ticket.number

    def has_left() -> bool:
        with runtime.database.read() as session:
            outgoing = sa.select(Message.delivery).where(Message.ticket_id == number, Message.text == "Try the other cable.")
            return session.scalar(outgoing) is DeliveryState.SENT

    until(has_left)
    return number


@pytest.mark.parametrize(("language", "script"), [("en", True), ("ru", False)])
def test_a_customer_signs_in_from_the_letter_answers_closes_and_reopens(
    desk: Desk, number: int, language: Any, script: bool
) -> None:
    from playwright.sync_api import expect

    words = WORDS[language]
    phone = desk.pages.open(width=PHONE, language=language, script=script)

    def suits_everybody() -> None:
        if script:
            assert accessibility_problems(phone) == []
            assert overflow(phone) <= 0

    phone.goto(f"{desk.address}/portal/requests/{number}")
    suits_everybody()
    phone.locator("#f-email").fill(ANN)
    phone.get_by_role("button", name=words["ask"]).click()
    expect(phone.get_by_role("heading", name=words["mail"])).to_be_visible()
    phone.goto(desk.address + _link(desk))
    expect(phone.locator("main")).to_contain_text(ANN)
    suits_everybody()
    phone.get_by_role("button", name=words["enter"]).click()
    expect(phone.locator("main")).to_contain_text("Try the other cable.")
    suits_everybody()
    phone.locator("[name=text]").fill("It was the cable.")
    phone.locator("[name=files]").set_input_files({"name": "till.log", "mimeType": "text/plain", "buffer": b"beep"})
    phone.get_by_role("button", name=words["send"], exact=True).click()
    expect(phone.locator("ol.thread")).to_contain_text("till.log")
    phone.get_by_role("button", name=words["close"]).click()
    phone.get_by_role("button", name=words["reopen"]).click()
    expect(phone.get_by_role("button", name=words["close"])).to_be_visible()
    phone.get_by_role("link", name=words["profile"]).click()
    suits_everybody()
    phone.get_by_role("link", name=words["mine"]).click()
    expect(phone.get_by_role("link", name=re.compile("The till beeps"))).to_be_visible()
    suits_everybody()
    with desk.company.runtime.database.read() as session:
        ticket = session.get_one(Ticket, number)
        said = next(each for each in ticket.messages if each.channel == "portal")
        assert (said.text, [each.name for each in said.attachments], ticket.closed_at) == (
            "It was the cable.",
            ["till.log"],
            None,
        )


def test_in_a_frame_on_the_companys_site_its_customer_reads_and_answers(desk: Desk, section: Shop, number: int) -> None:
    from playwright.sync_api import expect

    phone = desk.pages.open(width=PHONE)
    phone.goto(f"{section.address}/section")
    frame = phone.frame_locator("iframe")
    frame.get_by_role("link", name=re.compile("The till beeps")).click()
    expect(frame.locator("main")).to_contain_text("Try the other cable.")
    frame.locator("[name=text]").fill("It was the cable.")
    frame.get_by_role("button", name="Send", exact=True).click()
    expect(frame.locator("ol.thread")).to_contain_text("It was the cable.")
    assert overflow(phone) <= 0


def test_who_comes_out_of_the_frame_to_ask_is_known_and_the_address_does_not_say_so(desk: Desk, section: Shop) -> None:
    from playwright.sync_api import expect

    desk.pages.expect_error("status of 422")
    phone = desk.pages.open(width=PHONE)
    phone.goto(f"{section.address}/section")
    with phone.context.expect_page() as opened:
        phone.frame_locator("iframe").get_by_role("link", name="New request").click()
    form = started(opened.value)
    expect(form.get_by_text(f"You are signed in. This will be your request: {ANN}", exact=False)).to_be_visible()
    assert form.url == f"{desk.address}/p/support/webform/a-repair"
    assert "_as" not in (form.get_by_role("link", name="Write as somebody else").get_attribute("href") or "_as")
    form.locator("p.foot button").click()
    expect(form.locator(".errors")).to_be_visible()
    form.locator("[name=text]").fill("It beeps twice.")
    form.locator("[name=consent]").check()
    form.locator("p.foot button").click()
    expect(form.locator(".thanks")).to_be_visible()
    with desk.company.runtime.database.read() as session:
        ticket = session.scalars(sa.select(Ticket)).one()
        assert (ticket.customer.address("email"), ticket.excerpt) == (ANN, "It beeps twice.")


def _link(desk: Desk) -> str:
    """The address in the letter that signs Ann in."""

    def links() -> list[str]:
        letters = [letter.get_body(("plain",)) for letter in desk.company.letters(ANN)]
        found = [re.search(r"/portal/links/[\w-]+", letter.get_content()) for letter in letters if letter is not None]
        return [each[0] for each in found if each]

    until(links)
    return links()[-1]
