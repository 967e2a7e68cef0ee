"""A real IMAP and SMTP server on loopback, in one thread: for tests, the demo and plugin authors.

IMAP is pymap in memory, SMTP is aiosmtpd; both belong to the extra `demo`. Import this module only where a
server is started: the two libraries cost about 12 MB and 0.3 s.

pymap's last release is of April 2024, so everything taken from its inside is in the classes at the end of this file.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from types import TracebackType
from typing import Any, Literal, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from proxyprotocol.sock import SocketInfoLocal
from pymap.backend.dict import Login
from pymap.backend.dict.filter import FilterSet
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage

from plugdesk.testing.mailboxes import Account, Folders, Settings

Stage = Literal["mail", "rcpt", "data"]

KEPT_OUTGOING = 1_000
TURNS_TO_ACCEPT = 8  # asyncio needs four for a connection without TLS
LONGEST_LINE = 1 << 20  # bytes; both libraries stop at far less than the mail servers people run


@dataclass(frozen=True)
class Delivered:
    """A letter for addresses that have no mailbox here: what a real server would pass on to other servers."""

    envelope_from: str
    recipients: tuple[str, ...]
    raw: bytes


class LocalMail:
    """IMAP and SMTP on loopback. Ports given as 0 are chosen by the system and known after `start`.

    Without `tls` connections are plain. With it they are encrypted from the first byte, or, with `starttls`, after
    the client's STARTTLS. `size_limit` is in bytes; a larger letter is answered with 552.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        imap_port: int = 0,
        smtp_port: int = 0,
        *,
        tls: ssl.SSLContext | None = None,
        starttls: bool = False,
        size_limit: int = 50_000_000,
    ) -> None:
        self.host = host
        self.imap_port = imap_port
        self.smtp_port = smtp_port
        self.outgoing: list[Delivered] = []
        self._tls, self._starttls, self._size_limit = tls, starttls, size_limit
        self._passwords: dict[str, str] = {}
        self._refusals: deque[tuple[Stage, str]] = deque()
        self._drops: deque[bool] = deque()
        self._delay = 0.0
        self._config = Settings(tls if starttls else None, size_limit)
        self._login = Login(self._config)
        self._connections: set[asyncio.BaseTransport] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closing = asyncio.Event()
        self._ready = threading.Event()
        self._failure: OSError | None = None

    def start(self) -> Self:
        """Listens on both ports and returns when they answer. Raises OSError when a port is taken."""
        self._closing, self._failure = asyncio.Event(), None
        self._ready.clear()
        self._thread = threading.Thread(target=self._run, name="local-mail", daemon=True)
        self._thread.start()
        self._ready.wait()
        self._raise_failure()
        return self

    def _raise_failure(self) -> None:
        if self._failure and self._thread:
            self._thread.join()
            raise self._failure

    def stop(self) -> None:
        """Ends every connection and both servers; mailboxes and letters stay readable. Stopping twice is harmless."""
        loop, self._loop = self._loop, None
        if loop and self._thread:
            loop.call_soon_threadsafe(self._closing.set)
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.stop()

    def add_mailbox(self, address: str, password: str) -> None:
        """Opens a mailbox with an empty INBOX, or changes the password of an existing one."""
        name = address.lower()
        self._passwords[name] = password
        self._login.users_dict[name] = Account(self._config, name, password=password)
        self._config.set_cache.setdefault(name, (Folders(), FilterSet()))

    def letters(self, address: str, folder: str = "INBOX") -> list[bytes]:
        """The raw letters of one folder, oldest first. Raises KeyError when there is no such mailbox or folder."""
        folders, _ = self._config.set_cache[address.lower()]
        return [bytes(message._content or b"") for message in list(folders.folder(folder)._messages.values())]

    def deliver(self, raw: bytes, recipients: Iterable[str], sender: str = "") -> None:
        """Puts the letter, byte for byte, into the INBOX of each recipient; unknown ones go to `outgoing`."""
        self._call(self._deliver(raw, list(recipients), sender))

    def refuse_next(self, code: int, text: str, *, at: Stage = "rcpt") -> None:
        """Answers the next SMTP command of that stage with the code; `at="data"` refuses after the letter's last byte."""
        self._refusals.append((at, f"{code} {text}"))

    def drop_after_data(self, *, keep: bool = True) -> None:
        """Takes the next letter's last byte and breaks the connection without an answer: the sender cannot know.

        With `keep` the letter was delivered all the same, without it was lost.
        """
        self._drops.append(keep)

    def delay(self, seconds: float) -> None:
        """From now on, waits this long before greeting a client and before answering a letter; 0 ends it."""
        self._delay = seconds

    def drop_connections(self) -> None:
        """Breaks every open connection of both servers at once; new ones are accepted."""
        self._call(self._abort_connections())

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._failure = error
            self._ready.set()

    async def _serve(self) -> None:
        imap = IMAPServer(self._login, self._config)
        loop = asyncio.get_running_loop()
        implicit_tls = None if self._starttls else self._tls

        async def serve_imap(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await asyncio.sleep(self._delay)
                await imap(reader, _WholeAnswers(reader, writer), SocketInfoLocal(writer))
            except (ConnectionError, asyncio.CancelledError):
                pass
            finally:
                writer.transport.abort()

        def imap_connection() -> asyncio.BaseProtocol:
            return _ImapConnection(self, serve_imap)

        servers: list[asyncio.Server] = []
        try:
            servers.append(await loop.create_server(imap_connection, self.host, self.imap_port, ssl=implicit_tls))
            servers.append(await loop.create_server(lambda: _SmtpConnection(self), self.host, self.smtp_port, ssl=implicit_tls))
            self.imap_port, self.smtp_port = (server.sockets[0].getsockname()[1] for server in servers)
            self._loop = loop
            self._ready.set()
            await self._closing.wait()
        finally:
            await self._accept_no_more(servers)
            await self._end_connections()

    async def _accept_no_more(self, servers: Sequence[asyncio.Server]) -> None:
        """Closes the servers once all they accepted are connections: asyncio forgets, unclosed, one that is only becoming one."""
        for each in (socket for server in servers for socket in server.sockets):
            asyncio.get_running_loop().remove_reader(each)
        for _turn in range(TURNS_TO_ACCEPT):
            await asyncio.sleep(0)
        for server in servers:
            server.close()

    async def _end_connections(self) -> None:
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            await self._abort_connections()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=1)
        await self._abort_connections()
        while self._connections:
            await asyncio.sleep(0)

    async def _abort_connections(self) -> None:
        for transport in list(self._connections):
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()

    async def _deliver(self, raw: bytes, recipients: list[str], sender: str, trace: bytes = b"") -> None:
        away = tuple(address for address in recipients if address.lower() not in self._passwords)
        for address in dict.fromkeys(address.lower() for address in recipients):
            if address in self._passwords:
                folders, _ = self._config.set_cache[address]
                await folders.folder("INBOX").append(AppendMessage(trace + raw, datetime.now(UTC), frozenset()), recent=True)
        if away:
            self.outgoing.append(Delivered(sender, away, raw))
            del self.outgoing[:-KEPT_OUTGOING]

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        if self._loop is None:
            work.close()
            raise RuntimeError("Start the mail server first.")
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _refusal(self, stage: Stage) -> str | None:
        for refusal in self._refusals:
            if refusal[0] == stage:
                self._refusals.remove(refusal)
                return refusal[1]
        return None

    # aiosmtpd calls these; their names and arguments are its handler protocol.

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth_data: object) -> AuthResult:
        """Accepts the address of a mailbox with its password."""
        assert isinstance(auth_data, LoginPassword)
        expected = self._passwords.get(auth_data.login.decode(errors="replace").lower())
        return AuthResult(
            success=expected is not None and secrets.compare_digest(expected.encode(), auth_data.password), handled=False
        )

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if refusal := self._refusal("mail"):
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if refusal := self._refusal("rcpt"):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if refusal := self._refusal("data"):
            return refusal
        await asyncio.sleep(self._delay)
        dropped = self._drops.popleft() if self._drops else None
        if dropped is not False:
            sender = (envelope.mail_from or "").strip("<>")  # aiosmtpd leaves the empty one, of bounces, as "<>"
            now = format_datetime(datetime.now(UTC))
            trace = f"Return-Path: <{sender}>\r\nReceived: from {session.host_name} by localhost; {now}\r\n"
            await self._deliver(envelope.original_content or b"", envelope.rcpt_tos, sender, trace.encode())
        if dropped is not None:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
            await asyncio.Event().wait()  # the lost connection cancels this task; an answer would only be a warning
        return "250 2.0.0 OK"


class _Known(asyncio.Protocol):
    """A connection that stands among its server's from its first moment to its last, whatever TLS makes of its transport."""

    _connections: set[asyncio.BaseTransport]
    _first: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._first = self._first or transport
        self._connections.add(self._first)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._first is not None:
            self._connections.discard(self._first)
        super().connection_lost(error)


class _SmtpConnection(_Known, SMTP):
    line_length_limit = LONGEST_LINE

    def __init__(self, mail: LocalMail) -> None:
        super().__init__(
            mail,
            hostname="localhost",
            data_size_limit=mail._size_limit,
            enable_SMTPUTF8=True,
            authenticator=mail.authenticate,
            auth_require_tls=mail._starttls,
            tls_context=mail._tls if mail._starttls else None,
            loop=asyncio.get_running_loop(),
        )
        self._mail, self._connections = mail, mail._connections

    async def _handle_client(self) -> None:
        try:
            await asyncio.sleep(self._mail._delay)
            await super()._handle_client()
        except ConnectionError:
            pass  # the client left; nobody awaits this task, so asyncio would report it as an error


class _ImapConnection(_Known, asyncio.StreamReaderProtocol):
    """One client of the IMAP server."""

    def __init__(
        self, mail: LocalMail, serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]
    ) -> None:
        super().__init__(asyncio.StreamReader(LONGEST_LINE), serve)
        self._connections = mail._connections


class _WholeAnswers(asyncio.StreamWriter):
    """Sends each answer in one piece; pymap writes it word by word, and imapclient's `idle_check` fails on half a line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = writer.transport.get_protocol()
        super().__init__(writer.transport, protocol, reader, asyncio.get_running_loop())
        self._answer = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._answer += data

    async def drain(self) -> None:
        super().write(bytes(self._answer))
        self._answer.clear()
        await super().drain()
