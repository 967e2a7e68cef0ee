"""Letters no person wrote, and why they are taken for that."""

from typing import Any

import pytest

from plugdesk_email.letters import Kind
from plugdesk_email.parse import parse_email
from plugdesk_email.threading import make_message_id

KEY = b"k" * 32
OWN: dict[str, Any] = {"instance": "desk1", "key": KEY, "own_addresses": frozenset({"support@shop.example"})}


def letter(
    *headers: str, sender: str = "Ann <ann@example.com>", subject: str = "Help", body: str = "Where is my order?"
) -> bytes:
    lines = [
        f"From: {sender}",
        "To: support@shop.example",
        f"Subject: {subject}",
        "Date: Mon, 2 Nov 2026 10:00:00 +0000",
        *headers,
    ]
    return "\n".join([*lines, "", body]).encode()


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ([], Kind.HUMAN),
        (["Auto-Submitted: no"], Kind.HUMAN),
        (["Auto-Submitted: No; comment"], Kind.HUMAN),
        (["Auto-Submitted:"], Kind.HUMAN),
        (["Auto-Submitted: auto-replied"], Kind.AUTO_REPLY),
        (["Auto-Submitted: auto-replied; owner-email=a@x.ru"], Kind.AUTO_REPLY),
        (["Auto-Submitted: auto-generated (failure)"], Kind.AUTO_REPLY),
        (["Auto-Submitted: auto-notified"], Kind.AUTO_REPLY),
        (["Precedence: auto_reply"], Kind.AUTO_REPLY),
        (["X-Precedence: auto_reply"], Kind.AUTO_REPLY),
        (["X-Autoreply: yes"], Kind.AUTO_REPLY),
        (["X-Autoreply: no"], Kind.HUMAN),
        (["X-Autorespond: vacation"], Kind.AUTO_REPLY),
        (["X-Auto-Response-Suppress: All", "X-MS-Exchange-Inbox-Rules-Loop: a@x.ru"], Kind.AUTO_REPLY),
        (["Delivered-To: autoresponder"], Kind.AUTO_REPLY),
        (["Return-Path: <>"], Kind.AUTO_REPLY),
        (["X-Auto-Response-Suppress: OOF"], Kind.HUMAN),
        (["X-Auto-Response-Suppress: DR, RN, NRN, OOF"], Kind.HUMAN),
        (["X-Auto-Response-Suppress: All"], Kind.BULK),
        (["X-Auto-Response-Suppress: DR, AutoReply"], Kind.BULK),
        (["Precedence: bulk"], Kind.BULK),
        (["Precedence: list"], Kind.BULK),
        (["Precedence: junk"], Kind.BULK),
        (["Precedence: first-class"], Kind.HUMAN),
        (["List-Id: <news.example.com>"], Kind.BULK),
        (["List-Unsubscribe: <mailto:u@x.ru>"], Kind.BULK),
        (["Feedback-ID: a:b:c"], Kind.BULK),
        (["List-Id: <news.example.com>", "Auto-Submitted: auto-generated"], Kind.AUTO_REPLY),
        (["X-Plugdesk-Loop: desk1"], Kind.LOOP),
        (["X-Plugdesk-Loop: another"], Kind.HUMAN),
        (["X-Loop: support@shop.example"], Kind.LOOP),
        (["X-Loop: other@lists.example"], Kind.BULK),
        (["X-Plugdesk-Ticket: 1", "X-Zammad-Ticket-Id: 2"], Kind.HUMAN),
    ],
    ids=lambda value: "; ".join(value) if isinstance(value, list) else str(value),
)
def test_headers_tell_the_kind(headers: list[str], kind: Kind) -> None:
    read = parse_email(letter(*headers), **OWN)
    assert read.kind is kind
    assert bool(read.reason) is (kind is not Kind.HUMAN)


def test_the_reason_names_the_header_and_its_value() -> None:
    assert parse_email(letter("Auto-Submitted: auto-replied")).reason == "header Auto-Submitted: auto-replied"


@pytest.mark.parametrize(
    ("sender", "kind"),
    [
        ("no-reply@shop.example", Kind.BULK),
        ("Shop <donotreply@shop.example>", Kind.BULK),
        ("noreply-orders@shop.example", Kind.BULK),
        ("Nora Replyson <nora@example.com>", Kind.HUMAN),
        ("robotics@example.com", Kind.HUMAN),
        ("MAILER-DAEMON@example.com", Kind.BOUNCE),
        ("Postmaster <postmaster@example.com>", Kind.BOUNCE),
    ],
)
def test_the_sender_tells_the_kind(sender: str, kind: Kind) -> None:
    body = "Your message could not be delivered to <a@b.example>" if kind is Kind.BOUNCE else "Hello"
    assert parse_email(letter(sender=sender, body=body), **OWN).kind is kind


def test_our_own_mailbox_as_the_sender_is_a_loop_but_no_proof() -> None:
    read = parse_email(letter(sender="Support <SUPPORT@shop.example>"), **OWN)
    assert (read.kind, read.own_loop) == (Kind.LOOP, False)


def test_a_letter_with_an_id_signed_by_us_came_back() -> None:
    own_id = make_message_id(7, 3, "desk1", KEY, "shop.example")
    read = parse_email(letter(f"Message-ID: <{own_id}>"), **OWN)
    assert (read.kind, read.own_loop) == (Kind.LOOP, True)
    forged = own_id.replace(".3.", ".4.")
    assert parse_email(letter(f"Message-ID: <{forged}>"), **OWN).kind is Kind.HUMAN


@pytest.mark.parametrize(
    "subject", ["Automatic reply: Order", "Автоматический ответ: Заказ", "Автоответ: в отпуске", "Out of office: back Monday"]
)
def test_an_absence_note_is_known_by_its_subject_only_as_an_answer(subject: str) -> None:
    assert parse_email(letter("In-Reply-To: <1@shop.example>", subject=subject)).kind is Kind.AUTO_REPLY
    assert parse_email(letter(subject=subject)).kind is Kind.HUMAN


@pytest.mark.parametrize(
    "subject", ["Re: Automatic reply: Order", "Automatic reply machine is broken", "Автоответчик не работает"]
)
def test_a_person_may_write_about_absence_notes(subject: str) -> None:
    assert parse_email(letter("In-Reply-To: <1@shop.example>", subject=subject)).kind is Kind.HUMAN
