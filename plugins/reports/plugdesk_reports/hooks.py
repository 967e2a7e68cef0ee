"""Where reports join the desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from plugdesk.api import Change, Command, Context, Event, Form, HealthLine, JobKind, Ticket, Timer, hookimpl
from plugdesk.api import gettext as _
from plugdesk_reports import counting, exporting, letter_commands, letter_sending
from plugdesk_reports.commandline import recount
from plugdesk_reports.keeping import keep
from plugdesk_reports.models import Standing


@hookimpl
def jobs() -> Sequence[JobKind]:
    return [
        JobKind("look_through", counting.look_through, lease=timedelta(minutes=30)),
        JobKind("count", counting.count, lease=timedelta(minutes=30)),
        JobKind("export", exporting.write, lease=timedelta(minutes=30)),
        JobKind("letter", letter_sending.send_due, lease=timedelta(minutes=30)),
    ]


@hookimpl
def timers() -> Sequence[Timer]:
    return [
        Timer("hear", timedelta(minutes=1), counting.hear, per="desk"),
        Timer("forget_old", timedelta(hours=1), exporting.forget_old, per="desk"),
    ]


@hookimpl
def commands() -> Sequence[Command]:
    return [Command(recount)]


@hookimpl
def pages() -> Sequence[Any]:
    from plugdesk_reports import fetching, letter_routes, own_routes, registry, routes

    return [*routes.PAGES, *registry.PAGES, *fetching.PAGES, *own_routes.PAGES, *letter_routes.PAGES]


@hookimpl
def tickets_changed(ctx: Context, tickets: Sequence[Ticket]) -> None:
    keep(ctx.db, [ticket.id for ticket in tickets], ctx.desk.zone)


@hookimpl
def terms_changed(ctx: Context, event: Event) -> None:
    if "zone" in event.data:
        letter_commands.book_all(ctx)


@hookimpl
def extension_enabled(ctx: Context, form: Form | None, event: Event) -> None:
    if event.plugin == ctx.plugin and form is not None:
        counting.begin(ctx.db, form)


@hookimpl
def what_will_change(ctx: Context, form: Form, switching_on: bool) -> Sequence[Change]:
    if switching_on:
        return [
            Change(_("The tickets of %(form)s stand in the reports, also the past ones: they are counted in the background", form=form.name), "green"),
            Change(_("Everybody who works on %(form)s finds reports in the left panel, over the tickets they may see", form=form.name), "green"),
        ]  # fmt: skip
    return [Change(_("The reports leave out %(form)s; what was counted is kept", form=form.name), "amber")]


@hookimpl
def health(ctx: Context) -> Sequence[HealthLine]:
    standing = ctx.db.get(Standing, ctx.form.id) if ctx.form is not None else None
    if standing is None:
        return []
    if standing.ready_at is None:
        return [HealthLine(_("Past tickets"), _("%(done)d of %(total)d counted", done=standing.done, total=standing.total))]
    return [HealthLine(_("Past tickets"), _("all counted"), last_success=standing.ready_at)]
