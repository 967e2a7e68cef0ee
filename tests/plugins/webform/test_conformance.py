"""Request forms pass what every plugin has to pass."""

from plugdesk.testing.conformance import *  # noqa: F403

plugin_id = "webform"
also_on = ("email",)  # the receipt is a letter


def fill(ctx, ticket, text):
    from plugdesk_webform.models import Consent, RequestForm, Submission

    number = ctx.db.query(RequestForm).count()
    row = RequestForm(
        form_id=ctx.form.id, position=number, code=f"hostile-{number}", title=text, intro=text, thanks=text, consent=1,
        fields=[{"code": "@text", "must": True}],
    )  # fmt: skip
    ctx.db.add(row)
    ctx.db.flush()
    consent = Consent(form_id=ctx.form.id, request_form_id=row.id, number=1, text=text, since=ctx.now)
    ctx.db.add(consent)
    ctx.db.flush()
    ctx.db.add(Submission(
        form_id=ctx.form.id, request_form_id=row.id, nonce=f"{ticket.id}-{number}", ticket_id=ticket.id, title=text, site=text,
        page=text, language="en", sent_at=ctx.now, consent_id=consent.id,
    ))  # fmt: skip
