"""Where the rating joins the desk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plugdesk.api import (
    Change,
    Context,
    CustomerActions,
    Fact,
    Form,
    JobKind,
    Named,
    Place,
    ReportMetric,
    Said,
    Step,
    Ticket,
    User,
    Variables,
    copy_rows,
    hookimpl,
    html_of_text,
    lazy_gettext,
    send_automatic,
)
from plugdesk.api import gettext as _
from plugdesk_csat import commands, conditions, following, in_portal, letters, metrics, queries
from plugdesk_csat.asking import AskOptions, ask_for_rating
from plugdesk_csat.models import Asking


@hookimpl
def variables() -> Sequence[Variables]:
    return [Variables("satisfaction", {"rating": lazy_gettext("The invitation to rate, with five faces")}, letters.values)]


@hookimpl
def facts() -> Sequence[Fact]:
    return [
        Fact("rating", lazy_gettext("Rating"), "number", queries.last_mark),
        Fact("rating_comment", lazy_gettext("Comment on the rating"), "text", queries.last_comment),
        Fact("rated_at", lazy_gettext("Rating date"), "moment", queries.last_rated_at),
    ]


@hookimpl
def steps() -> Sequence[Step]:
    return [Step("ask", lazy_gettext("Ask for a rating"), ask_for_rating, AskOptions)]


@hookimpl
def report_metrics() -> Sequence[ReportMetric]:
    return metrics.METRICS


@hookimpl
def form_copied(ctx: Context, source: Form) -> None:
    copy_rows(ctx, Asking, source)


@hookimpl
def customer_actions() -> Sequence[CustomerActions]:
    return [CustomerActions("rating", in_portal.offered_to_customer, in_portal.rate_by_customer)]


@hookimpl
def jobs() -> Sequence[JobKind]:
    return [JobKind("follow_up", following.follow_up)]


@hookimpl
def pages() -> Sequence[Any]:
    from plugdesk_csat import panel, routes, searching, seeing, summary, when
    from plugdesk_web.api import Column, FormActions, Pages, Panel, SearchWord

    return [
        Panel("rating", lazy_gettext("Rating"), panel.show, concerns=panel.concerns),
        Column(
            "rating",
            lazy_gettext("Rating"),
            facts=("rating",),
            cell=panel.mark_cell,
            seen_by=seeing.seen,
            only_where_filled=True,
        ),
        Column(
            "rated_at",
            lazy_gettext("Rating date"),
            facts=("rated_at",),
            cell=panel.date_cell,
            seen_by=seeing.seen,
            only_where_filled=True,
        ),
        Column(
            "comment",
            lazy_gettext("Comment"),
            facts=("rating_comment",),
            cell=panel.comment_cell,
            seen_by=seeing.seen,
            only_where_filled=True,
        ),
        SearchWord(("rating", "оценка"), searching.rating, "rating:1-2", lazy_gettext("rated so; or any, or none")),
        SearchWord(
            ("rated", "оценён"), searching.rated, "rated:2026-03-01..2026-03-31", lazy_gettext("rated on these days, or on one")
        ),
        SearchWord(("comment", "отзыв"), searching.comment),
        FormActions("ask", panel.actions, panel.actions_here, run=panel.act, concerns=panel.is_closed),
        Pages(routes.blueprint, "public"),
        *when.PAGES,
        *summary.PAGES,
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
    ticket = commands.comment_by_message(ctx, customer, said.text, said.external_id) if not said.files else None
    if ticket is None:
        return None
    send_automatic(ctx.db, ticket, kind="rating", html=html_of_text(letters.thanks_words(ctx)), channel=channel)
    return True


@hookimpl
def words_changed(ctx: Context, customer: User, said: Said) -> bool | None:
    return commands.change_comment(ctx, customer, said.text, said.external_id) or None


@hookimpl
def places_naming(ctx: Context, named: Named) -> Sequence[Place]:
    return conditions.places(ctx, named)


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
