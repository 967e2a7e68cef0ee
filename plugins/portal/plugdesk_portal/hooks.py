"""Where the portal joins the desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from plugdesk.api import (
    Change,
    Channel,
    Context,
    Event,
    Form,
    JobKind,
    Message,
    Ticket,
    Timer,
    User,
    Variables,
    copy_rows,
    hookimpl,
    lazy_gettext,
    lazy_pgettext,
)
from plugdesk.api import gettext as _
from plugdesk_portal import letters, signing, unsent, watching
from plugdesk_portal.commands import CHANNEL
from plugdesk_portal.models import Sharing


@hookimpl
def channels() -> Sequence[Channel]:
    return [Channel(CHANNEL, lazy_pgettext("channel", "Customer portal"), "user", _deliver, _reaches)]


@hookimpl
def jobs() -> Sequence[JobKind]:
    return [JobKind("send_link", signing.send_link, max_tries=3), JobKind("tell_watchers", watching.tell_watchers)]


@hookimpl
def timers() -> Sequence[Timer]:
    return [
        Timer("forget_links", timedelta(hours=1), signing.forget_links),
        Timer("forget_unsent", timedelta(hours=1), unsent.forget_old),
    ]


@hookimpl
def variables() -> Sequence[Variables]:
    return [Variables("portal", {"link": lazy_gettext("The request's address in the portal")}, _values)]


@hookimpl
def form_copied(ctx: Context, source: Form) -> None:
    copy_rows(ctx, Sharing, source)


@hookimpl
def letter_instead(ctx: Context, ticket: Ticket, customer: User, kind: str, agent: User | None, only_link: bool) -> str | None:
    return letters.letter_instead(ctx, ticket, customer, kind, agent, only_link=only_link)


@hookimpl
def reply_written(ctx: Context, ticket: Ticket, event: Event) -> None:
    watching.tell_of_answer(ctx, ticket, event)


@hookimpl
def ticket_closed(ctx: Context, ticket: Ticket, event: Event) -> None:
    watching.tell_of_closing(ctx, ticket, event)


@hookimpl
def pages() -> Sequence[Any]:
    from plugdesk_portal import entrance, profile, requests, sharing, sharing_routes, sign_in, site_routes
    from plugdesk_web.api import CustomerPanel, NavItem, Pages

    return [
        Pages(sign_in.blueprint, "site"),
        Pages(requests.blueprint, "site", in_frames=True, entrance=lazy_gettext("My requests")),
        Pages(profile.blueprint, "site"),
        Pages(entrance.blueprint, "site", with_own_tokens=True),
        Pages(site_routes.blueprint, "app"),
        NavItem(lazy_gettext("Portal on your site"), "link", "portal_site.show", place="settings"),
        CustomerPanel("sharing", lazy_gettext("Customer portal"), sharing.of_customer),
        *sharing_routes.PAGES,
    ]


@hookimpl
def what_will_change(ctx: Context, form: Form, switching_on: bool) -> Sequence[Change]:
    if not switching_on:
        return [Change(_("Customers no longer see their requests of %(form)s at /portal", form=form.name), "amber")]
    return [
        Change(
            _("Customers of %(form)s who prove their address read their requests at /portal, and answer there", form=form.name),
            "green",
        )
    ]


def _values(ctx: Context, ticket: Ticket, **about: Any) -> Mapping[str, str]:
    return {"link": f"{ctx.base_url}/portal/requests/{ticket.number}"} if ctx.base_url else {}


def _deliver(ctx: Context, message: Message) -> None:
    """It stands in the portal, and is read there: where a ticket has no other channel, nothing more is to be done."""


def _reaches(ctx: Context, customer: User) -> bool:
    return False
