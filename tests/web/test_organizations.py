"""An organization: its people as far as the agent works with them, and its name."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from webtest import TestApp

from plugdesk.errors import NotAllowed
from plugdesk.events import Event
from plugdesk.forms.models import Form
from plugdesk.users.customers import add_organization, rename_organization
from plugdesk.users.models import Organization, User
from tests.factories import make_agent, make_customer, make_form, make_ticket

Browse = Callable[[User], TestApp]


@pytest.fixture
def form(admin: User, session: Session) -> Form:
    return make_form(session, name="Support")


@pytest.fixture
def anna(form: Form, session: Session) -> User:
    return make_agent(session, form, name="Anna")


@pytest.fixture
def goods(form: Form, session: Session) -> Organization:
    """Leith Goods, to which Amira of Support belongs and Boris of no form of Anna's."""
    goods = add_organization(session, name="Leith Goods", by=None)
    amira, boris = make_customer(session, name="Amira Haddad"), make_customer(session, name="Boris Belov")
    amira.organization = boris.organization = goods
    make_ticket(session, form, amira, subject="The till beeps")
    make_ticket(session, make_form(session, name="Billing"), boris, subject="The invoice")
    session.commit()
    return goods


def renaming(browser: TestApp, goods: Organization):
    page = browser.get(f"/customers/organizations/{goods.id}?edit=1")
    return next(form for form in page.forms.values() if form.action == f"/customers/organizations/{goods.id}")


def test_the_card_and_the_list_lead_to_it_and_it_lists_whom_one_works_with(
    anna: User, goods: Organization, browse: Browse
) -> None:
    browser = browse(anna)
    here = browser.get("/customers").click("Leith Goods")
    assert "Amira Haddad" in here.text and "Boris Belov" not in here.text
    assert here.click("Amira Haddad").click("Leith Goods").request.path == here.request.path


def test_it_is_renamed_for_all_its_people_and_the_journal_says_so(
    anna: User, admin: User, goods: Organization, browse: Browse, session: Session
) -> None:
    form = renaming(browse(anna), goods)
    form["name"] = " Leith  Goods & Sons"
    form.submit(status=303)
    assert "Leith Goods &amp; Sons" in browse(anna).get("/customers").text
    assert "Renamed the organization Leith Goods to Leith Goods &amp; Sons" in browse(admin).get("/journal").text


def test_a_name_of_another_one_and_none_are_refused_and_another_spelling_is_not(
    anna: User, goods: Organization, browse: Browse, session: Session
) -> None:
    add_organization(session, name="Stone Works", by=None)
    session.commit()
    form = renaming(browse(anna), goods)
    for name, why in (("stone works", "There is an organization “Stone Works” already."), (" ", "Give the organization a name.")):
        form["name"] = name
        assert why in form.submit(status=422).text
    form["name"] = "LEITH goods"
    form.submit(status=303)
    session.expire_all()
    assert goods.name == "LEITH goods"


def test_of_two_who_rename_it_the_second_sees_both_names(
    anna: User, goods: Organization, browse: Browse, session: Session
) -> None:
    form = renaming(browse(anna), goods)
    rename_organization(session, goods, name="Leith of the colleague", was="Leith Goods", by=None)
    session.commit()
    form["name"] = "Leith of mine"
    refused = form.submit(status=409)
    assert "Leith of the colleague" in refused.html.find("table", class_="diff").text
    again = next(each for each in refused.forms.values() if each.action == form.action)
    assert again["name"].value == "Leith of mine"
    again.submit(status=303)
    session.expire_all()
    assert goods.name == "Leith of mine"


def test_the_same_name_once_more_is_no_news(anna: User, goods: Organization, browse: Browse, session: Session) -> None:
    renaming(browse(anna), goods).submit(status=303)
    assert session.scalar(sa.select(sa.func.count()).where(Event.kind == "organization_renamed")) == 0


def test_an_organization_of_strangers_is_not_there(goods: Organization, browse: Browse, session: Session) -> None:
    olga = make_agent(session, make_form(session, name="Returns"), name="Olga")
    session.commit()
    browse(olga).get(f"/customers/organizations/{goods.id}", status=404)
    with pytest.raises(NotAllowed):
        rename_organization(session, goods, name="Ours", was="Leith Goods", by=olga)
