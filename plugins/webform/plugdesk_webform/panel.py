"""On the ticket: which request form it came by, from which page, and what its sender agreed to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugdesk.api import Context, Ticket, User
from plugdesk_webform.queries import letters_leave, submission_of
from plugdesk_webform.sending import consent_of


def show(ctx: Context, ticket: Ticket, viewer: User) -> tuple[str, Mapping[str, Any]] | None:
    submission = submission_of(ctx, ticket)
    if submission is None:
        return None
    return "webform:panel.html", {
        "submission": submission, "consent": consent_of(ctx, submission),
        "reachable": bool(ticket.customer.address("email")) and letters_leave(ctx),
    }  # fmt: skip
