"""A text with Telegram's entities as HTML for the desk; pure.

Entities may lie within one another; where they cross, each is closed and opened again.
"""

from __future__ import annotations

import re
from html import escape
from itertools import pairwise
from typing import Any

from plugdesk_telegram.entities import Entity, read_entities

_TAGS = {
    "bold": ("<b>", "</b>"),
    "italic": ("<i>", "</i>"),
    "underline": ("<u>", "</u>"),
    "strikethrough": ("<s>", "</s>"),
    "code": ("<code>", "</code>"),
    "blockquote": ("<blockquote>", "</blockquote>"),
    "expandable_blockquote": ("<blockquote>", "</blockquote>"),
    # Agents have to see what is hidden until one taps on it.
    "spoiler": ('<mark title="spoiler">', "</mark>"),
}
_BLOCKS = ("blockquote", "expandable_blockquote", "pre")


def html_of(text: str, raw_entities: object) -> str | None:
    """`text` as HTML, or None where nothing in it is formatted: then the plain text says all."""
    entities = [entity for entity in read_entities(text, raw_entities) if _tags(entity, text) is not None]
    if not entities:
        return None
    places = sorted({0, len(text), *(each.start for each in entities), *(each.end for each in entities)})
    parts: list[str] = []
    opened: list[Entity] = []
    for start, end in pairwise(places):
        wanted = [each for each in entities if each.start <= start and each.end >= end]
        kept = 0
        while kept < min(len(opened), len(wanted)) and opened[kept] is wanted[kept]:
            kept += 1
        parts += [_tag(each, text, closing=True) for each in reversed(opened[kept:])]
        parts += [_tag(each, text, closing=False) for each in wanted[kept:]]
        opened = wanted
        in_pre = any(each.type == "pre" for each in wanted)
        after_block = any(each.end == start and each.type in _BLOCKS for each in entities)
        before_block = any(each.start == end and each.type in _BLOCKS for each in entities)
        parts.append(_words(text[start:end], in_pre, after_block, before_block))
    parts += [_tag(each, text, closing=True) for each in reversed(opened)]
    return f"<div>{''.join(parts)}</div>"


def _words(text: str, in_pre: bool, after_block: bool, before_block: bool) -> str:
    if in_pre:
        return escape(text)
    # A block begins and ends its own line.
    text = text.removeprefix("\n") if after_block else text
    text = text.removesuffix("\n") if before_block else text
    spaced = re.sub(r" {2,}", lambda found: "\xa0" * (len(found[0]) - 1) + " ", text)
    return escape(spaced).replace("\n", "<br>\n")


def _tag(entity: Entity, text: str, *, closing: bool) -> str:
    tags = _tags(entity, text)
    return tags[closing] if tags else ""


def _tags(entity: Entity, text: str) -> tuple[str, str] | None:
    if entity.type in _TAGS:
        return _TAGS[entity.type]
    if entity.type == "pre":
        language = str(entity.about.get("language") or "")
        return (f'<pre title="{escape(language)}">' if language else "<pre>"), "</pre>"
    address = _address(entity, text[entity.start : entity.end])
    return (f'<a href="{escape(address)}">', "</a>") if address else None


def _address(entity: Entity, words: str) -> str:
    if entity.type == "text_link":
        return str(entity.about.get("url") or "")
    if entity.type == "text_mention":
        user: Any = entity.about.get("user")
        username = user.get("username") if isinstance(user, dict) else None
        return f"https://t.me/{username}" if username else ""
    if entity.type == "url":
        return words if re.match(r"[a-z][a-z0-9+.-]*://", words, re.IGNORECASE) else f"https://{words}"
    return {
        "mention": f"https://t.me/{words.removeprefix('@')}", "email": f"mailto:{words}", "phone_number": f"tel:{words}",
    }.get(entity.type, "")  # fmt: skip
