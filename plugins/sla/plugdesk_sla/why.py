"""Why a policy did or did not hold on a ticket: every condition with the value it met, and what would be promised by it now."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from plugdesk.api import Context, ExplainedLine, Ticket, explain, explained_line
from plugdesk_sla.conditions import offered, values_of
from plugdesk_sla.promising import Promised, ReadPolicy, promised_for, read_policies


@dataclass(frozen=True)
class Answer:
    """What became of one policy. `state`: held, not (did not hold), off, late (an earlier one had decided)."""

    policy: ReadPolicy
    state: str
    line: ExplainedLine
    why: str = ""


def answers(ctx: Context, ticket: Ticket) -> tuple[list[Answer], Promised | None]:
    """Each policy of the form asked about the ticket as it is now, and what is promised by the first that holds."""
    form = ctx.form
    assert form is not None, "SLA is switched on for forms."
    policies, facts = read_policies(ctx), offered(ctx, form)
    values = values_of(ctx, form, [ticket], {fact for each in policies for fact in each.facts}, {})[ticket.id]
    found, decided = list[Answer](), ""
    for policy in policies:
        explained = explain(policy.condition, values, now=ctx.now, zone=ZoneInfo(ctx.desk.zone))
        line = explained_line(explained, facts, values)
        state = "off" if not policy.is_on else "not" if not explained.matched else "late" if decided else "held"
        found.append(Answer(policy, state, line, decided if state == "late" else ""))
        decided = decided or (policy.name if state == "held" else "")
    return found, promised_for(ctx, [ticket], policies=policies)[ticket.id]
