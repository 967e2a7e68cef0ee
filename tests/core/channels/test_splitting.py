"""Long texts in parts: nothing lost, nothing too long, cut where a reader would pause."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugdesk.channels.splitting import split_text


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def parts(text: str, most: int) -> list[str]:
    return [text[start:end] for start, end in split_text(text, most)]


@given(st.text(alphabet=st.sampled_from("ab .!\n\nж😀e\u0301👩\u200d👧"), max_size=300), st.integers(8, 60))
def test_nothing_is_lost_and_nothing_is_too_long(text: str, most: int) -> None:
    cuts = split_text(text, most, utf16)
    assert all(0 < utf16(text[start:end]) <= most for start, end in cuts)
    assert "".join("".join(text[start:end].split()) for start, end in cuts) == "".join(text.split())
    assert all(before[1] <= after[0] for before, after in pairwise(cuts))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("short", ["short"]),
        ("", []),
        ("  \n ", []),
        ("one\n\ntwo is longer than it", ["one", "two is longer than it"]),
        ("a first line\nsecond line here", ["a first line", "second line here"]),
        ("A sentence. Another sentence.", ["A sentence.", "Another sentence."]),
        ("words without any stop at all", ["words without any stop", "at all"]),
        ("x" * 30, ["x" * 22, "x" * 8]),
    ],
)
def test_it_is_cut_where_a_reader_would_pause(text: str, expected: list[str]) -> None:
    assert parts(text, 22) == expected


def test_no_cut_goes_through_a_character_of_several() -> None:
    family = "👩\u200d👧\u200d👦"
    assert parts("ab" + family + "cd", 5) == ["ab", family, "cd"]
    assert parts("a🇩🇪🇫🇷", 4) == ["a🇩🇪", "🇫🇷"]
    assert parts("abce\u0301x", 4) == ["abc", "e\u0301x"]
