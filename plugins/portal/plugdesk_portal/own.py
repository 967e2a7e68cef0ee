"""What is the customer's own: who they are, their password, a copy of all they have said and read, and their wish to be forgotten."""

from __future__ import annotations

import json
import tempfile
import zipfile
from datetime import timedelta
from typing import IO, Any

from plugdesk.api import (
    Conflict,
    Context,
    Direction,
    Form,
    Limit,
    Message,
    Runtime,
    Said,
    Ticket,
    User,
    change_customer,
    channels_to,
    count_attempt,
    count_done,
    current_language,
    open_ticket,
    safe_name,
    set_customers_password,
    survivor,
)
from plugdesk.api import gettext as _
from plugdesk_portal.commands import CHANNEL
from plugdesk_portal.letters import wish_of
from plugdesk_portal.queries import all_requests, entered, portal_forms, said_on

FRESH = timedelta(minutes=10)
ONCE_A_DAY, COPIES = Limit(1, timedelta(days=1)), Limit(5, timedelta(hours=1))
IN_MEMORY = 4_000_000


def change_profile(ctx: Context, customer: User, *, name: str, language: str, version: int | None) -> None:
    """The customer's name and the language we write to them in. Raises `Invalid` by control, `Conflict`."""
    change_customer(ctx.db, customer, {"name": name, "language": language}, by=None, version=version)
    ctx.journal("profile_changed", actor=customer)


def set_password(ctx: Context, customer: User, password: str, *, fresh: bool) -> None:
    """A password for the customer, who has just shown who they are (`fresh`). Every session ends. Raises `Invalid`, `Conflict`."""
    if not fresh:
        raise Conflict(_("Sign out and in again by a link first: a password is set within ten minutes after it."))
    set_customers_password(ctx.db, customer, password)


def count_copy(runtime: Runtime, customer_id: int) -> None:
    """A copy is about to be made, a few times an hour. Raises `TooMany`; in a transaction of its own, before anything is read."""
    count_attempt(runtime, {f"portal:copy:{customer_id}": COPIES})


def copy_of_all(ctx: Context, customer: User) -> IO[bytes]:
    """A ZIP file with data.json and the files, each as it is; beyond a few megabytes it lies on the disk until it is sent.

    It is long in the making: of a session that only reads, so that it holds up nobody.
    """
    target = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # whoever sends it closes it
    told: list[dict[str, Any]] = []
    with zipfile.ZipFile(target, "w") as packed:
        for ticket in all_requests(ctx, customer):
            messages = said_on(ctx, customer, ticket)
            told.append(_request(ctx, ticket, [_message(ctx, ticket, each, packed) for each in messages]))
        packed.writestr(
            "data.json",
            json.dumps(_person(ctx, customer) | {"requests": told}, ensure_ascii=False, indent=1),
            zipfile.ZIP_DEFLATED,
        )
    target.seek(0)
    return target


def ask_to_forget(ctx: Context, customer: User) -> Ticket:
    """The customer wants their data deleted: a request to those who answer, on the form they last wrote to. Once a day."""
    form = _form_for(ctx, customer)
    if form is None:
        raise Conflict(_("This cannot be asked for here now. Write to us instead."))
    count_done(ctx.db, {f"portal:forget:{customer.id}": ONCE_A_DAY})
    ticket = open_ticket(
        ctx.db, form, customer, subject=_("Please delete my data"), channel=CHANNEL,
        said=Said(text=_("I ask you to delete what you keep about me. I am signed in to the portal, so my address is proved.")),
    )  # fmt: skip
    if ways := channels_to(ctx.db, ticket):
        ticket.channel = ways[0].name  # where answers go
    return ticket


def _form_for(ctx: Context, customer: User) -> Form | None:
    living = [form for form in portal_forms(ctx) if form.archived_at is None]
    asked = [ticket.form_id for ticket in all_requests(ctx, customer)]
    return next((form for form in living if form.id in asked[:1]), living[0] if living else None)


def _person(ctx: Context, customer: User) -> dict[str, Any]:
    wish = wish_of(ctx, customer)
    return {
        "name": customer.name,
        "language": customer.language,
        "organization": customer.organization.name if customer.organization else None,
        "contacts": [
            {"kind": each.channel, "value": each.value, "proved": bool(each.verified_at)} for each in customer.identities
        ],
        "letters": {"answers": "link" if wish.link_only else "text", "closing_notices": wish.closing_notices},
    }


def _request(ctx: Context, ticket: Ticket, messages: list[dict[str, Any]]) -> dict[str, Any]:
    lives = survivor(ctx.db, ticket)
    return {
        "number": ticket.number, "subject": ticket.subject, "form": ticket.form.name, "opened": ticket.created_at.isoformat(),
        "closed": lives.closed_at.isoformat() if lives.closed_at else None, "status": lives.status.customers_name_in(current_language()),
        "fields": dict(entered(ctx, ticket)), "messages": messages,
    }  # fmt: skip


def _message(ctx: Context, ticket: Ticket, message: Message, packed: zipfile.ZipFile) -> dict[str, Any]:
    files = []
    for each in message.attachments:
        name = f"files/{ticket.number}/{each.id}-{safe_name(each.name)}"
        packed.writestr(name, ctx.read_bytes(each.sha256))
        files.append(name)
    own = message.direction is Direction.INCOMING
    who = "you" if own else message.author.name if message.author else ctx.desk.name
    return {"at": message.created_at.isoformat(), "from": who, "text": message.text, "files": files}
