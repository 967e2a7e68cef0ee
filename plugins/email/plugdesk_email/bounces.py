"""Reports of mail servers: what was not delivered, to whom and why (RFC 3464, RFC 5965, RFC 8098, and the many others)."""

import re
from dataclasses import dataclass, replace

from plugdesk_email import reportwords as words
from plugdesk_email.addresses import is_address, parse_addresses
from plugdesk_email.automatic import is_daemon
from plugdesk_email.charsets import decode_bytes
from plugdesk_email.headers import Headers, shortened_id, split_header
from plugdesk_email.letters import Address, Bounce, Kind, Report
from plugdesk_email.mime import Part, split_letter

_REACH = 100_000
_MAX_FAILED = 50

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_NOT_FAILED = re.compile(
    r"^(?:postmaster|mailer-?daemon|abuse|root|noreply|no-reply|webmaster|helpdesk|hostmaster|mailadmin)@", re.IGNORECASE
)
_AMAZON = re.compile(r'\s*\{\s*"notificationType"\s*:\s*"(Bounce|Complaint)"')
_AMAZON_RECIPIENT = re.compile(r'"emailAddress"\s*:\s*"([^"]{3,320})"')
_SUCCESS = ("delivered", "relayed", "expanded")
_NO_BOUNCE = Bounce()


@dataclass(frozen=True, slots=True)
class MachineReport:
    """What a report is, why it is taken for one, and what it says of a delivery."""

    kind: Kind
    report: Report
    reason: str
    bounce: Bounce = _NO_BOUNCE


def read_report(root: Part, sender: Address, subject: str, text: str, to: tuple[Address, ...]) -> MachineReport | None:
    """The report that a letter is, or nothing if it is none. `text` is the letter's text, `to` whom it is addressed to."""
    parts = {part.type: part for part in reversed(list(root.walk()))}
    wanted = root.parameters.get("report-type", "").lower()
    if "message/feedback-report" in parts or wanted == "feedback-report":
        return MachineReport(
            Kind.BOUNCE, Report.COMPLAINT, "header Content-Type: feedback-report, a complaint about spam", _complaint(parts)
        )
    if "message/rfc822" in parts and sender.email == "staff@hotmail.com" and subject.startswith("complaint about message"):
        return MachineReport(Kind.BOUNCE, Report.COMPLAINT, f"header Subject: {subject[:200]}", _complaint(parts))
    if "message/disposition-notification" in parts or wanted == "disposition-notification":
        return _read_receipt(parts)
    if amazon := _AMAZON.match(text):
        failed = tuple(dict.fromkeys(_addresses(" ".join(_AMAZON_RECIPIENT.findall(text)))))
        report = Report.DELIVERY if amazon[1] == "Bounce" else Report.COMPLAINT
        bounce = Bounce(failed, permanent='"Permanent"' in text[:500], action="failed" if report is Report.DELIVERY else "")
        return MachineReport(Kind.BOUNCE, report, f"text: a notice of Amazon SES, {amazon[1]}", bounce)
    reason = _reason(root, parts, wanted, sender, subject, text)
    return (
        MachineReport(Kind.BOUNCE, Report.DELIVERY, reason, _bounce(root, parts, sender, subject, text, to)) if reason else None
    )


def _reason(root: Part, parts: dict[str, Part], wanted: str, sender: Address, subject: str, text: str) -> str:
    if wanted == "delivery-status" or "message/delivery-status" in parts or "message/global-delivery-status" in parts:
        return "header Content-Type: delivery-status"
    failed = root.headers.raw("X-Failed-Recipients").strip()
    if failed:
        return f"header X-Failed-Recipients: {failed[:200]}"
    beginning = text[:20_000]
    subject_says = bool(words.FAILED_SUBJECT.match(subject[:300]))
    if is_daemon(sender) and (subject_says or _names_others(beginning, sender) or words.FAILED_TEXT.search(beginning)):
        return f"header From: {sender.email or sender.name}"
    subject_names_it = subject_says or bool(words.SUBJECT_NAMES_FAILURE.search(subject))
    wants_no_answer = root.headers.raw("Return-Path").replace(" ", "") == "<>"
    if not (subject_names_it or wants_no_answer):
        return ""  # before the long look at the text: that is nearly every letter
    says_so_of_letter = bool(words.FAILED_LETTER.search(beginning))
    if wants_no_answer:
        is_answer = root.headers.raw("Auto-Submitted").strip().lower().startswith("auto-replied")
        if (subject_says and says_so_of_letter) or (not is_answer and (subject_says or says_so_of_letter)):
            return "header Return-Path: <>"
    if not says_so_of_letter or not subject_names_it:
        return ""
    original = parts.get("message/rfc822")
    # A person who asks about a report attaches it; the server that made it does not.
    if _names_others(beginning, sender) or (original and original.disposition != "attachment"):
        return f"header Subject: {subject[:200]}"
    return ""


def _names_others(text: str, sender: Address) -> bool:
    found = (address for pattern in words.NAMED_CLEARLY for address in _addresses(" ".join(pattern.findall(text))))
    return any(address != sender.email for address in found)


def _bounce(root: Part, parts: dict[str, Part], sender: Address, subject: str, text: str, to: tuple[Address, ...]) -> Bounce:
    original, original_text = _original(parts)
    status_part = parts.get("message/delivery-status") or parts.get("message/global-delivery-status")
    if status_part is None and original and "report-type" in original.content_type()[1]:
        # A filter on the way wrapped the report into a letter of its own.
        inner = {part.type: part for part in split_letter(original_text.encode())[0].walk()}
        status_part, (original, original_text) = inner.get("message/delivery-status"), _original(inner)
    failed, action, status, diagnostic = _delivery_status(status_part) if status_part else ([], "", "", "")
    cut = words.ORIGINAL_BEGINS.search(text[:_REACH])
    told, below = (text[: cut.start()], text[cut.start() : _REACH]) if cut else (text[:_REACH], "")
    failed = (
        failed
        or _addresses(root.headers.raw("X-Failed-Recipients"))
        or _addresses(" ".join(words.FINAL_RECIPIENT.findall(text[:_REACH])))
    )
    if not failed and action not in _SUCCESS:
        failed = _failed_in_text(told, below, original, sender, to)
    if not status:
        found = _STATUS.search(told)
        status = found[1] if found else ""
    if not action:
        is_delayed = words.DELAYED.search(told) and not words.FAILED_FOR_GOOD.search(told)
        action = "delayed" if is_delayed else "failed"
    return Bounce(
        failed=tuple(dict.fromkeys(failed))[:_MAX_FAILED],
        action=action,
        permanent=bool(failed) and action == "failed" and not status.startswith(("2", "4")),
        delivery_status=status,
        diagnostic=diagnostic[:500],
        original_message_id=_original_id(root, original, original_text, below or text[:_REACH]),
    )


def _read_receipt(parts: dict[str, Part]) -> MachineReport:
    """A note that a letter was read (RFC 8098); some servers send one that says "deleted" where they mean a bounce."""
    part = parts.get("message/disposition-notification")
    fields, _ = split_header(part.content(_REACH).lstrip(b"\r\n")) if part else (Headers(()), 0)
    ids = fields.ids("Original-Message-ID")
    bounce = Bounce(original_message_id=ids[0] if ids else "")
    if re.search(r"mdn-sent-automatically\s*;\s*deleted", fields.raw("Disposition"), re.IGNORECASE):
        bounce = replace(bounce, failed=tuple(_addresses(fields.raw("Final-Recipient"))), action="failed")
        return MachineReport(Kind.BOUNCE, Report.DELIVERY, "header Disposition: deleted unread", bounce)
    return MachineReport(
        Kind.AUTO_REPLY, Report.READ, "header Content-Type: disposition-notification, a note that a letter was read", bounce
    )


def _delivery_status(part: Part) -> tuple[list[str], str, str, str]:
    """(failed addresses, action, status, diagnostic) of the recipients which the report names (RFC 3464, 2.3)."""
    failed: list[str] = []
    delayed: list[str] = []
    action = status = diagnostic = ""
    for group in re.split(rb"\r?\n[ \t]*\r?\n", part.content(_REACH)):
        fields, _ = split_header(group.lstrip(b"\r\n") + b"\n")
        if "Final-Recipient" not in fields and "Original-Recipient" not in fields:
            continue
        its_action = (fields.raw("Action").split() or [""])[0].strip(";").lower()
        its_status = (_STATUS.findall(fields.raw("Status")) or _STATUS.findall(fields.raw("Diagnostic-Code")) or [""])[0]
        addresses = _addresses(fields.raw("Original-Recipient")) or _addresses(fields.raw("Final-Recipient"))
        if its_action in _SUCCESS:
            action, status = action or its_action, status or its_status
        elif its_action == "delayed":
            delayed += addresses
            action, status = action or "delayed", status or its_status
        else:
            if action != "failed":
                action, status = "failed", its_status
                diagnostic = fields.text("Diagnostic-Code").partition(";")[2].strip() or fields.text("Diagnostic-Code")
            failed += addresses
    return failed or delayed, action, status, diagnostic


def _original(parts: dict[str, Part]) -> tuple[Headers | None, str]:
    for type_ in (
        "message/rfc822",
        "text/rfc822-headers",
        "message/rfc822-headers",
        "message/global",
        "message/global-headers",
        "message/partial",
    ):
        if part := parts.get(type_):
            content = part.content(_REACH).lstrip(b"\r\n")
            headers, _ = split_header(content)
            return headers, decode_bytes(content[:_REACH])
    return None, ""


def _original_id(root: Part, original: Headers | None, original_text: str, text: str) -> str:
    ids = original.ids("Message-ID") if original else ()
    if not ids and (found := words.ORIGINAL_ID.search(original_text) or words.ORIGINAL_ID.search(text)):
        ids = (shortened_id(found[1]),)
    ids = ids or root.headers.ids("In-Reply-To") or root.headers.ids("References")[-1:]
    return ids[0] if ids else ""


def _failed_in_text(told: str, below: str, original: Headers | None, sender: Address, to: tuple[Address, ...]) -> list[str]:
    """The failed addresses of a report without fields: those named in its words, else whom the original was sent to."""
    ours = {address.email for address in to}
    written_to = [address.email for address in parse_addresses(original.raw("To"))] if original else []
    if not written_to and (found := words.ORIGINAL_TO.search(below)):
        written_to = _addresses(found[1])
    follow = words.NAMES_FOLLOW.search(told)
    alone = words.LOCAL_PART_ALONE.search(told, follow.end()) if follow and sender.email else None
    for region in (words.NOT_FAILED_LINE.sub("", told), told):
        mentioned = [address for address in _addresses(region) if not _NOT_FAILED.match(address)]
        strangers = [address for address in mentioned if address not in ours]
        if both := [address for address in written_to if address in strangers]:
            return both
        told_of = [each for pattern in words.NAMED for each in _addresses(" ".join(pattern.findall(region)))]
        if named := [each for each in told_of if each in strangers]:
            return named
        if strangers:
            return strangers[:1]
        if named := [each for each in _addresses(" ".join(words.NAMED[0].findall(region))) if each in mentioned]:
            return named
        if alone:
            return [f"{alone[1].lower()}@{sender.email.rpartition('@')[2]}"]
    is_list = original is not None and "List-Id" in original
    return [] if is_list else [address for address in written_to if address not in ours]


def _complaint(parts: dict[str, Part]) -> Bounce:
    """Who complained, as far as the provider says so (RFC 5965, section 3.2)."""
    part = parts.get("message/feedback-report")
    original, original_text = _original(parts)
    recipients: list[str] = []
    if part:
        fields, _ = split_header(part.content(_REACH).lstrip(b"\r\n"))
        recipients = [
            each for name in ("Original-Rcpt-To", "Removal-Recipient") for each in _addresses(" ".join(fields.all_raw(name)))
        ]
    if not recipients and original:
        recipients = [address.email for address in parse_addresses(original.raw("To"))]
    ids = original.ids("Message-ID") if original else ()
    found = None if ids else words.ORIGINAL_ID.search(original_text)
    return Bounce(
        failed=tuple(dict.fromkeys(recipients))[:_MAX_FAILED], original_message_id=ids[0] if ids else found[1] if found else ""
    )


def _addresses(text: str) -> list[str]:
    """The addresses in `text`; those with dots for letters were made unreadable by somebody."""
    found = (address.lower() for address in words.ADDRESS.findall(text[:_REACH]))
    return list(dict.fromkeys(address for address in found if "..." not in address and is_address(address)))
