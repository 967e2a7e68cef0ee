"""The same page sent many times at one instant, and a letter's button pressed by two: one ticket (faults 39 and 40)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from plugdesk.runtime import Runtime
from plugdesk.settings import Settings
from plugdesk.tickets.models import Ticket
from plugdesk_webform.sending import Entered, Sent, wait_for_letter
from plugdesk_webform.tokens import new_token, read_token
from tests.plugins.webform.conftest import Visitor, worked

pytestmark = pytest.mark.both_databases
PATH = "/p/support/webform/a-question"
TYPED = {"email": "ann@home.example", "subject": "The till beeps", "text": "Twice."}


@pytest.fixture
def runtime(database_url: str, tmp_path: Any, loaded_plugins: list[Any], clock: Any) -> Iterator[Any]:
    """A desk on a database of its own: each request has its own connection, as in life."""
    runtime = Runtime(
        Settings(data=tmp_path, database_url=database_url, base_url="https://desk.example"), plugins=loaded_plugins, clock=clock
    )
    yield runtime
    runtime.close()


def at_once(app, number, act):
    gate, answers = threading.Barrier(number), []

    def run():
        visitor = Visitor(app)
        gate.wait()
        answers.append(act(visitor))

    threads = [threading.Thread(target=run) for _ in range(number)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return answers


@pytest.mark.parametrize("anonymous", [False, True])
def test_a_token_used_at_the_same_instant_opens_one_ticket(app, visitor, request_form, session, anonymous):
    request_form(anonymous=anonymous)
    token = visitor.token(PATH)
    typed = {**TYPED, "token": token, "work": worked(token)}
    answers = at_once(app, 5, lambda visitor: visitor.post(PATH, typed))
    assert {each.status_code for each in answers} == {303}
    assert len({each.headers["Location"] for each in answers}) == 1
    assert session.scalar(sa.select(sa.func.count()).select_from(Ticket)) == 1


def test_a_link_pressed_twice_at_the_same_instant_opens_one_ticket(app, request_form, session, webform):
    row = request_form()
    token = read_token(webform, row, new_token(webform, row, host="desk.example", site="", page=""), host="desk.example")
    entered = Entered(email="ann@home.example", subject="Hello", text="Hi")
    _submission, link = wait_for_letter(webform, row, Sent(token, entered, {}, connection="x", language="en"))
    session.commit()
    answers = at_once(app, 5, lambda visitor: visitor.post(f"/p/support/webform/confirmations/{link}", {}))
    assert {each.status_code for each in answers} == {303}
    assert session.scalar(sa.select(sa.func.count()).select_from(Ticket)) == 1


def test_who_only_looks_waits_for_no_writer(app, visitor, request_form, runtime):
    request_form()
    wrong = {"token": visitor.token(PATH), "work": "", "text": "Twice."}
    with runtime.database.write() as writer:
        writer.execute(sa.update(Ticket).values(subject="Held"))
        assert visitor.post(f"{PATH}/fields", TYPED).status_code == 200
        assert visitor.post(PATH, wrong).status_code == 422
        assert visitor.post("/p/support/webform/confirmations/unknown", {}).status_code == 404
