"""The pages join the desk the way every plugin does."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from plugdesk.contributions import JobKind, Timer
from plugdesk.hooks import hookimpl
from plugdesk.plugins.context import Context
from plugdesk_web import bulk_runs, drafts, once
from plugdesk_web.site import Site


@hookimpl
def timers() -> Sequence[Timer]:
    return [Timer("forget_old", timedelta(hours=6), _forget_old, per="desk")]


@hookimpl
def jobs() -> Sequence[JobKind]:
    return [JobKind("bulk", bulk_runs.go_on, lease=timedelta(minutes=5))]


@hookimpl
def pages() -> Sequence[Any]:
    return [Site()]


def _forget_old(ctx: Context) -> None:
    once.forget_old(ctx.db, ctx.now)
    drafts.forget_old_drafts(ctx.db)
    bulk_runs.forget_old_runs(ctx.db, ctx.now)
