"""The pages of a form's actions: built row by row, refused with what was typed, ordered, switched and deleted; two admins at once."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from plugdesk.forms.commands import add_field
from plugdesk.forms.models import FieldKind
from plugdesk.testing.browser import browser_of
from plugdesk.testing.desks import add_staff
from plugdesk.users.models import Role
from plugdesk.users.rights import RightInput, set_right
from plugdesk_workflow.definition import (
    NOBODY,
    Ask,
    AskKind,
    Assignment,
    Automatic,
    Definition,
    Does,
    How,
    Letter,
    Since,
    Unit,
    Who,
    read,
)
from plugdesk_workflow.models import Action
from tests.factories import make_agent, make_group
from tests.support.pages import differences

WORKFLOW = "/forms/support/x/workflow/"
PLAIN = {"name": "Payment received", "statuses": ["new"], "agents": "1", "is_on": "1", "assignment": "leave"}


@pytest.fixture
def page(app, session, admin, workflow):
    """The browser of an administrator."""
    session.commit()
    browser = browser_of(app)
    browser.sign_in(admin)
    return browser


def text(response):
    return response.get_data(as_text=True)


def actions(session):
    session.expire_all()
    return session.scalars(sa.select(Action).order_by(Action.position)).all()


def post(page, path, data, status=303):
    response = page.post(WORKFLOW + path, data=data)
    assert response.status_code == status, text(response)
    return response


def ask(number, what, label="", **more):
    name = f"asks-{number}"
    return {f"{name}-what": what, f"{name}-label": label, **{f"{name}-{each}": value for each, value in more.items()}}


def test_an_action_is_made_by_clicks_with_all_that_it_can_do(session, form, page):
    code = add_field(session, form, kind=FieldKind.NUMBER, label="Amount", by=None).code
    petra = make_agent(session, form)
    group = make_group(session, petra)
    session.commit()
    typed = {
        **PLAIN, "icon": "money", "agents": "", "groups": [str(group.id)], "assignee": "1", "status": "done",
        "assignment": f"round_robin:{group.id}", "value-priority": "high", f"value-{code}": "12", "watchers": [str(petra.id)],
        "note": "Paid on time.", "subtask_to": str(petra.id), "subtask_group": str(group.id), "subtask_subject": "Ship ${ticket:number}", "subtask_body": "Today.",
        "quietly": "1", "asks-row": ["0", "1", "2"], **ask(0, "text", "How it was paid", required="1"), **ask(1, f"field:{code}"),
        **ask(2, "own:choice", "Way of payment", choices="Cash\nCard\n\nCash"), "letters-row": ["0"],
        "letters-0-to": ["customer", "supervisor"], "letters-0-addresses": "shop@example.org; till@example.org",
        "letters-0-subject": "Paid", "letters-0-body": "Dear ${customer:name},\n\nby ${action:way_of_payment}: ${action:text}",
        "letters-0-files": "1", "letters-0-holds": "link",
    }  # fmt: skip
    post(page, "actions", typed)
    (made,) = actions(session)
    choices = ({"code": "cash", "label": "Cash"}, {"code": "card", "label": "Card"})
    assert (made.code, made.icon, made.statuses) == ("payment_received", "money", ["new"])
    assert read(made) == Definition(
        Who(agents=False, groups=(group.id,), assignee=True),
        (
            Ask(AskKind.TEXT, required=True, label="How it was paid"),
            Ask(AskKind.FIELD, code=code),
            Ask(AskKind.OWN, code="way_of_payment", label="Way of payment", field_kind=FieldKind.CHOICE, choices=choices),
        ),
        Does(
            "done", Assignment(How.ROUND_ROBIN, group=group.id), {"priority": "high", code: "12"}, (petra.id,), "<p>Paid on time.</p>",
            petra.id, "Ship ${ticket:number}", "<p>Today.</p>", quietly=True, subtask_group=group.id,
        ),
        (
            Letter(
                ("customer", "supervisor", "address:shop@example.org", "address:till@example.org"),
                "<p>Dear ${customer:name},</p>\n<p>by ${action:way_of_payment}: ${action:text}</p>", "Paid", True, True,
            ),
        ),
    )  # fmt: skip


def test_what_is_stored_stands_in_the_controls_and_saving_it_changes_nothing(session, page, action, agent):
    asks = (Ask(AskKind.OWN, code="sum", label="Sum", field_kind=FieldKind.MONEY, choices=({"code": "EUR", "label": "EUR"},)),)
    letters = (
        Letter(("assignee", "address:a@example.org"), "<p>One</p>\n<p>Two</p>", "Hello"),
        Letter(("customer",), "<p>Three</p>", link=True),
    )
    does = Does("done", Assignment(How.PERSON, agent.id), {"priority": "high"}, (agent.id,), "<p>Note</p>")
    made = action("Hand over", asks=asks, letters=letters, does=does)
    session.commit()
    before, shown = read(made), text(page.get(f"{WORKFLOW}actions/{made.id}"))
    assert re.search(r'name="asks-0-choices"[^>]*value="EUR"', shown)
    typed = {
        **PLAIN, "name": "Hand over", "statuses": list(made.statuses), "version": str(made.version), "status": "done",
        "assignment": f"person:{agent.id}", "value-priority": "high", "watchers": str(agent.id), "note": "Note", "asks-row": "0",
        **ask(0, "own:money", "Sum", code="sum", choices="EUR"), "letters-row": ["0", "1"], "letters-0-to": "assignee",
        "letters-0-addresses": "a@example.org", "letters-0-subject": "Hello", "letters-0-body": "One\n\nTwo",
        "letters-1-to": "customer", "letters-1-body": "Three", "letters-1-holds": "link",
    }  # fmt: skip
    for value in ("EUR", f"person:{agent.id}", "a@example.org", "One\n\nTwo"):
        assert value in shown
    post(page, f"actions/{made.id}", typed)
    assert read(actions(session)[0]) == before


def test_rows_are_added_moved_and_removed_and_nothing_is_saved_by_that(session, page):
    typed = {**PLAIN, "asks-row": ["0", "1"], **ask(0, "text", "First"), **ask(1, "own:text", "Second")}
    added = text(post(page, "actions", {**typed, "asks-do": "add"}, status=200))
    assert 'name="asks-2-what"' in added and "Payment received" in added
    moved = text(post(page, "actions", {**typed, "asks-do": "up:1"}, status=200))
    assert moved.index('value="Second"') < moved.index('value="First"')
    removed = text(post(page, "actions", {**typed, "asks-do": "remove:0"}, status=200))
    assert 'value="First"' not in removed and 'value="Second"' in removed
    lettered = text(post(page, "actions", {**typed, "letters-do": "add"}, status=200))
    assert 'name="letters-0-body"' in lettered
    assert actions(session) == []


def test_a_new_field_of_the_actions_own_has_its_variable_at_once(page):
    drawn = text(
        post(page, "actions", {**PLAIN, "asks-row": "0", **ask(0, "own:text", "Shelf no."), "asks-do": "refresh"}, status=200)
    )
    assert "${action:shelf_no}" in drawn


def test_a_refusal_says_where_and_keeps_everything(session, page):
    typed = {
        **PLAIN, "name": "", "asks-row": ["0"], **ask(0, "own:choice", "Way"), "letters-row": ["0"],
        "letters-0-body": "Kept ${nobody:name}", "note": "Kept, too",
    }  # fmt: skip
    refused = text(post(page, "actions", typed, status=422))
    for anchor in ("#f-name", "#f-asks-0", "#f-letters-0-to", "#f-letters-0-body"):
        assert f'href="{anchor}"' in refused and f'id="{anchor[1:]}"' in refused
    assert "Kept ${nobody:name}" in refused and "Kept, too" in refused
    unfinished = text(post(page, "actions", {**PLAIN, "asks-row": "0", **ask(0, "")}, status=422))
    assert "Choose what is asked for" in unfinished
    assert actions(session) == []


def test_two_who_change_one_action_do_not_overwrite_each_other(session, page, action):
    made = action("First")
    session.commit()
    seen = str(made.version)
    post(page, f"actions/{made.id}", {**PLAIN, "name": "Second", "status": "done", "version": seen})
    late = {
        **PLAIN, "name": "Third", "version": seen, "letters-row": "0", "letters-0-to": "customer", "letters-0-body": "One\r\ntwo",
    }  # fmt: skip
    drawn = text(post(page, f"actions/{made.id}", {**late, "letters-do": "add"}, status=200))
    assert f'name="version" value="{seen}"' in drawn, "a line more passes over nothing that was saved meanwhile"
    refused = text(post(page, f"actions/{made.id}", late, status=409))
    assert differences(refused) == {
        "Name of the action": ("Third", "Second"), "New status": ("—", "Done"), "Letter 1: To": ("the customer", "—"),
        "Letter 1: Text": ("One\ntwo", "—"),
    }  # fmt: skip
    stored = actions(session)[0]
    assert stored.name == "Second" and f'name="version" value="{stored.version}"' in refused
    post(page, f"actions/{made.id}", {**late, "version": str(stored.version)})
    assert actions(session)[0].name == "Third"


def test_an_action_with_everything_in_it_differs_in_nothing_from_itself(session, form, page, action, agent):
    group = make_group(session, agent)
    does = Does(
        "done", Assignment(How.ROUND_ROBIN, group=group.id), {"priority": "high"}, (agent.id,), "<p>One<br>two</p>", agent.id, "Ship",
        "<p>Now</p>", quietly=True,
    )  # fmt: skip
    asks = (Ask(AskKind.OWN, code="sum", label="Sum", field_kind=FieldKind.MONEY, choices=({"code": "EUR", "label": "EUR"},)),)
    letters = (Letter(("assignee", "address:a@example.org"), "<p>One</p>\n<p>Two</p>", "Hello"),)
    made = action("Hand over", asks=asks, letters=letters, does=does, automatic=Automatic(Since.STATUS, 2, Unit.HOURS))
    session.commit()
    typed = {
        **PLAIN, "name": "Hand over", "statuses": list(made.statuses), "version": "0", "status": "done", "quietly": "1",
        "assignment": f"round_robin:{group.id}", "value-priority": "high", "watchers": str(agent.id), "note": "One\r\ntwo",
        "subtask_to": str(agent.id), "subtask_subject": "Ship", "subtask_body": "Now", "asks-row": "0",
        **ask(0, "own:money", "Sum", code="sum", choices="EUR"), "letters-row": "0", "letters-0-to": "assignee",
        "letters-0-addresses": "a@example.org", "letters-0-subject": "Hello", "letters-0-body": "One\r\n\r\nTwo",
        "when": "status", "amount": "2", "unit": "hours",
    }  # fmt: skip
    assert differences(text(post(page, f"actions/{made.id}", typed, status=409))) == {}
    other = {**typed, "assignment": f"group:{group.id}", "amount": "3", "subtask_subject": "Send", "asks-0-required": "1"}
    other |= {"value-priority": "low", "icon": "money", "note": ""}
    assert differences(text(post(page, f"actions/{made.id}", other, status=409))) == {
        "Sign": ("Money", "None"), "Run it by itself": ("3 hours after the ticket came into the status", "2 hours after the ticket came into the status"),
        "What is asked for, line 1": ("Money\nSum\nmust be given\nEUR", "Money\nSum\nEUR"),
        "Assign it to": (f"A whole group: {group.name}", f"The members of the group in turn: {group.name}"),
        "Set fields: Priority": ("Low", "High"), "Keep a note": ("—", "One\ntwo"),
        "Ask colleagues in a subtask: What about": ("Send", "Ship"),
    }  # fmt: skip


def test_actions_stand_under_their_statuses_with_what_they_do(session, page, action):
    action("Solve", statuses=["new", "in_progress"], does=Does(status="done"))
    action("Rest", statuses=["in_progress"], is_on=False)
    session.commit()
    listed = text(page.get(WORKFLOW))
    new, _sep, rest = listed.partition('id="status-in_progress"')
    assert new.count(">Solve</a>") == 1 and ">Rest</a>" not in new
    assert rest.count(">Solve</a>") == 1 and rest.count(">Rest</a>") == 1
    assert "new status: Done" in listed


def test_actions_are_ordered_switched_and_deleted(session, page, action):
    ids = [action(name, statuses=["new"]).id for name in ("one", "two", "three")]
    elsewhere = action("elsewhere", statuses=["done"])
    session.commit()
    post(page, f"actions/{ids[2]}/move", {"by": "up", "status": "new"})
    assert [each.name for each in actions(session)] == ["one", "three", "two", "elsewhere"]
    assert post(page, "order", {"order": [str(elsewhere.id), str(ids[0])]}, status=204).data == b""
    assert [each.name for each in actions(session)] == ["elsewhere", "three", "two", "one"]
    post(page, f"actions/{ids[0]}/switch", {})
    assert [each.name for each in actions(session) if not each.is_on] == ["one"]
    post(page, f"actions/{ids[0]}/removal", {})
    assert [each.name for each in actions(session)] == ["elsewhere", "three", "two"]
    assert page.get(f"{WORKFLOW}actions/{ids[0]}").status_code == 404


def test_deleting_names_who_loses_the_right(session, form, page, action, admin):
    action("Payment received")
    anna = make_agent(session, name="Anna Kern")
    set_right(session, form, anna, RightInput(actions=["workflow:payment_received"]), by=admin)
    session.commit()
    assert "The right to it is lost to: Anna Kern." in text(page.get(WORKFLOW))


def test_findings_lead_to_the_place_that_mends_them(session, page, action):
    silent = action("Spam", statuses=["new"], does=Does(status="closed", quietly=True))
    action("For nobody", who=Who(agents=False, groups=(make_group(session).id,)))
    session.commit()
    listed = text(page.get(WORKFLOW))
    assert f'href="{WORKFLOW}actions/{silent.id}#letters"' in listed
    assert 'href="/forms/support/agents"' in listed
    assert f'href="{WORKFLOW}actions/new?to=waiting"' in listed
    assert "the customer is not told" in text(page.get(f"{WORKFLOW}actions/{silent.id}"))
    begun = text(page.get(f"{WORKFLOW}actions/new?to=waiting"))
    assert '<option value="waiting" selected>' in begun


def test_the_system_page_counts_what_there_is_to_look_at(session, page, action):
    action("Spam", statuses=["new"], does=Does(status="closed", quietly=True))
    session.commit()
    assert "things to look at" in text(page.get("/system"))


def test_what_was_chosen_and_is_gone_is_shown_as_gone(session, page, action):
    made = action("Solve", does=Does(status="done"))
    made.does = {**made.does, "status": "lost", "assignment": {"how": "group", "person": None, "group": 999}}
    session.commit()
    shown = text(page.get(f"{WORKFLOW}actions/{made.id}"))
    assert shown.count("(no longer there)") == 2


def test_the_pages_are_the_form_admins(app, session, form, workflow, agent, other_form):
    rival = add_staff(session, "Boris Berg", Role.AGENT, other_form, is_admin=True)
    session.commit()
    for somebody in (agent, rival):
        browser = browser_of(app)
        browser.sign_in(somebody)
        assert browser.get(WORKFLOW).status_code == 404
        assert browser.post(WORKFLOW + "actions", data=PLAIN).status_code == 404


def test_when_an_action_runs_by_itself_is_chosen_on_its_page_and_stands_in_the_list(session, form, page):
    code = add_field(session, form, kind=FieldKind.DATE, label="Visit", by=None).code
    session.commit()
    typed = {**PLAIN, "name": "Remind", "agents": "", "amount": "2", "unit": "days", "when": f"before:{code}"}
    post(page, "actions", typed)
    (row,) = actions(session)
    assert (read(row).automatic, read(row).who) == (Automatic(Since.FIELD, 2, Unit.DAYS, True, code), NOBODY)
    assert "2 days before “Visit”" in text(page.get(WORKFLOW))
    shown = text(page.get(f"{WORKFLOW}actions/{row.id}"))
    assert f'<option value="before:{code}" selected>' in shown and 'id="f-amount" value="2"' in shown
    for wrong in ("", "soon", "-1", "10000", "²"):
        assert "whole number" in text(post(page, "actions", {**typed, "amount": wrong}, 422))
    asking = {**typed, "asks-row": ["0"], **ask(0, "text", "Why", required="1")}
    assert "Nobody is there to give “Why”" in text(post(page, "actions", asking, 422))


def test_an_action_has_a_name_in_each_language_and_one_to_fall_back_on(app, session, form, ticket, page):
    post(page, "actions", {**PLAIN, "name": "Paid", "name-ru": " Оплата  получена "})
    (row,) = actions(session)
    assert row.names == {"ru": "Оплата получена"}
    assert 'value="Оплата получена"' in text(page.get(f"{WORKFLOW}actions/{row.id}"))
    reader = make_agent(session, form, language="ru")
    session.commit()
    browser = browser_of(app)
    browser.sign_in(reader)
    assert "Оплата получена" in text(browser.get(f"/tickets/{ticket.id}"))
    assert "Оплата получена" not in text(page.get(f"/tickets/{ticket.id}"))
    browser.post(f"/forms/support/x/workflow/tickets/{ticket.id}/{row.code}")
    assert f"{reader.name}: действие «Оплата получена»" in text(browser.get(f"/tickets/{ticket.id}"))
    assert f"{reader.name} ran “Paid”" in text(page.get(f"/tickets/{ticket.id}"))
    post(page, "actions", {**PLAIN, "name-ru": "я" * 101}, 422)


def test_the_drawing_is_there_before_the_first_action(page):
    said = text(page.get(WORKFLOW))
    assert "No actions yet" in said and 'data-status="new"' in said
