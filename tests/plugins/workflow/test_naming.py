"""Actions that name an agent, a group, a field or a status are listed before one of them goes."""

from __future__ import annotations

from plugdesk.forms.commands import add_field
from plugdesk.forms.models import FieldKind
from plugdesk.naming import places_naming
from plugdesk_workflow.definition import Ask, AskKind, Assignment, Automatic, Does, How, Letter, Since, Who
from tests.factories import make_group


def words(places):
    return [each.place.words for each in places]


def test_actions_say_how_they_name_what(session, form, agent, action):
    night = make_group(session, name="Night")
    expert = add_field(session, form, kind=FieldKind.PERSON, label="Expert", by=None)
    paid = action(
        "Paid", statuses=["waiting"], who=Who(agents=False, groups=(night.id,)), asks=(Ask(AskKind.FIELD, code=expert.code),),
        does=Does(status="done", assignment=Assignment(How.PERSON, person=agent.id), watchers=(agent.id,)),
        letters=(Letter((f"field:{expert.code}",), "<p>Look</p>", "Paid"),),
    )  # fmt: skip
    assert words(places_naming(session, agent)) == ["Action “Paid”: it assigns to them", "Action “Paid”: it lets them watch"]
    assert words(places_naming(session, night)) == ["Action “Paid”: they may run it"]
    assert words(places_naming(session, form.status("done"))) == ["Action “Paid”: it leads there"]
    assert words(places_naming(session, form.status("waiting"))) == ["Action “Paid”: it is offered in it"]
    named = places_naming(session, expert)
    assert words(named) == ["Action “Paid”: it asks for it", "Action “Paid”: it writes to whom it names"]
    assert {each.place.url for each in named} == {f"/forms/{form.slug}/x/workflow/actions/{paid.id}"}


def test_an_action_that_writes_them_into_a_field_names_them(session, form, agent, action):
    expert = add_field(session, form, kind=FieldKind.PERSON, label="Expert", by=None)
    circle = add_field(session, form, kind=FieldKind.GROUP, label="Circle", by=None)
    night, day = make_group(session, name="Night"), make_group(session, name="Day")
    action("Hand on", does=Does(values={expert.code: str(agent.id), circle.code: str(night.id)}))
    assert [words(places_naming(session, each)) for each in (agent, night, day)] == [
        ["Action “Hand on”: it sets a field to them"], ["Action “Hand on”: it sets a field to them"], [],
    ]  # fmt: skip


def test_an_action_that_runs_by_a_date_names_its_field(session, form, action):
    due = add_field(session, form, kind=FieldKind.DATE, label="Due", by=None)
    action("Remind", automatic=Automatic(Since.FIELD, 1, before=True, field=due.code))
    assert words(places_naming(session, due)) == ["Action “Remind”: it runs by its date"]
