"""What was promised is kept, on a clock that moves, through real letters: the five rules of automation, and contracts with deadlines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser

from plugdesk.forms.commands import set_hours, set_responsible
from plugdesk.hours.commands import add_business_hours
from plugdesk.testing.browser import browser_of
from plugdesk.tickets.models import Message, Ticket
from plugdesk.users.models import User
from plugdesk_contracts.models import Contract, ContractFolder, Member
from plugdesk_sla.models import Promise
from tests.factories import make_agent, make_group

pytestmark = pytest.mark.one_database
ANN, VIP, NORTH = "ann@home.example", "vera@vip.example", "nora@north.example"
IVAN, OTTO, BEA = "ivan@desk.example", "otto@desk.example", "bea@desk.example"


@pytest.fixture
def office(session, form):
    """Nine to six, Monday to Friday; the form counts so."""
    hours = add_business_hours(session, {"name": "Office"} | {f"day-{day}": "9:00–18:00" for day in range(5)}, by=None)
    set_hours(session, form, hours, by=None)
    session.commit()
    return hours


@pytest.fixture
def people(session, form, office):
    """Ivan and Otto are technicians, who answer for the form; Bea is their supervisor, Hedda configures the form."""
    ivan, otto, bea = (
        make_agent(session, form, name=name, email=email)
        for name, email in (("Ivan Brown", IVAN), ("Otto Hill", OTTO), ("Bea Boss", BEA))
    )
    group = make_group(session, ivan, otto, name="Technicians", supervisor=bea)
    set_responsible(session, form, group=group, by=None)
    head = make_agent(session, form, name="Hedda Head", is_admin=True)
    session.commit()
    return {"ivan": ivan, "otto": otto, "bea": bea, "head": head}


@pytest.fixture
def visit(app, people):
    """`visit("ivan")`: the browser in which he has signed in."""

    def visit(name):
        browser = browser_of(app)
        browser.sign_in(people[name])
        return browser

    return visit


@pytest.fixture
def until(clock, run_jobs):
    """`until("23 14:30")`: it is that day and time of November. Nothing comes due in the hours that are skipped."""

    def until(when):
        day, at = when.split()
        hour, minute = map(int, at.split(":"))
        moment = datetime(2026, 11, int(day), hour, minute, tzinfo=UTC)
        assert moment >= clock.now(), "time goes forward"
        while clock.now() < moment:
            clock.advance(max(min(moment - clock.now(), timedelta(minutes=5)), moment - clock.now() - timedelta(minutes=20)))
            run_jobs()

    return until


def to(mailbox, address):
    """The subjects of the letters that have left to the address."""
    return [str(each["Subject"]) for each in mailbox.sent if address in str(each["To"])]


def do(browser, path, **given):
    answer = browser.post(path, data=given)
    assert answer.status_code == 303 and "/sign-in" not in answer.location, LexborHTMLParser(
        answer.get_data(as_text=True)
    ).body.text(separator=" ")


def last_seen(session, number):
    """The last message of the ticket, as the page of who answers has seen it."""
    return str(session.scalar(sa.select(sa.func.max(Message.id)).where(Message.ticket_id == number)))


def words_of(answer):
    return " ".join(LexborHTMLParser(answer.get_data(as_text=True)).body.text(separator=" ").split())


def test_no_request_is_forgotten(session, form, people, enable, run_jobs, mailbox, visit, until):
    enable("automation")
    run_jobs()
    mailbox.write("The till beeps", "Twice.", sender=f"Ann Carter <{ANN}>")
    number = session.scalars(sa.select(Ticket.id)).one()

    def ticket():
        session.expire_all()
        return session.get_one(Ticket, number)

    until("23 9:29")
    assert to(mailbox, BEA) == []
    until("23 9:35")  # nobody has accepted it in half an hour
    assert len(to(mailbox, BEA)) == 1 and f"/tickets/{number}" in visit("bea").get("/load").get_data(as_text=True)
    do(visit("ivan"), f"/tickets/{number}/acceptance")
    assert ticket().assignee_id == people["ivan"].id
    until("23 9:55")  # he has not answered in a quarter of an hour: it is everybody's again
    assert ticket().assignee_id is None and "it is nobody's again" in words_of(visit("otto").get(f"/tickets/{number}"))
    otto = visit("otto")
    do(otto, f"/tickets/{number}/acceptance")
    do(otto, f"/tickets/{number}/replies", text="Please restart it.", seen=last_seen(session, number))
    until("23 10:05")
    answer = mailbox.sent[-1]
    assert "Please restart it." in answer.as_string() and ticket().status.code == "waiting"
    until("23 17:00")
    mailbox.write("Re: The till beeps", "It still does.", sender=f"Ann Carter <{ANN}>", answers=answer)
    assert ticket().status.code == "in_progress" and ticket().assignee_id == people["otto"].id
    told = len(to(mailbox, BEA))
    until("24 9:55")  # of the two hours of working time one was yesterday
    assert to(mailbox, OTTO) == []
    until("24 10:10")
    assert len(to(mailbox, OTTO)) == 1 and len(to(mailbox, BEA)) == told
    until("24 11:10")
    assert len(to(mailbox, OTTO)) == 1 and len(to(mailbox, BEA)) == told + 1, "a third hour: now the supervisor"
    do(visit("otto"), f"/tickets/{number}/status", status="done")
    until("24 11:20")
    letters = len(to(mailbox, ANN))
    until("27 11:00")
    assert ticket().status.code == "done"
    until("27 11:20")  # done and forgotten for three days
    assert ticket().status.code == "closed" and len(to(mailbox, ANN)) == letters, "she is not written to once more"


def test_who_pays_for_it_is_answered_at_night(session, form, people, office, enable, run_jobs, mailbox, visit, until, clock):
    enable("contracts")
    enable("sla")
    always = add_business_hours(session, {"name": "Always"} | {f"day-{day}": "0:00–24:00" for day in range(7)}, by=None)
    session.commit()
    bea, ivan = visit("bea"), visit("ivan")
    for sender in (f"Vera Vip <{VIP}>", f"Nora North <{NORTH}>"):
        mailbox.write("Do you sell tills?", "Well?", sender=sender)
    for first in session.scalars(sa.select(Ticket.id)).all():
        do(ivan, f"/tickets/{first}/status", status="closed")
    vera, nora = (session.scalars(sa.select(User).where(User.name == name)).one() for name in ("Vera Vip", "Nora North"))
    contract = {"tone": "amber", "notice_days": "30", "is_on": "1"}
    do(bea, "/x/contracts/", name="VIP", tag="24/7", rating="50", hours=str(always.id), **contract)
    do(bea, "/x/contracts/", name="Branches", tag="5/2", rating="0", hours=str(office.id), **contract)
    vip, branches = session.scalars(sa.select(Contract.id).order_by(Contract.id)).all()
    for number in (vip, branches):
        do(bea, f"/x/contracts/{number}/forms/{form.id}", version="0")
    do(bea, f"/x/contracts/{branches}/folders", name="North")
    folder = session.scalars(sa.select(ContractFolder.id)).one()
    do(bea, f"/x/contracts/{vip}/members", customer=VIP)
    do(bea, f"/x/contracts/{branches}/members", customer=NORTH)
    entries = {each.user_id: each.id for each in session.scalars(sa.select(Member))}
    do(bea, f"/x/contracts/{branches}/moves", member=str(entries[nora.id]), to=f"folder-{folder}")
    assert "Nora North" in words_of(bea.get(f"/x/contracts/{branches}/customers?folder={folder}"))
    policy = {"name": "Four hours", "first": "4", "unit-first": "hours", "is_on": "1", "told": "supervisor"}
    do(visit("head"), f"/forms/{form.slug}/x/sla/policies", **policy)

    until("28 10:00")  # a Saturday
    bea, ivan = visit("bea"), visit("ivan")
    mailbox.write("The branch's till beeps", "Once.", sender=f"Nora North <{NORTH}>")
    mailbox.write("My till beeps", "Twice.", sender=f"Vera Vip <{VIP}>")
    found = {each.customer_id: each.id for each in session.scalars(sa.select(Ticket).where(Ticket.closed_at.is_(None)))}
    due = {number: at for number, at in session.execute(sa.select(Promise.ticket_id, Promise.due_at))}
    assert due[found[vera.id]].replace(second=0) == datetime(2026, 11, 28, 14, 1, tzinfo=UTC)
    assert due[found[nora.id]] == datetime(2026, 11, 30, 13, 0, tzinfo=UTC), "the clock waits for Monday morning"
    listed = words_of(ivan.get("/views/open"))
    assert listed.index("My till beeps") < listed.index("The branch's till beeps") and "24/7" in listed and "5/2" in listed

    until("28 14:20")
    assert len(to(mailbox, BEA)) == 1, "of the VIP's deadline Bea is told on Saturday"
    do(ivan, f"/tickets/{found[vera.id]}/replies", text="I look at it.", seen=last_seen(session, found[vera.id]))
    moved = {"member": str(entries[nora.id]), "to": f"contract-{vip}"}
    refused = bea.post(f"/x/contracts/{branches}/moves", data=moved)
    assert refused.status_code == 422 and "The branch's till beeps" in words_of(refused)
    do(bea, f"/x/contracts/{branches}/moves", how="later", **moved)
    until("30 12:30")
    ivan = visit("ivan")
    do(ivan, f"/tickets/{found[nora.id]}/replies", text="It is mended.", seen=last_seen(session, found[nora.id]))
    do(ivan, f"/tickets/{found[nora.id]}/status", status="closed")
    until("30 14:00")
    assert len(to(mailbox, BEA)) == 1, "the branch was answered in time"
    session.expire_all()
    assert session.get_one(Member, entries[nora.id]).contract_id == vip
    mailbox.write("Another till", "Beeps.", sender=f"Nora North <{NORTH}>")
    newest = session.scalars(sa.select(Ticket).order_by(Ticket.id.desc()).limit(1)).one()
    assert "24/7" in ivan.get(f"/tickets/{newest.id}").get_data(as_text=True)
