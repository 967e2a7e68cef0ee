"""Where automation joins the desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from plugdesk.api import (
    Change,
    Context,
    Event,
    Fact,
    Form,
    HealthLine,
    JobKind,
    Named,
    Place,
    Ticket,
    Timer,
    hookimpl,
    lazy_gettext,
)
from plugdesk_automation import changes, commands, naming, running, telling
from plugdesk_automation import facts as known
from plugdesk_automation.timing import arm, remind


@hookimpl
def facts() -> Sequence[Fact]:
    return known.FACTS


@hookimpl
def pages() -> Sequence[Any]:
    from plugdesk_automation import panel, routes
    from plugdesk_web.api import HistoryLine, Panel, Pressing, SearchWord

    return [
        Panel("automation", lazy_gettext("Automation"), panel.show, concerns=panel.concerns),
        HistoryLine("automation_unaccepted", "bolt", lazy_gettext("Nobody had accepted it in time: a message to %(people)s")),
        HistoryLine("automation_unanswered", "bolt", lazy_gettext("Accepted, but not answered in time: it is nobody's again")),
        HistoryLine("automation_in_progress", "bolt", lazy_gettext("At work for long: a message to %(people)s")),
        HistoryLine("automation_too_long", "bolt", lazy_gettext("At work for too long: a message to %(people)s")),
        HistoryLine("automation_forgotten", "bolt", lazy_gettext("Done and forgotten: it was closed")),
        HistoryLine("automation_failed", "alert", lazy_gettext("A rule came to nothing. %(why)s")),
        SearchWord(("escalated", "эскалация"), known.search, "escalated:any", lazy_gettext("has waited for longer than a rule allows; or none")),
        Pressing(lazy_gettext("Escalated"), "escalated:any", "escalated_since", lazy_gettext("Waits")),
        *routes.PAGES,
    ]  # fmt: skip


@hookimpl
def jobs() -> Sequence[JobKind]:
    return [
        JobKind("due", running.run_due),
        JobKind("tell", telling.tell),
        JobKind("arm_all", running.arm_all, lease=timedelta(minutes=30)),
    ]


@hookimpl
def timers() -> Sequence[Timer]:
    return [Timer("forget", timedelta(days=1), running.forget)]


@hookimpl
def ticket_opened(ctx: Context, ticket: Ticket) -> None:
    arm(ctx, [ticket])


@hookimpl
def message_received(ctx: Context, ticket: Ticket) -> None:
    arm(ctx, [ticket])


@hookimpl
def reply_written(ctx: Context, ticket: Ticket) -> None:
    arm(ctx, [ticket])


@hookimpl
def ticket_assigned(ctx: Context, ticket: Ticket) -> None:
    arm(ctx, [ticket])


@hookimpl
def status_changed(ctx: Context, ticket: Ticket) -> None:
    arm(ctx, [ticket])


@hookimpl
def ticket_moved(ctx: Context, ticket: Ticket) -> None:
    arm(ctx, [ticket])


@hookimpl
def follow_ticket(ctx: Context, ticket: Ticket, event: Event) -> None:
    if event.kind in ("ticket_restored", "unmerged", "split_off"):  # of these nobody is told afterwards
        remind(ctx, ticket, ctx.now)


@hookimpl
def terms_changed(ctx: Context) -> None:
    ctx.enqueue("arm_all", key="all")


@hookimpl
def extension_enabled(ctx: Context, event: Event) -> None:
    if event.plugin == ctx.plugin:
        commands.begin(ctx, event.at)


@hookimpl
def health(ctx: Context) -> Sequence[HealthLine]:
    return naming.health(ctx)


@hookimpl
def places_naming(ctx: Context, named: Named) -> Sequence[Place]:
    return naming.places(ctx, named)


@hookimpl
def what_will_change(ctx: Context, form: Form, switching_on: bool) -> Sequence[Change]:
    return changes.on(ctx, form) if switching_on else changes.off(form)
