"""The form that is made from an extension's settings: what it shows, what it takes, what it leaves to the level below."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from plugdesk import catalogs, i18n
from plugdesk.plugins.switch import save_plugin_settings
from plugdesk.runtime import Runtime
from plugdesk.vault import Secret
from plugdesk_web.settings_form import Here, form_of, known_variables, settings_here, unsaved_settings
from tests.factories import make_desk, make_form

if TYPE_CHECKING:
    from plugdesk.forms.models import Form


@pytest.fixture(autouse=True)
def _request() -> Iterator[None]:
    with Flask(__name__).test_request_context():
        yield


@pytest.fixture
def form(session: Session) -> Form:
    make_desk(session)
    return make_form(session)


def here_of(session: Session, scope: Any) -> Here:
    here = settings_here(session, "chat", scope)
    assert here is not None
    return here


def page_of(here: Any, **changed: str) -> MultiDict[str, str]:
    """What a browser sends back from an untouched page, with some fields `changed`."""
    form = form_of(here)
    given: MultiDict[str, str] = MultiDict()
    for each in form.options:
        field = form.field(each.name)
        if each.about.get("rows"):
            for row in field.entries:
                for column, text in row.data.items():
                    given[f"{row.name}-{column}"] = text
        elif each.type is bool:
            if field.data:
                given[f"set_{each.name}"] = "1"
        elif not each.is_secret:
            given[f"set_{each.name}"] = str(field._value()).replace("\n", "\r\n")
        if form.inherits(each.name):
            given[f"was_{each.name}"] = form.was(each.name)
    for name, text in changed.items():
        given[name] = text
    return given


def read(session: Session, scope: Any, runtime: Runtime, **changed: str) -> tuple[dict[str, Any], dict[str, str]]:
    """What is entered and what is wrong with it."""
    here = here_of(session, scope)
    sent = form_of(here, page_of(here, **changed))
    entered = sent.entered(runtime)
    return entered, sent.problems(entered, known_variables(runtime.registry))


def save(session: Session, scope: Any, **values: Any) -> None:
    here = here_of(session, scope)
    save_plugin_settings(session, scope, "chat", values, here.version, None)


def test_an_untouched_page_sets_nothing(session, form, runtime) -> None:
    assert read(session, form, runtime) == ({}, {})


def test_an_untouched_page_keeps_what_is_set_here(session, form, runtime) -> None:
    save(session, form, days=14, words=["spam", "eggs"], links=[{"title": "Help", "url": "/h"}], token=Secret("abc"))
    assert read(session, form, runtime) == (
        {"token": None, "days": 14, "words": ["spam", "eggs"], "links": [{"title": "Help", "url": "/h"}]},
        {},
    )


def test_what_the_desk_sets_is_shown_and_stays_the_desks(session, form, runtime) -> None:
    save(session, runtime.desk(session), days=3, away="Back at nine.\nPromised.")
    here = here_of(session, form)
    assert form_of(here).field("days").data == 3
    assert read(session, form, runtime) == ({}, {})


def test_a_text_it_came_with_is_shown_in_the_readers_language_and_stays_unset(session, form, runtime, monkeypatch) -> None:
    monkeypatch.setitem(
        catalogs.messages("ru").words, "Thank you, ${customer:name|friend}. ${chat:sign}", "Спасибо, ${customer:name|друг}!"
    )
    with i18n.use_language("ru"):
        assert form_of(here_of(session, form)).field("away").data == "Спасибо, ${customer:name|друг}!"
        assert read(session, form, runtime) == ({}, {})
        assert read(session, form, runtime, set_away="Пока!") == ({"away": "Пока!"}, {})


def test_a_change_of_what_is_inherited_is_set_here(session, form, runtime) -> None:
    save(session, runtime.desk(session), days=3)
    assert read(session, form, runtime, set_days="4") == ({"days": 4}, {})


def test_what_the_desk_changes_while_the_page_is_open_is_not_copied_to_the_form(session, form, runtime) -> None:
    save(session, runtime.desk(session), days=3)
    page = page_of(here_of(session, form))
    save(session, runtime.desk(session), days=5)
    assert form_of(here_of(session, form), page).entered(runtime) == {}


def test_a_setting_put_back_shows_the_desks_value_and_is_no_longer_set_here(session, form, runtime) -> None:
    save(session, runtime.desk(session), days=3)
    save(session, form, days=14)
    here = here_of(session, form)
    given = page_of(here, reset="days")
    again = form_of(here, given)
    given["set_days"], given["was_days"] = again.field("days")._value(), again.was("days")
    del given["reset"]
    assert given["set_days"] == "3"
    assert form_of(here, given).entered(runtime) == {}


@pytest.mark.parametrize(
    "name, text, problem",
    [
        ("days", "soon", "Enter a whole number."),
        ("days", "1" * 400, "Enter a whole number."),
        ("days", "", "Enter a number."),
        ("days", "31", "“Reopens for days” is at most 30."),
        ("pause", "0.2", "“Pause in seconds” is at least 0.5."),
        ("pause", "nan", "Enter a number."),
        ("mode", "shout", "Choose one of what is offered."),
        ("away", "x" * 201, "“Out of hours” is at most 200."),
        ("away", "${chat:lnk}", "There is no variable ${chat:lnk}. Did you mean ${chat:link}?"),
        ("away", "${customer:nmae} and ${nothing}", "“${nothing}” is not a variable."),
    ],
)
def test_what_cannot_be_taken_is_told_beside_its_field(session, form, runtime, name: str, text: str, problem: str) -> None:
    problems = read(session, form, runtime, **{f"set_{name}": text})[1]
    assert problems.keys() == {name}
    assert problem in problems[name]


def test_a_template_may_use_what_its_own_default_uses(session, form, runtime) -> None:
    assert read(session, form, runtime, set_away="${chat:sign}, ${chat:link}, ${ticket:number}") == (
        {"away": "${chat:sign}, ${chat:link}, ${ticket:number}"}, {},
    )  # fmt: skip


def test_numbers_take_a_comma_and_texts_lose_the_browsers_line_ends(session, form, runtime) -> None:
    assert read(session, form, runtime, set_pause="2,5", set_away="One\r\nTwo\r\n") == ({"pause": 2.5, "away": "One\nTwo"}, {})


def test_rows_that_are_emptied_go_and_new_ones_come(session, form, runtime) -> None:
    save(session, form, links=[{"title": "Help", "url": "/h"}, {"title": "Shop", "url": "/s"}])
    changed = {"set_links-0-title": "", "set_links-0-url": " ", "set_links-2-title": "Blog", "set_links-2-url": "/b"}
    assert read(session, form, runtime, **changed) == (
        {"links": [{"title": "Shop", "url": "/s"}, {"title": "Blog", "url": "/b"}]},
        {},
    )


def test_more_rows_than_allowed_are_refused(session, form, runtime) -> None:
    changed = {f"set_links-{number}-title": "x" for number in range(4)}
    assert read(session, form, runtime, **changed)[1] == {"links": "“Buttons” is at most 3."}


def test_a_secret_is_never_in_its_field(session, form, runtime) -> None:
    save(session, form, token=Secret("123:abc"))
    here = here_of(session, form)
    assert form_of(here).field("token").data == ""
    assert "123:abc" not in repr(here)


def test_an_empty_secret_keeps_the_stored_one_and_a_ticked_box_forgets_it(session, form, runtime) -> None:
    save(session, form, token=Secret("123:abc"))
    assert read(session, form, runtime)[0] == {"token": None}
    assert read(session, form, runtime, forget="token")[0] == {}
    assert read(session, form, runtime, set_token="456:def")[0] == {"token": Secret("456:def")}


def test_a_typed_secret_comes_back_sealed_for_its_place_alone(session, form, runtime) -> None:
    here = here_of(session, form)
    sealed = runtime.vault.seal(Secret("456:def"), here.sealed_for("token"))
    assert "456" not in sealed
    assert read(session, form, runtime, typed_token=sealed)[0] == {"token": Secret("456:def")}
    elsewhere = runtime.vault.seal(Secret("456:def"), "chat/form:99/token/typed")
    assert read(session, form, runtime, typed_token=elsewhere)[0] == {}


def test_unsaved_settings_mix_what_is_typed_with_what_is_stored(session, form, runtime) -> None:
    save(session, runtime.desk(session), away="Back at nine.")
    save(session, form, token=Secret("123:abc"), days=14)
    session.flush()
    entered, _none = read(session, form, runtime, set_days="9")
    settings = unsaved_settings(session, here_of(session, form), entered)
    assert (settings.token.reveal(), settings.days, settings.away, settings.mode) == ("123:abc", 9, "Back at nine.", "ask")


def test_what_has_no_settings_has_no_form(session, form, runtime) -> None:
    assert settings_here(session, "base", form) is None
    assert settings_here(session, "crashed", form) is None
