"""Settings of plugins: one frozen dataclass each, two levels (desk, then form), secrets sealed.

    @dataclass(frozen=True)
    class CsatSettings:
        VERSION = 1
        text: str = option("How did we do?", label="Invitation", lines=3)

The stored values of unknown keys are kept; a newer VERSION than the code knows is refused in a sentence.
"""

from __future__ import annotations

import importlib
import math
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from plugdesk.database import Base, Json, Key, storable
from plugdesk.errors import Conflict, Invalid
from plugdesk.i18n import gettext as _
from plugdesk.vault import Secret


class PluginSettings(Base):
    """What an admin set for a plugin on a form (0: for the desk). `version` guards against overwriting one another."""

    __tablename__ = "plugin_settings"
    __table_args__ = (sa.UniqueConstraint("plugin", "form_id"),)

    id: Mapped[Key]
    plugin: Mapped[str]
    form_id: Mapped[int]
    values: Mapped[dict[str, Any]] = mapped_column(Json)
    schema: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}


def option(
    default: Any = MISSING,
    *,
    label: Any,
    help: Any = "",
    choices: Sequence[tuple[str, Any]] | None = None,
    lines: int = 1,
    least: float | None = None,
    most: float | None = None,
    variables: bool = False,
    rows: Mapping[str, Any] | None = None,
) -> Any:
    """One setting: its label and help (translatable), what limits it, and how it is edited.

    Without a `default` it must be filled in before the extension can be switched on. `lines` > 1 makes a text area;
    `least` and `most` limit a number, or a text's length; `variables` says that the text is a template; `rows` makes the
    value a list of rows with these named columns (label per name). A default that is a function is called.
    """
    about = {
        "label": label, "help": help, "choices": choices, "lines": lines, "least": least, "most": most,
        "variables": variables, "rows": rows,
    }  # fmt: skip
    if default is MISSING:
        return field(metadata=about)
    if callable(default):
        return field(default_factory=default, metadata=about)
    return field(default=default, metadata=about)


@dataclass(frozen=True)
class Option:
    """One setting as pages need it: its name, type (str, int, float, bool, Secret, list) and `option()`'s words."""

    name: str
    type: type
    about: Mapping[str, Any]
    required: bool
    default: Any

    @property
    def is_secret(self) -> bool:
        return self.type is Secret

    @property
    def is_long(self) -> bool:
        """Whether it is a text of several lines."""
        return bool(self.about.get("lines", 1) > 1)


@dataclass(frozen=True)
class Stored:
    """A plugin's stored values at one level, with the version to save them against; `opened` holds no secret."""

    values: Mapping[str, Any]
    version: int


def schema_of(place: str) -> type:
    """The dataclass at `package.module:Name`."""
    module, _colon, name = place.partition(":")
    found = getattr(importlib.import_module(module), name)
    if not is_dataclass(found) or not isinstance(found, type):
        raise TypeError(f"{place} is not a dataclass")
    return found


@cache
def options_of(schema: type) -> tuple[Option, ...]:
    """The settings a dataclass declares, in order."""
    hints = typing.get_type_hints(schema)
    return tuple(_option(each, hints[each.name]) for each in fields(schema))


def read_option(each: Option, typed: str) -> Any:
    """What was typed for an option; nothing at all is None, where that is what it is without. Raises `ValueError` with a sentence."""
    text, about, default = storable(typed.replace("\r\n", "\n")), each.about, None if each.required else each.default
    if about.get("choices"):
        return _chosen(about["choices"], text.strip(), default)
    if each.type is bool:
        return text.strip() in ("1", "true", "on")
    if each.type in (list, tuple):
        return [line.strip() for line in text.splitlines() if line.strip()]
    if each.type in (int, float):
        return _number(text.strip(), each.type, default)
    text = text.rstrip() if each.is_long else text.strip()
    return None if not text and default is None else text


def read_settings(schema: type, levels: Sequence[Stored], open_secret: Callable[[str, str, int], Secret]) -> Any:
    """The settings as `schema`, the later of `levels` winning.

    `open_secret(token, name, level)` opens a sealed value. Raises `Invalid` naming a required one that is not set.
    """
    found: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for each in options_of(schema):
        for number, level in reversed(list(enumerate(levels))):
            if each.name in level.values:
                value = level.values[each.name]
                found[each.name] = _opened(value, each, number, open_secret) if each.is_secret else _typed(each, value)
                break
        else:
            if each.required:
                missing[each.name] = _("Fill in “%(label)s”.", label=each.about["label"])
    if missing:
        labels = ", ".join(str(each.about["label"]) for each in options_of(schema) if each.name in missing)
        raise Invalid(_("It needs settings first: %(labels)s.", labels=labels), problems=missing)
    return schema(**found)


def stored(session: Session, plugin: str, form_id: int, schema: type) -> Stored:
    """What is stored at one level, brought up to the code's version in memory."""
    row = session.scalar(sa.select(PluginSettings).where(PluginSettings.plugin == plugin, PluginSettings.form_id == form_id))
    return upgraded(row, schema)


def upgraded(row: PluginSettings | None, schema: type) -> Stored:
    """A row's values as the code of today understands them; `Invalid` if the row is from a newer version."""
    if row is None:
        return Stored({}, 0)
    ours = int(getattr(schema, "VERSION", 1))
    if row.schema > ours:
        raise Invalid(
            _("The settings were saved by a newer version of this extension (%(theirs)s, this one knows %(ours)s). Update it.",
              theirs=row.schema, ours=ours)
        )  # fmt: skip
    values: Mapping[str, Any] = row.values
    if row.schema < ours:
        values = schema.migrate(dict(values), row.schema)  # type: ignore[attr-defined]
    return Stored(values, row.version)


def save_settings(
    session: Session,
    seal: Callable[[str, str], str],
    plugin: str,
    form_id: int,
    schema: type,
    values: Mapping[str, Any],
    *,
    version: int,
    now: datetime,
) -> dict[str, list[Any]]:
    """Store `values` (an absent key means: not set at this level) if `version` is still what was read.

    A `Secret` is sealed for its place; None as a secret keeps the stored one, an empty one removes it. Unknown stored keys are kept. Returns what
    changed as name → [before, after], secrets masked. Raises `Conflict` when somebody else saved meanwhile.
    """
    this = sa.select(PluginSettings).where(PluginSettings.plugin == plugin, PluginSettings.form_id == form_id)
    row = session.scalar(this.with_for_update(), execution_options={"populate_existing": True})
    before = upgraded(row, schema)
    if before.version != version:
        raise Conflict(_("Somebody else saved these settings meanwhile. Compare, then save again."))
    known = {each.name: each for each in options_of(schema)}
    after = {name: value for name, value in before.values.items() if name not in known}
    for name, each in known.items():
        if name not in values:
            continue
        value = values[name]
        if each.is_secret:
            if value is not None and Secret(value):
                after[name] = seal(Secret(value), place_of(plugin, form_id, name))
            elif value is None and before.values.get(name):
                after[name] = before.values[name]
        else:
            after[name] = value
    changes = {
        name: [_shown(known.get(name), before.values.get(name)), _shown(known.get(name), after.get(name))]
        for name in {*before.values, *after}
        if before.values.get(name) != after.get(name)
    }
    schema_version = int(getattr(schema, "VERSION", 1))
    if row is None:
        try:
            with session.begin_nested():
                session.add(PluginSettings(plugin=plugin, form_id=form_id, values=after, schema=schema_version, changed_at=now))
        except sa.exc.IntegrityError as error:  # two first savings at the same moment: no row there was to be locked
            raise Conflict(_("Somebody else saved these settings meanwhile. Compare, then save again.")) from error
    else:
        row.values, row.schema, row.changed_at = after, schema_version, now
    return changes


def check_values(schema: type, values: Mapping[str, Any]) -> None:
    """Refuse with `Invalid` what `schema` does not allow: other names, other types, choices there are not, beyond the limits."""
    known = {each.name: each for each in options_of(schema)}
    problems = {name: _("There is no such setting.") for name in values if name not in known}
    for name, value in values.items():
        if name in known and (problem := _problem(known[name], value)):
            problems[name] = problem
    if problems:
        raise Invalid(problems=problems)


def _problem(each: Option, value: Any) -> str | None:
    about = each.about
    if each.is_secret:
        return None if value is None or isinstance(value, str) else _("Enter a text.")
    if value is None:
        return None if not each.required else _("Fill in “%(label)s”.", label=about["label"])
    if not isinstance(_typed(each, value), each.type) or (isinstance(value, bool) and each.type is not bool):
        return _("“%(label)s” cannot be that.", label=about["label"])
    if each.required and value == "":
        return _("Fill in “%(label)s”.", label=about["label"])
    if about.get("choices") and value not in [code for code, _label in about["choices"]]:
        return _("Choose one of what is offered for “%(label)s”.", label=about["label"])
    size = len(value) if isinstance(value, str | list | tuple) else value
    if about.get("least") is not None and size < about["least"]:
        return _("“%(label)s” is at least %(number)s.", label=about["label"], number=about["least"])
    if about.get("most") is not None and size > about["most"]:
        return _("“%(label)s” is at most %(number)s.", label=about["label"], number=about["most"])
    return None


def _chosen(choices: Sequence[tuple[Any, Any]], text: str, default: Any) -> Any:
    for code, _label in choices:
        if str(code) == text:
            return code
    if not text and default is None:
        return None
    raise ValueError(_("Choose one of what is offered."))


def _number(text: str, kind: type, default: Any) -> float | None:
    if not text:
        if default is not None:
            raise ValueError(_("Enter a number."))
        return None
    with suppress(ValueError, OverflowError):  # a whole number of 400 digits is one, and more than can be counted with
        number: float = kind(text.replace(",", "."))
        if math.isfinite(number):
            return number
    raise ValueError(_("Enter a whole number.") if kind is int else _("Enter a number."))


def place_of(plugin: str, form_id: int, name: str) -> str:
    """Where a secret lives: `email/form:7/password`, `email/desk/password`."""
    return f"{plugin}/{f'form:{form_id}' if form_id else 'desk'}/{name}"


def _option(each: Any, hint: Any) -> Option:
    kind = hint
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        kind = next(part for part in typing.get_args(hint) if part is not type(None))
    kind = typing.get_origin(kind) or kind
    required = each.default is MISSING and each.default_factory is MISSING
    default = None if required else each.default if each.default is not MISSING else each.default_factory()
    about = each.metadata or {"label": each.name, "help": "", "choices": None, "lines": 1}
    return Option(each.name, kind, about, required, default)


def _opened(value: str, each: Option, level: int, open_secret: Callable[[str, str, int], Secret]) -> Secret:
    return open_secret(value, each.name, level) if value else Secret()


def _typed(each: Option, value: Any) -> Any:
    if value is None or isinstance(value, each.type):
        return value
    if each.type is float and isinstance(value, int):
        return float(value)
    return tuple(value) if each.type is tuple else value


def _shown(each: Option | None, value: Any) -> Any:
    return "••••" if value and each is not None and each.is_secret else value
