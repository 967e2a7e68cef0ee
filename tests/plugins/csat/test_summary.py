"""The figures: marks by the day they were given, invitations by the day they were sent, each figure with its tickets."""

from __future__ import annotations

import csv
import re
from datetime import timedelta
from io import StringIO

import pytest
import sqlalchemy as sa

from plugdesk.forms.models import StatusKind
from plugdesk.plugins.switch import enable_plugin
from plugdesk.tickets.commands import assign, become
from plugdesk.tickets.correspondence import Said, open_ticket
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import Group
from plugdesk_contracts.commands import ContractInput, TermsInput, add_contract, set_terms
from plugdesk_contracts.handing import choose_contract
from plugdesk_csat.commands import invite, last_closing, rate
from plugdesk_csat.figures import Wanted, behind, seen_forms, summary_of
from tests.factories import make_customer, make_group
from tests.plugins.csat.test_asking import browser, person, support
from tests.support.company import ADMIN, AGENT, FORM_ADMIN, OUTSIDER


@pytest.fixture
def played(company):
    """Forty days: Ivan was rated 5, 4, 1 and not at all lately, and 2 long ago; on Billing, which Petra does not see, somebody 3."""

    def ask(session, form, who, mark, subject):
        customer = make_customer(session, name=f"Customer {subject}", email=f"{subject}@example.com")
        session.flush()
        ticket = open_ticket(session, form, customer, subject=subject, said=Said(text="?"), channel="email")
        if who is not None:
            assign(session, ticket, None, assignee=who, group=session.scalars(sa.select(Group)).first())
        become(session, ticket, StatusKind.RESOLVED, by=None)
        ctx = company.runtime.context("csat", form, session)
        session.flush()
        invitation, _token = invite(ctx, ticket, last_closing(ctx, ticket))
        session.flush()
        if mark:
            rate(ctx, invitation, mark=mark, comment="=1+1" if mark == 1 else "")

    with company.runtime.database.write() as session:
        ivan = person(session, AGENT)
        make_group(session, ivan, name="=Technicians")
        session.flush()
        ask(session, support(session), ivan, 2, "old")
    company.later(days=40)
    with company.runtime.database.write() as session:
        from plugdesk.forms.queries import form_by_slug

        billing = form_by_slug(session, "billing")
        enable_plugin(session, billing, "csat", None)
        ivan = person(session, AGENT)
        for number, mark in enumerate((5, 4, 1, 0)):
            ask(session, support(session), ivan, mark, f"new{number}")
        ask(session, billing, None, 3, "bill")
    company.moment = company.runtime.clock.now()
    return company


def summary(company, email, **narrowed):
    with company.runtime.database.read() as session:
        ctx, viewer = company.runtime.context("csat", company.runtime.desk(session), session), person(session, email)
        today = company.moment.date()
        wanted = Wanted(today - timedelta(days=29), today, **narrowed)
        forms = seen_forms(ctx, viewer)
        found = summary_of(ctx, viewer, forms, wanted)
        listed = {of: len(behind(ctx, viewer, forms, wanted, of)[0]) for of in ("rated", "asked", "unanswered")}
        return found, listed


def test_the_figures_and_the_lists_behind_them_agree_and_a_form_admin_sees_their_forms_alone(played):
    for email, number, forms in ((ADMIN, 4, ["Support", "Billing"]), (FORM_ADMIN, 3, ["Support"])):
        found, listed = summary(played, email)
        assert (found.now.number, found.now.asked, found.now.answered) == (number, number + 1, number)
        assert listed == {"rated": number, "asked": number + 1, "unanswered": 1}
        assert [line.name for line in found.lines["form"]] == forms
        assert found.before.marks[2] == 1
    assert summary(played, FORM_ADMIN)[0].now.average == pytest.approx(10 / 3)


@pytest.mark.parametrize(("narrowed", "number"), [({"assignee": "0"}, 1), ({"mark": "1"}, 4), ({"channel": "telegram"}, 0)])
def test_they_are_narrowed_alike(played, narrowed, number):
    found, listed = summary(played, ADMIN, **narrowed)
    assert found.now.number == number
    assert listed["rated"] == (1 if "mark" in narrowed else number)


def test_a_mark_stays_with_whoever_had_the_ticket_when_the_customer_was_asked(played):
    with played.runtime.database.write() as session:
        from plugdesk.tickets.models import Ticket

        for ticket in session.scalars(sa.select(Ticket)):
            assign(session, ticket, None)
    ivans = next(line for line in summary(played, FORM_ADMIN)[0].lines["assignee"] if line.name == "Ivan Petrov")
    assert (ivans.now.number, ivans.now.asked, ivans.before.number) == (3, 4, 1)


def test_the_page_shows_each_figure_as_a_link_to_exactly_its_tickets(played):
    petra = browser(played, FORM_ADMIN)
    page = petra.get("/x/csat/?period=30").get_data(as_text=True)
    assert (
        "Ivan Petrov" in page and "Billing" not in page and 'href="/x/csat/"' in petra.get("/views/open").get_data(as_text=True)
    )
    links = re.findall(r'href="(/x/csat/tickets\?[^"]+)">(\d+)<', page)
    assert len(links) >= 8
    for url, number in links:
        listed = petra.get(url.replace("&amp;", "&")).get_data(as_text=True)
        assert len(re.findall(r'<th scope="row" class="lead"><a href="/tickets/', listed)) == int(number), url
    for email in (AGENT, OUTSIDER):
        assert 'href="/x/csat/"' not in browser(played, email).get("/views/open").get_data(as_text=True)


def test_days_that_are_none_are_refused_in_words_and_the_usual_ones_shown(played):
    petra = browser(played, FORM_ADMIN)
    for given in ("from=2026-13-01&to=x", "from=2026-05-05&to=2026-05-01", "from=0001-01-01&to=9999-12-31", "from=%00"):
        answer = petra.get(f"/x/csat/?period=days&{given}")
        assert answer.status_code == 200 and "The first day must be before" in answer.get_data(as_text=True), given
    for given in ("assignee=x&group=99999999999999999999&mark=7&channel=%27&form=-1", "of=none&before=abc"):
        assert petra.get(f"/x/csat/tickets?{given}").status_code == 200


def test_the_file_holds_the_same_figures_and_no_formula(played):
    answer = browser(played, FORM_ADMIN).get("/x/csat/summary.csv")
    rows = list(csv.reader(StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
    assert answer.mimetype == "text/csv" and rows[1][2:9] == ["3", "3.33", "1", "1", "0", "0", "1"]
    assert any(row[1] == "'=Technicians" for row in rows)
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row)


def test_they_are_told_apart_by_contract_where_contracts_are_on(played):
    with played.runtime.database.write() as session:
        form = support(session)
        enable_plugin(session, form, "contracts", None)
        here = played.runtime.context("contracts", form, session)
        vip = add_contract(here, ContractInput("=VIP"), by=None)
        session.flush()
        set_terms(here, vip, form, TermsInput(None, "", "", []), by=None, version=0)
        for ticket in session.scalars(sa.select(Ticket).where(Ticket.subject.in_(("new0", "new1")))):
            choose_contract(here, ticket, vip, by=person(session, ADMIN))
    found, _listed = summary(played, ADMIN)
    lines = found.lines["contract"]
    assert {(line.name, line.now.number, line.now.average) for line in lines} == {("=VIP", 2, 4.5), ("None", 2, 2)}
    key = next(line.key for line in lines if line.name == "=VIP")
    narrowed, listed = summary(played, ADMIN, apart=(("contract", key),))
    assert (narrowed.now.number, listed["rated"], listed["unanswered"]) == (2, 2, 0)
    petra = browser(played, FORM_ADMIN)
    links = re.findall(r'href="(/x/csat/tickets\?[^"]*by-contract[^"]+)">(\d+)<', petra.get("/x/csat/").get_data(as_text=True))
    assert len(links) >= 4
    for url, number in links:
        listed = petra.get(url.replace("&amp;", "&")).get_data(as_text=True)
        assert len(re.findall(r'<th scope="row" class="lead"><a href="/tickets/', listed)) == int(number), url
        assert "Contract: " in listed
    assert any(
        row[:2] == ["Contract", "'=VIP"] for row in csv.reader(StringIO(petra.get("/x/csat/summary.csv").get_data(as_text=True)))
    )
    assert petra.get("/x/csat/?by-contract=nonsense%27").status_code == 200
