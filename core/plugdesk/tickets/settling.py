"""What a ticket *is* is settled before the commit, by the plugins that are on; what fails there is asked again by a job."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

from sqlalchemy.orm import Session

from plugdesk.events import Event, record
from plugdesk.forms.models import Form
from plugdesk.forms.queries import definitions_of
from plugdesk.plugins.context import Context
from plugdesk.runtime import runtime_of
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import Group, User

Occasion = Literal["opened", "changed", "moved", "again"]
"""Why a ticket is settled: it was opened, its values were changed, it came from another form, or what failed is asked again."""

_SETTLED = ("assignee_id", "group_id", "rank")


def settle(session: Session, ticket: Ticket, occasion: Occasion) -> None:
    """Ask every plugin that is on and take what they say; a failing one leaves its part empty and is asked again.

    Where they name another form the ticket goes there and is settled by that form's plugins; no further than that.
    """
    from plugdesk.jobs import enqueue

    runtime = runtime_of(session)
    if not runtime.registry.implementations("settle_ticket", ticket.form.extensions):
        return
    before: Mapping[str, Any] = {name: getattr(ticket, name) for name in _SETTLED} | {
        "values": dict(ticket.values),
        "form_id": ticket.form_id,
    }
    settled, failed = runtime.executor.filter(
        "settle_ticket", ticket.form, session, before, name="settled", check=partial(_check, session, ticket), ticket=ticket,
        occasion=occasion,
    )  # fmt: skip
    _take(session, ticket, before, settled, told=occasion != "opened")
    if failed != ticket.unsettled:  # what is set anew is looked at in a flush, were it the same
        ticket.unsettled = failed
    if failed:
        enqueue(session, "core:settle", form=ticket.form, key=f"settle:{ticket.id}", ticket_id=ticket.id)
    if settled.get("form_id", ticket.form_id) != ticket.form_id:
        _go_on(session, ticket, before, settled, occasion)


def follow(session: Session, ticket: Ticket, event: Event) -> None:
    """Have the plugins that are on follow what happened, in this transaction; one that fails has the ticket settled again by a job."""
    from plugdesk.jobs import enqueue

    runtime = runtime_of(session)
    if not runtime.registry.implementations("follow_ticket", ticket.form.extensions):
        return
    failed = runtime.executor.follow("follow_ticket", ticket.form, session, ticket=ticket, event=event)
    if failed:
        ticket.unsettled = sorted({*ticket.unsettled, *failed})
        enqueue(session, "core:settle", form=ticket.form, key=f"settle:{ticket.id}", ticket_id=ticket.id)


def settle_again(ctx: Context, ticket_id: int) -> None:
    """Job: ask again what was left open; raises while a plugin still fails, so that the job waits longer each time."""
    ticket = ctx.db.get(Ticket, ticket_id)
    if ticket is None or not ticket.unsettled:
        return
    settle(ctx._session, ticket, "again")
    if ticket.unsettled:
        raise RuntimeError(f"Still failing: {', '.join(ticket.unsettled)}")
    record(ctx._session, "ticket_settled", ticket=ticket)


def _go_on(session: Session, ticket: Ticket, before: Mapping[str, Any], settled: Mapping[str, Any], occasion: Occasion) -> None:
    """Move the ticket to the form the plugins have named. It keeps the assignee they named; once moved by them it stays."""
    from plugdesk.tickets.moving import take_to, was_moved_by_a_rule

    if occasion == "moved" or was_moved_by_a_rule(session, ticket):
        return
    take_to(session, ticket, session.get_one(Form, settled["form_id"]), by=None, fields=settled.get("form_fields"))
    named = {name: settled.get(name) for name in ("assignee_id", "group_id")}
    if any(named[name] != before[name] for name in named):
        ticket.assignee_id, ticket.group_id = named["assignee_id"], named["group_id"]
    settle(session, ticket, "moved")


def _check(session: Session, ticket: Ticket, settled: Mapping[str, Any]) -> None:
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
    if settled.get("form_id", ticket.form_id) != ticket.form_id:
        _check_form(session, ticket, settled)


def _check_form(session: Session, ticket: Ticket, settled: Mapping[str, Any]) -> None:
    from plugdesk.tickets.moving import why_not_to

    number = settled["form_id"]
    form = session.get(Form, number) if type(number) is int else None
    if form is None:
        raise ValueError(f"settled: there is no form_id {number!r}")
    fields = settled.get("form_fields") or {}
    if not isinstance(fields, Mapping) or not all(isinstance(each, str) for pair in fields.items() for each in pair):
        raise TypeError(f"settled: form_fields are {fields!r}, not codes of fields by code")
    if (why := why_not_to(session, ticket, form)) is not None:
        raise ValueError(f"settled: form_id {number}: {why}")


def _take(session: Session, ticket: Ticket, before: Mapping[str, Any], settled: Mapping[str, Any], *, told: bool) -> None:
    """Store what was settled; `told` writes it into the history, where opening the ticket does not tell it all."""
    for name in _SETTLED:
        if settled.get(name) != before[name]:
            setattr(ticket, name, settled.get(name))
    known = {field.code for field in definitions_of(session, ticket.form)[0]}
    values = {code: value for code, value in dict(settled.get("values") or {}).items() if code in known}
    changes = {code: [before["values"].get(code), value] for code, value in values.items() if before["values"].get(code) != value}
    if values != before["values"]:
        ticket.values = values
    if not told:
        return
    assigned = {name: (before[name], settled.get(name)) for name in ("assignee_id", "group_id")}
    if any(was != now for was, now in assigned.values()):
        was, now = ({name: pair[place] for name, pair in assigned.items()} for place in (0, 1))
        record(session, "ticket_assigned", ticket=ticket, before=was, after=now)
    if changes:
        record(session, "fields_changed", ticket=ticket, changes=changes)
