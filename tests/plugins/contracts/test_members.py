"""Who is in a contract: added, in folders, moved only when nothing is open or as agreed, and by whom."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.errors import Invalid, NotFound
from plugdesk.forms.models import StatusKind
from plugdesk.hours.commands import add_business_hours, delete_business_hours
from plugdesk.tickets.commands import become
from plugdesk.users.customers import add_organization
from plugdesk.users.joining import join_customers
from plugdesk_contracts.commands import ContractInput, add_contract
from plugdesk_contracts.members import (
    StillOpen,
    add_folder,
    add_member,
    delete_folder,
    let_leave,
    move_members,
    path_of,
    put_into_folder,
    stay,
)
from plugdesk_contracts.models import Member
from plugdesk_contracts.queries import marks_of_customers, members_in, open_of_members, terms_of
from plugdesk_contracts.rights import may_make
from tests.factories import make_agent, make_customer, make_group


def member_of(ctx, holder):
    return ctx.db.scalars(sa.select(Member).where(Member.user_id == holder.id)).one_or_none()


def contract_of(ctx, holder):
    found = member_of(ctx, holder)
    return found.contract.name if found else None


def move_member(ctx, member, to, *, how="", by=None):
    return move_members(ctx, member.contract, [member], to, how=how, by=by)


@pytest.fixture
def two(make, ann, ask):
    """Ann in Gold with one open request, and Silver she might go to."""
    gold, silver = make("Gold", ann), make("Silver")
    return gold, silver, ask(ann)


def test_a_customer_with_open_requests_is_not_moved(ctx, two, ann):
    with pytest.raises(StillOpen, match="has requests open under this contract"):
        move_member(ctx, member_of(ctx, ann), two[1], by=None)
    with pytest.raises(StillOpen):
        move_member(ctx, member_of(ctx, ann), None, by=None)
    assert contract_of(ctx, ann) == "Gold"


def test_they_go_with_the_last_request_that_is_closed(session, ctx, two, ann, ask, run_jobs):
    _gold, silver, first = two
    second = ask(ann)
    assert not move_member(ctx, member_of(ctx, ann), silver, how="later", by=None)
    for ticket, there in ((first, "Gold"), (second, "Silver")):
        become(session, ticket, StatusKind.RESOLVED, by=None)
        run_jobs()
        assert contract_of(ctx, ann) == there
    assert terms_of(ctx, second).contract.name == "Gold"


def test_or_now_and_what_is_open_ends_under_the_old_terms(ctx, two, ann, ask):
    _gold, silver, ticket = two
    assert move_member(ctx, member_of(ctx, ann), silver, how="now", by=None)
    assert contract_of(ctx, ann) == "Silver"
    assert terms_of(ctx, ticket).contract.name == "Gold"
    assert terms_of(ctx, ask(ann)).contract.name == "Silver"


def test_who_was_to_leave_may_stay_after_all(session, ctx, two, ann, run_jobs):
    move_member(ctx, member_of(ctx, ann), None, how="later", by=None)
    stay(ctx, member_of(ctx, ann), by=None)
    become(session, two[2], StatusKind.RESOLVED, by=None)
    run_jobs()
    assert contract_of(ctx, ann) == "Gold"


def test_several_are_moved_together_or_none_of_them(session, ctx, two, ann):
    gold, silver, _ticket = two
    ben = make_customer(session, name="Ben")
    entries = [member_of(ctx, ann), add_member(ctx, gold, ben, by=None)]
    with pytest.raises(StillOpen, match="Ann Carter has requests open"):
        move_members(ctx, gold, entries, silver, by=None)
    assert (contract_of(ctx, ann), contract_of(ctx, ben)) == ("Gold", "Gold")
    assert move_members(ctx, gold, entries, silver, how="later", by=None) == 1
    assert (contract_of(ctx, ann), contract_of(ctx, ben)) == ("Gold", "Silver")


def test_when_a_request_closes_only_its_customer_leaves(session, ctx, two, ann, ask, run_jobs):
    gold, _silver, ticket = two
    ben = make_customer(session, name="Ben")
    move_member(ctx, member_of(ctx, ann), None, how="later", by=None)
    other = add_member(ctx, gold, ben, by=None)
    other.leaves = True
    ctx.db.flush()
    become(session, ticket, StatusKind.RESOLVED, by=None)
    assert let_leave(ctx, ticket) == 1
    assert contract_of(ctx, ben) == "Gold"


def test_an_organization_s_open_requests_are_those_of_its_people(session, ctx, make, ann, ask):
    firm = add_organization(session, name="Northwind", by=None)
    ann.organization_id = firm.id
    gold = make("Gold", firm)
    ask(ann)
    entry = ctx.db.scalars(sa.select(Member).where(Member.contract_id == gold.id)).one()
    with pytest.raises(StillOpen):
        move_member(ctx, entry, None, by=None)


def test_the_same_customer_is_not_added_twice_but_may_be_in_two_contracts(ctx, make, ann):
    gold, _silver = make("Gold", ann, rating=2), make("Silver", ann, rating=1)
    with pytest.raises(Invalid, match="is in this contract already"):
        add_member(ctx, gold, ann, by=None)
    assert [mark.name for mark in marks_of_customers(ctx.db, [ann])[ann.id]] == ["Gold", "Silver"]


def test_two_cards_of_one_person_in_the_same_contract_can_be_joined(session, ctx, make, ann):
    make("Gold", ann, other := make_customer(session))
    join_customers(session, ann, other, by=None)
    assert [mark.name for mark in marks_of_customers(session, [ann])[ann.id]] == ["Gold"]


def test_folders_lie_in_folders_and_what_was_in_one_that_goes_lies_one_higher(ctx, make, ann):
    gold = make("Gold", ann)
    north = add_folder(ctx, gold, "North", by=None)
    shops = add_folder(ctx, gold, "Shops", parent=north, by=None)
    put_into_folder(ctx, member_of(ctx, ann), shops, by=None)
    assert [each.name for each in path_of(ctx, shops)] == ["North", "Shops"]
    with pytest.raises(Invalid, match="belongs to another contract"):
        put_into_folder(ctx, member_of(ctx, ann), add_folder(ctx, make("Silver"), "Other", by=None), by=None)
    delete_folder(ctx, shops, by=None)
    ctx.db.expire_all()
    assert member_of(ctx, ann).folder_id == north.id


def test_a_contract_s_customers_come_page_by_page_with_their_open_requests(session, ctx, make, ask, admin):
    gold = make("Gold", *(make_customer(session, name=f"Customer {number:03}") for number in range(120)))
    firm = add_organization(session, name="Customer 060a", by=None)
    first = add_member(ctx, gold, firm, by=None)
    person = make_customer(session, name="Zoe")
    person.organization_id = firm.id
    ask(person)
    session.flush()
    names, after, counted = list[str](), None, dict[int, int]()
    while True:
        page, after = members_in(session, admin, gold, None, after)
        names += [each.name for each in page]
        counted |= open_of_members(session, gold, page, viewer=admin)
        if after is None:
            break
    assert (len(names), names) == (121, sorted(names))
    assert {number: count for number, count in counted.items() if count} == {first.id: 1}


def test_supervisors_make_contracts_where_the_form_lets_them(session, form, ctx, enable):
    boss, agent = make_agent(session, form), make_agent(session, form)
    make_group(session, agent, supervisor=boss)
    session.commit()
    assert (may_make(session, boss), may_make(session, agent)) == (True, False)
    add_contract(ctx, ContractInput("Gold"), by=boss)
    with pytest.raises(NotFound):
        add_contract(ctx, ContractInput("Silver"), by=agent)
    enable("contracts", made_by="admins")
    assert not may_make(session, boss)


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"name": ""}, "name"),
        ({"name": "gold"}, "name"),
        ({"rating": "1001"}, "rating"),
        ({"rating": "high"}, "rating"),
        ({"tone": "pink"}, "tone"),
        ({"who": "user-999999"}, "who"),
        ({"hours": "999999"}, "hours"),
        ({"since": "2026-05-02", "until": "2026-05-01"}, "until"),
        ({"until": "soon"}, "until"),
    ],
)
def test_what_is_wrong_with_a_contract_is_said_where_it_stands(ctx, make, given, where):
    make("Gold")
    with pytest.raises(Invalid) as refusal:
        add_contract(ctx, ContractInput(**({"name": "Silver"} | given)), by=None)
    assert list(refusal.value.problems) == [where]


def test_business_hours_that_a_contract_works_by_are_not_deleted(session, ctx, make):
    hours = add_business_hours(session, {"name": "Office", "day-0": "9–18"}, by=None)
    make("Gold", hours=hours.id)
    with pytest.raises(Invalid, match="These hours are used: Contract “Gold”"):
        delete_business_hours(session, hours, by=None)
