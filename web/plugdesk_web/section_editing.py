"""A section as the form builder edits it, and how the builder groups what there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import request
from sqlalchemy.orm import Session

from plugdesk.forms.facts import offered_facts
from plugdesk.forms.models import Field, Form
from plugdesk.forms.rules import sections_of
from plugdesk.i18n import gettext as _
from plugdesk_web.conditions import EditedCondition, edit_condition, typed_condition, words_of_condition
from plugdesk_web.current import db


@dataclass(frozen=True)
class SectionDraft:
    """What stands in the editor of one section. `code` is empty for one that is being added."""

    code: str
    title: str
    when: EditedCondition

    def given(self) -> dict[str, Any]:
        """The arguments of `add_section` and `change_section`."""
        return {"title": self.title, "visible_when": self.when.read()}

    def checked(self) -> SectionDraft:
        return replace(self, when=self.when.checked())


def section_asked(form: Form) -> SectionDraft | None:
    """The section the address names by `section`, or an empty one for `add-section`, in its editor."""
    section = form.section(request.args.get("section", ""))
    if section is not None:
        return section_draft(form, section)
    if request.args.get("add-section"):
        return SectionDraft("", "", edit_condition("visible_when", offered_facts(db(), form)))
    return None


def section_draft(form: Form, section: Mapping[str, Any]) -> SectionDraft:
    """The editor's content for a stored section."""
    when = edit_condition("visible_when", offered_facts(db(), form), section.get("visible_when"))
    return SectionDraft(section["code"], section["title"], when)


def section_typed(form: Form, code: str) -> SectionDraft:
    """The editor's content as a page sent it."""
    when = typed_condition("visible_when", offered_facts(db(), form), request.form)
    return SectionDraft(code, request.form.get("title", ""), when)


def groups_of_builder(form: Form) -> Iterator[tuple[dict[str, Any] | None, list[Field]]]:
    """Every section with its fields; the place above the first one too, as fields can be put there."""
    groups = list(sections_of(form))
    if not groups or groups[0][0] is not None:
        yield None, []
    yield from groups


def section_title(form: Form, code: str) -> str:
    section = form.section(code)
    return str(section["title"]) if section else _("Above the sections")


def words_of(session: Session, form: Form) -> dict[str, str]:
    """The stored conditions in words, by "field.CODE" and "section.CODE"."""
    stored = {f"field.{each.code}": each.visible_when for each in form.fields if each.visible_when}
    stored |= {f"section.{each['code']}": each["visible_when"] for each in form.sections if each.get("visible_when")}
    facts = offered_facts(session, form) if stored else {}
    return {name: words_of_condition(raw, facts) for name, raw in stored.items()}
