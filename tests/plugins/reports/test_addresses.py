"""Addresses that no page gave: a report answers them in words, and names nobody its reader does not see."""

from __future__ import annotations

import sqlalchemy as sa

from plugdesk.users.customers import add_organization
from plugdesk.users.models import User
from tests.factories import make_customer
from tests.plugins.reports.test_pages import EVERYTHING, listed

SORTS = ("customer", "organization", "assignee", "group", "tag", "channel", "hour", "field:cause", "status", "?")
KEYS = ("", "²", "9" * 30, "²-5", "9" * 30 + "-5", "1-", "1-99", "%00", "<b>")


def test_a_key_that_nothing_has_leads_to_an_empty_list(counted, ada):
    for sort in SORTS:
        for key in KEYS:
            answer = ada.get(f"/x/reports/tickets?of=received&by={sort}&key={key}&{EVERYTHING}")
            assert answer.status_code == 200 and "No tickets" in answer.text, (sort, key)


def test_a_list_without_tickets_names_nobody(counted, ada, session):
    stranger = make_customer(session, name="Secret Stranger", email="secret@home.example")
    stranger.organization = add_organization(session, name="Secret House", by=None)
    session.commit()
    for sort, key in (("customer", stranger.id), ("organization", stranger.organization_id)):
        assert "Secret" not in ada.get(f"/x/reports/tickets?of=received&by={sort}&key={key}&{EVERYTHING}").text


def test_requests_without_an_organization_lead_to_their_tickets(counted, ada, session):
    house = add_organization(session, name="House", by=None)
    session.flush()
    session.execute(sa.update(User).where(User.name == "Customer 1").values(organization_id=house.id))
    session.commit()
    page = ada.get(f"/x/reports/topics?{EVERYTHING}").text
    begins = page.index('<th scope="row">Without an organization</th>')
    url, number = _first_link(page[begins : page.index("</tr>", begins)])
    assert listed(ada, url) == (number, number) and number > 0


def _first_link(html):
    begins = html.index('href="') + len('href="')
    url, rest = html[begins:].split('"', 1)
    return url.replace("&amp;", "&"), int(rest[1:].split("<", 1)[0])
