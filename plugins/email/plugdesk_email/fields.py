"""The header fields of our letters, written straight away.

The standard library parses and folds each field by the whole grammar, at 4 ms a letter, and encodes a long message id as
if it were text, which breaks the thread. What we write is known, so that writing it takes a few lines.
"""

import base64
import re
from email.headerregistry import HeaderRegistry
from email.policy import EmailPolicy
from typing import Any

from plugdesk_email.automatic import LOOP_HEADER

_LINE = 76
_WORD_BYTES = 45
_PLAIN = re.compile(r"[!-~]{1,70}(?: [!-~]{1,70})*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


class _Field:
    """A field made of units, each a list of words that may be put on lines of their own; the value is what people read."""

    max_count = None

    @classmethod
    def parse(cls, value: Any, kwds: dict[str, Any]) -> None:
        """Called by the standard library with what was assigned to the field."""
        kwds["units"] = cls._units(value)
        kwds["decoded"] = cls._shown(value)

    def init(self, name: str, *, units: list[str], defects: list[Any]) -> None:
        """Called by the standard library with what `parse` found."""
        self._name, self._words, self._defects = name, units, defects

    @property
    def name(self) -> str:
        """The field's name as it is written."""
        return self._name

    def fold(self, *, policy: EmailPolicy) -> str:
        """The field as lines of at most 78 characters where its words allow it (RFC 5322, 2.1.1 and 2.2.3)."""
        lines = [f"{self._name}:"]
        for word in self._words:
            if len(lines[-1]) + 1 + len(word) > _LINE and lines[-1] != f"{self._name}:":
                lines.append("")
            lines[-1] += f" {word}"
        return policy.linesep.join(lines) + policy.linesep

    @staticmethod
    def _shown(value: Any) -> str:
        return str(value)

    @staticmethod
    def _units(value: Any) -> list[str]:
        return str(value).split()


class _TextField(_Field):
    """Words for people, such as the subject."""

    @staticmethod
    def _units(value: Any) -> list[str]:
        return _words(str(value))


class _AddressField(_Field):
    """A list of (name, address)."""

    @staticmethod
    def _shown(value: Any) -> str:
        return ", ".join(" ".join([*_phrase(name, encode=False), f"<{email}>"]) if name else email for name, email in value)

    @staticmethod
    def _units(value: Any) -> list[str]:
        units: list[str] = []
        for name, email in value:
            units += [*_phrase(name, encode=True), f"<{email}>,"] if name else [f"{email},"]
        return [*units[:-1], units[-1].removesuffix(",")] if units else []


class _Registry(HeaderRegistry):
    """Makes the class of a field once; the standard library makes it anew for each field of each letter."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        key = name.lower()
        if key not in self.registry:
            return super().__getitem__(name)
        if key not in self._made:
            self._made[key] = super().__getitem__(name)
        return self._made[key]


def registry() -> HeaderRegistry:
    """The fields of a letter's header by class; those that can hold the name of a file stay the standard library's."""
    fields = _Registry()
    for names, kind in (
        (("Subject",), _TextField),
        (("From", "To", "Cc", "Reply-To"), _AddressField),
        (
            (
                "Message-ID",
                "In-Reply-To",
                "References",
                "Date",
                "MIME-Version",
                "Content-Type",
                "Content-Transfer-Encoding",
                "Auto-Submitted",
                "X-Auto-Response-Suppress",
                LOOP_HEADER,
            ),
            _Field,
        ),
    ):
        for name in names:
            fields.map_to_type(name, kind)  # type: ignore[arg-type]  # the registry itself adds the BaseHeader
    return fields


def _phrase(name: str, *, encode: bool) -> list[str]:
    """The words of a display name: as they are, quoted, or encoded."""
    if _ATOMS.fullmatch(name) and "=?" not in name and len(name) <= 70:
        return name.split(" ")
    if (name.isascii() and len(name) <= 70 and "=?" not in name) or not encode:
        escaped = re.sub(r'(["\\])', r"\\\1", name)
        return [f'"{escaped}"']
    return _encoded(name)


def _words(text: str) -> list[str]:
    return text.split(" ") if _PLAIN.fullmatch(text) and "=?" not in text else _encoded(text)


def _encoded(text: str) -> list[str]:
    """`text` as encoded words that each hold whole characters (RFC 2047, sections 2 and 5)."""
    words: list[str] = []
    piece = b""
    for character in text:
        raw = character.encode("utf-8", "replace")
        if len(piece) + len(raw) > _WORD_BYTES:
            words.append(_word(piece))
            piece = b""
        piece += raw
    return [*words, _word(piece)] if piece else words


def _word(raw: bytes) -> str:
    return f"=?utf-8?B?{base64.b64encode(raw).decode('ascii')}?="
