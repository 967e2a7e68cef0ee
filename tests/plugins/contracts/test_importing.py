"""Importing customers: looked through, stored in the background, row by row, and taken back as far as nobody has touched them."""

from __future__ import annotations

from io import BytesIO

import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser

from plugdesk.errors import Invalid, NotFound
from plugdesk.tags.commands import add_tag, change_customers_tags
from plugdesk.users.customers import add_identity, change_customer
from plugdesk.users.models import Identity, Organization, User
from plugdesk_contracts import importing
from plugdesk_contracts.commands import delete_contract
from plugdesk_contracts.import_models import Import, ImportLine, ImportState, Outcome
from plugdesk_contracts.importing import forget_import, run_import, set_columns, start_import, stop_import, undo_import
from plugdesk_contracts.members import add_folder, add_member, move_members
from plugdesk_contracts.models import Member
from tests.factories import make_admin, make_agent, make_customer

FILE = (
    "Name,E-mail,Phone,Company\n"
    "Ann Carter,ann@home.example,,\n"
    "Ben Boat,ben@sea.example,+49 30 1234567,Seaside\n"
    "Cid,cid@sea.example; cid@home.example,,seaside\n"
    "Dora,dora at home,,\n"
    ",,,\n"
    "Ben again,BEN@sea.example,,\n"
    "Eve,ann@home.example; eve@home.example,,\n"
)
N, K, P, E = Outcome.NEW, Outcome.KNOWN, Outcome.PROBLEM, Outcome.EMPTY


@pytest.fixture
def read(ctx, admin):
    """`read(FILE)` looks a file through."""

    def read(content=FILE, contract=None, folder=None, by=None):
        return start_import(ctx, "people.csv", content.encode(), contract=contract, folder=folder, by=by or admin)

    return read


def outcomes(ctx, found):
    ctx.db.flush()
    query = sa.select(ImportLine.number, ImportLine.outcome).where(ImportLine.import_id == found.id).order_by(ImportLine.number)
    return {number: outcome for number, outcome in ctx.db.execute(query) if outcome is not None}


def said(ctx, found, number):
    return ctx.db.get_one(ImportLine, (found.id, number)).said


def named(ctx, name):
    return ctx.db.scalars(sa.select(User).where(User.name == name)).one_or_none()


def everything(session):
    """What an import can leave, to be compared."""
    session.flush()
    return [sorted(session.scalars(sa.select(kind.id))) for kind in (User, Identity, Organization, Member)]


def test_looking_a_file_through_tells_what_would_come_of_each_row_and_stores_nothing(session, ctx, read, ann):
    before = everything(session)
    found = read()
    assert found.state is ImportState.CHECKED
    assert outcomes(ctx, found) == {2: K, 3: N, 4: N, 5: P, 6: E, 7: K, 8: K}
    assert "dora at home" in said(ctx, found, 5)
    assert said(ctx, found, 7) == "The same contact as in row 3."
    assert everything(session) == before


def test_what_is_imported_has_its_contacts_organization_and_place_in_the_contract(session, ctx, make, read, admin, ann):
    vip = make("VIP")
    north = add_folder(ctx, vip, "North", by=None)
    found = read(contract=vip, folder=north)
    run_import(ctx, found, by=admin)
    assert found.state is ImportState.DONE
    assert outcomes(ctx, found) == {2: K, 3: N, 4: N, 5: P, 6: E, 7: K, 8: K}
    ben, cid = named(ctx, "Ben Boat"), named(ctx, "Cid")
    assert [(each.channel, each.value) for each in ben.identities] == [("email", "ben@sea.example"), ("phone", "+49301234567")]
    assert len(cid.identities) == 2
    assert ben.organization.name == "Seaside"
    assert cid.organization is ben.organization
    entries = session.scalars(sa.select(Member).order_by(Member.user_id)).all()
    assert [(each.user_id, each.folder_id) for each in entries] == sorted((each.id, north.id) for each in (ann, ben, cid))
    assert ann.name == "Ann Carter"


def test_an_import_that_is_taken_back_leaves_no_trace(session, ctx, make, read, admin, ann):
    vip = make("VIP")
    before = everything(session)
    found = read(contract=vip)
    run_import(ctx, found, by=admin)
    assert everything(session) != before
    undo_import(ctx, found, by=admin)
    assert found.state is ImportState.UNDONE
    assert everything(session) == before
    assert outcomes(ctx, found) == {2: Outcome.UNDONE, 3: Outcome.UNDONE, 4: Outcome.UNDONE, 5: P, 6: E, 7: K, 8: K}


@pytest.mark.parametrize("touch", ["ticket", "card", "contact", "tag", "folder", "other contract", "moved"])
def test_whoever_was_touched_since_stays_and_it_is_said(session, ctx, make, read, admin, ask, touch):
    vip, other = make("VIP"), make("Other")
    found = read(contract=vip)
    run_import(ctx, found, by=admin)
    ben = named(ctx, "Ben Boat")
    entry = session.scalars(sa.select(Member).where(Member.user_id == ben.id)).one()
    if touch == "ticket":
        ask(ben)
    elif touch == "card":
        change_customer(session, ben, {"about": "A good one"}, by=None)
    elif touch == "contact":
        add_identity(session, ben, channel="email", value="ben@other.example", by=None)
    elif touch == "tag":
        change_customers_tags(session, ben, add=[add_tag(session, name="Good", by=None)], by=None)
    elif touch == "folder":
        entry.folder_id = add_folder(ctx, vip, "North", by=None).id
    elif touch == "other contract":
        add_member(ctx, other, ben, by=None)
    else:
        move_members(ctx, vip, [entry], other, by=None)
    session.flush()
    undo_import(ctx, found, by=admin)
    assert outcomes(ctx, found)[3] is Outcome.STAYS
    assert "they stay" in said(ctx, found, 3)
    assert named(ctx, "Ben Boat") is ben
    assert ben.organization.name == "Seaside"
    assert session.scalars(sa.select(Member.id).where(Member.user_id == ben.id)).all()
    assert named(ctx, "Cid") is None


def test_somebody_known_with_open_requests_stays_in_the_contract(session, ctx, make, read, admin, ann, ask):
    vip = make("VIP")
    found = read(contract=vip)
    run_import(ctx, found, by=admin)
    ask(ann)
    undo_import(ctx, found, by=admin)
    assert outcomes(ctx, found)[2] is Outcome.STAYS
    assert session.scalars(sa.select(Member.user_id)).all() == [ann.id]


def test_who_is_in_the_contract_already_stays_where_they_are(session, ctx, make, read, admin, ann):
    vip = make("VIP", ann)
    found = read(contract=vip, folder=add_folder(ctx, vip, "North", by=None))
    run_import(ctx, found, by=admin)
    assert session.scalars(sa.select(Member.folder_id).where(Member.user_id == ann.id)).all() == [None]
    undo_import(ctx, found, by=admin)
    assert session.scalars(sa.select(Member.user_id)).all() == [ann.id]


def test_contacts_of_two_customers_in_one_row_and_those_of_staff_are_problems(ctx, session, read, form):
    make_customer(session, name="One", email="one@home.example")
    make_customer(session, name="Two", email="two@home.example")
    agent = make_agent(session, form, name="Ada")
    session.add(Identity(user_id=agent.id, channel="email", value="ada@desk.example"))
    found = read("Name,E-mail\nBoth,one@home.example;two@home.example\nAda,ada@desk.example\n")
    assert outcomes(ctx, found) == {2: P, 3: P}
    assert said(ctx, found, 2) == "These contacts belong to different customers: One and Two."
    assert "is not a customer" in said(ctx, found, 3)


def test_columns_set_by_hand_are_looked_through_again(ctx, read, admin):
    found = read("Ann;ann@home.example\nBen;ben@home.example\n")
    assert (found.columns, found.has_header) == (["", "email"], False)
    set_columns(ctx, found, ["name", "email"], has_header=True, by=admin)
    assert outcomes(ctx, found) == {2: N}
    set_columns(ctx, found, ["name", "email"], has_header=False, by=admin)
    run_import(ctx, found, by=admin)
    assert named(ctx, "Ann") is not None
    with pytest.raises(Invalid, match="has begun already"):
        set_columns(ctx, found, ["name", "email"], has_header=False, by=admin)


@pytest.fixture
def many(monkeypatch):
    monkeypatch.setattr(importing, "AT_ONCE", 3)
    monkeypatch.setattr(importing, "BATCH", 2)


def test_many_rows_are_looked_through_stored_and_taken_back_by_a_job(session, ctx, make, read, admin, ann, many, run_jobs):
    vip = make("VIP")
    session.commit()
    before = everything(session)
    found = read(contract=vip)
    session.commit()
    assert (found.state, outcomes(ctx, found)) == (ImportState.CHECKING, {})
    for act, state in ((None, ImportState.CHECKED), (run_import, ImportState.DONE), (undo_import, ImportState.UNDONE)):
        if act is not None:
            act(ctx, found, by=admin)
            session.commit()
            assert found.goes_on
        run_jobs()
        session.expire_all()
        assert found.state is state
        if state is ImportState.CHECKED:
            assert outcomes(ctx, found) == {2: K, 3: N, 4: N, 5: P, 6: E, 7: K, 8: K}
    assert everything(session) == before


def test_a_process_that_dies_in_between_leaves_nothing_twice(session, ctx, make, read, admin, ann, many, run_jobs):
    found = read(contract=make("VIP"))
    importing._step(ctx, found.id, importing._Known())  # and here the machine stopped
    session.commit()
    run_jobs()
    session.expire_all()
    assert outcomes(ctx, found)[7] is K
    run_import(ctx, found, by=admin)
    importing._step(ctx, found.id, importing._Known())
    session.commit()
    run_jobs()
    session.expire_all()
    assert found.state is ImportState.DONE
    assert session.scalar(sa.select(sa.func.count()).select_from(User).where(User.name == "Ben Boat")) == 1
    assert session.scalar(sa.select(sa.func.count()).select_from(Member)) == 3


def test_one_that_is_stopped_goes_on_or_is_taken_back(session, ctx, read, admin, many, run_jobs):
    found = read()
    run_jobs_of(session, run_jobs)
    run_import(ctx, found, by=admin)
    importing._step(ctx, found.id, importing._Known())
    stop_import(ctx, found, by=admin)
    run_jobs_of(session, run_jobs)
    assert (found.state, found.at) == (ImportState.STOPPED, 3)
    run_import(ctx, found, by=admin)
    run_jobs_of(session, run_jobs)
    assert found.state is ImportState.DONE
    assert named(ctx, "Cid") is not None
    undo_import(ctx, found, by=admin)
    with pytest.raises(Invalid, match="It goes on just now"):
        forget_import(ctx, found, by=admin)
    stop_import(ctx, found, by=admin)
    forget_import(ctx, found, by=admin)
    assert named(ctx, "Cid") is not None


def run_jobs_of(session, run_jobs):
    session.commit()
    run_jobs()
    session.expire_all()


def test_it_stops_when_its_administrator_is_none_any_more_or_the_contract_is_gone(session, ctx, make, read, many, run_jobs):
    boss, other = make_admin(session), make_admin(session)
    vip = make("VIP")
    first, second = read(by=boss), read(contract=vip, by=other)
    run_jobs_of(session, run_jobs)
    run_import(ctx, first, by=boss)
    run_import(ctx, second, by=other)
    boss.active = False
    delete_contract(ctx, vip, by=None, version=vip.version)
    run_jobs_of(session, run_jobs)
    assert first.state is second.state is ImportState.STOPPED
    assert "is no administrator any more" in first.said
    assert "was deleted" in second.said
    assert named(ctx, "Cid") is None


def test_only_administrators_of_the_desk_import(session, ctx, form, read):
    with pytest.raises(NotFound):
        read(by=make_agent(session, form, is_admin=True))


def test_rows_are_kept_for_some_weeks(session, ctx, read, clock, run_jobs):
    read()
    session.commit()
    clock.advance(days=31)
    run_jobs()
    assert session.scalars(sa.select(Import)).all() == []
    assert session.scalars(sa.select(ImportLine)).all() == []


def text_of(answer):
    return " ".join(LexborHTMLParser(answer.get_data(as_text=True)).body.text(separator=" ").split())


def test_the_pages_lead_from_a_file_to_customers_and_back(session, ctx, make, admin, ann, client):
    vip = make("VIP")
    session.commit()
    client.sign_in(admin)
    assert f"/x/contracts/imports?contract={vip.id}" in client.get(f"/x/contracts/{vip.id}/customers").get_data(as_text=True)
    given = {"contract": str(vip.id), "file": (BytesIO(FILE.encode("cp1251")), "people.csv")}
    sent = client.post("/x/contracts/imports", data=given)
    assert sent.status_code == 303
    path = sent.headers["Location"]
    shown = text_of(client.get(path))
    for words in ("Import 2 customers", "With problems 1", "Known 3", "Empty rows 1", "dora at home", "Nothing is stored yet"):
        assert words in shown
    assert "Ben Boat" in text_of(client.get(f"{path}?show=new"))
    columns = {"has_header": "1", "column-0": "name", "column-1": "name", "column-2": "phone", "column-3": ""}
    refused = client.post(f"{path}/columns", data=columns)
    assert refused.status_code == 422
    chosen = LexborHTMLParser(refused.get_data(as_text=True)).css("select option[selected]")
    assert [each.attributes["value"] for each in chosen] == ["name", "name", "phone"]
    assert client.post(f"{path}/run").status_code == 303
    assert "Imported 2" in text_of(client.get(path))
    assert "Ben Boat" in text_of(client.get(f"/x/contracts/{vip.id}/customers"))
    assert client.post(f"{path}/undoing").status_code == 303
    assert "Taken back 3" in text_of(client.get(path))
    assert client.post(f"{path}/deletion").status_code == 303
    assert client.get(path).status_code == 404


def test_a_file_that_is_none_is_refused_beside_the_control(ctx, session, admin, client):
    session.commit()
    client.sign_in(admin)
    for given in ({}, {"file": (BytesIO(b""), "")}, {"file": (BytesIO(b"\xd0\xcf\x11\xe0old"), "old.xls")}):
        refused = client.post("/x/contracts/imports", data=given)
        assert refused.status_code == 422
        assert "aria-invalid" in refused.get_data(as_text=True)
