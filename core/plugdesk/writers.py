"""Who writes next to an SQLite database, which has one writer at a time: in the order they came, people before jobs.

SQLite itself has those who wait look in now and then, and whoever happens to ask first goes first: beside a job that writes one batch
after another a page would look in vain until its time is over. The order holds within a process; between two it is SQLite's again.
"""

from __future__ import annotations

import threading
from collections import deque


class Writers:
    """One writer, and those who wait for their turn."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_taken = False
        self._people: deque[threading.Event] = deque()
        self._jobs: deque[threading.Event] = deque()

    def enter(self, seconds: float, *, patient: bool) -> bool:
        """Wait for one's turn, at most so many `seconds`; whether it came. Who is `patient` lets all others go first."""
        waiting, called = self._jobs if patient else self._people, threading.Event()
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return True
            waiting.append(called)
        if called.wait(seconds):
            return True
        with self._lock:
            if called.is_set():  # at the very last moment
                return True
            waiting.remove(called)
            return False

    def leave(self) -> None:
        """It is the next one's turn."""
        with self._lock:
            waiting = self._people or self._jobs
            if waiting:
                waiting.popleft().set()
            else:
                self._is_taken = False
