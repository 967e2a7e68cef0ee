"""An HTML letter cut in two: what the sender newly wrote, and the older letters which their program put below."""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from plugdesk_email.attribution import attribution_start, header_block_end, is_divider
from plugdesk_email.htmltext import MAX_HTML, node_text

# The quotation is this element and nothing else: text below it is the sender's own.
_CONTAINERS = (
    "div.gmail_quote_container, div.gmail_quote, blockquote.gmail_quote, div.gmail_extra blockquote, blockquote[type=cite], "
    "div.yahoo_quoted, div[id^=yahoo_quoted], div.protonmail_quote, div.moz-forward-container, "
    "#mail-editor-reference-message-container, #qt, div.zmail_extra, div.js-helper.js-readmsg-msg, #OLK_SRC_BODY_SECTION, blockquote"
)
# The quotation begins here and goes on to the end.
_BEGINNINGS = (
    "#divRplyFwdMsg, #appendonsend, #x_divRplyFwdMsg, #stopSpelling, hr[tabindex='-1'], #ms-outlook-mobile-body-separator-line"
)
_OUTLOOK_RULE = re.compile(r"border(?:-top)?\s*:\s*(?:none;\s*border-top\s*:\s*)?solid\s+#(?:e1e1e1|b5c4df)", re.IGNORECASE)
_ATTRIBUTIONS = "div.moz-cite-prefix, div.gmail_attr"
_LONGEST_ATTRIBUTION = 600
_MAX_QUOTATIONS = 200


def split_html(html: str) -> tuple[str, str]:
    """(reply, quoted) as HTML. Where nothing would be left, or no quotation is found, `quoted` is empty."""
    if len(html) > MAX_HTML:
        return html, ""
    tree = LexborHTMLParser(html)
    body = tree.body
    if body is None:
        return html, ""
    cut: list[str] = []
    _cut_from_beginning(body, cut)
    _cut_containers(body, cut)
    _cut_text_beginning(body, cut)
    if not cut or not (_has_words(body) or body.css_first("img") is not None):
        return html, ""
    return body.inner_html or "", "\n".join(cut)


def _cut_from_beginning(body: LexborNode, cut: list[str]) -> None:
    marks = body.css(_BEGINNINGS) + [
        node for node in body.css("div[style]") if _OUTLOOK_RULE.search(node.attributes.get("style") or "")
    ]
    marks = [mark for mark in marks if not _is_inside(mark, "blockquote")]
    if marks:
        _cut_with_all_below(_first_of(body, marks), body, cut)


def _cut_containers(body: LexborNode, cut: list[str]) -> None:
    for _ in range(_MAX_QUOTATIONS):
        node = body.css_first(_CONTAINERS)
        if node is None:
            break
        _cut_attribution_above(node, body, cut)
        _cut(node, cut)
    for node in body.css(_ATTRIBUTIONS):
        _cut(node, cut)


def _cut_attribution_above(node: LexborNode, body: LexborNode, cut: list[str]) -> None:
    """Cut the line "Ann wrote:" above a quotation, which may stand outside of the element next to it."""
    above: list[LexborNode] = []
    place: LexborNode | None = node
    while place is not None and place.prev is None and place.parent is not None and place.parent.mem_id != body.mem_id:
        place = place.parent
    sibling = place.prev if place is not None else None
    for _ in range(8):
        if sibling is None:
            return
        above.insert(0, sibling)
        text = "".join(each.text_content or "" if each.is_text_node else node_text(each) for each in above)
        if len(text) > _LONGEST_ATTRIBUTION:
            return
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        if lines and attribution_start([" ".join(lines), "> "], 0) == 0:
            for each in above:
                _cut(each, cut)
            return
        if (
            len(lines) > 1
            and above[0].is_element_node
            and (first := attribution_start([*lines, "> "], len(lines) - 1)) is not None
            and first == 0
        ):
            return
        sibling = sibling.prev


def _cut_text_beginning(body: LexborNode, cut: list[str]) -> None:
    """Cut from a line of text on that says an older letter begins: programs that mark quotations by words alone."""
    blocks = [node for node in body.css("p, div, span, b, font, pre") if 4 < len(node.text_content or "") <= _LONGEST_ATTRIBUTION]
    for node in blocks[:2000]:
        lines = [line for line in node_text(node).split("\n") if line.strip()]
        if not lines:
            continue
        if is_divider(lines[0]) or header_block_end(lines, 0) is not None or attribution_start(lines, len(lines) - 1) == 0:
            _cut_with_all_below(node, body, cut)
            return


def _cut_with_all_below(node: LexborNode, body: LexborNode, cut: list[str]) -> None:
    place: LexborNode | None = node
    while place is not None and place.mem_id != body.mem_id:
        following = place.next
        while following is not None:
            after = following.next
            _cut(following, cut)
            following = after
        parent = place.parent
        if place.mem_id == node.mem_id:
            cut.insert(0, place.html or "")
            place.decompose()
        place = parent


def _cut(node: LexborNode, cut: list[str]) -> None:
    cut.append(node.html or "")
    node.decompose()


def _first_of(body: LexborNode, nodes: list[LexborNode]) -> LexborNode:
    wanted = {node.mem_id: node for node in nodes}
    return next(node for node in body.traverse() if node.mem_id in wanted)


def _is_inside(node: LexborNode, tag: str) -> bool:
    parent = node.parent
    for _ in range(200):
        if parent is None:
            return False
        if parent.tag == tag:
            return True
        parent = parent.parent
    return False


def _has_words(node: LexborNode) -> bool:
    return bool(re.search(r"\w", node_text(node)))
