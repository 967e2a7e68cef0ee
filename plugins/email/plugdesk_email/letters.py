"""What a letter says once it has been read: plain values that the rest of the extension works with."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """Who wrote a letter, as far as automatic answers are concerned."""

    HUMAN = "human"
    AUTO_REPLY = "auto-reply"
    BOUNCE = "bounce"
    BULK = "bulk"
    LOOP = "loop"


class Report(StrEnum):
    """What a machine's report is about."""

    NONE = ""
    DELIVERY = "delivery"
    READ = "read"
    COMPLAINT = "complaint"


@dataclass(frozen=True, slots=True)
class Address:
    """A mail address in lower case, and the name written beside it; both are empty where the letter has none."""

    name: str = ""
    email: str = ""

    def __bool__(self) -> bool:
        return bool(self.email)

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a letter; `inline` says that the letter's HTML shows it by its `content_id`."""

    name: str
    type: str
    content: bytes = field(repr=False)
    inline: bool = False
    content_id: str = ""

    @property
    def size(self) -> int:
        """Bytes, once decoded."""
        return len(self.content)


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a delivery report says of the addresses in `failed`.

    `action` is what became of the letter (RFC 3464, 2.3.3): `failed`, `delayed` (the server still tries), or a success.
    `permanent` says that writing to the address again is pointless.
    """

    failed: tuple[str, ...] = ()
    action: str = ""
    permanent: bool = False
    delivery_status: str = ""
    diagnostic: str = ""
    original_message_id: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that was read. Identifiers have no angle brackets (as in RFC 8621, section 4.1.2.3).

    `text` is everything written, `reply` what is new in it; `quoted` and `signature` are the rest of it.
    `problems` are English sentences on what could not be read or was left out.
    """

    message_id: str
    sender: Address
    subject: str
    text: str
    reply: str
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    date: datetime | None = None
    signature: str = ""
    quoted: str = ""
    html: str = field(default="", repr=False)
    attachments: tuple[Attachment, ...] = ()
    kind: Kind = Kind.HUMAN
    reason: str = ""
    report: Report = Report.NONE
    failed: tuple[str, ...] = ()
    action: str = ""
    permanent: bool = False
    delivery_status: str = ""
    diagnostic: str = ""
    original_message_id: str = ""
    own_loop: bool = False
    problems: tuple[str, ...] = ()
    return_path: str | None = None
    delivered_to: tuple[str, ...] = ()
    authentication_results: tuple[str, ...] = ()
    fingerprint: str = ""
    has_own_id: bool = True
    size: int = 0

    @property
    def answer_to(self) -> Address:
        """Where an answer goes: the Reply-To address if there is one, else the sender."""
        return self.reply_to[0] if self.reply_to else self.sender


def as_json(letter: Letter, file: str) -> dict[str, Any]:
    """The object which `plugdesk email parse FILE --json` prints for a letter."""
    return {
        "file": file,
        "class": letter.kind.value,
        "from": letter.sender.email,
        "from_name": letter.sender.name,
        "reply_to": letter.reply_to[0].email if letter.reply_to else "",
        "to": [address.email for address in letter.to],
        "subject": letter.subject,
        "text": letter.text,
        "reply": letter.reply,
        "signature": letter.signature,
        "has_html": bool(letter.html),
        "attachments": [
            {"name": each.name, "type": each.type, "size": each.size, "inline": each.inline} for each in letter.attachments
        ],
        "message_id": letter.message_id,
        "references": list(letter.references),
        "failed": list(letter.failed),
        "problems": list(letter.problems),
    }
