"""What the tests of routing share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from plugdesk.forms.commands import add_field
from plugdesk.forms.models import FieldKind
from plugdesk_routing.commands import RuleInput, add_rule
from tests.factories import make_group

CHOICES = [{"code": "error", "label": "Error", "tone": ""}, {"code": "payment", "label": "Payment", "tone": ""}]


@pytest.fixture
def routing(enable: Callable[..., Any]) -> Any:
    """The `ctx` of routing, switched on for the form Support."""
    return enable("routing")


@pytest.fixture
def programmers(session: Any, agent: Any) -> Any:
    return make_group(session, agent, name="Programmers")


@pytest.fixture
def commerce(session: Any) -> Any:
    return make_group(session, name="Commercial department")


@pytest.fixture
def question(session: Any, form: Any) -> str:
    """The field “Type of question”, error or payment; its code."""
    return add_field(session, form, kind=FieldKind.CHOICE, label="Type of question", choices=CHOICES, by=None).code


@pytest.fixture
def rule(routing: Any, admin: Any) -> Callable[..., Any]:
    """`rule([condition…], name=…, group_id=…, goes_on=True)` adds a rule of Support."""

    def rule(condition: Any = None, *, name: str = "A rule", on: Any = None, **about: Any) -> Any:
        switches = {each: about.pop(each) for each in ("goes_on", "on_change", "is_on") if each in about}
        return add_rule(on or routing, RuleInput(name, {"all": condition} if condition else None, about, **switches), by=admin)

    return rule


@pytest.fixture
def client(app: Any) -> Any:
    """Whoever visits the desk, signed in as nobody."""
    from plugdesk.testing.browser import browser_of

    return browser_of(app)
