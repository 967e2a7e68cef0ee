"""Pages are drawn sooner than Jinja and Flask would, and say what theirs would say."""

import markupsafe
import pytest
from flask import Flask, url_for
from jinja2 import DictLoader
from jinja2.runtime import Undefined
from markupsafe import Markup

from plugdesk.drawing import alike, escape
from plugdesk.templating import SpeakingEnvironment


class Sanitised:
    def __html__(self):
        return "<b>bold</b>"


@pytest.mark.parametrize(
    "value",
    ["plain", "<script>&'\"", "", 7, 1.5, None, True, Markup("<i>it</i>"), Sanitised(), Undefined(name="nothing"), ["<"]],
    ids=str,
)
def test_values_are_escaped_as_markupsafe_does(value):
    assert escape(value) == markupsafe.escape(value)


def environment(language="en", **templates):
    made = SpeakingEnvironment(Flask("drawing"), loader=DictLoader(templates), autoescape=True)
    made.globals["alike"] = alike
    made.language = language
    return made


MACRO = "{% macro shout(what, with={}) %}<b>{{ what }}{{ asked() }}</b>{% endmacro %}{% set shout = alike(shout) %}{{ shout(a) }}{{ shout(a) }}"


def draw(made, **values):
    asked = []

    def note():
        asked.append(1)
        return ""

    made.globals["asked"] = note
    return made.get_template("page").render(**values), len(asked)


def test_a_macro_that_draws_alike_is_drawn_once_for_the_same_arguments():
    assert draw(environment(page=MACRO), a="x") == ("<b>x</b><b>x</b>", 1)


def test_a_macro_is_drawn_each_time_where_the_language_is_known_only_then():
    assert draw(environment(language=None, page=MACRO), a="x") == ("<b>x</b><b>x</b>", 2)


def test_a_text_that_equals_markup_drawn_before_is_still_escaped():
    made = environment(page=MACRO)
    assert draw(made, a=Markup("<i>")) == ("<b><i></b><b><i></b>", 1)
    assert draw(made, a="<i>")[0] == "<b>&lt;i&gt;</b><b>&lt;i&gt;</b>"


def test_a_macro_given_a_dict_is_drawn_all_the_same():
    made = environment(page=MACRO.replace("{{ shout(a) }}", "{{ shout(a, with={'b': 1}) }}"))
    assert draw(made, a="x")[0] == "<b>x</b><b>x</b>"


def test_addresses_that_are_asked_for_twice_are_those_of_what_was_asked(app):
    with app.test_request_context("/"):
        assert [app.url_for("tickets.show", number=number) for number in (1, "1", 2, 1)] == [
            "/tickets/1", "/tickets/1", "/tickets/2", "/tickets/1",
        ]  # fmt: skip
        assert app.url_for("search.show", q=["a", "b"]) == "/search?q=a&q=b"
        assert app.url_for("search.show", _external=True) == "http://localhost/search"
        assert url_for("search.show", _anchor="at", _external=False) == "/search#at"
        assert (url_for("tickets.show", number=1), url_for("tickets.show", number=1, _anchor=None)) == (
            "/tickets/1",
            "/tickets/1",
        )
        assert [app.url_for("search.show", q=value) for value in (1, True)] == ["/search?q=1", "/search?q=True"]


def test_a_desk_below_a_folder_of_its_host_leads_there(app):
    for folder in ("", "/desk", "/other"):
        with app.test_request_context("/", environ_overrides={"SCRIPT_NAME": folder}):
            assert app.url_for("search.show") == f"{folder}/search"


def test_a_browser_keeps_its_token_and_nobody_else_has_it(visitor, desk):
    ours, theirs = visitor(), visitor()
    assert token_of(ours) == token_of(ours)
    assert token_of(ours) != token_of(theirs)


def token_of(browser, path="/sign-in"):
    return browser.get(path).html.select_one("meta[name=csrf-token]")["content"]


def test_what_is_kept_of_one_persons_page_is_not_shown_to_another(app, browse, admin, agent):
    app.config["TEMPLATES_AUTO_RELOAD"] = False
    pages = [browse(user).get("/views/open").html.select_one(".me").get_text(" ", strip=True) for user in (admin, agent, admin)]
    assert admin.name in pages[0] and agent.name not in pages[0]
    assert agent.name in pages[1] and admin.name not in pages[1]
    assert pages[0] == pages[2]


@pytest.mark.parametrize(("title", "origin", "said"), [("Rating", "Service rating", True), ("Telegram", "Telegram", False)])
def test_a_panel_says_which_extension_it_is_from_unless_it_is_called_the_same(app, title, origin, said):
    with app.test_request_context():
        panel = app.jinja_env.from_string(
            '{% import "components/ui.html" as ui %}{% call ui.panel("p", title, origin=origin) %}Body{% endcall %}'
        ).render(title=title, origin=origin)
    assert (f"from {origin}" in panel, "Body" in panel) == (said, True)
