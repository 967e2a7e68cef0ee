"""What is kept for the reports is what a plain count of the tickets gives, however it came to be kept."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from plugdesk.events import Event
from plugdesk.forms.commands import set_hours
from plugdesk.hours.commands import add_business_hours, change_business_hours
from plugdesk.plugins.switch import disable_plugin, enable_plugin
from plugdesk.tags.models import TicketTag
from plugdesk.tickets.bin import delete_ticket, restore_ticket
from plugdesk.tickets.models import Direction, Message, Ticket
from plugdesk.tickets.moving import move_ticket
from plugdesk.users.joining import join_customers
from plugdesk.users.models import User
from plugdesk_reports.figures import FIGURES, PLAIN
from plugdesk_reports.grains import add_up, grain, packed, quantile
from plugdesk_reports.models import DAY, MONTH, QUARTER, YEAR, Standing, TicketFacts, Total
from plugdesk_reports.periods import Period
from plugdesk_reports.reading import backlog_before, reach_of, read_days, read_figures


def by_the_clock(start, end):
    return (end - start).total_seconds()


def nine_to_six(start, end, off=(12, 25)):
    """Working time from Monday to Friday, 9:00 to 18:00 in UTC, a day off a year, summed up day by day."""
    seconds, day = 0.0, start.date()
    while day <= end.date():
        if day.weekday() < 5 and (day.month, day.day) != off:
            opens, closes = (datetime.combine(day, time(hour), UTC) for hour in (9, 18))
            seconds += max(0.0, (min(end, closes) - max(start, opens)).total_seconds())
        day += timedelta(days=1)
    return seconds


def plain_count(session, form, work=by_the_clock):
    """Every figure of the form, counted anew from tickets, messages and events, without a line of the extension's."""
    found: Counter[Any] = Counter()
    counted = (
        Ticket.form_id == form.id,
        Ticket.deleted_at.is_(None),
        Ticket.merged_into_id.is_(None),
        Ticket.parent_id.is_(None),
    )
    for ticket in session.scalars(sa.select(Ticket).where(*counted)):
        said = session.scalars(sa.select(Message).where(Message.ticket_id == ticket.id, Message.kind == "human")).all()
        events = session.scalars(sa.select(Event).where(Event.ticket_id == ticket.id).order_by(Event.id)).all()
        answers = [each.created_at for each in said if each.direction is Direction.OUTGOING]
        closings = [each.at for each in events if each.kind == "ticket_closed"]
        again = [each.at for each in events if each.kind == "ticket_reopened"]
        taken = [
            each.at for each in events
            if each.kind == "ticket_accepted" or (each.kind == "ticket_assigned" and each.data["after"]["assignee_id"])
        ]  # fmt: skip
        opened = ticket.created_at.date()
        tags = session.scalars(sa.select(TicketTag.tag_id).where(TicketTag.ticket_id == ticket.id))
        marks = [("tag", str(tag)) for tag in tags] + [(f"field:{code}", ticket.values[code]) for code in ("cause", "priority")]
        sorts = [
            ("", ""),
            ("channel", ticket.channel),
            ("assignee", str(ticket.assignee_id or 0)),
            ("group", str(ticket.group_id or 0)),
        ]

        def add(figure, day, length=0, on=sorts, n=1):
            for sort, key in on:
                found[sort, figure, day.toordinal(), key, grain(int(length))] += n

        def of_customer(figure, day, customer=ticket.customer_id):
            found["customer", figure, day.toordinal(), "", customer] += 1

        def took(name, day, end, start=ticket.created_at, **on):
            end = max(start, end)  # what came by merging may be older than the ticket
            figures = {"accept": ("accept_time", "accept_worked"), "answer": ("answer_time", "answer_worked")}
            figures |= {"close": ("close_time", "close_worked"), "spent": ("spent", "spent_worked")}
            add(figures[name][0], day, (end - start).total_seconds(), **on)
            add(figures[name][1], day, work(start, end), **on)

        add("received", opened, on=[*sorts, *marks, ("hour", f"{ticket.created_at.weekday()}-{ticket.created_at.hour}")])
        of_customer("received", opened)
        for direction, figure in ((Direction.INCOMING, "incoming"), (Direction.OUTGOING, "outgoing")):
            number = sum(each.direction is direction for each in said)
            add(figure, opened, on=sorts[:1] if number else (), n=number)
        if answers:
            add("answered", opened, on=[*sorts, *marks])
            of_customer("answered", opened)
            took("answer", opened, min(answers))
        if taken:
            took("accept", opened, taken[0])
        if closings:
            add("closed", closings[0].date(), on=[*sorts, *marks])
            of_customer("closed", closings[0].date())
            took("close", closings[0].date(), closings[0])
            add("reopened", closings[0].date(), on=sorts if again else ())
        for began in (ticket.created_at, *again):
            add("begun", began.date(), on=sorts[:1])
        for ended in closings:
            add("ended", ended.date(), on=sorts[:1])
        at = ticket.created_at
        for each in events:
            if each.kind == "status_changed":
                took("spent", each.at.date(), each.at, start=at, on=[("status", each.data["before"])])
                at = each.at
    return Counter({key: n for key, n in found.items() if n})


def kept_count(session, form, span=DAY):
    found: Counter[Any] = Counter()
    query = sa.select(Total.sort, Total.figure, Total.day, Total.key, Total.n, Total.spread)
    for *which, n, spread in session.execute(query.where(Total.form_id == form.id, Total.span == span)):
        here = {(*which, 0): n} if spread is None else {(*which, each): many for each, many in add_up([spread]).items()}
        assert sum(here.values()) == n
        found.update(here)
    return found


@pytest.mark.parametrize("switched_on", ["before it all", "afterwards"])
def test_the_totals_are_what_a_plain_count_gives(live, enable, session, form, run_jobs, switched_on):
    if switched_on == "before it all":
        enable("reports")
        live(20)
        run_jobs()
        live(15)
    else:
        live(35)
        enable("reports")
    run_jobs()
    plain = plain_count(session, form)
    assert sum(n for key, n in plain.items() if key[:2] == ("", "received")) > 40
    assert kept_count(session, form) == plain


WEEK = {f"day-{day}": "9:00–18:00" if day < 5 else "" for day in range(7)}


def test_working_time_is_what_a_plain_sum_of_the_forms_hours_gives(live, enable, session, form, run_jobs, clock):
    enable("reports")
    live(20)
    run_jobs()
    hours = add_business_hours(session, {"name": "Office", **WEEK, "zone": "UTC", "exceptions": ""}, by=None)
    set_hours(session, form, hours, by=None)
    session.commit()
    clock.advance(minutes=2)
    run_jobs()
    assert kept_count(session, form) == plain_count(session, form, partial(nine_to_six, off=None))
    live(5)
    days = [date(year, 12, 25).isoformat() for year in (2026, 2027)]
    given = {"name": "Office", **WEEK, "zone": "UTC", "exceptions": "\n".join(f"{day} off" for day in days)}
    change_business_hours(session, hours, given, by=None)
    session.commit()
    clock.advance(minutes=2)
    run_jobs()
    assert kept_count(session, form) == plain_count(session, form, nine_to_six)
    assert plain_count(session, form) != plain_count(session, form, nine_to_six)


def test_months_quarters_and_years_are_the_sums_of_their_days(count, session, form):
    count()
    for span, begins in (
        (MONTH, lambda day: day.replace(day=1)),
        (QUARTER, lambda day: day.replace(month=(1, 4, 7, 10)[(day.month - 1) // 3], day=1)),
        (YEAR, lambda day: day.replace(month=1, day=1)),
    ):
        sums: Counter[Any] = Counter()
        for (sort, figure, day, key, length), n in plain_count(session, form).items():
            sums[sort, figure, begins(date.fromordinal(day)).toordinal(), key, length] += n
        assert kept_count(session, form, span) == sums


def test_any_days_read_from_totals_are_what_the_days_themselves_say(count, session, form, admin, clock):
    count()
    plain, today = plain_count(session, form), clock.now().date()
    reach = reach_of(session, admin)
    for first, last in ((0, 200), (3, 10), (12, 80), (0, 31), (45, 45), (150, 190)):
        period = Period(today - timedelta(days=last), today - timedelta(days=first))
        here = {key: n for key, n in plain.items() if period.first.toordinal() <= key[2] <= period.last.toordinal()}
        figures = read_figures(
            session,
            reach,
            period,
            figures=FIGURES,
            sorts=("", "assignee", "customer", "tag", "field:cause", "field:priority", "status", "hour"),
        )
        for sort, figure, _day, key, _grain in here:
            if sort in ("channel", "group"):
                continue
            lengths: Counter[int] = Counter()
            for each, n in here.items():
                if (each[0], each[1], each[3]) == (sort, figure, key):
                    lengths[each[4]] += n
            assert figures.lengths(figure, sort, key) == lengths
            assert figures.length(figure, 0.9, sort, key) == quantile(lengths, 0.9)
        days = read_days(session, reach, period, ("received", "closed"))
        assert (
            sum(each["received"] for each in days.values())
            == figures.number("received")
            == figures.number("received", form_id=form.id)
        )
        still_open = sum(
            n * (1 if key[1] == "begun" else -1)
            for key, n in plain.items()
            if key[1] in ("begun", "ended") and key[2] < period.first.toordinal()
        )
        assert backlog_before(session, reach, period.first) == still_open


def test_who_sees_a_part_of_a_form_counts_that_part(live, enable, session, form, agent, run_jobs, clock):
    from plugdesk.forms.models import FormAgent, Sees
    from plugdesk.permissions import forget_rights, visible_tickets

    enable("reports")
    live(20)
    run_jobs()
    session.scalars(sa.select(FormAgent).where(FormAgent.user_id == agent.id)).one().sees = Sees.OWN
    session.commit()
    forget_rights(session)
    reach = reach_of(session, agent)
    assert reach.part == [form.id]
    period = Period(date(2026, 1, 1), date(2027, 12, 31))
    figures = read_figures(session, reach, period, sorts=(PLAIN, "tag", "assignee"))
    seen = sa.and_(visible_tickets(session, agent), Ticket.merged_into_id.is_(None), Ticket.parent_id.is_(None))
    assert 0 < figures.number("received") == session.scalar(sa.select(sa.func.count()).select_from(Ticket).where(seen))
    tagged = sa.select(sa.func.count()).select_from(TicketTag).join(Ticket, Ticket.id == TicketTag.ticket_id).where(seen)
    assert sum(figures.number("received", "tag", key) for key in figures.keys("tag")) == session.scalar(tagged)
    assert figures.keys("assignee") == [str(agent.id)]


def test_the_bin_takes_a_ticket_out_of_the_figures_and_gives_it_back(
    live, enable, session, form, admin, run_jobs, clock, other_form
):
    enable("reports")
    ticket = next(each for each in live(2) if each.deleted_at is None and each.merged_into_id is None)

    def all_counted():
        clock.advance(minutes=1)
        run_jobs()
        assert kept_count(session, form) == plain_count(session, form)
        return session.get(TicketFacts, ticket.id) is not None

    assert all_counted()
    delete_ticket(session, ticket, admin)
    assert not all_counted()
    restore_ticket(session, ticket, admin)
    assert all_counted()
    move_ticket(session, ticket, other_form, by=admin)  # where reports are off
    assert not all_counted()


def test_customers_who_are_put_together_are_counted_as_one(live, enable, session, form, run_jobs, clock):
    enable("reports")
    live(6)
    run_jobs()
    one, other = session.scalars(sa.select(TicketFacts.customer_id).distinct().limit(2)).all()
    join_customers(session, session.get_one(User, one), session.get_one(User, other), by=None)
    session.commit()
    clock.advance(minutes=1)
    run_jobs()
    plain = plain_count(session, form)
    assert kept_count(session, form) == plain
    assert {key[-1] for key in plain if key[0] == "customer"} == set(session.scalars(sa.select(TicketFacts.customer_id)))


def test_a_form_whose_reports_were_off_for_a_while_is_looked_through_again(live, enable, session, form, run_jobs, runtime, clock):
    enable("reports")
    live(5)
    run_jobs()
    disable_plugin(session, form, "reports", None)
    live(5)
    run_jobs()
    enable_plugin(session, form, "reports", None)
    run_jobs()
    assert kept_count(session, form) == plain_count(session, form)
    standing = session.get(Standing, form.id)
    assert standing.ready_at == clock.now() and standing.done == standing.total


def test_another_time_zone_of_the_desk_moves_the_days(live, enable, session, form, run_jobs, runtime, clock):
    enable("reports")
    live(5)
    run_jobs()
    before = kept_count(session, form)
    runtime.desk(session).zone = "Asia/Kamchatka"
    session.commit()
    clock.advance(minutes=2)
    run_jobs()
    after = kept_count(session, form)
    assert after != before
    assert sum(n for key, n in after.items() if key[1] == "received") == sum(
        n for key, n in before.items() if key[1] == "received"
    )


def test_rounding_down_keeps_the_order_and_so_the_middle(clock):
    lengths = [n * n * 37 % 9_000_000 for n in range(2_000)]
    assert [grain(each) for each in sorted(lengths)] == sorted(grain(each) for each in lengths)
    for share in (0.5, 0.9):
        exact = quantile(Counter(lengths), share)
        assert exact is not None and grain(exact) == quantile(Counter(map(grain, lengths)), share)
    assert quantile(Counter(), 0.5) is None and grain(0) == 0


def test_what_several_say_together_is_the_sum_of_what_each_says(clock):
    near, far = [{7: 2, 8: 1}, {8: 5, 9: 1, 10: 3}], [{60: 2, 5_184_000: 1}, {60: 1}]
    for said in (near, far, near + far, []):
        assert add_up([packed(each) for each in said]) == sum(map(Counter, said), Counter())
