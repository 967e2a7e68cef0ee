"""The pages on which articles are written: the list by category, one article with its versions, categories, how the site looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, request, url_for

from plugdesk.api import LANGUAGES, Conflict, Invalid, NotAllowed, NotFound, lazy_gettext, row_number
from plugdesk.api import gettext as _
from plugdesk_faq import publishing
from plugdesk_faq.article_typed import Typed, inputs_of, stored, typed
from plugdesk_faq.commands import may_change
from plugdesk_faq.comparing import article_in_words, category_in_words, compared, readable
from plugdesk_faq.models import Answer, Article, Category, State, Version, Visibility
from plugdesk_faq.queries import WHOLE, answer_for, categories, translations_of, versions_of
from plugdesk_faq.rights import PLUGIN, can_change, can_share_some, forms_to_share_on, readable_answers
from plugdesk_faq.site_models import Missed, Tally, Vote
from plugdesk_faq.writing import restore_version, save_article, version_of
from plugdesk_web.api import (
    FRESH,
    NavItem,
    Pages,
    Refused,
    agent_only,
    context,
    db,
    difference,
    me,
    moved,
    nothing,
    page,
    redirect_after,
    refused,
    version_given,
)

blueprint = Blueprint("articles", __name__)
PAGES = [Pages(blueprint, "app"), NavItem(lazy_gettext("Articles"), "book", "faq_articles.index")]
STATES = [
    (State.DRAFT, lazy_gettext("Draft")), (State.REVIEW, lazy_gettext("In review")), (State.PUBLISHED, lazy_gettext("Published")),
]  # fmt: skip
READERS = [
    (Visibility.PUBLIC, lazy_gettext("Everybody")), (Visibility.SIGNED_IN, lazy_gettext("Signed-in customers")),
    (Visibility.AGENTS, lazy_gettext("Agents alone")),
]  # fmt: skip


@blueprint.get("/articles")
@agent_only
def index() -> Response:
    """The articles by category, with what each was good for; `state` shows those alone that are so far."""
    _only_writers()
    return _index()


@blueprint.get("/articles/new")
@agent_only
def new() -> Response:
    """A new one: empty, or in another language than `original`."""
    _only_writers()
    original = row_number(request.args.get("original", ""))
    given = Typed(everywhere=me().is_admin, forms=[str(each.id) for each in forms_to_share_on(db(), me())])
    if original is not None:
        first = stored(answer_for(db(), me(), original))
        given = Typed(
            first.title, first.html, category=first.category, visibility=first.visibility, is_page=first.is_page,
            everywhere=first.everywhere, forms=first.forms, original=str(original),
        )  # fmt: skip
    return _edit(None, given)


@blueprint.post("/articles")
@agent_only
def create() -> Response:
    _only_writers()
    return _save(None)


@blueprint.get("/articles/<int:answer_id>")
@agent_only
def edit(answer_id: int) -> Response:
    """The article's page; of an answer that is none yet the page that makes it one."""
    answer = _changeable(answer_id)
    return _edit(answer, stored(answer))


@blueprint.post("/articles/<int:answer_id>")
@agent_only
def change(answer_id: int) -> Response:
    return _save(_changeable(answer_id))


@blueprint.post("/articles/<int:answer_id>/withdrawal")
@agent_only
def withdraw(answer_id: int) -> Response:
    """No article any more; the answer stays as a canned response."""
    answer = _changeable(answer_id)
    publishing.withdraw_article(context(PLUGIN), answer, by=me())
    return redirect_after(url_for(".index"), _("“%(name)s” is no article any more; the canned response stays.", name=answer.name))


@blueprint.get("/articles/<int:answer_id>/versions")
@agent_only
def versions(answer_id: int) -> Response:
    """What it said before, and what differs between the version chosen and the one before it."""
    answer = _changeable(answer_id)
    rows = list(versions_of(db(), answer))
    chosen = _version(answer, request.args.get("number", ""), rows)
    before = next((each for each in rows if chosen is not None and each.number < chosen.number), None)
    said, pieces = _said(chosen), difference(_said(before), _said(chosen))
    return page("faq:articles/versions.html", answer=answer, rows=rows, chosen=chosen, before=before, said=said, pieces=pieces)


@blueprint.post("/articles/<int:answer_id>/versions/<int:number>/restoration")
@agent_only
def restore(answer_id: int, number: int) -> Response:
    answer = _changeable(answer_id)
    restore_version(context(PLUGIN), answer, number, by=me(), revision=version_given())
    return redirect_after(
        url_for(".edit", answer_id=answer_id), _("It says again what it said in version %(number)s.", number=number)
    )


@blueprint.post("/articles/<int:answer_id>/move")
@agent_only
def move(answer_id: int) -> Response:
    """One place up or down within its category."""
    answer = _changeable(answer_id)
    if answer.article is None:
        raise NotFound(_("There is no such article."))
    category_id = answer.article.category_id
    publishing.order_articles(context(PLUGIN), category_id, moved(_ids_in(category_id), answer_id), by=me())
    return redirect_after(url_for(".index", _anchor=f"a{answer_id}"))


@blueprint.post("/articles/order")
@agent_only
def put_in_order() -> Response:
    """The order after a drag, within the category of the first."""
    order = [number for number in map(row_number, request.form.getlist("order")) if number is not None]
    first = db().get(Article, order[0]) if order else None
    if first is not None:
        publishing.order_articles(context(PLUGIN), first.category_id, order, by=me())
    return nothing()


@blueprint.post("/categories")
@agent_only
def add_category() -> Response:
    names = _names()
    try:
        publishing.add_category(context(PLUGIN), names, by=me())
    except Invalid as refusal:
        return _index(refused(refusal), names=names)
    return redirect_after(url_for(".index", _anchor="categories"))


@blueprint.post("/categories/<int:category_id>")
@agent_only
def rename_category(category_id: int) -> Response:
    names = _names()
    try:
        publishing.change_category(context(PLUGIN), _category(category_id), names, by=me(), revision=version_given())
    except (Conflict, Invalid) as refusal:
        said, row = refused(refusal), _category(category_id)
        said = said.compared(category_in_words(names, LANGUAGES), category_in_words(row.names, LANGUAGES))
        return _index(said, renamed=category_id, names=names, version=said.version_of(row.revision))
    return redirect_after(url_for(".index", _anchor="categories"), _("Saved."))


@blueprint.post("/categories/<int:category_id>/removal")
@agent_only
def remove_category(category_id: int) -> Response:
    publishing.delete_category(context(PLUGIN), _category(category_id), by=me())
    return redirect_after(url_for(".index", _anchor="categories"), _("The category is deleted; its articles stand in none."))


@blueprint.post("/categories/<int:category_id>/move")
@agent_only
def move_category(category_id: int) -> Response:
    order = moved([each.id for each in categories(db())], _category(category_id).id)
    publishing.order_categories(context(PLUGIN), [str(each) for each in order], by=me())
    return redirect_after(url_for(".index", _anchor="categories"))


@blueprint.post("/categories/order")
@agent_only
def order_categories() -> Response:
    publishing.order_categories(context(PLUGIN), request.form.getlist("order"), by=me())
    return nothing()


def _save(answer: Answer | None) -> Response:
    given = typed(answer)
    text, about = inputs_of(given)
    number = answer.id if answer else None
    try:
        saved = save_article(context(PLUGIN), answer, text, about, by=me(), revision=version_given() if answer else None)
    except (Conflict, Invalid, NotAllowed) as refusal:
        said = refused(refusal)
        answer = answer_for(db(), me(), number) if number is not None else None
        if answer is not None and said.is_conflict:
            said = compared(said, article_in_words, given, stored(answer), _choices())
        return _edit(answer, given, said)
    return redirect_after(url_for(".edit", answer_id=saved.id), _("Saved."))


def _edit(answer: Answer | None, given: Typed, said: Refused = FRESH) -> Response:
    votes = list(db().scalars(_VOTES.where(Vote.answer_id == answer.id))) if answer else []
    return page(
        "faq:articles/edit.html", status=said.status, answer=answer, version=said.version_of(answer.revision) if answer else None,
        typed=given, refused=said, problems=said.problems, votes=votes, others=translations_of(db(), answer) if answer else [],
        tally=db().get(Tally, answer.id) if answer else None, **_choices(),
    )  # fmt: skip


def _choices() -> dict[str, Any]:
    """What the article's page offers to choose from."""
    return {
        "states": STATES, "readers": READERS, "languages": list(LANGUAGES.items()),
        "category_choices": [(str(each.id), each.name) for each in categories(db())],
        "form_choices": [(str(each.id), each.name) for each in forms_to_share_on(db(), me())],
    }  # fmt: skip


def _index(said: Refused = FRESH, **more: Any) -> Response:
    state = request.args.get("state", "")
    wanted = sa.select(Answer).join(Article).where(readable_answers(db(), me())).options(*WHOLE)
    if state in list(State):
        wanted = wanted.where(Article.state == state)
    rows = list(db().scalars(wanted.order_by(Article.position, Article.answer_id)))
    places: list[Category | None] = [*categories(db()), None]
    groups = [(place, [each for each in rows if _is_in(each, place)]) for place in places]
    return page(
        "faq:articles/index.html", status=said.status, groups=[(place, held) for place, held in groups if held], rows=rows, state=state,
        states=STATES, categories=places[:-1], changeable={each.id for each in rows if can_change(db(), me(), each)},
        tallies={each.answer_id: each for each in db().scalars(sa.select(Tally))}, languages=LANGUAGES, readers=dict(READERS),
        missed=list(db().scalars(sa.select(Missed).order_by(Missed.times.desc(), Missed.last_at.desc()).limit(50))),
        refused=said, problems=said.problems, **{"names": {}, "renamed": None, **more},
    )  # fmt: skip


_VOTES = sa.select(Vote).where(Vote.comment != "").order_by(Vote.id.desc()).limit(20)


def _is_in(answer: Answer, place: Category | None) -> bool:
    assert answer.article is not None
    return answer.article.category_id == (place.id if place else None)


def _only_writers() -> None:
    """Those who may write shared answers somewhere; for others there is no such page."""
    if not can_share_some(db(), me()):
        raise NotFound(_("There are no articles where you work."))


def _changeable(answer_id: int) -> Answer:
    answer = answer_for(db(), me(), answer_id)
    may_change(context(PLUGIN), answer, me())
    if not answer.is_shared:
        raise NotFound(_("There is no such article."))
    return answer


def _category(category_id: int) -> Category:
    _only_writers()
    found = db().get(Category, category_id)
    if found is None:
        raise NotFound(_("There is no such category."))
    return found


def _names() -> dict[str, str]:
    return {code: request.form.get(f"name-{code}", "") for code in LANGUAGES}


def _ids_in(category_id: int | None) -> list[int]:
    wanted = sa.select(Article.answer_id).where(Article.category_id.is_not_distinct_from(category_id))
    return list(db().scalars(wanted.order_by(Article.position, Article.answer_id)))


def _version(answer: Answer, number: str, rows: Sequence[Version]) -> Version | None:
    wanted = row_number(number)
    if wanted is not None:
        return version_of(context(PLUGIN), answer, wanted)
    return rows[0] if rows else None


def _said(version: Version | None) -> str:
    return f"{version.title or version.name}\n\n{readable(version.body)}\n" if version else ""
