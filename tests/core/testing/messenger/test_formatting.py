"""Marks in texts: what Telegram makes of HTML and Markdown, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plugdesk.testing.messenger import Person
from plugdesk.testing.messenger.entities import Entity, Formatted, tidy, to_html, units
from plugdesk.testing.messenger.html_mode import Unparseable, checked_url, parse_html
from plugdesk.testing.messenger.markdown_mode import parse_markdown, parse_markdown_v2
from tests.core.testing.messenger.calls import Api


@pytest.mark.parametrize(
    ("source", "text", "marks"),
    [
        ("plain", "plain", []),
        ("<b>a</b><STRONG>b</STRONG>", "ab", [("bold", 0, 1), ("bold", 1, 1)]),
        ("<i>a</i><em>b</em>", "ab", [("italic", 0, 1), ("italic", 1, 1)]),
        ("<u>a</u><ins>b</ins>", "ab", [("underline", 0, 1), ("underline", 1, 1)]),
        ("<s>a</s><strike>b</strike><del>c</del>", "abc", [("strikethrough", n, 1) for n in range(3)]),
        ('<span class="tg-spoiler">a</span><tg-spoiler>b</tg-spoiler>', "ab", [("spoiler", 0, 1), ("spoiler", 1, 1)]),
        ("<blockquote>a</blockquote>", "a", [("blockquote", 0, 1)]),
        ("<blockquote expandable>a</blockquote>", "a", [("expandable_blockquote", 0, 1)]),
        ("<code>a</code>", "a", [("code", 0, 1)]),
        ("<pre>a</pre>", "a", [("pre", 0, 1)]),
        ("👍<b>👍</b>", "👍👍", [("bold", 2, 2)]),
        ("<b>a<i>b</i></b>", "ab", [("italic", 1, 1), ("bold", 0, 2)]),
        ("<b></b>x", "x", []),
        ("a</>", None, "Unexpected end tag at byte offset 1"),
        ("<b>a</>", "a", [("bold", 0, 1)]),
        ("&lt;b&gt; &amp; &quot;&#33;&#x1F44D;", '<b> & "!👍', []),
        ("&nbsp; & &copy;", "&nbsp; & &copy;", []),
        ("a &lt b", "a < b", []),
        ("<br>", None, 'Unsupported start tag "br" at byte offset 0'),
        ("я <p>", None, 'Unsupported start tag "p" at byte offset 3'),
        ("a < b", None, 'Unsupported start tag "" at byte offset 2'),
        ("<", None, "Unclosed start tag at byte offset 0"),
        ("<b>a", None, 'Can\'t find end tag corresponding to start tag "b"'),
        ("a</b>", None, "Unexpected end tag at byte offset 1"),
        ("<b>a</i>", None, 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b>a</b", None, "Unclosed end tag at byte offset 4"),
        ("<span>a</span>", None, 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<a href>x</a>", None, 'Expected equal sign in declaration of an attribute of the tag "a" at byte offset 0'),
        ("<a =x>x</a>", None, 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<a href=", None, 'Unclosed start tag "a" at byte offset 0'),
        ('<a href="x', None, "Unclosed start tag at byte offset 0"),
        ("<a href=x:y>x</a>", None, "Unexpected end of name token at byte offset 8"),
        ("<tg-emoji>👍</tg-emoji>", None, "Invalid custom emoji identifier specified"),
    ],
)
def test_html_is_read_as_telegram_reads_it(source: str, text: str | None, marks: list[tuple[str, int, int]] | str) -> None:
    _check(parse_html, source, text, marks)


@pytest.mark.parametrize(
    ("source", "text", "marks"),
    [
        (
            "*a* _b_ __c__ ~d~ ||e||",
            "a b c d e",
            [(kind, 2 * n, 1) for n, kind in enumerate(("bold", "italic", "underline", "strikethrough", "spoiler"))],
        ),
        ("`a` ```b```", "a b", [("code", 0, 1), ("pre", 2, 1)]),
        ("*a _b_*", "a b", [("italic", 2, 1), ("bold", 0, 3)]),
        ("\\*a\\*", "*a*", []),
        ("`a.b`", "a.b", [("code", 0, 3)]),
        (">a\n>b\nc", "a\nb\nc", [("blockquote", 0, 3)]),
        (">a\n>b||", "a\nb", [("expandable_blockquote", 0, 3)]),
        ("![👍](tg://emoji?id=5)", "👍", [("custom_emoji", 0, 2)]),
        ("a.b", None, "Character '.' is reserved and must be escaped with the preceding '\\'"),
        ("1 > 2", None, "Character '>' is reserved and must be escaped with the preceding '\\'"),
        ("a|b", None, "Character '|' is reserved and must be escaped with the preceding '\\'"),
        ("я *a", None, "Can't find end of Bold entity at byte offset 3"),
        ("[a](b", None, "Can't find end of a URL at byte offset 4"),
        ("![a]", None, "Custom emoji entity must contain a tg://emoji URL"),
        ("![a](x)", None, "Custom emoji URL must have an emoji identifier"),
        (">*a\nb*", None, "Can't find end of Bold entity at byte offset 1"),
    ],
)
def test_markdown_is_read_as_telegram_reads_it(source: str, text: str | None, marks: list[tuple[str, int, int]] | str) -> None:
    _check(parse_markdown_v2, source, text, marks)


@pytest.mark.parametrize(
    ("source", "text", "marks"),
    [
        ("*a* _b_ `c` ```d```", "a b c d", [("bold", 0, 1), ("italic", 2, 1), ("code", 4, 1), ("pre", 6, 1)]),
        ("[a](example.com) \\_", "a _", [("text_link", 0, 1)]),
        ("2 * 2", None, "Can't find end of the entity starting at byte offset 2"),
    ],
)
def test_the_older_markdown_is_read_too(source: str, text: str | None, marks: list[tuple[str, int, int]] | str) -> None:
    _check(parse_markdown, source, text, marks)


def _check(
    parse: Callable[[str], tuple[str, list[Entity]]], source: str, text: str | None, marks: list[tuple[str, int, int]] | str
) -> None:
    if isinstance(marks, str):
        with pytest.raises(Unparseable) as refusal:
            parse(source)
        assert str(refusal.value) == marks
        return
    found, entities = parse(source)
    assert (found, [(each.type, each.offset, each.length) for each in entities]) == (text, marks)


def test_a_link_leads_to_a_page_or_to_somebody() -> None:
    _, marks = parse_html('<a href="example.com">a</a><a href="tg://user?id=77">b</a><a href="nothing">c</a><a>t.me</a>')
    assert [(mark.type, mark.url, mark.user_id) for mark in marks] == [
        ("text_link", "http://example.com/", 0),
        ("text_mention", "", 77),
        ("text_link", "http://t.me/", 0),
    ]


def test_code_may_name_its_language() -> None:
    for source in ('<pre><code class="language-python">x</code></pre>', "```python\nx```"):
        parse = parse_html if source.startswith("<") else parse_markdown_v2
        assert parse(source) == ("x", [Entity("pre", 0, 1, language="python")])


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("https://example.com/a?b#c", "https://example.com/a?b#c"),
        ("HTTP://example.com", "http://example.com/"),
        ("tg://resolve?domain=x", "tg://resolve?domain=x"),
        ("http://127.0.0.1:8000/x", "http://127.0.0.1:8000/x"),
        ("javascript:alert(1)", ""),
        ("no url", ""),
        ("", ""),
    ],
)
def test_an_address_is_completed_or_is_none(url: str, whole: str) -> None:
    assert checked_url(url) == whole


def test_telegram_finds_addresses_mentions_and_commands_by_itself() -> None:
    text = "/start@shop_bot see https://example.com/a, t.me or write @ann1 to me@example.com #сбой"
    found = {
        mark.type: text.encode("utf-16-le")[mark.offset * 2 : mark.end * 2].decode("utf-16-le")
        for mark in tidy(text, []).entities
    }
    assert found == {
        "bot_command": "/start@shop_bot",
        "url": "t.me",
        "mention": "@ann1",
        "email": "me@example.com",
        "hashtag": "#сбой",
    }
    assert tidy("/start", [Entity("code", 0, 6)]).entities == (Entity("code", 0, 6),)


def test_a_text_is_trimmed_and_its_marks_move_along() -> None:
    assert tidy("  👍 a \n", [Entity("bold", 2, 2), Entity("italic", 5, 9)]) == Formatted(
        "👍 a", (Entity("bold", 0, 2), Entity("italic", 3, 1))
    )


def test_a_hundred_marks_are_honoured() -> None:
    assert len(tidy("ab" * 200, [Entity("bold", 2 * n, 1) for n in range(150)]).entities) == 100


@pytest.mark.parametrize(
    "source",
    [
        "<b>a <i>b</i></b> &lt;c&gt; &amp;",
        '<pre><code class="language-py">x = "1"</code></pre>',
        '<a href="http://example.com/?a=1&amp;b=2">👍 link</a>',
        "<blockquote expandable>q <u>u</u></blockquote>",
        '<tg-emoji emoji-id="5">👍</tg-emoji><tg-spoiler>s</tg-spoiler><s>x</s>',
    ],
)
def test_html_that_was_read_is_written_back_the_same(source: str) -> None:
    assert tidy(*parse_html(source)).html == source


def test_marks_that_overlap_are_split_to_nest() -> None:
    assert to_html("abc", [Entity("bold", 0, 2), Entity("italic", 1, 2)]) == "<b>a<i>b</i></b><i>c</i>"


def test_letters_are_counted_in_utf_16() -> None:
    assert [units(text) for text in ("", "aя", "👍", "שלום")] == [0, 2, 2, 4]


@pytest.mark.parametrize(
    ("mark", "refusal"),
    [
        (
            {"type": "bold", "offset": 0, "length": 9},
            "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 9",
        ),
        ({"type": "bold", "offset": 0, "length": 1}, "entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol"),
        ({"type": "bold", "offset": 0}, "can't parse MessageEntity: Can't find field \"length\""),
        ({"type": "loud", "offset": 0, "length": 2}, "can't parse MessageEntity: Unsupported type specified"),
        ("bold", "can't parse MessageEntity: expected an Object"),
    ],
)
def test_entities_that_do_not_fit_the_text_are_refused(api: Api, ann: Person, mark: object, refusal: str) -> None:
    assert api.refused("sendMessage", chat_id=ann.id, text="👍 a", entities=[mark]) == (400, f"Bad Request: {refusal}")


def test_somebody_is_mentioned_whom_the_bot_has_met(api: Api, ann: Person, bob: Person) -> None:
    text = f'<a href="tg://user?id={ann.id}">A</a> <a href="tg://user?id={bob.id}">B</a>'
    (mark,) = api.ok("sendMessage", chat_id=ann.id, text=text, parse_mode="HTML")["entities"]
    assert (mark["type"], mark["user"]["first_name"]) == ("text_mention", "Ann")


def test_a_text_that_cannot_be_parsed_is_refused_whole(api: Api, ann: Person, token: str) -> None:
    refusal = 'Bad Request: can\'t parse entities: Unsupported start tag "br" at byte offset 2'
    assert api.refused("sendMessage", chat_id=ann.id, text="Hi<br>", parse_mode="html") == (400, refusal)
    assert [message.text for message in ann.chat(token).messages] == ["/start"]
