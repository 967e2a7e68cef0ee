"""An HTML letter cut in two: what the sender newly wrote, and the older letters which their program put below."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

from plugdesk_email.htmltext import is_indent, is_too_deep, node_lines, node_text
from plugdesk_email.quotations import quoted_lines

# The quotation is this element and nothing else: text below it is the sender's own.
_CONTAINERS = (
    "div.gmail_quote_container, div.gmail_quote, blockquote.gmail_quote, blockquote[type=cite], div.yahoo_quoted, div[id^=yahoo_quoted], "
    "div.protonmail_quote, div.moz-forward-container, #mail-editor-reference-message-container, #OLK_SRC_BODY_SECTION, blockquote, "
    "div.moz-cite-prefix, div.gmail_attr"
)
# The quotation begins here and goes on to the end.
_BEGINNINGS = "#divRplyFwdMsg, #appendonsend, #x_divRplyFwdMsg, #stopSpelling, #ms-outlook-mobile-body-separator-line"
_OUTLOOK_RULE = re.compile(r"border-top\s*:\s*solid\s+#(?:e1e1e1|b5c4df)", re.IGNORECASE)
_HINTS = (
    "quote", "divrplyfwdmsg", "appendonsend", "border-top", "olk_src", "reference-message", "moz-", "stopspelling", "separator-line",
)  # fmt: skip
_LONGEST = 1_000_000
_MAX_QUOTATIONS = 200
_MAX_DEPTH = 500


def may_quote(html: str) -> bool:
    """Whether anything in the markup could mark a quotation; a quick look before `split_html`."""
    html = html.lower()
    return any(hint in html for hint in _HINTS)


def split_html(html: str) -> tuple[str, str]:
    """(reply, quoted) as HTML. Where nothing would be left, or no quotation is found, `quoted` is empty."""
    if len(html) > _LONGEST or is_too_deep(html):
        return html, ""
    body = LexborHTMLParser(html).body
    if body is None:
        return html, ""
    below = _cut_from_beginning(body)
    read = _Read.of(body)
    if cut := _cut_below_last_own_line(body, read):
        below += cut
        read = _Read.of(body)
    cut = _cut_attributions(read) + _cut_containers(body) + below
    if not cut or not (_has_words(body) or body.css_first("img") is not None):
        return html, ""
    return body.inner_html or "", "\n".join(cut)


def _cut_from_beginning(body: LexborNode) -> list[str]:
    """Cut from the first mark on by which a program says that all below is older."""
    marks = body.css(_BEGINNINGS) + [
        node for node in body.css("div[style]") if _OUTLOOK_RULE.search(node.attributes.get("style") or "")
    ]
    wanted = {mark.mem_id for mark in marks}
    first = next((node for node in body.traverse() if node.mem_id in wanted), None) if wanted else None
    return [] if first is None else _cut_with_all_below(first, body)


@dataclass(frozen=True)
class _Read:
    """The lines of a letter, which of them the words show to be older, and where each text begins."""

    lines: list[str]
    quoted: Sequence[bool]
    places: list[tuple[int, LexborNode]]

    @classmethod
    def of(cls, body: LexborNode) -> _Read:
        lines, places = node_lines(body)
        return cls(lines, quoted_lines(lines), places)


def _cut_below_last_own_line(body: LexborNode, read: _Read) -> list[str]:
    """Cut what stands below the last line that the words do not show to be older."""
    last_own = max((index for index, line in enumerate(read.lines) if line.strip() and not read.quoted[index]), default=-1)
    first = next((node for line, node in read.places if line > last_own), None)
    return [] if last_own < 0 or first is None else _cut_with_all_below(first, body)


def _cut_attributions(read: _Read) -> list[str]:
    """Cut the lines "Ann wrote:" between the sender's own ones; the quotation below each is an element of its own."""
    return [_cut(node) for line, node in read.places if read.quoted[line] and not read.lines[line].startswith(">")]


def _cut_containers(body: LexborNode) -> list[str]:
    cut: list[str] = []
    for _ in range(_MAX_QUOTATIONS):
        node = next((each for each in body.css(_CONTAINERS) if not is_indent(each)), None)
        if node is None:
            break
        cut.append(_cut(node))
    return cut


def _cut_with_all_below(node: LexborNode, body: LexborNode) -> list[str]:
    """Cut `node` and everything after it in the letter."""
    cut: list[str] = []
    place: LexborNode | None = node
    for _ in range(_MAX_DEPTH):
        if place is None or place.mem_id == body.mem_id:
            break
        following = place.next
        while following is not None:
            after = following.next
            cut.append(_cut(following))
            following = after
        place = place.parent
    return [_cut(node), *cut]


def _cut(node: LexborNode) -> str:
    html = node.html or ""
    node.decompose()
    return html


def _has_words(node: LexborNode) -> bool:
    return bool(re.search(r"\w", node_text(node)))
