"""The editor of conditions on a page of its own: what is typed becomes the condition, with plain buttons alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flask import Blueprint, render_template_string, request

from plugdesk.condition_words import OfferedFact
from plugdesk.conditions import OPERATORS, parse_condition
from plugdesk.errors import Invalid
from plugdesk_web.conditions import edit_condition, typed_condition

if TYPE_CHECKING:
    from flask import Flask
    from webtest import TestApp

    from plugdesk.forms.models import Desk

FACTS = {
    fact.name: fact
    for fact in (
        OfferedFact("device", "Device", "choice", [("till", "Till"), ("printer", "Printer")], "Fields"),
        OfferedFact("parts", "Parts", "choices", [("lid", "Lid"), ("lens", "Lens")], "Fields"),
        OfferedFact("serial", "Serial number", "text", (), "Fields"),
        OfferedFact("cost", "Cost", "number", (), "Fields"),
        OfferedFact("paid", "Paid", "check", (), "Fields"),
        OfferedFact("bought", "Bought on", "date", (), "Fields"),
        OfferedFact("since", "Since", "moment", (), "Ticket"),
        OfferedFact("who", "Technician", "person", [(7, "Anna"), (8, "Boris")], "Ticket"),
    )
}
PAGE = (
    '{% from "components/conditions.html" import condition_editor %}<form method="post" id="page" action="/try-conditions">'
    '<input type="hidden" name="csrf_token" value="{{ csrf_token() }}">'
    '{{ condition_editor(edited, "Shown when", always="Always shown.", error=error) }}<button name="save" value="1">Save</button></form>'
)


@pytest.fixture
def saved() -> list[Any]:
    return [None]


@pytest.fixture
def browser(app: Flask, desk: Desk, visitor: Any, saved: list[Any]) -> TestApp:
    blueprint = Blueprint("trying", __name__)

    @blueprint.route("/try-conditions", methods=["GET", "POST"])
    def trying() -> Any:
        if request.method == "GET":
            return render_template_string(PAGE, edited=edit_condition("when", FACTS, saved[0]))
        edited = typed_condition("when", FACTS, request.form)
        if edited.pressed:
            return render_template_string(PAGE, edited=edited)
        try:
            saved[0] = edited.read()
        except Invalid as refusal:
            return render_template_string(PAGE, edited=edited.checked(), error=refusal.problems["when"]), 422
        return render_template_string(PAGE, edited=edit_condition("when", FACTS, saved[0]))

    app.register_blueprint(blueprint)
    return visitor()


def opened(browser: TestApp) -> Any:
    return browser.get("/try-conditions").forms["page"]


def press(page: Any, act: str, status: int = 200) -> Any:
    return page.submit("when-do", value=act, status=status).forms["page"]


def save(page: Any, status: int = 200) -> Any:
    return page.submit("save", status=status)


def test_an_empty_editor_says_what_that_means_and_saves_no_condition(browser: TestApp, saved: list[Any]) -> None:
    saved[0] = "something"
    saved[0] = None
    assert "Always shown." in browser.get("/try-conditions").text
    save(opened(browser))
    assert saved == [None]


def test_a_line_is_added_by_a_button_and_asks_what_its_fact_needs(browser: TestApp, saved: list[Any]) -> None:
    page = press(opened(browser), "add:0")
    page["when-0.0-fact"] = "device"
    page = press(page, "refresh")
    page["when-0.0-operator"] = "in"
    page = press(page, "refresh")
    page.fields["when-0.0-value"][1].checked = True
    save(page)
    assert saved == [{"all": [{"fact": "device", "in": ["printer"]}]}]


def test_what_was_typed_is_kept_while_lines_come_and_go(browser: TestApp, saved: list[Any]) -> None:
    saved[0] = {"any": [{"fact": "serial", "contains": "77"}, {"fact": "cost", "gt": 5}, {"fact": "paid", "is": True}]}
    page = opened(browser)
    page["when-0.0-value"] = "78"
    page = press(page, "remove:0.1")
    page = press(page, "add:0")
    page = press(page, "remove:0.2")
    save(page)
    assert saved == [{"any": [{"fact": "serial", "contains": "78"}, {"fact": "paid", "is": True}]}]


def test_brackets_nest_and_each_has_its_own_word(browser: TestApp, saved: list[Any]) -> None:
    saved[0] = {"all": [{"fact": "paid", "is": True}]}
    page = press(opened(browser), "group:0")
    page["when-0.1-join"] = "none"
    page["when-0.1.0-fact"] = "cost"
    page = press(page, "refresh")
    page["when-0.1.0-value"] = "1 234,5"
    page = press(page, "add:0.1")
    page["when-0.1.1-fact"] = "who"
    page = press(page, "refresh")
    page["when-0.1.1-value"] = "8"
    save(page)
    assert saved == [
        {"all": [{"fact": "paid", "is": True}, {"not": {"any": [{"fact": "cost", "is": 1234.5}, {"fact": "who", "is": 8}]}}]}
    ]


STORED: dict[str, dict[str, Any]] = {
    "device": {"is": "till", "not_in": ["till", "printer"], "empty": True},
    "parts": {"in": ["lid"], "empty": False},
    "serial": {"starts": "A", "in": ["one", "two words"]},
    "cost": {"between": [1, 2.5], "lt": -3, "not_in": [1, 2]},
    "paid": {"is": False},
    "bought": {"before": "2026-03-31", "in_last_days": 30, "between": ["2026-01-01", "2026-02-01"]},
    "since": {"after": "2026-03-31T10:00:00+00:00", "over_days_ago": 1},
    "who": {"is_not": 7, "in": [7, 8]},
}


@pytest.mark.parametrize(
    "raw", [{"fact": fact, operator: value} for fact, tests in STORED.items() for operator, value in tests.items()], ids=str
)
def test_what_was_stored_comes_back_unchanged(browser: TestApp, saved: list[Any], raw: Any) -> None:
    facts = {name: fact.type for name, fact in FACTS.items()}
    before = parse_condition({"all": [raw]}, facts)
    saved[0] = raw
    save(opened(browser))
    assert parse_condition(saved[0], facts) == before


def test_every_comparison_can_be_chosen(browser: TestApp, saved: list[Any]) -> None:
    for fact in FACTS.values():
        for operator in OPERATORS[fact.type]:
            page = press(opened(browser), "add:0")
            page["when-0.0-fact"] = fact.name
            page = press(page, "refresh")
            page["when-0.0-operator"] = operator
            page = press(page, "refresh")
            assert page["when-0.0-operator"].value == operator


def test_an_unfinished_line_is_refused_at_its_place_and_kept(browser: TestApp, saved: list[Any]) -> None:
    saved[0] = {"all": [{"fact": "serial", "is": "7"}]}
    page = press(opened(browser), "add:0")
    page["when-0.0-value"] = ""
    refused = save(page, status=422)
    assert "Say what “Serial number” is compared with." in refused.text
    assert "Choose what is compared, or remove the line." in refused.text
    assert refused.forms["page"]["when-0.0-fact"].value == "serial"
    assert saved == [{"all": [{"fact": "serial", "is": "7"}]}]


def test_a_fact_that_is_gone_stays_visible_until_somebody_decides(browser: TestApp, saved: list[Any]) -> None:
    saved[0] = {"all": [{"fact": "colour", "is": "red"}]}
    refused = save(opened(browser), status=422)
    assert "“colour” is no longer there." in refused.text
    page = press(refused.forms["page"], "remove:0.0")
    save(page)
    assert saved == [None]


def test_what_no_page_sends_breaks_nothing(browser: TestApp, saved: list[Any]) -> None:
    page = opened(browser)
    token = page["csrf_token"].value
    for sent in (
        [
            ("when-row", "0.9"),
            ("when-row", "0.9.1.1.1.1.1.1.1.1.1"),
            ("when-row", "x"),
            ("when-0.9-fact", "__class__"),
            ("when-do", "remove:0.7.7"),
        ],
        [("when-row", "0.0")] * 500 + [("when-do", "add:0.0.0"), ("when-0.0-join", "zebra")],
        [("when-do", "zebra:"), ("when-0-join", "zebra")],
    ):
        browser.post("/try-conditions", [("csrf_token", token), *sent], status=200)
    browser.post(
        "/try-conditions",
        [("csrf_token", token), ("when-row", "0.0"), ("when-0.0-fact", "who"), ("when-0.0-value", "9")],
        status=422,
    )
    assert saved == [None]
