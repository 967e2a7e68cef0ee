"""Where the rating joins the desk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plugdesk.api import (
    Change,
    Context,
    Fact,
    Form,
    Said,
    Step,
    Ticket,
    User,
    Variables,
    hookimpl,
    html_of_text,
    lazy_gettext,
    send_automatic,
)
from plugdesk.api import gettext as _
from plugdesk_csat import commands, letters, queries
from plugdesk_csat.asking import AskOptions, ask_for_rating


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
def steps() -> Sequence[Step]:
    return [Step("ask", lazy_gettext("Ask for a rating"), ask_for_rating, AskOptions)]


@hookimpl
def pages() -> Sequence[Any]:
    from plugdesk_csat import panel, routes
    from plugdesk_web.api import Column, Pages, Panel

    return [
        Panel("rating", lazy_gettext("Rating"), panel.show, seen_by="form admins", concerns=panel.concerns),
        Column("rating", lazy_gettext("Rating"), facts=("rating", "rating_comment"), cell=panel.cell, seen_by="form admins"),
        Pages(routes.blueprint, "public"),
    ]


@hookimpl
def rate_ticket(ctx: Context, ticket: Ticket, mark: int, comment: str) -> bool | None:
    return commands.rate_elsewhere(ctx, ticket, mark=mark, comment=comment) is not None or None


@hookimpl
def button_pressed(ctx: Context, ticket: Ticket, key: str) -> str | None:
    if not commands.rate_by_button(ctx, ticket, key):
        return None
    if not ctx.settings.comment_minutes:
        return _("Thank you!")
    return _("Thank you! If you like, write why: your next message is the comment.")


@hookimpl
def words_received(ctx: Context, customer: User, said: Said, channel: str) -> bool | None:
    ticket = commands.comment_by_message(ctx, customer, said.text) if not said.files else None
    if ticket is None:
        return None
    send_automatic(ctx.db, ticket, kind="rating", html=html_of_text(_(ctx.settings.thanks)), channel=channel)
    return True


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
