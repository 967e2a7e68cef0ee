"""Actions in words: who may run them, what they ask for and what comes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import sqlalchemy as sa

from plugdesk.api import (
    BusinessHours,
    Context,
    FieldKind,
    Form,
    Group,
    User,
    all_tags,
    current_language,
    format_list,
    ngettext,
    runtime_of,
    steps_on,
)
from plugdesk.api import gettext as _
from plugdesk_workflow.definition import (
    ADDRESS,
    NOBODY,
    PERSON_FIELD,
    Ask,
    AskKind,
    Automatic,
    Definition,
    How,
    Letter,
    Recipient,
    Since,
    Unit,
)
from plugdesk_workflow.telling import LINK, OWN


class Wording:
    """Says what the actions of `ctx`'s form are; people and groups are read once for all of them."""

    def __init__(self, ctx: Context) -> None:
        assert ctx.form is not None, "Workflow is switched on for forms."
        self._ctx, self._form = ctx, ctx.form

    @cached_property
    def _groups(self) -> Mapping[int, str]:
        return {number: name for number, name in self._ctx.db.execute(sa.select(Group.id, Group.name))}

    @cached_property
    def _people(self) -> Mapping[int, str]:
        return {
            number: name for number, name in self._ctx.db.execute(sa.select(User.id, User.name).where(User.role != "customer"))
        }

    @cached_property
    def _steps(self) -> Mapping[str, str]:
        return {each.code: each.title for each in steps_on(self._ctx.db, self._form)}

    def who(self, definition: Definition) -> str:
        """Who may run it."""
        who = definition.who
        if who == NOBODY:
            return _("nobody, it runs by itself")
        names = [_("every agent who has the right to it")] if who.agents else []
        names += [self._groups.get(each, _("a group that is gone")) for each in who.groups if not who.agents]
        names += [_("whom the ticket is assigned to")] if who.assignee and not who.agents else []
        names += [_("the customer")] if who.customer else []
        return format_list(names)

    def asks(self, definition: Definition) -> str:
        """What it asks for; "" for nothing."""
        names = [self._ask(each) for each in definition.asks]
        return format_list(names + ([_("who goes on with it")] if definition.does.assignment.how is How.CHOSEN else []))

    def when(self, definition: Definition) -> str:
        """When it runs by itself; "" for never."""
        automatic = definition.automatic
        if automatic is None:
            return ""
        if automatic.hours is None:
            return self._when(automatic)
        hours = self._ctx.db.get(BusinessHours, automatic.hours)
        name = hours.name if hours is not None else _("business hours that are gone")
        return _("%(when)s, in “%(hours)s”", when=self._when(automatic), hours=name)

    def _when(self, automatic: Automatic) -> str:
        length = {
            Unit.MINUTES: ngettext("%(num)d minute", "%(num)d minutes", automatic.amount),
            Unit.HOURS: ngettext("%(num)d hour", "%(num)d hours", automatic.amount),
            Unit.DAYS: ngettext("%(num)d day", "%(num)d days", automatic.amount),
        }[automatic.unit]
        if automatic.since is Since.FIELD:
            asked = self._form.field(automatic.field)
            label = asked.label if asked else _("a field that is gone")
            if not automatic.amount:
                return _("when “%(field)s” comes", field=label)
            if automatic.before:
                return _("%(length)s before “%(field)s”", length=length, field=label)
            return _("%(length)s after “%(field)s”", length=length, field=label)
        if automatic.since is Since.LAST:
            return _("%(length)s after the last thing said or done", length=length)
        return _("%(length)s after the status began", length=length) if automatic.amount else _("as soon as the status begins")

    def does(self, definition: Definition) -> list[str]:
        """What comes of it."""
        does = definition.does
        status = self._form.status(does.status)
        found = (
            [_("new status: %(status)s", status=status.name_in(current_language()) if status else _("one that is gone"))]
            if does.status
            else []
        )
        found += [self._assignment(definition)] if does.assignment.how not in (How.LEAVE, How.CHOSEN) else []
        labels = [asked.label if (asked := self._form.field(code)) else code for code in does.values]
        found += [_("sets %(fields)s", fields=format_list(labels))] if labels else []
        watching = [self._people.get(each, "?") for each in does.watchers]
        found += [_("%(names)s watch it", names=format_list(watching))] if watching else []
        found += [_("puts on the tags %(names)s", names=self._tags(does.add_tags))] if does.add_tags else []
        found += [_("takes off the tags %(names)s", names=self._tags(does.remove_tags))] if does.remove_tags else []
        found += [_("a note")] if does.note else []
        whom = [self._people.get(does.subtask_to, "?")] if does.subtask_to is not None else []
        whom += [self._groups.get(does.subtask_group, _("a group that is gone"))] if does.subtask_group is not None else []
        found += [_("asks %(name)s in a subtask", name=format_list(whom))] if whom else []
        found += [self._letter(each) for each in definition.letters]
        found += [self.step(each.code) for each in does.steps]
        found += [_("without a closing notice")] if does.quietly else []
        return found + ([_("puts the ticket into the bin")] if does.delete else [])

    def step(self, code: str) -> str:
        """What an extension does."""
        return self._steps.get(code) or _("%(code)s (no longer there)", code=code)

    def _letter(self, letter: Letter) -> str:
        said = _("a letter to %(names)s", names=format_list([self.recipient(each) for each in letter.to]))
        return _("%(letter)s (the customer gets only a link)", letter=said) if letter.link else said

    def _tags(self, codes: Sequence[str]) -> str:
        return format_list([self._names_of_tags.get(code, _("(no longer there)")) for code in codes])

    @cached_property
    def _names_of_tags(self) -> dict[str, str]:
        return {tag.code: tag.name for tag in all_tags(self._ctx.db)}

    def recipient(self, code: str) -> str:
        """Whom a letter goes to."""
        if code.startswith(ADDRESS):
            return code.removeprefix(ADDRESS)
        if code.startswith(PERSON_FIELD):
            asked = self._form.field(code.removeprefix(PERSON_FIELD))
            return _("whom “%(field)s” names", field=asked.label if asked else code)
        return {
            Recipient.CUSTOMER: _("the customer"), Recipient.ASSIGNEE: _("the assignee"), Recipient.GROUP: _("the group"),
            Recipient.SUPERVISOR: _("the group's supervisor"), Recipient.WATCHERS: _("the watchers"),
        }[Recipient(code)]  # fmt: skip

    def recipients(self) -> list[tuple[str, str]]:
        """Everybody a letter can go to besides addresses, as code and words."""
        fields = [f"{PERSON_FIELD}{each.code}" for each in self._form.fields if each.kind is FieldKind.PERSON]
        return [(code, self.recipient(code)) for code in [*map(str, Recipient), *fields]]

    def _ask(self, ask: Ask) -> str:
        if ask.kind is AskKind.FIELD:
            asked = self._form.field(ask.code)
            return asked.label if asked else _("a field that is gone")
        return ask.label or (_("a text") if ask.kind is AskKind.TEXT else _("files"))

    def _assignment(self, definition: Definition) -> str:
        assignment = definition.does.assignment
        group = self._groups.get(assignment.group or 0, _("a group that is gone"))
        return {
            How.PERSON: _("assigned to %(name)s", name=self._people.get(assignment.person or 0, "?")),
            How.GROUP: _("assigned to %(name)s", name=group),
            How.LEAST_LOADED: _("assigned to who has least of %(name)s", name=group),
            How.ROUND_ROBIN: _("assigned in turn within %(name)s", name=group),
            How.WHO_ACTS: _("assigned to who acts"),
        }.get(assignment.how, _("assigned to nobody"))  # fmt: skip


def variables_for(ctx: Context, form: Form, asks: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The variables that the texts of an action may use, as name and meaning; `asks` are code and label of what it asks for."""
    registry = runtime_of(ctx.db).registry
    own = [
        (f"{OWN}:name", _("The name of the action")),
        (LINK, _("The ticket's address on this desk, not for customers")),
        *((f"{OWN}:{code}", label) for code, label in asks),
    ]
    return own + [
        (f"{namespace}:{name}", _(str(about)))
        for namespace, found in registry.variables.items()
        if registry.owner("variables", namespace) in ("core", *form.extensions)
        for name, about in found.names.items()
    ]
