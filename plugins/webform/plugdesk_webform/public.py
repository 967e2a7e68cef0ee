"""The pages of request forms, for anybody: no cookie, nobody is signed in, and a look at them stores nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from typing import Any

from flask import Blueprint, Response, g, jsonify, request, url_for
from markupsafe import Markup

from plugdesk.api import (
    LANGUAGES,
    Context,
    FieldKind,
    Invalid,
    NewFile,
    TooMany,
    current_language,
    html_of_text,
    runtime_of,
    storable,
    suggest_answers,
    use_language,
)
from plugdesk.api import gettext as _
from plugdesk_web.api import (
    TONES,
    begin_reading,
    begin_writing,
    context,
    frameable,
    has_rules,
    is_among,
    page,
    redirect_after,
    ways_on,
)
from plugdesk_webform.around import around, embedding, kept_arguments, language_of, listed, url_of
from plugdesk_webform.asking import asked_on, control_of, form_of, prefilled
from plugdesk_webform.flood import Refusal, floods_of, whose_flood
from plugdesk_webform.letters import send_confirmation
from plugdesk_webform.limits import connection_of, count_look_up, in_words, refuse_flood
from plugdesk_webform.models import RequestForm, Submission
from plugdesk_webform.queries import consent_now, has_letters, request_form_called, request_forms
from plugdesk_webform.sending import (
    MEGABYTE,
    Sent,
    confirm,
    file_limits,
    read_request,
    send,
    sent_before,
    wait_for_letter,
    waiting_behind,
)
from plugdesk_webform.tokens import (
    BITS,
    PUZZLES,
    FormToken,
    browsers_work_at,
    new_token,
    read_number,
    read_token,
    seal_number,
    work_is_done,
)
from plugdesk_webform.writers import PROOF, Writer, as_guest, coming_back, reading, sending, still_sending

blueprint = Blueprint("requests", __name__)
TRAP = "homepage"  # a control nobody sees; programs fill it in
UNSEEN = (
    "position:absolute;inset-inline-start:-200vw;inline-size:1px;block-size:1px;overflow:hidden"  # also without our style sheet
)


@blueprint.get("/")
def index(slug: str) -> Response:
    """The request forms of the form that are on."""
    ctx = context("webform")
    rows = request_forms(ctx, only_on=True)
    with use_language(language_of(ctx, None)):
        return page("webform:public/index.html", rows=rows, form=form_of(ctx), **around(ctx, None))


@blueprint.get("/embed.js")
def embed(slug: str) -> Response:
    """The script for other sites: a frame where the script tag stands, as high as what is in it."""
    script = page("webform:public/embed.js")
    script.mimetype = "text/javascript"
    return script


@blueprint.get("/<code>")
def show(slug: str, code: str) -> Response:
    """A request form, with what a link fills in; of one that is switched off words that say so, wherever it stood."""
    with _looking(code, also_closed=True) as (ctx, row):
        site, where = embedding(row)
        if not row.is_on:
            return frameable(
                page("webform:public/closed.html", status=404, row=row, form=form_of(ctx), **around(ctx, row, site)), row.sites
            )
        return form_page(ctx, row, prefilled(ctx, row, request.args), reading(ctx, row), site=site, where=where)


@blueprint.post("/<code>")
def create(slug: str, code: str) -> Response:
    """Send it. A refusal shows the page again with everything typed; a page sent twice leads to the same thanks."""
    with _looking(code) as (ctx, row):
        return _create(ctx, row, code)


@blueprint.post("/<code>/fields")
def fields(slug: str, code: str) -> Response:
    """What is asked next, for what is entered so far; nothing is stored."""
    with _looking(code) as (ctx, row):
        writer = sending(ctx, row, request.form)
        asked = asked_on(ctx, row, request.form, customer=writer.customer if writer else None)
        return page("webform:public/_questions.html", questions=asked.questions, problems={}, limits=file_limits(ctx))


@blueprint.post("/<code>/answers")
def answers(slug: str, code: str) -> Response:
    """Answers that stand written already to the subject as one types it: of those extensions that have any."""
    with _looking(code) as (ctx, row):
        if read_token(ctx, row, request.form.get("token", ""), host=request.host) is None:
            raise Invalid(_("This page was open for too long. Load it once more."))
        count_look_up(runtime_of(ctx.db), ctx, row, connection_of(ctx, request.remote_addr))
        found = suggest_answers(ctx.db, form_of(ctx), storable(request.form.get("subject", "")), language=current_language())
    return jsonify(answers=[{"title": each.title, "url": each.url} for each in found])


@blueprint.get("/<code>/thanks")
def thanks(slug: str, code: str) -> Response:
    """Where one is after sending: thanks, or on the way to the page an admin has named."""
    with _looking(code) as (ctx, row):
        said = Markup(html_of_text(row.thanks)) if row.thanks else None  # escaped, see html_of_text
        shown = page(
            "webform:public/thanks.html", row=row, form=form_of(ctx), said=said, number=read_number(ctx, request.args.get("sent", "")),
            ways=ways_on() if reading(ctx, row) else (), **around(ctx, row, listed(row, request.args.get("_site", ""))),
        )  # fmt: skip
    return frameable(shown, row.sites)


@blueprint.get("/<code>/waiting")
def waiting(slug: str, code: str) -> Response:
    """A letter is on its way that asks to confirm."""
    with _looking(code) as (ctx, row):
        shown = page("webform:public/waiting.html", row=row, form=form_of(ctx), **around(ctx, row))
    return frameable(shown, row.sites)


@blueprint.get("/confirmations/<link>")
def confirmation(slug: str, link: str) -> Response:
    """What a letter leads to: one button. Looking opens no ticket, for mail scanners look at every link."""
    ctx = context("webform")
    submission = waiting_behind(ctx, link)
    with use_language(submission.language):
        return page("webform:public/confirm.html", submission=submission, link=link, form=form_of(ctx), **around(ctx, None))


@blueprint.post("/confirmations/<link>")
def store_confirmation(slug: str, link: str) -> Response:
    """The button: the request becomes a ticket."""
    with use_language(waiting_behind(context("webform"), link).language):
        begin_writing()
        ctx = context("webform")
        submission = waiting_behind(ctx, link)
        try:
            confirm(ctx, submission)
        except Invalid as refusal:
            begin_reading()
            submission = waiting_behind(context("webform"), link)
            return page(
                "webform:public/confirm.html", status=422, submission=submission, link=link, form=form_of(ctx), problem=str(refusal),
                **around(ctx, None),
            )  # fmt: skip
        row = _row_of(ctx, submission)
        return redirect_after(_thanks_url(ctx, row, submission) if row else url_for(".index", slug=slug))


@contextmanager
def _looking(code: str, *, also_closed: bool = False) -> Iterator[tuple[Context, RequestForm]]:
    """The request form at this address, in the language it is shown in. Raises `NotFound`."""
    ctx = context("webform")
    row = request_form_called(ctx, code, also_closed=also_closed)
    with use_language(language_of(ctx, row)):
        yield ctx, row


def form_page(
    ctx: Context,
    row: RequestForm,
    given: Mapping[str, Any],
    writer: Writer | None = None,
    *,
    site: str = "",
    where: str = "",
    problems: Mapping[str, str] | None = None,
    words: str = "",
    status: int = 200,
    preview: bool = False,
) -> Response:
    """The page of a request form for its `writer`, if they are known; `given` is what stands in its controls."""
    form, consent, problems = form_of(ctx), consent_now(ctx, row), problems or {}
    customer = writer.customer if writer else None
    asked = asked_on(ctx, row, given, customer=customer)
    order = [each.name for each in asked.questions]
    problems = dict(sorted(problems.items(), key=lambda each: order.index(each[0]) if each[0] in order else len(order)))
    shown = page(
        "webform:public/form.html", status=status, row=row, form=form, questions=asked.questions, problems=problems, words=words,
        intro=Markup(html_of_text(row.intro)) if row.intro else None, consent=consent, agreed=given.get("consent", ""),
        consent_html=Markup(html_of_text(consent.text)) if consent else None, trap=TRAP, limits=file_limits(ctx), depends=has_rules(form),
        unseen=UNSEEN, token="" if preview else new_token(ctx, row, host=request.host, site=site, page=where), puzzles=PUZZLES, bits=BITS,
        kept=kept_arguments(), letters=has_letters(ctx) and not row.anonymous, preview=preview,
        writer=writer, proof_name=PROOF, as_guest=as_guest(ctx, row),
        **around(ctx, row, site),
    )  # fmt: skip
    return shown if preview else frameable(shown, row.sites)


def _create(ctx: Context, row: RequestForm, code: str) -> Response:
    given, raw = request.form, request.form.get("token", "")
    token = read_token(ctx, row, raw, host=request.host)
    site, where = (token.site, token.page) if token else ("", "")
    writer = coming_back(ctx, row, given)
    if given.get("asked"):
        return form_page(ctx, row, given, writer, site=site, where=where)
    if given.get(TRAP):
        return redirect_after(url_of(".thanks", row))  # a program: it is thanked, and nothing is kept
    if token is None or token.is_over:
        stale = _("This page was open for too long. Nothing is lost: look it over and send it once more.")
        return form_page(ctx, row, given, writer, site=site, where=where, words=stale, status=422)
    if site and not is_among(site, row.sites):
        gone = _("This site may no longer show the form. Open it on its own page.")
        return form_page(ctx, row, given, writer, words=gone, status=422)
    try:
        return _take(ctx, row, token, given, worked=work_is_done(raw, given.get("work", "")))
    except (Invalid, TooMany) as refusal:
        begin_reading()
        ctx = context("webform")
        row = request_form_called(ctx, code)
        problems = dict(refusal.problems) if isinstance(refusal, Invalid) else {}
        words = "" if problems else str(refusal)
        if isinstance(refusal, TooMany):
            words = in_words(ctx, refusal) + " " + _("What you wrote stands below.")
        answer = form_page(
            ctx, row, given, coming_back(ctx, row, given), site=site, where=where, problems=_by_control(problems), words=words, status=refusal.status,
        )  # fmt: skip
        if isinstance(refusal, TooMany):
            answer.headers["Retry-After"] = str(int(refusal.wait.total_seconds()) + 1)
        return answer


def _take(ctx: Context, row: RequestForm, token: FormToken, given: Mapping[str, Any], *, worked: bool) -> Response:
    """Open the ticket of who has worked for it, or is known; of whoever is not, ask by a letter.

    A page that was sent before begins to write nothing.
    """
    if (before := sent_before(ctx, token)) is not None:
        return redirect_after(_thanks_url(ctx, row, before, token.site) if before.ticket_id else url_of(".waiting", row))
    connection = connection_of(ctx, request.remote_addr)
    try:
        refuse_flood(ctx, row, connection)
    except TooMany as refusal:
        _note_flood(ctx, row, refusal)
        raise
    writer, code = still_sending(ctx, row, given), row.code
    entered, files = read_request(ctx, row, given, _files(ctx), writer.customer if writer else None)
    begin_writing()
    ctx = context("webform")
    row = request_form_called(ctx, code)
    writer = still_sending(ctx, row, given)
    customer = writer.customer if writer else None
    sent = Sent(token, entered, files, connection, current_language(), customer)
    if worked or customer is not None:
        done = send(ctx, row, sent)
        return redirect_after(_thanks_url(ctx, row, done, token.site) if done.ticket_id else url_of(".waiting", row))
    if not has_letters(ctx) or row.anonymous:
        if not browsers_work_at(request.host_url):
            raise Invalid(_("This form can be sent over HTTPS only. Open it by an address that begins with https://."))
        raise Invalid(_("Switch on scripts in your browser to send this form: they keep programs away."))
    if not entered.email:
        raise Invalid(
            problems={
                "email": _(
                    "Without scripts we ask by a letter whether it was you. Write your e-mail address, or switch scripts on."
                )
            }
        )
    submission, link = wait_for_letter(ctx, row, sent)
    if link is not None:
        send_confirmation(ctx, row, entered.email, link)
    elif submission.ticket_id is not None:
        return redirect_after(_thanks_url(ctx, row, submission, token.site))
    return redirect_after(url_of(".waiting", row))


def _note_flood(ctx: Context, row: RequestForm, refused: TooMany) -> None:
    """Remember that the limits have refused somebody; whoever goes on is answered without being looked at, see `flood.quick`.

    The next one of the same connection may speak another language, or look at a frame on a darker page: there is a page for each.
    """
    floods, whose = floods_of(runtime_of(ctx.db)), whose_flood(request.environ, anonymous=row.anonymous)
    if not floods.goes_on(whose, ctx.now):
        return
    pages, policy = dict[tuple[str, str], bytes](), ""
    for language, tone in product([row.language] if row.language else LANGUAGES, ("", *TONES)):
        with use_language(language):
            words, where = in_words(ctx, refused), around(ctx, row, tone=tone)
            shown = page("webform:public/flood.html", status=429, row=row, form=form_of(ctx), words=words, **where)
        policy = frameable(shown, row.sites).headers.get("Content-Security-Policy", "")
        pages[language, tone] = shown.get_data()
    floods.refuse(whose, Refusal(ctx.now + refused.wait, pages, row.language or ctx.desk.language, policy), ctx.now)


def _files(ctx: Context) -> dict[str, list[NewFile]]:
    """The files that came, by field, each read up to one byte more than is allowed."""
    most, found = file_limits(ctx).mb * MEGABYTE, dict[str, list[NewFile]]()
    for each in form_of(ctx).fields:
        if each.kind is FieldKind.FILE:
            sent = [file for file in request.files.getlist(control_of(each.code)) if file.filename]
            if sent:
                found[each.code] = [NewFile(file.filename or "", file.read(most + 1), file.mimetype) for file in sent]
    return found


def _by_control(problems: Mapping[str, str]) -> dict[str, str]:
    """The ticket's own refusals name fields, those of the page its controls."""
    fields = {each.code for each in g.form.fields}
    return {(control_of(name) if name in fields else name): sentence for name, sentence in problems.items()}


def _thanks_url(ctx: Context, row: RequestForm, submission: Submission, site: str = "") -> str:
    number = seal_number(ctx, submission.ticket_id) if submission.ticket_id else None
    return url_of(".thanks", row, sent=number, _site=site or None)


def _row_of(ctx: Context, submission: Submission) -> RequestForm | None:
    return next((row for row in request_forms(ctx, only_on=True) if row.id == submission.request_form_id), None)
