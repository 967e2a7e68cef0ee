"""The breaker: what opens it, what every process sees of it, and how it closes."""

import threading
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from plugdesk.database import finish
from plugdesk.events import Event
from plugdesk.plugins.breaker import FIRST_PAUSE, OPENS_AFTER, Breaker
from plugdesk.plugins.executor import Failed
from tests.core.plugins.conftest import build_form, build_plugin

pytestmark = pytest.mark.both_databases


class Switchable:
    """A plugin's panel that fails while `broken`."""

    def __init__(self) -> None:
        self.broken = True
        self.calls = 0

    def __call__(self, ctx):
        self.calls += 1
        if self.broken:
            raise ConnectionError("connection refused")
        return "panel"


@pytest.fixture
def desk(build_runtime):
    runtime = build_runtime(build_plugin("one"), build_plugin("two"))
    with runtime.database.write() as session:
        form, other = build_form(session, on=("one", "two")), build_form(session, "Sales", on=("one",))
    return runtime, form.id, other.id


def press(runtime, form_id, panel, *, times=1, plugin="one"):
    """Show the panel in a request of its own, so many times; the last result."""
    result = None
    for _time in range(times):
        with runtime.database.write() as session:
            form = runtime.scope(session, form_id)
            result = runtime.executor.run(plugin, "panel", form, session, panel)
    return result


def suspended(runtime, form_id):
    with runtime.database.read() as session:
        return runtime.scope(session, form_id).suspended


def test_five_failures_in_a_row_suspend_the_plugin_on_that_form_alone(desk):
    runtime, form, other = desk
    panel = Switchable()
    press(runtime, form, panel, times=OPENS_AFTER - 1)
    before = suspended(runtime, form)
    press(runtime, form, panel)
    assert before == {}
    assert suspended(runtime, form)["one"]["reason"] == "ConnectionError: connection refused"
    assert list(suspended(runtime, form)) == ["one"]
    assert suspended(runtime, other) == {}


def test_a_success_in_between_begins_the_count_anew(desk):
    runtime, form, _other = desk
    panel = Switchable()
    for _round in range(3):
        panel.broken = True
        press(runtime, form, panel, times=OPENS_AFTER - 1)
        panel.broken = False
        press(runtime, form, panel)
    assert suspended(runtime, form) == {}


def test_a_suspended_plugin_is_not_called_until_its_pause_is_over(desk, clock):
    runtime, form, _other = desk
    panel = Switchable()
    press(runtime, form, panel, times=OPENS_AFTER)
    assert isinstance(press(runtime, form, panel, times=3), Failed)
    assert panel.calls == OPENS_AFTER
    clock.advance(FIRST_PAUSE)
    press(runtime, form, panel)
    assert panel.calls == OPENS_AFTER + 1


def test_the_pause_doubles_with_each_try_that_fails(desk, clock):
    runtime, form, _other = desk
    panel = Switchable()
    press(runtime, form, panel, times=OPENS_AFTER)
    pauses = []
    for _try in range(8):
        until = datetime.fromisoformat(suspended(runtime, form)["one"]["until"])
        pauses.append((until - clock.now()) / timedelta(minutes=1))
        clock.set(until)
        press(runtime, form, panel)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_try_that_goes_well_resumes_and_both_are_in_the_journal_once(desk, clock):
    runtime, form, _other = desk
    panel = Switchable()
    press(runtime, form, panel, times=OPENS_AFTER)
    clock.advance(FIRST_PAUSE)
    press(runtime, form, panel)
    clock.advance(2 * FIRST_PAUSE)
    panel.broken = False
    assert press(runtime, form, panel) == "panel"
    with runtime.database.read() as session:
        kinds = session.scalars(sa.select(Event.kind).where(Event.plugin == "one").order_by(Event.id)).all()
    assert suspended(runtime, form) == {}
    assert kinds == ["extension_suspended", "extension_resumed"]


def test_the_suspension_is_kept_when_the_page_that_noticed_it_is_rolled_back(desk):
    runtime, form, _other = desk
    panel = Switchable()
    press(runtime, form, panel, times=OPENS_AFTER - 1)
    session = runtime.database.session(write=True)
    runtime.executor.run("one", "panel", runtime.scope(session, form), session, panel)
    session.rollback()
    finish(session)
    assert "one" in suspended(runtime, form)


def test_another_process_obeys(desk):
    runtime, form, _other = desk
    press(runtime, form, Switchable(), times=OPENS_AFTER)
    elsewhere = Breaker(runtime)
    with runtime.database.read() as session:
        assert not elsewhere.allows("one", runtime.scope(session, form))
        assert elsewhere.allows("two", runtime.scope(session, form))


def test_after_resume_another_process_counts_from_the_beginning(desk):
    runtime, form, _other = desk
    panel = Switchable()
    press(runtime, form, panel, times=OPENS_AFTER)
    Breaker(runtime).resume("one", form)
    press(runtime, form, panel)
    assert suspended(runtime, form) == {}


def test_suspending_does_not_take_the_words_from_an_admin_who_is_editing_the_form(desk):
    runtime, form, _other = desk
    with runtime.database.read() as session:
        before = runtime.scope(session, form).version
    press(runtime, form, Switchable(), times=OPENS_AFTER)
    with runtime.database.read() as session:
        assert runtime.scope(session, form).version == before


def test_a_breaker_that_cannot_be_written_does_not_break_the_page(desk, monkeypatch):
    runtime, form, _other = desk
    monkeypatch.setattr(runtime, "scope", None)
    with runtime.database.write() as session:
        from plugdesk.forms.models import Form

        found = session.get(Form, form)
        for _time in range(OPENS_AFTER):
            runtime.executor.run("one", "panel", found, session, Switchable())


def test_after_the_pause_one_thread_tries_and_the_others_wait_for_it(desk, clock):
    runtime, form, _other = desk
    panel = Switchable()
    press(runtime, form, panel, times=OPENS_AFTER)
    clock.advance(FIRST_PAUSE)
    begun, go_on = threading.Event(), threading.Event()

    def slow(ctx):
        begun.set()
        go_on.wait(30)
        return "panel"

    trying = threading.Thread(target=press, args=(runtime, form, slow))
    trying.start()
    assert begun.wait(30)
    with runtime.database.read() as session:
        assert not runtime.executor.allows("one", runtime.scope(session, form))
    go_on.set()
    trying.join()
    with runtime.database.read() as session:
        assert runtime.executor.allows("one", runtime.scope(session, form))
