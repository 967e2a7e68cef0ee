"""Customers: the list, the card of one with everything they asked, and what is known of them. Agents see those of their forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from babel import Locale
from flask import Blueprint, Response, jsonify, request, url_for

from plugdesk.database import row_number
from plugdesk.errors import Conflict, Invalid, NotFound
from plugdesk.forms.queries import forms_for
from plugdesk.i18n import LANGUAGES, current_language, pgettext
from plugdesk.i18n import gettext as _
from plugdesk.inputs import one_line
from plugdesk.tags.queries import tags_of_customer
from plugdesk.tickets.lists import Filter, Page, tickets_of_view
from plugdesk.tickets.queries import who_talked
from plugdesk.users import customers as commands
from plugdesk.users.joining import join_customers, perhaps_the_same
from plugdesk.users.models import CustomerKind, Identity, User
from plugdesk.users.queries import (
    CustomersAfter,
    customer_figures,
    customer_for,
    find_customers,
    find_organizations,
    organization_named,
)
from plugdesk_web.asked_lists import key_of, key_text
from plugdesk_web.choices import zone_choices
from plugdesk_web.contributions import Cell
from plugdesk_web.current import agent_only, db, me, runtime
from plugdesk_web.editing import FRESH, Refused, refused, version_given
from plugdesk_web.rendering import page, redirect_after
from plugdesk_web.slots import customer_panels, marks_beside

blueprint = Blueprint("customers", __name__, url_prefix="/customers")
FIELDS = ("name", "kind", "language", "country", "zone", "about")


@blueprint.get("")
@agent_only
def index() -> Response:
    """Fifty a page, by name; `q` holds beginnings of words of a name or a contact."""
    words = one_line(request.args.get("q"))
    found, key = find_customers(db(), me(), words=words, after=after_asked())
    older = url_for("customers.index", q=words or None, name=key.name, id=key.id) if key else ""
    return page(
        "customers/index.html",
        customers=found,
        marks=marks_beside(db(), found, me()),
        q=words,
        older=older,
        first=url_for("customers.index", q=words or None),
        is_first=not request.args.get("id"),
    )


@blueprint.get("/lookup")
@agent_only
def lookup() -> Response:
    """As one types into a field of kind customer: `[{value, label}]`, the value an address."""
    found, _key = find_customers(db(), me(), words=one_line(request.args.get("q")), limit=10)
    marks = marks_beside(db(), found, me())
    return jsonify(
        [
            {"value": each.address("email") or str(each.id), "label": _labelled(each.name, marks.get(each.id, ()))}
            for each in found
        ]
    )


@blueprint.get("/organizations")
@agent_only
def organizations() -> Response:
    """As one types the name of an organization."""
    found = find_organizations(db(), me(), one_line(request.args.get("q")))
    return jsonify([{"value": each.name, "label": each.name} for each in found])


@blueprint.get("/<int:user_id>")
@agent_only
def show(user_id: int) -> Response:
    return card_of(customer_for(db(), me(), user_id))


@blueprint.post("/<int:user_id>")
@agent_only
def change(user_id: int) -> Response:
    """Save what is known of them. An organization nobody has named yet is added."""
    customer, given = customer_for(db(), me(), user_id), request.form
    changes: dict[str, Any] = {name: given.get(name, "") for name in FIELDS}
    try:
        changes["organization_id"] = _organization(given.get("organization", ""))
        commands.change_customer(db(), customer, changes, by=me(), version=version_given())
    except (Invalid, Conflict) as refusal:
        said = refused(refusal)
        customer = customer_for(db(), me(), user_id)
        stored = _stored(customer)
        labels = {"name": _("Name"), "organization": _("Organization"), "country": _("Country"), "about": _("About")}
        return card_of(customer, said.beside((label, given.get(name), stored[name]) for name, label in labels.items()), given)
    return redirect_after(url_for("customers.show", user_id=user_id), _("Saved."))


@blueprint.post("/<int:user_id>/identities")
@agent_only
def add_identity(user_id: int) -> Response:
    """A further address or number that leads to them."""
    customer, given = customer_for(db(), me(), user_id), request.form
    value = given.get("value", "")
    try:
        commands.add_identity(db(), customer, channel="email" if "@" in value else "phone", value=value, by=me())
    except (Invalid, Conflict) as refusal:
        said = refused(refusal)
        return card_of(customer_for(db(), me(), user_id), identity=said, contact=value)
    return redirect_after(url_for("customers.show", user_id=user_id), _("Added."))


@blueprint.post("/<int:user_id>/identities/<int:identity_id>/removal")
@agent_only
def remove_identity(user_id: int, identity_id: int) -> Response:
    customer = customer_for(db(), me(), user_id)
    identity = db().get(Identity, identity_id)
    if identity is None or identity.user_id != customer.id:
        raise NotFound(_("There is no such contact any more."))
    commands.remove_identity(db(), identity, by=me())
    return redirect_after(url_for("customers.show", user_id=user_id), _("Removed. What comes from there is a new customer's."))


@blueprint.post("/<int:user_id>/joining")
@agent_only
def join(user_id: int) -> Response:
    """Put another card of the same person into this one."""
    customer = customer_for(db(), me(), user_id)
    other = customer_for(db(), me(), row_number(request.form.get("other", "")) or 0)
    name = other.name
    join_customers(db(), customer, other, by=me())
    return redirect_after(url_for("customers.show", user_id=user_id), _("%(name)s and this customer are one now.", name=name))


def _labelled(name: str, marks: Sequence[Cell]) -> str:
    return f"{name} ({', '.join(mark.text for mark in marks)})" if marks else name


def after_asked() -> CustomersAfter | None:
    """Where the page of a list of customers begins, as its address says."""
    number = row_number(request.args.get("id", ""))
    return CustomersAfter(request.args.get("name", ""), number) if number is not None else None


def _organization(given: str) -> int | None:
    name = one_line(given)
    if not name:
        return None
    return (organization_named(db(), name) or commands.add_organization(db(), name=name, by=me())).id


def _stored(customer: User) -> dict[str, Any]:
    return {name: getattr(customer, name) for name in FIELDS} | {
        "organization": customer.organization.name if customer.organization else ""
    }


def _channel(name: str) -> str:
    known = runtime().registry.channels.get(name)
    return str(known.title) if known else {"email": pgettext("channel", "E-mail"), "phone": _("Phone")}.get(name, name)


def _contacts(customer: User) -> list[tuple[str, Identity]]:
    return [(_channel(each.channel), each) for each in customer.identities]


def card_of(
    customer: User,
    refusal: Refused = FRESH,
    given: Mapping[str, Any] | None = None,
    *,
    identity: Refused = FRESH,
    contact: str = "",
    tag_typed: str = "",
    tag_problem: str = "",
    status: int = 200,
) -> Response:
    """The card of `customer`; after a refusal with what was typed and why not, the `status` of the answer being the highest of all."""
    found: Page = tickets_of_view(
        db(), me(), "all", narrowed=Filter(customer_id=customer.id), after=key_of(request.args.get("after", ""))
    )
    after = key_text(found.next)
    language = current_language()
    return page(
        "customers/show.html", status=max(refusal.status, identity.status, status), customer=customer, refused=refusal, identity=identity,
        contact=contact, given=given or _stored(customer), figures=customer_figures(db(), me(), customer), tickets=found.tickets,
        talked=who_talked(db(), [each.id for each in found.tickets]), forms={form.id: form for form in forms_for(db(), me(), archived=True)}, language=language,
        languages=list(LANGUAGES.items()), zones=zone_choices(), kinds=[(CustomerKind.PERSON, _("Person")), (CustomerKind.COMPANY, _("Company"))],
        countries=_countries(language), contacts=_contacts(customer),
        same=[(each, _contacts(each)) for each in perhaps_the_same(db(), customer, me())], newer=bool(request.args.get("after")),
        older=url_for("customers.show", user_id=customer.id, after=after) if after else "",
        panels=customer_panels(db(), customer, me(), forms_for(db(), me())), tags=tags_of_customer(db(), customer.id), tag_typed=tag_typed, tag_problem=tag_problem,
    )  # fmt: skip


def _countries(language: str) -> list[tuple[str, str]]:
    names = [
        (code, name)
        for code, name in Locale.parse(language).territories.items()
        if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES
    ]
    return sorted(names, key=lambda each: each[1])


_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})  # CLDR's groups of countries and pseudo-locales
