"""What the keys of figures are called: people, groups, channels, statuses, tags and values of fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.api import FieldKind, Form, Group, Organization, Tag, User, current_language, row_number, runtime_of
from plugdesk.api import gettext as _
from plugdesk_reports.figures import ASSIGNEE, CHANNEL, CUSTOMER, FACT, FIELD, GROUP, STATUS, TAG
from plugdesk_reports.groupings import groupings_of, names_of_fact

ORGANIZATION = "organization"
_TABLES: Mapping[str, Any] = {ASSIGNEE: User, CUSTOMER: User, GROUP: Group, ORGANIZATION: Organization, TAG: Tag}


def names_of(session: Session, forms: Sequence[Form], sort: str, keys: Iterable[str]) -> dict[str, str]:
    """The names of these keys of a sort; what is gone has none."""
    if sort == CHANNEL:
        return channels(session)
    if sort == STATUS:
        language = current_language()
        return {status.code: status.name_in(language) for form in reversed(forms) for status in form.statuses}
    if sort.startswith(FIELD):
        return _values(forms, sort.removeprefix(FIELD))
    if (fact := groupings_of(session, forms).get(sort) if sort.startswith(FACT) else None) is not None:
        return names_of_fact(session, fact)
    table = _TABLES.get(sort)
    ids = [number for number in map(row_number, keys) if number]
    if table is None or not ids:
        return {}
    return {str(number): name for number, name in session.execute(sa.select(table.id, table.name).where(table.id.in_(ids)))}


def nobody(sort: str) -> str:
    """What stands for those that have none."""
    return _("No group") if sort == GROUP else _("Without an organization") if sort == ORGANIZATION else _("Nobody")


def channels(session: Session) -> dict[str, str]:
    """Every channel a ticket may have come by."""
    known: Mapping[str, object] = runtime_of(session).registry.channels
    return {name: str(getattr(channel, "title", name)) for name, channel in known.items()} | {"phone": _("By hand")}


def _values(forms: Sequence[Form], code: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for form in forms:
        for field in form.fields:
            if field.code == code:
                found |= {"1": _("Yes"), "0": _("No")} if field.kind is FieldKind.CHECK else {}
                found |= {str(choice["code"]): str(choice["label"]) for choice in field.choices}
    return found
