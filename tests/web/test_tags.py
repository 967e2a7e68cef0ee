"""Tags on the pages: made by administrators, put on and taken off by agents, shown in lists, asked for by the search."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.tags.commands import add_tag, change_customers_tags, change_tags
from plugdesk.tags.models import Tag
from plugdesk.users.rights import RightInput, set_right
from tests.factories import make_customer, make_ticket


@pytest.fixture
def ticket(form, session):
    ticket = make_ticket(session, form, make_customer(session, name="Amira Haddad"), subject="The till beeps")
    session.commit()
    return ticket


@pytest.fixture
def vip(form, session):
    tag = add_tag(session, name="VIP 24/7", tone="amber", by=None)
    session.commit()
    return tag


def form_at(page, path):
    return next(form for form in page.forms.values() if form.action == path)


def chips(page, place="ticket-head"):
    return [each.text for each in page.html.find(id=place).select(".tag")]


def test_an_administrator_adds_renames_and_deletes_a_tag_with_somewhere_for_its_holders(browse, session, admin, ticket, vip):
    browser = browse(admin)
    new = form_at(browser.get("/tags?add=1"), "/tags")
    new["name"], new["tone"] = "Gold", "green"
    assert "Gold" in new.submit(status=303).follow()
    gold = session.scalars(sa.select(Tag).where(Tag.name == "Gold")).one()
    change_tags(session, ticket, add=[gold], by=None)
    session.commit()
    editor = form_at(browser.get(f"/tags?open={gold.id}"), f"/tags/{gold.id}")
    editor["name"] = "Platinum"
    assert "1 ticket" in editor.submit(status=303).follow()
    assert chips(browser.get(f"/tickets/{ticket.id}")) == ["Platinum"]
    deletion = form_at(browser.get(f"/tags?open={gold.id}"), f"/tags/{gold.id}/deletion")
    deletion["move_to"] = str(vip.id)
    assert "from tickets: 1" in deletion.submit(status=303).follow()
    assert chips(browser.get(f"/tickets/{ticket.id}")) == ["VIP 24/7"]


def test_a_name_there_is_already_is_refused_and_what_was_typed_stays(browse, admin, vip):
    new = form_at(browse(admin).get("/tags?add=1"), "/tags")
    new["name"], new["tone"] = "vip 24/7", "plum"
    refused = new.submit(status=422)
    assert "There is a tag “VIP 24/7” already." in refused
    assert form_at(refused, "/tags")["tone"].value == "plum"


def test_a_tag_that_somebody_changed_meanwhile_is_not_overwritten(browse, session, admin, vip):
    editor = form_at(browse(admin).get(f"/tags?open={vip.id}"), f"/tags/{vip.id}")
    vip.tone = "red"
    session.commit()
    editor["name"] = "Mine"
    refused = editor.submit(status=409)
    assert "Somebody else changed this meanwhile" in refused
    assert form_at(refused, f"/tags/{vip.id}")["name"].value == "Mine"


def test_an_agent_tags_a_ticket_without_script_and_takes_the_tag_off(browse, anna, ticket, vip):
    browser = browse(anna)
    adding = form_at(browser.get(f"/tickets/{ticket.id}"), f"/tickets/{ticket.id}/tags")
    adding["name"] = "vip 24/7"
    tagged = adding.submit(status=303).follow()
    assert chips(tagged) == ["VIP 24/7"]
    assert "Anna put on the tag VIP 24/7" in tagged.text
    assert chips(browser.get("/views/open"), "tickets") == ["VIP 24/7"]
    bare = form_at(tagged, f"/tickets/{ticket.id}/tags/{vip.id}/removal").submit(status=303).follow()
    assert chips(bare) == []
    assert "Anna took off the tag VIP 24/7" in bare.text


def test_a_name_nobody_has_made_a_tag_of_is_refused_to_an_agent_and_made_by_an_administrator(browse, admin, anna, ticket):
    for user, status in ((anna, 422), (admin, 303)):
        adding = form_at(browse(user).get(f"/tickets/{ticket.id}"), f"/tickets/{ticket.id}/tags")
        adding["name"] = "Recall"
        answer = adding.submit(status=status)
        if user is anna:
            assert "There is no tag “Recall”" in answer
            assert form_at(answer, f"/tickets/{ticket.id}/tags")["name"].value == "Recall"


def test_who_has_no_right_to_it_sees_the_tags_and_no_way_to_change_them(browse, session, form, anna, ticket, vip):
    change_tags(session, ticket, add=[vip], by=None)
    set_right(session, form, anna, RightInput(actions=["reply"]), by=None)
    session.commit()
    page = browse(anna).get(f"/tickets/{ticket.id}")
    assert chips(page) == chips(page, "panel-tags") == ["VIP 24/7"]
    assert not page.html.find(id="panel-tags").find("form")


def test_a_customers_tags_stand_on_the_card_and_beside_their_tickets(browse, anna, ticket, vip):
    browser, card = browse(anna), f"/customers/{ticket.customer_id}"
    adding = form_at(browser.get(card), f"{card}/tags")
    adding["name"] = "Nothing like it"
    adding = form_at(adding.submit(status=422), f"{card}/tags")
    assert adding["name"].value == "Nothing like it"
    adding["name"] = "VIP 24/7"
    assert chips(adding.submit(status=303).follow(), "tags") == ["VIP 24/7"]
    assert chips(browser.get(f"/tickets/{ticket.id}"), "panel-customer") == ["VIP 24/7"]
    form_at(browser.get(card), f"{card}/tags/{vip.id}/removal").submit(status=303)
    assert chips(browser.get(card), "tags") == []


def test_the_search_finds_tickets_by_their_tag_and_by_their_customers(browse, session, form, anna, ticket, vip):
    of_vip = make_ticket(session, form, subject="Asked by a VIP")
    make_ticket(session, form, subject="Plain")
    change_tags(session, ticket, add=[vip], by=None)
    change_customers_tags(session, of_vip.customer, add=[vip], by=None)
    session.commit()
    browser = browse(anna)

    def found(question):
        return {row.text for row in browser.get("/search", {"q": question}).html.select("#tickets .subject")}

    assert found('tag:"VIP 24/7"') == {"The till beeps", "Asked by a VIP"}
    assert found('-tag:"vip 24/7"') == {"Plain"}
    assert found("метка:нет") == {"Plain", "Asked by a VIP"}
    assert "tag:gold" in browser.get("/search", {"q": "tag:gold"}).text


def test_as_one_types_the_tags_are_offered(browse, anna, vip):
    assert browse(anna).get("/tags/lookup?q=24").json == [{"value": "VIP 24/7", "label": "VIP 24/7"}]


def test_a_section_of_a_form_shows_for_customers_with_a_tag(browse, session, form, anna, ticket, vip):
    field = next(each for each in form.fields if each.code == "priority")
    field.visible_when = {"fact": "customer.tag", "in": [vip.code]}
    session.commit()
    browser = browse(anna)
    new = f"/tickets/new?customer={ticket.customer.address('email')}"
    assert "field-priority" not in browser.get(new).text
    change_customers_tags(session, ticket.customer, add=[vip], by=None)
    session.commit()
    asked = browser.get(new).forms
    page = next(each for each in asked.values() if each.action == "/tickets")
    page["customer"] = ticket.customer.address("email")
    page["subject"], page["text"] = "Again", "It beeps again."
    assert "field-priority" in page.submit("asked").text
