"""`plugdesk email receive` and `plugdesk email parse`, as mail servers and people call them."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from plugdesk.cli import main
from plugdesk.plugins.switch import disable_plugin, enable_plugin
from plugdesk.tickets.models import Ticket
from plugdesk.worker import Worker
from plugdesk_email.models import Original
from tests.factories import make_form

LETTER = b"From: Ann <ann@example.com>\nTo: help@desk.example\nSubject: The till beeps\nMessage-ID: <a@example.com>\n\nTwice.\n"


@pytest.fixture
def call(database_url, tmp_path, monkeypatch):
    """`call("receive", …, letter=…)` on a desk with e-mail on the form Support, off on Sales."""
    from plugdesk.runtime import Runtime
    from plugdesk.settings import Settings

    monkeypatch.setenv("PLUGDESK_DATABASE_URL", database_url)
    monkeypatch.setenv("PLUGDESK_DATA", str(tmp_path))
    runtime = Runtime(Settings(data=tmp_path, database_url=database_url))
    with runtime.database.write() as session:
        make_form(session, name="Sales")
        enable_plugin(session, make_form(session, name="Support"), "email", None)

    def call(*words, letter=LETTER):
        return CliRunner().invoke(main, ["email", *words], input=letter)

    call.runtime = runtime  # type: ignore[attr-defined]
    yield call
    runtime.close()


def kept(call):
    with call.runtime.database.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Original))


def test_a_letter_from_the_pipe_is_committed_and_becomes_a_ticket(call):
    done = call("receive", "--form", "support", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["size"] == len(LETTER)
    Worker(call.runtime, "test").run_due()
    with call.runtime.database.read() as session:
        assert [ticket.subject for ticket in session.scalars(sa.select(Ticket))] == ["The till beeps"]


def test_letters_in_files_are_taken_all_or_none(call, tmp_path):
    files = [tmp_path / "a.eml", tmp_path / "b.eml"]
    files[0].write_bytes(LETTER)
    assert call("receive", "--form", "support", *map(str, files)).exit_code == 75
    assert kept(call) == 0
    files[1].write_bytes(LETTER)
    assert call("receive", "--form", "support", *map(str, files)).exit_code == 0
    assert kept(call) == 2


@pytest.mark.parametrize(
    "words, letter, said",
    [
        (["--form", "nowhere"], LETTER, "There is no such form."),
        (["--form", "sales"], LETTER, "E-mail is off on the form “sales”. Switch it on under Extensions."),
        (["--form", "support"], b" \n", "The letter is empty."),
        ([], LETTER, "Missing option '--form'."),
        (["--form", "support", "--fast"], LETTER, "No such option"),
        (["--form", "support", "/nowhere/letter.eml"], LETTER, "No such file or directory"),
    ],
    ids=["unknown form", "off", "empty", "no form", "unknown option", "no file"],
)
def test_on_any_doubt_the_mail_server_is_told_to_try_again(call, words, letter, said):
    done = call("receive", *words, letter=letter)
    assert (done.exit_code, done.stdout) == (75, "")
    assert done.stderr.startswith("plugdesk email receive: ") and said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert kept(call) == 0


def test_after_e_mail_was_switched_off_letters_wait_at_the_mail_server(call):
    with call.runtime.database.write() as session:
        from plugdesk.forms.queries import form_by_slug

        disable_plugin(session, form_by_slug(session, "support"), "email", None)
    assert call("receive", "--form", "support").exit_code == 75


def test_a_database_that_is_not_there_is_a_doubt(call, monkeypatch, tmp_path):
    monkeypatch.setenv("PLUGDESK_DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")
    done = call("receive", "--form", "support")
    assert (done.exit_code, "plugdesk migrate" in done.stderr) == (75, True)


def test_parsing_prints_an_object_a_line_and_needs_no_desk(tmp_path, monkeypatch):
    monkeypatch.setenv("PLUGDESK_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    files = [tmp_path / "a.eml", tmp_path / "b.eml"]
    files[0].write_bytes(LETTER)
    files[1].write_bytes(
        LETTER.replace(b"Twice.", b"> It beeps.\n\nTwice.").replace(b"\n\n", b"\nAuto-Submitted: auto-replied\n\n", 1)
    )
    done = CliRunner().invoke(main, ["email", "parse", *map(str, files), "--json"])
    assert done.exit_code == 0, done.output
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["class"], second["class"]) == ("human", "auto-reply")
    assert first["from"] == "ann@example.com" and first["reply"] == "Twice." and first["file"] == str(files[0])
    assert set(first) == set(
        [
            "file",
            "class",
            "from",
            "from_name",
            "reply_to",
            "to",
            "subject",
            "text",
            "reply",
            "signature",
            "has_html",
            "attachments",
            "message_id",
            "references",
            "failed",
            "problems",
        ]
    )
