"""Who may ask for what: every route, every role, what there is and what there is not, against a table written by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from plugdesk.tickets.models import Message, Reading, Ticket
from tests.security.bodies import BODIES, MISSING, MISSING_PART, NO_NAME, OBJECTS, QUERIES
from tests.security.world import ROLES, World

TABLE = Path(__file__).with_name("access.txt")


@dataclass(frozen=True)
class Row:
    """A line of the table: a route, the object it is asked for, and the answer to each role."""

    method: str
    rule: str
    object: str
    answers: dict[str, str]
    missing: str

    @property
    def route(self) -> str:
        return f"{self.method} {self.rule}"


def rows() -> Iterator[Row]:
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            method, rule, thing, *answers, missing = line.split()
            yield Row(method, rule, thing, dict(zip(ROLES, answers, strict=True)), missing)


def is_refusal(answer: str) -> bool:
    return answer in ("sign-in", "403", "404", "422")


def answer_of(response: Any) -> str:
    leads_to_sign_in = response.status_code == 303 and "/sign-in" in response.headers["Location"]
    return "sign-in" if leads_to_sign_in and response.request.path != "/sign-out" else str(response.status_code)


def ask(world: World, role: str, row: Row, *, missing: bool = False, method: str = "", **given: Any) -> Any:
    """What somebody of `role` gets for a row's request; `missing` asks for an object there is not."""
    parts = {name: world.things[given] if not given.startswith("=") else given[1:] for name, given in OBJECTS[row.object].items()}
    body = {
        name: world.things[value[1:-1]] if str(value).startswith("{") else value
        for name, value in BODIES.get(row.route, {}).items()
    }
    if row.object == "billings":
        body["mailbox"] = str(world.things["their_mailbox"])
    if missing:
        if row.route in ("POST /tickets", "POST /tickets/fields"):
            body["form"] = NO_NAME
        else:
            name = MISSING_PART.get(row.object) or re.findall(r"<(?:\w+:)?(\w+)>", row.rule)[-1]
            parts[name] = MISSING if f"int:{name}" in row.rule else NO_NAME
    return world.ask(
        role,
        method or row.method,
        world.path(row.rule, **parts) + QUERIES.get(row.route, "").format_map(world.things),
        body,
        **given,
    )


def test_every_route_has_its_row_and_every_row_its_route(app) -> None:
    routes = {f"{method} {rule.rule}" for rule in app.url_map.iter_rules() for method in rule.methods - {"HEAD", "OPTIONS"}}
    assert routes == {row.route for row in rows()}


def test_every_route_is_allowed_to_somebody_and_refused_to_somebody() -> None:
    open_to_all = {
        "/portal/sign-in",
        "/portal/sign-in/link",
        "/portal/letter-sent",
        "/portal/sign-out",
        "/portal/from-site",
        "/portal/embed.js",
    }
    open_to_all |= {"/help/", "/help/search", "/help/search/missed", "/help/ask", "/help/feed.xml", "/help/sitemap.xml"}
    open_to_all |= {"/sign-in", "/sign-out", "/static/<version>/<path:name>", "/static/x/<plugin>/<version>/<path:name>"}
    # There is nothing of the desk's own to delete; only Telegram knows the secret; here nobody has sent a file in the demo.
    closed_for_ever = {"/set-up", "/extensions/<plugin>/desk/data-deletion", "/in/telegram/<key>"}
    closed_for_ever.add("/x/demo/messenger/<int:number>/files/<int:message>")
    for route in {row.route for row in rows()}:
        own = [row for row in rows() if row.route == route]
        answers = [answer for row in own for answer in (*row.answers.values(), row.missing)]
        rule = own[0].rule
        assert rule in closed_for_ever or any(not is_refusal(a) or a == "422" for a in answers), route
        assert rule in open_to_all or any(is_refusal(a) and a != "422" for a in answers), route


@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_what_the_table_says_and_a_refusal_changes_nothing(world: World, role: str) -> None:
    before, problems = world.dump(), []
    for row in rows():
        with world.undone():
            response = ask(world, role, row)
            answer, changed = answer_of(response), world.changed(before)
        if answer != row.answers[role]:
            problems.append(f"{row.route} ({row.object}) answers {answer} instead of {row.answers[role]}")
        if changed and (is_refusal(answer) or row.method == "GET") and row.route not in ("POST /sign-in", "POST /portal/sign-in"):
            problems.append(f"{row.route} ({row.object}) answered {answer} and changed {changed}")
    assert not problems, "\n".join(problems)


def test_what_was_written_is_seen_however(world: World) -> None:
    """A row changed, added, and one deleted that takes others along: the test above could not fail without it."""
    before, number = world.dump(), world.things["number"]
    for statement, tables in (
        (sa.update(Ticket).where(Ticket.id == number).values(subject="Another"), {"ticket"}),
        (sa.insert(Reading).values(user_id=world.people["admin"].id, ticket_id=world.things["bobs"], form_id=1), {"reading"}),
        (sa.delete(Message).where(Message.ticket_id == number), {"message", "attachment"}),
        (sa.select(Ticket.id), set()),
    ):  # fmt: skip
        with world.undone():
            world.connection.execute(statement)
            assert tables <= set(world.changed(before)) and (tables or not world.written)
    assert world.dump() == before


def test_what_is_not_there_is_answered_as_the_table_says(world: World) -> None:
    problems = []
    for row in rows():
        if row.missing != "-":
            with world.undone():
                answer = answer_of(ask(world, "admin", row, missing=True))
            if answer != row.missing:
                problems.append(f"{row.route} ({row.object}) answers {answer} instead of {row.missing}")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("role", ["stranger", "rival", "accountant", "agent"])
def test_what_is_anothers_looks_like_what_is_not_there(world: World, role: str) -> None:
    problems = []
    for row in rows():
        if row.answers[role] == "404" and row.missing == "404":
            with world.undone():
                theirs, nobodys = ask(world, role, row), ask(world, role, row, missing=True)
            if (theirs.status_code, words_of(theirs)) != (nobodys.status_code, words_of(nobodys)):
                problems.append(f"{row.route} ({row.object}): {words_of(theirs)} and {words_of(nobodys)}")
    assert not problems, "\n".join(problems)


def test_an_archived_forms_public_pages_are_gone_and_its_tickets_stay(world: World) -> None:
    from plugdesk.forms.commands import archive_form
    from plugdesk.forms.models import Form

    support = world.session.scalars(sa.select(Form).where(Form.slug == "support")).one()
    archive_form(world.session, support, by=world.people["admin"])
    world.session.commit()
    public = [row for row in rows() if row.rule.startswith("/p/<slug>/") and row.method == "GET"]
    found = {row.rule: ask(world, "anonymous", row).status_code for row in public}
    assert found
    assert set(found.values()) == {410}
    page = world.ask("agent", "GET", world.path("/tickets/<int:number>"))
    assert (page.status_code, "The till beeps" in page.get_data(as_text=True)) == (200, True)


def words_of(response: Any) -> str:
    """What a page says of itself, without its frame, in which its own address stands."""
    from selectolax.lexbor import LexborHTMLParser

    main = LexborHTMLParser(response.get_data(as_text=True)).css_first("main")
    return " ".join(main.text(separator=" ").split()) if main else response.get_data(as_text=True)


@pytest.mark.parametrize(
    "path", ["/views/open?form={}", "/tickets/new?form={}", "/search?q=form:{}", "/extensions/csat/choose?form={}"]
)
def test_a_form_named_in_a_query_is_anothers_or_none_alike(world: World, path: str) -> None:
    theirs, nobodys = (world.ask("stranger", "GET", path.format(slug)) for slug in ("support", NO_NAME))
    assert theirs.status_code == nobodys.status_code
    assert words_of(theirs).replace("support", NO_NAME) == words_of(nobodys)
