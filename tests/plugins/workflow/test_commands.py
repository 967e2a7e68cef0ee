"""The actions of a form: described, refused with what is wrong, changed by one at a time, put in order and removed."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.errors import Conflict, Invalid, NotAllowed, NotFound
from plugdesk.forms.models import FieldKind
from plugdesk.jobs import Job
from plugdesk.users.rights import RightInput, set_right
from plugdesk_workflow.commands import (
    ActionInput,
    action_here,
    add_action,
    change_action,
    put_in_order,
    remove_action,
    switch_action,
)
from plugdesk_workflow.definition import Ask, AskKind, Assignment, Definition, Does, How, Letter, Who, read
from plugdesk_workflow.rights import actions_of, right_to
from tests.factories import make_agent


def named(workflow):
    return [each.name for each in actions_of(workflow)]


def test_switching_what_people_run_sets_no_timers(session, workflow, admin, action):
    row = action("Look")
    for is_on in (False, True):
        switch_action(workflow, row, on=is_on, by=admin)
    assert session.scalars(sa.select(Job).where(Job.kind == "workflow:arm_all")).all() == []


def test_an_action_is_read_as_it_was_described(session, workflow, admin, agent, action):
    described = Definition(
        Who(agents=False, assignee=True),
        (
            Ask(AskKind.TEXT, required=True, label="Why"),
            Ask(AskKind.FIELD, code="priority"),
            Ask(AskKind.OWN, code="size", label="Size", field_kind=FieldKind.CHOICE, choices=({"code": "s", "label": "Small"},)),
        ),
        Does(status="done", assignment=Assignment(How.PERSON, agent.id), values={"priority": "high"}, watchers=(agent.id,)),
        (Letter(("customer", "address:a@example.org"), "<p>${customer:name}, ${action:size}</p>", "${action:name}", True),),
    )
    row = add_action(workflow, ActionInput("Hand over", ["new"], "check", True, described), by=admin)
    session.flush()
    session.expire(row)
    assert read(row) == described
    assert (row.code, right_to(row), row.icon, row.statuses) == ("hand_over", "workflow:hand_over", "check", ["new"])


@pytest.mark.parametrize(
    ("field", "about"),
    [
        ("name", {"name": " "}),
        ("statuses", {"statuses": []}),
        ("statuses", {"statuses": ["new", "lost"]}),
        ("who", {"who": Who(agents=False)}),
        ("who", {"who": Who(groups=(99,))}),
        ("asks", {"asks": (Ask(AskKind.TEXT), Ask(AskKind.TEXT))}),
        ("asks-0", {"asks": (Ask(AskKind.FIELD, code="lost"),)}),
        ("asks-0", {"asks": (Ask(AskKind.OWN, code="name", label="Name"),)}),
        ("asks-0", {"asks": (Ask(AskKind.OWN, code="Größe", label="Size"),)}),
        ("asks-0", {"asks": (Ask(AskKind.OWN, code="size", label=" "),)}),
        ("asks-0", {"asks": (Ask(AskKind.OWN, code="size", label="Size", field_kind=FieldKind.FILE),)}),
        ("asks-0", {"asks": (Ask(AskKind.OWN, code="size", label="Size", field_kind=FieldKind.CHOICE),)}),
        ("status", {"does": Does(status="lost")}),
        ("assignment", {"does": Does(assignment=Assignment(How.PERSON, person=99))}),
        ("assignment", {"does": Does(assignment=Assignment(How.ROUND_ROBIN))}),
        ("watchers", {"does": Does(watchers=(99,))}),
        ("subtask", {"does": Does(subtask_to=99, subtask_subject="Look")}),
        ("subtask", {"does": Does(subtask_group=99, subtask_subject="Look")}),
        ("value-lost", {"does": Does(values={"lost": "1"})}),
        ("value-priority", {"does": Does(values={"priority": "very"})}),
        ("note", {"does": Does(note="<p>${nobody:name}</p>")}),
        ("letters-0-to", {"letters": (Letter((), "<p>Hello</p>"),)}),
        ("letters-0-to", {"letters": (Letter(("address:nowhere",), "<p>Hello</p>"),)}),
        ("letters-0-to", {"letters": (Letter(("field:priority",), "<p>Hello</p>"),)}),
        ("letters-0-body", {"letters": (Letter(("customer",), " "),)}),
        ("letters-0-body", {"letters": (Letter(("customer",), "<p>${action:text}</p>"),)}),
        ("letters-0-subject", {"letters": (Letter(("group",), "<p>Hello</p>", "${ticket:nummer}"),)}),
    ],
)
def test_what_is_wrong_is_said_beside_it(workflow, admin, field, about):
    about = dict(about)
    name, statuses = about.pop("name", "An action"), about.pop("statuses", ["new"])
    with pytest.raises(Invalid) as refused:
        add_action(workflow, ActionInput(name, statuses, definition=Definition(**about)), by=admin)
    assert list(refused.value.problems) == [field]


def test_two_actions_of_one_name_have_two_codes_and_a_new_name_leaves_the_code(workflow, action, admin):
    first, second = action("Решить"), action("Решить")
    assert (first.code, second.code) == ("reshit", "reshit_2")
    change_action(workflow, first, ActionInput("Готово", ["new"]), by=admin, version=first.version)
    assert (first.name, first.code) == ("Готово", "reshit")


def test_who_read_an_older_action_overwrites_nothing(session, workflow, action, admin):
    row = action("Solve")
    read_version = row.version
    change_action(workflow, row, ActionInput("Close", ["new"]), by=admin, version=read_version)
    session.flush()
    with pytest.raises(Conflict):
        change_action(workflow, row, ActionInput("Finish", ["new"]), by=admin, version=read_version)
    assert row.name == "Close"


def test_actions_are_moved_switched_and_removed(session, workflow, action, admin):
    first, second = action("First"), action("Second")
    put_in_order(workflow, [str(second.id), str(first.id)], by=admin)
    session.flush()
    assert named(workflow) == ["Second", "First"]
    assert switch_action(workflow, first, on=False, by=admin).is_on is False
    remove_action(workflow, second, by=admin)
    session.flush()
    assert named(workflow) == ["First"]


def test_actions_are_the_form_admins_to_change(workflow, action, agent):
    row = action("Solve")
    with pytest.raises(NotAllowed):
        add_action(workflow, ActionInput("Mine", ["new"]), by=agent)
    with pytest.raises(NotAllowed):
        remove_action(workflow, row, by=agent)


def test_another_forms_action_is_not_found(enable, other_form, action):
    row = action("Solve")
    with pytest.raises(NotFound):
        action_here(enable("workflow", on=other_form), row.id)


def test_an_action_of_the_name_of_one_that_is_gone_is_not_its_runners_to_run(session, workflow, form, admin, action):
    first = action("Pay")
    accountant = make_agent(session)
    set_right(session, form, accountant, RightInput(actions=[right_to(first)]), by=admin)
    remove_action(workflow, first, by=admin)
    assert right_to(action("Pay")) != "workflow:pay"
