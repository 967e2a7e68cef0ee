"""Signing in by a link in a letter. Commands: they never commit.

Whoever asks for a link gets the same answer in the same time, whoever they are: asking stores one job, and only the job looks
whether the address is a customer's.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta

import sqlalchemy as sa

from plugdesk.api import (
    Context,
    Form,
    Limit,
    NotFound,
    Role,
    User,
    can_send,
    count_done,
    html_of_text,
    network_of,
    read_address,
    send_letter,
    use_language,
    verify_identity,
)
from plugdesk.api import gettext as _
from plugdesk_portal.models import SignInLink

LIVES = timedelta(minutes=10)
KEPT = timedelta(days=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PER_NETWORK, PER_ADDRESS, PER_ADDRESS_A_DAY, PER_DAY = Limit(20, HOUR), Limit(3, HOUR), Limit(10, DAY), Limit(5_000, DAY)


def posting_form(ctx: Context, forms: list[Form]) -> Form | None:
    """The form whose mailbox sends the letters: the first that has one."""
    return next((form for form in forms if can_send(ctx.db, "email", form)), None)


def ask_for_link(ctx: Context, email: str, *, asked: str, remote_address: str | None, language: str, leads_to: str = "") -> None:
    """Have a link sent to the address, if it is a customer's. Raises `Invalid` for what is no address, `TooMany`."""
    address = read_address(email)
    network = network_of(remote_address)
    count_done(
        ctx.db,
        {
            f"portal:network:{fingerprint(ctx, network)}": PER_NETWORK,
            f"portal:address:{fingerprint(ctx, address)}": PER_ADDRESS,
            f"portal:address a day:{fingerprint(ctx, address)}": PER_ADDRESS_A_DAY,
            "portal:a day": PER_DAY,
        },
    )
    ctx.enqueue("send_link", address=address, asked=hashed(asked), language=language, leads_to=leads_to)


def send_link(ctx: Context, address: str, asked: str, language: str, leads_to: str) -> None:
    """Job: a letter with a link, where the address is a customer's who has something to read in the portal."""
    from plugdesk_portal.colleagues import has_colleagues_requests
    from plugdesk_portal.queries import customer_with, has_requests

    assert ctx.form is not None
    customer = customer_with(ctx, address)
    base = ctx.base_url
    if customer is None or base is None or not (has_requests(ctx, customer) or has_colleagues_requests(ctx, customer)):
        return
    token = secrets.token_urlsafe(32)
    ctx.db.add(
        SignInLink(
            form_id=ctx.form.id, user_id=customer.id, address=address, token_hash=hashed(token), asked_hash=asked,
            leads_to=leads_to, made_at=ctx.now, expires_at=ctx.now + LIVES,
        )
    )  # fmt: skip
    with use_language(customer.language or language):
        text = _(
            "Somebody, probably you, wants to read your requests to %(desk)s. This page signs you in:\n\n%(link)s\n\n"
            "The link works once and for ten minutes. If it was not you, just throw this letter away: nobody gets in without it.",
            desk=ctx.desk.name, link=f"{base}/portal/links/{token}",
        )  # fmt: skip
        send_letter(ctx.db, ctx.form, to=address, subject=_("Sign in to %(desk)s", desk=ctx.desk.name), html=html_of_text(text))


def link_behind(ctx: Context, token: str) -> SignInLink:
    """What a link stands for. `NotFound` for an unknown, used or expired one, all alike."""
    found = ctx.db.scalar(sa.select(SignInLink).where(SignInLink.token_hash == hashed(token))) if token else None
    if found is None or found.used_at is not None or found.expires_at < ctx.now:
        raise NotFound(_("This link is not valid any more. Ask for another one."))
    return found


def was_asked_here(link: SignInLink, asked: str) -> bool:
    """Whether it was this browser that asked for the link."""
    return bool(asked) and hmac.compare_digest(link.asked_hash, hashed(asked))


def use_link(ctx: Context, link: SignInLink) -> User:
    """The reader of the letter has the address: it is proved to be theirs. Once, also of two presses at the same instant."""
    used = ctx.db.execute(
        sa.update(SignInLink)
        .where(SignInLink.id == link.id, SignInLink.used_at.is_(None), SignInLink.expires_at >= ctx.now)
        .values(used_at=ctx.now)
        .returning(SignInLink.id)
    ).first()
    customer = ctx.db.get(User, link.user_id)
    gone = NotFound(_("This link is not valid any more. Ask for another one."))
    if used is None or customer is None or not customer.active or customer.role is not Role.CUSTOMER:
        raise gone
    identity = next((each for each in customer.identities if (each.channel, each.value) == ("email", link.address)), None)
    if identity is None:
        raise gone  # the address was taken from this customer since the letter went
    verify_identity(ctx.db, identity)
    return customer


def forget_links(ctx: Context) -> None:
    """Recurring work: what signed in, or did not, goes."""
    assert ctx.form is not None
    over = (SignInLink.form_id == ctx.form.id, SignInLink.expires_at < ctx.now - KEPT)
    ctx.db.execute(sa.delete(SignInLink).where(*over), execution_options={"synchronize_session": False})


def hashed(token: str) -> str:
    """What is stored of a secret that a browser or a letter holds."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def fingerprint(ctx: Context, what: str) -> str:
    """What stands for an address or a connection where it is counted, so that it cannot be read there."""
    return hmac.new(ctx.signing_key("counting"), what.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]
