"""Whose session ran out while they wrote loses no word of it, and nobody else reads it."""

from __future__ import annotations

import io
import re

import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser

from plugdesk.tickets.correspondence import Said, open_ticket
from plugdesk.tickets.models import Message
from plugdesk.users.customers import find_or_create_customer
from plugdesk_portal import unsent
from plugdesk_portal.models import Unsent
from tests.plugins.portal.conftest import link_in, words_of

TEXT = "It beeps when the drawer opens."


@pytest.fixture
def write(ann, ticket):
    """`write()` sends the reply Ann has typed."""

    def write(text=TEXT, **more):
        return ann.post(
            f"/portal/requests/{ticket.number}/replies", data={"text": text, **more}, content_type="multipart/form-data"
        )

    return write


def box(browser, ticket):
    """The page of a request, and what stands in the box for replies."""
    page = browser.get(f"/portal/requests/{ticket.number}")
    area = LexborHTMLParser(page.get_data(as_text=True)).css_first('form[action$="/replies"] textarea')
    return words_of(page), area.text().strip()


def test_the_reply_stands_in_its_box_after_signing_in_by_a_link_and_goes_when_it_is_sent(
    ann, ticket, write, clock, session, mailbox, run_jobs
):
    clock.advance(hours=13)
    late = write(files=(io.BytesIO(b"beep"), "till.log"))
    assert (late.status_code, late.headers["Location"]) == (303, f"/portal/sign-in?next=/portal/requests/{ticket.number}")
    shown = ann.get(late.headers["Location"])
    assert "What you wrote is kept for a day" in words_of(shown)
    assert TEXT not in shown.get_data(as_text=True), "whoever sits at the screen now may be somebody else"
    action = re.search(r'action="(/portal/sign-in/link[^"]*)"', shown.get_data(as_text=True))[1]
    ann.post(action, data={"email": "ann@home.example"})
    run_jobs()
    entered = ann.post(link_in(mailbox.sent[-1]))
    assert entered.headers["Location"] == f"/portal/requests/{ticket.number}"
    page, typed = box(ann, ticket)
    assert typed == TEXT and "kept here, but not sent yet" in page and "Choose the files again" in page
    assert session.scalar(sa.select(sa.func.count()).select_from(Message).where(Message.text == TEXT)) == 0
    assert write().status_code == 303
    page, typed = box(ann, ticket)
    assert typed == "" and "kept here" not in page and page.count(TEXT) == 1


def test_nobody_else_reads_it_in_the_same_browser_and_nobody_writes_for_another(
    ann, ticket, form, write, clock, session, sign_in
):
    bob = find_or_create_customer(session, channel="email", value="bob@home.example", name="Bob Stone")
    bobs = open_ticket(session, form, bob, subject="Bobs own affair", said=Said(text="Private."), channel="email")
    clock.advance(hours=13)
    write()
    ann.post(f"/portal/requests/{bobs.number}/replies", data={"text": "For Bob to say."})
    sign_in(ann, "bob@home.example")
    assert ann.get(f"/portal/requests/{ticket.number}").status_code == 404
    assert box(ann, bobs)[1] == ""
    assert [each.user_id for each in session.scalars(sa.select(Unsent))] == [ticket.customer_id]


def test_after_a_sign_out_nothing_is_kept_and_the_words_stand_on_the_page_that_refuses(ann, ticket, write, session, sign_in):
    ann.post("/portal/sign-out")
    refused = write()
    assert refused.status_code == 403 and "You are signed out" in words_of(refused)
    assert session.scalar(sa.select(sa.func.count()).select_from(Unsent)) == 0
    again = LexborHTMLParser(refused.get_data(as_text=True)).css_first("#typed")
    assert again.css_first("textarea").text().strip() == TEXT
    sign_in(ann)
    sent = ann.post(again.attributes["action"], data={"text": TEXT})
    assert sent.status_code == 303 and TEXT in box(ann, ticket)[0]


def test_it_is_kept_for_a_day(ann, portal, ticket, write, clock, session, sign_in):
    clock.advance(hours=13)
    for text in ("First.", "   ", "Second."):
        write(text)
    clock.advance(hours=25)
    assert box(sign_in(ann), ticket)[1] == ""
    unsent.forget_old(portal)
    assert session.scalar(sa.select(sa.func.count()).select_from(Unsent)) == 0
