"""Steps of extensions: what an action, a rule or an automation can have them do to a ticket, where they are on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from plugdesk.contributions import Step
from plugdesk.errors import Invalid, NotFound, PlugdeskError
from plugdesk.forms.models import Form
from plugdesk.i18n import gettext as _
from plugdesk.plugins.executor import Failed, Suspended
from plugdesk.plugins.settings import Option, check_values, options_of, read_option
from plugdesk.plugins.switch import name_of
from plugdesk.runtime import runtime_of
from plugdesk.tickets.models import Ticket
from plugdesk.tickets.wording import known_variables
from plugdesk.users.models import User
from plugdesk.variables import check_template


@dataclass(frozen=True)
class OfferedStep:
    """A step that can be chosen: `code` (PLUGIN:NAME) is what is stored, `options` what is asked beside it."""

    code: str
    title: str
    extension: str
    step: Step

    @property
    def options(self) -> Sequence[Option]:
        return options_of(self.step.options) if self.step.options is not None else ()


def steps_on(session: Session, form: Form) -> list[OfferedStep]:
    """The steps of the extensions that are on at `form`."""
    runtime = runtime_of(session)
    on = runtime.registry.enabled(form, runtime.desk(session))
    return [
        OfferedStep(f"{plugin}:{step.name}", _(str(step.title)), name_of(session, plugin), step)
        for plugin, step in runtime.registry.steps
        if plugin in on
    ]


def title_of_step(session: Session, code: str) -> str:
    """What the step called `code` is called, also where its extension is off; its code, when that is not installed any more."""
    plugin, _colon, name = code.partition(":")
    known = (step.title for owner, step in runtime_of(session).registry.steps if (owner, step.name) == (plugin, name))
    return next((_(str(title)) for title in known), code)


def step_on(session: Session, form: Form, code: str) -> OfferedStep | None:
    """The step called `code`, if its extension is on at `form`."""
    return next((each for each in steps_on(session, form) if each.code == code), None)


def read_step(session: Session, form: Form, code: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The options of the step `code` from what was typed, by name; what is absent has its default.

    Raises `Invalid` by the option's name, and `NotFound` when no extension that is on at `form` has such a step.
    """
    offered = step_on(session, form, code)
    if offered is None:
        raise NotFound(_("Its extension is off here, or is not installed."))
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for each in offered.options:
        if each.name in raw:
            try:
                values[each.name] = _untranslated(each, read_option(each, _as_typed(raw[each.name])))
            except ValueError as wrong:
                problems[each.name] = str(wrong)
        elif each.required:
            problems[each.name] = _("Fill in “%(label)s”.", label=each.about["label"])
    if offered.step.options is not None and not problems:
        check_values(offered.step.options, values)
    known = known_variables(session, form)
    for each in offered.options:
        text = values.get(each.name)
        if each.about.get("variables") and isinstance(text, str) and (found := check_template(text, known)):
            problems[each.name] = " ".join(found)
    if problems:
        raise Invalid(problems=problems)
    return values


def run_step(session: Session, ticket: Ticket, code: str, options: Mapping[str, Any], *, by: User | None) -> str:
    """Have an extension do its step, in a SAVEPOINT of the caller's transaction; "" when it did, else why not, in a sentence.

    Nothing it began is left where it refused or failed. `by` is whose act it comes of, None the desk's own.
    """
    offered = step_on(session, ticket.form, code)
    if offered is None:
        return _("Its extension is off here, or is not installed.")
    plugin, step = code.partition(":")[0], offered.step
    given = {each.name: options.get(each.name, each.default) for each in offered.options}
    try:
        done = runtime_of(session).executor.act(plugin, f"step {step.name}", ticket.form, session, step.run, ticket, by, **given)
    except PlugdeskError as refused:
        return refused.in_words
    if isinstance(done, Failed):
        if isinstance(done.error, Suspended):
            return _("The extension “%(name)s” is suspended.", name=offered.extension)
        return _("The extension “%(name)s” failed. See its page under Extensions.", name=offered.extension)
    return ""


def _untranslated(each: Option, value: Any) -> Any:
    """A default that was left as the page showed it, in its reader's language, stays the default, for readers in any."""
    untouched = isinstance(each.default, str) and each.default and value == read_option(each, _(each.default))
    return each.default if untouched else value


def _as_typed(raw: Any) -> str:
    """A value as a page would send it: options are also given by programs."""
    if isinstance(raw, list | tuple):
        return "\n".join(map(str, raw))
    return "" if raw is None or raw is False else "1" if raw is True else str(raw)
