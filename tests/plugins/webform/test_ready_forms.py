"""The forms one can start from, each with a request form of everything it asks: filled in, sent, and kept apart."""

from __future__ import annotations

import io

import pytest
import sqlalchemy as sa

from plugdesk.forms.models import FieldKind
from plugdesk.forms.templates import TEMPLATES, create_from_template
from plugdesk.plugins.switch import enable_plugin
from plugdesk.tickets.models import Ticket
from plugdesk_webform.asking import asked_on
from plugdesk_webform.commands import RequestFormInput, add_request_form, usual_fields
from tests.plugins.webform.conftest import Visitor

ANSWERS = {
    "text": "Mill Lane 4", "long_text": "The neighbours drill at night.", "number": "34", "money": "120.50", "date": "2026-11-20",
    "date_time": "2026-11-20T10:00", "check": "1", "email": "ann@home.example", "phone": "+49 30 1234567", "link": "https://ann.example",
}  # fmt: skip


def open_request_form(session, runtime, admin, template, name, *, anonymous=False):
    form = create_from_template(session, template, name=name, by=None)
    enable_plugin(session, form, "webform", None, along=True)
    session.flush()
    ctx = runtime.context("webform", form, session)
    row = add_request_form(
        ctx, RequestFormInput(name, fields=usual_fields(form, anonymous=anonymous), anonymous=anonymous), by=admin
    )
    session.commit()
    return ctx, row


def answers(ctx, row):
    """A good answer to every question, also to those the answers bring."""
    typed: dict[str, object] = {}
    while True:
        asked = [each for each in asked_on(ctx, row, typed).questions if each.name not in typed]
        if not asked:
            return typed
        for each in asked:
            if each.kind == FieldKind.FILE:
                typed[each.name] = [(io.BytesIO(b"\x89PNG\r\n\x1a\n"), "photo.png")]
            else:
                typed |= {f"{each.name}-here": "1", each.name: each.choices[-1][0] if each.choices else ANSWERS[each.kind]}


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_request_form_of_each_ready_made_form_opens_a_ticket_with_every_answer(template, session, runtime, admin, app):
    ctx, row = open_request_form(session, runtime, admin, template, "Requests", anonymous=template == "feedback")
    typed = answers(ctx, row)
    visitor, path = Visitor(app), f"/p/{ctx.form.slug}/webform/{row.code}"
    fresh = {name: [(io.BytesIO(file.getvalue()), called) for file, called in each] if isinstance(each, list) else each for name, each in typed.items()}  # fmt: skip
    empty = visitor.send(path, {})
    assert empty.status_code == 422
    sent = visitor.send(path, fresh, files=True)
    assert sent.status_code == 303, sent.get_data(as_text=True)
    session.expire_all()
    ticket = session.scalars(sa.select(Ticket).where(Ticket.form_id == ctx.form.id)).one()
    asked = {each.code for each in asked_on(ctx, row, typed).questions if not each.code.startswith("@")}
    assert {code for code in asked if ticket.values.get(code) in (None, [], "")} == set()
    assert (ticket.customer.identities == []) == (template == "feedback")


def test_complaints_of_two_sites_come_to_two_forms_and_stay_apart(session, runtime, admin, app):
    sites = ["Mill Lane", "Castle Street"]
    for name in sites:
        ctx, row = open_request_form(session, runtime, admin, "complaint", name)
        assert Visitor(app).send(f"/p/{ctx.form.slug}/webform/{row.code}", answers(ctx, row), files=True).status_code == 303
    found = session.scalars(sa.select(Ticket).order_by(Ticket.id)).all()
    assert [ticket.form.name for ticket in found] == sites
