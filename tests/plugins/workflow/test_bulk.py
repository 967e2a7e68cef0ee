"""Actions on several tickets of a list, each ticket by its own status and rights; what one asks for is asked once."""

from __future__ import annotations

from io import BytesIO

import pytest
from bs4 import BeautifulSoup
from werkzeug.datastructures import MultiDict

from plugdesk.forms.commands import add_field
from plugdesk.forms.models import FieldKind
from plugdesk.testing.browser import browser_of
from plugdesk.tickets.commands import change_status, set_fields
from plugdesk.tickets.models import Ticket
from plugdesk.tickets.subtasks import ask_colleague
from plugdesk.users.rights import RightInput, set_right
from plugdesk_workflow.definition import Ask, AskKind, Does, Letter
from tests.factories import make_agent, make_ticket

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


def test_actions_are_offered_to_who_may_run_them(session, form, ticket, others, action, agent, browser):
    action("Solve it", does=Does(status="done"))
    action("Explain it", asks=(Ask(AskKind.TEXT),))
    session.commit()
    page = text(browser.post(BULK, data={"do": "more", "ticket": [str(ticket.id)]}))
    assert 'value="workflow:solve_it"' in page and 'value="workflow:explain_it"' in page
    set_right(session, form, agent, RightInput(actions=["reply"]), by=None)
    session.commit()
    assert "workflow:" not in text(browser.post(BULK, data={"do": "more", "ticket": [str(ticket.id)]}))


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


@pytest.fixture
def explain(session, form, action):
    """It asks for a text, files, a field of the form and one of its own, and writes to the customer."""
    add_field(session, form, kind=FieldKind.TEXT, label="Cause", by=None)
    explain = action(
        "Explain it", statuses=["new"], does=Does(status="done"),
        asks=(
            Ask(AskKind.TEXT, required=True), Ask(AskKind.FILES), Ask(AskKind.FIELD, required=True, code="cause"),
            Ask(AskKind.OWN, code="hours", label="Hours"),
        ),
        letters=(Letter(("customer",), "<p>${action:text}</p>", files=True),),
    )  # fmt: skip
    session.commit()
    return explain


def typed(every, **more):
    given = {
        "text": "The power was off.",
        "field-cause-here": "1",
        "field-cause": "Power",
        "own-hours-here": "1",
        "own-hours": "2",
    }
    return {
        "do": "workflow:explain_it",
        "chosen": "workflow:explain_it",
        "ticket": [str(each.id) for each in every],
        **given,
        **more,
    }


def test_what_an_action_asks_for_is_asked_once_and_each_ticket_gets_it(session, ticket, others, explain, agent, browser):
    every = [ticket, *others]
    set_fields(session, others[0], {"cause": "Rain"}, by=agent)
    session.commit()
    asked = text(browser.post(BULK, data={"do": "workflow:explain_it", "ticket": [str(each.id) for each in every]}))
    assert "3 tickets are selected." in asked and 'name="field-cause"' in asked and 'name="own-hours"' in asked
    done = browser.post(BULK, data=typed(every, **{"field-cause": "", "files": (BytesIO(b"a plan"), "plan.txt")}))
    assert (
        "Done to 1 ticket." in text(done) and "2 tickets stayed as they were" in text(done) and "Fill in “Cause”." in text(done)
    )
    session.expire_all()
    assert (others[0].status.code, others[0].values["cause"]) == ("done", "Rain"), "what is left empty stays as it is"
    form = BeautifulSoup(done.get_data(), "html.parser").find("form", action=BULK)
    again = browser.post(BULK, data=MultiDict((each["name"], each["value"]) for each in form.find_all("input")))
    assert "2 tickets are selected." in text(again) and "The power was off." in text(again) and "plan.txt" in text(again)


def test_a_box_is_ticked_for_all_unticked_for_all_or_left(session, form, ticket, others, action, agent, browser):
    add_field(session, form, kind=FieldKind.CHECK, label="Paid", by=None)
    add_field(session, form, kind=FieldKind.TEXT, label="Cause", by=None)
    action("Pay", asks=(Ask(AskKind.FIELD, code="paid"), Ask(AskKind.FIELD, code="cause")))
    set_fields(session, others[0], {"paid": "yes"}, by=agent)
    session.commit()
    every = [ticket, *others]

    def paid(answer):
        given = {"field-paid-here": "1", "field-paid": answer, "field-cause-here": "1", "field-cause": answer}
        sent = {"do": "workflow:pay", "chosen": "workflow:pay", "ticket": [str(each.id) for each in every], **given}
        assert browser.post(BULK, data=sent).status_code == 303
        session.expire_all()
        return [bool(each.values.get("paid")) for each in every]

    asked = text(browser.post(BULK, data={"do": "workflow:pay", "ticket": [str(each.id) for each in every]}))
    assert '<option value="no">No</option>' in asked and "Leave it as it is" in asked
    assert [paid(""), paid("yes"), paid("no")] == [[False, True, False], [True] * 3, [False] * 3]


def test_with_files_each_ticket_has_its_own_copy(session, ticket, others, explain, browser):
    every = [ticket, *others]
    done = browser.post(BULK, data=typed(every, files=(BytesIO(b"a plan"), "plan.txt")))
    assert done.status_code == 303
    session.expire_all()
    for each in every:
        (reply,) = [message for message in each.messages if message.direction == "outgoing" and message.kind == "human"]
        assert (reply.text.strip(), [file.name for file in reply.attachments]) == ("The power was off.", ["plan.txt"])
        assert (each.status.code, each.values["cause"]) == ("done", "Power")


def test_who_was_refused_among_all_of_a_list_is_tried_again_with_what_was_typed(
    session, ticket, others, explain, browser, run_jobs
):
    begun = browser.post(BULK, data=typed([], **{"all": "1", "back": "/views/open", "field-cause": ""}))
    run_jobs()
    page = browser.get(begun.headers["Location"])
    assert "3 tickets stayed as they were" in text(page) and "Fill in “Cause”." in text(page)
    form = BeautifulSoup(page.get_data(), "html.parser").find("form", action=BULK)
    again = text(browser.post(BULK, data=MultiDict((each["name"], each["value"]) for each in form.find_all("input"))))
    assert "3 tickets are selected." in again and "The power was off." in again


def test_what_is_wrong_for_all_stands_beside_its_field_with_all_that_was_typed(session, ticket, others, explain, browser):
    refused = browser.post(BULK, data=typed([ticket, *others], text=""))
    assert refused.status_code == 422
    assert "Write something first." in text(refused) and 'value="Power"' in text(refused)
    session.expire_all()
    assert ticket.status.code == "new"


def test_one_whose_status_offers_it_no_longer_is_named_and_the_others_get_it(
    session, form, ticket, others, explain, agent, browser
):
    change_status(session, others[0], form.status("in_progress"), by=agent)
    session.commit()
    done = browser.post(BULK, data=typed([ticket, *others]))
    assert "Done to 2 tickets." in text(done) and "cannot be run in the status" in text(done)


@pytest.mark.parametrize("asks", [(), (Ask(AskKind.TEXT),)])
def test_a_ticket_with_an_open_subtask_is_not_closed_among_others(session, form, ticket, others, action, agent, browser, asks):
    action("Solve it", asks=asks, does=Does(status="done"))
    subtask = ask_colleague(session, ticket, agent, colleague=make_agent(session, form), subject="", body="<p>Who knows?</p>")
    session.commit()
    given = {
        "do": "workflow:solve_it",
        "ticket": [str(each.id) for each in (ticket, *others)],
        "chosen": "workflow:solve_it",
        "text": "Done.",
    }
    page = browser.post(BULK, data=given)
    assert f"Subtask #{subtask.number} waits" in text(page)
    session.expire_all()
    assert [session.get_one(Ticket, each.id).status.code for each in (ticket, *others)] == ["new", "done", "done"]
