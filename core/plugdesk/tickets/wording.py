"""Templates that people edit, filled for a ticket: the core's own names, and those of the extensions that are on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from plugdesk.contributions import Variables
from plugdesk.forms.models import Form
from plugdesk.i18n import current_language, use_language
from plugdesk.i18n import lazy_gettext as _
from plugdesk.plugins.context import Context
from plugdesk.runtime import runtime_of
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import User
from plugdesk.variables import Block, Button, Value, render_html, render_text

if TYPE_CHECKING:
    from plugdesk.contributions import Channel


def fill_text(
    session: Session, template: str, ticket: Ticket, *, own: Mapping[str, Mapping[str, Value]] | None = None, **about: Any
) -> str:
    """`template` with its variables filled for `ticket`, as plain text.

    `own` are further namespaces of the caller's, `about` (agent, event, message) goes to the functions that find values.
    """
    return render_text(template, _Lookup(session, ticket, own or {}, about))


def fill_html(
    session: Session, template: str, ticket: Ticket, *, own: Mapping[str, Mapping[str, Value]] | None = None, **about: Any
) -> str:
    """`template`, trusted HTML of an admin or agent, with its variables filled and escaped; otherwise as `fill_text`."""
    return render_html(template, _Lookup(session, ticket, own or {}, about))


def known_variables(session: Session, form: Form) -> frozenset[str]:
    """The variables that texts of `form` may use, as "namespace:name": the core's, and those of the extensions that are on."""
    registry = runtime_of(session).registry
    here = ("core", *form.extensions)
    return frozenset(
        f"{namespace}:{name}"
        for namespace, found in registry.variables.items()
        if registry.owner("variables", namespace) in here
        for name in found.names
    )


@dataclass(frozen=True)
class Words:
    """A filled text as HTML, and the buttons that stand under it; their keys begin with the plugin's id."""

    html: str
    buttons: tuple[Button, ...] = ()


def fill_words(session: Session, template: str, ticket: Ticket, *, channel: Channel, **about: Any) -> Words:
    """As `fill_html`, for a message on `channel`, which is also told to the functions that find values: some have buttons."""
    lookup = _Lookup(session, ticket, {}, {**about, "channel": channel})
    html = render_html(template, lookup)
    return Words(html, tuple(lookup.buttons) if channel.buttons else ())


def without_keys(html: str) -> str:
    """A letter of ours as agents may see it: the links in it that act for the customer lead nowhere."""
    return _CUSTOMERS_LINK.sub("<a>", html)


_CUSTOMERS_LINK = re.compile(r'<a\b[^>]*\bhref="[^"]*/p/[^"]*"[^>]*>')


def language_of(session: Session, ticket: Ticket) -> str:
    """The language to write to this ticket's customer in: theirs, the form's, the desk's."""
    return ticket.customer.language or ticket.form.language or runtime_of(session).desk(session).language


class _Lookup:
    """Finds `${namespace:name}`, asking each namespace once; of an extension that is off or fails there is nothing."""

    def __init__(
        self, session: Session, ticket: Ticket, own: Mapping[str, Mapping[str, Value]], about: Mapping[str, Any]
    ) -> None:
        self._session = session
        self._ticket = ticket
        self._about = about
        self._known = dict(own)
        self.buttons: list[Button] = []

    def __call__(self, namespace: str, name: str) -> Value:
        if namespace not in self._known:
            self._known[namespace] = self._ask(namespace)
        value = self._known[namespace].get(name)
        if isinstance(value, Block) and value.buttons:
            owner = runtime_of(self._session).registry.owner("variables", namespace)
            self.buttons += [Button(f"{owner}:{each.key}", each.label) for each in value.buttons]
        return value

    def _ask(self, namespace: str) -> Mapping[str, Value]:
        runtime = runtime_of(self._session)
        variables = runtime.registry.variables.get(namespace)
        if variables is None:
            return {}
        owner = runtime.registry.owner("variables", namespace)
        if owner != "core" and not self._ticket.form.has(owner):
            return {}
        if owner == "core":
            ctx = runtime.context("core", self._ticket.form, self._session)
            return variables.values(ctx, self._ticket, **self._about)
        found = runtime.executor.run(
            owner, "variables", self._ticket.form, self._session, variables.values, self._ticket, **self._about
        )
        return found if isinstance(found, Mapping) else {}


def _ticket(ctx: Context, ticket: Ticket, **about: Any) -> Mapping[str, str]:
    return {
        "number": str(ticket.number),
        "subject": ticket.subject,
        "status": ticket.status.customers_name_in(current_language()),
    }


def _customer(ctx: Context, ticket: Ticket, **about: Any) -> Mapping[str, str]:
    customer = ticket.customer
    return {
        "name": customer.name,
        "first_name": customer.name.split()[0] if customer.name.strip() else "",
        "email": customer.address("email") or "",
        "organization": customer.organization.name if customer.organization else "",
    }


def _agent(ctx: Context, ticket: Ticket, *, agent: User | None = None, **about: Any) -> Mapping[str, str]:
    agent = agent or ticket.assignee
    return {"name": agent.name if agent else "", "first_name": agent.name.split()[0] if agent and agent.name.strip() else ""}


def _form(ctx: Context, ticket: Ticket, **about: Any) -> Mapping[str, str]:
    return {"name": ticket.form.name}


def _desk(ctx: Context, ticket: Ticket, **about: Any) -> Mapping[str, str]:
    return {"name": ctx.desk.name}


NAMESPACES = (
    Variables(
        "ticket",
        {"number": _("The request's number"), "subject": _("Its subject"), "status": _("Its status, as customers read it")},
        _ticket,
    ),
    Variables(
        "customer",
        {
            "name": _("The customer's name"),
            "first_name": _("The first word of the customer's name"),
            "email": _("The customer's e-mail address"),
            "organization": _("The customer's organization"),
        },
        _customer,
    ),
    Variables("agent", {"name": _("The agent's name"), "first_name": _("The first word of the agent's name")}, _agent),
    Variables("form", {"name": _("The form's name")}, _form),
    Variables("desk", {"name": _("The desk's name")}, _desk),
)

__all__ = ["NAMESPACES", "Words", "fill_html", "fill_text", "fill_words", "known_variables", "language_of", "use_language"]
