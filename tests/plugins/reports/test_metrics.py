"""What extensions bring to the reports is what a plain count of their rows gives, for those who may see it."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from plugdesk.api import ReportMetric
from plugdesk.forms.models import FormAgent, Sees
from plugdesk.permissions import forget_rights
from plugdesk.plugins.switch import disable_plugin
from plugdesk_csat.models import Invitation, Rating
from plugdesk_reports.metrics import read_measures
from plugdesk_reports.models import TicketFacts
from plugdesk_reports.periods import Period
from plugdesk_reports.reading import reach_of
from tests.plugins.reports.test_pages import EVERYTHING, Links, listed

ALL = Period(date(2026, 11, 1), date(2027, 10, 31))


@pytest.fixture
def rated(counted, enable, session, agent):
    """Twenty days of which half the tickets were asked about and some of these rated, by whoever had them then. Agents see marks."""
    enable("csat", seen_by="agents")
    chance = random.Random(5)
    for n, facts in enumerate(session.scalars(sa.select(TicketFacts).order_by(TicketFacts.ticket_id)).all()):
        if n % 2:
            continue
        at = facts.opened_at + timedelta(hours=5)
        asked = Invitation(
            form_id=facts.form_id, ticket_id=facts.ticket_id, closing_id=n, token_hash=f"{n:064}", sent_at=at, expires_at=at,
            assignee_id=chance.choice([None, agent.id]), group_id=facts.group_id, channel=facts.channel,
        )  # fmt: skip
        session.add(asked)
        session.flush()
        if chance.random() < 0.6:
            mark = chance.randint(1, 5)
            session.add(Rating(invitation_id=asked.id, form_id=facts.form_id, ticket_id=facts.ticket_id, mark=mark, rated_at=at, changed_at=at))  # fmt: skip
    session.commit()


def plain_marks(session, period=ALL):
    """Marks by sort and key, counted without a line of the extension's."""
    found = defaultdict(list)
    for mark, at, asked, facts in session.execute(
        sa.select(Rating.mark, Rating.rated_at, Invitation, TicketFacts)
        .join(Invitation, Invitation.id == Rating.invitation_id)
        .join(TicketFacts, TicketFacts.ticket_id == Rating.ticket_id)
    ):
        if period.first <= at.date() <= period.last:
            keys = {"": "", "channel": facts.channel, "assignee": str(asked.assignee_id or 0), "group": str(asked.group_id or 0), "form": str(facts.form_id)}  # fmt: skip
            for sort, key in keys.items():
                found[sort, key].append(mark)
    return found


def test_the_rating_in_reports_is_what_a_plain_count_of_marks_gives(rated, session, admin):
    reach, sorts = reach_of(session, admin), ("channel", "assignee", "group", "form")
    first = session.scalar(sa.select(sa.func.min(Rating.rated_at))).date()
    for period in (ALL, Period(first + timedelta(days=3), first + timedelta(days=9)), Period(date(2020, 1, 1), date(2020, 2, 1))):
        plain, measures = plain_marks(session, period), read_measures(session, reach, period, sorts=sorts)
        rating, satisfied, response = measures.offered
        for (sort, key), marks in plain.items():
            assert (measures.of(rating, sort, key).number, measures.of(rating, sort, key).total) == (len(marks), sum(marks))
            assert measures.of(satisfied, sort, key).total == sum(mark >= 4 for mark in marks)
            assert measures.of(response, sort, key).total == len(marks)
        assert {(sort, key) for code, sort, key in measures.found if code == rating.code} == set(plain)
        assert period is not ALL or len(plain) > 6


@pytest.mark.parametrize("sees", ["all", "own"])
def test_every_measure_leads_to_exactly_what_it_counts(rated, session, agent, admin, ada, sees):
    if sees == "own":
        session.scalars(sa.select(FormAgent).where(FormAgent.user_id == agent.id)).one().sees = Sees.OWN
        session.commit()
        forget_rights(session)
    measures = read_measures(session, reach_of(session, agent), ALL, sorts=("assignee", "group"))
    whole = read_measures(session, reach_of(session, admin), ALL)
    rating = measures.offered[0]
    assert (measures.of(rating).number < whole.of(rating).number) == (sees == "own")
    page = ada.get(f"/x/reports/people?{EVERYTHING}").text
    links = [url for url, _words in Links(page).found if "of=csat." in url]
    assert len(links) > 4
    for url in links[::2]:
        asked = dict(pair.split("=") for pair in url.partition("?")[2].split("&"))
        metric = next(each for each in measures.offered if each.code == asked["of"])
        number = measures.of(metric, asked["by"], asked["key"]).number
        assert listed(ada, url) == (number, number)


def test_the_file_of_a_measure_says_each_value(rated, session, ada):
    given = dict(pair.split("=") for pair in EVERYTHING.split("&")) | {"of": "csat.rating", "kind": "csv"}
    lines = ada.post("/x/reports/files", data=given).data.decode().splitlines()
    assert lines[0].endswith(",Average rating") and len(lines) == len(plain_marks(session)["", ""]) + 1
    assert sorted(int(line.rsplit(",", 1)[1]) for line in lines[1:]) == sorted(plain_marks(session)["", ""])


def test_who_may_not_see_marks_has_no_figure_of_them(rated, enable, ada):
    assert "Average rating" in ada.get(f"/x/reports/?{EVERYTHING}").text
    enable("csat", seen_by="admins")
    for path in ("", "people"):
        assert "Average rating" not in ada.get(f"/x/reports/{path}?{EVERYTHING}").text
    assert "Average rating" not in ada.get(f"/x/reports/tickets?of=csat.rating&{EVERYTHING}").text


def test_where_the_extension_is_off_nothing_of_it_is_reported(rated, session, form, ada):
    disable_plugin(session, form, "csat", None)
    session.commit()
    assert "Average rating" not in ada.get(f"/x/reports/?{EVERYTHING}").text


def test_a_metric_that_fails_leaves_the_rest_of_the_page(rated, runtime, ada, monkeypatch):
    def failing(*names):
        return lambda ctx, viewer: sa.select(*(sa.literal_column("no_such_column").label(name) for name in names))

    worst = [
        ReportMetric("short", "Too short", failing("id")),
        ReportMetric("wrong", "Wrong", failing("id", "ticket_id", "at", "value")),
    ]
    monkeypatch.setattr(
        runtime.registry, "report_metrics", [*runtime.registry.report_metrics, *(("csat", each) for each in worst)]
    )
    monkeypatch.setattr(runtime.executor, "strict", False)
    page = ada.get(f"/x/reports/people?{EVERYTHING}")
    assert page.status_code == 200 and "Average rating" in page.text
