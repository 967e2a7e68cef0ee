"""Own reports: every figure equals the tickets it leads to, whatever is counted, by whom, and told apart by what."""

from __future__ import annotations

import csv
import re
from io import StringIO

import pytest
import sqlalchemy as sa

from plugdesk.forms.models import FormAgent, Sees
from plugdesk.testing.browser import browser_of
from plugdesk_reports.definition import BUILT_IN
from plugdesk_reports.own_models import OwnReport
from tests.factories import make_agent, make_group
from tests.plugins.reports.test_pages import Links, listed
from tests.support.pages import differences

DAYS = {"period": "days", "from": "2026-11-01", "to": "2027-03-31"}
COUNTED = {"metric": "received", "by": "channel", "chart": "table", **DAYS}


@pytest.fixture
def counted(count):
    """Twelve days with reports on: as many as it takes for one of the agents to have had some tickets."""
    count(12, 4)


def shown(browser, **asked):
    """The figures of the page on which a report is made."""
    return browser.post("/x/reports/own/preview", data={**COUNTED, **asked}).text


def kept(browser, name="By channel", sharing="private", **asked):
    """The address of a report that is saved."""
    answer = browser.post("/x/reports/own", data={**COUNTED, "name": name, "sharing": sharing, **asked})
    assert answer.status_code == 303, re.findall(r'class="error"[^<]*<[^<]*<[^<]*', answer.text)
    return answer.location


@pytest.mark.parametrize("sees", ["all", "own"])
def test_every_figure_leads_to_exactly_as_many_tickets(counted, session, agent, ada, sees):
    if sees == "own":
        session.scalars(sa.select(FormAgent).where(FormAgent.user_id == agent.id)).one().sees = Sees.OWN
        session.commit()
    checked, groupings = (
        0,
        ("time", "form", "channel", "status", "assignee", "group", "customer", "organization", "tag", "field:cause"),
    )
    for place, metric in enumerate(each.code for each in BUILT_IN):
        for by in groupings[place % 2 :: 2]:
            links = [(url, words) for url, words in Links(shown(ada, metric=metric, by=by)).found if words.isdigit()]
            for url, words in links[-1:]:
                assert listed(ada, url) == (int(words), int(words)), (metric, by, url)
                checked += 1
    assert checked > 12


def test_the_whole_is_what_its_parts_add_up_to(counted, ada):
    page = shown(ada)
    numbers = [int(words) for _url, words in Links(page).found if words.isdigit()]
    assert numbers[0] == sum(numbers[1:]) > 5


def test_words_of_the_search_narrow_figures_and_the_tickets_behind_them(counted, ada):
    everything, some = (int(Links(shown(ada, words=words)).found[0][1]) for words in ("", "channel:email"))
    assert 0 < some < everything
    page = shown(ada, words="channel:email", by="field:cause")
    for url, words in Links(page).found:
        assert "words=channel" in url and listed(ada, url) == (int(words), int(words))


WRONG = (
    ({"words": "printer"}, "Only tests can be counted"),
    ({"words": "tag:unheard"}, "nothing is known by that"),
    ({"chart": "line"}, "A line goes through days"),
    ({"metric": "nobody.knows"}, "not offered to you any more"),
    ({"by": "field:gone"}, "not told apart by this any more"),
    ({"form": "999999"}, "not among those you work on"),
    ({"from": "2026-12-31", "to": "2026-01-01"}, "The first day must be before the last one"),
    ({"name": " "}, "Give the report a name"),
    ({"sharing": "groups"}, "Choose at least one group"),
)


def test_what_cannot_be_counted_is_refused_with_the_remedy_and_keeps_what_was_typed(counted, ada, session):
    for asked, said in WRONG:
        answer = ada.post("/x/reports/own", data={**COUNTED, "name": "Mine alone", "sharing": "private", **asked})
        assert answer.status_code == 422 and said in answer.text, asked
        assert "Mine alone" in answer.text or "name" in asked
    assert session.query(OwnReport).count() == 0


def test_a_preview_keeps_nothing(counted, ada, session):
    assert "As a table" in shown(ada, by="time", chart="bars", name="Mine")
    assert session.query(OwnReport).count() == 0


def test_a_fragment_is_all_that_a_script_asks_for(counted, ada):
    page = ada.post("/x/reports/own/preview", data=COUNTED, headers={"HX-Request": "true"}).text
    assert "own-figures" in page and "<html" not in page


def test_it_is_drawn_as_its_owner_chose(counted, ada):
    for chart, drawn in (("bars", "<rect"), ("line", "line1"), ("table", "<td")):
        for metric in ("received", "answer_time"):
            assert drawn in shown(ada, by="time", chart=chart, metric=metric), (chart, metric)


def test_bars_stand_in_the_lines_of_what_is_no_time(counted, ada):
    assert "<progress" in shown(ada, chart="bars") and "<progress" not in shown(ada)


def test_a_private_report_is_its_owner_s_alone_and_a_shared_one_counts_for_its_reader(counted, app, session, form, agent, ada):
    ben = session.scalars(sa.select(type(agent)).where(type(agent).name == "Ben Stone")).one()
    session.scalars(sa.select(FormAgent).where(FormAgent.user_id == ben.id)).one().sees = Sees.OWN
    session.commit()
    other = browser_of(app)
    other.sign_in(ben)
    private, public = kept(ada, "Mine"), kept(ada, "Ours", "everyone")
    assert other.get(private).status_code == 404 and private not in other.get("/x/reports/own").text
    mine, theirs = (int(Links(browser.get(public).text).found[0][1]) for browser in (ada, other))
    assert 0 < theirs < mine
    assert other.get(f"{public}/edit").status_code == 403 and other.post(f"{public}/removal").status_code == 403


def test_a_report_of_a_group_is_read_by_its_members(counted, app, session, form, ada):
    member, stranger = make_agent(session, form, name="May Field"), make_agent(session, form, name="Sam Hill")
    group = make_group(session, member, name="Managers")
    session.commit()
    place = kept(ada, "For managers", "groups", groups=[str(group.id)])
    for user, status in ((member, 200), (stranger, 404)):
        browser = browser_of(app)
        browser.sign_in(user)
        assert browser.get(place).status_code == status


def test_a_copy_is_private_and_changes_nothing_of_the_first(counted, app, session, form, ada):
    place = kept(ada, "Ours", "everyone", words="channel:email")
    browser = browser_of(app)
    browser.sign_in(make_agent(session, form, name="May Field"))
    session.commit()
    answer = browser.post(f"{place}/copies")
    assert answer.status_code == 303 and "channel:email" in browser.get(answer.location).text
    assert ada.get(answer.location.removesuffix("/edit")).status_code == 404


def test_who_saves_what_somebody_else_has_changed_sees_it_first(counted, ada, session):
    place = kept(ada, "Ours")
    version = str(session.query(OwnReport).one().version)
    again = {**COUNTED, "sharing": "private", "version": version}
    assert ada.post(place, data={**again, "name": "Renamed", "chart": "bars"}).status_code == 303
    answer = ada.post(place, data={**again, "name": "Late", "sharing": "everyone"})
    assert answer.status_code == 409 and 'value="Late"' in answer.text
    told = differences(answer.text)
    assert told["Name of the report"] == ("Late", "Renamed") and told["Shown as"] == ("Table", "Bars")
    assert told["Who reads it"] == ("Everybody on the desk", "Me alone") and "What is counted" not in told
    version = re.search(r'name="version" value="(\d+)"', answer.text)[1]
    assert ada.post(place, data={**again, "name": "Late", "version": version}).status_code == 303


def test_a_removed_report_is_gone(counted, ada, session):
    place = kept(ada)
    assert ada.post(f"{place}/removal").status_code == 303 and ada.get(place).status_code == 404


def test_its_file_holds_the_figures_of_its_page(counted, ada):
    place = kept(ada)
    text = ada.get(f"{place}.csv").data.decode()
    rows = [row for row in csv.reader(StringIO(text.removeprefix("\ufeff"))) if row]
    assert rows[1][:2] == ["By channel", "Received"]
    assert sum(int(row[1]) for row in rows[2:]) == int(Links(ada.get(place).text).found[0][1])
    assert ada.get(f"{place}.xlsx").data[:2] == b"PK"


def test_lengths_in_files_name_their_unit(counted, ada):
    place = kept(ada, metric="answer_time")
    assert "First response, median, minutes" in ada.get(f"{place}.csv").data.decode()
    assert "Median, minutes" in ada.get("/x/reports/times.csv").data.decode()


def test_other_days_are_looked_at_without_changing_the_report(counted, ada):
    place = kept(ada)
    assert "Nothing is counted in these days" in ada.get(f"{place}?from=2024-02-01&to=2024-02-29").text
    assert "Nothing is counted in these days" not in ada.get(place).text


def test_a_report_of_a_form_one_no_longer_works_on_counts_nothing(counted, app, session, form, other_form, enable, agent, ada):
    place = kept(ada, form=str(form.id))
    enable("reports", on=other_form)
    session.execute(sa.delete(FormAgent).where(FormAgent.user_id == agent.id))
    session.add(FormAgent(form_id=other_form.id, user_id=agent.id))
    session.commit()
    page = ada.get(place).text
    assert "not among those you work on" in page and not Links(page).found


def test_figures_of_extensions_are_told_apart_like_all_others(counted, session, form, ada, enable, run_jobs):
    enable("csat")
    for by in ("time", "channel", "status", "customer", "organization", "tag", "field:cause"):
        assert "own-figures" in shown(ada, metric="csat.response", by=by)
