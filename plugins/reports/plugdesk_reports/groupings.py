"""What extensions tell tickets apart by: their facts of which one is chosen, such as the contract. They are kept as marks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from plugdesk.api import Fact, Form, contributed_facts, contributed_values, runtime_of
from plugdesk_reports.figures import FACT

CORE = "core"


def groupings_on(session: Session, form: Form) -> dict[str, Fact]:
    """The facts that tell tickets of `form` apart, by name: a choice, of an extension that is on there."""
    owners = runtime_of(session).registry
    facts = contributed_facts(session, form).items()
    return {name: fact for name, fact in facts if fact.type == "choice" and owners.owner("facts", name) != CORE}


def groupings_of(session: Session, forms: Iterable[Form]) -> dict[str, Fact]:
    """Those of all these forms, by the sort under which figures stand."""
    return {FACT + name: fact for form in forms for name, fact in groupings_on(session, form).items()}


def brought_by(session: Session) -> set[str]:
    """The extensions whose facts tell tickets apart: what they write into a ticket's history may change its grouping."""
    registry = runtime_of(session).registry
    return {registry.owner("facts", name) for name, fact in registry.facts.items() if fact.type == "choice"} - {CORE}


def grouped(session: Session, tickets: Mapping[int, int]) -> dict[int, set[tuple[str, str]]]:
    """The marks of tickets by what extensions tell them apart by; `tickets` maps their ids to their forms. A query a form."""
    found: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for form in forms_of(session, set(tickets.values())):
        here = [number for number, form_id in tickets.items() if form_id == form.id]
        for number, values in contributed_values(session, form, here, groupings_on(session, form)).items():
            found[number] = {(FACT + name, str(value)) for name, value in values.items() if value not in (None, "")}
    return found


def names_of_fact(session: Session, fact: Fact) -> dict[str, str]:
    """What the values of a fact are called."""
    known: Iterable[tuple[Any, Any]] = fact.choices_in(session) if fact.choices_in else fact.choices() if fact.choices else ()
    return {str(code): str(name) for code, name in known}


def forms_of(session: Session, numbers: Collection[int]) -> list[Form]:
    """The forms with these ids."""
    return [form for form in (session.get(Form, number) for number in sorted(numbers)) if form is not None]
