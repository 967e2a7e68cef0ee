"""The local mail servers, used through the clients people use: imapclient and smtplib."""

from __future__ import annotations

import asyncio
import gc
import imaplib
import smtplib
import socket
import ssl
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
import trustme
from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from plugdesk.testing import local_mail
from plugdesk.testing.local_mail import Delivered, LocalMail
from tests.support.processes import until

SUPPORT, PASSWORD = "support@example.com", "a password"
LETTER = b"From: ann@example.org\r\nSubject: Help\r\n\r\nThe till is dead.\r\n.\r\n..two dots\r\n"


@pytest.fixture
def mail() -> Iterator[LocalMail]:
    with LocalMail() as mail:
        mail.add_mailbox(SUPPORT, PASSWORD)
        yield mail


@pytest.fixture
def imap(mail: LocalMail) -> Iterator[IMAPClient]:
    with IMAPClient(mail.host, mail.imap_port, ssl=False, timeout=5) as client:
        client.login(SUPPORT, PASSWORD)
        client.select_folder("INBOX")
        yield client


@pytest.fixture
def smtp(mail: LocalMail) -> Iterator[smtplib.SMTP]:
    client = smtplib.SMTP(mail.host, mail.smtp_port, timeout=5)
    client.ehlo("customer.example")
    yield client
    client.close()


def test_a_letter_reaches_every_local_recipient_of_the_envelope_and_the_others_are_kept(
    mail: LocalMail, smtp: smtplib.SMTP
) -> None:
    mail.add_mailbox("billing@shop.example", "another")
    smtp.sendmail("ann@example.org", ["Support@Example.com", "billing@shop.example", "bob@example.net"], LETTER)
    assert [letter.endswith(LETTER) for letter in mail.letters(SUPPORT)] == [True]
    assert mail.letters("billing@shop.example") == mail.letters(SUPPORT)
    assert mail.outgoing == [Delivered("ann@example.org", ("bob@example.net",), LETTER)]


def test_a_letter_that_came_by_smtp_says_who_sent_it(mail: LocalMail, smtp: smtplib.SMTP) -> None:
    smtp.sendmail("", [SUPPORT], LETTER)
    assert mail.letters(SUPPORT)[0].startswith(b"Return-Path: <>\r\nReceived: from customer.example by localhost; ")


@pytest.mark.parametrize(
    "raw",
    [
        LETTER,
        b"",
        b"no headers at all",
        b"Subject: x\n\nonly line feeds\n",
        b"Subject: \xcf\xf0\xe8\r\n\r\n\xff\x00\xfe",
        b"Subject: long\r\n\r\n" + b"x" * 200_000,
        b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n",
    ],
    ids=["ordinary", "empty", "headless", "unix lines", "8 bits", "long line", "broken multipart"],
)
def test_imap_hands_a_letter_out_byte_for_byte(mail: LocalMail, imap: IMAPClient, raw: bytes) -> None:
    mail.deliver(raw, [SUPPORT])
    (uid,) = _new(imap)
    assert imap.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"] == raw


def test_imap_finds_new_letters_by_uid_and_keeps_what_was_seen(mail: LocalMail, imap: IMAPClient) -> None:
    for number in range(3):
        mail.deliver(b"Subject: %d\r\n\r\n" % number, [SUPPORT])
    first, second, third = _new(imap)
    imap.add_flags([first], [b"\\Seen"])
    assert imap.search(["UID", f"{second}:*"]) == [second, third]
    assert imap.search("UNSEEN") == [second, third]
    assert imap.fetch([second], ["ENVELOPE"])[second][b"ENVELOPE"].subject == b"1"


def test_a_client_may_ask_for_very_many_uids_at_once(imap: IMAPClient) -> None:
    assert imap.fetch(range(1, 60_000, 2), ["FLAGS"]) == {}


def test_uids_stay_valid_while_the_server_lives(mail: LocalMail, imap: IMAPClient) -> None:
    validity = imap.select_folder("INBOX")[b"UIDVALIDITY"]
    mail.deliver(LETTER, [SUPPORT])
    assert imap.select_folder("INBOX")[b"UIDVALIDITY"] == validity


def test_a_client_appends_and_moves(mail: LocalMail, imap: IMAPClient) -> None:
    imap.create_folder("Архив")
    imap.append("INBOX", LETTER)
    imap.move(imap.search(), "Архив")
    assert (mail.letters(SUPPORT), mail.letters(SUPPORT, "Архив")) == ([], [LETTER])


def test_idle_tells_of_every_letter_of_a_flood(mail: LocalMail, imap: IMAPClient) -> None:
    imap.idle()
    for _ in range(40):
        mail.deliver(LETTER, [SUPPORT])
    told: set[int] = set()

    def all_told() -> bool:
        told.update(answer[0] for answer in imap.idle_check(timeout=0.5) if answer[1] == b"EXISTS")
        return 40 in told

    until(all_told)
    imap.idle_done()


def test_a_wrong_password_is_refused_by_both_servers(mail: LocalMail, smtp: smtplib.SMTP) -> None:
    with IMAPClient(mail.host, mail.imap_port, ssl=False) as client, pytest.raises(LoginError):
        client.login(SUPPORT, "wrong")
    with pytest.raises(smtplib.SMTPAuthenticationError) as refusal:
        smtp.login(SUPPORT, "wrong")
    assert refusal.value.smtp_code == 535


def test_a_right_password_is_accepted_by_smtp_and_a_changed_one_counts_at_once(mail: LocalMail, smtp: smtplib.SMTP) -> None:
    mail.add_mailbox(SUPPORT, "new")
    assert smtp.login(SUPPORT, "new")[0] == 235


def test_the_next_recipient_can_be_refused_while_the_rest_get_the_letter(mail: LocalMail, smtp: smtplib.SMTP) -> None:
    mail.refuse_next(550, "5.1.1 No such user")
    refused = smtp.sendmail("ann@example.org", ["gone@example.com", SUPPORT], LETTER)
    assert refused == {"gone@example.com": (550, b"5.1.1 No such user")}
    assert len(mail.letters(SUPPORT)) == 1


def test_a_letter_can_be_refused_once_after_its_last_byte(mail: LocalMail, smtp: smtplib.SMTP) -> None:
    mail.refuse_next(451, "4.3.0 Try later", at="data")
    with pytest.raises(smtplib.SMTPDataError):
        smtp.sendmail("ann@example.org", [SUPPORT], LETTER)
    assert mail.letters(SUPPORT) == []
    smtp.sendmail("ann@example.org", [SUPPORT], LETTER)
    assert len(mail.letters(SUPPORT)) == 1


@pytest.mark.parametrize("keep", [True, False], ids=["delivered", "lost"])
def test_a_connection_broken_after_the_data_leaves_the_sender_in_doubt(mail: LocalMail, smtp: smtplib.SMTP, keep: bool) -> None:
    mail.drop_after_data(keep=keep)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        smtp.sendmail("ann@example.org", [SUPPORT], LETTER)
    assert len(mail.letters(SUPPORT)) == keep


def test_a_letter_over_the_limit_is_refused_with_552() -> None:
    with LocalMail(size_limit=1000) as mail, smtplib.SMTP(mail.host, mail.smtp_port) as client:
        client.ehlo()
        assert client.esmtp_features["size"] == "1000"
        client.mail("ann@example.org")
        client.rcpt(SUPPORT)
        assert client.data(LETTER * 100)[0] == 552


def test_a_slow_server_keeps_clients_waiting(mail: LocalMail) -> None:
    mail.delay(30)
    for port in (mail.imap_port, mail.smtp_port):
        with socket.create_connection((mail.host, port), timeout=0.1) as client, pytest.raises(TimeoutError):
            client.recv(1)


def test_dropped_connections_end_and_new_ones_are_taken(mail: LocalMail, imap: IMAPClient, smtp: smtplib.SMTP) -> None:
    mail.drop_connections()
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        smtp.sendmail("ann@example.org", [SUPPORT], LETTER)
    with pytest.raises((IMAPClient.AbortError, ConnectionResetError)):
        imap.noop()
    with smtplib.SMTP(mail.host, mail.smtp_port) as client:
        client.sendmail("ann@example.org", [SUPPORT], LETTER)


@pytest.mark.parametrize("starttls", [False, True], ids=["from the first byte", "STARTTLS"])
def test_both_servers_speak_tls(starttls: bool) -> None:
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(client)
    with LocalMail(tls=server, starttls=starttls) as mail:
        mail.add_mailbox(SUPPORT, PASSWORD)
        imap = IMAPClient(mail.host, mail.imap_port, ssl=not starttls, ssl_context=client, timeout=5)
        smtp = (
            smtplib.SMTP(mail.host, mail.smtp_port) if starttls else smtplib.SMTP_SSL(mail.host, mail.smtp_port, context=client)
        )
        with imap, smtp:
            if starttls:
                imap.starttls(client)
                smtp.starttls(context=client)
            smtp.login(SUPPORT, PASSWORD)
            smtp.sendmail(SUPPORT, [SUPPORT], LETTER)
            imap.login(SUPPORT, PASSWORD)
            assert imap.select_folder("INBOX")[b"EXISTS"] == 1


def test_letters_stay_readable_after_the_server_stopped_and_it_starts_again(mail: LocalMail) -> None:
    mail.deliver(LETTER, [SUPPORT])
    mail.stop()
    mail.stop()
    assert mail.letters(SUPPORT) == [LETTER]
    with pytest.raises(RuntimeError, match="Start the mail server first"):
        mail.deliver(LETTER, [SUPPORT])
    mail.start()
    mail.deliver(LETTER, [SUPPORT])
    assert len(mail.letters(SUPPORT)) == 2


def test_a_taken_port_is_told_to_the_caller(mail: LocalMail) -> None:
    with pytest.raises(OSError, match="address already in use"):
        LocalMail(smtp_port=mail.smtp_port).start()


def test_it_stops_though_clients_are_connected(mail: LocalMail, imap: IMAPClient) -> None:
    imap.idle()
    mail.stop()
    with pytest.raises((imaplib.IMAP4.abort, OSError)):
        imap.idle_done()


def test_who_comes_in_the_moment_it_stops_is_not_left_open(mail: LocalMail) -> None:
    """An accepted connection that nobody closed is a ResourceWarning in whatever test comes when it is collected."""
    for _time in range(30):
        knocking = [
            socket.create_connection((mail.host, port)) for port in (mail.imap_port, mail.smtp_port) for _each in range(5)
        ]
        mail.stop()
        for each in knocking:
            each.close()
        mail.start()
    gc.collect()


def test_only_the_latest_outgoing_letters_are_kept(mail: LocalMail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_mail, "KEPT_OUTGOING", 2)
    for number in range(5):
        mail.deliver(b"%d" % number, ["bob@example.net"])
    assert [letter.raw for letter in mail.outgoing] == [b"3", b"4"]


def test_a_letter_made_by_the_standard_library_passes_both_ways(mail: LocalMail, imap: IMAPClient) -> None:
    letter = EmailMessage(policy=policy.SMTP)
    letter["Subject"], letter["To"] = "Касса не печатает", SUPPORT
    letter.set_content("Здравствуйте!")
    letter.add_attachment(b"\x00\x01", maintype="application", subtype="octet-stream", filename="чек.bin")
    with smtplib.SMTP(mail.host, mail.smtp_port) as client:
        client.send_message(letter, from_addr="ann@example.org")
    (uid,) = _new(imap)
    fetched = message_from_bytes(imap.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"], policy=policy.default)
    body = fetched.get_body()
    assert body and (fetched["Subject"], body.get_content().strip()) == ("Касса не печатает", "Здравствуйте!")
    assert [part.get_filename() for part in fetched.iter_attachments()] == ["чек.bin"]
    assert imap.fetch([uid], ["BODYSTRUCTURE"])[uid][b"BODYSTRUCTURE"].is_multipart


def test_the_servers_leave_the_loop_of_their_caller_alone(mail: LocalMail) -> None:
    async def talk() -> int:
        reader, writer = await asyncio.open_connection(mail.host, mail.smtp_port)
        greeting = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return int(greeting[:3])

    assert asyncio.run(talk()) == 220


def _new(imap: IMAPClient) -> list[int]:
    imap.noop()  # a server may tell of new letters only at the end of a command, and this one does
    return list(imap.search())
