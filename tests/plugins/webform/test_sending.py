"""A request form from its page to the ticket: what it asks for, what it keeps, what it refuses with everything typed."""

from __future__ import annotations

import io

import pytest
import sqlalchemy as sa

from plugdesk.errors import Invalid
from plugdesk.files import shown_inline
from plugdesk.forms.commands import add_field
from plugdesk.forms.field_commands import change_field
from plugdesk.tickets.attachments import NewFile
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import Identity, User
from plugdesk_webform.models import Submission
from plugdesk_webform.queries import request_forms
from plugdesk_webform.sending import read_request
from tests.plugins.webform.conftest import SHOP, Visitor, controls, token_in, words_of, worked

PATH = "/p/support/webform/a-question"
TYPED = {"name": "Ann Carter", "email": "Ann@Home.example", "subject": "The till beeps", "text": "It beeps twice."}


def tickets(session):
    session.expire_all()
    return list(session.scalars(sa.select(Ticket).order_by(Ticket.id)))


def test_a_request_form_opens_a_ticket_of_who_filled_it_in(visitor, request_form, session):
    request_form()
    sent = visitor.send(PATH, TYPED)
    assert sent.status_code == 303
    (ticket,) = tickets(session)
    assert (ticket.subject, ticket.channel, ticket.messages[0].text) == ("The till beeps", "webform", "It beeps twice.")
    assert (ticket.customer.name, ticket.customer.address("email")) == ("Ann Carter", "ann@home.example")
    thanks = visitor.get(sent.headers["Location"])
    assert f"Its number is {ticket.number}" in words_of(thanks)


def test_no_page_of_it_sets_a_cookie(visitor, request_form):
    request_form()
    page = visitor.get(PATH)
    sent = visitor.send(PATH, TYPED)
    refused = visitor.send(PATH, {**TYPED, "text": ""})
    for answer in (page, sent, refused, visitor.get(sent.headers["Location"]), visitor.get("/p/support/webform/")):
        assert "Set-Cookie" not in answer.headers


def test_a_refusal_names_every_mistake_and_keeps_what_was_typed(visitor, request_form, session):
    request_form()
    refused = visitor.send(PATH, {"name": "Ann", "email": "nowhere", "subject": "", "text": "It beeps."})
    assert refused.status_code == 422
    assert controls(refused) | {"field-priority": ""} == {
        "name": "Ann", "email": "nowhere", "subject": "", "text": "It beeps.", "field-priority": ""
    }  # fmt: skip
    assert "name@example.org" in words_of(refused)
    assert "Fill in “Subject”" in words_of(refused)
    assert tickets(session) == []


def test_the_same_page_sent_twice_opens_one_ticket_and_thanks_twice(visitor, request_form, session):
    request_form()
    token = visitor.token(PATH)
    first, second = (visitor.send(PATH, TYPED, token=token) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert len(tickets(session)) == 1


def test_fields_stand_in_the_order_and_number_that_were_chosen(visitor, request_form, webform):
    form = webform.form
    for label in ("Room", "Floor", "House"):
        add_field(form_session(form), form, kind="text", label=label, by=None)
    form_session(form).commit()
    request_form(fields=[{"code": "house", "must": True}, {"code": "@text"}, {"code": "room"}])
    assert list(controls(visitor.get(PATH))) == ["field-house", "text", "field-room"]
    refused = visitor.send(PATH, {"text": "x"})
    assert "Fill in “House”" in words_of(refused)


def form_session(form):
    return sa.orm.object_session(form)


def test_what_the_form_itself_requires_is_asked_wherever_it_was_not_chosen(visitor, request_form, session, form):
    field = add_field(session, form, kind="text", label="Contract", by=None)
    change_field(session, form, field, {"required": True}, by=None)
    session.commit()
    request_form(fields=[{"code": "@text", "must": True}])
    assert "field-contract" in controls(visitor.get(PATH))
    assert "Fill in “Contract”" in words_of(visitor.send(PATH, {"text": "x", "field-contract-here": "1"}))
    assert visitor.send(PATH, {"text": "x", "field-contract-here": "1", "field-contract": "17"}).status_code == 303
    assert tickets(session)[0].values["contract"] == "17"


@pytest.mark.parametrize("kind", ["person", "group", "customer"])
def test_nobody_reads_who_works_here_though_the_form_requires_it(visitor, request_form, session, form, kind, agent):
    add_field(session, form, kind=kind, label="Consultant", required=True, by=None)
    session.commit()
    request_form()
    page = visitor.get(PATH)
    assert "field-consultant" not in controls(page)
    assert agent.name not in page.get_data(as_text=True)
    guessed = {"field-consultant-here": "1", "field-consultant": str(agent.id)}
    assert visitor.send(PATH, {**TYPED, **guessed}).status_code == 303
    assert tickets(session)[0].values.get("consultant") is None


@pytest.fixture
def delivery(session, form):
    """Support asks how the till comes, and where it is only of those who want a courier."""
    options = [{"code": "bring", "label": "Bring"}, {"code": "courier", "label": "Courier"}]
    add_field(session, form, kind="choice", label="Delivery", choices=options, by=None)
    where = add_field(session, form, kind="text", label="Address", by=None)
    when = {"fact": "field.delivery", "is": "courier"}
    change_field(session, form, where, {"visible_when": when, "required": True}, by=None)
    secret = add_field(session, form, kind="text", label="Costs", by=None)
    change_field(session, form, secret, {"agent_only": True}, by=None)
    session.commit()


def test_questions_follow_the_answers_also_without_script(visitor, request_form, delivery, session):
    request_form()
    assert "field-address" not in controls(visitor.get(PATH))
    courier = {"field-delivery-here": "1", "field-delivery": "courier"}
    assert "field-address" in controls(visitor.post(f"{PATH}/fields", courier))
    assert "field-address" in controls(visitor.post(PATH, {**TYPED, **courier, "asked": "1", "token": visitor.token(PATH)}))
    assert "Fill in “Address”" in words_of(visitor.send(PATH, {**TYPED, **courier}))
    hidden = {"field-delivery-here": "1", "field-delivery": "bring", "field-address-here": "1", "field-address": "Elsewhere"}
    secret = {"field-costs-here": "1", "field-costs": "0"}
    answer = visitor.send(PATH, {**TYPED, **hidden, **secret})
    assert answer.status_code == 303
    assert {code: tickets(session)[0].values.get(code) for code in ("delivery", "address", "costs")} == {
        "delivery": "bring", "address": None, "costs": None,
    }  # fmt: skip


def test_a_link_fills_in_what_is_asked_and_nothing_that_is_not(visitor, request_form, delivery):
    request_form()
    page = visitor.get(f"{PATH}?subject=Repair&delivery=courier&address=Mill+Lane&costs=0&email=ann@home.example&token=x&work=1")
    assert controls(page) | {"field-priority": ""} == {
        "name": "", "email": "ann@home.example", "subject": "Repair", "text": "", "field-priority": "",
        "field-delivery": "courier", "field-address": "Mill Lane",
    }  # fmt: skip


def test_a_default_that_was_emptied_stays_empty_on_a_page_that_comes_back(visitor, request_form, session, form):
    add_field(session, form, kind="text", label="Room", default="Hall", by=None)
    session.commit()
    request_form()
    assert controls(visitor.get(PATH))["field-room"] == "Hall"
    refused = visitor.send(PATH, {**TYPED, "text": "", "field-room-here": "1", "field-room": ""})
    assert controls(refused)["field-room"] == ""


def test_files_with_lying_names_and_types_are_kept_for_what_they_are(visitor, request_form, session, form):
    add_field(session, form, kind="file", label="Photos", by=None)
    session.commit()
    request_form(fields=[{"code": "@text", "must": True}, {"code": "photos", "must": True}])
    lying = [
        (io.BytesIO(b"MZ\x90\x00"), "../../photo\u202egnp.exe", "image/png"),
        (io.BytesIO(b"<script>alert(1)</script>"), "cat.jpg", "text/html"),
    ]
    assert "Fill in “Photos”" in words_of(visitor.send(PATH, {"text": "x"}))
    assert visitor.send(PATH, {"text": "x", "field-photos": lying}, files=True).status_code == 303
    kept = {each.name: each.type for each in tickets(session)[0].messages[0].attachments}
    assert kept.keys() == {"photognp.exe", "cat.jpg"}
    assert kept["photognp.exe"] == "application/vnd.microsoft.portable-executable"
    assert not any(shown_inline(each) for each in kept.values())


def test_too_many_and_too_large_files_are_refused_by_name(visitor, request_form, session, form, enable):
    enable("webform", files=2, file_mb=1)
    add_field(session, form, kind="file", label="Photos", by=None)
    session.commit()
    request_form(fields=[{"code": "@text"}, {"code": "photos"}])
    three = [(io.BytesIO(b"x"), f"{number}.txt") for number in range(3)]
    assert "At most 2 files" in words_of(visitor.send(PATH, {"field-photos": three}, files=True))
    large = {"photos": [NewFile("film.mov", b"x" * (1024 * 1024 + 1))]}
    with pytest.raises(Invalid) as refused:
        read_request(enable("webform"), request_form("Another"), {}, large)
    assert "film.mov is larger than 1 MB" in refused.value.problems["field-photos"]
    assert tickets(session) == []


def test_the_page_promises_no_more_files_than_the_desk_takes(visitor, request_form, session, form, runtime, enable):
    object.__setattr__(runtime.settings, "max_upload_mb", 2)
    ctx = enable("webform", files=10, file_mb=10)
    for label in ("Photos", "Papers"):
        add_field(session, form, kind="file", label=label, by=None)
    session.commit()
    row = request_form(fields=[{"code": "@text"}, {"code": "photos"}, {"code": "papers"}])
    assert "Up to 10 files of at most 2 MB each, 2 MB in all." in words_of(visitor.get(PATH))
    half = b"x" * (1024 * 1024 + 1)
    with pytest.raises(Invalid) as refused:
        read_request(ctx, row, {}, {"photos": [NewFile("a.txt", half)], "papers": [NewFile("b.txt", half)]})
    assert refused.value.problems == {"field-photos": "All files together are larger than 2 MB."}


def test_each_ticket_keeps_the_text_that_was_agreed_to(visitor, request_form, session, webform, admin):
    from plugdesk_webform.commands import RequestFormInput, change_request_form

    row = request_form(consent="We keep your data for a year.")
    assert "Agree to the text" in words_of(visitor.send(PATH, TYPED))
    before = visitor.token(PATH)
    assert visitor.send(PATH, {**TYPED, "consent": "1"}).status_code == 303
    given = RequestFormInput(row.title, fields=row.fields, consent="We keep your data for two years.")
    change_request_form(webform, row, given, by=admin, version=row.version)
    session.commit()
    changed = visitor.send(PATH, {**TYPED, "consent": "1"}, token=before)
    assert "The text has changed" in words_of(changed)
    assert "two years" in words_of(changed)
    assert visitor.send(PATH, {**TYPED, "consent": "2"}).status_code == 303
    agreed = [text for (text,) in session.execute(sa.text(
        "SELECT text FROM webform_consent JOIN webform_submission ON consent_id = webform_consent.id ORDER BY webform_submission.id"
    ))]  # fmt: skip
    assert agreed == ["We keep your data for a year.", "We keep your data for two years."]


def test_an_anonymous_form_keeps_nothing_of_who_sent_it(visitor, request_form, session, runtime):
    request_form(anonymous=True, sites=SHOP)
    assert "This form is anonymous" in words_of(visitor.get(PATH))
    where = {"headers": {"Referer": f"{SHOP}/staff/ann"}}
    token = visitor.token(f"{PATH}?_embed=1&_page={SHOP}/staff/ann", **where)
    sent = visitor.send(PATH, {**TYPED, "name": "Ann", "email": "ann@home.example"}, token=token, **where)
    assert sent.status_code == 303
    other = visitor.send(PATH, TYPED)
    assert other.status_code == 303
    first, second = tickets(session)
    assert first.customer_id == second.customer_id
    assert (first.customer.name, first.customer.identities) == ("Anonymous", [])
    assert session.scalars(sa.select(Identity)).all() == []
    kept = session.scalars(sa.select(Submission)).all()
    assert {(each.site, each.page) for each in kept} == {("", "")}
    everything = "\n".join(str(row) for table in all_rows(session) for row in table)
    assert visitor.address not in everything
    assert "ann@home" not in everything
    assert {key for (key,) in session.execute(sa.text("SELECT key FROM attempt"))} == {f"webform:{first.form_id}:form:anonymous"}


def all_rows(session):
    for name in sa.inspect(session.connection()).get_table_names():
        yield session.execute(sa.text(f'SELECT * FROM "{name}"')).all()


def test_a_program_that_fills_in_what_nobody_sees_is_thanked_and_nothing_is_kept(visitor, request_form, session):
    request_form()
    answer = visitor.send(PATH, {**TYPED, "homepage": "https://spam.example"})
    assert answer.status_code == 303
    assert "thanks" in answer.headers["Location"]
    assert tickets(session) == []


@pytest.mark.parametrize("kind", ["empty", "junk", "another's", "expired", "another host's", "changed"])
def test_a_page_with_a_wrong_token_is_shown_again_with_a_fresh_one(visitor, request_form, session, clock, kind):
    request_form()
    request_form("Another")
    token = visitor.token(PATH)
    wrong = {
        "empty": "", "junk": "*.*", "another's": visitor.token("/p/support/webform/another"), "expired": token,
        "another host's": token, "changed": f"{token[:-3]}AAA",
    }[kind]  # fmt: skip
    if kind == "expired":
        clock.advance(hours=25)
    typed = {"token": wrong, "work": worked(wrong), **TYPED}
    base = "https://other.example" if kind == "another host's" else "https://desk.example"
    answer = visitor.browser.post(PATH, data=typed, base_url=base)
    assert answer.status_code == 422
    assert controls(answer)["text"] == TYPED["text"]
    assert token_in(answer) not in ("", wrong)
    assert tickets(session) == []


def test_requests_from_one_connection_and_with_one_address_are_limited(app, request_form, session, enable, clock):
    enable("webform", per_hour=3, address_per_day=4)
    request_form()
    one, other = Visitor(app), Visitor(app, "2001:db8:5::1")
    answers = [one.send(PATH, TYPED).status_code for _ in range(4)]
    assert answers == [303, 303, 303, 429]
    neighbour = Visitor(app, "2001:db8:5::2")
    answers = [each.send(PATH, {**TYPED}) for each in (other, neighbour)]
    assert [each.status_code for each in answers] == [303, 429]
    assert "came with this e-mail address. Try again in 24 hours." in words_of(answers[1]), "it is not their connection"
    refused = one.send(PATH, TYPED)
    assert "Retry-After" in refused.headers
    assert controls(refused)["text"] == TYPED["text"]
    clock.advance(hours=1, minutes=1)
    assert one.send(PATH, {**TYPED, "email": "other@home.example"}).status_code == 303
    assert len(tickets(session)) == 5
    assert "203.0.113" not in str([row for table in all_rows(session) for row in table])


def test_whoever_is_over_a_days_limit_is_told_to_wait_before_what_they_sent_is_looked_at(visitor, request_form, enable, clock):
    enable("webform", per_hour=1, per_day=2)
    request_form()
    assert visitor.send(PATH, TYPED).status_code == 303
    clock.advance(hours=2)
    assert visitor.send(PATH, TYPED).status_code == 303
    clock.advance(hours=20)
    refused = visitor.send(PATH, {**TYPED, "email": "nowhere"})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) == pytest.approx(2 * 3600, abs=5)
    assert "Nothing was sent yet Too many requests came from your connection. Try again in 2 hours. What you wrote" in words_of(
        refused
    )


def test_who_cannot_work_over_plain_http_is_told_so_and_not_to_switch_on_scripts(visitor, request_form):
    request_form(anonymous=True)
    refused = visitor.browser.post(PATH, data={"token": visitor.token(PATH), **TYPED}, base_url="http://desk.example")
    assert refused.status_code == 422
    assert "begins with https://" in words_of(refused)


def test_where_it_is_off_or_unknown_there_is_no_page(visitor, request_form, editor, session, webform):
    row = request_form()
    assert visitor.get("/p/support/webform/nothing").status_code == 404
    editor.post(f"/forms/support/x/webform/forms/{row.id}/switch", data={"on": ""})
    assert visitor.get(PATH).status_code == 404
    assert visitor.send(PATH, TYPED, token="x").status_code == 404
    assert request_forms(webform, only_on=True) == []


def test_a_visitor_reads_the_page_in_their_language_or_the_forms_own(visitor, request_form):
    request_form()
    request_form("На русском", language="ru")
    assert 'lang="ru"' in visitor.get(PATH, headers={"Accept-Language": "ru"}).get_data(as_text=True)
    assert 'lang="ru"' in visitor.get(f"{PATH}?_lang=ru").get_data(as_text=True)
    assert 'lang="en"' in visitor.get(PATH, headers={"Accept-Language": "fi"}).get_data(as_text=True)
    assert 'lang="ru"' in visitor.get("/p/support/webform/na-russkom?_lang=en").get_data(as_text=True)


def test_whoever_leaves_no_address_is_a_customer_without_a_way_to_answer(visitor, request_form, session):
    request_form(fields=[{"code": "@text", "must": True}])
    assert visitor.send(PATH, {"text": "Just so you know."}).status_code == 303
    (ticket,) = tickets(session)
    assert (ticket.subject, ticket.customer.name) == ("Just so you know.", "Visitor")
    assert session.scalar(sa.select(sa.func.count()).select_from(User).where(User.id == ticket.customer_id)) == 1


def test_after_sending_a_form_may_lead_to_a_page_of_the_site(visitor, request_form):
    request_form(leads_to="https://shop.example/thanks")
    page = visitor.get(f"{PATH}/thanks").get_data(as_text=True)
    assert '<meta http-equiv="refresh" content="0; url=https://shop.example/thanks">' in page
    assert "evil" not in visitor.get(f"{PATH}/thanks?leads_to=https://evil.example&sent=7.x").get_data(as_text=True)
