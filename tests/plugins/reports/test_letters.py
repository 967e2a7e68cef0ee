"""Own reports by letter: to whom, when, what stands in it, and what becomes of it where it cannot be sent."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa

from plugdesk.forms.models import FormAgent, Sees
from plugdesk.html import text_of_html
from plugdesk.plugins.switch import disable_plugin
from plugdesk.setup import change_desk
from plugdesk.testing.browser import browser_of
from plugdesk.users.models import User
from plugdesk_reports import letter_sending
from plugdesk_reports.letter_models import ReportLetter
from tests.factories import make_agent
from tests.plugins.reports.test_own import kept
from tests.plugins.reports.test_pages import Links
from tests.support.pages import differences

WEEKLY = {"is_on": "1", "every": "week", "hour": "9", "weekday": "0", "day": "1"}


@pytest.fixture
def counted(count):
    """Six days with reports on."""
    count(6, 4)


@pytest.fixture
def letters(monkeypatch):
    """The letters that are put in the post: address, subject, HTML."""
    sent = []

    def post(session, form, *, to, subject, html):
        sent.append((to, subject, html))
        return True

    monkeypatch.setattr(letter_sending, "send_letter", post)
    return sent


@pytest.fixture
def ben(session):
    return session.scalars(sa.select(User).where(User.name == "Ben Stone")).one()


@pytest.fixture
def ada(app, agent, counted):
    browser = browser_of(app)
    browser.sign_in(agent)
    return browser


@pytest.fixture
def ours(ada):
    """The address of a report that everybody reads."""
    return kept(ada, "By channel", "everyone")


@pytest.fixture
def send_to(ada, ours):
    """`send_to(ben, every="day")`: the report goes to these people."""

    def send_to(*people, version=0, **given):
        data = {**WEEKLY, "people": [str(each.id) for each in people], "version": str(version), **given}
        answer = ada.post(f"{ours}/letter", data=data)
        assert answer.status_code == 303, re.findall(r'class="error"[^<]*<[^<]*<[^<]*', answer.text)
        return ada.get(ours).text

    return send_to


@pytest.fixture
def later(ada, agent, clock, run_jobs):
    """`later(3)`: as many days go by without a worker; then it does what is due. Whoever was signed in is so again."""

    def later(days=1):
        clock.advance(timedelta(days=days))
        run_jobs()
        if agent.active:
            ada.sign_in(agent)

    return later


def first_figure(page):
    return next(words for _url, words in Links(page).found if words.isdigit())


def test_it_leaves_when_it_is_due_with_the_figures_of_its_page(send_to, letters, ours, ada, agent, ben, run_jobs, later):
    page = send_to(agent, ben, every="day")
    assert "every day at 9:00" in re.sub(r"\s", " ", page).replace("9:00 AM", "9:00") and "never yet" in page
    run_jobs()
    assert letters == []
    later()
    assert sorted(to for to, _subject, _html in letters) == sorted([agent.email, ben.email])
    _to, subject, html = letters[0]
    assert subject.startswith("By channel, ")
    text = text_of_html(html, links=True)
    assert f"Received: {first_figure(ada.get(ours).text)}" in text
    assert re.search(r"^E-mail  \d+", text, re.MULTILINE) and "<th" in html
    assert f"{ours}?from=2026-11-01&to=2027-03-31" in text and f"{ours}.csv?" in text
    assert "to 2 people" in ada.get(ours).text


def test_a_standard_report_is_kept_under_a_name_and_sent_like_any_other(counted, ada, letters, agent, later):
    days, figures = "from=2026-11-01&to=2027-03-31", dict[str, set[Any]]()
    for name, place in (("overview", ""), ("people", "people"), ("times", "times"), ("topics", "topics")):
        standard = ada.get(f"/x/reports/{place}?{days}").text
        link = unescape(re.search(r'href="(/x/reports/own/new[^"]*then=letter[^"]*)"', standard)[1])
        asked = dict(re.findall(r'name="(page|then|metric)"[^>]*value="([^"]*)"', ada.get(link).text))
        assert (asked["page"], asked["then"]) == (name, "letter") and "metric" not in asked and days in link.replace("&amp;", "&")
        chosen = {"period": "days", "from": "2026-11-01", "to": "2027-03-31", "sharing": "private", "name": name}
        answer = ada.post("/x/reports/own", data={**asked, **chosen})
        assert answer.status_code == 303 and answer.location.endswith("/letter")
        own = answer.location.removesuffix("/letter")
        figures[name] = set(Links(standard).found) & set(Links(ada.get(own).text).found)
        assert figures[name] and ada.get(f"{own}.csv").data == ada.get(f"/x/reports/{name}.csv?{days}").data
        ada.post(answer.location, data={**WEEKLY, "every": "day", "people": [str(agent.id)], "version": "0"})
    later()
    sent = {subject.partition(",")[0]: text_of_html(html) for _to, subject, html in letters}
    assert sent.keys() == figures.keys() and all(words in sent[name] for name in sent for _url, words in figures[name])


def test_a_page_of_reports_that_there_is_not_is_refused(counted, ada, session):
    answer = ada.post("/x/reports/own", data={"page": "gone", "name": "Mine", "sharing": "private"})
    assert answer.status_code == 422 and "no such page of reports" in answer.text


def test_what_is_late_is_sent_once_and_then_goes_on(send_to, letters, agent, run_jobs, later):
    send_to(agent, every="day")
    later(10)
    run_jobs()
    assert len(letters) == 1
    later()
    assert len(letters) == 2


def test_it_counts_what_its_owner_may_see_at_that_moment(send_to, letters, ours, ada, agent, ben, session, later):
    send_to(ben, every="day")
    before = first_figure(ada.get(ours).text)
    session.scalars(sa.select(FormAgent).where(FormAgent.user_id == agent.id)).one().sees = Sees.OWN
    session.commit()
    later()
    now = first_figure(ada.get(ours).text)
    assert int(now) < int(before) and f"Received: {now}" in letters[0][2]


def test_whoever_does_not_read_the_report_gets_its_figures_without_links(counted, ada, letters, agent, ben, later):
    place = kept(ada, "Mine")
    ada.post(f"{place}/letter", data={**WEEKLY, "every": "day", "people": [str(agent.id), str(ben.id)], "version": "0"})
    later()
    html = {to: html for to, _subject, html in letters}
    assert place in html[agent.email] and place not in html[ben.email] and "Received: " in html[ben.email]
    assert f"{agent.name} has this report sent to you" in html[ben.email]


def test_everybody_reads_it_in_their_language(send_to, letters, agent, ben, session, later):
    ben.language = "ru"
    session.commit()
    send_to(agent, ben, every="day")
    later()
    words = {to: html for to, _subject, html in letters}
    assert "Поступило: " in words[ben.email] and "Received: " in words[agent.email]


def test_paused_letters_wait_and_nothing_is_made_up_for(send_to, letters, ours, ada, agent, run_jobs, later):
    send_to(agent, every="day")
    assert ada.post(f"{ours}/letter/switch", data={"on": "0"}).status_code == 303
    later(3)
    assert letters == [] and "Paused" in ada.get(ours).text
    ada.post(f"{ours}/letter/switch", data={"on": "1"})
    run_jobs()
    assert letters == []
    later()
    assert len(letters) == 1


HINDRANCES = {
    "the owner is gone": ("does not work here any more", lambda session, form, agent, ben: setattr(agent, "active", False)),
    "the owner works on no form": (
        "works on no form with reports",
        lambda session, form, agent, ben: session.execute(sa.delete(FormAgent).where(FormAgent.user_id == agent.id)),
    ),
    "the report names what is gone": (
        "cannot be counted as it is",
        lambda session, form, agent, ben: session.execute(sa.text('UPDATE reports_own SET asked = \'{"metric": "gone"}\'')),
    ),
    "nobody is left": ("Nobody among those", lambda session, form, agent, ben: setattr(ben, "active", False)),
}


@pytest.mark.parametrize("name", HINDRANCES)
def test_where_it_cannot_be_sent_nothing_is_and_its_page_says_why(
    name, send_to, letters, ours, app, admin, session, form, agent, ben, later
):
    said, happen = HINDRANCES[name]
    send_to(ben, every="day")
    happen(session, form, agent, ben)
    session.commit()
    later()
    browser = browser_of(app)
    browser.sign_in(admin)
    page = browser.get(ours).text
    assert letters == [] and "Not sent on" in page and said in page and "never yet" in page


def test_what_failed_too_often_stands_at_the_report_and_is_tried_again(
    send_to, letters, ours, ada, session, ben, run_jobs, later, monkeypatch
):
    send_to(ben, every="day")
    with monkeypatch.context() as broken:
        broken.setattr(letter_sending, "_written", lambda *_given: 1 / 0)
        for _half_a_day in range(12):  # each time it waits longer
            later(0.5)
    page = ada.get(ours).text
    assert letters == [] and "Not sent on" in page and "ZeroDivisionError" in page and "is late" not in page
    assert "letter not sent" in ada.get("/x/reports/own").text
    assert ada.post(f"{ours}/letter/switch", data={"on": "1"}).status_code == 303
    run_jobs()
    assert len(letters) == 1 and "Not sent on" not in ada.get(ours).text
    later()
    assert len(letters) == 2


def test_without_a_mailbox_both_pages_and_a_trial_say_so(send_to, ours, ada, agent, mailbox, form, session, later):
    send_to(agent, every="day")
    disable_plugin(session, form, "email", None)
    later()
    assert "can send letters to these people" in ada.get(ours).text
    assert "works on can send letters" in ada.get(f"{ours}/letter").text
    refused = ada.post(f"{ours}/letter/trials")
    assert refused.status_code == 409 and "connect a mailbox" in refused.text


def test_it_goes_through_the_mailbox(send_to, ours, ada, agent, run_jobs, mailbox, later):
    send_to(agent, every="day")
    later()
    letter = next(each for each in mailbox.sent if each["Subject"].startswith("By channel, "))
    assert letter["To"] == agent.email and letter["Auto-Submitted"] == "auto-generated"
    assert "Received" in letter.get_body(("plain",)).get_content() and "<table" in letter.get_body(("html",)).get_content()
    assert ada.post(f"{ours}/letter/trials").status_code == 303
    run_jobs()
    assert len([each for each in mailbox.sent if each["Subject"].startswith("By channel, ")]) == 2


def test_a_report_that_is_removed_is_sent_no_more(send_to, letters, ours, ada, agent, session, later):
    send_to(agent, every="day")
    assert ada.post(f"{ours}/removal").status_code == 303
    later(2)
    assert letters == [] and session.query(ReportLetter).count() == 0


def test_another_zone_of_the_desk_moves_the_letter(send_to, letters, agent, clock, run_jobs, runtime, session):
    send_to(agent, every="day")  # at nine in Berlin or UTC, the clock stands a little later
    desk = runtime.desk(session)
    desk.zone = "America/New_York"
    session.commit()
    clock.advance(timedelta(hours=23, minutes=45))
    run_jobs()
    letter = session.query(ReportLetter).one()
    assert letter.rhythm.next(letter.since, desk.zone) > clock.now()


def test_a_zone_further_east_has_it_leave_earlier(send_to, letters, agent, clock, run_jobs, runtime, session, admin):
    send_to(agent, every="day")
    desk = runtime.desk(session)
    change_desk(session, desk, name=desk.name, language=desk.language, zone="Asia/Tokyo", by=admin)
    run_jobs()
    clock.advance(timedelta(hours=15, minutes=30))  # half past nine in Tokyo, where the test's clock began at six in the evening
    run_jobs()
    assert len(letters) == 1


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"people": []}, "Choose at least one person"),
    ({"every": "second"}, "Choose how often"),
    ({"hour": "24"}, "Choose one of those offered"),
    ({"weekday": "7"}, "Choose one of those offered"),
    ({"day": "x"}, "Choose one of those offered"),
)


def test_what_is_wrong_is_refused_and_what_was_typed_stays(ours, ada, agent, session):
    for given, said in WRONG:
        answer = ada.post(f"{ours}/letter", data={**WEEKLY, "weekday": "3", "people": [str(agent.id)], "version": "0", **given})
        assert answer.status_code == 422 and said in answer.text, given
        assert "weekday" in given or 'value="3" selected' in answer.text
    assert session.query(ReportLetter).count() == 0


def test_customers_and_people_without_an_address_are_not_offered(ours, ada, agent, session, form, customer):
    quiet = make_agent(session, form, name="Quiet Quinn")
    quiet.email = None
    session.commit()
    page = ada.get(f"{ours}/letter").text
    assert agent.name in page and "Quiet Quinn" not in page and customer.name not in page
    answer = ada.post(f"{ours}/letter", data={**WEEKLY, "people": [str(customer.id), str(quiet.id)], "version": "0"})
    assert answer.status_code == 422


def test_who_saves_what_somebody_else_has_changed_sees_it_first(send_to, ours, ada, agent):
    send_to(agent, every="month", day="31")
    data = {**WEEKLY, "people": [str(agent.id)], "version": "0"}
    answer = ada.post(f"{ours}/letter", data=data)
    assert answer.status_code == 409
    told = differences(answer.text)
    assert (
        told["How often"] == ("Every week", "Every month") and told["Day of the month"][1] == "31" and "Who gets it" not in told
    )
    version = re.search(r'name="version" value="(\d+)"', answer.text)[1]
    assert ada.post(f"{ours}/letter", data={**data, "version": version}).status_code == 303


def test_only_its_owner_and_administrators_have_a_report_sent(send_to, ours, app, agent, ben, admin):
    page = send_to(agent)
    other, boss = browser_of(app), browser_of(app)
    other.sign_in(ben)
    boss.sign_in(admin)
    assert "By letter" in page and "By letter" not in other.get(ours).text and "By letter" in boss.get(ours).text
    assert other.get(f"{ours}/letter").status_code == 403 and other.post(f"{ours}/letter/trials").status_code == 403
    assert other.post(f"{ours}/letter/switch", data={"on": "0"}).status_code == 403
