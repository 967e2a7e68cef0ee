"""What may be put into the fields of a form: one place for pages, letters, messengers and the API.

Stored are plain JSON values: text as text; a number as a number; money as {amount, currency}; a date as `2026-03-01`, a
date-time as an ISO moment in UTC; a choice by its code, several as a list of codes; a check-mark as true or false;
files as a list of attachments' keys; a person, group or customer by id.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from babel.numbers import get_currency_precision
from sqlalchemy.orm import Session

from plugdesk.errors import Invalid
from plugdesk.forms.models import Field, FieldKind
from plugdesk.i18n import current_zone, format_date, format_datetime, format_list, format_money, format_number
from plugdesk.i18n import gettext as _
from plugdesk.inputs import one_line
from plugdesk.users.contacts import read_address, read_phone
from plugdesk.users.models import Group, Identity, Role, User

LONGEST_TEXT = 500
LONGEST_LONG_TEXT = 20_000
MOST_FILES = 50
MOST_DIGITS = 15  # what a JSON number keeps exactly


def read_value(field: Field, raw: Any, session: Session, *, by: User | None = None) -> Any:
    """`raw`, as a page, a letter or the API gave it, as the value to store; None when empty. Raises `Invalid`."""
    if raw is None or raw == "" or raw == [] or (isinstance(raw, str) and not raw.strip()):
        return False if field.kind is FieldKind.CHECK and raw is not None else None
    kind = field.kind
    if kind is FieldKind.FILE:
        return _files(raw, session, by)
    return _READERS[kind](field, raw, session)


def read_number(raw: Any) -> int | float:
    """A number as people write it, in English ("1,234.5") and Russian ("1 234,5") alike. Raises `Invalid`."""
    number = _decimal(raw)
    return int(number) if number == number.to_integral_value() else float(number)


def show_value(field: Field, value: Any, session: Session) -> str:
    """`value` in words of the current language; empty when there is none.

    One from before the field became of another kind is shown as what it was.
    """
    if value is None or value == []:
        return ""
    try:
        return _in_words(field, value, session)
    except (TypeError, ValueError, KeyError, ArithmeticError):
        return _as_it_was(field, value)


def _as_it_was(field: Field, value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(str(part) for part in value.values())
    if isinstance(value, list):
        return format_list(_label(field, code) for code in value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return _label(field, value)


def _in_words(field: Field, value: Any, session: Session) -> str:
    match field.kind:
        case FieldKind.NUMBER:
            return format_number(value)
        case FieldKind.MONEY:
            return format_money(Decimal(value["amount"]), value["currency"])
        case FieldKind.DATE:
            return format_date(date.fromisoformat(value))
        case FieldKind.DATE_TIME:
            return format_datetime(datetime.fromisoformat(value))
        case FieldKind.CHOICE:
            return _as_it_was(field, value)
        case FieldKind.CHOICES:
            return format_list(_label(field, code) for code in ([value] if isinstance(value, str) else value))
        case FieldKind.CHECK:
            return _("Yes") if value else _("No")
        case FieldKind.PERSON | FieldKind.CUSTOMER:
            person = session.get(User, value)
            return person.name if person else _("(no longer there)")
        case FieldKind.GROUP:
            group = session.get(Group, value)
            return group.name if group else _("(no longer there)")
        case FieldKind.FILE:
            return format_list(_file_names(session, value))
    return str(value) if isinstance(value, str) and not field.choices else _as_it_was(field, value)


def default_values(fields: Iterable[Field]) -> dict[str, Any]:
    """What the fields of a new ticket hold before anybody has put anything in."""
    return {field.code: field.default for field in fields if field.default is not None}


def read_default(field: Field, raw: Any, session: Session) -> Any:
    """A field's default from what an admin entered. Raises `Invalid`; files and people have none."""
    if field.kind in (FieldKind.FILE, FieldKind.CUSTOMER):
        return None
    value = read_value(field, raw, session)
    return None if field.kind is FieldKind.CHECK and not value else value


def file_keys(fields: Iterable[Field], values: Mapping[str, Any]) -> list[str]:
    """The keys of the attachments that `values` of these fields name, for whoever puts them on a message."""
    return [key for field in fields if field.kind is FieldKind.FILE for key in values.get(field.code) or ()]


def currency_of(field: Field) -> str:
    """The currency of a money field (ISO 4217): its one choice."""
    return str(field.choices[0]["code"]) if field.choices else "EUR"


def _text(field: Field, raw: Any, session: Session) -> str:
    return _within(one_line(raw, most=LONGEST_TEXT + 1), LONGEST_TEXT)


def _long_text(field: Field, raw: Any, session: Session) -> str:
    return _within(re.sub(r"\r\n?", "\n", str(raw)).strip(), LONGEST_LONG_TEXT)


def _within(text: str, most: int) -> str:
    if len(text) > most:
        raise Invalid(_("At most %(most)s characters.", most=most))
    return text


def _number(field: Field, raw: Any, session: Session) -> int | float:
    return read_number(raw)


def _money(field: Field, raw: Any, session: Session) -> dict[str, str] | None:
    currency = currency_of(field)
    if isinstance(raw, Mapping):
        if not raw.get("amount"):
            return None
        if str(raw.get("currency") or currency) != currency:
            raise Invalid(_("Amounts here are in %(currency)s.", currency=currency))
        raw = raw["amount"]
    amount = _decimal(raw)
    cents = Decimal(1).scaleb(-get_currency_precision(currency))
    if amount != amount.quantize(cents):
        raise Invalid(_("Write the amount to %(step)s at most.", step=format_number(cents)))
    return {"amount": str(amount.quantize(cents)), "currency": currency}


def _decimal(raw: Any) -> Decimal:
    if isinstance(raw, bool):
        raise Invalid(_("Write a number like 1234.5."))
    text = re.sub(r"[\s'’]", "", str(raw)).replace("−", "-")
    if "," in text and "." in text:
        thousands, point = (",", ".") if text.rindex(".") > text.rindex(",") else (".", ",")
        text = text.replace(thousands, "").replace(point, ".")
    elif re.fullmatch(r"-?\d{1,3}(,\d{3}){2,}", text):
        text = text.replace(",", "")
    text = text.replace(",", ".")
    try:
        number = Decimal(text) if re.fullmatch(r"[+-]?\d*+\.?\d*+", text, re.ASCII) else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise Invalid(_("Write a number like 1234.5."))
    if len(number.as_tuple().digits) > MOST_DIGITS:
        raise Invalid(_("At most %(most)s digits.", most=MOST_DIGITS))
    return number


def _date(field: Field, raw: Any, session: Session) -> str:
    try:
        return date.fromisoformat(str(raw).strip()).isoformat()
    except ValueError:
        raise Invalid(_("Write a date like 2026-03-31.")) from None


def _date_time(field: Field, raw: Any, session: Session) -> str:
    """A moment; without a zone it is meant in the zone times are told in now."""
    try:
        moment = raw if isinstance(raw, datetime) else datetime.fromisoformat(str(raw).strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=current_zone())
        return moment.astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        raise Invalid(_("Write date and time like 2026-03-31T14:30.")) from None


def _choice(field: Field, raw: Any, session: Session) -> str:
    if not isinstance(raw, str) or field.choice(raw) is None:
        raise Invalid(_("Choose one of the values offered."))
    return raw


def _choices(field: Field, raw: Any, session: Session) -> list[str] | None:
    given = [raw] if isinstance(raw, str) else raw
    if not isinstance(given, Iterable):
        raise Invalid(_("Choose among the values offered."))
    wanted = {_choice(field, each, session) for each in given if each != ""}
    return [each["code"] for each in field.choices if each["code"] in wanted] or None


def _check(field: Field, raw: Any, session: Session) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().lower()
    if word in {"1", "true", "on", "yes"}:
        return True
    if word in {"0", "false", "off", "no"}:
        return False
    raise Invalid(_("Tick it or leave it."))


def _email(field: Field, raw: Any, session: Session) -> str:
    return read_address(raw)


def _phone(field: Field, raw: Any, session: Session) -> str:
    return read_phone(raw)


def _link(field: Field, raw: Any, session: Session) -> str:
    """An address on the web; without a scheme https is meant. No other scheme is taken: it would run as script."""
    text = one_line(raw, most=2001)
    address = text if re.match(r"[a-z][a-z0-9+.-]*:", text, re.IGNORECASE) else f"https://{text}"
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme.lower() not in ("http", "https") or not host or " " in text or len(text) > 2000:
        raise Invalid(_("Write a web address like https://example.org/page."))
    return address


def _person(field: Field, raw: Any, session: Session) -> int:
    person = session.get(User, _id(raw))
    if person is None or not person.is_agent or not person.active:
        raise Invalid(_("Choose one of the people offered."))
    return person.id


def _group(field: Field, raw: Any, session: Session) -> int:
    group = session.get(Group, _id(raw))
    if group is None:
        raise Invalid(_("Choose one of the groups offered."))
    return group.id


def _customer(field: Field, raw: Any, session: Session) -> int:
    """A customer by id, or by e-mail address."""
    if isinstance(raw, str) and "@" in raw:
        query = sa.select(User).join(Identity).where(Identity.channel == "email", Identity.value == read_address(raw))
        customer = session.scalar(query)
    else:
        customer = session.get(User, _id(raw))
    if customer is None or customer.role is not Role.CUSTOMER:
        raise Invalid(_("There is no such customer."))
    return customer.id


def _id(raw: Any) -> int:
    text = str(raw).strip()
    return int(text) if re.fullmatch(r"\d{1,18}", text, re.ASCII) else 0


def _files(raw: Any, session: Session, by: User | None) -> list[str]:
    """Keys of uploads that no message has yet. A key cannot be guessed; who uploaded is compared where it is known."""
    from plugdesk.tickets.models import Attachment

    keys = list(dict.fromkeys([raw] if isinstance(raw, str) else raw))
    if len(keys) > MOST_FILES:
        raise Invalid(_("At most %(most)s files.", most=MOST_FILES))
    if not all(isinstance(key, str) and key for key in keys):
        raise Invalid(_("One of the files is no longer there. Attach it again."))
    mine = [Attachment.uploaded_by_id == by.id] if by is not None else []
    known = set(
        session.scalars(sa.select(Attachment.key).where(Attachment.key.in_(keys), Attachment.message_id.is_(None), *mine))
    )
    if known != set(keys):
        raise Invalid(_("One of the files is no longer there. Attach it again."))
    return keys


def _file_names(session: Session, keys: list[str]) -> list[str]:
    from plugdesk.tickets.models import Attachment

    names = {
        key: name for key, name in session.execute(sa.select(Attachment.key, Attachment.name).where(Attachment.key.in_(keys)))
    }
    return [names[key] for key in keys if key in names]


def _label(field: Field, code: Any) -> str:
    choice = field.choice(code)
    return str(choice["label"]) if choice else str(code)


_READERS: Mapping[FieldKind, Callable[[Field, Any, Session], Any]] = {
    FieldKind.TEXT: _text,
    FieldKind.LONG_TEXT: _long_text,
    FieldKind.NUMBER: _number,
    FieldKind.MONEY: _money,
    FieldKind.DATE: _date,
    FieldKind.DATE_TIME: _date_time,
    FieldKind.CHOICE: _choice,
    FieldKind.CHOICES: _choices,
    FieldKind.CHECK: _check,
    FieldKind.EMAIL: _email,
    FieldKind.PHONE: _phone,
    FieldKind.LINK: _link,
    FieldKind.PERSON: _person,
    FieldKind.GROUP: _group,
    FieldKind.CUSTOMER: _customer,
}
