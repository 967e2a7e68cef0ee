"""Who writes by a request form: a customer who is signed in is known, and not asked who they are; else somebody nobody knows.

A page carries the proof of whom it was shown to in a control, so what is sent needs no cookie, and no other site can send it in the
customer's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import request

from plugdesk.api import Context, Invalid, User
from plugdesk.api import gettext as _
from plugdesk_web.api import PROOF as IN_ADDRESS
from plugdesk_web.api import customer_of_proof, proved_customer
from plugdesk_webform.models import RequestForm
from plugdesk_webform.queries import address_of

GUEST = "_guest"  # in the address: whoever is signed in writes for somebody else
PROOF = "known"


@dataclass(frozen=True)
class Writer:
    """A customer who is signed in, and what the page carries so that they are known when it comes back."""

    customer: User
    proof: str


def reading(ctx: Context, row: RequestForm) -> Writer | None:
    """Who looks at the page; nobody where the form is anonymous or they said that they are somebody else."""
    if row.anonymous or request.args.get(GUEST):
        return None
    found = proved_customer(address_of(ctx, row))
    return Writer(*found) if found else None


def sending(ctx: Context, row: RequestForm, given: Mapping[str, Any]) -> Writer | None:
    """Who sends what was `given`: the one the page was shown to, while they are signed in."""
    proof = str(given.get(PROOF, ""))
    customer = customer_of_proof(proof, address_of(ctx, row)) if proof and not row.anonymous else None
    return Writer(customer, proof) if customer else None


def still_sending(ctx: Context, row: RequestForm, given: Mapping[str, Any]) -> Writer | None:
    """As `sending`. Raises `Invalid` where the page was somebody's who is not signed in any more: it is not sent as nobody's."""
    writer = sending(ctx, row, given)
    if writer is None and given.get(PROOF) and not row.anonymous:
        raise Invalid(_("You are not signed in any more as you were. Look whose request it will be, then send it once more."))
    return writer


def coming_back(ctx: Context, row: RequestForm, given: Mapping[str, Any]) -> Writer | None:
    """Whose page it is that comes back with what was `given`."""
    return sending(ctx, row, given) or (reading(ctx, row) if given.get(PROOF) else None)


def as_guest(ctx: Context, row: RequestForm) -> str:
    """The address of the same page for who is signed in and writes for somebody else, with what its link has filled in."""
    kept = [(name, value) for name, value in request.args.items() if name != IN_ADDRESS]
    return f"{address_of(ctx, row)}?{urlencode([*kept, (GUEST, '1')])}"
