"""Updates brought to a bot by POST, as Telegram brings them: in order within a chat, again and again until they are taken.

https://core.telegram.org/bots/api#setwebhook
"""

from __future__ import annotations

import heapq
import http.client
import itertools
import json
import random
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from contextlib import suppress
from email.message import Message as Headers
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from plugdesk.testing.messenger.arguments import Arguments, read_arguments
from plugdesk.testing.messenger.bots import Bot
from plugdesk.testing.messenger.refusals import Refused
from plugdesk.testing.messenger.updates import Update

if TYPE_CHECKING:
    from plugdesk.testing.messenger.world import World

SECRET = "X-Telegram-Bot-Api-Secret-Token"
PATIENCE = 60.0  # seconds for one answer
LONGEST_PAUSE = 60.0  # pauses double up to a random number of seconds between this and twice as many
LONGEST_RETRY_AFTER = 3600

Execute = Callable[[Bot, Arguments], None]


class Webhook:
    """Posts the updates of one bot. Of a queue one update is under way at a time; queues know nothing of each other.

    `pause` is in seconds: the first repetition comes at once, the second after twice the pause, and so on doubled.
    """

    def __init__(
        self,
        world: World,
        bot: Bot,
        url: str,
        *,
        secret: str,
        connections: int,
        pause: float,
        execute: Execute,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self.url, self.secret, self.connections = url, secret, connections
        self._world, self._bot, self._pause, self._execute, self._trust = world, bot, pause, execute, trust
        self._lock = threading.Condition()
        self._lines: dict[Hashable, deque[Update]] = {}
        self._ready: deque[Hashable] = deque()
        self._later: list[tuple[float, int, Hashable]] = []
        self._ties = itertools.count()
        self._fails: dict[Hashable, int] = {}
        self._threads: list[threading.Thread] = []
        self._connections: list[_Connection] = []
        self._idle = 0
        self._ended = False

    def take(self, update: Update) -> None:
        """A new update to deliver, after those of its queue that wait already."""
        with self._lock:
            line = self._lines.setdefault(update.queue, deque())
            line.append(update)
            if len(line) == 1:
                self._make_ready(update.queue)

    def retry(self) -> None:
        """Tries now whatever waits for its next repetition."""
        with self._lock:
            while self._later:
                self._make_ready(heapq.heappop(self._later)[2])
            self._lock.notify_all()

    def end(self) -> None:
        """Delivers nothing more; what is under way may come to its end."""
        with self._lock:
            self._ended = True
            self._lock.notify_all()

    def abort(self) -> None:
        """Ends and breaks off what is under way; returns when nothing is."""
        self.end()
        for connection in self._connections:
            connection.abort()
        for thread in self._threads:
            thread.join()

    def resume(self) -> None:
        """Goes on after `abort`, with what was left."""
        with self._lock:
            self._ended, self._threads, self._connections, self._idle = False, [], [], 0
            self._later.clear()
            self._ready.clear()
            for queue in self._lines:
                self._make_ready(queue)

    def _make_ready(self, queue: Hashable) -> None:
        self._ready.append(queue)
        if len(self._ready) > self._idle and len(self._threads) < self.connections and not self._ended:
            thread = threading.Thread(target=self._work, name=f"webhook-{self._bot.username}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._lock.notify()

    def _work(self) -> None:
        connection = _Connection(self.url, self._trust)
        self._connections.append(connection)
        try:
            while (queue := self._next()) is not None:
                self._deliver(queue, self._lines[queue][0], connection)
        finally:
            connection.close()

    def _next(self) -> Hashable | None:
        with self._lock:
            while True:
                if self._ended:
                    return None
                now = time.monotonic()
                while self._later and self._later[0][0] <= now:
                    self._ready.append(heapq.heappop(self._later)[2])
                if self._ready and not self._world.faults.away:
                    return self._ready.popleft()
                self._idle += 1
                self._lock.wait(self._later[0][0] - now if self._later else None)
                self._idle -= 1

    def _deliver(self, queue: Hashable, update: Update, connection: _Connection) -> None:
        if update.expires <= self._world.unix():
            self._go_on(queue, update)
            return
        headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip, deflate"}
        headers |= {SECRET: self.secret} if self.secret else {}
        try:
            status, reason, answered, body = connection.post(json.dumps(update.json).encode(), headers)
        except (OSError, http.client.HTTPException) as error:
            self._put_off(queue, update, _words(error), 0)
            return
        if not 200 <= status <= 299:
            words = f"Wrong response from the webhook: {status} {reason}"
            self._put_off(queue, update, words, _retry_after(answered))
            return
        self._obey(answered, body)
        self._go_on(queue, update)

    def _obey(self, headers: Headers, body: bytes) -> None:
        try:
            arguments = read_arguments("", headers.get("Content-Type", ""), body)
        except Refused:
            return
        method = arguments.text("method").lower()
        if method and not method.startswith("get") and method not in ("setwebhook", "deletewebhook", "close", "logout"):
            self._execute(self._bot, arguments)

    def _go_on(self, queue: Hashable, update: Update) -> None:
        with self._world.changed:
            self._bot.updates.done(update)
            self._world.changed.notify_all()
        with self._lock:
            self._fails.pop(queue, None)
            line = self._lines[queue]
            line.popleft()
            if line:
                self._make_ready(queue)
            else:
                del self._lines[queue]

    def _put_off(self, queue: Hashable, update: Update, words: str, retry_after: int) -> None:
        with self._world.changed:
            if self._ended:
                return
            self._bot.last_error = int(self._world.unix()), words
            self._world.changed.notify_all()
        with self._lock:
            fails = self._fails.get(queue, 0)
            self._fails[queue] = fails + 1
        longest = random.uniform(LONGEST_PAUSE, LONGEST_PAUSE * 2)
        seconds = float(retry_after) or (min(longest, self._pause * 2**fails) if fails else 0.0)
        if self._world.unix() + seconds > update.expires:
            self._go_on(queue, update)
            return
        with self._lock:
            heapq.heappush(self._later, (time.monotonic() + seconds, next(self._ties), queue))
            self._lock.notify()


class _Connection:
    """One connection, kept open between updates; only addresses of this machine are reached."""

    def __init__(self, url: str, trust: ssl.SSLContext | None) -> None:
        self._url, self._trust = urlsplit(url), trust
        self._open: http.client.HTTPConnection | None = None
        self._aborted = False

    def post(self, body: bytes, headers: dict[str, str]) -> tuple[int, str, Headers, bytes]:
        kept = self._open is not None
        try:
            return self._post(body, headers)
        except (ConnectionError, http.client.RemoteDisconnected):
            if not kept or self._aborted:
                raise
            return self._post(body, headers)  # the other side had closed a connection that was not in use

    def _post(self, body: bytes, headers: dict[str, str]) -> tuple[int, str, Headers, bytes]:
        if self._open is None:
            self._open = self._connect()
        path = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        try:
            self._go_on_unless_aborted()
            self._open.request("POST", path, body, headers)
            self._go_on_unless_aborted()
            answer = self._open.getresponse()
            return answer.status, answer.reason, answer.headers, answer.read()
        except BaseException:
            self.close()
            raise

    def _go_on_unless_aborted(self) -> None:
        if self._aborted:
            raise ConnectionAbortedError

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if not is_here(host):
            raise socket.gaierror("Failed to resolve host: Name or service not known")
        if self._url.scheme == "https":
            context = self._trust or ssl.create_default_context()
            return http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=context)
        return http.client.HTTPConnection(host, port, timeout=PATIENCE)

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def abort(self) -> None:
        """Wakes whoever waits for an answer, from another thread."""
        self._aborted = True
        opened = self._open  # read once, like its socket: its own thread may close both meanwhile
        line = opened.sock if opened is not None else None
        if line is not None:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)


def is_here(host: str) -> bool:
    """Whether this is an address of the machine itself."""
    return host in ("localhost", "::1") or host.startswith("127.")


def _words(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return str(error.args[-1])
    if isinstance(error, ssl.SSLError):
        return f"SSL error {{{error.reason or error}}}"
    if isinstance(error, TimeoutError):
        return "Read timeout expired"
    return "Connection refused" if isinstance(error, ConnectionRefusedError) else "Connection reset by peer"


def _retry_after(headers: Headers) -> int:
    value = headers.get("Retry-After", "")
    return min(int(value), LONGEST_RETRY_AFTER) if value.isdecimal() else 0
