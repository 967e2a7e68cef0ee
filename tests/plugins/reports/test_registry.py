"""The registry: a form's tickets with all their fields, as far as who looks may see them, in one query."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser

from plugdesk.forms.commands import add_field
from plugdesk.forms.models import FieldKind, FormAgent, Sees, StatusKind
from plugdesk.plugins.switch import disable_plugin
from plugdesk.testing.browser import browser_of
from plugdesk.tickets.attachments import NewFile, add_file
from plugdesk.tickets.commands import become
from tests.factories import make_customer, make_form, make_group, make_ticket
from tests.support.queries import queries

PLACE = "/x/reports/registry"
CAUSES = [{"code": "cash", "label": "Cash"}, {"code": "net", "label": "Net"}]
KINDS = {
    "Cause": FieldKind.CHOICE, "Sum": FieldKind.MONEY, "Pieces": FieldKind.NUMBER, "Visited": FieldKind.DATE,
    "Colleague": FieldKind.PERSON, "Team": FieldKind.GROUP, "Photo": FieldKind.FILE, "Remark": FieldKind.LONG_TEXT,
}  # fmt: skip


@pytest.fixture
def fields(session, form):
    """The form asks for something of every kind."""
    for label, kind in KINDS.items():
        choices = CAUSES if kind is FieldKind.CHOICE else [{"code": "EUR", "label": "EUR"}] if kind is FieldKind.MONEY else []
        add_field(session, form, kind=kind, label=label, choices=choices, by=None)
    session.commit()


@pytest.fixture
def tickets(session, form, fields, agent, enable):
    """Three tickets with values, the last with one that its field no longer takes."""
    enable("reports")
    group = make_group(session, agent, name="Technicians")
    people = [make_customer(session, name=f"Customer {n}", email=f"c{n}@home.example") for n in range(3)]
    found = [make_ticket(session, form, customer=each, subject=f"Till {n}") for n, each in enumerate(people)]
    photo = add_file(session, NewFile("till.jpg", b"photo"), by=agent)
    found[0].values = {"cause": "cash", "sum": {"amount": "12.50", "currency": "EUR"}, "pieces": 3, "visited": "2026-11-05"}
    found[1].values = {"cause": "net", "colleague": agent.id, "team": group.id, "remark": "<b>long</b> " * 40}
    found[2].values = {"pieces": "many", "colleague": 99_999_999, "photo": [photo.key, "gone"]}
    session.commit()
    return found


@pytest.fixture
def ada(app, agent):
    browser = browser_of(app)
    browser.sign_in(agent)
    return browser


def table(answer):
    """The heads of the table, and the cells of each row."""
    tree = LexborHTMLParser(answer.get_data(as_text=True))
    heads = [each.text(strip=True) for each in tree.css("table.pinned thead th")]
    return heads, [[cell.text(strip=True) for cell in row.css("th, td")] for row in tree.css("table.pinned tbody tr")]


def column(answer, title):
    heads, rows = table(answer)
    return [row[heads.index(title)] for row in rows]


def test_every_field_is_a_column_and_every_value_stands_in_words(tickets, ada, agent):
    page = ada.get(PLACE)
    assert column(page, "Ticket") == [f"{each.id}{each.subject}" for each in reversed(tickets)]
    assert column(page, "Cause") == ["", "Net", "Cash"]
    assert column(page, "Sum, EUR") == ["", "", "€12.50"]
    assert column(page, "Pieces") == ["many", "", "3"]
    assert column(page, "Visited")[2] == "Nov 5, 2026"
    assert column(page, "Colleague") == ["(no longer there)", agent.name, ""]
    assert column(page, "Team")[1] == "Technicians"
    assert column(page, "Photo") == ["till.jpg", "", ""]
    assert column(page, "Remark")[1].startswith("<b>long</b>") and len(column(page, "Remark")[1]) < 130
    assert column(page, "Customer") == ["Customer 2", "Customer 1", "Customer 0"]


def test_columns_are_chosen_and_moved_by_the_address(tickets, ada):
    chosen = f"{PLACE}?column=field:cause&column=customer&column=field:sum"
    assert table(ada.get(chosen))[0] == ["Ticket", "Cause", "Customer", "Sum, EUR"]
    assert table(ada.get(f"{chosen}&up=customer"))[0] == ["Ticket", "Customer", "Cause", "Sum, EUR"]
    assert table(ada.get(f"{chosen}&down=field:cause"))[0] == ["Ticket", "Customer", "Cause", "Sum, EUR"]
    assert table(ada.get(f"{chosen}&up=field:cause"))[0] == ["Ticket", "Cause", "Customer", "Sum, EUR"]
    assert table(ada.get(f"{PLACE}?columns=field:sum,customer,nothing"))[0] == ["Ticket", "Sum, EUR", "Customer"]
    assert len(table(ada.get(f"{PLACE}?columns=nothing"))[0]) > 10


def test_it_is_narrowed_by_views_and_words_as_the_list_is(tickets, session, ada, agent):
    become(session, tickets[0], StatusKind.RESOLVED, by=agent)
    session.commit()
    assert len(column(ada.get(f"{PLACE}?view=open"), "Ticket")) == 2
    assert column(ada.get(f"{PLACE}?view=done"), "Customer") == ["Customer 0"]
    assert column(ada.get(f"{PLACE}?q=cause:net"), "Customer") == ["Customer 1"]
    assert column(ada.get(f"{PLACE}?q=Till&view=done"), "Customer") == ["Customer 0"]
    assert "Nothing is known as tag:nobody" in ada.get(f"{PLACE}?q=tag:nobody").text
    assert "No ticket is like that" in ada.get(f"{PLACE}?view=waiting").text
    assert ada.get(f"{PLACE}?view=misspelt").status_code == 404


@pytest.mark.parametrize("view", ["all", "open"])
@pytest.mark.parametrize("order", ["newest", "oldest", "latest", "earliest"])
def test_it_goes_on_by_key_in_every_order(tickets, session, form, ada, view, order):
    for number in range(60):
        make_ticket(session, form, subject=f"More {number}")
    session.commit()
    url, seen = f"{PLACE}?view={view}&order={order}&columns=customer", []
    while url:
        page = ada.get(url)
        seen += [int(each.partition("Till")[0].partition("More")[0]) for each in column(page, "Ticket")]
        older = LexborHTMLParser(page.text).css_first('a[rel="next"]')
        url = older.attributes["href"] if older else None
    assert len(seen) == len(set(seen)) == 63
    assert seen == sorted(seen, reverse=order in ("newest", "latest") or (view == "all" and order == "earliest"))


def test_heads_lead_to_the_orders_an_index_carries(tickets, ada):
    def sorted_by(address):
        heads = LexborHTMLParser(ada.get(address).text).css("table.pinned thead th")
        return {each.text(strip=True): each.attributes.get("aria-sort") for each in heads if each.css_first("a")}

    assert sorted_by(PLACE) == {"Ticket": "descending", "Opened": "descending"}
    assert sorted_by(f"{PLACE}?view=open&order=earliest") == {"Ticket": None, "Opened": None, "Last": "ascending"}
    assert sorted_by(f"{PLACE}?q=Till") == {}


def test_who_sees_a_part_of_the_form_sees_that_part(tickets, session, agent, ada):
    session.scalars(sa.select(FormAgent).where(FormAgent.user_id == agent.id)).one().sees = Sees.OWN
    tickets[1].assignee_id = agent.id
    session.commit()
    assert column(ada.get(PLACE), "Customer") == ["Customer 1"]


def test_it_shows_the_forms_where_reports_are_on_and_no_others(tickets, session, form, agent, ada):
    other = make_form(session, name="Other")
    session.commit()
    assert ada.get(f"{PLACE}?form={other.slug}").status_code == 404
    assert PLACE in ada.get("/views/open").text
    disable_plugin(session, form, "reports", None)
    session.commit()
    assert ada.get(PLACE).status_code == 404
    assert PLACE not in ada.get("/views/open").text and "/x/reports/export" not in ada.get("/views/open").text


def test_it_asks_as_often_as_the_list_whatever_stands_in_it(tickets, session, form, ada):
    ada.get("/views/open"), ada.get(PLACE)
    with queries() as plain:
        ada.get("/views/open")
    with queries() as one:
        ada.get(f"{PLACE}?view=open&columns=customer,field:cause,field:sum,tags")
    assert len(one) == len(plain) + 1, "Whether reports are on for any form, which every page of theirs asks."
    with queries() as named:
        ada.get(PLACE)
    assert len(named) == len(one) + 3, "A query for all people, one for all groups, one for all files."
