"""Texts and questions brought to stems, so that "invoices" finds "invoice" and «счетами» finds «счёт».

Russian words (those with a Cyrillic letter) and English ones have a stemmer each; ё is е. Numbers, e-mail addresses and
words with digits in them (codes, names of fields) are kept whole. Both databases index the same stems without touching
them, so both find the same.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import Stemmer

MAX_INDEXED = 200_000
"""Characters of the texts of one call that are indexed; a longer letter is found by its beginning."""

_MAX_QUERY, _MAX_TERMS, _MAX_WORD = 500, 32, 64
_WORD = re.compile(r"\w+")
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_PHONE = re.compile(r"\d(?<![\w@.]\d)(?:[ \xa0().-]{0,3}\d){6,14}(?![\w@])")
_CYRILLIC = re.compile("[а-я]")
_INVISIBLE = ("\xad", "\u0301", "\u200b", "\u2060")


@dataclass(frozen=True)
class Term:
    """One thing a question asks for: that all `stems` stand in a row, or that `field` has `value`.

    `joined` is what the digits of a number spell without spaces; `prefix` asks for words that begin with the last stem.
    """

    stems: tuple[str, ...] = ()
    negated: bool = False
    prefix: bool = False
    joined: str | None = None
    field: str | None = None
    value: str = ""


def index_text(*texts: str) -> str:
    """The stems of texts in their order, apart by spaces; whole addresses and joined telephone numbers at the end."""
    left = MAX_INDEXED
    stems: list[str] = []
    for text in texts:
        plain, left = simplified(text[:left]), left - len(text)
        stems += _stems(_WORD.findall(plain))
        if "@" in plain:
            stems += _EMAIL.findall(plain)
        stems += [_digits(found) for found in _PHONE.findall(plain) if not found.isdigit()]
        if left <= 0:
            break
    return " ".join(stems)


def query_terms(query: str, fields: Collection[str] = ()) -> list[Term]:
    """What somebody typed into a search box, in order: words, "phrases", numbers, addresses, `word*`, `-not`, `field:value`.

    Only the names in `fields` (lower case) are fields; anything else with a colon is words. Never fails: what makes no
    sense is left out.
    """
    return [term for term in _parsed(unicodedata.normalize("NFC", query[:_MAX_QUERY]), fields)][:_MAX_TERMS]


def fts5_query(terms: Sequence[Term], columns: Sequence[str] = ()) -> str:
    """The MATCH expression of SQLite's FTS5 for the words of a question, in `columns` or all; "" without a wanted word."""
    wanted = " AND ".join(_fts5(term) for term in terms if term.stems and not term.negated)
    if not wanted:
        return ""
    unwanted = "".join(f" NOT {_fts5(term)}" for term in terms if term.stems and term.negated)
    return f"{{{' '.join(columns)}}} : ({wanted}{unwanted})" if columns else wanted + unwanted


def tsquery(terms: Sequence[Term]) -> str:
    """The text for PostgreSQL's `to_tsquery('simple', …)`; "" without a wanted word."""
    if not any(term.stems and not term.negated for term in terms):
        return ""
    return " & ".join(("!" if term.negated else "") + _tsquery(term) for term in terms if term.stems)


_PARTS = re.compile(r"""(?P<not>-)?(?:(?P<field>[^\W\d][\w.-]*):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))""", re.VERBOSE)


def _parsed(query: str, fields: Collection[str]) -> Iterator[Term]:
    query = _PHONE.sub(lambda found: re.sub(r"[ \xa0]", "-", found[0]), query)
    for found in _PARTS.finditer(query):
        negated = found["not"] is not None
        said = found["word"] if found["word"] is not None else found["phrase"]
        if found["field"] and found["field"].lower() in fields:
            if said.strip():
                yield Term(negated=negated, field=found["field"].lower(), value=said.strip())
            continue
        plain = simplified(f"{found['field']}:{said}" if found["field"] else said)
        if found["word"] and (address := _EMAIL.fullmatch(plain.strip("<>,;:()"))):
            yield Term((address[0],), negated)
            continue
        stems = tuple(_stems(_WORD.findall(plain)))
        if not stems:
            continue
        number = _PHONE.fullmatch(plain.lstrip("+"))
        joined = _digits(plain) if number and not plain.isdigit() else None
        yield Term(stems, negated, prefix=bool(found["word"]) and plain.endswith("*"), joined=joined)


def simplified(text: str) -> str:
    """`text` in lower case, composed, with е for ё and without what is not seen: as words are compared."""
    text = unicodedata.normalize("NFC", text).lower().replace("ё", "е")
    for character in _INVISIBLE:  # Soft hyphens, and the accents dictionaries put on Russian words.
        text = text.replace(character, "")
    return text


def _stems(words: Sequence[str]) -> list[str]:
    return [_stem(word) for word in words]


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    word = word[:_MAX_WORD]
    if not word.isalpha():
        return word
    stem: str = (_stemmers.russian if _CYRILLIC.search(word) else _stemmers.english).stemWord(word)
    return stem or word


class _Stemmers(threading.local):
    """A pair of stemmers for each thread: they are not made to be shared."""

    def __init__(self) -> None:
        self.russian = Stemmer.Stemmer("russian", 0)
        self.english = Stemmer.Stemmer("english", 0)


_stemmers = _Stemmers()


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number)


def _fts5(term: Term) -> str:
    row = '"' + " ".join(term.stems).replace('"', '""') + '"' + (" *" if term.prefix else "")
    return f'({row} OR "{term.joined}")' if term.joined else row


def _tsquery(term: Term) -> str:
    quoted = ["'" + stem.replace("\\", "\\\\").replace("'", "''") + "'" for stem in term.stems]
    if term.prefix:
        quoted[-1] += ":*"
    row = "(" + " <-> ".join(quoted) + ")"
    return f"({row} | '{term.joined}')" if term.joined else row
