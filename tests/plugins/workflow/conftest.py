"""What the tests of workflow share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from plugdesk_workflow.commands import ActionInput, add_action
from plugdesk_workflow.definition import NOBODY, Definition
from plugdesk_workflow.entering import Given
from plugdesk_workflow.running import run_action


@pytest.fixture
def workflow(enable: Callable[..., Any]) -> Any:
    """The `ctx` of workflow, switched on for the form Support."""
    return enable("workflow")


@pytest.fixture
def action(workflow: Any, admin: Any) -> Callable[..., Any]:
    """`action("Payment received", does=…, letters=…)` adds an action of Support, offered in every status."""

    def action(name: str = "An action", *, statuses: Any = None, is_on: bool = True, **about: Any) -> Any:
        everywhere = [each.code for each in workflow.form.statuses]
        return add_action(workflow, ActionInput(name, statuses or everywhere, "", is_on, Definition(**about)), by=admin)

    return action


@pytest.fixture
def run(workflow: Any, agent: Any) -> Callable[..., Any]:
    """`run(ticket, action, text="<p>…</p>")` lets the agent run an action."""

    def run(ticket: Any, action: Any, *, by: Any = None, **given: Any) -> Any:
        return run_action(workflow, ticket, action, Given(**given), by=by or agent)

    return run


@pytest.fixture
def timed(action):
    """`timed("Close", AFTER_3_DAYS, …)` adds an action that only ever runs by itself, offered in New."""

    def timed(name, automatic, *, statuses=("new",), **about):
        return action(name, statuses=list(statuses), automatic=automatic, who=NOBODY, **about)

    return timed


@pytest.fixture
def pass_time(clock, run_jobs):
    """`pass_time(days=3)` does what is due now, moves the clock and does what is due then."""

    def pass_time(**length):
        run_jobs()
        clock.advance(**length)
        run_jobs()

    return pass_time
