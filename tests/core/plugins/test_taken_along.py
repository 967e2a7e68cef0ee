"""What the built-in extensions take along when a form is copied: actions, rules, policies, contracts, request forms, answers, and how it asks."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.forms.copying import copy_form
from plugdesk.users.customers import add_organization
from plugdesk_contracts.commands import ContractInput, TermsInput, add_contract, set_terms
from plugdesk_contracts.models import ContractForm
from plugdesk_csat.commands import save_asking
from plugdesk_csat.models import Asking
from plugdesk_faq.commands import AnswerInput, write_answer
from plugdesk_faq.models import Answer
from plugdesk_faq.rights import answers_on
from plugdesk_portal.models import Sharing
from plugdesk_portal.sharing import say
from plugdesk_routing.commands import RuleInput, add_rule
from plugdesk_routing.models import Rule
from plugdesk_sla.commands import add_policy
from plugdesk_sla.entering import PolicyInput
from plugdesk_sla.models import Policy
from plugdesk_webform.commands import RequestFormInput, add_request_form
from plugdesk_webform.models import RequestForm
from plugdesk_webform.queries import consent_now
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


def test_a_copy_has_the_request_forms_at_rest_and_no_site_embeds_them(session, runtime, enable, form, admin):
    asked = ({"code": "priority", "must": True}, {"code": "@text", "must": True})
    given = RequestFormInput(
        "Broken till", "Tell us", asked, consent="We keep it for a year.", thanks="Thank you", look={"accent": "#123456"}, sites="https://shop.example",
    )  # fmt: skip
    webform = enable("webform")
    made = add_request_form(webform, given, by=admin)
    add_request_form(webform, RequestFormInput("Nothing to agree to", fields=asked), by=admin)
    copy, _waiting = copy_form(session, form, name="Copy", by=admin)
    row, plain = of(session, RequestForm, copy)
    same = ("code", "title", "intro", "fields", "thanks", "look", "consent", "receipt", "position")
    assert [getattr(row, each) for each in same] == [getattr(made, each) for each in same]
    assert (row.is_on, row.sites, plain.consent, made.is_on, made.sites) == (False, [], None, True, ["https://shop.example"])
    text = consent_now(runtime.context("webform", copy, session), row)
    assert (text.text, text.form_id, text.id == consent_now(webform, made).id) == ("We keep it for a year.", copy.id, False)


def test_a_copy_is_offered_the_answers_of_its_original(session, enable, form, other_form, admin):
    enable("faq", on=other_form)
    faq = enable("faq")
    for name, forms in (("Ours", [form.id]), ("Theirs", [other_form.id]), ("Both", [form.id, other_form.id])):
        write_answer(faq, AnswerInput(name, "<p>Text</p>", shared=True, everywhere=False, form_ids=forms), by=admin)
    copy, _waiting = copy_form(session, form, name="Copy", by=admin)
    offered = sa.select(Answer.name).where(answers_on(copy)).order_by(Answer.name)
    assert list(session.scalars(offered)) == ["Both", "Ours"]


def test_a_copy_asks_for_ratings_and_lets_colleagues_read_as_its_original_does(session, enable, form, admin):
    words = {"en": {"invitation": "How was it?"}}
    save_asking(enable("csat"), not_when=URGENT, texts=words, by=admin, version=0)
    organization = add_organization(session, name="Baker & Sons", by=admin)
    say(enable("portal"), form, organization.name, shares=False, by=admin)
    copy, _waiting = copy_form(session, form, name="Copy", by=admin)
    assert [(row.not_when, row.texts) for row in of(session, Asking, copy)] == [(URGENT, words)]
    assert [(row.organization_id, row.shares) for row in of(session, Sharing, copy)] == [(organization.id, False)]
