"""My requests: the list, what was said on each, and what a customer does there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, request, url_for
from werkzeug.datastructures import MultiDict

from plugdesk.api import (
    Conflict,
    Context,
    Direction,
    Invalid,
    Message,
    NewFile,
    NotFound,
    Ticket,
    current_language,
    is_over,
    request_form_links,
    row_number,
    shown_inline,
    survivor,
)
from plugdesk.api import gettext as _
from plugdesk_portal import acting, commands, unsent, watching
from plugdesk_portal.around import begin, ctx_of, customer, customers_only, desk_ctx, files_query, let_frame, portal_page
from plugdesk_portal.colleagues import colleagues_page, file_to_read, reads_colleagues, request_to_read
from plugdesk_portal.queries import entered, last_answer, portal_forms, read_up_to, request_of, requests_page, said_on
from plugdesk_web.api import (
    customers_body_of,
    db,
    done_before,
    framed,
    new_key,
    redirect_after,
    remember,
    send_attachment,
    with_proof,
)

blueprint = Blueprint("requests", __name__)
blueprint.before_request(begin)
blueprint.after_request(let_frame)
STATES = ("", "open", "done")


@blueprint.get("/")
@customers_only
def index() -> Response:
    """The customer's requests, the newest first."""
    state, words = request.args.get("state", ""), request.args.get("q", "")
    below = row_number(request.args.get("below", ""))
    shares = reads_colleagues(desk_ctx(), customer())
    whose = "organization" if shares and request.args.get("whose") == "organization" else ""
    look = colleagues_page if whose else requests_page
    shown = look(desk_ctx(), customer(), state=state if state in STATES else "", words=words, below=below or None)
    return portal_page(
        "list.html", shown=shown, state=state if state in STATES else "", words=words, shares=shares, whose=whose, language=current_language(), ways=_ways_to_ask(desk_ctx()),
    )  # fmt: skip


@blueprint.get("/requests/<int:number>")
@customers_only
def show(number: int) -> Response:
    """One request, with all that was said."""
    return _page(request_to_read(desk_ctx(), customer(), number))


@blueprint.post("/requests/<int:number>/replies")
@customers_only
def reply(number: int) -> Response:
    """The customer's answer, with files. A refusal shows the page with what was typed; a double press sends once."""
    if (target := done_before(db(), customer().id)) is not None:
        return redirect_after(target)
    ticket = request_of(desk_ctx(), customer(), number)
    ctx = ctx_of(ticket)
    try:
        said = commands.reply(ctx, customer(), ticket, text=request.form.get("text", ""), files=_files(ctx))
    except (Invalid, Conflict) as refusal:
        db().rollback()
        problems = dict(refusal.problems) if isinstance(refusal, Invalid) else {}
        ticket = request_of(desk_ctx(), customer(), number)
        return _page(ticket, status=refusal.status, problems=problems, words="" if problems else str(refusal))
    unsent.forget(ctx, customer(), ticket)
    where = said.home if said.home.customer_id == customer().id else ticket
    target = url_for(".show", number=where.number, _anchor=f"m{said.id}")
    return redirect_after(remember(db(), customer().id, target) or target, _("Your answer is sent."))


@blueprint.post("/requests/<int:number>/closing")
@customers_only
def close(number: int) -> Response:
    """It is solved."""
    ticket = request_of(desk_ctx(), customer(), number)
    commands.close(ctx_of(ticket), customer(), ticket)
    return redirect_after(url_for(".show", number=number), _("Your request is closed."))


@blueprint.post("/requests/<int:number>/reopening")
@customers_only
def reopen(number: int) -> Response:
    """It is not solved after all."""
    ticket = request_of(desk_ctx(), customer(), number)
    commands.reopen(ctx_of(ticket), customer(), ticket)
    return redirect_after(url_for(".show", number=number), _("Your request is open again."))


@blueprint.post("/requests/<int:number>/reading")
@customers_only
def mark_read(number: int) -> Response:
    """The page was looked at, up to its `last` message; without script by a button."""
    ticket = request_of(desk_ctx(), customer(), number)
    commands.mark_read(ctx_of(ticket), customer(), ticket, row_number(request.form.get("last", "")) or 0)
    return redirect_after(url_for(".show", number=number))


@blueprint.post("/requests/<int:number>/watching")
@customers_only
def watch(number: int) -> Response:
    """Be told of answers to a colleague's request."""
    ticket = request_to_read(desk_ctx(), customer(), number)
    watching.watch(ctx_of(ticket), customer(), ticket)
    return redirect_after(url_for(".show", number=number), _("You are told of answers by a letter."))


@blueprint.post("/requests/<int:number>/watching/end")
@customers_only
def stop_watching(number: int) -> Response:
    """Be told no more."""
    ticket = request_to_read(desk_ctx(), customer(), number)
    watching.stop_watching(ctx_of(ticket), customer(), ticket)
    return redirect_after(url_for(".show", number=number), _("You are not told of answers any more."))


@blueprint.post("/requests/<int:number>/colleagues")
@customers_only
def let_in(number: int) -> Response:
    """Let a colleague read and watch one's own request. A refusal keeps the address."""
    ticket = request_of(desk_ctx(), customer(), number)
    try:
        colleague = watching.let_in(ctx_of(ticket), customer(), ticket, request.form.get("colleague", ""))
    except Invalid as refusal:
        db().rollback()
        return _page(request_of(desk_ctx(), customer(), number), status=refusal.status, problems=refusal.problems)
    return redirect_after(url_for(".show", number=number), _("%(name)s reads this request now.", name=colleague.name))


@blueprint.post("/requests/<int:number>/colleagues/<int:user_id>/removal")
@customers_only
def shut_out(number: int, user_id: int) -> Response:
    """Take that back."""
    ticket = request_of(desk_ctx(), customer(), number)
    watching.shut_out(ctx_of(ticket), customer(), ticket, user_id)
    return redirect_after(url_for(".show", number=number), _("Saved."))


@blueprint.post("/requests/<int:number>/actions/<code>")
@customers_only
def act(number: int, code: str) -> Response:
    """Something an extension lets customers do. A refusal shows the page with everything typed; a double press does it once."""
    if (target := done_before(db(), customer().id)) is not None:
        return redirect_after(target)
    ticket = request_of(desk_ctx(), customer(), number)
    ctx = ctx_of(ticket)
    try:
        said = acting.act(ctx, ticket, customer(), code, request.form, _files(ctx))
    except (Invalid, Conflict, NotFound) as refusal:
        db().rollback()
        ticket = request_of(desk_ctx(), customer(), number)
        problems = dict(refusal.problems) if isinstance(refusal, Invalid) else {}
        sent = acting.Sent(code, acting.values_in(ticket.form, request.form), problems)
        status = Conflict.status if isinstance(refusal, NotFound) else refusal.status
        return _page(ticket, status=status, words="" if problems else str(refusal), sent=sent)
    unsent.forget(ctx, customer(), ticket)
    target = url_for(".show", number=number)
    return redirect_after(remember(db(), customer().id, target) or target, said)


@blueprint.get("/files/<key>")
@customers_only
def file(key: str) -> Response:
    """A file on something the customer may read."""
    return send_attachment(file_to_read(desk_ctx(), customer(), key))


def _page(
    ticket: Ticket, *, status: int = 200, problems: Any = None, words: str = "", sent: acting.Sent | None = None
) -> Response:
    """The request; after a refusal with what was typed. Words for an action that is gone meanwhile stand in the answer's box."""
    ctx, language = ctx_of(ticket), current_language()
    lives, said = survivor(db(), ticket), said_on(ctx, ticket.customer, ticket)
    own = ticket.customer_id == customer().id
    kept = unsent.unsent_on(ctx, customer(), ticket) if own and request.method == "GET" else None
    typed: MultiDict[str, str] = MultiDict(kept.typed) if kept else request.form
    if kept and kept.code:
        sent = acting.Sent(kept.code, acting.values_in(ticket.form, typed), {})
    actions = acting.actions_on(ctx, ticket, customer(), sent=sent)
    text = "" if any(each.open for each in actions) else typed.get("text", "")
    lost_files = kept.had_files if kept else any(each.filename for each in request.files.values())
    read = read_up_to(ctx, customer(), ticket) if own else said[-1].id if said else 0
    unread = own and last_answer(ctx, customer(), ticket) > read
    return portal_page(
        "request.html", status=status, ticket=ticket, own=own, lives=lives, said=[_shown(each, read) for each in said], unread=unread,
        last=said[-1].id if said else 0, language=language, facts=entered(ctx, ticket), problems=problems or {}, words=words,
        text=text, actions=actions, lost_files=lost_files, unsent=kept is not None, once=new_key(), limits=ctx.settings,
        may_close=commands.may_close(ctx, ticket), may_reopen=commands.may_reopen(ctx, ticket), over=is_over(db(), ticket),
        closed_for_good=ticket.form.archived_at is not None, organization=customer().organization, address=request.form.get("colleague", ""),
        readers=watching.readers(ctx, ticket) if own else (), watched=not own and watching.is_watching(ctx, customer(), ticket),
    )  # fmt: skip


def _shown(message: Message, read: int) -> dict[str, Any]:
    own, author = message.direction is Direction.INCOMING, message.author
    name = _("You") if own and message.author_id == customer().id else author.name if author else desk_ctx().desk.name
    files = [each for each in message.attachments if not (each.inline and each.content_id)]
    return {
        "id": message.id, "author": "customer" if own else "agent", "name": name, "initials": author.initials if author else name[:1].upper(),
        "at": message.created_at, "body": customers_body_of(message, "/portal/files", files_query()), "fresh": not own and message.id > read and message.kind != "receipt",
        "files": [_file(each) for each in files],
    }  # fmt: skip


def _file(attachment: Any) -> dict[str, Any]:
    url = url_for("portal_requests.file", key=attachment.key)
    return {"name": attachment.name, "size": attachment.size, "url": url, "thumb": url if shown_inline(attachment.type) else ""}


def _files(ctx: Context) -> list[NewFile]:
    most = ctx.settings.file_mb * 1024 * 1024
    sent = [each for each in request.files.getlist("files") if each.filename]
    return [NewFile(each.filename or "", each.read(most + 1), each.mimetype) for each in sent]


def _ways_to_ask(ctx: Context) -> list[Any]:
    """The pages on which something new can be asked of the forms with the portal."""
    forms = [form for form in portal_forms(ctx) if form.archived_at is None]
    ways = [link for form in forms for link in request_form_links(ctx.db, form, language=current_language())]
    return [replace(way, url=with_proof(way.url)) for way in ways] if framed() else ways
