"""An agent opens a ticket for a customer, with the files they brought."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session
from webtest import Upload

from plugdesk.tickets.attachments import NewFile, add_file
from plugdesk.tickets.models import Attachment
from tests.factories import make_agent, make_form


def test_files_come_with_the_page_or_ahead_of_it_and_a_refusal_keeps_those(desk, browse, session: Session) -> None:
    agent = make_agent(session, make_form(session))
    ahead = add_file(session, NewFile("ahead.txt", b"ahead"), by=agent)
    session.commit()
    browser = browse(agent)
    page = next(each for each in browser.get("/tickets/new").forms.values() if each.action.endswith("/tickets"))
    token = page["csrf_token"].value
    typed = {"csrf_token": token, "form": "support", "customer": "ann@example.org", "text": "It beeps.", "attachment": ahead.key}
    refused = browser.post("/tickets", {**typed, "subject": ""}, status=422)
    assert "ahead.txt" in refused.text
    opened = browser.post("/tickets", {**typed, "subject": "The till", "files": Upload("with.txt", b"with")}, status=303).follow()
    assert "ahead.txt" in opened.text and "with.txt" in opened.text
    session.expire_all()
    assert {each.name for each in session.scalars(sa.select(Attachment)) if each.message_id} == {"ahead.txt", "with.txt"}
