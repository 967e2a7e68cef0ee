"""Rehearsing rules over the form's last tickets: nothing changes, and the difference is told before anything is saved.

The rules as they are and as edited are asked about the same tickets, as those are now; what differs is what the edit does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from plugdesk.api import Context, Invalid, NotFound, Ticket, User
from plugdesk.api import gettext as _
from plugdesk_routing.commands import RuleInput
from plugdesk_routing.facts import Zone, types_of, values_of_many
from plugdesk_routing.models import Replay, ReplayState, Rule
from plugdesk_routing.reading import rules_of
from plugdesk_routing.rules import ReadRule, decide, joined, read_rule, wanted_by
from plugdesk_routing.standing import Standing

SIZES = (100, 500, 1_000, 5_000, 10_000)
AT_ONCE = 100  # a page waits for no more
BATCH = 200  # tickets between two reports of a job
SHOWN = 200  # differences kept to be looked at
KEPT = timedelta(days=2)
_PLACE = ("form_id", "assignee_id", "group_id")


def start(ctx: Context, rule: RuleInput, *, row: Rule | None, version: int | None = None, most: int, by: User) -> Replay:
    """Rehearse the form's rules with `rule` in the place of `row`, or at the end, over its last `most` tickets.

    `version` is that of `row` that `rule` was made from: saving it later passes over nothing somebody else has saved since.
    """
    assert ctx.form is not None, "Routing is switched on for forms."
    if most not in SIZES:
        raise Invalid(problems={"most": _("Choose one of the numbers offered.")})
    before = [each.plain() for each in rules_of(ctx)]
    edited = rule.plain(row.id if row else 0)
    after = [edited if row and each["id"] == row.id else each for each in before] + ([] if row else [edited])
    numbers = _tickets(ctx).with_only_columns(Ticket.id).limit(most).subquery()
    total = ctx.db.scalar(sa.select(sa.func.count()).select_from(numbers)) or 0
    replay = Replay(
        form_id=ctx.form.id, by_id=by.id, state=ReplayState.WAITING, before=before, after=after, total=total,
        draft={"rule_id": row.id if row else None, "version": version if row else None, "rule": rule.__dict__},
        created_at=ctx.now,
    )  # fmt: skip
    ctx.db.add(replay)
    ctx.db.flush()  # the rehearsal's id
    if total <= AT_ONCE:
        go_on(ctx, replay, total)
    else:
        ctx.enqueue("replay", key=f"replay:{replay.id}", replay_id=replay.id)
    return replay


def run(ctx: Context, replay_id: int = 0, **_given: Any) -> None:
    """Job: go through the tickets, batch by batch, each reported; stops when told to."""
    while (replay := ctx.db.get(Replay, replay_id)) is not None and replay.state in (ReplayState.WAITING, ReplayState.RUNNING):
        go_on(ctx, replay, BATCH)
        ctx.checkpoint()


def go_on(ctx: Context, replay: Replay, most: int) -> None:
    """Ask both sets of rules about the next `most` tickets."""
    below = sa.true() if replay.next_id is None else Ticket.id < replay.next_id
    left = min(most, replay.total - replay.done)
    tickets = ctx.db.scalars(_tickets(ctx).where(below).limit(left).options(*_WITH)).all() if left else []
    if tickets:
        _compare(ctx, replay, tickets)
        replay.next_id = tickets[-1].id
    replay.done += len(tickets)
    over = not tickets or replay.done >= replay.total
    replay.state = ReplayState.DONE if over else ReplayState.RUNNING
    replay.finished_at = ctx.now if over else None


def stop(ctx: Context, replay: Replay) -> None:
    """End a rehearsal that still goes on; what it has found so far stays."""
    if replay.state in (ReplayState.WAITING, ReplayState.RUNNING):
        replay.state, replay.finished_at = ReplayState.STOPPED, ctx.now


def replay_here(ctx: Context, replay_id: int) -> Replay:
    """The form's rehearsal with this id; `NotFound` for another form's, and when it is over and cleared away."""
    found = ctx.db.get(Replay, replay_id)
    if found is None or ctx.form is None or found.form_id != ctx.form.id:
        raise NotFound(_("This rehearsal is not kept any more. Start it again from the rule."))
    return found


def drafted(replay: Replay) -> RuleInput:
    """The edited rule that the rehearsal was about."""
    return RuleInput(**replay.draft["rule"])


def clear(ctx: Context) -> None:
    """Timer: forget rehearsals of some days ago."""
    assert ctx.form is not None
    ctx.db.execute(sa.delete(Replay).where(Replay.form_id == ctx.form.id, Replay.created_at < ctx.now - KEPT))


# What of tickets is looked at is loaded with them; their customers' contacts in one go.
_WITH = (joinedload(Ticket.customer).selectinload(User.identities), joinedload(Ticket.customer).joinedload(User.organization))


def _tickets(ctx: Context) -> sa.Select[Ticket]:
    assert ctx.form is not None
    known = sa.select(Ticket).where(
        Ticket.form_id == ctx.form.id, Ticket.deleted_at.is_(None), Ticket.parent_id.is_(None), Ticket.merged_into_id.is_(None)
    )
    return known.order_by(Ticket.id.desc())


def _compare(ctx: Context, replay: Replay, tickets: Sequence[Ticket]) -> None:
    assert ctx.form is not None
    types, zone = types_of(ctx, ctx.form), Zone(ctx)
    before = [read_rule(each, types) for each in replay.before]
    unedited = {rule.id: rule for rule in before}
    after = [unedited[each["id"]] if each in replay.before else read_rule(each, types) for each in replay.after]
    values = values_of_many(ctx, tickets, wanted_by([*before, *after]), zone)
    old, new = _Desk(ctx, before, zone), _Desk(ctx, after, zone)
    found = list(replay.found)
    for ticket in tickets:
        known: dict[int, bool] = {}
        was, now = (desk.result(values[ticket.id], known) for desk in (old, new))
        if was == now:
            continue
        places = [_place(ctx, each) for each in (was, now)]
        if places[0] != places[1]:
            replay.elsewhere += 1
        else:
            replay.otherwise += 1
        if len(found) < SHOWN:
            found.append({"number": ticket.number, "subject": ticket.subject, "before": was, "after": now})
    if len(found) != len(replay.found):
        replay.found = found


class _Desk:
    """One set of rules, asked about one ticket after the other."""

    def __init__(self, ctx: Context, rules: Sequence[ReadRule], zone: Zone) -> None:
        self._rules = rules
        self._standing = Standing(ctx)
        self._now = ctx.now
        self._zone = zone

    def result(self, values: Mapping[str, Any], known: dict[int, bool]) -> dict[str, Any]:
        trouble = self._standing.trouble
        decision = decide(self._rules, values, now=self._now, zone=self._zone.zone, trouble=trouble, known=known)
        return joined(rule.result for rule in decision.held)


def _place(ctx: Context, result: Mapping[str, Any]) -> tuple[Any, ...]:
    """Where a ticket would go: to what the rules say, else to whom the form gives its new tickets."""
    assert ctx.form is not None
    if "assignee_id" in result or "form_id" in result:
        return tuple(result.get(name) for name in _PLACE)
    return None, ctx.form.responsible_user_id, ctx.form.responsible_group_id
