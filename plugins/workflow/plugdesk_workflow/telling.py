"""What an action says: its letters, its note, and the note that keeps what was entered."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import sqlalchemy as sa
from markupsafe import Markup, escape

from plugdesk.api import (
    Block,
    Context,
    Event,
    Message,
    NewFile,
    Ticket,
    User,
    add_note,
    fill_html,
    fill_text,
    html_of_text,
    reply_to_ticket,
    send_automatic,
    text_of_html,
    write_letter,
)
from plugdesk_workflow.definition import AskKind, Definition, Letter
from plugdesk_workflow.entering import Entered
from plugdesk_workflow.models import Action
from plugdesk_workflow.people import addresses

OWN = "action"
"""The namespace of the texts of actions: ${action:name}, ${action:text}, ${action:CODE} of what was asked for."""
LINK = f"{OWN}:link"
"""The ticket's address on the desk, for colleagues."""


class Telling:
    """Everything one run of an action writes."""

    def __init__(
        self, ctx: Context, ticket: Ticket, action: Action, definition: Definition, entered: Entered, by: User | None,
        said: Message | None = None,
    ) -> None:  # fmt: skip
        """`said` is the message in which a customer's own words stand already, with their files."""
        self._ctx, self._ticket, self._action, self._said = ctx, ticket, action, said
        self._definition, self._entered, self._by = definition, entered, by

    def text(self, template: str) -> str:
        """`template` filled, as plain text."""
        return fill_text(self._ctx.db, template, self._ticket, own={OWN: self._values}, agent=self._by)

    def html(self, template: str) -> str:
        """`template` filled, as HTML."""
        return fill_html(self._ctx.db, template, self._ticket, own={OWN: self._values}, agent=self._by)

    def tell_all(self) -> list[dict[str, Any]]:
        """Write the notes and the letters; whom each letter went to, and the message it became."""
        to_customer = [each for each in self._definition.letters if each.to_customer]
        carrier = next((each for each in to_customer if each.files), None) if self._entered.files else None
        note = None if carrier else self._keep(with_text=not any(_says_text(each) for each in to_customer))
        holder = self._said or note
        told: list[dict[str, Any]] = []
        replies: dict[int, Message] = {}
        for letter in sorted(to_customer, key=lambda each: each is not carrier):
            # The first to carry what was uploaded keeps it; the others carry copies.
            uploads = self._entered.files if letter is carrier else ()
            files = [] if letter is carrier or not letter.files else self._copies(holder)
            body = self.html(letter.body)
            if not text_of_html(body).strip() and not uploads:
                continue  # nothing was entered that it could say
            # The status the action leads to, else the one the form itself puts an answered ticket into.
            status = self._ticket.form.status(self._definition.does.status)
            if self._by is None:
                message = send_automatic(self._ctx.db, self._ticket, kind="automatic", html=body, reason=self._action.name)
            else:
                message = reply_to_ticket(
                    self._ctx.db, self._ticket, self._by, body=body, uploads=uploads, files=files, status=status
                )
            holder = message if letter is carrier else holder
            replies[id(letter)] = message
        if carrier is not None:
            self._keep(with_text=not any(_says_text(each) for each in to_customer), with_files=False)
        for letter in self._definition.letters:
            reply = replies.get(id(letter))
            if reply is not None:
                told.append({"to": ["customer"], "message_id": reply.id, "link": letter.link})
            others = addresses(self._ctx, self._ticket, letter, by=self._by)
            if others:
                message = write_letter(
                    self._ctx.db, self._ticket, to=others, by=self._by, html=self.html(letter.body),
                    subject=self.text(letter.subject) or self._ticket.subject,
                    files=self._copies(holder) if letter.files else (),
                )  # fmt: skip
                told.append({"to": others, "message_id": message.id})
        return told

    def _keep(self, *, with_text: bool, with_files: bool = True) -> Message | None:
        """The note of the action, with what was entered and stands in no letter to the customer; None when there is nothing."""
        parts = [self.html(self._definition.does.note)] if self._definition.does.note else []
        lines = []
        own = () if self._said is not None else zip(self._given, self._entered.in_words, strict=True)
        for ask, (label, words) in own:
            if ask is AskKind.TEXT:
                parts += [self._entered.html] if with_text else []
            elif ask is not AskKind.FILES:  # their names stand under the message that carries them
                lines.append(Markup("{}: {}").format(label, Markup(html_of_text(words)) if "\n" in words else words))
        if lines:
            parts.append(f"<p>{Markup('<br>').join(lines)}</p>")
        uploads = self._entered.files if with_files else ()
        if not parts and not uploads:
            return None
        title = f"<p><strong>{escape(self._action.name)}</strong></p>"
        return add_note(self._ctx.db, self._ticket, self._by, body="".join([title, *parts]), uploads=uploads)

    @property
    def _given(self) -> list[AskKind]:
        """The kinds of what was given, in the order of `in_words`."""
        words = self._entered.words
        return [each.kind for each in self._definition.asks if (each.code or str(each.kind)) in words]

    @cached_property
    def _values(self) -> dict[str, Any]:
        asked = {each.code or str(each.kind): "" for each in self._definition.asks}
        text = {"text": Block(self._entered.text, Markup(self._entered.html))} if self._entered.html else {}
        base = self._ctx.base_url
        link = f"{base}/tickets/{self._ticket.number}" if base else ""
        return {"name": self._action.name, "link": link, **asked, **self._entered.words, **text}

    def _copies(self, holder: Message | None) -> list[NewFile]:
        found = holder.attachments if holder is not None else []
        return [NewFile(each.name, self._ctx.read_bytes(each.sha256), each.type) for each in found]


def is_told_by_link(ctx: Context, message: Message) -> bool:
    """Whether an action wrote the message, and has its letter lead to the request instead of holding the text."""
    runs = sa.select(Event.data).where(
        Event.ticket_id.in_({message.ticket_id, message.home.id}), Event.plugin == ctx.plugin, Event.kind == "action_run",
        Event.at >= message.created_at,
    )  # fmt: skip
    letters = (letter for data in ctx.db.scalars(runs) for letter in data["letters"])
    return any(letter["message_id"] == message.id and letter.get("link") for letter in letters)


def _says_text(letter: Letter) -> bool:
    return "${action:text" in letter.body
