"""What actions did stands in the ticket's history."""

from __future__ import annotations

from plugdesk.testing.browser import browser_of
from plugdesk_workflow.definition import Does


def test_the_ticket_says_who_ran_which_action(app, session, ticket, action, run, agent):
    run(ticket, action("Payment <received>", does=Does(status="done")))
    session.commit()
    browser = browser_of(app)
    browser.sign_in(agent)
    page = browser.get(f"/tickets/{ticket.id}").get_data(as_text=True)
    assert f"{agent.name} ran “Payment &lt;received&gt;”" in page
