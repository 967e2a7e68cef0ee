"""What stands in the controls of an action's page, in words: yours beside what somebody else has saved meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from plugdesk.api import Context, Form
from plugdesk.api import gettext as _
from plugdesk_web.api import EditedField, chosen_words, yes_or_no
from plugdesk_workflow.controls import ICONS, choices_for
from plugdesk_workflow.editing import LINK, AskRow, LetterRow, Typed

Said = Iterator[tuple[str, str]]


def in_words(ctx: Context, form: Form, typed: Typed) -> dict[str, str]:
    """Each control's label with what stands in it. Labels are the same for every action of the form, but for its asks and letters."""
    offered = choices_for(ctx, form, typed)
    parts = (
        _itself(typed, offered),
        _when(typed, offered),
        _asks(typed, offered),
        _does(typed, offered),
        _letters(typed, offered),
    )
    return {label: words for part in parts for label, words in part}


def _itself(typed: Typed, offered: Any) -> Said:
    yield _("Name of the action"), typed.name
    for code, label in offered["languages"]:
        yield label, typed.names.get(code, "")
    yield _("Sign"), str(ICONS.get(typed.icon, typed.icon))
    yield _("Offered in the statuses"), chosen_words(offered["statuses"], typed.statuses)
    everybody = (
        (typed.agents, _("Every agent who has the right to it")),
        (typed.assignee, _("Whom the ticket is assigned to")),
        (typed.customer, _("The customer, in the portal")),
    )
    who = [words for may, words in everybody if may] + [chosen_words(offered["groups"], each) for each in typed.groups]
    yield _("Who may run it"), chosen_words((), who)
    yield _("The action is on"), yes_or_no(typed.is_on)


def _when(typed: Typed, offered: Any) -> Said:
    words = [chosen_words(offered["moments"], typed.when)]
    if typed.when:
        hours = [chosen_words(offered["hours"], typed.hours)] if typed.hours else []
        words = [typed.amount.strip(), chosen_words(offered["units"], typed.unit), *words, *hours]
    yield _("Run it by itself"), " ".join(words)


def _asks(typed: Typed, offered: Any) -> Said:
    choices = [choice for _heading, listed in offered["asked"] for choice in listed]
    for number, row in enumerate(typed.asks, start=1):
        yield _("What is asked for, line %(number)d", number=number), "\n".join(_asked(row, choices))


def _asked(row: AskRow, choices: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield chosen_words(choices, row.what)
    if row.label.strip() and not row.what.startswith("field:"):
        yield row.label
    if row.required:
        yield _("must be given")
    if row.own_kind and row.choices.strip():
        yield row.choices


def _does(typed: Typed, offered: Any) -> Said:
    yield _("New status"), chosen_words(offered["to_statuses"], typed.status)
    assignments = [choice for _heading, listed in offered["assignments"] for choice in listed]
    yield _("Assign it to"), _under(offered["assignments"], typed.assignment) or chosen_words(assignments, typed.assignment)
    fields = _("Set fields")
    for each in offered["controls"]:
        yield f"{fields}: {each.label}", _held(each)
    yield _("Watchers"), chosen_words(offered["people"], typed.watchers)
    yield _("Put on"), chosen_words(offered["tag_choices"], typed.add_tags)
    yield _("Take off"), chosen_words(offered["tag_choices"], typed.remove_tags)
    yield _("Keep a note"), typed.note
    subtask = _("Ask colleagues in a subtask")
    asked = {
        _("Whom"): chosen_words(offered["colleagues"], typed.subtask_to),
        _("Group"): chosen_words(offered["asked_groups"], typed.subtask_group),
        _("What about"): typed.subtask_subject, _("Text"): typed.subtask_body,
    }  # fmt: skip
    for label, words in asked.items():
        yield f"{subtask}: {label}", words
    for step in offered["steps"]:
        on = step["code"] in typed.steps
        yield step["title"], yes_or_no(on)
        for each in step["options"] if on else ():
            yield f"{step['title']}: {each.label}", _held(each)
    yield _("When it closes the ticket, send no closing notice"), yes_or_no(typed.quietly)
    yield _("Put the ticket into the bin"), yes_or_no(typed.delete)


def _letters(typed: Typed, offered: Any) -> Said:
    for number, row in enumerate(typed.letters, start=1):
        letter = _("Letter %(number)d", number=number)
        for label, words in _letter(row, offered):
            yield f"{letter}: {label}", words


def _letter(row: LetterRow, offered: Any) -> Said:
    yield _("To"), chosen_words(offered["recipients"], [*row.to, row.addresses.strip()])
    yield _("Subject"), row.subject
    yield _("Text"), row.body
    yield _("What the customer gets of it"), chosen_words(offered["holds"], LINK) if row.link else ""
    yield _("With the files that were attached"), _("Yes") if row.files else ""


def _under(headings: Sequence[tuple[str, Sequence[tuple[str, str]]]], chosen: str) -> str:
    """A choice with the heading it stands under, where it has one: a group's name says little without."""
    found = ((heading, label) for heading, listed in headings if heading for code, label in listed if code == chosen)
    return next((f"{heading}: {label}" for heading, label in found), "")


def _held(control: EditedField) -> str:
    if control.kind == "check":
        return yes_or_no(control.value)
    return chosen_words(control.choices, control.value)
