"""The token by which a site vouches for a customer it has signed in: a JSON Web Token (RFC 7519) signed with HS256, and nothing else. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

LIVES, LEEWAY = timedelta(minutes=5), timedelta(seconds=30)
LONGEST = 4_000
_ID = re.compile(r"[!-~]{8,200}")


class BadToken(ValueError):
    """Why a token does not count, in English: for whoever builds the site, and for the journal."""


@dataclass(frozen=True)
class Claims:
    """What a token says: the customer's address and name, its own id, and until when it is good."""

    email: str
    name: str
    id: str
    expires_at: datetime


def read_token(token: str, secret: str, *, audience: str, now: datetime) -> Claims:
    """What the token says, if it is signed with the secret, meant for `audience` and good now. Raises `BadToken`."""
    if len(token) > LONGEST:
        raise BadToken("it is longer than a token is")
    parts = token.split(".")
    if len(parts) != 3:
        raise BadToken("it has not the three parts of a JSON Web Token")
    signed = hmac.new(secret.encode(), f"{parts[0]}.{parts[1]}".encode("utf-8", "replace"), hashlib.sha256).digest()
    if not hmac.compare_digest(_bytes(parts[2]), signed):
        raise BadToken("its signature does not fit the secret of this desk")
    if _object(parts[0]).get("alg") != "HS256":
        raise BadToken("its header says another algorithm than HS256")
    return _claims(_object(parts[1]), audience, now)


def _claims(said: Mapping[str, Any], audience: str, now: datetime) -> Claims:
    if said.get("aud") != audience:
        raise BadToken(f"its aud is not {audience}")
    ends = said.get("exp")
    if isinstance(ends, bool) or not isinstance(ends, int) or not 0 < ends < 10**11:
        raise BadToken("its exp is no time in seconds")
    expires_at = datetime.fromtimestamp(ends, UTC)
    if expires_at <= now - LEEWAY:
        raise BadToken("it is over (exp); look at the clock of the site")
    if expires_at > now + LIVES + LEEWAY:
        raise BadToken("its exp is more than five minutes ahead")
    id, email, name = said.get("jti"), said.get("email"), said.get("name", "")
    if not isinstance(id, str) or not _ID.fullmatch(id):
        raise BadToken("its jti is not 8 to 200 characters without spaces")
    if not isinstance(email, str) or not email:
        raise BadToken("it has no email")
    return Claims(email, name if isinstance(name, str) else "", id, expires_at)


def _object(part: str) -> Mapping[str, Any]:
    try:
        said = json.loads(_bytes(part))
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise BadToken("a part of it is no JSON object")
    return said


def _bytes(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadToken("a part of it is not written in base64url") from None
