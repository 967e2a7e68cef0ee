"""Rows in the order people put them into."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from plugdesk.errors import Conflict
from plugdesk.ordering import number_rows, order_rows, place_row


@dataclass
class Row:
    id: int
    position: int


def rows():
    return [Row(number * 10, number) for number in range(4)]


def order(rows):
    return [row.id for row in sorted(rows, key=lambda row: row.position)]


@pytest.mark.parametrize(
    ("to", "place", "then"), [(0, 0, [20, 0, 10, 30]), (9, 3, [0, 10, 30, 20]), (-1, 0, [20, 0, 10, 30]), (2, 2, [0, 10, 20, 30])]
)
def test_a_row_goes_to_a_place_and_never_beyond_the_ends(to, place, then):
    found = rows()
    assert place_row(found, found[2], to) == place and order(found) == then


def test_all_rows_take_the_order_of_a_page():
    found = rows()
    assert order_rows(found, ["30", "0", "20", "10"], "Reload.") and order(found) == [30, 0, 20, 10]
    assert not order_rows(found, ["30", "0", "20", "10"], "Reload."), "nothing has changed"


@pytest.mark.parametrize("sent", [["0", "10", "20"], ["0", "10", "20", "40"], ["0", "0", "10", "20"], []])
def test_a_page_made_from_other_rows_is_refused_and_changes_nothing(sent):
    found = rows()
    with pytest.raises(Conflict, match="Reload"):
        order_rows(found, sent, "Reload.")
    assert order(found) == [0, 10, 20, 30]


def test_gaps_are_closed():
    found = [Row(1, 5), Row(2, 9)]
    assert number_rows(found) and [row.position for row in found] == [0, 1]
