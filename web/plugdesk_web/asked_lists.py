"""Which tickets a list holds, as its address says it: a view, narrowed, or what was searched for. For pages and jobs alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.clock import in_utc
from plugdesk.database import row_number
from plugdesk.errors import NotFound
from plugdesk.forms.models import Form
from plugdesk.forms.queries import form_for
from plugdesk.i18n import gettext as _
from plugdesk.inputs import one_line
from plugdesk.stems import Term
from plugdesk.tickets.lists import (
    PAGE,
    VALUES,
    VIEWS,
    Filter,
    Key,
    Listed,
    Order,
    Page,
    narrowing,
    of_view,
    tickets_found,
    tickets_of_view,
)
from plugdesk.tickets.models import Ticket
from plugdesk.tickets.whole_lists import number_of_view, numbers_found, numbers_of_view
from plugdesk.users.models import User
from plugdesk_web.search_box import Question, read_question
from plugdesk_web.slots import ShownColumn, columns_of, columns_seen, facts_of

ALL = "all"
LONGEST_QUESTION = 500
MOST_RANK = 2**31
EVERYTHING = Filter()


@dataclass(frozen=True)
class AskedList:
    """The tickets of a view, narrowed, that hold the words of `terms`; `misunderstood` is what of a question means nothing."""

    view: str
    narrowed: Filter = EVERYTHING
    terms: Sequence[Term] = ()
    misunderstood: Sequence[str] = ()

    @property
    def title(self) -> str:
        return next((str(each.title) for each in VIEWS if each.slug == self.view), _("All tickets"))

    def on(self, forms: Sequence[Form]) -> AskedList:
        """Those of its tickets that are on these forms."""
        here = Ticket.form_id.in_([form.id for form in forms])
        return replace(self, narrowed=replace(self.narrowed, conditions=[*self.narrowed.conditions, here]))


@dataclass(frozen=True)
class ListedPage:
    """Some rows of a list; what stands in the fields of each, by the ticket's id and the field's code; the columns of extensions.

    `next` is the key of the page after it, as addresses carry it, or empty.
    """

    tickets: Sequence[Listed]
    values: Mapping[int, Mapping[str, Any]]
    columns: Sequence[ShownColumn]
    next: str


def lists_to_choose() -> list[tuple[str, str]]:
    """Everything and the built-in views but the bin, as an address names them and in words."""
    return [(ALL, _("All tickets")), *((each.slug, str(each.title)) for each in VIEWS if each.slug != "bin")]


def read_list(session: Session, viewer: User, given: Mapping[str, str]) -> AskedList:
    """The list an address asks for by `view`, `form` (its slug), `group` and the words of `q`, each where it says so.

    Raises `NotFound` for a view or form that is not there for `viewer`.
    """
    view = given.get("view") or ALL
    if view != ALL and view not in [each.slug for each in VIEWS]:
        raise NotFound(_("There is no such view."))
    form = form_for(session, viewer, given["form"]) if given.get("form") else None
    narrowed = Filter(form_id=form.id if form else None, group_id=row_number(given.get("group", "")))
    typed = one_line(given.get("q"), most=LONGEST_QUESTION)
    return asked_by(read_question(session, viewer, typed), view, narrowed) if typed else AskedList(view, narrowed)


def asked_by(question: Question, view: str = ALL, narrowed: Filter = EVERYTHING) -> AskedList:
    """Of a list, what a question asks for; nothing at all for an empty one."""
    conditions = [sa.false()] if question.is_empty else question.conditions
    return AskedList(view, replace(narrowed, conditions=conditions), question.terms, question.misunderstood)


def rows_of_list(
    session: Session,
    viewer: User,
    asked: AskedList,
    *,
    after: Key | None = None,
    limit: int = PAGE,
    facts: Collection[str] = (),
    order: Order = Order.LATEST,
) -> Page:
    """One page of the list as `viewer` may see it. With words the latest number comes first, whatever the `order`."""
    if not asked.terms:
        return tickets_of_view(
            session, viewer, asked.view, narrowed=asked.narrowed, after=after, limit=limit, facts=facts, order=order
        )
    conditions = _besides_words(session, viewer, asked)
    return tickets_found(session, viewer, asked.terms, conditions=conditions, after=after, limit=limit, facts=facts)


def page_of_list(
    session: Session,
    viewer: User,
    asked: AskedList,
    forms: Sequence[Form],
    *,
    columns: Collection[str] | None = None,
    after: str = "",
    limit: int = PAGE,
    order: Order = Order.LATEST,
) -> ListedPage:
    """One page of the list's tickets on `forms` with all that stands in their fields, and the columns of extensions, `columns` (None: all)."""
    seen = [each for each in columns_seen(session, viewer, forms) if columns is None or each.id in columns]
    found = rows_of_list(
        session, viewer, asked.on(forms), after=key_of(after), limit=limit, facts=[VALUES, *facts_of(seen)], order=order
    )
    values = {number: facts.get(VALUES) or {} for number, facts in found.facts.items()}
    return ListedPage(found.tickets, values, columns_of(session, seen, found), key_text(found.next))


def columns_on(session: Session, viewer: User, forms: Sequence[Form]) -> dict[str, str]:
    """The columns of extensions that lists of tickets on `forms` have for `viewer`: their titles by id."""
    return {each.id: str(each.column.title) for each in columns_seen(session, viewer, forms)}


def number_in_list(session: Session, viewer: User, asked: AskedList, *, most: int) -> int:
    """How many tickets are in the list, counted up to `most` where it was asked for by words."""
    if asked.terms:
        return len(numbers_in_list(session, viewer, asked, most=most))
    return number_of_view(session, viewer, asked.view, narrowed=asked.narrowed)


def numbers_in_list(session: Session, viewer: User, asked: AskedList, *, most: int) -> list[int]:
    """The numbers of the tickets in the list, lowest first, at most `most`."""
    if asked.terms:
        return numbers_found(session, viewer, asked.terms, conditions=_besides_words(session, viewer, asked), most=most)
    return numbers_of_view(session, viewer, asked.view, narrowed=asked.narrowed, most=most)


def key_of(text: str) -> Key | None:
    """The key of a page as it stands in its address; one nobody gave out is the first page."""
    try:
        rank, spoken_at, number = text.split("~")
        key = Key(int(rank), in_utc(datetime.fromisoformat(spoken_at)), int(number))
    except (ValueError, OverflowError):
        return None
    return key if abs(key.rank) < MOST_RANK and row_number(number) is not None else None


def key_text(key: Key | None) -> str:
    """The key of a page for its address."""
    return f"{key.rank}~{key.spoken_at.isoformat()}~{key.id}" if key else ""


def _besides_words(session: Session, viewer: User, asked: AskedList) -> list[sa.ColumnElement[bool]]:
    """What else tickets that hold the words have to meet; of everything, subtasks are found, too."""
    view = of_view(session, viewer, asked.view) if asked.view != ALL else []
    return [*view, *narrowing(asked.narrowed)]
