"""The site `/help`, for anybody: search, categories, articles. No cookie is set, and looking stores nothing.

A browser that is signed in is shown what is its reader's besides; those answers are kept nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, abort, current_app, redirect, request, url_for

from plugdesk.api import (
    LANGUAGES,
    Context,
    Form,
    NotFound,
    content_disposition,
    current_language,
    lazy_gettext,
    request_form_links,
    runtime_of,
    storable,
    use_language,
)
from plugdesk.api import gettext as _
from plugdesk_faq import visits
from plugdesk_faq.articles import excerpt_with_marks, shown_body, structured
from plugdesk_faq.finding import articles_about
from plugdesk_faq.kept import SEARCHED, kept_page, pages_of
from plugdesk_faq.models import Answer, Category
from plugdesk_faq.pictures import is_shown, picture_called
from plugdesk_faq.rights import can_read
from plugdesk_faq.site_models import OldSlug
from plugdesk_faq.snapshot import ANYBODY, Reader, Shown, Snapshot, key_now, reader_of, snapshot_of
from plugdesk_web.api import context, customer_or_none, db, me_or_none, nothing, page, redirect_after

blueprint = Blueprint("site", __name__)
IN_CATEGORY, MOST_READ, FOUND = 5, 5, 15


@blueprint.get("/")
def front() -> Response:
    """Search first, the categories with what is in them, and what is read most."""
    site, reader = _site(), _reader()
    language = _language()

    def make() -> Response:
        articles = _listed(site, reader, language)
        read = sorted((each for each in articles if each.read), key=lambda each: (-each.read, each.title))[:MOST_READ]
        return _page(
            "front", site, reader, language, read=read, **_directory(site, articles),
            canonical=_absolute(site, url_for(".front", **_asked_language())),
        )  # fmt: skip

    return _answer(site, reader, ("front", language, request.host), make, asks_language=True)


@blueprint.get("/c/<slug>")
def category(slug: str) -> Response:
    """The articles of a category."""
    site, reader, language = _site(), _reader(), _language()
    found = next((each for each in site.categories if each.slug == slug), None)
    articles = _in_order(each for each in site.listed(reader, language) if found is not None and each.category_id == found.id)
    if found is None or not articles:
        return _missing(site, reader, lazy_gettext("There is no such category."))

    def make() -> Response:
        url = _absolute(site, url_for(".category", slug=slug, **_asked_language()))
        return _page("category", site, reader, language, category=found, articles=articles, canonical=url)

    return _answer(site, reader, ("category", slug, language, request.host), make, asks_language=True)


@blueprint.get("/<slug>")
def article(slug: str) -> Response:
    """An article, in its own language; an address it had before leads to it."""
    site, reader = _site(), _reader()
    shown = site.by_slug.get(slug)
    if shown is None or not site.may_read(reader, shown):
        return _moved(site, reader, slug)
    ctx = context("faq")
    name = ("article", slug, request.host, visits.token_of(ctx))
    return _answer(site, reader, name, lambda: _article(ctx, site, reader, shown), is_public=site.may_read(ANYBODY, shown))


@blueprint.get("/search")
def search() -> Response:
    """What is found, the best first, with the words marked; where nothing is, what there is to look through."""
    site, reader, language = _site(), _reader(), _language()
    words = " ".join(request.args.get("q", "").split())[:300]
    found = articles_about(site, reader, language, words)[:FOUND] if words else []
    texts = dict(db().execute(sa.select(Answer.id, Answer.text).where(Answer.id.in_([each.id for each, _stems in found]))).all())
    rows = [(each, excerpt_with_marks(texts.get(each.id, ""), stems)) for each, stems in found]
    directory = {} if rows else _directory(site, _listed(site, reader, language))
    return _page(
        "search", site, reader, language, words=words, rows=rows, **directory, token=visits.token_of(context("faq")), unlisted=True,
        canonical=_absolute(site, url_for(".search")),
    )  # fmt: skip


@blueprint.post("/search/missed")
def miss() -> Response:
    """Nothing was found: counted for those who write the articles."""
    ctx = _posted()
    if not articles_about(_site(), ANYBODY, "", request.form.get("q", "")):
        visits.note_missed(ctx, request.form.get("q", ""), connection=visits.connection_of(ctx, request.remote_addr))
    return nothing()


@blueprint.post("/<slug>/votes")
def vote(slug: str) -> Response:
    """Whether it helped, perhaps with a word why."""
    ctx, shown = _posted(), _readable(slug)
    helpful = request.form.get("helpful") == "yes"
    visitor, connection = _visitor(ctx)
    visits.vote(ctx, shown.id, helpful=helpful, comment=request.form.get("why", ""), visitor=visitor, connection=connection)
    words = request.form.get("q", "")[:300]
    return redirect_after(url_for(".thanks", slug=slug, helpful="yes" if helpful else "no", q=words or None))


@blueprint.get("/<slug>/thanks")
def thanks(slug: str) -> Response:
    """After the vote."""
    site, reader, shown = _site(), _reader(), _readable(slug)
    helped = request.args.get("helpful") == "yes"
    return _page(
        "thanks",
        site,
        reader,
        _language_of(site, shown),
        shown=shown,
        helped=helped,
        words=request.args.get("q", "")[:300],
        unlisted=True,
    )


@blueprint.post("/<slug>/readings")
def read(slug: str) -> Response:
    """A browser shows the article."""
    ctx, shown = _posted(), _readable(slug)
    visitor, connection = _visitor(ctx)
    visits.note_reading(ctx, shown.id, searched=bool(request.form.get("q")), visitor=visitor, connection=connection)
    return nothing()


@blueprint.post("/<slug>/asking")
def ask_after(slug: str) -> Response:
    """The article did not do: on to a page on which one asks a person."""
    ctx, shown = _posted(), _readable(slug)
    visitor, _connection = _visitor(ctx)
    words = request.args.get("q", "")[:300] or shown.title
    visits.note_asked(ctx, shown.id, visitor=visitor)
    return redirect_after(url_for(".ask", q=words, about=slug))


@blueprint.get("/ask")
def ask() -> Response:
    """Where one can ask a person, with what was searched for as the subject; straight there where it is one place."""
    site, reader, language = _site(), _reader(), _language()
    shown = site.by_slug.get(storable(request.args.get("about", "")))
    forms = set(site.key.forms)
    if shown is not None and site.may_read(reader, shown) and shown.forms is not None:
        forms &= shown.forms
    words = request.args.get("q", "")[:300]
    links = [
        link
        for form in db().scalars(sa.select(Form).where(Form.id.in_(forms)).order_by(Form.id))
        for link in request_form_links(db(), form, subject=words, language=language)
    ]
    if len(links) == 1:
        return _redirect(links[0].url)
    return _page("ask", site, reader, language, links=links, unlisted=True)


@blueprint.get("/files/<sha256>")
def logo(sha256: str) -> Response:
    """The site's logo."""
    site = _site()
    if site.look.logo != sha256:
        abort(404)
    response = Response(context("faq").read_bytes(sha256), content_type=site.look.logo_type)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@blueprint.get("/pictures/<key>")
def picture(key: str) -> Response:
    """A picture of an article the visitor may read; agents see those of all answers they may read."""
    site, reader, found = _site(), _reader(), picture_called(db(), storable(key))
    answer = db().get_one(Answer, found.answer_id) if found else None
    shown = site.articles.get(answer.id) if answer and found and is_shown(answer, found) else None
    is_public = shown is not None and site.may_read(ANYBODY, shown)
    agent = me_or_none() if request.cookies and not is_public else None
    is_theirs = (shown is not None and site.may_read(reader, shown)) or bool(answer and agent and can_read(db(), agent, answer))
    if found is None or not (is_public or is_theirs):
        raise NotFound(_("There is no such picture."))
    response = Response(context("faq").read_bytes(found.sha256), content_type=found.type)
    response.headers["Content-Disposition"] = content_disposition(found.name, inline=True)
    if is_public:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@blueprint.get("/sitemap.xml")
def sitemap() -> Response:
    """Every public article, for search engines."""
    site = _site()

    def make() -> Response:
        rows = [(_absolute(site, url_for(".article", slug=each.slug)), each) for each in _public(site)]
        made = page("faq:help/sitemap.xml", rows=rows, home=_absolute(site, url_for(".front")))
        made.content_type = "application/xml; charset=utf-8"
        return made

    return _answer(site, ANYBODY, ("sitemap", request.host), make)


@blueprint.get("/feed.xml")
def feed() -> Response:
    """The articles changed last, as Atom."""
    site = _site()

    def make() -> Response:
        rows = sorted(_public(site), key=lambda each: each.changed_at, reverse=True)[:50]
        listed = [(_absolute(site, url_for(".article", slug=each.slug)), each) for each in rows]
        made = page(
            "faq:help/feed.xml",
            rows=listed,
            title=site.title,
            home=_absolute(site, url_for(".front")),
            here=_absolute(site, url_for(".feed")),
        )
        made.content_type = "application/atom+xml; charset=utf-8"
        return made

    return _answer(site, ANYBODY, ("feed", request.host), make)


def _article(ctx: Context, site: Snapshot, reader: Reader, shown: Shown) -> Response:
    answer = ctx.db.get_one(Answer, shown.id)
    body, headings = shown_body(answer)
    url = _absolute(site, url_for(".article", slug=shown.slug))
    language = _language_of(site, shown)
    data = structured(shown.title, answer.text, url, language, shown.published_at.isoformat(), shown.changed_at.isoformat())
    return _page(
        "article", site, reader, language, shown=shown, body=body, headings=headings, canonical=url, token=visits.token_of(ctx),
        category=next((each for each in site.categories if each.id == shown.category_id), None), searched=SEARCHED,
        unlisted=not site.may_read(ANYBODY, shown), data=data, others=site.translations(reader, shown),
    )  # fmt: skip


def _page(name: str, site: Snapshot, reader: Reader, language: str, **values: Any) -> Response:
    with use_language(language):
        return page(
            f"faq:help/{name}.html", site=site, language=language, languages=LANGUAGES,
            pages=_in_order(each for each in site.listed(reader, language) if each.is_page), **values,
        )  # fmt: skip


def _answer(
    site: Snapshot,
    reader: Reader,
    name: tuple[str, ...],
    make: Callable[[], Response],
    *,
    asks_language: bool = False,
    is_public: bool = True,
) -> Response:
    """For anybody the page that is kept; for a reader of more one of their own."""
    if reader.is_anybody and is_public:
        return kept_page(pages_of(runtime_of(db())), site.key, name, make, asks_language=asks_language)
    made = make()
    made.set_data(made.get_data().replace(SEARCHED.encode(), b""))
    return made


def _site() -> Snapshot:
    key = key_now(db())
    if key is None:
        abort(404)
    return snapshot_of(db(), key)


def _reader() -> Reader:
    """Who looks; nobody is asked for where the browser brings no cookie, or posts."""
    return (
        reader_of(db(), me_or_none() or customer_or_none()) if request.cookies and request.method in ("GET", "HEAD") else ANYBODY
    )


def _readable(slug: str) -> Shown:
    site = _site()
    shown = site.by_slug.get(slug)
    if shown is None or not site.may_read(_reader() if request.method == "GET" else ANYBODY, shown):
        raise NotFound(_("There is no such article."))
    return shown


def _moved(site: Snapshot, reader: Reader, slug: str) -> Response:
    old = db().get(OldSlug, storable(slug))
    shown = site.articles.get(old.answer_id) if old else None
    if shown is None or not site.may_read(reader, shown):
        return _missing(site, reader, lazy_gettext("There is no such article."))
    return _redirect(url_for(".article", slug=shown.slug), 301)


def _redirect(url: str, status: int = 303) -> Response:
    return current_app.make_response(redirect(url, status))


def _missing(site: Snapshot, reader: Reader, said: Any) -> Response:
    language = _language()
    found = _directory(site, _listed(site, reader, language))
    return _page("missing", site, reader, language, status=404, said=said, unlisted=True, **found)


def _listed(site: Snapshot, reader: Reader, language: str) -> list[Shown]:
    return [each for each in site.listed(reader, language) if not each.is_page]


def _directory(site: Snapshot, articles: Sequence[Shown]) -> dict[str, Any]:
    """What `help/_directory.html` shows."""
    loose = _in_order(each for each in articles if each.category_id is None)
    return {"groups": _groups(site, articles), "loose": loose, "most": IN_CATEGORY}


def _groups(site: Snapshot, articles: Sequence[Shown]) -> list[tuple[Category, list[Shown]]]:
    groups = [(each, _in_order(article for article in articles if article.category_id == each.id)) for each in site.categories]
    return [(each, held) for each, held in groups if held]


def _in_order(articles: Any) -> list[Shown]:
    return sorted(articles, key=lambda each: (each.position, each.id))


def _public(site: Snapshot) -> list[Shown]:
    return [each for each in site.articles.values() if site.may_read(ANYBODY, each)]


def _posted() -> Context:
    """The `ctx` of a page's own form: what it carries is looked at before anything is done."""
    ctx = context("faq")
    visits.refuse_stranger(ctx, request.form.get("token", ""))
    return ctx


def _visitor(ctx: Context) -> tuple[str, str]:
    return visits.visitor_of(ctx, request.remote_addr, request.user_agent.string), visits.connection_of(ctx, request.remote_addr)


def _asked_language() -> dict[str, Any]:
    asked = request.args.get("lang", "")
    return {"lang": asked} if asked in LANGUAGES else {}


def _language() -> str:
    return _asked_language().get("lang") or current_language()


def _language_of(site: Snapshot, shown: Shown) -> str:
    return shown.language or site.key.language


def _absolute(site: Snapshot, path: str) -> str:
    """The address a page of the site has for the world: below the site's own address where it has one."""
    own = site.look.base_url
    if own:
        return own + path[len(url_for(".front")) - 1 :]
    base = context("faq").base_url or request.url_root.rstrip("/")
    return base + path
