"""The demo company: who works there, who asks, and what was said in the last 90 days. Pure and the same for a seed.

    company = build_company("en", seed=7, now=datetime.now(UTC))
    for step in company.steps: ...                # everything that happened, in the order it happened

Whoever plays it calls one ordinary command per step. Addresses lie in domains that belong to nobody (RFC 2606).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import Any

from plugdesk.api import LANGUAGES

from .cast import Agent, Company, Customer, Field, Form, Group, Organization, Status, Ticket
from .script import Gender, fill, read_content, read_scenarios
from .tickets import tell_tickets

TICKETS, CUSTOMERS = 400, 60
CHATTING = 6  # every sixth customer writes in the messenger
FIRST_IN_MESSENGER = 5_100_000_101

_STATUS_KINDS = {"waiting_parts": "pending"}


def build_company(lang: str, seed: int, now: datetime) -> Company:
    """The company as it stands at `now` (aware). The same arguments give the same company.

    Raises FileNotFoundError for a language without content and ValueError for a naive time.
    """
    if now.tzinfo is None:
        raise ValueError("The time must say its zone.")
    rng = Random(f"{lang} {seed}")
    content = read_content(lang)
    organizations, customers = _people(content, lang, rng)
    agents = tuple(_agent(key, entry, content) for key, entry in content["agents"].items())
    forms = tuple(_form(entry, content) for entry in content["forms"])
    scenarios = {form.key: read_scenarios(lang, form.key) for form in forms}
    tickets = tell_tickets(content, scenarios, forms, agents, organizations, customers, TICKETS, rng, now)
    return Company(
        name=content["name"],
        about=content["about"],
        language=lang,
        time_zone=content["time_zone"],
        domain=content["domain"],
        forms=forms,
        groups=tuple(Group(**entry) for entry in content["groups"]),
        agents=agents,
        organizations=organizations,
        customers=customers,
        tickets=tickets,
        tags=tuple((entry["name"], entry["tone"]) for entry in content["tags"]),
        roles=content["roles"] | {"customer": _busiest(tickets)},
    )


def _form(entry: Mapping[str, Any], content: Mapping[str, Any]) -> Form:
    statuses = [code for code in content["statuses"] if code != "waiting_parts" or entry["key"] == "repairs"]
    spoken = {language: read_content(language)["statuses"] for language in LANGUAGES}
    priority = Field("priority", content["priority"], "choice", choices=tuple(content["choices"]["priority"].items()))
    return Form(
        key=entry["key"],
        name=entry["name"],
        address=f"{entry['key']}@{content['domain']}",
        sender=entry["sender"],
        group=entry["group"],
        rating=entry["rating"],
        fields=(priority, *(Field(**{**given, "choices": tuple(given.get("choices", {}).items())}) for given in entry["fields"])),
        statuses=tuple(
            Status(
                code,
                content["statuses"][code],
                _STATUS_KINDS.get(code, code),
                {each: names[code] for each, names in spoken.items()},
            )
            for code in statuses
        ),
    )


def _agent(key: str, entry: Mapping[str, Any], content: Mapping[str, Any]) -> Agent:
    return Agent(
        key=key,
        name=entry["name"],
        email=f"{key}@{content['domain']}",
        gender=entry["gender"],
        groups=tuple(entry["groups"]),
        forms=tuple(entry["forms"]),
        administers=tuple(entry.get("administers", [])),
        is_admin=key == content["roles"]["admin"],
        share=entry["share"],
    )


def _people(content: Mapping[str, Any], lang: str, rng: Random) -> tuple[tuple[Organization, ...], tuple[Customer, ...]]:
    """Two customers of three belong to an organization; an organization has one country and up to a few people."""
    places = content["places"]
    organizations = tuple(
        Organization(
            entry["domain"].removesuffix(".example"), entry["name"], entry["domain"], places[number % len(places)]["country"]
        )
        for number, entry in enumerate(content["organizations"])
    )
    last_names = rng.sample(content["people"]["last"], CUSTOMERS)
    first_names: dict[Gender, list[str]] = {"f": content["people"]["female"], "m": content["people"]["male"]}
    customers = []
    for number, last in enumerate(last_names):
        gender: Gender = rng.choice(["f", "m"])
        first = rng.choice(first_names[gender])
        last = fill(last, {}, rng, gender)
        employer = organizations[number % len(organizations)] if number < CUSTOMERS * 2 // 3 else None
        place = places[organizations.index(employer) % len(places)] if employer else rng.choice(places)
        local = f"{_latin(first, content)}.{_latin(last, content)}"
        free_mail = ("example.com", "example.org", "example.net")[number % 3]
        customers.append(
            Customer(
                key=local,
                first_name=first,
                last_name=last,
                email=f"{local}@{employer.domain if employer else free_mail}",
                phone=_phone(content, place["country"], rng),
                language=lang,
                country=place["country"],
                gender=gender,
                organization=employer.key if employer else None,
                shop=place["shop"],
                at_shop=place["at"],
                messenger=FIRST_IN_MESSENGER + number if number % CHATTING == 1 else None,
            )
        )
    return organizations, tuple(customers)


def _latin(name: str, content: Mapping[str, Any]) -> str:
    spelling = content["people"]["spelling"]
    return "".join(spelling.get(letter, letter) for letter in name.lower())


def _phone(content: Mapping[str, Any], country: str, rng: Random) -> str:
    return "".join(str(rng.randrange(10)) if sign == "#" else sign for sign in content["phones"][country])


def _busiest(tickets: tuple[Ticket, ...]) -> str:
    """The customer with the most to show on a page of their own requests."""
    asking = [ticket.customer for ticket in tickets]
    return max(sorted(set(asking)), key=asking.count)
