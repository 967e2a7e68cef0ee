"""What people type, tidied; and what is wrong with several fields, told at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

from plugdesk.errors import Invalid, NotAllowed
from plugdesk.i18n import LANGUAGES
from plugdesk.i18n import gettext as _

LINE = 200

# Control characters, and those that turn the reading direction: a name must not rearrange the line it stands in.
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff]+")


def one_line(raw: object, *, most: int = LINE) -> str:
    """`raw` as one line of at most `most` characters: no control characters, no runs of spaces. None is empty."""
    return " ".join(_INVISIBLE.sub(" ", str(raw or "")).split())[:most].rstrip()


def needed_line(raw: object, sentence: str, *, most: int = LINE) -> str:
    """`one_line(raw)`. Raises `Invalid` with `sentence` when it is empty, and when it is too long."""
    line = one_line(raw, most=most + 1)
    if not line:
        raise Invalid(sentence)
    if len(line) > most:
        raise Invalid(_("At most %(most)s characters.", most=most))
    return line


def only_known(changes: Mapping[str, Any], known: frozenset[str]) -> None:
    """Raises `NotAllowed` if `changes` names anything but `known`: what a page does not offer changes nothing."""
    unknown = sorted(changes.keys() - known)
    if unknown:
        raise NotAllowed(_("This cannot be changed here: %(names)s.", names=", ".join(unknown)))


def read_language(raw: str | None) -> str | None:
    """A language we speak, or None for the desk's. Raises `Invalid`."""
    if raw and raw not in LANGUAGES:
        raise Invalid(_("Choose one of the languages."))
    return raw or None


def read_zone(raw: str | None) -> str | None:
    """A time zone's name, or None for the desk's. Raises `Invalid`."""
    if not raw:
        return None
    try:
        return ZoneInfo(raw).key
    except (KeyError, ValueError, OSError):
        raise Invalid(_("There is no time zone “%(name)s”.", name=one_line(raw))) from None


class Problems:
    """Collects refusals by field: `with problems.at("email"): …`, in the end `problems.raise_any()`."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    @contextmanager
    def at(self, field: str) -> Iterator[None]:
        """What the block refuses is wrong with `field`; the code after the block goes on."""
        try:
            yield
        except (Invalid, NotAllowed) as error:
            self.found[field] = str(error)

    def raise_any(self) -> None:
        """Raises `Invalid` with every problem found."""
        if self.found:
            raise Invalid(problems=self.found)
