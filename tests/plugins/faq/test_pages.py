"""Canned responses on their page and in the composer."""

import pytest
import sqlalchemy as sa

from plugdesk.testing.browser import browser_of
from plugdesk_faq.models import Answer, Folder, State
from plugdesk_faq.publishing import ArticleInput, set_article
from tests.support.pages import differences

TOOL = "/tickets/{}/inserts/faq/canned"


@pytest.fixture
def ada(app, agent, faq):
    """The browser of Ada, an agent."""
    browser = browser_of(app)
    browser.sign_in(agent)
    return browser


def offered(browser, ticket, query=""):
    answer = browser.get(TOOL.format(ticket.number), query_string={"q": query}, headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()["offers"]


def test_the_composer_offers_answers_and_fills_the_chosen_one(ada, answer, session, ticket, customer):
    row = answer("Greeting", "<p>Dear ${customer:name}, request ${ticket:number}.</p>")
    customer.name = "<b>Ann</b>"
    session.commit()
    (offer,) = offered(ada, ticket, "greet")
    assert offer["title"] == "Greeting" and offered(ada, ticket, "telephone") == []
    chosen = ada.post(TOOL.format(ticket.number), data={"code": offer["code"]}, headers={"Accept": "application/json"})
    assert chosen.get_json() == {"html": f"<p>Dear &lt;b&gt;Ann&lt;/b&gt;, request {ticket.number}.</p>"}
    session.expire_all()
    assert row.times_used == 1 and row.last_used_at is not None


def test_without_script_the_draft_is_kept_and_the_chosen_one_put_at_its_end(ada, answer, ticket):
    row = answer("Greeting", "<p>Yours, ${agent:name}</p>")
    page = ada.post(TOOL.format(ticket.number), data={"mode": "reply", "text": "My own words"})
    assert page.status_code == 200 and "Greeting" in page.get_data(as_text=True)
    assert ada.post(TOOL.format(ticket.number), data={"code": str(row.id)}).status_code == 303
    text = ada.get(f"/tickets/{ticket.number}").get_data(as_text=True)
    assert "My own words\n\nYours, Ada Berg" in text


def test_where_it_is_off_there_is_no_trace_of_it_in_the_composer(ada, answer, session, agent, customer, other_form):
    from plugdesk.testing.desks import add_ticket
    from plugdesk.users.commands import set_form_agent

    row = answer()
    set_form_agent(session, other_form, agent, is_admin=False, by=None)
    ticket = add_ticket(session, other_form, customer)
    session.commit()
    assert "inserts" not in ada.get(f"/tickets/{ticket.number}").get_data(as_text=True)
    assert ada.get(TOOL.format(ticket.number)).status_code == 404
    assert ada.post(TOOL.format(ticket.number), data={"code": str(row.id)}).status_code == 404


def test_a_published_article_is_offered_as_a_link_too(ada, faq, answer, admin, session, ticket):
    row = answer("Refund")
    set_article(faq, row, ArticleInput("When is my money back?", state=State.PUBLISHED), by=admin, revision=1)
    session.commit()
    codes = [each["code"] for each in offered(ada, ticket)]
    assert codes == [str(row.id), f"link-{row.id}"]
    chosen = ada.post(TOOL.format(ticket.number), data={"code": codes[1]}, headers={"Accept": "application/json"})
    assert '/help/when-is-my-money-back">When is my money back?</a>' in chosen.get_json()["html"]


def test_an_answer_of_somebody_else_is_neither_offered_nor_given(ada, answer, admin, ticket):
    theirs = answer("Mine alone", by=admin, shared=False)
    assert offered(ada, ticket) == []
    assert ada.post(TOOL.format(ticket.number), data={"code": str(theirs.id)}).status_code == 404


def test_an_agent_writes_changes_and_deletes_an_answer_of_their_own(ada, session, agent):
    assert ada.post("/x/faq/answers", data={"name": "Greeting", "text": "Hello"}).status_code == 303
    row = session.scalar(sa.select(Answer))
    assert (row.owner_id, row.body) == (agent.id, "<p>Hello</p>")
    assert "Greeting" in ada.get("/x/faq/answers", query_string={"q": "hello"}).get_data(as_text=True)
    changed = {"name": "Goodbye", "html": "<p>Bye</p>", "version": "1"}
    assert ada.post(f"/x/faq/answers/{row.id}", data=changed).status_code == 303
    page = ada.post(f"/x/faq/answers/{row.id}", data={**changed, "name": "My other words", "html": "<p>Bye now</p>"})
    assert page.status_code == 409
    told = differences(page.get_data(as_text=True))
    assert told == {"Name": ("My other words", "Goodbye"), "What it says": (" now", "")}
    assert ada.post(f"/x/faq/answers/{row.id}/removal").status_code == 303
    assert session.scalar(sa.select(sa.func.count(Answer.id))) == 0


def test_a_refusal_keeps_what_was_typed(ada):
    page = ada.post("/x/faq/answers", data={"name": "", "html": "<p>Dear ${customer:nam}</p>"})
    assert page.status_code == 422
    text = page.get_data(as_text=True)
    assert "Did you mean ${customer:name}?" in text and "Dear ${customer:nam}" in text


def test_a_reply_becomes_an_answer_with_the_customers_name_as_a_variable(ada, session, agent, ticket, customer):
    from plugdesk.api import reply_to_ticket

    customer.name = "Ann Carter"
    body = '<p>Dear Ann Carter, <a href="https://shop.example/Ann">your</a> Anniversary. Bye, Ann!</p>'
    reply = reply_to_ticket(session, ticket, agent, body=body)
    session.commit()
    url = f"/x/faq/answers/new?message={reply.id}"
    assert url in ada.get(f"/tickets/{ticket.number}").get_data(as_text=True)
    text = ada.get(url).get_data(as_text=True)
    assert "Dear ${customer:name}," in text and "Bye, ${customer:first_name}!" in text
    assert "Anniversary" in text and "shop.example/Ann&" in text


def test_a_reply_of_a_ticket_one_may_not_see_is_no_source(ada, session, admin, customer, other_form, enable):
    from plugdesk.api import reply_to_ticket
    from plugdesk.testing.desks import add_ticket

    enable("faq", on=other_form)
    reply = reply_to_ticket(session, add_ticket(session, other_form, customer), admin, body="Secret")
    session.commit()
    assert ada.get(f"/x/faq/answers/new?message={reply.id}").status_code == 404


def test_a_reply_becomes_the_draft_of_an_article_by_the_other_button(app, faq, admin, session):
    marta = browser_of(app)
    marta.sign_in(admin)
    given = {"name": "Refund", "html": "<p>In a week.</p>", "shared": "1", "where": "all", "as": "article"}
    assert marta.post("/x/faq/answers", data=given).status_code == 303
    row = session.scalar(sa.select(Answer))
    assert (row.article.title, row.article.state) == ("Refund", State.DRAFT)


def test_folders_are_added_renamed_moved_and_deleted(app, faq, admin, session, answer):
    marta = browser_of(app)
    marta.sign_in(admin)
    for name in ("Payments", "Delivery"):
        marta.post("/x/faq/folders", data={"name": name, "shared": "1"})
    assert marta.post("/x/faq/folders", data={"name": " "}).status_code == 422
    in_order = sa.select(Folder).order_by(Folder.position)
    first, second = session.scalars(in_order)
    answer(folder_id=second.id)
    marta.post(f"/x/faq/folders/{second.id}/move", data={"by": "up"})
    marta.post(f"/x/faq/folders/{first.id}", data={"name": "Money"})
    session.expire_all()
    assert [each.name for each in session.scalars(in_order)] == ["Delivery", "Money"]
    assert marta.post(f"/x/faq/folders/{second.id}/removal").status_code == 303
    assert "Refund" in marta.get("/x/faq/answers").get_data(as_text=True)
