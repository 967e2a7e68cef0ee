import pytest
import sqlalchemy as sa

from plugdesk.plugins.figures import BUCKETS_MS, KEPT, Figures, HookError, HookFigures, fold_figures, quantile_ms

pytestmark = pytest.mark.both_databases


def failure(text="no"):
    try:
        raise ValueError(text)
    except ValueError as error:
        return error


@pytest.fixture
def figures(clock):
    return Figures(clock)


def rows(database, model=HookFigures):
    with database.read() as session:
        return session.scalars(sa.select(model).order_by(model.id)).all()


def test_calls_are_added_up_per_plugin_form_and_hook(figures, database):
    for seconds in (0.001, 0.003):
        figures.count("csat", 1, "ticket_closed", seconds)
    figures.count("csat", 2, "ticket_closed", 0.001, error=failure())
    figures.write(database)
    first, second = rows(database)
    assert (first.calls, first.errors, first.form_id, round(first.total_ms), round(first.worst_ms)) == (2, 0, 1, 4, 3)
    assert (second.calls, second.errors, sum(second.buckets)) == (1, 1, 1)


def test_nothing_is_written_twice(figures, database):
    figures.count("csat", 1, "ticket_closed", 0.001)
    figures.write(database)
    figures.write(database)
    assert len(rows(database)) == 1


def test_an_hour_that_is_over_becomes_one_row(figures, database, clock):
    for _time in range(3):
        figures.count("csat", 1, "ticket_closed", 0.002, error=failure())
        figures.write(database)
    clock.advance(hours=1)
    figures.count("csat", 1, "ticket_closed", 0.001)
    figures.write(database)
    with database.write() as session:
        fold_figures(session, clock.now())
    old, new = rows(database)
    assert (old.calls, old.errors, round(old.total_ms), sum(old.buckets)) == (3, 3, 6, 3)
    assert new.calls == 1


def test_what_is_older_than_a_month_goes(figures, database, clock):
    figures.count("csat", 1, "ticket_closed", 0.001, error=failure())
    figures.write(database)
    clock.advance(KEPT, hours=2)
    with database.write() as session:
        fold_figures(session, clock.now())
    assert rows(database) == rows(database, HookError) == []


def test_an_error_keeps_no_frame_and_so_no_session_alive(figures):
    figures.count("csat", 1, "ticket_closed", 0.001, error=failure())
    assert not any(isinstance(value, BaseException) for error in figures._errors for value in vars(error).values())


def test_an_error_with_a_text_no_database_takes_is_kept_all_the_same(figures, database):
    figures.count("csat", 1, "ticket_closed", 0.001, error=failure("a\x00b\ud800"))
    figures.write(database)
    assert rows(database, HookError)[0].text == "ValueError: a�b�"


@pytest.mark.parametrize(
    ("calls", "share", "expected"),
    [
        ({}, 0.95, 0.0),
        ({0: 100}, 0.95, 0.1),
        ({0: 94, 3: 6}, 0.95, 1),
        ({0: 96, 3: 4}, 0.95, 0.1),
        ({len(BUCKETS_MS): 1}, 0.95, 5000),
    ],
)
def test_quantiles_come_from_buckets(calls, share, expected):
    buckets = [calls.get(place, 0) for place in range(len(BUCKETS_MS) + 1)]
    assert quantile_ms(buckets, share) == expected
