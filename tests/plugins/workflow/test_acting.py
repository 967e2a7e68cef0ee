"""Actions on the ticket: buttons where they are offered, a press, a sheet that asks, and words that are never lost."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
import sqlalchemy as sa

from plugdesk.errors import Conflict
from plugdesk.forms.commands import add_field
from plugdesk.forms.models import FieldKind
from plugdesk.plugins.switch import disable_plugin
from plugdesk.testing.browser import browser_of
from plugdesk.tickets.commands import change_status, set_fields
from plugdesk.tickets.merging import merge_tickets
from plugdesk.tickets.models import Message, Ticket
from plugdesk.tickets.subtasks import ask_colleague
from plugdesk.users.rights import RightInput, set_right
from plugdesk_workflow.commands import remove_action
from plugdesk_workflow.definition import Ask, AskKind, Assignment, Does, How, Letter, Who
from tests.factories import make_agent, make_customer, make_group, make_ticket
from tests.support.queries import queries

RUN = "/forms/support/x/workflow/tickets/{}/{}"


@pytest.fixture
def browse(app, session):
    """`browse(user)` is the browser of somebody who is signed in."""

    def browse(user):
        session.commit()
        browser = browser_of(app)
        browser.sign_in(user)
        return browser

    return browse


def text(response):
    return response.get_data(as_text=True)


def hidden(page, name):
    return re.search(rf'name="{name}" value="([^"]*)"', page)[1]


def again(session, ticket):
    session.expire_all()
    return session.get_one(Ticket, ticket.id)


def shown_to(browser, ticket):
    return text(browser.get(f"/tickets/{ticket.id}"))


def test_a_ticket_shows_the_actions_of_its_status_to_whom_may_run_them(session, form, ticket, action, browse, agent):
    action("Solve it", statuses=["new"])
    action("Reopen it", statuses=["done"])
    action("For others", who=Who(agents=False, groups=(make_group(session).id,)))
    browser = browse(agent)
    page = shown_to(browser, ticket)
    assert "Solve it" in page and "Reopen it" not in page and "For others" not in page
    change_status(session, ticket, form.status("done"), by=agent)
    session.commit()
    page = shown_to(browser, ticket)
    assert "Reopen it" in page and "Solve it" not in page


def test_the_fourth_action_and_those_after_it_stand_in_the_menu(session, ticket, action, browse, agent):
    for number in range(5):
        action(f"Step {number}", asks=(Ask(AskKind.TEXT),) if number == 4 else ())
    page = shown_to(browse(agent), ticket)
    bar, _sep, menu = page.partition('id="more"')
    assert all(f"Step {number}" in bar for number in range(3))
    assert all(f"Step {number}" in menu for number in (3, 4))


def test_the_actions_of_a_ticket_cost_its_page_one_query(session, ticket, action, browse, agent):
    group = make_group(session, agent)
    browser = browse(agent)
    shown_to(browser, ticket)
    with queries() as without:
        shown_to(browser, ticket)
    for number in range(12):
        action(f"Step {number}", who=Who(agents=False, groups=(group.id,)), asks=(Ask(AskKind.TEXT),))
    session.commit()
    with queries() as with_actions:
        assert "Step 11" in shown_to(browser, ticket)
    assert len(with_actions) == len(without) + 1


def test_what_an_action_would_tell_one_customer_is_not_told_another(session, form, ticket, action, browse, agent):
    """The ticket is merged into another customer's while its page lies open."""
    told = action("Tell them", asks=(Ask(AskKind.TEXT),), letters=(Letter(("customer",), "<p>${action:text}</p>"),))
    his = make_ticket(session, form, make_customer(session, name="Bob"))
    ticket.customer.name = "Ann"
    browser = browse(agent)
    page = text(browser.get(RUN.format(ticket.id, told.code)))
    merge_tickets(session, ticket, his, agent)
    session.commit()
    given = {name: hidden(page, name) for name in ("shown", "once")}
    back = browser.post(RUN.format(ticket.id, told.code), data={**given, "html": "<p>Your key is 7.</p>"})
    assert back.status_code == 409 and "you wrote to Ann" in text(back) and "goes to Bob" in text(back)
    assert "Your key is 7." in text(back) and RUN.format(his.id, told.code) in text(back)
    sent = sa.select(Message).where(Message.direction == "outgoing")
    assert session.scalars(sent).all() == []


def test_an_action_that_asks_for_nothing_runs_on_a_press_and_once(session, ticket, action, browse, agent):
    solve = action("Solve", does=Does(status="done", note="<p>Solved.</p>"))
    browser = browse(agent)
    page = shown_to(browser, ticket)
    url = RUN.format(ticket.id, solve.code)
    once = re.search(rf'action="{url}".*?name="once" value="([^"]+)"', page, re.S)[1]
    for _press in range(2):
        assert browser.post(url, data={"once": once}).status_code == 303
    assert again(session, ticket).status.code == "done"
    notes = session.scalars(sa.select(Message).where(Message.ticket_id == ticket.id, Message.direction == "note")).all()
    assert len(notes) == 1


@pytest.fixture
def subtask(session, form, ticket, agent):
    """A question on the ticket that nobody has answered."""
    return ask_colleague(session, ticket, agent, colleague=make_agent(session, form), subject="", body="<p>Who knows?</p>")


def test_an_action_that_closes_says_that_a_subtask_is_open_and_closes_when_told_to(
    session, ticket, subtask, action, browse, agent
):
    solve = action("Solve", does=Does(status="done"))
    browser, url = browse(agent), RUN.format(ticket.id, solve.code)
    said = browser.post(url)
    waits = f"Subtask #{subtask.number} waits for an answer still."
    assert said.status_code == 409 and text(said).count(waits) == 1
    assert again(session, ticket).status.code == "new"
    assert browser.post(url, data={"anyway": hidden(text(said), "anyway")}).status_code == 303
    assert again(session, ticket).status.code == "done"


def test_an_action_that_asks_first_says_so_where_it_asks_and_goes_at_the_first_press(
    session, ticket, subtask, action, browse, agent
):
    refuse = action("Refuse", asks=(Ask(AskKind.TEXT),), does=Does(status="done"))
    browser, url = browse(agent), RUN.format(ticket.id, refuse.code)
    page = text(browser.get(url))
    assert f"Subtask #{subtask.number} waits" in page
    lost = browser.post(url, data={"text": "Sorry, no."})
    assert lost.status_code == 409 and "Sorry, no." in text(lost)
    assert browser.post(url, data={"text": "Sorry, no.", "anyway": hidden(page, "anyway")}).status_code == 303
    assert again(session, ticket).status.code == "done"


def test_an_action_that_leaves_the_ticket_open_says_nothing_of_subtasks(session, ticket, subtask, action, browse, agent):
    wait = action("Wait", does=Does(status="waiting"))
    assert browse(agent).post(RUN.format(ticket.id, wait.code)).status_code == 303


def test_an_action_that_asks_leads_to_its_page_and_runs_from_there(session, form, ticket, action, browse, agent):
    code = add_field(session, form, kind=FieldKind.NUMBER, label="Amount", by=None).code
    colleague = make_agent(session, form)
    asks = (
        Ask(AskKind.TEXT, required=True, label="What was wrong"), Ask(AskKind.FILES), Ask(AskKind.FIELD, code=code, required=True),
        Ask(AskKind.OWN, code="shelf", label="Shelf"),
    )  # fmt: skip
    letters = (Letter(("customer",), "<p>Found: ${action:text}</p>"),)
    repaired = action("Repaired", asks=asks, does=Does(status="done", assignment=Assignment(How.CHOSEN)), letters=letters)
    browser, url = browse(agent), RUN.format(ticket.id, repaired.code)
    assert f'href="{url}"' in shown_to(browser, ticket)
    page = text(browser.get(url))
    for label in ("What was wrong", "Amount", "Shelf", "Who goes on with it", colleague.name):
        assert label in page
    typed = {
        "html": "<p>A <b>loose</b> cable</p>", f"field-{code}": "12", f"field-{code}-here": "1", "own-shelf": "B 7",
        "assignee": str(colleague.id), "version": hidden(page, "version"), "once": hidden(page, "once"),
        "files": (BytesIO(b"a picture"), "cable.txt"),
    }  # fmt: skip
    assert browser.post(url, data=typed, content_type="multipart/form-data").status_code == 303
    ticket = again(session, ticket)
    assert (ticket.status.code, ticket.assignee_id, ticket.values[code]) == ("done", colleague.id, 12)
    said = session.scalars(sa.select(Message).where(Message.ticket_id == ticket.id).order_by(Message.id)).all()
    assert any("loose" in each.text and each.direction == "outgoing" for each in said)
    assert [file.name for each in said for file in each.attachments] == ["cable.txt"]


def test_with_script_the_page_is_a_sheet(session, ticket, action, browse, agent):
    asking = action("Refuse", asks=(Ask(AskKind.TEXT),))
    sheet = text(browse(agent).get(RUN.format(ticket.id, asking.code), headers={"HX-Request": "true"}))
    assert sheet.lstrip().startswith("<dialog") and "Refuse" in sheet and "<html" not in sheet


def test_its_text_is_offered_canned_responses_like_the_composer(session, form, ticket, action, browse, agent, enable):
    enable("faq")
    action("Refuse", asks=(Ask(AskKind.TEXT),))
    action("Shelve", asks=(Ask(AskKind.OWN, code="shelf", label="Shelf"),))
    offered = f'data-behavior="inserts" data-url="/tickets/{ticket.number}/inserts/faq/canned" data-key="/"'
    browser = browse(agent)
    assert offered in browser.get(RUN.format(ticket.number, "refuse")).get_data(as_text=True)
    assert offered not in browser.get(RUN.format(ticket.number, "shelve")).get_data(as_text=True)
    disable_plugin(session, form, "faq", by=None)
    session.commit()
    assert "inserts" not in browser.get(RUN.format(ticket.number, "refuse")).get_data(as_text=True)


def test_a_refusal_keeps_what_was_typed(session, ticket, action, browse, agent):
    asks = (Ask(AskKind.TEXT), Ask(AskKind.OWN, code="day", label="Day", field_kind=FieldKind.DATE, required=True))
    asking = action("Plan", asks=asks)
    answer = browse(agent).post(RUN.format(ticket.id, asking.code), data={"html": "<p>Bring <i>cake</i></p>", "own-day": "soon"})
    page = text(answer)
    assert answer.status_code == 422
    assert "&lt;i&gt;cake&lt;/i&gt;" in page and 'value="soon"' in page and 'href="#run-own-day"' in page


def test_what_the_new_status_requires_is_asked_for_on_the_way(session, form, ticket, action, browse, agent):
    code = add_field(session, form, kind=FieldKind.TEXT, label="Serial number", required_from="done", by=None).code
    solve = action("Solve", does=Does(status="done"))
    browser, url = browse(agent), RUN.format(ticket.id, solve.code)
    answer = browser.post(url)
    assert answer.status_code == 422 and "Serial number" in text(answer)
    assert again(session, ticket).status.code == "new"
    assert browser.post(url, data={f"field-{code}": "SN 1", f"field-{code}-here": "1"}).status_code == 303
    assert (again(session, ticket).status.code, ticket.values[code]) == ("done", "SN 1")


def test_a_field_the_action_does_not_ask_for_stays(session, form, ticket, action, browse, agent):
    code = add_field(session, form, kind=FieldKind.TEXT, label="Serial number", by=None).code
    solve = action("Solve", does=Does(status="done"))
    browse(agent).post(RUN.format(ticket.id, solve.code), data={f"field-{code}": "SN 1", f"field-{code}-here": "1"})
    assert (again(session, ticket).status.code, ticket.values.get(code)) == ("done", None)


def test_a_ticket_that_changed_its_status_meanwhile_keeps_what_was_typed(session, form, ticket, action, browse, agent):
    asking = action("Refuse", statuses=["new"], asks=(Ask(AskKind.TEXT),), does=Does(status="waiting"))
    browser, url = browse(agent), RUN.format(ticket.id, asking.code)
    page = text(browser.get(url))
    change_status(session, ticket, form.status("done"), by=agent)
    session.commit()
    answer = browser.post(url, data={"html": "<p>Sorry, no.</p>", "shown": hidden(page, "shown")})
    assert answer.status_code == 409 and "Sorry, no." in text(answer)
    assert again(session, ticket).status.code == "done"
    assert browser.get(url).status_code == 409


def test_somebody_elses_value_is_not_overwritten(session, form, ticket, action, browse, agent, admin):
    code = add_field(session, form, kind=FieldKind.TEXT, label="Shelf", by=None).code
    asking = action("Put away", asks=(Ask(AskKind.FIELD, code=code),))
    browser, url = browse(agent), RUN.format(ticket.id, asking.code)
    page = text(browser.get(url))
    set_fields(session, ticket, {code: "A 1"}, by=admin)
    session.commit()
    typed = {f"field-{code}": "B 2", f"field-{code}-here": "1", "version": hidden(page, "version")}
    answer = browser.post(url, data=typed)
    assert answer.status_code == 409 and "B 2" in text(answer)
    assert again(session, ticket).values[code] == "A 1"


@pytest.mark.parametrize("lost", ["the action", "the ticket", "the right"])
def test_who_loses_something_while_the_page_is_open_keeps_what_was_typed(
    session, form, ticket, workflow, action, browse, lost, admin
):
    asking = action("Refuse", asks=(Ask(AskKind.TEXT),))
    anna = make_agent(session, form)
    browser, url = browse(anna), RUN.format(ticket.id, asking.code)
    page = text(browser.get(url))
    if lost == "the action":
        remove_action(workflow, asking, by=admin)
    else:
        right = RightInput(statuses=["done"]) if lost == "the ticket" else RightInput(actions=["note"])
        set_right(session, form, anna, right, by=None)
    session.commit()
    answer = browser.post(url, data={"text": "Sorry, no.", "shown": hidden(page, "shown")})
    assert answer.status_code == 409 and "Sorry, no." in text(answer)
    refused = browser.post(url, data={"text": "Sorry, no."})
    assert refused.status_code == (403 if lost == "the right" else 404)


def test_the_matrix_of_rights_lists_the_actions_of_the_form(session, ticket, action, browse, admin, agent):
    action("Payment received", is_on=False)
    browser = browse(admin)
    page = text(browser.get("/forms/support/agents"))
    assert 'value="workflow:payment_received"' in page and "Payment received" in page
    person = text(browser.get(f"/people/{agent.id}"))
    assert person.count("Support") >= 1


def test_the_accountant_sees_what_waits_for_payment_and_has_one_action(session, form, workflow, ticket, action, browse, admin):
    """Journey 2 of the forms issue, by the pages alone."""
    action("Payment received", statuses=["waiting"], does=Does(status="done"))
    action("Remind", statuses=["waiting"])
    waiting = make_ticket(session, form, subject="The fee")
    change_status(session, waiting, form.status("waiting"), by=None)
    anna = make_agent(session)
    set_right(session, form, anna, RightInput(statuses=["waiting"], actions=["workflow:payment_received"]), by=admin)
    browser = browse(anna)
    listed = text(browser.get("/views/open"))
    assert "The fee" in listed and ticket.subject not in listed
    page = shown_to(browser, waiting)
    assert "Payment received" in page and "Remind" not in page and 'name="status"' not in page
    answer = browser.post(RUN.format(waiting.id, "payment_received"))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/views/open")
    assert again(session, waiting).status.code == "done"


def test_where_it_is_off_nothing_of_it_is_left(session, form, ticket, action, browse, admin):
    action("Payment received", asks=(Ask(AskKind.TEXT),))
    browser = browse(admin)
    disable_plugin(session, form, "workflow", by=admin)
    session.commit()
    assert "Payment received" not in shown_to(browser, ticket)
    assert "Payment received" not in text(browser.get("/forms/support/agents"))
    assert browser.get(RUN.format(ticket.id, "payment_received")).status_code == 404
    assert browser.post(RUN.format(ticket.id, "payment_received")).status_code == 404


def test_a_ticket_of_another_form_is_not_there(session, other_form, action, browse, admin):
    asking = action("Refuse", asks=(Ask(AskKind.TEXT),))
    elsewhere = make_ticket(session, other_form)
    browser = browse(admin)
    assert browser.get(RUN.format(elsewhere.id, asking.code)).status_code == 404
    assert browser.post(RUN.format(elsewhere.id, asking.code)).status_code == 404


def test_a_subtask_has_no_actions(session, form, workflow, ticket, action, run, browse, agent):
    refuse = action("Refuse", letters=(Letter(("customer",), "<p>No.</p>"),))
    subtask = ask_colleague(session, ticket, agent, colleague=make_agent(session, form), subject="", body="<p>Who knows?</p>")
    with pytest.raises(Conflict, match="subtask"):
        run(subtask, refuse)
    assert "Refuse" not in text(browse(agent).get(f"/tickets/{subtask.number}"))
