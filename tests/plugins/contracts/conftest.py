"""What the tests of contracts share."""

from __future__ import annotations

import pytest

from plugdesk.forms.commands import add_field
from plugdesk.forms.models import FieldKind
from plugdesk.testing.browser import browser_of
from plugdesk.tickets.correspondence import Said, open_ticket
from plugdesk_contracts.commands import ContractInput, TermsInput, add_contract, set_terms
from plugdesk_contracts.members import add_member
from tests.factories import make_customer

TYPES = [("broken", "high", "9"), ("question", "low", "")]


@pytest.fixture
def ctx(session, form, enable):
    """Contracts on the form Support, which asks for a type."""
    choices = [{"code": code, "label": code.title()} for code in ("broken", "question", "other")]
    add_field(session, form, kind=FieldKind.CHOICE, label="Type", choices=choices, by=None)
    session.commit()
    return enable("contracts")


@pytest.fixture
def make(ctx, form):
    """`make("VIP", ann, rating=50)`: a contract with these customers that acts on Support and goes by its types."""

    def make(name, *holders, when=None, by=None, **given):
        values = {key: str(value) for key, value in given.items()}
        contract = add_contract(ctx, ContractInput(name, **values), by=by)
        set_terms(ctx, contract, form, TermsInput(when, "type", "priority", TYPES), by=by, version=0)
        for each in holders:
            add_member(ctx, contract, each, by=by)
        return contract

    return make


@pytest.fixture
def ann(session, form):
    return make_customer(session, name="Ann Carter", email="ann@home.example")


@pytest.fixture
def ask(session, form):
    """`ask(ann, type="broken")` is her request."""

    def ask(customer, **values):
        given = {"values": values} if values else {}
        return open_ticket(session, form, customer, subject="The till beeps", said=Said(text="Beep."), channel="email", **given)

    return ask


@pytest.fixture
def client(app):
    """A browser: `client.sign_in(boss)`."""
    return browser_of(app)
