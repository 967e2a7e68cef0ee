"""The portal passes what every plugin has to pass."""

from plugdesk.testing.conformance import *  # noqa: F403

plugin_id = "portal"
also_on = ("email",)  # its links go by letter


def fill(ctx, ticket, text):
    from plugdesk_portal.models import Read, SignInLink

    number = ctx.db.query(SignInLink).count()
    ctx.db.add(SignInLink(
        form_id=ctx.form.id, user_id=ticket.customer_id, address=text, token_hash=f"{number}", asked_hash="", made_at=ctx.now,
        expires_at=ctx.now,
    ))  # fmt: skip
    ctx.db.merge(Read(user_id=ticket.customer_id, ticket_id=ticket.id, form_id=ctx.form.id, message_id=1))
