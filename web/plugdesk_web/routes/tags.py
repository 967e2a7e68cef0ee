"""Tags: the page on which administrators make them, and putting them on tickets and customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, request, url_for

from plugdesk.database import row_number
from plugdesk.errors import Conflict, Invalid, NotFound
from plugdesk.i18n import gettext as _
from plugdesk.i18n import pgettext
from plugdesk.inputs import one_line
from plugdesk.naming import places_naming
from plugdesk.tags import commands
from plugdesk.tags.models import Tag
from plugdesk.tags.queries import Held, all_tags, holders_of_tags, tags_like
from plugdesk.tickets.queries import ticket_for
from plugdesk.users.queries import customer_for
from plugdesk_web.choices import TONES
from plugdesk_web.current import admin_only, agent_only, db, me
from plugdesk_web.editing import FRESH, Refused, refused, version_given
from plugdesk_web.rendering import page, redirect_after
from plugdesk_web.routes.customers import card_of
from plugdesk_web.routes.tickets import place_after, ticket_page

blueprint = Blueprint("tags", __name__)


@blueprint.get("/tags")
@admin_only
def index() -> Response:
    """All tags with who holds how many; the one named by `open`, or with `add` a new one, in its editor."""
    tag = _tag_or_none(request.args.get("open", ""))
    if tag is not None:
        return _page(tag, {"name": tag.name, "tone": tag.tone})
    return _page(None, {"tone": commands.TONES[0]}, is_adding=bool(request.args.get("add")))


@blueprint.post("/tags")
@admin_only
def create() -> Response:
    given = request.form
    try:
        tag = commands.add_tag(db(), name=given.get("name", ""), tone=given.get("tone", ""), by=me())
    except (Invalid, Conflict) as refusal:
        return _page(None, given, refused(refusal), is_adding=True)
    return redirect_after(url_for("tags.index"), _("The tag %(name)s is there.", name=tag.name))


@blueprint.post("/tags/<int:tag_id>")
@admin_only
def change(tag_id: int) -> Response:
    """Save name and colour."""
    tag, given = _tag(tag_id), request.form
    try:
        commands.change_tag(
            db(), tag, {"name": given.get("name", ""), "tone": given.get("tone", "")}, by=me(), version=version_given()
        )
    except (Invalid, Conflict) as refusal:
        said, tag = refused(refusal), _tag(tag_id)
        rows = [(pgettext("thing", "Name"), given.get("name"), tag.name), (_("Colour"), given.get("tone"), tag.tone)]
        return _page(tag, given, said.beside(rows))
    return redirect_after(url_for("tags.index"), _("Saved."))


@blueprint.post("/tags/<int:tag_id>/deletion")
@admin_only
def delete(tag_id: int) -> Response:
    """Delete it; who holds it holds the tag `move_to` instead, or none."""
    tag = _tag(tag_id)
    heir = request.form.get("move_to", "")
    try:
        held = commands.delete_tag(db(), tag, by=me(), move_to=_tag_or_none(heir), version=version_given())
    except (Invalid, Conflict) as refusal:
        said, tag = refused(refusal), _tag(tag_id)
        return _page(tag, {"name": tag.name, "tone": tag.tone}, said)
    text = _(
        "The tag %(name)s is gone, from tickets: %(tickets)d, from customers: %(customers)d.", name=tag.name, **held._asdict()
    )
    return redirect_after(url_for("tags.index"), text)


@blueprint.get("/tags/lookup")
@agent_only
def lookup() -> Response:
    """As one types the name of a tag."""
    return jsonify([{"value": tag.name, "label": tag.name} for tag in tags_like(db(), one_line(request.args.get("q")))])


@blueprint.post("/tickets/<int:number>/tags")
@agent_only
def put_on_ticket(number: int) -> Response:
    """Put the tag called `name` on the ticket."""
    ticket, name = ticket_for(db(), me(), number), request.form.get("name", "")
    try:
        commands.change_tags(db(), ticket, add=[commands.tag_to_put(db(), name, by=me())], by=me())
    except Invalid as refusal:
        said = refused(refusal)
        return ticket_page(ticket_for(db(), me(), number), status=said.status, tag_typed=name, tag_problem=_why(said))
    return redirect_after(place_after(ticket), _("Tagged “%(name)s”.", name=one_line(name)))


@blueprint.post("/tickets/<int:number>/tags/<int:tag_id>/removal")
@agent_only
def take_off_ticket(number: int, tag_id: int) -> Response:
    ticket, tag = ticket_for(db(), me(), number), _tag(tag_id)
    commands.change_tags(db(), ticket, remove=[tag], by=me())
    return redirect_after(place_after(ticket), _("Took the tag “%(name)s” off.", name=tag.name))


@blueprint.post("/customers/<int:user_id>/tags")
@agent_only
def put_on_customer(user_id: int) -> Response:
    """Put the tag called `name` on the customer."""
    customer, name = customer_for(db(), me(), user_id), request.form.get("name", "")
    try:
        commands.change_customers_tags(db(), customer, add=[commands.tag_to_put(db(), name, by=me())], by=me())
    except Invalid as refusal:
        said = refused(refusal)
        return card_of(customer_for(db(), me(), user_id), tag_typed=name, tag_problem=_why(said), status=said.status)
    return redirect_after(url_for("customers.show", user_id=user_id), _("Tagged “%(name)s”.", name=one_line(name)))


@blueprint.post("/customers/<int:user_id>/tags/<int:tag_id>/removal")
@agent_only
def take_off_customer(user_id: int, tag_id: int) -> Response:
    customer, tag = customer_for(db(), me(), user_id), _tag(tag_id)
    commands.change_customers_tags(db(), customer, remove=[tag], by=me())
    return redirect_after(url_for("customers.show", user_id=user_id), _("Took the tag “%(name)s” off.", name=tag.name))


def _tag_or_none(given: str) -> Tag | None:
    number = row_number(given)
    return db().get(Tag, number) if number is not None else None


def _tag(tag_id: int) -> Tag:
    tag = db().get(Tag, tag_id)
    if tag is None:
        raise NotFound(_("There is no such tag any more."))
    return tag


def _why(said: Refused) -> str:
    return said.words or " ".join(said.problems.values())


def _page(tag: Tag | None, given: Mapping[str, Any], refusal: Refused = FRESH, *, is_adding: bool = False) -> Response:
    """`tag` is the one in its editor."""
    held = holders_of_tags(db())
    return page(
        "tags/index.html", status=refusal.status, tags=all_tags(db()), held=held, nobody=Held(), open=tag.id if tag else None, is_adding=is_adding,
        given=given, refused=refusal, named_places=places_naming(db(), tag) if tag else (), tones=[(tone, str(TONES[tone])) for tone in commands.TONES], longest=commands.LONGEST_NAME,
    )  # fmt: skip
