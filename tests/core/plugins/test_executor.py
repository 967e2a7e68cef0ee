"""A plugin may raise, hang, return junk, break its transaction: what the desk was doing stays whole."""

import sys
from collections.abc import Mapping

import pytest
import sqlalchemy as sa

from plugdesk.database import Database, finish
from plugdesk.errors import Invalid
from plugdesk.plugins.executor import Failed, Suspended, Veto
from plugdesk.plugins.figures import HookError
from plugdesk.users.models import Organization, Role, User
from tests.core.plugins.conftest import build_form, build_plugin

pytestmark = pytest.mark.both_databases


def organization(name, **more):
    from tests.support.desk import MONDAY_MORNING

    return Organization(name=name, created_at=MONDAY_MORNING, **more)


def names(session):
    return sorted(session.scalars(sa.select(Organization.name)))


def settle_ticket(ctx, ticket, settled):
    ctx.db.add(organization("plugin's"))
    ctx.db.flush()
    raise OSError("no connection")


@pytest.fixture
def failing(build_runtime, open_session):
    runtime = build_runtime(build_plugin("bad", settle_ticket))
    session = open_session(runtime)
    return runtime, session, build_form(session, on=("bad",))


def test_what_a_failing_plugin_wrote_is_undone_and_what_the_core_wrote_stays(failing):
    runtime, session, form = failing
    session.add(organization("core's"))
    value, failed = runtime.executor.filter("settle_ticket", form, session, {"rank": 0}, name="settled", ticket=None)
    session.add(organization("core's later"))
    session.commit()
    assert (value, failed) == ({"rank": 0}, ["bad"])
    assert names(session) == ["core's", "core's later"]


def test_rows_of_a_savepoint_are_gone_after_the_outer_rollback(database_url):
    database = Database(database_url)
    session = database.session(write=True)
    with session.begin_nested():
        session.add(organization("inner"))
    session.rollback()
    found = names(session)
    finish(session)
    database.close()
    assert found == []


def swallowing(ctx, ticket, settled):
    for _twice in range(2):
        try:
            ctx.db.add(User(role=Role.AGENT, name="A", email="a@example.org", created_at=ctx.now))
            ctx.db.flush()
        except sa.exc.IntegrityError:
            pass
    return {**settled, "rank": 7}


swallowing.__name__ = "settle_ticket"


def test_an_integrity_error_that_a_plugin_swallows_does_not_lose_the_ticket(build_runtime, open_session):
    runtime = build_runtime(build_plugin("bad", swallowing))
    session = open_session(runtime)
    form = build_form(session, on=("bad",))
    session.add(organization("the ticket"))
    value, failed = runtime.executor.filter("settle_ticket", form, session, {"rank": 0}, name="settled", ticket=None)
    session.commit()
    assert failed == ["bad"]
    assert value == {"rank": 0}
    assert names(session) == ["the ticket"]


def test_a_mistake_of_the_core_is_not_blamed_on_the_plugin_that_is_asked_next(build_runtime, open_session):
    runtime = build_runtime(build_plugin("good", ok))
    session = open_session(runtime)
    form = build_form(session, on=("good",))
    session.add(organization(None))
    with pytest.raises(sa.exc.IntegrityError):
        runtime.executor.filter("settle_ticket", form, session, {}, name="settled", ticket=None)
    session.rollback()
    assert not runtime.figures.is_due()


def ok(ctx, ticket, settled):
    return {**settled, "by": [*settled.get("by", []), ctx.plugin]}


ok.__name__ = "settle_ticket"


def test_a_filter_hands_the_value_from_plugin_to_plugin_and_skips_those_that_are_off(build_runtime, open_session):
    runtime = build_runtime(*(build_plugin(name, ok) for name in ("one", "two", "three")))
    session = open_session(runtime)
    form = build_form(session, on=("one", "three"))
    value, failed = runtime.executor.filter("settle_ticket", form, session, {}, name="settled", ticket=None)
    assert (value, failed) == ({"by": ["one", "three"]}, [])


def spoiling(ctx, ticket, settled):
    settled["values"]["colour"] = "red"
    raise ValueError


spoiling.__name__ = "settle_ticket"


def test_what_a_failing_filter_changed_in_place_does_not_stay(build_runtime, open_session):
    runtime = build_runtime(build_plugin("bad", spoiling))
    session = open_session(runtime)
    form = build_form(session, on=("bad",))
    value, _failed = runtime.executor.filter("settle_ticket", form, session, {"values": {}}, name="settled", ticket=None)
    assert value == {"values": {}}


@pytest.mark.parametrize("junk", [7, "text", [1], object()])
def test_junk_from_a_filter_is_a_failure(build_runtime, open_session, junk):
    def settle_ticket(ctx, ticket, settled):
        return junk

    runtime = build_runtime(build_plugin("bad", settle_ticket))
    session = open_session(runtime)
    form = build_form(session, on=("bad",))
    assert runtime.executor.filter("settle_ticket", form, session, {}, name="settled", ticket=None) == ({}, ["bad"])


class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError("not even this")


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(1), Unspeakable(), MemoryError(), RecursionError()])
def test_whatever_a_plugin_raises_the_desk_goes_on(build_runtime, open_session, error):
    def channel_for(ctx, ticket, customer):
        raise error

    def second(ctx, ticket, customer):
        return "email"

    second.__name__ = "channel_for"
    runtime = build_runtime(build_plugin("bad", channel_for), build_plugin("good", second))
    session = open_session(runtime)
    form = build_form(session, on=("bad", "good"))
    assert runtime.executor.first("channel_for", form, session, ticket=None, customer=None) == "email"


def test_an_interruption_is_nobodys_failure(build_runtime, open_session):
    def channel_for(ctx, ticket, customer):
        raise KeyboardInterrupt

    runtime = build_runtime(build_plugin("one", channel_for))
    session = open_session(runtime)
    form = build_form(session, on=("one",))
    with pytest.raises(KeyboardInterrupt):
        runtime.executor.first("channel_for", form, session, ticket=None, customer=None)
    assert not runtime.breaker.has_failures


@pytest.mark.parametrize("act", ["commit", "rollback", "close", "begin"])
def test_a_plugin_cannot_end_the_transaction_of_the_desk(build_runtime, open_session, act):
    def channel_for(ctx, ticket, customer):
        getattr(ctx.db, act)()

    runtime = build_runtime(build_plugin("bad", channel_for))
    session = open_session(runtime)
    form = build_form(session, on=("bad",))
    session.commit()
    session.add(organization("core's"))
    runtime.executor.first("channel_for", form, session, ticket=None, customer=None)
    session.rollback()
    assert names(session) == []
    assert runtime.figures.is_due()


def test_a_plugin_that_is_on_for_the_desk_is_asked_on_every_form_if_its_manifest_says_app(build_runtime, open_session):
    runtime = build_runtime(build_plugin("app", ok, scope="app"), build_plugin("both", ok, scope="both"))
    session = open_session(runtime)
    form = build_form(session)
    runtime.desk(session).extensions = ["app", "both"]
    value, _failed = runtime.executor.filter("settle_ticket", form, session, {}, name="settled", ticket=None)
    assert value == {"by": ["app"]}


def check_sign_in_address(address):
    raise Veto(f"{address} is a mailbox.")


def test_a_veto_reaches_whoever_asked(build_runtime, open_session):
    runtime = build_runtime(build_plugin("mail", check_sign_in_address))
    session = open_session(runtime)
    with pytest.raises(Veto, match="is a mailbox"):
        runtime.executor.ask_everyone("check_sign_in_address", runtime.desk(session), session, address="help@example.org")
    assert not runtime.breaker.has_failures


def test_a_veto_that_cannot_be_asked_denies(build_runtime, open_session):
    def check_sign_in_address(ctx, address):
        raise OSError

    runtime = build_runtime(build_plugin("mail", check_sign_in_address))
    session = open_session(runtime)
    with pytest.raises(Veto, match="“mail” had to be asked and failed"):
        runtime.executor.ask_everyone("check_sign_in_address", runtime.desk(session), session, address="help@example.org")


def test_an_announcement_raises_again_what_the_plugin_raised(build_runtime, open_session):
    def ticket_opened(ctx, ticket, event):
        ctx.db.add(organization("plugin's"))
        raise OSError("later")

    runtime = build_runtime(build_plugin("bad", ticket_opened))
    session = open_session(runtime)
    form = build_form(session, on=("bad",))
    with pytest.raises(OSError, match="later"):
        runtime.executor.announce("bad", "ticket_opened", form, session, ticket=None, event=None)
    session.commit()
    assert names(session) == []


def test_a_suspended_plugin_is_not_told_and_the_news_is_not_taken_for_told(build_runtime, open_session):
    runtime = build_runtime(build_plugin("bad", ticket_opened))
    session = open_session(runtime)
    form = build_form(session, on=("bad",))
    form.suspended = {"bad": {"since": "2026-11-23T09:00+00:00", "until": "2026-11-23T10:00+00:00", "reason": "x", "tries": 1}}
    with pytest.raises(Suspended):
        runtime.executor.announce("bad", "ticket_opened", form, session, ticket=None, event=None)


def ticket_opened(ctx, ticket, event):
    raise AssertionError("told")


def check_settings(ctx, settings):
    raise Invalid("The password is wrong.")


def health(ctx):
    raise Invalid("Fill in the server.")


def test_a_refusal_in_words_reaches_who_pressed_test_but_is_a_failure_anywhere_else(build_runtime, open_session):
    runtime = build_runtime(build_plugin("mail", check_settings, health))
    session = open_session(runtime)
    form = build_form(session, on=("mail",))
    with pytest.raises(Invalid, match="password"):
        runtime.executor.ask("mail", "check_settings", form, session, settings=None)
    assert runtime.executor.ask("mail", "health", form, session) is None


def test_a_panel_that_refuses_is_left_out_and_an_action_that_refuses_says_so(build_runtime, open_session):
    runtime = build_runtime(build_plugin("one"))
    session = open_session(runtime)
    form = build_form(session, on=("one",))

    def refuse(ctx, number):
        raise Invalid(f"Not {number}.")

    assert isinstance(runtime.executor.run("one", "panel", form, session, refuse, 7), Failed)
    with pytest.raises(Invalid, match=r"Not 7\."):
        runtime.executor.do("one", "action", form, session, refuse, 7)


def test_strict_raises_what_a_plugin_raised(build_runtime, open_session):
    runtime = build_runtime(build_plugin("bad", settle_ticket), strict=True)
    session = open_session(runtime)
    form = build_form(session, on=("bad",))
    with pytest.raises(OSError, match="no connection"):
        runtime.executor.filter("settle_ticket", form, session, {}, name="settled", ticket=None)


def test_an_error_is_kept_once_with_how_often_and_where(build_runtime, open_session):
    runtime = build_runtime(build_plugin("bad", settle_ticket))
    session = open_session(runtime)
    form = build_form(session, on=("bad",))
    for _time in range(3):
        runtime.executor.filter("settle_ticket", form, session, {}, name="settled", ticket=None)
    runtime.figures.write(runtime.database)
    error = session.scalars(sa.select(HookError)).one()
    assert (error.times, error.kind, error.text) == (3, "OSError", "OSError: no connection")
    assert error.place.startswith("plugins/test_executor.py:")
    assert "raise OSError" in error.trace


def test_a_hook_that_takes_plain_values_only_gets_no_savepoint(build_runtime, open_session):
    runtime = build_runtime(build_plugin("mail", check_address_quietly))
    session = open_session(runtime)
    session.commit()
    runtime.executor.ask_everyone("check_sign_in_address", runtime.desk(session), session, address="a@example.org")
    assert seen == [False]


seen: list[bool] = []


def check_address_quietly(address):
    import inspect

    frame = inspect.currentframe()
    while frame is not None and "savepoint" not in frame.f_locals:
        frame = frame.f_back
    assert frame is not None
    seen[:] = [frame.f_locals["savepoint"] is not None]


check_address_quietly.__name__ = "check_sign_in_address"


def test_a_call_costs_few_steps(build_runtime, open_session):
    """How long they take stands in benchmarks/dispatch.py; this notices a mistake of order of magnitude."""

    def check_sign_in_address(address):
        return None

    runtime = build_runtime(*(build_plugin(f"p{number}", check_sign_in_address) for number in range(10)))
    session = open_session(runtime)
    desk = runtime.desk(session)
    runtime.executor.ask_everyone("check_sign_in_address", desk, session, address="a@example.org")
    steps = []
    sys.setprofile(lambda frame, event, argument: steps.append(event) if event == "call" else None)
    try:
        runtime.executor.ask_everyone("check_sign_in_address", desk, session, address="a@example.org")
    finally:
        sys.setprofile(None)
    assert 10 <= len(steps) < 10 * 12


def test_a_mapping_of_any_kind_is_taken(build_runtime, open_session):
    class Own(Mapping[str, int]):
        def __getitem__(self, key):
            return {"rank": 3}[key]

        def __iter__(self):
            return iter(["rank"])

        def __len__(self):
            return 1

    def settle_ticket(ctx, ticket, settled):
        return Own()

    runtime = build_runtime(build_plugin("good", settle_ticket))
    session = open_session(runtime)
    form = build_form(session, on=("good",))
    value, failed = runtime.executor.filter("settle_ticket", form, session, {}, name="settled", ticket=None)
    assert (dict(value), failed) == ({"rank": 3}, [])


def test_of_plugins_that_follow_a_change_each_does_its_part_and_those_that_fail_are_named(build_runtime, open_session):
    def follow_ticket(ctx, event):
        ctx.db.add(organization(f"{ctx.plugin}'s {event}"))

    def broken(ctx, event):
        ctx.db.add(organization("never"))
        raise OSError("no connection")

    broken.__name__ = "follow_ticket"
    runtime = build_runtime(build_plugin("bad", broken), build_plugin("good", follow_ticket))
    session = open_session(runtime)
    form = build_form(session, on=("bad", "good"))
    assert runtime.executor.follow("follow_ticket", form, session, ticket=None, event="reply") == ["bad"]
    session.commit()
    assert names(session) == ["good's reply"]
