"""What stands in the columns of a table of customers: recognised by their names, and read row by row. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import digits
from typing import Any

from plugdesk.api import LANGUAGES, Invalid, contact_value, gettext, lazy_gettext, lazy_pgettext
from plugdesk.api import gettext as _

NAME, FIRST, LAST, EMAIL, PHONE, ORGANIZATION, LANGUAGE, COUNTRY, ABOUT = (
    "name", "first_name", "last_name", "email", "phone", "organization", "language", "country", "about",
)  # fmt: skip
SEVERAL = (EMAIL, PHONE)
"""These may stand in several columns."""

LABELS: Mapping[str, Any] = {
    NAME: lazy_pgettext("person", "Name"),
    FIRST: lazy_gettext("First name"),
    LAST: lazy_gettext("Last name"),
    EMAIL: lazy_gettext("E-mail"),
    PHONE: lazy_gettext("Phone"),
    ORGANIZATION: lazy_gettext("Organization"),
    LANGUAGE: lazy_gettext("Language"),
    COUNTRY: lazy_gettext("Country"),
    ABOUT: lazy_gettext("About"),
}
_NAMES: Mapping[str, str] = {
    NAME: "name; full name; customer; customer name; client; contact; contact name; person; "
    "имя; фио; ф и о; полное имя; клиент; имя клиента; заказчик; контакт; контактное лицо; наименование",
    FIRST: "first name; firstname; given name",
    LAST: "last name; lastname; surname; family name; фамилия",
    EMAIL: "email; e mail; mail; email address; e mail address; "
    "почта; эл почта; электронная почта; адрес электронной почты; емейл; имейл; электронный адрес",
    PHONE: "phone; phone number; telephone; tel; mobile; mobile phone; cell; "
    "телефон; тел; номер телефона; мобильный; мобильный телефон; сотовый; рабочий телефон",
    ORGANIZATION: "organization; organisation; company; company name; firm; организация; компания; фирма; юрлицо; предприятие",
    LANGUAGE: "language; язык",
    COUNTRY: "country; country code; страна; код страны",
    ABOUT: "about; note; notes; comment; comments; remark; о клиенте; примечание; комментарий; заметка; заметки",
}
_BY_NAME = {name.strip(): code for code, names in _NAMES.items() for name in names.split(";")}


@dataclass(frozen=True)
class ReadRow:
    """A row as it is meant: `contacts` are (channel, stored form, as written); `problems` say why it cannot be taken."""

    name: str = ""
    contacts: Sequence[tuple[str, str, str]] = ()
    organization: str = ""
    language: str | None = None
    country: str | None = None
    about: str | None = None
    problems: Sequence[str] = field(default=())


def recognised(first: Sequence[str], width: int) -> tuple[list[str], bool]:
    """What stands in each of `width` columns, "" where nothing is known, and whether the `first` row holds their names."""
    found = [_BY_NAME.get(_folded(name), "") for name in first] + [""] * (width - len(first))
    if LAST in found and FIRST not in found and NAME in found:
        found[found.index(NAME)] = FIRST  # beside “Фамилия”, “Имя” is the first name
    known = bool(any(found))
    if not known:
        found = [EMAIL if "@" in cell else "" for cell in first] + [""] * (width - len(first))
    return [code if code in SEVERAL or code not in found[:at] else "" for at, code in enumerate(found)], known


def checked_columns(columns: Sequence[str]) -> list[str]:
    """Columns set by hand. Raises `Invalid` where one stands twice, or nobody could be recognised by any."""
    read = [code if code in LABELS else "" for code in columns]
    for code in LABELS:
        if code not in SEVERAL and read.count(code) > 1:
            raise Invalid(_("“%(column)s” is chosen for two columns.", column=LABELS[code]))
    if not any(code in SEVERAL for code in read):
        raise Invalid(_("Choose the column with the e-mail addresses or the phone numbers: customers are recognised by them."))
    return read


def read_row(cells: Sequence[str], columns: Sequence[str]) -> ReadRow:
    """One row. Several addresses, or numbers, in a cell are divided by commas or semicolons."""
    held: dict[str, list[str]] = {}
    for code, cell in zip(columns, cells, strict=False):
        if code and cell:
            held.setdefault(code, []).append(" ".join(cell.split()) if code != ABOUT else cell)
    one = {code: values[0] for code, values in held.items()}
    problems, contacts = list[str](), dict[tuple[str, str], str]()
    for channel in SEVERAL:
        for written in (each.strip() for cell in held.get(channel, ()) for each in re.split(r"[;,]", cell)):
            try:
                if written:
                    contacts.setdefault((channel, contact_value(channel, written)), written)
            except Invalid as refusal:
                problems.append(f"{written[:80]}: {refusal}")
    if not contacts and not problems:
        problems.append(_("There is neither an e-mail address nor a phone number."))
    name = one.get(NAME) or " ".join(filter(None, (one.get(FIRST), one.get(LAST))))
    if len(name) > 200:
        problems.append(_("The name has more than %(most)s characters.", most=200))
    language, country = one.get(LANGUAGE, "").lower(), one.get(COUNTRY, "").upper()
    if language and language not in LANGUAGES:
        problems.append(gettext("Write the language as one of: %(codes)s.", codes=", ".join(LANGUAGES)))
    if country and not re.fullmatch("[A-Z]{2}", country):
        problems.append(_("Write the country as two letters, like DE."))
    shown = [(channel, stored, written) for (channel, stored), written in contacts.items()]
    return ReadRow(
        name or (shown[0][1] if shown else ""), shown, one.get(ORGANIZATION, "")[:200], language or None, country or None,
        one.get(ABOUT) or None, problems,
    )  # fmt: skip


def _folded(name: str) -> str:
    """“E-Mail 2:” is `e mail`."""
    return re.sub(r"[\W_]+", " ", name.casefold().replace("ё", "е")).strip().rstrip(digits).rstrip()
