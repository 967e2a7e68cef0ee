"""Everything that happens to a ticket, done once on a form, and everything an extension could be asked there."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.contributions import CustomersAnswers, Timer
from plugdesk.customer_actions import customer_actions_on, run_customer_action
from plugdesk.errors import PlugdeskError
from plugdesk.events import Event, record
from plugdesk.forms.models import Form, StatusKind
from plugdesk.naming import Named, Thing
from plugdesk.report_metrics import report_metrics_on
from plugdesk.steps import run_step, steps_on
from plugdesk.testing.trial import Trial
from plugdesk.tickets import commands, correspondence
from plugdesk.tickets.correspondence import Said
from plugdesk.tickets.models import Ticket
from plugdesk.tickets.wording import fill_text

LISTS = ("new", "mine", "open", "done")
ONLY_WHERE_ON = frozenset({"make_example", "form_copied"})  # what is asked and may leave something


def tour(trial: Trial, form_id: int) -> int:
    """Play a ticket on the form by the ordinary commands and look at it on every page; returns its number."""
    number = live(trial, form_id)
    ask(trial, form_id, number)
    look(trial, number)
    return number


def live(trial: Trial, form_id: int) -> int:
    """The life of a ticket, with jobs and news done after each step."""
    number = trial.open_ticket(form_id)
    trial.run_jobs()
    for step in (_visit, _ask_more, _note, _assign, _reply, _fields, _close, _reopen):
        with trial.write() as session:
            step(trial, session, session.get_one(Ticket, number))
        trial.run_jobs()
    _announce_the_rest(trial, number)
    return number


def look(trial: Trial, number: int) -> None:
    """Every page on which panels, columns and actions stand, the customer's card among them, as an admin and as the form's own agent."""
    for who in ("admin", "agent", "stranger"):
        browser = trial.browser(who)
        for path in (f"/tickets/{number}", card(trial, number), *(f"/views/{each}" for each in LISTS)):
            answer = browser.get(path)
            assert answer.status_code in (200, 404), f"{path} answers {answer.status_code} to the {who}"
        if contributed(trial, "CustomerMarks"):
            assert browser.get("/customers").status_code == 200, f"/customers fails for the {who}"
        for name in contributed(trial, "Action"):
            browser.post(f"/tickets/{number}/x/{trial.case.plugin_id}/{name}")
        for name in contributed(trial, "SearchWord"):
            browser.get(f"/search?q={name}:1")
        for name in contributed(trial, "ComposerTool"):
            tool = f"/tickets/{number}/inserts/{trial.case.plugin_id}/{name}"
            assert browser.get(tool).status_code in (200, 404), f"{tool} fails for the {who}"
            browser.post(tool, data={"code": "none"})


def card(trial: Trial, number: int) -> str:
    """The address of the card of the ticket's customer."""
    with trial.database.read() as session:
        return f"/customers/{session.get_one(Ticket, number).customer_id}"


def ask(trial: Trial, form_id: int, number: int) -> None:
    """Ask what is only asked now and then: variables, facts, channels, decisions, the catalog's and the System page's hooks."""
    plugin, registry, executor = trial.case.plugin_id, trial.registry, trial.runtime.executor
    with trial.write() as session:
        ticket = session.get_one(Ticket, number)
        for namespace, variables in registry.variables.items():
            if registry.owner("variables", namespace) == plugin:
                for name in variables.names:
                    fill_text(session, f"${{{namespace}:{name}}}", ticket, kind="closing")
        if on_at(trial, session, ticket.form):
            for name, fact in registry.facts.items():
                if registry.owner("facts", name) == plugin:
                    session.scalar(sa.select(fact.sql(Ticket)).where(Ticket.id == number))
                    if fact.before_opening is not None:
                        executor.know(plugin, f"fact {name}", ticket.form, session, fact.before_opening, ticket.customer)
            for name, channel in registry.channels.items():
                if registry.owner("channels", name) == plugin:
                    executor.run(plugin, f"channel {name}", ticket.form, session, channel.reaches, ticket.customer)
                    executor.run(plugin, f"channel {name}", ticket.form, session, channel.ready)
    with trial.write() as session:
        ticket = session.get_one(Ticket, number)
        for measured in report_metrics_on(session, [ticket.form], trial.user(session, "admin")):
            if measured.plugin == plugin:
                measured.read(session, measured.rows)
    with trial.write() as session:
        ticket = session.get_one(Ticket, number)
        for offered in steps_on(session, ticket.form):
            if offered.code.partition(":")[0] == plugin:
                run_step(session, ticket, offered.code, {}, by=trial.user(session, "admin"))
    with trial.write() as session:
        ticket = session.get_one(Ticket, number)
        for each in customer_actions_on(session, ticket, ticket.customer):
            if each.plugin == plugin:
                with suppress(PlugdeskError):
                    run_customer_action(session, ticket, ticket.customer, each.code, CustomersAnswers())
    for hook, spec in registry.specs.items():
        if registry.implementation(hook, plugin) is not None and spec.plugdesk_kind not in (
            "announcement",
            "gathered",
            "contribution",
        ):
            _decide(trial, form_id, number, hook)


def on_at(trial: Trial, session: Session, form: Form) -> bool:
    """Whether the plugin is on at `form`, there or for the whole desk."""
    return trial.case.plugin_id in trial.runtime.executor.enabled(form, session)


def contributed(trial: Trial, kind: str) -> dict[str, Any]:
    """What the plugin adds to the pages, of one kind of `plugdesk_web.api`, by name."""
    return {
        each.name: each for owner, each in trial.registry.pages if owner == trial.case.plugin_id and type(each).__name__ == kind
    }


def pass_time(trial: Trial, timer: Timer) -> None:
    """Let so much time pass that a timer is due, and do what is due."""
    trial.run_jobs(recurring=True)
    trial.clock.advance(timer.every)
    trial.run_jobs(recurring=True)


Step = Callable[[Trial, Session, Ticket], object]


def _visit(trial: Trial, session: Session, ticket: Ticket) -> None:
    customer, admin = trial.user(session, "customer"), trial.user(session, "admin")
    said = Said(text="She called.")
    correspondence.open_ticket(session, ticket.form, customer, subject="A call", said=said, channel="phone", by=admin)


def _ask_more(trial: Trial, session: Session, ticket: Ticket) -> None:
    said = Said(text="It still beeps.")
    correspondence.receive_message(session, ticket, ticket.customer, said=said, channel=ticket.channel)


def _note(trial: Trial, session: Session, ticket: Ticket) -> None:
    correspondence.add_note(session, ticket, trial.user(session, "admin"), body="<p>Call her.</p>")


def _assign(trial: Trial, session: Session, ticket: Ticket) -> None:
    commands.accept(session, ticket, trial.user(session, "admin"))


def _reply(trial: Trial, session: Session, ticket: Ticket) -> None:
    correspondence.reply_to_ticket(session, ticket, trial.user(session, "admin"), body="<p>Please restart it.</p>")


def _fields(trial: Trial, session: Session, ticket: Ticket) -> None:
    field = ticket.form.field("priority")
    if field is not None:
        commands.set_fields(session, ticket, {"priority": field.choices[0]["code"]}, by=trial.user(session, "admin"))


def _close(trial: Trial, session: Session, ticket: Ticket) -> None:
    commands.become(session, ticket, StatusKind.RESOLVED, StatusKind.CLOSED, by=trial.user(session, "admin"))


def _reopen(trial: Trial, session: Session, ticket: Ticket) -> None:
    commands.become(session, ticket, StatusKind.OPEN, by=trial.user(session, "admin"))


def _announce_the_rest(trial: Trial, number: int) -> None:
    """Announcements the life above did not bring about are recorded as they are."""
    for hook, spec in trial.registry.specs.items():
        if spec.plugdesk_kind != "announcement" or trial.registry.implementation(hook, trial.case.plugin_id) is None:
            continue
        with trial.write() as session:
            if session.scalar(sa.select(Event.id).where(Event.kind == hook, Event.ticket_id == number)) is None:
                record(session, hook, ticket=session.get_one(Ticket, number))
        trial.run_jobs()


def _decide(trial: Trial, form_id: int, number: int, hook: str) -> None:
    executor, spec = trial.runtime.executor, trial.registry.specs[hook]
    with trial.write() as session:
        ticket, form = session.get_one(Ticket, number), session.get_one(Form, form_id)
        given = _samples(trial, session, ticket, hook)
        try:
            if spec.plugdesk_kind == "first":
                executor.first(hook, form, session, **given)
            elif spec.plugdesk_kind == "filter":
                settled = given.pop("settled", {})
                executor.filter(hook, form, session, settled, name="settled", **given)
            elif spec.plugdesk_kind == "follow":
                executor.follow(hook, form, session, **given)
            elif spec.plugdesk_kind == "veto":
                executor.ask_everyone(hook, form, session, **given)
            elif spec.plugdesk_kind == "asked" and (hook not in ONLY_WHERE_ON or on_at(trial, session, form)):
                executor.ask(trial.case.plugin_id, hook, form, session, **given)
        except PlugdeskError:
            pass  # a refusal in words is an answer, too


def _samples(trial: Trial, session: Session, ticket: Ticket, hook: str) -> dict[str, Any]:
    """A value for each argument of a hook but `ctx`: what the ticket has of that name, else anything of its type."""
    known: dict[str, Any] = {
        "ticket": ticket, "customer": ticket.customer, "form": ticket.form, "by": trial.user(session, "admin"),
        "address": "nobody@home.example", "said": Said(text="word"), "message": ticket.messages[0], "settings": _settings(trial, session, ticket.form), "switching_on": True,
        "settled": {name: getattr(ticket, name) for name in ("assignee_id", "group_id", "rank", "form_id")} | {"values": dict(ticket.values)},
        "tickets": [ticket], "event": Event(kind="reply_written", at=trial.clock.now(), ticket_id=ticket.id, data={}), "occasion": "opened", "named": Named(Thing.AGENT, id=trial.user(session, "admin").id),
    }  # fmt: skip
    known["source"] = session.get_one(Form, trial.there if ticket.form_id == trial.here else trial.here)
    of_type = {"int": 1, "str": "word", "bool": True, "float": 1.0, "datetime": trial.clock.now()}
    wanted = inspect.signature(trial.registry.specs[hook]).parameters
    return {name: known.get(name, of_type.get(str(each.annotation), {})) for name, each in wanted.items() if name != "ctx"}


def _settings(trial: Trial, session: Session, form: Form) -> Any:
    try:
        return trial.runtime.settings_of(session, trial.case.plugin_id, form)
    except PlugdeskError:
        return None  # a required one is not filled in yet
