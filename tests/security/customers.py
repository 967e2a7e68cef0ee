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
    return {"sign_in_link": "ann-signs-in", "voucher": _voucher(world)} | _colleagues(world, support) | _sharing(world, support)


def _colleagues(world: World, support: Form) -> dict[str, Any]:
    """Dora of Ann's organization: she has let Ann read her request, and Ann her."""
    from plugdesk.forms.models import StatusKind
    from plugdesk.tickets.commands import become
    from plugdesk.tickets.correspondence import Said, open_ticket
    from plugdesk.users.customers import add_organization, find_or_create_customer
    from plugdesk_portal.models import Watch

    session, ann = world.session, world.people["customer"]
    dora = find_or_create_customer(session, channel="email", value="dora@home.example", name="Dora Reed")
    dora.organization = ann.organization = add_organization(session, name="Reed Works", by=world.people["admin"])
    doras = open_ticket(session, support, dora, subject="Doras own affair", said=Said(text="Also private."), channel="email")
    session.flush()
    for number, reader in ((doras.id, ann), (world.things["number"], dora)):
        session.add(Watch(ticket_id=number, user_id=reader.id, form_id=support.id, added=True, told=True, told_up_to=0))
    become(session, doras, StatusKind.RESOLVED, by=None)  # nothing that agents count
    return {"works": dora.organization.id, "doras": doras.id, "dora": dora.id, "last": doras.messages[-1].id}


def _sharing(world: World, support: Form) -> dict[str, Any]:
    """An organization of which something is said on Support, and one of which it is on Billing."""
    from plugdesk.forms.queries import form_by_slug
    from plugdesk.users.customers import add_organization
    from plugdesk_portal.models import Sharing

    session, admin = world.session, world.people["admin"]
    ours, theirs = (add_organization(session, name=name, by=admin) for name in ("Till Works", "Bill Works"))
    for form, organization in ((support, ours), (form_by_slug(session, "billing"), theirs)):
        session.add(Sharing(form_id=form.id, organization_id=organization.id, shares=False))
    return {"organization_id": ours.id, "said_organization": ours.id, "their_organization": theirs.id}


def _voucher(world: World) -> str:
    """The token by which a site vouches for Ann."""
    ctx = world.runtime.context("portal", world.runtime.desk(world.session), world.session)
    key = renew_secret(ctx, by=world.people["admin"], version=0).encode()
    ends = int((world.runtime.clock.now() + timedelta(minutes=4)).timestamp())
    said = {"aud": ctx.base_url, "exp": ends, "jti": "used-by-nobody", "email": "ann@home.example"}
    head, body = (base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in ({"alg": "HS256"}, said))
    mark = base64.urlsafe_b64encode(hmac.new(key, head + b"." + body, hashlib.sha256).digest()).rstrip(b"=")
    return b".".join((head, body, mark)).decode()
