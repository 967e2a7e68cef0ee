"""What extensions add to writing: texts to put into the composer, and buttons on messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import url_for
from sqlalchemy.orm import Session

from plugdesk.errors import Conflict, NotFound
from plugdesk.html import html_of_text, text_of_html
from plugdesk.i18n import gettext as _
from plugdesk.permissions import can_run, why_not
from plugdesk.plugins.executor import Failed
from plugdesk.runtime import runtime_of
from plugdesk.tickets.models import Message, Ticket
from plugdesk.users.models import User
from plugdesk_web.contributions import Button, ComposerTool, Contributed, MessageAction, Offer, contributed
from plugdesk_web.drafts import draft_of, keep_draft


@dataclass(frozen=True)
class ShownTool:
    """A tool as the composer draws it: `url` gives what there is to insert, and the one that is chosen."""

    title: str
    icon: str
    url: str
    key: str


def may_insert(session: Session, ticket: Ticket, agent: User) -> bool:
    """Whether `agent` writes on this ticket, replies or notes: what is offered for that is theirs to read."""
    return can_run(session, agent, ticket, "reply") or not why_not(session, agent, ticket, "note")


def tools_of(session: Session, ticket: Ticket, agent: User) -> list[ShownTool]:
    """The tools of extensions that are on at the ticket's form, for whoever writes there; see the macro `insert_tools`."""
    if not may_insert(session, ticket, agent):
        return []
    return [
        ShownTool(
            str(each.what.title),
            each.what.icon,
            url_for("inserting.insert", number=ticket.number, plugin=each.plugin, name=each.what.name),
            each.what.key,
        )
        for each in contributed(runtime_of(session).registry, ComposerTool)
        if ticket.form.has(each.plugin)
    ]


def tool_here(session: Session, ticket: Ticket, plugin: str, name: str) -> Contributed:
    """The tool of this name, if its extension is on at the ticket's form. Raises `NotFound`."""
    for each in contributed(runtime_of(session).registry, ComposerTool):
        if (each.plugin, each.what.name) == (plugin, name) and ticket.form.has(plugin):
            return each
    raise NotFound(_("There is nothing of the kind to insert here."))


def offers_of(session: Session, ticket: Ticket, agent: User, tool: Contributed, query: str) -> list[Offer]:
    """What the tool offers; nothing where it fails."""
    executor, what = runtime_of(session).executor, f"composer tool {tool.what.name}"
    found = executor.run(tool.plugin, what, ticket.form, session, tool.what.offers, ticket, agent, query)
    if isinstance(found, str) or not isinstance(found, Sequence):
        return []
    return [each for each in found if isinstance(each, Offer)]


def html_to_insert(session: Session, ticket: Ticket, agent: User, tool: Contributed, code: str) -> str:
    """The chosen text as HTML. Raises `NotFound` where there is none, `Conflict` where the extension fails."""
    executor, what = runtime_of(session).executor, f"composer tool {tool.what.name}"
    html = executor.do(tool.plugin, what, ticket.form, session, tool.what.insert, ticket, agent, code)
    if isinstance(html, Failed):
        raise Conflict(_("The extension did not do it. What happened stands on its page, under Extensions."))
    return str(html)


def add_to_draft(session: Session, ticket: Ticket, agent: User, html: str) -> None:
    """Put `html` at the end of what `agent` has begun to write on the ticket."""
    said = dict(draft_of(session, ticket, agent))
    before = said["html"] or html_of_text(said["text"])
    said["text"] = f"{said['text'].rstrip()}\n\n{text_of_html(html)}".lstrip("\n")
    said["html"] = before + html
    keep_draft(session, ticket, agent, said)


def message_acts_of(session: Session, ticket: Ticket, messages: Sequence[Message], agent: User) -> Mapping[int, list[Button]]:
    """The buttons of extensions that are on at the ticket's form, by message."""
    runtime, found = runtime_of(session), dict[int, list[Button]]()
    for each in contributed(runtime.registry, MessageAction):
        if ticket.form.has(each.plugin):
            act: MessageAction = each.what
            urls = runtime.executor.run(
                each.plugin, f"message action {act.name}", ticket.form, session, act.urls, ticket, messages, agent
            )
            for number, url in urls.items() if isinstance(urls, Mapping) else ():
                found.setdefault(number, []).append(Button(act.name, str(act.title), act.icon, str(url), asks=True))
    return found
