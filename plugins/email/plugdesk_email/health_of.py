"""What the System page and the switch say of a form's mailboxes."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from plugdesk.api import Change, Context, DeliveryState, Form, HealthLine, format_time, ngettext
from plugdesk.api import gettext as _
from plugdesk_email.intake import next_look
from plugdesk_email.models import Mailbox, Original, OriginalState, PlainLetter


def lines(ctx: Context) -> Sequence[HealthLine]:
    """One line a mailbox, one for letters that wait in quarantine, and one for those of no ticket that did not leave."""
    assert ctx.form is not None
    found = []
    for mailbox in _mailboxes(ctx, ctx.form):
        problem = mailbox.error or mailbox.sending_error or ""
        state = _("not working") if problem else _("working") if mailbox.succeeded_at else _("not read yet")
        looked_into = next_look(mailbox)
        if looked_into is not None:
            state = _("not working, looked into again at %(time)s", time=format_time(looked_into))
        found.append(HealthLine(mailbox.address, state, problem, mailbox.succeeded_at))
    waiting = _count(ctx, ctx.form, OriginalState.QUARANTINE)
    if waiting:
        text = _("%(n)d letters could not be read. Look at them under Extensions, E-mail.", n=waiting)
        found.append(HealthLine(_("Quarantine"), _("waiting"), text))
    lost = ctx.db.scalars(_LOST, {"form_id": ctx.form.id}).all()
    if lost:  # no problem of the desk's: anybody may have typed an address there is not
        said = ngettext(
            "%(num)d letter did not leave. The last one: %(why)s", "%(num)d letters did not leave. The last one: %(why)s",
            len(lost), why=lost[0],
        )  # fmt: skip
        found.append(HealthLine(_("Letters that belong to no ticket, this week"), said))
    return found


def changes(ctx: Context, form: Form, switching_on: bool) -> Sequence[Change]:
    """What switching e-mail on or off will mean."""
    addresses = [mailbox.address for mailbox in _mailboxes(ctx, form)]
    if switching_on:
        if not addresses:
            return [Change(_("No mailbox yet: add one to this form, then letters become tickets"), "amber")]
        return [
            Change(_("Letters to %(address)s become tickets of %(form)s", address=address, form=form.name), "green")
            for address in addresses
        ]
    return [
        Change(
            _("%(address)s is no longer read; letters stay on its server and are fetched when it is on again", address=address),
            "amber",
        )
        for address in addresses
    ]


def _mailboxes(ctx: Context, form: Form) -> Sequence[Mailbox]:
    return ctx.db.scalars(sa.select(Mailbox).where(Mailbox.form_id == form.id).order_by(Mailbox.id)).all()


_LOST = (
    sa.select(PlainLetter.error)
    .where(PlainLetter.form_id == sa.bindparam("form_id"), PlainLetter.state == DeliveryState.FAILED)
    .where(PlainLetter.error.is_not(None)).order_by(PlainLetter.id.desc())
)  # fmt: skip


def _count(ctx: Context, form: Form, state: OriginalState) -> int:
    return ctx.db.scalar(sa.select(sa.func.count()).where(Original.form_id == form.id, Original.state == state)) or 0
