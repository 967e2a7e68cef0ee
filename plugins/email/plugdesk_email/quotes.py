"""What a customer newly wrote, apart from the older letters quoted in it and the signature below it.

Nothing is thrown away: every line goes to exactly one of the three, and where nothing would be left as the reply,
the reply is the whole text.
"""

import re
from typing import Literal

from plugdesk_email.attribution import is_rule
from plugdesk_email.htmlquotes import split_html
from plugdesk_email.htmltext import html_to_text
from plugdesk_email.quotations import quoted_lines

_Label = Literal["reply", "quoted", "signature"]

_DASHES = re.compile(r"^(?:--|—|––)[ \xa0]?$")
_SENT_FROM = re.compile(
    r"^[\s*_]*(?:sent from (?:my|mail|yahoo|samsung|outlook|the|an?) ?\S|sent (?:with|via|using) \S|get outlook for|"
    r"отправлено (?:с|из|со|от|через) \S|envoyé (?:de|depuis|à partir)|gesendet (?:von|mit)|von meinem .{1,40} gesendet|"
    r"diese nachricht wurde von meinem|inviato da|enviado (?:desde|do|de|a partir)|verzonden (?:vanaf|met)|wysłan[eo] z|"
    r"lähetetty |skickat från|sendt fra|надіслано з|downloaden? outlook|télécharger outlook|получить outlook|скачать outlook|hol dir outlook)",
    re.IGNORECASE,
)
_GOODBYE = re.compile(
    r"^\s*(?:(?:with )?(?:best|kind|kindest|warm|warmest|many)? ?regards|best wishes|yours (?:sincerely|faithfully|truly)|sincerely(?: yours)?|"
    r"с (?:глубоким |большим |наилучшим |искренним )?уважением|с наилучшими пожеланиями|всего (?:доброго|хорошего|наилучшего)|"
    r"mit freundlichen grüßen|(?:viele|beste|liebe) grüße|(?:bien )?cordialement|saludos|atentamente|cordiali saluti|met vriendelijke groet(?:en)?|"
    r"med venlig hilsen|z poważaniem|atenciosamente)(?P<rest>[,.!]?(?:\s+.{0,60})?)\s*$",
    re.IGNORECASE,
)
_LONGEST_SIGNATURE = 10
_SIGNATURE_LINE = 100
_MAX_LINES = 50_000


def split_reply(text: str, html: str = "") -> tuple[str, str, str]:
    """(reply, quoted, signature) of a letter's text. `html` helps where the text shows no sign of a quotation."""
    lines = text.replace("\r\n", "\n").split("\n")
    labels: list[_Label] = ["quoted" if is_quoted else "reply" for is_quoted in quoted_lines(lines)]
    if html and "quoted" not in labels:
        _label_as_html_does(lines, labels, html)
    _label_signatures(lines, labels)
    reply = _of("reply", lines, labels)
    if not reply:
        return text.strip(), "", ""
    return reply, _of("quoted", lines, labels), _of("signature", lines, labels)


def _label_as_html_does(lines: list[str], labels: list[_Label], html: str) -> None:
    """Mark as quoted what the HTML marks so, if the text ends with just that."""
    reply_html, quoted_html = split_html(html)
    if not quoted_html:
        return
    kept = _letters(html_to_text(reply_html))
    if not kept:
        return
    read = ""
    for index, line in enumerate(lines[:_MAX_LINES]):
        read += _letters(line)
        if len(read) >= len(kept):
            if read == kept:
                labels[index + 1 :] = ["quoted"] * (len(lines) - index - 1)
            return


def _letters(text: str) -> str:
    return "".join(re.findall(r"\w+", re.sub(r"<https?://[^>]*>", "", text)))


def _label_signatures(lines: list[str], labels: list[_Label]) -> None:
    """Mark the signature of each run of the customer's own lines; a run ends where a quotation begins."""
    end = len(lines)
    while end > 0:
        if labels[end - 1] != "reply":
            end -= 1
            continue
        start = end
        while start > 0 and labels[start - 1] == "reply":
            start -= 1
        first = _signature_start(lines, start, end, is_last=end == len(lines) or "reply" not in labels[end:])
        if first is not None:
            labels[first:end] = ["signature"] * (end - first)
        end = start


def _signature_start(lines: list[str], start: int, end: int, *, is_last: bool) -> int | None:
    filled = [index for index in range(start, end) if lines[index].strip()]
    if not filled:
        return None
    has_text_above = start > 0 and any(line.strip() for line in lines[:start])
    for place, index in enumerate(filled):
        line = lines[index]
        below = [lines[each] for each in filled[place + 1 :]]
        is_first = place == 0 and not has_text_above
        if is_first:
            continue
        if _DASHES.match(line.rstrip("\r")) and sum(len(each) for each in below) <= 3000 and _is_short(below, 40):
            return index
        if len(line) <= 80 and _SENT_FROM.match(line) and not line.rstrip().endswith((".", "?", ",")):
            return index
        goodbye = _GOODBYE.match(line) if len(line) <= 100 else None
        if goodbye and is_last and _is_short(below, _LONGEST_SIGNATURE):
            return index
        if is_rule(line) and _is_list_footer(below):
            return index
    return None


def _is_short(lines: list[str], most: int) -> bool:
    return len(lines) <= most and not any(line.rstrip().endswith("?") or len(line) > _SIGNATURE_LINE * 3 for line in lines)


def _is_list_footer(lines: list[str]) -> bool:
    return (
        0 < len(lines) <= 6
        and any("://" in line or "@" in line for line in lines)
        and any("list" in line.lower() for line in lines)
    )


def _of(label: _Label, lines: list[str], labels: list[_Label]) -> str:
    kept: list[str] = []
    for line, its in zip(lines, labels, strict=True):
        if its == label:
            kept.append(line.rstrip())
        elif kept and kept[-1]:
            kept.append("")
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(kept)).strip("\n").strip()
