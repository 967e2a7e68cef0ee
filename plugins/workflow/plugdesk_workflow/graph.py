"""The workflow as a drawing: each status a card under its kind, its actions the card's rows, and from each row an arrow to where it leads.

Pure: everything has its place in pixels before a template sees it. A card stands in the column of its kind, in the form's order, so
that work mostly flows to the right; what leads back leaves its row at the left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plugdesk.api import Status, StatusKind
from plugdesk_workflow.definition import Definition
from plugdesk_workflow.models import Action

CARD, HEAD, ROW, FOOT = 168, 34, 26, 8
GAP, DROP, MARGIN = 52, 28, 12
PORT = 16  # from the edge of a card to the dot that is dragged from
ARROW = 9


@dataclass(frozen=True)
class Row:
    """An action on the card of a status that offers it, `y` its upper edge."""

    action: Action
    x: int
    y: int
    automatic: bool


@dataclass(frozen=True)
class Card:
    status: Status
    x: int
    y: int
    height: int
    rows: Sequence[Row]

    @property
    def door(self) -> int:
        """The height at which arrows arrive."""
        return self.y + HEAD // 2


@dataclass(frozen=True)
class Way:
    """An arrow from a row to a card: `path` as SVG has it, `head` the triangle at its end."""

    action: Action
    before: Status
    after: Status
    path: str
    head: str
    automatic: bool


@dataclass(frozen=True)
class Graph:
    width: int
    height: int
    cards: Sequence[Card]
    ways: Sequence[Way]


def draw(statuses: Sequence[Status], known: Sequence[tuple[Action, Definition]]) -> Graph:
    """The statuses of a form, in their order, with the actions that are on."""
    kinds = [kind for kind in StatusKind if any(each.kind is kind for each in statuses)]
    feet = dict.fromkeys(kinds, MARGIN)
    cards: dict[str, Card] = {}
    for status in statuses:
        x, y = MARGIN + kinds.index(status.kind) * (CARD + GAP), feet[status.kind]
        offered = [each for each in known if status.code in each[0].statuses]
        rows = [
            Row(action, x, y + HEAD + place * ROW, definition.automatic is not None)
            for place, (action, definition) in enumerate(offered)
        ]
        card = Card(status, x, y, HEAD + ROW * len(rows) + FOOT, rows)
        cards[status.code], feet[status.kind] = card, y + card.height + DROP
    leads = {action.id: definition.does.status for action, definition in known}
    ways = [
        _way(card, row, cards[leads[row.action.id]])
        for card in cards.values()
        for row in card.rows
        if leads[row.action.id] in cards and leads[row.action.id] != card.status.code
    ]
    width = MARGIN + len(kinds) * (CARD + GAP) - GAP + MARGIN
    if any(each.before.kind is each.after.kind is kinds[-1] for each in ways):
        width += GAP  # what bends back within the last column
    return Graph(max(width, 0), max(feet.values(), default=MARGIN) + MARGIN - DROP, list(cards.values()), ways)


def _way(card: Card, row: Row, target: Card) -> Way:
    """A curve from the row's side that looks towards the target, to the target's side that looks back."""
    y1, y2 = row.y + ROW // 2, target.door
    if target.x > card.x:
        x1, x2, out, into = card.x + CARD, target.x, 1, -1
    elif target.x < card.x:
        x1, x2, out, into = card.x, target.x + CARD, -1, 1
    else:
        x1, x2, out, into = card.x + CARD, target.x + CARD, 1, 1
    bend = GAP - MARGIN if out == into else max(GAP // 2, abs(x2 - x1) // 3)
    tip = x2 + into * ARROW
    path = f"M{x1} {y1}C{x1 + out * bend} {y1} {tip + into * bend} {y2} {tip} {y2}"
    head = f"M{x2} {y2}L{tip} {y2 - 5}L{tip} {y2 + 5}Z"
    return Way(row.action, card.status, target.status, path, head, row.automatic)
