"""Passwords: which are taken, how they are stored, whether one matches.

Stored is an argon2id string (RFC 9106; the parameters are the second choice of the OWASP Password Storage Cheat Sheet).
Which are refused follows NIST SP 800-63B: by length and by a list, never by the kinds of characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from plugdesk.errors import Invalid
from plugdesk.i18n import gettext as _

SHORTEST, LONGEST = 12, 1024

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_nobodys: dict[PasswordHasher, str] = {}


def set_cost(*, time: int, memory_kib: int) -> None:
    """Hash with another cost from now on, in this process. Tests, which sign in thousands of times, make it cheap."""
    global _hasher
    _hasher = PasswordHasher(time_cost=time, memory_cost=memory_kib, parallelism=1)


def check_password_rules(password: str, *, about: Iterable[str] = ()) -> None:
    """Raises `Invalid` when `password` is too short, too long, or what one would guess first.

    `about` are the person's own name and address, and the desk's name: no password is made of them.
    """
    if len(password) > LONGEST:
        raise Invalid(_("At most %(most)s characters.", most=LONGEST))
    if len(password) < SHORTEST:
        raise Invalid(_("At least %(least)s characters. Three or four words in a row are good.", least=SHORTEST))
    if is_guessable(password, about=about):
        raise Invalid(_("This is one of the first passwords somebody would try. Three or four words in a row are good."))


def hash_password(password: str) -> str:
    """The string to store. About 20 ms."""
    return _hasher.hash(_bytes(password))


def password_matches(stored: str | None, password: str) -> bool:
    """Whether `password` is the one behind `stored`. Takes as long where there is none, so that nobody learns who exists."""
    if len(password) > LONGEST:
        return False
    try:
        _hasher.verify(stored or _nobodys_hash(), _bytes(password))
    except (VerificationError, InvalidHashError):
        return False
    return bool(stored)


def needs_new_hash(stored: str) -> bool:
    """Whether `stored` was made with another cost than today's."""
    return _hasher.check_needs_rehash(stored)


def is_guessable(password: str, *, about: Iterable[str] = ()) -> bool:
    """Whether hardly anything is left of `password` without runs, years, the person's own words and one common word."""
    plain = password.casefold()
    for own in sorted({word for text in about for word in _words(text)}, key=len, reverse=True):
        plain = plain.replace(own, " ")
    plain, common = _without_common_words(plain)
    return len(common) <= 1 and len("".join(_without_runs(plain).split())) <= 3


def _without_common_words(plain: str) -> tuple[str, set[str]]:
    """`plain` with spaces for its common words, also where figures and signs stand for letters; and those words."""
    shape = plain.translate(_LEET)
    found = set()
    for word in _common_words():
        while (at := max(plain.find(word), shape.find(word))) >= 0:
            found.add(word)
            gap = " " * len(word)
            plain, shape = (text[:at] + gap + text[at + len(word) :] for text in (plain, shape))
    return plain, found


_LEET = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
_ROWS = (
    "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./", "1234567890-=", "0987654321", "abcdefghijklmnopqrstuvwxyz",
    "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю", "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "1й2ц3у4к5е6н7г8ш9щ0з", "qazwsxedcrfvtgbyhnujmikolp", "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "йфяцычувскамепинртгоьшлбщдюзжэхъ", "!@#$%^&*()_+", "147258369", "789456123", "741852963",
)  # fmt: skip
_YEAR = re.compile(r"(?:19|20)\d\d")
_REPEATED = re.compile(r"(.{1,4}?)\1{2,}")
_RUN = 3


def _without_runs(text: str) -> str:
    """`text` without the same again and again, stretches of a row of keys or of the alphabet, and years."""
    text = _REPEATED.sub(lambda found: " " if len(found[1]) == 1 or not found[1].isalpha() else found[1], text)
    kept, at = [], 0
    while at < len(text):
        length = _run_at(text, at)
        if length < _RUN:
            kept.append(text[at])
        at += length if length >= _RUN else 1
    return _YEAR.sub(" ", "".join(kept))


def _run_at(text: str, at: int) -> int:
    longest = 0
    for row in _rows():
        length = longest + 1
        while at + length <= len(text) and text[at : at + length] in row:
            longest = length
            length += 1
    return longest


@cache
def _rows() -> tuple[str, ...]:
    return tuple(dict.fromkeys(way for row in _ROWS for way in (row, row[::-1])))


@cache
def _common_words() -> tuple[str, ...]:
    text = (Path(__file__).parent / "common_passwords.txt").read_text(encoding="utf-8")
    words = {word for line in text.splitlines() if not line.startswith("#") for word in line.split()}
    return tuple(sorted(words, key=lambda word: (-len(word), word)))


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\W_]+", text.casefold()) if len(word) > 3]


def _nobodys_hash() -> str:
    if _hasher not in _nobodys:
        _nobodys[_hasher] = _hasher.hash(b"nobody")
    return _nobodys[_hasher]


def _bytes(password: str) -> bytes:
    # A lone surrogate, which a browser can send, has no UTF-8; it is still a character somebody typed.
    return password.encode("utf-8", "surrogatepass")
