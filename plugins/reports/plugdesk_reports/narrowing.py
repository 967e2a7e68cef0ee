"""Narrowing a report by the words of the search: `tag:vip channel:email -status:closed`. Texts cannot be counted, only such tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.api import User, format_list
from plugdesk.api import gettext as _

LONGEST = 500  # characters


@dataclass(frozen=True)
class Words:
    """What was `typed`, the `conditions` on tickets it means to its reader, and a sentence on what could not be understood.

    With a `problem` no ticket meets the conditions: nothing is counted that was not meant.
    """

    typed: str = ""
    conditions: Sequence[sa.ColumnElement[bool]] = ()
    problem: str = ""


def read_words(session: Session, reader: User, given: str) -> Words:
    """What these words of the search mean to `reader`."""
    typed = " ".join(given.replace("\0", "").split())[:LONGEST]
    if not typed:
        return Words()
    from plugdesk_web.api import read_question  # a worker that counts no such report needs no pages

    question = read_question(session, reader, typed)
    problem = ""
    if question.misunderstood:
        problem = _(
            "%(words)s: nothing is known by that. Look at the words of the search.", words=format_list(question.misunderstood)
        )
    elif question.terms:
        problem = _("Only tests can be counted, such as tag:vip or status:open, not words in texts.")
    return Words(typed, (sa.false(),) if problem else tuple(question.conditions), problem)
