"""Requests of one's organization: read where the form allows it, never answered, and nothing of them otherwise."""

from __future__ import annotations

import sqlalchemy as sa

from plugdesk.testing.browser import browser_of
from plugdesk.tickets.attachments import NewFile, add_file
from plugdesk.tickets.bin import delete_ticket
from plugdesk.tickets.correspondence import Said, add_note, open_ticket, reply_to_ticket
from plugdesk.tickets.merging import merge_tickets
from plugdesk.tickets.models import Ticket
from plugdesk.tickets.subtasks import ask_colleague
from plugdesk.users.customers import find_or_create_customer
from plugdesk_portal.colleagues import may_read, of_colleagues
from tests.plugins.portal.conftest import words_of


def test_where_the_form_allows_it_colleagues_read_with_the_files_and_no_internal_word(
    app, ann, bobs, shared, agent, session, run_jobs
):
    reply_to_ticket(session, bobs, agent, body="<p>We come on Friday.</p>")
    note = add_note(session, bobs, agent, body="<p>They never pay.</p>")
    hidden = add_file(session, NewFile("note.txt", b"for us"), message=note)
    run_jobs()
    assert "The tap drips" not in words_of(ann.get("/portal/"))
    listed = words_of(ann.get("/portal/?whose=organization"))
    assert "The tap drips" in listed and "Bob Stone" in listed
    assert "The tap drips" in words_of(ann.get("/portal/?whose=organization&q=tap"))
    shown = words_of(ann.get(f"/portal/requests/{bobs.number}"))
    assert "Ours drips." in shown and "We come on Friday." in shown and "Your answer" not in shown
    assert "They never pay" not in shown and "bob@home.example" not in shown
    assert ann.get(f"/portal/files/{bobs.messages[0].attachments[0].key}").get_data() == b"drip"
    assert ann.get(f"/portal/files/{hidden.key}").status_code == 404
    for rest in ("replies", "closing", "reopening", "reading", "actions/workflow.actions.none"):
        assert ann.post(f"/portal/requests/{bobs.number}/{rest}", data={"text": "Hi"}).status_code == 404


def test_a_file_is_read_where_the_page_shows_it_after_merging(ann, bobs, shared, form, admin, session):
    said = Said(text="And drips.", files=[NewFile("more.txt", b"more")])
    second = open_ticket(session, form, bobs.customer, subject="Still drips", said=said, channel="email")
    eve = find_or_create_customer(session, channel="email", value="eve@home.example", name="Eve Moor")
    said = Said(text="Mine, too.", files=[NewFile("eves.txt", b"eves")])
    third = open_ticket(session, form, eve, subject="Eves", said=said, channel="email")
    session.flush()
    own, hers = second.messages[0].attachments[0].key, third.messages[0].attachments[0].key
    merge_tickets(session, second, bobs, admin)
    merge_tickets(session, third, bobs, admin)
    session.commit()
    shown = words_of(ann.get(f"/portal/requests/{bobs.number}"))
    assert "more.txt" in shown and "eves.txt" not in shown and "Mine, too." not in shown
    assert ann.get(f"/portal/files/{own}").get_data() == b"more"
    assert ann.get(f"/portal/files/{hers}").status_code == 404


def test_where_it_does_not_a_colleague_is_anybody(ann, bobs):
    assert ann.get(f"/portal/requests/{bobs.number}").status_code == 404
    assert ann.get(f"/portal/files/{bobs.messages[0].attachments[0].key}").status_code == 404
    assert "The tap drips" not in words_of(ann.get("/portal/?whose=organization"))


def test_the_question_and_its_twin_in_sql_agree(shared, ticket, bobs, customer, form, other_form, agent, admin, session):
    bob = bobs.customer
    others = [
        open_ticket(session, where, bob, subject=subject, said=Said(text="Hello"), channel="email")
        for where, subject in ((form, "Open"), (form, "Binned"), (form, "Merged"), (other_form, "Elsewhere"))
    ]
    stranger = find_or_create_customer(session, channel="email", value="eve@home.example", name="Eve Moor")
    strangers = open_ticket(session, form, stranger, subject="Eves", said=Said(text="Hello"), channel="email")
    session.flush()
    delete_ticket(session, others[1], admin)
    merge_tickets(session, others[2], others[0], admin)
    asked = ask_colleague(session, bobs, agent, colleague=agent, subject="Who?", body="<p>Who?</p>")
    session.flush()
    every = [ticket, bobs, *others, strangers, asked]
    for reader in (customer, bob, stranger, agent):
        twin = set(session.scalars(sa.select(Ticket.id).where(of_colleagues(shared, reader))))
        assert twin == {each.id for each in every if may_read(shared, reader, each)}, reader.name
    assert {each.subject for each in every if may_read(shared, customer, each)} == {"The tap drips", "Open"}


def test_who_leaves_the_organization_reads_no_more(app, ann, bobs, shared, customer, session):
    assert ann.get(f"/portal/requests/{bobs.number}").status_code == 200
    customer.organization = None
    session.commit()
    assert ann.get(f"/portal/requests/{bobs.number}").status_code == 404
    assert browser_of(app).get(f"/portal/requests/{bobs.number}").status_code == 303
