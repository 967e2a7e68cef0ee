"""Requests of one's organization: who may read them, as a question about one request and as its twin in SQL."""

from __future__ import annotations

import sqlalchemy as sa

from plugdesk.api import Attachment, Context, Form, Message, Role, Ticket, User, runtime_of, storable
from plugdesk_portal.models import Sharing, Watch
from plugdesk_portal.queries import PAGE, Page, Row, file_of, portal_forms, readable, request_of


def shares_with_all(ctx: Context, form: Form) -> bool:
    """What the form says of organizations about which nothing of their own is said."""
    return bool(runtime_of(ctx.db).context("portal", form, ctx.db).settings.colleagues)


def shares(ctx: Context, form: Form, organization_id: int) -> bool:
    """Whether the people of this organization read each other's requests on the form."""
    said = ctx.db.get(Sharing, (form.id, organization_id))
    return said.shares if said is not None else shares_with_all(ctx, form)


def sharing_forms(ctx: Context, organization_id: int) -> list[Form]:
    """The forms with the portal on which they do; the twin of `shares` for all of them."""
    wanted = sa.select(Sharing.form_id, Sharing.shares).where(Sharing.organization_id == organization_id)
    said = {form_id: shares_there for form_id, shares_there in ctx.db.execute(wanted)}
    return [form for form in portal_forms(ctx) if (said[form.id] if form.id in said else shares_with_all(ctx, form))]


def reads_colleagues(ctx: Context, customer: User) -> bool:
    """Whether there may be any for this customer: where a form shares them, or a colleague has let them in."""
    if customer.organization_id is None:
        return False
    return bool(sharing_forms(ctx, customer.organization_id)) or bool(
        ctx.db.scalar(sa.select(sa.exists().where(Watch.user_id == customer.id, Watch.added)))
    )


def has_colleagues_requests(ctx: Context, customer: User) -> bool:
    """Whether there is anything of colleagues for this customer to read."""
    return ctx.db.scalar(sa.select(Ticket.id).where(of_colleagues(ctx, customer)).limit(1)) is not None


def may_read(ctx: Context, customer: User, ticket: Ticket) -> bool:
    """Whether the customer may read this request of somebody else's of their organization."""
    owner = ticket.customer
    same = owner.organization_id == customer.organization_id and owner.id != customer.id
    gone = ticket.deleted_at is not None or ticket.parent_id is not None or ticket.merged_into_id is not None
    people = customer.active and customer.role is Role.CUSTOMER and owner.role is Role.CUSTOMER
    if customer.organization_id is None or not (same and people and not gone and ticket.form.has("portal")):
        return False
    watch = ctx.db.get(Watch, (ticket.id, customer.id))
    asked_here = owner.organization_since is None or owner.organization_since < ticket.created_at
    return (asked_here and shares(ctx, ticket.form, customer.organization_id)) or (watch is not None and watch.added)


def of_colleagues(ctx: Context, customer: User) -> sa.ColumnElement[bool]:
    """The twin of `may_read` in SQL."""
    if customer.organization_id is None or not customer.active or customer.role is not Role.CUSTOMER:
        return sa.false()
    let_in = sa.exists().where(Watch.ticket_id == Ticket.id, Watch.user_id == customer.id, Watch.added).correlate(Ticket)
    people = sa.select(User.id).where(User.organization_id == customer.organization_id, User.role == Role.CUSTOMER)
    elsewhere = sa.exists().where(User.id == Ticket.customer_id, User.organization_since >= Ticket.created_at).correlate(Ticket)
    shared = Ticket.form_id.in_([form.id for form in sharing_forms(ctx, customer.organization_id)])
    return sa.and_(
        Ticket.customer_id.in_(people),
        Ticket.customer_id != customer.id,
        Ticket.form_id.in_([form.id for form in portal_forms(ctx)]),
        sa.or_(sa.and_(shared, ~elsewhere), let_in),
        Ticket.deleted_at.is_(None),
        Ticket.parent_id.is_(None),
        Ticket.merged_into_id.is_(None),
    )


def request_to_read(ctx: Context, customer: User, number: int) -> Ticket:
    """The customer's own request with this number, or one of their organization. Raises `NotFound`."""
    found = ctx.db.scalar(sa.select(Ticket).where(Ticket.id == number, of_colleagues(ctx, customer)))
    return found if found is not None else request_of(ctx, customer, number)


def file_to_read(ctx: Context, customer: User, key: str) -> Attachment:
    """The file with this key, on a request of one's own or of one's organization. Raises `NotFound`."""
    wanted = sa.select(Attachment, Message).join(Message, Message.id == Attachment.message_id)
    found = ctx.db.execute(wanted.where(Attachment.key == storable(key))).first() if reads_colleagues(ctx, customer) else None
    # Where it stands now, as on the page: one of theirs may have been merged into another of theirs.
    if found is not None and may_read(ctx, customer, found[1].ticket):
        said = sa.select(Message.id).where(Message.id == found[1].id, readable(found[1].ticket.customer))
        if ctx.db.scalar(said) is not None:
            file: Attachment = found[0]
            return file
    return file_of(ctx, customer, key)


def colleagues_page(ctx: Context, customer: User, *, state: str = "", words: str = "", below: int | None = None) -> Page:
    """A page of the requests of one's organization, the newest first; `words` are looked for in subjects, or are a number."""
    wanted = sa.select(Ticket).where(of_colleagues(ctx, customer))
    if state in ("open", "done"):
        wanted = wanted.where(Ticket.closed_at.is_(None) if state == "open" else Ticket.closed_at.is_not(None))
    if words := storable(words).strip()[:200]:
        by_number = Ticket.id == int(words) if words.isascii() and words.isdigit() and len(words) < 10 else sa.false()
        wanted = wanted.where(sa.or_(by_number, Ticket.subject.icontains(words, autoescape=True)))
    if below is not None:
        wanted = wanted.where(Ticket.id < below)
    found = ctx.db.scalars(wanted.order_by(Ticket.id.desc()).limit(PAGE + 1)).all()
    rows = [Row(each, each, False) for each in found[:PAGE]]
    return Page(rows, rows[-1].ticket.id if len(found) > PAGE else None, below is not None)
