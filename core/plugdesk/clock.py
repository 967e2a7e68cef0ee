"""Time comes from one clock, which tests and the demo can set. Moments are aware and in UTC; naive ones are refused."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Anything that knows the time."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)


class MovableClock:
    """A clock that stands still until it is set or advanced."""

    def __init__(self, moment: datetime) -> None:
        self._moment = in_utc(moment)

    def now(self) -> datetime:
        """The moment it was last set to, aware, in UTC."""
        return self._moment

    def set(self, moment: datetime) -> None:
        """Jump to a moment, forwards or back. Raises ValueError when it is naive."""
        self._moment = in_utc(moment)

    def advance(
        self, duration: timedelta | None = None, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> datetime:
        """Go on by `duration` and the given amounts together; returns the new present."""
        self._moment += (duration or timedelta()) + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return self._moment


FixedClock = MovableClock


def in_utc(moment: datetime) -> datetime:
    """The same moment in UTC. Raises ValueError when it is naive, for then nobody knows which moment is meant."""
    if moment.utcoffset() is None:
        raise ValueError(f"A moment needs a time zone: {moment!r} is naive.")
    return moment.astimezone(UTC)
