"""What a plugin is handed: its own settings, a session it cannot end, secrets only it can open."""

import pytest

from plugdesk.vault import VaultError
from tests.core.plugins.conftest import build_form, build_plugin


@pytest.fixture
def desk(build_runtime):
    return build_runtime(build_plugin("one", permissions=("net:api.example.org",)), build_plugin("two"))


@pytest.fixture
def session(desk, open_session):
    return open_session(desk)


@pytest.fixture
def ctx(desk, session):
    return desk.context("one", build_form(session, on=("one",)), session)


def test_it_is_the_same_within_a_session_and_another_for_another_plugin(desk, session, ctx):
    assert desk.context("one", ctx.form, session) is ctx
    assert desk.context("two", ctx.form, session) is not ctx


def test_without_a_form_it_belongs_to_the_desk(desk, session):
    assert desk.context("one", desk.desk(session), session).form is None


@pytest.mark.parametrize("act", ["commit", "rollback", "close", "begin", "prepare", "invalidate", "reset", "expunge_all"])
def test_its_session_cannot_be_ended(ctx, act):
    with pytest.raises(RuntimeError, match="The transaction is the desk's"):
        getattr(ctx.db, act)()


def test_its_session_reads_writes_and_knows_its_rows(ctx):
    assert ctx.db.get(type(ctx.form), ctx.form.id) is ctx.form
    assert ctx.form in ctx.db
    assert ctx.form in list(ctx.db)
    with pytest.raises(AttributeError):
        ctx.db.autoflush = False


def test_a_secret_opens_in_its_place_and_for_its_plugin_alone(desk, session, ctx):
    token = ctx.seal("hunter2", "mailbox:7/password")
    assert ctx.unseal(token, "mailbox:7/password") == "hunter2"
    with pytest.raises(VaultError):
        ctx.unseal(token, "mailbox:8/password")
    with pytest.raises(VaultError):
        desk.context("two", ctx.form, session).unseal(token, "mailbox:7/password")


def test_only_a_job_commits_half_way(ctx):
    with pytest.raises(RuntimeError, match="Only jobs"):
        ctx.checkpoint()


def test_a_decision_does_not_wait_for_others(desk, session, ctx):
    with pytest.raises(RuntimeError, match="Decisions never wait"):
        _client = desk.context("one", ctx.form, session, "decision").http


def test_its_client_is_one_and_is_closed_with_the_transaction(desk, session):
    from plugdesk.database import finish

    mine = desk.database.session(write=True)
    client = desk.context("one", desk.desk(mine), mine).http
    assert desk.context("one", desk.desk(mine), mine).http is client
    finish(mine)
    assert client.is_closed


def test_moments_are_the_clocks(ctx, clock):
    assert ctx.now == clock.now()
