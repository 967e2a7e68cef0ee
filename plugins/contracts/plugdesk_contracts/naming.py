"""Where contracts name an agent, a group, a field or business hours."""

from __future__ import annotations

from plugdesk.api import Context, Named, Place
from plugdesk.api import gettext as _
from plugdesk_contracts.models import ContractForm
from plugdesk_contracts.queries import all_contracts


def places(ctx: Context, named: Named) -> list[Place]:
    """The contracts that act on this form, or on none, and name the thing."""
    found: list[Place] = []
    for contract in all_contracts(ctx.db):
        here = next((link for link in contract.forms if ctx.form is not None and link.form_id == ctx.form.id), None)
        if here is None and contract.forms:
            continue
        url = f"/x/contracts/{contract.id}"
        if named.is_agent(contract.user_id) or named.is_group(contract.group_id):
            found.append(Place(_("Contract “%(name)s”: responsible for it", name=contract.name), url))
        if named.is_hours(contract.hours_id):
            found.append(Place(_("Contract “%(name)s”", name=contract.name), url))
        if here is not None and any(named.is_field(code) for code in _fields(here)):
            found.append(
                Place(_("Contract “%(name)s”: its types and priorities", name=contract.name), f"{url}/forms/{here.form_id}")
            )
    return found


def _fields(link: ContractForm) -> list[str]:
    asked: list[str] = []

    def look(part: object) -> None:
        if isinstance(part, dict):
            fact = part.get("fact")
            if isinstance(fact, str) and fact.startswith("field."):
                asked.append(fact.removeprefix("field."))
            for each in part.values():
                look(each)
        elif isinstance(part, list):
            for each in part:
                look(each)

    look(link.condition)
    return [code for code in (link.type_field, link.priority_field, *asked) if code]
