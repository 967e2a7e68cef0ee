"""A demo's desk, founded, with a story of a few tickets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plugdesk.clock import MovableClock
from plugdesk.opening import open_runtime
from plugdesk.runtime import Runtime
from plugdesk.settings import Settings
from plugdesk_demo import company, tickets
from plugdesk_demo import play as playing
from plugdesk_demo.founding import Founding
from plugdesk_demo.launch import make_demo
from plugdesk_demo.play import play
from tests.support.desk import MONDAY_MORNING


@pytest.fixture(scope="module")
def few_tickets() -> Iterator[int]:
    """The whole story takes a minute to play; a twentieth of it is told in the same way. How many tickets it has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(playing, "PAUSE", 0.0)
        patch.setattr(company, "TICKETS", 20)
        patch.setattr(company, "CUSTOMERS", 12)
        patch.setattr(tickets, "OPEN", 8)
        yield 20


def open_demo(folder: Path, *, migrating: bool = False) -> Runtime:
    """The demo's desk as its pages open it, on Monday morning."""
    settings = Settings(data=folder, base_url="http://127.0.0.1:8000", strict=True)
    runtime = open_runtime(settings, migrating=migrating, clock=MovableClock(MONDAY_MORNING))
    Founding().install(None, runtime)
    return runtime


@pytest.fixture
def founded(tmp_path: Path, few_tickets: int) -> Iterator[Callable[[], Runtime]]:
    """`founded()` opens the demo's desk as another process would."""
    make_demo(tmp_path / "demo", "en")
    opened: list[Runtime] = []

    def open_desk() -> Runtime:
        opened.append(open_demo(tmp_path / "demo", migrating=not opened))
        return opened[-1]

    yield open_desk
    for runtime in opened:
        runtime.close()


@pytest.fixture(scope="module")
def played_folder(tmp_path_factory: pytest.TempPathFactory, few_tickets: int) -> Path:
    """A demo's folder after the whole play."""
    folder = tmp_path_factory.mktemp("played") / "demo"
    make_demo(folder, "en")
    runtime = open_demo(folder, migrating=True)
    assert play(runtime)
    runtime.close()
    return folder
