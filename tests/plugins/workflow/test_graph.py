"""The drawing of a workflow: every status and action has its place, nothing lies on anything, and arrows end where they lead."""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from plugdesk.forms.models import Status, StatusKind
from plugdesk_workflow.definition import Automatic, Definition, Does, Since
from plugdesk_workflow.graph import CARD, HEAD, ROW, draw
from plugdesk_workflow.models import Action

NEW, OPEN, PENDING, RESOLVED, CLOSED = StatusKind


def status(number, code, kind):
    return Status(id=number, code=code, kind=kind, name=code.title(), names={})


def act(number, statuses, to="", **about):
    return Action(id=number, name=f"Action {number}", statuses=statuses, position=number), Definition(
        does=Does(status=to), **about
    )


FORM = [
    status(1, "new", NEW), status(2, "work", OPEN), status(3, "second", OPEN), status(4, "paid", PENDING), status(5, "done", RESOLVED),
]  # fmt: skip


def test_statuses_stand_by_kind_and_on_nobody_elses_place():
    drawn = draw(FORM, [act(number, ["new", "work", "second"], "done") for number in range(7)])
    assert [card.x for card in drawn.cards] == sorted(card.x for card in drawn.cards)
    columns = {card.status.code: card.x for card in drawn.cards}
    assert columns["work"] == columns["second"] < columns["paid"]
    for one, other in combinations(drawn.cards, 2):
        assert one.x != other.x or one.y + one.height < other.y or other.y + other.height < one.y
    for card in drawn.cards:
        assert card.x + CARD < drawn.width and card.y + card.height < drawn.height
        assert [row.y for row in card.rows] == [card.y + HEAD + ROW * place for place in range(len(card.rows))]


@pytest.mark.parametrize(("before", "after", "leaves", "arrives"), [
    ("new", "done", "right", "left"), ("done", "new", "left", "right"), ("work", "second", "right", "right"), ("second", "work", "right", "right"),
])  # fmt: skip
def test_an_arrow_begins_at_its_row_and_ends_at_the_status_it_leads_to(before, after, leaves, arrives):
    drawn = draw(FORM, [act(1, [before], after)])
    cards = {card.status.code: card for card in drawn.cards}
    (way,) = drawn.ways
    start, tip = (tuple(map(int, each.split())) for each in re.findall(r"(?:M|^M)(\d+ \d+)", f"{way.path} {way.head}"))
    edges = {
        side: {code: card.x + (CARD if side == "right" else 0) for code, card in cards.items()} for side in ("left", "right")
    }
    assert start == (edges[leaves][before], cards[before].rows[0].y + ROW // 2)
    assert tip == (edges[arrives][after], cards[after].door)


def test_what_leads_nowhere_or_stays_has_a_row_and_no_arrow():
    drawn = draw(FORM, [act(1, ["new"]), act(2, ["new", "done"], "done"), act(3, ["new"], "gone")])
    assert [(way.action.id, way.before.code, way.after.code) for way in drawn.ways] == [(2, "new", "done")]
    assert [len(card.rows) for card in drawn.cards] == [3, 0, 0, 0, 1]


def test_what_runs_by_itself_is_marked():
    drawn = draw(FORM, [act(1, ["new"], "done", automatic=Automatic(Since.STATUS, 3)), act(2, ["new"], "work")])
    assert [(row.automatic, way.automatic) for row, way in zip(drawn.cards[0].rows, drawn.ways, strict=True)] == [
        (True, True),
        (False, False),
    ]


def test_a_form_without_statuses_or_actions_can_be_drawn():
    assert draw([], []).cards == []
    assert len(draw(FORM, []).cards) == 5
