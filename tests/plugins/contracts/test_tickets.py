"""The contract of a ticket: which one, and what follows from it: rank, priority, whom it is handed to, what asks about it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.conditions import matches, parse_condition
from plugdesk.errors import Invalid, NotAllowed
from plugdesk.forms.commands import add_field
from plugdesk.forms.facts import offered_facts, types_of, values_at_the_door, values_of_ticket
from plugdesk.forms.models import FieldKind, StatusKind
from plugdesk.forms.rules import wanted_facts
from plugdesk.steps import run_step
from plugdesk.tickets.commands import become, set_fields
from plugdesk.tickets.lists import tickets_of_view
from plugdesk.tickets.models import Ticket
from plugdesk.tickets.moving import move_ticket
from plugdesk.users.customers import add_organization
from plugdesk.users.rights import RightInput, set_right
from plugdesk_contracts import ranking
from plugdesk_contracts.commands import ContractInput, TermsInput, change_contract, delete_contract, set_terms
from plugdesk_contracts.facts import search
from plugdesk_contracts.handing import choose_contract, hand_over, may_be_handed
from plugdesk_contracts.queries import terms_of
from plugdesk_contracts.settling import settle
from plugdesk_routing.commands import RuleInput, add_rule
from tests.factories import make_admin, make_agent, make_customer, make_group

ADDRESS = {"fact": "customer.address", "is": "ann@home.example"}


def contract_of(ctx, ticket):
    terms = terms_of(ctx, ticket)
    return terms.contract.name if terms and terms.contract else None


def test_a_customer_s_own_contract_goes_before_the_organization_s_then_the_rating_counts(session, ctx, make, ann, ask):
    firm = add_organization(session, name="Northwind", by=None)
    ann.organization_id = firm.id
    make("Firm", firm, rating=90)
    assert contract_of(ctx, ask(ann)) == "Firm"
    make("Plain", ann, rating=1)
    assert contract_of(ctx, ask(ann)) == "Plain"
    make("Better", ann, rating=2)
    assert contract_of(ctx, ask(ann)) == "Better"
    assert contract_of(ctx, ask(make_customer(session))) is None


@pytest.mark.parametrize(
    ("when", "chosen"),
    [
        (ADDRESS, "Special"),
        ({"not": {"all": [ADDRESS]}}, "Plain"),
        ({"fact": "field.type", "is": "broken"}, "Special"),
        ({"fact": "field.type", "is": "question"}, "Plain"),
        ({"fact": "field.gone", "is": "question"}, "Plain"),
    ],
)
def test_of_several_the_first_is_chosen_whose_condition_holds(ctx, make, ann, ask, when, chosen):
    make("Special", ann, rating=9, when=when)
    make("Plain", ann)
    assert contract_of(ctx, ask(ann, type="broken")) == chosen


@pytest.mark.parametrize(
    ("given", "takes"),
    [
        ({"since": "2026-11-23", "until": "2026-11-23"}, True),
        ({"since": "2026-11-24"}, False),
        ({"until": "2026-11-22"}, False),
    ],
)
def test_a_contract_takes_requests_from_its_first_to_its_last_day(ctx, make, ann, ask, given, takes):
    make("VIP", ann, **given)
    assert (contract_of(ctx, ask(ann)) == "VIP") is takes


def test_the_rating_lifts_requests_to_the_top_and_follows_when_it_changes(session, ctx, make, ann, ask):
    vip = make("VIP", ann, rating=50)
    first = ask(ann)
    other = ask(make_customer(session))
    admin = make_admin(session)
    session.flush()
    assert [each.id for each in tickets_of_view(session, admin, "open").tickets] == [first.id, other.id]
    change_contract(ctx, vip, ContractInput("VIP", rating="7"), by=None, version=vip.version)
    assert first.rank == 7
    assert terms_of(ctx, other) is None
    assert other.rank == 0


def test_closed_requests_follow_the_rating_too_and_others_by_a_job(session, ctx, make, ann, ask, monkeypatch, run_jobs):
    monkeypatch.setattr(ranking, "BATCH", 2)
    vip, other = make("VIP", ann, rating=50), make("Other", rating=9)
    asked = [ask(ann) for _number in range(5)]
    become(session, asked[0], StatusKind.RESOLVED, by=None)
    other_s = ask(make_customer(session))
    terms_of(ctx, asked[1]).contract = other
    asked[1].rank = 9
    change_contract(ctx, vip, ContractInput("VIP", rating="7"), by=None, version=vip.version)
    assert [each.rank for each in asked] == [50, 9, 50, 7, 7]
    session.commit()
    versions = [each.version for each in asked]
    run_jobs()
    session.expire_all()
    assert [each.rank for each in asked] == [7, 9, 7, 7, 7]
    assert other_s.rank == 0
    assert [each.version for each in asked] == versions


def test_closed_requests_of_a_contract_that_is_deleted_are_lifted_no_more(session, ctx, make, ann, ask):
    vip, ticket = make("VIP", ann, rating=50), ask(ann)
    become(session, ticket, StatusKind.RESOLVED, by=None)
    delete_contract(ctx, vip, by=None, version=vip.version)
    session.flush()
    session.expire_all()
    assert ticket.rank == 0


def test_a_list_ordered_by_ratings_is_read_off_the_index_that_orders_every_list(session, ctx, make, ann, ask):
    make("VIP", ann, rating=50)
    ask(ann)
    session.flush()
    query = sa.select(Ticket.id).where(Ticket.closed_at.is_(None))
    ordered = query.order_by(Ticket.rank.desc(), Ticket.spoken_at.desc(), Ticket.id.desc()).limit(50)
    sql = str(ordered.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
    if session.get_bind().dialect.name == "sqlite":
        plan = " ".join(row[-1] for row in session.execute(sa.text(f"EXPLAIN QUERY PLAN {sql}")))
    else:
        session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        plan = " ".join(row[0] for row in session.execute(sa.text(f"EXPLAIN {sql}")))
    assert "ix_ticket_open" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


def test_the_type_sets_the_priority_again_when_it_changes_but_not_over_somebody_s_choice(ctx, make, ann, ask):
    make("VIP", ann)
    ticket = ask(ann, type="broken")
    assert ticket.values["priority"] == "high"
    set_fields(ctx.db, ticket, {"type": "question"}, by=None)
    assert ticket.values["priority"] == "low"
    set_fields(ctx.db, ticket, {"priority": "normal"}, by=None)
    set_fields(ctx.db, ticket, {"type": "other"}, by=None)
    assert ticket.values["priority"] == "normal"


def test_a_contract_chosen_by_hand_stays_and_needs_its_right(session, ctx, make, ann, ask, form, agent):
    make("Plain", ann, rating=1)
    vip = make("VIP", rating=50)
    ticket = ask(ann, type="broken")
    choose_contract(ctx, ticket, vip, by=agent)
    assert (contract_of(ctx, ticket), ticket.rank) == ("VIP", 50)
    set_fields(session, ticket, {"type": "question"}, by=agent)
    assert contract_of(ctx, ticket) == "VIP"
    choose_contract(ctx, ticket, None, by=agent)
    assert (contract_of(ctx, ticket), ticket.rank) == (None, 0)
    set_right(session, form, agent, RightInput(actions=["reply"]), by=None)
    with pytest.raises(NotAllowed):
        choose_contract(ctx, ticket, vip, by=agent)


def test_the_contract_that_a_ticket_has_may_be_confirmed_though_it_has_ended(ctx, make, ann, ask, agent):
    vip = make("VIP", ann)
    ticket = ask(ann)
    change_contract(ctx, vip, ContractInput("VIP", is_on=False), by=None, version=vip.version)
    choose_contract(ctx, ticket, vip, by=agent)
    assert contract_of(ctx, ticket) == "VIP"


def test_a_contract_that_takes_no_requests_here_is_not_chosen(ctx, make, ann, ask, agent):
    over = make("Over", until="2026-11-22")
    with pytest.raises(Invalid, match="takes no requests on this form"):
        choose_contract(ctx, ask(ann), over, by=agent)


def test_a_request_is_handed_to_whom_the_contract_names_by_an_agent_and_by_a_step(session, ctx, make, ann, ask, agent):
    group = make_group(session, agent, name="Night shift")
    make("VIP", ann, who=f"group-{group.id}")
    ticket = ask(ann)
    assert may_be_handed(ctx, ticket)
    assert run_step(session, ticket, "contracts:hand", {}, by=None) == ""
    assert ticket.group is group
    assert not may_be_handed(ctx, ticket)
    assert "names a group or a person" in run_step(session, ask(make_customer(session)), "contracts:hand", {}, by=None)
    with pytest.raises(NotAllowed):
        hand_over(ctx, ticket, make_agent(session))


def test_conditions_and_the_search_ask_for_the_contract(session, ctx, make, ann, ask, form, agent):
    vip = make("VIP 24/7", ann, rating=50, tag="Gold")
    ticket, other = ask(ann), ask(make_customer(session))
    session.flush()
    offered = offered_facts(session, form)
    assert dict(offered["contract"].choices) == {str(vip.id): "VIP 24/7"}
    assert "contract_mark" not in offered.keys() | types_of(session, form.fields).keys()  # what lists show, and nobody asks about
    condition = parse_condition(
        {"all": [{"fact": "contract", "is": str(vip.id)}, {"fact": "contract_rating", "gt": 49}]}, types_of(session, form.fields)
    )
    for each, holds in ((ticket, True), (other, False)):
        values = values_of_ticket(session, each, {"contract", "contract_rating"})
        assert matches(condition, values, now=ctx.now, zone=ctx.now.tzinfo) is holds
    for value, found in (("vip", {ticket.id}), ("GOLD", {ticket.id}), ("any", {ticket.id}), ("none", {other.id}), ("tin", set())):
        assert set(session.scalars(sa.select(Ticket.id).where(search(ctx, agent, value)))) == found


def test_a_form_it_goes_to_asks_for_the_contract_anew(session, ctx, make, ann, ask, other_form, enable):
    vip = make("VIP", ann, rating=50)
    there = enable("contracts", on=other_form)
    ticket = ask(ann)
    move_ticket(session, ticket, other_form, by=None)
    assert (contract_of(there, ticket), ticket.rank) == (None, 0)
    set_terms(there, vip, other_form, TermsInput(), by=None, version=0)
    again = ask(ann)
    move_ticket(session, again, other_form, by=None)
    assert (contract_of(there, again), again.rank) == ("VIP", 50)


def test_what_is_asked_again_after_a_failure_keeps_the_contract_it_had(ctx, make, ann, ask):
    make("Plain", ann)
    ticket = ask(ann)
    make("Better", ann, rating=9)
    given = {"values": dict(ticket.values), "assignee_id": None, "group_id": None, "rank": 0, "form_id": ticket.form_id}
    settle(ctx, ticket, given, "again")
    assert contract_of(ctx, ticket) == "Plain"


def test_routing_goes_by_the_contract(session, ctx, make, ann, ask, form, enable, agent):
    vip, group = make("VIP", ann), make_group(session, agent, name="Night shift")
    rule = RuleInput("VIPs", {"fact": "contract", "is": str(vip.id)}, {"group_id": group.id})
    add_rule(enable("routing"), rule, by=make_admin(session))
    assert ask(ann).group is group
    assert ask(make_customer(session)).group is None


def test_a_contract_with_open_requests_is_not_deleted_but_can_be_ended(ctx, make, ann, ask):
    vip = make("VIP", ann)
    ticket = ask(ann)
    with pytest.raises(Invalid, match="1 request is open under this contract"):
        delete_contract(ctx, vip, by=None, version=vip.version)
    change_contract(ctx, vip, ContractInput("VIP", is_on=False), by=None, version=vip.version)
    assert contract_of(ctx, ticket) == "VIP"
    assert contract_of(ctx, ask(ann)) is None
    ticket.closed_at = ctx.now
    delete_contract(ctx, vip, by=None, version=vip.version)
    ctx.db.expire_all()
    assert contract_of(ctx, ticket) is None


def test_the_responsible_are_told_once_that_a_term_ends(session, ctx, make, clock, mailbox, run_jobs, agent):
    group = make_group(session, agent, name="Night shift")
    make("VIP", who=f"group-{group.id}", until="2026-12-31", notice_days=10)
    session.commit()

    def letters():
        run_jobs()
        return [each for each in mailbox.sent if "ends on" in each["Subject"]]

    assert letters() == []
    clock.advance(days=29)
    assert len(letters()) == 1
    clock.advance(days=1)
    assert len(letters()) == 1


def test_where_the_group_s_supervisor_is_gone_its_members_are_told(session, ctx, make, clock, mailbox, run_jobs, agent, form):
    gone = make_agent(session, form)
    group = make_group(session, agent, name="Night shift", supervisor=gone)
    gone.active = False
    make("VIP", who=f"group-{group.id}", until="2026-12-01", notice_days=10)
    session.commit()
    clock.advance(hours=7)
    run_jobs()
    assert [each["To"] for each in mailbox.sent if "ends on" in each["Subject"]] == [agent.email]


def test_what_a_contract_shows_is_asked_before_the_ticket_is_opened(session, form, make, ann, ask, client, admin):
    firm = add_organization(session, name="Northwind", by=None)
    bob = make_customer(session, name="Bob", email="bob@home.example")
    bob.organization = firm
    stranger = make_customer(session, email="stranger@home.example")
    high = {"fact": "field.priority", "is": "high"}
    make("Only urgent", ann, rating=90, when={"all": [high]})
    vip = make("VIP", ann, firm, rating=5, when={"any": [ADDRESS, {"fact": "customer.organization", "is": "Northwind"}, high]})
    add_field(
        session, form, kind=FieldKind.TEXT, label="Machine", required=True, visible_when={"all": [{"fact": "contract", "is": str(vip.id)}]}, by=None
    )  # fmt: skip
    add_field(
        session, form, kind=FieldKind.TEXT, label="Rack", visible_when={"all": [{"fact": "contract_rating", "gt": 4}]}, by=None
    )
    wanted = wanted_facts(session, form)
    known = [values_at_the_door(session, form, "web", each, wanted) for each in (ann, bob, stranger, None)]
    assert [(each.get("contract"), each.get("contract_rating")) for each in known] == [
        (str(vip.id), 5), (str(vip.id), 5), (None, None), (None, None),
    ]  # fmt: skip
    assert ask(bob, machine="M-7", rack="3").values["machine"] == "M-7"
    with pytest.raises(Invalid, match="Machine"):
        ask(bob, rack="3")
    assert ask(stranger, machine="M-7", rack="3").values.keys().isdisjoint(("machine", "rack"))
    session.commit()
    client.sign_in(admin)
    for customer, is_asked in ((bob, True), (stranger, False)):
        typed = {"form": form.slug, "customer": customer.address("email"), "asked": "1"}
        page = client.post("/tickets", data=typed).get_data(as_text=True)
        assert ('name="field-machine"' in page, 'name="field-rack"' in page) == (is_asked, is_asked)
