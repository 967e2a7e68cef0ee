"""Customers come from another site that vouches for them: by a link, or in a frame there, which sends no cookies.

Looking at the address uses nothing up: one button does, which a script presses in a frame.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for

from plugdesk.api import NotFound, TooMany
from plugdesk_portal.around import begin, desk_ctx, portal_page
from plugdesk_portal.vouching import frames, look_at, sign_in_by_word
from plugdesk_web.api import (
    TONE,
    begin_customer_session,
    begin_framed_session,
    begin_reading,
    frameable,
    keep_customer,
    page,
    redirect_after,
    tone_in,
)

blueprint = Blueprint("entrance", __name__)
blueprint.before_request(begin)


@blueprint.get("/from-site")
def show() -> Response:
    """Whom the site vouches for, and one button."""
    token, in_frame = request.args.get("token", ""), bool(request.args.get("frame"))
    try:
        claims = look_at(desk_ctx(), token)
    except NotFound as refusal:
        return _over(refusal, in_frame)
    return _framed(
        portal_page("entrance.html", token=token, email=claims.email, stays=_stays(), in_frame=in_frame, **_look(in_frame)),
        in_frame,
    )


@blueprint.post("/from-site")
def enter() -> Response:
    """The button: signed in, once; in a frame the session lies in the frame's addresses, else in a cookie."""
    in_frame = bool(request.form.get("frame"))
    try:
        customer = sign_in_by_word(desk_ctx(), request.form.get("token", ""), remote_address=request.remote_addr)
    except (NotFound, TooMany) as refusal:
        begin_reading()
        return _over(refusal, in_frame)
    if in_frame:
        return redirect_after(url_for("portal_requests.index", **_stays(), **begin_framed_session(customer)))
    opened = begin_customer_session(customer, stay=False)
    return keep_customer(redirect_after(url_for("portal_requests.index")), opened, stay=False)


@blueprint.get("/embed.js")
def embed() -> Response:
    """The script for other sites: a frame where the script tag stands, as high as what is in it."""
    script = page("portal:embed.js")
    script.mimetype = "text/javascript"
    return script


def _stays() -> dict[str, Any]:
    """What the site asks for, its language and how light it is: in a frame only the addresses can carry it."""
    return {name: request.args[name] for name in (TONE, "lang") if name in request.args}


def _look(in_frame: bool) -> dict[str, Any]:
    """In a frame without a head and a foot, as light as the page around."""
    return {"bare": True, "theme": tone_in(request.args)} if in_frame else {}


def _over(refusal: NotFound | TooMany, in_frame: bool) -> Response:
    return _framed(portal_page("over.html", status=refusal.status, words=str(refusal), **_look(in_frame)), in_frame)


def _framed(response: Response, in_frame: bool) -> Response:
    return frameable(response, frames(desk_ctx())) if in_frame else response
