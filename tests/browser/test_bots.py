"""The pages of a form's Telegram bots, in Chromium."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.channels.updates import Update, UpdateState
from plugdesk.forms.models import Form
from plugdesk.plugins.switch import enable_plugin
from plugdesk_telegram.bots import BotInput, Known, add_bot
from plugdesk_telegram.models import Mode
from tests.browser.conftest import Desk
from tests.browser.test_admin_day import LOOKS
from tests.factories import make_customer, make_ticket
from tests.support.browser import accessibility_problems, overflow
from tests.support.company import ADMIN

PLACE = "/forms/support/x/telegram/bots"

pytestmark = [pytest.mark.needs("browser"), pytest.mark.one_database]


@pytest.mark.parametrize(("language", "scheme", "width"), LOOKS)
def test_the_pages_of_bots_are_fit_for_everybody(desk: Desk, language: str, scheme: str, width: int) -> None:
    """Axe finds nothing and nothing is wider than the window: with a bot that works, one that does not, and an update put aside."""
    runtime = desk.company.runtime
    with runtime.database.write() as session:
        form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
        enable_plugin(session, form, "telegram", by=None)
        ctx = runtime.context("telegram", form, session)
        for number, name in ((7, "shop_bot"), (8, "a_bot_with_quite_a_long_name_bot")):
            given = BotInput(f"{number}:{'A' * 35}", Mode.POLLING, "http://127.0.0.1:9", own_network=True)
            bot = add_bot(ctx, given, Known(number, "Shop", name), by=None)
        bot.error = (
            "Another program reads the messages of this bot, too. Stop it, or ask @BotFather for a new token and enter it here."
        )
        session.add(
            Update(
                channel="telegram", form_id=form.id, account=bot.id, external_id="123456789", chat="5", raw='{"update_id": 1}',
                at=runtime.clock.now(), state=UpdateState.ASIDE, tries=5, problem="RuntimeError: no",
            )
        )  # fmt: skip
        ticket = make_ticket(session, form, make_customer(session, name="Ann Smith"))
        session.flush()  # its number
        paths = (PLACE, f"{PLACE}/{bot.id}", f"/tickets/{ticket.id}")
    page = desk.sign_in(ADMIN, language=language, scheme=scheme, width=width)
    found: dict[str, list[str]] = {}
    for path in paths:
        answer = page.goto(desk.address + path)
        assert answer is not None
        assert answer.ok, path
        found[path] = accessibility_problems(page)
        if overflow(page):
            found[path].append(f"{overflow(page)} pixels too wide")
    assert {path: problems for path, problems in found.items() if problems} == {}
