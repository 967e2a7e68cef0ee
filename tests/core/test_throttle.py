"""Attempts are counted for all processes together, and the right password does not wait for a stranger's mistakes long."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from plugdesk.errors import Invalid
from plugdesk.i18n import use_language
from plugdesk.runtime import Runtime
from plugdesk.settings import Settings
from plugdesk.throttle import (
    Attempt,
    Limit,
    TooMany,
    attempts_left,
    count_attempt,
    count_done,
    forget_old_attempts,
    forgive,
    network_of,
)
from plugdesk.users.signing_in import sign_in_with_password
from tests.factories import PASSWORD, make_agent, make_desk

THREE = Limit(3, timedelta(minutes=10))


def test_as_many_as_allowed_and_no_more(runtime, clock):
    for _ in range(3):
        count_attempt(runtime, {"door": THREE})
        clock.advance(minutes=1)
    with pytest.raises(TooMany) as refusal:
        count_attempt(runtime, {"door": THREE})
    assert refusal.value.status == 429
    assert refusal.value.wait == timedelta(minutes=7)
    assert str(refusal.value) == "Too many attempts. Try again in 7 minutes."
    count_attempt(runtime, {"another door": THREE})


def test_the_window_slides(runtime, clock):
    for _ in range(3):
        count_attempt(runtime, {"door": THREE})
        clock.advance(minutes=4)
    count_attempt(runtime, {"door": THREE})
    with pytest.raises(TooMany):
        count_attempt(runtime, {"door": THREE})


def test_one_that_was_not_let_through_makes_nobody_wait_longer(runtime, clock):
    for _ in range(3):
        count_attempt(runtime, {"door": THREE})
    for _ in range(5):
        clock.advance(minutes=1)
        with pytest.raises(TooMany):
            count_attempt(runtime, {"door": THREE, "house": Limit(5, timedelta(minutes=10))})
    clock.advance(minutes=5)
    assert len(count_attempt(runtime, {"door": THREE, "house": Limit(5, timedelta(minutes=10))})) == 2


def test_what_is_done_counts_with_its_transaction_and_not_when_it_is_undone(runtime, session):
    for _ in range(2):
        count_done(session, {"request": THREE})
    session.commit()
    count_done(session, {"request": THREE})
    session.rollback()
    count_done(session, {"request": THREE})
    with pytest.raises(TooMany):
        count_done(session, {"request": THREE})


def test_what_went_well_is_forgiven(runtime, session, clock):
    for _ in range(2):
        count_attempt(runtime, {"account": THREE, "network": THREE})
    last = count_attempt(runtime, {"account": THREE, "network": THREE})
    forgive(session, last, keys=["account"])
    assert (attempts_left(session, "account", THREE), attempts_left(session, "network", THREE)) == (3, 1)


def test_what_no_limit_looks_back_to_is_forgotten(runtime, session, clock):
    count_attempt(runtime, {"door": THREE})
    clock.advance(days=2)
    count_attempt(runtime, {"door": THREE})
    forget_old_attempts(session)
    assert session.scalar(sa.select(sa.func.count()).select_from(Attempt)) == 1


@pytest.mark.parametrize(
    ("address", "network"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3::9", "2001:db8:1:2::/64"), ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
     ("::ffff:192.0.2.7", "192.0.2.7"), ("fe80::1%eth0", "fe80::/64"), (None, "unknown"), ("", "unknown"), ("nonsense", "unknown")],
)  # fmt: skip
def test_a_household_counts_as_one(address, network):
    assert network_of(address) == network


@pytest.fixture
def attempt(runtime, session):
    make_agent(session, email="anna@desk.example")
    session.commit()

    def sign_in_as(email="anna@desk.example", password="wrong", remote="192.0.2.7"):
        return sign_in_with_password(runtime, email=email, password=password, remote_address=remote)

    return sign_in_as


def test_twenty_wrong_passwords_for_one_account_block_it_wherever_they_come_from(attempt, clock):
    for number in range(20):
        with pytest.raises(Invalid):
            attempt(remote=f"192.0.2.{number}")
    with pytest.raises(TooMany):
        attempt(password=PASSWORD, remote="198.51.100.1")
    clock.advance(minutes=15)
    assert attempt(password=PASSWORD)


def test_the_last_tries_are_counted_down_in_words(attempt):
    answers = []
    for _ in range(20):
        with pytest.raises(Invalid) as refusal:
            attempt()
        answers.append(str(refusal.value))
    assert answers[0] == answers[13] == "That is not the password of this address."
    assert answers[16].endswith("3 tries are left.") and answers[18].endswith("1 try is left.")


def test_a_hundred_wrong_passwords_from_one_network_block_it(attempt):
    for number in range(100):
        with pytest.raises(Invalid):
            attempt(email=f"nobody{number}@desk.example")
    with pytest.raises(TooMany):
        attempt(password=PASSWORD)
    assert attempt(password=PASSWORD, remote="198.51.100.1")


def test_an_office_that_signs_in_rightly_is_never_blocked(attempt):
    for _ in range(110):
        assert attempt(password=PASSWORD)


def test_the_right_password_clears_the_accounts_mistakes_and_not_the_networks(attempt, session):
    for _ in range(19):
        with pytest.raises(Invalid):
            attempt()
    attempt(password=PASSWORD)
    assert session.scalar(sa.select(sa.func.count()).select_from(Attempt).where(Attempt.key.like("%account%"))) == 0
    assert session.scalar(sa.select(sa.func.count()).select_from(Attempt).where(Attempt.key.like("%network%"))) == 19


@pytest.mark.both_databases
def test_a_burst_of_fifty_at_once_counts_fifty(database_url, tmp_path):
    runtime = Runtime(Settings(data=tmp_path, database_url=database_url), plugins=[])
    with runtime.database.write() as session:
        make_desk(session)
        make_agent(session, email="anna@desk.example")
    outcomes = {"wrong": 0, "blocked": 0}

    def attempt(number):
        try:
            sign_in_with_password(
                runtime, email="anna@desk.example", password=f"wrong {number}", remote_address=f"192.0.2.{number}"
            )
        except TooMany:
            return "blocked"
        except Invalid:
            return "wrong"
        return "in"

    with ThreadPoolExecutor(10) as pool:
        for outcome in pool.map(attempt, range(50)):
            outcomes[outcome] += 1
    runtime.close()
    assert outcomes == {"wrong": 20, "blocked": 30}


def test_the_words_are_russian_for_russians():
    with use_language("ru"):
        assert "мин" in str(TooMany(timedelta(minutes=5)))
