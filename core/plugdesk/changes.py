"""Changing a row that somebody else may be changing, too: read anew, compared by version, told as before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from plugdesk.database import Base
from plugdesk.errors import Conflict
from plugdesk.i18n import gettext as _


def lock(session: Session, row: Base, version: int | None = None) -> None:
    """Read `row` anew and keep other writers from it; `Conflict` when it is no longer what the page was made from."""
    session.refresh(row, with_for_update=True)
    if version is not None and version != getattr(row, "version"):  # noqa: B009
        raise Conflict(_("Somebody else changed this meanwhile. Look at it again, then repeat what you did."))


def apply(row: Base, read: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Set the attributes of `row` that differ; returns them as name → [before, after], in plain values."""
    changed = {name: [getattr(row, name), value] for name, value in read.items() if getattr(row, name) != value}
    for name, (_before, value) in changed.items():
        setattr(row, name, value)
    return changed


def touch(row: Base) -> None:
    """Count a change of what belongs to `row` as one of `row`: its version goes up."""
    flag_modified(row, "name")
