"""The pages of a form's rules: made, ordered, switched and removed by clicks; why a ticket went where it went."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.errors import Conflict
from plugdesk.forms.commands import add_field, archive_form
from plugdesk.forms.models import FieldKind
from plugdesk.testing.browser import browser_of
from plugdesk.testing.desks import add_staff
from plugdesk.tickets.models import Ticket
from plugdesk.users.commands import delete_group
from plugdesk.users.models import Role
from plugdesk_routing.commands import put_in_order
from plugdesk_routing.models import Rule
from tests.factories import make_ticket
from tests.support.pages import differences

RULES = "/forms/support/x/routing/"


@pytest.fixture
def page(client, admin, routing):
    """The browser of an administrator."""
    client.sign_in(admin)
    return client


def text(response):
    return response.get_data(as_text=True)


def rules(session):
    session.expire_all()
    return session.scalars(sa.select(Rule).order_by(Rule.position)).all()


def condition(fact, operator, value):
    prefix = "when-0.0"
    return {
        "when-0-join": "all",
        "when-row": "0.0",
        f"{prefix}-fact": fact,
        f"{prefix}-operator": operator,
        f"{prefix}-value": value,
    }


def post(page, path, data, status=303):
    response = page.post(RULES + path, data=data)
    assert response.status_code == status, text(response)
    return response


def test_a_rule_made_by_clicks_routes_the_next_ticket(session, form, page, programmers):
    typed = {"name": "Tills", "is_on": "1", "group": str(programmers.id), **condition("ticket.words", "contains", "beeps")}
    post(page, "rules", typed)
    session.commit()
    assert make_ticket(session, form).group_id == programmers.id
    listed = text(page.get(RULES))
    assert "Subject or first message contains “beeps”" in listed
    assert "to Programmers" in listed


def test_without_a_name_it_is_called_after_what_it_does(session, page, programmers):
    post(page, "rules", {"is_on": "1", "group": str(programmers.id), "value-priority": "high"})
    assert [each.name for each in rules(session)] == ["To programmers, priority: high"]


def test_a_button_of_the_condition_draws_one_more_line_and_keeps_what_was_typed(session, page):
    answer = text(post(page, "rules", {"name": "Half a rule", "when-do": "add:0", "when-0-join": "all"}, status=200))
    assert 'name="when-0.0-fact"' in answer and "Half a rule" in answer
    assert rules(session) == []


def test_a_rule_that_moves_tickets_shows_the_fields_of_the_form_chosen_and_where_values_go(session, form, other_form, page):
    for label in ("Room", "Floor"):
        add_field(session, form, kind=FieldKind.TEXT, label=label, by=None)
    add_field(session, other_form, kind=FieldKind.TEXT, label="Place", by=None)
    session.commit()
    typed = {"name": "Away", "is_on": "1", "form": str(other_form.id)}
    drawn = text(post(page, "rules", {**typed, "moving-do": "refresh"}, status=200))
    assert "By itself: into the note" in drawn and ">Place</option>" in drawn and rules(session) == []
    typed |= {"moving-to": str(other_form.id), "carry-room": "place", "carry-floor": "place"}
    refused = text(post(page, "rules", typed, status=422))
    assert "Another value goes into the same field" in refused and '<option value="place" selected>' in refused
    post(page, "rules", {**typed, "carry-floor": "-", "carry-priority": ""})
    (rule,) = rules(session)
    assert rule.result == {"form_id": other_form.id, "form_fields": {"room": "place", "floor": ""}}
    listed = text(page.get(RULES))
    assert "Room → Place" in listed and "Floor → note" in listed
    kept = text(page.get(f"{RULES}rules/{rule.id}"))
    assert '<option value="place" selected>' in kept and '<option value="-" selected>' in kept
    post(page, f"rules/{rule.id}", {**typed, "moving-to": "0", "version": str(rule.version)})
    assert rules(session)[0].result == {"form_id": other_form.id}, "what was chosen for another form says nothing of this one"


def test_a_rule_that_does_nothing_is_refused_and_what_was_typed_is_kept(session, page):
    answer = text(post(page, "rules", {"name": "Nothing at all", **condition("ticket.subject", "is", "Hello")}, status=422))
    assert "Say what the rule does" in answer
    assert "Nothing at all" in answer and "Hello" in answer
    assert rules(session) == []


def test_what_is_not_offered_is_refused(session, page, other_form):
    stranger = add_staff(session, "Sam Sales", Role.AGENT, other_form)
    session.commit()
    for typed in (
        {"assignee": str(stranger.id)},
        {"group": "999"},
        {"form": "999"},
        {"watchers": "x"},
        {"value-priority": "purple"},
    ):
        post(page, "rules", typed, status=422)
    assert rules(session) == []


def test_a_form_admin_is_offered_only_forms_they_work_on(session, app, form, other_form, routing):
    petra = add_staff(session, "Petra Simon", Role.AGENT, form, is_admin=True)
    session.commit()
    browser = browser_of(app)
    browser.sign_in(petra)
    assert other_form.name not in text(browser.get(RULES + "rules/new"))
    assert browser.post(RULES + "rules", data={"form": str(other_form.id)}).status_code == 422


def test_two_who_change_one_rule_do_not_overwrite_each_other(session, page, programmers, commerce, rule):
    made = rule(name="First", group_id=programmers.id)
    session.commit()
    seen = made.version
    post(page, f"rules/{made.id}", {"name": "Second", "group": str(commerce.id), "version": str(seen)})
    late = {
        "name": "Third",
        "is_on": "1",
        "group": str(programmers.id),
        "version": str(seen),
        **condition("ticket.subject", "is", "Hi"),
    }
    drawn = text(post(page, f"rules/{made.id}", {**late, "when-do": "add:0"}, status=200))
    assert f'name="version" value="{seen}"' in drawn, "a line more passes over nothing that was saved meanwhile"
    answer = text(post(page, f"rules/{made.id}", late, status=409))
    assert differences(answer) == {
        "Name of the rule": ("Third", "Second"), "When": ("Subject is “Hi”", "Always"), "The rule is on": ("Yes", "No"),
        "Assign to the group": ("Programmers", "Commercial department"),
    }  # fmt: skip
    assert rules(session)[0].name == "Second"
    rehearsed = post(page, "replays", {**late, "rule": str(made.id), "most": "100"}).location
    assert post(page, f"{rehearsed.partition('/routing/')[2]}/saving", {}, status=409), "nor does saving what was rehearsed"
    assert f'name="version" value="{seen}"' in text(page.get(f"{RULES}rules/{made.id}?replay={rehearsed.rpartition('/')[2]}"))


def test_rules_are_switched_moved_and_removed(session, page, programmers, rule):
    ids = [rule(name=name, group_id=programmers.id).id for name in ("one", "two", "three")]
    session.commit()
    post(page, f"rules/{ids[2]}/move", {"by": "up"})
    assert [each.name for each in rules(session)] == ["one", "three", "two"]
    post(page, "order", {"order": [str(each) for each in ids]}, status=204)
    assert [each.name for each in rules(session)] == ["one", "two", "three"]
    post(page, f"rules/{ids[0]}/switch", {})
    post(page, f"rules/{ids[1]}/removal", {})
    assert [(each.name, each.is_on) for each in rules(session)] == [("one", False), ("three", True)]


def test_an_order_of_other_rules_than_there_are_is_refused(session, admin, routing, programmers, rule):
    made = rule(group_id=programmers.id)
    with pytest.raises(Conflict, match="meanwhile"):
        put_in_order(routing, [str(made.id), "999"], by=admin)


def test_each_answer_to_a_question_gets_its_group_by_one_press(session, form, admin, page, question, programmers, commerce):
    assert "Type of question" in text(page.get(RULES))
    post(page, f"ready/{question}", {"group-error": str(programmers.id), "group-payment": str(commerce.id)})
    found = {code: make_ticket(session, form, by=admin, values={question: code}).group_id for code in ("error", "payment")}
    assert found == {"error": programmers.id, "payment": commerce.id}


def test_answers_without_a_single_group_make_no_rule(session, page, question):
    assert "at least one" in text(post(page, f"ready/{question}", {"group-error": ""}, status=422))


def test_it_says_of_each_rule_why_it_did_or_did_not_hold(session, form, page, programmers, commerce, rule):
    rule([{"fact": "ticket.words", "contains": "invoice"}], name="Invoices", group_id=commerce.id)
    rule([{"fact": "ticket.words", "contains": "beeps"}], name="Tills", group_id=programmers.id)
    rule(name="The rest", group_id=commerce.id)
    ticket = make_ticket(session, form)
    session.commit()
    shown = text(page.get(f"{RULES}why?ticket={ticket.number}"))
    for words in ("Does not hold", "Did not hold:", "Holds", "Held:", "met: “The till beeps", "Not asked: “Tills” had decided"):
        assert words in shown, words


def test_why_speaks_only_of_tickets_of_this_form(session, page, other_form, rule):
    foreign = make_ticket(session, other_form)
    session.commit()
    for number in (foreign.number, 999, "x", ""):
        assert page.get(f"{RULES}why?ticket={number}").status_code == 404


def test_the_ticket_says_which_rule_gave_it_to_whom(session, app, form, admin, agent, page, programmers, rule):
    made = rule([{"fact": "ticket.words", "contains": "beeps"}], name="Tills", group_id=programmers.id)
    ticket = make_ticket(session, form)
    session.commit()
    shown = text(page.get(f"/tickets/{ticket.number}"))
    assert f"{RULES}rules/{made.id}" in shown and "Subject or first message contains “beeps”" in shown
    browser = browser_of(app)
    browser.sign_in(agent)
    seen = text(browser.get(f"/tickets/{ticket.number}"))
    assert "Tills" in seen and f"{RULES}rules" not in seen


def test_a_rule_that_cannot_act_says_so_on_the_page_and_on_the_system_page(
    session, form, other_form, admin, page, programmers, rule
):
    rule(name="To nobody", group_id=programmers.id)
    rule(name="To nowhere", form_id=other_form.id)
    delete_group(session, programmers, by=admin)
    archive_form(session, other_form, by=admin)
    session.commit()
    for path in (RULES, "/system"):
        shown = text(page.get(path))
        assert "The group it assigns to has been deleted" in shown and "is archived" in shown, path


def test_an_agent_who_does_not_configure_the_form_has_none_of_it(client, agent, routing):
    client.sign_in(agent)
    assert client.get(RULES).status_code == 404


def test_a_letter_finds_the_right_group(session, form, page, mailbox, programmers, commerce, enable):
    """The seed of it all: a customer writes a letter, and it lies with those who can answer it."""
    typed = {"name": "Money", "is_on": "1", "group": str(commerce.id), "value-priority": "high"}
    post(page, "rules", typed | condition("ticket.words", "contains", "invoice"))
    post(page, "rules", {"name": "The rest", "is_on": "1", "group": str(programmers.id)})
    mailbox.write("Two questions", "Where is the invoice of October?")
    mailbox.write("The till", "It crashes at noon.", sender="bob@home.example")
    session.expire_all()
    tickets = session.scalars(sa.select(Ticket).order_by(Ticket.id)).all()
    assert [(each.group_id, each.values["priority"]) for each in tickets] == [
        (commerce.id, "high"),
        (programmers.id, "normal"),
    ]
