"""The conversation of a ticket as the page draws it: messages and what happened between them, in one order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import url_for
from markupsafe import Markup, escape
from sqlalchemy.orm import Session

from plugdesk.events import Event
from plugdesk.files import shown_inline
from plugdesk.html import excerpt, html_of_text
from plugdesk.i18n import current_language, format_list, format_time, lazy_gettext, ngettext
from plugdesk.i18n import gettext as _
from plugdesk.runtime import runtime_of
from plugdesk.tickets.delivery import carrier_of
from plugdesk.tickets.limits import EXCERPT
from plugdesk.tickets.models import DeliveryState, Direction, Message, Ticket
from plugdesk.tickets.queries import history_of, thread_of
from plugdesk.tickets.subtasks import Asked, subtasks_of
from plugdesk.tickets.wording import without_keys
from plugdesk.users.models import User
from plugdesk_web.combining import other_number, other_url, undoable, words_of
from plugdesk_web.contributions import HistoryLine, contributed


@dataclass(frozen=True)
class Entry:
    """One thing in the thread: a message (its `author` is customer, agent or note), a subtask ("ask") with what was
    `asked` and answered, or an event ("event")."""

    id: str
    author: str
    at: datetime
    name: str = ""
    initials: str = ""
    to: str = ""
    body: Markup = field(default_factory=Markup)
    quoted: str = ""
    files: Sequence[dict[str, Any]] = ()
    delivery: dict[str, Any] | None = None
    marks: Sequence[dict[str, str]] = ()
    icon: str = ""
    words: str = ""
    url: str = ""
    buttons: Sequence[str] = ()
    edit_url: str = ""
    removal_url: str = ""
    message: Message | None = field(default=None, compare=False)
    asked: Sequence[Entry] = ()
    number: int = 0
    undo_url: str = ""


def entries_of(
    session: Session, ticket: Ticket, messages: Sequence[Message] | None = None, *, reader: User | None = None
) -> list[Entry]:
    """Messages and the events worth a line, oldest first; on those of `reader` what may still be done to them."""
    messages = messages if messages is not None else thread_of(session, ticket)
    said = [_message(session, ticket, each, reader) for each in messages]
    # What rules did while it was being opened was written down before that it was.
    events = sorted(history_of(session, ticket), key=lambda event: (event.at, event.kind != "ticket_opened"))
    can_be_undone = undoable(session, ticket, events, reader)
    happened = [line for event in events if (line := _event(session, ticket, event, event.id in can_be_undone)) is not None]
    asked = subtasks_of(session, ticket, reader) if reader and any(each.kind == "colleague_asked" for each in events) else ()
    return sorted(
        [*said, *happened, *(_asked(session, each) for each in asked)], key=lambda entry: (entry.at, entry.author != "event")
    )


def body_of(message: Message) -> Markup:
    """What was said, safe to show: the one place where a cleaned copy is trusted."""
    if message.clean_html is not None:
        shown = without_keys(message.clean_html) if message.direction is Direction.OUTGOING else message.clean_html
        return Markup(shown)  # made by plugdesk.html.clean_html when the message came
    return Markup(html_of_text(message.text))


def customers_body_of(message: Message, files: str, query: str = "") -> Markup:
    """The same for the customer, whose own links it may hold; its pictures are read at `files`, like "/portal/files", and `query`."""
    if message.clean_html is not None:
        return Markup(re.sub(r'src="/files/([\w-]+)"', rf'src="{files}/\1{escape(query)}"', message.clean_html))  # as above
    return Markup(html_of_text(message.text))


def name_of(session: Session, message: Message) -> str:
    """Who says it: its author, or the desk."""
    return message.author.name if message.author else runtime_of(session).desk(session).name


def delivery_of(message: Message) -> dict[str, Any] | None:
    """How far an outgoing message has come, in words."""
    if message.delivery is None:
        return None
    again = message.delivery in (DeliveryState.FAILED, DeliveryState.MAYBE)
    text = str(_DELIVERY[message.delivery])
    if message.delivery is DeliveryState.SENT and message.delivered_at:
        text = f"{text} {format_time(message.delivered_at)}"
    return {
        "state": str(message.delivery),
        "text": text,
        "reason": message.delivery_error,
        "retry_url": url_for("replies.send_again", message_id=message.id) if again else None,
    }


_DELIVERY = {
    DeliveryState.QUEUED: lazy_gettext("Queued"),
    DeliveryState.SENDING: lazy_gettext("Sending"),
    DeliveryState.SENT: lazy_gettext("Sent"),
    DeliveryState.MAYBE: lazy_gettext("Maybe sent"),
    DeliveryState.FAILED: lazy_gettext("Not sent"),
    DeliveryState.HELD: lazy_gettext("Held"),
}

_KINDS = {
    "auto-reply": lazy_gettext("Automatic answer"),
    "bounce": lazy_gettext("Not delivered"),
    "bulk": lazy_gettext("Mailing list"),
    "receipt": lazy_gettext("Receipt"),
    "closing": lazy_gettext("Closing notice"),
    "forward": lazy_gettext("Forwarded"),
    "letter": lazy_gettext("Letter"),
    "rating": lazy_gettext("Rating"),
    "raw": lazy_gettext("As it came"),
    "moved": lazy_gettext("Moved"),
    "automatic": lazy_gettext("Automatic letter"),
    "merged": lazy_gettext("Merged"),
}


def _message(session: Session, ticket: Ticket, message: Message, reader: User | None) -> Entry:
    author = message.author
    if message.direction is Direction.NOTE:
        who = "note"
    else:
        who = "customer" if message.direction is Direction.INCOMING else "agent"
    name = name_of(session, message)
    edit_url, removal_url = _corrections(session, message, reader)
    return Entry(
        id=str(message.id),
        author=who,
        at=message.created_at,
        name=name,
        initials=author.initials if author else name[:1].upper(),
        to=_to(session, message),
        body=body_of(message),
        quoted=_quoted(message),
        files=[_file(each) for each in message.attachments if not (each.inline and each.content_id)],
        delivery=delivery_of(message),
        marks=_marks(message),
        buttons=[each["label"] for each in message.buttons],
        edit_url=edit_url,
        removal_url=removal_url,
        message=message,
    )


def _asked(session: Session, asked: Asked) -> Entry:
    subtask = asked.subtask
    whom = subtask.assignee.name if subtask.assignee else subtask.group.name if subtask.group else _("nobody")
    status = subtask.form.status_by_id(subtask.status_id)
    return Entry(
        id=f"{subtask.id}-asked", number=subtask.number, author="ask", at=subtask.created_at, name=_("Subtask %(number)s for %(whom)s", number=subtask.number, whom=whom),
        to=_("the customer does not see it"), marks=[{"text": status.name_in(current_language()), "tone": "grey" if subtask.closed_at else "plum"}],
        asked=[_message(session, subtask, each, None) for each in asked.said],
    )  # fmt: skip


def _marks(message: Message) -> list[dict[str, str]]:
    marks = []
    if (kind := _KINDS.get(message.kind)) is not None:
        marks.append({"text": str(kind), "tone": "", "title": message.reason or ""})
    if message.origin_id is not None:
        marks.append({"text": _("From ticket %(number)s", number=message.origin_id), "tone": ""})
    if message.edited_at is not None:
        marks.append({"text": _("Edited %(time)s", time=format_time(message.edited_at)), "tone": ""})
    if message.withdrawn_at is not None:
        marks.append({"text": _("Taken back"), "tone": "amber"})
    return marks


def _corrections(session: Session, message: Message, reader: User | None) -> tuple[str, str]:
    """Where the reader changes an answer of theirs that has arrived, and takes it back; "" where its channel cannot."""
    if reader is None or message.author_id != reader.id or message.delivery is not DeliveryState.SENT:
        return "", ""
    channel = carrier_of(session, message.channel or "", message.home.form)
    if channel is None or message.withdrawn_at is not None:
        return "", ""
    return (
        url_for("corrections.edit", message_id=message.id) if channel.change else "",
        url_for("corrections.remove", message_id=message.id) if channel.withdraw else "",
    )


def _to(session: Session, message: Message) -> str:
    channel = runtime_of(session).registry.channels.get(message.channel or "")
    by = _("by %(channel)s", channel=str(channel.title).lower()) if channel else ""
    if message.direction is Direction.INCOMING:
        who = _("customer") if message.author_id == message.home.customer_id else _("participant")
        return f"{who}, {by}" if by else who
    if message.direction is Direction.OUTGOING:
        to = _("to %(name)s", name=", ".join(message.to) if message.to else message.home.customer.name)
        cc = _("cc %(addresses)s", addresses=", ".join(message.cc)) if message.cc else ""
        return f"{to}, {cc}" if cc else to
    return ""


def _quoted(message: Message) -> str:
    return message.quoted or ""


def _file(attachment: Any) -> dict[str, Any]:
    url = url_for("files.show", key=attachment.key)
    picture = shown_inline(attachment.type)
    return {"name": attachment.name, "size": attachment.size, "url": url, "thumb": url if picture else None}


def _event(session: Session, ticket: Ticket, event: Event, can_be_undone: bool = False) -> Entry | None:
    words = _words(session, ticket, event)
    if words is None:
        return None
    icon, text = words
    actor = event.actor
    is_agent = actor is not None and actor.is_agent
    return Entry(
        id=f"e{event.id}",
        author="event",
        at=event.at,
        initials=actor.initials if actor and is_agent else "",
        icon=icon,
        words=text,
        url=other_url(event),
        undo_url=url_for("combining.unmerge", number=other_number(event)) if can_be_undone else "",
    )


def _words(session: Session, ticket: Ticket, event: Event) -> tuple[str, str] | None:
    data, name = event.data, event.actor.name if event.actor else _("The desk")
    if (both := words_of(event, name)) is not None:
        return both
    if event.kind == "ticket_opened":
        channel = runtime_of(session).registry.channels.get(data.get("channel", ""))
        if event.actor is not None and event.actor.is_agent:
            return "plus", _("%(name)s opened it for the customer", name=name)
        return (channel.icon if channel else "inbox"), _(
            "Opened by %(channel)s", channel=str(channel.title).lower() if channel else _("hand")
        )
    if event.kind == "ticket_accepted":
        return "check", _("%(name)s accepted it", name=name)
    if event.kind == "ticket_released":
        return "refresh", _("%(name)s gave it back", name=name)
    if event.kind == "ticket_assigned":
        before, after = data.get("before", {}), data.get("after", {})
        took_it = after.get("assignee_id") is not None and after["assignee_id"] == event.actor_id
        gave_back = after.get("assignee_id") is None and after.get("group_id") == before.get("group_id")
        if took_it or gave_back:
            return None  # accepting and giving back have lines of their own
        return "user", _("%(name)s assigned it to %(to)s", name=name, to=_assignee(session, after))
    if event.kind == "step_not_done":
        return "alert", _("“%(step)s” was not done. %(why)s", step=data.get("step", ""), why=data.get("why", ""))
    if event.kind in ("action_run", "action_not_run"):
        return _action(event, name)
    if event.kind == "status_changed":
        status = ticket.form.status(data.get("after", ""))
        shown = status.name_in(current_language()) if status else data.get("after", "")
        return f"status-{status.kind}" if status else "history", _("%(name)s: %(status)s", name=name, status=shown)
    if event.kind == "fields_changed":
        labels = [field.label for field in ticket.form.fields if field.code in data.get("changes", {})]
        return "settings", _("%(name)s changed %(fields)s", name=name, fields=", ".join(labels) or _("fields"))
    if event.kind == "tags_changed":
        return "tag", _tagging_words(name, data)
    if event.kind == "subject_changed":
        return "settings", _("%(name)s changed the subject, which was “%(before)s”", name=name, before=data.get("before", ""))
    if event.kind == "reply_withdrawn":
        return "refresh", _("%(name)s took a reply back before it left", name=name)
    if event.kind == "ticket_reopened":
        return "refresh", _("Opened again")
    if event.kind == "message_edited":
        before = excerpt(data.get("before", ""), EXCERPT)
        return "history", _("%(name)s changed a message, which was “%(before)s”", name=name, before=before)
    if event.kind == "message_withdrawn":
        return "refresh", _("%(name)s took a message back", name=name)
    if event.kind == "ticket_moved":
        return "refresh", _moving_words(name, data)
    return _of_an_extension(session, event, name) if event.plugin else None


def _of_an_extension(session: Session, event: Event, name: str) -> tuple[str, str] | None:
    lines = (each.what for each in contributed(runtime_of(session).registry, HistoryLine) if each.plugin == event.plugin)
    line = next((line for line in lines if line.kind == event.kind), None)
    return (line.icon, str(line.words) % {**event.data, "name": name}) if line is not None else None


def _moving_words(name: str, data: Mapping[str, Any]) -> str:
    forms = {each: data.get(f"{each}_name", "") for each in ("before", "after")}
    if renamed := data.get("renamed"):
        fields = format_list(f"{was} → {now}" for was, now in renamed)
        return _("%(name)s moved it from “%(before)s” to “%(after)s”, fields: %(fields)s", name=name, fields=fields, **forms)
    return _("%(name)s moved it from “%(before)s” to “%(after)s”", name=name, **forms)


def _tagging_words(name: str, data: Mapping[str, Any]) -> str:
    added, removed = (data.get(part, []) for part in ("added", "removed"))
    if added and removed:
        return _(
            "%(name)s put on %(added)s, took off %(removed)s", name=name, added=format_list(added), removed=format_list(removed)
        )
    if removed:
        return ngettext(
            "%(name)s took off the tag %(tags)s",
            "%(name)s took off the tags %(tags)s",
            len(removed),
            name=name,
            tags=format_list(removed),
        )
    return ngettext(
        "%(name)s put on the tag %(tags)s", "%(name)s put on the tags %(tags)s", len(added), name=name, tags=format_list(added)
    )


def _action(event: Event, name: str) -> tuple[str, str]:
    data = event.data
    action = data.get("names", {}).get(current_language()) or data.get("name", "")
    if event.kind == "action_not_run":
        return "alert", _("“%(action)s” did not run automatically. %(why)s", action=action, why=data.get("why", ""))
    icon = data.get("icon") or "branch"
    if event.actor is None:
        return icon, _("“%(action)s” ran automatically", action=action)
    return icon, _("%(name)s ran “%(action)s”", name=name, action=action)


def _assignee(session: Session, after: dict[str, Any]) -> str:
    from plugdesk.users.models import Group

    user = session.get(User, after["assignee_id"]) if after.get("assignee_id") else None
    group = session.get(Group, after["group_id"]) if after.get("group_id") else None
    return ", ".join(each.name for each in (user, group) if each is not None) or _("nobody")
