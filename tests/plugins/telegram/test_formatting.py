"""Formatting from Telegram and to it, in tables of named cases; pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugdesk.html import clean_html
from plugdesk_telegram.composing import Picture, compose
from plugdesk_telegram.entities import MOST_MARKS, Mark, Styled, joined, read_entities, utf16_length
from plugdesk_telegram.planning import LONGEST_TEXT, cut_words
from plugdesk_telegram.reading import html_of


def entity(type, offset, length, **about):
    return {"type": type, "offset": offset, "length": length, **about}


INCOMING = {
    "nothing formatted": ("plain <b>", [], None),
    "one word": ("a bold word", [entity("bold", 2, 4)], "<div>a <b>bold</b> word</div>"),
    "offsets count emoji twice": ("👍 bold", [entity("bold", 3, 4)], "<div>👍 <b>bold</b></div>"),
    "one within another": ("abc", [entity("bold", 0, 3), entity("italic", 1, 1)], "<div><b>a<i>b</i>c</b></div>"),
    "crossing": ("abc", [entity("bold", 0, 2), entity("italic", 1, 2)], "<div><b>a<i>b</i></b><i>c</i></div>"),
    "a link": (
        "see here",
        [entity("text_link", 4, 4, url="https://e.org/?a=1&b=2")],
        '<div>see <a href="https://e.org/?a=1&amp;b=2">here</a></div>',
    ),
    "an address": ("e.org", [entity("url", 0, 5)], '<div><a href="https://e.org">e.org</a></div>'),
    "a mention": ("@ann", [entity("mention", 0, 4)], '<div><a href="https://t.me/ann">@ann</a></div>'),
    "a mention of somebody without a name of theirs": ("Ann", [entity("text_mention", 0, 3, user={"id": 1})], None),
    "code": ("a < b", [entity("code", 0, 5)], "<div><code>a &lt; b</code></div>"),
    "lines of code": ("x\ny", [entity("pre", 0, 3, language="python")], '<div><pre title="python">x\ny</pre></div>'),
    "a quotation": ("a\nb\nc", [entity("blockquote", 2, 1)], "<div>a<blockquote>b</blockquote>c</div>"),
    "a spoiler": ("it dies", [entity("spoiler", 3, 4)], '<div>it <mark title="spoiler">dies</mark></div>'),
    "all the rest is text": (
        "#tag $EUR /cmd",
        [entity("hashtag", 0, 4), entity("cashtag", 5, 4), entity("bot_command", 10, 4)],
        None,
    ),
    "outside of the text": ("abc", [entity("bold", 2, 9), entity("bold", -1, 2), entity("italic", 0, 0)], None),
    "through the middle of an emoji": ("👍", [entity("bold", 1, 1)], None),
    "nonsense": ("abc", ["x", {"type": "bold"}, entity("bold", "0", 1)], None),
    "spaces that count": ("a  b", [entity("bold", 0, 1)], "<div><b>a</b>\xa0 b</div>"),
    "several lines": ("a\nb", [entity("bold", 0, 1)], "<div><b>a</b><br>\nb</div>"),
}


@pytest.mark.parametrize("case", INCOMING)
def test_entities_become_html(case):
    text, entities, html = INCOMING[case]
    assert html_of(text, entities) == html


@given(
    st.text(max_size=30),
    st.lists(
        st.tuples(st.sampled_from(["bold", "italic", "pre", "blockquote", "code"]), st.integers(-2, 40), st.integers(-2, 40))
    ),
)
def test_whatever_the_entities_no_character_is_lost(text, marks):
    from html import unescape
    from re import sub

    html = html_of(text, [entity(*each) for each in marks])
    if html is not None:
        shown = unescape(sub(r"<[^>]*>", "", html.replace("<br>\n", "\n")))
        assert "".join(shown.split()) == "".join(text.split())


OUTGOING = {
    "paragraphs": ("<p>a</p><p>b<br>c</p>", "a\n\nb\nc", []),
    "marks": (
        "<p>a <b>b</b> <i>c</i> <u>d</u> <s>e</s></p>",
        "a b c d e",
        ["bold:b", "italic:c", "underline:d", "strikethrough:e"],
    ),
    "one within another": ("<p><b>a<i>b</i></b></p>", "ab", ["bold:ab", "italic:b"]),
    "a heading": ("<h1>Head</h1><p>x</p>", "Head\n\nx", ["bold:Head"]),
    "a list": ("<p>x</p><ul><li>a</li><li><p>b</p></li></ul><p>y</p>", "x\n\n• a\n• b\n\ny", []),
    "a numbered list": ("<ol start='3'><li>a</li><li>b</li></ol>", "3. a\n4. b", []),
    "a link": ('<a href="https://e.org/x">here</a>', "here", ["text_link:here>https://e.org/x"]),
    "a link that says its address": ('<a href="https://e.org/">e.org</a>', "e.org", []),
    "an address of a person": ('<a href="mailto:ann@e.org">Ann</a>', "Ann (ann@e.org)", []),
    "a quotation of two paragraphs is one": (
        "<blockquote><p>a</p><p>b</p></blockquote><p>c</p>",
        "a\n\nb\n\nc",
        ["blockquote:a\n\nb"],
    ),
    "a quotation in another": (
        "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>",
        "a\n\n> b",
        ["blockquote:a\n\n> b"],
    ),
    "code takes no other marks": ("<p><b>a <code>b</code> c</b></p>", "a b c", ["bold:a ", "code:b", "bold: c"]),
    "lines of code": ("<pre>a\n  b</pre>", "a\n  b", ["pre:a\n  b"]),
    "a rule": ("<p>a</p><hr><p>b</p>", "a\n\n———\n\nb", []),
    "a picture elsewhere": ('<p><img src="https://e.org/a.png" alt="Plan"></p>', "Plan (https://e.org/a.png)", []),
    "spaces are one": ("<p>a  \n b</p>", "a b", []),
    "nothing": ("<p> </p><p><br></p>", "", []),
    "what stands about is what it says": ("<p>&lt;b&gt; &amp; 5 &gt; 3</p>", "<b> & 5 > 3", []),
}


@pytest.mark.parametrize("case", OUTGOING)
def test_html_becomes_entities(case):
    html, text, marks = OUTGOING[case]
    found = [block for block in compose(clean_html(html)) if isinstance(block, Styled)]
    styled = found[0] if found else Styled("")
    said = [f"{each.type}:{styled.text[each.start : each.end]}" + (f">{each.url}" if each.url else "") for each in styled.marks]
    assert (styled.text, said) == (text, marks)


def test_a_picture_of_ours_parts_the_text():
    assert compose('<p>a <img src="/files/KEY"> b</p>') == [Styled("a"), Picture("KEY"), Styled("b")]


def test_entities_are_counted_in_utf_16_units():
    styled = Styled("👍 да", (Mark("bold", 2, 4),))
    assert styled.entities() == [{"type": "bold", "offset": 3, "length": 2}]
    assert [(each.start, each.end) for each in read_entities(styled.text, styled.entities())] == [(2, 4)]


def test_texts_are_joined_with_their_marks():
    whole = joined([Styled("ab", (Mark("bold", 1, 2),)), Styled("cd", (Mark("italic", 0, 1),))])
    assert (whole.text, [whole.text[each.start : each.end] for each in whole.marks]) == ("ab\ncd", ["b", "c"])


def test_no_part_has_more_marks_than_telegram_looks_at():
    words = " ".join(f"w{number}" for number in range(250))
    starts = [words.index(f"w{number}") for number in range(250)]
    styled = Styled(words, tuple(Mark("bold", start, start + 2) for start in starts))
    parts = cut_words(styled, lambda _number: LONGEST_TEXT)
    assert (sum(len(part.marks) for part in parts), max(len(part.marks) for part in parts) <= MOST_MARKS) == (250, True)


@given(st.text(alphabet="ab \n👍ж\u0301", max_size=300), st.integers(8, 40))
def test_cutting_loses_nothing_but_white_space_between_the_parts(text, most):
    parts = cut_words(Styled(text), lambda _number: most)
    assert all(utf16_length(part.text) <= most for part in parts)
    assert "".join("".join(part.text.split()) for part in parts) == "".join(text.split())
