"""An action at work on a ticket: what was entered is read, the form's rules are asked, and all of it happens or nothing."""

from __future__ import annotations

from plugdesk.api import (
    Context,
    Event,
    Form,
    Group,
    Invalid,
    NotAllowed,
    NotFound,
    Ticket,
    User,
    all_tags,
    ask_colleague,
    assign,
    can_see,
    can_work_on,
    change_status,
    change_tags,
    delete_ticket,
    html_of_text,
    running,
    set_fields,
    watch,
)
from plugdesk.api import gettext as _
from plugdesk_workflow.definition import FROM_GROUP, Definition, How, read
from plugdesk_workflow.entering import Entered, Given, asking, read_given
from plugdesk_workflow.models import Action
from plugdesk_workflow.people import picked
from plugdesk_workflow.rights import check_offered, right_to, why_not_run
from plugdesk_workflow.telling import Telling


def run_action(ctx: Context, ticket: Ticket, action: Action, given: Given, *, by: User) -> Event:
    """`by` runs the action on the ticket with what they entered. All of it happens, or none.

    Raises `NotAllowed` when it is not theirs to run, `Conflict` when the ticket is in another status meanwhile, and `Invalid` by
    the names of the controls (`Ask.name`; `field-CODE` also for what the new status requires).
    """
    if sentence := why_not_run(ctx, ticket, action, by):
        raise NotAllowed(sentence)
    check_offered(ticket, action)
    definition = read(action)
    if sentence := trouble(ctx, ticket.form, definition):
        raise Invalid(sentence)
    definition = asking(ctx, ticket, definition, given.fields)
    entered = read_given(ctx, ticket, definition, given, by=by)
    with ctx.transaction(), running(ctx.db, ticket, by, right_to(action)):
        return _run(ctx, ticket, action, definition, entered, by)


def trouble(ctx: Context, form: Form, definition: Definition) -> str:
    """What the action names and is not there any more, with the remedy; "" when all is well."""
    does, missing = definition.does, ""
    if does.status and form.status(does.status) is None:
        missing = _("The status this action leads to is gone.")
    elif does.assignment.how is How.PERSON and not _works_here(ctx, form, does.assignment.person):
        missing = _("Whom this action assigns to does not work on this form any more.")
    elif does.assignment.how in FROM_GROUP and ctx.db.get(Group, does.assignment.group or 0) is None:
        missing = _("The group this action assigns to is gone.")
    elif does.subtask_to is not None and not _works_here(ctx, form, does.subtask_to):
        missing = _("Whom this action asks does not work on this form any more.")
    remedy = _("An administrator of the form can change the action.")
    return f"{missing} {remedy}" if missing else ""


def _works_here(ctx: Context, form: Form, user_id: int | None) -> bool:
    found = ctx.db.get(User, user_id or 0)
    return found is not None and found.is_agent and can_work_on(ctx.db, found, form.id)


def _run(ctx: Context, ticket: Ticket, action: Action, definition: Definition, entered: Entered, by: User) -> Event:
    does, form = definition.does, ticket.form
    before = form.status_by_id(ticket.status_id)
    values = {**does.values, **entered.fields}
    after = form.status(does.status) if does.status else None
    try:
        if values:
            set_fields(ctx.db, ticket, values, by=by, version=entered.version if entered.fields else None)
        if after is not None:
            change_status(ctx.db, ticket, after, by=by, quietly=does.quietly)
    except Invalid as refused:
        raise Invalid(
            str(refused), problems={f"field-{code}": problem for code, problem in refused.problems.items()}
        ) from refused
    _assign(ctx, ticket, action, definition, entered, by)
    for number in does.watchers:
        watcher = ctx.db.get(User, number)
        if watcher is not None and can_see(ctx.db, watcher, ticket):
            watch(ctx.db, ticket, watcher)
    if does.add_tags or does.remove_tags:
        tags = {tag.code: tag for tag in all_tags(ctx.db)}
        add, remove = ([tags[code] for code in codes if code in tags] for codes in (does.add_tags, does.remove_tags))
        change_tags(ctx.db, ticket, add=add, remove=remove, by=by)
    telling = Telling(ctx, ticket, action, definition, entered, by)
    if does.subtask_to is not None:
        subject = telling.text(does.subtask_subject)
        ask_colleague(
            ctx.db, ticket, by, colleague=ctx.db.get_one(User, does.subtask_to), subject=subject,
            body=telling.html(does.subtask_body) or html_of_text(subject or ticket.subject),
        )  # fmt: skip
    letters = telling.tell_all()
    event = ctx.journal(
        "action_run", ticket=ticket, actor=by, action=action.code, name=action.name, icon=action.icon,
        entered=entered.in_words, letters=letters, before=before.code, after=(after or before).code,
        said=_("“%(action)s” on ticket %(number)s", action=action.name, number=ticket.number),
    )  # fmt: skip
    if does.delete:
        delete_ticket(ctx.db, ticket, by)
    return event


def _assign(ctx: Context, ticket: Ticket, action: Action, definition: Definition, entered: Entered, by: User) -> None:
    wanted = definition.does.assignment
    if wanted.how is How.LEAVE:
        return
    person: User | None = None
    group: Group | None = None
    if wanted.how is How.CHOSEN:
        person, group = entered.person, entered.group
    elif wanted.how is How.PERSON:
        person = ctx.db.get_one(User, wanted.person)
    elif wanted.how is How.WHO_ACTS:
        person, group = by, ticket.group
    elif wanted.how in FROM_GROUP:
        group = ctx.db.get(Group, wanted.group or 0)
        if group is None:
            raise NotFound(_("The group this action assigns to is gone."))
        person = picked(ctx, ticket, action, group, wanted.how) if wanted.how is not How.GROUP else None
    assign(ctx.db, ticket, by, assignee=person, group=group)
