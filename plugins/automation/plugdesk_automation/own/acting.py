"""One run of an automation on a ticket: what it has done so far, and how many letters it may still write."""

from __future__ import annotations

from dataclasses import dataclass, field

from plugdesk.api import Context, Invalid, Ticket
from plugdesk.api import gettext as _


@dataclass
class Acting:
    """`left` is how many letters may be written until the hour's limit is reached, `most`."""

    ctx: Context
    ticket: Ticket
    name: str
    left: int
    most: int
    letters: int = 0
    did: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def link(self) -> str:
        """The ticket's address on the desk, for colleagues."""
        return f"{self.ctx.base_url}/tickets/{self.ticket.number}" if self.ctx.base_url else ""

    def count_letter(self) -> None:
        """A letter is about to be written. Raises `Invalid` when the hour's limit is used up."""
        if self.letters >= self.left:
            raise Invalid(
                _(
                    "No letter was written: the limit of %(most)s an hour is used up. It can be raised on the page of automations.",
                    most=self.most,
                )
            )
        self.letters += 1
