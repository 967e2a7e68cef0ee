"""A net under what hostile texts could keep busy for ever. It measures nothing: what is fast stands in benchmarks/."""

from __future__ import annotations

import signal
import types
from collections.abc import Iterator
from contextlib import contextmanager


class Endless(Exception):
    """The work used so much of the processor that it grows faster than the text it was given."""


@contextmanager
def must_end(seconds: int = 120) -> Iterator[None]:
    """Breaks the work off with Endless after so many seconds of this process's own work, not of the clock on the wall.

    A machine that is a hundred times slower than it should be still passes; what takes the square of its input does not.
    """

    def stop(number: int, frame: types.FrameType | None) -> None:
        raise Endless(f"It was not done after {seconds} seconds of work.")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
