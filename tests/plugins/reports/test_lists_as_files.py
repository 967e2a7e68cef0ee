"""Any list as a file: exactly the tickets of the list, with the columns asked for, as whoever asked may see them at that moment."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
import sqlalchemy as sa

from plugdesk.events import Event
from plugdesk.forms.commands import add_field
from plugdesk.forms.models import FieldKind, FormAgent, Sees, StatusKind
from plugdesk.testing.browser import browser_of
from plugdesk.tickets.commands import become
from plugdesk_reports import exporting, listing
from plugdesk_reports.models import Export, FileState
from tests.factories import make_form, make_ticket
from tests.plugins.reports.test_files import cells

FILES = "/x/reports/files"
SHOWN = ["No.", "Subject", "Status", "Customer", "Form", "Assignee", "Tags", "Channel", "Last"]


@pytest.fixture
def tickets(session, form, agent, enable):
    """Seven tickets, of which one is done and one begins like a formula."""
    enable("reports")
    add_field(session, form, kind=FieldKind.MONEY, label="Sum", choices=[{"code": "EUR", "label": "EUR"}], by=None)
    add_field(session, form, kind=FieldKind.DATE, label="Visited", by=None)
    add_field(session, form, kind=FieldKind.TEXT, label="Remark", by=None)
    found = [make_ticket(session, form, subject="=1+1" if n == 3 else f"Till {n}") for n in range(7)]
    become(session, found[0], StatusKind.RESOLVED, by=agent)
    found[3].values = {"sum": {"amount": "12.50", "currency": "EUR"}, "visited": "2026-11-05", "remark": "+7 (900)"}
    session.commit()
    return found


@pytest.fixture
def ada(app, agent):
    browser = browser_of(app)
    browser.sign_in(agent)
    return browser


def lines(answer):
    assert answer.status_code == 200
    return list(csv.reader(StringIO(answer.data.decode().removeprefix("\ufeff"), newline="")))


def numbers(answer):
    return [int(row[0]) for row in lines(answer)[1:]]


def test_a_view_s_file_holds_its_tickets_with_the_columns_it_shows(tickets, ada):
    rows = lines(ada.post(FILES, data={"view": "open", "kind": "csv"}))
    assert rows[0] == SHOWN
    assert [int(row[0]) for row in rows[1:]] == [each.id for each in reversed(tickets[1:])]
    assert [row[1] for row in rows if row[0] == str(tickets[3].id)] == ["'=1+1"]
    assert numbers(ada.post(FILES, data={"view": "done", "form": "support", "kind": "csv"})) == [tickets[0].id]


def test_all_fields_are_columns_and_their_values_are_counted_with(tickets, ada):
    head, *rows = lines(ada.post(FILES, data={"view": "all", "columns": "all", "kind": "csv"}))
    row = dict(zip(head, next(row for row in rows if row[0] == str(tickets[3].id)), strict=True))
    assert (row["Sum, EUR"], row["Visited"], row["Remark"]) == ("12.5", "2026-11-05", "'+7 (900)")
    assert {"Group", "Opened", "Closed"} <= set(head) and len(rows) == 7
    book = cells(ada.post(FILES, data={"view": "all", "columns": "all", "kind": "xlsx"}).data)
    assert len(book) == 8 and "=1+1" in book[4] and "12.5" in book[4]


def test_what_was_searched_for_is_a_list_too(tickets, ada):
    assert "/x/reports/export?" in ada.get("/search?q=beeps").text
    assert sorted(numbers(ada.post(FILES, data={"view": "all", "q": "beeps", "kind": "csv"}))) == [each.id for each in tickets]
    assert numbers(ada.post(FILES, data={"view": "all", "q": f"number:{tickets[2].id}", "kind": "csv"})) == [tickets[2].id]
    assert numbers(ada.post(FILES, data={"view": "all", "q": "-", "kind": "csv"})) == []


def test_the_page_says_what_will_be_in_the_file(tickets, session, form, ada, agent):
    page = ada.get("/x/reports/export?view=open&form=support").text
    assert "All open, Support" in page and "6 tickets that you may see" in page and "background" not in page
    other = make_form(session, name="Shop")
    session.add(FormAgent(form_id=other.id, user_id=agent.id))
    make_ticket(session, other)
    session.commit()
    assert "Not in the file: tickets of Shop." in ada.get("/x/reports/export?view=open").text
    assert len(numbers(ada.post(FILES, data={"view": "open", "kind": "csv"}))) == 6
    assert "There is nothing to write" in ada.get("/x/reports/export?view=open&form=shop").text
    assert ada.get("/x/reports/export?view=misspelt").status_code == 404
    assert ada.post(FILES, data={"view": "open", "kind": "exe"}).status_code == 404


def test_the_registry_s_columns_go_into_the_file(tickets, ada):
    page = ada.get("/x/reports/registry?columns=field:remark,customer").text
    assert "columns=number,subject,field:remark,customer" in page.replace("%2C", ",").replace("%3A", ":")
    given = {"view": "all", "form": "support", "columns": "number,subject,field:remark,customer", "kind": "csv"}
    assert lines(ada.post(FILES, data=given))[0] == ["No.", "Subject", "Remark", "Customer"]


def test_who_takes_tickets_out_stands_in_the_journal(tickets, session, agent, ada):
    ada.post(FILES, data={"view": "open", "kind": "csv"})
    event = session.scalars(sa.select(Event).where(Event.kind == "list_exported")).one()
    assert event.actor_id == agent.id and event.plugin == "reports"
    assert event.data["said"] == "Wrote “All open” into a file, CSV: 6 tickets"


@pytest.fixture
def slowly(monkeypatch):
    """Lists are long from three tickets on, and read two at a time."""
    monkeypatch.setattr(exporting, "AT_ONCE", 2)
    monkeypatch.setattr(listing, "BATCH", 2)


@pytest.mark.parametrize("asked", [{"view": "open"}, {"view": "all", "q": "beeps"}])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_long_list_is_written_by_a_job_batch_by_batch(tickets, slowly, session, ada, run_jobs, asked, kind):
    place = ada.post(FILES, data={**asked, "kind": kind}).location
    assert "The file is being written" in ada.get(place).text
    run_jobs()
    assert "The file is ready" in ada.get(place).text
    content = ada.get(f"{place}/content")
    rows = lines(content) if kind == "csv" else cells(content.data)
    wanted = [str(each.id) for each in reversed(tickets[1:] if asked["view"] == "open" else tickets)]
    assert [row[0] for row in rows[1:]] == wanted
    export = session.query(Export).one()
    assert (export.done, export.total) == (len(wanted), len(wanted))


def test_a_job_writes_what_its_owner_may_see_when_it_runs(tickets, slowly, session, agent, ada, run_jobs):
    place = ada.post(FILES, data={"view": "all", "kind": "csv"}).location
    session.scalars(sa.select(FormAgent).where(FormAgent.user_id == agent.id)).one().sees = Sees.OWN
    tickets[1].assignee_id = agent.id
    session.commit()
    run_jobs()
    export = session.query(Export).one()
    assert (export.state, export.done) == (FileState.READY, 1)
    assert ada.get(f"{place}/content").status_code == 404, "It was asked for by somebody who saw more."


def test_a_job_of_somebody_who_works_here_no_more_ends(tickets, slowly, session, agent, ada, run_jobs):
    ada.post(FILES, data={"view": "all", "kind": "csv"})
    session.execute(sa.delete(FormAgent).where(FormAgent.user_id == agent.id))
    session.commit()
    run_jobs()
    export = session.query(Export).one()
    assert export.state is FileState.STOPPED and export.sha256 is None


def test_a_file_is_stopped_leads_back_to_its_list_and_is_gone_after_a_day(tickets, slowly, session, agent, ada, run_jobs, clock):
    place = ada.post(FILES, data={"view": "open", "form": "support", "kind": "csv"}).location
    assert ada.post(f"{place}/stop").location == "/views/open?form=support"
    run_jobs()
    assert session.query(Export).one().state is FileState.STOPPED
    clock.advance(hours=26)
    run_jobs()
    assert session.query(Export).count() == 0
    ada.sign_in(agent)
    assert "Files are kept for a day" in ada.get(place).text


def test_it_is_offered_above_the_lists_of_forms_where_it_is_on(tickets, session, ada, agent):
    other = make_form(session, name="Shop")
    session.add(FormAgent(form_id=other.id, user_id=agent.id))
    session.commit()
    assert "/x/reports/export?view=open" in ada.get("/views/open").text
    assert "/x/reports/export" not in ada.get("/views/open?form=shop").text
