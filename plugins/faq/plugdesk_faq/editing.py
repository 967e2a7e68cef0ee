"""What stands in the controls of an answer's page: stored, prefilled, or just typed; and the variables beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import request
from sqlalchemy.orm import Session

from plugdesk.api import Form, NotFound, User, known_variables, row_number, runtime_of, text_of_html
from plugdesk.api import gettext as _
from plugdesk_faq.commands import AnswerInput
from plugdesk_faq.models import Answer
from plugdesk_faq.rights import can_share_some, forms_to_share_on, forms_with_answers
from plugdesk_web.api import written_html


@dataclass(frozen=True)
class Typed:
    """The controls: `forms` are ids as text."""

    name: str = ""
    html: str = ""
    folder: str = ""
    shared: bool = False
    everywhere: bool = True
    forms: list[str] = field(default_factory=list)
    language: str = ""
    original: str = ""

    @property
    def text(self) -> str:
        """What the plain text area holds without script."""
        return text_of_html(self.html)


def stored(answer: Answer) -> Typed:
    """An answer as its page shows it first."""
    return Typed(
        answer.name, answer.body, str(answer.folder_id or ""), answer.is_shared, answer.everywhere,
        [str(each) for each in sorted(answer.form_ids)], answer.language, str(answer.original_id or ""),
    )  # fmt: skip


def blank(session: Session, user: User) -> Typed:
    """A new answer: shared where `user` may share with all, else on what they may, else their own."""
    shareable = forms_to_share_on(session, user)
    if user.is_admin or not shareable:
        return Typed(shared=user.is_admin)
    return Typed(everywhere=False, forms=[str(each.id) for each in shareable])


def typed() -> Typed:
    """What came with the request."""
    given = request.form
    return Typed(
        given.get("name", ""), written_html(), given.get("folder", ""), bool(given.get("shared")),
        given.get("where", "all") == "all", given.getlist("forms"), given.get("language", ""), given.get("original", ""),
    )  # fmt: skip


def input_of(given: Typed) -> AnswerInput:
    """The same for the command."""
    forms = [number for number in map(row_number, given.forms) if number is not None]
    return AnswerInput(
        given.name, given.html, row_number(given.folder), given.shared, given.everywhere, forms, given.language,
        row_number(given.original),
    )  # fmt: skip


def only_with_answers(session: Session, user: User) -> list[Form]:
    """The forms that `user` works on with the extension. Raises `NotFound` where there is none, as if it were off."""
    forms = forms_with_answers(session, user)
    if not forms:
        raise NotFound(_("There are no canned responses where you work."))
    return forms


def choices(session: Session, user: User, forms: list[Form]) -> dict[str, Any]:
    """What the page offers to choose from."""
    return {
        "may_share": can_share_some(session, user),
        "form_choices": [(str(each.id), each.name) for each in forms],
        "variables": _variables(session, forms),
    }


def _variables(session: Session, forms: list[Form]) -> list[tuple[str, str]]:
    known = {name for form in forms for name in known_variables(session, form)}
    namespaces = runtime_of(session).registry.variables
    return sorted(
        (f"${{{namespace}:{name}}}", _(str(about)))
        for namespace, found in namespaces.items()
        for name, about in found.names.items()
        if f"{namespace}:{name}" in known
    )
