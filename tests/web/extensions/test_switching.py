"""Switching an extension on and off, with its settings, its test, what will change and what goes along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.events import Event
from plugdesk.plugins.settings import PluginSettings
from plugdesk.plugins.switch import disable_plugin, enable_plugin, save_plugin_settings

if TYPE_CHECKING:
    from webtest import TestApp, TestResponse
    from webtest.forms import Form as WebForm

    from plugdesk.forms.models import Form


CHAT = "/extensions/chat/forms/support"


def settings_of(page: TestResponse, act: str = "activation", url: str = CHAT) -> WebForm:
    """The form of the settings, as the button for `act` sends it."""
    form = page.forms["settings"]
    form.action = f"{url}/{act}"
    return form


def filled(marta: TestApp, act: str, **values: Any) -> WebForm:
    form = settings_of(marta.get(CHAT), act)
    for name, value in values.items():
        form[f"set_{name}"] = value
    return form


def words(page: TestResponse) -> str:
    return " ".join(page.html.select_one("main").get_text(" ").split())


def stored(session: Session, form_id: int) -> dict[str, Any]:
    row = session.scalar(sa.select(PluginSettings).where(PluginSettings.plugin == "chat", PluginSettings.form_id == form_id))
    return dict(row.values) if row else {}


def test_settings_are_filled_in_and_the_extension_is_on(marta, session, forms, runtime) -> None:
    answer = filled(marta, "activation", token="123:abc", days="9").submit(status=303)
    assert answer.location == "/extensions/chat"
    assert "Chat: on for Support." in answer.follow().text
    session.refresh(forms[0])
    assert forms[0].has("chat")
    settings = runtime.settings_of(session, "chat", forms[0])
    assert (settings.token.reveal(), settings.days) == ("123:abc", 9)
    assert stored(session, forms[0].id).keys() == {"token", "days"}


def test_the_switch_acts_from_the_next_request(marta, session, forms) -> None:
    marta.get("/forms/support/x/chat/", status=404)
    filled(marta, "activation", token="123:abc").submit(status=303)
    assert marta.get("/forms/support/x/chat/", status=200).text == "Rooms of support"
    marta.get("/forms/repairs/x/chat/", status=404)
    settings_of(marta.get(CHAT), "deactivation").submit(status=303)
    marta.get("/forms/support/x/chat/", status=404)


def test_what_is_missing_is_told_beside_its_field_and_what_was_typed_stays(marta, session, forms) -> None:
    page = filled(marta, "activation", days="9", away="Back at nine.").submit(status=422)
    assert "Fill in “Bot token”." in page.html.select_one("#setting-token").text
    assert page.forms["settings"]["set_days"].value == "9"
    assert page.forms["settings"]["set_away"].value == "Back at nine."
    session.refresh(forms[0])
    assert not forms[0].has("chat")
    assert stored(session, forms[0].id) == {}


def test_a_secret_typed_on_a_page_that_is_refused_need_not_be_typed_again(marta, session, forms, runtime) -> None:
    page = filled(marta, "activation", token="123:abc", days="99").submit(status=422)
    assert "123:abc" not in page.text
    again = settings_of(page)
    again["set_days"] = "9"
    again.submit(status=303)
    assert runtime.settings_of(session, "chat", forms[0]).token.reveal() == "123:abc"


def test_settings_can_be_saved_without_switching_on(marta, session, forms) -> None:
    filled(marta, "settings", days="9").submit(status=303)
    session.refresh(forms[0])
    assert not forms[0].has("chat")
    assert stored(session, forms[0].id) == {"days": 9}


def test_saving_what_was_not_changed_writes_nothing(marta, session, forms) -> None:
    filled(marta, "settings").submit(status=303)
    assert session.scalars(sa.select(PluginSettings)).all() == []
    assert session.scalars(sa.select(Event).where(Event.kind == "extension_settings_changed")).all() == []


def test_a_second_press_changes_nothing_more(marta, session, forms) -> None:
    form = filled(marta, "activation", token="123:abc", days="9")
    form.submit(status=303)
    form["set_token"] = ""
    form.submit(status=303)
    kinds = session.scalars(sa.select(Event.kind).where(Event.kind.like("extension%")).order_by(Event.id)).all()
    assert kinds == ["extension_settings_changed", "extension_enabled"]


def test_two_admins_see_each_others_changes_and_lose_none(marta, session, admin, forms) -> None:
    form = filled(marta, "settings", days="9", away="Mine.")
    save_plugin_settings(session, forms[0], "chat", {"days": 21}, 0, admin)
    session.commit()
    page = form.submit(status=409)
    rows = [" ".join(row.get_text(" ").split()) for row in page.html.select("table.diff tbody tr")]
    assert "Reopens for days 9 21" in rows
    assert page.forms["settings"]["set_away"].value == "Mine."
    settings_of(page, "settings").submit(status=303)
    assert stored(session, forms[0].id) == {"days": 9, "away": "Mine."}


def test_the_test_runs_with_what_is_typed_and_saves_nothing(marta, session, forms) -> None:
    page = filled(marta, "test", token="123:abc", away="Unsaved.").submit(status=200)
    assert "@bot7 answers" in words(page)
    assert "It says: Unsaved." in words(page)
    assert page.forms["settings"]["set_away"].value == "Unsaved."
    assert stored(session, forms[0].id) == {}


@pytest.mark.parametrize(
    "token, said",
    [
        ("wrong", "The bot is unknown. Copy its token again."),
        ("crash", "The test itself failed."),
        ("", "Fill in “Bot token”."),
    ],
)
def test_a_test_that_fails_says_why(marta, forms, token, said) -> None:
    assert said in words(filled(marta, "test", token=token).submit(status=422))


def test_what_has_nothing_to_test_has_no_button_for_it(marta, forms) -> None:
    assert "Test" in [button.text.strip() for button in marta.get(CHAT).html.select("#settings button")]
    assert "Test" not in [button.text.strip() for button in marta.get("/extensions/base/forms/support").html.select("button")]


def test_what_will_change_is_told_before(marta, forms) -> None:
    text = words(marta.get(CHAT))
    assert "What will change Messages to the bot become tickets of Support" in text
    assert "Nothing changes on other forms." in text


def test_what_it_needs_is_offered_along(marta, session, forms) -> None:
    page = marta.get("/extensions/helper/forms/support")
    assert "It needs what is off here: Base" in words(page)
    form = settings_of(page, url="/extensions/helper/forms/support")
    form["along"] = False
    refused = form.submit(status=422)
    assert "Helper needs Base. Switch that on first." in words(refused)
    assert not refused.forms["settings"]["along"].checked
    form["along"] = True
    assert "Base and Helper: on for Support." in form.submit(status=303).follow().text
    session.refresh(forms[0])
    assert forms[0].extensions == ["base", "helper"]


def test_what_needs_it_goes_off_along_or_not_at_all(marta, session, forms) -> None:
    enable_plugin(session, forms[0], "helper", None, along=True)
    session.commit()
    page = marta.get("/extensions/base/forms/support")
    assert "What needs it stops working: Helper" in words(page)
    form = settings_of(page, "deactivation", "/extensions/base/forms/support")
    form.submit(status=422)
    form["along"] = True
    form.submit(status=303)
    session.refresh(forms[0])
    assert forms[0].extensions == []


def test_a_conflict_is_explained_with_the_way_out(marta, session, forms) -> None:
    enable_plugin(session, forms[0], "rival", None)
    session.commit()
    page = marta.get("/extensions/helper/forms/support")
    assert "It does not go together with Rival which is on here." in words(page)
    assert "Switch on for Support" not in [button.text.strip() for button in page.html.select("button")]
    assert page.html.select_one('.banner a[href^="/extensions/rival/forms/support"]')


def test_switching_off_keeps_data_and_settings_and_says_so(marta, session, forms) -> None:
    filled(marta, "activation", token="123:abc", days="9").submit(status=303)
    page = marta.get(CHAT)
    assert "Its data and settings are kept." in words(page)
    settings_of(page, "deactivation").submit(status=303)
    assert stored(session, forms[0].id).keys() == {"token", "days"}


def test_data_is_deleted_only_when_off_and_meant(marta, session, forms) -> None:
    filled(marta, "activation", token="123:abc").submit(status=303)
    assert "Delete its data" not in marta.get(CHAT).text
    disable_plugin(session, forms[0], "chat", None)
    session.commit()
    page = marta.get(CHAT)
    form = next(form for form in page.forms.values() if form.action.endswith("data-deletion"))
    assert "Tick the box" in form.submit(status=422).text
    form["sure"] = True
    form.submit(status=303)
    assert stored(session, forms[0].id) == {}
    assert "Data of Support deleted" in marta.get("/extensions/chat").text


def test_a_stored_secret_is_not_shown_and_an_empty_one_keeps_it(marta, session, forms, runtime) -> None:
    filled(marta, "activation", token="123:abc").submit(status=303)
    page = marta.get(CHAT)
    assert "123:abc" not in page.text
    assert page.forms["settings"]["set_token"].value == ""
    filled(marta, "settings", days="9").submit(status=303)
    assert runtime.settings_of(session, "chat", forms[0]).token.reveal() == "123:abc"


def test_a_value_of_the_desk_says_where_it_comes_from_and_one_of_the_form_can_go_back_to_it(
    marta, session, forms, runtime
) -> None:
    save_plugin_settings(session, runtime.desk(session), "chat", {"days": 3}, 0, None)
    session.commit()
    page = marta.get(CHAT)
    assert "From the desk’s own settings, change there" in " ".join(
        page.html.select_one("#setting-days").get_text(" ").split()
    ).replace(" ,", ",")
    filled(marta, "settings", days="9").submit(status=303)
    page = marta.get(CHAT)
    form = settings_of(page, "draft")
    form["set_away"] = "Typed."
    back = form.submit("reset", value="days", status=200)
    assert back.forms["settings"]["set_days"].value == "3"
    assert back.forms["settings"]["set_away"].value == "Typed."
    assert stored(session, forms[0].id) == {"days": 9}
    settings_of(back, "settings").submit(status=303)
    assert stored(session, forms[0].id) == {"away": "Typed."}


def test_there_is_room_for_another_row_when_it_is_asked_for(marta, forms) -> None:
    form = filled(marta, "draft", days="9")
    again = form.submit("more", value="links", status=200)
    assert [field for field in again.forms["settings"].fields if field and field.startswith("set_links")] == [
        "set_links-0-title", "set_links-0-url", "set_links-1-title", "set_links-1-url",
    ]  # fmt: skip
    assert again.forms["settings"]["set_days"].value == "9"


def test_the_settings_for_all_forms_are_saved_for_the_desk(marta, session, forms, runtime) -> None:
    page = marta.get("/extensions/chat/desk")
    assert "Settings for all forms" in words(page)
    form = settings_of(page, "settings", "/extensions/chat/desk")
    form["set_away"] = "From the desk."
    form.submit(status=303)
    assert stored(session, 0) == {"away": "From the desk."}


def test_what_is_for_the_whole_desk_is_switched_there(marta, session, forms, runtime) -> None:
    page = marta.get("/extensions/wide/desk")
    settings_of(page, url="/extensions/wide/desk").submit(status=303)
    session.refresh(runtime.desk(session))
    assert runtime.desk(session).has("wide")
    assert "Switched on for the whole desk" in marta.get("/extensions/wide").text


def test_a_sheet_gets_its_part_alone_and_leaves_by_htmx(marta, forms) -> None:
    sheet = marta.get(CHAT, headers={"HX-Request": "true"})
    assert sheet.text.strip().startswith("<dialog")
    form = settings_of(sheet)
    form["set_token"] = "123:abc"
    answer = form.submit(headers={"HX-Request": "true"}, status=200)
    assert answer.headers["HX-Redirect"] == "/extensions/chat"


def test_one_is_led_back_where_one_came_from_but_never_elsewhere(marta, forms) -> None:
    form = settings_of(
        marta.get("/extensions/base/forms/support", {"back": "/extensions/by-form"}), url="/extensions/base/forms/support"
    )
    assert form.submit(status=303).location == "/extensions/by-form"
    form = settings_of(
        marta.get("/extensions/base/forms/support", {"back": "//evil.example"}), "deactivation", "/extensions/base/forms/support"
    )
    assert form.submit(status=303).location == "/extensions/base"


def test_the_choice_of_a_form_leads_to_its_page(marta, forms: list[Form]) -> None:
    page = marta.get("/extensions/base/forms/repairs")
    assert [option.text for option in page.html.select("#flow-form option")] == ["Support", "Repairs"]
    assert marta.get("/extensions/base/choose", {"form": "repairs"}, status=303).location == "/extensions/base/forms/repairs"
    assert marta.get("/extensions/base/choose", status=303).location == "/extensions/base/forms/support"


def test_each_act_stands_in_the_journal_with_who_did_it(marta, session, admin, forms) -> None:
    filled(marta, "activation", token="123:abc", days="9").submit(status=303)
    events = session.scalars(sa.select(Event).where(Event.kind.like("extension%")).order_by(Event.id)).all()
    assert [(event.kind, event.actor_id, event.form_id) for event in events] == [
        ("extension_settings_changed", admin.id, forms[0].id), ("extension_enabled", admin.id, forms[0].id),
    ]  # fmt: skip
    assert events[0].data["changes"] == {"token": [None, "••••"], "days": [None, 9]}


@pytest.mark.parametrize("plugin, text", [("email", "set_reply_text"), ("csat", "set_thanks")])
def test_the_built_in_extensions_take_their_own_texts_back_with_a_word_more(marta, session, forms, plugin, text) -> None:
    url = f"/extensions/{plugin}/forms/support"
    page = marta.get(url)
    changed = settings_of(page, url=url)
    changed[text] = changed[text].value + "\r\nand a word more"
    changed.submit(status=303)
    session.refresh(forms[0])
    assert forms[0].has(plugin)
    assert marta.get(f"/extensions/{plugin}", status=200)
