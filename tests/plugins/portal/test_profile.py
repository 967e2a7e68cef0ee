"""The profile: what a customer changes of themselves, a copy of their data, and the wish to have it deleted."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser

from plugdesk.database import Base
from plugdesk.forms.commands import add_field
from plugdesk.forms.models import FieldKind
from plugdesk.testing.browser import browser_of
from plugdesk.tickets.attachments import NewFile
from plugdesk.tickets.commands import set_fields
from plugdesk.tickets.correspondence import Said, add_note, open_ticket
from plugdesk.tickets.models import Ticket
from plugdesk.users.customers import add_identity, find_or_create_customer
from plugdesk_telegram.bots import BotInput, Known, add_bot
from plugdesk_telegram.models import OFFICIAL, Mode
from tests.factories import make_form
from tests.plugins.portal.conftest import words_of

PASSWORD = "seven green umbrellas"


def copy(browser):
    answer = browser.post("/portal/profile/copy")
    answer.get_data()
    answer.close()  # as servers do
    return answer


def test_name_and_language_are_saved_and_two_at_once_do_not_overwrite_each_other(ann, customer, session):
    version = customer.version
    saved = ann.post("/portal/profile", data={"name": "Ann B. Carter", "language": "ru", "version": version})
    assert saved.status_code == 303
    assert "Профиль" in words_of(ann.get("/portal/profile"))
    late = ann.post("/portal/profile", data={"name": "Ann Late", "language": "en", "version": version})
    assert late.status_code == 409 and "Ann Late" in late.get_data(as_text=True)
    refused = ann.post("/portal/profile", data={"name": " ", "language": "en", "version": ""})
    assert refused.status_code == 422
    session.expire_all()
    assert (customer.name, customer.language) == ("Ann B. Carter", "ru")


def test_a_password_is_set_right_after_signing_in_and_ends_other_sessions(app, ann, sign_in, clock):
    other = sign_in(browser_of(app))
    assert ann.post("/portal/profile/password", data={"password": "short"}).status_code == 422
    assert ann.post("/portal/profile/password", data={"password": PASSWORD}).status_code == 303
    assert ann.get("/portal/").status_code == 200 and other.get("/portal/").status_code == 303
    browser = browser_of(app)
    browser.post("/portal/sign-in", data={"email": "ann@home.example", "password": PASSWORD})
    assert browser.get("/portal/").status_code == 200
    clock.advance(minutes=11)
    assert browser.post("/portal/profile/password", data={"password": "eleven grey herons"}).status_code == 409


def test_a_copy_holds_what_one_may_read_and_nothing_else(ann, ticket, form, customer, session, agent):
    letter = Said(text="With a picture.", files=[NewFile("../till.txt", b"beep")])
    open_ticket(session, form, customer, subject="Another", said=letter, channel="email")
    add_note(session, ticket, agent, body="<p>A difficult one.</p>")
    bob = find_or_create_customer(session, channel="email", value="bob@home.example", name="Bob Stone")
    open_ticket(session, form, bob, subject="Bobs own affair", said=Said(text="Private."), channel="email")
    session.commit()
    answer = copy(ann)
    with zipfile.ZipFile(io.BytesIO(answer.get_data())) as packed:
        told = packed.read("data.json").decode()
        (file,) = [name for name in packed.namelist() if name != "data.json"]
        assert packed.read(file) == b"beep" and ".." not in file
    assert [each["subject"] for each in json.loads(told)["requests"]] == ["Another", ticket.subject]
    assert "A difficult one" not in told and "Bobs own affair" not in told
    assert [copy(ann).status_code for _ in range(5)] == [200] * 4 + [429]


def test_a_copy_is_made_of_a_session_that_only_reads(ann, ticket, monkeypatch):
    """It may take long: a transaction that writes would hold up all the others on SQLite."""
    sessions = []

    def requests_of(ctx, customer):
        sessions.append(ctx.db)
        return []

    monkeypatch.setattr("plugdesk_portal.own.all_requests", requests_of)
    assert copy(ann).status_code == 200
    assert [each.info.get("readonly") for each in sessions] == [True]


def test_page_and_copy_show_what_customers_fill_in_and_not_who_works_here(ann, ticket, form, session, agent):
    kinds = {"Model": FieldKind.TEXT, "Cost": FieldKind.TEXT, "Master": FieldKind.PERSON}
    codes = {
        label: add_field(session, form, kind=kind, label=label, agent_only=label == "Cost", by=None).code
        for label, kind in kinds.items()
    }
    values = {codes["Model"]: "KX-21", codes["Cost"]: "900", codes["Master"]: str(agent.id)}
    set_fields(session, ticket, values, by=agent)
    session.commit()
    page = ann.get(f"/portal/requests/{ticket.number}").get_data(as_text=True)
    with zipfile.ZipFile(io.BytesIO(copy(ann).get_data())) as packed:
        (told,) = json.loads(packed.read("data.json"))["requests"]
    assert "KX-21" in page and told["fields"] == {"Model": "KX-21"}
    assert "Cost" not in page and "Master" not in page and agent.name not in page


def test_the_wish_to_be_forgotten_is_a_request_once_a_day(ann, ticket, session):
    asked = ann.post("/portal/profile/forgetting")
    fresh = session.scalars(sa.select(Ticket).order_by(Ticket.id.desc())).first()
    assert asked.headers["Location"] == f"/portal/requests/{fresh.number}"
    assert (fresh.subject, fresh.channel, fresh.messages[0].channel) == ("Please delete my data", "email", "portal")
    assert ann.post("/portal/profile/forgetting").status_code == 429


@pytest.fixture
def bot(session, enable, form):
    """`bot(form)` switches Telegram on there, with a bot of that name."""

    def bot(form):
        ctx = enable("telegram", on=form)
        number = 100 + form.id
        given = BotInput(f"{number}:{'a' * 35}", Mode.POLLING, OFFICIAL, own_network=False)
        add_bot(ctx, given, Known(number, form.name, f"{form.slug}_bot"), by=None)
        session.commit()

    return bot


def links_to_connect(browser):
    page = LexborHTMLParser(browser.get("/portal/profile").get_data(as_text=True))
    return [(each.text(strip=True), each.attributes["href"].partition("?")[0]) for each in page.css("main a[href*='t.me']")]


def test_the_profile_offers_the_channels_on_which_one_is_not_known_yet(ann, customer, form, bot, enable, session):
    assert links_to_connect(ann) == []
    bot(form)
    assert links_to_connect(ann) == [("Connect Telegram", "https://t.me/support_bot")]
    other = make_form(session, name="Repairs", slug="repairs")
    bot(other)
    assert links_to_connect(ann) == [("Connect Telegram", "https://t.me/support_bot")], "the portal is off there"
    enable("portal", on=other)
    session.commit()
    both = [("Connect Telegram: Support", "https://t.me/support_bot"), ("Connect Telegram: Repairs", "https://t.me/repairs_bot")]
    assert sorted(links_to_connect(ann)) == sorted(both)
    add_identity(session, customer, channel="telegram", value="501", by=None, shown="@ann", verified=True)
    session.commit()
    assert links_to_connect(ann) == []


def test_looking_at_the_links_to_connect_stores_nothing(ann, form, bot, session):
    bot(form)

    def rows():
        return {
            name: session.scalar(sa.select(sa.func.count()).select_from(table)) for name, table in Base.metadata.tables.items()
        }

    before = rows()
    for _again in range(3):
        assert ann.get("/portal/profile").status_code == 200
    assert rows() == before
