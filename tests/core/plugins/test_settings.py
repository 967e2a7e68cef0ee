"""Settings of plugins: two levels, versions, secrets under seal, nobody's words lost."""

from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from plugdesk.errors import Conflict, Invalid
from plugdesk.plugins.settings import (
    PluginSettings,
    Stored,
    check_values,
    option,
    options_of,
    place_of,
    read_settings,
    save_settings,
    stored,
    upgraded,
)
from plugdesk.vault import Secret, Vault, VaultError, new_key

VAULT = Vault([new_key()])


@dataclass(frozen=True)
class Mail:
    server: str = option(label="Server")
    port: int = option(993, label="Port", least=1, most=65535)
    password: Secret = option(Secret, label="Password")
    folder: str = option("INBOX", label="Folder", choices=[("INBOX", "Inbox"), ("Help", "Help")])
    pause: float = option(1.5, label="Pause")
    quiet: bool = option(False, label="Quiet")
    hosts: tuple[str, ...] = option((), label="Hosts")


@dataclass(frozen=True)
class Newer:
    VERSION = 2
    server: str = option("", label="Server")

    @staticmethod
    def migrate(values, version):
        return {"server": values["host"], "kept": values.get("kept")}


def read(*levels):
    return read_settings(Mail, [Stored(level, 1) for level in levels], lambda token, name, level: Secret(f"{name}{level}"))


def test_a_value_comes_from_the_form_else_from_the_desk_else_from_the_default():
    settings = read({"server": "desk", "port": 143}, {"server": "form"})
    assert (settings.server, settings.port, settings.folder) == ("form", 143, "INBOX")


def test_a_missing_required_setting_is_named():
    with pytest.raises(Invalid) as refused:
        read({}, {"port": 1})
    assert list(refused.value.problems) == ["server"]
    assert str(refused.value) == "It needs settings first: Server."


def test_a_secret_is_opened_at_the_level_it_was_stored():
    assert read({"server": "a", "password": "token"}, {}).password.reveal() == "password0"
    assert read({"server": "a"}, {"password": "token"}).password.reveal() == "password1"


def test_what_is_stored_in_json_comes_back_in_the_declared_type():
    settings = read({"server": "a", "pause": 2, "hosts": ["x"]})
    assert (settings.pause, settings.hosts) == (2.0, ("x",))


def test_options_know_their_kind():
    found = {each.name: each for each in options_of(Mail)}
    assert found["server"].required
    assert found["password"].is_secret
    assert (found["port"].type, found["port"].default) == (int, 993)


def test_older_values_are_migrated_and_newer_ones_refused():
    row = PluginSettings(values={"host": "a", "kept": 1}, schema=1, version=4)
    assert upgraded(row, Newer) == Stored({"server": "a", "kept": 1}, 4)
    with pytest.raises(Invalid, match="newer version"):
        upgraded(PluginSettings(values={}, schema=3, version=1), Newer)


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"colour": "red"}, "colour"),
        ({"server": 7}, "server"),
        ({"server": ""}, "server"),
        ({"server": None}, "server"),
        ({"port": "993"}, "port"),
        ({"port": True}, "port"),
        ({"port": 0}, "port"),
        ({"port": 70000}, "port"),
        ({"folder": "Trash"}, "folder"),
        ({"quiet": "yes"}, "quiet"),
        ({"password": 7}, "password"),
    ],
)
def test_values_that_do_not_fit_are_refused_by_name(values, wrong):
    with pytest.raises(Invalid) as refused:
        check_values(Mail, values)
    assert list(refused.value.problems) == [wrong]


def test_values_that_fit_are_taken():
    check_values(Mail, {"server": "a", "port": 25, "password": None, "pause": 2, "hosts": ["a"], "quiet": True, "folder": "Help"})


class Saving:
    """Saves and reads what is stored for `mail` on form 7."""

    def __init__(self, session, now):
        self.session, self.now = session, now

    def save(self, values, version=0, vault=VAULT):
        changes = save_settings(self.session, vault.seal, "mail", 7, Mail, values, version=version, now=self.now)
        self.session.flush()
        return changes

    @property
    def stored(self):
        return stored(self.session, "mail", 7, Mail)


@pytest.fixture
def saving(database, clock):
    with database.session(write=True) as session:
        yield Saving(session, clock.now())


@pytest.mark.both_databases
def test_what_changed_is_told_with_secrets_masked(saving):
    assert saving.save({"server": "a", "password": Secret("x")}) == {"server": [None, "a"], "password": [None, "••••"]}
    assert saving.save({"server": "b", "password": Secret("y")}, version=1) == {
        "server": ["a", "b"],
        "password": ["••••", "••••"],
    }


@pytest.mark.both_databases
def test_none_keeps_a_secret_and_an_empty_one_removes_it(saving):
    saving.save({"server": "a", "password": Secret("x")})
    token = saving.stored.values["password"]
    saving.save({"server": "a", "password": None}, version=1)
    assert saving.stored.values["password"] == token
    saving.save({"server": "a", "password": Secret("")}, version=1)
    assert "password" not in saving.stored.values


@pytest.mark.both_databases
def test_a_secret_opens_only_where_it_was_sealed(saving):
    saving.save({"server": "a", "password": "x"})
    token = saving.stored.values["password"]
    assert VAULT.open(token, place_of("mail", 7, "password")).reveal() == "x"
    with pytest.raises(VaultError):
        VAULT.open(token, place_of("mail", 8, "password"))


@pytest.mark.both_databases
def test_values_of_names_the_code_does_not_know_are_kept(saving):
    saving.save({"server": "a"})
    row = saving.session.scalars(sa.select(PluginSettings)).one()
    row.values = row.values | {"of_a_later_version": 1}
    saving.session.flush()
    saving.save({"server": "b"}, version=2)
    assert saving.stored.values == {"server": "b", "of_a_later_version": 1}


@pytest.mark.both_databases
def test_whoever_read_an_older_version_is_refused(saving):
    saving.save({"server": "a"})
    with pytest.raises(Conflict):
        saving.save({"server": "b"}, version=0)
    saving.save({"server": "b"}, version=1)
    with pytest.raises(Conflict):
        saving.save({"server": "c"}, version=1)
    assert saving.stored.values == {"server": "b"}
