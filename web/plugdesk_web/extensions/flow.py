"""The one way to switch an extension on or off and to fill in its settings: what its sheet, and its page without script, show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import request
from sqlalchemy.orm import Session

from plugdesk.contributions import Change, SettingsPage
from plugdesk.errors import Conflict, Invalid
from plugdesk.forms.models import Desk, Form
from plugdesk.i18n import gettext as _
from plugdesk.plugins.catalog import Card, Place, SettingValue
from plugdesk.plugins.changes import what_will_change
from plugdesk.plugins.loader import State
from plugdesk.plugins.settings import Option
from plugdesk.plugins.switch import conflicts_of, dependents_of, name_of, requirements_of, save_plugin_settings
from plugdesk_web.contributions import contributed
from plugdesk_web.current import me, runtime
from plugdesk_web.editing import FRESH, Refused, version_given
from plugdesk_web.extensions.journal import value_in_words
from plugdesk_web.extensions.places import Link, form_pages, my_extension, place_of
from plugdesk_web.settings_form import Here, SettingsForm, form_of, known_variables, settings_here


@dataclass(frozen=True)
class Tested:
    """What came of *Test*: sentences that say what works, or the one that says what does not."""

    works: Sequence[str] = ()
    problem: str = ""


@dataclass(frozen=True)
class ShownOption:
    """One setting as the form draws it. `kind` chooses the control; `from_where` says in words where its value comes from."""

    name: str
    kind: str
    option: Option
    field: Any
    inherits: bool
    was: str
    from_where: str
    stored: bool = False
    typed: str = ""

    @property
    def about(self) -> Mapping[str, Any]:
        return self.option.about


@dataclass(frozen=True)
class Flow:
    """Everything the sheet shows. `needs`, `needed_by` and `against` are pairs of id and name, as they stand here."""

    card: Card
    scope: Form | Desk
    place: Place | None
    form: SettingsForm | None
    options: Sequence[ShownOption]
    refused: Refused
    tested: Tested | None
    changes: Sequence[Change]
    needs: Sequence[tuple[str, str]]
    needed_by: Sequence[tuple[str, str]]
    against: Sequence[tuple[str, str]]
    choices: Sequence[Form]
    has_test: bool
    pages: Sequence[Link] = ()
    more: Sequence[SettingsPage] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    unreadable: str = ""

    @property
    def slug(self) -> str | None:
        return self.scope.slug if isinstance(self.scope, Form) else None

    @property
    def is_on(self) -> bool:
        return self.place is not None and self.place.is_on

    @property
    def can_switch(self) -> bool:
        """Whether there is a switch here: the desk has none for what is switched on per form, a broken one only goes off."""
        return self.place is not None and (self.is_on or self.card.state is State.OK)


def flow_of(
    session: Session, plugin: str, scope: Form | Desk, *, forms: Sequence[Form], given: Any = None, refused: Refused = FRESH,
    tested: Tested | None = None,
) -> Flow:  # fmt: skip
    """The flow of an extension in one place, holding what was `given`, else what is stored. Raises `NotFound`."""
    registry = runtime().registry
    card = my_extension(plugin, scope if isinstance(scope, Form) else None).card
    place = place_of(card, scope)
    on = place is not None and place.is_on
    here_on = registry.enabled(scope, runtime().desk(session))
    loaded = registry.is_loaded(plugin)
    unreadable, form, options = "", None, []
    try:
        here = settings_here(session, plugin, scope)
    except Invalid as refusal:
        here, unreadable = None, str(refusal)
    if here is not None:
        form = form_of(here, given)
        options = [_shown(form, each) for each in form.options]
    return Flow(
        card=card, scope=scope, place=place, form=form, options=options, refused=refused, tested=tested, unreadable=unreadable,
        changes=what_will_change(session, scope, plugin, switching_on=not on) if place is not None else [],
        needs=[(each, name_of(session, each)) for each in requirements_of(registry, plugin) if loaded and each not in here_on],
        needed_by=[(each, name_of(session, each)) for each in dependents_of(registry, plugin) if each in here_on],
        against=[(each, name_of(session, each)) for each in (conflicts_of(registry, plugin) if loaded else ()) if scope.has(each)],
        choices=[each for each in forms if card.scope != "app" and (each is scope or each.archived_at is None)],
        has_test=loaded and form is not None and registry.implementation("check_settings", plugin) is not None,
        pages=form_pages(scope, plugin) if isinstance(scope, Form) else (),
        more=[each.what for each in contributed(registry, SettingsPage) if each.plugin == plugin] if isinstance(scope, Form) else (),
        variables=known_variables(registry) if any(each.about.get("variables") for each in options) else {},
    )  # fmt: skip


def entered_settings(session: Session, plugin: str, scope: Form | Desk) -> tuple[Here, dict[str, Any]] | None:
    """The settings this request carries, checked; None when it carries none. Raises `Invalid` by name."""
    here = settings_here(session, plugin, scope) if version_given() is not None else None
    if here is None:
        return None
    form = form_of(here, request.form)
    values = form.entered(runtime())
    problems = form.problems(values, known_variables(runtime().registry))
    if problems:
        raise Invalid(problems=problems)
    return here, values


def save_entered(session: Session, plugin: str, scope: Form | Desk) -> bool:
    """Save the settings this request carries; returns whether anything changed.

    Raises `Invalid` by name, and `Conflict` when somebody else saved other values meanwhile.
    """
    found = entered_settings(session, plugin, scope)
    if found is None:
        return False
    here, values = found
    version = version_given()
    if here.version != version and not _is_as_stored(here, values):
        raise Conflict(_("Somebody else saved these settings meanwhile. Compare, then save again."))
    if _is_as_stored(here, values):
        return False  # nothing was changed, or the same form came twice
    return bool(save_plugin_settings(session, scope, plugin, values, here.version, me()))


def differences(session: Session, plugin: str, scope: Form | Desk) -> list[tuple[str, str, str]]:
    """Label, what was typed and what is stored now, for every setting: what a conflict shows."""
    here = settings_here(session, plugin, scope)
    if here is None:
        return []
    form, rows = form_of(here, request.form), []
    for each in form.options:
        label, stored = str(each.about["label"]), here.values[each.name].value
        if each.is_secret:
            typed = form.typed_secret(each.name, runtime())
            rows.append((label, _("a new one") if typed else "", _("a stored one") if stored and typed else ""))
        else:
            rows.append((label, value_in_words(each, form.field(each.name).data), value_in_words(each, stored)))
    return rows


def _is_as_stored(here: Here, values: Mapping[str, Any]) -> bool:
    """Whether saving `values` would change nothing."""
    own = {name: each for name, each in here.values.items() if here.is_own(name)}
    if own.keys() != values.keys():
        return False
    pristine = form_of(here)
    return all(
        values[name] is None if each.option.is_secret else values[name] in (each.value, pristine.field(name).data)
        for name, each in own.items()
    )


def _shown(form: SettingsForm, each: Option) -> ShownOption:
    here, name = form.here, each.name
    inherits = form.inherits(name)
    shown: SettingValue = here.below[name] if name in form.reset else here.values[name]
    from_where = "" if not inherits or shown.source == "default" or not here.scope.id else "desk"
    typed = ""
    if each.is_secret and form.given:
        secret = form.typed_secret(name, runtime())
        typed = runtime().vault.seal(secret, here.sealed_for(name)) if secret else ""
    return ShownOption(
        name=name, kind=_kind(each), option=each, field=form.field(name), inherits=inherits, was=form.was(name) if inherits else "",
        from_where=from_where, stored=bool(each.is_secret and here.values[name].value), typed=typed,
    )  # fmt: skip


def _kind(each: Option) -> str:
    if each.is_secret:
        return "secret"
    if each.about.get("choices"):
        return "choice"
    if each.about.get("rows"):
        return "rows"
    if each.type is bool:
        return "check"
    if each.type in (int, float):
        return "number"
    return "long_text" if each.type in (list, tuple) or (each.about.get("lines") or 1) > 1 else "text"
