"""Where the demo joins the desk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plugdesk.api import Change, Command, Context, Form, Service, hookimpl, lazy_gettext
from plugdesk.api import gettext as _

from . import commandline, mail, messenger, progress


@hookimpl
def commands() -> Sequence[Command]:
    return [Command(commandline.demo, top=True)]


@hookimpl
def services() -> Sequence[Service]:
    return [Service("mail", mail.keep_mail), Service("messenger", messenger.keep_messenger)]


@hookimpl
def pages() -> Sequence[Any]:
    from plugdesk_web.api import Banner, NavItem, Pages

    from . import chat_routes
    from .founding import Founding
    from .routes import blueprint

    return [
        Founding(),
        Pages(blueprint, "app"),
        Pages(chat_routes.blueprint, "app"),
        NavItem(lazy_gettext("Write as a customer"), "send", "demo_customer.write"),
        Banner("progress", progress.show),
    ]


@hookimpl
def what_will_change(ctx: Context, form: Form, switching_on: bool) -> Sequence[Change]:
    if switching_on and progress.progress_of(ctx.db) is None:
        return [Change(_("Nothing: only a desk that “plugdesk demo” made has a demo to show"), "amber")]
    return []
