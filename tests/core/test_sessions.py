"""Who is signed in where, until when, and signing in with a password."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.errors import Invalid, NotAllowed
from plugdesk.events import Event
from plugdesk.sessions import (
    SignedSession,
    end_all_sessions,
    end_everybodys_sessions,
    end_session,
    forget_old_sessions,
    note_use,
    session_of,
    sessions_of,
    sign_in,
)
from plugdesk.users.commands import deactivate_user, set_password
from plugdesk.users.passwords import set_cost
from plugdesk.users.signing_in import sign_in_with_password
from tests.factories import PASSWORD, make_admin, make_agent


@pytest.fixture
def agent(session):
    return make_agent(session, email="anna@desk.example")


def user_of(session, token):
    found = session_of(session, token)
    return found[1] if found else None


def signed_by(session, token):
    found = session_of(session, token)
    assert found is not None
    return found[0]


def events(session, kind):
    return session.scalars(sa.select(Event).where(Event.kind == kind).order_by(Event.id)).all()


def test_the_browsers_token_leads_to_the_user_and_is_stored_nowhere(session, agent):
    token = sign_in(session, agent, remote_address="192.0.2.7", user_agent="Firefox")
    signed = signed_by(session, token)
    assert user_of(session, token) is agent
    assert (signed.remote_address, signed.user_agent) == ("192.0.2.7", "Firefox")
    assert len(token) >= 43
    assert token not in str(session.execute(sa.select(SignedSession.__table__)).all())


def test_session_and_user_come_in_one_query(session, agent):
    token = sign_in(session, agent)
    session.commit()
    session.expunge_all()
    statements = []
    sa.event.listen(session.connection(), "before_cursor_execute", lambda *call: statements.append(call[2]))
    found = session_of(session, token)
    assert found is not None and found[1].name
    assert len(statements) == 1


def test_each_sign_in_has_a_token_of_its_own(session, agent):
    tokens = {sign_in(session, agent) for _ in range(3)}
    assert len(tokens) == 3 and len(sessions_of(session, agent)) == 3


@pytest.mark.parametrize("token", [None, "", " ", "%", "*", "x" * 10_000, "\ud83e", "' OR 1=1 --"])
def test_a_made_up_token_leads_nowhere(session, agent, token):
    sign_in(session, agent)
    assert session_of(session, token) is None


def test_the_stored_hash_is_no_token(session, agent):
    sign_in(session, agent)
    assert session_of(session, session.scalar(sa.select(SignedSession.token_hash))) is None


def test_an_unused_session_is_over_after_twelve_hours(session, agent, clock):
    token = sign_in(session, agent)
    clock.advance(hours=11.9)
    assert user_of(session, token) is agent
    clock.advance(hours=0.2)
    assert user_of(session, token) is None


def test_use_keeps_a_session_alive_for_thirty_days_at_most(session, agent, clock):
    token = sign_in(session, agent)
    for _ in range(59):
        clock.advance(hours=11.9)
        note_use(session, signed_by(session, token).id)
    clock.advance(days=1)
    assert user_of(session, token) is None


def test_who_wants_to_stay_signed_in_stays_for_thirty_days(session, agent, clock):
    token = sign_in(session, agent, stay=True)
    clock.advance(days=29.9)
    assert user_of(session, token) is agent
    clock.advance(days=0.2)
    assert user_of(session, token) is None


def test_use_is_noted_every_five_minutes_and_reading_writes_nothing(session, agent, clock):
    token = sign_in(session, agent)
    session.commit()
    clock.advance(minutes=4)
    signed = signed_by(session, token)
    assert not signed.should_note(clock.now()) and not session.dirty
    clock.advance(minutes=1)
    assert signed.should_note(clock.now())
    note_use(session, signed.id)
    session.refresh(signed)
    assert signed.last_seen_at == clock.now() and not signed.should_note(clock.now())


def test_signing_out_kills_the_session_on_the_server(session, agent):
    token, other = sign_in(session, agent), sign_in(session, agent)
    end_session(session, signed_by(session, token), by=agent)
    assert user_of(session, token) is None
    assert user_of(session, other) is agent
    assert events(session, "signed_out")[0].actor_id == agent.id


def test_a_session_that_ended_is_not_revived_by_its_last_use(session, agent):
    token = sign_in(session, agent)
    signed = signed_by(session, token)
    end_session(session, signed, by=agent)
    note_use(session, signed.id)
    assert user_of(session, token) is None


def test_a_changed_password_and_a_deactivated_account_end_every_session(session, agent):
    tokens = [sign_in(session, agent), sign_in(session, agent, stay=True)]
    set_password(session, agent, "nine purple umbrellas fly", by=agent)
    assert [user_of(session, token) for token in tokens] == [None, None]
    token = sign_in(session, agent)
    make_admin(session)
    deactivate_user(session, agent, by=None)
    assert user_of(session, token) is None
    with pytest.raises(NotAllowed, match="deactivated"):
        sign_in(session, agent)


def test_a_session_of_somebody_inactive_leads_nowhere_however_they_became_so(session, agent):
    token = sign_in(session, agent)
    agent.active = False
    session.flush()
    assert user_of(session, token) is None


def test_an_admin_ends_the_sessions_of_one_person_and_of_all(session, agent):
    admin, other = make_admin(session), make_agent(session)
    mine, theirs, third = sign_in(session, admin), sign_in(session, agent), sign_in(session, other)
    assert end_all_sessions(session, agent, by=admin) == 1
    assert [user_of(session, token) for token in (mine, theirs, third)] == [admin, None, other]
    assert end_everybodys_sessions(session, by=admin, besides=signed_by(session, mine)) == 1
    assert [user_of(session, token) for token in (mine, third)] == [admin, None]
    assert [event.data["sessions"] for event in events(session, "sessions_ended")] == [1, 1]


def test_nobody_else_ends_sessions_that_are_not_theirs(session, agent):
    other = make_agent(session)
    token = sign_in(session, agent)
    for attempt in (
        lambda: end_session(session, signed_by(session, token), by=other),
        lambda: end_all_sessions(session, agent, by=other),
        lambda: end_everybodys_sessions(session, by=other),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    assert user_of(session, token) is agent


def test_a_person_sees_and_ends_their_own_sessions_but_this_one(session, agent, clock):
    old = sign_in(session, agent, user_agent="Old")
    clock.advance(minutes=1)
    here = sign_in(session, agent, user_agent="Here")
    assert [each.user_agent for each in sessions_of(session, agent)] == ["Here", "Old"]
    assert end_all_sessions(session, agent, by=agent, besides=signed_by(session, here)) == 1
    assert (user_of(session, old), user_of(session, here)) == (None, agent)


def test_rows_of_sessions_long_over_are_forgotten(session, agent, clock):
    sign_in(session, agent)
    clock.advance(days=61)
    sign_in(session, agent)
    forget_old_sessions(session)
    assert session.scalar(sa.select(sa.func.count()).select_from(SignedSession)) == 1


# With a password


@pytest.fixture
def attempt(runtime, session, agent):
    session.commit()

    def sign_in_as(email="anna@desk.example", password=PASSWORD, remote="192.0.2.7", **given):
        return sign_in_with_password(runtime, email=email, password=password, remote_address=remote, **given)

    return sign_in_as


def test_address_and_password_begin_a_session(session, agent, attempt):
    signed = attempt(email=" Anna@Desk.example", user_agent="Firefox")
    assert signed.user_id == agent.id
    assert user_of(session, signed.token) is agent
    assert events(session, "signed_in")[0].data == {"remote_address": "192.0.2.7"}


def test_every_mistake_is_answered_alike_and_written_down(session, agent, attempt):
    gone = make_agent(session, email="gone@desk.example")
    make_admin(session)
    deactivate_user(session, gone, by=None)
    make_agent(session, email="new@desk.example", password=None)
    session.commit()
    answers = set()
    for email, password in [
        ("anna@desk.example", "wrong"), ("nobody@desk.example", PASSWORD), ("gone@desk.example", PASSWORD), ("new@desk.example", ""),
        ("anna@desk.example", agent.password_hash), ("anna@desk.example", PASSWORD.upper()), ("anna@desk.example", "x" * 2_000_000),
        ("", ""), ("anna@desk.example\r\nX: y", PASSWORD),
    ]:  # fmt: skip
        with pytest.raises(Invalid) as refusal:
            attempt(email=email, password=password)
        answers.add(str(refusal.value))
    assert len(answers) == 1
    failed = events(session, "sign_in_failed")
    assert len(failed) == 9
    assert failed[0].data == {"address": "anna@desk.example", "remote_address": "192.0.2.7", "user_id": agent.id}
    assert not any("\n" in event.data["address"] or "wrong" in str(event.data) for event in failed)


def test_a_hash_of_an_older_cost_is_renewed_at_the_next_sign_in(session, agent, attempt):
    old = agent.password_hash
    set_cost(time=1, memory_kib=16)
    try:
        attempt()
        session.refresh(agent)
        assert agent.password_hash != old
        attempt()
    finally:
        set_cost(time=1, memory_kib=8)
