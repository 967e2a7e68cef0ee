"""What extensions do in an action: offered where they are on, with their options, and never at the cost of the ticket."""

from __future__ import annotations

import dataclasses
import re

import pytest
import sqlalchemy as sa

from plugdesk.api import (
    Invalid,
    NotAllowed,
    NotFound,
    Step,
    add_note,
    gettext,
    option,
    read_step,
    run_step,
    steps_on,
    use_language,
)
from plugdesk.events import Event
from plugdesk.plugins.switch import disable_plugin
from plugdesk.testing.browser import browser_of
from plugdesk.tickets.models import Message
from plugdesk_workflow.definition import Does, Ordered, read
from plugdesk_workflow.linter import findings
from plugdesk_workflow.rights import actions_of

WORKFLOW = "/forms/support/x/workflow/"
ASK = "csat:ask"


@dataclasses.dataclass(frozen=True)
class RingOptions:
    why: str = option(label="Why", lines=3)
    minutes: int = option(15, label="Within how many minutes", least=1, most=480)
    loudly: bool = option(False, label="Loudly")
    how: str = option("phone", label="How", choices=[("phone", "By phone"), ("door", "At the door")])
    factor: float = option(1.5, label="Factor")
    people: list[str] = option(list, label="Whom, one a line")


def ring(ctx, ticket, by, **options):
    add_note(ctx.db, ticket, by, body=f"<p>Ring {sorted(options.items())}</p>")
    if options["why"] == "refuse":
        raise Invalid("Nobody can be reached.")
    if options["why"] == "break":
        raise RuntimeError("no line")


@pytest.fixture
def csat(enable):
    return enable("csat")


@pytest.fixture
def ring_step(runtime, csat):
    """A second step of the rating, whose options are of every kind; it writes a note and then refuses or breaks as it is told."""
    runtime.registry.steps.append(("csat", Step("ring", "Ring", ring, RingOptions)))
    return "csat:ring"


def notes(session, ticket):
    found = session.scalars(sa.select(Message).where(Message.ticket_id == ticket.id, Message.direction == "note"))
    return [each.text for each in found]


def test_steps_are_those_of_the_extensions_that_are_on(session, form, other_form, csat):
    assert [(each.code, each.title, each.extension) for each in steps_on(session, form)] == [
        (ASK, "Ask for a rating", "Service rating")
    ]
    assert steps_on(session, other_form) == []


def test_options_are_read_from_what_was_typed(session, form, ring_step):
    typed = {"minutes": "20", "loudly": "1", "how": "door", "factor": "2,5", "people": "Ann\n\n Ben ", "why": "Now\r\nplease "}
    expected = {"minutes": 20, "loudly": True, "how": "door", "factor": 2.5, "people": ["Ann", "Ben"], "why": "Now\nplease"}
    assert read_step(session, form, ring_step, typed) == expected
    for name, wrong in (("minutes", "soon"), ("minutes", "0"), ("factor", "inf"), ("how", "never"), ("why", "")):
        with pytest.raises(Invalid) as refused:
            read_step(session, form, ring_step, {**typed, name: wrong})
        assert list(refused.value.problems) == [name]
    with pytest.raises(Invalid) as refused:
        read_step(session, form, ring_step, {})
    assert list(refused.value.problems) == ["why"]
    with pytest.raises(NotFound):
        read_step(session, form, "csat:nothing", {})
    with pytest.raises(Invalid):
        read_step(session, form, ASK, {"text": "Dear ${nobody:knows}"})


def test_a_text_left_as_the_page_showed_it_stays_everybodys(session, form, csat):
    with use_language("ru"):
        (asking,) = steps_on(session, form)
        (text,) = [each for each in asking.options if each.name == "text"]
        shown = gettext(text.default)
        assert shown != text.default
        assert read_step(session, form, ASK, {"text": shown})["text"] == text.default
        assert read_step(session, form, ASK, {"text": "Как всё прошло?"})["text"] == "Как всё прошло?"


def test_an_action_has_an_extension_do_it_as_whoever_acts(session, ticket, action, run, agent, ring_step):
    ringing = action("Ring", does=Does(status="done", steps=(Ordered(ring_step, {"minutes": "20", "why": "Now"}),)))
    run(ticket, ringing)
    (note,) = notes(session, ticket)
    assert "('minutes', 20)" in note and "('how', 'phone')" in note and "('why', 'Now')" in note


@pytest.mark.parametrize(("why", "said"), [("refuse", "Nobody can be reached."), ("break", "“Service rating” failed")])
def test_a_step_that_refuses_or_breaks_says_so_and_the_rest_stands(
    app, runtime, session, ticket, action, run, agent, ring_step, why, said
):
    runtime.executor.strict = False
    run(ticket, action("Ring", does=Does(status="done", steps=(Ordered(ring_step, {"why": why}),))))
    assert (ticket.status.code, notes(session, ticket)) == ("done", [])
    event = session.scalars(sa.select(Event).where(Event.kind == "step_not_done")).one()
    assert event.data["step"] == "Ring" and said in event.data["why"]
    session.commit()
    browser = browser_of(app)
    browser.sign_in(agent)
    assert "“Ring” was not done." in browser.get(f"/tickets/{ticket.id}").get_data(as_text=True)


def test_a_step_of_an_extension_that_is_off_is_named_and_passed_over(
    session, form, workflow, ticket, action, run, admin, ring_step
):
    row = action("Ring", does=Does(status="done", steps=(Ordered(ring_step, {"why": "Now"}),)))
    disable_plugin(session, form, "csat", by=admin)
    assert [each.action for each in findings(workflow) if each.kind == "step"] == [row]
    run(ticket, row)
    assert (ticket.status.code, notes(session, ticket)) == ("done", [])
    assert session.scalars(sa.select(Event).where(Event.kind == "step_not_done")).one().data["step"] == "Ring"
    with pytest.raises(Invalid) as refused:
        action("Ring again", does=read(row).does)
    assert "off here" in refused.value.problems["steps"]
    assert "off here" in run_step(session, ticket, ring_step, {}, by=None)


def test_a_step_may_not_do_what_its_action_may_not(session, ticket, agent, runtime, csat, action, run):
    def spy(ctx, ticket, by):
        with pytest.raises(RuntimeError):
            _ = ctx.http
        with pytest.raises(RuntimeError):
            ctx.db.commit()
        raise NotAllowed("You may not.")

    runtime.registry.steps.append(("csat", Step("spy", "Spy", spy)))
    run(ticket, action("Spy", does=Does(steps=(Ordered("csat:spy"),))))
    assert session.scalars(sa.select(Event).where(Event.kind == "step_not_done")).one().data["why"] == "You may not."


def test_steps_and_their_options_are_chosen_on_the_page_of_an_action(app, session, workflow, admin, ring_step):
    session.commit()
    browser = browser_of(app)
    browser.sign_in(admin)
    page = browser.get(f"{WORKFLOW}actions/new").get_data(as_text=True)
    assert "Ask for a rating" in page and 'name="step-csat:ring-minutes"' in page and "How did we do?" in page
    typed = {"name": "Ring", "statuses": "new", "agents": "1", "is_on": "1", "steps": ring_step}
    options = {"minutes": "20", "how": "door", "factor": "1.5", "people": "Ann", "why": "Now"}
    typed |= {f"step-{ring_step}-{name}": value for name, value in options.items()} | {f"step-{ring_step}-loudly-here": "1"}
    answer = browser.post(f"{WORKFLOW}actions", data={**typed, f"step-{ring_step}-minutes": "999"})
    assert answer.status_code == 422 and re.search(r"is at most 480", answer.get_data(as_text=True))
    assert browser.post(f"{WORKFLOW}actions", data=typed).status_code == 303
    session.expire_all()
    (row,) = actions_of(workflow)
    (ordered,) = read(row).does.steps
    assert ordered.options == {"minutes": 20, "loudly": False, "how": "door", "factor": 1.5, "people": ["Ann"], "why": "Now"}
    page = browser.get(f"{WORKFLOW}actions/{row.id}").get_data(as_text=True)
    assert f'value="{ring_step}" checked' in page and 'value="20"' in page
    assert "Ring" in browser.get(WORKFLOW).get_data(as_text=True)
    unknown = {**typed, "steps": ASK, f"step-{ASK}-text": "Dear ${nobody:knows}"}
    assert browser.post(f"{WORKFLOW}actions", data=unknown).status_code == 422
