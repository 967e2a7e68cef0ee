"""Questions about request forms."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import sqlalchemy as sa

from plugdesk.api import Context, NotFound, Ticket, can_send, storable
from plugdesk.api import gettext as _
from plugdesk_webform.asking import SUBJECT, form_of
from plugdesk_webform.models import Consent, RequestForm, Submission


def request_forms(ctx: Context, *, only_on: bool = False) -> list[RequestForm]:
    """The form's request forms in their order."""
    wanted = sa.select(RequestForm).where(RequestForm.form_id == form_of(ctx).id)
    if only_on:
        wanted = wanted.where(RequestForm.is_on)
    return list(ctx.db.scalars(wanted.order_by(RequestForm.position, RequestForm.id)))


def links_for(ctx: Context, language: str) -> list[RequestForm]:
    """The request forms to lead a visitor to who reads `language`: those in it and in the visitor's own; else all there are."""
    rows = request_forms(ctx, only_on=True)
    return [row for row in rows if row.language in ("", language)] or rows


def address_of(ctx: Context, row: RequestForm, subject: str = "") -> str:
    """The path of a request form's page, with `subject` filled in where it asks for one."""
    asks = any(each["code"] == SUBJECT for each in row.fields)
    filled = f"?{urlencode({'subject': subject})}" if subject and asks else ""
    return f"/p/{quote(form_of(ctx).slug)}/webform/{quote(row.code)}{filled}"


def request_form_called(ctx: Context, code: str, *, also_closed: bool = False) -> RequestForm:
    """The request form at this address, if it is on, or with `also_closed` in any case. Raises `NotFound`."""
    here = (RequestForm.form_id == form_of(ctx).id, RequestForm.code == storable(code))
    found = ctx.db.scalar(sa.select(RequestForm).where(*here))
    if found is None:
        raise NotFound(_("There is no such request form."))
    if not (found.is_on or also_closed):
        raise NotFound(_("This form is closed at the moment."))
    return found


def request_form_here(ctx: Context, number: int) -> RequestForm:
    """The form's request form with this number. Raises `NotFound`."""
    found = ctx.db.get(RequestForm, number)
    if found is None or found.form_id != form_of(ctx).id:
        raise NotFound(_("There is no such request form."))
    return found


def consent_now(ctx: Context, row: RequestForm) -> Consent | None:
    """The text to agree to, if there is one."""
    if row.consent is None:
        return None
    return ctx.db.scalar(sa.select(Consent).where(Consent.request_form_id == row.id, Consent.number == row.consent))


def last_consent(ctx: Context, row: RequestForm) -> Consent | None:
    """The text there was last, asked for now or not."""
    wanted = sa.select(Consent).where(Consent.request_form_id == row.id).order_by(Consent.number.desc()).limit(1)
    return ctx.db.scalar(wanted)


def submission_of(ctx: Context, ticket: Ticket) -> Submission | None:
    """What brought the ticket, if it came by a request form."""
    return ctx.db.scalars(_OF_TICKET, {"ticket_id": ticket.id}).first()


def typed_address(ctx: Context, ticket: Ticket) -> str | None:
    """The address that was typed on the request form the ticket came by, as long as it is somebody's."""
    submission = submission_of(ctx, ticket)
    return submission.identity.value if submission and submission.identity else None


def has_submission(ticket: Any) -> Any:
    """Whether a ticket, here its row within a query, came by a request form: the panel has nothing to say of others."""
    return sa.exists().where(Submission.ticket_id == ticket.id)


def letters_leave(ctx: Context) -> bool:
    """Whether this form can write letters: E-mail is on and has a mailbox."""
    return can_send(ctx.db, "email", form_of(ctx))


def has_letters(ctx: Context) -> bool:
    """Whether a letter can ask for confirmation: its link needs the desk's own address, too."""
    return bool(ctx.base_url) and letters_leave(ctx)


# Every ticket page asks.
_OF_TICKET = sa.select(Submission).where(Submission.ticket_id == sa.bindparam("ticket_id")).limit(1)
