"""Adding, changing, ordering and removing policies. Commands: they never commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plugdesk.api import Conflict, Context, Invalid, NotFound, User, order_rows, place_row
from plugdesk.api import gettext as _
from plugdesk_sla.entering import PolicyInput
from plugdesk_sla.models import Policy
from plugdesk_sla.promising import policies_of
from plugdesk_sla.runs import reckon_anew

MOST_POLICIES = 100


def add_policy(ctx: Context, policy: PolicyInput, *, by: User | None) -> Policy:
    """Add a policy at the end, and reckon the open tickets by it."""
    assert ctx.form is not None
    rows = policies_of(ctx)
    if len(rows) >= MOST_POLICIES:
        raise Invalid(_("A form can have %(most)s policies. Remove some that are not needed any more.", most=MOST_POLICIES))
    row = Policy(form_id=ctx.form.id, position=rows[-1].position + 1 if rows else 0, **policy.__dict__)
    ctx.db.add(row)
    ctx.db.flush()  # the policy's id, for the journal
    _changed(ctx, "policy_added", row, by, _("Added the policy “%(policy)s”", policy=row.name))
    return row


def change_policy(ctx: Context, row: Policy, policy: PolicyInput, *, by: User | None, version: int | None) -> Policy:
    """Change a policy. `Conflict` when somebody else has changed it since the page was shown."""
    refuse_old(row, version)
    for name, value in policy.__dict__.items():
        setattr(row, name, value)
    _changed(ctx, "policy_changed", row, by, _("Changed the policy “%(policy)s”", policy=row.name))
    return row


def switch_policy(ctx: Context, row: Policy, *, on: bool, by: User | None) -> Policy:
    """Let a policy act, or let it rest."""
    row.is_on = on
    said = (
        _("Switched the policy “%(policy)s” on", policy=row.name)
        if on
        else _("Switched the policy “%(policy)s” off", policy=row.name)
    )
    _changed(ctx, "policy_switched", row, by, said, on=on)
    return row


def remove_policy(ctx: Context, row: Policy, *, by: User | None) -> None:
    """Take a policy away; its open tickets go by the next that holds, what was kept or missed by it stays."""
    ctx.db.delete(row)
    _changed(ctx, "policy_removed", row, by, _("Removed the policy “%(policy)s”", policy=row.name))


def move_policy(ctx: Context, row: Policy, *, to: int, by: User | None) -> None:
    """Put a policy at place `to`, 0 the first."""
    place = place_row(policies_of(ctx), row, to)
    said = _("Moved the policy “%(policy)s” to place %(place)s", policy=row.name, place=place + 1)
    _changed(ctx, "policies_ordered", row, by, said)


def put_in_order(ctx: Context, order: Sequence[str], *, by: User | None) -> None:
    """The whole order after a drag. `Conflict` when these are not the form's policies any more."""
    rows = policies_of(ctx)
    if order_rows(rows, order, _("Somebody else has changed the policies meanwhile. Reload the page, then repeat what you did.")):
        _changed(ctx, "policies_ordered", rows[0], by, _("Put the policies into another order"))


def policy_here(ctx: Context, policy_id: int) -> Policy:
    """The form's policy with this id; `NotFound` for another form's."""
    found = ctx.db.get(Policy, policy_id)
    if found is None or ctx.form is None or found.form_id != ctx.form.id:
        raise NotFound(_("There is no such policy any more."))
    return found


def refuse_old(row: Policy, version: int | None) -> None:
    """Raise `Conflict` when the page was made from another state of the policy."""
    if version != row.version:
        raise Conflict(_("Somebody else has changed this policy meanwhile. Look at it again before you save."))


def _changed(ctx: Context, kind: str, row: Policy, by: User | None, said: str, **about: Any) -> None:
    """Write it into the journal, and reckon the open tickets anew."""
    ctx.journal(kind, actor=by, policy_id=row.id, name=row.name, said=said, **about)
    ctx.db.flush()  # the policies as they are now
    reckon_anew(ctx)
