"""The pages join the desk the way every plugin does."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from plugdesk.contributions import Timer
from plugdesk.hooks import hookimpl
from plugdesk.plugins.context import Context
from plugdesk_web import drafts, once
from plugdesk_web.site import Site


@hookimpl
def timers() -> Sequence[Timer]:
    return [Timer("forget_old", timedelta(hours=6), _forget_old, per="desk")]


@hookimpl
def pages() -> Sequence[Any]:
    return [Site()]


def _forget_old(ctx: Context) -> None:
    once.forget_old(ctx.db, ctx.now)
    drafts.forget_old_drafts(ctx.db)
