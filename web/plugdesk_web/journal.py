"""What happened on the desk, in words: the audit log is the table of events, read here and never changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from plugdesk.events import Event
from plugdesk.i18n import format_list, lazy_gettext
from plugdesk.i18n import gettext as _
from plugdesk.plugins.switch import name_of

PAGE = 50
GROUPS: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "sign-in": (
        lazy_gettext("Signing in"),
        ("signed_in", "signed_out", "sign_in_failed", "sessions_ended", "password_changed"),
    ),
    "denied": (lazy_gettext("Denied"), ("access_denied",)),
    "people": (
        lazy_gettext("People and rights"),
        (
            "user_added", "user_changed", "user_activated", "user_deactivated", "form_agent_set", "form_agent_removed", "form_group_set", "form_group_removed",
            "shifts_changed", "absence_added", "absence_removed",
            "group_added", "group_changed", "group_deleted",
        ),
    ),
    "forms": (
        lazy_gettext("Forms"),
        (
            "form_added", "form_changed", "form_archived", "form_unarchived", "field_added", "field_changed", "field_deleted",
            "fields_moved", "status_added", "status_edited", "status_deleted", "statuses_moved", "configuration_applied",
        ),
    ),
    "extensions": (
        lazy_gettext("Extensions and secrets"),
        (
            "extension_enabled", "extension_disabled", "extension_settings_changed", "extension_suspended", "extension_resumed",
            "extension_removed", "extension_data_deleted", "mailbox_added", "mailbox_changed", "mailbox_removed", "secrets_rotated",
        ),
    ),
    "customers": (
        lazy_gettext("Customers"),
        ("customer_changed", "customer_tags_changed", "customers_joined", "customer_deleted", "identity_added", "identity_removed", "organization_added",
         "organization_renamed", "organization_deleted"),
    ),
    "deletions": (
        lazy_gettext("Deletions and merges"),
        ("ticket_deleted", "ticket_restored", "ticket_erased", "tickets_merged", "ticket_unmerged", "ticket_split", "ticket_moved"),
    ),
    "tags": (lazy_gettext("Tags"), ("tag_added", "tag_changed", "tag_deleted")),
    "hours": (
        lazy_gettext("Business hours"),
        ("business_hours_added", "business_hours_changed", "business_hours_deleted"),
    ),
    "system": (lazy_gettext("System"), ("desk_added", "desk_set_up", "desk_changed", "job_run_again", "delivery_told_again", "delivery_dropped")),
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One line: the event, what happened in words, and how much it should be noticed."""

    event: Event
    words: str
    details: str
    tone: str


def entries(
    session: Session, *, group: str = "", actor_id: int | None = None, form_id: int | None = None, before: int | None = None
) -> tuple[list[Entry], int | None]:
    """A page of the journal, newest first, and the key of the next one. Without `group` everything but the work on tickets."""
    kinds = GROUPS[group][1] if group in GROUPS else tuple(kind for _title, kinds in GROUPS.values() for kind in kinds)
    query = sa.select(Event).options(joinedload(Event.actor)).where(Event.kind.in_(kinds)).order_by(Event.id.desc())
    for column, value in ((Event.actor_id, actor_id), (Event.form_id, form_id)):
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        query = query.where(Event.id < before)
    found = session.scalars(query.limit(PAGE + 1)).all()
    shown = [_entry(session, event) for event in found[:PAGE]]
    return shown, found[PAGE - 1].id if len(found) > PAGE else None


def _entry(session: Session, event: Event) -> Entry:
    words = _WORDS.get(event.kind)
    text = words(session, event) if words else event.kind
    return Entry(event, text, _details(event.data), "red" if event.kind in _RED else "amber" if event.kind in _AMBER else "")


_NAMES = {
    "name": lazy_gettext("Name"), "email": lazy_gettext("E-mail"), "role": lazy_gettext("Role"), "language": lazy_gettext("Language"),
    "zone": lazy_gettext("Time zone"), "organization_id": lazy_gettext("Organization"), "country": lazy_gettext("Country"),
    "about": lazy_gettext("About"), "members": lazy_gettext("Members"), "supervisor_id": lazy_gettext("Supervisor"),
    "responsible_user_id": lazy_gettext("Responsible person"), "responsible_group_id": lazy_gettext("Responsible group"),
    "label": lazy_gettext("Question"), "help": lazy_gettext("Help"), "required": lazy_gettext("Required"),
    "agent_only": lazy_gettext("Agents only"), "choices": lazy_gettext("Choices"), "default": lazy_gettext("Already filled in with"),
    "currency": lazy_gettext("Currency"), "kind": lazy_gettext("Kind"), "names": lazy_gettext("Name"),
    "tone": lazy_gettext("Colour"), "customer_name": lazy_gettext("The customer reads"), "customer_names": lazy_gettext("The customer reads"),
    "theme": lazy_gettext("Appearance"), "can_delete": lazy_gettext("May put tickets into the bin"),
    "sees": lazy_gettext("Sees"), "statuses": lazy_gettext("Statuses"), "actions": lazy_gettext("May"),
    "is_admin": lazy_gettext("Configures the form"), "only_assignee": lazy_gettext("Only the assignee acts"),
    "waits_on_reply": lazy_gettext("A reply waits for the customer"), "reopen_days": lazy_gettext("Days a closed ticket can be opened again"),
    "weekly": lazy_gettext("Week"), "region": lazy_gettext("Region"), "exceptions": lazy_gettext("Exceptions"),
    "resumes_on_message": lazy_gettext("A message ends the waiting"),
}  # fmt: skip


def _details(data: Mapping[str, Any]) -> str:
    """What changed from what to what, where the event says it."""
    changes = data.get("changes")
    if not isinstance(changes, Mapping):
        return ""
    return "; ".join(f"{_NAMES.get(name, name)}: {_plain(pair)}" for name, pair in changes.items())


def _plain(pair: Any) -> str:
    if not (isinstance(pair, Sequence) and not isinstance(pair, str) and len(pair) == 2):
        return json.dumps(pair, ensure_ascii=False)
    before, after = (
        "—" if each in (None, "", [], {}) else each if isinstance(each, str) else json.dumps(each, ensure_ascii=False)
        for each in pair
    )
    return f"{before} → {after}"


def _said(sentence: Any, **names: str) -> Callable[[Session, Event], str]:
    """A sentence whose `%(…)s` are taken from the event's data, by the keys of `names`."""

    def words(session: Session, event: Event) -> str:
        return str(sentence) % {name: _value(event.data.get(key)) for name, key in names.items()}

    return words


def _about(sentence: Any) -> Callable[[Session, Event], str]:
    """A sentence about an extension."""
    return lambda session, event: str(sentence) % {"name": name_of(session, event.plugin or "")}


def _value(value: Any) -> str:
    if isinstance(value, list):
        return format_list(value)
    return "—" if value in (None, "") else str(value)


def _person(sentence: Any) -> Callable[[Session, Event], str]:
    """A sentence about somebody named only by their number."""

    def words(session: Session, event: Event) -> str:
        from plugdesk.users.models import User

        person = session.get(User, event.data.get("user_id") or 0)
        return str(sentence) % {"name": person.name if person else _("somebody")}

    return words


_RED = frozenset(
    {"sign_in_failed", "access_denied", "extension_suspended", "ticket_erased", "extension_data_deleted", "extension_removed"}
)
_AMBER = frozenset({"user_deactivated", "group_deleted", "field_deleted", "status_deleted", "form_archived", "ticket_deleted", "mailbox_removed",
                    "extension_disabled", "identity_removed", "sessions_ended", "form_agent_removed", "form_group_removed"})  # fmt: skip
_WORDS: Mapping[str, Callable[[Session, Event], str]] = {
    "signed_in": _said(lazy_gettext("Signed in, from %(address)s"), address="remote_address"),
    "signed_out": _person(lazy_gettext("%(name)s was signed out")),
    "sign_in_failed": _said(
        lazy_gettext("A sign-in as %(account)s failed, from %(address)s"), account="address", address="remote_address"
    ),
    "sessions_ended": _said(lazy_gettext("Sessions were ended: %(number)s"), number="sessions"),
    "password_changed": _person(lazy_gettext("The password of %(name)s was changed")),
    "access_denied": lambda session, event: (
        _("Asked for ticket %(number)s, which is not theirs to see", number=event.data.get("number"))
        if event.data.get("what") == "ticket"
        else _("Was refused: %(method)s %(path)s", method=event.data.get("method"), path=event.data.get("path"))
    ),
    "user_added": lambda session, event: (
        _("Added %(name)s (%(email)s), administrator", name=event.data.get("name"), email=event.data.get("email"))
        if event.data.get("role") == "admin"
        else _("Added %(name)s (%(email)s), agent", name=event.data.get("name"), email=event.data.get("email"))
    ),
    "user_changed": _person(lazy_gettext("Changed %(name)s")),
    "user_activated": _said(lazy_gettext("Let %(name)s in again"), name="name"),
    "user_deactivated": _said(lazy_gettext("Deactivated %(name)s"), name="name"),
    "form_agent_set": lambda session, event: (
        _("%(name)s configures the form", name=event.data.get("name"))
        if event.data.get("is_admin")
        else _("%(name)s works on the form", name=event.data.get("name"))
    ),
    "form_group_set": lambda session, event: (
        _("The group %(name)s configures the form", name=event.data.get("name"))
        if event.data.get("is_admin")
        else _("The group %(name)s works on the form", name=event.data.get("name"))
    ),
    "form_group_removed": _said(lazy_gettext("The group %(name)s no longer works on the form"), name="name"),
    "form_agent_removed": _said(lazy_gettext("%(name)s no longer works on the form"), name="name"),
    "shifts_changed": _said(lazy_gettext("Changed the shifts of %(name)s"), name="name"),
    "absence_added": _said(
        lazy_gettext("%(name)s is away from %(first)s to %(last)s"), name="name", first="first_day", last="last_day"
    ),
    "absence_removed": _said(
        lazy_gettext("%(name)s is not away from %(first)s to %(last)s after all"), name="name", first="first_day", last="last_day"
    ),
    "group_added": _said(lazy_gettext("Added the group %(name)s"), name="name"),
    "group_changed": _said(lazy_gettext("Changed the group no. %(id)s"), id="group_id"),
    "group_deleted": _said(lazy_gettext("Deleted the group %(name)s; tickets moved: %(number)s"), name="name", number="tickets"),
    "form_added": _said(lazy_gettext("Made the form %(name)s"), name="name"),
    "form_changed": lambda session, event: _("Changed the form"),
    "form_archived": _said(lazy_gettext("Archived the form %(name)s"), name="name"),
    "form_unarchived": _said(lazy_gettext("Opened the form %(name)s again"), name="name"),
    "field_added": _said(lazy_gettext("Added the field %(label)s"), label="label"),
    "field_changed": _said(lazy_gettext("Changed the field %(label)s"), label="label"),
    "field_deleted": _said(lazy_gettext("Deleted the field %(label)s"), label="label"),
    "fields_moved": lambda session, event: _("Put the fields in another order"),
    "status_added": _said(lazy_gettext("Added the status %(name)s"), name="name"),
    "status_edited": _said(lazy_gettext("Changed the status %(code)s"), code="code"),
    "status_deleted": _said(
        lazy_gettext("Deleted the status %(name)s; tickets moved: %(number)s"), name="name", number="tickets"
    ),
    "statuses_moved": lambda session, event: _("Put the statuses in another order"),
    "configuration_applied": _said(lazy_gettext("Took the ready-made configuration %(name)s"), name="configuration"),
    "extension_enabled": _about(lazy_gettext("Switched on %(name)s")),
    "extension_disabled": _about(lazy_gettext("Switched off %(name)s")),
    "extension_settings_changed": _about(lazy_gettext("Changed the settings of %(name)s")),
    "extension_suspended": _about(lazy_gettext("%(name)s was suspended: it kept failing")),
    "extension_resumed": _about(lazy_gettext("%(name)s goes on")),
    "extension_removed": _about(lazy_gettext("Removed %(name)s with its tables")),
    "extension_data_deleted": _about(lazy_gettext("Deleted the data of %(name)s")),
    "mailbox_added": _said(lazy_gettext("Connected the mailbox %(address)s"), address="address"),
    "mailbox_changed": _said(lazy_gettext("Changed the mailbox %(address)s"), address="address"),
    "mailbox_removed": _said(lazy_gettext("Disconnected the mailbox %(address)s"), address="address"),
    "secrets_rotated": _said(lazy_gettext("Sealed the stored secrets anew: %(number)s"), number="number"),
    "customer_changed": _person(lazy_gettext("Changed the customer %(name)s")),
    "customer_tags_changed": _person(lazy_gettext("Changed the tags of %(name)s")),
    "tag_added": _said(lazy_gettext("Added the tag %(name)s"), name="name"),
    "tag_changed": _said(lazy_gettext("Changed the tag %(name)s"), name="name"),
    "tag_deleted": _said(
        lazy_gettext("Deleted the tag %(name)s; tickets that held it: %(tickets)s, customers: %(customers)s"),
        name="name",
        tickets="tickets",
        customers="customers",
    ),
    "business_hours_added": _said(lazy_gettext("Added the business hours %(name)s"), name="name"),
    "business_hours_changed": _said(lazy_gettext("Changed the business hours %(name)s"), name="name"),
    "business_hours_deleted": _said(lazy_gettext("Deleted the business hours %(name)s"), name="name"),
    "customers_joined": _said(lazy_gettext("Put the card of %(name)s into another customer's"), name="name"),
    "customer_deleted": _said(lazy_gettext("Deleted the customer %(name)s"), name="name"),
    "organization_deleted": _said(lazy_gettext("Deleted the organization %(name)s"), name="name"),
    "identity_added": _said(lazy_gettext("Added the contact %(value)s to a customer"), value="value"),
    "identity_removed": _said(lazy_gettext("Took the contact %(value)s from a customer"), value="value"),
    "organization_added": _said(lazy_gettext("Added the organization %(name)s"), name="name"),
    "organization_renamed": _said(lazy_gettext("Renamed the organization %(before)s to %(name)s"), before="before", name="name"),
    "ticket_deleted": _said(lazy_gettext("Put a ticket into the bin: %(subject)s"), subject="subject"),
    "ticket_restored": lambda session, event: _("Took a ticket out of the bin"),
    "ticket_erased": _said(lazy_gettext("Ticket %(number)s was erased for good"), number="number"),
    "tickets_merged": _said(lazy_gettext("Merged ticket %(number)s into this one"), number="other_id"),
    "ticket_unmerged": _said(lazy_gettext("Took ticket %(number)s out of this one again"), number="other_id"),
    "ticket_split": _said(lazy_gettext("Split ticket %(number)s off"), number="other_id"),
    "ticket_moved": _said(
        lazy_gettext("Moved a ticket from “%(before)s” to “%(after)s”"), before="before_name", after="after_name"
    ),
    "desk_added": _said(lazy_gettext("The desk %(name)s was made"), name="name"),
    "desk_changed": _said(lazy_gettext("Changed the desk %(name)s"), name="name"),
    "desk_set_up": lambda session, event: _("Ended the set-up as the first administrator"),
    "job_run_again": _said(lazy_gettext("Ran the job %(job)s again"), job="job"),
    "delivery_told_again": _said(lazy_gettext("Told %(name)s again"), name="told_plugin"),
    "delivery_dropped": _about(lazy_gettext("News for %(name)s was dropped: it is off")),
}
