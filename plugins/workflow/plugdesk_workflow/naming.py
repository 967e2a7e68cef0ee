"""Which actions name an agent, a group, a field, a status, a tag or business hours, and how."""

from __future__ import annotations

from collections.abc import Iterator

from plugdesk.api import Context, Form, Named, Place
from plugdesk.api import gettext as _
from plugdesk_workflow.definition import PERSON_FIELD, AskKind, Definition, read
from plugdesk_workflow.models import Action
from plugdesk_workflow.rights import actions_of, title_of


def places(ctx: Context, named: Named) -> list[Place]:
    """A place for each way in which each action of the form names it."""
    assert ctx.form is not None, "Workflow is switched on for forms."
    return [
        Place(
            _("Action “%(name)s”: %(how)s", name=title_of(action), how=how),
            f"/forms/{ctx.form.slug}/x/workflow/actions/{action.id}",
        )
        for action in actions_of(ctx)
        for how in (*_people(ctx.form, read(action), named), *_things(action, read(action), named))
    ]


def _people(form: Form, definition: Definition, named: Named) -> Iterator[str]:
    does = definition.does
    if any(named.is_group(each) for each in definition.who.groups):
        yield _("they may run it")
    if named.is_agent(does.assignment.person) or named.is_group(does.assignment.group):
        yield _("it assigns to them")
    if any(named.is_agent(each) for each in does.watchers):
        yield _("it lets them watch")
    if named.is_agent(does.subtask_to) or named.is_group(does.subtask_group):
        yield _("it asks them")
    if any(named.is_chosen(form.field(code), value) for code, value in does.values.items()):
        yield _("it sets a field to them")


def _things(action: Action, definition: Definition, named: Named) -> Iterator[str]:
    does = definition.does
    if any(named.is_status(code) for code in action.statuses):
        yield _("it is offered in it")
    if named.is_status(does.status):
        yield _("it leads there")
    if any(each.kind is AskKind.FIELD and named.is_field(each.code) for each in definition.asks):
        yield _("it asks for it")
    if any(named.is_field(code) for code in does.values):
        yield _("it sets it")
    if any(named.is_tag(code) for code in does.add_tags):
        yield _("it puts it on")
    if any(named.is_tag(code) for code in does.remove_tags):
        yield _("it takes it off")
    if definition.automatic is not None and named.is_field(definition.automatic.field):
        yield _("it runs by its date")
    if definition.automatic is not None and named.is_hours(definition.automatic.hours):
        yield _("it counts by them when it runs by itself")
    # its letters, to a person that a field names
    if any(
        named.is_field(to.removeprefix(PERSON_FIELD))
        for each in definition.letters
        for to in each.to
        if to.startswith(PERSON_FIELD)
    ):
        yield _("it writes to whom it names")
