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
from argparse import Namespace
from collections import deque
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from types import TracebackType
from typing import Any, Literal, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from proxyprotocol.sock import SocketInfoLocal
from pymap.backend.dict import Config, Login
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import MailboxData, MailboxSet, Message
from pymap.concurrent import Event, Subsystem
from pymap.imap import IMAPServer
from pymap.mime import MessageContent
from pymap.parsing.message import AppendMessage
from pymap.parsing.specials import ObjectId
from pymap.selected import SelectedMailbox
from pymap.user import UserMetadata
from pysasl.hashing import Cleartext

Stage = Literal["mail", "rcpt", "data"]

KEPT_OUTGOING = 1_000
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
        self._config = _Config(tls if starttls else None, size_limit)
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
        self._login.users_dict[name] = _Account(self._config, name, password=password)
        self._config.set_cache.setdefault(name, (_Folders(), FilterSet()))

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
            self._connections.add(writer.transport)
            try:
                await asyncio.sleep(self._delay)
                await imap(reader, _WholeAnswers(reader, writer), SocketInfoLocal(writer))
            except (ConnectionError, asyncio.CancelledError):
                pass
            finally:
                self._connections.discard(writer.transport)

        servers: list[asyncio.Server] = []
        try:
            servers.append(
                await asyncio.start_server(serve_imap, self.host, self.imap_port, ssl=implicit_tls, limit=LONGEST_LINE)
            )
            servers.append(await loop.create_server(lambda: _SmtpConnection(self), self.host, self.smtp_port, ssl=implicit_tls))
            self.imap_port, self.smtp_port = (server.sockets[0].getsockname()[1] for server in servers)
            self._loop = loop
            self._ready.set()
            await self._closing.wait()
        finally:
            for server in servers:
                server.close()
            await self._abort_connections()

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


class _SmtpConnection(SMTP):
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
        self._mail = mail

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._mail._connections.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self.transport is not None:
            self._mail._connections.discard(self.transport)
        super().connection_lost(error)

    async def _handle_client(self) -> None:
        try:
            await asyncio.sleep(self._mail._delay)
            await super()._handle_client()
        except ConnectionError:
            pass  # the client left; nobody awaits this task, so asyncio would report it as an error


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


class _Config(Config):
    """pymap's settings. Its own greeting looks up the machine's name, which can take seconds without a network."""

    set_cache: dict[str, tuple[_Folders, FilterSet]]  # type: ignore[assignment]

    def __init__(self, starttls: ssl.SSLContext | None, size_limit: int) -> None:
        super().__init__(
            Namespace(passlib_cfg=None, proxy_protocol=None),
            host=None,
            port=0,
            demo_data=False,
            demo_user="",
            demo_password="",
            tls_enabled=starttls is not None,
            invalid_user_sleep=0,
            max_append_len=size_limit,
            ssl_context=starttls or ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
            hash_context=Cleartext(),
            cpu_subsystem=Subsystem.for_asyncio(),
        )

    @property
    def greeting(self) -> bytes:
        return b"Server ready localhost"


class _Account(UserMetadata):
    """An account whose password may hold any letters; pymap's comparison fails on other than ASCII."""

    def compare_secret(self, value: str) -> bool:
        return secrets.compare_digest(value.encode(), (self.password or "").encode())


class _Folders(MailboxSet):
    """The folders of one mailbox."""

    _inbox: _Folder
    _set: dict[str, _Folder]  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self._inbox = self._new_folder()

    def folder(self, name: str) -> _Folder:
        return self._inbox if name.upper() == "INBOX" else self._set[name]

    async def add_mailbox(self, name: str) -> ObjectId:
        if name in self._set:
            raise ValueError(name)
        self._set[name] = folder = self._new_folder()
        return folder.mailbox_id

    def _new_folder(self) -> _Folder:
        return _Folder(self._content_cache, self._thread_cache)


class _Folder(MailboxData):
    """A folder that keeps letters as they came and whose IDLE misses nothing."""

    async def append(self, append_msg: AppendMessage, *, recent: bool = False) -> Message:
        async with self.messages_lock.write_lock():
            self._max_uid += 1
            message = Message(
                self._max_uid,
                append_msg.when or datetime.now(UTC),
                append_msg.flag_set,
                recent=recent,
                email_id=ObjectId.random_email_id(),
                thread_id=ObjectId.random_thread_id(),
                content=_Letter(append_msg.literal),
            )
            self._messages[message.uid] = message
            self._mod_sequences.update([message.uid])
            self._updated.set()
            return message

    async def update_selected(self, selected: SelectedMailbox, *, wait_on: Event | None = None) -> SelectedMailbox:
        # A letter that comes while pymap writes about the one before it wakes nobody: look before waiting.
        if selected.mod_sequence is not None and self._mod_sequences.highest > selected.mod_sequence:
            wait_on = None
        return await super().update_selected(selected, wait_on=wait_on)


class _Letter(MessageContent):
    """A letter parsed only while a client asks for its parts: pymap would keep three numbers for every line of it."""

    def __init__(self, raw: bytes) -> None:
        self._raw = memoryview(raw)

    def __getattr__(self, name: str) -> Any:
        if name in ("header", "body", "lines"):
            return getattr(MessageContent.parse(bytes(self._raw)), name)
        raise AttributeError(name)
