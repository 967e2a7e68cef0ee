"""The big list of naughty strings, typed into a request form: no page breaks, none becomes markup, all of it is kept as text."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser

from plugdesk.forms.commands import add_field
from plugdesk.tickets.models import Ticket

PATH = "/p/support/webform/a-question"


def elements(page):
    return len(LexborHTMLParser(page.get_data(as_text=True)).css("*"))


@pytest.mark.needs("corpora")
def test_naughty_strings_in_a_request_form_break_no_page_and_none_becomes_markup(visitor, request_form, session, form, corpora):
    add_field(session, form, kind="text", label="Room", by=None)
    session.commit()
    request_form()
    naughty = [each for each in json.loads((corpora / "blns/blns.json").read_text("utf-8")) if each]
    names = ("name", "email", "subject", "text", "field-room")
    usual = elements(visitor.post(PATH, {"asked": "1", "text": "x", "field-room-here": "1"}))
    for start in range(0, len(naughty), len(names)):
        typed = dict(zip(names, naughty[start:], strict=False))
        shown = visitor.post(PATH, {"asked": "1", "field-room-here": "1", **typed})
        assert (shown.status_code, elements(shown)) == (200, usual), typed
    for each in naughty[::25]:
        assert visitor.get(PATH, query_string={"subject": each, "room": each, "_page": each, "_embed": "1"}).status_code == 200
    everything = "\n".join(naughty)
    typed = {"name": naughty[-1], "email": "ann@home.example", "subject": naughty[20], "text": everything}
    assert visitor.send(PATH, typed).status_code == 303
    kept = session.scalars(sa.select(Ticket)).one().messages[0]
    assert "<script>alert(123)</script>" in kept.text
    assert not LexborHTMLParser(kept.html or "").css("script")
