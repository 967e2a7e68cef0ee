"""The words of published articles, kept in the process: found by stem, by beginning, and with a letter wrong.

Stems are made in Python (`index_text`), so both databases find the same. A word of four letters or more that stands nowhere is
looked up with one letter left out, wherever that may be, on both sides: so a letter that is wrong, missing, too many, or
changed places with the next finds its word. An article's words are read again only when its revision has changed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import log

from plugdesk.api import index_text

IN_TITLE, SHORTEST_TYPO, MOST_WORDS, MOST_BEGUN = 6.0, 4, 12, 40
Texts = Callable[[list[int]], Iterable[tuple[int, str, str]]]


@dataclass(frozen=True)
class Hit:
    """An article found: how good it is, and the stems by which."""

    id: int
    score: float
    stems: frozenset[str]


@dataclass
class Index:
    """Which article holds which stem, and how much it counts there; `revisions` says what is in it."""

    revisions: dict[int, int] = field(default_factory=dict)
    weights: dict[str, dict[int, float]] = field(default_factory=dict)
    _words: dict[int, tuple[str, ...]] = field(default_factory=dict)
    _sorted: list[str] = field(default_factory=list)
    _shortened: dict[str, list[str]] = field(default_factory=dict)

    def brought_up(self, revisions: Mapping[int, int], texts: Texts) -> Index:
        """An index of the articles with these revisions; what this one knows already is taken over.

        This one stays as it is for whoever searches in it at this moment.
        """
        new = Index(dict(self.revisions), dict(self.weights), dict(self._words))
        gone = [each for each, revision in self.revisions.items() if revisions.get(each) != revision]
        come = [each for each, revision in revisions.items() if self.revisions.get(each) != revision]
        touched = {stem for each in gone for stem in self._words.get(each, ())}
        added: dict[int, dict[str, float]] = (
            {number: _weights(title, stems) for number, title, stems in texts(come)} if come else {}
        )
        touched.update(stem for weights in added.values() for stem in weights)
        for stem in touched:
            new.weights[stem] = dict(new.weights.get(stem, ()))
        for each in gone:
            for stem in new._words.pop(each, ()):
                new.weights[stem].pop(each, None)
            new.revisions.pop(each, None)
        for each, weights in added.items():
            for stem, weight in weights.items():
                new.weights[stem][each] = weight
            new._words[each] = tuple(weights)
            new.revisions[each] = revisions[each]
        new.weights = {stem: found for stem, found in new.weights.items() if found}
        new._sorted = sorted(new.weights)
        for stem in new._sorted:
            if len(stem) >= SHORTEST_TYPO - 1:
                for short in _with_one_less(stem):
                    new._shortened.setdefault(short, []).append(stem)
        return new

    def search(self, query: str) -> list[Hit]:
        """The articles about `query`, the best first: those with all its words before those with some."""
        asked = list(dict.fromkeys(index_text(query[:300]).split()))[:MOST_WORDS]
        scores: dict[int, float] = {}
        met: Counter[int] = Counter()
        by: dict[int, set[str]] = {}
        number = len(self.revisions)
        for place, word in enumerate(asked):
            best: dict[int, float] = {}
            for stem, share in self._alike(word, last=place == len(asked) - 1):
                holders = self.weights[stem]
                rare = share * log(1 + number / len(holders))
                for article, weight in holders.items():
                    if weight * rare > best.get(article, 0.0):
                        best[article] = weight * rare
                        by.setdefault(article, set()).add(stem)
            for article, score in best.items():
                scores[article] = scores.get(article, 0.0) + score
                met[article] += 1
        order = sorted(scores, key=lambda article: (-met[article], -scores[article], article))
        return [Hit(article, scores[article], frozenset(by[article])) for article in order]

    def _alike(self, word: str, *, last: bool) -> Iterator[tuple[str, float]]:
        """The stems that `word` may mean, each with how sure that is."""
        if word in self.weights:
            yield word, 1.0
            if not last:
                return
        begun = list(self._begun(word)) if last and len(word) >= 2 else []
        yield from ((stem, 0.6) for stem in begun)
        if word in self.weights or begun or len(word) < SHORTEST_TYPO or not word.isalpha():
            return
        near = {stem for short in (word, *_with_one_less(word)) for stem in self._shortened.get(short, ())}
        near.update(short for short in _with_one_less(word) if short in self.weights)
        yield from ((stem, 0.5) for stem in near if _is_near(word, stem))

    def _begun(self, word: str) -> Iterator[str]:
        at = bisect_left(self._sorted, word)
        for stem in self._sorted[at : at + MOST_BEGUN]:
            if not stem.startswith(word):
                return
            if stem != word:
                yield stem


def _weights(title: str, stems: str) -> dict[str, float]:
    weights = {stem: 1.0 + log(times) for stem, times in Counter(stems.split()).items()}
    for stem in index_text(title).split():
        weights[stem] = weights.get(stem, 0.0) + IN_TITLE
    return weights


def _with_one_less(word: str) -> list[str]:
    return [word[:at] + word[at + 1 :] for at in range(len(word))]


def _is_near(a: str, b: str) -> bool:
    """Whether one letter is wrong, missing, too many, or two beside one another have changed places."""
    if abs(len(a) - len(b)) > 1:
        return False
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    if len(a) == len(b):
        rest_a, rest_b = a[start:], b[start:]
        return rest_a[1:] == rest_b[1:] or (rest_a[:2] == rest_b[:2][::-1] and rest_a[2:] == rest_b[2:])
    longer, shorter = (a, b) if len(a) > len(b) else (b, a)
    return longer[start + 1 :] == shorter[start:]
