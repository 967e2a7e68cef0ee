"""The line above a quotation: "On Monday Ann wrote:", "Анна пишет:", a block of From, Sent, To. In twenty languages."""

import re

_VERB = (
    r"(?:wrote|writes|пишет|пишут|писал(?:а|и)?|написал(?:\(а\)|а|и)?|написав(?:\(ла\))?|schrieb|schreibt|hat geschrieben|a écrit|"
    r"ha scritto|scrive|escribió|escreveu|schreef|skrev|napisał(?:\(a\)|a)?|pisze|napsal(?:\(a\)|a)?|kirjoitti|yazdı|жазды|"
    r"a scris|írta|写道|寫道|написа|пише)"
)
_SENDS_VERB = re.compile(rf"(?<!\w){_VERB}(?!\w)", re.IGNORECASE)
_ENDS_WITH_VERB = re.compile(rf"(?<!\w){_VERB}\s*+:?[\s\-*]*+$", re.IGNORECASE)
_SELF = re.compile(
    r"\b(?:I|you|we|they|я|мы|ты|вы|он|она|они)\s+(?:had |have |уже |вам |тебе )?(?:wrote|писал|написал)", re.IGNORECASE
)
_WEEKDAY_OR_MONTH = r"[^\W\d]{1,13}"
_INTRO = r"(?:on|le|am|il|el|em|op|den|dnia|w\s+dniu|in\s+data|dne|la|pe|на|в|vào|от|from)"
_STARTS_WITH_DATE = re.compile(rf"^[\s>*\-]*(?:{_INTRO}\s+)?(?:{_WEEKDAY_OR_MONTH}[.,]{{0,2}}\s+){{0,2}}\d", re.IGNORECASE)
_DATE = re.compile(r"(?<!\d)(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}-\d\d-\d\d|(?:19|20)\d\d)(?!\d)")
_TIME = re.compile(r"(?<!\d)\d{1,2}[:.h]\s?\d{2}(?!\d)")
_EMAIL = re.compile(r"[^\s<>@(]{1,80}@[^\s<>@)]{1,120}")
_YOU_WROTE = re.compile(r"^\s*(?:вы писали|you wrote|sie schrieben|vous écriviez)\b.{0,100}:\s*$", re.IGNORECASE)
_YEARLESS = re.compile(r"^[\s>*]*(?:on)\s+(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\b.{0,200}wrote:\s*$", re.IGNORECASE)
_LONGEST = 500

_FROM = r"from|от|от кого|отправитель|von|de|da|van|fra|från|od|lähettäjä|expéditeur|від|de la|发件人|差出人|보낸 사람|кімнен"
_OTHER = (
    r"sent|date|to|cc|subject|reply-to|отправлено|дата|кому|копия|тема|gesendet|datum|an|betreff|kopie|envoyé(?: le)?|à|a|objet|copie à|"
    r"message du|inviato|data|oggetto|verzonden|aan|onderwerp|dato|til|emne|sendt|skickat|till|ämne|wysłano|do|temat|"
    r"lähetetty|vastaanottaja|aihe|enviado(?: el)?|enviada em|para|asunto|assunto|надіслано|发送时间|收件人|主题|送信日時|宛先|件名"
)
_FROM_LINE = re.compile(rf"^[\s*>]*(?:{_FROM})\s*:[*\s]*(?P<value>.*)$", re.IGNORECASE)
_OTHER_LINE = re.compile(rf"^[\s*>]*(?:{_OTHER})\s*:", re.IGNORECASE)
_HEADER_REACH = 7

_DIVIDER = re.compile(
    r"^\s*[-_=*]{2,}\s*(?:исходное сообщение|пересылаемое сообщение|пересланное сообщение|переадресованное сообщение|"
    r"конец пересылаемого сообщения|original message|forwarded message|original appointment|forwarded by .{1,80}|"
    r"ursprüngliche nachricht|weitergeleitete nachricht|message d'origine|message d’origine|message original|message transféré|"
    r"oprindelig besked|videresendt besked|messaggio originale|messaggio inoltrato|mensaje original|mensaje reenviado|"
    r"mensagem original|oorspronkelijk bericht|ursprungligt meddelande|opprinnelig melding|wiadomość oryginalna|"
    r"oryginalna wiadomość|alkuperäinen viesti|вихідне повідомлення|原始邮件|original)\s*[-_=*]{2,}\s*$"
    r"|^\s*(?:begin forwarded message|начало переадресованного сообщения|начало переадресованного письма)\s*:\s*$",
    re.IGNORECASE,
)
_RULE = re.compile(r"^\s*[_=\-*]{2,}\s*$")


def is_divider(line: str) -> bool:
    """Whether the line says that an older letter begins: "-----Original Message-----"."""
    return len(line) < 200 and bool(_DIVIDER.match(line))


def is_rule(line: str) -> bool:
    """Whether the line is only drawn."""
    return bool(_RULE.match(line))


def attribution_start(lines: list[str], last: int) -> int | None:
    """The first of one to three lines which end at `last` and name the author and time of the quotation below."""
    end = lines[last].rstrip()
    if not end or not (end.endswith((":", ":*", "-")) or _ENDS_WITH_VERB.search(end[-60:])):
        return None
    is_above_quotation = _next_is_quoted(lines, last)
    for first in range(last, max(last - 3, -1), -1):
        if not lines[first].strip():
            break
        joined = " ".join(line.strip() for line in lines[first : last + 1])
        if len(joined) <= _LONGEST and _is_attribution(joined, is_above_quotation):
            return first
    if (
        is_above_quotation
        and len(end) <= _LONGEST
        and (_ENDS_WITH_VERB.search(end[-60:]) or (_EMAIL.search(end) and end.endswith(":")))
    ):
        return last
    return None


def header_block_end(lines: list[str], first: int) -> int | None:
    """The line after a block of From, Sent, To, Subject that begins at `first`, or nothing if there is none."""
    line = lines[first]
    if ":" not in line[:40] or not (_FROM_LINE.match(line) or _OTHER_LINE.match(line)):
        return None
    senders = others = 0
    end = first
    for index in range(first, min(first + _HEADER_REACH, len(lines))):
        if _FROM_LINE.match(lines[index]):
            senders += 1
        elif _OTHER_LINE.match(lines[index]):
            others += 1
        elif not lines[index].strip() and index > first:
            if senders and others >= 2:
                break
            continue
        else:
            continue
        end = index + 1
    block = " ".join(lines[first:end])
    if senders and (others >= 2 or (others and _EMAIL.search(block))) and (_EMAIL.search(block) or _DATE.search(block)):
        return end
    return None


def _is_attribution(text: str, is_above_quotation: bool) -> bool:
    if _YOU_WROTE.match(text):
        return is_above_quotation or bool(_TIME.search(text) and _DATE.search(text))
    if _SELF.search(text) and not is_above_quotation:
        return False
    if not _STARTS_WITH_DATE.match(text):
        return bool(_YEARLESS.match(text)) and is_above_quotation
    if not (_DATE.search(text) or _TIME.search(text)):
        return is_above_quotation and bool(_SENDS_VERB.search(text))
    names_someone = bool(_EMAIL.search(text))
    if _SENDS_VERB.search(text):
        return is_above_quotation or names_someone or bool(_TIME.search(text)) or bool(_DATE.search(text) and text.endswith(":"))
    return names_someone and text.endswith((":", ":*"))


def _next_is_quoted(lines: list[str], index: int) -> bool:
    for line in lines[index + 1 : index + 4]:
        if line.strip():
            return line.lstrip().startswith(">")
    return False
