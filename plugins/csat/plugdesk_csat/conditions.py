"""When a customer is not asked for a rating, and why they were not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from plugdesk.api import (
    Condition,
    Context,
    Direction,
    FactTest,
    Form,
    Message,
    Named,
    OfferedFact,
    Place,
    Ticket,
    ValueType,
    as_json,
    condition_words,
    contributed_facts,
    contributed_values,
    current_language,
    facts_in,
    field_values,
    lazy_gettext,
    matches,
    offered_facts,
    own_types,
    parse_condition,
    values_of_customer,
)
from plugdesk.api import gettext as _
from plugdesk_csat.models import Asking, Invitation, Withheld
from plugdesk_csat.queries import Reason

FIELD = "field."  # what a field's fact begins with
CONDITION, RECENTLY, BY_AGENT, BY_PROGRAM, MERGED = "condition", "recently", "by_agent", "by_program", "merged"
REASONS = {
    RECENTLY: lazy_gettext("Not asked: this customer was asked in the last %(days)s days."),
    BY_AGENT: lazy_gettext("Not asked: an agent opened the ticket."),
    BY_PROGRAM: lazy_gettext("Not asked: the first message came from a program or a mailing list."),
    MERGED: lazy_gettext("Not asked: the ticket was merged with another one."),
}
_OWN: Mapping[str, ValueType] = {"ticket.status": "choice", "customer.name": "text", "customer.address": "text"}
_FIRST = sa.select(Message.kind).where(Message.direction == Direction.INCOMING).order_by(Message.id).limit(1)


def asking_of(ctx: Context) -> Asking | None:
    """How this form asks, where somebody has set it."""
    return ctx.db.get(Asking, ctx.form.id) if ctx.form is not None else None


def offered(ctx: Context, form: Form) -> dict[str, OfferedFact]:
    """Every fact the condition of this form can name, under its heading."""
    known = offered_facts(ctx.db, form)
    about = known["ticket.channel"].group
    statuses = [(each.code, each.name_in(current_language())) for each in form.statuses if each.kind.is_final]
    own = [
        OfferedFact("ticket.status", _("Status"), "choice", statuses, about),
        OfferedFact("customer.name", _("Customer's name"), "text", (), about),
        OfferedFact("customer.address", _("Customer's e-mail address"), "text", (), about),
    ]
    return {each.name: each for each in (*known.values(), *own)}


def read_condition(ctx: Context, form: Form, stored: Mapping[str, Any] | None) -> Condition | None:
    """The stored condition, typed by what the form knows today; a fact that is gone never holds."""
    return parse_condition(stored, _types(ctx, form), lost_facts=True) if stored else None


def lost_in(condition: Condition | None) -> list[str]:
    """The facts a condition names that nobody provides any more."""
    return sorted({test.fact for test in _tests(condition) if test.type is None}) if condition else []


def why_not(ctx: Context, ticket: Ticket, closing_id: int) -> tuple[str, dict[str, Any]] | None:
    """Why the customer is not asked at this closing, as a code and what belongs to it; None when they are."""
    settings, form = ctx.settings, ctx.form
    assert form is not None, "The rating is switched on for forms."
    if ticket.merged_into_id is not None or (settings.skip_merged and _has_merged(ctx, ticket)):
        return MERGED, {}
    if settings.skip_opened_by_agent and ticket.opened_by_id != ticket.customer_id:
        return BY_AGENT, {}
    if settings.skip_programs and ctx.db.scalar(_FIRST.where(Message.ticket_id == ticket.id)) not in (None, "human"):
        return BY_PROGRAM, {}
    if settings.quiet_days and _was_asked_lately(ctx, ticket, closing_id, settings.quiet_days):
        return RECENTLY, {"days": settings.quiet_days}
    asking = asking_of(ctx)
    condition = read_condition(ctx, form, asking.not_when if asking else None)
    if condition is None:
        return None
    values = _values(ctx, form, ticket, facts_in(condition))
    if matches(condition, values, now=ctx.now, zone=ZoneInfo(ctx.desk.zone)):
        return CONDITION, {"condition": as_json(condition)}
    return None


def withhold(ctx: Context, ticket: Ticket, closing_id: int, why: str, about: Mapping[str, Any]) -> None:
    """Command: write down why nobody was asked at this closing; a letter that is made twice says it once."""
    known = sa.select(Withheld.id).where(Withheld.ticket_id == ticket.id, Withheld.closing_id == closing_id)
    if ctx.db.scalar(known) is None:
        ctx.db.add(
            Withheld(form_id=ticket.form_id, ticket_id=ticket.id, closing_id=closing_id, why=why, about=dict(about), at=ctx.now)
        )


def reason_words(ctx: Context, withheld: Reason) -> str:
    """Why nobody was asked, as a sentence."""
    if withheld.why != CONDITION:
        return str(REASONS[withheld.why]) % withheld.about
    assert ctx.form is not None
    condition = read_condition(ctx, ctx.form, withheld.about["condition"])
    assert condition is not None
    return _("Not asked: %(condition)s.", condition=condition_words(condition, offered(ctx, ctx.form)))


def places(ctx: Context, named: Named) -> list[Place]:
    """Where the condition of this form names an agent, a group, a field or a status."""
    form, asking = ctx.form, asking_of(ctx)
    condition = read_condition(ctx, form, asking.not_when if asking else None) if form else None
    if form is None or condition is None or not any(_names(form, test, named) for test in _tests(condition)):
        return []
    return [Place(_("When customers are not asked for a rating: its condition asks for it"), f"/forms/{form.slug}/x/csat/")]


def _names(form: Form, test: FactTest, named: Named) -> bool:
    wanted = test.value if isinstance(test.value, tuple) else (test.value,)
    if test.fact == "ticket.status":
        return any(named.is_status(each) for each in wanted)
    if not test.fact.startswith(FIELD):
        return False
    code = test.fact.removeprefix(FIELD)
    field = form.field(code)
    kind = str(field.kind) if field else ""
    them = {"person": named.is_agent, "group": named.is_group}.get(kind)
    return named.is_field(code) or (them is not None and any(them(each) for each in wanted))


def _types(ctx: Context, form: Form) -> dict[str, ValueType]:
    contributed = {name: fact.type for name, fact in contributed_facts(ctx.db, form).items()}
    return own_types(form.fields) | dict(_OWN) | contributed


def _values(ctx: Context, form: Form, ticket: Ticket, wanted: Collection[str]) -> dict[str, Any]:
    found = values_of_customer(ticket.channel, ticket.customer) | field_values(form.fields, ticket.values)
    found |= {
        "ticket.status": ticket.status.code, "customer.name": ticket.customer.name,
        "customer.address": ticket.customer.address("email"),
    }  # fmt: skip
    return found | contributed_values(ctx.db, form, [ticket.id], wanted).get(ticket.id, {})


def _tests(condition: Condition | None) -> list[FactTest]:
    if condition is None:
        return []
    if isinstance(condition, FactTest):
        return [condition]
    parts = getattr(condition, "parts", None)
    return [test for part in (parts if parts is not None else (condition.part,)) for test in _tests(part)]  # type: ignore[union-attr]


def _has_merged(ctx: Context, ticket: Ticket) -> bool:
    return bool(ctx.db.scalar(sa.select(sa.exists().where(Ticket.merged_into_id == ticket.id))))


def _was_asked_lately(ctx: Context, ticket: Ticket, closing_id: int, days: int) -> bool:
    earlier = (
        sa.select(Invitation.id)
        .join(Ticket, Ticket.id == Invitation.ticket_id)
        .where(Ticket.customer_id == ticket.customer_id, Invitation.form_id == ticket.form_id)
        .where(Invitation.sent_at > ctx.now - timedelta(days=days))
        .where(sa.or_(Invitation.ticket_id != ticket.id, Invitation.closing_id != closing_id))
    )
    return ctx.db.scalar(earlier.limit(1)) is not None
