"""What a ticket *is* is settled before the commit, by the plugins that are on; what fails there is asked again by a job."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from plugdesk.plugins.context import Context
from plugdesk.runtime import runtime_of
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import Group, User

_SETTLED = ("assignee_id", "group_id", "rank")


def settle(session: Session, ticket: Ticket) -> None:
    """Ask every plugin that is on and take what they say; a failing one leaves its part empty and is asked again."""
    from plugdesk.jobs import enqueue

    runtime = runtime_of(session)
    if not runtime.registry.implementations("settle_ticket", ticket.form.extensions):
        return
    before: Mapping[str, Any] = {name: getattr(ticket, name) for name in _SETTLED} | {"values": dict(ticket.values)}
    settled, failed = runtime.executor.filter(
        "settle_ticket", ticket.form, session, before, name="settled", check=partial(_check, session), ticket=ticket
    )
    _take(ticket, before, settled)
    ticket.unsettled = failed
    if failed:
        enqueue(session, "core:settle", form=ticket.form, key=f"settle:{ticket.id}", ticket_id=ticket.id)


def settle_again(ctx: Context, ticket_id: int) -> None:
    """Job: ask again what was left open; raises while a plugin still fails, so that the job waits longer each time."""
    ticket = ctx.db.get(Ticket, ticket_id)
    if ticket is None or not ticket.unsettled:
        return
    settle(ctx._session, ticket)
    if ticket.unsettled:
        raise RuntimeError(f"Still failing: {', '.join(ticket.unsettled)}")


def _check(session: Session, settled: Mapping[str, Any]) -> None:
    """Refuse what cannot be stored: the ticket must not be lost with it."""
    for name, model in (("assignee_id", User), ("group_id", Group)):
        number = settled.get(name)
        if number is not None and (type(number) is not int or session.get(model, number) is None):
            raise ValueError(f"settled: there is no {name} {number!r}")
    if type(settled.get("rank")) is not int:
        raise TypeError(f"settled: rank is {settled.get('rank')!r}, not a whole number")
    if not isinstance(settled.get("values"), Mapping):
        raise TypeError(f"settled: values are {settled.get('values')!r}, not a mapping")
    json.dumps(dict(settled["values"]))  # TypeError for what no column takes


def _take(ticket: Ticket, before: Mapping[str, Any], settled: Mapping[str, Any]) -> None:
    for name in _SETTLED:
        if settled.get(name) != before[name]:
            setattr(ticket, name, settled.get(name))
    known = {field.code for field in ticket.form.fields}
    values = {code: value for code, value in dict(settled.get("values") or {}).items() if code in known}
    if values != before["values"]:
        ticket.values = values
