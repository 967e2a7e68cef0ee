"""A plugin that fails wherever it is asked, in every way it can: the main job goes on as if it were not there."""

from __future__ import annotations

import inspect
import re
import sys

import pytest
import sqlalchemy as sa

from plugdesk import hooks
from plugdesk.events import Event
from plugdesk.forms.models import Form, StatusKind
from plugdesk.plugins.figures import HookError
from plugdesk.plugins.loader import _forget_models
from plugdesk.plugins.switch import enable_plugin
from plugdesk.testing.browser import browser_of
from plugdesk.testing.desks import plugins_here
from plugdesk.tickets.commands import accept, become
from plugdesk.tickets.correspondence import reply_to_ticket
from plugdesk.tickets.models import DeliveryState, Direction, Ticket
from plugdesk.users.models import User
from plugdesk_csat.models import Rating
from tests.support.company import ADMIN, AGENT, company_at, letter, post

ADDRESS = "ann@example.com"
MANIFEST = 'id = "saboteur"\nname = "Saboteur"\nsummary = "It fails."\ncategory = "other"\nscope = "form"\napi = ">=1.0,<2"\n'

SINS = {
    "raises": "raise RuntimeError('out of order')",
    "exits": "raise SystemExit(3)",
    "commits": "ctx.db.commit()",
    "rolls back": "ctx.db.rollback()",
    "breaks the transaction": "ctx.db.execute(sa.text('INSERT INTO nowhere VALUES (1)'))",
    "leaves rubbish in the session": "ctx.db.add(Message(ticket_id=-1, text=None)); ctx.db.flush()",
    "returns junk": "return 17",
    "returns other junk": "return {'assignee_id': 'nobody', 'rank': object(), 'values': 3}",
    "takes its time": "time.sleep(1.2)",
}

PLUGIN = """
import time
from datetime import timedelta
import sqlalchemy as sa
from plugdesk.api import *
from plugdesk_web.api import *

def sin(ctx):
    {sin}

{hooks}
def values(ctx, ticket, **about): return {told}
def asked(ctx, *args): return {told}

@hookimpl
def jobs(): return [JobKind("work", asked)]
@hookimpl
def timers(): return [Timer("tick", timedelta(minutes=1), asked)]
@hookimpl
def variables(): return [Variables("sabotage", {{"word": "A word"}}, values)]
@hookimpl
def facts(): return [Fact("sabotage", "Sabotage", "number", lambda ticket: sa.literal(1))]
@hookimpl
def pages(): return [
    Panel("p", "P", asked), Column("c", "C", asked), Column("d", "D", facts=("sabotage",), cell=lambda values: 1 / 0),
    Action("a", "A", "star", asked, asked),
]
"""

DECISIONS = frozenset({"filter", "follow", "first"})  # in all else a second is nothing remarkable: these have a limit
LEFT_ALONE = frozenset({"contribution", "veto"})  # who fails where it may refuse has refused: nobody could be added to the desk


def every_hook(told: str) -> str:
    """Code that implements each hook there is; `told` is what those do that may take their time."""
    made = []
    for name, spec in vars(hooks).items():
        kind = getattr(spec, "plugdesk_kind", "contribution")
        if kind not in LEFT_ALONE:
            does = "sin(ctx)" if kind in DECISIONS else told
            made.append(f"@hookimpl\ndef {name}({', '.join(inspect.signature(spec).parameters)}): return {does}")
    return "\n".join(made)


@pytest.fixture(params=SINS)
def company(request, database_url, tmp_path, clock, monkeypatch):
    """The company with a saboteur of one kind on its form, in a desk that puts aside what plugins do."""
    monkeypatch.setattr("plugdesk.plugins.executor.DECISION_LIMIT", 1.0)
    folder = tmp_path / "plugin/plugdesk_saboteur"
    folder.mkdir(parents=True)
    sin, slow = SINS[request.param], request.param == "takes its time"
    told = "None" if slow else "sin(ctx)"
    (folder / "__init__.py").write_text(PLUGIN.format(sin=sin, told=told, hooks=every_hook(told)))
    (folder / "plugin.toml").write_text(MANIFEST)
    path = list(sys.path)
    with company_at(database_url, tmp_path, plugins_here([folder]), clock=clock) as company:
        with company.runtime.database.write() as session:
            enable_plugin(session, session.scalars(sa.select(Form).where(Form.slug == "support")).one(), "saboteur", None)
        yield company
    _forget_models("plugdesk_saboteur")
    sys.modules.pop("plugdesk_saboteur", None)
    sys.path[:] = path


def write(company, text, **fields):
    post(company.mail, letter(f"Ann Smith <{ADDRESS}>", "The till beeps", text, **fields))
    company.later(seconds=61)
    company.work()


def test_each_step_of_the_main_job_stays_whole(company):
    from plugdesk.app import create_app

    app = create_app(company.runtime)

    def visit(email):
        browser = browser_of(app)
        with company.runtime.database.read() as session:
            browser.sign_in(session.scalars(sa.select(User).where(User.email == email)).one())
        return browser

    write(company, "Twice.")
    assert [made["Subject"] for made in company.letters(ADDRESS)] == ["Re: [#1] The till beeps"]
    assert visit(ADMIN).get("/system").status_code == 200
    for email in (ADMIN, AGENT):
        shown = visit(email).get("/tickets/1")
        assert (shown.status_code, "Twice." in shown.get_data(as_text=True)) == (200, True)
        listed = visit(email).get("/views/open")
        assert (listed.status_code, "The till beeps" in listed.get_data(as_text=True)) == (200, True)
    assert visit(AGENT).post("/tickets/1/x/saboteur/a").status_code < 600
    with company.runtime.database.write() as session:
        agent, ticket = session.scalars(sa.select(User).where(User.email == AGENT)).one(), session.get_one(Ticket, 1)
        accept(session, ticket, agent)
        reply_to_ticket(session, ticket, agent, body="<p>Restart it. ${sabotage:word}</p>")
    company.work()
    answer = company.letters(ADDRESS)[-1]
    assert "Restart it." in answer.get_body(("plain",)).get_content()
    write(company, "It works.", In_Reply_To=answer["Message-ID"])
    with company.runtime.database.write() as session:
        agent, ticket = session.scalars(sa.select(User).where(User.email == AGENT)).one(), session.get_one(Ticket, 1)
        become(session, ticket, StatusKind.RESOLVED, by=agent)
    company.work()
    notice = company.letters(ADDRESS)[-1].get_body(("html",)).get_content()
    rating = re.search(r'href="http://[^/"]+(/p/support/csat/[^"?]+)', notice)
    assert rating is not None
    assert browser_of(app).post(rating[1], data={"mark": "5"}).status_code == 303
    with company.runtime.database.read() as session:
        said = company.messages_of(session, ADDRESS)
        assert [message.direction for message in said if message.kind == "human"] == [
            Direction.INCOMING,
            Direction.OUTGOING,
            Direction.INCOMING,
        ]
        assert {message.delivery for message in said if message.delivery} == {DeliveryState.SENT}
        assert [rating.mark for rating in session.scalars(sa.select(Rating))] == [5]
        assert session.get_one(Ticket, 1).status_kind is StatusKind.RESOLVED
        assert session.get_one(Ticket, 1).assignee_id is not None


def test_it_is_suspended_and_the_admin_sees_since_when_and_why(company, request):
    from plugdesk.app import create_app

    junk = "junk" in request.node.callspec.id
    for number in range(6):
        write(company, f"Number {number}.")
    company.runtime.figures.write(company.runtime.database)
    with company.runtime.database.read() as session:
        form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
        admin = session.scalars(sa.select(User).where(User.email == ADMIN)).one()
        # What answers with junk here and well elsewhere is resumed with the first good answer; its errors are shown all the same.
        assert junk or set(form.suspended) == {"saboteur"}
        assert set(session.scalars(sa.select(Event.plugin).where(Event.kind == "extension_suspended"))) == {"saboteur"}
        assert session.scalar(sa.select(sa.func.sum(HookError.times)).where(HookError.plugin == "saboteur")) >= 5
        assert session.scalar(sa.select(sa.func.count()).select_from(Ticket)) == 6
    browser = browser_of(create_app(company.runtime))
    browser.sign_in(admin)
    shown = browser.get("/extensions/saboteur")
    assert (shown.status_code, junk or "Suspended" in shown.get_data(as_text=True)) == (200, True)
