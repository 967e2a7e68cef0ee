"""The token that lies in a form instead of a cookie, and the work a browser does before it may send.

A token is made when the page is shown, and says for which request form, on which site and when; it works for a day, once. Work: for
each of `PUZZLES` numbers find a counter so that the SHA-256 of "TOKEN:NUMBER:COUNTER" begins with `BITS` zero bits. A person's
browser does that while they type (see static/form.js); who posts by the thousand pays for each.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from plugdesk.api import Context
from plugdesk_webform.models import RequestForm

LIVES = timedelta(days=1)
# 8 times 2^10 hashes in the middle: 1.8 s in Chromium on a sixth of a busy core (2^9: 0.75 s), 0.5 s on all of it, while one types.
PUZZLES, BITS = 8, 10
_COUNTERS = re.compile(rf"[0-9]{{1,9}}(?:\.[0-9]{{1,9}}){{{PUZZLES - 1}}}")


@dataclass(frozen=True)
class FormToken:
    """What a page was shown for: `site` is where a frame stands, `page` the address there as far as it was told.

    `is_over`: the page was open for too long, it is to be shown anew.
    """

    site: str
    page: str
    nonce: str
    is_over: bool


def new_token(ctx: Context, row: RequestForm, *, host: str, site: str, page: str) -> str:
    """A token for the page being shown on `host`."""
    said = [row.id, host, site, page, int(ctx.now.timestamp()), secrets.token_urlsafe(16)]
    body = _packed(json.dumps(said, separators=(",", ":")).encode())
    return f"{body}.{_mac(ctx, body)}"


def read_token(ctx: Context, row: RequestForm, raw: str, *, host: str) -> FormToken | None:
    """What `raw` says if it is one of ours for this request form and host; else nothing."""
    body, dot, mac = raw.partition(".")
    if not dot or len(raw) > 4_000 or not raw.isascii() or not hmac.compare_digest(mac, _mac(ctx, body)):
        return None
    number, its_host, site, page, at, nonce = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    made = datetime.fromtimestamp(at, tz=ctx.now.tzinfo)
    if number != row.id or its_host != host or ctx.now - made < timedelta(minutes=-5):
        return None
    return FormToken(site, page, nonce, is_over=ctx.now - made >= LIVES)


def browsers_work_at(address: str) -> bool:
    """Whether a browser's script can hash there, which it does over HTTPS and on the machine itself."""
    parts = urlsplit(address)
    return parts.scheme == "https" or parts.hostname in ("localhost", "127.0.0.1", "::1")


def work_is_done(token: str, raw: str) -> bool:
    """Whether the browser that sends `raw` has worked for this token."""
    if not _COUNTERS.fullmatch(raw):
        return False
    return all(_zeros(f"{token}:{number}:{counter}") for number, counter in enumerate(raw.split(".")))


def seal_number(ctx: Context, number: int) -> str:
    """A ticket's number for the address of the page that thanks, so that the page shows no number but one we gave out."""
    return f"{number}.{_mac(ctx, f'thanks {number}')[:20]}"


def read_number(ctx: Context, raw: str) -> int | None:
    """The number in the address, if we put it there."""
    number, _dot, mac = raw.partition(".")
    genuine = raw.isascii() and number.isdigit() and hmac.compare_digest(mac, _mac(ctx, f"thanks {number}")[:20])
    return int(number) if genuine else None


def hashed(token: str) -> str:
    """What is stored of a link's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def fingerprint(ctx: Context, what: str) -> str:
    """What is counted instead of an address, for a day. Who has the desk's keys could find it by trying every address there is."""
    return hmac.new(ctx.signing_key("counting"), what.encode(), hashlib.sha256).hexdigest()[:32]


def _zeros(text: str) -> bool:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:2]) >> (16 - BITS) == 0


def _mac(ctx: Context, body: str) -> str:
    return _packed(hmac.new(ctx.signing_key("pages"), body.encode(), hashlib.sha256).digest())


def _packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
