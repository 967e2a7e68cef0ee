"""Where routing joins the desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from plugdesk.api import Change, Context, Form, HealthLine, JobKind, Named, Place, Ticket, Timer, hookimpl, lazy_gettext
from plugdesk.api import gettext as _
from plugdesk_routing import naming, reading, replay, settling, standing
from plugdesk_routing.commands import copy_rules


@hookimpl
def settle_ticket(ctx: Context, ticket: Ticket, settled: Mapping[str, Any], occasion: str) -> Mapping[str, Any] | None:
    return settling.settle(ctx, ticket, settled, occasion)


@hookimpl
def jobs() -> Sequence[JobKind]:
    return [JobKind("replay", replay.run, max_tries=3)]


@hookimpl
def timers() -> Sequence[Timer]:
    return [Timer("clear_rehearsals", timedelta(hours=6), replay.clear)]


@hookimpl
def pages() -> Sequence[Any]:
    from plugdesk_routing import panel
    from plugdesk_routing.routes import PAGES
    from plugdesk_web.api import Panel

    return [Panel("routing", lazy_gettext("Routing"), panel.show, concerns=panel.concerns), *PAGES]


@hookimpl
def form_copied(ctx: Context, source: Form) -> None:
    copy_rules(ctx, source)


@hookimpl
def health(ctx: Context) -> Sequence[HealthLine]:
    looked = standing.Standing(ctx)
    return [
        HealthLine(rule.name, _("passed over"), why)
        for rule in reading.rules_of(ctx)
        if rule.is_on and (why := looked.trouble(rule))
    ]


@hookimpl
def places_naming(ctx: Context, named: Named) -> Sequence[Place]:
    return naming.places(ctx, named)


@hookimpl
def what_will_change(ctx: Context, form: Form, switching_on: bool) -> Sequence[Change]:
    if not switching_on:
        return [Change(_("New tickets of %(form)s go to whom the form gives them; the rules are kept", form=form.name), "amber")]
    number = len(reading.rules_of(ctx))
    if number:
        return [
            Change(_("New tickets of %(form)s are routed by the %(number)s rules it has", form=form.name, number=number), "green")
        ]
    return [Change(_("New tickets of %(form)s are routed by rules, once you have made some", form=form.name), "green")]
