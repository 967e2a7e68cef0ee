"""Which other sites may show a page in a frame (see `security.frameable`)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from plugdesk.errors import Invalid
from plugdesk.i18n import gettext as _

MOST_SITES = 50
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*|\[[0-9a-f:]{2,39}\]")


def read_sites(text: str) -> list[str]:
    """The sites of `text`, one a line, as `frameable` wants them. Raises `Invalid` by the control's name, "sites"."""
    sites = []
    for line in text.split():  # a space ends a site: in the header it would begin another
        address = line.rstrip(",;").lower()
        address = address if "://" in address else f"https://{address}"
        site = origin_of(address.replace("://*.", "://", 1))
        if not site:
            raise _refused(_("“%(line)s” is no site. Write one like https://shop.example, without a page.", line=line[:100]))
        sites.append(site.replace("://", "://*.", 1) if "://*." in address else site)
    if len(sites) > MOST_SITES:
        raise _refused(_("At most %(most)s sites.", most=MOST_SITES))
    return list(dict.fromkeys(sites))


def origin_of(address: str) -> str:
    """The site of a page's address, like "https://shop.example:8443"; empty for what is none.

    Also for what browsers and we would read differently: to them a backslash ends a host's name, and what stands before an @ is
    no host at all.
    """
    try:
        parts = urlsplit(address)
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or "\\" in address or "@" in parts.netloc or not _HOST.fullmatch(host):
        return ""
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != usual else "")


def is_among(site: str, sites: Sequence[str]) -> bool:
    """Whether `site` is one of `sites`, where "https://*.shop.example" stands for everything below it."""
    for each in sites:
        scheme, _sep, host = each.partition("://")
        if site == each or (host.startswith("*.") and site.startswith(f"{scheme}://") and site.endswith(host[1:])):
            return True
    return False


def _host(name: str) -> str:
    """A host's name as headers hold it; empty for what is none."""
    try:
        return f"[{name}]" if ":" in name else name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        return ""


def _refused(why: str) -> Invalid:
    return Invalid(why, problems={"sites": why})
