"""The language of the search box: words in every grammatical form, numbers, and `field:value` as conditions on tickets.

A value is only ever a bound parameter; names of fields come from a list, never from what was typed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.database import row_number
from plugdesk.forms.models import OPEN_KINDS, FieldKind, Form, Status, StatusKind
from plugdesk.forms.queries import forms_for
from plugdesk.i18n import gettext as _
from plugdesk.runtime import runtime_of
from plugdesk.stems import Term, query_terms
from plugdesk.tags.models import CustomerTag, TicketTag
from plugdesk.tags.queries import tag_named
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import Group, User
from plugdesk.users.words import end_of, who_has, words_wanted
from plugdesk_web.contributions import Contributed, SearchWord, contributed

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True)
class Question:
    """What was asked: the conditions tickets must meet, the plain words, and what of it could not be understood."""

    conditions: Sequence[Condition]
    terms: Sequence[Term]
    words: str
    number: int | None
    misunderstood: Sequence[str]

    @property
    def is_empty(self) -> bool:
        return not self.conditions and not self.terms


def read_question(session: Session, user: User, typed: str) -> Question:
    """`typed` as conditions on the tickets `user` may see."""
    forms = forms_for(session, user, archived=True)
    fields, words = _fields_of(forms), _words_of(session)
    terms = query_terms(typed, {*NAMES, *fields, *words})
    conditions, misunderstood = list[Condition](), list[str]()
    for term in terms:
        if term.field is None:
            continue
        if term.field in words and term.field not in fields and term.field not in NAMES:
            condition = _of_extension(session, user, forms, words[term.field], term.value)
        else:
            condition = _condition(session, user, forms, fields, term)
        if condition is None:
            misunderstood.append(f"{term.field}:{term.value}")
            conditions += [] if term.negated else [sa.false()]
        else:
            conditions.append(sa.not_(condition) if term.negated else condition)
    said = [term for term in terms if term.field is None]
    plain = typed.strip().removeprefix("#")
    number = row_number(plain)
    plain_words = " ".join(each for each in typed.split() if ":" not in each)
    return Question(conditions, said, plain_words, number, misunderstood)


def _words_of(session: Session) -> dict[str, Contributed]:
    """The words that extensions teach the box, by name."""
    return {name: each for each in contributed(runtime_of(session).registry, SearchWord) for name in each.what.names}


def _of_extension(session: Session, user: User, forms: Sequence[Form], word: Contributed, value: str) -> Condition | None:
    """An extension's word, on the forms where it is on; it speaks of the tickets of no other."""
    found = list[Condition]()
    for form in forms:
        if form.has(word.plugin):
            said = runtime_of(session).executor.run(word.plugin, "search word", form, session, word.what.read, user, value)
            if isinstance(said, sa.ColumnElement):
                found.append(sa.and_(Ticket.form_id == form.id, said))
    return sa.or_(*found) if found else None


def _condition(
    session: Session, user: User, forms: Sequence[Form], fields: Mapping[str, Sequence[Any]], term: Term
) -> Condition | None:
    known = NAMES.get(term.field or "")
    if known is not None:
        return known(session, user, forms, term.value)
    return _field_condition(fields[term.field or ""], term.value)


def _status(session: Session, user: User, forms: Sequence[Form], value: str) -> Condition | None:
    """A kind of status, "open" being all that is not done with, or a status by code or name in any language."""
    wanted = value.lower()
    if wanted == "open":
        return Ticket.status_kind.in_(OPEN_KINDS)
    if wanted in tuple(StatusKind):
        return Ticket.status_kind == StatusKind(wanted)
    ids = [status.id for form in forms for status in form.statuses if wanted in _names_of(status)]
    return Ticket.status_id.in_(ids) if ids else None


def _names_of(status: Status) -> set[str]:
    return {status.code, status.name.lower(), *(str(name).lower() for name in status.names.values())}


def _form(session: Session, user: User, forms: Sequence[Form], value: str) -> Condition | None:
    ids = [form.id for form in forms if value.lower() in (form.slug, form.name.lower())]
    return Ticket.form_id.in_(ids) if ids else None


def _assignee(session: Session, user: User, forms: Sequence[Form], value: str) -> Condition | None:
    if value.lower() in ("me", "я"):
        return Ticket.assignee_id == user.id
    if value.lower() in ("nobody", "none", "никто"):
        return sa.and_(Ticket.assignee_id.is_(None), Ticket.group_id.is_(None))
    return Ticket.assignee.has(sa.or_(User.email == value.lower(), _contains(User.name, value)))


def _group(session: Session, user: User, forms: Sequence[Form], value: str) -> Condition | None:
    return Ticket.group.has(_contains(Group.name, value))


def _customer(session: Session, user: User, forms: Sequence[Form], value: str) -> Condition | None:
    wanted = words_wanted(value)
    found = [Ticket.customer_id.in_(who_has(sa.literal(word), sa.literal(end_of(word)))) for word in wanted]
    return sa.and_(*found) if found else None


def _channel(session: Session, user: User, forms: Sequence[Form], value: str) -> Condition | None:
    return Ticket.channel == value.lower()


def _tag(session: Session, user: User, forms: Sequence[Form], value: str) -> Condition | None:
    """A tag by its name, on the ticket or on its customer; or none."""
    on_ticket, on_customer = (
        sa.exists().where(TicketTag.ticket_id == Ticket.id),
        sa.exists().where(CustomerTag.user_id == Ticket.customer_id),
    )
    if value.lower() in ("none", "нет"):
        return ~on_ticket
    tag = tag_named(session, value)
    return sa.or_(on_ticket.where(TicketTag.tag_id == tag.id), on_customer.where(CustomerTag.tag_id == tag.id)) if tag else None


def _number(session: Session, user: User, forms: Sequence[Form], value: str) -> Condition | None:
    number = row_number(value)
    return Ticket.id == number if number is not None else None


def _field_condition(fields: Sequence[Any], value: str) -> Condition | None:
    """A field's value: a choice by code or label, a check-mark as yes or no, anything else by part of it."""
    found = [condition for field in fields if (condition := _of_one_field(field, value)) is not None]
    return sa.or_(*found) if found else None


def _of_one_field(field: Any, value: str) -> Condition | None:
    stored, here = Ticket.values[field.code], Ticket.form_id == field.form_id
    wanted = value.lower()
    if field.kind.has_choices:
        codes = [each["code"] for each in field.choices if wanted in (each["code"], each["label"].lower())]
        if not codes:
            return None
        if field.kind is FieldKind.CHOICE:
            return sa.and_(here, stored.as_string().in_(codes))
        return sa.and_(here, sa.or_(*(sa.cast(stored, sa.Text).like(f'%"{code}"%') for code in codes)))
    if field.kind is FieldKind.CHECK:
        yes = wanted in ("yes", "true", "1", "да")
        return sa.and_(
            here, stored.as_boolean().is_(True) if yes else sa.func.coalesce(stored.as_boolean(), sa.false()).is_(False)
        )
    return sa.and_(here, _contains(stored.as_string(), value))


def _contains(column: Any, value: str) -> Condition:
    pattern = "%" + value.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    found: Condition = sa.func.lower(column).like(pattern, escape="\\")
    return found


def _fields_of(forms: Sequence[Form]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for form in forms:
        for field in form.fields:
            if field.code not in NAMES:
                found.setdefault(field.code, []).append(field)
    return found


NAMES: Mapping[str, Callable[[Session, User, Sequence[Form], str], Condition | None]] = {
    "status": _status, "статус": _status,
    "form": _form, "форма": _form,
    "assignee": _assignee, "исполнитель": _assignee,
    "group": _group, "группа": _group,
    "customer": _customer, "клиент": _customer,
    "channel": _channel, "канал": _channel,
    "tag": _tag, "метка": _tag,
    "number": _number, "номер": _number,
}  # fmt: skip


def examples(session: Session, user: User) -> list[tuple[str, str]]:
    """What the box understands, for whoever meets it first; extensions' words where they are on."""
    forms = forms_for(session, user)
    taught = [
        (each.what.example, str(each.what.meaning))
        for each in contributed(runtime_of(session).registry, SearchWord)
        if each.what.example and any(form.has(each.plugin) for form in forms)
    ]
    return [
        (_("printer invoice"), _("both words, in every grammatical form")),
        (_('"till beeps"'), _("the words in a row")),
        ("42", _("goes to ticket 42")),
        ("status:open", _("not done with yet; or a status by its name")),
        ("assignee:me", _("yours; or a colleague by name, or nobody")),
        (_("customer:amira"), _("of customers with this name or address")),
        ("tag:vip", _("with this tag, or of customers with it")),
        ("priority:high", _("a field of a form by its code")),
        (_("-invoice"), _("without this word")),
        *taught,
    ]
