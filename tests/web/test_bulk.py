"""Several tickets of a list at once: each asked by the ordinary rules, those refused told with the reason."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.events import Event
from plugdesk.tags.commands import add_tag
from plugdesk.tickets.bin import delete_ticket
from plugdesk.tickets.commands import accept
from plugdesk.tickets.lists import PAGE
from plugdesk.tickets.models import Reading, Watcher
from plugdesk.users.rights import RightInput, set_right
from tests.factories import make_agent, make_form, make_group, make_ticket


@pytest.fixture
def tickets(form, session):
    tickets = [make_ticket(session, form, subject=f"Asked {number}") for number in range(3)]
    session.commit()
    return tickets


def selected(page, tickets, action):
    """The list's own form, without script, with these tickets selected and this button pressed; `page` may be who asks for all open."""
    page = page.get("/views/open") if hasattr(page, "get") else page
    form = next(each for each in page.forms.values() if each.action == "/tickets/selection")
    for box in form.fields["ticket"]:
        box.checked = box._value in {str(each.id) for each in tickets}
    return form.submit("do", value=action, status="*")


def chosen(page, action=None, **values):
    form = next(each for each in page.forms.values() if each.action == "/tickets/selection")
    for name, value in values.items():
        form[name] = value
    return form.submit("do", value=action, status="*")


def token(browser):
    return next(iter(browser.get("/views/open").forms.values()))["csrf_token"].value


def test_the_selected_are_accepted_and_the_others_stay(browse, session, anna, tickets):
    answer = selected(browse(anna), tickets[:2], "accept")
    assert "Accept: done to 2 tickets." in answer.follow()
    session.expire_all()
    assert [each.assignee_id for each in tickets] == [anna.id, anna.id, None]


def test_those_refused_are_named_with_the_reason_and_the_others_go_through(browse, session, form, anna, tickets):
    olga = make_agent(session, form, name="Olga")
    accept(session, tickets[1], olga)
    session.commit()
    page = selected(browse(anna), tickets, "accept")
    assert page.status_int == 200
    assert "Done to 2 tickets." in page
    (row,) = page.html.select("tbody tr")
    assert "Asked 1" in row.text
    assert "Olga has already accepted this ticket." in row.text
    session.expire_all()
    assert [each.assignee_id for each in tickets] == [anna.id, olga.id, anna.id]


def test_one_press_repeated_does_it_once_and_another_choice_is_another_press(browse, session, anna, tickets):
    browser = browse(anna)
    page = selected(browser, tickets, "tags")
    add_tag(session, name="Recall", by=None)
    session.commit()
    assert chosen(page, put_on="Recall").status_int == 303
    told = sa.select(sa.func.count()).select_from(Event).where(Event.kind == "tags_changed")
    assert session.scalar(told) == 3
    assert chosen(page, put_on="Recall").status_int == 303
    assert session.scalar(told) == 3
    assert chosen(page, put_on="", take_off="Recall").status_int == 303
    assert session.scalar(told) == 6


def test_they_are_assigned_to_a_group_and_get_a_status(browse, session, form, anna, tickets):
    group = make_group(session, anna, name="Workshop")
    session.commit()
    browser = browse(anna)
    assert chosen(selected(browser, tickets, "assign"), whom=f"group-{group.id}").status_int == 303
    assert chosen(selected(browser, tickets, "status"), status="waiting").status_int == 303
    session.expire_all()
    assert {(each.group_id, each.status.code) for each in tickets} == {(group.id, "waiting")}


def test_what_is_to_be_chosen_and_is_not_is_asked_for_again(browse, session, anna, tickets):
    browser = browse(anna)
    page = selected(browser, tickets, "tags")
    refused = chosen(page, put_on="Nothing like it")
    assert refused.status_int == 422
    assert "There is no tag “Nothing like it”" in refused
    assert (
        next(each for each in refused.forms.values() if each.action == "/tickets/selection")["put_on"].value == "Nothing like it"
    )
    assert chosen(page).status_int == 422


def test_they_are_read_watched_and_after_a_question_deleted_by_who_may(browse, session, form, anna, tickets):
    browser = browse(anna)
    for action in ("read", "watch"):
        assert chosen(selected(browser, tickets, "more"), action).status_int == 303
    assert session.scalar(sa.select(sa.func.count()).select_from(Reading)) == 3
    assert session.scalar(sa.select(sa.func.count()).select_from(Watcher)) == 3
    body = {"csrf_token": token(browser), "do": "delete", "chosen": "1", "ticket": [str(tickets[0].id)]}
    assert "Delete…" not in browser.get("/views/open")
    refused = browser.post("/tickets/selection", body, status=422)
    assert "You may not delete tickets of this form." in refused
    set_right(session, form, anna, RightInput(can_delete=True), by=None)
    session.commit()
    asked = selected(browser, tickets[:2], "delete")
    assert "2 tickets are selected." in asked
    assert chosen(asked).status_int == 303
    session.expire_all()
    assert [each.deleted_at is None for each in tickets] == [False, False, True]


def test_a_ticket_of_another_form_is_as_one_that_does_not_exist(browse, session, anna, tickets):
    foreign = make_ticket(session, make_form(session, name="Sales", slug="sales"), subject="Quite private")
    session.commit()
    browser = browse(anna)
    body = {"csrf_token": token(browser), "do": "accept", "ticket": [str(foreign.id), "999999"]}
    refused = browser.post("/tickets/selection", body, status=404)
    assert "Quite private" not in refused
    assert [row.select("td")[1].text for row in refused.html.select("tbody tr")] == ["There is no such ticket."] * 2


@pytest.mark.parametrize("given", [{}, {"ticket": [str(number) for number in range(PAGE + 1)]}])
def test_none_and_more_than_a_page_are_refused_in_words(browse, anna, tickets, given):
    browser = browse(anna)
    body = {"csrf_token": token(browser), "do": "accept", **given}
    words = browser.post("/tickets/selection", body, status=422).text
    assert ("At most 50 tickets at once" if given else "Select the tickets first.") in words


def test_the_bin_is_a_view_of_those_who_may_delete_and_takes_back_several(browse, session, form, anna, admin, tickets):
    for ticket in tickets:
        delete_ticket(session, ticket, admin)
    session.commit()
    assert "/views/bin" not in browse(anna).get("/views/open")
    assert "Asked 0" not in browse(anna).get("/views/bin")
    set_right(session, form, anna, RightInput(can_delete=True), by=admin)
    session.commit()
    answer = selected(browse(anna).get("/views/open").click(href="/views/bin", index=0), tickets[:2], "restore").follow()
    assert "Take out of the bin: done to 2 tickets." in answer
    assert "Asked 2" in answer and "Asked 0" not in answer
    session.expire_all()
    assert [each.deleted_at is None for each in tickets] == [True, True, False]


def test_an_empty_bin_says_what_it_is_for(browse, admin):
    assert "stays here for 30 days" in browse(admin).get("/views/bin")
