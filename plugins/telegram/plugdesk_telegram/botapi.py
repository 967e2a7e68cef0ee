"""Telegram's Bot API over HTTP: one place that calls its methods, and says in typed errors what went wrong.

https://core.telegram.org/bots/api#making-requests. The token is part of every address: neither an address nor an error of
the HTTP library leaves this module.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any
from urllib.parse import urlsplit

import httpx

SECONDS = 20.0
UPLOAD_SECONDS = 240.0
BIGGEST_ANSWER = 8_000_000  # bytes; a hundred of the longest updates

# name, bytes, media type; by the field of the form they travel in
Files = Mapping[str, tuple[str, bytes, str]]


@dataclass(frozen=True)
class Account:
    """Which bot of whose server to speak to, and through what."""

    address: str
    token: str = field(repr=False)
    own_network: bool = False
    proxy: str = field(default="", repr=False)  # may name a password
    ca_file: str = ""

    @property
    def host(self) -> str:
        return urlsplit(self.address).hostname or ""


class TelegramError(Exception):
    """Something went wrong between us and Telegram."""


class Unreachable(TelegramError):
    """No answer that could be read. `sent` says that the request may have been carried out."""

    def __init__(self, why: str, *, sent: bool) -> None:
        super().__init__(why)
        self.sent = sent


class Refused(TelegramError):
    """`{"ok": false, …}`: the request was not carried out, for the reason in `description`."""

    def __init__(self, code: int, description: str, parameters: Mapping[str, Any]) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description
        self.retry_after = float(parameters.get("retry_after") or 0)
        self.migrate_to = parameters.get("migrate_to_chat_id")

    @property
    def is_theirs(self) -> bool:
        """Whether it is Telegram's own trouble, which passes."""
        return self.code >= 500

    def says(self, *words: str) -> bool:
        """Whether the reason contains one of these words."""
        return any(each in self.description.lower() for each in words)


class Interrupt:
    """Ends a request that waits, from another thread."""

    def __init__(self, stop: Event) -> None:
        self.stop = stop
        self._lock = Lock()
        self._socket: socket.socket | None = None

    def end(self) -> None:
        """Set `stop`, and cut the connection of the request under way."""
        self.stop.set()
        with self._lock:
            if self._socket is not None:
                with suppress(OSError):  # the other side may have closed it already
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # of the plain socket: TLS says no goodbye here

    def trace(self, name: str, info: Mapping[str, Any]) -> None:
        """Called by httpcore at each step of a request (https://www.encode.io/httpcore/extensions/#trace)."""
        if name in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            opened = info["return_value"].get_extra_info("socket")
            with self._lock:
                self._socket = opened
            if self.stop.is_set():
                self.end()
        elif name.endswith("response_closed.complete"):
            with self._lock:
                self._socket = None


class BotApi:
    """The methods of one bot. `client(**limits)` makes an HTTP client that reaches the account's host."""

    def __init__(self, account: Account, client: Callable[..., httpx.Client]) -> None:
        self.account = account
        self._client = client

    def call(
        self,
        method: str,
        *,
        files: Files | None = None,
        seconds: float | None = None,
        interrupt: Interrupt | None = None,
        **arguments: Any,
    ) -> Any:
        """The `result` of a method. Arguments that are None are left out. Raises `Refused` or `Unreachable`."""
        given, seconds = {name: value for name, value in arguments.items() if value is not None}, seconds or SECONDS
        body: dict[str, Any] = {"json": given}
        if files:
            plain = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
            body = {"data": plain, "files": files}
            seconds = UPLOAD_SECONDS
        extensions = {"trace": interrupt.trace} if interrupt else {}
        response = self._fetch(
            "POST", f"bot{self.account.token}/{method}", seconds, BIGGEST_ANSWER, extensions=extensions, **body
        )
        return _result(response)

    def download(self, path: str, *, most: int) -> bytes:
        """A file by the `file_path` of getFile, at most `most` bytes. Raises `Refused` (404: the path has expired) or `Unreachable`."""
        response = self._fetch("GET", f"file/bot{self.account.token}/{path}", UPLOAD_SECONDS, most + 100_000)
        if response.status_code == 200:
            return response.content
        if response.status_code in (400, 404):
            raise Refused(response.status_code, "file not found", {})
        return bytes(_result(response) or b"")

    def _fetch(self, verb: str, path: str, seconds: float, most: int, **given: Any) -> httpx.Response:
        try:
            with self._client(timeout=min(seconds, 80.0), max_seconds=seconds, max_bytes=most) as client:
                return client.request(verb, f"{self.account.address}/{path}", **given)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.UnsupportedProtocol) as error:
            raise Unreachable(_why(error), sent=False) from None
        except httpx.HTTPError as error:
            # What the client itself refuses (RequestRefused) never left; of the others nobody knows.
            raise Unreachable(_why(error), sent=type(error).__name__ != "RequestRefused") from None
        except (httpx.InvalidURL, ValueError) as error:
            raise Unreachable(_why(error), sent=False) from None


def _result(response: httpx.Response) -> Any:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or "ok" not in answer:
        # A page of something in between. Only 503 says for certain that nothing was done.
        raise Unreachable(f"HTTP {response.status_code}", sent=response.status_code != 503)
    if answer["ok"] is True:
        return answer.get("result")
    code = answer.get("error_code")
    parameters = answer.get("parameters")
    raise Refused(
        code if isinstance(code, int) else response.status_code, str(answer.get("description") or "")[:500],
        parameters if isinstance(parameters, dict) else {},
    )  # fmt: skip


def _why(error: Exception) -> str:
    said = re.sub(r"^\[Errno -?\d+\] ", "", str(error))
    return said if said and "bot" not in said.lower() else type(error).__name__
