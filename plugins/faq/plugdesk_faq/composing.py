"""Answers where somebody writes: what the composer offers, what comes of the one that is chosen, and answers made of replies."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape

from flask import url_for

from plugdesk.api import (
    Context,
    Direction,
    Message,
    NotFound,
    Ticket,
    User,
    excerpt,
    fill_html,
    html_of_text,
    language_of,
    row_number,
    use_language,
)
from plugdesk.api import gettext as _
from plugdesk_faq.commands import use_answer
from plugdesk_faq.links import article_address, site_address
from plugdesk_faq.models import Answer, Visibility
from plugdesk_faq.pictures import words_for_pictures
from plugdesk_faq.queries import is_published, offered_answers
from plugdesk_faq.rights import is_on
from plugdesk_web.api import Offer

LINK = "link-"
EXCERPT = 120


def offers(ctx: Context, ticket: Ticket, agent: User, query: str) -> Sequence[Offer]:
    """Canned responses, those of the customer's language and the agent's own first; then links to articles."""
    language, form = language_of(ctx.db, ticket), ctx.form
    assert form is not None
    found = offered_answers(ctx.db, form, agent, language=language, query=query, most=ctx.settings.offered)
    texts = [Offer(str(each.id), each.name, _place(each), excerpt(each.text, EXCERPT)) for each in found]
    links = [
        Offer(f"{LINK}{each.id}", _("Link: %(title)s", title=each.article.title), _("Article"), excerpt(each.text, EXCERPT))
        for each in found
        if each.article is not None and _can_link(each)
    ]
    return [*texts, *links]


def insert(ctx: Context, ticket: Ticket, agent: User, code: str) -> str:
    """The answer filled for the ticket, or a link to its article; counted as used."""
    number = row_number(code.removeprefix(LINK))
    answer = ctx.db.get(Answer, number) if number is not None else None
    if answer is None or ctx.form is None or not is_on(answer, ctx.form, agent):
        raise NotFound(_("This canned response is gone."))
    html = _link(ctx, answer) if code.startswith(LINK) else _filled(ctx, answer, ticket, agent)
    use_answer(ctx, answer, by=agent)
    return html


def urls(ctx: Context, ticket: Ticket, messages: Sequence[Message], agent: User) -> Mapping[int, str]:
    """Where each reply an agent wrote becomes an answer."""
    return {
        each.id: url_for("faq_answers.new", message=each.id)
        for each in messages
        if each.direction is Direction.OUTGOING and each.author is not None and each.author.is_agent and each.withdrawn_at is None
    }


def from_reply(message: Message) -> str:
    """The body of an answer made of a reply: the customer's name, where it stands by itself, is its variable."""
    body = message.clean_html if message.clean_html is not None else html_of_text(message.text)
    name = " ".join(message.ticket.customer.name.split())
    for words, variable in ((name, "${customer:name}"), (name.partition(" ")[0], "${customer:first_name}")):
        if len(words) > 1:
            alone = re.compile(rf"(?<![\w@.-]){re.escape(escape(words))}(?![\w@-])")
            body = "".join(
                piece if piece.startswith("<") else alone.sub(variable, piece) for piece in re.split(r"(<[^>]*>)", body)
            )
    return body


def _place(answer: Answer) -> str:
    parts = [answer.folder.name if answer.folder else "", "" if answer.is_shared else _("Own")]
    return " · ".join(part for part in parts if part)


def _can_link(answer: Answer) -> bool:
    return is_published(answer) and answer.article is not None and answer.article.visibility is not Visibility.AGENTS


def _link(ctx: Context, answer: Answer) -> str:
    if answer.article is None or not _can_link(answer):
        raise NotFound(_("This article is not published any more."))
    return f'<p><a href="{escape(article_address(ctx, answer.article))}">{escape(answer.article.title)}</a></p>'


def _filled(ctx: Context, answer: Answer, ticket: Ticket, agent: User) -> str:
    with use_language(answer.language or language_of(ctx.db, ticket)):
        return fill_html(ctx.db, words_for_pictures(answer.body, _pictures_at(ctx, answer)), ticket, agent=agent)


def _pictures_at(ctx: Context, answer: Answer) -> str:
    """Where a customer finds the pictures of an answer; empty where they may see none."""
    is_public = is_published(answer) and answer.article is not None and answer.article.visibility is Visibility.PUBLIC
    return site_address(ctx) if is_public else ""
