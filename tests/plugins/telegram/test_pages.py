"""The pages of a form's bots, as its admin sees them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from plugdesk.testing.browser import browser_of
from plugdesk_telegram.bots import read_bot
from plugdesk_telegram.models import OFFICIAL, Bot, Mode
from plugdesk_telegram.webhooks import why_no_webhook

PLACE = "/forms/support/x/telegram/bots"


@pytest.fixture
def visitor(shop, app, admin):
    """Marta, in front of the page of bots."""
    browser = browser_of(app)
    browser.sign_in(admin)
    return browser


def bots(shop):
    with shop.runtime.database.read() as session:
        return [(bot.username, bot.mode, bot.error) for bot in session.scalars(sa.select(Bot).order_by(Bot.id))]


def given(shop, token, **more):
    return {"token": token, "mode": "polling", "api": shop.messenger.address, "own_network": "1", **more}


def test_a_bot_is_added_by_its_token_alone(shop, visitor):
    token = shop.messenger.add_bot("Spare parts", "parts_bot")
    answer = visitor.post(PLACE, data=given(shop, token))
    assert (answer.status_code, [name for name, *_rest in bots(shop)]) == (303, ["shop_bot", "parts_bot"])
    page = visitor.get(PLACE).get_data(as_text=True)
    assert "@parts_bot" in page and token not in page


@pytest.mark.parametrize(
    ("typed", "why"),
    [("nonsense", "Paste the token"), ("7:" + "A" * 35, "does not know this token")],
)
def test_a_token_that_is_none_is_refused_in_words(shop, visitor, typed, why):
    answer = visitor.post(PLACE, data=given(shop, typed))
    assert (answer.status_code, why in answer.get_data(as_text=True), len(bots(shop))) == (422, True, 1)
    assert typed not in answer.get_data(as_text=True)


def test_a_bot_of_another_form_is_refused(shop, visitor, other_form, enable):
    enable("telegram", on=other_form)
    answer = visitor.post("/forms/sales/x/telegram/bots", data=given(shop, shop.token))
    assert (answer.status_code, "belongs to the form “Support” already" in answer.get_data(as_text=True)) == (422, True)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        (None, "public https addresses only"), ("http://desk.example", "public https addresses only"),
        ("https://localhost", "public https addresses only"), ("https://desk.example:444", "443, 80, 88 and 8443"),
        ("https://desk.example", None), ("https://desk.example:8443", None),
    ],
)  # fmt: skip
def test_calls_are_offered_only_where_telegram_can_call(address, why):
    found = why_no_webhook(SimpleNamespace(base_url=address), OFFICIAL)
    assert (found is None) == (why is None) and (why or "") in (found or "")


def test_a_server_of_the_own_network_calls_any_address_of_the_desk():
    assert why_no_webhook(SimpleNamespace(base_url="http://10.0.0.1"), "http://10.0.0.2:8081") is None


def test_the_test_names_the_bot_and_says_that_it_works(shop, visitor):
    visitor.post(f"{PLACE}/1/test")
    assert "The token is that of @shop_bot, Shop. Its messages are fetched from here." in visitor.get(PLACE).get_data(
        as_text=True
    )


def test_the_test_of_a_token_that_was_revoked_says_so(shop, visitor):
    shop.messenger.revoke(shop.token)
    visitor.post(f"{PLACE}/1/test")
    assert "does not know this token any more" in visitor.get(PLACE).get_data(as_text=True)
    assert "does not know this token any more" in bots(shop)[0][2]


def test_the_test_takes_a_webhook_of_somebody_else_back(shop, visitor):
    import urllib.request

    with urllib.request.urlopen(f"{shop.messenger.address}/bot{shop.token}/setWebhook?url=http://127.0.0.1:9/x", timeout=10):
        pass
    shop.work()
    assert "calls another address" in bots(shop)[0][2]
    visitor.post(f"{PLACE}/1/test")
    assert bots(shop)[0][2] is None


def test_a_new_token_is_entered_and_an_empty_one_keeps_the_old(shop, visitor):
    new = shop.messenger.revoke(shop.token)
    assert visitor.post(f"{PLACE}/1", data=given(shop, new)).status_code == 303
    assert visitor.post(f"{PLACE}/1", data=given(shop, "")).status_code == 303
    shop.work()
    assert bots(shop) == [("shop_bot", Mode.POLLING, None)]


def test_a_removed_bot_is_forgotten_and_its_tickets_stay(shop, visitor, ann):
    ann.write(shop.token, "The till beeps")
    shop.work()
    visitor.post(f"{PLACE}/1/removal")
    assert (bots(shop), shop.tickets()) == ([], 1)
    assert visitor.get("/tickets/1").status_code == 200


def test_the_ticket_shows_who_the_customer_is_and_whether_they_can_be_reached(shop, visitor, ann):
    ann.write(shop.token, "The till beeps")
    shop.work()
    page = visitor.get("/tickets/1").get_data(as_text=True)
    assert "By @shop_bot" in page
    ann.block(shop.token)
    shop.work()
    assert "Cannot be reached" in visitor.get("/tickets/1").get_data(as_text=True)


def test_a_customer_who_is_not_on_telegram_is_offered_a_link(shop, visitor, ticket):
    assert "https://t.me/shop_bot?start=" in visitor.get(f"/tickets/{ticket.id}").get_data(as_text=True)


def test_an_update_put_aside_is_shown_and_read_again(shop, visitor, ann):
    from plugdesk.channels.updates import Update, UpdateState

    ann.write(shop.token, "The till beeps")
    shop.work()
    with shop.runtime.database.write() as session:
        update = session.scalars(sa.select(Update)).one()
        update.state, update.problem = UpdateState.ASIDE, "RuntimeError: <no>"
    assert "RuntimeError: &lt;no&gt;" in visitor.get(PLACE).get_data(as_text=True)
    assert visitor.post("/forms/support/x/telegram/updates/1/reading").status_code == 303
    shop.do_jobs()
    assert len([who for who, _text in shop.said() if who == "incoming"]) == 1


def test_an_agent_who_does_not_configure_the_form_sees_none_of_it(shop, app, agent):
    browser = browser_of(app)
    browser.sign_in(agent)
    assert [browser.get(PLACE).status_code, browser.post(f"{PLACE}/1/removal").status_code] == [404, 404]


def test_the_admin_of_a_form_may_not_send_tokens_to_a_server_of_their_own(shop, agent, admin, session):
    ctx = shop.runtime.context("telegram", shop.form(session), session)
    typed = given(shop, shop.token)
    assert [(read.api, read.own_network) for read in (read_bot(ctx, typed, by=by) for by in (agent, admin))] == [
        (OFFICIAL, False), (shop.messenger.address, True)
    ]  # fmt: skip
