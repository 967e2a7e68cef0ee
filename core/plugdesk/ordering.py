"""Rows that people put in order: rules, policies, automations. Each has its place, `position`, counted from 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from plugdesk.errors import Conflict


class Placed(Protocol):
    """A row with a place."""

    id: Any
    position: Any


def number_rows(rows: Sequence[Placed]) -> bool:
    """Give rows the places they have here. Whether any had another; one that had not is not written to."""
    moved = [(row, place) for place, row in enumerate(rows) if row.position != place]
    for row, place in moved:
        row.position = place
    return bool(moved)


def place_row(rows: Sequence[Placed], row: Placed, place: int) -> int:
    """Put `row` at `place` among all `rows`, 0 the first, none beyond the last. Returns the place it has."""
    others = [each for each in rows if each.id != row.id]
    place = max(0, min(place, len(others)))
    number_rows([*others[:place], row, *others[place:]])
    return place


def order_rows(rows: Sequence[Placed], order: Sequence[str], refusal: str) -> bool:
    """Put all `rows` into the order of their ids that a page sent. Whether that changed anything.

    Raises `Conflict`, saying `refusal`, when the page was made from other rows.
    """
    known = {str(row.id): row for row in rows}
    if sorted(order) != sorted(known):
        raise Conflict(refusal)
    return number_rows([known[each] for each in order])
