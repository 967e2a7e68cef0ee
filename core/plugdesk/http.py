"""The one way out over HTTP: named hosts, checked addresses, verified certificates, limits on time and size."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterable, Sequence
from functools import cache
from time import monotonic
from typing import Any

import certifi
import httpcore
import httpx

from plugdesk.addresses import Resolver, resolve_public
from plugdesk.errors import Invalid, PlugdeskError
from plugdesk.i18n import gettext as _

USER_AGENT = "Plugdesk"
# httpx writes the address of each request into the log, and an address may hold a secret: Telegram's hold the bot's token.
logging.getLogger("httpx").setLevel(logging.WARNING)


class RequestRefused(httpx.TransportError):
    """The request was not sent: its host is not among those this client may call, or lies in our own network."""


def client_for(
    *,
    hosts: Sequence[str],
    private_hosts: Sequence[str] = (),
    timeout: float = 10,
    max_seconds: float = 60,
    max_bytes: int = 10_000_000,
    proxy: str | None = None,
    certificates: ssl.SSLContext | None = None,
    resolver: Resolver | None = None,
) -> httpx.Client:
    """A client that calls `hosts` ("api.telegram.org", "*.vk.com", "*" for any) and nobody else.

    Addresses of our own network are refused but for `private_hosts` (see `addresses.resolve_public`), at each
    connection, and the connection goes to the address that was checked, while the certificate is verified for the
    name. Each step may take `timeout` seconds, a whole exchange `max_seconds`, and an answer `max_bytes` with its
    headers. Redirects are not followed, nothing is unpacked, and the environment's proxies and netrc are not asked.
    `proxy` is an "http://…" address through which named hosts are reached. Raises httpx.HTTPError (RequestRefused,
    ReadTimeout, ReadError …) from each request.
    """
    if proxy and "*" in hosts:
        raise ValueError("Behind a proxy addresses cannot be checked, so its hosts must be named.")
    transport = _GuardedTransport(
        hosts, _Backend(private_hosts, resolver, max_seconds, max_bytes), proxy, certificates or _trusted()
    )
    return httpx.Client(
        transport=transport,
        timeout=timeout,
        follow_redirects=False,
        trust_env=False,
        headers={"user-agent": USER_AGENT, "accept-encoding": "identity"},
    )


class _GuardedTransport(httpx.HTTPTransport):
    def __init__(self, hosts: Sequence[str], backend: _Backend, proxy: str | None, certificates: ssl.SSLContext) -> None:
        super().__init__(verify=certificates)
        self._hosts = [host.lower() for host in hosts]
        # httpx has no argument for the network backend of its pool. One exchange a connection, for the limits are a
        # connection's.
        if proxy:
            self._pool = httpcore.HTTPProxy(proxy, ssl_context=certificates, network_backend=backend, max_keepalive_connections=0)
        else:
            self._pool = httpcore.ConnectionPool(ssl_context=certificates, network_backend=backend, max_keepalive_connections=0)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host.lower()
        if not any(
            host == named or named == "*" or (named.startswith("*.") and host.endswith(named[1:])) for named in self._hosts
        ):
            raise RequestRefused(_("“%(host)s” is not among the hosts this may call.", host=host), request=request)
        try:
            response = super().handle_request(request)
        except PlugdeskError as error:
            raise RequestRefused(str(error), request=request) from error
        if response.headers.get("content-encoding", "identity") != "identity":
            response.close()
            raise httpx.DecodingError("The answer is packed, which was not asked for.", request=request)
        return response


class _Backend(httpcore.NetworkBackend):
    """Connects to checked addresses only, and gives streams that know when enough is enough."""

    def __init__(self, allowed: Sequence[str], resolver: Resolver | None, max_seconds: float, max_bytes: int) -> None:
        self._allowed, self._resolver = allowed, resolver
        self._max_seconds, self._max_bytes = max_seconds, max_bytes
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        budget = _Budget(monotonic() + self._max_seconds, self._max_bytes)
        failure: Exception | None = None
        for address in resolve_public(host, port, allowed=self._allowed, resolver=self._resolver):
            try:
                stream = self._inner.connect_tcp(address.host, port, budget.time(timeout), local_address, socket_options)
                return _Stream(stream, budget)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        assert failure is not None
        raise failure


class _Budget:
    def __init__(self, deadline: float, size: int) -> None:
        self._deadline, self._size = deadline, size

    def time(self, timeout: float | None) -> float:
        """The seconds a step may take."""
        left = self._deadline - monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("The exchange took too long.")
        return left if timeout is None else min(timeout, left)

    def spend(self, size: int) -> None:
        self._size -= size
        if self._size < 0:
            raise httpcore.ReadError("The answer is too large.")


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, budget: _Budget) -> None:
        self._inner, self._budget = inner, budget

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        received = self._inner.read(max_bytes, self._budget.time(timeout))
        self._budget.spend(len(received))
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._budget.time(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, self._budget.time(timeout)), self._budget)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def trusting(ca_file: str) -> ssl.SSLContext:
    """Verifies certificates by the machine's and Mozilla's authorities, and by those in `ca_file`. `Invalid` when it cannot be read."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    try:
        context.load_verify_locations(ca_file)
    except OSError as error:  # ssl.SSLError is one, too
        raise Invalid(
            _("The file of certificate authorities, %(file)s, cannot be read: %(why)s", file=ca_file, why=error)
        ) from None
    return context


@cache
def _trusted() -> ssl.SSLContext:
    """The machine's authorities, a company's own among them, and Mozilla's for machines without any."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
