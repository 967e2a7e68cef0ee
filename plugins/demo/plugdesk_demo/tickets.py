"""The demo's tickets: when they come, who takes them, how long answers take and where they stand now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from .cast import FORM_OF_BOT, Agent, Customer, Form, Organization, Step, StepKind, Ticket, Value
from .hours import answered_after, awake, opening_times, working
from .papers import make_paper
from .script import Block, Scenario, fill, to_html

OPEN = 40
_SHARE_OF_FORM = {"support": 61, "repairs": 17, "billing": 22}
_JUST_COME = [6, 31, 74, 133, 190]  # minutes before now
_UNSEEN = 3  # so many of them nobody has looked at yet
_LONG = 4  # blocks
_SCORES = {5: 58, 4: 21, 3: 9, 2: 5, 1: 7}


def tell_tickets(
    content: Mapping[str, Any],
    scenarios: Mapping[str, list[Scenario]],
    forms: Sequence[Form],
    agents: Sequence[Agent],
    organizations: Sequence[Organization],
    customers: Sequence[Customer],
    count: int,
    rng: Random,
    now: datetime,
) -> tuple[Ticket, ...]:
    """So many tickets of the 90 days before `now`, in order of their opening; about `OPEN` of them are still open."""
    zone = ZoneInfo(content["time_zone"])
    names = {organization.key: organization.name for organization in organizations}
    decks = {form.key: _deck(scenarios[form.key], rng) for form in forms}
    opened = opening_times(count - len(_JUST_COME), now, zone, rng)
    opened += [now - timedelta(minutes=minutes) for minutes in reversed(_JUST_COME)]
    asking = rng.sample(customers, len(customers)) + rng.choices(customers, _eagerness(customers), k=count - len(customers))
    tickets = []
    for number, (at, customer) in enumerate(zip(opened, asking, strict=True), 1):
        form = rng.choices(forms, [_SHARE_OF_FORM[form.key] for form in forms])[0]
        scenario, subject = next(decks[form.key])
        telling = _Telling(content, form, agents, customer, names.get(customer.organization or "", ""), zone, rng)
        tickets.append(telling.tell(f"t{number:04}", scenario, subject, at))
    return tuple(_as_of_now(tickets, forms, content, zone, rng, now))


class _Telling:
    """One ticket while it is told: the moment reached, the agent who has it, the steps so far."""

    def __init__(
        self,
        content: Mapping[str, Any],
        form: Form,
        agents: Sequence[Agent],
        customer: Customer,
        organization: str,
        zone: ZoneInfo,
        rng: Random,
    ) -> None:
        self._content, self._said, self._form, self._agents = content, content["said"], form, agents
        self._customer, self._organization, self._zone, self._rng = customer, organization, zone, rng
        self._chats = form.key == FORM_OF_BOT and customer.messenger is not None
        self._style = Random(customer.key).randrange(1000)  # who once begins with "Hi" always does
        self._agent = self._pick(form.group)
        self._steps: list[Step] = []

    def tell(self, key: str, scenario: Scenario, subject: str, opened: datetime) -> Ticket:
        """The whole thread to its end, as if there were no now."""
        self._key, self._at = key, opened
        self._blanks = make_blanks(self._content, self._customer, self._organization, opened, self._rng)
        self._blanks["colleague"] = self._colleague()
        values = self._values(scenario)
        self._urgency = str(values["priority"])
        blocks = list(scenario.blocks)
        if len(blocks) > 2 and blocks[-1].by == "customer" and self._rng.random() < 0.75:
            blocks.pop()  # not everybody says thank you
        for number, block in enumerate(blocks):
            self._tell_block(block, first=number == 0)
        self._close()
        return Ticket(
            key=key,
            form=self._form.key,
            customer=self._customer.key,
            scenario=scenario.id,
            subject=fill(subject, self._blanks, self._rng, self._customer.gender),
            channel="telegram" if self._chats else "web" if self._rng.random() < 0.28 else "email",
            values=values,
            steps=tuple(self._steps),
        )

    def _tell_block(self, block: Block, *, first: bool) -> None:
        match block.by:
            case "customer" if first:
                self._write(self._customer_letter(block.text), StepKind.LETTER, block.argument)
                self._take_on()
            case "customer":
                self._at = awake(self._at + answered_after(170, self._rng), self._zone, self._rng)
                closing = "" if self._chats else self._rng.choice(self._said["short_closings"])
                self._write(_joined(self._customers(block.text), self._customers(closing)), StepKind.LETTER, block.argument)
            case "agent":
                self._pass({"urgent": 5, "high": 7}.get(self._urgency, 9))
                self._write(self._agent_letter(block.text), StepKind.REPLY, block.argument)
                self._answer_by_itself()
            case "note":
                self._pass(18)
                self._add(StepKind.NOTE, self._agent.key, text=self._agents_words(block.text))
            case "group":
                self._pass(10)
                self._add(StepKind.ASSIGN, self._agent.key, assignee=block.argument)
                self._agent = self._pick(block.argument)
                self._pass(12)
                self._add(StepKind.ACCEPT, self._agent.key, status="open")
            case "set":
                name, _, value = block.argument.partition("=")
                self._pass(4)
                self._add(StepKind.FIELDS, self._agent.key, values={name: value})
            case "status":
                self._add(StepKind.STATUS, self._agent.key, status=block.argument)

    def _take_on(self) -> None:
        """An agent accepts the ticket, or the supervisor gives it to one; some leave a note at once."""
        self._pass({"urgent": 3, "high": 6, "low": 25}.get(self._urgency, 11))
        if self._rng.random() < 0.08:
            supervisor = next(entry["supervisor"] for entry in self._content["groups"] if entry["key"] == self._form.group)
            self._add(StepKind.ASSIGN, supervisor, assignee=self._agent.key, status="open")
        else:
            self._add(StepKind.ACCEPT, self._agent.key, status="open")
        if self._rng.random() < 0.06:
            self._pass(8)
            self._add(StepKind.NOTE, self._agent.key, text=self._agents_words(self._rng.choice(self._said["notes"])))

    def _close(self) -> None:
        self._pass(20)
        self._add(StepKind.STATUS, self._agent.key, status="resolved" if self._rng.random() < 0.65 else "closed")
        if self._form.rating and self._rng.random() < 0.4:
            score = self._rng.choices(list(_SCORES), list(_SCORES.values()))[0]
            words = self._rng.choice(self._content["ratings"][str(score)]) if self._rng.random() < 0.65 else ""
            self._at = awake(self._at + answered_after(400, self._rng), self._zone, self._rng)
            comment = fill(words, self._blanks | {"agent": self._agent.first_name}, self._rng, self._customer.gender)
            self._add(StepKind.RATING, self._customer.key, score=score, text=comment)

    def _answer_by_itself(self) -> None:
        if not self._chats and self._rng.random() < 0.02:
            self._at += timedelta(seconds=self._rng.randrange(5, 50))
            text = self._customers(self._rng.choice(self._said["automatic"]))
            self._add(StepKind.LETTER, self._customer.key, text=text, automatic=True)

    def _write(self, text: str, kind: StepKind, paper: str) -> None:
        """A letter or a reply, with its file. Chats and some mail programs send no HTML; the agents' editor always makes it."""
        by_customer = kind is StepKind.LETTER
        attachments = (make_paper(paper, self._blanks, self._content, self._at, self._rng),) if paper else ()
        self._add(
            kind,
            self._customer.key if by_customer else self._agent.key,
            text=text,
            attachments=attachments,
            html="" if by_customer and (self._chats or self._style % 10 < 3) else to_html(text),
        )

    def _add(self, kind: StepKind, who: str, **what: Any) -> None:
        if self._steps and self._at <= self._steps[-1].at:
            self._at = self._steps[-1].at + timedelta(seconds=self._rng.randrange(3, 40))
        self._steps.append(Step(at=self._at, ticket=self._key, kind=kind, who=who, **what))

    def _pass(self, minutes: float) -> None:
        """Lets about so many minutes of working time go by."""
        self._at = working(self._at + answered_after(minutes, self._rng), self._zone, self._rng)

    def _customer_letter(self, text: str) -> str:
        closings = [closing for closing in self._said["closings"] if self._organization or "{organization}" not in closing]
        opening = self._said["openings"][self._style % len(self._said["openings"])]
        closing = "" if self._chats else closings[self._style % len(closings)]  # nobody signs what is said in a chat
        return _joined(*(self._customers(part) for part in (opening, text, closing)))

    def _agent_letter(self, text: str) -> str:
        again = any(step.kind is StepKind.REPLY and step.who == self._agent.key for step in self._steps)
        greeting = self._rng.choice(self._said["short_greetings" if again else "greetings"])
        farewell = self._rng.choice(self._said["farewells"]) if self._rng.random() < 0.45 else ""
        return _joined(*(self._agents_words(part) for part in (greeting, text, farewell)))

    def _customers(self, text: str) -> str:
        return fill(text, self._blanks, self._rng, self._customer.gender)

    def _agents_words(self, text: str) -> str:
        return fill(text, self._blanks, self._rng, self._agent.gender)

    def _pick(self, group: str) -> Agent:
        members = [agent for agent in self._agents if group in agent.groups and self._form.key in agent.forms]
        return self._rng.choices(members, [agent.share for agent in members])[0]

    def _colleague(self) -> str:
        return self._rng.choice([agent.first_name for agent in self._agents if agent is not self._agent])

    def _values(self, scenario: Scenario) -> dict[str, Value]:
        """What the form asks, as far as the thread knows it."""
        values: dict[str, Value] = {"priority": "normal", **scenario.values}
        codes = {field.code for field in self._form.fields}
        values |= {
            name: self._blanks[name] for name in ("serial", "version", "invoice") if name in codes and scenario.mentions(name)
        }
        if "amount" in codes and scenario.mentions("amount"):
            values["amount"] = self._blanks["amount_value"]
        if self._form.key == "repairs":
            values |= {"serial": self._blanks["serial"], "warranty": self._rng.random() < 0.6, "stage": "registered"}
        return values


def make_blanks(
    content: Mapping[str, Any], customer: Customer, organization: str, opened: datetime, rng: Random
) -> dict[str, str]:
    """What the blanks of one ticket's texts are filled with, the same throughout the ticket."""
    form_of_money = content["money"].get(customer.country, content["money"]["other"])
    amounts = [
        rng.randrange(*content[name]) + (rng.randrange(0, 100, 10) / 100 if content["cents"] else 0)
        for name in ("amounts", "small_amounts")
    ]
    past, later = opened - timedelta(days=rng.randrange(2, 12)), opened + timedelta(days=rng.randrange(5, 13))
    weekday, minor = rng.randrange(7), rng.randrange(2, 9)
    previous_month = opened.replace(day=1) - timedelta(days=1)
    return {
        "first": customer.first_name,
        "name": customer.name,
        "organization": organization,
        "phone": customer.phone,
        "shop": customer.shop,
        "at_shop": customer.at_shop,
        "employee": rng.choice(content["people"]["colleagues"]),
        **{product: rng.choice(names) for product, names in content["products"].items()},
        "serial": f"TW{rng.randrange(100_000, 999_999)}",
        "order": f"A-{rng.randrange(10_000, 99_999)}",
        "invoice": f"TW-{opened:%y}-{rng.randrange(10_000, 99_999)}",
        "tracking": f"{rng.randrange(10**11, 10**12)}",
        "card": f"{rng.randrange(1000, 9999)}",
        "version": f"6.{minor}.{rng.randrange(9)}",
        "next_version": f"6.{minor + 1}.0",
        "amount": form_of_money.format(_number(amounts[0], content)),
        "amount_value": f"{amounts[0]:.2f}",
        "small": form_of_money.format(_number(amounts[1], content)),
        "n": str(rng.randint(*content["many"])),
        "k": str(rng.randint(1, 4)),
        "time": f"{rng.randrange(9, 18):02}:{rng.randrange(60):02}",
        "date": f"{past.day} {content['months_of_date'][past.month - 1]}",
        "later": f"{later.day} {content['months_of_date'][later.month - 1]}",
        "weekday": content["weekdays"][weekday],
        "on_weekday": content["on_weekdays"][weekday],
        "month": content["months"][previous_month.month - 1],
    }


def _number(value: float, content: Mapping[str, Any]) -> str:
    plain = f"{value:,.2f}" if content["cents"] else f"{value:,.0f}"
    return plain.replace(",", "\0").replace(".", content["decimal"]).replace("\0", content["thousands"])


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def _deck(scenarios: list[Scenario], rng: Random) -> Iterator[tuple[Scenario, str]]:
    """Threads without end, as far from their like as can be, each under the next subject; long ones every other time."""
    order, told = rng.sample(scenarios, len(scenarios)), 0
    while True:
        for place, scenario in enumerate(order):
            if len(scenario.blocks) <= _LONG or (place + told) % 2:
                yield scenario, scenario.subjects[told % len(scenario.subjects)]
        told += 1


def _eagerness(customers: Sequence[Customer]) -> list[float]:
    """A few customers write much, most a little."""
    return [1 / (3 + place) + 0.02 for place in range(len(customers))]


def _as_of_now(
    tickets: list[Ticket], forms: Sequence[Form], content: Mapping[str, Any], zone: ZoneInfo, rng: Random, now: datetime
) -> list[Ticket]:
    """Takes away what lies in the future, and leaves some more of the latest tickets unfinished until `OPEN` are open."""
    tickets = [replace(ticket, steps=tuple(step for step in ticket.steps if step.at <= now)) for ticket in tickets]
    tickets[-_UNSEEN:] = [replace(ticket, steps=ticket.steps[:1]) for ticket in tickets[-_UNSEEN:]]
    latest = [
        number for number, ticket in enumerate(tickets) if not ticket.is_open and ticket.opened_at > now - timedelta(days=24)
    ]
    still_open = sum(ticket.is_open for ticket in tickets)
    latest.sort(key=lambda number: rng.random() * number**4, reverse=True)
    for number in latest[: max(OPEN - still_open, 0)]:
        tickets[number] = _unfinished(tickets[number], rng, now)
    return [_nudged(ticket, content, zone, rng, now) for ticket in tickets]


def _unfinished(ticket: Ticket, rng: Random, now: datetime) -> Ticket:
    """The thread up to a letter (we owe an answer), a note (somebody is at it) or a reply (we wait for the customer)."""
    ends = [
        number
        for number, step in enumerate(ticket.steps)
        if number and step.kind in (StepKind.LETTER, StepKind.REPLY, StepKind.NOTE, StepKind.ACCEPT)
    ]
    steps = ticket.steps[: rng.choice(ends) + 1]
    last = steps[-1]
    if last.kind is StepKind.REPLY and last.at + timedelta(minutes=2) < now and rng.random() < 0.8:
        at = last.at + timedelta(seconds=rng.randrange(5, 90))
        steps += (Step(at=at, ticket=ticket.key, kind=StepKind.STATUS, who=last.who, status="pending"),)
    return replace(ticket, steps=steps)


def _nudged(ticket: Ticket, content: Mapping[str, Any], zone: ZoneInfo, rng: Random, now: datetime) -> Ticket:
    """Some who wait for an answer ask again."""
    last = ticket.steps[-1]
    at = awake(last.at + answered_after(1900, rng), zone, rng)
    if not ticket.is_open or last.kind not in (StepKind.LETTER, StepKind.NOTE) or at > now or rng.random() < 0.4:
        return ticket
    letter = Step(at, ticket.key, StepKind.LETTER, ticket.customer, text=rng.choice(content["said"]["nudges"]))
    return replace(ticket, steps=(*ticket.steps, letter))
