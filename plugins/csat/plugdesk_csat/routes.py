"""The rating page. Mail scanners open every link: looking stores nothing, one button does."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from plugdesk.api import Invalid, use_language
from plugdesk_csat.commands import invitation_of, may_change, rate
from plugdesk_csat.letters import invitation_words, names, thanks_words
from plugdesk_csat.models import BEST, WORST, Invitation
from plugdesk_csat.queries import rating_of
from plugdesk_web.api import context, page, redirect_after

blueprint = Blueprint("rating", __name__)
MARKS = {str(mark): mark for mark in range(WORST, BEST + 1)}


@blueprint.get("/<token>")
def show(slug: str, token: str) -> Response:
    """The five faces; the one tapped in the letter is chosen already."""
    ctx = context("csat")
    invitation = invitation_of(ctx, token)
    rating = rating_of(ctx, invitation)
    given = request.args.get("mark", "")
    chosen = MARKS.get(given, rating.mark if rating else None)
    stored = rating is not None and (not given or chosen == rating.mark)
    return _page(invitation, token, chosen=chosen, comment=rating.comment if rating else "", stored=stored)


@blueprint.post("/<token>")
def store(slug: str, token: str) -> Response:
    """Store the mark and the comment."""
    ctx = context("csat")
    invitation = invitation_of(ctx, token)
    given, comment = request.form.get("mark", ""), request.form.get("comment", "")
    try:
        rate(ctx, invitation, mark=MARKS.get(given, 0), comment=comment)
    except Invalid as refusal:
        return _page(invitation, token, chosen=MARKS.get(given), comment=comment, problem=str(refusal), status=422)
    return redirect_after(url_for(".show", slug=slug, token=token))


def _page(
    invitation: Invitation,
    token: str,
    *,
    chosen: int | None,
    comment: str,
    stored: bool = False,
    problem: str = "",
    status: int = 200,
) -> Response:
    ctx = context("csat")
    customer, form = invitation.ticket.customer, invitation.ticket.form
    rating = rating_of(ctx, invitation)
    with use_language(customer.language or form.language or ctx.desk.language):
        return page(
            "csat:rating.html", status=status, settings=ctx.settings, site={"name": ctx.desk.name}, names=names(), chosen=chosen, comment=comment,
            stored=stored, problem=problem, subject=invitation.ticket.subject, number=invitation.ticket.number, token=token, form=form,
            thanks=thanks_words(ctx), invitation=invitation_words(ctx), locked=rating is not None and not may_change(ctx, rating),
            given=rating,
        )  # fmt: skip
