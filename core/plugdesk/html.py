"""Other people's HTML, reduced to what is safe to show; and the ways between HTML and plain text.

A page shows a cleaned copy, never what came. The cleaner keeps what a letter needs (text, tables, links, its own
pictures, colours) and nothing that acts: no script, handler, form, style sheet, frame or remote request.
"""

import re
from collections.abc import Callable, Mapping
from html import escape, unescape
from secrets import token_hex

import nh3

CLEANER_VERSION = 1
"""Goes up whenever `clean_html` would make something else of the same letter; stored beside each cleaned copy."""

MAX_HTML = 2_000_000
"""Characters of HTML that are cleaned; more is shown as plain text, and cut."""


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


_INLINE = "a abbr b bdi bdo big br cite code del dfn em font i img ins kbd mark q s samp small span strike strong sub sup time tt u var wbr"
_BLOCKS = (
    "address article aside blockquote caption center col colgroup dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 "
    "header hr li main ol p pre section table tbody td tfoot th thead tr ul"
)
_TAGS = _words(_INLINE + " " + _BLOCKS)
_DROPPED_WHOLE = _words(
    "applet audio canvas embed frameset iframe math noembed noframes noscript object script select style svg template "
    "textarea title video xmp"
)
_SIZED = {"align", "bgcolor", "height", "valign", "width"}
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"align", "dir", "lang", "style", "title"},
    "a": {"href"},
    "img": {"alt", "height", "src", "width"},
    "font": {"color", "face", "size"},
    "table": {*_SIZED, "border", "cellpadding", "cellspacing"},
    "tr": _SIZED,
    "td": {*_SIZED, "colspan", "rowspan", "nowrap"},
    "th": {*_SIZED, "colspan", "rowspan", "nowrap"},
    "tbody": _SIZED,
    "thead": _SIZED,
    "tfoot": _SIZED,
    "col": {*_SIZED, "span"},
    "colgroup": {*_SIZED, "span"},
    "ol": {"reversed", "start", "type"},
    "ul": {"type"},
    "li": {"type", "value"},
    "time": {"datetime"},
    "hr": {"size", "width"},
}
# Nothing that can leave its place (position, float of the page, transforms) or fetch (backgrounds, list images, content).
_STYLES = _words(
    "background-color border border-bottom border-bottom-color border-bottom-style border-bottom-width border-collapse "
    "border-color border-left border-left-color border-left-style border-left-width border-radius border-right "
    "border-right-color border-right-style border-right-width border-spacing border-style border-top border-top-color "
    "border-top-style border-top-width border-width color direction display font font-family font-size font-style "
    "font-variant font-weight height letter-spacing line-height list-style-type margin margin-bottom margin-left "
    "margin-right margin-top max-height max-width min-height min-width overflow-wrap padding padding-bottom padding-left "
    "padding-right padding-top tab-size text-align text-decoration text-indent text-transform unicode-bidi vertical-align "
    "white-space width word-break word-spacing word-wrap"
)
_UNSAFE_STYLE = re.compile(r"[\\@<&]|\(|/\*|(?:^|[\s:,])-\d|\d{5}", re.ASCII)
_COLOUR_FUNCTION = re.compile(r"\b(?:rgba?|hsla?)\([\d\s.,%/]*\)", re.IGNORECASE)
_REMOTE = re.compile(r"\s*https?://", re.IGNORECASE)
_VARIABLE_LINK = re.compile(r"\$\{[a-z][\w-]*:[\w.-]+\}[\w\-./?=&%#]*")

# A picture that was not fetched: the cleaner marks its address with a word no sender can guess, then it is renamed.
_BLOCKED = f"blocked-{token_hex(8)}:"


def clean_html(raw: str, *, cid: Mapping[str, str] | None = None, remote_images: bool = False) -> str:
    """The HTML of a letter, of a reply or of an article, safe to show.

    `cid` gives the address under which each picture of the letter is shown: by Content-ID (without `cid:` and angle
    brackets), or by its own `src` where that is an address of ours. Pictures elsewhere on the net become
    `<img data-remote-src="https://…">`, which fetches nothing (`show_remote_images` brings them back), unless
    `remote_images`. Links open in a new page that learns nothing of ours. Letters made to exhaust a parser come back
    as their plain text.
    """
    if _is_bomb(raw):
        return html_of_text(_text_without_parsing(raw))
    return _clean(raw, cid or {}, remote_images, lambda address: None)


def clean_template(raw: str, *, images: Mapping[str, str] | None = None) -> str:
    """`clean_html` for what an admin writes: a link may point at a variable, as in `href="${ticket:url}"`.

    `images` gives the address under which each picture of ours is shown, by its own `src`; others of our addresses are left out.
    """
    if _is_bomb(raw):
        return html_of_text(_text_without_parsing(raw))
    return _clean(raw, images or {}, True, lambda address: address if _VARIABLE_LINK.fullmatch(address) else None)


def show_remote_images(cleaned: str, address: Callable[[str], str]) -> str:
    """A cleaned letter with its remote pictures; `address` says under which of our addresses each is fetched."""
    return re.sub(
        r'(<img\b[^>]*?) data-remote-src="([^"]*)"',
        lambda found: f'{found[1]} src="{escape(address(unescape(found[2])))}"',
        cleaned,
    )


def has_remote_images(cleaned: str) -> bool:
    """Whether a cleaned letter has pictures that were not fetched."""
    return re.search(r'<img\b[^>]*? data-remote-src="', cleaned) is not None


def _clean(raw: str, cid: Mapping[str, str], remote_images: bool, own_link: Callable[[str], str | None]) -> str:
    own_images = set(cid.values())

    def image(source: str) -> str | None:
        if source.strip()[:4].lower() == "cid:":
            return cid.get(unescape(source.strip()[4:]).strip("<>"))
        if source in cid:
            return cid[source]
        if not _REMOTE.match(source):
            return None
        return source if remote_images else _BLOCKED + source.strip()

    def attribute(tag: str, name: str, value: str) -> str | None:
        if name == "style":
            return _safe_style(value)
        if tag == "img" and name == "src":
            return image(value)
        return value

    cleaner = nh3.Cleaner(
        tags=_TAGS,
        clean_content_tags=_DROPPED_WHOLE,
        attributes=_ATTRIBUTES,
        attribute_filter=attribute,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        url_relative=lambda address: address if address in cid or address in own_images else own_link(address),
        filter_style_properties=_STYLES,
    )
    cleaned = cleaner.clean(raw.replace("\0", ""))
    cleaned = cleaned.replace(f' src="{_BLOCKED}', ' data-remote-src="')
    # The scheme cid: is for pictures alone; in a link it would be a dead end that looks alive.
    return re.sub(r'(<a\b[^>]*?) href="cid:[^"]*"', r"\1", cleaned, flags=re.IGNORECASE)


def _safe_style(style: str) -> str | None:
    declarations = [
        declaration.strip()
        for declaration in style.split(";")
        if declaration.strip() and not _UNSAFE_STYLE.search(_COLOUR_FUNCTION.sub("colour", declaration))
    ]
    return "; ".join(declarations) or None


# Letters made to exhaust a parser

_FORMATTING = re.compile(r"<(a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])[^>]*", re.IGNORECASE)
_TAG = re.compile(r"<!--.*?(?:-->|\Z)|<(/?)([a-z][a-z0-9]*)(?=[\s/>])", re.IGNORECASE | re.DOTALL)
# These never nest without one of the others between: the parser closes them by itself, or they hold nothing.
_NOT_DEEP = _words("area base br col dd dt embed hr img input li link meta option p param source td th tbody thead tfoot tr wbr")
_MAX_NODES, _MAX_COPIED, _MAX_DEPTH = 1_000_000, 60_000_000, 1_000


def _is_bomb(raw: str) -> bool:
    """Whether parsing could cost more than the letter is worth.

    Formatting left open is repeated in every later paragraph (HTML Standard, 13.2.4.3 "list of active formatting
    elements"; at most three alike): 34 kB made 700 MB in nh3. And the time grows with the square of the depth.
    """
    if len(raw) > MAX_HTML:
        return True
    seen: dict[str, int] = {}
    links = 0
    for number, found in enumerate(_FORMATTING.finditer(raw)):
        tag = found[0]
        if found[1] in "aA":
            links += 1
            continue
        double, single = tag.count('"'), tag.count("'")
        if (double and single) or double % 2 or single % 2:
            tag += f" {number}"  # Its end may be elsewhere than it seems, so count it as like no other.
        seen[tag] = min(seen.get(tag, 0) + 1, 3)
    places = raw.count("<")
    depth = _depth(raw) if places > _MAX_DEPTH else places
    open_at_once = sum(seen.values()) + min(links, depth + 1)
    copied = sum(len(tag) * times for tag, times in seen.items())
    return depth > _MAX_DEPTH or open_at_once * places > _MAX_NODES or copied * places > _MAX_COPIED


def _depth(raw: str) -> int:
    depth = deepest = 0
    for found in _TAG.finditer(raw):
        name = found[2]
        if name and name.lower() not in _NOT_DEEP:
            depth = max(depth - 1, 0) if found[1] else depth + 1
            deepest = max(deepest, depth)
    return deepest


def _text_without_parsing(raw: str) -> str:
    text = re.sub(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", " ", raw[:MAX_HTML], flags=re.IGNORECASE | re.DOTALL)
    text = re.sub(r"<!--.*?(?:-->|\Z)", " ", text, flags=re.DOTALL)
    text = re.sub(r"<(?:br|p|div|tr|li|h\d)\b[^>]*>?", "\n", text, flags=re.IGNORECASE)
    return _tidy(unescape(re.sub(r"<[a-z/!][^>]*>?", " ", text, flags=re.IGNORECASE)))


# Between HTML and text

_TEXT_TAGS = _words(_BLOCKS) | {"a", "br", "img"}
_READER = nh3.Cleaner(
    tags=_TEXT_TAGS,
    clean_content_tags=_DROPPED_WHOLE,
    attributes={"a": {"href"}, "img": {"alt"}},
    link_rel=None,
    url_schemes={"http", "https", "mailto", "tel"},
    url_relative="deny",
)
_SPACE = re.compile(r"[ \t\r\n\f\xa0]+")
_TOKEN = re.compile(r"<(/?)([a-z][a-z0-9]*)([^>]*)>")
_PARAGRAPHS = _words("blockquote dl figure h1 h2 h3 h4 h5 h6 ol p pre table ul")
_LINES = _words(_BLOCKS) - _PARAGRAPHS - {"td", "th", "col", "colgroup"}


def text_of_html(html: str, *, links: bool = False) -> str:
    """What a reader sees, as plain text: paragraphs apart by an empty line, `- ` before list items, `> ` before quotes.

    With `links`, the address follows the words of a link where they differ (for the plain half of a letter).
    """
    if _is_bomb(html):
        return _text_without_parsing(html)
    reader = _TextReader(links)
    canonical, end = _READER.clean(html.replace("\0", "")), 0
    for found in _TOKEN.finditer(canonical):
        reader.text(unescape(canonical[end : found.start()]))
        reader.tag(found[2], found[3], closing=bool(found[1]))
        end = found.end()
    reader.text(unescape(canonical[end:]))
    return reader.result()


class _TextReader:
    """Lines of text, built up tag by tag."""

    def __init__(self, links: bool) -> None:
        self._links = links
        self._lines: list[str] = []
        self._line = ""
        self._gap = False
        self._quotes = self._quotes_above = self._pre = 0
        self._link: tuple[str, str] | None = None

    def text(self, text: str) -> None:
        if self._pre:
            first, *rest = text.split("\n")
            self._line += first
            for line in rest:
                self._break()
                self._line = line
        elif text:
            text = _SPACE.sub(" ", text)
            self._line += text.lstrip() if not self._line or self._line.endswith(" ") else text

    def tag(self, name: str, attributes: str, *, closing: bool) -> None:
        if name in _PARAGRAPHS:
            self._end_line()
            self._gap = True
            if name == "blockquote":
                self._quotes = max(self._quotes + (-1 if closing else 1), 0)
            elif name == "pre":
                self._pre = max(self._pre + (-1 if closing else 1), 0)
        elif name == "br":
            self._break()
        elif name in _LINES:
            self._end_line()
            if name == "li" and not closing:
                self._line = "- "
        elif name in ("td", "th") and closing:
            self._line = self._line.rstrip() + "  "
        elif name == "img":
            self.text(unescape(_attribute(attributes, "alt")))
        elif name == "a" and self._links:
            self._follow(unescape(_attribute(attributes, "href")), closing)

    def result(self) -> str:
        self._end_line()
        return _tidy("\n".join(self._lines))

    def _follow(self, address: str, closing: bool) -> None:
        if not closing:
            self._link = (address.removeprefix("mailto:"), self._line)
        elif self._link:
            address, before = self._link
            words = self._line.removeprefix(before).strip()
            if address and words and words.rstrip("/") != address.rstrip("/"):
                self._line = f"{self._line.rstrip()} <{address}>"
            self._link = None

    def _end_line(self) -> None:
        if self._line.strip():
            self._break()
        self._line = ""

    def _break(self) -> None:
        if self._gap and self._lines:
            self._lines.append("> " * min(self._quotes, self._quotes_above))
        self._lines.append("> " * self._quotes + self._line.rstrip())
        self._line, self._gap, self._quotes_above = "", False, self._quotes


def _attribute(attributes: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', attributes)
    return found[1] if found else ""


def _tidy(text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n")


_LINK = re.compile(r"\b(?:https?://[^\s<>\"]{1,2000}|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})", re.IGNORECASE)


def html_of_text(text: str) -> str:
    """Plain text as HTML: everything escaped, empty lines between paragraphs, addresses made into links."""
    paragraphs = re.split(r"\n[ \t]*(?:\n[ \t]*)+", text.replace("\r\n", "\n").replace("\r", "\n").strip("\n"))
    return "\n".join(f"<p>{_with_links(paragraph)}</p>".replace("\n", "<br>\n") for paragraph in paragraphs if paragraph.strip())


def _with_links(text: str) -> str:
    parts, end = [], 0
    for found in _LINK.finditer(text):
        address = found[0].rstrip(".,:;!?»”'")
        if address.endswith(")") and "(" not in address:
            address = address.rstrip(")")
        target = address if address[:4].lower() == "http" else f"mailto:{address}"
        parts += [
            escape(text[end : found.start()]),
            f'<a href="{escape(target)}" target="_blank" rel="noopener noreferrer nofollow">{escape(address)}</a>',
        ]
        end = found.start() + len(address)
    return "".join(parts) + escape(text[end:])


def excerpt(text: str, length: int) -> str:
    """The beginning of a text on one line, at most `length` characters, cut between words where there is one."""
    line = " ".join(text[: length * 8 + 1000].split())
    if len(line) <= length:
        return line
    cut = line[: max(length - 1, 0)]
    at_word = cut.rsplit(" ", 1)[0]
    return (at_word if len(at_word) > length * 0.6 else cut).rstrip(" ,;:-") + "…"
