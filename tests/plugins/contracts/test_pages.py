"""The pages of contracts: made by a supervisor, chosen on a ticket, shown in lists and on cards, refused with what was typed."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser

from plugdesk.tags.commands import add_tag, change_customers_tags
from plugdesk_contracts.models import Contract, ContractForm, Member
from plugdesk_contracts.queries import terms_of
from tests.factories import make_agent, make_customer, make_group

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
    path, to = f"/x/contracts/members/{entry.id}/move", {"to": f"contract-{other.id}"}
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


def test_what_was_typed_stays_when_it_is_refused_or_somebody_was_quicker(session, ctx, make, boss, client):
    vip = make("VIP")
    session.commit()
    client.sign_in(boss)
    refused = client.post("/x/contracts/", data=CONTRACT | {"rating": "many", "name": "Mine"})
    assert refused.status_code == 422
    assert 'value="Mine"' in refused.get_data(as_text=True)
    slower = client.post(f"/x/contracts/{vip.id}", data=CONTRACT | {"version": "99", "name": "Mine"})
    assert slower.status_code == 409
    assert 'value="Mine"' in slower.get_data(as_text=True)
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


def test_whoever_does_not_work_with_a_customer_does_not_see_them_in_a_contract(session, ctx, make, boss, ann, client):
    vip = make("VIP", ann)
    session.commit()
    client.sign_in(boss)
    assert "Ann Carter" not in text_of(client.get(f"/x/contracts/{vip.id}/customers"))
    entry = session.scalars(sa.select(Member)).one()
    assert client.post(f"/x/contracts/members/{entry.id}/move", data={"to": "out-"}).status_code == 404
