"""What becomes of letters in a mailbox: kept first, then a ticket, a message, a bounce, a duplicate, or quarantine."""

from __future__ import annotations

from email.message import EmailMessage
from itertools import pairwise

import pytest
import sqlalchemy as sa

from plugdesk.events import Event
from plugdesk.forms.models import Form
from plugdesk.jobs import Job, JobState
from plugdesk.storage import SMALL, read_bytes
from plugdesk.tickets.models import DeliveryState, Direction, Link, Message, Ticket
from plugdesk.users.models import User
from plugdesk.worker import tick
from plugdesk_email import health_of
from plugdesk_email.models import Mailbox, Original, OriginalState
from tests.support.company import AGENT, HELP, Company, letter, post

ANN, BOB = "Ann Smith <ann@example.com>", "Bob <bob@example.net>"


def write(
    company: Company, sender: str = ANN, subject: str = "The till beeps", text: str = "Twice.", **fields: str
) -> EmailMessage:
    """A letter to the company, and everything done that follows from it."""
    made = letter(sender, subject, text, **fields)
    post(company.mail, made)
    look(company)
    return made


# How each database is made to refuse the next letter, and to take it again.
FULL = {
    "sqlite": (
        "CREATE TRIGGER refuses BEFORE INSERT ON email_original BEGIN SELECT RAISE(ABORT, 'disk is full'); END",
        "DROP TRIGGER refuses",
    ),
    "postgresql": (
        "ALTER TABLE email_original ADD CONSTRAINT refuses CHECK (false) NOT VALID",
        "ALTER TABLE email_original DROP CONSTRAINT refuses",
    ),
}


def look(company: Company) -> None:
    company.later(seconds=31)
    company.work()


def originals(company: Company) -> list[tuple[str, str | None]]:
    with company.runtime.database.read() as session:
        return [(str(each.state), each.reason) for each in session.scalars(sa.select(Original).order_by(Original.id))]


def tickets(company: Company) -> list[tuple[str, list[str]]]:
    """Subject and texts of people, of every ticket."""
    with company.runtime.database.read() as session:
        found = session.scalars(sa.select(Ticket).order_by(Ticket.id)).all()
        return [(each.subject, [message.text for message in each.messages if message.kind == "human"]) for each in found]


def reply(company: Company, text: str = "Restart it.", number: int = 1) -> EmailMessage:
    """Ivan's answer on a ticket, as the customer got it."""
    from plugdesk.tickets.correspondence import reply_to_ticket

    with company.runtime.database.write() as session:
        agent = session.scalars(sa.select(User).where(User.email == AGENT)).one()
        reply_to_ticket(session, session.get_one(Ticket, number), agent, body=f"<p>{text}</p>")
    company.work()
    return company.letters("ann@example.com")[-1]


def test_a_letter_becomes_a_ticket_of_its_sender(company):
    write(company)
    assert tickets(company) == [("The till beeps", ["Twice."])]
    with company.runtime.database.read() as session:
        customer = company.ticket_of(session, "ann@example.com").customer
        assert (customer.name, customer.address("email")) == ("Ann Smith", "ann@example.com")


def test_a_letter_is_kept_before_the_server_is_told_that_it_was_seen(company):
    """The database refuses at the moment of keeping: then the letter is still unseen, and comes with the next look."""
    from imapclient import IMAPClient

    post(company.mail, letter(ANN, "The till beeps", "Twice."))
    fill, drain = FULL[company.runtime.database.dialect]
    with company.runtime.database.write() as session:
        session.execute(sa.text(fill))
    look(company)

    def unseen() -> list[int]:
        with IMAPClient("127.0.0.1", company.mail.imap_port, ssl=False) as client:
            client.login(HELP, "a mailbox password")
            client.select_folder("INBOX", readonly=True)
            found: list[int] = client.search(["UNSEEN"])
            return found

    assert (len(unseen()), tickets(company)) == (1, [])
    with company.runtime.database.write() as session:
        session.execute(sa.text(drain))
    company.later(minutes=10)
    look(company)
    assert (unseen(), len(tickets(company))) == ([], 1)


def test_what_is_kept_is_the_letter_byte_for_byte(company):
    raw = b"From: ann@example.com\r\nSubject: caf\xe9\r\n\r\nline\r\n  \r\n\xff\xfe end"
    company.mail.deliver(raw, [HELP])
    look(company)
    with company.runtime.database.read() as session:
        original = session.scalars(sa.select(Original)).one()
        assert read_bytes(session, original.sha256) == raw
        assert original.state == OriginalState.TAKEN


def test_when_the_server_numbers_anew_nothing_comes_twice(company):
    write(company)
    with company.runtime.database.write() as session:
        session.execute(sa.update(Mailbox).values(uidvalidity=1))  # as if the server had another number than last time
        session.execute(sa.update(Original).values(uidvalidity=1))
    write(company, subject="Another thing")
    assert [subject for subject, _texts in tickets(company)] == ["The till beeps", "Another thing"]
    assert originals(company) == [("taken", None)] * 2


def test_the_same_letter_sent_twice_is_a_duplicate(company):
    write(company, Message_ID="<same@example.com>")
    write(company, text="Twice, in other words.", Message_ID="<same@example.com>")
    assert (len(tickets(company)), [state for state, _ in originals(company)]) == (1, ["taken", "duplicate"])


def test_a_letter_that_cannot_be_read_waits_with_its_bytes_while_the_others_go_on(company):
    """Its file has gone to a disk that is not there at the moment."""
    from plugdesk.runner import Runner
    from plugdesk_email.receive import parse_again

    post(company.mail, letter(ANN, "The till beeps", "Twice.\n" * SMALL))
    company.later(seconds=31)
    tick(company.runtime)
    runner = Runner(company.runtime, "test")
    while not originals(company):
        runner.run_round(limit=1)
    kept = next(each for each in (company.runtime.settings.data / "files").rglob("*") if each.is_file())
    elsewhere = kept.rename(kept.with_suffix(".elsewhere"))
    write(company, BOB, "The lamp is dark")
    assert originals(company)[0] == ("quarantine", "It could not be read: NotFound: The file is no longer in the store.")
    assert [subject for subject, _texts in tickets(company)] == ["The lamp is dark"]
    elsewhere.rename(kept)
    with company.runtime.database.write() as session:
        original = session.scalars(sa.select(Original).order_by(Original.id).limit(1)).one()
        ctx = company.runtime.context("email", company.runtime.scope(session, original.form_id), session)
        parse_again(ctx, original)
    company.work()
    assert [subject for subject, _texts in tickets(company)] == ["The lamp is dark", "The till beeps"]


@pytest.mark.parametrize("by", ["signed id", "stored id", "subject"])
def test_an_answer_finds_its_ticket(company, by):
    first = write(company)
    ours = reply(company)
    fields = {"signed id": {"In_Reply_To": ours["Message-ID"]}, "stored id": {"References": first["Message-ID"]}, "subject": {}}[
        by
    ]
    subject = ours["Subject"] if by == "subject" else "Re: something else"
    write(company, subject=subject, text="It works.", **fields)
    assert tickets(company) == [("The till beeps", ["Twice.", "Restart it.", "It works."])]


def test_the_number_in_the_subject_opens_no_ticket_to_strangers(company):
    write(company)
    ours = reply(company)
    write(company, BOB, subject=ours["Subject"], text="Let me in.")
    assert [texts for _subject, texts in tickets(company)] == [["Twice.", "Restart it."], ["Let me in."]]


def test_a_stranger_who_answers_a_letter_of_ours_gets_a_ticket_of_their_own_linked_to_it(company):
    write(company)
    ours = reply(company)
    write(company, BOB, text="Ann asked me to write.", In_Reply_To=ours["Message-ID"])
    assert [texts for _subject, texts in tickets(company)] == [["Twice.", "Restart it."], ["Ann asked me to write."]]
    with company.runtime.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Link)) == 1


def test_who_was_copied_takes_part(company):
    write(company, Cc=BOB)
    ours = reply(company)
    write(company, BOB, text="I saw it, too.", In_Reply_To=ours["Message-ID"])
    assert tickets(company) == [("The till beeps", ["Twice.", "Restart it.", "I saw it, too."])]


@pytest.mark.parametrize("signed_for_another", ["pd.r.1.1.x.aaaaaaaaaaaaaaaaaaaaaaaa@desk.example", "pd.r.1.1@desk.example"])
def test_an_id_that_was_made_up_opens_nothing(company, signed_for_another):
    write(company)
    write(company, BOB, text="Let me in.", In_Reply_To=f"<{signed_for_another}>")
    assert len(tickets(company)) == 2


def test_a_letter_from_our_own_mailbox_waits_in_quarantine(company):
    write(company, f"Help <{HELP}>")
    assert (tickets(company), [state for state, _ in originals(company)]) == ([], ["quarantine"])


def test_a_letter_of_ours_that_comes_back_is_a_loop(company):
    write(company)
    company.mail.deliver(bytes(company.letters("ann@example.com")[0]), [HELP])
    look(company)
    assert (len(tickets(company)), [state for state, _ in originals(company)]) == (1, ["taken", "loop"])


def test_an_absence_note_to_our_letter_stays_on_its_ticket_and_reopens_nothing(company):
    write(company)
    ours = reply(company)
    write(company, text="I am away.", In_Reply_To=ours["Message-ID"], Auto_Submitted="auto-replied")
    with company.runtime.database.read() as session:
        said = company.messages_of(session, "ann@example.com")
        assert [message.kind for message in said] == ["human", "receipt", "human", "auto-reply"]
        assert company.ticket_of(session, "ann@example.com").customer_waits is False


def test_a_bounce_marks_the_message_as_failed(company):
    write(company)
    ours = reply(company)
    bounce = f"""From: MAILER-DAEMON@example.com\r
To: {HELP}\r
Subject: Undelivered Mail Returned to Sender\r
Message-ID: <bounce@example.com>\r
Auto-Submitted: auto-replied\r
Return-Path: <>\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r
\r
--b\r
Content-Type: text/plain\r
\r
It did not arrive.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.example.com\r
\r
Final-Recipient: rfc822; ann@example.com\r
Action: failed\r
Status: 5.1.1\r
Diagnostic-Code: smtp; 550 no such user\r
\r
--b\r
Content-Type: message/rfc822\r
\r
Message-ID: {ours["Message-ID"]}\r
Subject: {ours["Subject"]}\r
\r
Restart it.\r
--b--\r
"""
    company.mail.deliver(bounce.encode(), [HELP])
    look(company)
    with company.runtime.database.read() as session:
        failed = session.scalars(sa.select(Message).where(Message.direction == Direction.OUTGOING, Message.kind == "human")).one()
        assert failed.delivery is DeliveryState.FAILED
        assert "550 no such user" in (failed.delivery_error or "")
    assert [state for state, _ in originals(company)] == ["taken", "bounce"]


def test_the_eleventh_new_ticket_of_one_sender_in_ten_minutes_waits(company):
    for number in range(11):
        post(company.mail, letter(ANN, f"Number {number}", "Hello."))
    look(company)
    assert (len(tickets(company)), [state for state, _ in originals(company)][-1]) == (10, "quarantine")
    write(company, BOB)
    assert len(tickets(company)) == 11


def closed_for(company: Company, days: int) -> EmailMessage:
    """Ann's ticket, answered and closed so long ago; returns the answer she has."""
    from plugdesk.tickets.commands import change_status

    write(company)
    ours = reply(company)
    with company.runtime.database.write() as session:
        ticket = session.get_one(Ticket, 1)
        change_status(session, ticket, ticket.form.first_final_status(), by=None, quietly=True)
    company.later(days=days)
    return ours


def test_a_letter_to_a_ticket_closed_long_ago_opens_one_that_follows_it_and_takes_the_thread(company):
    ours = closed_for(company, 31)
    hers = write(company, subject="Re: The till beeps", text="It beeps again.", In_Reply_To=ours["Message-ID"], Cc=BOB)
    write(company, subject="Re: The till beeps", text="And again.", In_Reply_To=ours["Message-ID"])
    write(company, BOB, subject="Re: The till beeps", text="Here, too.", In_Reply_To=hers["Message-ID"])
    assert tickets(company) == [
        ("The till beeps", ["Twice.", "Restart it."]),
        ("The till beeps", ["It beeps again.", "And again.", "Here, too."]),
    ]
    with company.runtime.database.read() as session:
        assert session.get_one(Link, (1, 2)).kind == "follow_up"
        receipts = session.scalars(sa.select(Message.ticket_id).where(Message.kind == "receipt")).all()
        assert receipts == [1, 2]
    receipt = company.letters("ann@example.com")[-1].get_body(("plain",))
    assert receipt is not None
    assert "Its number is 2" in receipt.get_content()


def test_a_letter_within_the_days_of_its_form_opens_the_ticket_again(company):
    ours = closed_for(company, 29)
    write(company, text="It beeps again.", In_Reply_To=ours["Message-ID"])
    assert [texts for _subject, texts in tickets(company)] == [["Twice.", "Restart it.", "It beeps again."]]
    with company.runtime.database.read() as session:
        assert session.get_one(Ticket, 1).closed_at is None


def test_an_absence_note_to_a_ticket_closed_long_ago_opens_nothing(company):
    ours = closed_for(company, 31)
    write(company, text="I am away.", In_Reply_To=ours["Message-ID"], Auto_Submitted="auto-replied")
    with company.runtime.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Ticket)) == 1
        assert session.get_one(Ticket, 1).closed_at is not None


def test_letters_that_would_open_too_many_tickets_wait_even_where_each_follows_another(company):
    from plugdesk.forms.commands import change_behaviour
    from plugdesk.tickets.commands import change_status

    write(company)
    with company.runtime.database.write() as session:
        change_behaviour(session, session.get_one(Ticket, 1).form, {"reopen_days": 0}, by=None)
    for number in range(1, 12):
        with company.runtime.database.write() as session:
            ticket = session.scalars(sa.select(Ticket).order_by(Ticket.id.desc())).first()
            change_status(session, ticket, ticket.form.first_final_status(), by=None, quietly=True)
        write(company, subject=f"[#{ticket.id}] The till beeps", text=f"Again {number}")
    assert (len(tickets(company)), [state for state, _ in originals(company)][-1]) == (10, "quarantine")


def test_an_archived_forms_mailbox_is_not_read_and_says_so(company):
    from plugdesk.forms.models import Form

    with company.runtime.database.write() as session:
        form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
        form.archived_at = company.runtime.clock.now()
        mailbox = session.scalars(sa.select(Mailbox)).one()
        company.runtime.context("email", form, session).enqueue("poll", mailbox_id=mailbox.id)
    write(company)
    with company.runtime.database.read() as session:
        assert session.scalars(sa.select(Mailbox)).one().error == "The form is archived: its mailboxes are not read."
    assert originals(company) == []


def test_a_server_that_is_away_is_said_in_words_and_letters_come_when_it_is_back(make_company, clock):
    company = make_company(clock=clock)
    write(company)
    company.mail.stop()
    look(company)
    with company.runtime.database.read() as session:
        mailbox = session.scalars(sa.select(Mailbox)).one()
        assert mailbox.error == f"Nothing listens at 127.0.0.1:{company.mail.imap_port}. Check the port."
        assert mailbox.failing_since is not None
        assert not session.scalars(sa.select(Job).where(Job.state == JobState.PARKED)).all()
    company.mail.start()
    write(company, BOB)
    with company.runtime.database.read() as session:
        mailbox = session.scalars(sa.select(Mailbox)).one()
        assert (mailbox.error, mailbox.failing_since) == (None, None)
    assert len(tickets(company)) == 2


def test_a_mailbox_that_fails_is_looked_into_ever_less_often(make_company, clock):
    company = make_company(clock=clock)
    company.mail.stop()
    looks = []
    for _half_minute in range(240):
        look(company)
        with company.runtime.database.read() as session:
            looks.append(session.scalars(sa.select(Mailbox.polled_at)).one())
    rests = [(after - before).total_seconds() for before, after in pairwise(dict.fromkeys(looks)) if before]
    assert rests == sorted(rests)
    assert rests[0] <= 62
    assert 840 <= rests[-1] <= 960
    assert len(rests) < 20, "in two hours"
    with company.runtime.database.read() as session:
        form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
        (line,) = health_of.lines(company.runtime.context("email", form, session))
    assert line.state.startswith("not working, looked into again at ")
    company.mail.start()
    for _half_minute in range(32):
        look(company)
    with company.runtime.database.read() as session:
        assert session.scalars(sa.select(Mailbox.failing_since)).one() is None


def test_nothing_is_dropped_without_a_line_in_the_books(company):
    write(company)
    write(company, "noreply@example.com", "Your ticket", Auto_Submitted="auto-generated")
    assert originals(company)[1] == ("dismissed", "header Auto-Submitted: auto-generated")
    with company.runtime.database.read() as session:
        assert not session.scalars(sa.select(Event).where(Event.kind == "delivery_dropped")).all()
