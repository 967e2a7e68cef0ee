"""Automations that name somebody or something are listed before that goes; those that cannot do what they say need somebody."""

from __future__ import annotations

from plugdesk.forms.commands import add_field
from plugdesk.forms.models import FieldKind
from plugdesk.naming import places_naming
from plugdesk.tags.commands import add_tag
from plugdesk_automation.own.asking import types_of
from plugdesk_automation.own.commands import copy_automations, pause
from plugdesk_automation.own.deeds import Known
from plugdesk_automation.own.naming import health
from plugdesk_automation.own.reading import automations_of, troubles
from plugdesk_automation.own.ready import make_examples
from tests.factories import make_admin, make_form
from tests.plugins.automation.own.conftest import OPENED

DOES, ASKS = "Automation “%s”: what it does names it", "Automation “%s”: its condition asks for it"


def words(session, thing):
    return [each.place.words for each in places_naming(session, thing)]


def asks(fact, value):
    return {"all": [{"fact": fact, "is": value}]}


def test_what_they_do_and_ask_for_is_named(session, form, agent, boss, group, make):
    expert = add_field(session, form, kind=FieldKind.PERSON, label="Expert", by=None)
    vip, recall = (add_tag(session, name=name, by=None) for name in ("VIP", "Recall"))
    session.commit()
    row = make(("assign", {"to": f"person:{agent.id}"}), ("watch", {"people": [str(boss.id)]}), name="People")
    make(("subtask", {"to": f"group:{group.id}", "subject": "Look", "text": "Please."}), name="Group")
    make((f"field:{expert.code}", {"value": str(boss.id)}), name="Field")
    make(("tags_on", {"tags": ["vip"]}), condition={"all": [{"fact": "ticket.tag", "in": ["recall"]}]}, name="Tags")
    make(("note", {"text": "Seen"}), condition=asks(f"field.{expert.code}", agent.id), name="Asks")
    status = form.status("in_progress")
    make(("status", {"status": "in_progress"}), condition=asks("ticket.assignee", agent.id), name="Status")
    assert words(session, agent) == [DOES % "People", ASKS % "Asks", ASKS % "Status"]
    assert words(session, boss) == [DOES % "People", DOES % "Field"]
    assert words(session, group) == [DOES % "Group"]
    assert words(session, expert) == [DOES % "Field", ASKS % "Asks"]
    assert (words(session, vip), words(session, recall)) == ([DOES % "Tags"], [ASKS % "Tags"])
    assert words(session, status) == [DOES % "Status"]
    assert places_naming(session, agent)[0].place.url == f"/forms/{form.slug}/x/automation/own/{row.id}"


def test_what_cannot_do_what_it_says_needs_somebody(session, form, ctx, agent, make):
    field = add_field(session, form, kind=FieldKind.TEXT, label="Order", by=None)
    session.commit()
    make(("assign", {"to": f"person:{agent.id}"}), name="Hands on")
    make(("note", {"text": "Seen"}), condition=asks(f"field.{field.code}", "A"), name="Asks")
    assert health(ctx) == []
    agent.active = False
    session.delete(field)
    session.commit()
    session.expire_all()
    assert [(line.title, line.problem) for line in health(ctx)] == [
        ("Hands on", "Choose somebody who works on “Support”."),
        ("Asks", "Its condition asks for “field.order”, which is no longer there. Change the condition."),
    ]
    pause(ctx, on=False, by=None)
    assert health(ctx) == []


def test_they_go_along_with_a_copied_form_and_rest_there(session, form, ctx, enable, make):
    make(("note", {"text": "Seen"}), starts=OPENED, condition=asks("ticket.subject", "Till"), name="Tills", stops=True)
    copy = enable("automation", on=make_form(session, slug="copy", name="Copy"))
    copy_automations(copy, form)
    (row,) = automations_of(copy)
    assert (row.name, row.condition, row.stops, row.is_on) == ("Tills", asks("ticket.subject", "Till"), True, False)


def test_there_is_something_to_look_at(session, ctx, make):
    make_examples(ctx, make_admin(session))
    rows = automations_of(ctx)
    assert [(row.name, row.is_on) for row in rows] == [("It came back", True), ("The customer is silent", False)]
    assert not [each for row in rows for each in troubles(Known(ctx), types_of(ctx), row.condition, row.does)]
