"""Letters of ours, read again as others read them."""

import email
import json
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from typing import Any

import pytest

from plugdesk_email.compose import OutgoingFile, compose_letter
from plugdesk_email.letters import Address, Kind
from plugdesk_email.parse import parse_email

NOW = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
ANN = Address("Ann", "ann@example.com")


def compose(**changes: Any) -> EmailMessage:
    fields = {
        "sender": Address("Поддержка «Рога и копыта»", "support@shop.example"),
        "to": [ANN],
        "subject": "Re: Заказ",
        "message_id": "1@shop.example",
        "date": NOW,
        "text": "Здравствуйте!",
    }
    return compose_letter(**{**fields, **changes})


def sent(letter: EmailMessage) -> EmailMessage:
    return email.message_from_bytes(bytes(letter), policy=policy.default)


def test_a_letter_is_read_as_it_was_written() -> None:
    letter = compose(
        cc=[Address("Иван", "ivan@x.ru")],
        html="<p>Здравствуйте!</p>",
        in_reply_to="a@example.com",
        references=["z@example.com", "a@example.com"],
        files=[OutgoingFile("Счёт №17.pdf", "application/pdf", b"%PDF")],
    )
    read = parse_email(bytes(letter))
    assert (read.sender.name, read.sender.email) == ("Поддержка «Рога и копыта»", "support@shop.example")
    assert (read.to, read.cc) == ((ANN,), (Address("Иван", "ivan@x.ru"),))
    assert (read.subject, read.text, read.html.strip()) == ("Re: Заказ", "Здравствуйте!", "<p>Здравствуйте!</p>")
    assert (read.message_id, read.in_reply_to, read.references) == (
        "1@shop.example",
        ("a@example.com",),
        ("z@example.com", "a@example.com"),
    )
    assert [(file.name, file.type, file.content) for file in read.attachments] == [("Счёт №17.pdf", "application/pdf", b"%PDF")]
    assert (read.date, read.kind) == (NOW, Kind.HUMAN)


def test_every_line_of_a_letter_is_short_ascii_and_ends_in_crlf() -> None:
    letter = compose(
        subject="Ответ на обращение " * 20,
        text="слово " * 3000 + "x" * 3000,
        html="<p>" + "y" * 5000 + "</p>",
        references=[f"{'r' * 150}{number}@example.com" for number in range(21)],
        files=[OutgoingFile("Очень длинное название файла, " * 6 + ".pdf", "application/pdf", b"%" * 5000)],
        to=[Address(f"Получатель {number}", f"a{number}@x.ru") for number in range(40)],
    )
    raw = bytes(letter)
    assert raw.isascii()
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 200
    assert len(parse_email(raw).references) == 21


def test_pictures_stand_beside_the_html_and_files_last() -> None:
    picture = OutgoingFile("logo.png", "image/png", b"png", "logo@shop.example")
    letter = compose(html='<img src="cid:logo@shop.example">', files=[OutgoingFile("a.txt", "text/plain", b"a"), picture])
    shape = [part.get_content_type() for part in sent(letter).walk()]
    assert shape == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "text/plain",
    ]
    assert [(file.name, file.inline) for file in parse_email(bytes(letter)).attachments] == [("logo.png", True), ("a.txt", False)]


def test_a_letter_with_only_html_has_a_text_too() -> None:
    assert parse_email(bytes(compose(text="", html="<p>Hello</p><ul><li>a</li></ul>"))).text == "Hello\n\n• a"


@pytest.mark.parametrize(
    "evil",
    [
        "\r\nBcc: victim@x.example",
        "\nBcc: victim@x.example",
        "\rBcc: v@x.example",
        "\0\r\n\r\nbody",
        "\u2028Bcc: v@x.example",
        "\x85Bcc: v@x",
    ],
)
def test_nothing_gets_into_the_header(evil: str) -> None:
    honest = sent(compose(files=[OutgoingFile("a.txt", "text/plain", b"a")], in_reply_to="a@b", instance="desk"))
    letter = sent(
        compose(
            subject=f"Hello{evil}",
            sender=Address(f"Support{evil}", "support@shop.example"),
            to=[Address(f"Ann{evil}", "ann@example.com")],
            message_id=f"1@shop.example{evil}",
            in_reply_to=f"a@b{evil}",
            instance=f"desk{evil}",
            files=[OutgoingFile(f"a{evil}.txt", f"text/plain{evil}", b"a", f"cid{evil}")],
        )
    )
    assert letter.keys() == honest.keys()
    assert [part.keys() for part in letter.walk()] == [part.keys() for part in honest.walk()]
    assert letter["Bcc"] is None


@pytest.mark.parametrize(
    "address", ["ann@example.com\r\nBcc: v@x.example", "ann", "", "a b@x.ru", "a@x.ru, b@x.ru", "<a@x.ru>", "a@x.ru\0", "@x.ru"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="Not an address"):
        compose(to=[Address("Ann", address)])


def test_names_from_blns_do_no_harm(corpora: Any) -> None:
    honest = compose(files=[OutgoingFile("a", "text/plain", b"x")]).keys()
    for text in json.loads((corpora / "blns/blns.json").read_text("utf-8")):
        letter = compose(
            subject=text, sender=Address(text, "support@shop.example"), text=text, files=[OutgoingFile(text, text, b"x")]
        )
        assert sent(letter).keys() == honest


def test_automatic_letters_say_so_and_answers_of_people_do_not() -> None:
    assert (compose()["Auto-Submitted"], compose()["X-Auto-Response-Suppress"]) == (None, None)
    receipt = compose(auto="auto-replied", instance="desk1")
    assert (receipt["Auto-Submitted"], receipt["X-Auto-Response-Suppress"], receipt["X-Plugdesk-Loop"]) == (
        "auto-replied",
        "All",
        "desk1",
    )
    assert parse_email(bytes(receipt)).kind is Kind.AUTO_REPLY
    assert parse_email(bytes(receipt), instance="desk1").kind is Kind.LOOP


def test_a_cyrillic_domain_is_written_for_every_server() -> None:
    assert b"support@xn--e1afmkfd.xn--p1ai" in bytes(compose(sender=Address("", "support@пример.рф")))


def test_a_file_cannot_pretend_to_be_the_letter() -> None:
    letter = sent(compose(files=[OutgoingFile("a", "multipart/mixed", b"--x"), OutgoingFile("b", "message/rfc822", b"From: x")]))
    assert [part.get_content_type() for part in letter.iter_attachments()] == ["application/octet-stream"] * 2


def test_a_letter_needs_a_time_zone_and_a_known_kind() -> None:
    with pytest.raises(ValueError, match="time zone"):
        compose(date=NOW.replace(tzinfo=None))
    with pytest.raises(ValueError, match="automatic"):
        compose(auto="yes\r\nBcc: x")
