"""A decision has a second: what overruns it is suspended, a statement that does is broken off."""

import pytest
import sqlalchemy as sa

from plugdesk.database import STATEMENT_LIMIT_MS, finish
from plugdesk.plugins import executor
from tests.core.plugins.conftest import build_form, build_plugin

pytestmark = pytest.mark.both_databases
DECISION_LIMIT = executor.DECISION_LIMIT  # before the tests at large are given more


@pytest.fixture(autouse=True)
def in_earnest(monkeypatch):
    monkeypatch.setattr(executor, "DECISION_LIMIT", DECISION_LIMIT)


def ok(ctx, ticket, settled):
    return {**settled, "by": [*settled.get("by", []), ctx.plugin]}


ok.__name__ = "settle_ticket"


def test_a_decision_that_takes_too_long_counts_but_suspends_at_once(build_runtime, open_session, monkeypatch):
    runtime = build_runtime(build_plugin("slow", ok))
    session = open_session(runtime)
    form = build_form(session, on=("slow",))
    moments = iter([0.0, DECISION_LIMIT + 0.1])
    monkeypatch.setattr("plugdesk.plugins.executor.perf_counter", lambda: next(moments))
    value, failed = runtime.executor.filter("settle_ticket", form, session, {}, name="settled", ticket=None)
    session.commit()
    finish(session)
    with runtime.database.read() as reading:
        entry = runtime.scope(reading, form.id).suspended["slow"]
    assert (value, failed) == ({"by": ["slow"]}, [])
    assert "took 1.1 s" in entry["reason"]


ENDLESS = sa.text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")


def test_a_statement_in_a_decision_is_broken_off_after_a_second_and_the_desks_own_goes_on(build_runtime, open_session):
    def endless(ctx, settled):
        ctx.db.scalar(ENDLESS)

    endless.__name__ = "settle_ticket"
    runtime = build_runtime(build_plugin("endless", endless), build_plugin("good", ok))
    session = open_session(runtime)
    form = build_form(session, on=("endless", "good"))
    value, failed = runtime.executor.filter("settle_ticket", form, session, {}, name="settled", ticket=None)
    assert (value, failed) == ({"by": ["good"]}, ["endless"])
    form.name = "Support, saved"
    session.commit()
    with runtime.database.read() as reading:
        assert runtime.scope(reading, form.id).name == "Support, saved"
    if runtime.database.dialect == "postgresql":
        assert session.scalar(sa.text("SHOW statement_timeout")) == f"{STATEMENT_LIMIT_MS // 1000}s"


def test_a_decision_within_a_decision_leaves_the_first_one_its_second(build_runtime, open_session):
    def outer(ctx, settled):
        runtime.executor.first("channel_for", form, session, ticket=None, customer=None)
        ctx.db.scalar(ENDLESS)

    def inner(ctx):
        ctx.db.scalar(sa.text("SELECT 1"))

    outer.__name__, inner.__name__ = "settle_ticket", "channel_for"
    runtime = build_runtime(build_plugin("outer", outer), build_plugin("inner", inner))
    session = open_session(runtime)
    form = build_form(session, on=("outer", "inner"))
    _value, failed = runtime.executor.filter("settle_ticket", form, session, {}, name="settled", ticket=None)
    assert failed == ["outer"]
