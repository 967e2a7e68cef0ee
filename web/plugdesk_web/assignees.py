"""Whom a ticket can be given to, and who of them is at work now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from plugdesk.i18n import format_date, format_list
from plugdesk.i18n import gettext as _
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import User
from plugdesk.users.queries import agents_of_form, all_groups
from plugdesk.users.shifts import Presence, presence_of


@dataclass(frozen=True)
class Choice:
    """An entry of the menu: whom it gives the ticket to, what it says of them, and whom they stand in for."""

    id: int
    name: str
    initials: str = ""
    note: str = ""
    instead_of: str = ""


def assignees_of(session: Session, ticket: Ticket) -> dict[str, Any]:
    """The `people` and `groups` of the menu. A substitute stands again under whom they stand in for."""
    agents, groups = agents_of_form(session, ticket.form), all_groups(session)
    there = presence_of(
        session, {each.id: each for each in (*agents, *(one for group in groups for one in group.members))}.values()
    )
    able = {each.id for each in agents}
    people = []
    for agent in agents:
        people.append(Choice(agent.id, agent.name, agent.initials, presence_in_words(there[agent.id])))
        substitute = there[agent.id].substitute
        if substitute is not None and substitute.id in able:
            people.append(Choice(substitute.id, substitute.name, substitute.initials, instead_of=agent.name))
    return {
        "people": people,
        "groups": [
            Choice(each.id, each.name, note=_on_shift([one for one in each.members if one.active], there)) for each in groups
        ],
    }


def presence_in_words(presence: Presence) -> str:
    """That somebody is not at work, and why; nothing of who is."""
    if presence.away_until is not None:
        return _("away until %(day)s", day=format_date(presence.away_until))
    return "" if presence.on_shift else _("not on shift")


def _on_shift(members: list[User], there: Mapping[int, Presence]) -> str:
    names = [each.name for each in members if there[each.id].at_work]
    if not members:
        return _("nobody in it")
    return _("on shift: %(names)s", names=format_list(names)) if names else _("nobody on shift")
