"""The HTML of an answer as what a chat can show: texts with marks, and the pictures between them; pure.

Lists, headings and tables, which Telegram has not, become lines that read as such.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from plugdesk.api import gettext as _
from plugdesk_telegram.entities import Mark, Styled

_STYLES = {
    "b": "bold", "strong": "bold", "th": "bold", "h1": "bold", "h2": "bold", "h3": "bold", "h4": "bold", "h5": "bold", "h6": "bold",
    "dt": "bold", "caption": "bold", "i": "italic", "em": "italic", "cite": "italic", "dfn": "italic", "var": "italic",
    "u": "underline", "ins": "underline", "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough",
    "code": "code", "kbd": "code", "samp": "code", "tt": "code", "pre": "pre", "blockquote": "blockquote", "a": "text_link",
}  # fmt: skip
_PARAGRAPHS = frozenset(
    (
        "address",
        "article",
        "blockquote",
        "dl",
        "figure",
        "hr",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "ul",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
    )
)
_LINES = _PARAGRAPHS | {"caption", "center", "dd", "div", "dt", "figcaption", "footer", "header", "li", "main", "tr"}
_EMPTY = frozenset(("br", "col", "hr", "img", "wbr"))
_SPACE = re.compile(r"[ \t\r\n\f]+")
_RULE = "———"


@dataclass(frozen=True)
class Picture:
    """A picture of ours in the text, by the key of its file."""

    key: str


@dataclass
class _Style:
    """An element that is open, or was, and the stretches of text it formats."""

    tag: str
    type: str
    url: str = ""
    language: str = ""
    spans: list[list[int]] = field(default_factory=list)


def compose(html: str) -> list[Styled | Picture]:
    """What `html`, which is clean, says: texts, and pictures where they stand between them."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.result()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._blocks: list[Styled | Picture] = []
        self._open: list[_Style] = []
        self._lists: list[int | None] = []  # the next number of each list that is open, None where it has none
        self._begin()

    def _begin(self) -> None:
        self._out: list[str] = []
        self._length = 0
        self._styles: list[_Style] = []
        self._gap = 0  # line ends that come before the next word
        self._bullet = ""
        self._cells = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in _LINES:
            self._break(1 if tag not in _PARAGRAPHS or self._lists else 2)
        if tag == "br":
            self._gap += 1
            return
        if tag == "img":
            self._picture(given)
        elif tag == "hr":
            self._say(_RULE)
            self._break(2)
        elif tag in ("ul", "ol"):
            self._lists.append(_number(given.get("start", ""), 1) if tag == "ol" else None)
        elif tag == "li":
            self._item(given)
        elif tag == "tr":
            self._cells = 0
        elif tag in ("td", "th"):
            if self._cells:
                self._say(" | ")
            self._cells += 1
        elif tag == "q":
            self._say("“")
        if tag not in _EMPTY:
            style = _Style(tag, _STYLES.get(tag, ""), given.get("href", ""), given.get("title", "") if tag == "pre" else "")
            self._open.append(style)
            self._styles.append(style)

    def handle_endtag(self, tag: str) -> None:
        if not any(style.tag == tag for style in self._open):
            return
        while self._open:
            style = self._open.pop()
            if style.tag == "a":
                self._end_link(style)
            if style.tag == tag:
                break
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        if tag == "q":
            self._say("”")
        if tag in _LINES:
            self._break(1 if tag not in _PARAGRAPHS or self._lists else 2)

    def handle_data(self, data: str) -> None:
        if any(style.tag == "pre" for style in self._open):
            # The line end right after <pre> is none, says HTML.
            self._say(data.removeprefix("\n") if not self._said_in("pre") else data)
            return
        if (
            any(style.tag in ("table", "tbody", "thead", "tr", "ul", "ol", "dl") for style in self._open[-1:])
            and not data.strip()
        ):
            return
        words = _SPACE.sub(" ", data)
        if self._gap or not self._length or (self._out[-1:] and self._out[-1].endswith((" ", "\n"))):
            words = words.lstrip(" ")
        if words:
            self._say(words)

    def result(self) -> list[Styled | Picture]:
        self._end_block()
        return self._blocks

    def _said_in(self, tag: str) -> bool:
        return bool(next(style for style in self._open if style.tag == tag).spans)

    def _say(self, words: str) -> None:
        if self._gap:
            self._end_lines()
        quotes = sum(style.tag == "blockquote" for style in self._open)
        if quotes > 1 and (not self._out or self._out[-1].endswith("\n")):
            self._put("> " * (quotes - 1), self._open)
        if self._bullet:
            self._put(self._bullet, self._open)
            self._bullet = ""
        self._put(words, self._open)

    def _put(self, words: str, styles: list[_Style]) -> None:
        """Write `words`; they are formatted by all that is open, or by code alone: nothing may lie in or around that."""
        code = next((style for style in styles if style.type in ("pre", "code")), None)
        kept = [
            style for style in styles if style is code or (style.type == "blockquote" and (code is None or code.type == "code"))
        ]
        for style in kept if code else styles:
            if not style.type or (style.type == "blockquote" and _is_inner(style, styles)):
                continue
            if style.spans and style.spans[-1][1] == self._length:
                style.spans[-1][1] += len(words)
            else:
                style.spans.append([self._length, self._length + len(words)])
        self._out.append(words)
        self._length += len(words)

    def _end_lines(self) -> None:
        """The line ends that are due belong to what was open before them and still is."""
        if self._length:
            last = self._out[-1].rstrip(" ")
            if last != self._out[-1] and not any(style.tag == "pre" for style in self._open):
                self._shorten(len(self._out[-1]) - len(last))
            self._put("\n" * self._gap, [style for style in self._open if style.spans and style.spans[-1][1] == self._length])
        self._gap = 0

    def _shorten(self, by: int) -> None:
        self._out[-1] = self._out[-1][: len(self._out[-1]) - by]
        self._length -= by
        for style in self._styles:
            for span in style.spans:
                span[1] = min(span[1], self._length)

    def _break(self, lines: int) -> None:
        if self._length or self._bullet:
            self._gap = max(self._gap, lines)

    def _item(self, given: dict[str, str]) -> None:
        depth = max(len(self._lists) - 1, 0)
        number = self._lists[-1] if self._lists else None
        if number is not None:
            number = _number(given.get("value", ""), number)
            self._lists[-1] = number + 1
        self._bullet = "   " * depth + (f"{number}. " if number is not None else "• ")

    def _picture(self, given: dict[str, str]) -> None:
        source, remote = given.get("src", ""), given.get("data-remote-src", "")
        if source.startswith("/files/"):
            self._end_block()
            self._blocks.append(Picture(source.removeprefix("/files/")))
        elif remote or source:
            words = given.get("alt") or _("Picture")
            self._say(f"{words} ({remote or source})")
        elif given.get("alt"):
            self._say(given["alt"])

    def _end_link(self, style: _Style) -> None:
        """A link Telegram can follow is a mark; of any other, and of one that only says its address, the words remain."""
        if not style.spans or not style.url:
            style.type = ""
            return
        words = "".join(self._out)[style.spans[0][0] : style.spans[-1][1]].strip()
        scheme, _colon, rest = style.url.partition(":")
        if scheme in ("http", "https"):
            if _same_address(words, style.url):
                style.type = ""
            return
        style.type = ""
        if scheme in ("mailto", "tel") and _digits(words) != _digits(rest) and rest.partition("?")[0] not in words:
            self._say(f" ({rest})")

    def _end_block(self) -> None:
        raw = "".join(self._out)
        text = raw.strip()
        before = len(raw) - len(raw.lstrip())
        marks = []
        for style in self._styles:
            if style.type:
                for start, end in style.spans:
                    start, end = max(start - before, 0), min(end - before, len(text))
                    if text[start:end].strip():
                        marks.append(Mark(style.type, start, end, style.url if style.type == "text_link" else "", style.language))
        if text:
            self._blocks.append(Styled(text, tuple(sorted(set(marks), key=lambda mark: (mark.start, -mark.end)))))
        self._begin()
        for style in self._open:
            style.spans = []
            self._styles.append(style)


def _is_inner(style: _Style, styles: list[_Style]) -> bool:
    """Telegram has no quotation within another: the inner one has its signs instead."""
    return next(each for each in styles if each.type == "blockquote") is not style


def _number(raw: str, otherwise: int) -> int:
    return int(raw) if re.fullmatch(r"\d{1,9}", raw) else otherwise


def _same_address(words: str, url: str) -> bool:
    bare = url.partition("://")[2].rstrip("/")
    return words.rstrip("/") in (url.rstrip("/"), bare)


def _digits(text: str) -> str:
    return re.sub(r"[\s()\-]", "", text)
