"""Where Telegram calls: an update is proved, kept and committed, then acknowledged. Nothing else happens here."""

from __future__ import annotations

from flask import Blueprint, Response, request

from plugdesk.api import runtime_of
from plugdesk_telegram.gathering import Call, gatherer_of
from plugdesk_web.api import db

blueprint = Blueprint("inbound", __name__)
BIGGEST = 1_000_000  # bytes; the longest update there can be is a tenth of it
SECRET = "X-Telegram-Bot-Api-Secret-Token"


@blueprint.post("/<key>")
def receive(key: str) -> Response:
    """Keep one update; see `gathering` for what is answered. 413 for what is too large."""
    request.max_content_length = BIGGEST
    call = Call(key, request.headers.get(SECRET, ""), request.get_data())
    runtime = runtime_of(db())
    db().rollback()  # the request's own transaction would be in the way of the one that stores
    return Response(status=gatherer_of(runtime).answer(call))
