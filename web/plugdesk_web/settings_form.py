"""A Flask-WTF form made from the dataclass of an extension's settings, for the desk or for one form.

What a place inherits is shown and, left as it is, not stored there. A secret is never shown: what was typed and not saved yet
goes along sealed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, FieldList, FormField, StringField
from wtforms import Form as Row

from plugdesk.database import storable
from plugdesk.errors import Invalid
from plugdesk.forms.models import Desk, Form
from plugdesk.i18n import gettext as _
from plugdesk.plugins.catalog import SettingValue, settings_in
from plugdesk.plugins.registry import Registry
from plugdesk.plugins.settings import Option, Stored, check_values, options_of, place_of, read_option, read_settings, schema_of
from plugdesk.runtime import Runtime, runtime_of
from plugdesk.variables import check_template, variables_in
from plugdesk.vault import Secret, VaultError

MOST_ROWS = 100


@dataclass(frozen=True)
class Here:
    """An extension's settings in one place: as they hold there, and as they would hold if nothing were set there."""

    plugin: str
    scope: Form | Desk
    schema: type
    version: int
    values: Mapping[str, SettingValue]
    below: Mapping[str, SettingValue]

    def is_own(self, name: str) -> bool:
        """Whether the value is set in this very place."""
        return self.values[name].source == ("form" if self.scope.id else "desk")

    def sealed_for(self, name: str) -> str:
        """The place a typed secret is sealed for, until it is saved."""
        return f"{place_of(self.plugin, self.scope.id, name)}/typed"


def settings_here(session: Session, plugin_id: str, scope: Form | Desk) -> Here | None:
    """The settings of an extension in `scope`; None when it has none, or did not load. `Invalid` when they are too new."""
    runtime = runtime_of(session)
    manifest = runtime.registry.plugins[plugin_id].manifest if runtime.registry.is_loaded(plugin_id) else None
    if manifest is None or manifest.settings is None:
        return None
    schema = schema_of(manifest.settings)
    values, version = settings_in(session, plugin_id, scope)
    lower = settings_in(session, plugin_id, runtime.desk(session))[0] if scope.id else []
    defaults = [
        SettingValue(each, bool(each.default) if each.is_secret else each.default, "default") for each in options_of(schema)
    ]
    return Here(plugin_id, scope, schema, version, _by_name(values), _by_name(lower or defaults))


def known_variables(registry: Registry) -> dict[str, str]:
    """Every `namespace:name` a template may use, with what it is."""
    return {f"{space}:{name}": _(str(about)) for space, each in registry.variables.items() for name, about in each.names.items()}


class SettingsForm(FlaskForm):  # type: ignore[misc]
    """The form of one dataclass, made by `form_of`: a field for each option, called `set_` and its name."""

    class Meta:
        csrf = False  # every request that changes something has shown its token before any route ran

    here: Here
    given: MultiDict[str, str]

    @property
    def options(self) -> Sequence[Option]:
        return options_of(self.here.schema)

    def field(self, name: str) -> Any:
        """The field of the setting called `name`."""
        return self[f"set_{name}"]

    def inherits(self, name: str) -> bool:
        """Whether the field shows what holds without being set here; unless it is changed, it stays so."""
        return name in self.reset or f"was_{name}" in self.given or not self.here.is_own(name)

    def was(self, name: str) -> str:
        """The fingerprint of what an inheriting field showed first."""
        source = self.here.below if name in self.reset else self.here.values
        shown = fingerprint(_plain(source[name]))
        return shown if name in self.reset else self.given.get(f"was_{name}", shown)

    @property
    def reset(self) -> Collection[str]:
        """The settings that are to be as they are below."""
        return {name for name in self.given.getlist("reset") if name in self.here.values}

    def entered(self, runtime: Runtime) -> dict[str, Any]:
        """What is to be stored in this place, by name: what was left as it is inherited is absent, a kept secret None."""
        found: dict[str, Any] = {}
        for each in self.options:
            if each.is_secret:
                if typed := self.typed_secret(each.name, runtime):
                    found[each.name] = typed
                elif self.here.is_own(each.name) and each.name not in self.given.getlist("forget"):
                    found[each.name] = None
            elif not self.inherits(each.name) or fingerprint(self.field(each.name).data) != self.was(each.name):
                found[each.name] = self.field(each.name).data
        return found

    def typed_secret(self, name: str, runtime: Runtime) -> Secret:
        """The secret as it was typed now, or before a page that came back; empty when none was."""
        typed = Secret(self.given.get(f"set_{name}", "").strip())
        token = self.given.get(f"typed_{name}", "")
        if typed or not token:
            return typed
        try:
            return runtime.vault.open(token, self.here.sealed_for(name))
        except VaultError:
            return Secret()

    def problems(self, values: Mapping[str, Any], known: Collection[str]) -> dict[str, str]:
        """What cannot be taken of the entered `values`, by the setting's name. `known` are the variables templates may use."""
        self.validate()
        found = {each.name: str(_first(self.field(each.name).errors)) for each in self.options if self.field(each.name).errors}
        try:
            check_values(self.here.schema, {name: value for name, value in values.items() if name not in found})
        except Invalid as refusal:
            found |= refusal.problems
        for each in self.options:
            if each.about.get("variables") and isinstance(values.get(each.name), str) and each.name not in found:
                wrong = check_template(values[each.name], {*known, *_own_variables(each)})
                if wrong:
                    found[each.name] = " ".join(wrong)
        return found


def form_of(here: Here, given: MultiDict[str, str] | None = None) -> SettingsForm:
    """The form of the settings in one place, holding what was `given`, else what holds there."""
    fields = {f"set_{each.name}": _field(each) for each in options_of(here.schema)}
    made = type(f"{here.schema.__name__}Form", (SettingsForm,), fields)
    form: SettingsForm = made(formdata=given, data={f"set_{name}": _plain(each) for name, each in here.values.items()})
    form.here, form.given = here, given if given is not None else MultiDict()
    for name in form.reset:
        form.field(name).raw_data = None
        form.field(name).process(None, _plain(here.below[name]))
    return form


def unsaved_settings(session: Session, here: Here, values: Mapping[str, Any]) -> Any:
    """The settings, typed, as they would be with `values` saved in this place. `Invalid` names a required one that is missing."""
    runtime = runtime_of(session)
    *below, stored = runtime.stored_levels(session, here.plugin, here.scope, here.schema)
    secrets = {each.name for each in options_of(here.schema) if each.is_secret}
    kept = {name: stored.values.get(name, "") if name in secrets and value is None else value for name, value in values.items()}

    def open_secret(token: str, name: str, level: int) -> Secret:
        if isinstance(token, Secret):
            return token
        return runtime.vault.open(token, place_of(here.plugin, here.scope.id if level else 0, name))

    return read_settings(here.schema, [*below, Stored(kept, stored.version)], open_secret)


def fingerprint(value: Any) -> str:
    """A few characters that differ for different values: what a page showed, so that a change of it is told from none."""
    return hashlib.blake2b(json.dumps(value, sort_keys=True, default=str).encode(), digest_size=9).hexdigest()


class Typed(StringField):  # type: ignore[misc]
    """A value that is typed, or chosen: what the option says its text is."""

    data: Any

    def __init__(self, option: Option, **given: Any) -> None:
        super().__init__(**given)
        self.option = option

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        self.data = None
        self.data = read_option(self.option, valuelist[0] if valuelist else "")

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        if isinstance(self.data, list | tuple):
            return "\n".join(map(str, self.data))
        return "" if self.data is None else f"{self.data:g}" if isinstance(self.data, float) else str(self.data)


class Rows(FieldList):  # type: ignore[misc]
    """A list of rows of named columns; empty rows are left out of `data`."""

    @property
    def data(self) -> list[dict[str, str]]:
        rows = [{name: storable(str(text or "").strip()) for name, text in each.data.items()} for each in self.entries]
        return [row for row in rows if any(row.values())]

    @property
    def next_index(self) -> int:
        """The number of the empty row at the end."""
        return int(self.last_index) + 1


def _field(each: Option) -> Any:
    if each.is_secret:
        return StringField()
    if each.about.get("rows"):
        row = type("SettingRow", (Row,), {name: StringField() for name in each.about["rows"]})
        return Rows(FormField(row), max_entries=MOST_ROWS)
    if each.type is bool:
        return BooleanField(false_values=("",))
    return Typed(each, default=None if each.required else each.default)


def _plain(each: SettingValue) -> Any:
    """A value as its field holds it: of a secret nothing, and a text that came with the extension in the reader's language."""
    if each.option.is_secret:
        return ""
    ours = each.source == "default" and isinstance(each.value, str) and each.value and not each.option.about.get("choices")
    return _canonical(each.option, _(each.value) if ours else each.value)


def _canonical(each: Option, value: Any) -> Any:
    """A stored value as the field gives it back when nobody has changed it."""
    if value is None or each.is_secret:
        return value
    if each.about.get("rows"):
        return [{name: str(row.get(name) or "").strip() for name in each.about["rows"]} for row in value]
    if each.type in (list, tuple):
        return [str(text).strip() for text in value]
    if isinstance(value, str):
        return value.replace("\r\n", "\n").rstrip() if each.is_long else value.strip()
    return float(value) if each.type is float else value


def _by_name(values: Sequence[SettingValue]) -> dict[str, SettingValue]:
    return {each.option.name: each for each in values}


def _own_variables(each: Option) -> set[str]:
    """The names a template's own default uses: they are given to it when it is filled, and to no other."""
    return {str(variable) for variable in variables_in(each.default or "")}


def _first(errors: Any) -> Any:
    while isinstance(errors, list | tuple | dict):
        errors = next(iter(errors.values() if isinstance(errors, dict) else errors), "")
    return errors
