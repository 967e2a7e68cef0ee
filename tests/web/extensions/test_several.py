"""Actions of extensions on several tickets at once."""

from __future__ import annotations

import pytest

from plugdesk.plugins.switch import enable_plugin
from plugdesk.runtime import Runtime
from plugdesk.settings import Settings
from plugdesk_web.contributions import Button, FormActions
from tests.factories import make_ticket
from tests.web.extensions.trial import trial

ASKED: list[str] = []


def every(ctx):
    ASKED.append(ctx.form.name)
    return [Button("ring", "Ring")]


def run(ctx, ticket, agent, code):
    ASKED.append(ticket.subject)


def ringing():
    def pages():
        return [FormActions("ringing", every, lambda ctx, ticket, agent: [], run)]

    return trial("ringing", pages)


@pytest.fixture
def runtime(database, clock, tmp_path, _plugins) -> Runtime:
    runtime = Runtime(Settings(data=tmp_path, database_url=database.url), plugins=[*_plugins, ringing()], clock=clock)
    runtime.database = database
    database.info["runtime"] = runtime
    return runtime


def test_a_form_is_asked_for_its_actions_once_however_many_tickets_there_are(marta, session, forms, admin) -> None:
    enable_plugin(session, forms[0], "ringing", None)
    tickets = [make_ticket(session, forms[0], subject=f"The till beeps {n}") for n in range(4)]
    session.commit()
    token = next(iter(marta.get("/views/open").forms.values()))["csrf_token"].value
    ASKED.clear()
    body = {"csrf_token": token, "do": "ringing:ring", "ticket": [str(each.id) for each in tickets]}
    assert marta.post("/tickets/selection", body).status_int == 303
    # Once whether it asks first, once for the tickets, once for the name in the answer.
    assert [each for each in ASKED if each == forms[0].name] == [forms[0].name] * 3
    assert [each for each in ASKED if each != forms[0].name] == [f"The till beeps {n}" for n in range(4)]
