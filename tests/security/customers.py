"""What the desk of the tests of security holds for customers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from plugdesk.users.customers import verify_identity
from plugdesk_portal.models import SignInLink
from plugdesk_portal.signing import hashed

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
    return {"sign_in_link": "ann-signs-in"}
