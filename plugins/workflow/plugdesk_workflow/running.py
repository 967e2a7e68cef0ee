"""An action at work on a ticket: what was entered is read, the form's rules are asked, and all of it happens or nothing."""

from __future__ import annotations

from plugdesk.api import (
    BusinessHours,
    Context,
    Event,
    Form,
    Group,
    Invalid,
    Message,
    NotAllowed,
    NotFound,
    Said,
    Ticket,
    User,
    all_tags,
    ask_colleague,
    assign,
    can_see,
    change_status,
    change_tags,
    customer_running,
    delete_ticket,
    html_of_text,
    receive_message,
    run_step,
    running,
    set_fields,
    title_of_step,
    watch,
    works_on,
)
from plugdesk.api import gettext as _
from plugdesk_workflow.definition import DATES, FROM_GROUP, Definition, How, Since, read
from plugdesk_workflow.entering import Entered, Given, asked_for, asking, read_given
from plugdesk_workflow.models import Action
from plugdesk_workflow.people import picked
from plugdesk_workflow.rights import check_offered, right_to, why_not_run
from plugdesk_workflow.telling import Telling
from plugdesk_workflow.timing import arm


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
        event = _run(ctx, ticket, action, definition, entered, by)
    arm(ctx, [ticket])
    return event


def run_by_itself(ctx: Context, ticket: Ticket, action: Action) -> Event:
    """The desk itself runs the action, which asks nobody for anything. All of it happens, or none; raises as `run_action`."""
    definition = read(action)
    check_offered(ticket, action)
    if sentence := why_not_automatic(ticket.form, definition) or trouble(ctx, ticket.form, definition):
        raise Invalid(sentence)
    with ctx.transaction():
        return _run(ctx, ticket, action, definition, Entered(), None)


def run_for_customer(
    ctx: Context,
    ticket: Ticket,
    action: Action,
    definition: Definition,
    entered: Entered,
    said: Said | None,
    *,
    customer: User,
    channel: str,
) -> Event:
    """The customer runs the action, with what they entered checked already; what they `said` comes in as their own words.

    Status and fields are changed by them, the rest comes of it and is the desk's. All of it happens, or none; raises as `run_action`.
    """
    with ctx.transaction(), customer_running(ctx.db, ticket, customer):
        message = receive_message(ctx.db, ticket, customer, said=said, channel=channel) if said is not None else None
        event = _run(ctx, ticket, action, definition, entered, None, customer=customer, said=message)
    arm(ctx, [ticket])
    return event


def why_not_automatic(form: Form, definition: Definition) -> str:
    """Why the action cannot run by itself, with the remedy; "" when it can, or is not to."""
    automatic, how = definition.automatic, definition.does.assignment.how
    if automatic is None:
        return ""
    required = next((each for each in definition.asks if each.required), None)
    if required is not None:
        return _(
            "Nobody is there to give “%(what)s” when the action runs by itself. Let it be left out, or let people run it.",
            what=asked_for(form, required),
        )
    if how is How.CHOSEN:
        return _("Nobody is there to choose an assignee when the action runs by itself. Say whom it is assigned to.")
    if how is How.WHO_ACTS:
        return _("Nobody acts when the action runs by itself. Say whom it is assigned to.")
    asked = form.field(automatic.field) if automatic.since is Since.FIELD else None
    if automatic.since is Since.FIELD and (asked is None or asked.kind not in DATES):
        return _("The date the action counts from is gone. Choose another.")
    return ""


def hours_gone(ctx: Context, definition: Definition) -> str:
    """That the business hours the action counts by are gone, with the remedy; "" while they are there, or it counts by the clock."""
    hours = definition.automatic.hours if definition.automatic is not None else None
    gone = hours is not None and ctx.db.get(BusinessHours, hours) is None
    return _("The business hours the action counts by are gone. Choose others, or let it count by the clock.") if gone else ""


def trouble(ctx: Context, form: Form, definition: Definition) -> str:
    """What the action names and is not there any more, with the remedy; "" when all is well."""
    does, missing = definition.does, ""
    if does.status and form.status(does.status) is None:
        missing = _("The status this action leads to is gone.")
    elif does.assignment.how is How.PERSON and not works_on(ctx.db, does.assignment.person, form):
        missing = _("Whom this action assigns to does not work on this form any more.")
    elif does.assignment.how in FROM_GROUP and ctx.db.get(Group, does.assignment.group or 0) is None:
        missing = _("The group this action assigns to is gone.")
    elif does.subtask_to is not None and not works_on(ctx.db, does.subtask_to, form):
        missing = _("Whom this action asks does not work on this form any more.")
    elif does.subtask_group is not None and ctx.db.get(Group, does.subtask_group) is None:
        missing = _("The group this action asks is gone.")
    remedy = _("An administrator of the form can change the action.")
    return f"{missing} {remedy}" if missing else ""


def _run(
    ctx: Context, ticket: Ticket, action: Action, definition: Definition, entered: Entered, by: User | None,
    *, customer: User | None = None, said: Message | None = None,
) -> Event:  # fmt: skip
    does, form = definition.does, ticket.form
    doer = customer or by
    before = form.status_by_id(ticket.status_id)
    values = {**does.values, **entered.fields} if customer is None else entered.fields
    after = form.status(does.status) if does.status else None
    try:
        if customer is not None and does.values:
            set_fields(ctx.db, ticket, does.values, by=None)  # not among what customers may fill in, perhaps
        if values:
            set_fields(ctx.db, ticket, values, by=doer, version=entered.version if entered.fields else None)
        if after is not None:
            # A customer was asked for what they can fill in; what agents are to fill in holds up agents.
            change_status(ctx.db, ticket, after, by=doer, quietly=does.quietly, incomplete=customer is not None)
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
    telling = Telling(ctx, ticket, action, definition, entered, by, said)
    if does.asks_colleagues:
        subject = telling.text(does.subtask_subject)
        ask_colleague(
            ctx.db, ticket, by, colleague=ctx.db.get(User, does.subtask_to) if does.subtask_to else None,
            group=ctx.db.get(Group, does.subtask_group) if does.subtask_group else None, subject=subject,
            body=telling.html(does.subtask_body) or html_of_text(subject or ticket.subject),
        )  # fmt: skip
    letters = telling.tell_all()
    for ordered in does.steps:
        if why := run_step(ctx.db, ticket, ordered.code, ordered.options, by=by):
            title = title_of_step(ctx.db, ordered.code)
            ctx.journal(
                "step_not_done", ticket=ticket, actor=by, action=action.code, step=title, why=why,
                said=_("“%(step)s” was not done on ticket %(number)s. %(why)s", step=title, number=ticket.number, why=why),
            )  # fmt: skip
    event = ctx.journal(
        "action_run", ticket=ticket, actor=doer, action=action.code, name=action.name, names=action.names, icon=action.icon,
        entered=entered.in_words, letters=letters, before=before.code, after=(after or before).code,
        said=_("“%(action)s” on ticket %(number)s", action=action.name, number=ticket.number),
    )  # fmt: skip
    if does.delete:
        delete_ticket(ctx.db, ticket, by)
    return event


def _assign(ctx: Context, ticket: Ticket, action: Action, definition: Definition, entered: Entered, by: User | None) -> None:
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
