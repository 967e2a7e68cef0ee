"""Where workflow joins the desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from plugdesk.api import (
    Change,
    Context,
    CustomerActions,
    Event,
    Form,
    HealthLine,
    JobKind,
    Message,
    Named,
    Place,
    Ticket,
    User,
    hookimpl,
    ngettext,
)
from plugdesk.api import gettext as _
from plugdesk_workflow import automatic, customers, naming, ready, telling
from plugdesk_workflow.commands import copy_actions
from plugdesk_workflow.linter import findings
from plugdesk_workflow.rights import actions_of, any_on
from plugdesk_workflow.timing import arm


@hookimpl
def pages() -> Sequence[Any]:
    from plugdesk_web.api import FormActions, Pages, Together
    from plugdesk_workflow import acting
    from plugdesk_workflow.routes import PAGES

    return [
        FormActions(
            "actions",
            acting.buttons_of_form,
            acting.buttons_on,
            acting.run_alone,
            concerns=any_on,
            together=Together(acting.ask_together, acting.run_together),
        ),
        Pages(acting.blueprint),
        *PAGES,
    ]


@hookimpl
def customer_actions() -> Sequence[CustomerActions]:
    return [CustomerActions("actions", customers.offered_to_customer, customers.run_by_customer)]


@hookimpl
def jobs() -> Sequence[JobKind]:
    return [JobKind("automatic", automatic.run_due), JobKind("arm_all", automatic.arm_all, lease=timedelta(minutes=30))]


@hookimpl
def tickets_changed(ctx: Context, tickets: Sequence[Ticket]) -> None:
    arm(ctx, tickets)


@hookimpl
def terms_changed(ctx: Context) -> None:
    ctx.enqueue("arm_all", key="all")


@hookimpl
def extension_enabled(ctx: Context, event: Event) -> None:
    if event.plugin == ctx.plugin:
        ctx.enqueue("arm_all", key="all")


@hookimpl
def make_example(ctx: Context, by: User) -> None:
    ready.add_process(ctx, "repair", by=by)


@hookimpl
def form_copied(ctx: Context, source: Form) -> None:
    copy_actions(ctx, source)


@hookimpl
def only_link(ctx: Context, message: Message) -> bool | None:
    return telling.is_told_by_link(ctx, message) or None


@hookimpl
def health(ctx: Context) -> Sequence[HealthLine]:
    found = findings(ctx)
    if not found:
        return []
    state = ngettext("%(num)d thing to look at", "%(num)d things to look at", len(found))
    stuck = [each.text for each in found if each.tone == "red"]
    return [HealthLine(_("Workflow"), state, " ".join(stuck[:3]))]


@hookimpl
def places_naming(ctx: Context, named: Named) -> Sequence[Place]:
    return naming.places(ctx, named)


@hookimpl
def what_will_change(ctx: Context, form: Form, switching_on: bool) -> Sequence[Change]:
    if not switching_on:
        return [Change(_("The actions of %(form)s are no longer offered; they are kept", form=form.name), "amber")]
    number = len(actions_of(ctx))
    if number:
        return [Change(_("Tickets of %(form)s offer the %(number)s actions it has", form=form.name, number=number), "green")]
    return [Change(_("Tickets of %(form)s offer actions, once you have made some", form=form.name), "green")]
