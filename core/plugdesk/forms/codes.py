"""Stable names made from what people call things: slugs of forms, codes of fields, choices and statuses. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

LONGEST = 40
RESERVED_SLUGS = frozenset({"add", "all", "api", "archived", "edit", "new", "none", "order", "p", "static", "x"})

# Russian as English readers spell it (BGN/PCGN, without its marks); of other alphabets the letters NFKD leaves alone.
_LETTERS = str.maketrans({
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z", "и": "i", "й": "y", "к": "k",
    "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts",
    "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya",
    "і": "i", "ї": "i", "є": "ie", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d",
})  # fmt: skip


def code_of(label: str, *, separator: str = "_") -> str:
    """`label` in Latin letters, figures and `separator`; empty when nothing of it can be written so."""
    latin = unicodedata.normalize("NFKC", label).lower().translate(_LETTERS)
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", latin) if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", separator, plain).strip(separator)[:LONGEST].strip(separator)


def free_code(label: str, taken: Container[str], *, otherwise: str, separator: str = "_") -> str:
    """A code for `label` that is not among `taken`; made from `otherwise` when the label gives none."""
    wanted = code_of(label, separator=separator) or otherwise
    if wanted[0].isdigit():
        wanted = f"{otherwise}{separator}{wanted}"[:LONGEST].strip(separator)
    code, number = wanted, 1
    while code in taken:
        number += 1
        code = f"{wanted}{separator}{number}"
    return code


def is_slug(text: str) -> bool:
    """Whether `text` can stand in an address as the name of a form."""
    return bool(re.fullmatch(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", text)) and len(text) <= LONGEST and text not in RESERVED_SLUGS
