"""Actions that run by themselves: when, once, by nobody, and never in a circle."""

from __future__ import annotations

from dataclasses import replace
from email.utils import parseaddr
from inspect import signature

import pytest
import sqlalchemy as sa

from plugdesk import hooks as spec
from plugdesk.errors import Invalid
from plugdesk.forms.commands import add_field
from plugdesk.forms.models import FieldKind
from plugdesk.forms.status_commands import delete_status
from plugdesk.plugins.switch import disable_plugin, enable_plugin
from plugdesk.tags.commands import add_tag, change_tags
from plugdesk.testing.browser import browser_of
from plugdesk.tickets.bin import delete_ticket, restore_ticket
from plugdesk.tickets.commands import change_status, set_fields
from plugdesk.tickets.correspondence import Said, add_note, receive_message
from plugdesk.tickets.merging import merge_tickets, unmerge_ticket
from plugdesk.tickets.models import Message, Ticket
from plugdesk.tickets.moving import move_ticket
from plugdesk_workflow import hooks, past
from plugdesk_workflow.commands import ActionInput, change_action, remove_action, switch_action
from plugdesk_workflow.definition import Ask, AskKind, Assignment, Automatic, Does, How, Letter, Since, read
from plugdesk_workflow.linter import findings
from tests.factories import make_agent, make_group, make_ticket
from tests.plugins.workflow.history import not_run, ran

AFTER_3_DAYS = Automatic(Since.STATUS, 3)
QUIET_3_DAYS = Automatic(Since.LAST, 3)
AT_ONCE = Automatic(Since.STATUS, 0)
REMINDER = (Letter(("customer",), "<p>Dear ${customer:name}, are you still there?</p>"),)


def test_it_runs_once_so_long_after_the_status_began_and_by_nobody(app, session, ticket, timed, pass_time, agent):
    timed("Give <up>", AFTER_3_DAYS, does=Does(status="done", note="<p>Nobody answered.</p>"))
    pass_time(days=2, hours=23)
    assert (ticket.status.code, ran(session, ticket)) == ("new", [])
    pass_time(hours=1)
    pass_time(days=9)
    assert (ticket.status.code, ran(session, ticket)) == ("done", ["Give <up>"])
    notes = session.scalars(sa.select(Message).where(Message.ticket_id == ticket.id, Message.direction == "note")).all()
    assert [each.author for each in notes] == [None]
    browser = browser_of(app)
    browser.sign_in(agent)
    assert "“Give &lt;up&gt;” ran automatically" in browser.get(f"/tickets/{ticket.id}").get_data(as_text=True)


def test_something_said_or_done_puts_it_off_and_lets_it_run_again(session, ticket, timed, pass_time, agent):
    timed("Remind", QUIET_3_DAYS, letters=REMINDER)
    pass_time(days=2)
    add_note(session, ticket, agent, body="<p>Called.</p>")
    pass_time(days=2)
    assert ran(session, ticket) == []
    pass_time(days=1)
    assert ran(session, ticket) == ["Remind"]
    pass_time(days=9)
    assert ran(session, ticket) == ["Remind"]
    receive_message(session, ticket, ticket.customer, said=Said(text="Still here."), channel="email")
    pass_time(days=3)
    assert ran(session, ticket) == ["Remind", "Remind"]


def test_the_words_of_a_program_put_nothing_off(session, ticket, timed, pass_time):
    timed("Remind", QUIET_3_DAYS)
    pass_time(days=2)
    receive_message(session, ticket, ticket.customer, said=Said(text="Away.", kind="auto-reply"), channel="email")
    pass_time(days=1)
    assert ran(session, ticket) == ["Remind"]


def test_a_press_on_another_action_is_something_done(session, ticket, action, timed, run, pass_time):
    timed("Remind", QUIET_3_DAYS)
    pass_time(days=3)
    run(ticket, action("Look", does=Does()))
    pass_time(days=2)
    assert ran(session, ticket) == ["Remind"]
    pass_time(days=1)
    assert ran(session, ticket) == ["Remind", "Remind"]


def test_what_sets_no_timer_is_no_new_occasion(session, form, ticket, timed, pass_time, agent, admin):
    timed("Remind", QUIET_3_DAYS)
    pass_time(days=3)
    change_tags(session, ticket, add=[add_tag(session, name="VIP", by=admin)], by=agent)
    pass_time(days=9)
    set_fields(session, ticket, {"priority": "high"}, by=None)  # the desk's own, which makes it look
    pass_time(days=3)
    assert ran(session, ticket) == ["Remind"]


def test_workflow_is_told_of_whatever_counts_as_said_or_done():
    assert hasattr(hooks, "tickets_changed")  # which follows every announcement about a ticket
    told = {
        name
        for name, hook in vars(spec).items()
        if getattr(hook, "plugdesk_kind", "") == "announcement" and "ticket" in signature(hook).parameters
    }
    with_a_status = {"ticket_closed", "ticket_reopened"}
    assert told - with_a_status | {"action_run"} == set(past.ACTED)


def test_another_status_takes_it_back(session, form, ticket, timed, pass_time, agent):
    timed("Give up", AFTER_3_DAYS, does=Does(status="done"))
    pass_time(days=2)
    change_status(session, ticket, form.status("waiting"), by=agent)
    pass_time(days=9)
    assert ran(session, ticket) == []
    change_status(session, ticket, form.status("new"), by=agent)
    pass_time(days=2)
    assert ran(session, ticket) == []
    pass_time(days=1)
    assert ran(session, ticket) == ["Give up"]


def test_its_letters_say_that_no_person_wrote_them(session, ticket, timed, pass_time, mailbox):
    timed("Remind", AFTER_3_DAYS, letters=(*REMINDER, Letter(("address:boss@desk.example",), "<p>Look</p>", "Late")))
    pass_time(days=3)
    found = {parseaddr(each["To"])[1]: each for each in mailbox.sent}
    said = session.scalars(sa.select(Message).where(Message.kind == "automatic")).one()
    assert "are you still there?" in said.text and ticket.customer.name in said.text and said.author is None
    assert [found[each]["Auto-Submitted"] for each in ("ann@home.example", "boss@desk.example")] == ["auto-generated"] * 2
    assert ticket.customer_waits


def test_the_desk_gives_away_asks_lets_watch_and_deletes(session, form, ticket, timed, pass_time):
    member, colleague = make_agent(session, form), make_agent(session, form)
    group = make_group(session, member)
    code = add_field(session, form, kind=FieldKind.TEXT, label="Shelf", by=None).code
    does = Does(
        assignment=Assignment(How.LEAST_LOADED, group=group.id), values={code: "B 7"}, watchers=(colleague.id,), delete=True,
        subtask_to=colleague.id, subtask_subject="Look at ${ticket:number}",
    )  # fmt: skip
    timed("Everything", AFTER_3_DAYS, does=does)
    pass_time(days=3)
    subtask = session.scalars(sa.select(Ticket).where(Ticket.parent_id == ticket.id)).one()
    assert (ticket.assignee, ticket.group, ticket.values[code], subtask.assignee) == (member, group, "B 7", colleague)
    assert ticket.deleted_at is not None and not_run(session, ticket) == []


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"asks": (Ask(AskKind.TEXT, required=True, label="Reason"),)}, "“Reason”"),
        ({"does": Does(assignment=Assignment(How.CHOSEN))}, "choose an assignee"),
        ({"does": Does(assignment=Assignment(How.WHO_ACTS))}, "Nobody acts"),
        ({"automatic": Automatic(Since.FIELD, 1, field="gone")}, "The date"),
        ({"automatic": Automatic(Since.STATUS, 10_000)}, "whole number"),
        ({"automatic": Automatic(Since.STATUS, -1)}, "whole number"),
    ],
)
def test_what_would_need_somebody_is_refused_with_the_remedy(action, about, said):
    with pytest.raises(Invalid) as refused:
        action(**{"automatic": AFTER_3_DAYS, **about})
    assert said in refused.value.problems["automatic"]


def test_what_can_be_left_out_is_left_out(session, ticket, timed, pass_time):
    timed("Remind", AFTER_3_DAYS, asks=(Ask(AskKind.TEXT), Ask(AskKind.FILES)), letters=REMINDER)
    pass_time(days=3)
    assert ran(session, ticket) == ["Remind"]


def test_what_was_there_before_the_action_counts_from_then_on(session, form, ticket, timed, pass_time, clock):
    code = add_field(session, form, kind=FieldKind.DATE, label="Visit", by=None).code
    old = make_ticket(session, form)
    set_fields(session, old, {code: "2026-11-01"}, by=None)
    pass_time(days=30)
    timed("Give up", AFTER_3_DAYS)
    timed("Visit", Automatic(Since.FIELD, 1, field=code))
    pass_time(days=2)
    assert ran(session, ticket) == ran(session, old) == []
    pass_time(days=1)
    assert ran(session, ticket) == ran(session, old) == ["Give up"]


def test_another_time_acts_from_now_on_another_text_changes_nothing(session, workflow, ticket, timed, pass_time, admin):
    row = timed("Remind", AFTER_3_DAYS)

    def change(name, automatic):
        given = ActionInput(name, row.statuses, definition=replace(read(row), automatic=automatic))
        change_action(workflow, row, given, by=admin, version=row.version)

    pass_time(days=2)
    change("Remind them", AFTER_3_DAYS)
    pass_time(hours=12)
    change("Remind them", Automatic(Since.STATUS, 1))
    pass_time(hours=23)
    assert ran(session, ticket) == []
    pass_time(hours=1)
    assert ran(session, ticket) == ["Remind them"]


@pytest.mark.parametrize("away", ["switched off", "removed"])
def test_an_action_that_is_away_does_not_run(session, workflow, ticket, timed, pass_time, admin, away):
    row = timed("Give up", AFTER_3_DAYS)
    pass_time(days=1)
    if away == "removed":
        remove_action(workflow, row, by=admin)
    else:
        switch_action(workflow, row, on=False, by=admin)
    pass_time(days=9)
    assert ran(session, ticket) == []
    if away == "switched off":
        switch_action(workflow, row, on=True, by=admin)
        pass_time(days=2)
        assert ran(session, ticket) == []
        pass_time(days=1)
        assert ran(session, ticket) == ["Give up"]


def test_while_the_extension_is_off_nothing_runs_and_nothing_is_caught_up(session, form, ticket, timed, pass_time, admin):
    timed("Give up", AFTER_3_DAYS)
    pass_time(days=2)
    disable_plugin(session, form, "workflow", by=admin)
    later = make_ticket(session, form)
    pass_time(days=9)
    assert ran(session, ticket) == []
    enable_plugin(session, form, "workflow", by=admin)
    pass_time(days=2)
    assert ran(session, ticket) == ran(session, later) == []
    pass_time(days=1)
    assert ran(session, ticket) == ran(session, later) == ["Give up"]


def test_a_ticket_in_the_bin_waits_until_it_is_taken_out(session, ticket, timed, pass_time, admin):
    timed("Give up", AFTER_3_DAYS)
    pass_time(days=1)
    delete_ticket(session, ticket, admin)
    pass_time(days=5)
    assert ran(session, ticket) == []
    restore_ticket(session, ticket, admin)
    pass_time(days=1)
    assert ran(session, ticket) == ["Give up"]


def test_a_merged_ticket_waits_until_it_is_taken_out_again(session, form, ticket, timed, pass_time, admin):
    timed("Give up", AFTER_3_DAYS)
    into = make_ticket(session, form, customer=ticket.customer)
    merge_tickets(session, ticket, into, admin)
    pass_time(days=5)
    assert (ran(session, ticket), ran(session, into)) == ([], ["Give up"])
    unmerge_ticket(session, ticket, admin)
    pass_time(days=1)
    assert ran(session, ticket) == ["Give up"]


def test_a_ticket_that_comes_from_another_form_begins_there(session, form, other_form, ticket, timed, pass_time):
    timed("Give up", AFTER_3_DAYS)
    elsewhere = make_ticket(session, other_form)
    pass_time(days=2)
    move_ticket(session, elsewhere, form, by=None)
    move_ticket(session, ticket, other_form, by=None)
    pass_time(days=2)
    assert ran(session, elsewhere) == []
    pass_time(days=1)
    assert (ran(session, elsewhere), ran(session, ticket)) == (["Give up"], [])


def test_what_is_refused_is_said_in_the_history_and_not_tried_again(app, session, form, ticket, timed, pass_time, agent):
    timed("Wait", AFTER_3_DAYS, does=Does(status="waiting", note="<p>Waiting</p>"))
    delete_status(session, form, form.status("waiting"), move_to=form.status("new"), by=None)
    pass_time(days=3)
    pass_time(days=9)
    assert ran(session, ticket) == []
    (why,) = not_run(session, ticket)
    assert "administrator" in why
    browser = browser_of(app)
    browser.sign_in(agent)
    page = browser.get(f"/tickets/{ticket.id}").get_data(as_text=True)
    assert "“Wait” did not run automatically." in page


def test_actions_in_a_circle_come_to_rest_and_the_linter_names_them(session, workflow, ticket, timed, pass_time, agent):
    timed("There", AT_ONCE, statuses=("new",), does=Does(status="waiting"))
    timed("And back", AT_ONCE, statuses=("waiting",), does=Does(status="new"))
    timed("On", AFTER_3_DAYS, statuses=("waiting",), does=Does(status="done"))
    (circle,) = [each for each in findings(workflow) if each.kind == "circle"]
    assert (circle.tone, "“There” → “And back” → “There”" in circle.text) == ("red", True)
    pass_time(minutes=1)
    assert ran(session, ticket) == ["There", "And back"] * 5
    assert len(not_run(session, ticket)) == 1
    add_note(session, ticket, agent, body="<p>Hm.</p>")
    pass_time(days=1)
    assert len(ran(session, ticket)) == 10


def test_it_does_not_write_to_and_fro_with_a_program_that_answers(session, ticket, timed, pass_time, agent):
    timed("Remind", Automatic(Since.LAST, 0), letters=REMINDER)
    for number in range(7):
        receive_message(session, ticket, ticket.customer, said=Said(text=f"We have got your letter {number}."), channel="email")
        pass_time(minutes=1)
    assert (len(ran(session, ticket)), len(not_run(session, ticket))) == (5, 2)
    add_note(session, ticket, agent, body="<p>A robot.</p>")
    pass_time(minutes=1)
    assert len(ran(session, ticket)) == 6


@pytest.mark.parametrize(
    ("since", "kinds"), [(Since.STATUS, ["circle"]), (Since.LAST, ["circle"]), (Since.FIELD, ["automatic", "automatic"])]
)
def test_the_linter_knows_what_runs_by_itself(session, workflow, form, timed, since, kinds):
    code = add_field(session, form, kind=FieldKind.DATE, label="Visit", by=None).code
    automatic = Automatic(since, 1, field=code)
    timed("There", automatic, statuses=("new", "in_progress"), does=Does(status="waiting"))
    timed("And back", automatic, statuses=("waiting",), does=Does(status="in_progress"))
    form.field(code).kind = FieldKind.TEXT
    session.flush()
    known = [each.kind for each in findings(workflow) if each.kind in ("circle", "automatic", "nobody")]
    assert known == kinds


def test_nobody_is_offered_what_only_runs_by_itself(app, session, ticket, timed, admin):
    timed("Give up", AFTER_3_DAYS)
    session.commit()
    browser = browser_of(app)
    browser.sign_in(admin)
    assert "Give up" not in browser.get(f"/tickets/{ticket.id}").get_data(as_text=True)
    assert browser.post(f"/forms/support/x/workflow/tickets/{ticket.id}/give_up").status_code == 403
    assert "Give up" not in browser.get("/forms/support/agents").get_data(as_text=True)
