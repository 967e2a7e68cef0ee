"""Keeps tests on this machine: sockets reach loopback and nothing else."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Names that RFC 2606 and RFC 6761 reserve: nobody needs to be asked to know that they do not exist.
RESERVED = ("invalid", "test", "example", "example.com", "example.net", "example.org")


class OutsideNetwork(OSError):
    """A test tried to reach another machine."""


@contextmanager
def loopback_only() -> Iterator[list[str]]:
    """Refuses every connection and every name that is not of this machine.

    Gives the list of what was tried, so that an attempt which the code under test swallowed
    is still seen. Reserved names are answered with "not known", as a resolver would.
    """
    tried: list[str] = []
    connect, connect_ex, sendto, getaddrinfo = (
        socket.socket.connect,
        socket.socket.connect_ex,
        socket.socket.sendto,
        socket.getaddrinfo,
    )

    def refuse(target: str) -> None:
        tried.append(target)
        raise OutsideNetwork(f"tests stay on this machine, but something wanted to reach {target}")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if not _is_local(self, address):
            refuse(str(address))
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        if not _is_local(self, address):
            refuse(str(address))
        return connect_ex(self, address)

    def guarded_sendto(self: socket.socket, *arguments: Any) -> int:
        if not _is_local(self, arguments[-1]):
            refuse(str(arguments[-1]))
        return sendto(self, *arguments)

    def guarded_getaddrinfo(host: Any, *arguments: Any, **keywords: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and not _is_loopback(name) and not _is_address(name):
            if any(name == reserved or name.endswith("." + reserved) for reserved in RESERVED):
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            refuse(name)
        return getaddrinfo(host, *arguments, **keywords)

    import pytest  # only those who test have it

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket.socket, "sendto", guarded_sendto)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield tried


def _is_local(sock: socket.socket, address: Any) -> bool:
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return True
    return _is_loopback(address[0])


def _is_loopback(host: str) -> bool:
    if host in ("localhost", "", socket.gethostname()):
        return True
    return _is_address(host) and (ipaddress.ip_address(host).is_loopback or ipaddress.ip_address(host).is_unspecified)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
