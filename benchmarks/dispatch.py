"""What a hook costs: `python benchmarks/dispatch.py`. 30 plugins installed, 8 on, no-op implementations without a SAVEPOINT.

The limit is 4 µs for each implementation beyond calling its function, breaker and timing included.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import Any

from measure import Figure, print_figures

from plugdesk.forms.models import Desk, Form
from plugdesk.hooks import hookimpl
from plugdesk.plugins.loader import Plugin, State
from plugdesk.runtime import Runtime
from plugdesk.settings import Settings

INSTALLED, ON, CALLS, RUNS = 30, 8, 500, 200


def main() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        runtime = Runtime(Settings(data=Path(folder)), plugins=[_plugin(f"noop{n:02}") for n in range(INSTALLED)])
        form = Form(id=1, slug="form", name="Form", created_at=datetime(2026, 1, 1, tzinfo=UTC), version=1, suspended={})
        form.extensions = [f"noop{n:02}" for n in range(0, INSTALLED, 3)][:ON]
        value: Mapping[str, Any] = {"rank": 0}
        functions = [each.function for each in runtime.registry.implementations("settle_ticket", form.extensions)]
        with runtime.database.read() as session:
            session.info["desk_row"] = desk = Desk(
                id=0, name="Benchmark", instance="b", language="en", zone="UTC", extensions=[], suspended={}
            )
            session.add(desk)  # a read session never flushes it
            through = _least(lambda: runtime.executor.filter("settle_ticket", form, session, value, name="settled", ticket=None))
        bare = _least(lambda: [function(value) for function in functions])
        runtime.database.close()
    each = (through - bare) / ON * 1e6
    compared = f"{through * 1e6:.1f} µs for a call of {ON}, {bare * 1e6:.1f} µs for the functions alone"
    return print_figures([Figure("a no-op implementation beyond the bare call", each, 4, "µs", compared)])


def _plugin(id: str) -> Plugin:
    module = ModuleType(f"plugdesk_{id}")

    def settle_ticket(settled: Mapping[str, Any]) -> None:
        return None

    module.settle_ticket = hookimpl(settle_ticket)  # type: ignore[attr-defined]
    return Plugin(id, State.OK, modules=[module])


def _least(call: Callable[[], object]) -> float:
    """Seconds a call takes: the least of several runs, since whatever disturbs only adds."""
    times = []
    for _run in range(RUNS):
        started = perf_counter()
        for _ in range(CALLS):
            call()
        times.append((perf_counter() - started) / CALLS)
    return min(times)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
