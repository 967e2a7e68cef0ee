"""Buttons under a message: the extension that put them there is told of a press, and then they are locked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugdesk.i18n import gettext as _
from plugdesk.jobs import enqueue
from plugdesk.runtime import runtime_of

if TYPE_CHECKING:
    from plugdesk.plugins.context import Context
    from plugdesk.tickets.models import Message

LONGEST_ANSWER = 200  # of what is shown for a moment: Telegram's answerCallbackQuery takes no more


def press_button(ctx: Context, message: Message, key: str) -> str:
    """The customer pressed the button `key` under `message`; returns what to tell them, in their language.

    The first press counts and locks the buttons; a later one, or one whose extension is off by now, changes nothing.
    """
    session, runtime, form = ctx._session, runtime_of(ctx._session), message.home.form
    session.refresh(message, ["pressed", "buttons"], with_for_update=True)  # two presses at once: the second one finds the first
    if message.pressed is not None:
        return _("You have answered already. Thank you.")
    plugin, _colon, own = key.partition(":")
    if key not in [each["key"] for each in message.buttons] or not form.has(plugin):
        return _("This cannot be answered any more.")
    answer = runtime.executor.decide(
        plugin, "button_pressed", form, session, expects=str, ticket=message.home, message=message, key=own
    )
    if answer is None:
        return _("This cannot be answered any more.")
    message.pressed = key
    enqueue(session, "core:change_message", form=form, key=f"message:{message.id}", message_id=message.id)
    return str(answer)[:LONGEST_ANSWER]
