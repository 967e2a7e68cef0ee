"""Questions about answers, their folders, categories and articles."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from plugdesk.api import Form, NotFound, Term, User, query_terms, render_html
from plugdesk.api import gettext as _
from plugdesk_faq.models import Answer, Article, Category, Folder, State, Version
from plugdesk_faq.rights import answers_on, can_read, readable_answers

WHOLE = (joinedload(Answer.folder), joinedload(Answer.article), selectinload(Answer.links))


def answer_for(session: Session, user: User, answer_id: int) -> Answer:
    """The answer with this id, if `user` may read it. Raises `NotFound`."""
    found = session.scalar(sa.select(Answer).where(Answer.id == answer_id).options(*WHOLE))
    if found is None or not can_read(session, user, found):
        raise NotFound(_("There is no such answer."))
    return found


def answers_for(session: Session, user: User, query: str = "", *, most: int = 2_000) -> list[Answer]:
    """The answers `user` may read, in their folders' and their own order; with `query` those that hold its words."""
    wanted = sa.select(Answer).where(readable_answers(session, user), *matching(query)).options(*WHOLE)
    wanted = wanted.outerjoin(Folder, Folder.id == Answer.folder_id)
    order = (Folder.position, Folder.id, Answer.position, Answer.id)
    return list(session.scalars(wanted.order_by(Answer.folder_id.is_not(None), *order).limit(most)))


def offered_answers(
    session: Session, form: Form, user: User, *, language: str = "", query: str = "", most: int = 50
) -> list[Answer]:
    """What the composer offers on `form`: the customer's `language` first, then one's own, then what is used most."""
    wanted = sa.select(Answer).where(answers_on(form, user), *matching(query)).options(*WHOLE)
    other_language = sa.case((Answer.language.in_(["", language]), 0), else_=1)
    not_mine = sa.case((Answer.owner_id.is_(None), 1), else_=0)
    order = (other_language, not_mine, Answer.times_used.desc(), sa.func.lower(Answer.name), Answer.id)
    return list(session.scalars(wanted.order_by(*order).limit(most)))


def matching(query: str) -> list[sa.ColumnElement[bool]]:
    """Conditions for answers that hold every word of `query`, the last one perhaps only begun."""
    terms = query_terms(query)
    return [_holds(term) if not term.negated else sa.not_(_holds(term)) for term in terms if term.stems]


def _holds(term: Term) -> sa.ColumnElement[bool]:
    """Stems stand apart by spaces with one at either end, so that a word is found from its beginning."""
    return Answer.stems.contains(" " + " ".join(term.stems), autoescape=True)


def folders_for(session: Session, user: User) -> list[Folder]:
    """The shared folders and those of `user`, in their order."""
    seen = sa.or_(Folder.owner_id.is_(None), Folder.owner_id == user.id)
    return list(session.scalars(sa.select(Folder).where(seen).order_by(Folder.position, Folder.id)))


def folder_for(session: Session, user: User, folder_id: int) -> Folder:
    """The folder with this id, if it is shared or `user`'s own. Raises `NotFound`."""
    found = session.get(Folder, folder_id)
    if found is None or found.owner_id not in (None, user.id):
        raise NotFound(_("There is no such folder."))
    return found


def categories(session: Session) -> list[Category]:
    """All categories in their order."""
    return list(session.scalars(sa.select(Category).order_by(Category.position, Category.id)))


def category_called(session: Session, slug: str) -> Category:
    """The category at this address. Raises `NotFound`."""
    found = session.scalar(sa.select(Category).where(Category.slug == slug))
    if found is None:
        raise NotFound(_("There is no such category."))
    return found


def translations_of(session: Session, answer: Answer) -> list[Answer]:
    """The same answer in other languages, the original among them."""
    root = answer.original_id or answer.id
    same = sa.or_(Answer.id == root, Answer.original_id == root)
    wanted = sa.select(Answer).where(same, Answer.id != answer.id, Answer.owner_id.is_(None)).options(*WHOLE)
    return list(session.scalars(wanted.order_by(Answer.language, Answer.id)))


def versions_of(session: Session, answer: Answer) -> Sequence[Version]:
    """What it said before, the newest first; the first of them is what it says now."""
    return list(session.scalars(sa.select(Version).where(Version.answer_id == answer.id).order_by(Version.number.desc())))


def article_html(answer: Answer) -> str:
    """The body as an article shows it: there is no ticket, so paragraphs with variables are left out, or use their fallback."""
    return render_html(answer.body, lambda namespace, name: None)


def is_published(answer: Answer) -> bool:
    """Whether it is an article that is out."""
    return isinstance(answer.article, Article) and answer.article.state is State.PUBLISHED
