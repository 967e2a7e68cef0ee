"""Where contracts join the desk."""

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
    JobKind,
    Named,
    Place,
    Step,
    Terms,
    Ticket,
    Timer,
    User,
    copy_rows,
    hookimpl,
    lazy_gettext,
)
from plugdesk.api import gettext as _
from plugdesk_contracts import facts as known
from plugdesk_contracts import handing, importing, members, naming, ranking, ready, settling
from plugdesk_contracts.models import ContractForm
from plugdesk_contracts.queries import acting_on


@hookimpl
def facts() -> Sequence[Fact]:
    return known.FACTS


@hookimpl
def steps() -> Sequence[Step]:
    return [Step("hand", lazy_gettext("Hand to the contract's group"), handing.hand_over)]


@hookimpl
def form_copied(ctx: Context, source: Form) -> None:
    copy_rows(ctx, ContractForm, source)


@hookimpl
def jobs() -> Sequence[JobKind]:
    return [JobKind("rank", ranking.go_on), JobKind("import", importing.go_on, lease=timedelta(minutes=15))]


@hookimpl
def timers() -> Sequence[Timer]:
    return [
        Timer("ends", timedelta(hours=6), handing.tell_of_ends),
        Timer("leaving", timedelta(hours=1), members.let_leave, per="desk"),
        Timer("old_imports", timedelta(hours=12), importing.forget_old, per="desk"),
    ]


@hookimpl
def pages() -> Sequence[Any]:
    from plugdesk_contracts import import_routes, member_routes, panel, routes
    from plugdesk_web.api import Action, Column, CustomerMarks, CustomerPanel, FormActions, HistoryLine, Panel, SearchWord

    return [
        Panel("contract", lazy_gettext("Contract"), panel.show, concerns=panel.concerns),
        CustomerPanel("contracts", lazy_gettext("Contracts"), panel.of_customer),
        CustomerMarks("contracts", panel.marks),
        Column("contract", lazy_gettext("Contract"), facts=("contract_mark",), cell=panel.cell, only_where_filled=True),
        Action(
            "hand",
            lazy_gettext("Hand to the contract's group"),
            "contract",
            handing.hand_over,
            panel.can_be_handed,
            panel.is_under_one,
        ),
        FormActions("choose", panel.rights, lambda ctx, ticket, agent: ()),
        SearchWord(("contract", "контракт"), known.search, "contract:vip", lazy_gettext("under this contract; or any, or none")),
        HistoryLine("contract_chosen", "contract", lazy_gettext("%(name)s chose the contract “%(contract)s”")),
        HistoryLine("no_contract_chosen", "contract", lazy_gettext("%(name)s took it out of its contract")),
        *routes.PAGES,
        *member_routes.PAGES,
        *import_routes.PAGES,
        *panel.PAGES,
    ]


@hookimpl
def settle_ticket(ctx: Context, ticket: Ticket, settled: Mapping[str, Any], occasion: str) -> Mapping[str, Any] | None:
    return settling.settle(ctx, ticket, settled, occasion)


@hookimpl
def terms_of_tickets(ctx: Context, tickets: Sequence[Ticket], values: Mapping[int, Mapping[str, Any]]) -> Mapping[int, Terms]:
    return settling.terms(ctx, tickets, values)


@hookimpl
def ticket_closed(ctx: Context, ticket: Ticket, event: Event) -> None:
    members.let_leave(ctx, ticket)


@hookimpl
def places_naming(ctx: Context, named: Named) -> Sequence[Place]:
    return naming.places(ctx, named)


@hookimpl
def what_will_change(ctx: Context, form: Form, switching_on: bool) -> Sequence[Change]:
    if not switching_on:
        return [Change(_("New requests of %(form)s fall under no contract; contracts are kept", form=form.name), "amber")]
    number = len(acting_on(ctx, form.id))
    if number:
        said = _(
            "New requests of %(form)s fall under the contracts of their customers: %(number)s act on it",
            form=form.name,
            number=number,
        )
        return [Change(said, "green")]
    return [Change(_("Contracts can act on %(form)s, once you have made some", form=form.name), "green")]


@hookimpl
def make_example(ctx: Context, by: User) -> None:
    ready.add_examples(ctx, by=by)
