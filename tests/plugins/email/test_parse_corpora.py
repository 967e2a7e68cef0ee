"""Everything other projects test with, and our own nasty letters: nothing raises, everything ends in time."""

import base64
import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from plugdesk_email.parse import parse_email
from tests.support.patience import must_end

SETS = {
    "torture": "mails/*.eml",
    "stalwart-mail-parser": "eml/**/*.eml",
    "ruby-mail": "emails/**/*.eml",
    "sisimai-set-of-emails": "maildir/*/*",
    "flufl-bounce": "tests/data/*.txt",
    "mimekit": "[mp]*/*.*",
    "cpython-email": "msg_*.txt",
    "talon": "**/*.eml",
}


@pytest.mark.parametrize("name", SETS)
def test_no_letter_of_the_world_raises(corpora: Path, name: str) -> None:
    files = [path for path in sorted((corpora / name).glob(SETS[name])) if path.is_file()]
    assert files
    for path in files:
        with must_end():
            letter = parse_email(path.read_bytes())
        for text in (letter.subject, letter.text, letter.reply, letter.html, letter.sender.name):
            text.encode("utf-8")
            assert "\0" not in text, path.name
        assert letter.message_id
        assert "\n" not in f"{letter.subject}{letter.sender.name}{letter.message_id}"


def test_torture_says_what_is_expected(corpora: Path) -> None:
    folder = corpora / "torture" / "mails"
    for name, expected in json.loads((folder / "expected.json").read_text("utf-8"))["mails"].items():
        with must_end():
            letter = parse_email((folder / f"{name}.eml").read_bytes())
        if "body_contains" in expected:
            assert expected["body_contains"] in letter.text, name
        if "attachments" in expected:
            assert len(letter.attachments) == expected["attachments"], name
        if expected["group"] == "auto" and not name.startswith(("auto-subject", "auto-self")):
            assert letter.kind in ("auto-reply", "bulk", "loop", "bounce"), name
        if expected["group"] == "bounce":
            assert letter.kind == "bounce", name
        if expected["group"] not in ("auto", "bounce") and name != "from-daemon":
            assert letter.kind == "human", name
        for file in letter.attachments:
            assert "/" not in file.name, name
            assert "\\" not in file.name, name
            assert file.name.isprintable(), name


@pytest.mark.parametrize(
    ("name", "fact", "value"),
    [
        ("from-missing", "sender.email", ""),
        ("from-two", "sender.email", "a@example.com"),
        ("from-at-in-name", "sender.email", "mallory@evil.example"),
        ("from-eai", "sender.email", "用户@例子.example"),
        ("from-dots", "sender.email", "ann@example.com"),
        ("from-case", "sender.email", "ann@example.com"),
        ("subj-missing", "subject", ""),
        ("subj-re-5000", "subject", "x"),
        ("subj-spaces", "subject", "a b"),
        ("subj-rtl", "subject", "gnp.exe"),
        ("cs-8bit-header", "subject", "Grüße"),
        ("cs-8bit-header", "sender.name", "Jörg"),
        ("cs-nul", "text", "beforeafter"),
        ("cs-utf7", "text", "Grüße <script>alert(1)</script>"),
        ("b64-broken", "text", "Hello world"),
        ("no-boundary", "text", "text"),
        ("unterminated", "text", "Hello, see the fil"),
        ("same-boundary-nested", "text", "Hello, see the file."),
        ("quoted-50k", "reply", "Thanks!"),
        ("cr-only", "text", "Hello, my order is broken."),
        ("dsn-delayed", "permanent", False),
        ("dsn-delayed", "action", "delayed"),
        ("dsn", "permanent", True),
        ("dsn", "delivery_status", "5.1.1"),
        ("dsn", "failed", ("ann@example.com",)),
    ],
)
def test_a_nasty_letter_says(corpora: Path, name: str, fact: str, value: Any) -> None:
    found: Any = parse_email((corpora / "torture" / "mails" / f"{name}.eml").read_bytes())
    for part in fact.split("."):
        found = getattr(found, part)
    assert found == value


def _multipart(parts: int) -> bytes:
    return b"Content-Type: multipart/mixed; boundary=B\n\n" + b"".join(b"--B\n\np%d\n" % n for n in range(parts)) + b"--B--\n"


def _deep(depth: int) -> bytes:
    return b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(depth)) + b"\ndeep\n"


BOMBS = {
    "10,000 parts": lambda: _multipart(10_000),
    "10,000 levels": lambda: _deep(10_000),
    "a header of 10 MB": lambda: b"From: a@x.ru\nX-Long: " + b"a" * 10_000_000 + b"\nSubject: s\n\nHello",
    "a million headers": lambda: b"X: y\n" * 1_000_000 + b"\nHello",
    "HTML of 10 MB": lambda: b"Content-Type: text/html\n\n" + b"<p>word</p>" * 900_000,
    "HTML 100,000 levels deep": lambda: b"Content-Type: text/html\n\n" + b"<div>" * 100_000 + b"x",
    "blockquotes 20,000 deep": lambda: b"Content-Type: text/html\n\n" + b"<blockquote>x" * 20_000,
    "text of 20 MB": lambda: b"\n" + b"Hello > world\n" * 1_500_000,
    "a million addresses": lambda: b"To: " + b"a@x.ru," * 140_000 + b"\n\nHello",
    "brackets as address": lambda: b"From: " + b"<(" * 40_000 + b"\n\nHello",
    "encoded words without end": lambda: b"Subject: " + b"=?utf-8?b?" * 9_000 + b"\n\nHello",
    "parameters without end": lambda: b"Content-Type: text/plain;" + b' a*1*="' * 9_000 + b"\n\nHello",
    "boundaries in one line": lambda: b"Content-Type: multipart/mixed; boundary=B\n\n" + b"--B" * 1_000_000,
    "lines like attributions": lambda: b"\n" + b"On 1.1.2026, Ann <a@x.ru> wrote\n" * 30_000,
    "lines like headers": lambda: b"\n" + b"From: a\nx\n" * 50_000,
    "a report of 10 MB": lambda: b"From: mailer-daemon@x.ru\nSubject: failure\n\n" + b"to a@b.c 550 user unknown\n" * 400_000,
    "dots and ats": lambda: b"From: mailer-daemon@x.ru\nSubject: failure\n\n" + b"a.@" * 200_000,
    "spaces before a line's end": lambda: b"\n" + b" " * 500_000 + b"x \n",
    "carriage returns in a header": lambda: b"Subject: a" + b"\r" * 99_000 + b"b\n\nHello",
    "prefixes of a subject": lambda: b"Subject: " + b"r:" * 49_000 + b"\n\nHello",
    "quoted lines of a report": lambda: b"From: mailer-daemon@x.ru\nSubject: failure\n\n" + b">\n" * 50_000 + b"550 user unknown",
    "blank lines of a report": lambda: (
        b"From: mailer-daemon@x.ru\nSubject: failure\n\n" + b"to \n \n" * 20_000 + b"550 user unknown"
    ),
    "spaces": lambda: b"Subject: Undeliverable\nReturn-Path: <>\n\n" + b"message " + b" " * 500_000 + b"x",
}


@pytest.mark.parametrize("make", BOMBS.values(), ids=BOMBS)
def test_a_bomb_goes_off_quietly(make: Any) -> None:
    raw = make()
    with must_end():
        parse_email(raw)


def test_a_letter_of_thirty_megabytes_costs_a_few_times_its_size() -> None:
    content = os.urandom(22_000_000)
    raw = b"Content-Type: multipart/mixed; boundary=B\n\n--B\n\nsee the file\n--B\nContent-Type: application/x\nContent-Transfer-Encoding: base64\n\n"
    raw += base64.encodebytes(content) + b"--B--\n"
    tracemalloc.start()
    letter = parse_email(raw)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert letter.attachments[0].content == content
    assert letter.text == "see the file"
    assert peak < 3 * len(raw)


def test_what_is_left_out_is_told() -> None:
    assert any("more than 500 parts" in problem for problem in parse_email(_multipart(600)).problems)
    assert any("too long" in problem for problem in parse_email(b"\n" + b"Hello\n" * 400_000).problems)
