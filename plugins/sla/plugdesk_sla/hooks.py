"""Where SLA joins the desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    ReportMetric,
    Ticket,
    Timer,
    User,
    copy_rows,
    hookimpl,
    lazy_gettext,
)
from plugdesk.api import gettext as _
from plugdesk_sla import facts as known
from plugdesk_sla import following, metrics, naming, promising, ready, runs, ticking
from plugdesk_sla.models import Policy


@hookimpl
def facts() -> Sequence[Fact]:
    return known.FACTS


@hookimpl
def report_metrics() -> Sequence[ReportMetric]:
    return metrics.METRICS


@hookimpl
def form_copied(ctx: Context, source: Form) -> None:
    copy_rows(ctx, Policy, source)


@hookimpl
def jobs() -> Sequence[JobKind]:
    return [
        JobKind("tell", ticking.tell),
        JobKind("run", runs.run, max_tries=3, lease=timedelta(minutes=30)),
    ]


@hookimpl
def timers() -> Sequence[Timer]:
    return [
        Timer("tick", timedelta(minutes=1), ticking.tick, per="desk"),
        Timer("clear_runs", timedelta(hours=6), runs.clear),
    ]


@hookimpl
def pages() -> Sequence[Any]:
    from plugdesk_sla import panel, routes
    from plugdesk_web.api import Column, Panel, Pressing, SearchWord

    return [
        Panel("sla", lazy_gettext("SLA"), panel.show, concerns=panel.concerns),
        Column(
            "deadline", lazy_gettext("Deadline"), facts=panel.LISTED, cell_of=panel.cell, only_where_filled=True,
            earliest_by="deadline",
        ),
        SearchWord(
            ("sla", "срок"), known.search, "sla:breached", lazy_gettext("missed a deadline; soon, paused, met, any or none; срок:нарушен")
        ),
        Pressing(lazy_gettext("A deadline was missed"), "sla:breached", "deadline", lazy_gettext("Deadline")),
        Pressing(lazy_gettext("A deadline is close"), "sla:soon", "deadline", lazy_gettext("Deadline")),
        *routes.PAGES,
    ]  # fmt: skip


@hookimpl
def settle_ticket(ctx: Context, ticket: Ticket, settled: Mapping[str, Any], occasion: str) -> Mapping[str, Any] | None:
    following.settle(ctx, ticket, settled, occasion)
    return None


@hookimpl
def follow_ticket(ctx: Context, ticket: Ticket, event: Event) -> None:
    following.follow(ctx, ticket, event)


@hookimpl
def terms_changed(ctx: Context) -> None:
    runs.reckon_anew(ctx)


@hookimpl
def extension_enabled(ctx: Context, form: Form | None, event: Event) -> None:
    if event.plugin == ctx.plugin and form is not None:
        runs.reckon_anew(ctx)


@hookimpl
def places_naming(ctx: Context, named: Named) -> Sequence[Place]:
    return naming.places(ctx, named)


@hookimpl
def health(ctx: Context) -> Sequence[HealthLine]:
    return naming.health(ctx)


@hookimpl
def what_will_change(ctx: Context, form: Form, switching_on: bool) -> Sequence[Change]:
    if not switching_on:
        return [Change(_("Clocks of %(form)s are told of no more; policies and clocks are kept", form=form.name), "amber")]
    number = len(promising.policies_of(ctx))
    if number:
        said = _("New tickets of %(form)s get their deadlines by the %(number)s policies it has", form=form.name, number=number)
        return [Change(said, "green")]
    return [Change(_("New tickets of %(form)s get deadlines, once you have made a policy", form=form.name), "green")]


@hookimpl
def make_example(ctx: Context, by: User) -> None:
    ready.add_example(ctx, by=by)
