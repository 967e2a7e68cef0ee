"""What the site shows, kept in the process: a light row for each published article, good for one stamp of the database.

Every page asks for the stamp, in one short statement; while it is the same nothing else is read. So a change is seen by the next
request in every process, and nobody tells anybody.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.api import Desk, Form, Runtime, User, runtime_of
from plugdesk_faq.index import Index
from plugdesk_faq.models import Answer, AnswerForm, Article, Category, State, Visibility
from plugdesk_faq.rights import PLUGIN, forms_with_answers
from plugdesk_faq.site_models import SiteLook, Stamp, Tally
from plugdesk_web.api import look_variables

SUMMARY = 300  # characters of an article's beginning


@dataclass(frozen=True, slots=True)
class Shown:
    """A published article without its body. `group` is the same for an article and its translations; `forms` None: all of them."""

    id: int
    group: int
    slug: str
    title: str
    language: str
    category_id: int | None
    position: int
    is_page: bool
    visibility: Visibility
    forms: frozenset[int] | None
    published_at: datetime
    changed_at: datetime
    revision: int
    summary: str
    read: int


@dataclass(frozen=True)
class Reader:
    """Who looks: which articles besides the public ones are theirs to read, and on which forms. Nobody in particular: none."""

    kinds: frozenset[Visibility] = frozenset()
    forms: frozenset[int] = frozenset()

    @property
    def is_anybody(self) -> bool:
        return not self.kinds


ANYBODY = Reader()


@dataclass(frozen=True)
class Key:
    """What a kept page is good for: the stamp, the forms where the extension is on, and the desk's name and language."""

    stamp: int
    forms: frozenset[int]
    desk: str
    language: str


@dataclass
class Snapshot:
    """All that is published, and how it looks."""

    key: Key
    articles: Mapping[int, Shown]
    categories: list[Category]
    look: SiteLook
    by_slug: Mapping[str, Shown]
    index: Index = field(repr=False)

    @property
    def title(self) -> str:
        return self.look.title or self.key.desk

    @property
    def style(self) -> str:
        """Its colours and sizes, for a style attribute."""
        return look_variables(self.look.look)

    def may_read(self, reader: Reader, article: Shown) -> bool:
        """Whether the extension is on for one of the article's forms, of those where `reader` may read such articles."""
        if article.visibility is Visibility.PUBLIC:
            forms = self.key.forms
        elif article.visibility in reader.kinds:
            forms = self.key.forms & reader.forms
        else:
            return False
        return bool(forms if article.forms is None else forms & article.forms)

    def listed(self, reader: Reader, language: str) -> Iterator[Shown]:
        """The articles for `reader`, of each the one in `language`, else one for all languages, else the original."""
        best: dict[int, Shown] = {}
        for article in self.articles.values():
            if self.may_read(reader, article):
                known = best.get(article.group)
                if known is None or _rank(article, language) < _rank(known, language):
                    best[article.group] = article
        return iter(best.values())

    def translations(self, reader: Reader, article: Shown) -> list[Shown]:
        """The same article in other languages, as far as `reader` may read them."""
        same = [each for each in self.articles.values() if each.group == article.group and each.id != article.id]
        return sorted((each for each in same if self.may_read(reader, each)), key=lambda each: each.language)


def _rank(article: Shown, language: str) -> tuple[int, int]:
    which = 0 if article.language == language else 1 if not article.language else 2 if article.id == article.group else 3
    return which, article.id


def reader_of(session: Session, user: User | None) -> Reader:
    """What `user` may read besides what everybody may: agents what is on their forms, signed-in customers what is for them."""
    if user is None:
        return ANYBODY
    if user.is_agent:
        forms = frozenset(form.id for form in forms_with_answers(session, user))
        return Reader(frozenset({Visibility.SIGNED_IN, Visibility.AGENTS}), forms)
    on = frozenset(key.id for key in session.execute(_ON))
    return Reader(frozenset({Visibility.SIGNED_IN}), on)


def key_now(session: Session) -> Key | None:
    """The stamp as it is now; None where the extension is on for no form."""
    rows = session.execute(_NOW).all()
    if not rows:
        return None
    first = rows[0]
    return Key(first.number or 0, frozenset(row.id for row in rows), first.name, first.language)


def key_quickly(runtime: Runtime) -> Key | None:
    """`key_now` on a bare connection: what a page that is kept costs."""
    connection = runtime.database.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(_NOW_QUICKLY)
        rows = cursor.fetchall()
        cursor.close()
    finally:
        connection.close()
    return Key(rows[0][3] or 0, frozenset(row[0] for row in rows), rows[0][1], rows[0][2]) if rows else None


_NOW_QUICKLY = (
    "SELECT form.id, desk.name, desk.language, (SELECT number FROM faq_stamp WHERE id = 1) FROM form JOIN desk ON desk.id = 0"
    f" WHERE form.archived_at IS NULL AND CAST(form.extensions AS TEXT) LIKE '%\"{PLUGIN}\"%'"
)
_lock = threading.Lock()
_kept: WeakKeyDictionary[Runtime, Snapshot] = WeakKeyDictionary()  # a process has one runtime, tests have several


def snapshot_of(session: Session, key: Key) -> Snapshot:
    """What is published, for `key`: the one at hand, or read anew."""
    home = runtime_of(session)
    known = _kept.get(home)
    if known is not None and known.key == key:
        return known
    with _lock:
        known = _kept.get(home)
        if known is None or known.key != key:
            known = _read(session, key, known.index if known else Index())
            _kept[home] = known
        return known


def _read(session: Session, key: Key, index: Index) -> Snapshot:
    forms: dict[int, set[int]] = {}
    for answer_id, form_id in session.execute(sa.select(AnswerForm.answer_id, AnswerForm.form_id)):
        forms.setdefault(answer_id, set()).add(form_id)
    articles = {row.id: _shown(row, forms) for row in session.execute(_PUBLISHED)}
    categories = list(session.scalars(sa.select(Category).order_by(Category.position, Category.id)))
    look = session.get(SiteLook, 1) or SiteLook(id=1, title="", header="", footer="", base_url="", look={}, version=0)
    for row in (*categories, look):
        if row in session:
            session.expunge(row)  # they outlive this transaction
    index = index.brought_up({each.id: each.revision for each in articles.values()}, lambda ids: _texts(session, ids))
    return Snapshot(key, articles, categories, look, {each.slug: each for each in articles.values()}, index)


def _shown(row: Any, forms: Mapping[int, set[int]]) -> Shown:
    return Shown(
        id=row.id, group=row.original_id or row.id, slug=row.slug, title=row.title, language=row.language,
        category_id=row.category_id, position=row.position, is_page=row.is_page, visibility=row.visibility,
        forms=None if row.everywhere else frozenset(forms.get(row.id, ())), published_at=row.published_at or row.changed_at,
        changed_at=row.changed_at, revision=row.revision, summary=" ".join(row.summary.split()), read=row.read or 0,
    )  # fmt: skip


def _texts(session: Session, ids: list[int]) -> Iterator[tuple[int, str, str]]:
    for start in range(0, len(ids), 500):
        wanted = sa.select(Answer.id, Article.title, Answer.stems).join(Article).where(Answer.id.in_(ids[start : start + 500]))
        yield from ((row.id, row.title, row.stems) for row in session.execute(wanted))


_IS_ON = (Form.archived_at.is_(None), sa.cast(Form.extensions, sa.Text).contains(f'"{PLUGIN}"'))
_ON = sa.select(Form.id).where(*_IS_ON)
_STAMP = sa.select(Stamp.number).where(Stamp.id == 1).scalar_subquery().label("number")
_NOW = sa.select(Form.id, Desk.name, Desk.language, _STAMP).join(Desk, Desk.id == 0).where(*_IS_ON)
_PUBLISHED = (
    sa.select(
        Answer.id, Answer.original_id, Answer.language, Answer.everywhere, Answer.changed_at, Answer.revision,
        sa.func.substr(Answer.text, 1, SUMMARY).label("summary"), Article.slug, Article.title, Article.category_id, Article.position,
        Article.is_page, Article.visibility, Article.published_at, Tally.read,
    )
    .join(Article, Article.answer_id == Answer.id)
    .outerjoin(Tally, Tally.answer_id == Answer.id)
    .where(Article.state == State.PUBLISHED, Answer.owner_id.is_(None))
)  # fmt: skip
