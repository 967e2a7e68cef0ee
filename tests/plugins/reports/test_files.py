"""Reports and lists as files: the same figures, nothing a spreadsheet would run, long ones by a job."""

from __future__ import annotations

import csv
import re
import tracemalloc
from io import BytesIO, StringIO
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest

from plugdesk.events import Event
from plugdesk.testing.browser import browser_of
from plugdesk.tickets.models import Ticket
from plugdesk_reports import behind, exporting
from plugdesk_reports.files import csv_lines, safe, xlsx_bytes
from plugdesk_reports.models import Export, FileState, TicketFacts
from tests.plugins.reports.test_pages import EVERYTHING, PAGES

NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def cells(content, sheet=1):
    """The cells of one sheet, row by row, and whether any is a formula."""
    with ZipFile(BytesIO(content)) as book:
        strings = []
        if "xl/sharedStrings.xml" in book.namelist():
            strings = ["".join(part.itertext()) for part in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))]
        root = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{sheet}.xml"))
    assert not list(root.iter(f"{NS}f"))
    rows = []
    for row in root.iter(f"{NS}row"):
        read = []
        for cell in row:
            value = cell.findtext(f"{NS}v")
            read.append(
                strings[int(value)]
                if cell.get("t") == "s"
                else "".join(cell.itertext())
                if cell.get("t") == "inlineStr"
                else value
            )
        rows.append(read)
    return rows


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_taken_for_a_formula(begins):
    text = begins + 'cmd|"/c calc"!A1'
    assert safe(text) == "'" + text and safe(-3) == "-3" and safe(None) == ""
    written = "".join(csv_lines([[text, 5]]))
    assert next(csv.reader(StringIO(written.removeprefix("\ufeff"), newline=""))) == ["'" + text, "5"]
    assert cells(xlsx_bytes([("=[a]/b", [["Head"], [text, 5]])], "UTC"))[1][1] == "5"


@pytest.mark.parametrize("path", PAGES)
def test_a_report_s_file_holds_the_figures_of_its_page(counted, ada, path):
    name = path.rsplit("/", 1)[-1] or "overview"
    page = ada.get(f"{path}?{EVERYTHING}").text
    text = ada.get(f"/x/reports/{name}.csv?{EVERYTHING}").data.decode()
    rows = {row[0]: row[1:] for row in csv.reader(StringIO(text.removeprefix("\ufeff"))) if row}
    for title in re.findall(r'<h2 id="(?:by|times|spread)[^"]*-title">([^<]+?) ?<', page):
        assert title.replace("&#34;", '"') in rows
    book = ada.get(f"/x/reports/{name}.xlsx?{EVERYTHING}").data
    first = cells(book)
    assert len(first) > 1 and first[1][0] in rows


def test_a_list_s_file_holds_exactly_the_tickets_of_the_list(counted, ada, session):
    number = session.query(TicketFacts.ticket_id).order_by(TicketFacts.ticket_id).first()[0]
    session.get_one(Ticket, number).subject = "=1+1"
    session.commit()
    page = ada.get(f"/x/reports/tickets?of=received&{EVERYTHING}").text
    listed = int(re.search(r'faint num">(\d+)', page)[1])
    given = dict(pair.split("=") for pair in EVERYTHING.split("&")) | {"of": "received"}
    text = ada.post("/x/reports/files", data={**given, "kind": "csv"}).data.decode()
    rows = list(csv.reader(StringIO(text.removeprefix("\ufeff"))))
    assert len(rows) == listed + 1 and [str(number), "'=1+1"] in [row[:2] for row in rows]
    book = cells(ada.post("/x/reports/files", data={**given, "kind": "xlsx"}).data)
    assert len(book) == listed + 1


def test_who_took_a_list_as_a_file_stands_in_the_journal(counted, ada, session):
    given = dict(pair.split("=") for pair in EVERYTHING.split("&")) | {"of": "received", "kind": "csv"}
    text = ada.post("/x/reports/files", data=given).data.decode()
    taken = session.query(Event).filter_by(kind="list_exported").one()
    assert (taken.plugin, taken.actor.name) == ("reports", "Ada Berg")
    assert f"CSV: {len(text.splitlines()) - 1} tickets" in taken.data["said"]


def test_a_long_list_is_written_by_a_job_and_fetched_by_its_owner_alone(
    counted, ada, app, admin, run_jobs, session, monkeypatch, clock
):
    monkeypatch.setattr(exporting, "AT_ONCE", 5)
    monkeypatch.setattr(exporting, "BATCH", 7)
    given = dict(pair.split("=") for pair in EVERYTHING.split("&")) | {"of": "received", "kind": "csv"}
    place = ada.post("/x/reports/files", data=given).location
    waiting = ada.get(place).text
    assert "The file is being written" in waiting and "hx-get" in waiting
    run_jobs()
    assert "The file is ready" in ada.get(place).text
    text = ada.get(f"{place}/content").data.decode()
    assert len(text.splitlines()) == session.query(Export).one().total + 1
    other = browser_of(app)
    other.sign_in(admin)
    assert other.get(f"{place}/content").status_code == 404
    clock.advance(days=3)
    run_jobs()
    assert session.query(Export).count() == 0


def test_a_file_that_is_stopped_is_not_written(counted, ada, run_jobs, session, monkeypatch):
    monkeypatch.setattr(exporting, "AT_ONCE", 5)
    given = dict(pair.split("=") for pair in EVERYTHING.split("&")) | {"of": behind.UNANSWERED, "kind": "xlsx"}
    place = ada.post("/x/reports/files", data=given).location
    ada.post(f"{place}/stop")
    run_jobs()
    export = session.query(Export).one()
    assert export.state is FileState.STOPPED and export.sha256 is None
    assert "not written any further" in ada.get(place).text


def test_memory_does_not_grow_with_the_rows():
    rows = ([n, f"Ticket {n} about a till that beeps", "Support", "Ann Carter", 1.5] for n in range(20_000))
    tracemalloc.start()
    try:
        content = xlsx_bytes([("Tickets", rows)], "UTC")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(content) > 100_000 and peak < 20_000_000
