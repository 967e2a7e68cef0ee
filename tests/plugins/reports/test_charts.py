"""Charts are drawn across in per cent of their width: nothing stands outside, and nothing over its neighbour."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from plugdesk_reports.charts import FLOOR, TOP, Slot, line, paired_bars


def steps(number):
    days = [date(2026, 11, 1) + timedelta(days=n) for n in range(number)]
    return [Slot(day, day, str(day.day), (n % 7, 3 * n % 11)) for n, day in enumerate(days)]


@pytest.mark.parametrize("number", [1, 7, 31, 62])
def test_bars_stand_side_by_side_within_the_drawing(number):
    drawn = paired_bars(steps(number))
    assert len(drawn.bars) == 2 * number
    for bar, after in zip(drawn.bars, drawn.bars[1:], strict=False):
        assert bar.x + bar.width <= after.x + 0.011, "rounded to a hundredth"
    assert drawn.bars[0].x > 0 and drawn.bars[-1].x + drawn.bars[-1].width <= 100
    assert all(TOP <= bar.y <= FLOOR and abs(bar.y + bar.height - FLOOR) < 0.1 for bar in drawn.bars)
    assert [name for _x, name in drawn.labels] == [
        str((date(2026, 11, 1) + timedelta(days=n)).day) for n in range(0, number, max(1, -(-number // 6)))
    ]


def test_a_line_of_one_step_goes_all_the_way_across():
    assert line(steps(1)).line.startswith("M0.00 ") and "L100.00 " in line(steps(1)).line
