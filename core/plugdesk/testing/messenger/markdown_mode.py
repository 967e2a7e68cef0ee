"""The parse modes MarkdownV2 and Markdown (its predecessor), with the refusals of Telegram's own parser.

https://core.telegram.org/bots/api#markdownv2-style
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from plugdesk.testing.messenger.entities import Entity, units
from plugdesk.testing.messenger.html_mode import Unparseable, linked

RESERVED = "_*[]()~`>#+-=|{}.!"
# What begins a mark, longest first, with Telegram's name of it in its refusals and what ends it.
MARKS = (
    ("```", "pre", "Pre", "```"),
    ("||", "spoiler", "Spoiler", "||"),
    ("__", "underline", "Underline", "__"),
    ("![", "custom_emoji", "CustomEmoji", "]"),
    ("*", "bold", "Bold", "*"),
    ("_", "italic", "Italic", "_"),
    ("~", "strikethrough", "Strikethrough", "~"),
    ("`", "code", "Code", "`"),
    ("[", "text_link", "TextUrl", "]"),
)
LANGUAGE = re.compile(r"(?:([^\s`]+)(?=\s))?(?:\r\n|\n\r|\n|\r)?")


@dataclass
class _Mark:
    kind: str
    name: str
    end: str
    offset: int
    begin: int
    index: int
    language: str = ""


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.position = 0
        self.pieces: list[str] = []
        self.length = 0
        self.open: list[_Mark] = []
        self.entities: list[Entity] = []
        self.quote: _Mark | None = None

    def read(self) -> tuple[str, list[Entity]]:
        while self.position < len(self.source):
            self.step()
        if self.quote:
            self.end_quote()
        if self.open:
            raise Unparseable(f"Can't find end of {self.open[-1].name} entity at byte offset {self.bytes(self.open[-1].begin)}")
        return "".join(self.pieces), self.entities

    def step(self) -> None:
        letter = self.source[self.position]
        following = self.source[self.position + 1 : self.position + 2]
        mark = self.open[-1] if self.open else None
        if letter == "\\" and following and following <= "~":
            self.add(following, 2)
        elif mark and self.ends(mark):
            self.close(self.open.pop())
        elif mark and mark.kind in ("pre", "code"):
            self.add(letter)
        elif letter == ">" and self.at_line_start():
            self.quote = self.quote or _Mark("blockquote", "BlockQuote", "", self.length, self.position, len(self.pieces))
            self.position += 1
        elif letter == "\n":
            self.new_line(following)
        elif begun := next((each for each in MARKS if self.source.startswith(each[0], self.position)), None):
            self.begin(*begun)
        elif letter in RESERVED:
            raise Unparseable(f"Character '{letter}' is reserved and must be escaped with the preceding '\\'")
        else:
            self.add(letter)

    def new_line(self, following: str) -> None:
        if self.quote and following != ">":
            if self.open:
                last = self.open[-1]
                raise Unparseable(f"Can't find end of {last.name} entity at byte offset {self.bytes(last.begin)}")
            self.end_quote()
        self.add("\n")

    def end_quote(self) -> None:
        assert self.quote is not None
        if self.length > self.quote.offset:
            self.entities.append(Entity(self.quote.kind, self.quote.offset, self.length - self.quote.offset))
        self.quote = None

    def begin(self, opening: str, kind: str, name: str, end: str) -> None:
        begin = self.position
        self.position += len(opening)
        if kind == "spoiler" and self.quote and re.match(r"(?:\n(?!>)|$)", self.source[self.position :]):
            self.quote.kind = "expandable_blockquote"
            return
        language = ""
        if kind == "pre":
            found = LANGUAGE.match(self.source, self.position)
            assert found is not None
            language, self.position = found[1] or "", found.end()
        self.open.append(_Mark(kind, "PreCode" if language else name, end, self.length, begin, len(self.pieces), language))

    def ends(self, mark: _Mark) -> bool:
        if mark.kind == "italic" and self.source.startswith("__", self.position):
            return False
        return self.source.startswith(mark.end, self.position)

    def close(self, mark: _Mark) -> None:
        self.position += len(mark.end)
        place = mark.offset, self.length - mark.offset
        url = "".join(self.pieces[mark.index :])
        if mark.kind in ("text_link", "custom_emoji") and self.source.startswith("(", self.position):
            url = self.address("a URL" if mark.kind == "text_link" else "a custom emoji URL")
        elif mark.kind == "custom_emoji":
            raise Unparseable("Custom emoji entity must contain a tg://emoji URL")
        if not place[1]:
            return
        if mark.kind == "text_link":
            if entity := linked(url, *place):
                self.entities.append(entity)
        elif mark.kind == "custom_emoji":
            self.entities.append(Entity(mark.kind, *place, custom_emoji_id=_emoji_id(url)))
        else:
            self.entities.append(Entity(mark.kind, *place, language=mark.language))

    def address(self, what: str) -> str:
        found = re.compile(r"\(((?:\\[\x01-~]|[^)\\]|\\)*)\)", re.S).match(self.source, self.position)
        if not found:
            raise Unparseable(f"Can't find end of {what} at byte offset {self.bytes(self.position + 1)}")
        self.position = found.end()
        return re.sub(r"\\([\x01-~])", r"\1", found[1])

    def at_line_start(self) -> bool:
        return self.position == 0 or self.source[self.position - 1] == "\n"

    def add(self, text: str, taken: int = 1) -> None:
        self.pieces.append(text)
        self.length += units(text)
        self.position += taken

    def bytes(self, position: int) -> int:
        return len(self.source[:position].encode("utf-8", "surrogatepass"))


def parse_markdown_v2(source: str) -> tuple[str, list[Entity]]:
    """The plain text and its entities. Raises Unparseable in Telegram's words."""
    return _Reader(source).read()


def parse_markdown(source: str) -> tuple[str, list[Entity]]:
    """The older mode: `*bold*`, `_italic_`, code, links; nothing nests. Raises Unparseable in Telegram's words."""
    pieces, entities, length, position = list[str](), list[Entity](), 0, 0
    kinds = {"*": "bold", "_": "italic", "`": "code", "```": "pre", "[": "text_link"}
    while position < len(source):
        escaped = re.compile(r"\\([_*`\[])").match(source, position)
        begun = re.compile(r"```|[_*`\[]").match(source, position)
        if escaped or not begun:
            text = escaped[1] if escaped else source[position]
            position += 2 if escaped else 1
            pieces.append(text)
            length += units(text)
            continue
        end = source.find("]" if begun[0] == "[" else begun[0], begun.end())
        if end < 0:
            offset = len(source[:position].encode("utf-8", "surrogatepass"))
            raise Unparseable(f"Can't find end of the entity starting at byte offset {offset}")
        text, kind, language = source[begun.end() : end], kinds[begun[0]], ""
        if kind == "pre" and (opening := LANGUAGE.match(text)):
            language, text = opening[1] or "", text[opening.end() :]
        position = end + len(begun[0])
        url = text
        if kind == "text_link" and (address := re.compile(r"\(([^)]*)\)?").match(source, position)):
            url, position = address[1], address.end()
        place = length, units(text)
        entity = linked(url, *place) if kind == "text_link" else Entity(kind, *place, language=language)
        if entity and text:
            entities.append(entity)
        pieces.append(text)
        length += place[1]
    return "".join(pieces), entities


def _emoji_id(url: str) -> str:
    found = re.match(r"tg://emoji\?id=(\d+)$", url)
    if not found:
        raise Unparseable("Custom emoji URL must have an emoji identifier")
    return found[1]
