"""*What will change* when an extension is switched on or off somewhere, in words, before it is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.contributions import Change
from plugdesk.forms.models import OPEN_KINDS, Desk, Form
from plugdesk.i18n import format_list, ngettext
from plugdesk.i18n import gettext as _
from plugdesk.plugins.registry import Registry
from plugdesk.runtime import runtime_of
from plugdesk.tickets.models import DeliveryState, Message, Ticket


def what_will_change(session: Session, scope: Form | Desk, plugin_id: str, *, switching_on: bool) -> list[Change]:
    """The lines of the dialog: what the plugin says itself, then what the desk knows of it, then what stays as it is."""
    runtime = runtime_of(session)
    form = scope if isinstance(scope, Form) else None
    said: Any = None
    if runtime.registry.is_loaded(plugin_id):
        said = runtime.executor.ask(plugin_id, "what_will_change", scope, session, form=form, switching_on=switching_on)
    lines = [each for each in said or () if isinstance(each, Change)]
    lines += _shown(runtime.registry, plugin_id, switching_on)
    if form is not None:
        lines += _tickets(session, form)
    lines += _waiting(session, plugin_id, form, switching_on)
    if not switching_on:
        lines.append(Change(_("Its data and settings are kept.")))
    lines.append(Change(_("Nothing changes on other forms.") if form else _("It concerns all forms.")))
    return lines


def pages_of(registry: Registry, plugin_id: str, kind: str) -> list[Any]:
    """What a plugin adds to the pages, of one kind of `plugdesk_web.api`: "Panel", "Column", "Action", "Pages" …"""
    return [each for owner, each in registry.pages if owner == plugin_id and type(each).__name__ == kind]


def titles_of(given: Sequence[Any]) -> list[str]:
    """The titles of panels, columns, channels …, in the reader's language."""
    return [_(str(each.title)) for each in given]


def _shown(registry: Registry, plugin_id: str, on: bool) -> list[Change]:
    channels = [each for name, each in registry.channels.items() if registry.owner("channels", name) == plugin_id]
    rows = [
        (channels, _("Messages come in and go out by: %(titles)s."), _("No more messages come in or go out by: %(titles)s.")),
        (
            pages_of(registry, plugin_id, "Panel"),
            _("Appears beside tickets: %(titles)s."),
            _("Disappears beside tickets: %(titles)s."),
        ),
        (pages_of(registry, plugin_id, "Column"), _("Appears in lists: %(titles)s."), _("Disappears from lists: %(titles)s.")),
        (
            pages_of(registry, plugin_id, "Action"),
            _("Appears among the actions: %(titles)s."),
            _("Disappears from the actions: %(titles)s."),
        ),
    ]
    tone = "green" if on else "amber"
    found = [Change((yes if on else no) % {"titles": format_list(titles_of(given))}, tone) for given, yes, no in rows if given]  # type: ignore[arg-type]
    if pages_of(registry, plugin_id, "Pages"):
        found.append(Change(_("Its pages open.") if on else _("Its pages answer “not found”."), tone))  # type: ignore[arg-type]
    if any(owner == plugin_id for owner, _timer in registry.timers):
        found.append(Change(_("Its recurring work begins.") if on else _("Its recurring work stops."), tone))  # type: ignore[arg-type]
    return found


def _tickets(session: Session, form: Form) -> list[Change]:
    where = (Ticket.form_id == form.id, Ticket.status_kind.in_(OPEN_KINDS), Ticket.deleted_at.is_(None))
    number = session.scalar(sa.select(sa.func.count()).select_from(Ticket).where(*where)) or 0
    if not number:
        return []
    return [Change(ngettext("%(num)s open ticket is concerned.", "%(num)s open tickets are concerned.", number))]


def _waiting(session: Session, plugin_id: str, form: Form | None, on: bool) -> list[Change]:
    from plugdesk.jobs import waiting_for

    lines = []
    letters = _letters(session, plugin_id, form, DeliveryState.HELD if on else DeliveryState.QUEUED) if form else 0
    if letters and on:
        lines.append(Change(ngettext("%(num)s held message goes out.", "%(num)s held messages go out.", letters), "amber"))
    elif letters:
        text = ngettext(
            "%(num)s message waits to go out: it is held.", "%(num)s messages wait to go out: they are held.", letters
        )
        lines.append(Change(text, "amber"))
    jobs = waiting_for(session, plugin_id, form)
    if jobs and on:
        lines.append(Change(ngettext("%(num)s held job goes on.", "%(num)s held jobs go on.", jobs)))
    elif jobs:
        lines.append(Change(ngettext("%(num)s waiting job is held.", "%(num)s waiting jobs are held.", jobs)))
    return lines


def _letters(session: Session, plugin_id: str, form: Form, state: DeliveryState) -> int:
    registry = runtime_of(session).registry
    own = [name for name in registry.channels if registry.owner("channels", name) == plugin_id]
    if not own:
        return 0
    found = sa.select(sa.func.count()).select_from(Message).join(Message.ticket)
    where = (Ticket.form_id == form.id, Message.delivery == state, Message.channel.in_(own))
    return session.scalar(found.where(*where)) or 0
