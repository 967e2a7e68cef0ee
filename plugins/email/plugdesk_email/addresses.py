"""Who a letter is from and to: lists of addresses read in linear time, however they are written (RFC 5322, 3.4)."""

import re

from plugdesk_email.charsets import decode_words
from plugdesk_email.headers import one_line
from plugdesk_email.letters import Address

MAX_ADDRESSES = 100
_LONGEST_ADDRESS = 320
_LONGEST_NAME = 200

_PIECE = re.compile(r'=\?[^?\s]{1,60}\?[bBqQ]\?[^?]*\?=|"(?:[^"\\]|\\.)*"|\\.|[(),;:<>"]|[^"\\(),;:<>]+', re.DOTALL)
_BARE = re.compile(r"(?<![^\s@<>()\[\],;:\"])[^\s@<>()\[\],;:\"]++@[^\s@<>(),;:\"]+")


def parse_addresses(value: str, limit: int = MAX_ADDRESSES) -> list[Address]:
    """At most `limit` addresses of a header's value, in order; names of groups and what is no address are left out."""
    found: list[Address] = []
    for name, email in _mailboxes(value):
        address = _address(name, email)
        if address and address.email not in {known.email for known in found}:
            found.append(address)
            if len(found) == limit:
                break
    return found


def is_address(text: str) -> bool:
    """Whether `text` can be written to: one @ with something on both sides and nothing that ends a header."""
    return 3 <= len(text) <= _LONGEST_ADDRESS and bool(
        re.fullmatch(r'(?:[^\s@<>()\[\],;:"\x00-\x1f]+|"[^"\r\n\0]+")@[^\s@<>(),;:"\x00-\x1f]+', text)
    )


def _mailboxes(value: str) -> "list[tuple[str, str]]":
    """(name, address) as written; a name may be a comment behind the address."""
    result: list[tuple[str, str]] = []
    words: list[str] = []
    comments: list[str] = []
    angle: list[str] | None = None
    email = ""
    depth = 0
    for piece in _PIECE.findall(value):
        if depth:
            depth += {"(": 1, ")": -1}.get(piece, 0)
            if depth:
                comments.append(piece)
        elif piece == "(":
            depth = 1
        elif angle is not None and piece != ">":
            if piece == "<":
                words.extend(angle)
                angle = []
            else:
                angle.append(piece)
        elif piece == "<":
            angle = []
        elif piece == ">":
            email = email or "".join(angle or ())
            angle = None
        elif piece in ",;":
            result.append((_name(words, comments, email), email or "".join(words)))
            words, comments, email = [], [], ""
        elif piece == ":":
            words = []
        else:
            words.append(piece)
    if angle:
        email = email or "".join(angle)
    result.append((_name(words, comments, email), email or "".join(words)))
    return result


def _name(words: list[str], comments: list[str], email: str) -> str:
    if email and any(word.strip() for word in words):
        return "".join(re.sub(r"\\(.)", r"\1", word[1:-1]) if word[0] == '"' == word[-1] else word for word in words)
    return "".join(comments)


def _address(name: str, written: str) -> Address:
    email = written.strip()
    if "=?" in email:
        email = one_line(decode_words(email))
    if not is_address(email):
        bare = _BARE.search(email[:2000])
        name = name or (email.replace(bare[0], "") if bare else "")
        email = bare[0] if bare else ""
    email = email.removeprefix("mailto:").rstrip(".").lower()
    if not is_address(email):
        return Address(_shown(name or written), "")
    return Address(_shown(name), email)


def _shown(name: str) -> str:
    return one_line(decode_words(name[:2000])).strip("'\" ")[:_LONGEST_NAME]
