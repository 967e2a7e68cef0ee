"""Addresses: whether a host may be called from inside (it must not be one of our own network), and e-mail addresses.

An address an outsider can choose (a webhook, a mail server, a picture) must not make the desk call itself or its
neighbours. The check is on the numbers a name resolves to, at the moment of connecting, and the connection goes to
exactly the checked number: a name server that answers twice differently gains nothing.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from plugdesk.errors import NotAllowed, PlugdeskError
from plugdesk.i18n import gettext as _

Resolver = Callable[[str, int], Iterable[tuple[Any, ...]]]
"""Answers like `socket.getaddrinfo(host, port, type=SOCK_STREAM)`; raises OSError for an unknown name."""


class AddressRefused(NotAllowed):
    """The host is not one that may be called from here."""


class HostUnknown(PlugdeskError):
    """The host's name has no address."""

    status = 422


class Address(NamedTuple):
    """Where to connect: the family (`socket.AF_INET` or `AF_INET6`), the number as text, and the port."""

    family: int
    host: str
    port: int


def resolve_public(host: str, port: int, *, allowed: Sequence[str] = (), resolver: Resolver | None = None) -> list[Address]:
    """The addresses of a host, each fit to be called: none of this machine, its network or a provider's inner one.

    `allowed` (PLUGDESK_PRIVATE_HOSTS) names exceptions: "mail.corp", "*.corp", "10.1.2.3", "10.1.0.0/16". Raises
    AddressRefused if even one address is neither public nor allowed, HostUnknown if there is none.
    """
    name = host.strip().rstrip(".").lower().removeprefix("[").removesuffix("]")
    try:
        answers = list((resolver or _ask_system)(name, port)) if name else []
    except (OSError, UnicodeError):
        answers = []
    addresses = list(dict.fromkeys(Address(answer[0], str(answer[4][0]).partition("%")[0], port) for answer in answers))
    if not addresses:
        raise HostUnknown(_("There is no host “%(host)s”. Check the spelling.", host=host))
    if not _is_named(name, allowed):
        for address in addresses:
            if not is_public(address.host) and not _is_named(address.host, allowed):
                raise AddressRefused(
                    _(
                        "“%(host)s” is in our own network (%(address)s). If it may be called, name it in PLUGDESK_PRIVATE_HOSTS.",
                        host=host,
                        address=address.host,
                    )
                )
    return addresses


def connect_public(
    host: str,
    port: int,
    *,
    allowed: Sequence[str] = (),
    timeout: float = 10,
    resolver: Resolver | None = None,
) -> socket.socket:
    """A connection to the first address of `resolve_public` that answers within `timeout` seconds.

    Raises what `resolve_public` raises, and OSError when nothing answers. For protocols that make TLS themselves: the
    certificate is to be checked for `host`.
    """
    failure: OSError | None = None
    for address in resolve_public(host, port, allowed=allowed, resolver=resolver):
        try:
            return socket.create_connection((address.host, address.port), timeout=timeout)
        except OSError as error:
            failure = error
    assert failure is not None
    raise failure


def is_public(address: str) -> bool:
    """Whether a numeric address belongs to the open internet (IANA's special-purpose registries say what does not)."""
    try:
        number = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(number, ipaddress.IPv6Address) and (inner := _inner_address(number)):
        return is_public(str(inner))
    if any(number in network for network in _NEVER_PUBLIC if network.version == number.version):
        return False
    return number.is_global and not (
        number.is_multicast or number.is_reserved or number.is_unspecified or (number.version == 6 and number.is_site_local)
    )


# What Python 3.11 still counts among the public ones: IETF protocols, 6to4 relays.
_NEVER_PUBLIC = (ipaddress.ip_network("192.0.0.0/24"), ipaddress.ip_network("192.88.99.0/24"))
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")


def _inner_address(number: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address a mapped, compatible, 6to4, Teredo or NAT64 address leads to."""
    if number.ipv4_mapped or number.sixtofour:
        return number.ipv4_mapped or number.sixtofour
    if number.teredo:
        return number.teredo[1]
    if number in _NAT64 or (number in _COMPATIBLE and int(number) > 1):
        return ipaddress.IPv4Address(int(number) & 0xFFFFFFFF)
    return None


def _is_named(host: str, allowed: Iterable[str]) -> bool:
    for entry in allowed:
        entry = entry.strip().rstrip(".").lower()
        if entry == host or (entry.startswith("*.") and host.endswith(entry[1:])):
            return True
        try:
            if ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False):
                return True
        except ValueError:
            continue  # A name, not a number.
    return False


def _ask_system(host: str, port: int) -> Iterable[tuple[Any, ...]]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


# E-mail addresses

_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*")
_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_](?:[\w-]{0,61}[^\W_])?|localhost", re.IGNORECASE)


def is_email(address: str) -> bool:
    """Whether this is an address a letter can be sent to: `local@domain`, also international (RFC 6531), never quoted."""
    local, _at, domain = address.rpartition("@")
    return (
        len(address) <= 254
        and 0 < len(local.encode()) <= 64
        and _LOCAL.fullmatch(local) is not None
        and _DOMAIN.fullmatch(domain) is not None
    )


def normal_email(address: str) -> str:
    """The one spelling an address is stored and compared in: without spaces around, in lower case.

    A domain in Punycode and the same in letters are one, and letters are kept. RFC 5321 lets the local part tell cases
    apart; no mail service does, and people do not.
    """
    local, at, domain = address.strip().lower().rpartition("@")
    if "xn--" in domain:
        with suppress(UnicodeError):  # What is not really Punycode stays as it is written.
            domain = domain.encode("ascii").decode("idna")
    return local + at + domain
