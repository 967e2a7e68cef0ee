"""Reports of mail servers: what was not delivered, to whom and why (RFC 3464, RFC 5965, RFC 8098, and the many others)."""

import re
from dataclasses import dataclass

from plugdesk_email.addresses import is_address, parse_addresses
from plugdesk_email.automatic import is_daemon
from plugdesk_email.headers import Headers, shortened_id, split_header
from plugdesk_email.letters import Address, Bounce, Kind, Report
from plugdesk_email.mime import Part

_REACH = 100_000
_MAX_FAILED = 50

_FAILED_SUBJECT = re.compile(
    r"^\W*(?:undeliver(?:ed|able)|(?:mail|message|e-?mail|delivery)\b.{0,30}\b(?:fail|return|status|error|problem|delay|undeliver|reject|not deliver|warning)|"
    r"(?:fail(?:ed|ure)|return(?:ed|ing)?|reject(?:ed)?|bounced?|warning|error|unable|could not|cannot|non[- ]?delivery|nondeliver|permanent|"
    r"delivery|unzustellbar|mail system error|user unknown|postmaster notify|retourné|недоставл|не доставл|сообщение не доставлено|"
    r"ошибка доставки|возврат|не удалось доставить|無法|配信不能|送信エラー|returned to sender).{0,80})",
    re.IGNORECASE | re.DOTALL,
)
_FAILED_TEXT = re.compile(
    r"(?:could ?n[o']t|can ?not|can't|was ?n[o']t|were not|unable to|not able to|failed to|has not been|did not|not yet been)\s+(?:be\s+)?(?:\w+\s+){0,6}?"
    r"(?:deliver|reach|complete|sent|send|found|process|accept|relay)|undeliver|permanent(?:ly)? (?:fatal )?(?:error|fail)|fatal error|"
    r"delivery (?:\w+ ){0,4}(?:fail|error|delay|attempt|problem)|fail(?:ed|ure) (?:\w+ ){0,3}deliver|user unknown|unknown user|no such (?:user|recipient|mailbox|address|person)|"
    r"mailbox (?:is )?(?:full|unavailable|not found|size|quota|disabled)|over ?quota|quota exceeded|recipient(?:s)? (?:\w+ ){0,3}(?:reject|unknown|not|refused|fail)|"
    r"does(?:n't| not) exist|not listed in|(?:is|are) unknown|returned (?:mail|message|to sender|to you|below)|return(?:ed)? (?:the|your|this) (?:e-?mail|message)|"
    r"message (?:\w+ ){0,4}(?:reject|bounced|returned|refused|blocked|undeliver|not deliver|fail)|(?:address|mail|account|user) (?:\w+ ){0,4}(?:reject|disabled|invalid|inactive|unknown|refused)|"
    r"\b[45]\d\d[ -]+#?[45]\.\d{1,3}\.\d{1,3}\b|(?<!\d)5[05]\d[ -]|delivery status|"
    r"не (?:удалось|может быть|было|был[ао]?) (?:\w+ ){0,3}доставл|не доставл|недоставл|получатель не найден|пользователь не найден|ящик переполнен|"
    r"zugestellt|unzustellbar|non recapitabile|impossible de|no se (?:ha )?p(?:udo|odido)|não (?:foi|pôde)|配信|送信|届け",
    re.IGNORECASE,
)
_TEMPORARY_TEXT = re.compile(
    r"(?:will|be) (?:keep |be )?(?:re)?tr(?:y|ied|ying)(?: again)?|delivery (?:\w+ ){0,3}delayed|still (?:being )?(?:try|retri|queued)|temporar|not yet been delivered|"
    r"you do not need to (?:resend|do anything)|delayed|warning:|повторн",
    re.IGNORECASE,
)
_PERMANENT_TEXT = re.compile(
    r"(?<![\d.])5\d\d[ -]|(?<![\d.])5\.\d{1,3}\.\d{1,3}(?![\d.])|permanent|fatal|user unknown|no such user|does not exist",
    re.IGNORECASE,
)
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_ORIGINAL_BEGINS = re.compile(
    r"^(?:[\s>*|]*(?:-{2,}|={2,}|_{2,}|\*{2,}|\+{2,})?[ \t]*(?:below (?:this line )?is|this is a copy|(?:the )?(?:unsent|original|returned|bounced|rejected|undelivered|start of) (?:message|e-?mail|mail|text)|message header|"
    r"(?:the )?(?:first|headers?|full|body|beginning|text|copy|header) (?:\w+ ){0,4}(?:original|message|your|returned)|included is|returned message|your (?:original )?message (?:follows|reads|was)|unsent message|original (?:mail|e-?mail)|begin message|forwarded message|"
    r"(?:the )?(?:header|body|content) (?:was|were|is|follows)|transcript of (?:the )?returned|message text follows|исходное сообщение|original)[^\n]{0,100}$"
    r"|[ \t>|]*(?:Return-Path|Received|Message-ID|MIME-Version|Delivered-To|DKIM-Signature|X-[A-Za-z-]+):[^\n]*$)",
    re.IGNORECASE | re.MULTILINE,
)
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"'=|*/\\]{1,100}@[a-z0-9](?:[a-z0-9.-]{0,150}[a-z0-9])?", re.IGNORECASE)
_NAMED = re.compile(
    r"(?:^[ \t>*|]*<?(?P<alone>[^\s<>()\[\],;:\"'=|]+@[\w.-]+\w)>?[ \t]*(?:$|:|\.{3}|\(|-[ \t])|"
    r"(?:recipient|address|to|user|account|mailbox|rcpt)(?: address)?[^\n@:<]{0,30}?[:<(\"' ]+<?(?P<told>[^\s<>()\[\],;:\"'=|]+@[\w.-]+\w)|"
    r"(?:5\d\d|5\.\d\.\d)[^\n@]{0,40}?<?(?P<coded>[^\s<>()\[\],;:\"'=|]+@[\w.-]+\w)>?)",
    re.IGNORECASE | re.MULTILINE,
)
_ORIGINAL_TO = re.compile(
    r"^[ \t>|]*(?:To|X-Original-To|X-Failed-Recipients)[ \t]*:[ \t]*(.*(?:\n[ \t]+\S.*){0,5})", re.IGNORECASE | re.MULTILINE
)
_ORIGINAL_ID = re.compile(r"^[ \t>|]*Message-ID[ \t]*:\s*<([^<>\s]{1,1000})>", re.IGNORECASE | re.MULTILINE)
_NOT_FAILED = re.compile(
    r"^(?:postmaster|mailer-?daemon|abuse|root|noreply|no-reply|webmaster|helpdesk|hostmaster|mailadmin)@", re.IGNORECASE
)


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
        bounce = _complaint(parts)
        return MachineReport(
            Kind.BOUNCE, Report.COMPLAINT, "header Content-Type: feedback-report, a complaint about spam", bounce
        )
    if "message/disposition-notification" in parts or wanted == "disposition-notification":
        return MachineReport(
            Kind.AUTO_REPLY, Report.READ, "header Content-Type: disposition-notification, a note that a letter was read"
        )
    reason = _reason(root, parts, wanted, sender, subject, text)
    if not reason:
        return None
    return MachineReport(Kind.BOUNCE, Report.DELIVERY, reason, _bounce(root, parts, subject, text, to))


def _reason(root: Part, parts: dict[str, Part], wanted: str, sender: Address, subject: str, text: str) -> str:
    if wanted == "delivery-status" or (
        ("message/delivery-status" in parts or "message/global-delivery-status" in parts) and root.type != "message/rfc822"
    ):
        return "header Content-Type: delivery-status"
    failed = root.headers.raw("X-Failed-Recipients").strip()
    if failed:
        return f"header X-Failed-Recipients: {failed[:200]}"
    says_failed = bool(_FAILED_TEXT.search(text[:20_000]))
    subject_says = bool(_FAILED_SUBJECT.match(subject[:300]))
    if is_daemon(sender) and (says_failed or subject_says):
        return f"header From: {sender.email or sender.name}"
    null_path = root.headers.raw("Return-Path").replace(" ", "") == "<>"
    if null_path and (subject_says or says_failed) and not root.headers.raw("Auto-Submitted").lower().startswith("auto-replied"):
        return "header Return-Path: <>"
    if null_path and subject_says and says_failed:
        return "header Return-Path: <>"
    if (
        subject_says
        and says_failed
        and ("original" in text[:20_000].lower() or _ORIGINAL_BEGINS.search(text[:_REACH]) or "message/rfc822" in parts)
    ):
        return f"header Subject: {subject[:200]}"
    return ""


def _bounce(root: Part, parts: dict[str, Part], subject: str, text: str, to: tuple[Address, ...]) -> Bounce:
    status_part = parts.get("message/delivery-status") or parts.get("message/global-delivery-status")
    original, original_text = _original(parts)
    failed, action, status, diagnostic = _delivery_status(status_part) if status_part else ([], "", "", "")
    cut = _ORIGINAL_BEGINS.search(text[:_REACH])
    told, below = (text[: cut.start()], text[cut.start() : _REACH]) if cut else (text[:_REACH], "")
    if not failed:
        failed = _addresses(root.headers.raw("X-Failed-Recipients"))
    if not failed and action not in ("delivered", "relayed", "expanded"):
        failed = _failed_in_text(told, below, original, to)
    if not status:
        found = _STATUS.search(told)
        status = found[1] if found else ""
    temporary = action == "delayed" or (not action and not status.startswith("5") and _is_temporary(subject, told))
    permanent = bool(failed) and not temporary and not status.startswith(("2", "4"))
    return Bounce(
        failed=tuple(dict.fromkeys(failed))[:_MAX_FAILED],
        permanent=permanent and action not in ("delivered", "relayed", "expanded"),
        delivery_status=status,
        diagnostic=diagnostic[:500],
        original_message_id=_original_id(root, original, original_text, below or text[:_REACH]),
    )


def _is_temporary(subject: str, text: str) -> bool:
    return bool(_TEMPORARY_TEXT.search(subject) or (_TEMPORARY_TEXT.search(text) and not _PERMANENT_TEXT.search(text)))


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
        if its_action in ("delivered", "relayed", "expanded"):
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
            return headers, content[:_REACH].decode("utf-8", "replace")
    return None, ""


def _original_id(root: Part, original: Headers | None, original_text: str, text: str) -> str:
    ids = original.ids("Message-ID") if original else ()
    if not ids and (found := _ORIGINAL_ID.search(original_text) or _ORIGINAL_ID.search(text)):
        ids = (shortened_id(found[1]),)
    ids = ids or root.headers.ids("In-Reply-To") or root.headers.ids("References")[-1:]
    return ids[0] if ids else ""


def _failed_in_text(told: str, below: str, original: Headers | None, to: tuple[Address, ...]) -> list[str]:
    """The failed addresses of a report without fields: those named in its words, else whom the original was sent to."""
    ours = {address.email for address in to}
    written_to = [address.email for address in parse_addresses(original.raw("To"))] if original else []
    if not written_to:
        found = _ORIGINAL_TO.search(below)
        written_to = _addresses(found[1]) if found else []
    mentioned = [address for address in _addresses(told) if address not in ours and not _NOT_FAILED.match(address)]
    both = [address for address in written_to if address in mentioned]
    if both:
        return both
    named = [
        address
        for match in _NAMED.finditer(told)
        for address in _addresses(match["alone"] or match["told"] or match["coded"])
        if address in mentioned
    ]
    return named or mentioned[:1] or [address for address in written_to if address not in ours]


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
    found = None if ids else _ORIGINAL_ID.search(original_text)
    return Bounce(
        failed=tuple(dict.fromkeys(recipients))[:_MAX_FAILED], original_message_id=ids[0] if ids else found[1] if found else ""
    )


def _addresses(text: str) -> list[str]:
    found = (address.rstrip(".").lower() for address in _ADDRESS.findall(text[:_REACH]))
    return list(dict.fromkeys(address for address in found if is_address(address)))
