"""What the linter says of a form's workflow."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.forms.status_commands import delete_status
from plugdesk.i18n import use_language
from plugdesk.users.commands import delete_group
from plugdesk_workflow.definition import Ask, AskKind, Assignment, Does, How, Letter, Who
from plugdesk_workflow.linter import findings
from plugdesk_workflow.models import Action
from tests.factories import make_agent, make_group

DONE = (Letter(("customer",), "<p>Done.</p>"),)


@pytest.fixture
def sound(action, agent):
    """Actions through every status, nothing wrong with them."""
    action("Wait", statuses=["in_progress"], does=Does(status="waiting"))
    action("Solve", statuses=["new", "in_progress", "waiting"], does=Does(status="done"), letters=DONE)
    return action("Close", statuses=["done"], does=Does(status="closed"))


def kinds(workflow):
    return [(each.kind, each.action.name if each.action else each.status.code) for each in findings(workflow)]


def test_a_sound_workflow_and_one_without_actions_are_left_alone(workflow, session, sound):
    assert kinds(workflow) == []
    session.execute(sa.delete(Action))
    session.expire_all()
    assert kinds(workflow) == []


def test_a_status_no_action_leads_to_is_named(workflow, session, sound):
    session.delete(sound)
    session.flush()
    assert kinds(workflow) == [("unreachable", "closed")]


def test_a_status_no_action_leads_out_of_is_named_unless_it_is_deleted_there(workflow, action):
    action("Wait", statuses=["new"], does=Does(status="waiting"))
    action("Close", statuses=["in_progress"], does=Does(status="closed"))
    action("Note", does=Does(note="<p>Seen</p>"))
    assert ("dead end", "waiting") in kinds(workflow)
    assert ("dead end", "closed") not in kinds(workflow)
    action("Spam", statuses=["waiting"], does=Does(delete=True))
    assert ("dead end", "waiting") not in kinds(workflow)


def test_a_letter_with_only_a_link_is_named_where_the_portal_is_off(workflow, enable, mailbox, sound, action):
    action("Tell", letters=(Letter(("customer", "assignee"), "<p>Come and see.</p>", link=True),))
    assert kinds(workflow) == [("link", "Tell")]
    enable("portal")
    assert kinds(workflow) == []


def test_an_action_nobody_it_is_meant_for_may_run_is_named(workflow, session, form, action, sound):
    empty = make_group(session)
    action("Second line", who=Who(agents=False, groups=(empty.id,)))
    full = make_group(session, make_agent(session, form))
    action("First line", who=Who(agents=False, groups=(full.id,)))
    action("Customers", who=Who(agents=False, customer=True))
    assert kinds(workflow) == [("nobody", "Second line")]


def test_what_was_right_when_it_was_saved_and_is_gone_is_named(workflow, session, form, action, sound, admin):
    group = make_group(session)
    action("Give", does=Does(assignment=Assignment(How.GROUP, group=group.id)))
    letter = action("Tell", asks=(Ask(AskKind.TEXT),), letters=(Letter(("customer",), "<p>${action:text}</p>"),))
    letter.asks = []
    delete_group(session, group, by=admin)
    session.flush()
    assert kinds(workflow) == [("broken", "Give"), ("variable", "Tell")]


def test_an_action_that_leads_to_or_stands_in_a_deleted_status_is_named(workflow, session, form, sound, admin):
    delete_status(session, form, form.status("done"), move_to=form.status("closed"), by=None)
    session.flush()
    found = kinds(workflow)
    assert ("broken", "Solve") in found
    assert ("nowhere", "Close") in found


def test_closing_without_telling_the_customer_is_named(workflow, action, sound):
    action("Spam", statuses=["new"], does=Does(status="closed", quietly=True))
    action("Told", statuses=["new"], does=Does(status="closed", quietly=True), letters=DONE)
    action("Noticed", statuses=["new"], does=Does(status="closed"))
    assert kinds(workflow) == [("silent", "Spam")]


def test_an_action_that_is_off_leads_nowhere(workflow, session, sound):
    sound.is_on = False
    session.flush()
    assert kinds(workflow) == [("unreachable", "closed")]


def test_what_is_the_same_for_all_actions_is_asked_once(workflow, session, sound, action):
    asked = []

    def note(_connection, _cursor, statement, *_rest):
        asked.append(statement)

    engine, numbers = session.get_bind(), []
    sa.event.listen(engine, "before_cursor_execute", note)
    for name in ("Look", "Look again", "And again"):
        asked.clear()
        findings(workflow)
        numbers.append(len(asked))
        action(name)
        session.flush()
    sa.event.remove(engine, "before_cursor_execute", note)
    assert numbers[1] == numbers[2]  # the first also reads what the session keeps


def test_what_it_says_of_an_action_stands_in_the_quotes_of_the_language(workflow, session, action, sound):
    made = action("Delete it", who=Who(customer=True))
    made.does = {**made.does, "delete": True}  # as the ready-made ones of another version could be
    session.flush()
    with use_language("ru"):
        (said,) = [each.text for each in findings(workflow) if each.kind == "customers"]
    assert said.startswith("«Delete it»: Клиенты")
