"""What can be done to several tickets of a list at once: the actions, what each asks for first, and how it is done to one ticket."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from plugdesk.actions import DELETE
from plugdesk.database import row_number
from plugdesk.errors import Conflict, Invalid, NotFound
from plugdesk.forms.models import Form
from plugdesk.i18n import current_language, lazy_gettext
from plugdesk.i18n import gettext as _
from plugdesk.inputs import one_line
from plugdesk.permissions import can_run_some, visible_tickets
from plugdesk.plugins.context import Context
from plugdesk.plugins.executor import Failed
from plugdesk.runtime import runtime_of
from plugdesk.tags.commands import change_tags, tag_to_put
from plugdesk.tags.queries import tag_named
from plugdesk.tickets import bin, commands
from plugdesk.tickets.lists import PAGE
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import Group, User
from plugdesk.users.queries import agents_of_form, all_groups
from plugdesk_web.asking import what_waits
from plugdesk_web.contributions import Action, Button, FormActions, Together, contributed

Given = MultiDict[str, str]
Command = Callable[[Ticket], object]

TITLES: Mapping[str, Any] = {
    "accept": lazy_gettext("Accept"),
    "assign": lazy_gettext("Assign"),
    "status": lazy_gettext("Change the status"),
    "tags": lazy_gettext("Change the tags"),
    "more": lazy_gettext("More actions"),
    "read": lazy_gettext("Mark as read"),
    "watch": lazy_gettext("Watch"),
    "delete": lazy_gettext("Delete"),
    "restore": lazy_gettext("Take out of the bin"),
}
AT_ONCE = 1_000  # numbers in one question to the database
ASKING = ("assign", "status", "tags", "more", "delete")
"""These ask for something first, deleting whether it is meant."""


@dataclass(frozen=True)
class Offer:
    """An action of an extension, as PLUGIN:CODE, that can be run on several tickets; `together` is how it asks first, if it does."""

    code: str
    title: str
    icon: str
    together: Together | None = None


def offered_in_lists(session: Session, agent: User, forms: Collection[Form]) -> set[str]:
    """The actions of the bar below a list: those that `agent` may run on some ticket of some of the forms."""
    runs = {"accept": "accept", "assign": "assign", "status": "status", "tags": "tag", "delete": DELETE}
    may = {code for code, action in runs.items() if any(can_run_some(session, agent, form, action) for form in forms)}
    return may | {"more"} | ({"delete"} if agent.can_delete else set())


def title_of(session: Session, code: str, forms: Sequence[Form]) -> str:
    """What the action is called."""
    if code in TITLES:
        return str(TITLES[code])
    return next((each.title for form in forms for each in offers_of(session, form) if each.code == code), code)


def forms_of(session: Session, agent: User, numbers: Sequence[int]) -> list[Form]:
    """The forms of those of the tickets that `agent` may see, by name."""
    here = set[int]()
    for first in range(0, len(numbers), AT_ONCE):
        some = sa.select(Ticket.form_id).where(Ticket.id.in_(numbers[first : first + AT_ONCE]), visible_tickets(session, agent))
        here.update(session.scalars(some.distinct()))
    return list(session.scalars(sa.select(Form).where(Form.id.in_(here)).order_by(Form.name)))


def choices_for(session: Session, agent: User, code: str, forms: Sequence[Form]) -> dict[str, Any]:
    """What the page of an action that asks first offers to choose from."""
    if code == "assign":
        people = {each.id: each.name for form in forms for each in agents_of_form(session, form)}
        return {
            "people": [
                (f"person-{number}", name) for number, name in sorted(people.items(), key=lambda pair: pair[1].casefold())
            ],
            "groups": [(f"group-{each.id}", each.name) for each in all_groups(session)],
        }
    if code == "status":
        language, found = current_language(), dict[str, str]()
        for form in forms:
            for status in form.statuses:
                found.setdefault(status.code, status.name_in(language))
        return {"statuses": list(found.items())}
    if code == "more":
        offers = {
            each.code: each
            for form in forms
            for each in offers_of(session, form)
            if can_run_some(session, agent, form, each.code)
        }
        return {"offers": list(offers.values())}
    return {}


def offers_of(session: Session, form: Form) -> list[Offer]:
    """The actions of the extensions that are on for `form` and can be run on several tickets at once."""
    runtime, found = runtime_of(session), list[Offer]()
    for each in contributed(runtime.registry, FormActions):
        if form.has(each.plugin) and (each.what.run is not None or each.what.together is not None):
            every = runtime.executor.run(each.plugin, f"actions {each.what.name}", form, session, each.what.every)
            buttons = every if isinstance(every, Sequence) and not isinstance(every, str) else ()
            found += [
                Offer(f"{each.plugin}:{button.code}", button.title, button.icon, each.what.together if button.asks else None)
                for button in buttons
                if isinstance(button, Button) and (each.what.together if button.asks else each.what.run) is not None
            ]
    same = [
        Offer(f"{each.plugin}:{each.what.name}", str(each.what.title), each.what.icon)
        for each in contributed(runtime.registry, Action)
        if form.has(each.plugin)
    ]
    return same + found


@dataclass(frozen=True)
class Asked:
    """What an action of an extension asks for before it is run on several tickets: the template, its values, the form's behaviors."""

    template: str
    values: Mapping[str, Any]
    behaviors: str


def asks_first(session: Session, agent: User, code: str, forms: Sequence[Form]) -> Form | None:
    """The first of the forms on which the extension's action is theirs to run and asks for something first."""
    asking = (form for form in forms for each in offers_of(session, form) if each.code == code and each.together is not None)
    return next((form for form in asking if can_run_some(session, agent, form, code)), None)


def asked_for(session: Session, agent: User, code: str, form: Form, numbers: Sequence[int], typed: Given) -> Asked:
    """What the action asks for, for the first of the tickets that are of `form`. Raises `Conflict` where its extension fails."""
    here = sa.select(Ticket).where(Ticket.id.in_(numbers), Ticket.form_id == form.id, visible_tickets(session, agent))
    tickets = session.scalars(here.order_by(Ticket.id).limit(PAGE)).all()
    together = next(each.together for each in offers_of(session, form) if each.code == code)
    plugin, _colon, name = code.partition(":")
    assert together is not None, "Asked of those that ask."
    shown = runtime_of(session).executor.do(
        plugin, f"action {name}", form, session, together.ask, tickets, agent, name, typed
    )  # fmt: skip
    if isinstance(shown, Failed):
        raise Conflict(_("The extension did not do it. What happened stands on its page, under Extensions."))
    template, values = shown
    return Asked(template, values, str(values.get("behaviors", "")))


def command_for(session: Session, agent: User, code: str, given: Given) -> Command:
    """What the action does to one ticket. Raises `Invalid` where what it asks for is missing, `NotFound` for no action."""
    if code == "accept":
        return lambda ticket: commands.accept(session, ticket, agent)
    if code == "read":
        return lambda ticket: commands.mark_read(session, ticket, agent)
    if code == "watch":
        return lambda ticket: commands.watch(session, ticket, agent)
    if code == "delete":
        return lambda ticket: bin.delete_ticket(session, ticket, agent)
    if code == "restore":
        return lambda ticket: bin.restore_ticket(session, ticket, agent)
    if code == "assign":
        return _assigning(session, agent, given.get("whom", ""))
    if code == "status":
        if not given.get("status"):
            raise Invalid(problems={"status": _("Choose a status.")})
        return partial(_change_status, session, agent, given["status"])
    if code == "tags":
        return _tagging(session, agent, given)
    plugin, _colon, name = code.partition(":")
    if name:
        return _running(session, agent, plugin, name, given)
    raise NotFound(_("There is no such action here."))


def _assigning(session: Session, agent: User, whom: str) -> Command:
    kind, _dash, number = whom.partition("-")
    row = row_number(number)
    person = session.get(User, row) if kind == "person" and row is not None else None
    group = session.get(Group, row) if kind == "group" and row is not None else None
    if person is None and group is None and whom != "nobody":
        raise Invalid(problems={"whom": _("Choose a person, a group or nobody.")})
    return lambda ticket: commands.assign(session, ticket, agent, assignee=person, group=group)


def _change_status(session: Session, agent: User, code: str, ticket: Ticket) -> None:
    status = ticket.form.status(code)
    if status is None:
        raise Invalid(_("The form “%(form)s” has no such status.", form=ticket.form.name))
    if waits := what_waits(session, ticket, status):
        raise Conflict(waits)
    commands.change_status(session, ticket, status, by=agent)


def _tagging(session: Session, agent: User, given: Given) -> Command:
    on, off = one_line(given.get("put_on")), one_line(given.get("take_off"))
    if not on and not off:
        raise Invalid(problems={"put_on": _("Write the name of a tag.")})
    try:
        add = [tag_to_put(session, on, by=agent)] if on else []
    except Invalid as refusal:
        raise Invalid(problems={"put_on": refusal.in_words}) from None
    gone = tag_named(session, off) if off else None
    if off and gone is None:
        raise Invalid(problems={"take_off": _("There is no tag “%(name)s”.", name=off)})
    return lambda ticket: change_tags(session, ticket, add=add, remove=[gone] if gone else [], by=agent)


def _running(session: Session, agent: User, plugin: str, name: str, given: Given) -> Command:
    code, known = f"{plugin}:{name}", dict[int, Offer | None]()  # asked once a form, however many of its tickets there are

    def run(ticket: Ticket) -> None:
        if ticket.form_id not in known:
            known[ticket.form_id] = next((each for each in offers_of(session, ticket.form) if each.code == code), None)
        offer = known[ticket.form_id]
        if offer is None:
            raise Conflict(_("The form “%(form)s” has no such action.", form=ticket.form.name))
        commands.may_run(session, ticket, agent, code)
        if offer.together is not None:
            _do(session, plugin, name, ticket, offer.together.run, agent, name, given)
        else:
            _run(session, agent, plugin, name, ticket)

    return run


def _run(session: Session, agent: User, plugin: str, name: str, ticket: Ticket) -> None:
    runtime = runtime_of(session)
    for each in contributed(runtime.registry, Action):
        if (each.plugin, each.what.name) == (plugin, name):
            _do(session, plugin, name, ticket, _run_offered, each.what, agent)
            return
    for each in contributed(runtime.registry, FormActions):
        if each.plugin == plugin and each.what.run is not None:
            _do(session, plugin, name, ticket, each.what.run, agent, name)
            return


def _run_offered(ctx: Context, ticket: Ticket, action: Action, agent: User) -> None:
    if action.offered(ctx, ticket, agent) is not True:
        raise Conflict(_("“%(action)s” is not offered on this ticket now.", action=action.title))
    action.run(ctx, ticket, agent)


def _do(session: Session, plugin: str, name: str, ticket: Ticket, function: Callable[..., Any], *args: Any) -> None:
    said = runtime_of(session).executor.do(plugin, f"action {name}", ticket.form, session, function, ticket, *args)
    if isinstance(said, Failed):
        raise Conflict(_("The extension did not do it. What happened stands on its page, under Extensions."))
