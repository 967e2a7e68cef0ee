"""Saving an article as its page shows it, text and all; its addresses of old; earlier versions. Commands: they never commit."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from plugdesk.api import Context, Invalid, NotFound, User
from plugdesk.api import gettext as _
from plugdesk_faq.commands import AnswerInput, change_answer, may_change, write_answer
from plugdesk_faq.models import Answer, Article, Version
from plugdesk_faq.publishing import ArticleInput, set_article
from plugdesk_faq.site_models import OldSlug


def save_article(
    ctx: Context, answer: Answer | None, text: AnswerInput, about: ArticleInput, *, by: User, revision: int | None
) -> Answer:
    """Write an article, or change what it says and what it is together. Raises `Invalid` by control, `Conflict`, `NotAllowed`.

    An address that is given up leads on to the new one.
    """
    text = replace(text, name=text.name or about.title, shared=True)
    before = answer.article.slug if answer is not None and answer.article is not None else ""
    if answer is None:
        answer = write_answer(ctx, text, by=by)
    else:
        change_answer(ctx, answer, text, by=by, revision=revision)
    set_article(ctx, answer, about, by=by, revision=answer.revision)
    ctx.db.flush()  # the article's new address
    _keep_address(ctx, answer, before)
    return answer


def restore_version(ctx: Context, answer: Answer, number: int, *, by: User, revision: int | None) -> Answer:
    """What a version said is said again, as a new version. Raises `NotFound` where there is no such version."""
    may_change(ctx, answer, by)
    version = version_of(ctx, answer, number)
    if answer.article is None:
        raise Invalid(_("Make it an article first."))
    text = AnswerInput(
        version.name, version.body, folder_id=answer.folder_id, shared=True, everywhere=answer.everywhere, form_ids=answer.form_ids,
        language=answer.language, original_id=answer.original_id,
    )  # fmt: skip
    return save_article(ctx, answer, text, about_now(answer.article, title=version.title), by=by, revision=revision)


def version_of(ctx: Context, answer: Answer, number: int) -> Version:
    """The version of this number. Raises `NotFound`."""
    found = ctx.db.scalar(sa.select(Version).where(Version.answer_id == answer.id, Version.number == number))
    if found is None:
        raise NotFound(_("There is no such version."))
    return found


def about_now(article: Article, *, title: str = "") -> ArticleInput:
    """What the article is, as the command takes it."""
    return ArticleInput(
        title or article.title, article.category_id, article.visibility, article.state, article.is_page, article.slug
    )


def _keep_address(ctx: Context, answer: Answer, before: str) -> None:
    assert answer.article is not None
    ctx.db.execute(sa.delete(OldSlug).where(OldSlug.slug == answer.article.slug))
    if before and before != answer.article.slug:
        ctx.db.merge(OldSlug(slug=before, answer_id=answer.id))
