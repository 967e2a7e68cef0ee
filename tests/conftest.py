"""What every test may ask for. The fixtures themselves stand in `tests/support/`, one file a subject."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from plugdesk.plugins import executor
from tests.support.guard import loopback_only
from tests.support.parts import CORPORA, PARTS, left_out, require

__all__ = ["CORPORA"]

LIMIT = 600  # seconds for one test, with the servers it starts
PATIENCE = 60  # seconds for a decision, save in the tests of its limit: the machine may be slow

pytest_plugins = [
    "plugdesk.testing.kit",
    "tests.support.databases",
    "tests.support.desk",
    "tests.support.servers",
    "tests.support.browser",
    "tests.support.work",
    "tests.support.company",
    "tests.support.served",
    "tests.support.stranger",
]


# No test is timed: a slow machine is no defect. All else is as Hypothesis has it, which under CI tries the same cases each time.
settings.register_profile("desk", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("desk")


def pytest_configure(config: pytest.Config) -> None:
    # A run that is told to stop takes its servers with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Playwright keeps an event loop in this thread from its first use to the end: whoever wants one of their own goes first.
    items.sort(key=lambda item: "browser" in getattr(item, "fixturenames", ()))
    # What stays to the end anyway, thousands of tests among it, is not looked through at every full collection.
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Fails a test that goes on for too long, wherever it is stuck, and lets the others run."""
    if sys.platform == "win32":
        return (yield)
    signal.signal(signal.SIGALRM, lambda *_: pytest.fail(f"took longer than {LIMIT} seconds"))
    signal.alarm(LIMIT)
    try:
        return (yield)
    finally:
        signal.alarm(0)


@pytest.fixture(scope="session", autouse=True)
def unhurried() -> Iterator[None]:
    """No plugin is suspended because a machine that tests stood still for some seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(executor, "DECISION_LIMIT", PATIENCE)
        yield


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        for name in marker.args:
            require(name)


@pytest.fixture(autouse=True, scope="session")
def _attempts_to_leave() -> Iterator[list[str]]:
    with loopback_only() as tried:
        yield tried


@pytest.fixture(autouse=True, scope="session")
def _compiled_once() -> Iterator[None]:
    """Templates and routes are compiled once for the run and not once an application: tests take half as long."""
    from plugdesk.templating import Application
    from plugdesk.testing.routes import SharedRule
    from plugdesk.testing.templates import CompiledTemplates

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Application, "compiled", CompiledTemplates())
        patch.setattr(Application, "url_rule_class", SharedRule)
        yield


@pytest.fixture(autouse=True)
def _no_outside_network(_attempts_to_leave: list[str]) -> Iterator[None]:
    """Fails a test that tried to reach another machine, also when the code under test swallowed the refusal."""
    _attempts_to_leave.clear()
    yield
    if _attempts_to_leave:
        pytest.fail(f"tried to reach another machine: {', '.join(_attempts_to_leave)}", pytrace=False)


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of public collections of letters; each has its licence and source beside it."""
    require("corpora")
    return CORPORA


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not left_out:
        return
    terminalreporter.section("left out")
    for name, number in left_out.most_common():
        tests = "1 test" if number == 1 else f"{number} tests"
        terminalreporter.line(f"{tests} without {name}. To have them: {PARTS[name].how}")
