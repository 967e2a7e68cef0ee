"""What a form asks next, as its fields are being answered."""

from __future__ import annotations

from flask import Blueprint, Response, request

from plugdesk.database import row_number
from plugdesk.errors import NotFound
from plugdesk.i18n import gettext as _
from plugdesk.tickets.queries import ticket_for
from plugdesk.users.customers import customer_at
from plugdesk.users.queries import can_see_customer
from plugdesk_web.current import agent_only, db, form_here, me
from plugdesk_web.rendering import page
from plugdesk_web.ticket_fields import fields_to_edit, has_rules

blueprint = Blueprint("asking", __name__)
PLACES = ("new", "edit")


@blueprint.post("/tickets/fields")
@agent_only
def fields() -> Response:
    """The fields of a `ticket`, or of a new one on a `form`, that show for what is typed; nothing is stored."""
    given = request.form
    place = given.get("asked_id", "")
    if place not in PLACES:
        raise NotFound(_("There is no such page, or it is not for you."))
    number = row_number(given.get("ticket", ""))
    ticket = ticket_for(db(), me(), number) if number is not None else None
    form = ticket.form if ticket else form_here(given.get("form", ""))
    customer = None if ticket else customer_at(db(), given.get("customer", ""))
    if customer is not None and not can_see_customer(db(), me(), customer):
        customer = None
    asked = fields_to_edit(db(), ticket, form=form, given=given, customer=customer)
    return page(
        "tickets/_asked.html", ticket=ticket, asked=asked, asked_id=place, asked_anew=not ticket or has_rules(form), problems={}
    )
