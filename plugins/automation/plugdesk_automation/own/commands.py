"""Adding, changing, ordering, resting and removing the automations of a form. Commands: they never commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from plugdesk.api import Conflict, Context, Form, Invalid, User, copy_rows, order_rows, place_row, row_number
from plugdesk.api import gettext as _
from plugdesk_automation.own import scheduling
from plugdesk_automation.own.asking import form_of
from plugdesk_automation.own.deeds import Known, problems_of, words_of
from plugdesk_automation.own.models import Automation, OwnSet
from plugdesk_automation.own.reading import automations_of, own_set

MOST, MOST_DEEDS, LONGEST_NAME = 200, 20, 200
LIMITS: Mapping[str, tuple[int, int]] = {"letters": (0, 10_000), "changes": (1, 100_000), "depth": (0, 20)}
"""The limits of a form's automations, each with the least and the most it can be."""


@dataclass(frozen=True)
class OwnInput:
    """An automation as somebody described it, checked; all of it is JSON."""

    name: str
    starts: dict[str, Any]
    condition: dict[str, Any] | None = None
    does: list[dict[str, Any]] = field(default_factory=list)
    stops: bool = False
    is_on: bool = False


def check(ctx: Context, given: OwnInput) -> OwnInput:
    """`given` with a name. Raises `Invalid` by control."""
    if not given.does:
        raise Invalid(problems={"do": _("Say what it does.")})
    if len(given.does) > MOST_DEEDS:
        raise Invalid(problems={"do": _("An automation can do %(most)s things at most.", most=MOST_DEEDS)})
    known = Known(ctx)
    if problems := problems_of(known, given.does):
        raise Invalid(problems=problems)
    name = " ".join(given.name.split())[:LONGEST_NAME]
    if not name:
        said = "; ".join(words_of(known, given.does))[:LONGEST_NAME]
        name = said[:1].upper() + said[1:]
    return OwnInput(**{**given.__dict__, "name": name})


def add_automation(ctx: Context, given: OwnInput, *, by: User | None) -> Automation:
    """Add an automation at the end."""
    rows = automations_of(ctx)
    if len(rows) >= MOST:
        raise Invalid(_("A form can have %(most)s automations. Remove some that are not needed any more.", most=MOST))
    row = Automation(
        form_id=form_of(ctx).id, position=rows[-1].position + 1 if rows else 0, since=ctx.now, **check(ctx, given).__dict__
    )  # fmt: skip
    ctx.db.add(row)
    ctx.db.flush()  # the automation's id, for its timer
    _changed(ctx, "automation_added", row, by, _("Added the automation “%(name)s”", name=row.name))
    return row


def change_automation(ctx: Context, row: Automation, given: OwnInput, *, by: User | None, version: int | None) -> Automation:
    """Change an automation. `Conflict` when somebody else has changed it since the page was shown."""
    if version != row.version:
        raise Conflict(_("Somebody else has changed this automation meanwhile. Look at it again before you save."))
    checked = check(ctx, given)
    if (checked.starts, checked.is_on) != (row.starts, row.is_on):
        row.since = ctx.now
    for name, value in checked.__dict__.items():
        setattr(row, name, value)
    _changed(ctx, "automation_changed", row, by, _("Changed the automation “%(name)s”", name=row.name))
    return row


def switch_automation(ctx: Context, row: Automation, *, on: bool, by: User | None) -> None:
    """Let an automation run, or let it rest. What began while it rested counts from now."""
    if row.is_on == on:
        return
    row.is_on, row.since = on, ctx.now
    said = (
        _("Switched the automation “%(name)s” on", name=row.name)
        if on
        else _("Switched the automation “%(name)s” off", name=row.name)
    )
    _changed(ctx, "automation_switched", row, by, said)


def remove_automation(ctx: Context, row: Automation, *, by: User | None) -> None:
    """Take an automation away; what it did stays, and stays listed."""
    scheduling.take_back(ctx, row)
    ctx.db.delete(row)
    ctx.journal("automation_removed", actor=by, name=row.name, said=_("Removed the automation “%(name)s”", name=row.name))


def move_automation(ctx: Context, row: Automation, *, to: int, by: User | None) -> None:
    """Put an automation at place `to`, 0 the first."""
    place = place_row(automations_of(ctx), row, to)
    said = _("Moved the automation “%(name)s” to place %(place)s", name=row.name, place=place + 1)
    ctx.journal("automations_ordered", actor=by, name=row.name, said=said)


def put_in_order(ctx: Context, order: Sequence[str], *, by: User | None) -> None:
    """The whole order after a drag. `Conflict` when these are not the form's automations any more."""
    refusal = _("Somebody else has changed the automations meanwhile. Reload the page, then repeat what you did.")
    if order_rows(automations_of(ctx), order, refusal):
        ctx.journal("automations_ordered", actor=by, said=_("Put the automations into another order"))


def pause(ctx: Context, *, on: bool, by: User | None) -> None:
    """Let all automations of the form run, or let them rest. What began while they rested counts from now."""
    whole = _stored(ctx)
    if whole.is_on == on:
        return
    whole.is_on = on
    ctx.db.flush()
    for row in automations_of(ctx):
        row.since = ctx.now if on else row.since
        scheduling.set_next(ctx, row)
    ctx.enqueue("arm_own", key="own")
    said = _("Let all automations go on") if on else _("Paused all automations")
    ctx.journal("automations_paused", actor=by, on=on, said=said)


def change_limits(ctx: Context, given: Mapping[str, str], *, by: User | None) -> None:
    """Set how much the form's automations may do at the most. Raises `Invalid` by limit."""
    read, problems = dict[str, int](), dict[str, str]()
    for name, (least, most) in LIMITS.items():
        number = row_number(str(given.get(name, "")).strip() or "-")
        if number is None or not least <= number <= most:
            problems[name] = _("Write a whole number from %(least)s to %(most)s.", least=least, most=most)
        else:
            read[name] = number
    if problems:
        raise Invalid(problems=problems)
    whole = _stored(ctx)
    if all(getattr(whole, name) == number for name, number in read.items()):
        return
    for name, number in read.items():
        setattr(whole, name, number)
    ctx.journal("automation_limits", actor=by, said=_("Changed the limits of automations"), limits=read)


def begin(ctx: Context) -> None:
    """The extension was switched on: time counts from now."""
    for row in automations_of(ctx):
        row.since = ctx.now
    scheduling.set_all(ctx)
    ctx.enqueue("arm_own", key="own")


def copy_automations(ctx: Context, source: Form) -> None:
    """Take the automations of `source` along to the form of `ctx`, a copy of it, where they rest until somebody has looked at them."""
    for row in copy_rows(ctx, Automation, source):
        row.is_on, row.since = False, ctx.now


def _stored(ctx: Context) -> OwnSet:
    whole = own_set(ctx)
    ctx.db.add(whole)
    ctx.db.flush()
    return whole


def _changed(ctx: Context, kind: str, row: Automation, by: User | None, said: str) -> None:
    """Write it into the journal, and set the timers anew."""
    ctx.db.flush()
    scheduling.set_next(ctx, row)
    ctx.enqueue("arm_own", key="own")
    ctx.journal(kind, actor=by, name=row.name, said=said)
