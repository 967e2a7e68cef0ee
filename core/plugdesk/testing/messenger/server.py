"""The HTTP side: addresses, answers, and threads that end when they are told to.

https://core.telegram.org/bots/api#making-requests
"""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from plugdesk.testing.messenger.arguments import Arguments, read_arguments
from plugdesk.testing.messenger.bots import SHAPE, Bot
from plugdesk.testing.messenger.faults import FILE, Dropped, lost_after
from plugdesk.testing.messenger.files import BIGGEST_UPLOAD
from plugdesk.testing.messenger.methods import METHODS
from plugdesk.testing.messenger.methods.call import Call, WebhookRules
from plugdesk.testing.messenger.refusals import NOT_FOUND, TOO_LARGE, UNAUTHORIZED, UNKNOWN_METHOD, Refused
from plugdesk.testing.messenger.world import World

KEPT_CALLS = 1_000
LARGEST_BODY = BIGGEST_UPLOAD + (1 << 20)  # the rest of the form beside the largest file
PATIENCE = 60.0  # seconds for the next request on a connection

METHOD = re.compile(r"/bot([^/]*)/([^/]*)$")
DOWNLOAD = re.compile(r"/file/bot([^/]*)/(.+)$")


@dataclass(frozen=True)
class Asked:
    """A call that was made: which method with what, when, and the code it was answered with (0: no answer)."""

    method: str
    token: str
    arguments: dict[str, str] = field(repr=False)
    at: datetime
    code: int


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    code: int
    body: bytes
    content_type: str = "application/json"
    retry_after: int = 0


class Switchboard:
    """Where calls come in, over HTTP or in the answer of a webhook."""

    def __init__(self, world: World, rules: WebhookRules) -> None:
        self.world = world
        self.rules = rules
        self.calls: deque[Asked] = deque(maxlen=KEPT_CALLS)
        self.closing = threading.Event()

    def answer(self, target: str, content_type: str, body: bytes | None) -> Answer:
        """The answer to one request; a body of None was too large to be read. Raises Dropped when there is to be none."""
        address = urlsplit(target)
        path = unquote(address.path)
        with self.world.changed:
            if self.world.faults.away:
                return self._away()
        if download := DOWNLOAD.fullmatch(path):
            return self._download(download[1], download[2])
        if not (found := METHOD.fullmatch(path)):
            return refusal(NOT_FOUND)
        token, method = found[1], found[2]
        if not SHAPE.fullmatch(token):
            return refusal(NOT_FOUND)
        try:
            if body is None:
                raise TOO_LARGE
            arguments = read_arguments(address.query, content_type, body)
            return _ok(self.call(token, method or arguments.text("method"), arguments))
        except Refused as refused:
            return refusal(refused)

    def call(self, token: str, method: str, arguments: Arguments) -> Any:
        """The result of one method. Raises Refused, or Dropped."""
        code = 0
        try:
            with self.world.changed:
                orders = self.world.faults.take(method)
            if orders.seconds:
                self.closing.wait(orders.seconds)
            with lost_after(orders.drop), self.world.changed:
                if orders.refusal:
                    raise orders.refusal
                result = self._run(token, method, arguments)
            code = 200
            return result
        except Refused as refused:
            code = refused.code
            raise
        finally:
            self.calls.append(Asked(method, token, dict(arguments.values), self.world.now(), code))

    def execute(self, bot: Bot, arguments: Arguments) -> None:
        """A call in the answer of a webhook: nobody hears how it went."""
        with suppress(Refused, Dropped):
            self.call(bot.token, arguments.text("method"), arguments)

    def _run(self, token: str, method: str, arguments: Arguments) -> Any:
        bot = self.world.bots.get(token)
        if bot is None:
            raise UNAUTHORIZED
        found = METHODS.get(method.lower())
        if found is None:
            raise UNKNOWN_METHOD
        return found(Call(self.world, bot, arguments, self.rules))

    def _download(self, token: str, path: str) -> Answer:
        code = 0
        try:
            with self.world.changed:
                orders = self.world.faults.take(FILE)
            if orders.seconds:
                self.closing.wait(orders.seconds)
            with lost_after(orders.drop), self.world.changed:
                answer = refusal(orders.refusal) if orders.refusal else self._file(token, path)
            code = answer.code
            return answer
        finally:
            self.calls.append(Asked(FILE, token, {"file_path": path}, self.world.now(), code))

    def _file(self, token: str, path: str) -> Answer:
        if not SHAPE.fullmatch(token):
            return refusal(NOT_FOUND)
        bot = self.world.bots.get(token)
        if bot is None:
            return refusal(UNAUTHORIZED)
        data = self.world.files.fetch(bot.id, path, self.world.now())
        return refusal(NOT_FOUND) if data is None else Answer(200, data, "application/octet-stream")

    def _away(self) -> Answer:
        code = self.world.faults.away_code
        if code is None:
            raise Dropped
        words = {502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}.get(code, "Error")
        page = f"<html>\r\n<head><title>{code} {words}</title></head>\r\n<body>\r\n<center><h1>{code} {words}</h1></center>\r\n</body>\r\n</html>\r\n"
        return Answer(code, page.encode(), "text/html")


class Server(ThreadingHTTPServer):
    """Listens on loopback. `stop` ends every connection, and returns when no thread is left."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, switchboard: Switchboard, host: str, port: int) -> None:
        self.switchboard = switchboard
        self.timeout = None
        self._open: set[socket.socket] = set()
        self._answering: list[threading.Thread] = []
        self._guard = threading.Lock()
        self._listener = threading.Thread(target=self._listen, name="local-messenger", daemon=True)
        super().__init__((host, port), _Handler)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Takes connections from now on."""
        self._listener.start()

    def stop(self) -> None:
        """Ends everything."""
        self.switchboard.closing.set()
        with suppress(OSError), socket.create_connection((str(self.server_address[0]), self.port), timeout=1):
            pass  # wakes the listener, which waits without looking at the clock
        self._listener.join()
        self.break_connections()
        for thread in self._answering:
            thread.join()
        self.server_close()

    def break_connections(self) -> None:
        """Breaks every connection there is; new ones are taken."""
        with self._guard:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def server_bind(self) -> None:
        """As its parents do, without asking for the name of the machine, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.port

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        with self._guard:
            self._open.add(request)
        self._answering = [*(each for each in self._answering if each.is_alive()), thread]
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nobody's business; anything else is a mistake of this server and is printed."""
        if not isinstance(sys.exception(), (OSError, ValueError)):
            super().handle_error(request, client_address)

    def _listen(self) -> None:
        while not self.switchboard.closing.is_set():
            self.handle_request()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "nginx", ""
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = PATIENCE

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing is printed."""

    def _answer(self) -> None:
        switchboard = cast(Server, self.server).switchboard
        try:
            answer = switchboard.answer(self.path, self.headers.get("Content-Type", ""), self._body())
        except Dropped:
            self.close_connection = True
            return
        self.send_response(answer.code)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.retry_after:
            self.send_header("Retry-After", str(answer.retry_after))
        self.end_headers()
        self.wfile.write(answer.body)

    def _body(self) -> bytes | None:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._of_chunks()
        left = int(self.headers.get("Content-Length") or 0)
        if left <= LARGEST_BODY:
            return self.rfile.read(left)
        while left > 0 and (taken := self.rfile.read(min(left, 1 << 16))):
            left -= len(taken)
        return None

    def _of_chunks(self) -> bytes | None:
        found, size = bytearray(), 0
        while length := int(self.rfile.readline().split(b";")[0], 16):
            size += length
            chunk = self.rfile.read(length)
            if size <= LARGEST_BODY:
                found += chunk
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers
        return bytes(found) if size <= LARGEST_BODY else None


def _ok(result: Any) -> Answer:
    return Answer(200, json.dumps({"ok": True, "result": result}).encode())


def refusal(refused: Refused) -> Answer:
    """A refusal as it goes over the wire."""
    body: dict[str, Any] = {"ok": False, "error_code": refused.code, "description": refused.description}
    if refused.parameters:
        body["parameters"] = refused.parameters
    return Answer(refused.code, json.dumps(body).encode(), retry_after=refused.parameters.get("retry_after", 0))
