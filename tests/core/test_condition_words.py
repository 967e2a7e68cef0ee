from typing import Any

import pytest

from plugdesk.condition_words import OfferedFact, condition_words, operators_of
from plugdesk.conditions import OPERATORS, parse_condition
from plugdesk.i18n import use_language

FACTS = {
    fact.name: fact
    for fact in (
        OfferedFact("device", "Device", "choice", [("till", "Till"), ("printer", "Printer")]),
        OfferedFact("parts", "Parts", "choices", [("lid", "Lid"), ("lens", "Lens")]),
        OfferedFact("serial", "Serial number", "text"),
        OfferedFact("cost", "Cost", "number"),
        OfferedFact("paid", "Paid", "check"),
        OfferedFact("bought", "Bought on", "date"),
        OfferedFact("who", "Technician", "person", [(7, "Anna")]),
    )
}


def in_words(raw: Any, language: str = "en") -> str:
    with use_language(language):
        return condition_words(parse_condition(raw, {name: fact.type for name, fact in FACTS.items()}, lost_facts=True), FACTS)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"fact": "device", "is": "till"}, "Device is Till"),
        ({"fact": "device", "in": ["till", "printer"]}, "Device is one of Till and Printer"),
        ({"fact": "parts", "in": ["lid"]}, "Parts has one of Lid"),
        ({"fact": "serial", "empty": False}, "Serial number is filled in"),
        ({"fact": "serial", "contains": "77"}, "Serial number contains “77”"),
        ({"fact": "cost", "between": [1, 2.5]}, "Cost is between 1 and 2.5"),
        ({"fact": "paid", "is": True}, "Paid is Yes"),
        ({"fact": "bought", "over_days_ago": 1}, "Bought on is longer ago than 1 day"),
        ({"fact": "who", "is_not": 7}, "Technician is not Anna"),
        ({"fact": "gone", "is": "x"}, "gone (no longer there) is “x”"),
        ({"all": []}, "always"),
        ({"any": [{"fact": "paid", "is": True}]}, "Paid is Yes"),
        (
            {"all": [{"fact": "paid", "is": True}, {"not": {"any": [{"fact": "cost", "gt": 5}, {"fact": "cost", "lt": 1}]}}]},
            "Paid is Yes and not (Cost is more than 5 or Cost is less than 1)",
        ),
    ],
)
def test_a_condition_is_said_in_words(raw: Any, words: str) -> None:
    assert in_words(raw) == words


def test_it_is_said_in_russian_too() -> None:
    raw = {"any": [{"fact": "device", "in": ["till"]}, {"fact": "bought", "in_last_days": 5}]}
    assert in_words(raw, "ru") == "Device одно из: Till или Bought on за последние 5 дней"
    assert in_words({"fact": "nothing.known", "is": "Till"}, "ru").endswith("«Till»"), "in the quotes of the language"


def test_every_comparison_of_every_type_has_its_word() -> None:
    for language in ("en", "ru"):
        with use_language(language):
            for kind in OPERATORS:
                assert all(words and words != code for code, words in operators_of(kind) if "_" in code)
