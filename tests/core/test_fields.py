"""What may be put into a field of each kind, what is stored of it, and how it is shown."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from plugdesk.errors import Invalid
from plugdesk.forms.commands import add_field
from plugdesk.forms.entering import check_values
from plugdesk.forms.fields import default_values, file_keys, read_default, read_value, show_value
from plugdesk.forms.models import Field, FieldKind
from plugdesk.i18n import use_language
from plugdesk.tickets.attachments import NewFile, add_file
from plugdesk.users.commands import deactivate_user
from tests.factories import make_admin, make_agent, make_customer, make_desk, make_form, make_group

CHOICES = [{"code": "till", "label": "Till", "tone": ""}, {"code": "reader", "label": "Card reader", "tone": "red"}]


def a_field(kind, **given):
    choices = CHOICES if FieldKind(kind).has_choices else [{"code": "EUR", "label": "EUR", "tone": ""}] if kind == "money" else []
    return Field(
        **{
            "code": "it",
            "label": "It",
            "kind": FieldKind(kind),
            "choices": choices,
            "required": False,
            "agent_only": False,
            **given,
        }
    )


@pytest.mark.parametrize(
    ("kind", "raw", "stored"),
    [
        ("text", "  two\n words\x00 ", "two words"),
        ("text", "Ёлка 🎄", "Ёлка 🎄"),
        ("text", "x" * 500, "x" * 500),
        ("long_text", " one\r\n\r\ntwo ", "one\n\ntwo"),
        ("number", "12", 12),
        ("number", "-0,5", -0.5),
        ("number", "1 234 567,25", 1234567.25),
        ("number", "1,234.5", 1234.5),
        ("number", "1.234,5", 1234.5),
        ("number", "1,234,567", 1234567),
        ("number", "−3", -3),
        ("number", 7.5, 7.5),
        ("number", 0, 0),
        ("money", "12", {"amount": "12.00", "currency": "EUR"}),
        ("money", "1 234,50", {"amount": "1234.50", "currency": "EUR"}),
        ("money", {"amount": "3.10", "currency": "EUR"}, {"amount": "3.10", "currency": "EUR"}),
        ("money", {"amount": "", "currency": "EUR"}, None),
        ("date", "2026-03-31", "2026-03-31"),
        ("date_time", "2026-03-31T14:30", "2026-03-31T11:30:00+00:00"),
        ("date_time", "2026-03-31T14:30:15+02:00", "2026-03-31T12:30:15+00:00"),
        ("choice", "till", "till"),
        ("choices", ["reader", "till", "reader"], ["till", "reader"]),
        ("choices", "reader", ["reader"]),
        ("choices", [""], None),
        ("check", "1", True),
        ("check", "on", True),
        ("check", False, False),
        ("check", "", False),
        ("email", " Anna@Home.EXAMPLE ", "anna@home.example"),
        ("phone", "8 (800) 555-35-35", "88005553535"),
        ("link", "example.org/page?a=1", "https://example.org/page?a=1"),
        ("link", "HTTP://Example.org", "HTTP://Example.org"),
    ],
)
def test_what_people_write_is_stored_in_one_form(session, kind, raw, stored):
    with use_language("en", ZoneInfo("Europe/Moscow")):
        assert read_value(a_field(kind), raw, session) == stored


@pytest.mark.parametrize("kind", [kind for kind in FieldKind if kind is not FieldKind.CHECK])
@pytest.mark.parametrize("raw", [None, "", "  \n", []])
def test_nothing_is_none(session, kind, raw):
    assert read_value(a_field(kind), raw, session) is None


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("text", "x" * 501), ("long_text", "x" * 20_001),
        ("number", "twelve"), ("number", "1.2.3"), ("number", "NaN"), ("number", "Infinity"), ("number", "1e9"), ("number", "0x10"), ("number", "٣٣"),
        ("number", True), ("number", "-"), ("number", "."), ("number", "9" * 16), ("number", ["1"]), ("number", {"a": 1}),
        ("money", "1.005"), ("money", "abc"), ("money", {"amount": "5", "currency": "USD"}), ("money", "9" * 1000),
        ("date", "31.03.2026"), ("date", "2026-02-30"), ("date", "0000-01-01"), ("date", "tomorrow"), ("date", 5),
        ("date_time", "14:30"), ("date_time", "2026-13-01T00:00"), ("date_time", "0001-01-01T00:00+14:00"),
        ("choice", "boat"), ("choice", "Till"), ("choice", ["till"]), ("choice", 1), ("choice", {"code": "till"}),
        ("choices", ["till", "boat"]), ("choices", [["till"]]), ("choices", 5),
        ("check", "maybe"), ("check", ["1"]),
        ("email", "anna"), ("email", "a@b@c.example"), ("email", "anna@home.example, boris@home.example"), ("email", "a@e.org\r\nBcc: x@y.z"),
        ("phone", "call me"), ("phone", "12"), ("phone", "1" * 16), ("phone", "+49 30 ٣٣٣٣"),
        ("link", "javascript:alert(1)"), ("link", "JaVaScRiPt:alert(1)"), ("link", " javascript:alert(1)"), ("link", "data:text/html,x"),
        ("link", "ftp://example.org"), ("link", "https://"), ("link", "https://[::1"), ("link", "https://e.org/" + "x" * 2000), ("link", "java\tscript:x"),
        ("file", "no-such-key"), ("file", [1]), ("file", [""]), ("file", ["x"] * 2),
        ("person", "999"), ("person", "anna"), ("person", "9" * 40), ("person", ["1"]),
        ("group", "999"), ("group", -1), ("customer", "999"), ("customer", "nobody@home.example"), ("customer", "a@"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_a_sentence(session, kind, raw):
    with pytest.raises(Invalid) as refusal:
        read_value(a_field(kind), raw, session)
    assert str(refusal.value).endswith(".")


def test_people_are_those_who_are_there_now(session):
    admin, agent, customer = make_admin(session), make_agent(session), make_customer(session, email="ivan@home.example")
    group = make_group(session)
    session.flush()
    assert read_value(a_field("person"), str(agent.id), session) == agent.id
    assert read_value(a_field("group"), group.id, session) == group.id
    assert read_value(a_field("customer"), customer.id, session) == customer.id
    assert read_value(a_field("customer"), "Ivan@home.example", session) == customer.id
    deactivate_user(session, agent, by=admin)
    for field, raw in [("person", agent.id), ("person", customer.id), ("customer", agent.id)]:
        with pytest.raises(Invalid):
            read_value(a_field(field), raw, session)


def test_files_are_ones_own_uploads_that_no_message_has(session):
    anna, boris = make_agent(session), make_agent(session)
    photo = add_file(session, NewFile("till.txt", b"a till"), by=anna)
    session.flush()
    field = a_field("file", code="photo")
    assert read_value(field, [photo.key, photo.key], session, by=anna) == [photo.key]
    assert show_value(field, [photo.key], session) == "till.txt"
    assert file_keys([field], {"photo": [photo.key]}) == [photo.key]
    with pytest.raises(Invalid):
        read_value(field, [photo.key], session, by=boris)


@pytest.mark.parametrize(
    ("kind", "value", "english", "russian"),
    [
        ("text", "Till", "Till", "Till"), ("number", 1234567.5, "1,234,567.5", "1\xa0234\xa0567,5"),
        ("money", {"amount": "1234.50", "currency": "EUR"}, "€1,234.50", "1\xa0234,50\xa0€"),
        ("date", "2026-03-31", "Mar 31, 2026", "31 мар. 2026\u202fг."), ("choice", "reader", "Card reader", "Card reader"),
        ("choices", ["till", "reader"], "Till and Card reader", "Till и Card reader"), ("choice", "gone", "gone", "gone"),
        ("check", True, "Yes", "Да"), ("check", False, "No", "Нет"), ("person", 999_999, "(no longer there)", "(больше нет)"),
        ("text", None, "", ""), ("choices", [], "", ""),
    ],
)  # fmt: skip
def test_a_value_is_shown_in_the_readers_language(session, kind, value, english, russian):
    with use_language("en"):
        assert show_value(a_field(kind), value, session) == english
    with use_language("ru"):
        assert show_value(a_field(kind), value, session) == russian


def test_a_moment_is_shown_in_the_readers_zone(session):
    with use_language("en", ZoneInfo("Europe/Moscow")):
        assert "2:30" in show_value(a_field("date_time"), "2026-03-31T11:30:00+00:00", session)


# A form's fields together


@pytest.fixture
def form(session):
    make_desk(session)
    form = make_form(session)
    add_field(session, form, label="Serial number", kind="text", required=True, by=None)
    add_field(session, form, label="Device", kind="choice", choices=["Till", "Card reader"], by=None)
    add_field(session, form, label="Cost", kind="number", agent_only=True, required=True, by=None)
    return form


def test_a_customers_request_needs_what_is_required_of_customers(session, form):
    values, problems = check_values(session, form, {"device": "till"}, by_agent=False, before={}, complete=True)
    assert problems == {"serial_number": "Fill in “Serial number”."}
    values, problems = check_values(
        session, form, {"device": "till", "serial_number": "A1"}, by_agent=False, before={}, complete=True
    )
    assert (values, problems) == ({"device": "till", "serial_number": "A1"}, {})


def test_customers_neither_set_nor_miss_agents_fields(session, form):
    raw = {"serial_number": "A1", "cost": "0", "priority": "urgent"}
    values, problems = check_values(session, form, raw, by_agent=False, before={"priority": "normal", "cost": 9}, complete=True)
    assert (values, problems) == ({"serial_number": "A1", "priority": "normal", "cost": 9}, {})


def test_an_agent_changes_one_field_and_is_not_asked_for_the_others(session, form):
    values, problems = check_values(session, form, {"cost": "12,5"}, by_agent=True, before={"device": "till"})
    assert (values, problems) == ({"device": "till", "cost": 12.5}, {})


def test_an_optional_field_is_emptied_a_required_one_is_not(session, form):
    before = {"serial_number": "A1", "device": "till"}
    values, problems = check_values(session, form, {"device": ""}, by_agent=True, before=before)
    assert (values["device"], problems) == (None, {})
    _values, problems = check_values(session, form, {"serial_number": "  "}, by_agent=True, before=before)
    assert set(problems) == {"serial_number"}


def test_codes_of_no_field_change_nothing(session, form):
    raw = {"serial_number": "A1", "role": "admin", "assignee_id": 1, "rank": 9, "__class__": "x"}
    values, problems = check_values(session, form, raw, by_agent=True, before={})
    assert (values, problems) == ({"serial_number": "A1"}, {})


def test_what_stands_as_it_was_stays_even_if_it_can_no_longer_be_chosen(session, form):
    values, problems = check_values(session, form, {"device": "boat"}, by_agent=True, before={"device": "boat"})
    assert (values, problems) == ({"device": "boat"}, {})
    _values, problems = check_values(session, form, {"device": "boat"}, by_agent=True, before={"device": "till"})
    assert set(problems) == {"device"}


def test_a_required_tick_must_be_set(session):
    form = make_form(session)
    add_field(session, form, label="I have read the terms", kind="check", required=True, by=None)
    _values, problems = check_values(session, form, {"i_have_read_the_terms": False}, by_agent=False, before={}, complete=True)
    assert problems == {"i_have_read_the_terms": "Tick “I have read the terms” to go on."}
    values, problems = check_values(session, form, {"i_have_read_the_terms": "on"}, by_agent=False, before={}, complete=True)
    assert (values, problems) == ({"i_have_read_the_terms": True}, {})


def test_a_new_ticket_begins_with_the_defaults(session, form):
    assert default_values(form.fields) == {"priority": "normal"}
    assert read_default(a_field("check"), False, session) is None
    assert read_default(a_field("customer"), "1", session) is None
    assert read_default(a_field("number"), "3", session) == 3
