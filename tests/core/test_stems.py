import json
import sqlite3
import threading

import pytest

from plugdesk.stems import MAX_INDEXED, Term, fts5_query, index_text, query_terms, tsquery
from tests.conftest import CORPORA
from tests.support.patience import must_end

LETTERS = {
    1: "Не пришёл счёт за май, заказ №12345",
    2: "Счета оплачены, спасибо! С уважением, Анна",
    3: "The invoices were paid yesterday",
    4: "Write to anna.petrova@romashka.ru or call 8 (800) 555-35-35",
    5: "Error E-1042 in module order_id of ABC123",
    6: "Красный автомобиль и синий велосипед",
}


@pytest.fixture(scope="module")
def letters():
    """An index as the search has it, on SQLite."""
    database = sqlite3.connect(":memory:")
    database.execute('CREATE VIRTUAL TABLE letters USING fts5(subject, body, tokenize = "unicode61 remove_diacritics 0")')
    for number, text in LETTERS.items():
        database.execute("INSERT INTO letters (rowid, subject, body) VALUES (?, '', ?)", (number, index_text(text)))
    yield database
    database.close()


def found(database, question, columns=()):
    query = fts5_query(query_terms(question), columns)
    return (
        [row[0] for row in database.execute("SELECT rowid FROM letters WHERE letters MATCH ? ORDER BY rowid", (query,))]
        if query
        else None
    )


@pytest.mark.parametrize(
    ("question", "numbers"),
    [
        ("счёт", [1, 2]),
        ("СЧЕТАМИ", [1, 2]),
        ("счета май", [1]),
        ("invoice", [3]),
        ("pay", []),
        ("paid invoices", [3]),
        ("12345", [1]),
        ("№12345", [1]),
        ("anna.petrova@romashka.ru", [4]),
        ("<Anna.Petrova@Romashka.ru>", [4]),
        ("romashka", [4]),
        ("petrova@romashka.ru", [4]),
        ("8 800 555 35 35", [4]),
        ("8(800)5553535", [4]),
        ("88005553535", [4]),
        ("+8-800-555-35-35", [4]),
        ("5553535", []),
        ("E-1042", [5]),
        ("order_id", [5]),
        ("abc123", [5]),
        ("abc*", [5]),
        ("ABC", []),
        ("авто*", [6]),
        ('"синий велосипед"', [6]),
        ('"велосипед синий"', []),
        ("велосипед синий", [6]),
        ("счёт -май", [2]),
        ('счет -"заказ 12345"', [2]),
        ("-счёт", None),
        ("", None),
        ('"', None),
        ("*", None),
        ("---", None),
        ("' OR 1=1 --", []),
        ("a AND b", []),
        ("NEAR(счёт май)", []),
        ("body:счёт", []),
        ("{body}: x", []),
        ("спасибо!", [2]),
        ("за́каз", [1]),
    ],
)
def test_a_question_finds_its_letters(letters, question, numbers):
    assert found(letters, question) == numbers


def test_a_question_can_be_kept_to_columns(letters):
    assert found(letters, "счёт -май", ["body"]) == [2]
    assert found(letters, "счёт", ["subject"]) == []


def test_stems_are_the_same_whatever_the_form():
    assert index_text("Счёта СЧЕТАМИ счетов") == "счет счет счет"
    assert index_text("invoice Invoices INVOICED") == "invoic invoic invoic"
    assert index_text("E-1042, order_id") == "e 1042 order_id"
    assert index_text("Ёлка5, SKU77ED") == "елка5 sku77ed"
    assert index_text("a", "", "b") == "a b"
    assert index_text() == ""


def test_addresses_and_telephone_numbers_are_there_whole_and_in_parts():
    assert index_text("Me@x-y.org, +7 (495) 123-45-67") == "me x y org 7 495 123 45 67 me@x-y.org 74951234567"


def test_only_known_fields_are_fields():
    assert query_terms('status:open -from:"Anna K" http://x.y 12:30 other:word', {"status", "from"}) == [
        Term(field="status", value="open"),
        Term(negated=True, field="from", value="Anna K"),
        Term(("http", "x", "y")),
        Term(("12", "30")),
        Term(("other", "word")),
    ]
    assert query_terms("статус:открыт", {"статус"}) == [Term(field="статус", value="открыт")]
    assert query_terms("status:", {"status"}) == [Term(("status",))]


def test_a_question_to_postgresql_is_quoted():
    assert tsquery(query_terms('счета "синий велосипед" -май авто* 8-800-555-35-35')) == (
        "('счет') & ('син' <-> 'велосипед') & !('ма') & ('авт':*) & (('8' <-> '800' <-> '555' <-> '35' <-> '35') | '88005553535')"
    )
    assert tsquery(query_terms("-май")) == tsquery([]) == ""


def test_much_text_is_cut():
    assert len(index_text("слово " * 10**6)) <= MAX_INDEXED
    assert index_text("a " * MAX_INDEXED, "end").split()[-1] == "a"
    assert len(query_terms("a " * 10**6)) == 32


def test_threads_do_not_disturb_each_other():
    results = set()

    def stem(n):
        for i in range(300):
            results.add(index_text(f"счетами{'а' * (i % 7)} invoices") if i % 7 == 0 else "счет invoic")

    threads = [threading.Thread(target=stem, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {"счет invoic"}


@pytest.mark.parametrize(
    "text",
    [
        "@" * 100_000,
        "1 " * 100_000,
        "a@" * 50_000,
        "a." * 100_000 + "@",
        "+1" * 100_000,
        "-" * 100_000,
        '"' * 100_000,
        "8 (" * 60_000,
        "ё" * 100_000,
    ],
)
def test_strange_texts_come_to_an_end(text):
    with must_end():
        index_text(text)
        query_terms(text)


@pytest.mark.needs("corpora")
def test_no_naughty_string_breaks_a_question(letters):
    for text in json.loads((CORPORA / "blns/blns.json").read_text(encoding="utf-8")):
        found(letters, text)
        found(letters, f'"{text}" {text}* -{text} a:{text}')
