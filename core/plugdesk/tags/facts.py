"""The tags of a ticket and of its customer as facts: what views, conditions and rules ask about."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from plugdesk.contributions import Fact
from plugdesk.i18n import lazy_gettext
from plugdesk.tags.models import CustomerTag, Tag, TicketTag

TICKET_TAG, CUSTOMER_TAG = "ticket.tag", "customer.tag"


class _Codes(sa.types.TypeDecorator[list[str]]):
    """A JSON list of codes that the database has put together as a text."""

    impl = sa.Text
    cache_ok = True

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> list[str] | None:
        return json.loads(value) if isinstance(value, str) else None


def _codes(tag_id: Any, held: sa.ColumnElement[bool]) -> sa.ColumnElement[Any]:
    codes = sa.literal('["') + sa.func.aggregate_strings(Tag.code, '","') + sa.literal('"]')
    found = sa.select(codes).select_from(Tag).join_from(Tag, tag_id.class_, tag_id == Tag.id).where(held)
    return sa.type_coerce(found.scalar_subquery(), _Codes())


def _of_ticket(ticket: Any) -> sa.ColumnElement[Any]:
    return _codes(TicketTag.tag_id, TicketTag.ticket_id == ticket.id)


def _of_customer(ticket: Any) -> sa.ColumnElement[Any]:
    return _codes(CustomerTag.tag_id, CustomerTag.user_id == ticket.customer_id)


FACTS = (
    Fact(TICKET_TAG, lazy_gettext("Tag"), "choices", _of_ticket),
    Fact(CUSTOMER_TAG, lazy_gettext("Customer's tag"), "choices", _of_customer),
)
