"""A process killed between any two steps of taking a letter and of sending one: nothing is lost, nothing is doubled.

The one moment nobody can know, after a letter's last byte, ends as *maybe sent*, and is never repeated by itself.
"""

from __future__ import annotations

from itertools import count

import pytest
import sqlalchemy as sa

from plugdesk.events import Delivery
from plugdesk.forms.models import Form
from plugdesk.runtime import Runtime
from plugdesk.storage import SMALL
from plugdesk.tickets.attachments import NewFile
from plugdesk.tickets.correspondence import reply_to_ticket
from plugdesk.tickets.models import DeliveryState, Direction, Message
from plugdesk.users.models import User
from plugdesk_email.intake import keep_original
from plugdesk_email.models import Original, OriginalState
from tests.faults.killing import run_and_die
from tests.support.company import AGENT, HELP, Company, letter, post

pytestmark = pytest.mark.both_databases


@pytest.fixture(autouse=True)
def only_the_mailbox_by_itself(company: Company) -> None:
    """No other recurring work: each run takes the same steps, so that the n-th of all runs together are all there are."""
    timers = company.runtime.registry.timers
    timers[:] = [(owner, timer) for owner, timer in timers if owner == "email"]


def recover(company: Company) -> None:
    """Whoever is started next does what the dead one has left."""
    with company.runtime.database.write() as session:
        # The lease of news is half a minute of the machine's time, which no test waits for.
        session.execute(sa.update(Delivery).where(Delivery.state == "running").values(lease_until=None, state="waiting"))
    company.work()
    company.later(seconds=10)  # what failed with the dead one waits a little
    company.work()


def test_a_letter_becomes_one_ticket_and_one_receipt_wherever_the_process_is_killed(company: Company) -> None:
    maybe = []
    for step in count(1):
        sender = f"ann{step}@example.com"
        post(company.mail, letter(sender, f"Killed at step {step}", "It beeps."))
        company.later(minutes=1)  # time to look into the mailbox again
        died = run_and_die(company.runtime, step)
        recover(company)
        with company.runtime.database.read() as session:
            said, receipt = company.messages_of(session, sender)
            assert (said.direction, receipt.kind) == (Direction.INCOMING, "receipt"), step
            sent = len(company.letters(sender))
            assert (receipt.delivery, sent) in {(DeliveryState.SENT, 1), (DeliveryState.MAYBE, 0), (DeliveryState.MAYBE, 1)}, step
            if receipt.delivery is DeliveryState.MAYBE:
                maybe.append(sent)
            assert set(session.scalars(sa.select(Original.state))) == {OriginalState.TAKEN}, step
        if not died:
            break
    assert step > 30
    assert maybe == [0, 0, 1]  # before DATA, before the letter itself, and after it
    with company.runtime.database.read() as session:
        assert session.scalar(sa.select(sa.func.count(Original.id))) == step
    assert seen(company) == step


def test_a_reply_leaves_once_or_says_maybe_wherever_the_process_is_killed(company: Company) -> None:
    ann, states = "ann@example.com", []
    post(company.mail, letter(ann, "It beeps", "Twice."))
    company.work()
    for step in count(1):
        words = f"Killed at step {step}."
        with company.runtime.database.write() as session:
            ticket, ivan = company.ticket_of(session, ann), session.scalars(sa.select(User).where(User.email == AGENT)).one()
            reply = reply_to_ticket(
                session, ticket, ivan, body=f"<p>{words}</p>", files=[NewFile("till.txt", b"Beep", "text/plain")]
            )
            session.flush()  # the reply's id
            reply_id = reply.id
        died = run_and_die(company.runtime, step)
        recover(company)
        sent = sum(words in each.get_body(("plain",)).get_content() for each in company.letters(ann))
        with company.runtime.database.read() as session:
            states.append((session.get_one(Message, reply_id).delivery, sent))
        if not died:
            break
    maybe = [sent for state, sent in states if state is DeliveryState.MAYBE]
    assert maybe == [0, 0, 1]
    assert len(states) > 12
    assert {each for each in states if each[0] is not DeliveryState.MAYBE} == {(DeliveryState.SENT, 1)}


def test_a_letter_piped_in_is_taken_once_wherever_the_command_is_killed(company: Company) -> None:
    """The mail server hears no success from a command that was killed, and pipes the letter again: also after its commit."""
    for step in count(1):
        sender = f"ann{step}@example.com"
        raw = bytes(letter(sender, "Piped", f"Killed at step {step}.\n" * (SMALL // 10)))  # too long to be kept without a file
        died = run_and_die(company.runtime, step, lambda runtime, raw=raw: pipe(runtime, raw))  # type: ignore[misc]
        pipe(company.runtime, raw)
        recover(company)
        with company.runtime.database.read() as session:
            assert [each.kind for each in company.messages_of(session, sender)] == ["human", "receipt"], step
        assert len(company.letters(sender)) == 1, step
        if not died:
            break
    assert step >= 3


def pipe(runtime: Runtime, raw: bytes) -> None:
    """What `plugdesk email receive` does with a letter."""
    with runtime.database.write() as session:
        form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
        keep_original(runtime.context("email", form, session), raw)


def seen(company: Company) -> int:
    """How many letters of the mailbox are marked as seen."""
    from imapclient import IMAPClient

    from tests.support.company import MAILBOX_PASSWORD

    with IMAPClient("127.0.0.1", company.mail.imap_port, ssl=False, timeout=5) as client:
        client.login(HELP, MAILBOX_PASSWORD)
        client.select_folder("INBOX", readonly=True)
        return len(client.search("SEEN"))
