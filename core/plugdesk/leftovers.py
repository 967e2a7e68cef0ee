"""What one job leaves open for the next of its batch: a signed-in connection, say, that costs more to make than to use."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from typing import Any

log = logging.getLogger(__name__)


class Leftovers:
    """Things by name, each with what closes it. A batch takes half a second, so nothing here grows old."""

    def __init__(self) -> None:
        self._left: dict[Hashable, tuple[Any, Callable[[], object]]] = {}

    def take(self, name: Hashable) -> Any | None:
        """What was left under `name`, from now on the taker's; None when there is nothing."""
        return self._left.pop(name, (None, None))[0]

    def leave(self, name: Hashable, what: Any, close: Callable[[], object]) -> None:
        """Leave `what` for whoever takes it, or for the end of the batch, which calls `close()`."""
        before = self._left.pop(name, None)
        self._left[name] = (what, close)
        if before is not None:
            _close(before[1])

    def close(self) -> None:
        """The batch is over."""
        while self._left:
            _close(self._left.popitem()[1][1])


def _close(act: Callable[[], object]) -> None:
    try:
        act()
    except Exception:
        log.exception("What a job had left could not be closed")
