"""What the desk of the tests of security holds for customers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from plugdesk.users.customers import verify_identity
from plugdesk_portal.models import SignInLink
from plugdesk_portal.signing import hashed
from plugdesk_portal.vouching import renew_secret

if TYPE_CHECKING:
    from plugdesk.forms.models import Form
    from tests.security.world import World


def sign_in_link(world: World, support: Form) -> dict[str, Any]:
    """A link that signs Ann in to the portal."""
    ann, now = world.people["customer"], world.runtime.clock.now()
    verify_identity(world.session, ann.identities[0])
    world.session.add(
        SignInLink(
            form_id=support.id, user_id=ann.id, address="ann@home.example", token_hash=hashed("ann-signs-in"), asked_hash="",
            made_at=now, expires_at=now + timedelta(minutes=10),
        )
    )  # fmt: skip
    return {"sign_in_link": "ann-signs-in", "voucher": _voucher(world)}


def _voucher(world: World) -> str:
    """The token by which a site vouches for Ann."""
    ctx = world.runtime.context("portal", world.runtime.desk(world.session), world.session)
    key = renew_secret(ctx, by=world.people["admin"], version=0).encode()
    ends = int((world.runtime.clock.now() + timedelta(minutes=4)).timestamp())
    said = {"aud": ctx.base_url, "exp": ends, "jti": "used-by-nobody", "email": "ann@home.example"}
    head, body = (base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in ({"alg": "HS256"}, said))
    mark = base64.urlsafe_b64encode(hmac.new(key, head + b"." + body, hashlib.sha256).digest()).rstrip(b"=")
    return b".".join((head, body, mark)).decode()
