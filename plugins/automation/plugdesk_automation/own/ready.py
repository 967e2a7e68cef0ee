"""Automations to look at, where somebody wants to see what they are for."""

from __future__ import annotations

from plugdesk.api import Context, User
from plugdesk.api import gettext as _
from plugdesk_automation.models import Unit
from plugdesk_automation.own.commands import OwnInput, add_automation
from plugdesk_automation.own.starting import Kind, Since, Start


def make_examples(ctx: Context, by: User) -> None:
    """One that is on, for tickets that come back, and one to try before it is switched on: it writes to customers."""
    came_back = Start(Kind.EVENT, ("ticket_reopened",))
    note = {"kind": "note", "options": {"text": _("It was done, and came back. Read what was said before you answer.")}}
    add_automation(ctx, OwnInput(_("It came back"), came_back.plain(), None, [note], is_on=True), by=by)
    silent = Start(Kind.TIME, (), Since.SAID, 2, Unit.DAYS)
    waits = {"all": [{"fact": "ticket.status", "is": "waiting"}, {"fact": "ticket.waits", "is": False}]}
    words = _(
        "Hello, ${customer:name}. Could you have a look at our last message? Without an answer we shall close the request soon."
    )
    letter = {"kind": "customer", "options": {"text": words}}
    add_automation(ctx, OwnInput(_("The customer is silent"), silent.plain(), waits, [letter]), by=by)
