"""Forms to start from, and forms made after another one."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.errors import NotFound
from plugdesk.forms.commands import add_field, add_section, set_responsible
from plugdesk.forms.copying import copy_form
from plugdesk.forms.models import FieldKind
from plugdesk.forms.rules import decide, refuse_circles
from plugdesk.forms.templates import TEMPLATES, create_from_template
from plugdesk.i18n import LANGUAGES
from plugdesk.plugins.settings import PluginSettings
from plugdesk.tickets.correspondence import Said, open_ticket
from plugdesk.users.queries import rights_on_form
from tests.factories import make_agent, make_customer, make_desk, make_form


@pytest.mark.parametrize("language", list(LANGUAGES))
@pytest.mark.parametrize("template", list(TEMPLATES))
def test_each_template_makes_a_form_that_works(session: Session, template: str, language: str) -> None:
    make_desk(session)
    form = create_from_template(session, template, name=TEMPLATES[template].name[language], by=None, language=language)
    refuse_circles(session, form)
    codes = [each.code for each in form.fields]
    assert len(codes) == len(set(codes))
    assert codes[0] == "priority"
    statuses = {each.code for each in form.statuses}
    for each in form.fields:
        assert {each.required_from, each.readonly_from} <= {None, *statuses}
        assert each.section == "" or form.section(each.section)
        assert not each.kind.has_choices or len(each.choices) > 1
        assert each.kind is not FieldKind.MONEY or each.choices
    for condition in [each.visible_when for each in form.fields] + [each["visible_when"] for each in form.sections]:
        assert condition is None or condition["fact"].removeprefix("field.") in codes
    assert decide(session, form, {}, status="new", facts={}).visible
    ticket = open_ticket(session, form, make_customer(session), subject="Hello", said=Said(text="Hello"), channel="email")
    assert ticket.status.code == "new"


def test_templates_speak_every_language(session: Session) -> None:
    for template in TEMPLATES.values():
        words = [template.name, template.about, *(each.label for each in template.questions)]
        words += [label for each in template.questions for _code, label in each.choices]
        words += [title for _code, title, _when in template.sections] + [names for _code, _kind, names in template.statuses]
        assert all(each.keys() == set(LANGUAGES) for each in words)


def test_what_is_no_template_makes_no_form(session: Session) -> None:
    make_desk(session)
    with pytest.raises(NotFound):
        create_from_template(session, "zebra", name="Zebra", by=None)


@pytest.mark.both_databases
def test_a_copy_has_everything_but_tickets_and_secrets(session: Session) -> None:
    make_desk(session)
    source = make_form(session, name="Repairs")
    anna = make_agent(session, source, name="Anna", is_admin=True)
    set_responsible(session, source, user=anna, by=None)
    add_section(session, source, title="Delivery", by=None, visible_when={"fact": "field.priority", "is": "high"})
    add_field(session, source, label="Address", kind="text", section="delivery", required_from="done", by=None)
    copy, waiting = copy_form(session, source, name="Repairs in Graz", by=None)
    assert [(each.code, each.section, each.required_from) for each in copy.fields] == [
        (each.code, each.section, each.required_from) for each in source.fields
    ]
    assert (copy.sections, copy.responsible_user_id, waiting) == (source.sections, anna.id, [])
    assert [(each.code, each.kind, each.name) for each in copy.statuses] == [
        (each.code, each.kind, each.name) for each in source.statuses
    ]
    assert {each.id for each in copy.fields}.isdisjoint({each.id for each in source.fields})
    assert [(holder, right.is_admin) for holder, right in rights_on_form(session, copy)] == [(anna, True)]
    assert session.scalar(sa.select(sa.func.count()).select_from(PluginSettings).where(PluginSettings.form_id == copy.id)) == 0
