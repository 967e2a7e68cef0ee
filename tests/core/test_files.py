import email
import email.policy
import io
import os

import pytest
from werkzeug.http import parse_options_header

from plugdesk.errors import Invalid, NotFound
from plugdesk.files import FileStore, content_disposition, safe_name, shown_inline, sniff_type
from tests.conftest import CORPORA

HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


@pytest.fixture
def store(tmp_path):
    return FileStore(tmp_path / "files")


def files_of(store):
    return sorted(path.name for path in store._root.rglob("*") if path.is_file())


def test_what_is_saved_is_read_again(store):
    stored = store.save(b"hello")
    assert (stored.sha256, stored.size) == (HELLO, 5)
    with store.open(HELLO) as file:
        assert file.read() == b"hello"
    assert store.exists(HELLO) and store.verify(HELLO)


def test_the_same_content_is_there_once(store):
    assert store.save(io.BytesIO(b"hello"), max_bytes=5) == store.save(b"hello")
    assert files_of(store) == [HELLO]


def test_too_large_a_file_leaves_nothing_behind(store):
    endless = io.BufferedReader(type("Zeros", (io.RawIOBase,), {"readable": lambda _s: True, "readinto": lambda _s, b: len(b)})())
    with pytest.raises(Invalid, match=r"too large: 3 MB are allowed"):
        store.save(endless, max_bytes=3_000_000)
    with pytest.raises(Invalid):
        store.save(b"hello", max_bytes=4)
    assert files_of(store) == []


def test_an_interrupted_write_leaves_nothing_behind(store):
    class Broken(io.RawIOBase):
        def read(self, size=-1):
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store.save(Broken())
    assert files_of(store) == []


def test_what_a_killed_process_left_is_swept_up(store):
    store.save(b"hello")
    (store._drafts / "left").write_bytes(b"half")
    os.utime(store._drafts / "left", (100, 100))
    assert store.delete_drafts(before=50) == 0
    assert store.delete_drafts(before=200) == 1
    assert files_of(store) == [HELLO]


def test_a_deleted_file_is_gone_and_can_be_deleted_again(store):
    store.save(b"hello")
    store.delete(HELLO)
    store.delete(HELLO)
    assert not store.exists(HELLO) and not store.verify(HELLO)
    with pytest.raises(NotFound, match="no longer in the store"):
        store.open(HELLO)


def test_altered_content_is_noticed(store):
    store.save(b"hello")
    store._path(HELLO).write_bytes(b"hullo")
    assert not store.verify(HELLO)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "x" * 64, HELLO.upper(), HELLO + "\n", "/etc/passwd", f"{HELLO}/.."])
def test_only_hashes_name_files(store, name):
    for call in (store.open, store.exists, store.delete, store.verify):
        with pytest.raises(NotFound):
            call(name)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("Счёт №5 за май.pdf", "Счёт №5 за май.pdf"),
        ("и\u0306од.txt", "йод.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\счёт.docx", "счёт.docx"),
        ("a\uff0fb.txt", "b.txt"),
        ("..\uff3c..\uff3cb.txt", "b.txt"),
        (".htaccess", "htaccess"),
        ("\u200b.htaccess", "htaccess"),
        (".\u200b.htaccess", "htaccess"),
        ("\uff0ehtaccess", "htaccess"),
        (".user.ini", "user.ini"),
        ("evil\u202efdp.exe", "evilfdp.exe"),
        ("a\0b.txt", "ab.txt"),
        ("a\r\nSet-Cookie: x.txt", "a Set-Cookie_ x.txt"),
        ("a\u2028b", "a b"),
        ("  a  b .txt", "a b.txt"),
        ("name.txt. . .", "name.txt"),
        ('<b onload="x">.png', "_b onload=_x__.png"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("com1.log", "_com1.log"),
        ("console.log", "console.log"),
        ("", "file"),
        ("...", "file"),
        ("/", "file"),
        ("\u200b", "file"),
        ("a/", "a"),
        ("\ud800.txt", "txt"),
        ("$(reboot).sh", "$(reboot).sh"),
    ],
)
def test_a_name_from_outside_becomes_one_that_deceives_nobody(name, safe):
    assert safe_name(name) == safe
    assert safe_name(safe) == safe


def test_a_long_name_keeps_its_extension():
    assert safe_name("ж" * 500 + ".docx") == "ж" * 87 + ".docx"
    assert safe_name("x." + "y" * 500) == "x." + "y" * 178
    assert len(safe_name("x" * 10**6)) == 180


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("report.pdf", "attachment; filename=\"report.pdf\"; filename*=UTF-8''report.pdf"),
        ("Счёт.pdf", "attachment; filename=\"file.pdf\"; filename*=UTF-8''%D0%A1%D1%87%D1%91%D1%82.pdf"),
        ("café; x.txt", "attachment; filename=\"cafe_ x.txt\"; filename*=UTF-8''caf%C3%A9%3B%20x.txt"),
        ('a"\r\nX: y.txt', "attachment; filename=\"a_ X_ y.txt\"; filename*=UTF-8''a_%20X_%20y.txt"),
    ],
)
def test_a_download_carries_its_name(name, value):
    assert content_disposition(name) == value
    assert content_disposition(name, inline=True) == value.replace("attachment", "inline", 1)


@pytest.mark.parametrize("name", ["Счёт №5.pdf", "a'b%20(c).txt", "日本.txt", "x\u202ey.exe"])
def test_the_name_of_a_download_is_read_back(name):
    # Werkzeug, as browsers do, takes the last word: filename* overrules filename.
    plain = content_disposition(name).replace("filename=", "ascii=")
    assert parse_options_header(plain)[1]["filename"] == safe_name(name)


PNG, ZIP, OLE = b"\x89PNG\r\n\x1a\n\0\0", b"PK\x03\x04\x14\0", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0"


@pytest.mark.parametrize(
    ("name", "head", "claimed", "kind"),
    [
        ("a.png", PNG, None, "image/png"),
        ("a.html", PNG, "text/html", "image/png"),
        ("a.jpg", b"\xff\xd8\xff\xe0", None, "image/jpeg"),
        ("a.webp", b"RIFF\0\0\0\0WEBPVP8 ", None, "image/webp"),
        ("a.wav", b"RIFF\0\0\0\0WAVE", None, "audio/wav"),
        ("a.docx", ZIP, None, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.zip", ZIP, None, "application/zip"),
        ("a.png", ZIP, "image/png", "application/zip"),
        ("a.doc", OLE, None, "application/msword"),
        ("a.bin", OLE, None, "application/octet-stream"),
        ("a.png", b"MZ\x90\0", "image/png", "application/vnd.microsoft.portable-executable"),
        ("a.pdf", b"%PDF-1.7", None, "application/pdf"),
        ("a.mp4", b"\0\0\0\x20ftypisom", None, "video/mp4"),
        ("a.png", b"not a picture", "image/png", "text/plain"),
        ("a.csv", b"a;b", "text/html", "text/csv"),
        ("a.txt", "Привет".encode(), None, "text/plain"),
        ("a.txt", "Привет".encode("cp1251"), None, "text/plain"),
        ("a.txt", "Привет".encode("utf-16"), None, "text/plain"),
        ("a.png", b"<html><script>x", "image/png", "text/html"),
        ("a.txt", b"  \n<!DOCTYPE html>", "text/plain", "text/html"),
        ("a.txt", "<html>".encode("utf-16"), "text/plain", "text/html"),
        ("a.txt", b"hello <SCRIPT >alert(1)", "text/plain", "text/html"),
        ("a.png", b"<svg onload=x>", "image/png", "image/svg+xml"),
        ("a.xml", b"<?xml version='1.0'?><svg>", None, "image/svg+xml"),
        ("a.xml", b"<?xml version='1.0'?><r/>", None, "application/xml"),
        ("a.html", b"plain", None, "text/html"),
        ("a.svg", b"plain", None, "image/svg+xml"),
        ("a", b"\0\1\2", "image/png", "application/octet-stream"),
        ("a.png", b"\0\1\2", None, "application/octet-stream"),
        ("a.opus", b"\0\1\2", "audio/opus; x=y", "audio/opus"),
        ("a", b"\0\1", "text/html", "application/octet-stream"),
        ("a.txt", b"", None, "text/plain"),
        ("a.eml", b"From: a\n\n<html>", None, "message/rfc822"),
    ],
)
def test_a_type_is_what_the_bytes_say(name, head, claimed, kind):
    assert sniff_type(name, head, claimed) == kind


def test_only_pictures_of_dots_are_shown_in_the_page():
    assert all(shown_inline(f"image/{kind}") for kind in ("png", "jpeg", "gif", "webp"))
    assert not any(
        map(shown_inline, ["image/svg+xml", "text/html", "application/pdf", "text/plain", "image/png; x", "IMAGE/PNG", ""])
    )


@pytest.mark.needs("corpora")
def test_no_attachment_of_the_torture_letters_has_a_dangerous_name_or_is_shown_as_html():
    seen = 0
    for path in sorted((CORPORA / "torture/mails").glob("f*.eml")):
        for part in email.message_from_bytes(path.read_bytes(), policy=email.policy.compat32).walk():
            if (name := part.get_filename()) is None:
                continue
            seen += 1
            safe = safe_name(str(email.header.make_header(email.header.decode_header(name))))
            content = bytes(part.get_payload(decode=True) or b"")
            assert (
                not set(safe) & set('/\\<>:"|?*\r\n\0\u202e\u200b') and not safe.startswith(".") and 0 < len(safe.encode()) <= 180
            )
            if b"<script" in content or b"<svg" in content:
                assert not shown_inline(sniff_type(safe, content[:512], part.get_content_type()))
    assert seen >= 10
