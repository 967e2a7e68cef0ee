"""A rating from the closing notice to the panel: who can give it, how often, who sees it, and what is left where it is off."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from plugdesk.api import run_step
from plugdesk.events import Event
from plugdesk.forms.models import Form, StatusKind
from plugdesk.plugins.switch import disable_plugin, enable_plugin, save_plugin_settings
from plugdesk.testing.browser import browser_of
from plugdesk.testing.desks import add_staff
from plugdesk.tickets.commands import become
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import Role, User
from plugdesk_csat.models import Invitation, Rating
from tests.support.company import AGENT, OUTSIDER, letter, post

ADDRESS = "ann@example.com"
GOOD = "4"


@pytest.fixture
def closed(company):
    """The company after Ann's ticket was closed and its notice was sent."""
    write(company)
    close(company)
    return company


@pytest.fixture
def visit(closed, visit_company):
    """`visit_company` once the ticket is closed."""
    return visit_company


@pytest.fixture
def visit_company(company):
    """`visit(AGENT)` is a browser in which that person is signed in; `visit()` is anybody's."""
    from plugdesk.app import create_app

    app = create_app(company.runtime)

    def visit(email=None):
        browser = browser_of(app)
        if email:
            with company.runtime.database.read() as session:
                user = session.scalars(sa.select(User).where(User.email == email)).one()
            browser.sign_in(user)
        return browser

    return visit


@pytest.fixture
def form_admin(closed):
    with closed.runtime.database.write() as session:
        form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
        return add_staff(session, "Zoe Admin", Role.AGENT, form, is_admin=True).email


def write(company, text="It beeps.", **fields):
    post(company.mail, letter(f"Ann Smith <{ADDRESS}>", "The till beeps", text, **fields))
    company.later(seconds=31)
    company.work()


def close(company):
    with company.runtime.database.write() as session:
        become(
            session,
            session.get_one(Ticket, 1),
            StatusKind.RESOLVED,
            by=session.scalars(sa.select(User).where(User.email == AGENT)).one(),
        )
    company.work()


def notice(company):
    return company.letters(ADDRESS)[-1].get_body(("html",)).get_content()


def links(company):
    """The five faces of the last letter, 5 first, as paths."""
    return re.findall(r'href="http://[^/"]+(/p/[^"]+)"', notice(company))


def page_of(company):
    return links(company)[0].partition("?")[0]


def ratings(company):
    with company.runtime.database.read() as session:
        return [(each.mark, each.comment) for each in session.scalars(sa.select(Rating).order_by(Rating.id))]


def switch(company, *, on):
    with company.runtime.database.write() as session:
        form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
        (enable_plugin if on else disable_plugin)(session, form, "csat", None)


def test_the_closing_notice_asks_with_five_faces_from_dark_green_to_red(closed):
    said = notice(closed)
    assert [path[-7:] for path in links(closed)] == [f"?mark={mark}" for mark in (5, 4, 3, 2, 1)]
    assert "How did we do? One press tells us." in said
    assert [colour for colour in re.findall(r"color:(#\w+)", said)] == ["#1f7a43", "#4f9c2f", "#b58a00", "#c96a12", "#c6312b"]
    assert len({path.partition("?")[0] for path in links(closed)}) == 1


def test_the_receipt_asks_nothing(closed):
    assert "/p/support/csat" not in closed.letters(ADDRESS)[0].as_string()


def test_looking_at_a_link_stores_nothing_however_often(closed, visit):
    """Mail scanners open every link (Safe Links and its kin)."""
    for path in links(closed):
        for _ in range(5):
            assert visit().get(path).status_code == 200
            assert visit().head(path).status_code == 200
    assert ratings(closed) == []


def test_the_face_that_was_tapped_is_chosen_already_and_one_press_stores_it(closed, visit):
    browser = visit()
    shown = browser.get(links(closed)[1]).get_data(as_text=True)
    assert re.search(r'<input[^>]*value="4"[^>]*\bchecked', shown)
    answer = browser.post(page_of(closed), data={"mark": GOOD, "comment": "Quick! "})
    assert (answer.status_code, ratings(closed)) == (303, [(4, "Quick!")])
    assert "Thank you." in browser.get(answer.headers["Location"]).get_data(as_text=True)


def test_the_last_explicit_choice_counts_and_each_is_in_the_journal(closed, visit):
    for mark, comment in (("1", "Slow"), ("5", "")):
        visit().post(page_of(closed), data={"mark": mark, "comment": comment})
    assert ratings(closed) == [(5, "")]
    with closed.runtime.database.read() as session:
        assert [event.data["mark"] for event in session.scalars(sa.select(Event).where(Event.kind == "ticket_rated"))] == [1, 5]


def test_whoever_has_given_a_mark_reads_it_on_the_link_of_another_and_is_thanked_on_its_own(closed, visit):
    visit().post(page_of(closed), data={"mark": "2", "comment": "Slow"})
    best, *_others, bad, _worst = links(closed)
    again = visit().get(best).get_data(as_text=True)
    assert "Your mark so far:" in again and "Change my mark" in again and "Slow" in again
    assert "Thank you." in (same := visit().get(bad).get_data(as_text=True)) and "Your mark so far:" not in same


def test_presses_at_the_same_moment_store_one_mark(closed, visit):
    browsers = [visit() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(lambda browser: browser.post(page_of(closed), data={"mark": GOOD}).status_code, browsers))
    assert set(codes) <= {303, 409, 503} and 303 in codes
    assert ratings(closed) == [(4, "")]


@pytest.mark.parametrize("mark", ["", "0", "6", "-1", "5.0", "five", "٥", "²", "55", "5 OR 1=1"])
def test_a_mark_that_is_none_is_refused_with_what_was_typed(closed, visit, mark):
    answer = visit().post(page_of(closed), data={"mark": mark, "comment": "My words <b>"})
    assert (answer.status_code, ratings(closed)) == (422, [])
    assert "My words &lt;b&gt;" in answer.get_data(as_text=True)


def test_a_post_without_the_pages_own_token_stores_nothing(closed, visit):
    answer = visit().post(page_of(closed), data={"mark": GOOD}, headers={"X-CSRFToken": ""})
    assert (answer.status_code, ratings(closed)) == (403, [])


def test_after_its_days_are_over_a_link_answers_not_found(closed, visit):
    closed.later(days=29)
    assert visit().get(page_of(closed)).status_code == 200
    closed.later(days=2)
    assert visit().get(page_of(closed)).status_code == 404
    assert visit().post(page_of(closed), data={"mark": GOOD}).status_code == 404


@pytest.mark.parametrize("token", ["", "%20", "%00", "%25", "*", "_", "a" * 5_000, "%F0%9F%98%80", "..%2f"])
def test_a_token_nobody_was_sent_finds_nothing(closed, visit, token):
    """CVE-2026-53595 of another desk: a blank invitation matched the first user's."""
    with closed.runtime.database.write() as session:
        session.add(
            Invitation(
                form_id=1,
                ticket_id=1,
                closing_id=99,
                token_hash="",
                sent_at=closed.runtime.clock.now(),
                expires_at=closed.runtime.clock.now(),
            )
        )
    assert visit().get(f"/p/support/csat/{token}").status_code == 404


def test_a_token_opens_on_its_own_form_only(closed, visit):
    with closed.runtime.database.write() as session:
        enable_plugin(session, session.scalars(sa.select(Form).where(Form.slug == "billing")).one(), "csat", None)
    assert visit().get(page_of(closed).replace("/support/", "/billing/")).status_code == 404


def test_a_token_is_random_and_only_its_hash_is_stored(closed):
    """CVE-2026-27637 of another desk: a token made from a number and the secret key could be made by whoever had the key."""
    token = page_of(closed).rpartition("/")[2]
    assert len(token) >= 32
    with closed.runtime.database.engine.connect() as connection:
        stored = str(connection.execute(sa.text("SELECT * FROM csat_invitation")).all())
    assert token not in stored


def test_a_later_closing_asks_anew_and_the_first_mark_stays(closed, visit):
    first = page_of(closed)
    visit().post(first, data={"mark": "2"})
    write(closed, "Still.", In_Reply_To=closed.letters(ADDRESS)[-1]["Message-ID"])
    close(closed)
    assert page_of(closed) != first
    visit().post(page_of(closed), data={"mark": "5"})
    assert ratings(closed) == [(2, ""), (5, "")]


def test_a_rating_never_reopens_the_ticket_nor_writes_to_anybody(closed, visit):
    sent = len(closed.mail.outgoing)
    visit().post(page_of(closed), data={"mark": "1", "comment": "Bad. Please open it again!"})
    closed.work()
    with closed.runtime.database.read() as session:
        assert session.get_one(Ticket, 1).status_kind is StatusKind.RESOLVED
    assert len(closed.mail.outgoing) == sent


def test_marks_and_comments_are_for_the_forms_admins(closed, visit, form_admin):
    visit().post(page_of(closed), data={"mark": "2", "comment": "Too <i>slow</i>"})
    for path in ("/tickets/1", "/views/done"):
        assert "Too &lt;i&gt;slow&lt;/i&gt;" in visit(form_admin).get(path).get_data(as_text=True), path
        assert "slow" not in visit(AGENT).get(path).get_data(as_text=True), path
    assert visit(OUTSIDER).get("/tickets/1").status_code == 404


def test_agents_do_not_get_the_customers_links_to_see(closed, visit, form_admin):
    """Else whoever answered could rate the answer."""
    token = page_of(closed).rpartition("/")[2]
    for who in (AGENT, form_admin, "marta@desk.example"):
        assert token not in visit(who).get("/tickets/1").get_data(as_text=True)


def test_where_it_is_switched_off_nothing_of_it_is_left_and_switched_on_again_everything_is_back(closed, visit, form_admin):
    page = page_of(closed)
    visit().post(page, data={"mark": GOOD, "comment": "Well done"})
    switch(closed, on=False)
    assert (visit().get(page).status_code, visit().post(page, data={"mark": "1"}).status_code) == (404, 404)
    for path in ("/tickets/1", "/views/done"):
        assert "Well done" not in visit(form_admin).get(path).get_data(as_text=True)
    assert ratings(closed) == [(4, "Well done")]
    switch(closed, on=True)
    assert visit().get(page).status_code == 200
    assert "Well done" in visit(form_admin).get("/tickets/1").get_data(as_text=True)


def test_where_it_is_off_the_notice_goes_without_its_paragraph(company):
    switch(company, on=False)
    write(company)
    close(company)
    said = notice(company)
    assert ("/p/" in said, "satisfaction" in said, "just answer this letter" in said) == (False, False, True)


def test_the_admins_words_stand_above_the_faces_and_after_the_mark(company):
    with company.runtime.database.write() as session:
        form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
        save_plugin_settings(session, form, "csat", {"invitation": "Were you <happy>?", "days": 1}, 0, None)
    write(company)
    close(company)
    assert "Were you &lt;happy&gt;?" in notice(company)


def test_without_a_public_address_nobody_is_asked(make_company, clock):
    company = make_company(clock=clock, base_url="")
    write(company)
    close(company)
    assert "/p/" not in notice(company)


def ask(company, **options):
    """An action has the rating asked for on Ann's ticket; why not, "" when it was."""
    with company.runtime.database.write() as session:
        ticket = session.get_one(Ticket, 1)
        why = run_step(session, ticket, "csat:ask", options, by=None)
    company.work()
    return why


def test_an_action_asks_before_the_closing_and_its_mark_stays_beside_that_of_the_closing(company, visit_company):
    write(company)
    assert ask(company, text="And so far, ${customer:name}?") == ""
    assert "And so far, Ann Smith?" in notice(company)
    early = page_of(company)
    assert visit_company().post(early, data={"mark": "2"}).status_code == 303
    assert "already" in ask(company)
    close(company)
    assert page_of(company) != early
    visit_company().post(page_of(company), data={"mark": "5"})
    assert ratings(company) == [(2, ""), (5, "")]


def test_where_an_action_has_asked_at_the_closing_the_notice_does_not(company, visit_company):
    write(company)
    with company.runtime.database.write() as session:
        ticket = session.get_one(Ticket, 1)
        become(session, ticket, StatusKind.RESOLVED, by=None)
        assert run_step(session, ticket, "csat:ask", {}, by=None) == ""
    company.work()
    asking = [each for each in company.letters(ADDRESS) if "/p/support/csat/" in each.as_string()]
    assert len(asking) == 1
    found = re.findall(r'href="http://[^/"]+(/p/[^"]+)"', asking[0].get_body(("html",)).get_content())
    assert visit_company().post(found[0].partition("?")[0], data={"mark": GOOD}).status_code == 303
    assert ratings(company) == [(4, "")]


def test_where_the_notice_has_asked_an_action_does_not_and_the_links_stay_good(closed, visit):
    sent, page = len(closed.letters(ADDRESS)), page_of(closed)
    assert "already" in ask(closed)
    assert len(closed.letters(ADDRESS)) == sent
    assert visit().post(page, data={"mark": GOOD}).status_code == 303
    assert "already" in ask(closed)
    assert ratings(closed) == [(4, "")]


def test_who_can_be_sent_nothing_is_not_asked(company):
    write(company)
    with company.runtime.database.write() as session:
        session.get_one(Ticket, 1).channel = "phone"
    assert "channel" in ask(company)
