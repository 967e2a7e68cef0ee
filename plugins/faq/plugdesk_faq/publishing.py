"""Making articles of answers, and keeping their categories. Commands: they never commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from plugdesk.api import LANGUAGES, Conflict, Context, Invalid, NotAllowed, User, free_code
from plugdesk.api import gettext as _
from plugdesk_faq.commands import LONGEST_NAME, _rows_in_order, _spread, journal, may_change, same_as_shown, touch
from plugdesk_faq.models import Answer, Article, Category, State, Visibility
from plugdesk_faq.rights import can_share_some

MOST_CATEGORIES = 500
TAKEN = frozenset(
    {"search", "ask", "files", "pictures", "feed", "sitemap", "c", "p", "static", "new"}
)  # words of addresses beside the articles' own


@dataclass(frozen=True)
class ArticleInput:
    """What an article adds to its answer; what each means stands at `Article`. An empty `slug` is made from the title."""

    title: str
    category_id: int | None = None
    visibility: str = Visibility.PUBLIC
    state: str = State.DRAFT
    is_page: bool = False
    slug: str = ""


def set_article(ctx: Context, answer: Answer, given: ArticleInput, *, by: User, revision: int | None) -> Article:
    """Make an answer an article, or change what it adds to it. Its address stays unless another `slug` is given."""
    may_change(ctx, answer, by)
    same_as_shown(ctx, answer, revision)
    if not answer.is_shared:
        raise Invalid(_("Share the answer first: an article belongs to nobody alone."))
    problems: dict[str, str] = {}
    title = " ".join(given.title.split())
    if not title or len(title) > LONGEST_NAME:
        problems["title"] = _("Give it a title of at most %(most)s characters.", most=LONGEST_NAME)
    category = ctx.db.get(Category, given.category_id) if given.category_id is not None else None
    if given.category_id is not None and category is None:
        problems["category"] = _("This category is gone. Choose another one.")
    if given.visibility not in list(Visibility) or given.state not in list(State):
        problems["state"] = _("Choose one of the states offered.")
    if problems:
        raise Invalid(problems=problems)
    article, slug = answer.article, answer.article.slug if answer.article else ""
    if given.slug or not slug:
        taken = set(ctx.db.scalars(sa.select(Article.slug).where(Article.answer_id != answer.id)))
        slug = free_code(given.slug or title, {*TAKEN, *taken}, otherwise="article", separator="-")
    if article is None:
        last = ctx.db.scalar(sa.select(sa.func.max(Article.position)).where(Article.category_id == given.category_id))
        article = Article(answer_id=answer.id, position=0 if last is None else last + 1, published_at=None)
    article.slug, article.title, article.is_page = slug, title, given.is_page
    article.category = None if given.is_page else category
    article.visibility = Visibility(given.visibility)
    _become(ctx, article, State(given.state))
    answer.article = article
    touch(ctx, answer, by)
    journal(ctx, "article_changed", by, _("Changed the article “%(title)s”", title=title), answer)
    return article


def set_state(ctx: Context, answer: Answer, state: State, *, by: User) -> None:
    """A draft, up for review, or published."""
    may_change(ctx, answer, by)
    if answer.article is None:
        raise Invalid(_("Make it an article first."))
    if answer.article.state is state:
        return
    _become(ctx, answer.article, state)
    said = {
        State.DRAFT: _("Made the article “%(title)s” a draft again", title=answer.article.title),
        State.REVIEW: _("Put the article “%(title)s” up for review", title=answer.article.title),
        State.PUBLISHED: _("Published the article “%(title)s”", title=answer.article.title),
    }
    journal(ctx, "article_state_changed", by, said[state], answer)


def withdraw_article(ctx: Context, answer: Answer, *, by: User) -> None:
    """The article goes, its address answers “not found”; the answer stays as a canned response."""
    may_change(ctx, answer, by)
    if answer.article is not None:
        journal(ctx, "article_withdrawn", by, _("Took away the article “%(title)s”", title=answer.article.title), answer)
        answer.article = None
        touch(ctx, answer, by)


def order_articles(ctx: Context, category_id: int | None, order: Sequence[int], *, by: User) -> None:
    """The articles of these answers in this order within a category; others keep their places behind them."""
    _may_keep(ctx, by)
    rows = list(ctx.db.scalars(sa.select(Article).where(Article.category_id.is_not_distinct_from(category_id))))
    place = {number: at for at, number in enumerate(order)}
    rows.sort(key=lambda row: (place.get(row.answer_id, len(place)), row.position, row.answer_id))
    for at, row in enumerate(rows):
        row.position = at


def add_category(ctx: Context, names: Mapping[str, str], *, by: User) -> Category:
    """Add a category at the end. `names` by language; the first that is given is the one to fall back on."""
    _may_keep(ctx, by)
    name, others = _names(names)
    last = ctx.db.scalar(sa.select(sa.func.max(Category.position)))
    if (ctx.db.scalar(sa.select(sa.func.count(Category.id))) or 0) >= MOST_CATEGORIES:
        raise Invalid(_("There can be %(most)s categories. Delete some first.", most=MOST_CATEGORIES))
    slug = free_code(name, set(ctx.db.scalars(sa.select(Category.slug))), otherwise="category", separator="-")
    category = Category(slug=slug, name=name, names=others, position=0 if last is None else last + 1)
    ctx.db.add(category)
    ctx.db.flush()  # the category's id, for articles that are to go into it
    return category


def change_category(ctx: Context, category: Category, names: Mapping[str, str], *, by: User, revision: int | None) -> None:
    """Name it anew; its address stays. `Conflict` when somebody else has changed it since the page was shown."""
    _may_keep(ctx, by)
    ctx.db.refresh(category, ["revision"], with_for_update=True)
    if revision != category.revision:
        raise Conflict(_("Somebody else has changed this category meanwhile. Look at it again before you save."))
    category.name, category.names = _names(names)
    category.revision += 1


def delete_category(ctx: Context, category: Category, *, by: User) -> None:
    """Delete a category; its articles stay, in none."""
    _may_keep(ctx, by)
    ctx.db.delete(category)


def order_categories(ctx: Context, order: Sequence[str], *, by: User) -> None:
    """The categories with these ids in this order."""
    _may_keep(ctx, by)
    rows: list[Category] = _rows_in_order(ctx, Category, order)
    for row, place in zip(rows, sorted(each.position for each in rows), strict=True):
        row.position = place
    _spread(rows)


def _become(ctx: Context, article: Article, state: State) -> None:
    article.state = state
    if state is State.PUBLISHED and article.published_at is None:
        article.published_at = ctx.now


def _may_keep(ctx: Context, by: User) -> None:
    if not can_share_some(ctx.db, by):
        raise NotAllowed(_("Categories are kept by administrators of a form that has the FAQ switched on."))


def _names(names: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    given = {language: " ".join(name.split()) for language, name in names.items() if name.strip() and language in LANGUAGES}
    if not given or any(len(name) > LONGEST_NAME for name in given.values()):
        raise Invalid(problems={"name": _("Give it a name of at most %(most)s characters.", most=LONGEST_NAME)})
    return next(iter(given.values())), given
