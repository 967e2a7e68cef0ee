"""Where answers join the desk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from plugdesk.api import Change, Context, Form, SuggestedAnswer, User, copy_rows, hookimpl, lazy_gettext, ngettext
from plugdesk.api import gettext as _
from plugdesk_faq import ready
from plugdesk_faq.freshness import watch_changes
from plugdesk_faq.models import Answer, AnswerForm
from plugdesk_faq.ready_articles import add_example_articles
from plugdesk_faq.rights import answers_on
from plugdesk_faq.suggesting import suggestions

watch_changes()


@hookimpl
def pages() -> Sequence[Any]:
    from plugdesk_faq import article_routes, composing, look_routes, public, routes
    from plugdesk_faq.kept import quick
    from plugdesk_web.api import ComposerTool, MessageAction, Pages

    return [
        ComposerTool("canned", lazy_gettext("Canned responses"), "text", composing.offers, composing.insert, key="/"),
        MessageAction("keep", lazy_gettext("Save as an answer"), "text", composing.urls),
        *routes.PAGES,
        *article_routes.PAGES,
        *look_routes.PAGES,
        Pages(public.blueprint, "site", with_own_tokens=True, quick=quick, entrance=lazy_gettext("Help")),
    ]


@hookimpl
def make_example(ctx: Context, by: User) -> None:
    ready.add_examples(ctx, by=by)
    add_example_articles(ctx, by=by)


@hookimpl
def form_copied(ctx: Context, source: Form) -> None:
    copy_rows(ctx, AnswerForm, source)


@hookimpl
def what_will_change(ctx: Context, form: Form, switching_on: bool) -> Sequence[Change]:
    if not switching_on:
        return [Change(_("Replies on %(form)s are offered no canned responses; they are kept", form=form.name), "amber")]
    number = ctx.db.scalar(sa.select(sa.func.count(Answer.id)).where(answers_on(form))) or 0
    if number:
        said = ngettext(
            "Replies on %(form)s are offered %(num)d canned response",
            "Replies on %(form)s are offered %(num)d canned responses",
            number,
            form=form.name,
        )
        return [Change(said, "green")]
    return [
        Change(_("Replies on %(form)s are offered canned responses, once somebody has written some", form=form.name), "green")
    ]


@hookimpl
def suggest_answers(ctx: Context, words: str, language: str) -> Sequence[SuggestedAnswer]:
    return suggestions(ctx, words, language)
