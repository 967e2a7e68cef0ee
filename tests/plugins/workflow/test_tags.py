"""An action puts tags on and takes others off; its page offers those there are."""

from __future__ import annotations

import pytest

from plugdesk.errors import Invalid
from plugdesk.tags.commands import add_tag, change_tags, delete_tag
from plugdesk.tags.queries import tags_of_ticket
from plugdesk.users.rights import RightInput, set_right
from plugdesk_workflow.definition import Does
from plugdesk_workflow.editing import input_of, shown_action
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
