"""What stands in the controls of an article's page: stored, prefilled, or just typed."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import request

from plugdesk.api import row_number, text_of_html
from plugdesk_faq.commands import AnswerInput
from plugdesk_faq.models import Answer, State, Visibility
from plugdesk_faq.publishing import ArticleInput
from plugdesk_web.api import written_html


@dataclass(frozen=True)
class Typed:
    """The controls: numbers are text."""

    title: str = ""
    html: str = ""
    slug: str = ""
    category: str = ""
    state: str = State.DRAFT
    visibility: str = Visibility.PUBLIC
    is_page: bool = False
    everywhere: bool = True
    forms: list[str] = field(default_factory=list)
    language: str = ""
    original: str = ""
    name: str = ""
    folder: str = ""

    @property
    def text(self) -> str:
        """What the plain text area holds without script."""
        return text_of_html(self.html)


def stored(answer: Answer) -> Typed:
    """The page of an article, or of an answer that is to become one."""
    article = answer.article
    about = {
        "title": article.title, "slug": article.slug, "category": str(article.category_id or ""), "state": article.state,
        "visibility": article.visibility, "is_page": article.is_page,
    } if article else {"title": answer.name}  # fmt: skip
    return Typed(
        html=answer.body, everywhere=answer.everywhere, forms=[str(each) for each in sorted(answer.form_ids)],
        language=answer.language, original=str(answer.original_id or ""), name=answer.name, folder=str(answer.folder_id or ""), **about,
    )  # fmt: skip


def typed(answer: Answer | None) -> Typed:
    """What came with the request; what the page does not show stays as it is."""
    given = request.form
    kept = stored(answer) if answer else Typed()
    return Typed(
        given.get("title", ""), written_html(), given.get("slug", ""), given.get("category", ""), given.get("state", ""),
        given.get("visibility", ""), bool(given.get("is_page")), given.get("where", "all") == "all", given.getlist("forms"),
        given.get("language", ""), kept.original if answer else given.get("original", ""), kept.name, kept.folder,
    )  # fmt: skip


def inputs_of(given: Typed) -> tuple[AnswerInput, ArticleInput]:
    """The same for the command."""
    forms = [number for number in map(row_number, given.forms) if number is not None]
    text = AnswerInput(
        given.name,
        given.html,
        row_number(given.folder),
        True,
        given.everywhere,
        forms,
        given.language,
        row_number(given.original),
    )
    return text, ArticleInput(
        given.title, row_number(given.category), given.visibility, given.state, given.is_page, given.slug.strip()
    )
