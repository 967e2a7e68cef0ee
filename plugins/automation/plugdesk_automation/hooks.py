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
    User,
    hookimpl,
    lazy_gettext,
)
from plugdesk_automation import changes, commands, naming, running, telling, timing
from plugdesk_automation import facts as known
from plugdesk_automation.own import calling, ready, rehearsing, scheduling
from plugdesk_automation.own import commands as own_commands
from plugdesk_automation.own import naming as own_naming
from plugdesk_automation.own import running as own_running
from plugdesk_automation.own import timing as own_timing


@hookimpl
def facts() -> Sequence[Fact]:
    return known.FACTS


@hookimpl
def pages() -> Sequence[Any]:
    from plugdesk_automation import panel, routes
    from plugdesk_automation.own.routes import PAGES as OWN_PAGES
    from plugdesk_web.api import HistoryLine, Panel, Pressing, SearchWord

    return [
        Panel("automation", lazy_gettext("Automation"), panel.show, concerns=panel.concerns),
        HistoryLine("automation_unaccepted", "bolt", lazy_gettext("Nobody had accepted it in time: a message to %(people)s")),
        HistoryLine("automation_unanswered", "bolt", lazy_gettext("Accepted, but not answered in time: it is nobody's again")),
        HistoryLine("automation_in_progress", "bolt", lazy_gettext("At work for long: a message to %(people)s")),
        HistoryLine("automation_too_long", "bolt", lazy_gettext("At work for too long: a message to %(people)s")),
        HistoryLine("automation_forgotten", "bolt", lazy_gettext("Done and forgotten: it was closed")),
        HistoryLine("automation_ran", "bolt", lazy_gettext("Automation “%(automation)s”: %(did)s")),
        HistoryLine("automation_held_up", "alert", lazy_gettext("Automation “%(automation)s”: %(did)s. %(why)s")),
        HistoryLine("automation_failed", "alert", lazy_gettext("A rule came to nothing. %(why)s")),
        SearchWord(("escalated", "эскалация"), known.search, "escalated:any", lazy_gettext("has waited for longer than a rule allows; or none")),
        Pressing(lazy_gettext("Escalated"), "escalated:any", "escalated_since", lazy_gettext("Waits")),
        *routes.PAGES,
        *OWN_PAGES,
    ]  # fmt: skip


@hookimpl
def jobs() -> Sequence[JobKind]:
    return [
        JobKind("due", running.run_due),
        JobKind("tell", telling.tell),
        JobKind("arm_all", running.arm_all, lease=timedelta(minutes=30)),
        JobKind("own_due", own_timing.run_due),
        JobKind("arm_own", own_timing.arm_all, lease=timedelta(minutes=30)),
        JobKind("scheduled", scheduling.run, lease=timedelta(minutes=30)),
        JobKind("rehearse", rehearsing.run, max_tries=3, lease=timedelta(minutes=30)),
        JobKind("call", calling.call),
    ]


@hookimpl
def timers() -> Sequence[Timer]:
    return [
        Timer("forget", timedelta(days=1), running.forget),
        Timer("forget_own", timedelta(days=1), own_running.forget),
        Timer("clear_rehearsals", timedelta(hours=6), rehearsing.forget),
    ]


@hookimpl
def ticket_opened(ctx: Context, ticket: Ticket, event: Event) -> None:
    own_running.at_event(ctx, ticket, event)


@hookimpl
def message_received(ctx: Context, ticket: Ticket, event: Event) -> None:
    own_running.at_event(ctx, ticket, event)


@hookimpl
def reply_written(ctx: Context, ticket: Ticket, event: Event) -> None:
    own_running.at_event(ctx, ticket, event)


@hookimpl
def note_added(ctx: Context, ticket: Ticket, event: Event) -> None:
    own_running.at_event(ctx, ticket, event)


@hookimpl
def ticket_assigned(ctx: Context, ticket: Ticket, event: Event) -> None:
    own_running.at_event(ctx, ticket, event)


@hookimpl
def status_changed(ctx: Context, ticket: Ticket, event: Event) -> None:
    own_running.at_event(ctx, ticket, event)


@hookimpl
def fields_changed(ctx: Context, ticket: Ticket, event: Event) -> None:
    own_running.at_event(ctx, ticket, event)


@hookimpl
def ticket_closed(ctx: Context, ticket: Ticket, event: Event) -> None:
    own_running.at_event(ctx, ticket, event)


@hookimpl
def ticket_reopened(ctx: Context, ticket: Ticket, event: Event) -> None:
    own_running.at_event(ctx, ticket, event)


@hookimpl
def ticket_moved(ctx: Context, ticket: Ticket, event: Event) -> None:
    own_running.at_event(ctx, ticket, event)


@hookimpl
def tickets_changed(ctx: Context, tickets: Sequence[Ticket]) -> None:
    timing.arm(ctx, tickets)
    own_timing.arm(ctx, tickets)


@hookimpl
def follow_ticket(ctx: Context, ticket: Ticket, event: Event) -> None:
    if event.kind in ("ticket_restored", "unmerged", "split_off"):  # of these nobody is told afterwards
        timing.remind(ctx, ticket, ctx.now)
        own_timing.remind(ctx, ticket, ctx.now)


@hookimpl
def terms_changed(ctx: Context, event: Event) -> None:
    ctx.enqueue("arm_all", key="all")
    ctx.enqueue("arm_own", key="own")
    if "zone" in event.data:
        scheduling.set_all(ctx)


@hookimpl
def extension_enabled(ctx: Context, event: Event) -> None:
    if event.plugin == ctx.plugin:
        commands.begin(ctx, event.at)
        own_commands.begin(ctx)


@hookimpl
def make_example(ctx: Context, by: User) -> None:
    ready.make_examples(ctx, by)


@hookimpl
def form_copied(ctx: Context, source: Form) -> None:
    own_commands.copy_automations(ctx, source)


@hookimpl
def health(ctx: Context) -> Sequence[HealthLine]:
    return [*naming.health(ctx), *own_naming.health(ctx)]


@hookimpl
def places_naming(ctx: Context, named: Named) -> Sequence[Place]:
    return [*naming.places(ctx, named), *own_naming.places(ctx, named)]


@hookimpl
def what_will_change(ctx: Context, form: Form, switching_on: bool) -> Sequence[Change]:
    return changes.on(ctx, form) if switching_on else changes.off(ctx, form)
