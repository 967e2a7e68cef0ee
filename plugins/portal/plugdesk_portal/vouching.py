"""Sites that vouch for their customers: the secret they sign with, which of them may frame the portal, and signing in by their word.

Commands: they never commit.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from plugdesk.api import (
    Conflict,
    Context,
    Invalid,
    Limit,
    NotFound,
    Role,
    User,
    count_done,
    find_or_create_customer,
    network_of,
    read_address,
    verify_identity,
)
from plugdesk.api import gettext as _
from plugdesk_portal.models import Voucher, Vouching
from plugdesk_portal.signing import DAY, HOUR, fingerprint, hashed
from plugdesk_portal.tokens import BadToken, Claims, read_token
from plugdesk_web.api import read_sites

ROW, PLACE = 1, "vouching/secret"
PER_NETWORK, PER_CUSTOMER = Limit(600, HOUR), Limit(500, DAY)


def vouching_now(ctx: Context) -> Vouching:
    """How sites vouch; one that is not stored, where nothing was ever said."""
    found = ctx.db.get(Vouching, ROW)
    return found if found is not None else Vouching(id=ROW, secret="", sites=[], version=0)


def save_sites(ctx: Context, text: str, *, by: User, version: int | None) -> None:
    """The sites that may frame the portal, one a line. Raises `Invalid`, `Conflict`."""
    sites = read_sites(text)
    row = _row(ctx, version)
    row.sites = sites
    ctx.journal("portal_sites_changed", actor=by, sites=sites, said=_("Changed which sites may show the portal"))


def renew_secret(ctx: Context, *, by: User, version: int | None) -> str:
    """A new secret; the one before is worth nothing from now on. It is returned this once. Raises `Conflict`."""
    row = _row(ctx, version)
    secret = secrets.token_urlsafe(32)
    row.secret, row.made_at = ctx.seal(secret, PLACE), ctx.now
    ctx.journal("portal_secret_renewed", actor=by, said=_("Made a new secret by which sites vouch for customers"))
    return secret


def look_at(ctx: Context, token: str) -> Claims:
    """Whom a site vouches for. `NotFound` for a token that does not count, or was used; the log says why."""
    row = vouching_now(ctx)
    if not row.secret or ctx.base_url is None:
        raise _refused(ctx, "no secret was made, or the public address of the desk is not known")
    try:
        claims = read_token(token, ctx.unseal(row.secret, PLACE), audience=ctx.base_url, now=ctx.now)
    except BadToken as wrong:
        raise _refused(ctx, str(wrong)) from None
    if ctx.db.scalar(sa.select(Voucher.id).where(Voucher.token_hash == hashed(claims.id))) is not None:
        raise _refused(ctx, "it was used before (jti)")
    return claims


def sign_in_by_word(ctx: Context, token: str, *, remote_address: str | None) -> User:
    """The customer a site vouches for: their address counts as proved. Once, also of two presses at the same instant."""
    claims = look_at(ctx, token)
    try:
        address = read_address(claims.email)
    except Invalid:
        raise _refused(ctx, "its email is no address") from None
    count_done(
        ctx.db,
        {
            f"portal:word:{fingerprint(ctx, network_of(remote_address))}": PER_NETWORK,
            f"portal:word for:{fingerprint(ctx, address)}": PER_CUSTOMER,
        },
    )
    ctx.db.execute(sa.delete(Voucher).where(Voucher.expires_at < ctx.now - DAY), execution_options={"synchronize_session": False})
    try:
        with ctx.transaction():
            ctx.db.add(Voucher(token_hash=hashed(claims.id), expires_at=claims.expires_at))
            ctx.db.flush()  # of two at once the second meets the first one's row
    except IntegrityError:
        raise _refused(ctx, "it was used before (jti)") from None
    customer = find_or_create_customer(ctx.db, channel="email", value=address, name=claims.name[:200])
    if customer.role is not Role.CUSTOMER or not customer.active:
        raise _refused(ctx, "the address is not a customer's")
    identity = next(each for each in customer.identities if (each.channel, each.value) == ("email", address))
    verify_identity(ctx.db, identity)
    ctx.journal("vouched_for", actor=customer)
    return customer


def frames(ctx: Context) -> Sequence[str]:
    """The sites that may frame the portal."""
    return [str(each) for each in vouching_now(ctx).sites]


def _row(ctx: Context, version: int | None) -> Vouching:
    row = vouching_now(ctx)
    if version != row.version:
        raise Conflict(_("Somebody else has changed this meanwhile. Look at it again, then save."))
    if row.version == 0:
        row = Vouching(id=ROW, secret="", sites=[])
        ctx.db.add(row)
    return row


def _refused(ctx: Context, why: str) -> NotFound:
    """To the visitor the same for whatever reason; whoever builds the site reads it in the log."""
    ctx.log.warning("A site's token was refused: %s", why)
    return NotFound(_("This way in is not valid any more. Go back to the page you came from and load it again."))
