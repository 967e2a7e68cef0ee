"""The words by which customers are found: those of the name and of every contact, one row each, in an index.

They are written with the name and the contacts, whoever stores those, and read from the beginning: "iva" finds Ivanova.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from plugdesk.database import Base, Key, Text
from plugdesk.stems import simplified
from plugdesk.users.models import Identity, Role, User

LONGEST = 64
MOST = 40
"""Words of one name."""

_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"\s*\+?\d[\d\s().\-–/]{4,24}\d\s*")
_SHORTEST_END = 4
"""A telephone number is found from any of its digits on, as long as so many are left: people leave the country's out, or say
the last four."""


class CustomerWord(Base):
    """A word of a customer's name or contacts, in lower case. The same may stand here twice."""

    __tablename__ = "customer_word"
    __table_args__ = (sa.Index("ix_customer_word_word", "word", "user_id"),)

    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    # Ordered by code point on both databases: what begins alike is a range.
    word: Mapped[str] = mapped_column(Text().with_variant(sa.Text(collation="C"), "postgresql"))


def words_of(text: str) -> list[str]:
    """The words of a name, of a contact, or of what somebody looks for, in their order."""
    return list(dict.fromkeys(word[:LONGEST] for word in _WORD.findall(simplified(text))))[:MOST]


def words_of_contact(channel: str, value: str, shown: str | None) -> list[str]:
    """The words under which a contact is found; of a telephone number its last digits as well."""
    words = words_of(f"{value} {shown or ''}")
    if channel == "phone":
        digits = _digits(value)
        words = [*(digits[start:] for start in range(len(digits) - _SHORTEST_END + 1)), *words]
    return list(dict.fromkeys(words))


def words_wanted(question: str) -> list[str]:
    """The beginnings of words that a question asks for; a telephone number is one, however it is written."""
    return [_digits(question)] if _NUMBER.fullmatch(question) else words_of(question)


def who_has(word: sa.ColumnElement[str], end: sa.ColumnElement[str]) -> sa.Select[int]:
    """The ids of customers who have a word from `word` on to before `end`, which is `end_of(word)`."""
    return sa.select(CustomerWord.user_id).where(CustomerWord.word >= word, CustomerWord.word < end)


def end_of(beginning: str) -> str:
    """What comes after every word that begins so."""
    return f"{beginning}\U0010ffff"


def write_words(connection: sa.Connection, user_id: int) -> None:
    """Write the words of a customer anew."""
    name = connection.scalar(_NAME, {"customer": user_id})
    if name is not None:
        connection.execute(_FORGET, {"customer": user_id})
        contacts = connection.execute(_CONTACTS, {"customer": user_id}).all()
        _put(connection, user_id, [*words_of(name), *(word for contact in contacts for word in words_of_contact(*contact))])


def _put(connection: sa.Connection, user_id: int, words: Iterable[str]) -> None:
    if rows := [{"user_id": user_id, "word": word} for word in dict.fromkeys(words)]:
        connection.execute(_PUT, rows)


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number)


_customer: sa.BindParameter[int] = sa.bindparam("customer")
_PUT = sa.insert(CustomerWord)
_FORGET = sa.delete(CustomerWord).where(CustomerWord.user_id == _customer)
_NAME = sa.select(User.name).where(User.id == _customer, User.role == Role.CUSTOMER)
_CONTACTS = sa.select(Identity.channel, Identity.value, Identity.shown).where(Identity.user_id == _customer)


@event.listens_for(User, "after_insert")
def _added(mapper: Mapper[Any], connection: sa.Connection, user: User) -> None:
    if user.role is Role.CUSTOMER:
        _put(connection, user.id, words_of(user.name))


@event.listens_for(User, "after_update")
def _changed(mapper: Mapper[Any], connection: sa.Connection, user: User) -> None:
    if user.role is Role.CUSTOMER and sa.inspect(user).attrs.name.history.has_changes():
        write_words(connection, user.id)


@event.listens_for(Identity, "after_insert")
def _contact_added(mapper: Mapper[Any], connection: sa.Connection, identity: Identity) -> None:
    _put(connection, identity.user_id, words_of_contact(identity.channel, identity.value, identity.shown))


@event.listens_for(Identity, "after_update")
@event.listens_for(Identity, "after_delete")
def _contact_changed(mapper: Mapper[Any], connection: sa.Connection, identity: Identity) -> None:
    write_words(connection, identity.user_id)
