"""A contract and what it does on a form, as their pages show them: stored or typed, and in the words of the pages' controls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugdesk.api import Form, User, agents_of_form, all_business_hours, all_groups, pgettext
from plugdesk.api import gettext as _
from plugdesk_contracts.models import Contract, ContractForm
from plugdesk_contracts.rights import forms_with_contracts
from plugdesk_web.api import EditedCondition, chosen_words, day_words, db, me, yes_or_no

Typed = Mapping[str, Any]


def stored_contract(contract: Contract) -> dict[str, Any]:
    """What stands in the controls of a contract's page."""
    who = f"user-{contract.user_id}" if contract.user_id else f"group-{contract.group_id}" if contract.group_id else ""
    return {
        "name": contract.name, "tag": contract.tag, "tone": contract.tone, "who": who, "hours": contract.hours_id or "",
        "rating": contract.rating, "since": contract.since or "", "until": contract.until or "",
        "notice_days": contract.notice_days, "is_on": contract.is_on,
    }  # fmt: skip


def choices() -> dict[str, Any]:
    """What the controls of a contract's page let choose from."""
    groups = [(f"group-{each.id}", each.name) for each in all_groups(db())]
    users: dict[int, User] = {each.id: each for form in forms_with_contracts(db(), me()) for each in agents_of_form(db(), form)}
    people = [(f"user-{each.id}", each.name) for each in sorted(users.values(), key=lambda user: user.name)]
    return {"tones": _tones(), "people": groups + people, "hours": [(each.id, each.name) for each in all_business_hours(db())]}


def contract_in_words(typed: Typed) -> dict[str, Any]:
    """Each control's label with what stands in it, to be compared with another state of the contract."""
    offered = choices()
    return {
        pgettext("thing", "Name"): typed.get("name"), _("Tag"): typed.get("tag"),
        _("Colour"): chosen_words(offered["tones"], typed.get("tone")),
        _("Responsible"): chosen_words(offered["people"], typed.get("who")) or _("Nobody"),
        _("Business hours"): chosen_words(offered["hours"], typed.get("hours")) or _("Around the clock"),
        pgettext("contract", "Rating"): typed.get("rating"), _("Tell the responsible so many days before the end"): typed.get("notice_days"),
        _("First day"): day_words(typed.get("since")), _("Last day"): day_words(typed.get("until")), _("Takes new requests"): yes_or_no(typed.get("is_on")),
    }  # fmt: skip


def stored_terms(link: ContractForm | None) -> dict[str, Any]:
    """What stands in the controls of the page of what it does on a form."""
    if link is None:
        return {}
    given: dict[str, Any] = {"type_field": link.type_field, "priority_field": link.priority_field}
    for each in link.types:
        hours = each["minutes"] / 60 if each["minutes"] else ""
        given |= {f"priority-{each['type']}": each["priority"], f"hours-{each['type']}": f"{hours:g}" if hours else ""}
    return given


def choices_of_terms(form: Form, typed: Typed) -> dict[str, Any]:
    """What the controls of that page let choose from: fields, and of those chosen the types and priorities."""
    fields = {each.code: each for each in form.fields if str(each.kind) == "choice"}
    types, priorities = (fields.get(typed.get(name, "")) for name in ("type_field", "priority_field"))
    return {
        "fields": [(each.code, each.label) for each in fields.values()], "types": types.choices if types else (),
        "priorities": [(each["code"], each["label"]) for each in priorities.choices] if priorities else (),
    }  # fmt: skip


def terms_in_words(form: Form, typed: Typed, when: EditedCondition) -> dict[str, Any]:
    """Each control's label with what stands in it, to be compared with another state of the terms."""
    offered = choices_of_terms(form, typed)
    words: dict[str, Any] = {
        _("A request of its customers falls under it when"): when.words or _("always"),
        _("The field that says the type of a request"): chosen_words(offered["fields"], typed.get("type_field")),
        _("The field that is set by it: the priority"): chosen_words(offered["fields"], typed.get("priority_field")),
    }
    for each in offered["types"]:
        priority = chosen_words(offered["priorities"], typed.get(f"priority-{each['code']}"))
        words[_("Priority of %(type)s", type=each["label"])] = priority or _("as it is")
        words[_("Solution time of %(type)s", type=each["label"])] = typed.get(f"hours-{each['code']}")
    return words


def _tones() -> list[tuple[str, str]]:
    return [
        ("amber", _("amber")), ("orange", _("orange")), ("red", _("red")), ("plum", _("plum")), ("accent", _("blue")),
        ("teal", _("teal")), ("green", _("green")), ("grey", _("grey")),
    ]  # fmt: skip
