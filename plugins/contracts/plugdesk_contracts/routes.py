"""The pages of contracts: the list, one with what it does on which form, made and changed by supervisors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request, url_for
from werkzeug.datastructures import MultiDict

from plugdesk.api import (
    Conflict,
    Form,
    Invalid,
    NotFound,
    lazy_gettext,
)
from plugdesk.api import gettext as _
from plugdesk_contracts import commands
from plugdesk_contracts.editing import (
    choices,
    choices_of_terms,
    contract_in_words,
    stored_contract,
    stored_terms,
    terms_in_words,
)
from plugdesk_contracts.models import Contract, ContractForm
from plugdesk_contracts.queries import all_contracts, contract_with, link_of, number_open, open_by_contract, today
from plugdesk_contracts.rights import PLUGIN, forms_with_contracts, may_make, may_make_on, only_makers, only_readers
from plugdesk_contracts.settling import offered
from plugdesk_web.api import (
    FRESH,
    EditedCondition,
    NavItem,
    Pages,
    Refused,
    agent_only,
    context,
    db,
    edit_condition,
    me,
    page,
    redirect_after,
    refused,
    typed_condition,
    version_given,
)

blueprint = Blueprint("contracts", __name__)
PAGES = [Pages(blueprint, "app"), NavItem(lazy_gettext("Contracts"), "contract", "contracts_contracts.index")]
WHEN = "condition"


@blueprint.get("/")
@agent_only
def index() -> Response:
    """Every contract, the highest rating first."""
    only_readers(db(), me())
    names = {form.id: form.name for form in forms_with_contracts(db(), me())}
    under = open_by_contract(db(), me())
    rows = [
        (
            each,
            [names[link.form_id] for link in each.forms if link.form_id in names],
            under.get(each.id, 0),
            _days_left(each),
        )
        for each in all_contracts(db())
    ]
    return page("contracts:index.html", rows=rows, may=may_make(db(), me()))


@blueprint.get("/new")
@agent_only
def new() -> Response:
    only_makers(db(), me())
    return _show(None, {"tone": commands.TONES[0], "rating": 0, "notice_days": 30, "is_on": True})


@blueprint.post("/")
@agent_only
def create() -> Response:
    only_makers(db(), me())
    try:
        contract = commands.add_contract(context(PLUGIN), _given(request.form), by=me())
    except (Invalid, Conflict) as refusal:
        return _show(None, request.form, refused(refusal))
    return redirect_after(
        url_for(".show", contract_id=contract.id), _("“%(name)s” is there. Say on which forms it acts.", name=contract.name)
    )


@blueprint.get("/<int:contract_id>")
@agent_only
def show(contract_id: int) -> Response:
    """One: for those who may change it, in its editor."""
    only_readers(db(), me())
    contract = contract_with(db(), contract_id)
    return _show(contract, stored_contract(contract))


@blueprint.post("/<int:contract_id>")
@agent_only
def change(contract_id: int) -> Response:
    only_makers(db(), me())
    contract = contract_with(db(), contract_id)
    try:
        commands.change_contract(context(PLUGIN), contract, _given(request.form), by=me(), version=version_given())
    except (Invalid, Conflict) as refusal:
        said, contract = refused(refusal), contract_with(db(), contract_id)
        said = said.compared(contract_in_words(request.form), contract_in_words(stored_contract(contract)))
        return _show(contract, request.form, said)
    return redirect_after(url_for(".show", contract_id=contract_id), _("Saved."))


@blueprint.post("/<int:contract_id>/deletion")
@agent_only
def delete(contract_id: int) -> Response:
    only_makers(db(), me())
    contract = contract_with(db(), contract_id)
    name = contract.name
    try:
        commands.delete_contract(context(PLUGIN), contract, by=me(), version=version_given())
    except (Invalid, Conflict) as refusal:
        said, contract = refused(refusal), contract_with(db(), contract_id)
        return _show(contract, stored_contract(contract), said, made_from=contract.version)
    return redirect_after(url_for(".index"), _("The contract “%(name)s” is deleted.", name=name))


@blueprint.get("/<int:contract_id>/forms/<int:form_id>")
@agent_only
def terms(contract_id: int, form_id: int) -> Response:
    """What a contract does on a form."""
    contract, form = contract_with(db(), contract_id), _form(form_id)
    link = link_of(db(), contract.id, form.id)
    return _terms(contract, form, stored_terms(link), _stored_when(form, link))


@blueprint.post("/<int:contract_id>/forms/<int:form_id>")
@agent_only
def save_terms(contract_id: int, form_id: int) -> Response:
    """Store it; the editor's own buttons, and another field for the type, store nothing."""
    contract, form = contract_with(db(), contract_id), _form(form_id)
    given, when = request.form, typed_condition(WHEN, _facts(form), request.form)
    if when.pressed or given.get("redraw"):
        return _terms(contract, form, given, when)
    codes = given.getlist("type")
    types = [(code, given.get(f"priority-{code}", ""), given.get(f"hours-{code}", "")) for code in codes]
    try:
        read = commands.TermsInput(when.read(), given.get("type_field", ""), given.get("priority_field", ""), types)
        commands.set_terms(context(PLUGIN), contract, form, read, by=me(), version=version_given())
    except (Invalid, Conflict) as refusal:
        said, contract, form = refused(refusal), contract_with(db(), contract_id), _form(form_id)
        link = link_of(db(), contract.id, form.id)
        said = said.compared(
            terms_in_words(form, given, when), terms_in_words(form, stored_terms(link), _stored_when(form, link))
        )
        return _terms(contract, form, given, when.checked(), said)
    return redirect_after(url_for(".show", contract_id=contract_id), _("Saved."))


@blueprint.post("/<int:contract_id>/forms/<int:form_id>/removal")
@agent_only
def remove_terms(contract_id: int, form_id: int) -> Response:
    contract, form = contract_with(db(), contract_id), _form(form_id)
    commands.remove_terms(context(PLUGIN), contract, form, by=me())
    said = _("It acts on %(form)s no more.", form=form.name)
    return redirect_after(url_for(".show", contract_id=contract_id), said)


def _form(form_id: int) -> Form:
    form = db().get(Form, form_id)
    if form is None or not form.has(PLUGIN) or not may_make_on(db(), me(), form):
        raise NotFound(_("There is no such page."))
    return form


def _facts(form: Form) -> Mapping[str, Any]:
    return offered(context(PLUGIN, form), form)


def _given(form: MultiDict[str, str]) -> commands.ContractInput:
    names = ("name", "tag", "tone", "who", "hours", "rating", "since", "until", "notice_days")
    return commands.ContractInput(**{name: form.get(name, "") for name in names}, is_on=bool(form.get("is_on")))


def _days_left(contract: Contract) -> int | None:
    """How many days the term still lasts, where its end is near; below 0 it is over."""
    left = (contract.until - today(db())).days if contract.until else None
    return left if left is not None and left <= contract.notice_days else None


def _stored_when(form: Form, link: ContractForm | None) -> EditedCondition:
    return edit_condition(WHEN, _facts(form), link.condition if link else None)


def _show(
    contract: Contract | None, given: Mapping[str, Any], said: Refused = FRESH, *, made_from: int | None = None
) -> Response:
    forms = [(form, link_of(db(), contract.id, form.id) if contract else None, may_make_on(db(), me(), form)) for form in forms_with_contracts(db(), me())]  # fmt: skip
    return page(
        "contracts:show.html", status=said.status, contract=contract, given=given, may=may_make(db(), me()), forms=forms, limits=commands,
        version=said.version_of(contract.version, made_from) if contract else None, refused=said, problems=said.problems,
        left=_days_left(contract) if contract else None, open_now=number_open(db(), contract.id) if contract else 0, **choices(),
    )  # fmt: skip


def _terms(contract: Contract, form: Form, given: Mapping[str, Any], when: EditedCondition, said: Refused = FRESH) -> Response:
    link = link_of(db(), contract.id, form.id)
    return page(
        "contracts:terms.html", status=said.status, contract=contract, form=form, given=given, when=when, refused=said,
        problems=said.problems, version=said.version_of(link.version if link else 0), **choices_of_terms(form, given),
    )  # fmt: skip
