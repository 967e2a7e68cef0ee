"""What a letter says: its people, ids, texts and files, however they are written."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from plugdesk_email.addresses import parse_addresses
from plugdesk_email.charsets import decode_bytes, decode_words
from plugdesk_email.headers import file_name, split_header
from plugdesk_email.htmltext import html_to_text
from plugdesk_email.letters import Address, Kind, as_json
from plugdesk_email.parse import parse_email

DATA = Path(__file__).parent / "data"


def letter(body: bytes | str = "Hello", **headers: str) -> bytes:
    fields = {"From": "Ann <ann@example.com>", "To": "support@example.org", "Subject": "Help", "Message_ID": "<1@example.com>"}
    lines = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in {**fields, **headers}.items() if value)
    return lines.encode() + b"\n" + (body.encode() if isinstance(body, str) else body)


def test_a_whole_letter_is_read() -> None:
    read = parse_email((DATA / "russian-alternative.eml").read_bytes())
    assert read.sender == Address("Анна Петрова", "anna@client.example")
    assert read.to == (Address("Поддержка", "support@shop.example"),)
    assert read.cc == (Address("Ivanov, Ivan", "ivan@client.example"),)
    assert read.subject == "Счёт и накладная по заказу №17"
    assert read.date == datetime(2026, 11, 2, 7, 20, 30, tzinfo=UTC)
    assert (read.message_id, read.in_reply_to) == ("a1b2c3@client.example", ("first@shop.example",))
    assert read.references == ("zero@client.example", "first@shop.example")
    assert (read.text, read.reply, read.signature) == ("Где заказ?\n\n-- \nАнна", "Где заказ?", "--\nАнна")
    assert read.html.startswith("<p>Где заказ?</p>")
    assert [(file.name, file.type, file.size, file.inline) for file in read.attachments] == [
        ("logo.png", "image/png", 8, True),
        ("Счёт №17.pdf", "application/pdf", 8, False),
        ("Завтект.txt", "text/plain", 5, False),
    ]
    assert (read.return_path, read.delivered_to) == ("anna@client.example", ("support@shop.example",))
    assert (read.kind, read.reason, read.problems) == (Kind.HUMAN, "", ())


def test_the_json_has_exactly_the_promised_keys() -> None:
    told = as_json(parse_email((DATA / "russian-alternative.eml").read_bytes()), "a.eml")
    assert list(told) == (
        [
            "file",
            "class",
            "from",
            "from_name",
            "reply_to",
            "to",
            "subject",
            "text",
            "reply",
            "signature",
            "has_html",
            "attachments",
            "message_id",
            "references",
            "failed",
            "problems",
        ]
    )
    assert told["attachments"][0] == {"name": "logo.png", "type": "image/png", "size": 8, "inline": True}
    assert (told["class"], told["from"], told["to"], told["has_html"]) == (
        "human",
        "anna@client.example",
        ["support@shop.example"],
        True,
    )


def test_raw_cyrillic_in_headers_is_read() -> None:
    read = parse_email((DATA / "raw-cp1251.eml").read_bytes())
    assert (read.sender.name, read.subject) == ("Анна Петрова", "Не работает личный кабинет")
    assert read.text == "Здравствуйте, не могу войти в личный кабинет со вчерашнего дня."


RUSSIAN = [
    "Добрый день! Не могу войти в личный кабинет.",
    "Где мой заказ?",
    "СРОЧНО! НЕ РАБОТАЕТ САЙТ",
    "Иванов Пётр Сергеевич",
    "счёт 17 на 1500 руб.",
    "Re: Ваш заказ отправлен",
    "привет",
]


@pytest.mark.parametrize("codec", ["cp1251", "koi8_r", "cp866", "utf-8"])
@pytest.mark.parametrize("text", RUSSIAN)
def test_russian_without_a_charset_is_recognised(text: str, codec: str) -> None:
    assert decode_bytes(text.encode(codec)) == text


@pytest.mark.parametrize("text", ["Grüße aus München", "Où est ma commande ? Ça tarde", "¿Dónde está mi pedido?", "Smörgåsbord"])
def test_western_letters_without_a_charset_are_recognised(text: str) -> None:
    assert decode_bytes(text.encode("latin-1"), "us-ascii") == text


@pytest.mark.parametrize(
    ("charset", "raw", "text"),
    [
        ("utf-8", "Привет".encode(), "Привет"),
        ("windows-1251", "Привет".encode("cp1251"), "Привет"),
        ("utf-8", "Привет, где заказ?".encode("cp1251"), "Привет, где заказ?"),
        ("us-ascii", "Grüße".encode(), "Grüße"),
        ("iso-8859-1", "Привет, где заказ?".encode("cp1251"), "Привет, где заказ?"),
        ("utf-8", "Привет всем".encode()[:-1], "Привет все\ufffd"),
        ("x-klingon", b"plain", "plain"),
        ("../../../etc/passwd", b"plain", "plain"),
        ("punycode", b"plain-", "plain-"),
        ("unicode_escape", rb"\u0041", r"\u0041"),
        ("base64", b"QUJD", "QUJD"),
        ("gb2312", "镕".encode("gb18030"), "镕"),
        ("iso-2022-jp", "日本".encode("iso2022_jp"), "日本"),
        ("", b"a\0b", "ab"),
        ("utf-16", "Grüße".encode("utf-16"), "Grüße"),
    ],
)
def test_bytes_are_read_by_what_they_are_more_than_by_what_they_claim(charset: str, raw: bytes, text: str) -> None:
    assert decode_bytes(raw, charset) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?Q?=D0=9F=D1=80?= =?utf-8?Q?=D0=B8?=", "При"),
        ("=?utf-8?Q?=D0=9F=D1?= =?utf-8?Q?=80=D0=B8?=", "При"),
        ("=?UTF-8?B?0J/RgNC4?=, =?UTF-8?B?0J/RgNC4?=", "При, При"),
        ("=?utf-8?Q?Hello world?= again", "Hello world again"),
        ("=?x-unknown?Q?caf=C3=A9?=", "café"),
        ("=?utf-8*ru?B?0J/RgNC4?=", "При"),
        ("=?utf-8?B?broken", "=?utf-8?B?broken"),
        ("=?utf-8?B?0J/RgNC4", "=?utf-8?B?0J/RgNC4"),
    ],
)
def test_encoded_words_are_read_also_when_broken(value: str, text: str) -> None:
    assert decode_words(value) == text


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        ("ann@example.com", [("", "ann@example.com")]),
        ("Ann <ANN@Example.COM.>", [("Ann", "ann@example.com")]),
        ('"Ivanov, Ivan" <i@x.ru>, b@x.ru', [("Ivanov, Ivan", "i@x.ru"), ("", "b@x.ru")]),
        ("ann@example.com (Ann (the boss))", [("Ann (the boss)", "ann@example.com")]),
        ('"boss@ourhelpdesk.example" <mallory@evil.example>', [("boss@ourhelpdesk.example", "mallory@evil.example")]),
        ("Undisclosed recipients:;", []),
        ("team: a@x.ru, b@x.ru;", [("", "a@x.ru"), ("", "b@x.ru")]),
        ("=?utf-8?B?0JDQvdC90LA=?= <anna@x.ru>", [("Анна", "anna@x.ru")]),
        ("=?utf-8?q?Ann=0D=0ABcc:_victim@x.example?= <ann@example.com>", [("Ann Bcc: victim@x.example", "ann@example.com")]),
        ("用户 <用户@例子.example>", [("用户", "用户@例子.example")]),
        ("Ann ann@example.com", [("Ann", "ann@example.com")]),
        ("<ann@example.com", [("", "ann@example.com")]),
        ("MAILER-DAEMON (Mail Delivery System)", []),
        ("", []),
        ("<>", []),
        ("a@x.ru, a@x.ru", [("", "a@x.ru")]),
    ],
)
def test_addresses_are_read(value: str, addresses: list[tuple[str, str]]) -> None:
    assert [(address.name, address.email) for address in parse_addresses(value)] == addresses


def test_a_letter_to_thousands_has_a_hundred_recipients() -> None:
    assert len(parse_email(letter(To=", ".join(f"u{number}@x.example" for number in range(2000)))).to) == 100


def test_a_letter_without_an_id_has_always_the_same_one() -> None:
    once, again = parse_email(letter(Message_ID="")), parse_email(letter(Message_ID="<>"))
    assert once.message_id == again.message_id
    assert once.message_id.endswith("@no-id.invalid")
    assert not once.has_own_id
    assert once.message_id != parse_email(letter("Other", Message_ID="")).message_id


def test_a_huge_id_is_replaced_by_its_hash_wherever_it_stands() -> None:
    huge = f"<{'a' * 5000}@example.com>".replace("a" * 5000, "a" * 1500)
    read = parse_email(letter(Message_ID=huge, References=huge))
    assert read.message_id == read.references[0]
    assert len(read.message_id) < 100


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../../../etc/cron.d/x", "x"),
        ("..\\..\\evil.exe", "evil.exe"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("\u200b.htaccess", ".htaccess"),
        ("a" * 400 + ".txt", "a" * 180 + ".txt"),
        ("a\r\nX: y.txt", "a X: y.txt"),
        ("..", ""),
        ("отчёт.pdf", "отчёт.pdf"),
    ],
)
def test_a_file_name_is_one_harmless_line(sent: str, shown: str) -> None:
    assert file_name(sent) == shown


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One<br>two</p><p>Three</p>", "One\ntwo\n\nThree"),
        ("<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>", "• a\n• b\n  • c"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        ('See <a href="https://x.example/a">here</a>.', "See here <https://x.example/a>."),
        ('<a href="https://x.example/">https://x.example</a>', "https://x.example"),
        ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
        ("<table><tr><td>Name</td><td>Ann</td></tr><tr><td>Age</td><td>7</td></tr></table>", "Name\tAnn\nAge\t7"),
        ("<blockquote>old<blockquote>older</blockquote></blockquote>new", "> old\n>\n> > older\n\nnew"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<style>p{}</style><script>x</script><title>t</title>Hello <b>there</b>", "Hello there"),
        ('<div style="display:none">preview</div>Hello', "Hello"),
        ("<p>Привет &amp; пока&nbsp;!</p>", "Привет & пока\xa0!"),
    ],
)
def test_html_becomes_text_with_its_lines(html: str, text: str) -> None:
    assert html_to_text(html) == text


def test_flowed_lines_are_paragraphs_again() -> None:
    read = parse_email(
        letter("This is one \nparagraph.\n-- \nAnn\n> quoted \n> line\n", Content_Type="text/plain; format=flowed")
    )
    assert read.text == "This is one paragraph.\n-- \nAnn\n> quoted line"


def test_text_around_a_file_stays_in_order() -> None:
    raw = letter(
        "--b\nContent-Type: text/plain\n\nabove\n--b\nContent-Type: image/png; name=p.png\n\nx\n--b\nContent-Type: text/html\n\n<p>below</p>\n--b--",
        Content_Type="multipart/mixed; boundary=b",
    )
    read = parse_email(raw)
    assert (read.text, [file.name for file in read.attachments]) == ("above\n\nbelow", ["p.png"])
    assert "above" in read.html


def test_a_forwarded_letter_is_a_file_named_by_its_subject() -> None:
    raw = letter("--b\nContent-Type: message/rfc822\n\nSubject: Old one\n\nhi\n--b--", Content_Type="multipart/mixed; boundary=b")
    assert [(file.name, file.type) for file in parse_email(raw).attachments] == [("Old one.eml", "message/rfc822")]


def test_a_badly_folded_field_does_not_end_the_header() -> None:
    raw = b"Content-Type: text/plain;\ncharset=utf-8\nSubject: x\n\nbody"
    headers, body = split_header(raw)
    assert (headers.content_type(), headers.text("Subject")) == (("text/plain", {"charset": "utf-8"}), "x")
    assert raw[body:] == b"body"


def test_a_letter_without_the_empty_line_keeps_its_text() -> None:
    assert parse_email(b"From: a@x.ru\nSubject: x\nHello, where is it?\nBye").text == "Hello, where is it?\nBye"


@pytest.mark.parametrize("ends", [b"\r\n", b"\r", b"\n"])
def test_every_kind_of_line_end_is_read(ends: bytes) -> None:
    read = parse_email(letter("one\ntwo").replace(b"\n", ends))
    assert (read.subject, read.text) == ("Help", "one\ntwo")


@pytest.mark.parametrize(
    "date", ["yesterday at noon", "Mon, 02 Nov 99999 10:00:00 +0000", "Mon, 02 Nov 2026 10:00:00 +9999", "", "0"]
)
def test_a_date_that_makes_no_sense_is_no_date_or_an_aware_one(date: str) -> None:
    read = parse_email(letter(Date=date)).date
    assert read is None or read.tzinfo is not None
