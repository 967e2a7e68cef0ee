"""What a ticket's page asks finds its rows by an index, also on a desk of which SQLite knows how little some columns tell apart."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.factories import make_form, make_ticket

MOSTLY_EMPTY = ("merged_into_id", "parent_id")


def test_a_tickets_page_reads_no_tickets_from_end_to_end(desk, session, browse, admin):
    if session.get_bind().dialect.name != "sqlite":
        pytest.skip("The plans are SQLite's.")
    ticket = make_ticket(session, make_form(session))
    session.commit()
    connection = session.connection()
    connection.exec_driver_sql("ANALYZE")
    for column in MOSTLY_EMPTY:  # as ANALYZE counts 100,000 tickets: all alike, or only those that have a value
        partial = connection.exec_driver_sql(
            f"SELECT sql LIKE '%WHERE%' FROM sqlite_master WHERE name = 'ix_ticket_{column}'"
        ).scalar()
        figures = ("ticket", f"ix_ticket_{column}", "5 1" if partial else "100000 100000")
        connection.exec_driver_sql("DELETE FROM sqlite_stat1 WHERE idx = ?", figures[1:2])
        connection.exec_driver_sql("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", figures)
    connection.exec_driver_sql("ANALYZE sqlite_schema")
    session.commit()

    asked: list[tuple[str, tuple[object, ...]]] = []
    page = browse(admin)
    sa.event.listen(sa.engine.Engine, "before_cursor_execute", note := lambda *about: asked.append((about[2], about[3])))
    page.get(f"/tickets/{ticket.number}", status=200)
    sa.event.remove(sa.engine.Engine, "before_cursor_execute", note)
    assert any("ticket_link" in statement for statement, _given in asked)
    plans = [
        plan
        for statement, given in asked
        if statement.startswith("SELECT")
        for plan in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given).scalars("detail")
    ]
    assert [plan for plan in plans if plan.startswith("SCAN ticket")] == []
