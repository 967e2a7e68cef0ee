"""Something done to all of a list, more than a page: in the background, by number, by the rights of the moment."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from plugdesk.events import Event
from plugdesk.tickets.commands import assign
from plugdesk.tickets.lists import PAGE
from plugdesk.users.rights import RightInput, set_right
from plugdesk.worker import Worker
from plugdesk_web.bulk_runs import BATCH, BulkRun, RunState, start_run, stop_run
from tests.factories import make_agent, make_ticket

LIST = "/tickets/selection"


@pytest.fixture
def tickets(form, session):
    tickets = [make_ticket(session, form, subject=f"Lamp {number}") for number in range(BATCH + 2)]
    session.commit()
    return tickets


def press(browser, action, back="/views/open", **chosen):
    """All of the list at `back`, and this button; with what was `chosen` on the page that follows."""
    token = next(iter(browser.get("/views/open").forms.values()))["csrf_token"].value
    page = browser.post(LIST, {"csrf_token": token, "do": action, "all": "1", "back": back})
    form = next(each for each in page.forms.values() if each.action == LIST)
    for name, value in chosen.items():
        form[name] = value
    return page, form.submit("do", value=action, status="*")


def work(runtime, session):
    Worker(runtime, "test").run_due()
    session.expire_all()


def test_all_of_a_list_is_done_by_number_in_the_background_and_told(browse, runtime, session, form, anna, tickets):
    assign(session, tickets[1], None, assignee=make_agent(session, form, name="Ben"))
    session.commit()
    browser = browse(anna)
    page, begun = press(browser, "accept")
    assert f"All of the list: {len(tickets)} tickets" in page.text
    shown = begun.follow()
    assert "Stop here" in shown.text and f"0 / {len(tickets)}" in shown.html.find(id="run").text.replace("\xa0", " ")
    work(runtime, session)
    told = browser.get(shown.request.path).html.find(id="run").text
    assert f"Done to {len(tickets) - 1} tickets." in told and "1 ticket stayed as it was." in told and "Lamp 1" in told
    accepted = session.scalars(sa.select(Event.ticket_id).where(Event.kind == "ticket_accepted").order_by(Event.id)).all()
    assert accepted == [each.id for each in tickets if each is not tickets[1]]


def test_what_is_chosen_first_holds_for_what_a_search_has_found(browse, runtime, session, form, anna, tickets):
    other = make_ticket(session, form, subject="Something else")
    session.commit()
    press(browse(anna), "status", back="/search?q=lamp", status="done")
    work(runtime, session)
    assert {each.status.code for each in tickets} == {"done"} and other.status.code == "new"


def test_rights_are_asked_when_it_runs_and_another_page_of_it_is_nobody_elses(
    browse, runtime, session, form, anna, tickets, admin
):
    _page, begun = press(browse(anna), "accept")
    set_right(session, form, anna, RightInput(actions=["note"]), by=None)
    session.commit()
    work(runtime, session)
    run = session.scalars(sa.select(BulkRun)).one()
    assert (run.done, run.stayed, run.state) == (0, len(tickets), "done")
    assert {each.assignee_id for each in tickets} == {None}
    browse(admin).get(begun.headers["Location"], status=404)


def test_one_that_is_stopped_leaves_the_rest_and_one_press_repeated_begins_it_once(browse, runtime, session, anna, tickets):
    browser = browse(anna)
    _page, begun = press(browser, "accept")
    shown = begun.follow()
    stopped = next(each for each in shown.forms.values() if each.action.endswith("/stop")).submit().follow()
    work(runtime, session)
    assert "Stopped." in stopped.text and {each.assignee_id for each in tickets} == {None}
    page, first = press(browser, "accept")
    again = next(each for each in page.forms.values() if each.action == LIST).submit("do", value="accept")
    assert (again.headers["Location"], session.scalar(sa.select(sa.func.count(BulkRun.id)))) == (first.headers["Location"], 2)


def test_all_of_the_list_is_offered_where_there_is_more_than_a_page(browse, session, form, anna, tickets):
    assert browse(anna).get("/views/open").html.find("input", {"name": "all"}) is None
    for number in range(PAGE - len(tickets) + 1):
        make_ticket(session, form, subject=f"More {number}")
    session.commit()
    assert browse(anna).get("/views/open").html.find("input", {"name": "all"}) is not None


@pytest.mark.parametrize("back", ["/search", "/customers", "/nowhere", ""])
def test_a_page_that_is_no_list_means_no_tickets(browse, anna, tickets, back):
    browser = browse(anna)
    token = next(iter(browser.get("/views/open").forms.values()))["csrf_token"].value
    answer = browser.post(LIST, {"csrf_token": token, "do": "accept", "all": "1", "back": back}, status="*")
    assert answer.status_code == (422 if back else 200)


def test_what_is_done_already_is_not_stopped(session, anna, runtime):
    run = start_run(session, anna, "accept", [1], MultiDict(), title="Accept", back="/views/open")
    session.commit()
    session.execute(sa.update(BulkRun).values(state=RunState.DONE).execution_options(synchronize_session=False))
    stop_run(session, run)
    assert run.state is RunState.DONE
