import email
import email.policy
import re

import pytest
from selectolax.lexbor import LexborHTMLParser

from plugdesk.html import (
    clean_html,
    clean_template,
    excerpt,
    has_remote_images,
    html_of_text,
    show_remote_images,
    text_of_html,
)
from tests.conftest import CORPORA
from tests.support.patience import must_end

LINK = 'target="_blank" rel="noopener noreferrer nofollow"'
FORBIDDEN_TAGS = {
    "applet",
    "base",
    "button",
    "embed",
    "form",
    "frame",
    "iframe",
    "input",
    "link",
    "math",
    "meta",
    "object",
    "script",
    "select",
    "style",
    "svg",
    "template",
    "textarea",
    "title",
    "video",
}
ADDRESSES = {"action", "background", "cite", "data", "formaction", "href", "poster", "src", "srcset", "xlink:href"}


def harm_in(html):
    """What a browser would find to act on in a piece of HTML; nothing, one hopes."""
    found = []
    for node in LexborHTMLParser(f"<!doctype html><body><div>{html}</div>").css("body *"):
        if node.tag in FORBIDDEN_TAGS:
            found.append(node.tag)
        for name, value in node.attributes.items():
            address = re.sub(r"[\x00-\x20]", "", value or "").lower()
            if name.startswith("on") or name in {"id", "name", "class", "srcdoc"}:
                found.append(name)
            if name in ADDRESSES and not address.startswith(("http://", "https://", "mailto:", "tel:", "/files/")):
                found.append(f"{name}={address}")
            if name in ADDRESSES - {"href", "src"} or (name == "src" and not address.startswith("/files/")):
                found.append(name)
            if name == "style" and re.search(r"url|expression|position|@|\\|javascript", address):
                found.append(f"style={address}")
    return found


def html_corpora():
    for path in sorted((CORPORA / "bleach-xss/tests/data").glob("*.test")):
        yield path.name, path.read_text(encoding="utf-8", errors="replace").split("\n--\n")[0]
    for path in sorted((CORPORA / "html5lib-tests/tree-construction").rglob("*.dat")):
        text = path.read_text(encoding="utf-8", errors="replace")
        for number, case in enumerate(re.findall(r"^#data\n(.*?)\n#errors", text, re.MULTILINE | re.DOTALL)):
            yield f"{path.name} {number}", case
    for path in sorted((CORPORA / "torture/mails").glob("*.eml")):
        letter = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for part in letter.walk():
            if part.get_content_type() == "text/html":
                yield path.name, bytes(part.get_payload(decode=True)).decode("utf-8", "replace")


@pytest.mark.needs("corpora")
def test_nothing_in_the_collections_of_hostile_html_survives():
    cases = list(html_corpora())
    assert len(cases) > 1500
    assert {name: harm for name, raw in cases if (harm := harm_in(clean_html(raw)))} == {}


@pytest.mark.needs("corpora")
def test_cleaning_again_finds_nothing_more_to_do():
    # Once: a parser moves what stood in an impossible place (a paragraph in a paragraph); then it rests.
    for name, raw in html_corpora():
        again = clean_html(clean_html(raw, remote_images=True), remote_images=True)
        assert clean_html(again, remote_images=True) == again, name


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("<p>Hello <b>World</b></p>", "<p>Hello <b>World</b></p>"),
        ("<script>alert(1)</script>x", "x"),
        ("<style>p{color:red}</style>x", "x"),
        ("<svg><a href='javascript:1'>a</a></svg>x", "x"),
        ("<p onclick='x()' class='c' id='i'>x</p>", "<p>x</p>"),
        ("<form action='/x'><input name='a'><button>Send</button></form>", "Send"),
        ("<base href='//evil'><meta http-equiv='refresh' content='0'>x", "x"),
        ("<iframe src='//evil'></iframe>x", "x"),
        ("<a href='https://a.b/?x=1&y=2'>l</a>", f'<a href="https://a.b/?x=1&amp;y=2" {LINK}>l</a>'),
        ("<a href='tel:+7'>l</a>", f'<a href="tel:+7" {LINK}>l</a>'),
        ("<p style='color: red; position: fixed'>x</p>", '<p style="color:red">x</p>'),
        ("<p style='margin: -9999px; padding: 3px'>x</p>", '<p style="padding:3px">x</p>'),
        ("<p style='width: 99999px'>x</p>", "<p>x</p>"),
        ("<p style='background-color: rgb(1, 2, 3)'>x</p>", '<p style="background-color:rgb(1, 2, 3)">x</p>'),
        ("<p style='background: url(//evil/p.gif)'>x</p>", "<p>x</p>"),
        (
            "<table width=100%><tr><td colspan=2 bgcolor=#fff>x",
            '<table width="100%"><tbody><tr><td colspan="2" bgcolor="#fff">x</td></tr></tbody></table>',
        ),
        ("<!-- [if mso]><p>x</p><![endif] -->y", "y"),
        ("a\0b", "ab"),
        ("", ""),
    ],
)
def test_a_letter_keeps_its_looks_and_loses_its_claws(raw, cleaned):
    assert clean_html(raw) == cleaned


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "java\tscript:alert(1)",
        " JAVASCRIPT:alert(1)",
        "&#106;avascript:alert(1)",
        "vbscript:x",
        "data:text/html,x",
        "/logout",
        "//evil.example",
        "#top",
        "cid:part1",
        "blob:x",
        "file:///etc/passwd",
        "\\\\evil\\share",
    ],
)
def test_a_link_that_leads_nowhere_safe_loses_its_address(address):
    assert "href" not in clean_html(f'<a href="{address}">x</a>')


def test_pictures_of_the_letter_get_our_addresses():
    cid = {"logo@shop": "/files/7/logo.png", "/files/8": "/files/8"}
    raw = '<img src="cid:logo@shop" alt="Logo"><img src="CID:&lt;logo@shop&gt;"><img src="cid:other"><img src="/files/8">'
    assert clean_html(raw, cid=cid) == (
        '<img src="/files/7/logo.png" alt="Logo"><img src="/files/7/logo.png"><img><img src="/files/8">'
    )


@pytest.mark.parametrize(
    "source",
    [
        "data:image/png;base64,AAAA",
        "/files/9",
        "//evil.example/p.gif",
        "file:///etc/passwd",
        "php://filter/resource=/etc/passwd",
        "p.gif",
    ],
)
def test_other_pictures_have_no_address_at_all(source):
    assert clean_html(f'<img src="{source}" srcset="https://evil.example/p.gif 2x">', cid={"a": "/files/1"}) == "<img>"


def test_remote_pictures_wait_until_the_reader_asks_for_them():
    raw = '<p><img src="https://shop.example/p.gif?a=1&amp;b=&quot;2" width="1" alt="Shop"></p>'
    cleaned = clean_html(raw)
    assert cleaned == '<p><img data-remote-src="https://shop.example/p.gif?a=1&amp;b=&quot;2" width="1" alt="Shop"></p>'
    assert has_remote_images(cleaned) and not has_remote_images("<p>data-remote-src=</p>")
    asked = []

    def proxied(address):
        asked.append(address)
        return "/images/1?x&y"

    shown = show_remote_images(cleaned, proxied)
    assert shown == '<p><img src="/images/1?x&amp;y" width="1" alt="Shop"></p>'
    assert asked == ['https://shop.example/p.gif?a=1&b="2']
    assert clean_html(raw, remote_images=True) == raw.replace("data-remote-", "")


def test_nobody_can_pretend_that_a_picture_waits():
    assert clean_html('<img data-remote-src="javascript:x">') == "<img>"


def test_a_template_may_link_to_a_variable():
    assert clean_template('<a href="${ticket:url}?a=1">x</a>') == f'<a href="${{ticket:url}}?a=1" {LINK}>x</a>'
    assert "href" not in clean_template('<a href="${evil}javascript:x">x</a>')


def test_a_template_keeps_those_pictures_of_ours_that_it_is_told_of():
    raw = '<img src="/files/a" alt="A till"><img src="/files/b" alt="Another">'
    assert clean_template(raw, images={"/files/a": "/help/a"}) == '<img src="/help/a" alt="A till"><img alt="Another">'
    assert "href" not in clean_html('<a href="${ticket:url}">x</a>')


@pytest.mark.parametrize(
    "bomb",
    [
        "<p>" + "".join(f"<b title={n}>" for n in range(1500)) + "word</p>" + "<p>x</p>" * 1500,
        "<p>" + "".join(f"<b title='>{n}'>" for n in range(1500)) + "word</p>" + "<p>x</p>" * 1500,
        "<p><b title='" + "x" * 10_000 + "'></p>word" + "<p>x</p>" * 9000,
        "<div>" * 50_000 + "word",
        "<blockquote>" * 50_000 + "word",
        "word" + "<table><tr><td><a href=x>" * 20_000,
        "word" + "<!--" * 50_000,
        "<script" * 50_000,
        "word" + "<" * 200_000,
        "word " + "&" * 200_000,
        "word" * 600_000,
    ],
    ids=[
        "formatting",
        "hidden formatting",
        "attributes",
        "divs",
        "quotes",
        "tables",
        "comments",
        "scripts",
        "brackets",
        "ampersands",
        "huge",
    ],
)
def test_a_letter_made_to_exhaust_the_parser_is_shown_as_text(bomb):
    with must_end():
        cleaned, text = clean_html(bomb), text_of_html(bomb)
    assert len(cleaned) < 10 * len(bomb)
    assert ("word" in cleaned) == ("word" in text) == ("word" in bomb)


def test_a_large_hostile_letter_is_cleaned():
    cell = '<tr><td style="color:#fff;position:fixed"><a href="http://x.y/{}" onclick=x><font face=Arial>l</font></a><img src=http://t/{}></td>'
    raw = "<table>" + "".join(cell.format(n, n) for n in range(900)) + "</table><script>x</script>"
    assert harm_in(clean_html(raw)) == []


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One\n two</p><p>three</p>", "One two\n\nthree"),
        ("a<br>b<div>c</div><div>d</div>", "a\nb\nc\nd"),
        ("<ul><li>one<li>two</ul>after", "- one\n- two\n\nafter"),
        (
            "<p>yes</p><blockquote>one<br>two<blockquote>three</blockquote></blockquote>no",
            "yes\n\n> one\n> two\n>\n> > three\n\nno",
        ),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a  b\nc"),
        ("<pre>x\n  y</pre>", "x\n  y"),
        ("<style>p{}</style><script>x</script>only &lt;this&gt; &amp;&nbsp;that", "only <this> & that"),
        ('<img alt="Logo" src="cid:1"> <b>in</b>put', "Logo input"),
        ("<p>Привет</p>", "Привет"),
        ("", ""),
    ],
)
def test_html_reads_as_text(html, text):
    assert text_of_html(html) == text


def test_links_can_be_spelled_out():
    html = '<a href="https://a.b/c">here</a>, <a href="https://a.b/">https://a.b</a>, <a href="mailto:me@a.b">me@a.b</a>'
    assert text_of_html(html, links=True) == "here <https://a.b/c>, https://a.b, me@a.b"
    assert text_of_html(html) == "here, https://a.b, me@a.b"


def test_text_becomes_paragraphs_with_links():
    assert html_of_text("Hi <b>,\nsee https://a.b/c?x=1&y=2.\n\n\nme@a.b") == (
        f'<p>Hi &lt;b&gt;,<br>\nsee <a href="https://a.b/c?x=1&amp;y=2" {LINK}>https://a.b/c?x=1&amp;y=2</a>.</p>\n'
        f'<p><a href="mailto:me@a.b" {LINK}>me@a.b</a></p>'
    )
    assert html_of_text("") == ""


def test_text_made_html_is_already_clean():
    html = html_of_text("<script>\"'&</script> javascript:alert(1) https://a.b/\"onclick='x' (https://a.b)")
    assert harm_in(html) == []
    assert text_of_html(clean_html(html)) == "<script>\"'&</script> javascript:alert(1) https://a.b/\"onclick='x' (https://a.b)"


def test_an_excerpt_ends_between_words():
    assert excerpt("One  two\nthree", 100) == "One two three"
    assert excerpt("One two three", 9) == "One two…"
    assert excerpt("Onetwothree", 5) == "Onet…"
