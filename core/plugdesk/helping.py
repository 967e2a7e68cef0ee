"""Where what several extensions show to visitors meets: the pages to ask on, and answers to what somebody is about to ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from plugdesk.forms.models import Form
from plugdesk.runtime import runtime_of

MOST_ANSWERS, LONGEST_WORDS = 5, 300


@dataclass(frozen=True)
class RequestFormLink:
    """A page on which anybody can ask of a form: its title, and its path on this desk."""

    title: str
    url: str


@dataclass(frozen=True)
class SuggestedAnswer:
    """An answer that stands written already: its title, its address, and the beginning of what it says, as plain text."""

    title: str
    url: str
    excerpt: str = ""


def request_form_links(session: Session, form: Form, *, subject: str = "", language: str = "") -> list[RequestFormLink]:
    """The pages on which anybody can ask of `form`, with `subject` filled in, of all extensions that are on there."""
    given = {"subject": " ".join(subject.split())[:LONGEST_WORDS], "language": language}
    return _asked(session, form, "request_form_links", RequestFormLink, given)


def suggest_answers(session: Session, form: Form, words: str, *, language: str = "") -> list[SuggestedAnswer]:
    """Published answers of `form` to what somebody types, at most five, the best first; none where no extension has any."""
    words = " ".join(words.split())[:LONGEST_WORDS]
    if not words:
        return []
    return _asked(session, form, "suggest_answers", SuggestedAnswer, {"words": words, "language": language})[:MOST_ANSWERS]


def _asked(session: Session, form: Form, hook: str, kind: type[Any], given: Mapping[str, Any]) -> list[Any]:
    runtime, found = runtime_of(session), list[Any]()
    if form.archived_at is not None:
        return found
    for plugin in runtime.registry.enabled(form, runtime.desk(session)):
        answers: Sequence[Any] = runtime.executor.ask(plugin, hook, form, session, **given) or ()
        found += [each for each in answers if isinstance(each, kind)]
    return found
