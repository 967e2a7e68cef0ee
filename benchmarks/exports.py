"""Lists as files: `python benchmarks/exports.py [TICKETS] [DATABASE]`, 100,000 on SQLite where nothing is said.

Makes a desk, has everything on it exported with all fields, as a worker does it, and prints how long that takes and by how much the
process grows beside their limits: of 100,000 tickets as XLSX 60 s and 200 MB.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import sqlalchemy as sa
from measure import Figure, print_figures
from reports import make_tickets

from plugdesk.forms.models import Form
from plugdesk.opening import open_runtime
from plugdesk.plugins.switch import enable_plugin
from plugdesk.runtime import Runtime
from plugdesk.settings import Settings
from plugdesk.users.models import Role, User
from plugdesk.worker import Worker
from plugdesk_reports import exporting
from plugdesk_reports.models import Export, FileState

TICKETS, SECONDS, MEGABYTES = 100_000, 60, 200


def main() -> int:
    tickets = int(sys.argv[1]) if len(sys.argv) > 1 else TICKETS
    with tempfile.TemporaryDirectory() as folder:
        given: dict[str, Any] = {"database_url": sys.argv[2]} if len(sys.argv) > 2 else {}
        runtime = open_runtime(Settings(data=Path(folder), base_url="https://desk.example", **given), migrating=True)
        make_tickets(runtime, tickets)
        figures = _csv_and_xlsx(runtime, tickets)
        runtime.close()
    return 0 if print_figures(figures) else 1


def _csv_and_xlsx(runtime: Runtime, tickets: int) -> list[Figure]:
    with runtime.database.write() as session:
        for form in session.scalars(sa.select(Form)).all():
            enable_plugin(session, form, "reports", None)
    Worker(runtime, "benchmark").run_due()
    figures = []
    for kind in ("xlsx", "csv"):
        seconds, grown = _export(runtime, kind)
        figures.append(Figure(f"{tickets} tickets as {kind.upper()}, all fields", seconds, SECONDS, "s"))
        figures.append(Figure("… by which the process grew", grown, MEGABYTES, "MB"))
    return figures


def _export(runtime: Runtime, kind: str) -> tuple[float, float]:
    """Seconds and megabytes for everything as one file."""
    with runtime.database.write() as session:
        admin = session.scalars(sa.select(User).where(User.role == Role.ADMIN)).one()
        ctx = runtime.context("reports", runtime.desk(session), session)
        number = exporting.begin(ctx, exporting.wish_of(ctx, admin, {"view": "all", "columns": "all"}), admin, kind=kind).id
    Path("/proc/self/clear_refs").write_text("5")  # making the tickets took more than writing them does: the peak is forgotten
    before, started = _megabytes("VmRSS"), perf_counter()
    Worker(runtime, "benchmark").run_due()
    took, grown = perf_counter() - started, _megabytes("VmHWM") - before
    with runtime.database.read() as session:
        assert session.get_one(Export, number).state is FileState.READY
    return took, grown


def _megabytes(name: str) -> float:
    """What Linux says of this process: how much memory it has (`VmRSS`), and had at most (`VmHWM`)."""
    line = next(each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    sys.exit(main())
