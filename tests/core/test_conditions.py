from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from plugdesk.conditions import (
    OPERATORS,
    AllOf,
    AnyOf,
    FactTest,
    Not,
    as_json,
    explain,
    facts_in,
    matches,
    parse_condition,
    to_sql,
)
from plugdesk.contributions import ValueType
from plugdesk.database import Database, Json, Moment
from plugdesk.errors import Invalid
from plugdesk.matching import matcher

NOW = datetime(2026, 11, 21, 22, 30, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")
FACTS: dict[str, ValueType] = {
    "subject": "text", "rating": "number", "status": "choice", "assignee": "person", "vip": "check", "signed": "date", "opened": "moment", "parts": "choices",
}  # fmt: skip


def holds(raw, **values):
    return matches(parse_condition(raw, FACTS), values, now=NOW, zone=MOSCOW)


@pytest.mark.parametrize(
    ("raw", "values", "expected"),
    [
        ({"fact": "status", "is": "open"}, {"status": "open"}, True),
        ({"fact": "status", "is": "open"}, {"status": "Open"}, False),
        ({"fact": "status", "is": "open"}, {}, False),
        ({"fact": "status", "is_not": "open"}, {}, True),
        ({"fact": "status", "in": ["new", "open"]}, {"status": "new"}, True),
        ({"fact": "status", "not_in": []}, {"status": "new"}, True),
        ({"fact": "status", "empty": True}, {}, True),
        ({"fact": "subject", "is": "СЧЁТ"}, {"subject": "счёт"}, True),
        ({"fact": "subject", "contains": "ёт №5"}, {"subject": "Счёт №5 за май"}, True),
        ({"fact": "subject", "contains": "%"}, {"subject": "Счёт"}, False),
        ({"fact": "subject", "starts": "сч"}, {"subject": "Счёт"}, True),
        ({"fact": "subject", "empty": True}, {"subject": ""}, True),
        ({"fact": "subject", "is": ""}, {"subject": ""}, False),
        ({"fact": "subject", "not_contains": "x"}, {"subject": None}, True),
        ({"fact": "rating", "gt": 3}, {"rating": 3}, False),
        ({"fact": "rating", "between": [3, 5]}, {"rating": 5}, True),
        ({"fact": "rating", "lt": 3.5}, {}, False),
        ({"fact": "vip", "is": False}, {}, True),
        ({"fact": "vip", "is": True}, {"vip": True}, True),
        ({"fact": "assignee", "in": [7]}, {"assignee": 7}, True),
        ({"fact": "opened", "in_last_days": 1}, {"opened": NOW - timedelta(days=1)}, True),
        ({"fact": "opened", "in_last_days": 1}, {"opened": NOW + timedelta(seconds=1)}, False),
        ({"fact": "opened", "over_days_ago": 1}, {"opened": NOW - timedelta(hours=23)}, False),
        ({"fact": "opened", "in_next_days": 0.5}, {"opened": NOW + timedelta(hours=11)}, True),
        ({"fact": "opened", "before": "2026-11-22T00:00:00+03:00"}, {"opened": datetime(2026, 11, 21, 20, 59, tzinfo=UTC)}, True),
        ({"fact": "signed", "in_last_days": 0}, {"signed": date(2026, 11, 22)}, True),  # In Moscow it is tomorrow already.
        ({"fact": "signed", "after": "2026-11-21"}, {"signed": date(2026, 11, 21)}, False),
        ({"fact": "parts", "in": ["lid", "lens"]}, {"parts": ["lens", "case"]}, True),
        ({"fact": "parts", "not_in": ["lid"]}, {"parts": ["lens"]}, True),
        ({"fact": "parts", "not_in": ["lid"]}, {}, True),
        ({"fact": "parts", "in": ["lid"]}, {"parts": []}, False),
        ({"fact": "parts", "empty": True}, {"parts": []}, True),
        ({"all": []}, {}, True),
        ({"any": []}, {}, False),
        ({"not": {"any": []}}, {}, True),
        (
            {"all": [{"fact": "vip", "is": True}, {"any": [{"fact": "rating", "is": 5}, {"fact": "rating", "is": 4}]}]},
            {"vip": True, "rating": 4},
            True,
        ),
        ({"all": [{"fact": "vip", "is": True}, {"fact": "rating", "is": 5}]}, {"vip": True, "rating": 4}, False),
        ({"not": {"fact": "rating", "gt": 3}}, {}, True),
    ],
)
def test_a_condition_is_decided(raw, values, expected):
    assert holds(raw, **values) is expected


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (None, "A condition is all"),
        ([], "A condition is all"),
        ({}, "A condition is all"),
        ({"all": {}}, "A condition is all"),
        ({"all": [], "any": []}, "A condition is all"),
        ({"not": []}, "A condition is all"),
        ({"fact": "status"}, "one comparison"),
        ({"fact": "status", "is": "a", "in": []}, "one comparison"),
        ({"fact": ["status"], "is": "a"}, "one comparison"),
        ({"fact": "status", "__class__": "a"}, "one comparison"),
        ({"fact": "zebra", "is": "a"}, "no fact “zebra”"),
        ({"fact": "status", "gt": "a"}, "“status” cannot be compared this way"),
        ({"fact": "vip", "empty": True}, "“vip” cannot be compared this way"),
        ({"fact": "rating", "is": "5"}, "with that value"),
        ({"fact": "rating", "is": True}, "with that value"),
        ({"fact": "parts", "in": [["lid"]]}, "with that value"),
        ({"fact": "parts", "is": "lid"}, "cannot be compared this way"),
        ({"fact": "rating", "is": float("nan")}, "with that value"),
        ({"fact": "rating", "gt": 10**400}, "with that value"),
        ({"fact": "rating", "between": [1]}, "with that value"),
        ({"fact": "assignee", "is": 2**80}, "with that value"),
        ({"fact": "subject", "contains": "a\0b"}, "with that value"),
        ({"fact": "subject", "in": "abc"}, "with that value"),
        ({"fact": "subject", "is": "x" * 1001}, "with that value"),
        ({"fact": "status", "in": ["a"] * 201}, "with that value"),
        ({"fact": "status", "empty": 1}, "with that value"),
        ({"fact": "opened", "before": "2026-11-21T10:00:00"}, "with that value"),
        ({"fact": "opened", "before": "soon"}, "with that value"),
        ({"fact": "opened", "in_last_days": -1}, "with that value"),
        ({"fact": "opened", "in_last_days": 10**9}, "with that value"),
        ({"fact": "signed", "is": "2026-13-01"}, "with that value"),
        ({"all": [{"fact": "vip", "is": True}] * 101}, "too long"),
        ({"not": {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"all": []}}}}}}}}}}, "nested too deeply"),
    ],
)
def test_what_is_no_condition_is_refused_in_words(raw, problem):
    with pytest.raises(Invalid, match=problem):
        parse_condition(raw, FACTS)


def test_a_stored_condition_outlives_its_facts():
    raw: dict[str, Any] = {"any": [{"fact": "gone", "is_not": [1, "x"]}, {"fact": "vip", "is": True}]}
    condition = parse_condition(raw, FACTS, lost_facts=True)
    assert as_json(condition) == raw
    assert not matches(condition, {"gone": 1}, now=NOW)
    assert matches(condition, {"vip": True}, now=NOW)
    gone = parse_condition(raw["any"][0], FACTS, lost_facts=True)
    assert str(to_sql(gone, {"gone": sa.column("x")}, now=NOW)) == "false"


def test_a_condition_tells_which_facts_it_asks_for():
    assert facts_in(parse_condition({"all": [{"fact": "vip", "is": True}, {"not": {"fact": "rating", "is": 5}}]}, FACTS)) == {
        "vip",
        "rating",
    }


def test_a_decision_is_explained_part_by_part():
    condition = parse_condition({"any": [{"fact": "rating", "gt": 3}, {"not": {"fact": "vip", "is": True}}]}, FACTS)
    explained = explain(condition, {"rating": 5, "vip": True}, now=NOW)
    rating, no_vip = explained.parts
    assert (explained.matched, rating.matched, no_vip.matched, no_vip.parts[0].matched) == (True, True, False, True)
    assert rating.condition == FactTest("rating", "gt", 3, "number")


# What `matches` says of values, `to_sql` says of rows

TEXTS = st.sampled_from(["", "a", "A", "ab", "Счёт", "счёт за май", "50%", "a_b", "x/y", "50", "Ё"])
DATES = st.dates(date(2026, 11, 18), date(2026, 11, 25))
MOMENTS = st.datetimes(datetime(2026, 11, 19), datetime(2026, 11, 24)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=timezone(timedelta(hours=3)))
)
OF_TYPE = {
    "text": TEXTS, "number": st.integers(-2, 2) | st.sampled_from([0.5, -1.5]), "choice": st.sampled_from(["new", "open", "New"]),
    "person": st.integers(1, 3), "check": st.booleans(), "date": DATES, "moment": MOMENTS,
    "choices": st.sampled_from(["lid", "lens", "a_b", "axb"]),
}  # fmt: skip


@st.composite
def fact_tests(draw):
    fact, kind = draw(st.sampled_from(sorted(FACTS.items())))
    operator = draw(st.sampled_from(OPERATORS[kind]))
    one = OF_TYPE[kind].map(lambda value: value.isoformat() if isinstance(value, date) else value)
    value = {
        "empty": st.booleans(), "in": st.lists(one, max_size=3), "not_in": st.lists(one, max_size=3), "between": st.tuples(one, one).map(list),
        "in_last_days": st.integers(0, 3), "in_next_days": st.integers(0, 3), "over_days_ago": st.integers(0, 3),
    }.get(operator, one)  # fmt: skip
    return {"fact": fact, operator: draw(value)}


CONDITIONS = st.recursive(
    fact_tests(),
    lambda part: (
        st.builds(lambda parts: {"all": parts}, st.lists(part, max_size=3))
        | st.builds(lambda parts: {"any": parts}, st.lists(part, max_size=3))
        | st.builds(lambda part: {"not": part}, part)
    ),
    max_leaves=6,
)
VALUES = {**OF_TYPE, "choices": st.lists(OF_TYPE["choices"], max_size=3, unique=True)}
ROWS = st.lists(st.fixed_dictionaries({fact: st.none() | VALUES[kind] for fact, kind in FACTS.items()}), min_size=1, max_size=6)

TABLE = sa.Table(
    "things", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("subject", sa.Text), sa.Column("rating", sa.Float),
    sa.Column("status", sa.String(40)), sa.Column("assignee", sa.BigInteger), sa.Column("vip", sa.Boolean), sa.Column("signed", sa.Date),
    sa.Column("opened", Moment()), sa.Column("parts", Json),
)  # fmt: skip


@pytest.mark.both_databases
def test_rows_are_found_as_values_are_matched(empty_database_url):
    database = Database(empty_database_url)
    with database.engine.connect() as connection:
        TABLE.create(connection)

        @settings(max_examples=150, database=None)
        @given(CONDITIONS, ROWS)
        def agree(raw, rows):
            condition = parse_condition(raw, FACTS)
            assert parse_condition(as_json(condition), FACTS) == condition
            connection.execute(TABLE.delete())
            connection.execute(TABLE.insert(), [{"id": number, **row} for number, row in enumerate(rows)])
            where = to_sql(condition, {fact: TABLE.c[fact] for fact in FACTS}, now=NOW, zone=MOSCOW)
            found = set(connection.scalars(sa.select(TABLE.c.id).where(where)))
            assert found == {number for number, row in enumerate(rows) if matches(condition, row, now=NOW, zone=MOSCOW)}
            others = set(
                connection.scalars(
                    sa.select(TABLE.c.id).where(to_sql(Not(condition), {f: TABLE.c[f] for f in FACTS}, now=NOW, zone=MOSCOW))
                )
            )
            assert others == set(range(len(rows))) - found

        agree()
    database.close()


def test_a_value_never_becomes_sql():
    condition = AllOf((AnyOf((FactTest("subject", "contains", "'; DROP TABLE things; --", "text"),)),))
    assert "DROP" not in str(to_sql(condition, {"subject": TABLE.c.subject}, now=NOW))


@pytest.mark.parametrize("value", ["Till", "till 7", "", None, "Printer"], ids=repr)
@pytest.mark.parametrize(
    "condition",
    [
        {"fact": "device", "contains": "TILL"},
        {"fact": "device", "is": "till"},
        {"fact": "device", "in": ["TILL", "phone"]},
        {"fact": "device", "not_contains": "7"},
        {"not": {"fact": "device", "contains": "till"}},
        {
            "all": [
                {"fact": "device", "starts": "t"},
                {"any": [{"fact": "colour", "is": "red"}, {"fact": "device", "empty": False}]},
            ]
        },
        {"any": []},
        {"all": []},
    ],
    ids=str,
)
def test_a_condition_read_once_for_many_says_the_same(condition, value):
    parsed = parse_condition(condition, {"device": "text", "colour": "choice"})
    values = {"device": value, "colour": "red" if value else None}
    now = datetime(2026, 11, 23, tzinfo=UTC)
    assert matcher(parsed)(values, now, UTC) is matches(parsed, values, now=now, zone=UTC)
