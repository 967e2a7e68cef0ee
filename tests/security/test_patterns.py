"""Statement M6: no text keeps a regular expression of ours busy; what people write into a rule is never one.

Each expression in the sources is asked about texts of its own making: what leads to a part that may repeat without end, that part
time and again, and then something it does not take.
"""

from __future__ import annotations

import pytest

from plugdesk.errors import Invalid
from plugdesk.forms.fields import read_number
from tests.security.patterns import Found, ask, attacks, patterns_of_ours
from tests.support.patience import Endless, must_end

CLEANED = {
    "core/plugdesk/html.py: _TOKEN",
    "plugins/faq/plugdesk_faq/articles.py: _HEADING",
    "plugins/faq/plugdesk_faq/composing.py: (<[^>]*>)",
}
"""Asked of nothing but what the cleaner of HTML has written, in which every tag that begins ends."""


def test_no_text_keeps_an_expression_busy() -> None:
    assert [each.place for each in patterns_of_ours() if each.place not in CLEANED and _keeps_busy(each)] == []


def test_the_check_knows_an_expression_that_is_kept_busy() -> None:
    for pattern in (r"(a+)+$", r"\s*x?\s*$", r"<[^>]*>"):
        assert _keeps_busy(Found("", pattern, 0, frozenset({"search"})), seconds=1)


def test_what_is_passed_over_is_still_there() -> None:
    assert {each.place for each in patterns_of_ours()} >= CLEANED


@pytest.mark.parametrize("typed", ["1" * 100_000 + "x", "1" * 100_000, "1," * 50_000 + "x", " " * 100_000 + "x"])
def test_a_long_number_is_refused_at_once(typed: str) -> None:
    with must_end(20), pytest.raises(Invalid):
        read_number(typed)


def _keeps_busy(found: Found, seconds: int = 10) -> bool:
    try:
        with must_end(seconds):
            for text in attacks(found):
                ask(found, text)
    except Endless:
        return True
    return False
