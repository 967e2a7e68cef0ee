"""Who the tests of channels play: the customer at the other side, and what lies between them and an agent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from plugdesk.clock import MovableClock
    from plugdesk.contributions import Channel
    from plugdesk.forms.models import Form
    from plugdesk.runtime import Runtime
    from plugdesk.tickets.models import Ticket
    from plugdesk.users.models import User

Fault = Literal["busy", "refused", "lost", "away"]
"""busy: asked to come later once; refused: never; lost: taken, and the answer never came; away: gone until it is back."""


@dataclass(frozen=True)
class File:
    """A file on a message: its name and its bytes."""

    name: str
    content: bytes


@dataclass
class Seen:
    """A message as the customer sees it now. `parts` is in how many pieces it came; `handle` is the correspondent's own."""

    text: str
    files: Sequence[File] = ()
    buttons: Sequence[str] = ()
    parts: int = 1
    handle: Any = field(default=None, compare=False)


class Correspondent(ABC):
    """The customer of one form on one channel. What a channel cannot do is said by the class variables."""

    channel: ClassVar[str]
    edits: ClassVar[bool] = False
    deletes: ClassVar[bool] = False
    keeps_names: ClassVar[bool] = True

    @abstractmethod
    def write(self, text: str, files: Sequence[File] = ()) -> Any:
        """The customer writes; returns a handle for `again`, `edit` and `delete`. The desk has not looked yet."""

    @abstractmethod
    def again(self, handle: Any) -> None:
        """The vendor hands over once more what it has handed over before, or for the first time what it has kept back."""

    @abstractmethod
    def keep_back(self) -> None:
        """What the customer does from now on stays with the vendor, until it is handed over by `again`, in whatever order."""

    @abstractmethod
    def look(self) -> None:
        """Time passes by the desk's clock, in which it looks at the channel and does everything that is due."""

    @abstractmethod
    def seen(self) -> Sequence[Seen]:
        """What has come from the desk and is still there, oldest first; a message in several parts as one."""

    @abstractmethod
    def fail(self, fault: Fault) -> None:
        """From now on, or for the next message, the other side behaves so."""

    @abstractmethod
    def recover(self) -> None:
        """The other side is back."""

    def edit(self, handle: Any, text: str) -> Any:
        """The customer changes what they wrote; returns a handle of the change, for `again`."""
        raise NotImplementedError

    def delete(self, handle: Any) -> None:
        """The customer deletes what they wrote."""
        raise NotImplementedError

    def press(self, seen: Seen, label: str) -> None:
        """The customer presses the button called `label` under a message."""
        raise NotImplementedError


class Conversation:
    """One customer and one agent, and what lies between them."""

    def __init__(
        self, other: Correspondent, runtime: Runtime, session: Session, form: Form, agent: User, clock: MovableClock
    ) -> None:
        self.other = other
        self.runtime = runtime
        self.session = session
        self.form = form
        self.agent = agent
        self.clock = clock

    @property
    def channel(self) -> Channel:
        return self.runtime.registry.channels[self.other.channel]

    @property
    def owner(self) -> str:
        return self.runtime.registry.owner("channels", self.other.channel)

    def tickets(self) -> Sequence[Ticket]:
        import sqlalchemy as sa

        from plugdesk.tickets.models import Ticket

        self.session.commit()
        self.session.expire_all()
        return self.session.scalars(sa.select(Ticket).order_by(Ticket.id)).all()

    def ask(self, text: str = "The lamp is dark", files: Sequence[File] = ()) -> Ticket:
        """The customer writes and the desk has read it; the ticket it is on."""
        self.other.write(text, files)
        self.other.look()
        return self.tickets()[-1]

    def answer(self, ticket: Ticket, text: str, files: Sequence[File] = (), *, look: bool = True) -> int:
        """The agent answers; returns the message's id."""
        from plugdesk.html import html_of_text
        from plugdesk.tickets.attachments import NewFile
        from plugdesk.tickets.correspondence import reply_to_ticket

        attached = [NewFile(each.name, each.content) for each in files]
        message = reply_to_ticket(self.session, ticket, self.agent, body=html_of_text(text), files=attached)
        number = message.id
        self.session.commit()
        if look:
            self.other.look()
        return number

    def said(self, ticket: Ticket) -> list[str]:
        """What the customer said on the ticket, oldest first."""
        self.tickets()
        return [each.text.strip() for each in ticket.messages if each.direction == "incoming"]

    def message(self, number: int) -> Any:
        from plugdesk.tickets.models import Message

        self.tickets()
        return self.session.get_one(Message, number)

    def arrived(self, text: str) -> list[Seen]:
        """The messages that arrived and say `text` among other things (a signature, a quotation)."""
        wanted = "".join(text.split())
        return [each for each in self.other.seen() if wanted in "".join(each.text.split())]

    def wait(self, **duration: float) -> None:
        """The clock goes on, and the desk does what is due."""
        self.clock.advance(timedelta(**duration))
        self.other.look()
