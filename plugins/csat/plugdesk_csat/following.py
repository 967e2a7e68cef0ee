"""What a form does about a bad mark: reopen the ticket, give it to the supervisor, tell them. A job, once for each mark."""

from __future__ import annotations

import sqlalchemy as sa
from markupsafe import Markup

from plugdesk.api import (
    Context,
    PlugdeskError,
    StatusKind,
    Ticket,
    User,
    assign,
    become,
    can_see,
    send_letter,
    supervisors_of,
    use_language,
    watch,
)
from plugdesk.api import gettext as _
from plugdesk_csat.models import Rating
from plugdesk_csat.seeing import may_see


def follow_up(ctx: Context, rating_id: int) -> None:
    """Do what the settings say about this mark, if it still is a bad one and nothing was done about it yet."""
    rating = ctx.db.scalar(sa.select(Rating).where(Rating.id == rating_id).with_for_update())
    if rating is None or rating.followed_at is not None or rating.mark > ctx.settings.low_mark:
        return
    rating.followed_at = ctx.now
    ticket = ctx.db.get_one(Ticket, rating.ticket_id)
    if ticket.deleted_at is not None or ticket.merged_into_id is not None or ctx.form is None or ticket.form_id != ctx.form.id:
        return
    settings, supervisor = ctx.settings, supervisors_of(ctx.db, [ticket]).get(ticket.id)
    if settings.low_reopens and ticket.status_kind.is_final and (settings.low_reopens_in_chat or not rating.in_chat):
        become(ctx.db, ticket, StatusKind.OPEN, by=None)
    if supervisor is None:
        return
    if settings.low_to_supervisor and ticket.assignee_id != supervisor.id:
        try:
            assign(ctx.db, ticket, None, assignee=supervisor, group=ticket.group)
        except PlugdeskError as refusal:
            ctx.log.warning("A badly rated ticket could not be given to the supervisor: %s", refusal)
    if settings.low_tells_supervisor:
        _tell(ctx, ticket, rating, supervisor)


def _tell(ctx: Context, ticket: Ticket, rating: Rating, supervisor: User) -> None:
    assert ctx.form is not None, "The rating is switched on for forms."
    if can_see(ctx.db, supervisor, ticket):
        watch(ctx.db, ticket, supervisor)
    if not supervisor.email:
        return
    with use_language(supervisor.language or ctx.desk.language):
        subject = _("Ticket %(number)s was rated badly", number=ticket.number)
        lines = [_("The customer of ticket %(number)s is not content. Have a look at it.", number=ticket.number)]
        if may_see(ctx, supervisor, ticket):
            lines.append(_("Mark: %(mark)s", mark=rating.mark))
        if ctx.base_url:
            lines.append(f"{ctx.base_url}/tickets/{ticket.number}")
        html = str(Markup("").join(Markup("<p>{}</p>").format(line) for line in lines))
        if not send_letter(ctx.db, ctx.form, to=supervisor.email, subject=subject, html=html):
            ctx.log.warning("Nothing on the form %s can send the letter about a bad mark", ctx.form.slug)
