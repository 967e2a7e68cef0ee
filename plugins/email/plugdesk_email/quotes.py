"""What a customer newly wrote, apart from the older letters quoted in it and the signature below it.

Nothing is thrown away: every line goes to exactly one of the three, and where nothing would be left as the reply,
the reply is the whole text.
"""

import re
from typing import Literal

from plugdesk_email.attribution import is_rule
from plugdesk_email.htmlquotes import may_quote, split_html
from plugdesk_email.htmltext import html_to_text
from plugdesk_email.quotations import MAX_LINES, quoted_lines

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
_LONGEST_SIGNATURE = 40
_LONGEST_GOODBYE = 10
_SIGNATURE_LINE = 300


def split_reply(text: str, html: str = "") -> tuple[str, str, str]:
    """(reply, quoted, signature) of a letter's text. `html` helps where the text shows no sign of a quotation."""
    lines = text.replace("\r\n", "\n").split("\n")
    labels: list[_Label] = ["quoted" if is_quoted else "reply" for is_quoted in quoted_lines(lines)]
    if "quoted" not in labels and may_quote(html):
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
    read: list[str] = []
    length = 0
    for index, line in enumerate(lines[:MAX_LINES]):
        read.append(_letters(line))
        length += len(read[-1])
        if length >= len(kept):
            if kept and "".join(read) == kept:
                labels[index + 1 :] = ["quoted"] * (len(lines) - index - 1)
            return


def _letters(text: str) -> str:
    return "".join(re.findall(r"\w+", re.sub(r"<https?://[^<>]*>", "", text)))


def _label_signatures(lines: list[str], labels: list[_Label]) -> None:
    """Mark the signature of each run of the customer's own lines; a run ends where a quotation begins."""
    first_own = next((index for index, line in enumerate(lines) if labels[index] == "reply" and line.strip()), len(lines))
    end, is_last = len(lines), True
    while end > first_own:
        if labels[end - 1] != "reply":
            end -= 1
            continue
        start = end
        while start > 0 and labels[start - 1] == "reply":
            start -= 1
        filled = [index for index in range(max(start, first_own + 1), end) if lines[index].strip()]
        if (first := _signature_start(lines, filled, is_last=is_last)) is not None:
            labels[first:end] = ["signature"] * (end - first)
        is_last = is_last and not filled
        end = start


def _signature_start(lines: list[str], filled: list[int], *, is_last: bool) -> int | None:
    """The first of the `filled` lines that begins a signature; the letter's own first line is never among them."""
    for place, index in enumerate(filled):
        line = lines[index]
        if len(line) > 100:
            continue
        if _SENT_FROM.match(line) and len(line) <= 80 and not line.rstrip().endswith((".", "?", ",")):
            return index
        if len(filled) - place > _LONGEST_SIGNATURE:
            continue
        below = [lines[each] for each in filled[place + 1 :]]
        if _DASHES.match(line.rstrip("\r")) and _is_short(below, _LONGEST_SIGNATURE):
            return index
        if is_last and _GOODBYE.match(line) and _is_short(below, _LONGEST_GOODBYE):
            return index
        if is_rule(line) and _is_list_footer(below):
            return index
    return None


def _is_short(lines: list[str], most: int) -> bool:
    return len(lines) <= most and not any(line.rstrip().endswith("?") or len(line) > _SIGNATURE_LINE for line in lines)


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
