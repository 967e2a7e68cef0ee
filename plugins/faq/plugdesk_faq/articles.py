"""An article's body as its page shows it: headings one can link to, tables that scroll by themselves, films as cards."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup

from plugdesk.api import free_code, index_text, text_of_html
from plugdesk_faq.models import Answer
from plugdesk_faq.queries import article_html

_HEADING = re.compile(r"<h([1-3])((?:\s[^>]*)?)>(.*?)</h\1>", re.DOTALL)
_TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)
_FILM = re.compile(
    r'<p>\s*(<a href="https://(?:www\.)?(?:youtube\.com|youtu\.be|vimeo\.com|rutube\.ru|vk\.com/video|vkvideo\.ru)[^"]*"[^>]*>[^<]*</a>)\s*</p>'
)
_stem = lru_cache(maxsize=50_000)(index_text)  # of one word
_WORD = re.compile(r"\w+")
BEFORE, LONG = 60, 240


@dataclass(frozen=True)
class Heading:
    """A heading: the `id` one links to, its words, and whether it stands below another."""

    id: str
    title: str
    is_below: bool


def shown_body(answer: Answer) -> tuple[Markup, list[Heading]]:
    """The body and its table of contents. The body was cleaned when it was written: what is added here is our own."""
    headings: list[Heading] = []
    taken: set[str] = set()

    def heading(found: re.Match[str]) -> str:
        level = "3" if found[1] == "3" else "2"  # the page's one h1 is the title
        title = " ".join(text_of_html(found[3]).split())
        if not title:
            return ""
        code = free_code(title, taken, otherwise="part", separator="-")
        taken.add(code)
        headings.append(Heading(f"s-{code}", title, level == "3"))
        return f'<h{level} id="s-{code}"{found[2]}>{found[3]}</h{level}>'

    html = _HEADING.sub(heading, article_html(answer))
    html = _TABLE.sub(lambda found: f'<div class="scroll" tabindex="0">{found[0]}</div>', html)
    html = _FILM.sub(r'<p class="film">\1</p>', html)
    return Markup(html), headings


def excerpt_with_marks(text: str, stems: frozenset[str]) -> Markup:
    """The part of `text` where the first of `stems` stands, those words marked."""
    text = " ".join(text[:20_000].split())
    first = next((word.start() for word in _WORD.finditer(text) if _stem(word[0]) in stems), 0)
    start = max(0, first - BEFORE)
    if start:
        start = text.find(" ", start) + 1
    cut = text[start : start + LONG]
    if start + LONG < len(text):
        cut = cut.rsplit(" ", 1)[0] + " …"
    marked = Markup("… ") if start else Markup()
    end = 0
    for word in _WORD.finditer(cut):
        if _stem(word[0]) in stems:
            marked += Markup("{}<mark>{}</mark>").format(cut[end : word.start()], word[0])
            end = word.end()
    return marked + cut[end:]


def structured(title: str, text: str, url: str, language: str, published: str, changed: str) -> dict[str, object]:
    """What search engines read of an article: a question and its answer (schema.org, FAQPage)."""
    answer = {"@type": "Answer", "text": text[:5_000]}
    return {
        "@context": "https://schema.org", "@type": "FAQPage", "url": url, "inLanguage": language, "datePublished": published,
        "dateModified": changed, "mainEntity": [{"@type": "Question", "name": title, "acceptedAnswer": answer}],
    }  # fmt: skip
