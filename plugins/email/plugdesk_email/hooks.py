"""Where e-mail joins the desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from plugdesk.api import (
    Change,
    Channel,
    Command,
    Context,
    Event,
    Form,
    HealthLine,
    JobKind,
    Service,
    Ticket,
    Timer,
    User,
    Veto,
    hookimpl,
    lazy_pgettext,
)
from plugdesk.api import gettext as _
from plugdesk_email import commandline, deliver, health_of, intake, mailboxes, notices, plain, receive, watch
from plugdesk_email.models import Mailbox


@hookimpl
def channels() -> Sequence[Channel]:
    return [
        Channel("email", lazy_pgettext("channel", "E-mail"), "mail", deliver.deliver, deliver.reaches, deliver.ready, copies=True)
    ]


@hookimpl
def jobs() -> Sequence[JobKind]:
    return [JobKind("poll", intake.poll), JobKind("receive", receive.receive), JobKind("plain_letter", plain.send)]


@hookimpl
def timers() -> Sequence[Timer]:
    return [
        Timer("poll_mailboxes", timedelta(seconds=30), intake.poll_mailboxes),
        Timer("forget_plain_letters", timedelta(hours=12), plain.forget_old),
    ]


@hookimpl
def services() -> Sequence[Service]:
    return [Service("idle", watch.watch_mailboxes)]


@hookimpl
def commands() -> Sequence[Command]:
    return [Command(commandline.receive), Command(commandline.parse)]


@hookimpl
def pages() -> Sequence[Any]:
    from plugdesk_email.routes import PAGES

    return PAGES


@hookimpl
def channel_for(ctx: Context, customer: User) -> str | None:
    return "email" if deliver.reaches(ctx, customer) else None


@hookimpl
def connect_mailbox(ctx: Context, account: Mapping[str, Any], by: User) -> bool:
    mailboxes.connect(ctx, mailboxes.read_account(account, by=by), by=by)
    return True


@hookimpl
def send_letter(ctx: Context, to: str, subject: str, html: str) -> bool | None:
    return plain.post(ctx, to, subject, html)


@hookimpl
def check_sign_in_address(ctx: Context, address: str) -> None:
    mailbox = ctx.db.scalar(sa.select(Mailbox).where(Mailbox.address == address))
    if mailbox is not None:
        raise Veto(
            _("%(address)s is the mailbox of “%(form)s”: letters to it become tickets. Sign in with an address of your own.",
              address=address, form=mailbox.form.name)
        )  # fmt: skip


@hookimpl
def ticket_opened(ctx: Context, ticket: Ticket, event: Event) -> None:
    notices.send_receipt(ctx, ticket, event)


@hookimpl
def ticket_closed(ctx: Context, ticket: Ticket, event: Event) -> None:
    notices.send_closing_notice(ctx, ticket, event)


@hookimpl
def what_will_change(ctx: Context, form: Form, switching_on: bool) -> Sequence[Change]:
    return health_of.changes(ctx, form, switching_on)


@hookimpl
def health(ctx: Context) -> Sequence[HealthLine]:
    return health_of.lines(ctx)
