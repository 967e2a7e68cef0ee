"""What customers can do themselves with their requests, brought by extensions and shown by others: the portal, a mini app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from plugdesk.contributions import CustomersAction, CustomersAnswers
from plugdesk.errors import Conflict, NotFound
from plugdesk.i18n import gettext as _
from plugdesk.plugins.executor import Failed
from plugdesk.runtime import runtime_of
from plugdesk.tickets.models import Ticket
from plugdesk.tickets.running import customer_may_act
from plugdesk.users.models import User


@dataclass(frozen=True)
class OfferedToCustomer:
    """An action that stands on the customer's request: which extension brings it, under which name, and what it is."""

    plugin: str
    name: str
    action: CustomersAction

    @property
    def code(self) -> str:
        """What a page calls it: PLUGIN.NAME.CODE."""
        return f"{self.plugin}.{self.name}.{self.action.code}"


def customer_actions_on(
    session: Session, ticket: Ticket, customer: User, typed: Mapping[str, Any] | None = None
) -> list[OfferedToCustomer]:
    """What `customer` can do with their request now, of all extensions that are on there. `typed` is what was entered so far, by name."""
    if not customer_may_act(ticket, customer):
        return []
    runtime, found = runtime_of(session), list[OfferedToCustomer]()
    on = runtime.registry.enabled(ticket.form, runtime.desk(session))
    for plugin, each in runtime.registry.customer_actions:
        if plugin in on:
            what = f"customer actions {each.name}"
            given = runtime.executor.run(plugin, what, ticket.form, session, each.offered, ticket, customer, typed or {})
            actions = given if isinstance(given, Sequence) and not isinstance(given, str) else ()
            found += [OfferedToCustomer(plugin, each.name, one) for one in actions if isinstance(one, CustomersAction)]
    return found


def run_customer_action(session: Session, ticket: Ticket, customer: User, code: str, answers: CustomersAnswers) -> str:
    """The customer does it; returns the sentence that tells them. All of it happens, or nothing.

    Raises `NotFound` for a `code` that no extension has here, `Conflict` when it is not offered any more, `Invalid` by the questions' names.
    """
    plugin, _dot, rest = code.partition(".")
    name, _dot, own = rest.partition(".")
    runtime = runtime_of(session)
    on = runtime.registry.enabled(ticket.form, runtime.desk(session))
    known = (each for owner, each in runtime.registry.customer_actions if (owner, each.name) == (plugin, name) and owner in on)
    found = next(known, None)
    if found is None:
        raise NotFound(_("This cannot be done here any more."))
    if not customer_may_act(ticket, customer):
        raise Conflict(_("This cannot be done here any more."))
    done = runtime.executor.act(
        plugin, f"customer action {name}", ticket.form, session, found.run, ticket, customer, own, answers
    )  # fmt: skip
    if isinstance(done, Failed):
        raise Conflict(_("This cannot be done just now. Write to us instead."))
    return str(done)
