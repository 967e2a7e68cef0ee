"""The parse mode HTML, with the refusals of Telegram's own parser.

https://core.telegram.org/bots/api#html-style
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from plugdesk.testing.messenger.entities import Entity, units

KINDS = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    **dict.fromkeys(("tg-spoiler", "span"), "spoiler"),
    **{"a": "text_link", "tg-emoji": "custom_emoji", "pre": "pre", "code": "code", "blockquote": "blockquote"},
}
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}

PLAIN = re.compile(r"[^<&]+")
REFERENCE = re.compile(r"&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot)(?![a-z]));?", re.I)
NAME = re.compile(r"[^\s>]*")
ATTRIBUTE = re.compile(r"([^\s=>]*)\s*(=\s*)?")
VALUE = re.compile(r'"([^"]*)(?:"|$)|\'([^\']*)(?:\'|$)|([a-z0-9.-]*)', re.I)
MENTION = re.compile(r"tg://user\?id=(\d+)$")


class Unparseable(ValueError):
    """A text whose marks Telegram cannot parse; the message is Telegram's."""


@dataclass
class _Tag:
    name: str
    offset: int
    index: int  # into the pieces of text
    attributes: dict[str, str] = field(default_factory=dict)


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.position = 0
        self.pieces: list[str] = []
        self.length = 0
        self.open: list[_Tag] = []
        self.entities: list[Entity] = []

    def read(self) -> tuple[str, list[Entity]]:
        while self.position < len(self.source):
            if self.source.startswith("</", self.position):
                self.end_tag()
            elif self.source[self.position] == "<":
                self.start_tag()
            elif plain := PLAIN.match(self.source, self.position):
                self.add(plain[0], plain.end())
            elif reference := REFERENCE.match(self.source, self.position):
                self.add(_decoded(reference) or reference[0], reference.end())
            else:
                self.add("&", self.position + 1)
        if self.open:
            raise Unparseable(f'Can\'t find end tag corresponding to start tag "{self.open[-1].name}"')
        return "".join(self.pieces), self.entities

    def add(self, text: str, position: int) -> None:
        self.pieces.append(text)
        self.length += units(text)
        self.position = position

    def start_tag(self) -> None:
        begin = self.position
        name = self.match(NAME, begin + 1)[0].lower()
        if self.position == len(self.source):
            raise Unparseable(f"Unclosed start tag at byte offset {self.bytes(begin)}")
        if name not in KINDS:
            raise Unparseable(f'Unsupported start tag "{name}" at byte offset {self.bytes(begin)}')
        tag = _Tag(name, self.length, len(self.pieces))
        while True:
            self.match(re.compile(r"\s*"), self.position)
            if self.source.startswith(">", self.position):
                break
            self.attribute(tag, begin)
        self.position += 1
        if name == "span" and tag.attributes.get("class") != "tg-spoiler":
            raise Unparseable(f'Tag "span" must have class "tg-spoiler" at byte offset {self.bytes(begin)}')
        self.open.append(tag)

    def attribute(self, tag: _Tag, begin: int) -> None:
        where = f'the tag "{tag.name}" at byte offset {self.bytes(begin)}'
        attribute = self.match(ATTRIBUTE, self.position)
        if not attribute[1] and self.position < len(self.source):
            raise Unparseable(f"Empty attribute name in {where}")
        if not attribute[2] and self.position < len(self.source):
            if (tag.name, attribute[1].lower()) != ("blockquote", "expandable"):
                raise Unparseable(f"Expected equal sign in declaration of an attribute of {where}")
            tag.attributes["expandable"] = ""
            return
        value_begin = self.position
        if value_begin >= len(self.source):
            raise Unparseable(f'Unclosed start tag "{tag.name}" at byte offset {self.bytes(begin)}')
        value = self.match(VALUE, self.position)
        if self.position >= len(self.source):
            raise Unparseable(f"Unclosed start tag at byte offset {self.bytes(begin)}")
        if value[3] is not None and self.source[self.position] not in " \t\r\n>":
            raise Unparseable(f"Unexpected end of name token at byte offset {self.bytes(value_begin)}")
        text = next(group for group in value.groups() if group is not None)
        tag.attributes[attribute[1]] = REFERENCE.sub(lambda found: _decoded(found) or found[0], text)

    def end_tag(self) -> None:
        begin = self.position
        if not self.open:
            raise Unparseable(f"Unexpected end tag at byte offset {self.bytes(begin)}")
        name = self.match(NAME, begin + 2)[0].lower()
        self.match(re.compile(r"\s*"), self.position)
        if not self.source.startswith(">", self.position):
            raise Unparseable(f"Unclosed end tag at byte offset {self.bytes(begin)}")
        self.position += 1
        tag = self.open.pop()
        if name not in ("", tag.name):
            where = f"byte offset {self.bytes(begin)}"
            raise Unparseable(f'Unmatched end tag at {where}, expected "</{tag.name}>", found "</{name}>"')
        if self.length > tag.offset:
            self.close(tag)

    def close(self, tag: _Tag) -> None:
        kind, place = KINDS[tag.name], (tag.offset, self.length - tag.offset)
        last = self.entities[-1] if self.entities else None
        same_place = last is not None and (last.offset, last.length) == place
        language = tag.attributes.get("class", "").removeprefix("language-")
        if kind == "text_link":
            self.link(tag.attributes.get("href") or "".join(self.pieces[tag.index :]), place)
        elif kind == "custom_emoji":
            emoji = tag.attributes.get("emoji-id", "")
            if not emoji.isdecimal():
                raise Unparseable("Invalid custom emoji identifier specified")
            self.entities.append(Entity(kind, *place, custom_emoji_id=emoji))
        elif kind == "pre" and last and same_place and last.type == "code" and last.language:
            self.entities[-1] = Entity("pre", *place, language=last.language)
        elif kind == "code":
            self.entities.append(Entity(kind, *place, language=language))
        elif kind == "blockquote" and "expandable" in tag.attributes:
            self.entities.append(Entity("expandable_blockquote", *place))
        else:
            self.entities.append(Entity(kind, *place))

    def link(self, url: str, place: tuple[int, int]) -> None:
        if entity := linked(url, *place):
            self.entities.append(entity)

    def match(self, pattern: re.Pattern[str], position: int) -> re.Match[str]:
        found = pattern.match(self.source, position)
        assert found is not None, "these patterns match the empty text"
        self.position = found.end()
        return found

    def bytes(self, position: int) -> int:
        return len(self.source[:position].encode("utf-8", "surrogatepass"))


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """The plain text of a text with tags, and its entities. Raises Unparseable in Telegram's words."""
    text, entities = _Reader(source).read()
    return text, [Entity("code", each.offset, each.length) if each.type == "code" else each for each in entities]


def linked(url: str, offset: int, length: int) -> Entity | None:
    """The entity of a link: to a page, to a person (`tg://user?id=…`), or None when the address is none."""
    if mention := MENTION.match(url):
        return Entity("text_mention", offset, length, user_id=int(mention[1]))
    address = checked_url(url)
    return Entity("text_link", offset, length, url=address) if address else None


def checked_url(url: str) -> str:
    """The address as Telegram completes it (`example.com` becomes `http://example.com/`), or "" when it is none."""
    url = url.strip()
    if re.match(r"(?i)(tg|ton|tonsite)://\w", url):
        return url
    found = re.match(
        r"(?i)(?:(https?)://)?((?:[^\s/@?#]+@)?(?:[\w-]+\.)+[\w-]{2,}(?::\d+)?|(?:localhost|[\d.]+)(?::\d+)?)([/?#]\S*)?$", url
    )
    if not found:
        return ""
    return f"{(found[1] or 'http').lower()}://{found[2]}{found[3] or '/'}"


def _decoded(reference: re.Match[str]) -> str:
    hexadecimal, decimal, name = reference.groups()
    if name:
        return NAMED[name.lower()]
    code = int(hexadecimal, 16) if hexadecimal else int(decimal)
    return chr(code) if 0 < code < 0x10FFFF else ""
