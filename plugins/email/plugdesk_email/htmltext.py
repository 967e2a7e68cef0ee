"""The text of an HTML letter, with its lines, lists, links and quotes kept as plain text shows them."""

import re
from html import unescape

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_HTML = 2_000_000
_MAX_DEPTH = 3_000
_MAX_NODES = 100_000
_MAX_QUOTES = 20

_SKIPPED = frozenset({"script", "style", "head", "title", "template", "object", "iframe", "select", "svg", "math"})
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "header",
        "html",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
    ]
)
_PARAGRAPHS = frozenset(["p", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "table"])
_OPEN_OR_CLOSE = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]{0,30})")
_TAG = re.compile(r"<[^<>]{0,10000}>")
# Elements without content, or closed by the next of their kind.
_SHALLOW = frozenset(
    [
        "br",
        "hr",
        "img",
        "input",
        "meta",
        "link",
        "wbr",
        "col",
        "area",
        "base",
        "p",
        "li",
        "td",
        "th",
        "tr",
        "dt",
        "dd",
        "option",
        "o:p",
    ]
)
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)
_INDENT = re.compile(r"margin\s*:\s*0(?:px)?\s+0(?:px)?\s+0(?:px)?\s+40px", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\r\n\f]+")


def html_to_text(html: str) -> str:
    """Plain text of `html`; of more than `MAX_HTML` characters the beginning."""
    html = html[:MAX_HTML]
    if is_too_deep(html):
        return unescape(_TAG.sub(" ", html)).strip()
    root = LexborHTMLParser(html).root
    return node_text(root) if root is not None else ""


def is_too_deep(html: str) -> bool:
    """Whether elements are nested so deep that a parser, by HTML's own rules, takes quadratic time."""
    if html.count("<") < _MAX_DEPTH:
        return False
    depth = 0
    for match in _OPEN_OR_CLOSE.finditer(html):
        if match[1]:
            depth -= depth > 0
        elif match[2].lower() not in _SHALLOW:
            depth += 1
            if depth > _MAX_DEPTH:
                return True
    return False


def node_text(root: LexborNode) -> str:
    """Plain text of one element and what is in it."""
    return "\n".join(_written(root).lines).strip("\n")


def node_lines(root: LexborNode) -> tuple[list[str], list[tuple[int, LexborNode]]]:
    """The lines of one element, and in order each of its texts and rules with the number of the line where it begins."""
    writer = _written(root)
    return writer.lines, writer.places


def is_indent(node: LexborNode) -> bool:
    """Whether a blockquote only moves the sender's own text to the right, as Gmail's editor does."""
    return bool(_INDENT.search(node.attributes.get("style") or ""))


def _written(root: LexborNode) -> "_Writer":
    """Goes by the tree's own pointers, so that depth costs no stack."""
    writer = _Writer()
    node: LexborNode | None = root
    top = root.mem_id
    for _ in range(_MAX_NODES):
        if node is None:
            break
        child = node.first_child if writer.enter(node) else None
        if child is not None:
            node = child
            continue
        while node is not None:
            writer.leave(node)
            if node.mem_id == top:
                node = None
                break
            following = node.next
            if following is not None:
                node = following
                break
            node = node.parent
    writer.end_line()
    return writer


class _Writer:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.places: list[tuple[int, LexborNode]] = []
        self._line: list[str] = []
        self._empty = True
        self._quotes = 0
        self._pre = 0
        self._lists: list[int | None] = []
        self._links: list[tuple[str, int, int]] = []

    def enter(self, node: LexborNode) -> bool:
        """Write the beginning of a node; whether its children follow."""
        tag = node.tag or ""
        if tag == "-text":
            text = node.text_content or ""
            if text.strip():
                self.places.append((len(self.lines), node))
            self._write(text)
            return False
        if tag.startswith("-") and tag != "-document":
            return False
        if tag in _SKIPPED or _is_hidden(node):
            return False
        if tag == "br":
            self._break()
        elif tag == "img":
            alt = node.attributes.get("alt") or ""
            if alt and len(alt) <= 4 and not alt.isascii():
                self._write(alt)
        elif tag in ("td", "th"):
            if not self._empty:
                self._line.append("\t")
        elif tag in _BLOCKS:
            self._begin_block(node, tag)
        elif tag == "a":
            self._links.append((node.attributes.get("href") or "", len(self.lines), len(self._line)))
        return True

    def leave(self, node: LexborNode) -> None:
        """Write the end of a node."""
        tag = node.tag or ""
        if tag == "a" and self._links:
            self._end_link()
        elif tag in _BLOCKS and not _is_hidden(node):
            self.end_line()
            if tag == "blockquote":
                self._quotes = max(self._quotes - (not is_indent(node)), 0)
            elif tag == "pre":
                self._pre = max(self._pre - 1, 0)
            elif tag in ("ul", "ol") and self._lists:
                self._lists.pop()
            if tag in _PARAGRAPHS:
                self._blank()

    def _begin_block(self, node: LexborNode, tag: str) -> None:
        self.end_line()
        if tag in _PARAGRAPHS:
            self._blank()
        if tag == "blockquote":
            self._quotes += not is_indent(node)
        elif tag == "pre":
            self._pre += 1
        elif tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li" and self._lists:
            number = self._lists[-1]
            if number is not None:
                self._lists[-1] = number + 1
            bullet = "• " if number is None else f"{number + 1}. "
            self._line.append("  " * min(len(self._lists) - 1, 10) + bullet)
            self._empty = True
        elif tag == "hr":
            self.places.append((len(self.lines), node))
            self.lines.append(self._prefix() + "---")

    def _write(self, text: str) -> None:
        if self._pre:
            first, *others = text.split("\n")
            self._put(first)
            for line in others:
                self._break()
                self._put(line)
            return
        text = _SPACES.sub(" ", text)
        if self._empty or (self._line and self._line[-1].endswith((" ", "\t"))):
            text = text.lstrip(" ")
        self._put(text)

    def _put(self, text: str) -> None:
        if text:
            self._line.append(text)
            self._empty = False

    def _end_link(self) -> None:
        href, line, start = self._links.pop()
        if href.startswith(("http://", "https://")) and line == len(self.lines) and len(href) <= 2000:
            label = "".join(self._line[start:]).strip()
            if label and href.rstrip("/").split("://")[-1] not in label:
                self._line.append(f" <{href}>")

    def _break(self) -> None:
        self.lines.append((self._prefix() + "".join(self._line)).rstrip(" \t\xa0"))
        self._line, self._empty = [], True

    def end_line(self) -> None:
        """Finish the line that is being written, if one is."""
        if self._line:
            self._break()
        self._empty = True

    def _blank(self) -> None:
        prefix = self._prefix().rstrip()
        if self.lines and self.lines[-1].strip("> "):
            self.lines.append(prefix)
        elif self.lines and len(prefix) < len(self.lines[-1]):
            self.lines[-1] = prefix

    def _prefix(self) -> str:
        return "> " * min(self._quotes, _MAX_QUOTES)


def _is_hidden(node: LexborNode) -> bool:
    style = node.attributes.get("style")
    return bool(style and _HIDDEN.search(style))
