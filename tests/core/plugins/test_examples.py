"""Examples that extensions make to look at."""

from __future__ import annotations

import pytest

from plugdesk.errors import NotAllowed
from plugdesk.plugins.examples import make_examples
from plugdesk_webform.queries import request_forms
from plugdesk_workflow.rights import actions_of


def test_every_extension_that_is_on_makes_its_own(session, enable, form, admin):
    workflow, webform = enable("workflow"), enable("webform")
    make_examples(session, form, by=admin)
    assert len(actions_of(workflow)) > 3
    assert [row.title for row in request_forms(webform, only_on=True)] == [form.name]


def test_they_speak_the_language_of_the_form_or_else_of_the_desk(session, enable, form, admin, runtime):
    workflow = enable("workflow")
    runtime.desk(session).language = "ru"
    make_examples(session, form, by=admin)
    assert "Уточнить у клиента" in [action.name for action in actions_of(workflow)]


def test_only_administrators_have_them_made(session, form, agent):
    with pytest.raises(NotAllowed):
        make_examples(session, form, by=agent)
