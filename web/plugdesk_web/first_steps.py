"""How far a new desk has come: told by what there is, so that steps done elsewhere count, and nothing is stored for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.contributions import HealthLine
from plugdesk.events import Event
from plugdesk.forms.models import Form
from plugdesk.forms.queries import all_forms
from plugdesk.runtime import runtime_of
from plugdesk.tickets.models import Direction, Message, Ticket

STEPS = ("configuration", "mailbox", "test", "answer")
MAIL = "email"


@dataclass(frozen=True)
class Progress:
    """What is there: the first form, its mailboxes, the first ticket on it, whether an agent has answered that."""

    form: Form | None
    mailboxes: Sequence[HealthLine]
    ticket: Ticket | None
    is_answered: bool

    @property
    def done(self) -> frozenset[str]:
        found = {"configuration": self.form, "mailbox": self.mailboxes, "test": self.ticket, "answer": self.is_answered}
        return frozenset(name for name, there in found.items() if there)

    @property
    def next(self) -> str | None:
        """The first step that is not done; None when all are."""
        return next((step for step in STEPS if step not in self.done), None)

    @property
    def takes_mail(self) -> bool:
        """Whether the form can have a mailbox: its extension is there and on."""
        return self.form is not None and self.form.has(MAIL)


def progress_of(session: Session) -> Progress:
    """How far the desk has come with the form of its ready-made configuration, or else its first one."""
    chosen = session.scalar(sa.select(Event.form_id).where(Event.kind == "configuration_applied").order_by(Event.id).limit(1))
    forms = all_forms(session)
    form = next((each for each in forms if each.id == chosen), forms[0] if forms else None)
    if form is None:
        return Progress(None, (), None, False)
    ticket = session.scalar(
        sa.select(Ticket).where(Ticket.form_id == form.id, Ticket.deleted_at.is_(None)).order_by(Ticket.id).limit(1)
    )
    return Progress(form, _mailboxes(session, form), ticket, ticket is not None and _is_answered(session, ticket))


def _mailboxes(session: Session, form: Form) -> Sequence[HealthLine]:
    runtime = runtime_of(session)
    channel = runtime.registry.channels.get(MAIL)
    if channel is None or not form.has(MAIL) or runtime.executor.run(MAIL, "channel email", form, session, channel.ready):
        return ()
    lines = runtime.executor.ask(MAIL, "health", form, session)
    return [line for line in lines or () if "@" in line.title]


def _is_answered(session: Session, ticket: Ticket) -> bool:
    said = sa.select(Message.id).where(
        Message.ticket_id == ticket.id, Message.direction == Direction.OUTGOING, Message.author_id.is_not(None)
    )
    return session.scalar(said.limit(1)) is not None
