"""What was counted before an upgrade is true after it."""

from __future__ import annotations

from importlib import import_module

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from tests.plugins.reports.test_counting import kept_count, plain_count


def test_lengths_and_customers_that_come_together_are_the_ones_that_were_counted(live, enable, session, form, run_jobs):
    enable("reports")
    live(6)
    run_jobs()
    plain, script = plain_count(session, form), import_module("plugdesk_reports.migrations.0005_spread")
    connection = session.connection()
    with Operations.context(MigrationContext.configure(connection)):
        script.downgrade()
        rows = [
            {"form_id": form.id, "sort": sort, "figure": figure, "day": day, "key": key, "grain": grain, "n": n}
            for (sort, figure, day, key, grain), n in plain.items()
            if sort != "customer"
        ]
        before = (
            "INSERT INTO reports_total (form_id, span, sort, figure, day, key, grain, n) "
            "VALUES (:form_id, 'd', :sort, :figure, :day, :key, :grain, :n)"
        )
        connection.execute(sa.text(before), rows)
        script.upgrade()
    assert len(rows) > 100 and kept_count(session, form) == plain
