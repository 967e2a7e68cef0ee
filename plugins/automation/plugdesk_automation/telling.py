"""The letters to people: everything that has come up for somebody within a minute, in one."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from plugdesk.api import Context, Ticket, User, html_of_text, ngettext, send_letter, use_language, visible_tickets
from plugdesk.api import gettext as _
from plugdesk_automation.models import Code, News, Run
from plugdesk_automation.rules import NAMES, length_words
from plugdesk_automation.timing import occasions

SHOWN = 40  # tickets listed in one letter


def tell(ctx: Context, user_id: int = 0, **_given: object) -> None:
    """Job: write somebody what waits for them, as far as they may see it and it still stands as it did, and forget it was to be told."""
    form, user = ctx.form, ctx.db.get(User, user_id)
    assert form is not None, "Automation is switched on for forms."
    query = sa.select(News.id, Run, Ticket).join(Run, Run.id == News.run_id).join(Ticket, Ticket.id == Run.ticket_id)
    query = query.where(News.form_id == form.id, News.user_id == user_id).options(joinedload(Ticket.form))
    rows = ctx.db.execute(query.order_by(Run.due_at, Run.id)).all()
    if not rows:
        return
    ctx.db.execute(sa.delete(News).where(News.id.in_([row.id for row in rows])))
    if user is None or not user.active or not user.email:
        return
    tickets = {row.Ticket.id: row.Ticket for row in rows}
    seen = set(ctx.db.scalars(sa.select(Ticket.id).where(visible_tickets(ctx.db, user), Ticket.id.in_(tickets))))
    still = occasions(ctx, [each for each in tickets.values() if each.form_id == form.id])
    told = [
        (row.Run, row.Ticket)
        for row in rows
        if row.Ticket.id in seen and (row.Ticket.id, str(row.Run.code), row.Run.occasion) in still
    ]
    if told:
        _write(ctx, user, told)


def _write(ctx: Context, user: User, told: Sequence[tuple[Run, Ticket]]) -> None:
    form = told[0][1].form
    with use_language(user.language or ctx.desk.language):
        subject = ngettext("%(num)d ticket needs you", "%(num)d tickets need you", len({ticket.id for _run, ticket in told}))
        parts = [_part(ctx, code, [each for each in told if each[0].code is code]) for code in Code]
        text = "\n\n".join(part for part in parts if part)
        if not send_letter(ctx.db, form, to=user.email or "", subject=subject, html=html_of_text(text)):
            ctx.log.warning("Nothing on the form %s can send the letters of automation", form.slug)


def _part(ctx: Context, code: Code, told: Sequence[tuple[Run, Ticket]]) -> str:
    if not told:
        return ""
    lines = [f"{NAMES[code]}:"]
    for run, ticket in told[:SHOWN]:
        length = length_words(run.amount, run.unit, run.in_hours)
        lines.append(_("%(number)s %(subject)s: %(time)s", number=f"#{ticket.number}", subject=ticket.subject, time=length))
        if ctx.base_url:
            lines.append(f"{ctx.base_url}/tickets/{ticket.number}")
    if len(told) > SHOWN:
        lines.append(_("and %(number)s more", number=len(told) - SHOWN))
    return "\n".join(lines)
