"""The command line: quick to answer, plain in its refusals, and able to look after a desk nobody can sign in to."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from plugdesk import cli
from plugdesk.database import Database
from plugdesk.forms.models import Form
from plugdesk.plugins.settings import PluginSettings
from plugdesk.users.models import User
from plugdesk.vault import Vault, new_key

HEAVY = ("sqlalchemy", "flask", "alembic", "babel", "jinja2", "httpx", "cryptography", "granian", "plugdesk.errors")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """`run("plugin", "list")`: what a command prints, and its exit code."""
    monkeypatch.setenv("PLUGDESK_DATA", str(tmp_path / "data"))

    def call(*arguments, code=0, **options):
        result = CliRunner().invoke(cli.main, [str(each) for each in arguments], **options)
        assert result.exit_code == code, result.output + repr(result.exception)
        return result.output

    return call


@pytest.fixture
def desk(run, tmp_path):
    """The address of a desk with a form, in the folder the commands work on."""
    from plugdesk.forms.commands import create_form
    from plugdesk.opening import open_runtime
    from plugdesk.settings import Settings
    from plugdesk.setup import create_desk

    run("migrate")
    runtime = open_runtime(Settings(data=tmp_path / "data"))
    with runtime.database.write() as session:
        create_desk(session, name="Desk", language="en", zone="UTC")
        create_form(session, name="Support", by=None)
    runtime.close()
    return runtime.settings.url


def value(url, query):
    database = Database(url)
    with database.read() as session:
        found = session.scalar(query)
    database.close()
    return found


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["plugin", "--help"], ["--version"]])
def test_asking_for_help_imports_nothing_heavy(arguments):
    code = f"""
import sys
from plugdesk.cli import main
try: main({arguments!r})
except SystemExit: pass
print("heavy:", [name for name in {HEAVY!r} if name in sys.modules])
"""
    said = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert said.endswith("heavy: []\n")


def test_without_migrating_no_command_touches_the_database(run):
    assert "plugdesk migrate" in run("plugin", "list", code=1)


def test_an_extension_is_switched_on_and_off_in_words(run, desk):
    assert "csat" in run("plugin", "list")
    assert run("plugin", "enable", "csat", "--form", "support").startswith("Switched on on Support")
    assert value(desk, sa.select(Form.extensions)) == ["csat"]
    assert run("plugin", "disable", "csat", "--form", "support").startswith("Switched off on Support")
    assert value(desk, sa.select(Form.extensions)) == []


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (["plugin", "enable", "nothing", "--form", "support"], "not installed"),
        (["plugin", "enable", "csat", "--form", "nowhere"], "no such form"),
        (["plugin", "remove", "nothing", "--yes"], "no such extension"),
        (["user", "password", "eve@example.org", "--password", "correct horse battery"], "Nobody signs in as"),
    ],
)
def test_a_refusal_is_a_sentence_and_no_traceback(run, desk, arguments, refusal):
    said = run(*arguments, code=1)
    assert said.startswith("Error: ")
    assert refusal in said


def test_an_administrator_is_let_in_again(run, desk):
    run("user", "add", "ada@example.org", "--name", "Ada", "--password", "correct horse battery")
    before = value(desk, sa.select(User.password_hash))
    run("user", "password", "ada@example.org", "--password", "another horse battery")
    assert value(desk, sa.select(User.role)) == "admin"
    assert value(desk, sa.select(User.password_hash)) != before


def test_secrets_are_sealed_with_the_newest_key(run, desk, monkeypatch):
    old, new = new_key(), new_key()
    token = Vault([old]).seal("hunter2", "gone/form:1/password")
    database = Database(desk)
    with database.write() as session:
        now = datetime.now(UTC)
        session.add(PluginSettings(plugin="gone", form_id=1, values={"password": token, "n": 1}, schema=1, changed_at=now))
    database.close()
    monkeypatch.setenv("PLUGDESK_SECRET_KEYS", f"{new},{old}")
    assert run("secrets", "rotate") == "Sealed anew: 1.\n"
    stored = value(desk, sa.select(PluginSettings.values))
    assert Vault([new]).open(stored["password"], "gone/form:1/password").reveal() == "hunter2"


def test_a_key_that_is_missing_is_named(run, desk, monkeypatch):
    database = Database(desk)
    with database.write() as session:
        token = Vault([new_key()]).seal("hunter2", "gone/form:1/password")
        session.add(PluginSettings(plugin="gone", form_id=1, values={"password": token}, schema=1, changed_at=datetime.now(UTC)))
    database.close()
    monkeypatch.setenv("PLUGDESK_SECRET_KEYS", new_key())
    assert "its key is missing" in run("secrets", "rotate", code=1)


def test_the_doctor_finds_a_healthy_desk_well(run, desk):
    said = CliRunner().invoke(cli.main, ["doctor"]).output  # another extension here may not load; that is for its own tests
    assert "Data folder" in said
    assert "tables as this version needs them" in said
    assert "every stored secret has its key" in said


def test_the_doctor_says_what_to_do_where_there_is_no_desk(run):
    said = run("doctor", code=1)
    assert "Start the desk once" in said


def test_a_plugin_folder_is_checked(run, tmp_path):
    assert "no plugin.toml" in run("plugin", "check", tmp_path, code=1)
