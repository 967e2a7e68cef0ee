"""What an allowed request can reach beyond its page: fields it does not offer, lists, counts, what customers read (Z2, Z3, 59, 60)."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from plugdesk.forms.models import Form, FormAgent
from plugdesk.tickets.models import Message, Ticket
from plugdesk.users.models import User
from tests.security.bodies import BODIES
from tests.security.test_access import ask, rows
from tests.security.world import World

pytestmark = pytest.mark.one_database

EXTRA = {
    "role": "admin", "is_admin": "1", "admin": "1", "active": "0", "can_delete": "1", "password_hash": "x", "email": "eve@evil.example", "user_id": "1", "account_id": "1",
    "owner": "1", "author_id": "1", "customer_id": "1", "form_id": "2", "ticket_id": "1", "direction": "incoming", "is_internal": "0", "kind_of": "x", "deleted_at": "2026-01-01",
    "archived_at": "2026-01-01", "slug": "stolen", "extensions": "email", "rank": "99", "version_id": "1", "own_network": "1", "uploaded_by_id": "1", "permissions": "*", "chat": "1",
}  # fmt: skip
MAY = {  # what these routes are for
    "POST /forms/<slug>/agents": "rights", "POST /forms/<slug>/agents/rights": "rights", "POST /extensions/<plugin>/forms/<slug>/activation": "extensions",
    "POST /extensions/<plugin>/forms/<slug>/deactivation": "extensions", "POST /extensions/<plugin>/forms/<slug>/switch": "extensions",
    "POST /account/password": "people", "POST /customers/<int:user_id>/joining": "tickets messages", "POST /tickets/<int:number>/deletion": "tickets", "POST /tickets/<int:number>/restoration": "tickets",
}  # fmt: skip


def guarded(world: World) -> dict[str, Any]:
    """What no page of agents and form admins may change but those in `MAY`."""
    session = world.session
    found = {
        "people": session.execute(
            sa.select(User.id, User.role, User.email, User.password_hash, User.can_delete, User.active)
            .where(User.email.is_not(None))
            .order_by(User.id)
        ).all(),
        "rights": session.execute(
            sa.select(FormAgent.form_id, FormAgent.user_id, FormAgent.is_admin).order_by(FormAgent.form_id, FormAgent.user_id)
        ).all(),
        "extensions": session.execute(sa.select(Form.id, Form.slug, Form.archived_at, Form.extensions).order_by(Form.id)).all(),
        "tickets": session.execute(
            sa.select(Ticket.id, Ticket.form_id, Ticket.customer_id, Ticket.rank, Ticket.deleted_at)
            .where(Ticket.id <= world.things["elsewhere"])
            .order_by(Ticket.id)
        ).all(),
        "messages": session.execute(
            sa.select(Message.id, Message.author_id, Message.direction)
            .where(Message.id <= world.things["last"], Message.id != world.things["queued"])
            .order_by(Message.id)
        ).all(),
    }
    session.rollback()
    return found


@pytest.mark.parametrize("role", ["accountant", "agent", "form_admin"])
def test_fields_a_page_does_not_offer_change_nothing(world: World, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, problems = guarded(world), []
    for row in rows():
        if row.method != "POST" or row.answers[role] in ("403", "404", "sign-in"):
            continue
        offered = dict(BODIES.get(row.route, {}))
        monkeypatch.setitem(BODIES, row.route, {**EXTRA, **offered})
        with world.undone():
            status = ask(world, role, row).status_code
            after = guarded(world)
        problems += [
            f"{row.route} changed {name}"
            for name in before
            if after[name] != before[name] and name not in MAY.get(row.route, "").split()
        ]
        if status >= 500:
            problems.append(f"{row.route} answers {status}")
    assert not problems, "\n".join(problems)


def test_a_message_is_its_writers_whatever_the_request_says(world: World) -> None:
    for path in ("replies", "notes"):
        world.ask("agent", "POST", world.path(f"/tickets/<int:number>/{path}"), {**EXTRA, "text": "My own words"})
    written = world.session.execute(
        sa.select(Message.author_id, Message.direction, Message.ticket_id)
        .where(Message.id > world.things["last"])
        .order_by(Message.id)
    ).all()
    ivan, number = world.people["agent"].id, world.things["number"]
    assert [tuple(each) for each in written] == [(ivan, "outgoing", number), (ivan, "note", number)]


# The demo's pages play customers; the way in from a site says for whom the token is that stands in its address.
WITHOUT = ("/x/demo", "/static", "/portal/from-site")


@pytest.mark.parametrize("role", ["stranger", "rival", "accountant"])
def test_no_list_count_or_lookup_tells_of_other_forms(world: World, role: str) -> None:
    """Nothing of Support: tickets, customers with tickets there alone, words of its notes, numbers of tickets."""
    problems = []
    for row in rows():
        if row.method == "GET" and row.object in ("-", "view", "customer") and not row.rule.startswith(WITHOUT):
            for rule in (
                [
                    f"/views/{slug}"
                    for slug in ("new", "mine", "groups", "asked", "unread", "watching", "unanswered", "open", "waiting", "done")
                ]
                if row.object == "view"
                else [None]
            ):
                text = (world.ask(role, "GET", rule) if rule else ask(world, role, row)).get_data(as_text=True)
                problems += [
                    f"{rule or row.rule} tells {word}"
                    for word in (
                        "The till beeps",
                        "Bobs own affair",
                        "An advertisement",
                        "A difficult one",
                        "Ann Carter",
                        "ann@home.example",
                    )
                    if word in text
                ]
    for words in (
        "till",
        "ann",
        "beeps",
        "customer:ann",
        "number:1",
        "1",
        "assignee:ivan",
        "group:tech",
        "form:support",
        "advertisement",
        "-invoice",
        "status:open",
    ):
        for page in ("/search", "/search/palette", "/customers", "/customers/lookup", "/customers/organizations"):
            text = world.browser(role).get(page, query_string={"q": words}).get_data(as_text=True)
            problems += [
                f"{page}?q={words} tells {word}"
                for word in ("The till beeps", "Bobs own affair", "An advertisement", "Ann Carter")
                if word in text
            ]
    assert not problems, "\n".join(problems)
    live = world.ask(role, "GET", "/live/changes?since=0").get_json()
    assert live["changed"]["tickets"] == [world.things["payable" if role == "accountant" else "elsewhere"]]


def test_counts_are_of_what_one_may_see(world: World) -> None:
    for role, number in (("stranger", 1), ("rival", 1), ("accountant", 1), ("agent", 3), ("admin", 4)):
        shown = world.ask(role, "GET", "/live/sidebar").get_data(as_text=True)
        from selectolax.lexbor import LexborHTMLParser

        link = LexborHTMLParser(shown).css_first('a[href="/views/open"]')
        assert str(number) in link.text(), role


def test_what_a_customer_reads_holds_nothing_of_the_inside(world: World) -> None:
    page = world.ask("anonymous", "GET", world.path("/p/<slug>/csat/<token>")).get_data(as_text=True)
    for word in ("A difficult one", "@desk.example", "Ivan Petrov", "mailbox", "/tickets/", "Technicians", "note.txt"):
        assert word not in page
    for path in ("/tickets/<int:number>", "/live/changes?since=0", "/search/palette?q=till", "/customers/lookup?q=a"):
        answer = world.ask("customer", "GET", world.path(path), headers={"Accept": "application/json"})
        assert answer.status_code == 403
        assert set(json.loads(answer.get_data())) == {"error", "problems"}


INSIDE = (
    "A difficult one", "note.txt", "Who knows?", "The cover is open.",  # notes, their files, what colleagues say to one another
    "@desk.example",  # addresses agents sign in with
    "Bobs own affair", "Quite private.", "bob@home.example", "The invoice", "The fee", "clara@home.example",  # of other customers
    "Technicians", "assignee", "mailbox-secret", "/tickets/",
)  # fmt: skip


def test_nothing_a_customer_may_ask_for_tells_of_the_inside(world: World) -> None:
    """Every answer to whoever is signed in to the portal, and to anybody: pages, files, feeds, the copy of their data."""
    problems = []
    for row in rows():
        for role in ("customer", "anonymous"):
            if row.answers[role] == "200" and not row.rule.startswith("/static"):
                with world.undone():
                    said = ask(world, role, row).get_data().decode("utf-8", "replace")
                problems += [f"{row.route} ({row.object}) tells {role} {word}" for word in INSIDE if word in said]
    assert not problems, "\n".join(problems)


def test_who_loses_a_right_loses_it_for_every_request_they_could_make(world: World) -> None:
    from plugdesk.users.commands import remove_form_agent

    agent = world.session.get_one(User, world.things["agent_id"])
    remove_form_agent(world.session, world.session.scalars(sa.select(Form).where(Form.slug == "support")).one(), agent, by=None)
    world.session.commit()
    for row in rows():
        if row.answers["agent"] != row.answers["stranger"] and row.object not in OWN_THINGS:
            with world.undone():
                assert ask(world, "agent", row).status_code in (403, 404), row.route


# Of the agent alone, whatever the form.
OWN_THINGS = ("session", "upload", "absence", "ownanswer", "ownfolder", "ownreport", "run")


def test_whose_right_is_narrowed_is_refused_every_request_they_could_make(world: World) -> None:
    """The agent becomes one like the accountant: what the table says of her holds for him from the next request on."""
    from plugdesk.users.rights import RightInput, set_right

    agent = world.session.get_one(User, world.things["agent_id"])
    support = world.session.scalars(sa.select(Form).where(Form.slug == "support")).one()
    set_right(world.session, support, agent, RightInput(statuses=["waiting"], actions=["note"]), by=None)
    world.session.commit()
    problems = []
    for row in rows():
        if row.answers["agent"] != row.answers["accountant"] and row.object not in OWN_THINGS:
            with world.undone():
                status = str(ask(world, "agent", row).status_code)
            if status != row.answers["accountant"]:
                problems.append(f"{row.route} ({row.object}) answers {status} instead of {row.answers['accountant']}")
    assert not problems, "\n".join(problems)


def test_opening_a_ticket_reaches_no_other_ticket(world: World) -> None:
    """Whatever else the request names: the new ticket hangs on nothing, and nothing that was there has changed."""
    others = dict.fromkeys(
        ("link", "links", "parent", "parent_id", "merged_into_id", "other", "ticket", "number"), str(world.things["elsewhere"])
    )
    before = guarded(world)
    body = {"form": "support", "customer": "new@home.example", "subject": "Called", "text": "She called.", **others}
    assert world.ask("agent", "POST", "/tickets", body).status_code == 303
    assert guarded(world) == before
    opened = world.session.scalars(sa.select(Ticket).order_by(Ticket.id.desc()).limit(1)).one()
    assert (opened.parent_id, opened.merged_into_id, opened.subject) == (None, None, "Called")
    from plugdesk.tickets.models import Link

    assert world.session.scalars(sa.select(Link)).all() == []


def test_nobody_becomes_more_than_a_customer_by_writing_to_the_desk(world: World) -> None:
    """There is no sign-up; whoever is found by a letter, a chat or an agent's hand is a customer, whatever is sent along."""
    from plugdesk.users.customers import find_or_create_customer
    from plugdesk.users.models import Role

    staff = sorted(world.session.scalars(sa.select(User.id).where(User.role != Role.CUSTOMER)))
    for channel, value in (("email", "eve@evil.example"), ("phone", "+447700900123"), ("telegram", "77")):
        assert find_or_create_customer(world.session, channel=channel, value=value, name="Eve").role is Role.CUSTOMER
    world.session.commit()
    offered = {
        "role": "admin",
        "roles": "admin",
        "role_ids": "1",
        "is_admin": "1",
        "password": "eleven grey herons",
        "email": "eve@evil.example",
    }
    for row in rows():
        if row.method == "POST" and row.answers["anonymous"] not in ("sign-in", "403", "404"):
            world.ask("anonymous", "POST", world.path(row.rule), {**offered, **BODIES.get(row.route, {})})
    world.ask(
        "agent", "POST", "/tickets", {**offered, "form": "support", "customer": "eve2@evil.example", "subject": "S", "text": "T"}
    )
    world.session.expire_all()
    assert sorted(world.session.scalars(sa.select(User.id).where(User.role != Role.CUSTOMER))) == staff
