"""The bytes of a letter as a `Letter`: whatever they are, in bounded time and memory, without ever raising."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from hashlib import sha256

from plugdesk_email.addresses import parse_addresses
from plugdesk_email.automatic import classify, is_proven_loop
from plugdesk_email.bounces import read_report
from plugdesk_email.headers import Headers, file_name, one_line
from plugdesk_email.htmltext import MAX_HTML, html_to_text
from plugdesk_email.letters import Address, Attachment, Bounce, Kind, Letter, Report
from plugdesk_email.mime import Part, split_letter
from plugdesk_email.quotes import split_reply
from plugdesk_email.threading import LONGEST_SUBJECT, clean_subject, read_message_id

MAX_TEXT = 1_000_000
_EMPTY_LINES = re.compile(r"\n{6,}")
_EXTENSIONS = {
    "text/calendar": "ics",
    "text/html": "html",
    "text/plain": "txt",
    "text/vcard": "vcf",
    "text/x-vcard": "vcf",
    "text/csv": "csv",
    "message/rfc822": "eml",
    "message/delivery-status": "txt",
    "text/rfc822-headers": "txt",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "application/pdf": "pdf",
    "application/pgp-signature": "asc",
    "application/pkcs7-signature": "p7s",
    "application/ms-tnef": "dat",
}


@dataclass(slots=True)
class _Body:
    """What a letter shows, in the order of its parts: each piece as plain text, as HTML, or as both."""

    pieces: list[tuple[str, str]] = field(default_factory=list)
    files: list[Part] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    room: int = MAX_TEXT


def parse_email(raw: bytes, *, instance: str = "", key: bytes = b"", own_addresses: Collection[str] = ()) -> Letter:
    """Read a letter. Never raises; what could not be read is told in `problems`.

    `instance` and `key` are what outgoing letters are marked and signed with (see `threading.make_message_id`),
    `own_addresses` the addresses of our mailboxes in lower case: by them a letter of our own that came back is known.
    """
    root, problems = split_letter(raw)
    headers = root.headers
    body = _Body(problems=problems)
    _collect(root, body, is_root=True)
    html = (
        "\n".join(piece_html or _as_html(text) for text, piece_html in body.pieces)
        if any(html for _, html in body.pieces)
        else ""
    )
    text = _text_of(body)
    sender = _sender(headers)
    to, cc = tuple(parse_addresses(headers.raw("To"))), tuple(parse_addresses(headers.raw("Cc")))
    subject = _subject(headers)
    fingerprint = sha256("\0".join((headers.raw("Date"), sender.email, headers.raw("Subject"), text)).encode("utf-8", "replace"))
    for part in body.files:
        fingerprint.update(part.raw[part.start : part.end])
    digest = fingerprint.hexdigest()
    ids = headers.ids("Message-ID")
    is_own_id = bool(ids and key and read_message_id(ids[0], key))
    found = read_report(root, sender, subject, text, to)
    kind, reason = classify(headers, sender, subject, instance=instance, is_own_id=is_own_id, own_addresses=own_addresses)
    if found and kind is not Kind.LOOP:
        kind, reason = found.kind, found.reason
    report, bounce = (found.report, found.bounce) if found else (Report.NONE, Bounce())
    reply, quoted, signature = (
        split_reply(text, html) if kind in (Kind.HUMAN, Kind.BULK, Kind.AUTO_REPLY, Kind.LOOP) else (text, "", "")
    )
    return_path = headers.raw("Return-Path").strip() if "Return-Path" in headers else None
    if not sender.email:
        problems.append("The letter does not say who sent it.")
    return Letter(
        message_id=ids[0] if ids else f"{digest[:40]}@no-id.invalid",
        has_own_id=bool(ids),
        in_reply_to=headers.ids("In-Reply-To"),
        references=headers.ids("References"),
        sender=sender,
        reply_to=tuple(parse_addresses(headers.raw("Reply-To"), 10)),
        to=to,
        cc=cc,
        subject=subject,
        date=headers.date(),
        text=text,
        reply=reply,
        quoted=quoted,
        signature=signature,
        html=html,
        attachments=tuple(_attachments(body.files, html)),
        kind=kind,
        reason=reason,
        report=report,
        failed=bounce.failed,
        action=bounce.action,
        permanent=bounce.permanent,
        delivery_status=bounce.delivery_status,
        diagnostic=bounce.diagnostic,
        original_message_id=bounce.original_message_id,
        own_loop=is_proven_loop(headers, instance=instance, is_own_id=is_own_id),
        problems=tuple(problems),
        return_path=None if return_path is None else return_path.strip("<> ").lower(),
        delivered_to=_delivered_to(headers),
        authentication_results=tuple(value[:2000] for value in headers.all_raw("Authentication-Results")[:5]),
        fingerprint=digest,
        size=len(raw),
    )


def _collect(part: Part, body: _Body, *, is_root: bool = False) -> None:
    """Put each part where it belongs: into the text, the HTML or the files. Depth is bounded by `mime.MAX_DEPTH`."""
    if part.parts:
        _collect_multipart(part, body)
    elif part.type.startswith("multipart/"):
        return
    elif _is_shown(part, is_root):
        text = _cut(part, body)
        body.pieces.append(("", text) if part.type == "text/html" else (_unflowed(text, part), ""))
    elif part.end > part.start or part.file_name:
        body.files.append(part)


def _collect_multipart(part: Part, body: _Body) -> None:
    if part.type != "multipart/alternative":
        for below in part.parts:
            _collect(below, body)
        return
    inner = _Body(problems=body.problems, room=body.room)
    for below in part.parts:
        _collect(below, inner)
    body.room = inner.room
    texts = [text for text, _ in inner.pieces if text.strip()]
    htmls = [html for _, html in inner.pieces if html.strip()]
    body.pieces.append(("\n\n".join(texts), "\n".join(htmls)))
    body.files.extend(inner.files)


def _is_shown(part: Part, is_root: bool) -> bool:
    if part.type not in ("text/plain", "text/html", "text/enriched", "text/markdown", "text/x-amp-html", "message/external-body"):
        return is_root and part.type.startswith("text/") and part.disposition != "attachment"
    return part.type != "text/x-amp-html" and part.disposition != "attachment" and (is_root or not part.file_name)


def _cut(part: Part, body: _Body) -> str:
    limit = MAX_HTML if part.type == "text/html" else max(body.room, 0)
    text = part.text(4 * limit)
    if len(text) > limit:
        body.problems.append("The text of the letter is too long; the rest of it is only in the original.")
        text = text[:limit]
    body.room -= 0 if part.type == "text/html" else len(text)
    return text


def _text_of(body: _Body) -> str:
    pieces = [text if text.strip() else html_to_text(html) for text, html in body.pieces]
    text = "\n\n".join(piece.strip("\n") for piece in pieces if piece.strip())[:MAX_TEXT]
    text = "\n".join(line if line == "-- " else line.rstrip(" \t\xa0") for line in text.split("\n"))
    return _EMPTY_LINES.sub("\n\n\n", text).strip("\n")


def _unflowed(text: str, part: Part) -> str:
    """Paragraphs put together again that `format=flowed` sent in lines (RFC 3676)."""
    if part.parameters.get("format", "").lower() != "flowed" or " \n" not in text:
        return text
    joins_words = part.parameters.get("delsp", "").lower() == "yes"
    lines: list[str] = []
    flows, depth_before = False, 0
    for line in text.split("\n"):
        unquoted = line.lstrip(">")
        depth = len(line) - len(unquoted)
        if flows and depth == depth_before and unquoted != "-- ":
            lines[-1] += unquoted.removeprefix(" ")
        else:
            lines.append(line)
        flows, depth_before = unquoted.endswith(" ") and unquoted.strip() not in ("--", ""), depth
        if flows and joins_words:
            lines[-1] = lines[-1][:-1]
    return "\n".join(lines)


def _attachments(parts: list[Part], html: str) -> list[Attachment]:
    files = []
    for index, part in enumerate(parts, 1):
        content_id = one_line(part.headers.raw("Content-ID")).strip("<> ")[:250]
        type_ = part.type if not part.type.startswith("multipart/") else "application/octet-stream"
        content = part.content()
        inline = bool(content_id) and type_.startswith("image/") and f"cid:{content_id}" in html
        files.append(Attachment(_name_of(part, type_, index), type_, content, inline, content_id))
    return files


def _name_of(part: Part, type_: str, index: int) -> str:
    name = file_name(part.file_name)
    if name:
        return name
    extension = _EXTENSIONS.get(type_, "bin")
    if type_ == "message/rfc822":
        subject = file_name(split_letter(part.content(200_000))[0].headers.text("Subject").replace("/", "-")[:80])
        if subject:
            return f"{subject}.eml"
    return f"attachment-{index}.{extension}"


def _sender(headers: Headers) -> Address:
    unnamed = Address()
    for name in ("From", "Sender"):
        addresses = parse_addresses(headers.raw(name), 1)
        if addresses:
            return addresses[0]
        unnamed = unnamed if unnamed.name else Address(headers.text(name)[:200])
    return unnamed


def _subject(headers: Headers) -> str:
    subject = headers.text("Subject")
    if len(subject) <= LONGEST_SUBJECT:
        return subject
    cleaned = clean_subject(subject)
    return cleaned if len(cleaned) < LONGEST_SUBJECT else cleaned[: LONGEST_SUBJECT - 1] + "…"


def _delivered_to(headers: Headers) -> tuple[str, ...]:
    """The addresses for which servers on the way took the letter, nearest to us first."""
    names = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Forwarded-To", "X-Delivered-To", "Resent-To")
    found = [address.email for name in names for value in headers.all_raw(name)[:20] for address in parse_addresses(value, 20)]
    return tuple(dict.fromkeys(found))[:50]


def _as_html(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f'<div style="white-space: pre-wrap">{escaped}</div>' if text.strip() else ""
