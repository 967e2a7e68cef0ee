"""What automations write: notes, words to the customer, letters to people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from plugdesk.api import (
    Context,
    Direction,
    Invalid,
    Message,
    Ticket,
    User,
    Watcher,
    check_template,
    clean_template,
    fill_html,
    fill_text,
    html_of_text,
    is_email,
    known_variables,
    lazy_gettext,
    send_automatic,
    write_letter,
)
from plugdesk.api import gettext as _
from plugdesk_automation.own.acting import Acting
from plugdesk_automation.own.asking import form_of
from plugdesk_automation.people import those_above

OWN = "automation"
NAME, LINK = f"{OWN}:name", f"{OWN}:link"
"""The variables of automations' own: the name, and the ticket's address on the desk, for colleagues."""


class Recipient(StrEnum):
    """Whom a letter can go to besides addresses."""

    ASSIGNEE = "assignee"
    GROUP = "group"
    SUPERVISOR = "supervisor"
    WATCHERS = "watchers"


RECIPIENTS: Mapping[Recipient, Any] = {
    Recipient.ASSIGNEE: lazy_gettext("the assignee"),
    Recipient.GROUP: lazy_gettext("the group"),
    Recipient.SUPERVISOR: lazy_gettext("the group's supervisor"),
    Recipient.WATCHERS: lazy_gettext("the watchers"),
}


def problems(
    ctx: Context, options: Mapping[str, Any], names: Sequence[str], *, link: bool = False, empty: bool = False
) -> dict[str, str]:
    """What is wrong with the texts called `names`, by name; with `link` they may hold the ticket's address, with `empty` be empty."""
    known, found = known_variables(ctx.db, form_of(ctx)) | {NAME} | ({LINK} if link else set()), {}
    for name in names:
        given = str(options.get(name, ""))
        if not given.strip() and not empty:
            found[name] = _("Write something here.")
        elif wrong := check_template(given, known):
            found[name] = " ".join(wrong)
    return found


def text(act: Acting, template: str) -> str:
    """`template` filled, as plain text in one line."""
    return " ".join(fill_text(act.ctx.db, template, act.ticket, own={OWN: _values(act)}).split())


def html(act: Acting, template: str) -> str:
    """`template`, plain text of an administrator, filled, as HTML."""
    return fill_html(act.ctx.db, clean_template(html_of_text(template)), act.ticket, own={OWN: _values(act)})


def to_customer(act: Acting, template: str) -> None:
    """Write to the customer. Raises `Invalid` where a program had written last: two of them would go on for ever."""
    if _is_from_a_program(act.ctx, act.ticket):
        raise Invalid(_("The customer was not written to: what came last was written by a program."))
    act.count_letter()
    send_automatic(act.ctx.db, act.ticket, kind="automatic", html=html(act, template), reason=act.name)


def to_people(act: Acting, options: Mapping[str, Any]) -> None:
    """Write a letter to the people and addresses chosen. Raises `Invalid` where nobody is left of them."""
    to = [*addresses_of(options), *(each.email for each in _people(act, options) if each.active and each.email)]
    if not to:
        raise Invalid(_("The letter was not written: it has nobody to go to."))
    act.count_letter()
    subject = text(act, str(options.get("subject", ""))) or act.ticket.subject
    write_letter(act.ctx.db, act.ticket, to=list(dict.fromkeys(to)), subject=subject, html=html(act, options["text"]), by=None)


def addresses_of(options: Mapping[str, Any]) -> list[str]:
    """The addresses that were typed, with commas or spaces between them."""
    return str(options.get("addresses", "")).replace(";", " ").replace(",", " ").split()


def recipient_problems(options: Mapping[str, Any]) -> dict[str, str]:
    """Why the letter cannot go to whom was chosen, by option."""
    chosen, addresses = _chosen(options), addresses_of(options)
    if wrong := [each for each in addresses if not is_email(each)]:
        return {"addresses": _("A letter cannot go to “%(name)s”.", name=wrong[0])}
    if not chosen and not addresses:
        return {"to": _("Say whom the letter goes to.")}
    return {}


def recipient_words(options: Mapping[str, Any]) -> list[str]:
    """Whom the letter goes to."""
    return [*(str(RECIPIENTS[each]) for each in _chosen(options)), *addresses_of(options)]


def _chosen(options: Mapping[str, Any]) -> list[Recipient]:
    given = options.get("to") or []
    return [each for each in Recipient if each in ([given] if isinstance(given, str) else given)]


def _people(act: Acting, options: Mapping[str, Any]) -> list[User]:
    ticket, found = act.ticket, list[User]()
    for each in _chosen(options):
        if each is Recipient.ASSIGNEE:
            found += [ticket.assignee] if ticket.assignee else []
        elif each is Recipient.GROUP:
            found += ticket.group.members if ticket.group else []
        elif each is Recipient.SUPERVISOR:
            found += those_above(act.ctx, ticket)
        else:
            watching = sa.select(User).join(Watcher, Watcher.user_id == User.id).where(Watcher.ticket_id == ticket.id)
            found += act.ctx.db.scalars(watching.order_by(User.id))
    return found


def _values(act: Acting) -> dict[str, str]:
    return {"name": act.name, "link": act.link}


def _is_from_a_program(ctx: Context, ticket: Ticket) -> bool:
    came = sa.select(Message.kind).where(Message.ticket_id == ticket.id, Message.direction == Direction.INCOMING)
    return (ctx.db.scalar(came.order_by(Message.id.desc()).limit(1)) or "human") != "human"
