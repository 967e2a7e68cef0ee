"""What is said in the demo: threads written by hand in `content/`, and how their blanks are filled.

A thread is a text whose lines beginning with @ start a block:

    @customer photo     a letter, here with an attachment of that sort (papers.py)
    @agent, @note       a reply, a note of the agent who has the ticket
    @group KEY          given to another group, one of whose agents takes it on
    @set FIELD=VALUE    a field filled in by the agent
    @status CODE        a status set by the agent

Inside a text `{word}` is a blank, `[this|that]` a choice, `<his|her>` follows the gender of the one who speaks.
"""

from __future__ import annotations

import html
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from random import Random
from typing import Any, Literal, cast

By = Literal["customer", "agent", "note", "group", "set", "status"]
Gender = Literal["m", "f"]

_MARK = re.compile(r"^@(customer|agent|note|group|set|status)\b[ ]*(.*)$", re.MULTILINE)
_CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
_GENDER = re.compile(r"<([^<>|]*)\|([^<>|]*)>")
_BLANK = re.compile(r"\{(\w+?)(_cap)?\}")
_LIST_ITEM = re.compile(r"(\d+\.|-) ")


@dataclass(frozen=True)
class Block:
    """One thing said or done in a thread; `argument` is what stands behind the mark."""

    by: By
    argument: str
    text: str


@dataclass(frozen=True)
class Scenario:
    """A written thread: several subjects to choose from, the fields it fills in, and its blocks in order."""

    id: str
    form: str
    subjects: tuple[str, ...]
    values: Mapping[str, str]
    blocks: tuple[Block, ...]

    def mentions(self, blank: str) -> bool:
        """Whether a subject or text has this blank."""
        wanted = "{" + blank + "}"
        return any(wanted in text for text in (*self.subjects, *(block.text for block in self.blocks)))


def read_content(language: str) -> dict[str, Any]:
    """The company of one language as written in `content/LANGUAGE.toml`. Raises FileNotFoundError for others."""
    return _read_toml(f"{language}.toml")


def read_scenarios(language: str, form: str) -> list[Scenario]:
    """The threads of one form, in the order they are written."""
    return [
        Scenario(
            id=entry["id"],
            form=form,
            subjects=tuple(entry["subjects"]),
            values=entry.get("fields", {}) | ({"priority": entry["priority"]} if "priority" in entry else {}),
            blocks=tuple(_blocks(entry["thread"])),
        )
        for entry in _read_toml(f"{language}_{form}.toml")["scenario"]
    ]


def fill(text: str, blanks: Mapping[str, str], rng: Random, gender: Gender = "m") -> str:
    """The text with every choice made and every blank filled. Raises KeyError for a blank nobody knows."""
    chosen = _CHOICE.sub(lambda found: rng.choice(found[1].split("|")), text)
    spoken = _GENDER.sub(lambda found: found[1] if gender == "m" else found[2], chosen)
    return _BLANK.sub(lambda found: _capital(blanks[found[1]]) if found[2] else blanks[found[1]], spoken)


def to_html(text: str) -> str:
    """Plain text as the HTML a mail program would make of it: paragraphs, line breaks and lists."""
    return "".join(_paragraph(paragraph) for paragraph in text.split("\n\n") if paragraph)


def _paragraph(paragraph: str) -> str:
    lines = [html.escape(line, quote=False) for line in paragraph.split("\n")]
    if not all(_LIST_ITEM.match(line) for line in lines):
        return f"<p>{'<br>'.join(lines)}</p>"
    kind = "ul" if lines[0].startswith("-") else "ol"
    items = "".join(f"<li>{_LIST_ITEM.sub('', line, count=1)}</li>" for line in lines)
    return f"<{kind}>{items}</{kind}>"


def _blocks(thread: str) -> list[Block]:
    marks = list(_MARK.finditer(thread))
    ends = [mark.start() for mark in marks[1:]] + [len(thread)]
    return [
        Block(cast(By, mark[1]), mark[2].strip(), thread[mark.end() : end].strip()) for mark, end in zip(marks, ends, strict=True)
    ]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _read_toml(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("content", name).read_text("utf-8"))
