"""One thing done to several tickets: each by the ordinary command, in a savepoint of its own. Nothing here commits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from plugdesk.errors import Invalid, NotFound, PlugdeskError
from plugdesk.i18n import gettext as _
from plugdesk.tickets.models import Ticket
from plugdesk.tickets.queries import ticket_for
from plugdesk.users.models import User


@dataclass(frozen=True)
class Refusal:
    """A ticket that stayed as it was, and why. `subject` is empty where the ticket is not theirs to see.

    `problems` are the parts of it that stand beside a field, by its name.
    """

    number: int
    subject: str
    why: str
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What came of it, by the tickets' numbers."""

    done: Sequence[int]
    refused: Sequence[Refusal]


def do_to_each(session: Session, user: User, numbers: Sequence[int], command: Callable[[Ticket], object]) -> Outcome:
    """Let `command` change each of the tickets that `user` may see. One that is refused stays as it was, the others go on.

    They are taken in the order of their numbers, so that two who take the same ones never wait for each other.
    """
    done, refused = list[int](), list[Refusal]()
    for number in sorted(set(numbers)):
        subject = ""
        try:
            with session.begin_nested():
                ticket = ticket_for(session, user, number)
                subject = ticket.subject
                command(ticket)
        except NotFound as refusal:
            refused.append(Refusal(number, "", str(refusal)))
        except PlugdeskError as refusal:
            problems = refusal.problems if isinstance(refusal, Invalid) else {}
            refused.append(Refusal(number, subject, refusal.in_words, problems))
        except (IntegrityError, StaleDataError):
            refused.append(Refusal(number, subject, _("Somebody else changed it at this moment. Look at it again.")))
        else:
            done.append(number)
    return Outcome(done, refused)
