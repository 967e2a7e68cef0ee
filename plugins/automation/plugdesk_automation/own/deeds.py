"""What automations do, one thing after the other: each kind says what is wrong with its options, says itself in words, and does it.

Options are what somebody entered, by name: a text, or texts where several can be chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from plugdesk.api import (
    Context,
    Field,
    FieldKind,
    Group,
    Invalid,
    NotFound,
    User,
    add_note,
    agents_of_form,
    all_groups,
    all_tags,
    ask_colleague,
    assign,
    can_see,
    change_status,
    change_tags,
    current_language,
    format_list,
    read_step,
    read_value,
    row_number,
    run_step,
    set_fields,
    show_value,
    title_of_step,
    watch,
)
from plugdesk.api import gettext as _
from plugdesk_automation.own import calling, writing
from plugdesk_automation.own.acting import Acting
from plugdesk_automation.own.asking import form_of

Options = Mapping[str, Any]
UNSETTABLE = (FieldKind.FILE, FieldKind.CUSTOMER)
NOBODY, PERSON, GROUP = "nobody", "person:", "group:"


@dataclass(frozen=True)
class Known:
    """What of the form and the desk can be named, each kind looked up once for however many automations are looked at."""

    ctx: Context

    @cached_property
    def tags(self) -> dict[str, str]:
        """Names by code."""
        return {each.code: each.name for each in all_tags(self.ctx.db)}

    @cached_property
    def people(self) -> dict[int, User]:
        """Those who work on the form."""
        return {each.id: each for each in agents_of_form(self.ctx.db, form_of(self.ctx))}

    @cached_property
    def groups(self) -> dict[int, Group]:
        return {each.id: each for each in all_groups(self.ctx.db)}


@dataclass(frozen=True)
class Deed:
    """One thing to do; `about` is what it is about where its kind has one, the code of a field or of an extension's step."""

    about: str = ""

    def problems(self, known: Known, options: Options) -> dict[str, str]:
        """What is wrong with the options, or has gone since they were chosen, by option."""
        return {}

    def words(self, known: Known, options: Options) -> str:
        raise NotImplementedError

    def do(self, act: Acting, options: Options) -> None:
        """Do it. Raises a `PlugdeskError` where the desk refuses."""
        raise NotImplementedError


class Assign(Deed):
    def problems(self, known: Known, options: Options) -> dict[str, str]:
        return {} if options.get("to") == NOBODY else _whom_problem(known, options)

    def words(self, known: Known, options: Options) -> str:
        return _("assign it to %(name)s", name=_name_of(known, options.get("to", "")))

    def do(self, act: Acting, options: Options) -> None:
        person, group = whom(act.ctx, options.get("to", ""))
        group = group or (act.ticket.group if person is not None else None)
        assign(act.ctx.db, act.ticket, None, assignee=person, group=group)


class SetStatus(Deed):
    def problems(self, known: Known, options: Options) -> dict[str, str]:
        is_known = form_of(known.ctx).status(options.get("status", "")) is not None
        return {} if is_known else {"status": _("Choose one of the statuses of the form.")}

    def words(self, known: Known, options: Options) -> str:
        status = form_of(known.ctx).status(options.get("status", ""))
        return _("put it into “%(status)s”", status=status.name_in(current_language()) if status else _("(no longer there)"))

    def do(self, act: Acting, options: Options) -> None:
        status = form_of(act.ctx).status(options["status"])
        if status is not None:
            change_status(act.ctx.db, act.ticket, status, by=None, quietly=bool(options.get("quietly")))


class SetField(Deed):
    def problems(self, known: Known, options: Options) -> dict[str, str]:
        field = self._field(known.ctx)
        if field is None:
            return {"value": _("The form has no such field any more.")}
        try:
            read_value(field, options.get("value", ""), known.ctx.db)
        except Invalid as refused:
            return {"value": str(refused)}
        return {}

    def words(self, known: Known, options: Options) -> str:
        field = self._field(known.ctx)
        if field is None:
            return _("set “%(field)s”", field=self.about)
        try:
            shown = show_value(field, read_value(field, options.get("value", ""), known.ctx.db), known.ctx.db)
        except Invalid:
            shown = _("(no longer there)")
        return (
            _("set “%(field)s” to %(value)s", field=field.label, value=shown)
            if shown
            else _("empty “%(field)s”", field=field.label)
        )

    def do(self, act: Acting, options: Options) -> None:
        set_fields(act.ctx.db, act.ticket, {self.about: options.get("value", "")}, by=None)

    def _field(self, ctx: Context) -> Field | None:
        found = form_of(ctx).field(self.about)
        return found if found is not None and found.kind not in UNSETTABLE else None


@dataclass(frozen=True)
class Tags(Deed):
    off: bool = False

    def problems(self, known: Known, options: Options) -> dict[str, str]:
        chosen = several(options, "tags")
        return {} if chosen and set(known.tags).issuperset(chosen) else {"tags": _("Choose among the tags there are.")}

    def words(self, known: Known, options: Options) -> str:
        names = format_list([known.tags.get(code, _("(no longer there)")) for code in several(options, "tags")])
        return _("take off the tags %(names)s", names=names) if self.off else _("put on the tags %(names)s", names=names)

    def do(self, act: Acting, options: Options) -> None:
        chosen = [each for each in all_tags(act.ctx.db) if each.code in several(options, "tags")]
        change_tags(act.ctx.db, act.ticket, add=[] if self.off else chosen, remove=chosen if self.off else [], by=None)


class Watch(Deed):
    def problems(self, known: Known, options: Options) -> dict[str, str]:
        people = [row_number(each) for each in several(options, "people")]
        fine = people and all(each in known.people for each in people)
        return {} if fine else {"people": _("Choose people who work on “%(form)s”.", form=form_of(known.ctx).name)}

    def words(self, known: Known, options: Options) -> str:
        names = [_name_of(known, PERSON + each) for each in several(options, "people")]
        return _("let %(names)s watch it", names=format_list(names))

    def do(self, act: Acting, options: Options) -> None:
        for each in several(options, "people"):
            person = act.ctx.db.get(User, row_number(each) or 0)
            if person is not None and can_see(act.ctx.db, person, act.ticket):
                watch(act.ctx.db, act.ticket, person)


class Note(Deed):
    def problems(self, known: Known, options: Options) -> dict[str, str]:
        return writing.problems(known.ctx, options, ("text",), link=True)

    def words(self, known: Known, options: Options) -> str:
        return _("write a note")

    def do(self, act: Acting, options: Options) -> None:
        add_note(act.ctx.db, act.ticket, None, body=writing.html(act, options["text"]))


class WriteToCustomer(Deed):
    def problems(self, known: Known, options: Options) -> dict[str, str]:
        return writing.problems(known.ctx, options, ("text",))

    def words(self, known: Known, options: Options) -> str:
        return _("write to the customer")

    def do(self, act: Acting, options: Options) -> None:
        writing.to_customer(act, options["text"])


class WriteToPeople(Deed):
    def problems(self, known: Known, options: Options) -> dict[str, str]:
        found = writing.problems(known.ctx, options, ("text",), link=True) | writing.problems(
            known.ctx, options, ("subject",), link=True, empty=True
        )
        return found | writing.recipient_problems(options)

    def words(self, known: Known, options: Options) -> str:
        return _("write a letter to %(names)s", names=format_list(writing.recipient_words(options)))

    def do(self, act: Acting, options: Options) -> None:
        writing.to_people(act, options)


class Subtask(Deed):
    def problems(self, known: Known, options: Options) -> dict[str, str]:
        return _whom_problem(known, options) | writing.problems(known.ctx, options, ("subject", "text"), link=True)

    def words(self, known: Known, options: Options) -> str:
        return _("ask %(name)s in a subtask", name=_name_of(known, options.get("to", "")))

    def do(self, act: Acting, options: Options) -> None:
        person, group = whom(act.ctx, options["to"])
        ask_colleague(
            act.ctx.db, act.ticket, None, colleague=person, group=group, subject=writing.text(act, options["subject"]),
            body=writing.html(act, options["text"]),
        )  # fmt: skip


class Webhook(Deed):
    def problems(self, known: Known, options: Options) -> dict[str, str]:
        return calling.problems(options)

    def words(self, known: Known, options: Options) -> str:
        return _("call %(host)s", host=calling.host_of(options.get("url", "")))

    def do(self, act: Acting, options: Options) -> None:
        calling.call_later(act, options["url"])


class ExtensionStep(Deed):
    def problems(self, known: Known, options: Options) -> dict[str, str]:
        try:
            read_step(known.ctx.db, form_of(known.ctx), self.about, options)
        except NotFound as gone:
            return {"": str(gone)}
        except Invalid as refused:
            return dict(refused.problems) or {"": str(refused)}
        return {}

    def words(self, known: Known, options: Options) -> str:
        return title_of_step(known.ctx.db, self.about)

    def do(self, act: Acting, options: Options) -> None:
        given = read_step(act.ctx.db, form_of(act.ctx), self.about, options)
        if why := run_step(act.ctx.db, act.ticket, self.about, given, by=None):
            raise Invalid(why)


_PLAIN: Mapping[str, Deed] = {
    "assign": Assign(), "status": SetStatus(), "tags_on": Tags(), "tags_off": Tags(off=True), "watch": Watch(), "note": Note(),
    "customer": WriteToCustomer(), "people": WriteToPeople(), "subtask": Subtask(), "webhook": Webhook(),
}  # fmt: skip
LETTERS = frozenset({"customer", "people"})
"""The kinds that write letters, which are counted."""


def deed_of(kind: str) -> Deed | None:
    """The deed of this kind: one of its own, "field:CODE" or "step:PLUGIN:NAME"; None for what is none."""
    name, _colon, about = kind.partition(":")
    if about:
        return SetField(about) if name == "field" else ExtensionStep(about) if name == "step" else None
    return _PLAIN.get(kind)


def problems_of(known: Known, rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What is wrong with what an automation does, by "do-ROW-OPTION" ("do-ROW": with the row)."""
    found = dict[str, str]()
    for number, row in enumerate(rows):
        deed = deed_of(row["kind"])
        wrong = deed.problems(known, row["options"]) if deed is not None else {"": _("Choose what it does.")}
        found |= {f"do-{number}-{name}" if name else f"do-{number}": problem for name, problem in wrong.items()}
    return found


def words_of(known: Known, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What comes of it, one phrase for each."""
    return [deed.words(known, row["options"]) for row in rows if (deed := deed_of(row["kind"])) is not None]


def several(options: Options, name: str) -> list[str]:
    """The texts of an option of which several can be chosen."""
    given = options.get(name) or []
    return [given] if isinstance(given, str) else list(given)


def whom(ctx: Context, to: str) -> tuple[User | None, Group | None]:
    """The person or the group that "person:…" or "group:…" names."""
    number = row_number(to.partition(":")[2]) or 0
    if to.startswith(PERSON):
        return ctx.db.get(User, number), None
    return None, ctx.db.get(Group, number) if to.startswith(GROUP) else None


def _whom_problem(known: Known, options: Options) -> dict[str, str]:
    to = options.get("to", "")
    person, group = whom(known.ctx, to)
    if to.startswith(PERSON) and (person is None or person.id not in known.people):
        return {"to": _("Choose somebody who works on “%(form)s”.", form=form_of(known.ctx).name)}
    return {} if person is not None or group is not None else {"to": _("Choose a person or a group.")}


def _name_of(known: Known, to: str) -> str:
    if to == NOBODY:
        return _("nobody")
    at_hand: Mapping[int, User | Group] = known.people if to.startswith(PERSON) else known.groups
    found = at_hand.get(row_number(to.partition(":")[2]) or 0)
    if found is None:  # somebody who does not work here any more
        person, group = whom(known.ctx, to)
        found = person or group
    return found.name if found is not None else _("(no longer there)")
