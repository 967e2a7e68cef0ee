"""Ready-made processes: added with a press, sound as they are, and workable from the first ticket on."""

from __future__ import annotations

import pytest

from plugdesk.errors import NotAllowed, NotFound
from plugdesk.testing.browser import browser_of
from plugdesk_workflow.definition import read
from plugdesk_workflow.linter import findings
from plugdesk_workflow.ready import PROCESSES, add_process
from plugdesk_workflow.rights import action_called, actions_of, offered

CODES = [each.code for each in PROCESSES]


@pytest.mark.parametrize("code", CODES)
def test_a_process_is_sound_as_it_is(session, workflow, admin, agent, code):
    made = add_process(workflow, code, by=admin)
    session.flush()
    assert len(made) == len(next(each for each in PROCESSES if each.code == code).steps)
    assert [each.text for each in findings(workflow)] == []


@pytest.mark.parametrize("code", CODES)
def test_a_second_press_adds_nothing(session, workflow, admin, code):
    before = [each.id for each in add_process(workflow, code, by=admin)]
    session.flush()
    statuses = [each.code for each in workflow.form.statuses]
    assert add_process(workflow, code, by=admin) == []
    session.flush()
    assert ([each.id for each in actions_of(workflow)], [each.code for each in workflow.form.statuses]) == (before, statuses)


def test_a_device_is_taken_in_repaired_paid_for_and_given_out(session, workflow, ticket, admin, agent, run):
    add_process(workflow, "repair", by=admin)
    session.flush()

    def act(code, **given):
        action = action_called(workflow, code)
        assert action in offered(workflow, ticket, agent)
        run(ticket, action, **given)
        return ticket.form.status_by_id(ticket.status_id).name

    assert act("take_in", own={"device": "A till"}) == "In repair"
    assert ticket.assignee == agent
    assert act("repaired", text="<p>A new cable</p>", own={"amount": "30 EUR"}) == "Waiting for payment"
    assert act("payment_received") == "Done"
    assert act("given_out") == "Closed"


def test_a_process_speaks_the_forms_language(session, workflow, admin):
    workflow.form.language = "ru"
    add_process(workflow, "at_once", by=admin)
    session.flush()
    assert "Ответить и закрыть" in [each.name for each in actions_of(workflow)]


def test_actions_of_the_same_name_stay(session, workflow, action, admin):
    own = action("Answer and close")
    before = read(own)
    add_process(workflow, "at_once", by=admin)
    session.flush()
    assert read(own) == before
    assert [each.name for each in actions_of(workflow)].count("Answer and close") == 1


def test_it_is_added_by_a_press_on_the_page(app, session, workflow, admin):
    session.commit()
    browser = browser_of(app)
    browser.sign_in(admin)
    page = browser.get("/forms/support/x/workflow/").get_data(as_text=True)
    assert 'action="/forms/support/x/workflow/ready/repair"' in page
    assert browser.post("/forms/support/x/workflow/ready/repair").status_code == 303
    session.expire_all()
    assert "Waiting for payment" in [each.name for each in workflow.form.statuses]
    assert browser.post("/forms/support/x/workflow/ready/nothing").status_code == 404


def test_it_is_the_form_admins_to_add(workflow, agent):
    with pytest.raises(NotAllowed):
        add_process(workflow, "at_once", by=agent)
    with pytest.raises(NotFound):
        add_process(workflow, "nothing", by=agent)
