from datetime import timedelta
from typing import Any

import pytest

from plugdesk.contributions import Channel, Fact, JobKind, Timer, Variables
from plugdesk.forms.models import Form
from plugdesk.plugins.loader import PAGES, State
from plugdesk.plugins.registry import Registry
from tests.core.plugins.conftest import build_plugin


def ticket_opened(ctx, ticket, event):
    pass


def channel(name):
    def channels():
        return [Channel(name, name, "mail", deliver=lambda ctx, message: None, reaches=lambda ctx, user: True)]

    return channels


def test_only_plugins_that_are_on_are_asked_in_the_order_of_loading():
    registry = Registry([build_plugin(name, ticket_opened) for name in ("b", "a", "c")])
    assert [each.plugin for each in registry.implementations("ticket_opened", ["c", "a", "b"])] == ["b", "a", "c"]
    assert [each.plugin for each in registry.implementations("ticket_opened", ["c"])] == ["c"]
    assert registry.implementations("ticket_opened", []) == ()


def test_the_pages_are_always_on():
    registry = Registry([build_plugin(PAGES, ticket_opened)])
    assert [each.plugin for each in registry.implementations("ticket_opened", [])] == [PAGES]


def test_listeners_are_those_that_are_on_and_implement_the_announcement():
    registry = Registry([build_plugin("a", ticket_opened), build_plugin("b"), build_plugin("c", ticket_opened)])
    form = Form(extensions=["a", "b"])
    assert registry.listeners("ticket_opened", form, None) == ["a"]
    assert registry.listeners("form_added", form, None) == []


def test_what_plugins_contribute_is_found_by_name_and_owner():
    def jobs():
        return [JobKind("poll", lambda ctx: None)]

    def timers():
        return [Timer("poll", timedelta(minutes=1), lambda ctx: None)]

    registry = Registry([build_plugin("mail", channel("email"), jobs, timers)])
    assert registry.owner("channels", "email") == "mail"
    assert registry.job("mail:poll") is not None
    assert [owner for owner, _timer in registry.timers] == ["mail"]


def test_a_name_that_is_taken_fails_the_second_plugin_and_leaves_nothing_of_it():
    first, second = build_plugin("one", channel("email")), build_plugin("two", channel("email"), ticket_opened)
    registry = Registry([first, second])
    assert (first.state, second.state) == (State.OK, State.FAILED)
    assert "already taken by the extension one" in str(second.reason)
    assert registry.owner("channels", "email") == "one"
    assert registry.implementations("ticket_opened", ["two"]) == ()


def test_a_plugin_that_takes_a_namespace_of_the_core_is_not_loaded():
    def variables():
        return [Variables("ticket", {}, lambda ctx, ticket: {})]

    plugin = build_plugin("one", variables)
    registry = Registry([plugin])
    registry.add_core(variables=[Variables("ticket", {"number": "Its number"}, lambda ctx, ticket: {})])
    assert plugin.state is State.FAILED
    assert registry.owner("variables", "ticket") == "core"
    assert registry.variables["ticket"].names == {"number": "Its number"}


@pytest.mark.parametrize("junk", [None, 7, [7], ["text"], [Fact]])
def test_junk_among_contributions_fails_the_plugin(junk):
    def facts():
        return junk

    plugin = build_plugin("one", facts)
    Registry([plugin])
    assert plugin.state is State.FAILED


def test_an_argument_the_hook_does_not_have_fails_the_plugin():
    def ticket_opened(ctx, colour):
        pass

    plugin = build_plugin("one", ticket_opened)
    Registry([plugin])
    assert "ticket_opened() has no argument colour" in str(plugin.reason)


@pytest.mark.parametrize("option", ["tryfirst", "trylast", "wrapper", "hookwrapper"])
def test_no_plugin_wraps_others_or_pushes_in_front(option):
    from types import ModuleType

    from plugdesk.hooks import hookimpl

    def ticket_opened(ctx):
        yield

    plugin = build_plugin("one")
    module: Any = ModuleType("plugdesk_one")
    options: dict[str, Any] = {option: True}
    module.ticket_opened = hookimpl(**options)(ticket_opened)
    plugin.modules = [module]
    Registry([plugin])
    assert f"marked with {option}" in str(plugin.reason)


def test_an_implementation_knows_where_it_stands():
    registry = Registry([build_plugin("one", ticket_opened)])
    found = registry.implementation("ticket_opened", "one")
    assert found is not None
    assert found.place == f"{__file__}:{ticket_opened.__code__.co_firstlineno}"


def test_with_strict_the_error_itself_is_raised():
    def facts():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Registry([build_plugin("one", facts)], strict=True)
