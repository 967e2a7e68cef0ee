"""The pages of contracts: made by a supervisor, chosen on a ticket, shown in lists and on cards, refused with what was typed."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser

from plugdesk.tags.commands import add_tag, change_customers_tags
from plugdesk.tickets.correspondence import Said, open_ticket
from plugdesk.users.customers import add_identity
from plugdesk_contracts.commands import ContractInput, TermsInput, change_contract, set_terms
from plugdesk_contracts.members import add_folder
from plugdesk_contracts.models import Contract, ContractForm, Member
from plugdesk_contracts.queries import terms_of
from tests.factories import make_agent, make_customer, make_group
from tests.support.pages import differences

CONTRACT = {"name": "VIP", "tag": "24/7", "tone": "amber", "rating": "50", "notice_days": "30", "is_on": "1"}


@pytest.fixture
def boss(session, form, agent):
    boss = make_agent(session, form, name="Bea Boss")
    make_group(session, agent, name="Technicians", supervisor=boss)
    session.commit()
    return boss


def text_of(answer):
    return LexborHTMLParser(answer.get_data(as_text=True)).body.text(separator=" ")


def test_a_supervisor_makes_a_contract_gives_it_terms_and_puts_customers_in(session, ctx, form, boss, ann, ask, client):
    ask(ann)  # she works with this customer
    session.commit()
    client.sign_in(boss)
    assert client.post("/x/contracts/", data=CONTRACT).status_code == 303
    vip = session.scalars(sa.select(Contract)).one()
    terms = {"version": "0", "type_field": "type", "priority_field": "priority"}
    drawn = client.post(f"/x/contracts/{vip.id}/forms/{form.id}", data=terms | {"redraw": "1"})
    assert 'name="hours-broken"' in drawn.get_data(as_text=True)
    types = {"type": ["broken", "question"], "priority-broken": "high", "hours-broken": "0,5", "hours-question": ""}
    assert client.post(f"/x/contracts/{vip.id}/forms/{form.id}", data=terms | types).status_code == 303
    session.expire_all()
    assert session.scalars(sa.select(ContractForm)).one().types == [{"type": "broken", "priority": "high", "minutes": 30}]
    assert client.post(f"/x/contracts/{vip.id}/members", data={"customer": "ann@home.example"}).status_code == 303
    shown = text_of(client.get(f"/x/contracts/{vip.id}/customers"))
    assert "Ann Carter" in shown
    ticket = ask(ann, type="broken")
    session.commit()
    for path in (f"/tickets/{ticket.id}", "/views/open", f"/customers/{ann.id}", "/x/contracts/customers", "/x/contracts/"):
        assert "24/7" in client.get(path).get_data(as_text=True), path
    assert "30 min" in client.get(f"/tickets/{ticket.id}").get_data(as_text=True)


def test_a_customer_with_open_requests_stays_until_somebody_says_how(session, ctx, make, boss, ann, ask, client):
    vip, other, ticket = make("VIP", ann), make("Other"), ask(ann)
    session.commit()
    entry = session.scalars(sa.select(Member).where(Member.contract_id == vip.id)).one()
    client.sign_in(boss)
    path, to = f"/x/contracts/{vip.id}/moves", {"to": f"contract-{other.id}", "member": str(entry.id)}
    refused = client.post(path, data=to)
    assert refused.status_code == 422
    assert {f"/tickets/{ticket.id}", path} <= {
        each.attributes.get("href") or each.attributes.get("action")
        for each in LexborHTMLParser(refused.get_data(as_text=True)).css("a[href], form[action]")
    }
    assert client.post(path, data=to | {"how": "later"}).status_code == 303
    assert "goes to Other with the last request" in text_of(client.get(f"/x/contracts/{vip.id}/customers"))
    assert client.post(f"/x/contracts/members/{entry.id}/staying").status_code == 303
    assert client.post(path, data=to | {"how": "now"}).status_code == 303
    assert "Ann Carter" in text_of(client.get(f"/x/contracts/{other.id}/customers"))


def test_an_agent_chooses_the_contract_on_the_ticket_and_hands_it_over(session, ctx, make, agent, boss, ann, ask, client, form):
    group = session.scalars(sa.select(Contract.group_id)).first() or make_group(session, agent, name="Night shift").id
    vip = make("VIP", rating=50, who=f"group-{group}")
    ticket = ask(ann)
    session.commit()
    client.sign_in(agent)
    chosen = client.post(f"/forms/{form.slug}/x/contracts/tickets/{ticket.id}/contract", data={"contract": str(vip.id)})
    assert chosen.status_code == 303
    assert "Hand to the contract's group" in text_of(client.get(f"/tickets/{ticket.id}"))
    assert client.post(f"/tickets/{ticket.id}/x/contracts/hand").status_code == 303
    session.expire_all()
    assert terms_of(ctx, ticket).by_hand
    assert ticket.group_id == group
    assert "by hand" in client.get(f"/tickets/{ticket.id}").get_data(as_text=True)


def test_a_click_on_a_tag_lists_the_customers_who_have_it(session, ctx, admin, ann, client):
    tag = add_tag(session, name="Slow payer", by=None)
    change_customers_tags(session, ann, add=[tag], by=None)
    make_customer(session, name="Bob")
    session.commit()
    client.sign_in(admin)
    everybody = client.get("/x/contracts/customers").get_data(as_text=True)
    assert f"tag={tag.code}" in everybody
    listed = text_of(client.get(f"/x/contracts/customers?tag={tag.code}"))
    assert "Ann Carter" in listed
    assert "Bob" not in listed


def test_of_two_who_change_a_contract_the_second_sees_both(session, ctx, make, boss, client):
    vip = make("VIP")
    version = str(vip.version)
    session.commit()
    client.sign_in(boss)
    place, mine = f"/x/contracts/{vip.id}", CONTRACT | {"version": version}
    assert client.post(place, data=mine | {"name": "Theirs", "until": "2027-03-01"}).status_code == 303
    late = client.post(place, data=mine | {"name": "Mine", "who": f"user-{boss.id}"})
    page = late.get_data(as_text=True)
    assert late.status_code == 409 and 'value="Mine"' in page
    assert differences(page) == {
        "Name": ("Mine", "Theirs"), "Responsible": ("Bea Boss", "Nobody"), "Last day": ("—", "Mar 1, 2027"),
    }  # fmt: skip
    session.expire_all()
    assert vip.name == "Theirs"
    assert client.post(place, data=mine | {"name": "Mine", "version": str(vip.version)}).status_code == 303


def test_of_two_who_say_what_a_contract_does_on_a_form_the_second_sees_both(session, ctx, form, make, boss, client):
    vip = make("VIP")
    session.commit()
    client.sign_in(boss)
    place = f"/x/contracts/{vip.id}/forms/{form.id}"
    code, label = next((each.choices[0]["code"], each.choices[0]["label"]) for each in form.fields if each.code == "type")
    version = str(session.get_one(ContractForm, (vip.id, form.id)).version)
    terms = {"version": version, "type_field": "type", "priority_field": "priority", "type": code}
    assert client.post(place, data=terms | {f"hours-{code}": "4"}).status_code == 303
    late = client.post(place, data=terms | {f"hours-{code}": "8"})
    assert late.status_code == 409
    assert differences(late.get_data(as_text=True)) == {f"Solution time of {label}": ("8", "4")}


def test_what_was_typed_stays_when_it_is_refused(session, ctx, make, boss, client):
    vip = make("VIP")
    session.commit()
    client.sign_in(boss)
    refused = client.post("/x/contracts/", data=CONTRACT | {"rating": "many", "name": "Mine"})
    assert refused.status_code == 422
    assert 'value="Mine"' in refused.get_data(as_text=True)
    nobody = client.post(f"/x/contracts/{vip.id}/members", data={"customer": "nobody@home.example"})
    assert nobody.status_code == 422
    assert "nobody@home.example" in nobody.get_data(as_text=True)


def test_an_agent_reads_contracts_and_changes_none(session, ctx, make, agent, client):
    vip = make("VIP")
    session.commit()
    client.sign_in(agent)
    assert "VIP" in text_of(client.get("/x/contracts/"))
    assert client.get(f"/x/contracts/{vip.id}").status_code == 200
    assert client.post("/x/contracts/", data=CONTRACT).status_code == 404
    assert client.post(f"/x/contracts/{vip.id}", data=CONTRACT | {"version": "1"}).status_code == 404


def test_nobody_is_moved_without_saying_where_to(session, ctx, make, admin, ann, client):
    vip = make("VIP", ann)
    session.commit()
    entry = session.scalars(sa.select(Member)).one()
    client.sign_in(admin)
    for given in ({"member": str(entry.id)}, {"member": str(entry.id), "to": "away-"}, {"to": "out-"}):
        refused = client.post(f"/x/contracts/{vip.id}/moves", data=given)
        assert refused.status_code == 422
        assert "Tick who is to be moved" in text_of(refused)
        ticked = LexborHTMLParser(refused.get_data(as_text=True)).css("input[name=member][checked]")
        assert len(ticked) == ("member" in given)
    assert session.scalars(sa.select(Member)).one() is entry
    assert client.post(f"/x/contracts/{make('Other').id}/moves", data={"member": str(entry.id), "to": "out-"}).status_code == 422
    assert session.scalars(sa.select(Member)).one() is entry


def test_where_they_can_go_stands_once_on_the_page(session, ctx, make, admin, client):
    vip = make("VIP", *(make_customer(session) for _number in range(20)))
    add_folder(ctx, vip, "Branches of the north", by=None)
    session.commit()
    client.sign_in(admin)
    drawn = client.get(f"/x/contracts/{vip.id}/customers").get_data(as_text=True)
    assert drawn.count("<option") == 3
    assert drawn.count('name="member"') == 20


def test_open_requests_are_counted_as_far_as_one_sees_them(session, ctx, make, form, other_form, ann, ask, client, enable):
    vip = make("VIP", ann)
    there = enable("contracts", on=other_form)
    set_terms(there, vip, other_form, TermsInput(), by=None, version=0)
    ask(ann)
    open_ticket(session, other_form, ann, subject="Elsewhere", said=Said(text="Beep."), channel="email")
    session.commit()
    boss = make_agent(session, other_form, is_admin=True)
    session.commit()
    client.sign_in(boss)
    listed = LexborHTMLParser(client.get("/x/contracts/").get_data(as_text=True))
    assert [each.text() for each in listed.css("td.fig")] == ["1", "0"]
    assert "1 open request" in text_of(client.get(f"/x/contracts/{vip.id}/customers"))
    entry = session.scalars(sa.select(Member)).one()
    refused = text_of(client.post(f"/x/contracts/{vip.id}/moves", data={"member": str(entry.id), "to": "out-"}))
    assert "Elsewhere" in refused and "And 1 that you do not see." in refused
    assert "The till beeps" not in refused


def test_a_contract_that_has_ended_stays_chosen_on_its_requests(session, ctx, make, form, agent, ann, ask, client):
    vip, _other = make("VIP", ann), make("Other")
    ticket = ask(ann)
    change_contract(ctx, vip, ContractInput("VIP", is_on=False), by=None, version=vip.version)
    session.commit()
    client.sign_in(agent)
    panel = LexborHTMLParser(client.get(f"/tickets/{ticket.id}").get_data(as_text=True))
    assert [each.text() for each in panel.css("#contract-choice option[selected]")] == ["VIP"]


def test_what_was_chosen_by_hand_stands_in_the_history_of_the_ticket(session, ctx, make, form, agent, ann, ask, client):
    vip, ticket = make("VIP"), ask(ann)
    session.commit()
    client.sign_in(agent)
    path = f"/forms/{form.slug}/x/contracts/tickets/{ticket.id}/contract"
    for chosen, told in (
        (str(vip.id), f"{agent.name} chose the contract “VIP”"),
        ("", f"{agent.name} took it out of its contract"),
    ):
        client.post(path, data={"contract": chosen})
        assert told in text_of(client.get(f"/tickets/{ticket.id}"))


def test_where_a_phone_number_is_looked_up_the_contract_s_tag_stands_beside(session, ctx, make, admin, ann, client):
    make("VIP", ann, tag="24/7")
    add_identity(session, ann, channel="phone", value="+49 30 7654321", by=None)
    bob = make_customer(session, name="Bob")
    add_identity(session, bob, channel="phone", value="+49 30 7654399", by=None)
    session.commit()
    client.sign_in(admin)
    found = client.get("/search/palette?q=7654321").get_json()["groups"]
    assert [(each["title"], each["note"]) for each in found[-1]["items"]] == [("Ann Carter", "24/7")]
    looked_up = client.get("/customers/lookup?q=%2B49+30+76543").get_json()
    assert [each["label"] for each in looked_up] == ["Ann Carter (24/7)", "Bob"]
    for path in ("/search?q=7654321", "/customers?q=7654321"):
        assert [each.text() for each in LexborHTMLParser(client.get(path).get_data(as_text=True)).css("main .tag")] == ["24/7"]


def test_whoever_does_not_work_with_a_customer_does_not_see_them_in_a_contract(session, ctx, make, boss, ann, client):
    vip = make("VIP", ann)
    session.commit()
    client.sign_in(boss)
    assert "Ann Carter" not in text_of(client.get(f"/x/contracts/{vip.id}/customers"))
    entry = session.scalars(sa.select(Member)).one()
    assert client.post(f"/x/contracts/{vip.id}/moves", data={"to": "out-", "member": str(entry.id)}).status_code == 422
    assert session.scalars(sa.select(Member)).one() is entry
