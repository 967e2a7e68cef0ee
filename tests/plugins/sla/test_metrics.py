"""The share of kept promises in the reports is what one counts by hand, and goes with the extension."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from plugdesk.plugins.switch import disable_plugin
from plugdesk.report_metrics import report_metrics_on
from plugdesk.tickets.correspondence import reply_to_ticket
from plugdesk_sla import ticking


def judged(session, form, viewer):
    """What the reports count: ticket, moment, and 1 or 0."""
    offered = [each for each in report_metrics_on(session, [form], viewer) if each.code == "sla.kept"]
    if not offered:
        return None
    rows = offered[0].rows.subquery()
    return session.execute(sa.select(rows.c.ticket_id, rows.c.at, rows.c.value).order_by(rows.c.ticket_id, rows.c.at)).all()


@pytest.fixture
def tick(session, runtime):
    """`tick()`: the timer runs."""

    def tick():
        session.commit()
        ctx = runtime.context("sla", runtime.desk(session), session, kind="job")
        ctx.checkpoint = session.commit
        ticking.tick(ctx)
        session.commit()

    return tick


def test_each_target_counts_once_when_it_is_met_or_its_deadline_has_passed(
    session, form, promise, ask, agent, clock, later, tick
):
    promise(first="30 minutes", resolution="8 hours", around=True)
    quick, slow = ask(), ask()
    began = clock.now()
    assert judged(session, form, agent) == []
    later(minutes=10)
    reply_to_ticket(session, quick, agent, body="<p>Restart it.</p>")
    later(hours=1)
    tick()
    known = [(quick.id, began + timedelta(minutes=10), 1), (slow.id, began + timedelta(minutes=30), 0)]
    assert judged(session, form, agent) == known
    reply_to_ticket(session, slow, agent, body="<p>Restart it.</p>")
    session.commit()
    assert judged(session, form, agent) == known


def test_switched_off_the_figure_is_gone_and_comes_back_with_all_it_counted(session, ctx, form, promise, ask, agent, enable):
    promise(first="30 minutes", around=True)
    reply_to_ticket(session, ask(), agent, body="<p>Restart it.</p>")
    session.commit()
    assert len(judged(session, form, agent)) == 1
    disable_plugin(session, form, "sla", None)
    assert judged(session, form, agent) is None
    enable("sla")
    assert len(judged(session, form, agent)) == 1


def test_the_days_of_a_period_are_found_by_an_index(session, ctx, form, agent):
    offered = next(each for each in report_metrics_on(session, [form], agent) if each.code == "sla.kept")
    rows = offered.rows.subquery()
    asked = sa.select(sa.func.count()).select_from(rows).where(rows.c.at >= ctx.now, rows.c.at < ctx.now + timedelta(days=30))
    assert plan_of(session, asked)


def plan_of(session, statement):
    """Whether the statement goes by the index of what was judged; PostgreSQL is told that reading whole tables is dear."""
    text = statement.compile(session.connection(), compile_kwargs={"literal_binds": True})
    if session.connection().dialect.name == "sqlite":
        return any("ix_sla_clock_judged" in row[3] for row in session.execute(sa.text(f"EXPLAIN QUERY PLAN {text}")))
    session.execute(sa.text("SET LOCAL enable_seqscan = off"))
    return any("ix_sla_clock_judged" in row[0] for row in session.execute(sa.text(f"EXPLAIN {text}")))
