"""The catalog, its matrix and one extension's page: what they tell, and to whom."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.plugins.breaker import OPENS_AFTER
from plugdesk.plugins.figures import BUCKETS_MS, HookError, HookFigures
from plugdesk.plugins.settings import PluginSettings
from plugdesk.plugins.switch import enable_plugin, save_plugin_settings
from plugdesk.vault import Secret
from tests.factories import make_agent

if TYPE_CHECKING:
    from plugdesk.forms.models import Form
    from plugdesk.runtime import Runtime


def called(session: Session, form_id: int, runtime: Runtime, *, calls: int, errors: int = 0, plugin: str = "chat") -> None:
    """Calls of this hour, each of 50 ms at most."""
    buckets = [0] * (len(BUCKETS_MS) + 1)
    buckets[8] = calls
    hour = runtime.clock.now().replace(minute=0, second=0, microsecond=0)
    session.add(
        HookFigures(
            plugin=plugin, form_id=form_id, hook="ticket_opened", hour=hour, calls=calls, errors=errors, total_ms=calls * 40.0,
            worst_ms=48.0, buckets=buckets,
        )
    )  # fmt: skip


def failed(session: Session, form_id: int, runtime: Runtime, *, trace: str) -> None:
    now = runtime.clock.now()
    session.add(
        HookError(
            plugin="chat", form_id=form_id, hook="ticket_opened", kind="ConnectionRefusedError", place="chat/poll.py:48",
            text="ConnectionRefusedError: refused", trace=trace, times=11, first_at=now, last_at=now,
        )
    )  # fmt: skip


def switched_on(session: Session, form: Form) -> None:
    save_plugin_settings(session, form, "chat", {"token": Secret("123:abc")}, 0, None)
    enable_plugin(session, form, "chat", None)


def suspended(session: Session, form: Form, runtime: Runtime) -> None:
    now = runtime.clock.now()
    entry = {
        "since": now.isoformat(),
        "until": (now + timedelta(minutes=1)).isoformat(),
        "reason": "connection refused",
        "failures": OPENS_AFTER,
    }
    form.suspended = {"chat": entry}


def card(page: Any, plugin: str) -> str:
    return " ".join(page.html.select_one(f"#card-{plugin}").get_text(" ").split())


def test_each_extension_is_a_card_on_the_shelf_of_its_category(marta, forms) -> None:
    page = marta.get("/extensions", status=200)
    shelves = {
        section.h2.text: [card.h3.text for card in section.select(".card")]
        for section in page.html.select(".shelf")
        if section.select(".card")
    }
    assert list(shelves) == ["Channels", "Feedback", "Knowledge", "Automation", "Contracts", "Other"]
    assert shelves["Channels"] == ["Chat", "Customer portal", "E-mail", "Request forms", "Telegram"]
    assert shelves["Feedback"] == ["Helper", "Rival", "Service rating"]


def test_a_card_tells_where_it_is_on_and_how_it_does(marta, session, forms, runtime) -> None:
    switched_on(session, forms[0])
    called(session, forms[0].id, runtime, calls=20)
    session.commit()
    page = marta.get("/extensions")
    assert "On in 1 of 2 forms" in card(page, "chat")
    assert "p95 50 ms" in card(page, "chat")
    assert [socket.has_attr("data-on") for socket in page.html.select("#card-chat .strip i")] == [True, False]
    assert "Off everywhere" in card(page, "base")


def test_a_suspended_extension_is_told_at_the_top_with_the_way_out(marta, session, forms, runtime, clock) -> None:
    switched_on(session, forms[0])
    suspended(session, forms[0], runtime)
    session.commit()
    page = marta.get("/extensions")
    banner = page.html.select_one(".banner").get_text(" ", strip=True)
    assert "Chat is suspended on Support" in banner
    assert "connection refused" in banner
    assert "Suspended on Support" in card(page, "chat")
    assert page.html.select_one("#card-chat .strip i")["data-on"] == "hurt"
    answer = next(form for form in page.forms.values() if "/retry" in form.action).submit()
    assert (answer.status_int, answer.location) == (303, "/extensions")
    session.refresh(forms[0])
    assert forms[0].suspended == {}
    assert "Resumed on Support" in marta.get("/extensions/chat").text


def test_what_did_not_load_says_why(marta, forms) -> None:
    page = marta.get("/extensions")
    assert "Incompatible It needs plugin API >=2.0, this desk has 1.0." in card(page, "old")
    assert "Failed to load It fails when it is imported. ImportError: no module lxml" in card(page, "crashed")


def test_what_has_left_its_settings_behind_is_missing_and_can_only_go_off(marta, session, forms, runtime) -> None:
    session.add(PluginSettings(plugin="gone", form_id=0, values={}, schema=1, changed_at=runtime.clock.now()))
    forms[0].extensions = ["gone"]
    session.commit()
    assert "Missing" in card(marta.get("/extensions"), "gone")
    page = marta.get("/extensions/gone/forms/support")
    assert "Switch on" not in page.text
    page.forms["settings"].action = "/extensions/gone/forms/support/deactivation"
    page.forms["settings"].submit(status=303)
    session.refresh(forms[0])
    assert forms[0].extensions == []


@pytest.mark.parametrize(
    "query, found",
    [
        ({"q": "CHAT"}, {"chat", "telegram"}),
        ({"q": "does rival"}, {"rival"}),
        ({"state": "on"}, {"wide"}),
        ({"state": "attention"}, {"old", "crashed"}),
        ({"q": "nothing like it"}, set()),
        ({"publisher": "Nobody"}, set()),
    ],
)
def test_words_state_and_publisher_narrow_the_catalog(marta, session, forms, runtime, query, found) -> None:
    enable_plugin(session, runtime.desk(session), "wide", None)
    session.commit()
    page = marta.get("/extensions", query)
    assert {each["id"].removeprefix("card-") for each in page.html.select(".card")} == found
    assert bool(page.html.select(".empty")) == (not found)


def test_the_catalog_answers_htmx_with_its_part_alone(marta, forms) -> None:
    page = marta.get("/extensions", {"q": "chat"}, headers={"HX-Request": "true"})
    assert page.text.strip().startswith('<div id="catalog"')
    assert "<html" not in page.text


def test_the_catalog_says_how_another_one_is_installed_and_what_that_means(marta, forms) -> None:
    page = marta.get("/extensions")
    assert "pip install" in page.html.select_one("code.command").text
    assert "Extensions run inside the desk" in page.text


def test_the_matrix_has_a_switch_in_each_cell_and_one_for_the_desk(marta, forms) -> None:
    page = marta.get("/extensions/by-form", status=200)
    row = page.html.select_one("#row-base")
    assert [label.text.strip() for label in row.select("td label")] == ["Base on Support", "Base on Repairs"]
    assert [cell.get("colspan") for cell in page.html.select("#row-wide td")] == ["2"]
    assert [box.has_attr("disabled") for box in page.html.select("#row-old input[role=switch]")] == [True, True]
    assert page.html.select_one("#row-chat td small").text == "Needs settings"


def test_one_press_in_the_matrix_switches_on_and_another_off(marta, session, forms) -> None:
    page = marta.get("/extensions/by-form")
    form = next(form for form in page.forms.values() if form.action == "/extensions/base/forms/support/switch")
    form["on"] = True
    assert form.submit(status=303).location.startswith("/extensions/by-form")
    session.refresh(forms[0])
    assert forms[0].has("base")
    form["on"] = False
    assert "Base: off for Support. Data and settings are kept." in form.submit(status=303).follow().text
    session.refresh(forms[0])
    assert not forms[0].has("base")


def test_with_script_the_press_answers_with_the_matrix_and_a_way_back(marta, session, forms) -> None:
    page = marta.get("/extensions/by-form")
    form = next(form for form in page.forms.values() if form.action == "/extensions/base/forms/support/switch")
    form["on"] = True
    answer = form.submit(headers={"HX-Request": "true"}, status=200)
    assert answer.text.strip().startswith('<div id="catalog"')
    assert answer.html.select_one("#row-base input[role=switch]").has_attr("checked")
    assert [head.text for head in answer.html.select("thead small")[1:]] == ["1 on", "0 on"]
    assert "/extensions/base/forms/support/switch" in answer.headers["HX-Trigger"]


@pytest.mark.parametrize("plugin", ["helper", "chat"])
def test_a_press_that_needs_more_leads_to_the_flow_and_says_why(marta, session, forms, plugin) -> None:
    page = marta.get("/extensions/by-form")
    form = next(form for form in page.forms.values() if form.action == f"/extensions/{plugin}/forms/support/switch")
    form["on"] = True
    answer = form.submit(status=303)
    assert answer.location.startswith(f"/extensions/{plugin}/forms/support?back=")
    assert "needs" in answer.follow().html.select_one(".toast").text
    assert (
        form.submit(headers={"HX-Request": "true"}, status=200)
        .headers["HX-Redirect"]
        .startswith(f"/extensions/{plugin}/forms/support")
    )


def test_the_page_tells_health_forms_what_it_adds_and_what_it_may_touch(marta, session, forms, runtime) -> None:
    switched_on(session, forms[0])
    called(session, forms[0].id, runtime, calls=1200, errors=11)
    failed(session, forms[0].id, runtime, trace="poll.py:48 in ask")
    session.commit()
    page = marta.get("/extensions/chat")
    text = " ".join(page.html.select_one("main").get_text(" ").split())
    assert "Calls, 24 h 1,200 p95 50 ms Errors 11" in text
    assert "ConnectionRefusedError, 11 times, last at" in text
    assert page.html.select_one("#health pre").text == "poll.py:48 in ask"
    assert "${chat:link} The link to the bot" in text
    assert "Connects to chat.example" in text
    assert "Has no public pages" in text
    rows = [" ".join(row.get_text(" ").split()) for row in page.html.select("#forms tbody tr")]
    assert rows == ["Support On Rooms 1,200 50 ms 11 Settings Switch off", "Repairs It needs settings first: Bot token. Settings"]
    assert page.html.select_one("#forms .page-link")["href"] == "/forms/support/x/chat/"


def test_the_journal_tells_who_changed_what_and_masks_secrets(marta, session, admin, forms) -> None:
    save_plugin_settings(session, forms[0], "chat", {"token": Secret("123:abc"), "days": 14}, 0, admin)
    enable_plugin(session, forms[0], "chat", admin)
    session.commit()
    page = marta.get("/extensions/chat")
    journal = " ".join(page.html.select_one("#journal").get_text(" ").split())
    assert "Switched on for Support Marta Grünwald" in journal
    assert "Reopens for days not set 14" in journal
    assert "Bot token not set ••••" in journal
    assert "123:abc" not in page.text


def test_the_error_of_an_import_is_folded_on_the_page(marta, forms) -> None:
    page = marta.get("/extensions/crashed")
    assert "Traceback: the whole story" in page.html.select_one("details pre").text


def test_the_inspector_lists_each_hook_with_its_order_and_place(marta, session, forms, runtime) -> None:
    switched_on(session, forms[0])
    session.commit()
    page = marta.get("/extensions/by-form/support", status=200)
    rows = [" ".join(row.get_text(" ").split()) for row in page.html.select("tbody tr")]
    assert any(row[0].isdigit() and " Chat On " in row and "extensions/trial.py:" in row for row in rows)
    assert any("Asked by a page" in row for row in rows)


@pytest.fixture
def otto(session, browse, forms):
    """A browser of Otto's, who is an admin of Repairs and an agent of Support."""
    otto = make_agent(session, forms[0], name="Otto")
    from plugdesk.users.commands import set_form_agent

    set_form_agent(session, forms[1], otto, is_admin=True, by=None)
    session.commit()
    return browse(otto)


def test_a_form_admin_sees_only_their_forms(otto, session, forms, runtime) -> None:
    switched_on(session, forms[0])
    called(session, forms[0].id, runtime, calls=7)
    failed(session, forms[0].id, runtime, trace="a customer of Support")
    session.commit()
    catalog = otto.get("/extensions", status=200)
    assert catalog.html.select_one("#card-wide") is None
    assert "Off everywhere" in card(catalog, "chat")
    assert "pip install" not in catalog.text
    assert [head.a.text for head in otto.get("/extensions/by-form").html.select("thead th")[1:]] == ["Repairs"]
    page = otto.get("/extensions/chat")
    main = page.html.select_one("main").get_text()
    assert "a customer of Support" not in page.text
    assert "Support" not in main
    assert "It was not called in the last 24 hours." in main


def test_what_is_not_theirs_is_not_there_for_a_form_admin(otto) -> None:
    for path in ("chat/forms/support", "chat/desk", "wide", "wide/desk", "by-form/support"):
        otto.get(f"/extensions/{path}", status=404)


def test_a_form_admin_changes_nothing_elsewhere(otto, session, forms) -> None:
    token = otto.get("/extensions/base/forms/repairs").forms["settings"]["csrf_token"].value
    for place in ("forms/support", "desk"):
        for act in ("activation", "deactivation", "settings", "draft", "test", "retry", "data-deletion", "switch"):
            otto.post(f"/extensions/base/{place}/{act}", {"csrf_token": token, "on": "1", "sure": "1"}, status=404)
    session.refresh(forms[0])
    assert forms[0].extensions == []


def test_an_agent_finds_no_such_page_and_a_stranger_signs_in(browse, visitor, session, forms) -> None:
    agent = make_agent(session, *forms)
    session.commit()
    signed_in, stranger = browse(agent), visitor()
    for path in ("", "/by-form", "/chat", "/chat/choose", "/chat/forms/support", "/by-form/support"):
        signed_in.get(f"/extensions{path}", status=404)
        assert stranger.get(f"/extensions{path}", status=303).location.startswith("/sign-in")


def test_nothing_is_changed_without_a_token(marta, session, forms) -> None:
    marta.post("/extensions/base/forms/support/activation", status=403)
    session.refresh(forms[0])
    assert forms[0].extensions == []


def test_what_there_is_not_is_not_found(marta, forms) -> None:
    for path in ("nothing", "web", "nothing/forms/support", "chat/forms/nothing", "by-form/nothing"):
        marta.get(f"/extensions/{path}", status=404)


def test_the_catalog_asks_the_same_however_many_extensions_there_are(marta, session, forms, runtime) -> None:
    asked: list[str] = []
    engine = session.get_bind().engine
    note = lambda *given: asked.append(given[2])  # noqa: E731
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        marta.get("/extensions")
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    # Besides one look at each extension's own table of versions, which there are as many of as extensions with tables.
    assert len([each for each in asked if "SAVEPOINT" not in each and "version_num" not in each]) <= 10
