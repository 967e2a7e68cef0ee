"""What the two databases must take alike."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from plugdesk.database import storable_json
from plugdesk.events import Event

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("\x00a\x00\x00", "�a��"),
        ("\\u0000", "\\u0000"),
        ("\\\x00\\\\u0000", "\\�\\\\u0000"),
        ("\ud800x😀", "�x😀"),
    ],
)
def test_json_holds_what_both_databases_can_store(said: str, kept: str) -> None:
    assert json.loads(storable_json({said: [said, 1, None]})) == {kept: [kept, 1, None]}


def test_a_journal_takes_what_nobody_can_type(session: Session) -> None:
    session.add(Event(kind="tried", at=datetime(2026, 1, 1, tzinfo=UTC), data={"after": "\x00\ud800\u202e"}))
    session.flush()
    session.expire_all()
    assert session.query(Event).filter_by(kind="tried").one().data == {"after": "��\u202e"}


@pytest.mark.parametrize("microsecond", [0, 1, 999_999])
def test_a_moment_comes_back_as_it_was_in_utc(session: Session, microsecond: int) -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    at = datetime(2026, 3, 29, 2, 30, 59, microsecond, tzinfo=zone)
    session.add(Event(kind="tried", at=at, data={}))
    session.flush()
    session.expire_all()
    found = session.query(Event).filter_by(kind="tried").one().at
    assert (found, found.tzinfo) == (at, UTC)


def test_what_is_empty_in_two_rows_is_not_one_thing(session: Session) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    session.add_all([Event(kind="tried", at=at, data={}), Event(kind="tried", at=at, data={})])
    session.flush()
    session.expire_all()
    first, second = session.query(Event).filter_by(kind="tried")
    first.data["by"] = "the one"
    assert second.data == {}
