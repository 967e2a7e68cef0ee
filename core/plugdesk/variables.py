"""`${namespace:name|fallback}` in the texts people edit: replaced once by a value, and nothing else is ever evaluated.

There are no expressions, loops or conditions; a value that looks like a variable stays as it is, so what a customer
wrote is never more than text. A variable nobody has a value for at all (`None`: its extension is off) takes its whole
paragraph with it, unless it has a fallback; an empty value leaves nothing, or the fallback, and a paragraph that
holds nothing else goes too.
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from html import escape as escape_html
from html import unescape

from markupsafe import Markup

from plugdesk.errors import Invalid
from plugdesk.i18n import gettext as _

MAX_TEMPLATE = 200_000
MAX_RENDERED = 2_000_000


@dataclass(frozen=True)
class Button:
    """What a customer can press under a message, on channels that have buttons. `key` is its plugin's own, at most 40 signs."""

    key: str
    label: str


@dataclass(frozen=True)
class Block:
    """A value that is a piece of a letter by itself (five faces to tap): as text, and as HTML in place of its paragraph.

    `buttons` stand under the message it is a part of; only a channel with `buttons` shows them.
    """

    text: str
    html: Markup
    buttons: tuple[Button, ...] = ()


Value = str | Markup | Block | None
"""What stands in for a variable: text, safe HTML, a block, or None for "there is nothing of the kind here"."""

Lookup = Callable[[str, str], Value]
"""Finds a value by namespace and name; asked once for each variable of a template."""


@dataclass(frozen=True)
class Variable:
    """One `${namespace:name|fallback}`; `fallback` is None where none is written."""

    namespace: str
    name: str
    fallback: str | None = None

    def __str__(self) -> str:
        return f"{self.namespace}:{self.name}"


_VARIABLE = re.compile(r"\$\{([a-z][a-z0-9_-]{0,63}):([a-z0-9][a-z0-9_.-]{0,127})(?:\|([^{}<>\n]{0,500}))?\}")
_GAP = re.compile(r"(\n[ \t]*(?:\n[ \t]*)+)")


def variables_in(template: str) -> list[Variable]:
    """The variables of a template in the order of their first appearance, each once."""
    return list(dict.fromkeys(Variable(found[1], found[2], found[3]) for found in _VARIABLE.finditer(template)))


def check_template(template: str, known: Collection[str]) -> list[str]:
    """What is wrong with a template, as sentences; `known` are the variables there are, as "namespace:name"."""
    if len(template) > MAX_TEMPLATE:
        return [_too_long()]
    problems = []
    for text in dict.fromkeys(found[0] for found in re.finditer(r"\$\{[^}\n]{0,80}\}?", _VARIABLE.sub("", template))):
        problems.append(_("“%(text)s” is not a variable. A variable is written ${namespace:name}.", text=text))
    for variable in dict.fromkeys(str(variable) for variable in variables_in(template)):
        if variable in known:
            continue
        close = get_close_matches(variable, known, n=1)
        problems.append(
            _("There is no variable ${%(name)s}. Did you mean ${%(close)s}?", name=variable, close=close[0])
            if close
            else _("There is no variable ${%(name)s}.", name=variable)
        )
    return problems


def render_text(template: str, lookup: Lookup, *, escape: Callable[[str], str] | None = None) -> str:
    """A plain text with its variables replaced. Paragraphs are apart by empty lines; `escape` is applied to each value.

    Raises Invalid when the template or what comes of it is too long.
    """
    values = _Values(template, lookup)
    paragraphs, gaps = _GAP.split(template)[::2], _GAP.split(template)[1::2]
    rendered: list[str] = []
    for number, paragraph in enumerate(paragraphs):
        parts = []
        for literal, variable in _pieces(paragraph):
            parts.append(literal)
            if variable:
                value = values.of(variable)
                if value is None:
                    break
                parts.append(variable.fallback or "" if value == "" else _as_text(value, escape))
        else:
            if paragraph.strip() and not "".join(parts).strip():
                continue
            if rendered:
                rendered.append(gaps[number - 1])
            rendered.append(values.counted("".join(parts)))
    return "".join(rendered)


def render_html(template: str, lookup: Lookup) -> str:
    """An HTML text (well formed, as `html.clean_template` makes it) with its variables replaced by escaped values.

    Values that are `Markup` stay HTML, except inside a tag. A link that a value turns into something other than a
    web, mail or phone address becomes `#`. Raises Invalid when the template or what comes of it is too long.
    """
    return _HtmlRenderer(_Values(template, lookup)).render(template)


class _Values:
    """The values of one rendering: each asked for once, all together of bounded length."""

    def __init__(self, template: str, lookup: Lookup) -> None:
        if len(template) > MAX_TEMPLATE:
            raise Invalid(_too_long())
        self._lookup, self._length = lookup, 0
        self._found: dict[tuple[str, str], Value] = {}

    def of(self, variable: Variable) -> Value:
        """The value; "" where the fallback, if there is one, is to be written."""
        key = (variable.namespace, variable.name)
        if key not in self._found:
            self._found[key] = self._lookup(*key)
        value = self._found[key]
        return "" if value is None and variable.fallback is not None else value

    def counted(self, text: str) -> str:
        self._length += len(text)
        if self._length > MAX_RENDERED:
            raise Invalid(_("The text becomes too long once its variables are filled in."))
        return text


def _too_long() -> str:
    return _("The text is too long: %(limit)s characters are allowed.", limit=MAX_TEMPLATE)


def _pieces(text: str) -> Iterator[tuple[str, Variable | None]]:
    """Literal text and the variable after it, in turn; the last literal has none."""
    end = 0
    for found in _VARIABLE.finditer(text):
        yield text[end : found.start()], Variable(found[1], found[2], found[3])
        end = found.end()
    yield text[end:], None


def _as_text(value: str | Markup | Block, escape: Callable[[str], str] | None) -> str:
    if isinstance(value, Block):
        text = value.text
    else:
        text = value.striptags() if isinstance(value, Markup) else value
    return escape(text) if escape else text


_TAG = re.compile(r"<!--.*?(?:-->|\Z)|<(/?)([a-zA-Z][a-zA-Z0-9]*+)(?:[^<>\"']|\"[^\"]*\"|'[^']*')*+>", re.DOTALL)
_PARAGRAPH_TAGS = frozenset(
    {
        "blockquote",
        "div",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "li",
        "ol",
        "p",
        "section",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    }
)
_KEPT_EMPTY = frozenset({"table", "tbody", "td", "th", "thead", "tr"})
_ADDRESS = re.compile(r"""(\s(?:href|src)\s*=\s*)("[^"]*"|'[^']*')""", re.IGNORECASE)
_BREAKS = re.compile(r"((?:<br\s*/?>\s*){2,})", re.IGNORECASE)


class _HtmlRenderer:
    """Writes run after run (the inline content between two edges of paragraphs), leaving out those without a value."""

    def __init__(self, values: _Values) -> None:
        self._values = values
        self._out: list[str] = []
        self._open: list[tuple[str, int, int]] = []
        self._dropped = 0

    def render(self, template: str) -> str:
        end = start_of_run = 0
        for found in _TAG.finditer(template):
            name = (found[2] or "").lower()
            if name not in _PARAGRAPH_TAGS:
                continue
            self._runs(template[start_of_run : found.start()])
            start_of_run = end = found.end()
            self._edge(name, found[0], closing=bool(found[1]))
        self._runs(template[end:])
        return "".join(self._out)

    def _edge(self, name: str, tag: str, *, closing: bool) -> None:
        if not closing:
            self._open.append((name, len(self._out), self._dropped))
            self._write(self._tag(tag) or "")
            return
        if not any(name == opened for opened, _at, _dropped in self._open):
            return
        while self._open:
            opened, start, dropped = self._open.pop()
            if opened == name:
                break
        inside = [part for part in self._out[start + 1 :] if part.strip()]
        if not inside and self._dropped > dropped and name not in _KEPT_EMPTY:
            del self._out[start:]
        elif len(inside) == 1 and isinstance(inside[0], _BlockHtml) and name not in _KEPT_EMPTY | {"li"}:
            self._out[start:] = inside
        else:
            self._write(tag)

    def _runs(self, content: str) -> None:
        for number, run in enumerate(_BREAKS.split(content)):
            if number % 2:
                if self._out and not _BREAKS.fullmatch(self._out[-1]):
                    self._write(run)
            elif run:
                self._run(run)

    def _run(self, run: str) -> None:
        parts: list[str] = []
        end = 0
        for found in _TAG.finditer(run):
            tag, text = self._tag(found[0]), self._text(run[end : found.start()])
            if tag is None or text is None:
                self._dropped += 1
                return
            parts += [*text, tag]
            end = found.end()
        text = self._text(run[end:])
        if text is None or ("${" in run and not "".join([*parts, *text]).strip()):
            self._dropped += 1
            return
        for part in [*parts, *text]:
            self._write(part)

    def _text(self, text: str) -> list[str] | None:
        """The pieces of a text between tags; None when it asks for what there is not."""
        parts: list[str] = []
        for literal, variable in _pieces(text):
            parts.append(literal)
            if variable:
                value = self._values.of(variable)
                if value is None:
                    return None
                if isinstance(value, Block):
                    parts.append(_BlockHtml(value.html))
                elif value == "":
                    parts.append(variable.fallback or "")
                else:
                    parts.append(
                        value if isinstance(value, Markup) else escape_html(value).replace("\r\n", "\n").replace("\n", "<br>\n")
                    )
        return [part for part in parts if part]

    def _tag(self, tag: str) -> str | None:
        if "${" not in tag:
            return tag
        parts = []
        for literal, variable in _pieces(tag):
            parts.append(literal)
            if variable:
                value = self._values.of(variable)
                if value is None:
                    return None
                parts.append(variable.fallback or "" if value == "" else escape_html(_as_text(value, None)))
        return _ADDRESS.sub(_safe_address, "".join(parts))

    def _write(self, part: str) -> None:
        self._values.counted(part)
        self._out.append(part)


class _BlockHtml(str):
    """A block's HTML among the other parts, to be told from them."""


def _safe_address(found: re.Match[str]) -> str:
    address = re.sub(r"[\x00-\x20]", "", unescape(found[2][1:-1])).lower()
    is_safe = address.startswith(("http://", "https://", "mailto:", "tel:", "cid:", "#")) or re.match(r"/(?![/\\])", address)
    return found[0] if is_safe else f'{found[1]}"#"'
