"""Strings that have broken pages, letters and databases, of our own making; and what of them must never stand in a page."""

from __future__ import annotations

from html.parser import HTMLParser

MARK = "x-hostile"

STRINGS = (
    "",
    " ",
    f"<{MARK}>",
    f"</script><{MARK}>alert(1)</{MARK}>",
    f'"><{MARK} data-{MARK}="1">',
    f"' data-{MARK}='1' x='",
    f'" onmouseover="alert(1)" data-{MARK}="1',
    f"<img src=x onerror=alert(1)><svg/onload=alert(1)><{MARK}>",
    f"<!--<{MARK}>--><![CDATA[<{MARK}>]]>",
    f"&lt;{MARK}&gt; &amp;#60;{MARK}&#62;",
    f"{{{{ 7 * 7 }}}} {{% include 'x' %}} ${{7*7}} ${{agent:email}} <{MARK}>",
    "%s %(name)s %d {0} {name} \\x00 \\u202e",
    "' OR 1=1; DROP TABLE ticket; --",
    "../../../../etc/passwd\r\nX-Injected: yes",
    "\u202egnirts desrever \u2066\u200b\ufeff",
    "Z̸̡̢̛͚͉̟a̷l̶g̵o̴ ̷t̶e̵x̴t̷" * 20,
    "👩‍👩‍👧‍👦🏴‍☠️🇷🇺" * 50,
    "الْعَرَبِيَّة עברית 漢字仮名 ไทย",
    "\x00\x01\x02\x1b[31mred\x7f",
    "\ud800 lone surrogate",
    "NULL None undefined NaN -0 1e309 0x7fffffff",
    "word" * 2_500,
    "a b " * 25_000,
    f"<{MARK}>" * 2_000,
)


def came_through(page: str) -> list[str]:
    """The elements and attributes of a page that a hostile string has made."""
    reader = _Reader()
    reader.feed(page)
    return reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == MARK or any(MARK in name or (name.startswith("on") and "alert" in (value or "")) for name, value in attrs):
            self.found.append(self.get_starttag_text() or tag)
