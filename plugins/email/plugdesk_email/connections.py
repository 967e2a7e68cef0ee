"""Connections to mail servers: encrypted and verified, with time-outs, to allowed addresses only; errors in words."""

from __future__ import annotations

import imaplib
import select
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields
from functools import partial

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from plugdesk.api import Context, Invalid, NotAllowed, PlugdeskError, connect_public
from plugdesk.api import gettext as _
from plugdesk_email.models import Mailbox, Security

SECONDS = 30.0


@dataclass(frozen=True)
class Account:
    """Where and as whom to connect; what `Mailbox` stores, with the password opened."""

    address: str
    login: str
    password: str = field(repr=False)
    imap_host: str
    imap_port: int
    imap_security: Security
    smtp_host: str
    smtp_port: int
    smtp_security: Security
    own_network: bool
    folder: str = "INBOX"


OPEN = tuple(each.name for each in fields(Account) if each.name != "password")
"""What of an account is no secret, and stands in a mailbox under the same names."""


class Unreachable(Exception):
    """The server could not be used now; the text says what happened and what to do. Trying again may help."""


class Refused(Unreachable):
    """The server said no for good: a wrong password, a certificate of another host."""


def account_of(ctx: Context, mailbox: Mailbox) -> Account:
    """The account behind a mailbox."""
    return Account(
        password=ctx.unseal(mailbox.password, f"mailbox:{mailbox.id}/password"),
        **{name: getattr(mailbox, name) for name in OPEN},
    )


@contextmanager
def imap(ctx: Context, account: Account) -> Iterator[IMAPClient]:
    """A signed-in connection for reading. Raises `Unreachable` or `Refused`, also for what fails inside the block."""
    client: IMAPClient | None = None
    try:
        with _in_words(account.imap_host, account.imap_port):
            client = _Imap(ctx, account)
            if account.imap_security is Security.STARTTLS:
                client.starttls(_certificates(ctx))
            try:
                client.login(account.login, account.password)
            except (LoginError, UnicodeEncodeError) as error:
                raise Refused(
                    _("%(host)s refuses the login or password. Many providers want an app password here.", host=account.imap_host)
                ) from error
            yield client
    finally:
        if client is not None:
            _leave(client)


def _leave(client: IMAPClient) -> None:
    try:
        client.logout()
    except Exception:  # the server has gone; then it is only our end that is still open
        with suppress(Exception):
            client.shutdown()


@contextmanager
def smtp(ctx: Context, account: Account) -> Iterator[smtplib.SMTP]:
    """A signed-in connection for sending. Raises `Unreachable` or `Refused` while it is being made.

    After a letter that went well it is left to the next job of the batch.
    """
    client = _left(ctx, account)
    try:
        if client is None:
            with _in_words(account.smtp_host, account.smtp_port):
                client = _Smtp(ctx, account)
                client.ehlo()
                if account.smtp_security is Security.STARTTLS:
                    client.starttls(context=_certificates(ctx))
                    client.ehlo()
                if client.has_extn("auth"):
                    client.login(account.login, account.password)
        yield client
    except BaseException:
        if client is not None:
            _quit(client)
        raise
    ctx.leave(account, client, partial(_quit, client))


def _left(ctx: Context, account: Account) -> smtplib.SMTP | None:
    """The connection that was left for this account, unless its server has taken leave meanwhile.

    No question is asked: after a letter that was accepted the server has forgotten all that was said (RFC 5321, 4.1.1.4).
    """
    client: smtplib.SMTP | None = ctx.take(account)
    if client is None:
        return None
    if client.sock is not None and not select.select([client.sock], [], [], 0)[0]:
        return client
    _quit(client)  # there is something to be read: the end, or a 421 before it
    return None


def _quit(client: smtplib.SMTP) -> None:
    with suppress(Exception):
        client.quit()
    client.close()


def test_account(ctx: Context, account: Account) -> list[str]:
    """Try both directions for real. Returns what works, in sentences; raises `Invalid` with what does not."""
    problems: dict[str, str] = {}
    good = []
    try:
        with imap(ctx, account) as client:
            found = client.select_folder(account.folder, readonly=True)
            good.append(_("Reading works: %(folder)s holds %(n)d letters.", folder=account.folder, n=int(found[b"EXISTS"])))
    except (Unreachable, IMAPClientError) as error:
        problems["imap"] = str(error) or _("The folder %(folder)s cannot be opened.", folder=account.folder)
    try:
        with smtp(ctx, account):
            good.append(
                _("Sending works: %(host)s takes letters from %(address)s.", host=account.smtp_host, address=account.address)
            )
    except Unreachable as error:
        problems["smtp"] = str(error)
    if problems:
        raise Invalid(problems=problems)
    return good


class _Imap(IMAPClient):  # type: ignore[misc]
    """IMAPClient over a connection to the address that was checked, not to whatever the name means a moment later."""

    def __init__(self, ctx: Context, account: Account) -> None:
        self._open = lambda: _connect(ctx, account, account.imap_host, account.imap_port, account.imap_security)
        super().__init__(account.imap_host, account.imap_port, ssl=account.imap_security is Security.TLS, timeout=SECONDS)

    def _create_IMAP4(self) -> imaplib.IMAP4:
        return _Imap4(self.host, self._open)


class _Imap4(imaplib.IMAP4):
    def __init__(self, host: str, opened: Callable[[], socket.socket]) -> None:
        self._opened = opened
        super().__init__(host)  # what STARTTLS verifies the certificate for

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        return self._opened()


class _Smtp(smtplib.SMTP):
    """The same for sending."""

    def __init__(self, ctx: Context, account: Account) -> None:
        self._opened: Callable[[], socket.socket] = lambda: _connect(
            ctx, account, account.smtp_host, account.smtp_port, account.smtp_security
        )
        super().__init__(account.smtp_host, account.smtp_port, timeout=SECONDS)
        self._host = account.smtp_host  # what STARTTLS verifies the certificate for

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._opened()


def _connect(ctx: Context, account: Account, host: str, port: int, security: Security) -> socket.socket:
    allowed = ("0.0.0.0/0", "::/0") if account.own_network else ctx.private_hosts
    opened = connect_public(host, port, allowed=allowed, timeout=SECONDS)
    # Both clients write a command piece by piece: without this a piece waits 40 ms for the server's word on the one before.
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if security is not Security.TLS:
        return opened
    try:
        return _certificates(ctx).wrap_socket(opened, server_hostname=host)
    except BaseException:
        opened.close()
        raise


def _certificates(ctx: Context) -> ssl.SSLContext:
    """Host and chain are verified, always; `ca_file` adds the company's own authority."""
    context = ssl.create_default_context()
    if ctx.ca_file:
        context.load_verify_locations(ctx.ca_file)
    return context


@contextmanager
def _in_words(host: str, port: int) -> Iterator[None]:
    where = f"{host}:{port}"
    try:
        yield
    except Unreachable:
        raise
    except PlugdeskError as error:
        hint = " " + _("An administrator may tick “our own network” for this mailbox.") if isinstance(error, NotAllowed) else ""
        raise Refused(f"{error}{hint}") from error
    except ssl.SSLCertVerificationError as error:
        raise Refused(
            _(
                "The certificate of %(where)s is not valid for it (%(why)s). Check the name of the server.",
                where=where,
                why=error.verify_message,
            )
        ) from error
    except ssl.SSLError as error:
        raise Refused(
            _("%(where)s does not speak this kind of encryption. Try the other one, or another port.", where=where)
        ) from error
    except socket.gaierror as error:
        raise Refused(_("There is no server called %(host)s. Check its name.", host=host)) from error
    except TimeoutError as error:
        raise Unreachable(
            _("%(where)s does not answer. Check name and port; a firewall may be in between.", where=where)
        ) from error
    except ConnectionRefusedError as error:
        raise Unreachable(_("Nothing listens at %(where)s. Check the port.", where=where)) from error
    except smtplib.SMTPAuthenticationError as error:
        raise Refused(
            _("%(host)s refuses the login or password. Many providers want an app password here.", host=host)
        ) from error
    except (smtplib.SMTPException, IMAPClientError, OSError, EOFError) as error:
        raise Unreachable(
            _("The connection to %(where)s failed: %(why)s", where=where, why=str(error) or type(error).__name__)
        ) from error
