"""Which of the published articles are about some words, for whoever reads them."""

from __future__ import annotations

from plugdesk_faq.snapshot import Reader, Shown, Snapshot


def articles_about(site: Snapshot, reader: Reader, language: str, words: str) -> list[tuple[Shown, frozenset[str]]]:
    """The articles about `words`, the best first, with the stems they were found by; of translations the one in `language`."""
    found: dict[int, tuple[Shown, frozenset[str]]] = {}
    for hit in site.index.search(words):
        shown = site.articles[hit.id]
        if not site.may_read(reader, shown):
            continue
        known = found.get(shown.group)
        if known is None or (shown.language == language and known[0].language != language):
            found[shown.group] = (shown, hit.stems)
    return list(found.values())
