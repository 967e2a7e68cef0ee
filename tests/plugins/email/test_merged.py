"""Letters about tickets that were merged: each finds the survivor, and nobody reads what another customer wrote."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.forms.models import Form
from plugdesk.tickets.correspondence import reply_to_ticket
from plugdesk.tickets.merging import merge_tickets, unmerge_ticket
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import User
from plugdesk_email.mailboxes import add_mailbox, read_account
from tests.plugins.email.test_intake import ANN, BOB, look, reply, tickets, write
from tests.support.company import ADMIN, AGENT, HELP, MAILBOX_PASSWORD, Company, letter

PAT = "Pat <pat@example.org>"


def merge(company: Company, number: int, into: int) -> None:
    with company.runtime.database.write() as session:
        agent = session.scalars(sa.select(User).where(User.email == AGENT)).one()
        merge_tickets(session, session.get_one(Ticket, number), session.get_one(Ticket, into), agent)


def take_out(company: Company, number: int) -> None:
    with company.runtime.database.write() as session:
        agent = session.scalars(sa.select(User).where(User.email == AGENT)).one()
        unmerge_ticket(session, session.get_one(Ticket, number), agent)


@pytest.mark.parametrize("sender", [ANN, BOB])
def test_a_letter_to_a_merged_number_lands_in_the_survivor_and_comes_out_again(company, sender):
    """Of the same customer or another: by the reference it answers, or by the number in its subject."""
    write(company, subject="The till beeps", text="Twice.")
    write(company, BOB if sender is BOB else ANN, subject="An umbrella", text="It rains.")
    address = sender.rpartition("<")[2].rstrip(">")
    receipt = company.letters(address)[-1]
    merge(company, 2, 1)
    write(company, sender, subject=f"Re: {receipt['Subject']}", text="By reference.", In_Reply_To=receipt["Message-ID"])
    write(company, sender, subject="Re: [#2] An umbrella", text="By number.")
    assert tickets(company) == [("The till beeps", ["Twice.", "It rains.", "By reference.", "By number."]), ("An umbrella", [])]
    take_out(company, 2)
    assert tickets(company) == [("The till beeps", ["Twice."]), ("An umbrella", ["It rains.", "By reference.", "By number."])]


def test_nobody_reads_in_an_answer_what_another_customer_wrote(company):
    write(company, subject="The till beeps", text="Ann's words.")
    write(company, BOB, subject="An umbrella", text="Bob's secret.")
    merge(company, 2, 1)
    write(company, BOB, subject="Re: [#2] An umbrella", text="Another secret.")
    sent = reply(company, "Restart it.")
    said = str(sent)
    assert "Ann's words." in said and "secret" not in said and "umbrella" not in said and sent["To"] == ANN


@pytest.mark.parametrize("answered", ["the desk's letter", "the customer's letter"])
def test_nobody_reads_in_an_answer_what_somebody_wrote_who_takes_part_elsewhere(company, answered):
    """Pat, whom Bob sends his letters to as well, answers to all."""
    write(company, subject="The till beeps", text="Ann's words.")
    his = write(company, BOB, subject="An umbrella", text="Bob's secret.", Cc=PAT)
    letter = his if answered == "the customer's letter" else company.letters("bob@example.net")[-1]
    merge(company, 2, 1)
    hers = write(company, PAT, subject="Re: An umbrella", text="Pat's secret.", In_Reply_To=letter["Message-ID"])
    assert tickets(company)[0] == ("The till beeps", ["Ann's words.", "Bob's secret.", "Pat's secret."])
    said = str(reply(company, "Restart it."))
    assert "Ann's words." in said and "secret" not in said and hers["Message-ID"] not in said
    take_out(company, 2)
    assert tickets(company)[1] == ("An umbrella", ["Bob's secret.", "Pat's secret."])


def test_an_answer_leaves_from_the_mailbox_its_reader_wrote_to(company):
    """Bob's mailbox, which Ann has never written to, is not named to her."""
    sales = "sales@desk.example"
    company.mail.add_mailbox(sales, MAILBOX_PASSWORD)
    with company.runtime.database.write() as session:
        admin = session.scalars(sa.select(User).where(User.email == ADMIN)).one()
        form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
        account = read_account(company.account() | {"address": sales}, by=admin)
        add_mailbox(company.runtime.context("email", form, session), account, by=admin)
    look(company)  # from now on its letters are read
    write(company, subject="The till beeps", text="Ann's words.")
    company.mail.deliver(bytes(letter(BOB, "An umbrella", "Bob's words.")), [sales])
    look(company)
    merge(company, 2, 1)
    assert reply(company, "Restart it.")["From"].addresses[0].addr_spec == HELP


def test_an_answer_on_its_way_reaches_who_it_was_written_to(company):
    write(company, subject="The till beeps", text="Ann's words.")
    write(company, BOB, subject="An umbrella", text="Bob's words.")
    with company.runtime.database.write() as session:
        agent = session.scalars(sa.select(User).where(User.email == AGENT)).one()
        reply_to_ticket(session, session.get_one(Ticket, 2), agent, body="<p>Dear Bob</p>")
    merge(company, 2, 1)
    company.work()
    assert "Dear Bob" in str(company.letters("bob@example.net")[-1])
    assert not any("Dear Bob" in str(each) for each in company.letters("ann@example.com"))
