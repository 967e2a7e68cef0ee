"""What customers do themselves with their requests: actions that extensions offer them, in their words and as their act."""

from __future__ import annotations

import io

import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser

from plugdesk.errors import Invalid
from plugdesk.events import Event
from plugdesk.forms.commands import add_field
from plugdesk.forms.models import FieldKind, StatusKind
from plugdesk.testing.browser import browser_of
from plugdesk.tickets.commands import become, change_status
from plugdesk.tickets.models import Message
from plugdesk_csat.commands import invite, last_closing
from plugdesk_csat.models import Rating
from plugdesk_workflow.commands import ActionInput, add_action
from plugdesk_workflow.definition import Ask, AskKind, Assignment, Definition, Does, How, Letter, Who
from tests.factories import make_group
from tests.plugins.portal.conftest import words_of

CUSTOMER = Who(agents=False, customer=True)
ACCEPT = "workflow.actions.accept_the_offer"


@pytest.fixture
def action(enable, admin, session):
    """`action("Accept the offer", does=…)` adds one that customers run, offered in New."""
    workflow = enable("workflow")

    def action(name="Accept the offer", *, statuses=("new",), who=CUSTOMER, **about):
        made = add_action(workflow, ActionInput(name, list(statuses), definition=Definition(who, **about)), by=admin)
        session.commit()
        return made

    return action


def page_of(browser, ticket):
    return browser.get(f"/portal/requests/{ticket.number}")


def act(browser, ticket, code=ACCEPT, **typed):
    return browser.post(f"/portal/requests/{ticket.number}/actions/{code}", data=typed, content_type="multipart/form-data")


def events(session, ticket, kind):
    session.expire_all()
    return session.scalars(sa.select(Event).where(Event.ticket_id == ticket.id, Event.kind == kind).order_by(Event.id)).all()


def test_a_press_runs_the_action_as_the_customers_act(app, ann, ticket, action, customer, agent, session, run_jobs):
    to_them = Letter(("customer",), "<p>We begin.</p>")
    action(does=Does(status="in_progress", values={"priority": "high"}, note="<p>Look at the stock.</p>"), letters=(to_them,))
    assert "Accept the offer" in words_of(page_of(ann, ticket))
    assert act(ann, ticket).status_code == 303
    session.expire_all()
    assert ticket.status.code == "in_progress" and ticket.values["priority"] == "high"
    (run,) = events(session, ticket, "action_run")
    assert run.actor_id == customer.id and events(session, ticket, "status_changed")[-1].actor_id == customer.id
    run_jobs()
    shown = words_of(page_of(ann, ticket))
    assert "We begin." in shown and "Look at the stock" not in shown and "Accept the offer" not in shown
    desk = browser_of(app)
    desk.sign_in(agent)
    assert "Accept the offer" in words_of(desk.get(f"/tickets/{ticket.number}"))


def test_what_is_asked_comes_in_as_the_customers_words_with_files_and_fields(ann, ticket, action, form, session):
    colour = add_field(session, form, kind=FieldKind.TEXT, label="Colour", by=None).code
    own = Ask(AskKind.OWN, False, "floor", "Floor")
    action(asks=(Ask(AskKind.TEXT), Ask(AskKind.FILES), Ask(AskKind.FIELD, True, colour), own))
    typed = {"text": "By Friday, please.", "own-floor": "Third", f"field-{colour}-here": "1", f"field-{colour}": ""}
    refused = act(ann, ticket, **typed)
    assert refused.status_code == 422 and "Fill in “Colour”" in words_of(refused)
    assert "By Friday, please." in (kept := refused.get_data(as_text=True)) and "Third" in kept
    sent = act(ann, ticket, **{**typed, f"field-{colour}": "Green", "files": (io.BytesIO(b"plan"), "plan.txt")})
    assert sent.status_code == 303
    session.expire_all()
    said = session.scalars(sa.select(Message).order_by(Message.id.desc())).first()
    assert said.text == "Colour: Green\nFloor: Third\n\nBy Friday, please."
    assert (said.channel, said.author_id, said.attachments[0].name) == ("portal", ticket.customer_id, "plan.txt")
    assert ticket.values[colour] == "Green" and not session.scalars(sa.select(Message).where(Message.direction == "note")).all()


def test_what_is_not_offered_any_more_is_refused_in_the_customers_words_and_what_was_typed_is_kept(
    ann, ticket, action, form, agent, session
):
    action(asks=(Ask(AskKind.TEXT),))
    form.status("in_progress").customer_name = "We are on it"
    change_status(session, ticket, form.status("in_progress"), by=agent)
    session.commit()
    late = act(ann, ticket, text="I take it.")
    assert late.status_code == 409
    assert "the request is “We are on it” now" in words_of(late) and "I take it." in late.get_data(as_text=True)
    assert act(ann, ticket, "workflow.actions.none", text="I take it.").status_code == 409
    assert act(ann, ticket, "nobody.none.none").status_code == 409
    assert not events(session, ticket, "action_run")


def test_what_was_typed_for_one_action_stands_in_no_other(ann, ticket, action):
    action(asks=(Ask(AskKind.TEXT), Ask(AskKind.OWN, True, "floor", "Floor")))
    action("Turn it down", asks=(Ask(AskKind.TEXT),))
    refused = act(ann, ticket, text="By Friday, please.")
    assert refused.status_code == 422 and refused.get_data(as_text=True).count("By Friday, please.") == 1


def test_what_was_typed_for_an_action_when_the_session_ran_out_stands_in_it_after_signing_in(ann, ticket, action, clock, sign_in):
    action(asks=(Ask(AskKind.TEXT), Ask(AskKind.OWN, False, "floor", "Floor")))
    clock.advance(hours=13)
    assert act(ann, ticket, text="By Friday, please.", **{"own-floor": "Third"}).status_code == 303
    again = page_of(sign_in(ann), ticket)
    assert "What you wrote is kept here" in words_of(again)
    shown = LexborHTMLParser(again.get_data(as_text=True)).css_first(".portal-actions details[open]")
    assert shown.css_first("textarea").text().strip() == "By Friday, please."
    assert shown.css_first('input[name="own-floor"]').attributes["value"] == "Third"
    assert act(ann, ticket, text="By Friday, please.").status_code == 303
    assert "What you wrote is kept here" not in words_of(page_of(ann, ticket))


def test_a_double_press_runs_it_once(ann, ticket, action, session):
    action()
    assert [act(ann, ticket, once="same").status_code for _ in range(2)] == [303, 303]
    assert len(events(session, ticket, "action_run")) == 1


def test_customers_are_neither_asked_nor_told_what_is_for_agents(ann, ticket, action, form, session):
    cost = add_field(session, form, kind=FieldKind.TEXT, label="Cost", agent_only=True, by=None).code
    master = add_field(session, form, kind=FieldKind.PERSON, label="Master", by=None).code
    action(asks=tuple(Ask(AskKind.FIELD, code=code) for code in (cost, master)))
    action("For agents", who=Who())
    shown = page_of(ann, ticket).get_data(as_text=True)
    assert "Accept the offer" in shown and "Cost" not in shown and "Master" not in shown and "For agents" not in shown
    assert act(ann, ticket, **{f"field-{cost}-here": "1", f"field-{cost}": "1"}).status_code == 303
    assert act(ann, ticket, "workflow.actions.for_agents").status_code == 409
    session.expire_all()
    assert cost not in ticket.values


def test_an_action_that_customers_cannot_run_is_not_stored_for_them(action, form, session):
    cost = add_field(session, form, kind=FieldKind.TEXT, label="Cost", agent_only=True, by=None).code
    for wrong in (
        {"does": Does(assignment=Assignment(How.CHOSEN))},
        {"does": Does(delete=True)},
        {"asks": (Ask(AskKind.FIELD, True, cost),)},
        {"asks": (Ask(AskKind.OWN, True, "who", "Who", FieldKind.PERSON),)},
    ):
        with pytest.raises(Invalid) as refused:
            action(**wrong)
        assert "who" in refused.value.problems


def test_where_a_rating_was_asked_for_its_faces_stand_on_the_request(ann, ticket, enable, session, agent, clock):
    csat = enable("csat")
    assert "Excellent" not in words_of(page_of(ann, ticket)), "nobody asked"
    change_status(session, ticket, ticket.form.first_status(StatusKind.RESOLVED), by=agent)
    session.flush()
    invite(csat, ticket, last_closing(csat, ticket))
    session.commit()
    assert "Excellent" in words_of(page_of(ann, ticket))
    rate = "csat.rating.rate"
    refused = act(ann, ticket, rate, comment="Quick!")
    assert refused.status_code == 422 and "Choose one of the five faces" in words_of(refused)
    assert "Quick!" in refused.get_data(as_text=True)
    assert act(ann, ticket, rate, mark="4", comment="Quick!").status_code == 303
    assert act(ann, ticket, rate, mark="5", comment="Quick!").status_code == 303
    assert [(each.mark, each.comment) for each in session.scalars(sa.select(Rating))] == [(5, "Quick!")]
    assert "Change my mark" in words_of(page_of(ann, ticket))
    become(session, ticket, StatusKind.OPEN, by=agent)
    session.commit()
    assert act(ann, ticket, rate, mark="1").status_code == 409, "what was rated is not done after all"


def test_what_comes_of_it_is_the_desks_own(ann, ticket, action, agent, session):
    group = make_group(session, agent, name="Technicians")
    session.flush()
    action(does=Does(assignment=Assignment(How.GROUP, group=group.id)))
    assert act(ann, ticket).status_code == 303
    assert events(session, ticket, "ticket_assigned")[-1].actor_id is None
    assert ticket.group_id == group.id
