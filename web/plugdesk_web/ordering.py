"""The buttons of rows that people put in order (`components/ordering.html`), beside dragging them."""

from __future__ import annotations

from collections.abc import Sequence

from flask import request


def moved(order: Sequence[int], row: int) -> list[int]:
    """The ids in `order`, that of `row` one place up or down as the pressed button says.

    At the end it goes no further; where it is not among them nothing moves.
    """
    if row not in order:
        return list(order)
    others = [each for each in order if each != row]
    at = max(0, order.index(row) + (-1 if request.form.get("by") == "up" else 1))
    return [*others[:at], row, *others[at:]]
