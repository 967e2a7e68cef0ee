"""Files from outside: taken within limits, kept under our own names, given back so that nothing in them runs (F1, F2)."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import EnvironBuilder, run_wsgi_app

from plugdesk.storage import SMALL
from plugdesk.tickets.models import Attachment
from tests.security.world import PICTURE, World

pytestmark = pytest.mark.one_database

SCRIPT = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>"
LIES = [
    ("shot.svg", "image/svg+xml", SCRIPT),
    ("page.html", "text/html", b"<script>alert(1)</script>"),
    ("page.html", "image/png", b"<script>alert(1)</script>"),
    ("shot.png", "image/png", b"<html><script>alert(1)</script>"),
    ("shot.png", "text/html", SCRIPT),
    ("a.xhtml", "application/xhtml+xml", b"<html xmlns='http://www.w3.org/1999/xhtml'><script>alert(1)</script></html>"),
    ("x.js", "text/javascript", b"alert(1)"),
    ("x.pdf", "application/pdf", b"%PDF-1.7 /JavaScript"),
    ("x", "text/html; charset=utf-7", b"+ADw-script+AD4-"),
]
NAMES = [
    ".htaccess", "\u200b.htaccess", ".user.ini", "shell.phtml", "shell.phar", "../../../../etc/passwd", "..\\..\\boot.ini", "/etc/passwd", "C:\\boot.ini",
    "con.txt", 'a"; filename="evil.exe', "a\r\nSet-Cookie: a=b.txt", "nul\0.png", "\u202egnp.exe", "<img src=x onerror=alert(1)>.png", "%2e%2e%2fpasswd", "п" * 300 + ".txt",
]  # fmt: skip


def upload(world: World, name: str, content: bytes, type_: str = "application/octet-stream", role: str = "agent") -> Any:
    return send(world, role, "/uploads", {"file": (io.BytesIO(content), name, type_)})


def send(world: World, role: str, path: str, body: dict[str, Any]) -> Any:
    answer = world.browser(role).post(path, data=body, content_type="multipart/form-data")
    answer.request.environ["wsgi.input"].close()  # the client keeps a large body in a file
    return answer


@pytest.mark.parametrize(("name", "claimed", "content"), LIES)
def test_whatever_a_file_claims_to_be_nothing_in_it_runs(world: World, name: str, claimed: str, content: bytes) -> None:
    key = upload(world, name, content, claimed).get_json()["key"]
    answer = world.ask("agent", "GET", f"/files/{key}")
    assert answer.get_data() == content
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_a_file_that_is_gone_from_the_disk_is_named_and_who_can_help(world: World) -> None:
    content = b"x" * (SMALL + 1)
    key = upload(world, "report.txt", content, "text/plain").get_json()["key"]
    world.runtime.files.delete(hashlib.sha256(content).hexdigest())
    answer = world.ask("agent", "GET", f"/files/{key}")
    assert answer.status_code == 404
    assert "The file report.txt is missing on the desk's disk. Tell your administrator." in unescape(
        answer.get_data(as_text=True)
    )


def test_a_picture_of_dots_is_shown_and_sandboxed(world: World) -> None:
    key = upload(world, "shot.exe", PICTURE, "text/html").get_json()["key"]
    answer = world.ask("agent", "GET", f"/files/{key}")
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Disposition"].startswith("inline; ")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize("name", NAMES)
def test_a_name_reaches_neither_the_disk_nor_the_head_of_an_answer(world: World, name: str) -> None:
    answer = upload(world, name, b"<?php evil(); ?>")
    if answer.status_code != 201:
        assert answer.status_code in (400, 422)
        return
    download = world.ask("agent", "GET", f"/files/{answer.get_json()['key']}")
    disposition = download.headers["Content-Disposition"]
    assert disposition.count('"') == 2
    assert disposition.isascii()
    assert "Set-Cookie" not in download.headers or "a=b" not in download.headers["Set-Cookie"]
    shown = answer.get_json()["name"]
    assert not shown.startswith(".")
    assert not any(sign in shown for sign in '/\\<>"\0\r\n\u200b\u202e')
    stored = [
        path.name
        for path in world.runtime.settings.data.rglob("*")
        if path.is_file() and path.parent.parent.parent.name == "files"
    ]
    assert all(len(each) == 64 and set(each) <= set("0123456789abcdef") for each in stored)


def test_a_file_larger_than_allowed_is_refused_and_leaves_nothing(world: World) -> None:
    object.__setattr__(world.runtime.settings, "max_upload_mb", 1)
    before = world.dump()
    assert upload(world, "big.bin", b"x" * (1024 * 1024 + 1)).status_code == 422
    assert world.dump() == before
    reply = {"text": "With a file", "files": (io.BytesIO(b"x" * (1024 * 1024 + 1)), "big.bin")}
    path = world.path("/tickets/<int:number>/replies")
    assert send(world, "agent", path, reply).status_code == 422
    assert world.dump() == before


def test_a_body_is_measured_before_it_is_read(world: World) -> None:
    """The server would wait for what never comes if it read on."""
    read = []

    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            read.append(len(buffer))
            return len(buffer)

    environ = EnvironBuilder(
        "/uploads", "https://desk.example", method="POST", content_type="multipart/form-data; boundary=x"
    ).get_environ()
    _body, status, _head = run_wsgi_app(world.app, environ | {"CONTENT_LENGTH": str(10**10), "wsgi.input": Endless()})
    assert status.startswith("413")
    assert sum(read) < 1_000_000


def test_too_many_parts_and_files_are_refused(world: World) -> None:
    parts = {f"part{number}": "x" for number in range(600)}
    assert world.browser("agent").post("/uploads", data=parts, content_type="multipart/form-data").status_code == 413
    keys = [upload(world, f"{number}.txt", b"x").get_json()["key"] for number in range(51)]
    before = world.dump()
    answer = world.ask("agent", "POST", world.path("/tickets/<int:number>/replies"), {"text": "Many", "attachment": keys})
    assert answer.status_code == 422
    assert world.dump() == before


@pytest.mark.parametrize("path", ["replies", "notes"])
def test_a_key_of_anothers_upload_attaches_nothing(world: World, path: str) -> None:
    """Also with the key of a file that hangs on a message already: it would move there."""
    for key in (world.things["upload"], world.things["key"], world.things["secret"], "guess", "../secret", "%"):
        before = world.dump()
        body = {"text": "Here", "attachment": key}
        answer = world.ask("form_admin", "POST", world.path(f"/tickets/<int:number>/{path}"), body)
        assert answer.status_code == 404
        assert world.dump() == before
        assert "Here" in answer.get_data(as_text=True)


TRAVERSALS = [
    "../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/etc/passwd",
    "....//etc/passwd",
    "..\\..\\boot.ini",
    "%00",
    "/etc/passwd",
    "file:///etc/passwd",
]


@pytest.mark.parametrize("evil", TRAVERSALS)
def test_no_parameter_is_a_path(world: World, evil: str) -> None:
    with_files = (
        "/files/{}",
        "/static/dev/{}",
        "/static/{}/css/base.css",
        "/static/x/button/1/{}",
        "/static/x/{}/1/css/base.css",
        "/forms/support/x/email/quarantine/{}/letter.eml",
    )
    for rule in with_files:
        answer = world.ask("admin", "GET", rule.format(evil))
        assert b"root:" not in answer.get_data()
        if rule != "/static/{}/css/base.css":
            assert answer.status_code in (308, 400, 404), rule


def archives() -> Iterator[tuple[str, bytes]]:
    for name, entries in (("slip.zip", [("../../evil.txt", b"evil")]), ("bomb.zip", [("zeros", b"\0" * 50_000_000)])):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for entry, content in entries:
                archive.writestr(entry, content)
        yield name, made.getvalue()


def test_an_archive_is_never_unpacked_and_a_picture_never_decoded(world: World) -> None:
    """A PNG of four gigapixels, a zip that leaves its folder, one that swells: all are bytes to keep and to give back."""
    pixels = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (65_535).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"
    for name, content in [*archives(), ("huge.png", pixels)]:
        key = upload(world, name, content).get_json()["key"]
        assert world.ask("agent", "GET", f"/files/{key}").get_data() == content
    names = {path.name for path in world.runtime.settings.data.rglob("*")}
    assert not names & {"evil.txt", "zeros"}
    assert world.session.scalar(sa.select(sa.func.max(Attachment.size))) < 1_000_000
