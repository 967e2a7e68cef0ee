"""Switching extensions on and off, and saving their settings: who may, what must be so first, what is written down.

`scope` is a form, or the desk for what is switched on once for all. `by` is who does it, None the desk itself (the command
line, the demo).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.errors import Invalid, NotAllowed, NotFound
from plugdesk.events import record
from plugdesk.forms.models import Desk, Form
from plugdesk.i18n import format_list
from plugdesk.i18n import gettext as _
from plugdesk.permissions import can_configure
from plugdesk.plugins.loader import PAGES, State
from plugdesk.plugins.registry import Registry
from plugdesk.plugins.settings import check_values, save_settings, schema_of
from plugdesk.runtime import Runtime, runtime_of
from plugdesk.users.models import User


def enable_plugin(session: Session, scope: Form | Desk, plugin_id: str, by: User | None, *, along: bool = False) -> list[str]:
    """Switch an extension on, `along` with what it requires; returns the ids that were switched on, in that order.

    It acts from the next request on. What was held while it was off goes on. Raises `Invalid` with what has to be done
    first: switch on what it requires, switch off what it conflicts with, fill in its settings. `NotAllowed` for strangers.
    """
    runtime = runtime_of(session)
    only_configuring(session, scope, by)
    scope = _locked(session, runtime, scope)
    wanted = _not_on(session, scope, [*requirements_of(runtime.registry, plugin_id), plugin_id])
    first = [each for each in wanted if each != plugin_id]
    if first and not along:
        raise Invalid(
            _("%(name)s needs %(others)s. Switch that on first.", name=name_of(session, plugin_id), others=_names(session, first))
        )
    for each in wanted:
        place = scope if each == plugin_id else _place_of(session, runtime, scope, each)
        if place is not scope:
            only_configuring(session, place, by)
            place = _locked(session, runtime, place)
        _check_can_be_on(session, runtime, place, each)
        _switch_on(session, runtime, place, each, by)
    return wanted


def enable_if_ready(session: Session, form: Form, plugin_id: str, by: User | None) -> bool:
    """Whether the extension is on now, with what it requires; one that is not installed, or needs settings first, waits."""
    if not runtime_of(session).registry.is_loaded(plugin_id):
        return False
    try:
        with session.begin_nested():
            enable_plugin(session, form, plugin_id, by, along=True)
    except Invalid:
        return False
    return True


def disable_plugin(session: Session, scope: Form | Desk, plugin_id: str, by: User | None, *, along: bool = False) -> list[str]:
    """Switch an extension off, `along` with what requires it; returns the ids that were switched off, in that order.

    Settings and data are kept; its jobs and letters are held until it is on again. A plugin whose package is gone can be
    switched off, too. Raises `Invalid` when others that are on require it, `NotAllowed` for strangers.
    """
    runtime = runtime_of(session)
    only_configuring(session, scope, by)
    scope = _locked(session, runtime, scope)
    if plugin_id == PAGES:
        raise Invalid(_("The pages themselves are always on."))
    places = _places(session, scope)
    found = [(place, each) for each in dependents_of(runtime.registry, plugin_id) for place in places if place.has(each)]
    if found and not along:
        others = _names(session, dict.fromkeys(each for _place, each in found))
        raise Invalid(
            _("%(name)s is needed by %(others)s. Switch that off first.", name=name_of(session, plugin_id), others=others)
        )
    off: list[str] = []
    for place, each in [*found, (scope, plugin_id)]:
        locked = place if place is scope else _locked(session, runtime, place)
        if locked.has(each):
            _switch_off(session, runtime, locked, each, by)
            off.append(each)
    return off


def save_plugin_settings(
    session: Session, scope: Form | Desk, plugin_id: str, values: Mapping[str, Any], version: int, by: User | None
) -> dict[str, list[Any]]:
    """Store an extension's settings for a form, or for the desk as the level below; returns name → [before, after].

    A name that is absent is not set at this level; None as a secret keeps the stored one. `version` is the one that was
    read. Raises `Invalid` by field, also when something that is on would be without a setting it needs; `Conflict` when
    somebody else saved meanwhile; `NotAllowed` for strangers.
    """
    runtime = runtime_of(session)
    only_configuring(session, scope, by)
    manifest = runtime.registry.plugins[plugin_id].manifest if runtime.registry.is_loaded(plugin_id) else None
    if manifest is None or manifest.settings is None:
        raise NotFound(_("This extension has no settings."))
    schema = schema_of(manifest.settings)
    check_values(schema, values)
    now, form_id = runtime.clock.now(), scope.id
    changes = save_settings(session, partial(runtime.seal, session), plugin_id, form_id, schema, values, version=version, now=now)
    if not changes:
        return changes
    session.flush()  # what was stored, to be read back below
    forget_settings(session)
    for place in _places(session, scope):
        if place.has(plugin_id):
            runtime.settings_of(session, plugin_id, place)
    record(session, "extension_settings_changed", form=_form(scope), actor=by, plugin=plugin_id, changes=changes)
    return changes


def requirements_of(registry: Registry, plugin_id: str) -> list[str]:
    """What an extension requires, directly or through others, in the order in which it must be switched on."""
    found: list[str] = []

    def visit(each: str) -> None:
        manifest = registry.plugins[each].manifest if each in registry.plugins else None
        for need in manifest.requires if manifest else ():
            if need not in found and need not in (PAGES, plugin_id):
                visit(need)
                found.append(need)

    visit(plugin_id)
    return found


def dependents_of(registry: Registry, plugin_id: str) -> list[str]:
    """The extensions that require this one, directly or through others, in the order in which they must be switched off."""
    found = [plugin.id for plugin in registry.plugins.values() if plugin_id in requirements_of(registry, plugin.id)]
    return sorted(found, key=lambda each: -len(requirements_of(registry, each)))


def conflicts_of(registry: Registry, plugin_id: str) -> list[str]:
    """The extensions that cannot be on in the same place, whichever of the two says so."""
    manifest = registry.plugins[plugin_id].manifest
    theirs = [each.id for each in registry.plugins.values() if each.manifest and plugin_id in each.manifest.conflicts]
    return sorted({*(manifest.conflicts if manifest else ()), *theirs} - {plugin_id})


def name_of(session: Session, plugin_id: str) -> str:
    """An extension's name in the reader's language; its id when its package is gone."""
    plugin = runtime_of(session).registry.plugins.get(plugin_id)
    return _(plugin.manifest.name) if plugin and plugin.manifest else plugin_id


def forget_settings(session: Session) -> None:
    """Settings changed in this session: read them anew."""
    for key in [key for key in session.info if isinstance(key, tuple) and key[0] == "settings"]:
        del session.info[key]
    session.info.pop("contexts", None)


def only_configuring(session: Session, scope: Form | Desk, by: User | None) -> None:
    """Refuse with `NotAllowed` whoever may not switch extensions in `scope`: a form's admins may there, admins everywhere."""
    if by is None or (by.is_admin and by.active):
        return
    if not isinstance(scope, Form) or not can_configure(session, by, scope):
        raise NotAllowed(_("Only an administrator of the form switches its extensions."))


def _check_can_be_on(session: Session, runtime: Runtime, scope: Form | Desk, plugin_id: str) -> None:
    plugin = runtime.registry.plugins.get(plugin_id)
    name = name_of(session, plugin_id)
    if plugin is None or plugin.manifest is None:
        reason = plugin.reason if plugin else _("It is not installed.")
        raise Invalid(_("%(name)s cannot be switched on. %(reason)s", name=name, reason=reason))
    if plugin.state is not State.OK:
        raise Invalid(_("%(name)s cannot be switched on. %(reason)s", name=name, reason=plugin.reason))
    if plugin_id == PAGES:
        raise Invalid(_("The pages themselves are always on."))
    if isinstance(scope, Form):
        if plugin.manifest.scope == "app":
            raise Invalid(_("%(name)s is switched on for the whole desk, not per form.", name=name))
        if scope.archived_at is not None:
            raise Invalid(_("This form is archived."))
    elif plugin.manifest.scope == "form":
        raise Invalid(_("%(name)s is switched on per form, not for the whole desk.", name=name))
    against = [each for each in conflicts_of(runtime.registry, plugin_id) if scope.has(each)]
    if against:
        raise Invalid(
            _("%(name)s does not go together with %(others)s. Switch that off first.", name=name, others=_names(session, against))
        )
    try:
        runtime.settings_of(session, plugin_id, scope)
    except Invalid as error:
        raise Invalid(
            _("%(name)s cannot be switched on yet. %(why)s", name=name, why=str(error)), problems=error.problems
        ) from error


def _switch_on(session: Session, runtime: Runtime, scope: Form | Desk, plugin_id: str, by: User | None) -> None:
    from plugdesk.jobs import release_jobs
    from plugdesk.tickets.delivery import release_messages

    _write(session, scope, sorted({*scope.extensions, plugin_id}), scope.suspended)
    jobs = messages = 0
    for place in _places(session, scope):
        jobs += release_jobs(session, plugin_id, _form(place))
        messages += release_messages(session, plugin_id, place) if isinstance(place, Form) else 0
    record(session, "extension_enabled", form=_form(scope), actor=by, plugin=plugin_id, jobs=jobs, messages=messages)
    runtime.nudge(session)


def _switch_off(session: Session, runtime: Runtime, scope: Form | Desk, plugin_id: str, by: User | None) -> None:
    from plugdesk.jobs import hold_jobs
    from plugdesk.tickets.delivery import hold_messages

    suspended = {name: entry for name, entry in scope.suspended.items() if name != plugin_id}
    _write(session, scope, [each for each in scope.extensions if each != plugin_id], suspended)
    jobs = messages = 0
    for place in _places(session, scope):
        if place is not scope and place.has(plugin_id):
            continue  # one that is on per form, too, stays on there
        jobs += hold_jobs(session, plugin_id, _form(place))
        messages += hold_messages(session, plugin_id, place) if isinstance(place, Form) else 0
    record(session, "extension_disabled", form=_form(scope), actor=by, plugin=plugin_id, jobs=jobs, messages=messages)


def _write(session: Session, scope: Form | Desk, extensions: list[str], suspended: dict[str, Any]) -> None:
    # Past the row's version: somebody who is editing the form at this moment has changed nothing of this.
    values = {"extensions": extensions, "suspended": suspended}
    session.execute(sa.update(type(scope)).where(type(scope).id == scope.id).values(values))
    session.info.pop("contexts", None)


def _locked(session: Session, runtime: Runtime, scope: Form | Desk) -> Form | Desk:
    session.flush()  # what was changed here so far would be lost by reading the row anew
    return runtime.scope(session, scope.id, lock=True)


def _place_of(session: Session, runtime: Runtime, scope: Form | Desk, plugin_id: str) -> Form | Desk:
    """Where something that is required is switched on: in the same place, or on the desk if it is on only there."""
    return runtime.desk(session) if runtime.registry.scope_of(plugin_id) == "app" else scope


def _places(session: Session, scope: Form | Desk) -> list[Form | Desk]:
    """The places a switch there reaches: a form itself; the desk and with it every form."""
    if isinstance(scope, Form):
        return [scope]
    return [scope, *session.scalars(sa.select(Form).order_by(Form.id))]


def _not_on(session: Session, scope: Form | Desk, plugin_ids: list[str]) -> list[str]:
    desk = runtime_of(session).desk(session)
    on = runtime_of(session).registry.enabled(scope, desk)
    return [each for each in plugin_ids if each not in on]


def _form(scope: Form | Desk) -> Form | None:
    return scope if isinstance(scope, Form) else None


def _names(session: Session, plugin_ids: Any) -> str:
    return format_list([name_of(session, each) for each in plugin_ids])
