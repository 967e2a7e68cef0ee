"""The main job, from the first letter to the rating, against the desk as it is run and real mail servers.

Once with everything in one process on SQLite, once with PostgreSQL, workers of RQ and Dovecot; both times with a plugin by
somebody else beside the desk's own.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from plugdesk.events import Event
from plugdesk.jobs import Job
from plugdesk.tickets.models import DeliveryState, Direction, Message
from plugdesk_csat.models import Rating
from plugdesk_email.models import Mailbox
from tests.journeys.mail_programs import PROGRAMS
from tests.support.company import AGENT, FORM_ADMIN, Company, letter, post
from tests.support.dovecot import Dovecot
from tests.support.processes import free_port, let_time_pass, until
from tests.support.served import Processes, Visitor

ANN = "Ann Smith <ann@example.com>"
ANN_ADDRESS = "ann@example.com"
SUBJECT = "Чек печатается дважды"
FORECAST = f"Rain over {SUBJECT}"


@dataclass
class World:
    """A company whose desk is served at two addresses by processes of their own; `write` is how customers' letters arrive."""

    company: Company
    addresses: list[str]
    write: Callable[[EmailMessage], None]

    def visit(self, email: str, *, at: int = 0) -> Visitor:
        visitor = Visitor(self.addresses[at])
        visitor.sign_in(email)
        return visitor

    def messages(self) -> list[Message]:
        with self.company.runtime.database.read() as session:
            return self.company.messages_of(session, ANN_ADDRESS)

    def letters(self) -> list[EmailMessage]:
        """What Ann has received."""
        return self.company.letters(ANN_ADDRESS)


@pytest.fixture
def alone(company_on: Callable[..., Company], processes: Callable[..., Processes], installed: Path) -> World:
    """SQLite; one process serves and works, a second one serves only; LocalMail is the mail server."""
    port = free_port()
    company = company_on("sqlite", base_url=f"http://127.0.0.1:{port}")
    started = processes(company.runtime.settings, installed)
    assert "weather" in started.run("migrate")
    addresses = [started.serve(port=port, worker_threads=1), started.serve()]
    started.wait(*addresses)
    return World(company, addresses, lambda made: post(company.mail, made))


@pytest.fixture
def apart(
    company_on: Callable[..., Company], redis_url: str, dovecot: Dovecot, authority_file: Path,
    processes: Callable[..., Processes], installed: Path,
) -> Iterator[World]:  # fmt: skip
    """PostgreSQL; two processes serve, two more are RQ's workers; letters are fetched from Dovecot over TLS."""
    port, box = free_port(), dovecot.mailbox()
    settings: dict[str, Any] = {"redis_url": redis_url, "ca_file": str(authority_file), "base_url": f"http://127.0.0.1:{port}"}
    company = company_on("postgres", set_up=False, **settings)
    # The mailbox's own SMTP server takes any login of its own users; this one knows the desk's address.
    company.mail.add_mailbox(box.address, box.password)
    account = {"login": box.address, "imap_host": box.host, "imap_port": box.tls_port, "imap_security": "tls"}
    company.set_up(account=account | {"password": box.password})
    started = processes(company.runtime.settings, installed)
    assert "weather" in started.run("migrate")
    addresses = [started.serve(port=port), started.serve()]
    started.work()
    started.work()
    started.wait(*addresses)

    def write(made: EmailMessage) -> None:
        from imapclient import IMAPClient

        with IMAPClient(box.host, box.port, ssl=False, timeout=5) as client:
            client.login(box.address, box.password)
            client.append("INBOX", bytes(made))

    yield World(company, addresses, write)
    started.end()  # before its database goes


def test_on_sqlite_with_the_embedded_worker(alone: World) -> None:
    the_main_job(alone, wait_for_the_undo=True)


@pytest.mark.needs("postgres", "redis", "dovecot")
def test_on_postgresql_with_workers_of_rq_and_dovecot(apart: World) -> None:
    the_main_job(apart, wait_for_the_undo=False)


def the_main_job(world: World, *, wait_for_the_undo: bool) -> None:
    """Every step of it, in the order people take them."""
    ivan, petra = world.visit(AGENT), world.visit(FORM_ADMIN, at=1)
    a_strangers_plugin_is_switched_on(petra)
    number = a_letter_shows_in_the_list(world, ivan)
    the_customer_gets_a_receipt(world)
    what_it_knows_stands_on_the_ticket_and_in_the_list(world, ivan, number)
    ivan.submit(ivan.get(f"/tickets/{number}"), "/acceptance")
    an_answer_leaves(world, ivan, number, "Please restart it.", wait=wait_for_the_undo)
    what_customers_answer_is_added(world, ivan, number)
    links = the_closing_notice_invites(world, ivan, number)
    the_customer_rates(world, links[5])
    only_who_configures_the_form_sees_it(ivan, petra, number)
    switched_off_it_is_gone_at_once(world, petra, number, links[5])
    so_is_the_strangers_plugin(world, petra, number)


def a_strangers_plugin_is_switched_on(petra: Visitor) -> None:
    """With the settings it asks for; its public page is there from then on."""
    assert "Weather" in petra.get("/extensions").text
    petra.get("/p/support/weather/", status=404)
    page = petra.get("/extensions/weather/forms/support")
    petra.submit(page, "/forms/support/activation", {"set_key": "a key of nobody", "set_place": "Riga"})
    assert "Riga" in petra.get("/p/support/weather/").text


def what_it_knows_stands_on_the_ticket_and_in_the_list(world: World, who: Visitor, number: int) -> None:
    until(lambda: FORECAST in who.get(f"/tickets/{number}").said("#side"), what=lambda: "its panel")
    assert FORECAST in who.get("/views/new").text


def so_is_the_strangers_plugin(world: World, petra: Visitor, number: int) -> None:
    """In every process; on again, it knows what it knew."""
    everywhere = [petra, world.visit(FORM_ADMIN, at=0)]
    for on in (False, True):
        act = "activation" if on else "deactivation"
        petra.submit(petra.get("/extensions/weather/forms/support"), f"/forms/support/{act}")
        for each in everywhere:
            each.get("/p/support/weather/", status=200 if on else 404)
            assert (FORECAST in each.get(f"/tickets/{number}").text) is on
            assert (FORECAST in each.get("/views/done").text) is on


def a_letter_shows_in_the_list(world: World, ivan: Visitor) -> int:
    """In the open list of an agent, with the next question or the one after it that the open page asks, once a second."""
    until(lambda: is_read(world), what=lambda: "the mailbox is read")
    opened = ivan.get("/views/new")
    assert SUBJECT not in opened.text
    since = opened.one("body").attributes["data-since"]
    world.write(letter(ANN, SUBJECT, "Здравствуйте!\n\nОн печатает каждый чек дважды.\n\nАнна"))
    ends, asked = time.monotonic() + 60, [datetime.now(UTC)]
    while (answer := ivan.http.get("/live/changes", params={"since": since})).status_code == 204:
        assert time.monotonic() < ends
        let_time_pass(1, because="open pages ask once a second")
        asked.append(datetime.now(UTC))
    assert answer.json()["changed"]["list"]
    row = ivan.get("/views/new").one("tr[data-row]")
    assert SUBJECT in row.text()
    with world.company.runtime.database.read() as session:
        opened_at = session.scalars(sa.select(Event.at).where(Event.kind == "ticket_opened")).one()
        assert len([each for each in asked if each > opened_at]) <= 2  # between being written and committed one may be asked
        return world.company.ticket_of(session, ANN_ADDRESS).number


def is_read(world: World) -> bool:
    with world.company.runtime.database.read() as session:
        return session.scalar(sa.select(Mailbox.succeeded_at)) is not None


def the_customer_gets_a_receipt(world: World) -> None:
    until(lambda: len(world.letters()) == 1, what=lambda: "the receipt")
    receipt = world.letters()[0]
    with world.company.runtime.database.read() as session:
        number = world.company.ticket_of(session, ANN_ADDRESS).number
    assert receipt["Auto-Submitted"] == "auto-replied"
    assert SUBJECT in receipt["Subject"]
    assert f"[#{number}]" in receipt["Subject"]
    assert "печатает" not in receipt.as_string()


def an_answer_leaves(world: World, ivan: Visitor, number: int, words: str, *, wait: bool) -> None:
    """After the ten seconds in which it can be taken back, as a well-formed letter with its file."""
    before = len(world.letters())
    page = ivan.get(f"/tickets/{number}")
    files = {"files": ("manual.txt", b"Press the red button.", "text/plain")}
    sent = ivan.submit(page, "/replies", {"html": f"<p>Hello Ann,</p><p><b>{words}</b></p>"}, files=files)
    assert re.search(r"leaves in \d+ seconds", sent.text), sent.said()
    if wait:
        nothing_leaves_while_it_can_be_taken_back(world, before)
    else:
        leave_now(world)
    until(lambda: len(world.letters()) > before, what=lambda: "the answer")
    answer = world.letters()[-1]
    plain, html = answer.get_body(("plain",)), answer.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert words in plain.get_content()
    assert f"<b>{words}</b>" in html.get_content()
    assert "Ivan Petrov" in answer["From"]
    assert [(each.get_filename(), each.get_content().strip()) for each in answer.iter_attachments()] == [
        ("manual.txt", "Press the red button.")
    ]
    assert answer["In-Reply-To"]
    until(lambda: world.messages()[-1].delivery is DeliveryState.SENT, what=lambda: "the mark on the reply")
    assert "Sent" in ivan.get(f"/tickets/{number}").said("#thread")


def nothing_leaves_while_it_can_be_taken_back(world: World, before: int) -> None:
    with world.company.runtime.database.read() as session:
        due_at = session.scalars(sa.select(Job.due_at).where(Job.kind == "core:deliver_message")).one()
    left = len(world.letters())
    while datetime.now(UTC) < due_at:
        assert left == before
        let_time_pass(0.5, because="ten seconds are given to take it back")
        left = len(world.letters())


def leave_now(world: World) -> None:
    """The ten seconds are over, without waiting for them."""
    with world.company.runtime.database.write() as session:
        session.execute(sa.update(Job).where(Job.kind == "core:deliver_message").values(due_at=datetime.now(UTC)))


def what_customers_answer_is_added(world: World, ivan: Visitor, number: int) -> None:
    """To the same ticket, whatever program they write with, and without what it quotes."""
    asked = world.letters()[-1]
    said = {program: f"Written with {program}: it still prints twice." for program in PROGRAMS}
    for program, answer in PROGRAMS.items():
        world.write(answer(asked, said[program], ANN))
    until(lambda: len(incoming(world)) == 1 + len(PROGRAMS), what=lambda: f"all of them, but {incoming(world)}")
    assert set(incoming(world)[1:]) == set(said.values())
    shown = ivan.get(f"/tickets/{number}")
    assert all(words in shown.said("#thread") for words in said.values())


def incoming(world: World) -> list[str]:
    return [each.text.strip() for each in world.messages() if each.direction is Direction.INCOMING]


def the_closing_notice_invites(world: World, ivan: Visitor, number: int) -> dict[int, str]:
    """With five faces, green to red; returns where each leads."""
    before = len(world.letters())
    ivan.submit(ivan.get(f"/tickets/{number}"), "/status", {"status": "done"})
    until(lambda: len(world.letters()) > before, what=lambda: "the closing notice")
    notice = world.letters()[-1].get_body(("html",))
    assert notice is not None
    faces = re.findall(r'<a href="([^"]+mark=(\d))"[^>]*color:(#\w+)[^>]*>(.)', notice.get_content())
    assert [(int(mark), face) for _link, mark, _colour, face in faces] == [(5, "😀"), (4, "🙂"), (3, "😐"), (2, "🙁"), (1, "😠")]
    assert (faces[0][2], faces[-1][2]) == ("#1f7a43", "#c6312b")
    return {int(mark): link.replace("&amp;", "&") for link, mark, _colour, _face in faces}


def the_customer_rates(world: World, link: str) -> None:
    """Looking stores nothing, however often; one button does; a comment may follow."""
    ann = Visitor(world.addresses[0])
    for _ in range(2):
        page = ann.get(link)
        ann.http.head(link)
        assert page.one("input[name=mark][checked]").attributes["value"] == "5"
    assert ratings(world) == []
    token = link.partition("?")[0].rpartition("/")[2]
    ann.submit(page, f"/csat/{token}")
    assert ratings(world) == [(5, "")]
    thanks = ann.submit(ann.get(link), f"/csat/{token}", {"mark": "4", "comment": "Спасибо, Иван!"})
    assert "Thank you" in thanks.said() or "Спасибо" in thanks.said()
    assert ratings(world) == [(4, "Спасибо, Иван!")]


def ratings(world: World) -> list[tuple[int, str]]:
    with world.company.runtime.database.read() as session:
        return [(each.mark, each.comment) for each in session.scalars(sa.select(Rating))]


def only_who_configures_the_form_sees_it(ivan: Visitor, petra: Visitor, number: int) -> None:
    assert "Спасибо, Иван!" in petra.get(f"/tickets/{number}").said("#side")
    assert "Rating" in petra.get("/views/done").all("th")
    assert "Спасибо, Иван!" not in ivan.get(f"/tickets/{number}").text
    assert "Rating" not in ivan.get("/views/done").all("th")


def switched_off_it_is_gone_at_once(world: World, petra: Visitor, number: int, link: str) -> None:
    """Panel, column, page and faces, in every process; on again, the data is back."""
    everywhere = [petra, world.visit(FORM_ADMIN, at=0)]
    for on in (False, True):
        act = "activation" if on else "deactivation"
        petra.submit(petra.get("/extensions/csat/forms/support"), f"/forms/support/{act}")
        for each in everywhere:
            each.get(link.replace(world.addresses[0], ""), status=200 if on else 404)
            assert ("Спасибо, Иван!" in each.get(f"/tickets/{number}").text) is on
            assert ("Rating" in each.get("/views/done").all("th")) is on
        assert ("/csat/" in close_again(world, petra, number)) is on
    assert ratings(world) == [(4, "Спасибо, Иван!")]


def close_again(world: World, petra: Visitor, number: int) -> str:
    """Opens the ticket and closes it once more; returns the notice."""
    before = len(world.letters())
    for status in ("in_progress", "done"):
        petra.submit(petra.get(f"/tickets/{number}"), "/status", {"status": status})
    until(lambda: len(world.letters()) > before, what=lambda: "another closing notice")
    return world.letters()[-1].as_string()
