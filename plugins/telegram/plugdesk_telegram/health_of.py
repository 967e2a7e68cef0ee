"""What the System page and the switch say of a form's bots."""

from __future__ import annotations

from collections.abc import Sequence

from plugdesk.api import Change, Context, Form, HealthLine, updates_aside
from plugdesk.api import gettext as _
from plugdesk_telegram.bots import bots_here
from plugdesk_telegram.models import Mode


def lines(ctx: Context) -> Sequence[HealthLine]:
    """One line a bot, and one for updates that could not be read."""
    assert ctx.form is not None
    found = []
    for bot in bots_here(ctx):
        problem = bot.error or bot.sending_error or ""
        working = _("fetching") if bot.mode is Mode.POLLING else _("called by Telegram")
        state = _("not working") if problem else working if bot.succeeded_at else _("not asked yet")
        found.append(HealthLine(f"@{bot.username}", state, problem, bot.succeeded_at))
    waiting = len(updates_aside(ctx.db, "telegram", ctx.form.id))
    if waiting:
        text = _("%(n)d updates could not be read. Look at them under Extensions, Telegram, bots.", n=waiting)
        found.append(HealthLine(_("Updates put aside"), _("waiting"), text))
    return found


def changes(ctx: Context, form: Form, switching_on: bool) -> Sequence[Change]:
    """What switching Telegram on or off will mean."""
    bots = bots_here(ctx)
    if switching_on and not bots:
        return [Change(_("No bot yet: add one to this form, then what is written to it becomes tickets"), "amber")]
    if switching_on:
        return [
            Change(_("Messages to @%(bot)s become tickets of %(form)s", bot=bot.username, form=form.name), "green")
            for bot in bots
        ]
    words = {
        Mode.POLLING: _("Nothing of @%(bot)s is fetched; Telegram keeps it for 24 hours, and it comes when this is on again"),
        Mode.WEBHOOK: _("Telegram's calls for @%(bot)s are refused; it keeps trying for 24 hours"),
    }
    return [Change(words[bot.mode] % {"bot": bot.username}, "amber") for bot in bots]
