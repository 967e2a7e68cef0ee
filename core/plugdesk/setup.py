"""The first run: the desk's own row, its first administrator, a ready-made configuration to begin with."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from plugdesk.changes import apply, lock
from plugdesk.errors import Conflict, NotAllowed, NotFound
from plugdesk.events import Event, record
from plugdesk.forms.commands import create_form
from plugdesk.forms.models import Desk, Form
from plugdesk.i18n import gettext as _
from plugdesk.i18n import known_language
from plugdesk.inputs import Problems, needed_line, read_language, read_zone
from plugdesk.permissions import only_admins
from plugdesk.plugins.switch import enable_if_ready
from plugdesk.runtime import runtime_of
from plugdesk.terms import tell_of_terms
from plugdesk.users.commands import add_user
from plugdesk.users.models import Role, User


@dataclass(frozen=True)
class Configuration:
    """A form ready to work with: its name by language, and the extensions meant for it."""

    form_name: Mapping[str, str]
    extensions: tuple[str, ...]


CONFIGURATIONS: Mapping[str, Configuration] = {
    "support_desk": Configuration(
        form_name={"en": "Support", "ru": "Поддержка"},
        extensions=("email", "csat", "sla", "automation", "reports"),
    ),
}


def is_set_up(session: Session) -> bool:
    """Whether there is a desk with an administrator: until then the set-up is open, afterwards never again."""
    return session.scalar(sa.select(Desk.set_up_at).where(Desk.id == 0)) is not None


def create_desk(session: Session, *, name: str, language: str, zone: str) -> Desk:
    """The row about this installation, with a random name of its own. A desk that nobody has set up yet is renamed.

    Raises `Invalid`, `NotAllowed` once the set-up is over, `Conflict` when somebody else is at it.
    """
    read = _read(name, language, zone)
    desk = session.get(Desk, 0)
    if desk is not None:
        if desk.set_up_at is not None:
            raise NotAllowed(_("This desk is set up already. Sign in."))
        for key, value in read.items():
            setattr(desk, key, value)
        return desk
    desk = Desk(id=0, instance=secrets.token_hex(8), extensions=[], suspended={}, **read)
    session.add(desk)
    try:
        session.flush()  # the one row there can be: whoever comes second is refused here
    except IntegrityError:
        raise Conflict(_("Somebody else is setting up this desk.")) from None
    record(session, "desk_added", name=desk.name)
    return desk


def change_desk(
    session: Session, desk: Desk, *, name: str, language: str, zone: str, by: User | None, version: int | None = None
) -> Desk:
    """Give the desk another name, language or zone. What is meant by the desk's clock is reckoned anew in another zone.

    Raises `Invalid` by control, `NotAllowed`, and `Conflict` when somebody else was quicker.
    """
    only_admins(by)
    lock(session, desk, version)
    changes = apply(desk, _read(name, language, zone))
    if changes:
        if "zone" in changes:
            tell_of_terms(
                session, session.scalars(sa.select(Form).where(Form.archived_at.is_(None))).all(), by=by, zone=desk.zone
            )
        record(session, "desk_changed", actor=by, name=desk.name, changes=changes)
    return desk


def first_administrator(
    session: Session, *, name: str, email: str, password: str, language: str | None = None, zone: str | None = None
) -> User:
    """The administrator the set-up ends with. Works once: also of two who press at once only one becomes it.

    Raises `NotAllowed` ever after, `Invalid` for what cannot be taken.
    """
    runtime = runtime_of(session)
    desk, now = runtime.desk(session), runtime.clock.now()
    closing = sa.update(Desk).where(Desk.id == 0, Desk.set_up_at.is_(None)).values(set_up_at=now, version=Desk.version + 1)
    # The one place where it closes: the second waits for the first's commit, and then finds nothing left to close.
    if session.execute(closing, execution_options={"synchronize_session": False}).rowcount != 1:  # type: ignore[attr-defined]
        raise NotAllowed(_("This desk is set up already. Sign in."))
    session.refresh(desk)
    user = add_user(session, role=Role.ADMIN, name=name, email=email, password=password, language=language, zone=zone, by=None)
    record(session, "desk_set_up", actor=user)
    return user


def apply_configuration(session: Session, configuration: str, *, by: User | None, language: str | None = None) -> Form:
    """Make the form of a ready-made configuration and switch on its extensions, as far as they are installed and can be.

    Those that are not are written down with the event; `complete_configurations` adds them once they are there.
    """
    only_admins(by)
    wanted = CONFIGURATIONS.get(configuration)
    if wanted is None:
        raise NotFound(_("There is no such configuration."))
    spoken = known_language(language, runtime_of(session).desk(session).language)
    form = create_form(session, name=wanted.form_name[spoken], by=by, language=language)
    waiting = [plugin for plugin in wanted.extensions if not enable_if_ready(session, form, plugin, by)]
    record(session, "configuration_applied", form=form, actor=by, configuration=configuration, waiting=waiting)
    return form


def complete_configurations(session: Session) -> list[tuple[Form, str]]:
    """Switch on what ready-made configurations were waiting for and is installed by now. Called when the desk starts.

    An extension somebody has switched on that form before, on or off, is left as they left it.
    """
    added = []
    for event in session.scalars(sa.select(Event).where(Event.kind == "configuration_applied").order_by(Event.id)).all():
        form = session.get(Form, event.form_id)
        if form is None or form.archived_at is not None:
            continue
        for plugin in event.data["waiting"]:
            if not _was_switched(session, form, plugin) and enable_if_ready(session, form, plugin, None):
                added.append((form, plugin))
    return added


def _was_switched(session: Session, form: Form, plugin: str) -> bool:
    query = sa.select(Event.id).where(Event.plugin == plugin, Event.form_id == form.id)
    return session.scalar(query.where(Event.kind.in_(("extension_enabled", "extension_disabled"))).limit(1)) is not None


def _read(name: str, language: str, zone: str) -> dict[str, Any]:
    """What a desk is called, speaks and goes by, checked."""
    problems, read = Problems(), dict[str, Any]()
    with problems.at("name"):
        read["name"] = needed_line(name, _("Give your desk a name."))
    with problems.at("language"):
        read["language"] = read_language(language) or known_language(language)
    with problems.at("zone"):
        read["zone"] = read_zone(zone) or "UTC"
    problems.raise_any()
    return read
