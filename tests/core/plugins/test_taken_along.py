"""What the built-in extensions take along when a form is copied: actions, rules, policies and contracts."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.forms.copying import copy_form
from plugdesk_contracts.commands import ContractInput, TermsInput, add_contract, set_terms
from plugdesk_contracts.models import ContractForm
from plugdesk_routing.commands import RuleInput, add_rule
from plugdesk_routing.models import Rule
from plugdesk_sla.commands import add_policy
from plugdesk_sla.entering import PolicyInput
from plugdesk_sla.models import Policy
from plugdesk_workflow.commands import ActionInput, add_action
from plugdesk_workflow.definition import Automatic, Definition, Does, Letter, Since
from plugdesk_workflow.models import Action
from tests.factories import make_group, make_ticket

pytestmark = pytest.mark.both_databases
URGENT = {"all": [{"fact": "field.priority", "is": "high"}]}


def of(session, kind, form):
    return session.scalars(sa.select(kind).where(kind.form_id == form.id)).all()


def test_a_copy_has_the_actions_by_their_codes_and_counts_time_from_now(session, enable, form, admin, clock):
    definition = Definition(
        does=Does(status="closed"), letters=(Letter(("customer",), "<p>Thank you</p>"),), automatic=Automatic(Since.STATUS, 3)
    )
    made = add_action(enable("workflow"), ActionInput("Payment received", ["done"], "money", definition=definition), by=admin)
    clock.advance(days=5)
    copy, _waiting = copy_form(session, form, name="Copy", by=admin)
    (action,) = of(session, Action, copy)
    session.expire(made)
    same = ("code", "name", "icon", "is_on", "statuses", "who", "asks", "does", "letters", "automatic", "position")
    assert [getattr(action, each) for each in same] == [getattr(made, each) for each in same]
    assert (action.automatic_since, made.automatic_since < action.automatic_since) == (clock.now(), True)
    assert of(session, Action, form) == [made]


def test_a_copy_sends_its_tickets_where_the_rules_of_its_original_do(session, enable, form, admin):
    group = make_group(session, name="Programmers")
    add_rule(enable("routing"), RuleInput("Errors", None, {"group_id": group.id}), by=admin)
    copy, _waiting = copy_form(session, form, name="Copy", by=admin)
    assert [rule.name for rule in of(session, Rule, copy)] == ["Errors"]
    assert make_ticket(session, copy).group_id == group.id


def test_a_copy_promises_what_its_original_does_and_is_under_its_contracts(session, enable, form, admin):
    targets = [{"sort": "resolution", "status": "", "amount": 1, "unit": "hours"}]
    add_policy(enable("sla"), PolicyInput("Fast", URGENT, targets), by=admin)
    contracts = enable("contracts")
    vip = add_contract(contracts, ContractInput("VIP"), by=admin)
    set_terms(contracts, vip, form, TermsInput(URGENT, "", "", []), by=admin, version=0)
    copy, _waiting = copy_form(session, form, name="Copy", by=admin)
    assert [(row.name, row.condition, row.targets) for row in of(session, Policy, copy)] == [("Fast", URGENT, targets)]
    assert [(row.contract_id, row.condition) for row in of(session, ContractForm, copy)] == [(vip.id, URGENT)]
