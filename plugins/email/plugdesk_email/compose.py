"""A letter of ours as it goes out: well-formed, and with nothing in its header that somebody else put there."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.message import EmailMessage, MIMEPart
from email.utils import format_datetime

from plugdesk_email.addresses import is_address
from plugdesk_email.automatic import LOOP_HEADER
from plugdesk_email.fields import registry
from plugdesk_email.headers import file_name, one_line
from plugdesk_email.htmltext import html_to_text
from plugdesk_email.letters import Address

_LONGEST_SUBJECT = 500
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}")
# Types that would make the letter's own structure if a file could claim them.
_NO_FILE_TYPES = ("multipart/", "message/")


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file that goes out with a letter; with a `content_id` (no brackets) the letter's HTML shows it as `cid:…`."""

    name: str
    type: str
    content: bytes = field(repr=False)
    content_id: str = ""


_POLICY = policy.SMTP.clone(cte_type="7bit", header_factory=registry())


def compose_letter(
    *,
    sender: Address,
    to: Sequence[Address],
    subject: str,
    message_id: str,
    date: datetime,
    text: str = "",
    html: str = "",
    cc: Sequence[Address] = (),
    reply_to: Address | None = None,
    files: Sequence[OutgoingFile] = (),
    in_reply_to: str = "",
    references: Iterable[str] = (),
    auto: str | None = None,
    instance: str = "",
) -> EmailMessage:
    """A letter ready for SMTP; `bytes()` of it has CRLF line ends. Blind copies belong to the envelope, not here.

    `html` is clean already; where `text` is empty it is made from it. Ids come without brackets, `date` is aware.
    `auto` is None for what a person wrote, else `auto-replied` (an answer to a letter) or `auto-generated`
    (RFC 3834, section 5). `instance` marks the letter so that it is known again if it comes back.
    Raises ValueError for an address that cannot be written to, a naive date or an unknown `auto`.
    """
    if date.tzinfo is None:
        raise ValueError("A letter needs a date with a time zone.")
    if auto not in (None, "auto-replied", "auto-generated"):
        raise ValueError(f"Not a kind of automatic letter: {auto!r}")
    everybody = [sender, *to, *cc, *([reply_to] if reply_to else [])]
    letter = EmailMessage(_POLICY.clone(utf8=any(not each.email.rpartition("@")[0].isascii() for each in everybody)))
    letter["From"] = [_address(sender)]
    if to:
        letter["To"] = [_address(address) for address in to]
    if cc:
        letter["Cc"] = [_address(address) for address in cc]
    if reply_to:
        letter["Reply-To"] = [_address(reply_to)]
    letter["Subject"] = one_line(subject)[:_LONGEST_SUBJECT]
    letter["Date"] = format_datetime(date)
    letter["Message-ID"] = _ids([message_id])
    if in_reply_to:
        letter["In-Reply-To"] = _ids([in_reply_to])
    if chain := _ids(references):
        letter["References"] = chain
    if auto:
        letter["Auto-Submitted"] = auto
        letter["X-Auto-Response-Suppress"] = "All"
    if instance:
        letter[LOOP_HEADER] = re.sub(r"[^A-Za-z0-9._-]", "", instance)[:80]
    _add_body(letter, text, html, files)
    return letter


def _add_body(letter: EmailMessage, text: str, html: str, files: Sequence[OutgoingFile]) -> None:
    """Text and HTML as alternatives, pictures related to the HTML, files mixed in last."""
    shown = [file for file in files if html and file.content_id and f"cid:{file.content_id}" in html]
    _set_text(letter, text or html_to_text(html), "plain")
    if html:
        html_part = EmailMessage(letter.policy)
        _set_text(html_part, html, "html")
        for file in shown:
            _attach(html_part, file, inline=True)
        letter.make_alternative()
        letter.attach(html_part)
    for file in files:
        if file not in shown:
            _attach(letter, file, inline=False)


def _set_text(part: MIMEPart, text: str, subtype: str) -> None:
    body = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode("utf-8")
    part.set_content(body if body.endswith("\n") else body + "\n", subtype=subtype, charset="utf-8")


def _attach(part: MIMEPart, file: OutgoingFile, *, inline: bool) -> None:
    type_ = file.type.lower().split(";")[0].strip()
    if not _MEDIA_TYPE.fullmatch(type_) or type_.startswith(_NO_FILE_TYPES):
        type_ = "application/octet-stream"
    maintype, subtype = type_.split("/")
    name = file_name(file.name) or "file"
    if inline:
        content_id = re.sub(r"[^\w.@+-]", "", file.content_id, flags=re.ASCII)
        part.add_related(file.content, maintype, subtype, cid=f"<{content_id}>", filename=name, disposition="inline")
    else:
        part.add_attachment(file.content, maintype, subtype, filename=name)


def _address(address: Address) -> tuple[str, str]:
    email = address.email.strip()
    if not is_address(email):
        raise ValueError(f"Not an address that can be written to: {email!r}")
    local, _, domain = email.rpartition("@")
    if local.isascii() and not domain.isascii():
        domain = domain.encode("idna").decode("ascii")
    return one_line(address.name)[:200], f"{local}@{domain}"


def _ids(ids: Iterable[str]) -> str:
    clean = (re.sub(r"[^!-~]|[<>]", "", each) for each in ids)
    return " ".join(f"<{each}>" for each in clean if each and len(each) <= 900)
