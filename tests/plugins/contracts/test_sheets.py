"""Tables as people send them: encodings, delimiters, workbooks, and files that are none or too much."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from io import BytesIO

import pytest
from openpyxl import Workbook

from plugdesk.errors import Invalid
from plugdesk_contracts import sheets
from plugdesk_contracts.columns import checked_columns, read_row, recognised
from plugdesk_contracts.sheets import read_sheet

TABLE = "Имя;Почта\r\nАнна;anna@home.example\r\n"
ROWS = [["Имя", "Почта"], ["Анна", "anna@home.example"]]


def workbook(*rows):
    book, kept = Workbook(), BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(kept)
    return kept.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16", "utf-16-le", "utf-16-be"])
def test_any_usual_encoding_is_recognised(encoding):
    assert read_sheet(TABLE.encode(encoding)) == ROWS


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_the_delimiter_is_the_one_that_divides_the_rows_alike(delimiter):
    lines = [["Name", "About"], ["Carter, Ann", "one; two\tthree"], ["Ben", ""]]
    written = "\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)
    assert read_sheet(written.encode())[:2] == lines[:2]


def test_a_cell_may_hold_lines_and_quotation_marks_and_rows_keep_their_numbers():
    found = read_sheet(b'name,about\n\n"Ann ""A""","two\nlines"\n')
    assert found == [["name", "about"], [], ['Ann "A"', "two\nlines"]]


def test_a_single_column_is_a_table_too():
    assert read_sheet(b"email\nann@home.example\n") == [["email"], ["ann@home.example"]]


def test_a_workbook_gives_plain_texts_and_runs_nothing():
    content = workbook(
        ["Name", "Phone", "Since", "Met"],
        ['=HYPERLINK("http://evil.example")', 79161234567.0, date(2026, 5, 31), datetime(2026, 5, 31, 9, 30)],  # noqa: DTZ001 -- workbooks know no zones
        [],
        ["@Ann", "+49 30 1234567", True, 2.5],
    )
    assert read_sheet(content) == [
        ["Name", "Phone", "Since", "Met"],
        ["", "79161234567", "2026-05-31", "2026-05-31 09:30"],
        [],
        ["@Ann", "+49 30 1234567", "True", "2.5"],
    ]


def test_cells_that_begin_like_a_formula_are_text_in_csv():
    assert read_sheet(b"name,phone\n=1+1,+4930123456\n")[1] == ["=1+1", "+4930123456"]


def bomb(name, content):
    kept = BytesIO(workbook(["a"]))
    with zipfile.ZipFile(kept, "a", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr(name, content)
    return kept.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "nothing in this file"),
        (b"\n;;\n", "nothing in this file"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "an old Excel"),
        (b"PK\x03\x04 and then nothing", "damaged"),
        (bomb("xl/media/big.bin", bytes(3_000_000)), "too much in this workbook"),
        (bomb("xl/extra.xml", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a/>'), "too much in this workbook"),
        (b"PK\x03\x04" + bomb("x", b"")[4:200], "damaged"),
        (",".join("x" * 51).encode(), "At most 50 columns"),
        (b"a,b\n" * 12, "At most 10 rows"),
        (b'a,"' + b"x" * 200_000, "never closed"),
    ],
)
def test_what_is_no_table_or_too_much_is_refused_with_what_to_do(monkeypatch, content, said):
    monkeypatch.setattr(sheets, "MOST_UNPACKED", 2_000_000)
    monkeypatch.setattr(sheets, "MOST_ROWS", 10)
    with pytest.raises(Invalid, match=said):
        read_sheet(content)


def test_a_zip_that_is_no_workbook_is_refused_in_words():
    kept = BytesIO()
    with zipfile.ZipFile(kept, "w") as parts:
        parts.writestr("letter.txt", "Dear Ann")
    with pytest.raises(Invalid, match="cannot be read as a workbook"):
        read_sheet(kept.getvalue())


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        (["ФИО", "Эл. почта", "Телефон:", "Компания"], ["name", "email", "phone", "organization"]),
        (["Фамилия", "Имя", "E-mail 1", "E-mail 2"], ["last_name", "first_name", "email", "email"]),
        (["First name", "Last Name", "Mobile phone", "Notes"], ["first_name", "last_name", "phone", "about"]),
        (["Country", "Language", "Country", "Shoe size"], ["country", "language", "", ""]),
    ],
)
def test_columns_are_recognised_by_their_names_in_both_languages(names, columns):
    assert recognised(names, 4) == (columns, True)


def test_without_names_the_addresses_are_recognised_by_their_looks():
    assert recognised(["Ann Carter", "ann@home.example"], 3) == (["", "email", ""], False)


def test_columns_set_by_hand_are_each_chosen_once_and_somebody_can_be_recognised():
    assert checked_columns(["name", "email", "email", "nonsense"]) == ["name", "email", "email", ""]
    with pytest.raises(Invalid, match="“Name” is chosen for two columns"):
        checked_columns(["name", "name", "email"])
    with pytest.raises(Invalid, match="e-mail addresses or the phone numbers"):
        checked_columns(["name", "organization"])


def test_a_row_is_read_with_all_its_contacts_and_what_is_wrong_with_it():
    columns = ["first_name", "last_name", "email", "phone", "language", "country"]
    row = read_row(["Ann", "Carter", "Ann@Home.example; ann@work.example", "+49 30 123456", "EN", "de"], columns)
    assert row.name == "Ann Carter"
    assert [stored for _channel, stored, _written in row.contacts] == ["ann@home.example", "ann@work.example", "+4930123456"]
    assert (row.language, row.country, row.problems) == ("en", "DE", [])
    wrong = read_row(["Ann", "", "ann at home", "", "Klingon", "Germany"], columns)
    assert len(wrong.problems) == 3
    assert "ann at home" in wrong.problems[0]
    assert read_row(["Ann"], columns).problems == ["There is neither an e-mail address nor a phone number."]
    assert read_row(["", "", "ann@home.example"], columns).name == "ann@home.example"
