"""The demo company: complete, believable, the same for a seed."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from random import Random

import pytest

from plugdesk_demo.cast import Company, StepKind
from plugdesk_demo.company import build_company
from plugdesk_demo.script import fill, read_scenarios, to_html

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
LANGUAGES = ["en", "ru"]
FORMS = ["support", "repairs", "billing"]
SIGNATURES = {"image/png": b"\x89PNG\r\n\x1a\n", "application/pdf": b"%PDF-1.4", "text/csv": b"\xef\xbb\xbf", "text/plain": b"20"}


@pytest.fixture(scope="module", params=LANGUAGES)
def company(request: pytest.FixtureRequest) -> Company:
    return build_company(request.param, seed=7, now=NOW)


def test_it_has_the_size_the_demo_promises(company: Company) -> None:
    sizes = [len(part) for part in (company.forms, company.agents, company.customers, company.tickets)]
    assert sizes == [3, 12, 60, 400]
    assert 1_600 <= len(company.steps) <= 2_200


def test_the_same_seed_tells_the_same_story_and_another_seed_another(company: Company) -> None:
    assert build_company(company.language, seed=7, now=NOW) == company
    assert build_company(company.language, seed=8, now=NOW).steps != company.steps


@pytest.mark.parametrize(
    "now",
    [NOW, datetime(2026, 3, 2, 6, tzinfo=UTC), datetime(2028, 2, 29, 23, 59, tzinfo=UTC)],
    ids=["a Saturday evening", "a Monday morning", "a leap day"],
)
def test_everything_happened_in_the_last_90_days_and_something_just_now(now: datetime) -> None:
    moments = [step.at for step in build_company("en", seed=1, now=now).steps]
    assert now - timedelta(days=90) <= min(moments) < now - timedelta(days=85)
    assert now - timedelta(minutes=30) < max(moments) <= now


def test_the_steps_of_a_ticket_follow_one_another_and_belong_to_it(company: Company) -> None:
    for ticket in company.tickets:
        assert all(earlier.at < later.at for earlier, later in itertools.pairwise(ticket.steps))
        assert {step.ticket for step in ticket.steps} == {ticket.key}
        assert (ticket.steps[0].kind, ticket.steps[0].who) == (StepKind.LETTER, ticket.customer)


def test_all_steps_come_in_the_order_of_time(company: Company) -> None:
    moments = [step.at for step in company.steps]
    assert moments == sorted(moments)


def test_about_forty_tickets_are_open_in_several_states(company: Company) -> None:
    states = Counter(ticket.status for ticket in company.tickets if ticket.is_open)
    assert 35 <= states.total() <= 45
    assert min(states["new"], states["open"], states["pending"]) >= 5


def test_nobody_speaks_after_the_end_but_to_give_a_rating(company: Company) -> None:
    for ticket in company.tickets:
        ended = [number for number, step in enumerate(ticket.steps) if step.status in ("resolved", "closed")]
        after = ticket.steps[ended[0] + 1 :] if ended else ()
        assert [step.kind for step in after] in ([], [StepKind.RATING])


def test_ratings_of_all_scores_come_only_where_the_form_asks_for_them(company: Company) -> None:
    asked = {form.key for form in company.forms if form.rating}
    rated = [(ticket.form, step) for ticket in company.tickets for step in ticket.steps if step.kind is StepKind.RATING]
    assert {form for form, _ in rated} == asked == {"support", "repairs"}
    assert {step.score for _, step in rated} == {1, 2, 3, 4, 5}
    assert {bool(step.text) for _, step in rated} == {True, False}


def test_the_story_has_escalations_long_threads_and_automatic_answers(company: Company) -> None:
    groups = {group.key for group in company.groups}
    assert sum(step.assignee in groups for step in company.steps) >= 5
    assert max(len(ticket.steps) for ticket in company.tickets) >= 12
    assert sum(step.automatic for step in company.steps) >= 2


def test_weekends_are_quiet_and_every_agent_but_the_admin_has_work(company: Company) -> None:
    opened = Counter(ticket.opened_at.weekday() for ticket in company.tickets)
    assert opened[5] + opened[6] < 0.6 * min(opened[day] + opened[day + 1] for day in (0, 2, 3))
    accepted = Counter(step.who for step in company.steps if step.kind is StepKind.ACCEPT)
    assert {agent.key for agent in company.agents if not agent.is_admin} <= accepted.keys()


def test_one_person_stands_for_each_role(company: Company) -> None:
    agents = {agent.key: agent for agent in company.agents}
    roles = company.roles
    assert agents[roles["admin"]].is_admin
    assert agents[roles["form_admin"]].administers == ("support",) and not agents[roles["form_admin"]].is_admin
    assert roles["supervisor"] in {group.supervisor for group in company.groups}
    assert not agents[roles["agent"]].administers and not agents[roles["agent"]].is_admin
    assert sum(ticket.customer == roles["customer"] for ticket in company.tickets) >= 5


def test_every_key_points_to_somebody(company: Company) -> None:
    agents, customers = {a.key for a in company.agents}, {c.key for c in company.customers}
    groups, forms = {g.key for g in company.groups}, {f.key for f in company.forms}
    organizations = {o.key for o in company.organizations}
    assert (len(agents), len(customers)) == (12, 60)
    assert all(set(a.groups) <= groups and set(a.forms) <= forms for a in company.agents)
    assert all(g.supervisor in agents for g in company.groups) and all(f.group in groups for f in company.forms)
    assert {c.organization for c in company.customers} == organizations | {None}
    for step in company.steps:
        assert step.who in (customers if step.kind in (StepKind.LETTER, StepKind.RATING) else agents)
        assert step.assignee in agents | groups | {""}


def test_fields_and_statuses_used_by_tickets_exist_on_their_form(company: Company) -> None:
    forms = {form.key: form for form in company.forms}
    for ticket in company.tickets:
        form = forms[ticket.form]
        fields = {field.code: field for field in form.fields}
        values = [*ticket.values.items(), *(pair for step in ticket.steps for pair in step.values.items())]
        for code, value in values:
            choices = dict(fields[code].choices)
            assert not choices or value in choices, (ticket.scenario, code, value)
        assert {step.status for step in ticket.steps} <= {status.code for status in form.statuses} | {""}


def test_addresses_lie_only_in_domains_that_belong_to_nobody(company: Company) -> None:
    # RFC 2606, sections 2 and 3
    addresses = [agent.email for agent in company.agents] + [customer.email for customer in company.customers]
    addresses += [form.address for form in company.forms]
    assert len(set(addresses)) == len(addresses)
    for address in addresses:
        assert re.fullmatch(r"[a-z.-]+@([a-z-]+\.example|example\.(com|org|net))", address) and parseaddr(address)[1]
    written = " ".join(step.text for step in company.steps)
    assert "@" not in written and "http" not in written


def test_no_text_has_a_blank_or_a_choice_left_open(company: Company) -> None:
    texts = [text for step in company.steps for text in (step.text, step.html)]
    texts += [ticket.subject for ticket in company.tickets] + [customer.name for customer in company.customers]
    assert not [text for text in texts if re.search(r"[\[\]{}|]|^@", text, re.MULTILINE)]
    plain = [step.text for step in company.steps] + [ticket.subject for ticket in company.tickets]
    assert not [text for text in plain if re.search(r"[<>]|  |\n\n\n", text)]


def test_every_letter_and_reply_says_something_and_few_say_the_same(company: Company) -> None:
    speaking = [s for s in company.steps if s.kind in (StepKind.LETTER, StepKind.REPLY, StepKind.NOTE)]
    assert all(step.text for step in speaking)
    assert len({step.text for step in speaking}) > 0.85 * len(speaking)
    for form in company.forms:
        subjects = [ticket.subject for ticket in company.tickets if ticket.form == form.key]
        assert all(len(set(subjects[start : start + 30])) == len(subjects[start : start + 30]) for start in range(len(subjects)))


def test_attachments_are_what_they_say(company: Company) -> None:
    papers = [paper for step in company.steps for paper in step.attachments]
    assert {paper.media_type for paper in papers} == set(SIGNATURES)
    assert all(paper.data.startswith(SIGNATURES[paper.media_type]) and len(paper.data) < 20_000 for paper in papers)


def test_both_languages_tell_equally_many_threads_and_all_of_them_differ() -> None:
    counts = {language: [len(read_scenarios(language, form)) for form in FORMS] for language in LANGUAGES}
    assert counts["en"] == counts["ru"] and sum(counts["en"]) >= 70
    for language in LANGUAGES:
        ids = [scenario.id for form in FORMS for scenario in read_scenarios(language, form)]
        assert len(set(ids)) == len(ids)


def test_every_thread_begins_with_the_customer_and_names_only_what_exists(company: Company) -> None:
    groups = {group.key for group in company.groups}
    for scenario in (scenario for form in FORMS for scenario in read_scenarios(company.language, form)):
        assert scenario.blocks[0].by == "customer" and len(scenario.subjects) == 3, scenario.id
        assert all(block.argument in groups for block in scenario.blocks if block.by == "group"), scenario.id
        assert all(bool(block.text) == (block.by in ("customer", "agent", "note")) for block in scenario.blocks), scenario.id


def test_a_naive_time_and_an_unknown_language_are_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        build_company("en", seed=1, now=NOW.replace(tzinfo=None))
    with pytest.raises(FileNotFoundError):
        build_company("xx", seed=1, now=NOW)


@pytest.mark.parametrize(
    ("text", "gender", "filled"),
    [
        ("Till {k} broke", "m", "Till 3 broke"),
        ("{shop_cap} is shut", "m", "Main street is shut"),
        ("<Проверил|Проверила> кассу", "f", "Проверила кассу"),
        ("[only|only] so", "m", "only so"),
    ],
    ids=["blank", "capital", "gender", "choice"],
)
def test_texts_are_filled(text: str, gender: str, filled: str) -> None:
    blanks = {"k": "3", "shop": "main street"}
    assert fill(text, blanks, Random(1), "f" if gender == "f" else "m") == filled


def test_a_blank_nobody_knows_is_an_error() -> None:
    with pytest.raises(KeyError):
        fill("{unknown}", {}, Random(1))


def test_a_text_becomes_paragraphs_and_lists() -> None:
    assert to_html("Hi <you>,\nall\n\n1. one\n2. two\n\n- dot") == (
        "<p>Hi &lt;you&gt;,<br>all</p><ol><li>one</li><li>two</li></ol><ul><li>dot</li></ul>"
    )
