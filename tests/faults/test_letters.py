"""One mailbox with everything that goes wrong with letters in it: each is kept and accounted for, and the ordinary one gets through."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from email.message import EmailMessage

import pytest
import sqlalchemy as sa

from plugdesk.tickets.models import Message
from plugdesk_email.models import Mailbox, Original, OriginalState
from tests.support.company import HELP, Company, letter

pytestmark = pytest.mark.both_databases
MEGABYTE = 1024 * 1024


def without_id(sender: str) -> bytes:
    made = letter(sender, "Without an id", "Hello.")
    del made["Message-ID"]
    return bytes(made)


def in_another_charset(sender: str) -> bytes:
    """Says it is UTF-8 and is windows-1251, as some shops' scripts send it."""
    head = f"From: {sender}\r\nTo: {HELP}\r\nSubject: Charset\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    return head.encode() + "Касса пищит дважды и не печатает чек.".encode("cp1251")


def with_a_film(sender: str) -> bytes:
    made = letter(sender, "A film", "See the film.")
    made.add_attachment(b"\x00\x01film" * (30 * MEGABYTE // 6), maintype="video", subtype="mp4", filename="till.mp4")
    return bytes(made)


def with_nothing_in_it(sender: str) -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Message-ID"] = sender, HELP, "<nothing@example.com>"
    made.set_content("")
    return bytes(made)


def ordinary(sender: str) -> bytes:
    return bytes(letter(sender, "The till beeps", "It beeps twice."))


TICKETS: dict[Callable[[str], bytes], str] = {
    without_id: "Hello.",
    in_another_charset: "Касса пищит дважды и не печатает чек.",
    with_a_film: "See the film.",
    with_nothing_in_it: "",
    ordinary: "It beeps twice.",
}


def test_every_letter_is_accounted_for_and_none_holds_up_the_next(company: Company) -> None:
    company.mail.deliver(b"", [HELP])
    company.mail.deliver(bytes(letter(f"Ourselves <{HELP}>", "From ourselves", "Hello.")), [HELP])
    for number, make in enumerate(TICKETS):
        company.mail.deliver(make(f"person{number}@example.com"), [HELP])
    company.work()
    with company.runtime.database.read() as session:
        for number, words in enumerate(TICKETS.values()):
            said = company.messages_of(session, f"person{number}@example.com")
            assert [each.kind for each in said] == ["human", "receipt"], number
            assert said[0].text == words
        film = company.messages_of(session, "person2@example.com")[0].attachments
        states = session.scalars(sa.select(Original.state).order_by(Original.id)).all()
        assert states == [OriginalState.QUARANTINE] * 2 + [OriginalState.TAKEN] * 5
        assert all(
            reason for reason in session.scalars(sa.select(Original.reason).where(Original.state == OriginalState.QUARANTINE))
        )
        assert session.scalars(sa.select(Mailbox.error)).one() is None
        assert [(each.name, each.size) for each in film] == [("till.mp4", 30 * MEGABYTE // 6 * 6)]
    assert company.letters(HELP)[1]["Subject"] == "From ourselves"
    assert company.letters("person4@example.com")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts it in kilobytes")
def test_a_letter_of_30_megabytes_costs_a_few_times_its_size(company: Company) -> None:
    company.mail.deliver(with_a_film("ann@example.com"), [HELP])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    company.work()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    with company.runtime.database.read() as session:
        assert session.scalars(sa.select(Message.text).where(Message.kind == "human")).all() == ["See the film."]
    assert grown < 350
