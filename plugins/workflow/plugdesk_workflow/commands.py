"""Adding, changing, ordering and removing the actions of a form. Commands: they never commit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from plugdesk.api import (
    LANGUAGES,
    Conflict,
    Context,
    Field,
    FieldKind,
    Form,
    Group,
    Invalid,
    NotAllowed,
    NotFound,
    User,
    all_tags,
    can_configure,
    check_template,
    clean_template,
    copy_rows,
    free_code,
    is_email,
    known_variables,
    number_rows,
    read_step,
    read_value,
    rights_on_form,
    works_on,
)
from plugdesk.api import gettext as _
from plugdesk_workflow.customers import why_not_for_customers
from plugdesk_workflow.definition import (
    ADDRESS,
    FROM_GROUP,
    NOBODY,
    OWN_KINDS,
    PERSON_FIELD,
    Ask,
    AskKind,
    Definition,
    Does,
    How,
    Letter,
    Ordered,
    Recipient,
    plain,
)
from plugdesk_workflow.models import Action
from plugdesk_workflow.rights import actions_of
from plugdesk_workflow.running import hours_gone, why_not_automatic
from plugdesk_workflow.telling import LINK, OWN

MOST_ACTIONS, MOST_ASKS, MOST_LETTERS, LONGEST_NAME, MOST_AMOUNT = 200, 50, 20, 100, 9_999
TAKEN = frozenset({"name", "text", "files", "link"})


@dataclass(frozen=True)
class ActionInput:
    """An action as somebody described it. `statuses` are codes of those it is offered in, `names` its names by language."""

    name: str
    statuses: Sequence[str] = ()
    icon: str = ""
    is_on: bool = True
    definition: Definition = field(default_factory=Definition)
    names: Mapping[str, str] = field(default_factory=dict)


def add_action(ctx: Context, given: ActionInput, *, by: User) -> Action:
    """Add an action at the end of the form's. Raises `Invalid` by field."""
    form, rows = _form(ctx, by), actions_of(ctx)
    if len(rows) >= MOST_ACTIONS:
        raise Invalid(_("A form can have %(most)s actions. Remove some that are not needed any more.", most=MOST_ACTIONS))
    checked = _checked(ctx, form, given)
    code = free_code(checked.name, {each.code for each in rows} | _named_in_rights(ctx, form), otherwise="action")
    row = Action(form_id=form.id, code=code, position=rows[-1].position + 1 if rows else 0)
    _write(ctx, row, checked)
    ctx.db.add(row)
    ctx.db.flush()  # the action's id, for the journal
    _journal(ctx, "action_added", row, by, _("Added the action “%(action)s”", action=row.name))
    return row


def copy_actions(ctx: Context, source: Form) -> None:
    """Take the actions of `source` along to the form of `ctx`, a copy of it. Codes stay: its rights name the same actions."""
    for row in copy_rows(ctx, Action, source):
        row.last_given_id, row.automatic_since = None, ctx.now if row.automatic is not None else None


def _named_in_rights(ctx: Context, form: Form) -> set[str]:
    """Codes that rights of the form name, also of actions that are gone: a new one is not theirs to run by its name alone."""
    named = (code for _holder, right in rights_on_form(ctx.db, form) for code in right.actions or ())
    return {code.removeprefix("workflow:") for code in named}


def change_action(ctx: Context, row: Action, given: ActionInput, *, by: User, version: int | None) -> Action:
    """Change an action; its code stays. `Conflict` when somebody else has changed it since the page was shown."""
    form = _form(ctx, by)
    if version != row.version:
        raise Conflict(_("Somebody else has changed this action meanwhile. Look at it again before you save."))
    _write(ctx, row, _checked(ctx, form, given))
    _journal(ctx, "action_changed", row, by, _("Changed the action “%(action)s”", action=row.name))
    return row


def switch_action(ctx: Context, row: Action, *, on: bool, by: User) -> Action:
    """Offer an action, or let it rest."""
    _form(ctx, by)
    row.is_on = on
    if row.automatic is not None:
        _count_anew(ctx, row)
    said = (
        _("Switched the action “%(action)s” on", action=row.name)
        if on
        else _("Switched the action “%(action)s” off", action=row.name)
    )
    _journal(ctx, "action_switched", row, by, said)
    return row


def remove_action(ctx: Context, row: Action, *, by: User) -> None:
    """Take an action away; what it did to tickets stays."""
    _form(ctx, by)
    _journal(ctx, "action_removed", row, by, _("Removed the action “%(action)s”", action=row.name))
    ctx.db.delete(row)


def put_in_order(ctx: Context, order: Sequence[str], *, by: User) -> None:
    """The actions with these ids, in this order, on the places they have together; others stay where they are."""
    _form(ctx, by)
    rows = actions_of(ctx)
    known = {str(each.id): each for each in rows}
    moved = [known[each] for each in dict.fromkeys(order) if each in known]
    after = iter(moved)
    number_rows([next(after) if each in moved else each for each in rows])
    if moved:
        _journal(ctx, "actions_ordered", moved[0], by, _("Put the actions of the form in order"))


def action_here(ctx: Context, action_id: int) -> Action:
    """The form's action with this id; `NotFound` for another form's."""
    found = ctx.db.get(Action, action_id)
    if found is None or ctx.form is None or found.form_id != ctx.form.id:
        raise NotFound(_("There is no such action any more."))
    return found


def _form(ctx: Context, by: User) -> Form:
    assert ctx.form is not None, "Workflow is switched on for forms."
    if not can_configure(ctx.db, by, ctx.form):
        raise NotAllowed(_("Only administrators of the form may change its actions."))
    return ctx.form


def _write(ctx: Context, row: Action, given: ActionInput) -> None:
    timing = _timing(row)
    row.name, row.icon, row.is_on, row.statuses = given.name, given.icon, given.is_on, list(given.statuses)
    row.names = dict(given.names)
    for name, value in plain(given.definition).items():
        setattr(row, name, value)
    if timing != _timing(row):
        _count_anew(ctx, row)


def _timing(row: Action) -> object:
    """What decides when the action runs by itself; another text of its letter does not."""
    return (row.automatic, row.is_on, row.statuses) if row.automatic is not None else None


def _count_anew(ctx: Context, row: Action) -> None:
    """It runs by itself for what happens from now on; all timers of the form are set anew."""
    row.automatic_since = ctx.now if row.automatic is not None else None
    ctx.enqueue("arm_all", key="all")


def _journal(ctx: Context, kind: str, row: Action, by: User, said: str) -> None:
    ctx.journal(kind, actor=by, action_id=row.id, name=row.name, said=said)


def _checked(ctx: Context, form: Form, given: ActionInput) -> ActionInput:
    """`given` tidied: templates cleaned, statuses in the form's order. Raises `Invalid` by field."""
    problems: dict[str, str] = {}
    name = " ".join(given.name.split())
    if not name or len(name) > LONGEST_NAME:
        problems["name"] = _("Give the action a name of at most %(most)s characters, like “Payment received”.", most=LONGEST_NAME)
    names = {code: " ".join(words.split()) for code, words in given.names.items() if code in LANGUAGES and words.strip()}
    if any(len(each) > LONGEST_NAME for each in names.values()):
        problems["names"] = _("A name has at most %(most)s characters.", most=LONGEST_NAME)
    statuses = [each.code for each in form.statuses if each.code in given.statuses]
    if set(given.statuses) - set(statuses):
        problems["statuses"] = _("One of the statuses is gone. Reload the page.")
    elif not statuses:
        problems["statuses"] = _("Choose the statuses in which the action is offered.")
    definition = given.definition
    if any(ctx.db.get(Group, each) is None for each in definition.who.groups):
        problems["who"] = _("One of the groups is gone. Reload the page.")
    elif definition.who == NOBODY and definition.automatic is None:
        problems["who"] = _("Say who may run the action.")
    elif sentence := why_not_for_customers(form, definition):
        problems["who"] = sentence
    _check_asks(form, definition.asks, problems)
    _check_automatic(ctx, form, definition, problems)
    does = _with_steps(ctx, form, definition.does, problems)
    does = replace(does, note=clean_template(does.note), subtask_body=clean_template(does.subtask_body))
    letters = tuple(
        replace(each, body=clean_template(each.body), link=each.link and each.to_customer) for each in definition.letters
    )
    definition = replace(definition, does=does, letters=letters)
    _check_does(ctx, form, does, problems)
    _check_letters(form, letters, problems)
    _check_templates(ctx, form, definition, problems)
    if problems:
        raise Invalid(problems=problems)
    icon = given.icon if re.fullmatch(r"[a-z0-9-]{0,40}", given.icon) else ""
    return ActionInput(name, statuses, icon, given.is_on, definition, names)


def _check_asks(form: Form, asks: Sequence[Ask], problems: dict[str, str]) -> None:
    codes = [each.code or str(each.kind) for each in asks]
    if len(asks) > MOST_ASKS:
        problems["asks"] = _("An action can ask for %(most)s things at most.", most=MOST_ASKS)
    elif len(set(codes)) != len(codes):
        problems["asks"] = _("Each thing can be asked for once.")
    for number, ask in enumerate(asks):
        name = f"asks-{number}"
        if ask.kind is AskKind.FIELD:
            asked = form.field(ask.code)
            if asked is None:
                problems[name] = _("The form has no such field any more.")
            elif asked.kind is FieldKind.FILE:
                problems[name] = _("Ask for files instead of a field for files.")
        elif ask.kind is AskKind.OWN:
            if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", ask.code) or ask.code in TAKEN:
                problems[name] = _("A code is written in small Latin letters, figures and _, like “invoice”.")
            elif not ask.label.strip():
                problems[name] = _("Say what is asked for.")
            elif ask.field_kind not in OWN_KINDS:
                problems[name] = _("An action cannot ask for this kind of value.")
            elif ask.field_kind.has_choices and not ask.choices:
                problems[name] = _("Say what can be chosen.")


def _check_automatic(ctx: Context, form: Form, definition: Definition, problems: dict[str, str]) -> None:
    automatic = definition.automatic
    if automatic is None:
        return
    if not 0 <= automatic.amount <= MOST_AMOUNT:
        problems["automatic"] = _("Give a whole number from 0 to %(most)s.", most=MOST_AMOUNT)
    elif sentence := why_not_automatic(form, definition) or hours_gone(ctx, definition):
        problems["automatic"] = sentence


def _check_does(ctx: Context, form: Form, does: Does, problems: dict[str, str]) -> None:
    if does.status and form.status(does.status) is None:
        problems["status"] = _("The status this action leads to is gone. Choose another.")
    assignment = does.assignment
    if assignment.how is How.PERSON and not works_on(ctx.db, assignment.person, form):
        problems["assignment"] = _("Choose somebody who works on “%(form)s”.", form=form.name)
    elif assignment.how in FROM_GROUP and ctx.db.get(Group, assignment.group or 0) is None:
        problems["assignment"] = _("Choose one of the groups.")
    if any(not works_on(ctx.db, each, form) for each in does.watchers):
        problems["watchers"] = _("Choose people who work on “%(form)s”.", form=form.name)
    known = {tag.code for tag in all_tags(ctx.db)} if does.add_tags or does.remove_tags else set()
    for name, codes in (("add_tags", does.add_tags), ("remove_tags", does.remove_tags)):
        if not known.issuperset(codes):
            problems[name] = _("Choose among the tags there are.")
    if does.asks_colleagues:
        if does.subtask_group is not None and ctx.db.get(Group, does.subtask_group) is None:
            problems["subtask"] = _("Choose one of the groups.")
        elif does.subtask_to is not None and not works_on(ctx.db, does.subtask_to, form):
            problems["subtask"] = _("Choose somebody who works on “%(form)s”.", form=form.name)
        elif not does.subtask_subject.strip():
            problems["subtask"] = _("Say what the colleague is asked.")
    for code, raw in does.values.items():
        asked: Field | None = form.field(code)
        if asked is None or asked.kind is FieldKind.FILE:
            problems[f"value-{code}"] = _("The form has no such field any more.")
            continue
        try:
            read_value(asked, raw, ctx.db)
        except Invalid as refused:
            problems[f"value-{code}"] = str(refused)


def _with_steps(ctx: Context, form: Form, does: Does, problems: dict[str, str]) -> Does:
    """`does` with the options of its steps read."""
    steps = []
    for ordered in does.steps:
        try:
            steps.append(Ordered(ordered.code, read_step(ctx.db, form, ordered.code, ordered.options)))
        except NotFound:
            problems["steps"] = _("The extension that is to do this is off here. Switch it on first, or untick it.")
        except Invalid as refused:
            problems |= {f"step-{ordered.code}-{name}": problem for name, problem in refused.problems.items()}
    return replace(does, steps=tuple(steps))


def _check_letters(form: Form, letters: Sequence[Letter], problems: dict[str, str]) -> None:
    if len(letters) > MOST_LETTERS:
        problems["letters"] = _("An action can write %(most)s letters at most.", most=MOST_LETTERS)
    for number, letter in enumerate(letters):
        if not letter.to:
            problems[f"letters-{number}-to"] = _("Say whom the letter goes to.")
        elif wrong := [each for each in letter.to if not _is_recipient(form, each)]:
            problems[f"letters-{number}-to"] = _("A letter cannot go to “%(name)s”.", name=wrong[0].removeprefix(ADDRESS))
        if not letter.body.strip():
            problems[f"letters-{number}-body"] = _("Write what the letter says.")


def _is_recipient(form: Form, recipient: str) -> bool:
    if recipient.startswith(ADDRESS):
        return is_email(recipient.removeprefix(ADDRESS))
    if recipient.startswith(PERSON_FIELD):
        asked = form.field(recipient.removeprefix(PERSON_FIELD))
        return asked is not None and asked.kind is FieldKind.PERSON
    return recipient in tuple(Recipient)


def _check_templates(ctx: Context, form: Form, definition: Definition, problems: dict[str, str]) -> None:
    for name, wrong in template_problems(ctx, form, definition).items():
        problems.setdefault(name, " ".join(wrong))


def template_problems(ctx: Context, form: Form, definition: Definition) -> dict[str, list[str]]:
    """What is wrong with the variables of the action's templates, by field."""
    own = {"name", *(each.code or str(each.kind) for each in definition.asks)} - {str(AskKind.FILES)}
    known = known_variables(ctx.db, form) | {f"{OWN}:{each}" for each in own}
    does = definition.does
    templates = {"note": does.note, "subtask": f"{does.subtask_subject}\n{does.subtask_body}"}
    found = {name: check_template(template, known | {LINK}) for name, template in templates.items()}
    for number, letter in enumerate(definition.letters):
        # The customer has no way into the desk: a link to it would be a closed door.
        allowed = known if letter.to_customer else known | {LINK}
        found[f"letters-{number}-subject"] = check_template(letter.subject, allowed)
        found[f"letters-{number}-body"] = check_template(letter.body, allowed)
    return {name: wrong for name, wrong in found.items() if wrong}
