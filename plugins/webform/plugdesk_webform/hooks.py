"""Where request forms join the desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Never

from plugdesk.api import (
    Change,
    Channel,
    Context,
    Event,
    Form,
    Message,
    RequestFormLink,
    Ticket,
    Timer,
    Undeliverable,
    User,
    hookimpl,
    lazy_gettext,
    lazy_pgettext,
    ngettext,
)
from plugdesk.api import gettext as _
from plugdesk_webform import asking, commands, letters, sending
from plugdesk_webform.asking import CHANNEL
from plugdesk_webform.queries import address_of, has_submission, links_for, request_forms, typed_address


@hookimpl
def channels() -> Sequence[Channel]:
    return [Channel(CHANNEL, lazy_pgettext("channel", "Request form"), "world", _deliver, _reaches)]


@hookimpl
def timers() -> Sequence[Timer]:
    return [Timer("forget_unconfirmed", timedelta(hours=1), sending.forget_unconfirmed)]


@hookimpl
def pages() -> Sequence[Any]:
    from plugdesk_web.api import Pages, Panel
    from plugdesk_webform import flood, panel, public
    from plugdesk_webform.routes import PAGES

    return [
        Panel("origin", lazy_gettext("Request form"), panel.show, concerns=has_submission),
        Pages(public.blueprint, "public", with_own_tokens=True, reads_first=True, quick=flood.quick),
        *PAGES,
    ]


@hookimpl
def ticket_opened(ctx: Context, ticket: Ticket, event: Event) -> None:
    letters.send_receipt(ctx, ticket, event)


@hookimpl
def address_for(ctx: Context, ticket: Ticket, channel: str) -> str | None:
    return typed_address(ctx, ticket) if channel == "email" else None


@hookimpl
def make_example(ctx: Context, by: User) -> None:
    form = asking.form_of(ctx)
    commands.add_request_form(ctx, commands.RequestFormInput(form.name, fields=commands.usual_fields(form)), by=by)


@hookimpl
def form_copied(ctx: Context, source: Form) -> None:
    commands.copy_request_forms(ctx, source)


@hookimpl
def request_form_links(ctx: Context, subject: str, language: str) -> Sequence[RequestFormLink]:
    return [RequestFormLink(row.title, address_of(ctx, row, subject)) for row in links_for(ctx, language)]


@hookimpl
def what_will_change(ctx: Context, form: Form, switching_on: bool) -> Sequence[Change]:
    if not switching_on:
        return [Change(_("The request forms of %(form)s answer “not found”; they are kept", form=form.name), "amber")]
    number = len(request_forms(ctx, only_on=True))
    if number:
        said = ngettext(
            "%(num)d request form of %(form)s is open to anybody",
            "%(num)d request forms of %(form)s are open to anybody",
            number,
            form=form.name,
        )
        return [Change(said, "green")]
    return [Change(_("You can make request forms of %(form)s; none is open yet", form=form.name), "green")]


def _deliver(ctx: Context, message: Message) -> Never:
    raise Undeliverable(_("The customer left no address on the request form: there is no way to answer."))


def _reaches(ctx: Context, customer: User) -> bool:
    return False
