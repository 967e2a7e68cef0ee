"""Ready-made processes: actions, and the statuses they need, that an admin adds to a form with a press and changes at will."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from plugdesk.api import (
    LANGUAGES,
    Context,
    FieldKind,
    Form,
    NotFound,
    Status,
    StatusKind,
    User,
    add_status,
    current_language,
    lazy_gettext,
    use_language,
)
from plugdesk.api import gettext as _
from plugdesk_workflow.commands import ActionInput, add_action
from plugdesk_workflow.definition import Ask, AskKind, Assignment, Definition, Does, How, Letter, Recipient, Who
from plugdesk_workflow.models import Action
from plugdesk_workflow.rights import actions_of

NEW, OPEN, PENDING, RESOLVED, CLOSED = StatusKind
Place = StatusKind | str
"""Where an action is offered or leads: the form's statuses of a kind (the first of them, to lead there), or one the process adds."""


@dataclass(frozen=True)
class Step:
    """An action of a process."""

    name: Any
    icon: str
    places: Sequence[Place]
    to: Place | None = None
    asks: Sequence[Ask] = ()
    how: How = How.LEAVE
    letters: Sequence[tuple[Recipient, Any]] = ()
    quietly: bool = False
    assignee_only: bool = False


@dataclass(frozen=True)
class Process:
    """A process: `statuses` are those it adds, by a name of its own, with their name on the form and kind."""

    code: str
    name: Any
    about: Any
    steps: Sequence[Step]
    statuses: Sequence[tuple[str, Any, StatusKind]] = ()


def add_process(ctx: Context, code: str, *, by: User) -> list[Action]:
    """Add the actions of a process to the form, in the form's language; those it has by the same name stay as they are.

    Raises `NotFound` for a process there is not, and what adding a status or an action raises.
    """
    form, process = ctx.form, next((each for each in PROCESSES if each.code == code), None)
    assert form is not None, "Workflow is switched on for forms."
    if process is None:
        raise NotFound(_("There is no such process."))
    with use_language(form.language or current_language()):
        known = {each.name for each in actions_of(ctx)}
        added = {name: _status(ctx, form, title, kind, by) for name, title, kind in process.statuses}
        inputs = [_input(form, each, added) for each in process.steps]
        return [add_action(ctx, each, by=by) for each in inputs if each.statuses and each.name not in known]


def _status(ctx: Context, form: Form, title: Any, kind: StatusKind, by: User) -> Status:
    """The form's status of this name and kind; a new one where it has none."""
    name = str(title)
    found = next((each for each in form.statuses if each.name == name and each.kind is kind), None)
    return found or add_status(ctx.db, form, name=name, kind=kind, names=_in_each_language(title), by=by)


def _input(form: Form, step: Step, added: dict[str, Status]) -> ActionInput:
    own = {each.code for each in added.values()}
    offered_in = [
        each.code for place in step.places for each in _at(form, place, added) if place in added or each.code not in own
    ]
    after = next(iter(_at(form, step.to, added)), None) if step.to is not None else None
    letters = tuple(
        Letter((str(to),), str(body), "" if to is Recipient.CUSTOMER else _LETTER_SUBJECT) for to, body in step.letters
    )
    asks = tuple(Ask(each.kind, each.required, each.code, str(each.label), each.field_kind) for each in step.asks)
    does = Does(status=after.code if after else "", assignment=Assignment(step.how), quietly=step.quietly)
    who = Who(agents=not step.assignee_only, assignee=step.assignee_only)
    definition = Definition(who, asks, does, letters)
    return ActionInput(str(step.name), offered_in, step.icon, definition=definition, names=_in_each_language(step.name))


def _in_each_language(words: Any) -> dict[str, str]:
    found = {}
    for language in LANGUAGES:
        with use_language(language):
            found[language] = str(words)
    return found


def _at(form: Form, place: Place, added: dict[str, Status]) -> list[Status]:
    return [added[place]] if place in added else [each for each in form.statuses if each.kind == place]


_LETTER_SUBJECT = "${ticket:number}: ${ticket:subject}"
_TEXT = Ask(AskKind.TEXT, required=True, label=lazy_gettext("Text"))
_ANSWER = Ask(AskKind.TEXT, required=True, label=lazy_gettext("Answer to the customer"))
_FILES = Ask(AskKind.FILES, label=lazy_gettext("Files"))
_SAY = (Recipient.CUSTOMER, "<p>${action:text}</p>")

_ANSWER_AND_CLOSE = Step(
    lazy_gettext("Answer and close"), "check", (NEW, OPEN, PENDING), RESOLVED, (_ANSWER, _FILES), How.WHO_ACTS, (_SAY,)
)
_ASK_BACK = Step(lazy_gettext("Ask the customer"), "help", (NEW, OPEN), PENDING, (_ANSWER, _FILES), How.WHO_ACTS, (_SAY,))
_REOPEN = Step(lazy_gettext("Open again"), "play", (RESOLVED, CLOSED), OPEN, how=How.WHO_ACTS)
_FOR_GOOD = Step(lazy_gettext("Close for good"), "archive", (RESOLVED,), CLOSED)

PROCESSES: Sequence[Process] = (
    Process(
        "at_once", lazy_gettext("Answer at once"),
        lazy_gettext("Whoever reads a request answers it, asks back, or closes it."),
        (_ANSWER_AND_CLOSE, _ASK_BACK, _REOPEN, _FOR_GOOD),
    ),
    Process(
        "specialists", lazy_gettext("With specialists"),
        lazy_gettext("The one who talks to the customer hands questions to a specialist, who tells them what to answer."),
        (
            Step(
                lazy_gettext("Hand to a specialist"), "forward", (NEW, OPEN), "specialist", (_TEXT, _FILES), How.CHOSEN,
                ((Recipient.ASSIGNEE, "<p>${action:text}</p>"),),
            ),
            Step(lazy_gettext("Back with an answer"), "reply", ("specialist",), OPEN, (_TEXT, _FILES), How.CHOSEN, ((Recipient.ASSIGNEE, "<p>${action:text}</p>"),)),
            _ANSWER_AND_CLOSE, _ASK_BACK, _REOPEN, _FOR_GOOD,
        ),
        (("specialist", lazy_gettext("With a specialist"), OPEN),),
    ),
    Process(
        "lines", lazy_gettext("First and second line"),
        lazy_gettext("The first line answers what it can and hands the rest on; the second line answers, or hands it back."),
        (
            Step(
                lazy_gettext("To the second line"), "forward", (NEW, OPEN), "second", (_TEXT, _FILES), How.CHOSEN,
                ((Recipient.GROUP, "<p>${action:text}</p>"),),
            ),
            Step(lazy_gettext("Back to the first line"), "reply", ("second",), NEW, (_TEXT,), How.NOBODY),
            Step(lazy_gettext("Answer from the second line"), "send", ("second",), RESOLVED, (_ANSWER, _FILES), How.WHO_ACTS, (_SAY,)),
            _ANSWER_AND_CLOSE, _ASK_BACK, _REOPEN, _FOR_GOOD,
        ),
        (("second", lazy_gettext("Second line"), OPEN),),
    ),
    Process(
        "wishes", lazy_gettext("Wishes and criticism"),
        lazy_gettext("Thanks go out at once; criticism is answered after the supervisor has read it."),
        (
            Step(
                lazy_gettext("Thank for it"), "smile", (NEW, OPEN), RESOLVED, (), How.WHO_ACTS,
                ((Recipient.CUSTOMER, lazy_gettext("<p>Hello ${customer:name},</p><p>thank you for your words. We have read them and keep them in mind.</p>")),),
            ),
            Step(
                lazy_gettext("Show it to the supervisor"), "flag", (NEW, OPEN), OPEN, (_TEXT,), How.CHOSEN,
                ((Recipient.SUPERVISOR, "<p>${action:text}</p>"),),
            ),
            _ANSWER_AND_CLOSE, _ASK_BACK, _REOPEN, _FOR_GOOD,
        ),
    ),
    Process(
        "repair", lazy_gettext("Repair with payment"),
        lazy_gettext("A device is taken in, repaired, paid for and given back; the accountant sees only what waits for payment."),
        (
            Step(
                lazy_gettext("Take in"), "device", (NEW, OPEN, PENDING), "repair", (Ask(AskKind.OWN, True, "device", lazy_gettext("What was brought"), FieldKind.LONG_TEXT),),
                How.WHO_ACTS, ((Recipient.CUSTOMER, lazy_gettext("<p>Hello ${customer:name},</p><p>we have your device: ${action:device}. We will write when it is repaired.</p>")),),
            ),
            Step(
                lazy_gettext("Repaired"), "check", ("repair",), "payment",
                (_TEXT, Ask(AskKind.OWN, True, "amount", lazy_gettext("To be paid"), FieldKind.TEXT)), How.LEAVE,
                ((Recipient.CUSTOMER, lazy_gettext("<p>Hello ${customer:name},</p><p>your device is repaired:</p><p>${action:text}</p><p>To be paid: ${action:amount}</p>")),),
            ),
            Step(
                lazy_gettext("Cannot be repaired"), "x", ("repair",), RESOLVED, (_ANSWER,), How.LEAVE, (_SAY,),
            ),
            Step(
                lazy_gettext("Payment received"), "money", ("payment",), RESOLVED, (), How.LEAVE,
                (
                    (Recipient.CUSTOMER, lazy_gettext("<p>Hello ${customer:name},</p><p>your payment has arrived. The device is ready for you.</p>")),
                    (Recipient.ASSIGNEE, lazy_gettext("<p>It is paid for and can be given out.</p>")),
                ),
            ),
            Step(lazy_gettext("Given out"), "package", (RESOLVED,), CLOSED),
            _ASK_BACK, _REOPEN,
        ),
        (("repair", lazy_gettext("In repair"), OPEN), ("payment", lazy_gettext("Waiting for payment"), PENDING)),
    ),
)  # fmt: skip
