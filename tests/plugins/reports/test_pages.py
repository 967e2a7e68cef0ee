"""The pages of reports: every figure leads to exactly as many tickets, nobody counts what they may not see."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
import sqlalchemy as sa

from plugdesk.forms.commands import set_hours
from plugdesk.forms.models import FormAgent, Sees
from plugdesk.hours.commands import add_business_hours
from plugdesk.plugins.switch import disable_plugin
from plugdesk.testing.browser import browser_of
from plugdesk_reports.counting import begin

PAGES = ("/x/reports/", "/x/reports/people", "/x/reports/times", "/x/reports/topics")
EVERYTHING = "from=2026-11-01&to=2027-10-31"


class Links(HTMLParser):
    """The links to lists of tickets on a page, with their words."""

    def __init__(self, page):
        super().__init__()
        self.found, self.open = [], None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        url = dict(attrs).get("href") or ""
        if tag == "a" and url.startswith("/x/reports/tickets"):
            self.open = [url, ""]

    def handle_data(self, data):
        if self.open:
            self.open[1] += data

    def handle_endtag(self, tag):
        if tag == "a" and self.open:
            self.found.append(tuple(self.open))
            self.open = None


def listed(browser, url):
    """The number above a list, and how many tickets stand in it page by page."""
    head, rows = None, 0
    while url:
        page = browser.get(url).text
        head = head or int(re.search(r'<h1>[^<]+<span class="faint num">([\d,]+)', page)[1].replace(",", ""))
        rows += len(re.findall(r'<th scope="row"><a href="/tickets/', page))
        older = re.search(r'href="([^"]+)"[^>]*rel="next"', page)
        url = older[1].replace("&amp;", "&") if older else None
    return head, rows


@pytest.mark.parametrize("sees", ["all", "own"])
def test_every_figure_leads_to_exactly_as_many_tickets(counted, session, form, agent, ada, sees):
    if sees == "own":
        session.scalars(sa.select(FormAgent).where(FormAgent.user_id == agent.id)).one().sees = Sees.OWN
        session.commit()
    checked = 0
    for path in PAGES:
        links = dict(Links(ada.get(f"{path}?{EVERYTHING}").text).found)
        plain = {url: int(words.replace(",", "")) for url, words in links.items() if words.replace(",", "").isdigit()}
        for url, number in list(plain.items())[::3]:
            assert listed(ada, url) == (number, number), url
            checked += 1
    assert checked > 25


def test_a_part_of_the_tickets_makes_smaller_figures(counted, session, form, agent, ada):
    def received():
        return int(re.search(r"<dt>Received</dt><dd><a [^>]+>(\d+)<", ada.get(f"/x/reports/?{EVERYTHING}").text)[1])

    whole = received()
    session.scalars(sa.select(FormAgent).where(FormAgent.user_id == agent.id)).one().sees = Sees.OWN
    session.commit()
    assert 0 < received() < whole


def test_an_empty_period_says_so_in_words(counted, ada):
    for path in PAGES:
        page = ada.get(f"{path}?from=2024-02-01&to=2024-02-29").text
        assert "No tickets in these days" in page
    assert "No tickets" in ada.get("/x/reports/tickets?of=received&from=2024-02-01&to=2024-02-29").text


def test_days_nobody_can_count_are_refused_with_the_remedy_and_the_usual_ones_shown(counted, ada):
    for wrong in ("from=2026-12-31&to=2026-01-01", "from=yesterday", "from=0001-01-01&to=9999-12-31"):
        page = ada.get(f"/x/reports/?{wrong}").text
        assert "The first day must be before the last one" in page and "Received" in page


def test_where_it_is_off_everywhere_there_is_no_page_and_no_entry(counted, session, form, ada):
    assert "/x/reports/" in ada.get("/views/open").text
    disable_plugin(session, form, "reports", None)
    session.commit()
    assert ada.get("/x/reports/").status_code == 404
    assert "/x/reports/" not in ada.get("/views/open").text


def test_while_the_past_is_counted_the_page_shows_how_far_it_is(live, enable, app, agent, session, form):
    live(2)
    enable("reports")
    begin(session, form)
    session.commit()
    browser = browser_of(app)
    browser.sign_in(agent)
    assert "Past tickets of Support are being counted" in browser.get("/x/reports/").text


@pytest.fixture
def office(counted, session, form, run_jobs, clock):
    """The form works on weekdays from 9 to 18."""
    week = {f"day-{day}": "9:00–18:00" if day < 5 else "" for day in range(7)}
    set_hours(
        session, form, add_business_hours(session, {"name": "Office", "zone": "UTC", "exceptions": "", **week}, by=None), by=None
    )
    session.commit()
    clock.advance(minutes=2)
    run_jobs()


def test_how_long_it_took_is_shown_in_working_time_where_that_is_chosen(office, session, ada):
    clock, worked = (ada.get(f"/x/reports/times?{EVERYTHING}{more}").text for more in ("", "&hours=business"))
    assert "nights and days off count" in clock and "in the working time of its form" in worked
    links = [dict(Links(page).found) for page in (clock, worked)]
    assert all("hours=business" in url for url in links[1]) and not any("hours=" in url for url in links[0])
    narrow = [url for url, words in links[1].items() if "least=" in url and words.isdigit()]
    assert narrow
    for url in narrow[::3]:
        number = int(links[1][url])
        assert listed(ada, url) == (number, number)
    book = ada.get(f"/x/reports/times.csv?{EVERYTHING}&hours=business").data.decode()
    assert book != ada.get(f"/x/reports/times.csv?{EVERYTHING}").data.decode()


def test_a_form_that_is_given_other_hours_is_said_to_be_counted_until_it_is(office, session, form, run_jobs, clock, ada):
    said = f"Past tickets of {form.name} are being counted"
    assert said not in ada.get(f"/x/reports/times?{EVERYTHING}").text
    set_hours(session, form, None, by=None)
    session.commit()
    assert said in ada.get(f"/x/reports/times?{EVERYTHING}").text
    clock.advance(minutes=2)
    run_jobs()
    assert said not in ada.get(f"/x/reports/times?{EVERYTHING}").text


def test_without_working_hours_of_a_form_there_is_nothing_to_choose(counted, ada):
    assert "in working time" not in ada.get(f"/x/reports/times?{EVERYTHING}").text
