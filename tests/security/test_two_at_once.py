"""Two agents at the same moment: one wins, the other is told, and nothing is lost or done twice (I1)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa

from plugdesk.events import Event
from plugdesk.forms.models import Form
from plugdesk.testing.browser import browser_of
from plugdesk.tickets.models import Message, Ticket
from plugdesk.users.models import User
from tests.factories import make_agent, make_desk, make_form, make_ticket

pytestmark = pytest.mark.both_databases
AGENTS = ("ivan@desk.example", "petra@desk.example")


@pytest.fixture
def runtime(database_url: str, tmp_path: Any, _plugins: list[Any], clock: Any) -> Iterator[Any]:
    """A desk on a database of its own: each request has its own connection, as in life."""
    from plugdesk.runtime import Runtime
    from plugdesk.settings import Settings

    runtime = Runtime(
        Settings(data=tmp_path, database_url=database_url, base_url="https://desk.example"), plugins=_plugins, clock=clock
    )
    with runtime.database.write() as session:
        make_desk(session).set_up_at = clock.now()
        form = make_form(session, slug="support")
        session.flush()  # the form's id, for the rights on it
        for address in AGENTS:
            make_agent(session, form, email=address, is_admin=True)
        make_ticket(session, form)
    yield runtime
    runtime.close()


@pytest.fixture
def together(app: Any, runtime: Any) -> Callable[..., list[int]]:
    """`together(path, first, second)`: both agents send at once; the statuses of their answers, sorted."""

    def together(path: str, *bodies: dict[str, Any]) -> list[int]:
        gate, statuses = threading.Barrier(len(bodies)), list[int]()
        with runtime.database.read() as session:
            people = [session.scalars(sa.select(User).where(User.email == address)).one() for address in AGENTS]
        browsers = [browser_of(app) for _body in bodies]
        for number, browser in enumerate(browsers):
            browser.sign_in(people[number % 2])

        def send(browser: Any, body: dict[str, Any]) -> None:
            gate.wait()
            statuses.append(browser.post(path, data=body).status_code)

        threads = [threading.Thread(target=send, args=pair) for pair in zip(browsers, bodies, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(statuses)

    return together


def read(runtime: Any, query: Any) -> list[Any]:
    with runtime.database.read() as session:
        return list(session.scalars(query))


def events(runtime: Any, kind: str) -> int:
    return len(read(runtime, sa.select(Event).where(Event.kind == kind)))


def test_of_two_who_accept_one_gets_it_and_the_other_is_told(runtime: Any, together: Callable[..., list[int]]) -> None:
    assert together("/tickets/1/acceptance", {}, {}) == [303, 409]
    assert events(runtime, "ticket_accepted") == 1


def test_two_replies_from_the_same_page_lose_no_word(runtime: Any, together: Callable[..., list[int]]) -> None:
    """Both saw the customer's letter: whoever is slower is told of the other's words, and gets the own ones back."""
    statuses = together("/tickets/1/replies", {"text": "First answer", "seen": "1"}, {"text": "Second answer", "seen": "1"})
    written = read(runtime, sa.select(Message.text).where(Message.direction == "outgoing"))
    assert statuses.count(303) == len(written) >= 1
    assert set(statuses) <= {303, 409}


def test_one_form_sent_ten_times_at_once_sends_once(runtime: Any, app: Any, together: Callable[..., list[int]]) -> None:
    body = {"text": "Only once", "seen": "1", "once": "the key of one page"}
    statuses = together("/tickets/1/replies", *[body] * 2)
    assert set(statuses) <= {303, 409}
    with runtime.database.read() as session:
        per_author = session.execute(
            sa.select(Message.author_id, sa.func.count()).where(Message.direction == "outgoing").group_by(Message.author_id)
        ).all()
    assert all(number == 1 for _author, number in per_author)


def test_two_statuses_at_once_leave_one_of_them_and_a_whole_history(runtime: Any, together: Callable[..., list[int]]) -> None:
    statuses = together("/tickets/1/status", {"status": "done"}, {"status": "waiting"})
    assert set(statuses) <= {303, 409}
    (kind,) = read(runtime, sa.select(Ticket.status_kind))
    changed = read(runtime, sa.select(Event.data).where(Event.kind == "status_changed").order_by(Event.id))
    assert len(changed) == statuses.count(303)
    assert kind == {"done": "resolved", "waiting": "pending"}[changed[-1]["after"]]
    assert all(after["before"] == before["after"] for before, after in pairwise(changed))


def test_closing_twice_at_once_is_one_closing(runtime: Any, together: Callable[..., list[int]]) -> None:
    statuses = together("/tickets/1/status", {"status": "done"}, {"status": "done"})
    assert set(statuses) <= {303, 409}
    assert events(runtime, "ticket_closed") == 1


def test_assigning_to_two_people_at_once_ends_with_what_the_history_says_last(
    runtime: Any, together: Callable[..., list[int]]
) -> None:
    ivan, petra = (str(read(runtime, sa.select(User.id).where(User.email == address))[0]) for address in AGENTS)
    assert set(together("/tickets/1/assignment", {"assignee": ivan}, {"assignee": petra})) <= {303, 409}
    (assignee,) = read(runtime, sa.select(Ticket.assignee_id))
    told = read(runtime, sa.select(Event.data).where(Event.kind == "ticket_assigned").order_by(Event.id))
    assert told[-1]["after"]["assignee_id"] == assignee


def test_of_two_who_save_the_same_form_the_slower_one_is_told(runtime: Any, together: Callable[..., list[int]]) -> None:
    (version,) = read(runtime, sa.select(Form.version))
    bodies = [{"name": name, "language": "en", "version": str(version)} for name in ("Helpdesk", "Service")]
    assert together("/forms/support", *bodies) == [303, 409]
