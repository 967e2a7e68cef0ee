"""What the two databases must take alike."""

from __future__ import annotations

import json
from datetime import UTC, datetime
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
