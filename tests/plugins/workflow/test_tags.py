"""An action puts tags on and takes others off; its page offers those there are."""

from __future__ import annotations

import pytest

from plugdesk.errors import Invalid
from plugdesk.naming import places_naming
from plugdesk.tags.commands import add_tag, change_tags, delete_tag
from plugdesk.tags.queries import tags_of_ticket
from plugdesk.testing.browser import browser_of
from plugdesk.users.rights import RightInput, set_right
from plugdesk_workflow.definition import Does
from plugdesk_workflow.editing import input_of, shown_action
from plugdesk_workflow.linter import findings
from plugdesk_workflow.words import Wording


@pytest.fixture
def tags(session, form):
    return [add_tag(session, name=name, by=None) for name in ("Recall", "VIP")]


def test_an_action_changes_tags_for_whoever_may_run_it(session, form, ticket, action, run, agent, workflow, tags):
    recall, vip = tags
    row = action("Answered", does=Does(add_tags=(vip.code,), remove_tags=(recall.code,)))
    assert input_of(shown_action(row)).definition.does == Does(add_tags=(vip.code,), remove_tags=(recall.code,))
    set_right(session, form, agent, RightInput(actions=["workflow:answered"]), by=None)
    change_tags(session, ticket, add=[recall], by=None)
    run(ticket, row)
    assert [chip.name for chip in tags_of_ticket(session, ticket.id)] == ["VIP"]
    words = Wording(workflow)
    assert words.does(input_of(shown_action(row)).definition) == ["puts on the tags VIP", "takes off the tags Recall"]


def test_a_tag_that_is_deleted_holds_up_no_action_and_cannot_be_chosen_anew(session, ticket, action, run, agent, tags):
    recall, vip = tags
    row = action("Answered", does=Does(add_tags=(vip.code, recall.code)))
    delete_tag(session, recall, by=None)
    run(ticket, row)
    assert [chip.name for chip in tags_of_ticket(session, ticket.id)] == ["VIP"]
    with pytest.raises(Invalid) as refusal:
        action("Again", does=Does(add_tags=("recall",)))
    assert refusal.value.problems == {"add_tags": "Choose among the tags there are."}


def test_actions_that_name_a_tag_are_listed_before_it_goes_and_found_afterwards(app, session, workflow, action, admin, tags):
    recall, vip = tags
    row = action("Answered", does=Does(status="done", add_tags=(vip.code,), remove_tags=(recall.code,)))
    ways = [each.place.words for tag in (vip, recall) for each in places_naming(session, tag)]
    assert ways == ["Action “Answered”: it puts it on", "Action “Answered”: it takes it off"]
    session.commit()
    browser = browser_of(app)
    browser.sign_in(admin)
    page = browser.get(f"/tags?open={vip.id}").get_data(as_text=True)
    assert f'href="/forms/support/x/workflow/actions/{row.id}"' in page and "it puts it on" in page
    assert not [each for each in findings(workflow) if each.kind == "tag"]
    delete_tag(session, vip, by=None)
    (found,) = [each for each in findings(workflow) if each.kind == "tag"]
    assert (found.tone, found.action, "“vip”" in found.text) == ("amber", row, True)
