"""Customers who are signed in, on the public pages of extensions: with a cookie of their own, so that an agent's session in the
same browser is neither used nor touched. The session is a row like an agent's (see `plugdesk.sessions`).
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, current_app, g, request
from itsdangerous import BadSignature, URLSafeSerializer

from plugdesk.sessions import LONGEST, SignedSession, end_session, lapsed_session_of, session_numbered, session_of, sign_in
from plugdesk.users.models import Role, User
from plugdesk_web.current import db
from plugdesk_web.security import cookie_name, is_secure
from plugdesk_web.tones import TONE

CUSTOMER_COOKIE = "plugdesk_customer"
FRAME, FRAME_LIVES = "_frame", timedelta(hours=1)
FRAMED = "frame-"  # an address is read in more places than a cookie: what stood in one opens nothing but frames
PROOF = "_as"
EMBED = "_embed"  # pages for anybody that a site shows in a frame have it in their address
IN_FRAMES = "PLUGDESK_IN_FRAMES"


def works_in_frames(app: Flask, name: str) -> None:
    """Pages of the blueprint that is registered under `name` may stand in a frame on another site (see `Pages.in_frames`)."""
    app.config.setdefault(IN_FRAMES, set()).add(name)

    def stay_framed(endpoint: str, values: dict[str, Any]) -> None:
        if framed():
            values.setdefault(FRAME, request.args[FRAME])
            for name in (TONE, "lang"):  # no cookie is there to keep them
                if name in request.args:
                    values.setdefault(name, request.args[name])

    app.url_default_functions.setdefault(name, []).append(stay_framed)


def framed() -> bool:
    """Whether this page stands in a frame on another site: then who is signed in lies in its address, and no cookie is looked at.

    Whoever does not know the address can have nothing posted there in the customer's name, so it needs no further token.
    """
    return request.blueprint in current_app.config.get(IN_FRAMES, ()) and bool(request.args.get(FRAME))


def in_a_frame() -> bool:
    """Whether the address says that the page stands in a frame on another site: a customer's session, or `_embed` of a form's page."""
    return framed() or bool(request.args.get(EMBED))


def begin_framed_session(customer: User) -> dict[str, Any]:
    """Sign the customer in for a frame, for an hour; returns what every address in there has to carry."""
    if customer.role is not Role.CUSTOMER:
        raise ValueError("Only customers sign in here.")
    about: dict[str, Any] = {"remote_address": request.remote_addr, "user_agent": request.user_agent.string}
    return {FRAME: sign_in(db(), customer, lives=FRAME_LIVES, mark=FRAMED, **about)}


def customer_or_none() -> User | None:
    """The customer signed in in this browser; an agent's session is none, whatever cookie it comes in."""
    found = customer_session()
    return found[1] if found else None


def customer_session() -> tuple[SignedSession, User] | None:
    """Their session, and who they are."""
    if "customer" not in g:
        found = session_of(db(), _token())
        g.customer = found if found and found[1].role is Role.CUSTOMER else None
    known: tuple[SignedSession, User] | None = g.customer
    return known


def proof_of_customer(path: str) -> str:
    """What tells the page at `path` who is signed in here, for as long as they are, where no cookie does; "" where nobody is.

    It stands on a page or in its address, so it says no more than that: whoever finds it reads nothing of what the customer asked, only
    who they are, and it means nothing to another page.
    """
    found = customer_session()
    return str(_signer(str(current_app.secret_key)).dumps([found[0].id, path])) if found else ""


def customer_of_proof(proof: str, path: str) -> User | None:
    """Whom `proof_of_customer(path)` was made for, while they are signed in there; None for anything else."""
    try:
        session_id, its_path = _signer(str(current_app.secret_key)).loads(proof)
    except BadSignature:
        return None
    found = session_numbered(db(), session_id) if its_path == path else None
    return found[1] if found and found[1].role is Role.CUSTOMER else None


def proved_customer(path: str) -> tuple[User, str] | None:
    """Who comes to this page at `path`, with their proof for it: by the address somebody made `with_proof`, else by the browser's cookie."""
    proof = request.args.get(PROOF, "")
    customer = customer_of_proof(proof, path)
    if customer is None:
        customer, proof = customer_or_none(), proof_of_customer(path)
    return (customer, proof) if customer else None


def with_proof(address: str) -> str:
    """The `address`, a path of this desk, with the proof of who is signed in here: for links that lead out of a frame, where no cookie is."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode({PROOF: proof_of_customer(urlsplit(address).path)})}"


def customer_timed_out() -> User | None:
    """The customer whose session in this browser ran out by itself: they are to sign in again, and may be shown nothing until then.

    None for who is signed in, and after a sign-out, whoever pressed it.
    """
    found = lapsed_session_of(db(), _token())
    return found if found is not None and found.role is Role.CUSTOMER else None


def _token() -> str:
    """What this browser holds of a customer's session; one for frames counts in frames alone."""
    in_frame = framed()
    token = request.args[FRAME] if in_frame else request.cookies.get(cookie_name(CUSTOMER_COOKIE), "")
    return token if token.startswith(FRAMED) == in_frame else ""


def begin_customer_session(customer: User, *, stay: bool) -> str:
    """Sign the customer in, in this transaction; the browser's session before, if any, ends. Returns the token to `keep_customer`."""
    if customer.role is not Role.CUSTOMER:
        raise ValueError("Only customers sign in here.")
    end_customer_session()
    return sign_in(db(), customer, remote_address=request.remote_addr, user_agent=request.user_agent.string, stay=stay)


def end_customer_session() -> None:
    """End the session of this browser on the server."""
    before = customer_session()
    if before is not None:
        end_session(db(), before[0], by=before[1])
    g.pop("customer", None)


def keep_customer(response: Response, token: str, *, stay: bool) -> Response:
    """Give the browser the token of a customer's session."""
    return keep_secret(response, CUSTOMER_COOKIE, token, seconds=int(LONGEST.total_seconds()) if stay else None)


def forget_customer(response: Response) -> Response:
    """Take it back."""
    response.delete_cookie(cookie_name(CUSTOMER_COOKIE), path="/", secure=is_secure(), httponly=True, samesite="Lax")
    return response


def keep_secret(response: Response, name: str, value: str, *, seconds: int | None) -> Response:
    """Give the browser something only it and the desk know: never shown to scripts, nor sent along from other sites."""
    response.set_cookie(cookie_name(name), value, max_age=seconds, path="/", secure=is_secure(), httponly=True, samesite="Lax")
    return response


def kept_secret(name: str) -> str:
    """What `keep_secret` gave this browser; "" when there is none."""
    return request.cookies.get(cookie_name(name), "")


@lru_cache(maxsize=8)
def _signer(key: str) -> URLSafeSerializer:
    return URLSafeSerializer(key, salt="plugdesk customer")
