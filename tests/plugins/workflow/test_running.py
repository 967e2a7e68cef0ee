"""Actions at work on tickets: who may, what is asked, what comes of it, and that all of it happens or nothing."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.errors import Conflict, Invalid, NotAllowed
from plugdesk.events import Event
from plugdesk.forms.commands import add_field
from plugdesk.forms.models import FieldKind
from plugdesk.forms.status_commands import delete_status
from plugdesk.naming import places_naming
from plugdesk.search import numbers_matching
from plugdesk.stems import query_terms
from plugdesk.tickets.attachments import NewFile, add_file
from plugdesk.tickets.commands import assign, change_status
from plugdesk.tickets.models import Message, Ticket, Watcher
from plugdesk.users.rights import RightInput, set_right
from plugdesk_workflow.commands import switch_action
from plugdesk_workflow.definition import Ask, AskKind, Assignment, Does, How, Letter, Who, read
from plugdesk_workflow.rights import offered
from plugdesk_workflow.words import Wording
from tests.factories import make_agent, make_group, make_ticket


def said(session, ticket, direction=None):
    wanted = sa.select(Message).where(Message.ticket_id == ticket.id).order_by(Message.id)
    found = session.scalars(wanted).all()[1:]
    return [each for each in found if direction is None or each.direction == direction]


@pytest.fixture
def amount(session, form):
    """A required-later field of the form; its code."""
    return add_field(session, form, kind=FieldKind.NUMBER, label="Amount", required_from="done", by=None).code


def test_an_action_takes_a_ticket_to_its_status_and_says_so_in_one_event(session, ticket, action, run, agent):
    event = run(ticket, action("Solve", does=Does(status="done")))
    assert ticket.status.code == "done"
    assert (event.kind, event.actor, event.plugin) == ("action_run", agent, "workflow")
    assert (event.data["action"], event.data["before"], event.data["after"]) == ("solve", "new", "done")


def test_an_action_is_offered_in_its_statuses_only(session, workflow, ticket, action, run, agent, admin):
    solve = action("Solve", statuses=["new"], does=Does(status="done"))
    rest = action("Rest", is_on=False)
    assert offered(workflow, ticket, agent) == [solve]
    run(ticket, solve)
    assert offered(workflow, ticket, agent) == []
    with pytest.raises(Conflict, match="Solve"):
        run(ticket, solve)
    switch_action(workflow, rest, on=True, by=admin)
    assert offered(workflow, ticket, agent) == [rest]


def test_the_accountant_has_one_action_and_what_comes_of_it(session, form, workflow, ticket, action, run):
    paid = action("Payment received", does=Does(status="done", assignment=Assignment(How.WHO_ACTS)))
    other = action("Send back", does=Does(status="waiting"))
    accountant = make_agent(session)
    set_right(session, form, accountant, RightInput(actions=["workflow:payment_received"]), by=None)
    assert offered(workflow, ticket, accountant) == [paid]
    with pytest.raises(NotAllowed, match="Send back"):
        run(ticket, other, by=accountant)
    run(ticket, paid, by=accountant)
    assert (ticket.status.code, ticket.assignee) == ("done", accountant)
    with pytest.raises(NotAllowed):
        change_status(session, ticket, form.status("new"), by=accountant)


def test_an_action_of_a_group_or_of_the_assignee_is_theirs_and_the_admins(session, form, workflow, ticket, action, agent, admin):
    member = make_agent(session, form)
    group = make_group(session, member)
    second = action("Second line", who=Who(agents=False, groups=(group.id,)))
    mine = action("Mine", who=Who(agents=False, assignee=True))
    assert offered(workflow, ticket, agent) == []
    assert offered(workflow, ticket, member) == [second]
    assert offered(workflow, ticket, admin) == [second, mine]
    assign(session, ticket, None, assignee=agent)
    assert offered(workflow, ticket, agent) == [mine]


def test_deleting_by_an_action_needs_the_right_to_delete(session, workflow, ticket, action, run, agent, admin):
    spam = action("Spam", does=Does(delete=True))
    assert offered(workflow, ticket, agent) == []
    with pytest.raises(NotAllowed):
        run(ticket, spam)
    run(ticket, spam, by=admin)
    assert ticket.deleted_at is not None


def test_what_is_entered_is_kept_in_a_note_and_can_be_searched(session, ticket, action, run):
    asks = (
        Ask(AskKind.TEXT, required=True, label="Reason"),
        Ask(AskKind.OWN, code="invoice", label="Invoice", required=True),
    )
    event = run(ticket, action("Refuse", asks=asks), text="<p>Warranty expired</p>", own={"invoice": "KX4711"})
    (note,) = said(session, ticket, "note")
    assert "Warranty expired" in note.text and "Invoice: KX4711" in note.text
    assert event.data["entered"] == [["Reason", "Warranty expired"], ["Invoice", "KX4711"]]
    session.flush()
    assert numbers_matching(session, query_terms("kx4711"), before=None, limit=5) == [ticket.id]


def test_what_is_required_must_be_entered_and_nothing_happens_without(session, ticket, action, run, amount):
    asks = (
        Ask(AskKind.TEXT, required=True),
        Ask(AskKind.FILES, required=True),
        Ask(AskKind.FIELD, code=amount, required=True),
        Ask(AskKind.OWN, code="invoice", label="Invoice", required=True),
    )
    refuse = action("Refuse", asks=asks, does=Does(status="waiting", assignment=Assignment(How.CHOSEN)))
    with pytest.raises(Invalid) as refused:
        run(ticket, refuse, text="<p> </p>", fields={amount: ""})
    assert list(refused.value.problems) == ["text", "files", f"field-{amount}", "own-invoice", "assignee"]
    assert (ticket.status.code, said(session, ticket)) == ("new", [])


def test_the_forms_rules_hold_in_an_action(session, ticket, action, run, amount):
    done = action("Done", asks=(Ask(AskKind.FIELD, code=amount),), does=Does(status="done"))
    with pytest.raises(Invalid) as refused:
        run(ticket, done)
    assert list(refused.value.problems) == [f"field-{amount}"]
    assert ticket.status.code == "new"
    with pytest.raises(Invalid):
        run(ticket, done, fields={amount: "a lot"})
    run(ticket, done, fields={amount: "12"})
    assert (ticket.status.code, ticket.values[amount]) == ("done", 12)


def test_an_action_sets_fields_and_priority_and_what_is_entered_comes_before_it(session, ticket, action, run, amount):
    asks = (Ask(AskKind.FIELD, code=amount),)
    set_both = action("Set", asks=asks, does=Does(values={"priority": "high", amount: "5"}))
    run(ticket, set_both)
    assert (ticket.values["priority"], ticket.values[amount]) == ("high", 5)
    run(ticket, set_both, fields={amount: "7"})
    assert ticket.values[amount] == 7


def test_files_are_those_of_who_acts_and_stay_with_the_action(session, ticket, action, run, agent):
    proof = add_file(session, NewFile("proof.txt", b"paid"), by=agent)
    theirs = add_file(session, NewFile("other.txt", b"x"), by=make_agent(session))
    session.flush()
    attach = action("Attach", asks=(Ask(AskKind.FILES, required=True),))
    with pytest.raises(Invalid):
        run(ticket, attach, files=[theirs.key])
    run(ticket, attach, files=[proof.key])
    assert [each.name for each in said(session, ticket, "note")[0].attachments] == ["proof.txt"]


def test_a_letter_to_the_customer_is_the_answer_of_who_acts(session, ticket, action, run, agent):
    letters = (Letter(("customer",), "<p>Dear ${customer:name}</p><p>${action:text}</p>", files=True),)
    asks = (Ask(AskKind.TEXT), Ask(AskKind.FILES))
    proof = add_file(session, NewFile("proof.txt", b"paid"), by=agent)
    session.flush()
    tell = action("Answer", asks=asks, letters=letters)
    run(ticket, tell, text="<p>It is <b>on its way</b></p>", files=[proof.key])
    (reply,) = said(session, ticket)
    assert reply.author == agent and "on its way" in reply.text and ticket.customer.name in reply.text
    assert [each.name for each in reply.attachments] == ["proof.txt"]
    assert not ticket.customer_waits


def test_letters_reach_everybody_they_name_but_who_acts(session, form, ticket, action, run, agent):
    boss, member, watcher = (make_agent(session, form) for _number in range(3))
    group = make_group(session, agent, member, supervisor=boss)
    code = add_field(session, form, kind=FieldKind.PERSON, label="Engineer", agent_only=True, by=None).code
    does = Does(assignment=Assignment(How.GROUP, group=group.id), watchers=(watcher.id,), values={code: str(member.id)})
    letters = (
        Letter(("group", "supervisor"), "<p>New work: ${action:text}</p>", "Ticket ${ticket:number}"),
        Letter(("watchers", "address:shop@example.org", f"field:{code}"), "<p>Look</p>"),
        Letter(("assignee",), "<p>Nobody has it</p>"),
    )
    event = run(ticket, action("Hand over", asks=(Ask(AskKind.TEXT),), does=does, letters=letters), text="<p>A repair</p>")
    first, second = said(session, ticket, "outgoing")
    assert sorted(first.to) == sorted([member.email, boss.email])
    assert (first.subject, "A repair" in first.text) == (f"Ticket {ticket.id}", True)
    assert second.to == [watcher.email, "shop@example.org", member.email]
    assert [each["message_id"] for each in event.data["letters"]] == [first.id, second.id]
    assert ticket.customer_waits


def test_a_letter_to_the_supervisor_reaches_the_one_of_the_assignees_group_where_no_group_has_the_ticket(
    session, form, ticket, action, run, agent
):
    boss, colleague = make_agent(session, form), make_agent(session, form)
    make_group(session, colleague, supervisor=boss)
    assign(session, ticket, None, assignee=colleague)
    run(ticket, action("Show it", letters=(Letter(("supervisor",), "<p>Look at this</p>"),)))
    assert [each.to for each in said(session, ticket, "outgoing")] == [[boss.email]]


def test_a_letter_with_nothing_to_say_is_not_written(session, ticket, action, run):
    asks, letters = (Ask(AskKind.TEXT),), (Letter(("customer",), "<p>${action:text}</p>"),)
    run(ticket, action("Answer", asks=asks, letters=letters))
    assert said(session, ticket) == []


@pytest.mark.parametrize(("how", "expected"), [(How.ROUND_ROBIN, "abca"), (How.LEAST_LOADED, "bcab")])
def test_a_group_gets_tickets_in_turn_or_by_load(session, form, action, run, agent, how, expected):
    people = {name: make_agent(session, form) for name in "abc"}
    group = make_group(session, *people.values())
    if how is How.LEAST_LOADED:
        assign(session, make_ticket(session, form), None, assignee=people["a"])
    give = action("Give", does=Does(assignment=Assignment(how, group=group.id)))
    names = {each.id: name for name, each in people.items()}
    got = []
    for _number in range(4):
        ticket = make_ticket(session, form)
        run(ticket, give)
        assert ticket.group == group
        got.append(names[ticket.assignee_id])
    assert "".join(got) == expected


def test_who_is_not_at_work_gets_nothing_and_the_group_has_it(session, form, ticket, action, run):
    member = make_agent(session, form)
    group = make_group(session, member)
    member.shifts = [[] for _day in range(7)]
    run(ticket, action("Give", does=Does(assignment=Assignment(How.ROUND_ROBIN, group=group.id))))
    assert (ticket.assignee_id, ticket.group) == (None, group)


def test_whom_it_goes_to_can_be_chosen_and_nobody_is_a_choice_of_the_action(session, form, ticket, action, run, agent, customer):
    give = action("Give", does=Does(assignment=Assignment(How.CHOSEN)))
    with pytest.raises(Invalid, match="works on"):
        run(ticket, give, person=customer.id)
    run(ticket, give, person=agent.id)
    assert ticket.assignee == agent
    run(ticket, action("Back", does=Does(assignment=Assignment(How.NOBODY))))
    assert ticket.assignee is None


def test_an_action_asks_a_colleague_in_a_subtask_and_lets_people_watch(session, form, ticket, action, run):
    colleague = make_agent(session, form)
    does = Does(
        subtask_to=colleague.id, subtask_subject="Look at ${ticket:number}", subtask_body="<p>${action:text}</p>",
        watchers=(colleague.id,), note="<p>Asked by ${action:name}</p>",
    )  # fmt: skip
    run(ticket, action("Ask", asks=(Ask(AskKind.TEXT),), does=does), text="<p>Why?</p>")
    subtask = session.scalars(sa.select(Ticket).where(Ticket.parent_id == ticket.id)).one()
    assert (subtask.assignee, subtask.subject) == (colleague, f"Look at {ticket.id}")
    assert "Why?" in subtask.messages[0].text
    assert session.get(Watcher, (ticket.id, colleague.id)) is not None
    assert "Asked by Ask" in said(session, ticket, "note")[0].text


def test_an_action_asks_a_group_and_says_when_it_is_gone(session, form, ticket, action, run, workflow):
    group = make_group(session, name="Engineers")
    ask = action("Ask them", does=Does(subtask_group=group.id, subtask_subject="Look at ${ticket:number}"))
    run(ticket, ask)
    subtask = session.scalars(sa.select(Ticket).where(Ticket.parent_id == ticket.id)).one()
    assert (subtask.assignee, subtask.group) == (None, group)
    assert "asks Engineers in a subtask" in Wording(workflow).does(read(ask))
    assert [each.place.words for each in places_naming(session, group)] == ["Action “Ask them”: it asks them"]
    subtask.group = None
    session.delete(group)
    session.flush()
    with pytest.raises(Invalid, match="The group this action asks is gone"):
        run(ticket, ask)


def test_a_subtask_without_a_text_says_its_subject_as_it_is(session, form, action, run, agent):
    ticket = make_ticket(session, form, subject="<b>Till</b> & co")
    run(ticket, action("Ask", does=Does(subtask_to=agent.id, subtask_subject="Look: ${ticket:subject}")))
    subtask = session.scalars(sa.select(Ticket).where(Ticket.parent_id == ticket.id)).one()
    assert subtask.messages[0].text.strip() == "Look: <b>Till</b> & co"


def test_an_action_can_close_without_telling_the_customer(session, ticket, action, run):
    run(ticket, action("Spam", does=Does(status="closed", quietly=True)))
    closed = session.scalars(sa.select(Event).where(Event.kind == "ticket_closed", Event.ticket_id == ticket.id)).one()
    assert closed.data["quietly"] is True


def test_an_action_whose_status_is_gone_says_so_and_does_nothing(session, form, ticket, action, run):
    wait = action("Wait", statuses=["new"], does=Does(status="waiting", watchers=()), letters=())
    delete_status(session, form, form.status("waiting"), move_to=form.status("new"), by=None)
    with pytest.raises(Invalid, match="administrator"):
        run(ticket, wait)


def test_what_was_done_before_a_refusal_is_undone(session, ticket, action, run, amount):
    before = ticket.values["priority"]
    asks = (Ask(AskKind.OWN, code="invoice", label="Invoice"),)
    done = action("Done", asks=asks, does=Does(status="done", values={"priority": "high"}))
    with pytest.raises(Invalid):
        run(ticket, done, own={"invoice": "KX4711"})
    assert (ticket.values["priority"], said(session, ticket)) == (before, [])
    assert session.scalars(sa.select(Event).where(Event.kind.in_(("fields_changed", "action_run")))).all() == []


def test_the_status_of_the_action_stands_whatever_a_reply_does_by_itself(session, ticket, action, run):
    letters = (Letter(("customer",), "<p>We have it.</p>"),)
    run(ticket, action("Answer", letters=letters))
    assert ticket.status.code == "waiting"
    run(ticket, action("Answer and leave", does=Does(status="new"), letters=letters))
    assert ticket.status.code == "new"


def test_a_letter_to_colleagues_can_hold_a_link_alone_and_one_to_the_customer_none(session, workflow, ticket, action, run):
    workflow.desk.base_url = "https://desk.example/"
    letters = (Letter(("address:boss@desk.example",), "<p>Look at ${action:link}</p>"),)
    run(ticket, action("Show", letters=letters))
    (told,) = said(session, ticket, "outgoing")
    assert f"https://desk.example/tickets/{ticket.id}" in told.text
    with pytest.raises(Invalid) as refused:
        action("Tell", letters=(Letter(("customer",), "<p>${action:link}</p>"),))
    assert "letters-0-body" in refused.value.problems
