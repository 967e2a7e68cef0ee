"""Tickets told apart by what an extension says of them: by contract, kept as it changes and equal to a plain count."""

from __future__ import annotations

from collections import Counter

import pytest
import sqlalchemy as sa

from plugdesk.forms.models import StatusKind
from plugdesk.plugins.switch import disable_plugin
from plugdesk.testing.browser import browser_of
from plugdesk.tickets.commands import become
from plugdesk.tickets.models import Ticket
from plugdesk.tickets.settling import settle_again
from plugdesk.users.models import User
from plugdesk_contracts.commands import ContractInput, TermsInput, add_contract, delete_contract, set_terms
from plugdesk_contracts.handing import choose_contract
from plugdesk_contracts.members import add_member
from plugdesk_contracts.models import TicketContract
from plugdesk_reports.figures import FACT
from plugdesk_reports.models import DAY, TicketFacts, Total
from tests.plugins.reports.test_pages import EVERYTHING, Links, listed

SORT = FACT + "contract"


@pytest.fixture
def vip(enable, live, session, form):
    """A contract with one of the customers, and some days under it."""
    ctx = enable("contracts")
    contract = add_contract(ctx, ContractInput("VIP"), by=None)
    set_terms(ctx, contract, form, TermsInput(None, "", "", []), by=None, version=0)
    add_member(ctx, contract, session.scalars(sa.select(User).where(User.name == "Customer 1")).one(), by=None)
    session.commit()
    live(12)
    return contract


@pytest.fixture
def topics(app, agent):
    """`topics()`: the page that says what tickets were about, as Ada reads it now."""

    def topics():
        browser = browser_of(app)
        browser.sign_in(agent)
        return browser, browser.get(f"/x/reports/topics?{EVERYTHING}").text

    return topics


def plain(session):
    """How many tickets came in under each contract."""
    contracts = sa.select(TicketContract.contract_id).join(TicketFacts, TicketFacts.ticket_id == TicketContract.ticket_id)
    return Counter(str(number) for number in session.scalars(contracts) if number is not None)


def kept(session):
    number = sa.select(Total.key, sa.func.sum(Total.n)).where(Total.sort == SORT, Total.figure == "received", Total.span == DAY)
    return Counter({key: n for key, n in session.execute(number.group_by(Total.key))})


def without_contract(session):
    counted = sa.select(Ticket).join(TicketFacts, TicketFacts.ticket_id == Ticket.id)
    return session.scalars(counted.where(Ticket.id.not_in(sa.select(TicketContract.ticket_id))).limit(1)).one()


@pytest.mark.parametrize("reports_on", ["before it all", "afterwards"])
def test_tickets_are_counted_by_contract(enable, request, session, run_jobs, topics, reports_on):
    if reports_on == "before it all":
        enable("reports")
    contract = request.getfixturevalue("vip")
    enable("reports")
    run_jobs()
    assert kept(session) == plain(session) and plain(session)[str(contract.id)] > 0
    browser, page = topics()
    assert '<th scope="row">VIP</th>' in page
    url, words = next(each for each in Links(page).found if "by=fact" in each[0])
    assert listed(browser, url) == (int(words), int(words)) == (plain(session)[str(contract.id)],) * 2


def test_a_contract_chosen_by_hand_is_heard_of(vip, enable, session, admin, run_jobs, clock):
    enable("reports")
    run_jobs()
    clock.advance(minutes=5)
    run_jobs()
    before = kept(session)
    choose_contract(enable("contracts"), without_contract(session), vip, by=admin)
    session.commit()
    clock.advance(minutes=1)
    run_jobs()
    assert kept(session) == plain(session) == before + Counter({str(vip.id): 1})


def test_what_is_settled_afterwards_is_heard_of(vip, enable, session, run_jobs, clock):
    enable("reports")
    run_jobs()
    clock.advance(minutes=5)
    run_jobs()
    ticket = without_contract(session)
    add_member(enable("contracts"), vip, ticket.customer, by=None)
    ticket.unsettled = ["contracts"]
    before = kept(session)
    settle_again(enable("contracts"), ticket.id)
    session.commit()
    clock.advance(minutes=1)
    run_jobs()
    assert kept(session) == plain(session) == before + Counter({str(vip.id): 1})


def test_where_contracts_are_off_nothing_is_told_apart_by_them(vip, enable, session, form, run_jobs, clock, topics):
    enable("reports")
    run_jobs()
    clock.advance(minutes=2)
    run_jobs()
    disable_plugin(session, form, "contracts", None)
    session.commit()
    assert "VIP" not in topics()[1]
    clock.advance(minutes=2)
    run_jobs()
    assert not kept(session)
    enable("contracts")
    clock.advance(minutes=2)
    run_jobs()
    assert kept(session) == plain(session)


def test_a_deleted_contract_has_no_line(vip, enable, session, admin, run_jobs, topics):
    enable("reports")
    for ticket in session.scalars(sa.select(Ticket).join(TicketContract, TicketContract.ticket_id == Ticket.id)).all():
        if ticket.closed_at is None:
            become(session, ticket, StatusKind.RESOLVED, by=admin)
    delete_contract(enable("contracts"), vip, by=None, version=vip.version)
    session.commit()
    run_jobs()
    assert "VIP" not in topics()[1]
