"""What an extension says beforehand about a ticket's page: a panel or action that has nothing for it is not asked."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.plugins.loader import State
from plugdesk.plugins.registry import Registry
from plugdesk.plugins.switch import enable_plugin
from plugdesk.runtime import Runtime
from plugdesk.settings import Settings
from plugdesk_web.contributions import Action, Button, FormActions, Panel
from tests.factories import make_ticket
from tests.web.extensions.trial import trial

ASKED: list[str] = []


def about(name):
    def show(ctx, ticket, viewer):
        ASKED.append(name)

    return show


def of_form(name):
    def offered(ctx, ticket, agent):
        ASKED.append(name)
        return [Button(name, f"Do {name}")]

    return offered


def asks(name):
    def offered(ctx, ticket, agent):
        ASKED.append(name)
        return True

    return offered


def choosy():
    def pages():
        return [
            Panel("always", "Always", about("always")),
            Panel("first", "First", about("first"), concerns=lambda ticket: ticket.subject.endswith(" 1")),
            FormActions("second", lambda ctx: [], of_form("second"), concerns=lambda ticket: ticket.subject.endswith(" 2")),
            Action(
                "third",
                "Third",
                "check",
                lambda ctx, ticket, agent: "Done.",
                asks("third"),
                concerns=lambda ticket: ticket.subject.endswith(" 2"),
            ),
            FormActions("form", lambda ctx: [], of_form("form"), concerns=lambda ticket: ticket.form_id > 0),
        ]

    return trial("choosy", pages)


def careless():
    def pages():
        return [Panel("gone", "Gone", about("gone"), concerns=lambda ticket: sa.exists(sa.text("select 1 from no_such_table")))]

    return trial("careless", pages)


def mistaken(concerns):
    def pages():
        return [Panel("mistaken", "Mistaken", about("mistaken"), concerns=concerns)]

    return trial("mistaken", pages)


@pytest.fixture
def runtime(database, clock, tmp_path, _plugins) -> Runtime:
    plugins = [*_plugins, choosy(), careless()]
    runtime = Runtime(Settings(data=tmp_path, database_url=database.url), plugins=plugins, clock=clock)
    runtime.database = database
    database.info["runtime"] = runtime
    return runtime


@pytest.fixture
def tickets(session, forms, admin):
    tickets = [make_ticket(session, forms[0], subject=f"The till beeps {n}") for n in (1, 2)]
    enable_plugin(session, forms[0], "choosy", None)
    session.commit()
    ASKED.clear()
    return tickets


def test_a_page_asks_those_that_are_concerned(marta, tickets) -> None:
    first, second = tickets
    marta.get(f"/tickets/{first.id}")
    assert ASKED == ["always", "first", "form"]
    ASKED.clear()
    page = marta.get(f"/tickets/{second.id}")
    assert ASKED == ["always", "third", "second", "form"]
    assert "Do second" in page and "Third" in page


def test_a_question_the_database_refuses_leaves_the_page_whole(marta, session, forms, tickets) -> None:
    enable_plugin(session, forms[0], "careless", None)
    session.commit()
    page = marta.get(f"/tickets/{tickets[0].id}")
    assert "The till beeps 1" in page
    assert ASKED == ["always", "first", "gone", "third", "second", "form"]


@pytest.mark.parametrize("concerns", [lambda ticket: ticket.no_such_column, lambda ticket: True])
def test_a_question_that_is_none_keeps_the_plugin_from_being_loaded(concerns) -> None:
    plugin = mistaken(concerns)
    Registry([plugin])
    assert plugin.state is State.FAILED
