"""What is wrong with a form's workflow as a whole, in sentences; also what was right when it was saved and is not any more."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from plugdesk.api import (
    OPEN_KINDS,
    Context,
    Form,
    GroupMember,
    Status,
    StatusKind,
    User,
    agents_of_form,
    all_tags,
    can_run_some,
    steps_on,
)
from plugdesk.api import gettext as _
from plugdesk_workflow.commands import template_problems
from plugdesk_workflow.customers import why_not_for_customers
from plugdesk_workflow.definition import NOBODY, Definition, Since, read
from plugdesk_workflow.models import Action
from plugdesk_workflow.rights import actions_of, right_to, title_of
from plugdesk_workflow.running import hours_gone, trouble, why_not_automatic


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: red where an action or a ticket is stuck, amber where it is worth a look."""

    kind: Literal[
        "broken",
        "variable",
        "nobody",
        "nowhere",
        "silent",
        "automatic",
        "circle",
        "step",
        "tag",
        "unreachable",
        "customers",
        "link",
        "dead end",
    ]
    tone: Literal["red", "amber"]
    text: str
    action: Action | None = None
    status: Status | None = None


def findings(ctx: Context) -> list[Finding]:
    """Everything the linter has to say of the form's actions that are on, by action, then by status."""
    form = ctx.form
    assert form is not None, "Workflow is switched on for forms."
    known = [(each, read(each)) for each in actions_of(ctx) if each.is_on]
    if not known:
        return []
    here = _Here(
        [*agents_of_form(ctx.db, form)], {each.code for each in steps_on(ctx.db, form)}, {each.code for each in all_tags(ctx.db)}
    )
    found = [finding for action, definition in known for finding in _of_action(ctx, form, action, definition, here)]
    return [*found, *_circles(known), *_of_statuses(form, known)]


@dataclass(frozen=True)
class _Here:
    """What is the same for all actions of the form: its agents, the codes of what extensions do here, and those of the tags there are."""

    agents: Sequence[User]
    steps: Collection[str]
    tags: Collection[str]


def _of_action(ctx: Context, form: Form, action: Action, definition: Definition, here: _Here) -> Iterator[Finding]:
    if sentence := trouble(ctx, form, definition):
        yield Finding("broken", "red", sentence, action)
    if sentence := why_not_automatic(form, definition) or hours_gone(ctx, definition):
        yield Finding("automatic", "red", sentence, action)
    for ordered in definition.does.steps:
        if ordered.code not in here.steps:
            said = _(
                "“%(action)s” has an extension do something that is off here. Switch it on, or untick it.",
                action=title_of(action),
            )
            yield Finding("step", "amber", said, action)
    for code in sorted({*definition.does.add_tags, *definition.does.remove_tags}.difference(here.tags)):
        said = _(
            "“%(action)s” names the tag “%(code)s”, which has been deleted. Save the action without it.",
            action=title_of(action), code=code,
        )  # fmt: skip
        yield Finding("tag", "amber", said, action)
    for wrong in template_problems(ctx, form, definition).values():
        yield Finding("variable", "red", " ".join(wrong), action)
    if definition.who != NOBODY and not definition.who.customer and not _anybody(ctx, form, action, definition, here):
        yield Finding(
            "nobody", "red", _("Nobody may run “%(action)s”. Give somebody the right to it.", action=title_of(action)), action
        )
    if why := why_not_for_customers(form, definition):
        yield Finding("customers", "amber", _("“%(action)s”: %(why)s", action=title_of(action), why=why), action)
    if any(each.link for each in definition.letters) and not form.has("portal"):
        said = _(
            "“%(action)s” sends the customer only a link, and the customer portal is off here: they get the text. Switch it on, or choose the text.",
            action=title_of(action),
        )
        yield Finding("link", "amber", said, action)
    offered_in = [each for each in form.statuses if each.code in action.statuses]
    if not offered_in:
        said = _("“%(action)s” is offered in no status. Choose one, or switch it off.", action=title_of(action))
        yield Finding("nowhere", "amber", said, action)
    after = form.status(definition.does.status)
    closes = after is not None and after.kind.is_final and any(each.kind in OPEN_KINDS for each in offered_in)
    if closes and definition.does.quietly and not any(each.to_customer for each in definition.letters):
        said = _("“%(action)s” closes the ticket and the customer is not told. Add a letter to them.", action=title_of(action))
        yield Finding("silent", "amber", said, action)


def _anybody(ctx: Context, form: Form, action: Action, definition: Definition, here: _Here) -> bool:
    """Whether somebody it is meant for has the right to it. That admins may run everything is no answer to this."""
    who = definition.who
    able = [each.id for each in here.agents if can_run_some(ctx.db, each, form, right_to(action))]
    if who.agents or who.assignee:
        return bool(able)
    members = sa.select(GroupMember.user_id).where(GroupMember.group_id.in_(who.groups), GroupMember.user_id.in_(able))
    return ctx.db.scalar(members.limit(1)) is not None


def _circles(known: Sequence[tuple[Action, Definition]]) -> Iterator[Finding]:
    """Actions that lead a ticket round and round by themselves; each circle once, at the first of its actions."""
    turning = [each for each in known if each[1].automatic is not None and each[1].automatic.since is not Since.FIELD]
    for place, (first, _definition) in enumerate(turning):
        circle = _way_round(turning[place:])
        if circle:
            names = " → ".join(_("“%(action)s”", action=title_of(each)) for each in (*circle, first))
            said = _("These actions run one another without end: %(names)s. Let a person run one of them.", names=names)
            yield Finding("circle", "red", said, first)


def _way_round(turning: Sequence[tuple[Action, Definition]]) -> list[Action]:
    """The shortest way over these actions from the first of them back to it; nothing when there is none."""
    first, ways, seen = turning[0][0], [[turning[0]]], set[str]()
    for way in ways:  # it grows meanwhile
        after = way[-1][1].does.status
        if not after or after in seen:
            continue
        seen.add(after)
        following = [each for each in turning if after in each[0].statuses and each[1].does.status != after]
        if any(action.id == first.id for action, _definition in following):
            return [action for action, _definition in way]
        ways += [[*way, each] for each in following]
    return []


def _of_statuses(form: Form, known: Sequence[tuple[Action, Definition]]) -> Iterator[Finding]:
    ways = {each.code: _ways_from(form, each, known) for each in form.statuses}
    reached = _reached(form, ways)
    lost = [each for each in form.statuses if each.code not in reached]
    for status in lost:
        said = _("No action leads to “%(status)s”.", status=status.name)
        yield Finding("unreachable", "amber", said, status=status)
    for status in form.statuses:
        if status.code in reached and not status.kind.is_final and not ways[status.code] and not _deletes(status, known):
            said = _("A ticket does not come out of “%(status)s”: no action there leads on.", status=status.name)
            yield Finding("dead end", "red", said, status=status)


def _ways_from(form: Form, status: Status, known: Sequence[tuple[Action, Definition]]) -> set[str]:
    """Where tickets go from a status by what agents do: actions, and a new one's acceptance or answer."""
    ways = {definition.does.status for action, definition in known if status.code in action.statuses}
    if status.kind is StatusKind.NEW and (opened := form.first_status(StatusKind.OPEN)) is not None:
        ways.add(opened.code)
    return {code for code in ways if code and code != status.code and form.status(code) is not None}


def _reached(form: Form, ways: dict[str, set[str]]) -> set[str]:
    """The statuses a ticket can come into from its first one; a customer's word opens it again."""
    first, again = form.first_status(*OPEN_KINDS), form.first_status(StatusKind.OPEN, StatusKind.NEW)
    reached, ahead = set[str](), [first.code] if first else []
    while ahead:
        code = ahead.pop()
        if code in reached:
            continue
        reached.add(code)
        ahead += ways[code]
        status = form.status(code)
        if again is not None and status is not None and (status.kind.is_final or status.kind is StatusKind.PENDING):
            ahead.append(again.code)
    return reached


def _deletes(status: Status, known: Sequence[tuple[Action, Definition]]) -> bool:
    return any(definition.does.delete for action, definition in known if status.code in action.statuses)
