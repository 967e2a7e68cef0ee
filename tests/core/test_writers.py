"""Who writes next on SQLite: people before jobs, each in the order they came, and nobody for longer than their transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import sleep

import pytest
import sqlalchemy as sa

from plugdesk.database import Database
from plugdesk.writers import Writers

pytestmark = pytest.mark.one_database
LONG = 60.0


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/turns.db")
    with database.write() as session:
        session.execute(sa.text("CREATE TABLE said (word TEXT)"))
    yield database
    database.close()


def waiting(writers: Writers, number: int) -> None:
    while len(writers._people) + len(writers._jobs) < number:
        sleep(0.001)


def at_once(writers: Writers, who: list[tuple[str, bool]]) -> list[str]:
    """In which order they have their turns who came in this one, while somebody was writing."""
    had: list[str] = []

    def take(name: str, patient: bool) -> None:
        assert writers.enter(LONG, patient=patient)
        had.append(name)
        writers.leave()

    assert writers.enter(LONG, patient=True)
    threads = []
    for place, (name, patient) in enumerate(who, 1):
        threads.append(threading.Thread(target=take, args=(name, patient)))
        threads[-1].start()
        waiting(writers, place)
    writers.leave()
    for thread in threads:
        thread.join()
    return had


def test_people_go_before_jobs_and_each_in_the_order_they_came():
    came = [("job 1", True), ("job 2", True), ("Ann", False), ("job 3", True), ("Bob", False)]
    assert at_once(Writers(), came) == ["Ann", "Bob", "job 1", "job 2", "job 3"]


def test_who_has_waited_too_long_stands_in_nobodys_way():
    writers = Writers()
    assert writers.enter(LONG, patient=False)
    assert not writers.enter(0.01, patient=False)
    assert not writers.enter(0.01, patient=True)
    writers.leave()
    assert at_once(writers, [("Ann", False)]) == ["Ann"]


def test_a_turn_that_nobody_gave_back_is_waited_for_once(file, monkeypatch):
    came: list[bool] = []
    enter = Writers.enter

    def note(writers: Writers, seconds: float, *, patient: bool) -> bool:
        came.append(enter(writers, seconds, patient=patient))
        return came[-1]

    monkeypatch.setattr(Writers, "enter", note)
    monkeypatch.setattr("plugdesk.database.SQLITE_WAIT_MS", 10)
    lost = file.session(write=True)
    lost.execute(sa.text("INSERT INTO said VALUES ('lost')"))
    lost.connection().info.clear()  # as if its thread had gone without a word
    lost.rollback()
    for word in ("late", "in time"):
        with file.write() as session:
            session.execute(sa.text("INSERT INTO said VALUES (:word)"), {"word": word})
    assert came == [True, False, True]


@pytest.mark.parametrize("how", ["commit", "rollback", "close"])
def test_a_turn_ends_with_its_transaction_however_that_ends(file, how):
    session = file.session(write=True)
    session.execute(sa.text("INSERT INTO said VALUES ('one')"))
    getattr(session, how)()
    with file.write() as other:
        other.execute(sa.text("INSERT INTO said VALUES ('two')"))
    with file.read() as reader:
        assert reader.scalars(sa.text("SELECT word FROM said")).all() == (["one", "two"] if how == "commit" else ["two"])
    session.close()


def test_a_page_writes_between_two_batches_of_a_job(file):
    """A job that takes the lock again the moment it gives it back; before there was a row, a page waited until its time was over."""
    stopped, batches = threading.Event(), list[int]()

    def work() -> None:
        session = file.session(write=True, patient=True)
        while not stopped.is_set():
            session.execute(sa.text("INSERT INTO said VALUES ('batch')"))
            batches.append(len(batches))
            sleep(0.02)
            session.commit()
        session.close()

    def between(write: Callable[[], None]) -> int:
        before = len(batches)
        write()
        return len(batches) - before

    def write() -> None:
        with file.write() as session:
            session.execute(sa.text("INSERT INTO said VALUES ('page')"))

    jobs = [threading.Thread(target=work) for _ in range(4)]
    for job in jobs:
        job.start()
    try:
        while len(batches) < 4:
            sleep(0.001)
        waited = [between(write) for _ in range(5)]
    finally:
        stopped.set()
        for job in jobs:
            job.join()
    # It waits for the batch that is at work; a few more pass where this thread is kept waiting itself. In vain it waited for 250.
    assert max(waited) < 50
