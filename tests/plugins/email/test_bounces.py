"""Reports of mail servers, and customers' letters that only sound like them."""

import json
from collections import Counter
from pathlib import Path

import pytest

from plugdesk_email.letters import Kind, Report
from plugdesk_email.parse import parse_email


def report(*recipients: str, original: str = "Message-ID: <ours@shop.example>\nTo: ann@example.com\n") -> bytes:
    fields = "\n\n".join(recipients)
    return (
        "From: MAILER-DAEMON@mx.example\nTo: support@shop.example\nSubject: Undelivered Mail Returned to Sender\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n--b\n\nSorry.\n\n--b\n'
        f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n{fields}\n\n--b\n"
        f"Content-Type: text/rfc822-headers\n\n{original}\n--b--\n"
    ).encode()


def test_a_standard_report_says_who_why_and_which_letter() -> None:
    read = parse_email(
        report(
            "Final-Recipient: rfc822; Ann@Example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such mailbox"
        )
    )
    assert (read.kind, read.report, read.action) == (Kind.BOUNCE, Report.DELIVERY, "failed")
    assert (read.failed, read.permanent, read.delivery_status) == (("ann@example.com",), True, "5.1.1")
    assert read.diagnostic == "550 5.1.1 no such mailbox"
    assert read.original_message_id == "ours@shop.example"


@pytest.mark.parametrize(
    ("fields", "action", "permanent"),
    [
        ("Final-Recipient: rfc822; ann@example.com\nAction: delayed\nStatus: 4.4.1", "delayed", False),
        ("Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 4.2.2", "failed", False),
        ("Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.2.2", "failed", True),
        ("Final-Recipient: rfc822; ann@example.com\nAction: failed (bad)\nStatus: 5.0.0 (no)", "failed", True),
    ],
)
def test_only_a_final_failure_is_permanent(fields: str, action: str, permanent: bool) -> None:
    read = parse_email(report(fields))
    assert (read.failed, read.action, read.permanent) == (("ann@example.com",), action, permanent)


def test_a_report_of_success_names_nobody_as_failed() -> None:
    read = parse_email(report("Final-Recipient: rfc822; ann@example.com\nAction: delivered\nStatus: 2.0.0"))
    assert (read.kind, read.failed, read.permanent, read.action) == (Kind.BOUNCE, (), False, "delivered")


def test_of_several_recipients_only_the_failed_are_named() -> None:
    read = parse_email(
        report(
            "Final-Recipient: rfc822; a@x.example\nAction: delivered\nStatus: 2.0.0",
            "Final-Recipient: rfc822; b@x.example\nAction: failed\nStatus: 5.1.1",
            "Final-Recipient: rfc822; c@x.example\nAction: delayed\nStatus: 4.1.1",
        )
    )
    assert (read.failed, read.action, read.delivery_status) == (("b@x.example",), "failed", "5.1.1")


def test_the_address_we_wrote_to_counts_and_not_where_it_was_forwarded() -> None:
    read = parse_email(
        report(
            "Original-Recipient: rfc822;ann@example.com\nFinal-Recipient: rfc822;ann@private.example\nAction: failed\nStatus: 5.1.1"
        )
    )
    assert read.failed == ("ann@example.com",)


def test_a_read_receipt_is_automatic_and_no_bounce() -> None:
    raw = b"From: ann@example.com\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\nRead.\n--b\n"
    raw += b"Content-Type: message/disposition-notification\n\nOriginal-Message-ID: <ours@shop.example>\nDisposition: manual-action/MDN-sent-manually; displayed\n--b--"
    read = parse_email(raw)
    assert (read.kind, read.report, read.failed, read.original_message_id) == (
        Kind.AUTO_REPLY,
        Report.READ,
        (),
        "ours@shop.example",
    )


def test_a_complaint_about_spam_is_told_apart() -> None:
    raw = b"From: fbl@provider.example\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nSpam.\n--b\n"
    raw += b"Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nOriginal-Rcpt-To: ann@example.com\n--b--"
    read = parse_email(raw)
    assert (read.kind, read.report, read.failed, read.permanent) == (Kind.BOUNCE, Report.COMPLAINT, ("ann@example.com",), False)


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Delivery failed", "The courier could not deliver my parcel to the address. Call me.\n\nAnn\nann@example.com"),
        ("Ошибка доставки", "Курьер не доставил заказ. Адрес верный: Москва.\n\nАнна\nann@example.com"),
        ("Error when I log in", "It says: user unknown. What shall I do?\nann@example.com"),
        ("Re: Undelivered Mail Returned to Sender", "I got this, what does it mean? 550 5.1.1 user unknown"),
        ("Returned goods", "I returned the box to you, the mail said it was not found at your address."),
        ("Возврат", "Прошу вернуть деньги за заказ 17. Почта: ann@example.com"),
        ("Warning", "Your mail server does not exist, I wrote to sales@shop.example twice."),
    ],
)
def test_a_customer_who_writes_about_deliveries_is_a_person(subject: str, body: str) -> None:
    raw = f"From: Ann <ann@example.com>\nTo: support@shop.example\nSubject: {subject}\n\n{body}".encode()
    assert parse_email(raw).kind is Kind.HUMAN


def test_reports_of_eighty_kinds_of_servers_are_recognised(corpora: Path) -> None:
    kinds: Counter[str] = Counter()
    found = 0
    for path in sorted((corpora / "sisimai-set-of-emails/maildir/bsd").iterdir()):
        read = parse_email(path.read_bytes())
        kinds[read.kind.value] += 1
        found += bool(read.failed)
    assert sum(kinds.values()) == 629
    automatic = kinds["bounce"] + kinds["auto-reply"]
    assert automatic >= 623, f"{automatic} of 629 are known as automatic; the floor of others is 613"
    assert kinds["human"] <= 2, f"{kinds['human']} of 629 would open an ordinary ticket"
    assert found >= 613, f"the failed address is found in {found} of 629; the floor of others is 501"


@pytest.mark.parametrize("folder", ["dos", "mac", "tmp"])
def test_line_ends_change_nothing(corpora: Path, folder: str) -> None:
    for path in (corpora / "sisimai-set-of-emails/maildir" / folder).iterdir():
        assert parse_email(path.read_bytes()).kind in (Kind.BOUNCE, Kind.AUTO_REPLY), path.name


def test_letters_that_are_no_reports_stay_letters(corpora: Path) -> None:
    for path in (corpora / "sisimai-set-of-emails/maildir/not").glob("is-not-bounce-*"):
        assert parse_email(path.read_bytes()).kind is Kind.HUMAN, path.name


def test_the_failed_addresses_are_those_named(corpora: Path) -> None:
    folder = corpora / "flufl-bounce"
    exact, recognised, wrong_action = 0, 0, []
    for name, expected in json.loads((folder / "expected.json").read_text("utf-8"))["mails"].items():
        read = parse_email((folder / "tests/data" / name).read_bytes())
        exact += set(read.failed) == {address.lower() for address in expected["addresses"]}
        recognised += read.kind in (Kind.BOUNCE, Kind.AUTO_REPLY) or not expected["addresses"]
        if (read.action == "delayed") is not expected["temporary"]:
            wrong_action.append(name)
    assert recognised == 115, f"{recognised} of 115 are recognised"
    assert exact >= 114, f"the addresses of {exact} of 115 are exact"
    assert wrong_action == []
