"""Where Telegram joins the desk."""

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
    HealthLine,
    JobKind,
    Limits,
    Service,
    Ticket,
    Timer,
    User,
    hookimpl,
    lazy_pgettext,
    send_chat_closing,
    send_chat_receipt,
)
from plugdesk_telegram import bots, changing, connecting, deliver, health_of, intake, listen, planning, take, trying, webhooks
from plugdesk_telegram.entities import utf16_length
from plugdesk_telegram.settings import TelegramSettings

CHANNEL = Channel(
    "telegram", lazy_pgettext("channel", "Telegram"), "telegram", deliver.deliver, deliver.reaches, deliver.ready, take=take.take,
    change=changing.change, withdraw=changing.withdraw, typing=changing.typing, connect=connecting.personal_link, buttons=True, in_order=True, numbered=True,
    limits=Limits(
        text=planning.LONGEST_TEXT, file_size=planning.BIGGEST_FILE, length=utf16_length, per_chat=deliver.PER_CHAT,
        per_account=deliver.PER_BOT,
    ),
)  # fmt: skip


@hookimpl
def channels() -> Sequence[Channel]:
    return [CHANNEL]


@hookimpl
def jobs() -> Sequence[JobKind]:
    return [
        JobKind("poll", intake.poll), JobKind("register", webhooks.register_later), JobKind("check_webhook", webhooks.check)
    ]  # fmt: skip


@hookimpl
def timers() -> Sequence[Timer]:
    return [Timer("look_in", timedelta(minutes=1), intake.look_in)]


@hookimpl
def services() -> Sequence[Service]:
    return [Service("listen", listen.listen)]


@hookimpl
def pages() -> Sequence[Any]:
    from plugdesk_telegram.routes import PAGES

    return PAGES


@hookimpl
def channel_for(ctx: Context, customer: User) -> str | None:
    return "telegram" if deliver.reaches(ctx, customer) else None


@hookimpl
def connect_bot(ctx: Context, account: Mapping[str, Any], by: User) -> bool:
    bots.connect(ctx, account, by=by)
    return True


@hookimpl
def ticket_opened(ctx: Context, ticket: Ticket, event: Event) -> None:
    send_chat_receipt(ctx, CHANNEL, ticket, event)


@hookimpl
def ticket_closed(ctx: Context, ticket: Ticket, event: Event) -> None:
    send_chat_closing(ctx, CHANNEL, ticket, event)


@hookimpl
def check_settings(ctx: Context, settings: TelegramSettings) -> Sequence[str]:
    return trying.try_settings(ctx, settings)


@hookimpl
def what_will_change(ctx: Context, form: Form, switching_on: bool) -> Sequence[Change]:
    return health_of.changes(ctx, form, switching_on)


@hookimpl
def health(ctx: Context) -> Sequence[HealthLine]:
    return health_of.lines(ctx)
