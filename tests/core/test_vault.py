import copy
import json
import logging
import os
import pickle
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import msgspec
import pytest

from plugdesk.vault import Secret, Vault, VaultError, load_keys, new_key

PLACE = "email/form:7/password"


@pytest.fixture
def vault():
    return Vault([new_key()])


def test_a_secret_is_opened_where_it_was_sealed(vault):
    opened = vault.open(vault.seal("пароль\0x", PLACE), PLACE)
    assert isinstance(opened, Secret) and opened.reveal() == "пароль\0x"


def test_two_sealings_of_one_secret_differ_and_hide_it(vault):
    first, second = vault.seal("hunter2", PLACE), vault.seal("hunter2", PLACE)
    assert first != second and "hunter2" not in first


def test_a_token_copied_elsewhere_does_not_open(vault):
    with pytest.raises(VaultError, match="another place"):
        vault.open(vault.seal("hunter2", PLACE), "email/form:8/password")


def test_an_altered_token_does_not_open(vault):
    token = vault.seal("hunter2", PLACE)
    for altered in (token[:-2] + "AA", "", "no token", "ё"):
        with pytest.raises(VaultError, match="cannot be opened"):
            vault.open(altered, PLACE)


def test_keys_are_rotated_without_losing_a_secret():
    old, new = new_key(), new_key()
    token = Vault([old]).seal("hunter2", PLACE)
    both = Vault([new, old])
    assert both.open(token, PLACE).reveal() == "hunter2"
    for renewed in (both.rotate(token, PLACE), both.renew(token)):
        assert Vault([new]).open(renewed, PLACE).reveal() == "hunter2"
    with pytest.raises(VaultError, match="another place"):
        both.rotate(token, "email/form:8/password")
    with pytest.raises(VaultError, match="cannot be opened"):
        both.renew("no token")
    with pytest.raises(VaultError, match="key is missing"):
        Vault([new]).open(token, PLACE)


@pytest.mark.parametrize("keys", [[], ["short"], [new_key(), "x" * 44], ["ключ"]])
def test_no_key_or_a_wrong_one_is_said_in_words(keys):
    with pytest.raises(VaultError, match="PLUGDESK_SECRET_KEYS"):
        Vault(keys)


@dataclass
class Mailbox:
    password: Secret


def test_a_secret_never_prints_itself(caplog):
    secret = Secret("hunter2")
    logging.getLogger("test").warning("%s %r", secret, secret)
    printed = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret:>20}",
        f"{secret!r}",
        "%s" % secret,  # noqa: UP031
        "{}".format(secret),  # noqa: UP032
        json.dumps(secret),
        "".join([secret, "-"]),
        secret + "-",
        "-" + secret,
        repr(Mailbox(secret)),
        repr(asdict(Mailbox(secret))),
        json.dumps({"a": [secret]}),
        caplog.text,
        secret[:],
        secret.upper(),
        repr(secret.encode()),
        repr(secret.__dict__ if hasattr(secret, "__dict__") else ""),
    ]
    assert not [text for text in printed if "hunter2" in text.lower()]
    assert str(secret) == "********"
    with pytest.raises(TypeError):
        msgspec.json.encode(secret)
    assert secret.reveal() == "hunter2"


def test_a_secret_of_a_secret_is_the_same_secret():
    secret = Secret("hunter2")
    assert Secret(secret).reveal() == "hunter2"
    assert copy.deepcopy(secret) is secret and copy.copy(secret) is secret
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("hunter2") != "hunter2"


def test_an_empty_secret_is_false():
    assert not Secret() and Secret("x")
    assert str(Secret("")) == ""


def test_a_secret_is_not_pickled():
    with pytest.raises(TypeError):
        pickle.dumps(Secret("x"))


def test_keys_that_are_given_need_no_file(tmp_path):
    assert load_keys(["a", "b"], tmp_path / "secret.key", holds_secrets=True) == ["a", "b"]
    assert list(tmp_path.iterdir()) == []


def test_an_empty_database_gets_a_key_file_for_its_owner_alone(tmp_path):
    file = tmp_path / "new" / "secret.key"
    keys = load_keys((), file, holds_secrets=False)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load_keys((), file, holds_secrets=False) == load_keys((), file, holds_secrets=True) == keys
    assert Vault(keys).open(Vault(keys).seal("x", PLACE), PLACE).reveal() == "x"
    assert list(file.parent.iterdir()) == [file]


def test_processes_that_start_together_agree_on_one_key(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _n: load_keys((), tmp_path / "secret.key", holds_secrets=False), range(32)))
    assert len({tuple(found) for found in keys}) == 1


def test_a_database_with_secrets_does_not_start_without_their_key(tmp_path):
    with pytest.raises(VaultError, match=r"Put back .*secret\.key"):
        load_keys((), tmp_path / "secret.key", holds_secrets=True)
    assert list(tmp_path.iterdir()) == []


def test_a_key_file_others_can_read_is_refused(tmp_path):
    file = tmp_path / "secret.key"
    load_keys((), file, holds_secrets=False)
    os.chmod(file, 0o640)
    with pytest.raises(VaultError, match="chmod 600"):
        load_keys((), file, holds_secrets=True)


def test_an_empty_or_broken_key_file_is_said_in_words(tmp_path):
    file = tmp_path / "secret.key"
    file.touch(mode=0o600)
    with pytest.raises(VaultError, match="is empty"):
        load_keys((), file, holds_secrets=False)
    file.write_bytes(b"\xff")
    with pytest.raises(VaultError, match="cannot be read"):
        load_keys((), file, holds_secrets=False)
