"""What a test can order to go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from plugdesk.testing.messenger.refusals import Refused

When = Literal["before", "after"]
FILE = "file"  # the name under which fetching a file can be made to fail


class Dropped(Exception):
    """The connection is to be broken without an answer."""


@dataclass(frozen=True)
class Orders:
    """What one call has to suffer: nothing, at first."""

    refusal: Refused | None = None
    seconds: float = 0.0
    drop: When | None = None


class Faults:
    """Orders wait for the calls they name; a call takes the first that fits. Nothing in here is locked."""

    def __init__(self) -> None:
        self._waiting: list[tuple[str, Orders]] = []
        self.away = False
        self.away_code: int | None = None

    def order(
        self, method: str, times: int, *, refusal: Refused | None = None, seconds: float = 0.0, drop: When | None = None
    ) -> None:
        """Makes the next `times` calls of a method (`"*"` is any) refused, slow, or lost."""
        self._waiting += [(method.lower(), Orders(refusal, seconds, drop))] * times

    def take(self, method: str) -> Orders:
        """The order for a call of this method, which is thereby used up."""
        for index, (named, orders) in enumerate(self._waiting):
            if named in ("*", method.lower()):
                del self._waiting[index]
                return orders
        return Orders()

    def clear(self) -> None:
        """Forgets all orders."""
        self._waiting.clear()


@contextmanager
def lost_after(when: When | None) -> Iterator[None]:
    """Breaks the connection before or after what is done inside."""
    if when == "before":
        raise Dropped
    yield
    if when == "after":
        raise Dropped
