"""A thread is read with everybody who wrote in it, however many there are."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.tickets.correspondence import add_note
from plugdesk.tickets.queries import thread_of, ticket_for
from tests.factories import make_admin, make_agent, make_form, make_ticket


def test_whoever_wrote_on_a_ticket_is_read_in_one_query(session: Session) -> None:
    form, admin = make_form(session), make_admin(session)
    ticket = make_ticket(session, form)
    for number in range(4):
        add_note(session, ticket, make_agent(session, form, name=f"Agent {number}"), body="<p>Look.</p>")
    add_note(session, ticket, None, body="<p>The desk says so.</p>")
    session.flush()
    number = ticket.number
    session.expunge_all()
    seen = ticket_for(session, session.get_one(type(admin), admin.id), number)

    asked: list[str] = []
    sa.event.listen(session.connection(), "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))
    messages = thread_of(session, seen)
    assert [each.author and each.author.name for each in messages][1:] == ["Agent 0", "Agent 1", "Agent 2", "Agent 3", None]
    assert all(each.ticket is seen and each.home is seen for each in messages)
    assert len(asked) == 2, asked  # the messages, and those who are not known yet
