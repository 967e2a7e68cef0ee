"""Passwords of mailboxes and keys: sealed, shown to nobody, sent only to whom they are meant for (K1, K2, U1)."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from plugdesk.forms.models import Form
from plugdesk.settings import Settings
from plugdesk.testing.pages import listening
from plugdesk.users.models import User
from plugdesk.vault import VaultError
from plugdesk_email.connections import Refused, imap, smtp
from plugdesk_email.mailboxes import read_account
from plugdesk_email.models import Mailbox
from tests.security.bodies import MAILBOX
from tests.security.test_access import ask, rows
from tests.security.world import World

pytestmark = pytest.mark.one_database

PLANTED = "mailbox-secret"  # of both mailboxes of the world
HOST = "127.0.0.1"


def test_no_page_no_answer_and_no_line_of_the_log_tells_a_secret(world: World) -> None:
    """Every route, asked by everybody who gets an answer, with its errors; and every row of the database."""
    hashes = [each for each in world.session.scalars(sa.select(User.password_hash)) if each]
    sealed = list(world.session.scalars(sa.select(Mailbox.password)))
    keys = [world.runtime.session_key, *(world.runtime.settings.data / "secret.key").read_text().split()]
    secrets = [PLANTED, world.things["password"], *hashes, *sealed, *keys]
    problems = []
    with listening() as log:
        for row in rows():
            for role in ("admin", "form_admin"):
                with world.undone():
                    said = ask(world, role, row).get_data()
                problems += [f"{row.route} tells {role} {secret[:12]}…" for secret in secrets if secret.encode() in said]
    problems += [f"the log: {line[:200]}" for line in log for secret in secrets if secret in line]
    assert not problems, "\n".join(problems)
    stored = world.session.execute(sa.text("SELECT * FROM event")).all()
    assert not any(secret in repr(row) for row in stored for secret in (PLANTED, *sealed, *keys))


def test_no_row_of_the_database_holds_a_password(world: World) -> None:
    """After somebody was added, signed in, mistyped a password and chose another: a dump has strings of argon2 and nothing else."""
    new = "eleven grey herons stand"
    world.ask("admin", "POST", "/people", {"name": "New", "email": "new@desk.example", "role": "agent"})
    for entered in (world.things["password"], "mistyped-in-haste"):
        world.ask("anonymous", "POST", "/sign-in", {"email": "olga@desk.example", "password": entered})
    world.ask("agent", "POST", "/account/password", {"old": world.things["password"], "password": new})
    connection = world.session.connection()
    rows = [
        f"{name}: {row!r}"
        for name in sa.inspect(connection).get_table_names()
        for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"')
    ]
    assert [row for row in rows for typed in (world.things["password"], "mistyped-in-haste", new) if typed in row] == []
    assert {each[:10] for each in world.session.scalars(sa.select(User.password_hash)) if each} == {"$argon2id$"}


def test_a_mailboxs_page_comes_back_without_the_password_that_was_typed(world: World) -> None:
    typed = MAILBOX | {"password": "typed-just-now", "untested": "", "imap_host": HOST, "smtp_host": HOST}
    for path in ("/forms/support/x/email/mailboxes", "/forms/support/x/email/test"):
        answer = world.ask("form_admin", "POST", path, typed)
        assert answer.status_code == 422
        assert "typed-just-now" not in answer.get_data(as_text=True)


def test_what_holds_secrets_shows_none_in_its_repr(world: World) -> None:
    account = read_account(MAILBOX | {"password": "typed-just-now"}, by=world.people["admin"])
    for each in (
        account,
        world.session.scalars(sa.select(Mailbox)).first(),
        world.runtime,
        world.runtime.vault,
        world.people["admin"],
    ):
        assert "typed-just-now" not in repr(each)
        assert "argon2" not in repr(each)
    settings = Settings(
        secret_keys=("a-key-of-secrets",),
        session_key="a-key-of-forms",
        redis_url="redis://:word@host",
        database_url="postgresql://u:word@host/db",
    )
    assert not any(secret in repr(settings) for secret in ("a-key-of-secrets", "a-key-of-forms", "word@"))


@pytest.mark.both_databases
def test_a_desk_that_holds_secrets_does_not_start_without_its_key(database_url: str, tmp_path: Path) -> None:
    from plugdesk.forms.models import Desk
    from plugdesk.opening import open_runtime
    from tests.factories import make_desk

    settings = Settings(data=tmp_path, database_url=database_url)
    runtime = open_runtime(settings, migrating=True)
    with runtime.database.write() as session:
        make_desk(session)
        runtime.seal(session, "s3cret", "trial")
        assert session.get_one(Desk, 0).holds_secrets
    runtime.close()
    (tmp_path / "secret.key").unlink()
    with pytest.raises(VaultError, match="their key is missing"):
        open_runtime(settings, migrating=True)
    assert not (tmp_path / "secret.key").exists()


# Connections: the certificate is verified before a password is sent, in both directions and both kinds of encryption.


@pytest.fixture
def mail_server(authority: Any) -> Iterator[Callable[..., Any]]:
    """`mail_server("elsewhere.example", starttls=True)`: IMAP and SMTP behind a certificate for that name."""
    from contextlib import ExitStack

    from plugdesk.testing.local_mail import LocalMail

    with ExitStack() as stack:

        def start(name: str, *, starttls: bool, by: Any = None) -> Any:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            (by or authority).issue_cert(name).configure_cert(context)
            server = stack.enter_context(LocalMail(tls=context, starttls=starttls))
            server.add_mailbox("help@desk.example", "mailbox-secret")
            return server

        yield start


@pytest.mark.parametrize("starttls", [True, False], ids=["starttls", "tls"])
@pytest.mark.parametrize("why", ["right", "another host", "another authority"])
def test_a_password_goes_only_to_a_server_that_proves_its_name(
    world: World, mail_server: Callable[..., Any], authority_file: Path, why: str, starttls: bool
) -> None:
    import trustme

    object.__setattr__(world.runtime.settings, "ca_file", str(authority_file))
    server = mail_server(
        HOST if why != "another host" else "elsewhere.example",
        starttls=starttls,
        by=trustme.CA() if why == "another authority" else None,
    )
    security = "starttls" if starttls else "tls"
    typed = {
        "imap_host": HOST,
        "smtp_host": HOST,
        "imap_port": server.imap_port,
        "smtp_port": server.smtp_port,
        "own_network": "1",
    }
    typed |= {"address": "help@desk.example", "password": "mailbox-secret", "imap_security": security, "smtp_security": security}
    account = read_account(typed, by=world.people["admin"])
    ctx = world.runtime.context(
        "email", world.session.scalars(sa.select(Form).where(Form.slug == "support")).one(), world.session
    )
    for connect in (imap, smtp):
        if why == "right":
            with connect(ctx, account):
                pass
        else:
            with pytest.raises(Refused, match="is not valid for it"), connect(ctx, account):
                pytest.fail("signed in at a server that proved nothing")


# Hosts of our own network.

INNER = (
    "127.0.0.1",
    "localhost",
    "0.0.0.0",
    "[::1]",
    "::ffff:127.0.0.1",
    "169.254.169.254",
    "10.1.2.3",
    "192.168.0.1",
    "100.64.0.1",
    "localhost.",
)


@pytest.fixture
def listener() -> Iterator[tuple[int, list[str]]]:
    """A port of this machine, and who has called it."""
    calls: list[str] = []
    server = socket.create_server(("0.0.0.0", 0))

    def accept() -> None:
        while True:
            try:
                client, _who = server.accept()
            except OSError:
                return
            calls.append(client.getsockname()[0])
            client.close()

    threading.Thread(target=accept, daemon=True).start()
    yield server.getsockname()[1], calls
    server.shutdown(socket.SHUT_RDWR)
    server.close()


@pytest.mark.parametrize("host", INNER)
def test_no_mailbox_leads_into_our_own_network(world: World, listener: tuple[int, list[str]], host: str) -> None:
    """Whoever configures a form may name any host; ticking *our own network* is for administrators of the desk."""
    port, calls = listener
    typed = MAILBOX | {
        "imap_host": host,
        "smtp_host": host,
        "imap_port": str(port),
        "smtp_port": str(port),
        "untested": "",
        "own_network": "1",
    }
    for path in ("/forms/support/x/email/test", "/forms/support/x/email/mailboxes"):
        answer = world.ask("form_admin", "POST", path, typed)
        assert answer.status_code == 422
        assert "in our own network" in answer.get_data(as_text=True)
    assert calls == []


def test_a_mailbox_that_leads_there_nevertheless_is_not_read(
    world: World, listener: tuple[int, list[str]], run_jobs: Callable[[], int]
) -> None:
    """Saved without the test: the check is made again at every connection."""
    port, calls = listener
    mailbox = world.session.get_one(Mailbox, world.things["mailbox_id"])
    mailbox.imap_host, mailbox.imap_port = "localhost", port
    world.session.commit()
    run_jobs()
    assert calls == []
    assert "in our own network" in (world.session.get_one(Mailbox, mailbox.id).error or "")


def test_a_name_server_that_answers_twice_differently_gains_nothing(
    world: World, listener: tuple[int, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number that was checked is the number that is called: asked again, the name would mean another machine."""
    port, calls = listener
    answers = iter(["127.0.0.2", "127.0.0.1", "127.0.0.1", "127.0.0.1"])

    def resolve(host: str, port: int) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr("plugdesk.addresses._ask_system", resolve)
    object.__setattr__(world.runtime.settings, "private_hosts", ("127.0.0.2",))
    account = read_account(MAILBOX | {"imap_host": "mail.example", "imap_port": str(port)}, by=world.people["form_admin"])
    ctx = world.runtime.context(
        "email", world.session.scalars(sa.select(Form).where(Form.slug == "support")).one(), world.session
    )
    logging.getLogger("imapclient").setLevel(logging.ERROR)
    with pytest.raises(Exception, match=r"connection|encryption"), imap(ctx, account):
        pass
    with pytest.raises(Refused, match="in our own network"), imap(ctx, account):
        pass
    assert calls == ["127.0.0.2"]
