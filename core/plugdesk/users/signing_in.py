"""Signing in with a password: throttled, the same answer and time for every mistake, every try in the journal.

It keeps transactions of its own: what is counted and written down about a failure must outlive the refused request,
and nobody else should wait for the database while a password is hashed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from plugdesk.errors import Invalid
from plugdesk.events import record
from plugdesk.i18n import gettext as _
from plugdesk.i18n import ngettext
from plugdesk.inputs import one_line
from plugdesk.runtime import Runtime
from plugdesk.sessions import sign_in
from plugdesk.throttle import Limit, attempts_left, count_attempt, forgive, network_of
from plugdesk.users.models import User
from plugdesk.users.passwords import hash_password, needs_new_hash, password_matches
from plugdesk.users.queries import customer_for_sign_in, user_for_sign_in

PER_ACCOUNT = Limit(20, timedelta(minutes=15))
PER_NETWORK = Limit(100, timedelta(minutes=15))
WARNED_FROM = 5


@dataclass(frozen=True)
class SignedIn:
    """Who signed in, and the token for the browser's cookie."""

    user_id: int
    token: str


def sign_in_with_password(
    runtime: Runtime,
    *,
    email: str,
    password: str,
    remote_address: str | None,
    user_agent: str | None = None,
    stay: bool = False,
    customers: bool = False,
) -> SignedIn:
    """Begin a session for whoever of the staff, or of the `customers`, has this address and password.

    Raises `Invalid` (the same whether the address, the password or the account is wrong), or `TooMany`. Call it before
    the request's own session has written anything.
    """
    address = one_line(email, most=254).lower()
    find = customer_for_sign_in if customers else user_for_sign_in
    account, network = (
        f"sign-in {'customer' if customers else 'account'} {address}",
        f"sign-in network {network_of(remote_address)}",
    )
    attempts = count_attempt(runtime, {account: PER_ACCOUNT, network: PER_NETWORK})
    with runtime.database.read() as session:
        user = find(session, address)
        user_id, stored = (user.id, user.password_hash) if user else (None, None)
    matches = password_matches(stored, password)
    new_hash = hash_password(password) if matches and stored and needs_new_hash(stored) else None
    with runtime.database.write() as session:
        user = session.get(User, user_id) if user_id and matches else None
        if user is not None and user.active and user.password_hash == stored:
            if new_hash:
                user.password_hash = new_hash
            forgive(session, attempts, keys=[account])
            return SignedIn(user.id, sign_in(session, user, remote_address=remote_address, user_agent=user_agent, stay=stay))
        record(session, "sign_in_failed", address=address, remote_address=one_line(remote_address), user_id=user_id)
        left = attempts_left(session, account, PER_ACCOUNT)
    raise Invalid(_wrong(left))


def _wrong(left: int) -> str:
    wrong = _("That is not the password of this address.")
    if left > WARNED_FROM:
        return wrong
    return wrong + " " + ngettext("%(num)d try is left.", "%(num)d tries are left.", left)
