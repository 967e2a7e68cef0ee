"""Where Telegram calls: an update is proved, kept and committed, then acknowledged. Nothing else happens here."""

from __future__ import annotations

from collections.abc import MutableMapping
from io import BytesIO
from typing import Any

from flask import Blueprint, Response, request

from plugdesk.api import Runtime, runtime_of
from plugdesk_telegram.gathering import Call, gatherer_of
from plugdesk_web.api import db

blueprint = Blueprint("inbound", __name__)
BIGGEST = 1_000_000  # bytes; the longest update there can be is a tenth of it
SECRET = "X-Telegram-Bot-Api-Secret-Token"
_SECRET = f"HTTP_{SECRET.upper().replace('-', '_')}"


@blueprint.post("/<key>")
def receive(key: str) -> Response:
    """Keep one update; see `gathering` for what is answered. 413 for what is too large."""
    request.max_content_length = BIGGEST
    call = Call(key, request.headers.get(SECRET, ""), request.get_data())
    runtime = runtime_of(db())
    db().rollback()  # the request's own transaction would be in the way of the one that stores
    return Response(status=gatherer_of(runtime).answer(call))


def quick(runtime: Runtime, environ: MutableMapping[str, Any]) -> Response | None:
    """The same before anything else is asked, for what says its length: half of the time of a call goes into the asking."""
    length = environ.get("CONTENT_LENGTH") or ""
    if not (length.isascii() and length.isdigit()) or int(length) > BIGGEST or "HTTP_TRANSFER_ENCODING" in environ:
        return None
    body = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(body)  # for `receive`, should this fail
    key = environ["PATH_INFO"].rpartition("/")[2]
    return Response(status=gatherer_of(runtime).answer(Call(key, environ.get(_SECRET, ""), body)))
