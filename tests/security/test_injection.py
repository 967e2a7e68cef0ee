"""Text that databases, pages and letters would take for something else (M1, M2, T1, T2, X2; cases 42, 47, 48, 50)."""

from __future__ import annotations

import json
from dataclasses import asdict
from email import message_from_bytes, policy
from typing import Any

import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser

from plugdesk.forms.models import StatusKind
from plugdesk.tickets.models import Message, Ticket
from plugdesk_faq.models import Answer
from tests.conftest import CORPORA
from tests.security.bodies import BODIES
from tests.security.test_access import ask, rows
from tests.security.world import World

# Every parameter that stands in an address anywhere.
PARAMETERS = (
    "q", "after", "form", "group", "person", "before", "state", "publisher", "back", "name", "id", "since", "jobs", "news", "step", "next", "open", "new",
    "add", "as", "lang", "mark", "address", "customer", "seen", "at", "sort", "order", "by",
)  # fmt: skip
PAGES = (
    "/views/open", "/search", "/search/palette", "/customers", "/customers/lookup", "/customers/organizations", "/journal", "/system", "/people", "/extensions",
    "/extensions/by-form", "/live/changes", "/live/sidebar", "/tickets/new", "/forms/support/fields", "/forms/support/statuses", "/forms/support/x/email/mailboxes/new",
    "/x/demo/", "/first-steps", "/p/support/csat/{token}", "/customers/{ann}",
)  # fmt: skip
METACHARACTERS = (
    "'", '"', "\\", "'; DROP TABLE ticket; --", "1' OR '1'='1", "1) OR 1=1 --", "1 UNION SELECT password_hash FROM \"user\"", "%", "_", "\x00", "0~2026-01-01~1'--",
    "0~2026-01-01T00:00:00~99999999999999999999", "999999999999999999999999", "²", "٣", "-1", "1e9", "customer:'", "number:٣", "priority:')", "status:\\", 'a"b', "a* NEAR/2 b", "((", "\ud800",
)  # fmt: skip


@pytest.mark.both_databases
def test_no_parameter_reaches_the_database_as_anything_but_a_value(world: World) -> None:
    """On pages of both kinds of database: no error, nothing changed, and nothing found that the plain word would not find."""
    before, problems = world.dump(), []
    browser = world.browser("admin")
    for page in PAGES:
        path = page.format(**world.things)
        for evil in METACHARACTERS:
            answer = browser.get(path, query_string=dict.fromkeys(PARAMETERS, evil.encode("utf-8", "surrogatepass")))
            if answer.status_code not in (200, 204, 303, 404) or b"argon2" in answer.get_data():
                problems.append(f"{path} answers {answer.status_code} to {evil!r}")
    assert not problems, "\n".join(problems)
    assert world.dump() == before


@pytest.mark.both_databases
@pytest.mark.parametrize("number", ["9" * 19, "9" * 40, "9" * 5000, "٣", "-1"])
def test_a_number_no_row_can_have_is_one_that_is_not_there(world: World, number: str) -> None:
    """In every address, and in every field of every form that names a row."""
    browser, problems = world.browser("admin"), []
    fields = ("version", "seen", "assignee", "group", "user", "supervisor", "members", "move_to", "mailbox", "row", "once")
    for row in rows():
        with world.undone():
            for name in [
                part
                for part in ("number", "user_id", "message_id", "group_id", "job_id", "mailbox_id")
                if f"int:{part}>" in row.rule
            ]:
                answers = [browser.open(world.path(row.rule, **{name: number}), method=row.method)]
                answers += (
                    [browser.post(world.path(row.rule), data=dict.fromkeys(fields, number))] if row.method == "POST" else []
                )
                problems += [f"{row.route} answers {each.status_code}" for each in answers if each.status_code >= 500]
    assert not problems, "\n".join(problems)


@pytest.mark.both_databases
def test_no_word_widens_what_an_agent_finds(world: World) -> None:
    browser = world.browser("stranger")
    for evil in (
        "' OR '1'='1",
        "%",
        "_",
        "*",
        "beeps OR invoice",
        'customer:"%"',
        "number:1 OR 1",
        "form:support",
        "-xyz",
        "customer:_",
        "assignee:%",
    ):
        for page in ("/search", "/search/palette"):
            assert "The till beeps" not in browser.get(page, query_string={"q": evil}).get_data(as_text=True), evil


def strings() -> list[str]:
    found: list[str] = json.loads((CORPORA / "blns/blns.json").read_text(encoding="utf-8"))
    return [*found, *STORED]


STORED = (
    "<x-hostile>",
    '"><x-hostile data-x-hostile="1">',
    "' data-x-hostile='1' x='",
    '" onmouseover="alert(1)" data-x-hostile="1',
    "</script><x-hostile>",
    "${7*7}{{7*7}}",
    "\x00\ud800\u202e",
)
TEXTS = (
    "name",
    "subject",
    "text",
    "comment",
    "label",
    "help",
    "about",
    "organization",
    "value",
    "set_invitation",
    "set_thanks",
    "cc",
    "invitation",
    "invitation-en",
    "title",
    "name-en",
    "why",
    "set_words",
    "choice-label",
    "desk",
)


@pytest.mark.needs("corpora")
def test_naughty_strings_in_fields_break_no_page_and_none_becomes_markup(world: World) -> None:
    """Those of the collection each in one place and our own worst in every place, then every page that shows any of it."""
    texts, places, problems = strings(), [row for row in rows() if takes_text(row)], []
    assert len(texts) > 400
    assert len(places) > 15
    for start in range(0, len(texts), 250):
        with world.undone():
            for number, text in enumerate(texts[start : start + 250]):
                problems += fill(world, text, [places[number % len(places)]])
            problems += [problem for text in STORED for problem in (fill(world, text, places) if start == 0 else [])]
            problems += look(world)
    assert not problems, "\n".join(sorted(set(problems))[:40])


def takes_text(row: Any) -> bool:
    names = BODIES.get(row.route, {})
    return (
        row.method == "POST"
        and "x/email" not in row.rule
        and row.rule not in ("/sign-in", "/set-up")
        and any(name in TEXTS for name in names)
    )


def fill(world: World, text: str, places: Any) -> list[str]:
    problems, typed = [], text.encode("utf-8", "surrogatepass")
    for row in places:
        body = {
            name: world.things[value[1:-1]] if str(value).startswith("{") else value for name, value in BODIES[row.route].items()
        }
        parts = {"user_id": world.things["ann"], "code": "priority" if "fields" in row.rule else "in_progress", "plugin": "csat"}
        answer = world.browser("admin").post(
            world.path(row.rule, **parts), data=body | {name: typed for name in TEXTS if name in body}
        )
        if answer.status_code >= 500:
            problems.append(f"{row.route} answers {answer.status_code} to {text[:40]!r}")
    return problems


def look(world: World) -> list[str]:
    problems = []
    for row in rows():
        if row.method == "GET" and not row.rule.startswith(("/static", "/files", "/x/demo/letters")):
            answer = ask(world, "admin", row)
            if answer.status_code >= 500:
                problems.append(f"{row.route} answers {answer.status_code}")
            if answer.mimetype == "text/html":
                tree = LexborHTMLParser(answer.get_data(as_text=True))
                for told in tree.css('script[type="application/ld+json"]'):
                    assert json.loads(told.text()), row.route  # what programs read of an article: data, and whole
                    told.decompose()
                if found := tree.css(
                    "x-hostile, [data-x-hostile], [onmouseover], [onerror], [onload], script:not([src]):not(#words), main style, main iframe"
                ):
                    problems.append(f"{row.route} took a text for markup: {found[0].html}")
    return problems


TEMPLATES = (
    "${7*7}",
    "{{7*7}}",
    "{{config}}",
    "{{''.__class__.__mro__}}",
    "{% include '/etc/passwd' %}",
    "{% for i in range(1000000000) %}x{% endfor %}",
    "${agent.email}",
    "${config:SECRET_KEY}",
    "#{7*7}",
    "<%= 7*7 %>",
    "$(id)",
    "`id`",
)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_is_text_or_is_refused(world: World, template: str) -> None:
    """In the receipt, which has variables, and in the invitation to rate, which has none."""
    from plugdesk_email.settings import EmailSettings

    email = {f"set_{name}": value for name, value in asdict(EmailSettings()).items()} | {
        "set_receipt_text": f"Hello {template}",
        "version": "0",
    }
    answer = world.ask("form_admin", "POST", "/extensions/email/forms/support/settings", email)
    assert answer.status_code in (303, 422)
    if answer.status_code == 303:
        assert template in receipt(world)["text"]
    assert (answer.status_code == 422) == template.startswith("${")
    csat = {"set_invitation": template, "set_thanks": template, "set_days": "7", "set_comment_minutes": "10", "version": "0"}
    csat |= {"set_change_days": "30", "set_quiet_days": "0", "set_seen_by": "admins", "set_low_mark": "0"}
    assert world.ask("form_admin", "POST", "/extensions/csat/forms/support/settings", csat).status_code == 303
    page = world.ask("anonymous", "GET", world.path("/p/<slug>/csat/<token>"))
    assert page.status_code == 200
    assert template in LexborHTMLParser(page.get_data(as_text=True)).body.text()


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_in_a_canned_response_is_text_or_is_refused(world: World, template: str) -> None:
    typed = {"name": "Evil", "text": f"Hello {template}", "shared": "1", "where": "all"}
    answer = world.ask("admin", "POST", "/x/faq/answers", typed)
    assert answer.status_code == (422 if template.startswith("${") else 303)
    if answer.status_code == 303:
        with world.runtime.database.read() as session:
            code = str(session.scalars(sa.select(Answer.id).where(Answer.name == "Evil")).one())
        path = world.path("/tickets/<int:number>/inserts/<plugin>/<name>", plugin="faq", name="canned")
        assert world.ask("agent", "POST", path, {"code": code}).status_code == 303
        page = LexborHTMLParser(world.ask("agent", "GET", world.path("/tickets/<int:number>")).get_data(as_text=True))
        assert f"Hello {template}" in page.css_first("textarea[name=text]").text()


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_in_a_signature_stays_text(company: Any, template: str) -> None:
    """The page refuses those with a variable that is none (see the receipt); one that was stored some other way stays text, too."""
    from plugdesk.forms.models import Form
    from plugdesk.plugins.switch import save_plugin_settings
    from plugdesk.tickets.correspondence import reply_to_ticket
    from plugdesk.users.models import User
    from tests.support.company import AGENT, letter, post

    with company.runtime.database.write() as session:
        form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
        save_plugin_settings(session, form, "email", {"signature": f"Regards {template}"}, 0, None)
    post(company.mail, letter("Ann Smith <ann@example.com>", "The till beeps", "Twice."))
    company.later(seconds=31)
    company.work()
    with company.runtime.database.write() as session:
        agent = session.scalars(sa.select(User).where(User.email == AGENT)).one()
        reply_to_ticket(session, session.get_one(Ticket, 1), agent, body="<p>Done.</p>")
    company.work()
    sent = company.letters("ann@example.com")[-1]
    assert f"Regards {template}" in sent.get_body(("plain",)).get_content()
    assert f"Regards {template}" in LexborHTMLParser(sent.get_body(("html",)).get_content()).body.text()


def receipt(world: World) -> dict[str, str]:
    from plugdesk.forms.queries import form_by_slug
    from plugdesk_email.notices import _send

    with world.runtime.database.write() as session:
        ctx = world.runtime.context("email", form_by_slug(session, "support"), session, "job")
        ticket = session.get_one(Ticket, world.things["number"])
        _send(ctx, ticket, "receipt", ctx.settings.receipt_text, answers=None, reason=None)
        sent = session.scalars(sa.select(Message).order_by(Message.id.desc())).first()
        assert sent is not None
        return {"text": sent.text, "html": sent.html or ""}


LINES = (
    "\r\nBcc: victim@other.example",
    "\nBcc: victim@other.example",
    "\r\n\r\nbody",
    "\x00",
    "\u2028Bcc: victim@other.example",
    "=?utf-8?q?=0D=0ABcc:_victim=40other.example?=",
)


@pytest.mark.parametrize("evil", LINES)
def test_nothing_typed_into_a_page_gets_into_the_head_of_a_letter(company: Any, evil: str) -> None:
    """Names of people, desk, form, customer and file, subject, addresses: all in one answer; its fields are those of an honest one."""
    from plugdesk.forms.models import Desk, Form
    from plugdesk.tickets.attachments import NewFile
    from plugdesk.tickets.correspondence import reply_to_ticket
    from plugdesk.users.models import User
    from tests.support.company import AGENT, letter, post

    post(company.mail, letter("Ann Smith <ann@example.com>", "The till beeps", "Twice."))
    company.later(seconds=31)
    company.work()
    heads = []
    for text in ("", evil):
        company.mail.outgoing.clear()
        with company.runtime.database.write() as session:
            ticket, form = session.get_one(Ticket, 1), session.scalars(sa.select(Form).where(Form.slug == "support")).one()
            agent = session.scalars(sa.select(User).where(User.email == AGENT)).one()
            clean = text.replace("\x00", "")
            agent.name, ticket.subject, ticket.customer.name, form.name = (
                f"Ivan{clean}",
                f"Beeps{clean}",
                f"Ann{clean}",
                f"Support{clean}",
            )
            session.get_one(Desk, 0).name = f"Tillwise{clean}"
            reply_to_ticket(
                session,
                ticket,
                agent,
                body="<p>Done.</p>",
                cc=["bob@example.net"],
                files=[NewFile(f"a{text}.txt", b"x", f"text/plain{clean}")],
            )
        company.work()
        (sent,) = company.mail.outgoing
        parts = list(message_from_bytes(sent.raw, policy=policy.default).walk())
        heads.append([part.keys() for part in parts])
        assert not any(part["Bcc"] for part in parts)
        assert set(sent.recipients) == {"ann@example.com", "bob@example.net"}
    assert heads[0] == heads[1]


@pytest.mark.parametrize(
    "evil",
    ["ann@home.example\r\nBcc: v@x.example", "ann@home.example%0d%0aBcc:v@x.example", "a@b.example, c", "<script>@x.example"],
)
def test_an_address_with_more_in_it_is_refused_wherever_one_is_typed(world: World, evil: str) -> None:
    before = world.dump()
    for path, field in (
        ("/messages/<int:message_id>/forwardings", "to"),
        ("/tickets/<int:number>/replies", "cc"),
        ("/tickets/<int:number>/replies", "bcc"),
    ):
        answer = world.ask("agent", "POST", world.path(path), {field: evil, "text": "Look", "comment": "Look"})
        assert answer.status_code == 422, path
    assert world.dump() == before


def test_a_customers_words_are_never_evaluated_in_any_letter_to_them(company: Any) -> None:
    """Subject, name and text, quoted in the receipt, in an answer and in the closing notice."""
    from plugdesk.tickets.commands import become
    from plugdesk.tickets.correspondence import reply_to_ticket
    from plugdesk.users.models import User
    from tests.support.company import AGENT, letter, post

    evil = "${agent:email} ${ticket:number} {{7*7}}"
    post(company.mail, letter(f'"{evil}" <ann@example.com>', evil, f"Twice. {evil}"))
    company.later(seconds=31)
    company.work()
    with company.runtime.database.write() as session:
        ticket, agent = session.get_one(Ticket, 1), session.scalars(sa.select(User).where(User.email == AGENT)).one()
        reply_to_ticket(session, ticket, agent, body="<p>Done.</p>")
        become(session, ticket, StatusKind.RESOLVED, by=agent)
    company.work()
    receipt, reply, closing = company.letters("ann@example.com")
    for sent in (receipt, reply, closing):
        whole = sent.as_string() + "".join(part.get_content() for part in sent.walk() if part.get_content_maintype() == "text")
        assert evil in sent["Subject"]
        assert AGENT not in whole
        assert " 49" not in whole
    assert f"Twice. {evil}" in reply.get_body(("plain",)).get_content()
