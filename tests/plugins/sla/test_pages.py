"""The pages of SLA: policies made, ordered, looked at beforehand, explained; the panel beside the ticket and the chip in lists."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser

from plugdesk.forms.commands import set_hours
from plugdesk.tickets.correspondence import reply_to_ticket
from plugdesk.tickets.lists import tickets_by_fact
from plugdesk.tickets.models import Ticket
from plugdesk_sla import runs
from plugdesk_sla.models import Clock, Policy, Run, RunState
from plugdesk_sla.promising import policies_of
from tests.factories import make_agent
from tests.support.pages import differences
from tests.support.queries import queries

PLACE = "/forms/support/x/sla"
POLICY = {
    "name": "Usual", "first": "2", "unit-first": "hours", "resolution": "2", "unit-resolution": "days", "status-new": "30",
    "unit-status-new": "minutes", "pauses": "pending", "warn_percent": "75", "warn_minutes": "", "warned": "assignee",
    "told": ["assignee", "supervisor"], "is_on": "1",
}  # fmt: skip


@pytest.fixture
def head(session, form, ctx):
    """Who configures the form."""
    head = make_agent(session, form, name="Hedda Head", is_admin=True)
    session.commit()
    return head


def words_of(answer):
    return " ".join(LexborHTMLParser(answer.get_data(as_text=True)).body.text(separator=" ").split())


def test_a_policy_is_made_changed_switched_ordered_and_removed(session, form, ctx, head, client, hours):
    client.sign_in(head)
    assert "No policies yet" in words_of(client.get(f"{PLACE}/"))
    assert "count around the clock" in words_of(client.get(f"{PLACE}/"))
    set_hours(session, form, hours, by=None)
    session.commit()
    assert "count in “Office”" in words_of(client.get(f"{PLACE}/"))
    assert client.post(f"{PLACE}/policies", data=POLICY).status_code == 303
    row = session.scalars(sa.select(Policy)).one()
    assert [(each["sort"], each["status"], each["amount"], each["unit"]) for each in row.targets] == [
        ("first", "", 2, "hours"), ("resolution", "", 2, "days"), ("status", "new", 30, "minutes"),
    ]  # fmt: skip
    shown = words_of(client.get(f"{PLACE}/"))
    assert "First response: 2 hours; Resolution: 2 working days; In “New”: 30 minutes" in shown
    assert 'value="75"' in client.get(f"{PLACE}/policies/{row.id}").get_data(as_text=True)
    changed = POLICY | {"name": "Slower", "first": "3", "version": str(row.version)}
    assert client.post(f"{PLACE}/policies/{row.id}", data=changed).status_code == 303
    late = client.post(f"{PLACE}/policies/{row.id}", data=changed | {"name": "Quicker", "resolution": "1"})
    assert late.status_code == 409
    assert differences(late.get_data(as_text=True)) == {
        "Name of the policy": ("Quicker", "Slower"), "Resolution": ("1 working days", "2 working days"),
    }  # fmt: skip
    assert client.post(f"{PLACE}/policies", data=POLICY | {"name": "Other"}).status_code == 303
    other = session.scalars(sa.select(Policy).where(Policy.name == "Other")).one()
    assert client.post(f"{PLACE}/policies/{other.id}/move", data={"by": "up"}).status_code == 303
    session.expire_all()
    assert [each.name for each in policies_of(ctx)] == ["Other", "Slower"]
    assert client.post(f"{PLACE}/order", data={"order": [str(row.id), str(other.id)]}).status_code == 204
    assert client.post(f"{PLACE}/order", data={"order": [str(row.id)]}).status_code == 409
    assert client.post(f"{PLACE}/policies/{other.id}/switch", data={"on": ""}).status_code == 303
    assert client.post(f"{PLACE}/policies/{row.id}/removal").status_code == 303
    session.expire_all()
    assert [(each.name, each.is_on) for each in policies_of(ctx)] == [("Other", False)]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"name": ""}, "Give the policy a name."),
        ({"first": "", "resolution": "", "status-new": ""}, "Give at least one target a time."),
        ({"first": "soon"}, "Write a whole number from 1 to 10000."),
        ({"first": "0"}, "Write a whole number from 1 to 10000."),
        ({"unit-first": "years"}, "Choose minutes, hours or working days."),
        ({"warn_percent": "120"}, "Write a whole number from 1 to 99."),
        ({"pauses": ["new", "open", "pending"]}, "In one of them the clocks have to run."),
    ],
)
def test_what_cannot_be_promised_is_refused_and_kept(session, head, client, given, says):
    client.sign_in(head)
    refused = client.post(f"{PLACE}/policies", data=POLICY | {"status-open": "7777"} | given)
    assert refused.status_code == 422
    assert says in words_of(refused)
    assert 'value="75"' in refused.get_data(as_text=True) or "warn_percent" in given
    assert session.scalars(sa.select(Policy)).all() == []


def test_other_hours_of_the_form_have_its_clocks_reckoned_anew(session, form, office, promise, ask, clocks, run_jobs):
    promise(first="10 hours")
    ticket = ask()
    before = clocks(ticket)["first"].due_at
    set_hours(session, form, None, by=None)
    session.commit()
    run_jobs()
    session.expire_all()
    assert clocks(ticket)["first"].due_at < before


def test_an_edited_policy_is_looked_at_before_it_is_saved(session, ctx, office, promise, ask, later, head, client, clocks):
    row = promise(first="8 hours")
    ticket = ask()
    later(hours=3)
    client.sign_in(head)
    edited = {**POLICY, "first": "2", "resolution": "", "status-new": "", "policy": str(row.id), "version": str(row.version)}
    went = client.post(f"{PLACE}/previews", data=edited)
    assert went.status_code == 303
    shown = words_of(client.get(went.headers["Location"]))
    assert "1 clocks of 1 open tickets would get another deadline; 1 would be late at once. Nothing was changed." in shown
    assert clocks(ticket)["first"].due_at.hour == 17
    preview = session.scalars(sa.select(Run).where(Run.is_preview)).one()
    assert 'value="2"' in client.get(f"{PLACE}/policies/{row.id}?preview={preview.id}").get_data(as_text=True)
    assert client.post(f"{PLACE}/previews/{preview.id}/saving").status_code == 303
    assert clocks(ticket)["first"].due_at.hour == 11


def test_many_tickets_are_gone_through_in_the_background(
    session, ctx, office, promise, ask, head, client, clocks, run_jobs, monkeypatch
):
    monkeypatch.setattr(runs, "AT_ONCE", 2)
    monkeypatch.setattr(runs, "BATCH", 2)
    row = promise(first="8 hours")
    run_jobs()
    tickets = [ask() for _number in range(5)]
    client.sign_in(head)
    edited = {**POLICY, "first": "2", "version": str(row.version)}
    went = client.post(f"{PLACE}/previews", data={**edited, "policy": str(row.id)}).headers["Location"]
    assert "0 / 5" in words_of(client.get(went))
    assert client.post(f"{went.removeprefix('http://localhost')}/stop").status_code == 303
    assert "Stopped before all were looked at." in words_of(client.get(went))
    assert client.post(f"{PLACE}/policies/{row.id}", data=edited).status_code == 303
    assert "being reckoned anew: 0 of 5" in words_of(client.get(f"{PLACE}/"))
    again = {**edited, "first": "3", "version": str(row.version + 1)}
    assert client.post(f"{PLACE}/policies/{row.id}", data=again).status_code == 303
    run_jobs()
    assert {clocks(each)["first"].due_at.hour for each in tickets} == {12}
    states = session.scalars(sa.select(Run.state).where(Run.is_preview.is_(False)).order_by(Run.id)).all()
    assert states[-2:] == [RunState.STOPPED, RunState.DONE]


def test_the_what_if_page_shows_each_policy_s_answer(session, office, promise, ask, head, client):
    promise("Urgent", when={"fact": "field.level", "is": "high"}, first="30 minutes")
    promise("Usual", first="2 hours")
    promise("Late", first="3 hours")
    ticket = ask(level="low")
    client.sign_in(head)
    shown = words_of(client.get(f"{PLACE}/why?ticket={ticket.id}"))
    assert "Did not hold: Level is High met: Low" in shown
    assert "Not asked: “Usual” had decided" in shown
    assert "Promised First response: 2 hr" in shown
    assert client.get(f"{PLACE}/why?ticket=99999").status_code == 404


def test_the_panel_shows_what_counted_and_what_did_not(session, office, promise, ask, agent, later, write, client):
    promise(first="1 hours", resolution="8 hours")
    ticket = ask()
    later(minutes=30)
    reply_to_ticket(session, ticket, agent, body="<p>Which till?</p>")
    later(hours=2)
    write(ticket)
    later(hours=1)
    client.sign_in(agent)
    shown = words_of(client.get(f"/tickets/{ticket.id}"))
    for words in (
        "First response Kept",
        "30 min of 1 hr",
        "Counted 30 min",
        "Stood still",
        "Counted 1 hr",
        "Business hours Office",
    ):
        assert words in shown, words


def rows_of(answer):
    """The numbers of the tickets of a list, in its order."""
    return [int(each.id.removeprefix("t")) for each in LexborHTMLParser(answer.get_data(as_text=True)).css("tr[data-row]")]


def test_a_click_on_the_deadline_orders_the_list_by_it_and_another_as_before(
    session, form, ctx, office, promise, ask, agent, later, client
):
    promise("Urgent", when={"all": [{"fact": "field.level", "is": "urgent"}]}, first="30 minutes")
    promise("High", when={"all": [{"fact": "field.level", "is": "high"}]}, first="2 hours")
    tickets = {
        level: ask(**({"level": level} if level else {})) for level in ("high", "", "urgent", "low") if not later(minutes=1)
    }
    client.sign_in(agent)
    head = LexborHTMLParser(client.get("/views/open").get_data(as_text=True)).css_first("th a")
    shown = client.get(head.attributes["href"])
    assert rows_of(shown) == [
        tickets[level].id for level in ("urgent", "high", "", "low")
    ]  # what has no deadline is last, by number
    ordered = LexborHTMLParser(shown.get_data(as_text=True)).css_first("th[aria-sort=ascending]")
    assert "Deadline" in ordered.text()
    back = ordered.css_first("a").attributes["href"]
    assert rows_of(client.get(back)) == [tickets[level].id for level in ("low", "urgent", "", "high")]


def test_pages_of_a_list_by_deadline_hold_every_ticket_once(session, form, ctx, office, promise, ask, agent, later):
    promise("Urgent", when={"all": [{"fact": "field.level", "is": "urgent"}]}, first="30 minutes")
    for level in ("urgent", "low", "urgent", "low", "urgent"):
        later(minutes=1)
        ask(level=level)

    def pages(forms):
        found, after = [], None
        while True:
            page = tickets_by_fact(session, agent, "open", "deadline", forms=forms, after=after, limit=2)
            found += [each.id for each in page.tickets]
            if page.next is None:
                return found
            after = page.next

    urgent, others = [1, 3, 5], [2, 4]
    first = session.scalar(sa.select(sa.func.min(Ticket.id))) - 1
    assert pages({form.id}) == [first + number for number in urgent + others]
    assert pages(set()) == [first + number for number in range(1, 6)]  # where the extension is off its deadlines order nothing


def test_lists_have_a_chip_and_no_query_more(session, form, ctx, office, promise, ask, agent, later, client):
    tickets = [ask() for _number in range(3)]
    session.commit()
    client.sign_in(agent)
    client.get("/views/open")
    with queries() as plain:
        client.get("/views/open")
    promise(first="1 hours", resolution="8 hours")
    later(minutes=30)
    client.get("/views/open")
    with queries() as chips:
        shown = client.get("/views/open")
    assert "30 min" in words_of(shown)
    assert len(chips) == len(plain)
    later(minutes=45)
    assert "15 min late" in words_of(client.get("/views/open"))
    reply_to_ticket(session, tickets[0], agent, body="<p>Which till?</p>")
    session.commit()
    assert "paused" in words_of(client.get("/views/open"))
    found = words_of(client.get("/search?q=sla:breached"))
    assert len(tickets) == 3 and "The till beeps" in found


def test_a_reply_costs_few_queries_more(session, ctx, office, promise, ask, agent):
    plain_ticket = ask()
    session.commit()
    with queries() as plain:
        reply_to_ticket(session, plain_ticket, agent, body="<p>Which till?</p>")
        session.flush()
    promise(first="1 hours", resolution="8 hours")
    ticket = ask()
    session.commit()
    with queries() as kept:
        reply_to_ticket(session, ticket, agent, body="<p>Which till?</p>")
        session.flush()
    assert session.scalar(sa.select(sa.func.count()).select_from(Clock)) == 4
    assert len(kept) - len(plain) <= 8
