"""Who sees marks and comments, in the panel, columns, search, figures and files alike; and what a bad mark sets off."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.tickets.commands import assign
from plugdesk.tickets.models import Ticket, Watcher
from plugdesk.users.models import Group
from plugdesk_csat.commands import rate_by_button
from plugdesk_csat.models import Rating
from plugdesk_csat.seeing import may_see, seen
from tests.factories import make_agent, make_group
from tests.plugins.csat.test_asking import browser, here, person, settings, support
from tests.plugins.csat.test_rating import close, page_of, write
from tests.support.company import ADMIN, AGENT, FORM_ADMIN, OUTSIDER

BOSS, OTHER = "boss@desk.example", "other@desk.example"
EVERYBODY = (ADMIN, FORM_ADMIN, BOSS, AGENT, OTHER)
WORDS = "Far too slow"
PLACES = (
    "/tickets/1", "/views/done", "/search?q=rating:1", "/search?q=comment:slow", "/x/csat/tickets?of=rated", "/x/csat/", "/x/csat/summary.csv",
)  # fmt: skip
TELLS = {
    "/search?q=rating:1": "The till beeps",
    "/search?q=comment:slow": "The till beeps",
    "/x/csat/": "",
    "/x/csat/summary.csv": "",
}


@pytest.fixture
def rated(company):
    """Ann's ticket is Ivan's; the boss supervises his group; she rated it badly."""

    def rate(**values):
        settings(company, **values)
        write(company)
        with company.runtime.database.write() as session:
            form = support(session)
            ivan, boss = person(session, AGENT), make_agent(session, form, name="Bea Boss", email=BOSS)
            make_agent(session, form, name="Otto Other", email=OTHER)
            make_group(session, ivan, name="Technicians", supervisor=boss)
            session.flush()
            assign(session, session.get_one(Ticket, 1), None, assignee=ivan)
        close(company)
        assert browser(company).post(page_of(company), data={"mark": "1", "comment": WORDS}).status_code == 303
        company.work()
        return company

    return rate


@pytest.mark.parametrize(
    ("level", "who"),
    [
        ("admins", {ADMIN, FORM_ADMIN}),
        ("supervisors", {ADMIN, FORM_ADMIN, BOSS}),
        ("assignee", {ADMIN, FORM_ADMIN, BOSS, AGENT}),
        ("agents", set(EVERYBODY)),
    ],
)
def test_the_setting_holds_everywhere_alike(rated, level, who):
    company = rated(seen_by=level)
    with company.runtime.database.read() as session:
        ctx, ticket = here(company, session), session.get_one(Ticket, 1)
        assert {email for email in EVERYBODY if may_see(ctx, person(session, email), ticket)} == who
        for email in EVERYBODY:
            found = session.scalars(sa.select(Ticket.id).where(Ticket.id == 1, seen(ctx, person(session, email)))).all()
            assert bool(found) is (email in who)
    for email in EVERYBODY:
        visitor = browser(company, email)
        for path in PLACES:
            answer = visitor.get(path)
            told = TELLS.get(path, WORDS)
            if told:
                assert (answer.status_code == 200 and told in answer.get_data(as_text=True)) is (email in who), (email, path)
            elif email not in who and level != "assignee":
                assert answer.status_code == 404, (email, path)
    assert browser(company, OUTSIDER).get("/x/csat/").status_code == 404


def test_search_words_find_by_mark_day_and_comment(rated):
    petra = browser(rated(), FORM_ADMIN)
    for query, found in (
        ("rating:1", True), ("rating:1-2", True), ("rating:any", True), ("rating:none", False), ("rating:5", False), ("rating:9", False),
        ("rated:2000-01-01..2199-12-31", True), ("rated:2001-01-01", False), ("rated:yesterday", False), ("-rating:1", False),
    ):  # fmt: skip
        page = petra.get("/search", query_string={"q": query}).get_data(as_text=True)
        assert ('href="/tickets/1"' in page) is found, query


def state(company):
    with company.runtime.database.read() as session:
        ticket = session.get_one(Ticket, 1)
        watchers = [session.get_one(Ticket, 1).id for _each in session.scalars(sa.select(Watcher))]
        return ticket.status_kind.is_final, ticket.assignee.email, bool(watchers)


def test_a_bad_mark_reopens_goes_to_the_supervisor_and_tells_them_once(rated):
    company = rated(low_mark=2, low_reopens=True, low_to_supervisor=True, low_tells_supervisor=True, seen_by="supervisors")
    assert state(company) == (False, BOSS, True)
    (letter,) = company.letters(BOSS)
    said = letter.get_body(("html",)).get_content()
    assert "/tickets/1" in said and "Mark: 1" in said and WORDS not in said
    with company.runtime.database.write() as session:
        assign(session, session.get_one(Ticket, 1), None, assignee=person(session, AGENT))
    browser(company).post(page_of(company), data={"mark": "2"})
    company.work()
    assert state(company)[1] == AGENT
    assert len(company.letters(BOSS)) == 1


@pytest.mark.parametrize("values", [{"low_mark": 0, "low_reopens": True}, {"low_mark": 3}])
def test_without_the_settings_a_bad_mark_does_nothing(rated, values):
    assert state(rated(**values)) == (True, AGENT, False)


@pytest.mark.parametrize("too", [False, True])
def test_a_messengers_mark_reopens_only_where_that_is_on(company, too):
    settings(company, low_mark=2, low_reopens=True, low_reopens_in_chat=too)
    write(company)
    close(company)
    with company.runtime.database.write() as session:
        ctx, ticket = here(company, session), session.get_one(Ticket, 1)
        from plugdesk_csat.commands import last_closing

        assert rate_by_button(ctx, ticket, f"{last_closing(ctx, ticket)}.1")
    company.work()
    with company.runtime.database.read() as session:
        assert session.get_one(Ticket, 1).status_kind.is_final is not too
        assert session.scalars(sa.select(Rating.in_chat)).one() is True


def test_without_a_supervisor_the_ticket_stays_with_whoever_has_it(rated, company):
    settings(company, low_mark=2, low_to_supervisor=True)
    write(company)
    with company.runtime.database.write() as session:
        assign(session, session.get_one(Ticket, 1), None, assignee=person(session, AGENT))
        assert session.scalars(sa.select(Group)).all() == []
    close(company)
    browser(company).post(page_of(company), data={"mark": "1"})
    company.work()
    assert state(company)[1] == AGENT
