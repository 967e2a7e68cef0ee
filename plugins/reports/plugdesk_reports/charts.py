"""Charts drawn on the server: what the templates need to write the SVG down. A table beside each says the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

from plugdesk.api import format_date

WIDTH, FLOOR, TOP = 100, 178, 24  # per cent across; pixels from above, of 200: where zero is and how high the highest is
LABELS = 6


@dataclass(frozen=True)
class Slot:
    """One step on the axis of time: its days, its name, and the values there."""

    first: date
    last: date
    name: str
    values: Sequence[float]


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True)
class Drawn:
    """A chart: bars or a line (a path), perhaps a second one, lines of the grid with their value, and the names below."""

    bars: Sequence[Bar]
    line: str
    grid: Sequence[tuple[float, int]]
    labels: Sequence[tuple[float, str]]
    beside: str = ""


def slots(first: date, last: date) -> list[tuple[date, date, str]]:
    """The days from `first` to `last` one by one, or by weeks or months where they are many, each with its name."""
    days = (last - first).days + 1
    found, at = [], first
    while at <= last:
        if days <= 62:
            end, name = at, format_date(at, "d MMM")
        elif days <= 400:
            end = min(last, at + timedelta(days=6 - at.weekday()))
            name = format_date(at, "d MMM")
        else:
            end = min(last, (at.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1))
            name = format_date(at, "MMM y")
        found.append((at, end, name))
        at = end + timedelta(days=1)
    return found


def paired_bars(steps: Sequence[Slot]) -> Drawn:
    """Two bars a step, side by side: the first value and the second."""
    most, width = _ceiling(steps), WIDTH / (len(steps) or 1)
    gap = min(0.5, width * 0.2)
    each, bars = (width - gap) / 2, []
    for place, step in enumerate(steps):
        for nth, value in enumerate(step.values[:2]):
            tall = _tall(value, most)
            x = place * width + gap / 2 + nth * each
            bars.append(Bar(round(x, 2), round(FLOOR - tall, 1), round(each, 2), round(tall, 1), "ba"[nth]))
    return Drawn(bars, "", _grid(most), _labels(steps, width))


def line(steps: Sequence[Slot]) -> Drawn:
    """A line through the first values, and one beside it through the second ones, where there are some."""
    most, width = _ceiling(steps), WIDTH / (len(steps) or 1)
    first, second = (
        _path(
            [
                (place * width + width / 2, FLOOR - _tall(step.values[nth], most))
                for place, step in enumerate(steps)
                if len(step.values) > nth
            ]
        )
        for nth in (0, 1)
    )
    return Drawn((), first, _grid(most), _labels(steps, width), second)


def heat(number: int, most: int) -> int:
    """How warm a square of a heat map is, 0 to 6."""
    return 0 if number <= 0 else 1 + min(5, (number * 6 - 1) // most)


def _path(points: Sequence[tuple[float, float]]) -> str:
    if len(points) == 1:
        points = [(0, points[0][1]), (WIDTH, points[0][1])]
    return "M" + "L".join(f"{x:.2f} {y:.1f}" for x, y in points) if points else ""


def _ceiling(steps: Sequence[Slot]) -> int:
    """A round number that no value exceeds."""
    most = max((value for step in steps for value in step.values), default=0)
    for zeros in range(12):
        for lead in (3, 6, 12, 15):
            if most <= lead * 10**zeros:
                return lead * int(10**zeros)
    return ceil(most)


def _tall(value: float, most: int) -> float:
    return (FLOOR - TOP) * value / most if most else 0


def _grid(most: int) -> list[tuple[float, int]]:
    return [(round(FLOOR - _tall(most * part // 3, most), 1), most * part // 3) for part in (1, 2, 3)]


def _labels(steps: Sequence[Slot], width: float) -> list[tuple[float, str]]:
    every = max(1, -(-len(steps) // LABELS))
    return [
        (round(place * width + min(0.25, width / 10), 2), step.name) for place, step in enumerate(steps) if place % every == 0
    ]
