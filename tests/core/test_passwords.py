"""Which passwords are taken, and what is kept of them."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher, extract_parameters

from plugdesk.errors import Invalid
from plugdesk.users import passwords
from plugdesk.users.passwords import check_password_rules, hash_password, is_guessable, needs_new_hash, password_matches, set_cost
from tests.support.patience import must_end

GOOD = "seven quiet herons wade"


@pytest.fixture
def real_cost():
    before = passwords._hasher
    set_cost(time=2, memory_kib=19 * 1024)
    yield
    passwords._hasher = before


@pytest.mark.parametrize("length", [12, 64, 128, 1024])
def test_any_length_from_twelve_to_1024_is_taken_whole(length):
    password = (GOOD * 50)[: length - 1] + "!"
    check_password_rules(password)
    stored = hash_password(password)
    assert password_matches(stored, password)
    assert not password_matches(stored, password[:-1])
    assert not password_matches(stored, password.upper())


@pytest.mark.parametrize("password", ["короткий11", "eleven chrs", "", "x" * 1025])
def test_shorter_and_longer_passwords_are_refused(password):
    with pytest.raises(Invalid, match=r"At (least|most)"):
        check_password_rules(password)


@pytest.mark.parametrize(
    "password", ["lowercase letters only", "ЗАГЛАВНЫЕ БУКВЫ", "92847561029384", "%^!&*()#$@;:~/?", "seven🦩quiet🦩herons"]
)
def test_no_kind_of_character_is_asked_for(password):
    check_password_rules(password)


@pytest.mark.parametrize(
    "password",
    [
        "password1234", "Password123!", "P@ssw0rd2024!", "passwordpassword", "qwertyuiop[]", "1q2w3e4r5t6y", "qazwsxedcrfv", "zxcvbnm12345",
        "123456789012", "111111111111", "abcdefghijkl", "abcabcabcabc", "iloveyou1234", "trustno1trustno1", "letmein!letmein!", "sunshine2025",
        "administrator", "welcome123456", "monkey123456789", "dragon19871987", "йцукенгшщзхъ", "ПарольПароль2024", "приветпривет", "gfhjkmgfhjkm",
    ],
)  # fmt: skip
def test_what_everybody_uses_is_refused(password):
    with pytest.raises(Invalid, match="first passwords"):
        check_password_rules(password)


@pytest.mark.parametrize("password", ["anna.petrova", "AnnaPetrova12", "petrovapetrova", "northern-light", "Petrova!2026!"])
def test_ones_own_name_address_and_desk_are_refused(password):
    about = ["Anna Petrova", "anna.petrova@example.org", "Northern Light"]
    assert is_guessable(password, about=about)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "маша любит молоко и хлеб",
        "jX9#kfl2mQpz",
        "monkey dragon sunshine",
        "Anna loves a big bowl of tea",
    ],
)
def test_words_in_a_row_and_random_letters_are_taken(password):
    check_password_rules(password, about=["Anna Petrova"])


def test_ten_megabytes_are_answered_at_once(real_cost):
    huge = "a1" * 5_000_000
    stored = hash_password(GOOD)
    with must_end():
        with pytest.raises(Invalid):
            check_password_rules(huge)
        assert not password_matches(stored, huge)


def test_what_is_too_long_is_not_even_compared():
    assert not password_matches(hash_password("x" * 1025), "x" * 1025)


def test_only_argon2id_with_the_recommended_cost_is_stored(real_cost):
    stored = hash_password(GOOD)
    cost = extract_parameters(stored)
    assert stored.startswith("$argon2id$")
    assert (cost.time_cost, cost.memory_cost, cost.parallelism) == (2, 19 * 1024, 1)
    assert stored != hash_password(GOOD)


def test_the_stored_string_is_no_password():
    stored = hash_password(GOOD)
    assert not password_matches(stored, stored)


@pytest.mark.parametrize("stored", [None, "", "!", "plain text", "$argon2id$v=19$broken"])
def test_nothing_matches_what_is_no_hash(stored):
    assert not password_matches(stored, "nobody")
    assert not password_matches(stored, str(stored))


def test_who_does_not_exist_takes_as_long_as_who_does(real_cost, monkeypatch):
    stored = hash_password(GOOD)
    verify, compared = passwords._hasher.verify, []

    def noting(hashed: str, password: bytes) -> bool:
        compared.append((extract_parameters(hashed), password))
        return verify(hashed, password)

    monkeypatch.setattr(PasswordHasher, "verify", lambda hasher, hashed, password: noting(hashed, password))
    for known in (None, stored):
        assert not password_matches(known, "not the password")
    of_nobody, of_somebody = compared
    assert of_nobody == of_somebody  # one comparison each, of the same cost


def test_a_hash_of_another_cost_is_due_for_renewal():
    stored = hash_password(GOOD)
    before = passwords._hasher
    set_cost(time=2, memory_kib=16)
    try:
        assert needs_new_hash(stored)
        assert password_matches(stored, GOOD)
    finally:
        passwords._hasher = before


def test_half_a_surrogate_pair_is_a_character_like_any_other():
    stored = hash_password("\ud83e seven quiet herons")
    assert password_matches(stored, "\ud83e seven quiet herons")
