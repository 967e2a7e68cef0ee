"""What ties letters to tickets: ids signed by us, references, and the number in the subject."""

import base64
import hmac
import re
from collections.abc import Sequence
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from plugdesk_email.letters import Letter

TAG_FORMAT = "[#{number}]"
LONGEST_SUBJECT = 300
_MAC_BYTES = 15
_KEPT_REFERENCES = 20

_OWN_ID = re.compile(
    r"<?\s*(?P<signed>pd\.(?P<purpose>[a-z])\.(?P<ticket>\d{1,18})\.(?P<message>\d{1,18})\.[a-z0-9]{1,16})\.(?P<mac>[a-z2-7]{24})@[^\s<>]{1,255}\s*>?"
)
_PREFIX = re.compile(
    r"(?:re|fwd?|fw|aw|wg|sv|vs|vb|tr|rv|antw|doorst|odp|pd|rif|r|i|enc|res|ref|vl|ynt|ilt|bls|отв|ответ|нa|на|пер|пересл|переслано|hа|"
    r"回复|答复|转发|返信|転送)(?:\s?[\[(^*]\d{1,4}[\])]?)?\s?[:：]\s*",
    re.IGNORECASE,
)


class Purpose(StrEnum):
    """What a letter of ours was sent for; part of its id, so that an answer to it tells what it answers."""

    REPLY = "r"
    RECEIPT = "q"
    NOTICE = "n"
    CLOSING = "c"
    FORWARD = "f"


class OwnId(NamedTuple):
    """What a message id that we signed says."""

    purpose: Purpose
    ticket_id: int
    message_id: int


def make_message_id(
    message_id: int, ticket_id: int, instance: str, key: bytes, domain: str, *, purpose: Purpose = Purpose.REPLY
) -> str:
    """The Message-ID of a letter of ours, without brackets: always the same for the same message and purpose.

    `instance` is this installation's short name (letters and digits); `key` its secret. The 120-bit signature
    (HMAC-SHA256) keeps strangers from writing into a ticket whose number they guess.
    """
    name = re.sub(r"[^a-z0-9]", "", instance.lower())[:16] or "x"
    signed = f"pd.{purpose.value}.{ticket_id}.{message_id}.{name}"
    return f"{signed}.{_mac(signed, key)}@{domain}"


def read_message_id(value: str, key: bytes) -> OwnId | None:
    """What `value` says if it is an id that `make_message_id` signed with `key`, in any letter case, else nothing."""
    match = _OWN_ID.fullmatch(value.strip()[:500].lower())
    if match is None or not hmac.compare_digest(match["mac"], _mac(match["signed"], key)):
        return None
    try:
        return OwnId(Purpose(match["purpose"]), int(match["ticket"]), int(match["message"]))
    except ValueError:
        return None


def reference_ids(letter: Letter) -> tuple[str, ...]:
    """The ids a letter refers to, likeliest parent first: In-Reply-To, then References from right to left."""
    return tuple(dict.fromkeys([*letter.in_reply_to, *reversed(letter.references)]))


def build_references(chain: Sequence[str], keep: int = _KEPT_REFERENCES) -> list[str]:
    """The References of a new letter out of the thread's ids, oldest first: the first and the last `keep` of them."""
    unique = list(dict.fromkeys(each for each in chain if each))
    return unique if len(unique) <= keep + 1 else [unique[0], *unique[-keep:]]


def subject_number(subject: str, tag_format: str = TAG_FORMAT) -> str | None:
    """The ticket number that the subject carries in `tag_format` (`{number}` in it stands for the digits), if any."""
    before, _, after = tag_format.partition("{number}")
    match = re.search(
        rf"{re.escape(before.strip())}\s{{0,3}}(\d{{1,18}})\s{{0,3}}{re.escape(after.strip())}", subject[:1000], re.IGNORECASE
    )
    return match[1] if match else None


def clean_subject(subject: str, tag_format: str = TAG_FORMAT) -> str:
    """The subject without `Re:`, `Fwd:`, `Ответ:` and their like, and without our tag; may be empty."""
    before, _, after = tag_format.partition("{number}")
    tag = re.compile(rf"{re.escape(before.strip())}\s{{0,3}}\d{{1,18}}\s{{0,3}}{re.escape(after.strip())}\s?", re.IGNORECASE)
    text = " ".join(subject[:200_000].split())
    start = 0
    while match := tag.match(text, start) or _PREFIX.match(text, start):
        start = match.end()
    return tag.sub("", text[start:]).strip()[:LONGEST_SUBJECT]


def reply_subject(subject: str, number: str = "", tag_format: str = TAG_FORMAT) -> str:
    """The subject of an answer: one `Re:`, the ticket's tag if a number is given, and the cleaned subject."""
    tag = tag_format.replace("{number}", number) if number else ""
    return " ".join(word for word in ("Re:", tag, clean_subject(subject, tag_format)) if word)


def _mac(signed: str, key: bytes) -> str:
    digest = hmac.new(key, b"plugdesk message id\0" + signed.encode("ascii"), sha256).digest()
    return base64.b32encode(digest[:_MAC_BYTES]).decode("ascii").lower()
