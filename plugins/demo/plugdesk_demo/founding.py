"""Founding the company: its desk, people, forms and customers, by the ordinary commands. Its tickets come with the play.

It happens when the pages of a demo's folder start for the first time, before they answer anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from plugdesk.api import (
    CustomerKind,
    FieldKind,
    Form,
    Role,
    Runtime,
    User,
    add_customer,
    add_field,
    add_group,
    add_identity,
    add_organization,
    add_status,
    add_tag,
    add_user,
    change_customer,
    change_customers_tags,
    create_form,
    enable_plugin,
    form_by_slug,
    make_examples,
    runtime_of,
    set_form_agent,
    set_responsible,
)
from plugdesk.testing.playing import MovableClock, create_desk, first_administrator

from . import cast, messenger
from .cast import FORM_OF_BOT, Company
from .company import build_company
from .launch import read_demo
from .models import Play
from .stage import Stage, group_named

SEED = 7
FOUNDED_BEFORE = timedelta(days=92)  # the story tells of 90
REGULARS = 7  # every so many customers is one
FIELD_KINDS = {"text": FieldKind.TEXT, "choice": FieldKind.CHOICE, "checkmark": FieldKind.CHECK, "money": FieldKind.MONEY}
EXTENSIONS = {
    "support": ("webform", "faq", "portal", "contracts", "sla", "automation"),
    "repairs": ("webform", "workflow", "portal"),
}  # beside e-mail and the rating
STATUSES = {"new", "open", "pending", "resolved", "closed"}  # those every form begins with, under names of the desk's own


class Founding:
    """Installed with the pages: a folder with a demo's sign-ins and no company yet gets one."""

    def install(self, app: object, runtime: Runtime) -> None:
        """Found the company, once: of two processes that start together the second finds it there."""
        demo = read_demo(runtime.settings.data)
        if demo is None or _is_founded(runtime):
            return
        present, began_at = runtime.clock, runtime.clock.now()
        company = build_company(demo.language, SEED, began_at)
        runtime.clock = MovableClock(began_at - FOUNDED_BEFORE)
        try:
            with runtime.database.write() as session:
                if session.get(Play, 0) is None:
                    found(session, company, SEED, began_at, demo.passwords)
        finally:
            runtime.clock = present


def found(session: Session, company: Company, seed: int, began_at: datetime, passwords: Mapping[str, str]) -> Play:
    """Set up the desk of `company`, which was built for `began_at`, and note that its story is to be played.

    `passwords` are by the keys of agents; the others cannot sign in.
    """
    desk = create_desk(session, name=company.name, language=company.language, zone=company.time_zone)
    agents = _hire(session, company, passwords)
    for form in company.forms:
        _open(session, company, form, agents)
    _meet_customers(session, company)
    administrator = next(agents[agent.key] for agent in company.agents if agent.is_admin)
    if administrator.is_admin:  # who has a password
        for form in company.forms:
            make_examples(session, form_by_slug(session, form.key), by=administrator)
    if messenger.is_installed(runtime_of(session)):
        _open_messenger(session, company)
    enable_plugin(session, desk, "demo", None)
    play = Play(id=0, language=company.language, seed=seed, began_at=began_at, steps=len(company.steps), done=0)
    session.add(play)
    return play


def _is_founded(runtime: Runtime) -> bool:
    with runtime.database.read() as session:
        return session.get(Play, 0) is not None


def _hire(session: Session, company: Company, passwords: Mapping[str, str]) -> dict[str, User]:
    """Everybody who answers, by key, in their groups; the administrator first, for with them the set-up closes."""
    agents = {}
    for agent in sorted(company.agents, key=lambda each: not each.is_admin):
        password = passwords.get(agent.key)
        if agent.is_admin and password:
            agents[agent.key] = first_administrator(session, name=agent.name, email=agent.email, password=password)
        else:
            agents[agent.key] = add_user(session, role=Role.AGENT, name=agent.name, email=agent.email, password=password)
    for group in company.groups:
        members = [agents[agent.key] for agent in company.agents if group.key in agent.groups]
        add_group(session, name=group.name, supervisor=agents[group.supervisor], members=members, by=None)
    return agents


def _open(session: Session, company: Company, form: cast.Form, agents: Mapping[str, User]) -> Form:
    opened = create_form(session, name=form.name, slug=form.key, by=None)
    for field in form.fields:
        if opened.field(field.code) is None:
            add_field(
                session, opened, label=field.label, kind=FIELD_KINDS[field.type], help=field.help or None, required=field.required,
                agent_only=field.agent_only, choices=[label for _code, label in field.choices], by=None,
            )  # fmt: skip
    for status in form.statuses:
        if status.code not in STATUSES:
            add_status(session, opened, name=status.name, kind=status.kind, names=status.names, by=None)
    for agent in company.agents:
        if form.key in agent.forms:
            set_form_agent(session, opened, agents[agent.key], is_admin=form.key in agent.administers, by=None)
    group = next(each for each in company.groups if each.key == form.group)
    set_responsible(session, opened, group=group_named(session, group.name), by=None)
    for plugin in ("email", *(("csat",) if form.rating else ()), *EXTENSIONS.get(form.key, ())):
        if runtime_of(session).registry.is_loaded(plugin):
            enable_plugin(session, opened, plugin, None)
    return opened


def _meet_customers(session: Session, company: Company) -> None:
    organizations = {each.key: add_organization(session, name=each.name, by=None) for each in company.organizations}
    phones = set()
    tags = [add_tag(session, name=name, tone=tone, by=None) for name, tone in company.tags]
    for number, customer in enumerate(company.customers):
        contacts = [("email", customer.email), ("phone", customer.phone)]
        met = add_customer(
            session, name=customer.name, contacts=contacts[:1] if customer.phone in phones else contacts,  # a contact is one person's
            language=customer.language, country=customer.country, kind=CustomerKind(customer.kind), by=None,
        )  # fmt: skip
        phones.add(customer.phone)
        if number % REGULARS == 0:
            change_customers_tags(session, met, add=tags[:1], by=None)
        if customer.organization:
            change_customer(session, met, {"organization_id": organizations[customer.organization].id}, by=None)


def _open_messenger(session: Session, company: Company) -> None:
    """Telegram on where the bot belongs, and the bot with those customers of the story who write to it."""
    form, stage = form_by_slug(session, FORM_OF_BOT), Stage(session, company)
    enable_plugin(session, form, messenger.CHANNEL, None)
    for customer in company.customers:
        if customer.messenger is not None:
            met, number = stage.customer(customer.key), str(customer.messenger)
            add_identity(session, met, channel=messenger.CHANNEL, value=number, by=None, shown=customer.name, verified=True)
            phone = "".join(sign for sign in customer.phone if sign in "+0123456789")
            messenger.add_person(session, customer.first_name, customer.last_name, phone=phone, number=customer.messenger)
    session.flush()  # the contacts, by which the bot knows them
    messenger.connect_bot(session, form, company.language)
