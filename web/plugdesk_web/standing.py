"""What a ticket's page asks about its reader and its extensions, in one query."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.runtime import runtime_of
from plugdesk.tags.queries import Chip, chips_of_customer, chips_of_ticket, read_chips
from plugdesk.tickets.models import Link, Ticket, Watcher
from plugdesk.users.models import User
from plugdesk_web.contributions import Action, Concerns, FormActions, Panel, contributed
from plugdesk_web.drafts import draft_said, said_on

log = logging.getLogger(__name__)

Named = tuple[str, type, str]
"""A contribution: its plugin, its kind, its name."""


@dataclass(frozen=True)
class Standing:
    """How a ticket's page begins: whether its reader watches it, what they left unsent on it, its tags and its customer's.

    `linked` says whether it has links at all, or tickets merged into it that may have some; `unconcerned` are the extensions' panels and actions that have nothing for this ticket.
    """

    watched: bool
    linked: bool
    draft: Mapping[str, str]
    tags: Sequence[Chip]
    customers_tags: Sequence[Chip]
    unconcerned: frozenset[Named]


def standing_of(session: Session, ticket: Ticket, agent: User) -> Standing:
    """How `agent` stands to the ticket, and which extensions have nothing for it. One query.

    Where an extension's part of the query fails, every extension counts as concerned: its own function says what is wrong.
    """
    asked = _asked(session, ticket)
    about = {"ticket_id": ticket.id, "user_id": agent.id}
    try:
        watched, linked, said, tags, customers_tags, *answers = session.execute(_statement(tuple(asked.values())), about).one()
    except sa.exc.DBAPIError:
        log.warning("What extensions ask about a ticket's page could not be read", exc_info=True)
        session.rollback()
        watched, linked, said, tags, customers_tags = session.execute(_statement(()), about).one()
        asked, answers = {}, []
    denied = frozenset(name for name, answer in zip(asked, answers, strict=True) if not answer)
    return Standing(bool(watched), bool(linked), draft_said(said), read_chips(tags), read_chips(customers_tags), denied)


def _asked(session: Session, ticket: Ticket) -> dict[Named, Concerns]:
    registry, asked = runtime_of(session).registry, dict[Named, Concerns]()
    for kind in (Panel, Action, FormActions):
        for each in contributed(registry, kind):
            if each.what.concerns is not None and ticket.form.has(each.plugin):
                asked[each.plugin, kind, each.what.name] = each.what.concerns
    return asked


@lru_cache(maxsize=256)
def _statement(asked: tuple[Concerns, ...]) -> sa.Select[*tuple[Any, ...]]:
    """Made once for the extensions that are on. Of columns of tables: no entity comes of it."""
    ticket, watcher, me = Ticket.__table__.c, Watcher.__table__.c, sa.bindparam("user_id", type_=sa.Integer)
    watched = sa.exists().where(watcher.ticket_id == ticket.id, watcher.user_id == me)
    merged = sa.alias(Ticket.__table__)
    linked = sa.or_(
        sa.exists().where(sa.or_(Link.ticket_id == ticket.id, Link.other_id == ticket.id)),
        sa.exists().where(merged.c.merged_into_id == ticket.id),
    )
    chips = chips_of_ticket(ticket.id), chips_of_customer(ticket.customer_id)
    parts = [watched, linked, said_on(ticket.id, me), *chips, *(sa.type_coerce(each(ticket), sa.Boolean) for each in asked)]
    # Labelled by place: two extensions may ask alike.
    labelled = [part.label(f"part_{number}") for number, part in enumerate(parts)]
    return sa.select(*labelled).where(ticket.id == sa.bindparam("ticket_id"))
