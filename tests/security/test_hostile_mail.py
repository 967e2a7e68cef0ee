"""Hostile letters on their whole way: as bytes into the desk, out of it as a page, read again as a browser reads it (X1, 19, 25, 42)."""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser

from plugdesk.tickets.models import Message, Ticket
from tests.conftest import CORPORA
from tests.security.world import World

pytestmark = pytest.mark.one_database

FORBIDDEN = {
    "script",
    "style",
    "form",
    "input",
    "base",
    "meta",
    "svg",
    "math",
    "iframe",
    "frame",
    "object",
    "embed",
    "link",
    "template",
    "textarea",
    "button",
}
ADDRESSES = {"action", "background", "data", "formaction", "href", "poster", "src", "srcset", "xlink:href"}


def take(world: World, raw: bytes) -> None:
    """A letter as it comes from the mailbox of Support, up to the ticket it makes."""
    from plugdesk.forms.queries import form_by_slug
    from plugdesk_email.intake import keep_original
    from plugdesk_email.models import Original, OriginalState
    from plugdesk_email.receive import receive

    with world.runtime.database.write() as session:
        ctx = world.runtime.context("email", form_by_slug(session, "support"), session, "job")
        original = keep_original(ctx, raw)
        assert original is not None
        receive(ctx, original.id)
        assert session.get_one(Original, original.id).state is not OriginalState.WAITING


def harm_in(tree: LexborHTMLParser) -> list[str]:
    """What a browser would act on inside the messages of a ticket's page."""
    found = []
    for node in tree.css(".said *"):
        if node.tag in FORBIDDEN:
            found.append(node.tag)
        for name, value in node.attributes.items():
            address = re.sub(r"[\x00-\x20]", "", value or "").lower()
            if name.startswith("on") or name in ("srcdoc", "data-behavior") or name.startswith("hx-"):
                found.append(name)
            if name in ADDRESSES and not address.startswith(("http://", "https://", "mailto:", "tel:", "/files/")):
                found.append(f"{name}={address}")
            if name == "src" and not address.startswith("/files/"):
                found.append(f"src={address}")
            if name == "style" and re.search(r"url|expression|position|@|\\|javascript", address):
                found.append(f"style={address}")
    return found


def page_of(world: World, number: int) -> LexborHTMLParser:
    answer = world.ask("admin", "GET", f"/tickets/{number}")
    assert answer.status_code == 200
    return LexborHTMLParser(answer.get_data(as_text=True))


def frame_of(tree: LexborHTMLParser) -> dict[str, int]:
    """How often the page's own frame has what a letter must not add."""
    return {
        css: len(tree.css(css))
        for css in ("script", "style", "base", "meta", "link", "iframe", "object", "embed", "[onerror]", "[onload]", "[onclick]")
    }


def pieces() -> Iterator[str]:
    for path in sorted((CORPORA / "bleach-xss/tests/data").glob("*.test")):
        yield path.read_text(encoding="utf-8", errors="replace").split("\n--\n")[0]
    for path in sorted((CORPORA / "html5lib-tests/tree-construction").rglob("*.dat")):
        text = path.read_text(encoding="utf-8", errors="replace")
        yield from re.findall(r"^#data\n(.*?)\n#errors", text, re.MULTILINE | re.DOTALL)


@pytest.mark.needs("corpora")
def test_no_html_of_the_collections_acts_on_the_page_of_its_ticket(world: World) -> None:
    """Each piece is a letter of its own, so that none hides behind what another left open; 400 of them on one page."""
    from plugdesk.html import clean_html
    from plugdesk.tickets.correspondence import Said, receive_message

    cases = list(pieces())
    assert len(cases) > 1_500
    before = frame_of(page_of(world, world.things["number"]))
    for batch in (cases[at : at + 400] for at in range(0, len(cases), 400)):
        with world.undone():
            ticket = world.session.get_one(Ticket, world.things["number"])
            for raw in batch:
                if clean_html(raw).strip():
                    receive_message(world.session, ticket, ticket.customer, said=Said(text="x", html=raw), channel="email")
            world.session.commit()
            tree = page_of(world, ticket.id)
            assert harm_in(tree) == []
            assert frame_of(tree) == before
            world.session.rollback()


def torture() -> list[Any]:
    folder = CORPORA / "torture/mails"
    wanted = (
        [path for path in sorted(folder.glob("*.eml")) if re.match(r"html-|subj-|file-|fn-|from-|cs-", path.name)]
        if folder.is_dir()
        else []
    )
    return [pytest.param(path, id=path.stem) for path in wanted] or [pytest.param(None, id="none")]


@pytest.mark.needs("corpora")
def test_no_letter_of_the_torture_set_acts_on_any_page(world: World) -> None:
    before, problems = frame_of(page_of(world, world.things["number"])), []
    for each in torture():
        path = each.values[0]
        with world.undone():
            take(world, path.read_bytes())
            number = world.session.scalar(sa.select(sa.func.max(Ticket.id)))
            world.session.rollback()
            if number == world.things["elsewhere"]:
                continue  # quarantine: its subject is on the page of the mailboxes
            tree = page_of(world, number)
            harm = harm_in(tree)
            frame = frame_of(tree)
            if harm or frame != before:
                problems.append(f"{path.name}: {harm} {frame}")
            for page in ("/views/open", "/forms/support/x/email/", "/search?q=the", "/customers"):
                answer = world.ask("admin", "GET", page)
                assert answer.status_code == 200
                found = LexborHTMLParser(answer.get_data(as_text=True))
                if found.css("main img[onerror], main script:not([src]), main svg[onload], main iframe, main style"):
                    problems.append(f"{path.name} on {page}")
    assert not problems, "\n".join(problems)


NAUGHTY = (
    '<script>alert("x")</script>',
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "${7*7}",
    "${agent:email}",
    "{% include '/etc/passwd' %}",
    "javascript:alert(1)",
    "' onmouseover='alert(1)",
)


@pytest.mark.parametrize("text", NAUGHTY)
def test_a_letters_words_stay_words_on_every_page(world: World, text: str) -> None:
    made = EmailMessage(policy=email.policy.SMTP)
    made["From"], made["To"], made["Message-ID"] = (
        email.utils.formataddr((text, "eve@home.example")),
        "help@desk.example",
        "<1@home.example>",
    )
    made["Subject"] = text
    made.set_content(text)
    made.add_attachment(b"x", "text", "plain", filename=f"{text}.txt")
    take(world, bytes(made))
    number = world.session.scalar(sa.select(sa.func.max(Ticket.id)))
    ticket = world.session.get_one(Ticket, number)
    assert ticket.subject == text
    for page in (
        f"/tickets/{number}",
        "/views/open",
        f"/customers/{ticket.customer_id}",
        "/customers",
        f"/search?q=number:{number}",
    ):
        answer = world.ask("admin", "GET", page).get_data(as_text=True)
        tree = LexborHTMLParser(answer)
        assert tree.css("[onerror], [onmouseover], main script:not([src])") == []
        assert "49" not in [words.strip() for words in re.findall(r">([^<]*)<", answer)]
        assert "root:" not in answer
    shown = page_of(world, number).css_first("h1")
    assert text in shown.text()
    palette = json.loads(world.ask("admin", "GET", f"/search/palette?q={number}").get_data(as_text=True))
    assert palette["groups"][0]["items"][0]["title"] == text


def test_names_of_files_are_not_markup(world: World) -> None:
    """osTicket, CVE-2020-24917: the name of an inline picture ran in the page."""
    made = EmailMessage(policy=email.policy.SMTP)
    made["From"], made["To"], made["Message-ID"], made["Subject"] = (
        "eve@home.example",
        "help@desk.example",
        "<2@home.example>",
        "A picture",
    )
    made.set_content("See")
    made.add_alternative('<p>See <img src="cid:a@b"><img src="cid:&quot; onerror=alert(1) x="></p>', subtype="html")
    name = '"><img src=x onerror=alert(1)>.png'
    list(made.iter_parts())[-1].add_related(
        b"\x89PNG\r\n\x1a\n", "image", "png", cid="<a@b>", filename=name, disposition="inline"
    )
    take(world, bytes(made))
    message = world.session.scalars(sa.select(Message).order_by(Message.id.desc())).first()
    assert message is not None
    tree = page_of(world, message.ticket_id)
    assert harm_in(tree) == []
    assert tree.css("[onerror]") == []
    assert [each.attributes["src"] for each in tree.css(".said img[src]")] == [f"/files/{message.attachments[0].key}"]
