"""Actions on several tickets of a list: those that ask for nothing, each ticket by its own status and rights."""

from __future__ import annotations

import pytest

from plugdesk.testing.browser import browser_of
from plugdesk.tickets.commands import change_status
from plugdesk.tickets.models import Ticket
from plugdesk.users.rights import RightInput, set_right
from plugdesk_workflow.definition import Ask, AskKind, Does
from tests.factories import make_ticket

BULK = "/tickets/selection"


@pytest.fixture
def browser(app, session, agent):
    session.commit()
    browser = browser_of(app)
    browser.sign_in(agent)
    return browser


@pytest.fixture
def others(session, form):
    return [make_ticket(session, form, subject=f"Asked {number}") for number in range(2)]


def text(response):
    return response.get_data(as_text=True)


def test_only_actions_that_ask_for_nothing_are_offered_to_who_may_run_them(session, form, ticket, others, action, agent, browser):
    action("Solve it", does=Does(status="done"))
    action("Explain it", asks=(Ask(AskKind.TEXT),))
    session.commit()
    page = text(browser.post(BULK, data={"do": "more", "ticket": [str(ticket.id)]}))
    assert 'value="workflow:solve_it"' in page and "explain_it" not in page
    set_right(session, form, agent, RightInput(actions=["reply"]), by=None)
    session.commit()
    assert "workflow:solve_it" not in text(browser.post(BULK, data={"do": "more", "ticket": [str(ticket.id)]}))


def test_an_action_is_run_on_each_and_told_where_its_status_does_not_offer_it(
    session, form, ticket, others, action, agent, browser
):
    action("Solve it", statuses=["new"], does=Does(status="done"))
    change_status(session, others[0], form.status("in_progress"), by=agent)
    session.commit()
    every = [ticket, *others]
    page = browser.post(BULK, data={"do": "workflow:solve_it", "ticket": [str(each.id) for each in every]})
    assert page.status_code == 200
    assert "Done to 2 tickets." in text(page) and "Asked 0" in text(page)
    session.expire_all()
    assert [session.get_one(Ticket, each.id).status.code for each in every] == ["done", "in_progress", "done"]


def test_one_that_asks_cannot_be_run_so(session, ticket, action, browser):
    action("Explain it", asks=(Ask(AskKind.TEXT),), does=Does(status="done"))
    session.commit()
    refused = browser.post(BULK, data={"do": "workflow:explain_it", "ticket": [str(ticket.id)]})
    assert refused.status_code == 422
    assert "has no such action" in text(refused)
