"""Webhooks: a ticket told to an address somebody chose, signed, by a job that tries again.

The signature is that of GitHub's and Slack's kind: HMAC-SHA256 of the body, so that the receiver knows who calls.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from plugdesk.api import Context, Park, RetryLater, StatusKind, Ticket, tags_of_ticket
from plugdesk.api import gettext as _
from plugdesk_automation.own.acting import Acting

LONGEST = 1_000  # characters of an address
SIGNATURE = "X-Plugdesk-Signature"
AGAIN = frozenset({408, 409, 425, 429})
"""Answers below 500 after which it is tried again, as with what a server does wrong."""


def problems(options: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with the address, by option."""
    url = str(options.get("url", ""))
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError:
        parts = urlsplit("")
    fine = parts.scheme in ("http", "https") and parts.hostname and not parts.username and url.isascii() and url.isprintable()
    if not fine or " " in url or len(url) > LONGEST:
        return {"url": _("Give an address like https://example.org/hook, without a name and password in it.")}
    return {}


def host_of(url: str) -> str:
    """The host an address names; all of it where it names none."""
    try:
        return urlsplit(url).hostname or url
    except ValueError:
        return url


def key_of(ctx: Context) -> str:
    """The key by which calls of this form are signed, for who receives them."""
    return ctx.signing_key(f"webhook:{ctx.form.id if ctx.form else 0}").hex()


def call_later(act: Acting, url: str) -> None:
    """Have a job tell the ticket as it is now."""
    act.ctx.enqueue("call", url=url, ticket_id=act.ticket.id, body=_told(act))


def call(ctx: Context, url: str = "", ticket_id: int = 0, body: str = "", **_given: object) -> None:
    """Job: call the address. What is refused for good is put aside, to be tried again by hand on the System page."""
    del ticket_id
    signed = hmac.new(key_of(ctx).encode(), body.encode(), hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", SIGNATURE: f"sha256={signed}"}
    host = host_of(url)
    ctx.checkpoint()  # nothing of the database is held while somebody else is waited for
    try:
        status = (
            ctx.http_to(host, max_seconds=20, max_bytes=100_000).post(url, content=body.encode(), headers=headers).status_code
        )
    except httpx.HTTPError as error:
        raise RuntimeError(_("%(host)s cannot be called: %(why)s", host=host, why=error)) from error
    if status == 429:
        raise RetryLater(60, _("%(host)s asks to be called later.", host=host))
    if status >= 500 or status in AGAIN:
        raise RuntimeError(_("%(host)s answered %(status)s.", host=host, status=status))
    if not 200 <= status < 300:
        raise Park(_("%(host)s answered %(status)s. Check the address of the automation.", host=host, status=status))


def _told(act: Acting) -> str:
    told = {"automation": act.name, "at": act.ctx.now.isoformat(), "ticket": _ticket(act.ctx, act.ticket), "link": act.link}
    return json.dumps(told, ensure_ascii=False)


def _ticket(ctx: Context, ticket: Ticket) -> dict[str, Any]:
    status, customer = ticket.form.status_by_id(ticket.status_id), ticket.customer
    return {
        "number": ticket.number, "subject": ticket.subject, "form": ticket.form.slug, "channel": ticket.channel,
        "status": status.code, "is_closed": status.kind in (StatusKind.RESOLVED, StatusKind.CLOSED),
        "created_at": ticket.created_at.isoformat(), "values": ticket.values, "tags": [tag.name for tag in tags_of_ticket(ctx.db, ticket.id)],
        "customer": {"name": customer.name, "email": customer.address("email")},
        "assignee": ticket.assignee.name if ticket.assignee else None, "group": ticket.group.name if ticket.group else None,
    }  # fmt: skip
