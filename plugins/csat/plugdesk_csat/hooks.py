"""Where the rating joins the desk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plugdesk.api import Change, Context, Fact, Form, Ticket, Variables, hookimpl, lazy_gettext
from plugdesk.api import gettext as _
from plugdesk_csat import commands, letters, queries


@hookimpl
def variables() -> Sequence[Variables]:
    return [Variables("satisfaction", {"rating": lazy_gettext("The invitation to rate, with five faces")}, letters.values)]


@hookimpl
def facts() -> Sequence[Fact]:
    return [
        Fact("rating", lazy_gettext("Rating"), "number", queries.last_mark),
        Fact("rating_comment", lazy_gettext("Comment on the rating"), "text", queries.last_comment),
    ]


@hookimpl
def pages() -> Sequence[Any]:
    from plugdesk_csat import panel, routes
    from plugdesk_web.api import Column, Pages, Panel

    return [
        Panel("rating", lazy_gettext("Rating"), panel.show, seen_by="form admins"),
        Column("rating", lazy_gettext("Rating"), facts=("rating", "rating_comment"), cell=panel.cell, seen_by="form admins"),
        Pages(routes.blueprint, "public"),
    ]


@hookimpl
def rate_ticket(ctx: Context, ticket: Ticket, mark: int, comment: str) -> bool | None:
    return commands.rate_elsewhere(ctx, ticket, mark=mark, comment=comment) is not None or None


@hookimpl
def what_will_change(ctx: Context, form: Form, switching_on: bool) -> Sequence[Change]:
    if switching_on:
        return [
            Change(
                _("Closing notices of %(form)s ask for a rating where ${satisfaction:rating} stands", form=form.name), "green"
            ),
            Change(_("Admins of %(form)s see marks and comments on tickets and in lists", form=form.name), "green"),
        ]
    return [Change(_("Links in letters that were sent answer “not found” until it is on again"), "amber")]
