"""The pages of canned responses: the list by folder, writing and changing one, folders and order."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for

from plugdesk.api import (
    LANGUAGES,
    Conflict,
    Invalid,
    Message,
    NotAllowed,
    NotFound,
    can_see,
    lazy_gettext,
    row_number,
)
from plugdesk.api import gettext as _
from plugdesk_faq import commands
from plugdesk_faq.comparing import answer_in_words, compared
from plugdesk_faq.composing import from_reply
from plugdesk_faq.editing import Typed, blank, choices, input_of, only_with_answers, stored, typed
from plugdesk_faq.models import Answer, Folder
from plugdesk_faq.publishing import ArticleInput, set_article
from plugdesk_faq.queries import answer_for, answers_for, folder_for, folders_for
from plugdesk_faq.rights import PLUGIN, can_change, can_share_some
from plugdesk_web.api import (
    FRESH,
    NavItem,
    Pages,
    Refused,
    agent_only,
    context,
    db,
    me,
    moved,
    nothing,
    page,
    redirect_after,
    refused,
    version_given,
)

blueprint = Blueprint("answers", __name__)
PAGES = [Pages(blueprint, "app"), NavItem(lazy_gettext("Canned responses"), "text", "faq_answers.index")]


@blueprint.get("/answers")
@agent_only
def index() -> Response:
    """What one may use, by folder; with `q` those that hold its words."""
    only_with_answers(db(), me())
    return _index()


@blueprint.get("/answers/new")
@agent_only
def new() -> Response:
    """A new one: empty, out of a reply (`message`), or in another language (`original`)."""
    only_with_answers(db(), me())
    message, original = _message(request.args.get("message", "")), _original(request.args.get("original", ""))
    given = blank(db(), me())
    if message is not None:
        given = Typed(
            message.ticket.subject, from_reply(message), shared=given.shared, everywhere=given.everywhere, forms=given.forms
        )
    elif original is not None:
        first = stored(original)
        given = Typed(first.name, first.html, first.folder, first.shared, first.everywhere, first.forms, "", str(original.id))
    return _edit(None, given, message=message)


@blueprint.post("/answers")
@agent_only
def create() -> Response:
    """Write it; by the other button it becomes the draft of an article, too."""
    only_with_answers(db(), me())
    ctx, given = context(PLUGIN), typed()
    try:
        answer = commands.write_answer(ctx, input_of(given), by=me())
        if request.form.get("as") == "article":
            set_article(ctx, answer, ArticleInput(answer.name), by=me(), revision=answer.revision)
    except (Invalid, NotAllowed) as refusal:
        return _edit(None, given, refused(refusal), message=_message(request.form.get("message", "")))
    said = _("“%(name)s” is a canned response.", name=answer.name)
    if answer.article is not None:
        said = _("“%(name)s” is the draft of an article, and a canned response.", name=answer.name)
    return redirect_after(url_for(".index", _anchor=f"a{answer.id}"), said)


@blueprint.get("/answers/<int:answer_id>")
@agent_only
def edit(answer_id: int) -> Response:
    only_with_answers(db(), me())
    answer = answer_for(db(), me(), answer_id)
    return _edit(answer, stored(answer))


@blueprint.post("/answers/<int:answer_id>")
@agent_only
def change(answer_id: int) -> Response:
    only_with_answers(db(), me())
    answer, given = answer_for(db(), me(), answer_id), typed()
    try:
        commands.change_answer(context(PLUGIN), answer, input_of(given), by=me(), revision=version_given())
    except (Conflict, Invalid) as refusal:
        said, answer = refused(refusal), answer_for(db(), me(), answer_id)
        if said.is_conflict:
            said = compared(said, answer_in_words, given, stored(answer), _choices())
        return _edit(answer, given, said)
    return redirect_after(url_for(".index", _anchor=f"a{answer.id}"), _("Saved."))


@blueprint.post("/answers/<int:answer_id>/removal")
@agent_only
def remove(answer_id: int) -> Response:
    only_with_answers(db(), me())
    answer = answer_for(db(), me(), answer_id)
    name = answer.name
    commands.delete_answer(context(PLUGIN), answer, by=me())
    return redirect_after(url_for(".index"), _("“%(name)s” is deleted.", name=name))


@blueprint.post("/answers/<int:answer_id>/move")
@agent_only
def move(answer_id: int) -> Response:
    """One place up or down within its folder."""
    only_with_answers(db(), me())
    answer = answer_for(db(), me(), answer_id)
    commands.may_change(context(PLUGIN), answer, me())
    beside = [each for each in answers_for(db(), me()) if each.folder_id == answer.folder_id and can_change(db(), me(), each)]
    commands.put_in_order(context(PLUGIN), [str(each) for each in moved([each.id for each in beside], answer.id)], by=me())
    return redirect_after(url_for(".index", _anchor=f"a{answer.id}"))


@blueprint.post("/answers/order")
@agent_only
def put_in_order() -> Response:
    """The order after a drag."""
    only_with_answers(db(), me())
    commands.put_in_order(context(PLUGIN), request.form.getlist("order"), by=me())
    return nothing()


@blueprint.post("/folders")
@agent_only
def add_folder() -> Response:
    only_with_answers(db(), me())
    name, shared = request.form.get("name", ""), bool(request.form.get("shared"))
    try:
        commands.add_folder(context(PLUGIN), name, shared=shared, by=me())
    except Invalid as refusal:
        db().rollback()
        return _index(
            folder_typed={"name": name, "shared": shared}, problems=refusal.problems or {"name": str(refusal)}, status=422
        )
    return redirect_after(url_for(".index"), _("The folder %(name)s is there.", name=name.strip()))


@blueprint.post("/folders/<int:folder_id>")
@agent_only
def rename_folder(folder_id: int) -> Response:
    only_with_answers(db(), me())
    commands.rename_folder(context(PLUGIN), folder_for(db(), me(), folder_id), request.form.get("name", ""), by=me())
    return redirect_after(url_for(".index"), _("Saved."))


@blueprint.post("/folders/<int:folder_id>/removal")
@agent_only
def remove_folder(folder_id: int) -> Response:
    only_with_answers(db(), me())
    folder = folder_for(db(), me(), folder_id)
    name = folder.name
    commands.delete_folder(context(PLUGIN), folder, by=me())
    return redirect_after(
        url_for(".index"), _("The folder %(name)s is deleted; what was in it stands without a folder.", name=name)
    )


@blueprint.post("/folders/<int:folder_id>/move")
@agent_only
def move_folder(folder_id: int) -> Response:
    only_with_answers(db(), me())
    folder, shares = folder_for(db(), me(), folder_id), can_share_some(db(), me())
    commands.may_keep_folder(context(PLUGIN), folder.owner_id, me())
    own = [each for each in folders_for(db(), me()) if each.owner_id == me().id or shares]
    commands.order_folders(context(PLUGIN), [str(each) for each in moved([each.id for each in own], folder.id)], by=me())
    return redirect_after(url_for(".index"))


def _message(number: str) -> Message | None:
    """The reply an answer is made of, if the reader may see its ticket."""
    message_id = row_number(number)
    if message_id is None:
        return None
    message = db().get(Message, message_id)
    if message is None or not message.ticket.form.has(PLUGIN) or not can_see(db(), me(), message.ticket):
        raise NotFound(_("There is no such message."))
    return message


def _original(number: str) -> Answer | None:
    answer_id = row_number(number)
    return answer_for(db(), me(), answer_id) if answer_id is not None else None


def _index(*, status: int = 200, **more: Any) -> Response:
    query = request.args.get("q", "")
    found, folders = answers_for(db(), me(), query), folders_for(db(), me())
    places: list[Folder | None] = [
        *folders,
        None,
    ]  # the articles, most of them in no folder, do not stand before what is used daily
    groups = [(place, [each for each in found if each.folder_id == (place.id if place else None)]) for place in places]
    return page(
        "faq:answers/index.html", status=status, groups=groups, found=found, q=query, folders=folders,
        changeable={each.id for each in found if can_change(db(), me(), each)}, may_share=can_share_some(db(), me()),
        forms={form.id: form.name for form in only_with_answers(db(), me())}, languages=LANGUAGES,
        **{"folder_typed": {}, "problems": {}, **more},
    )  # fmt: skip


def _edit(answer: Answer | None, given: Typed, said: Refused = FRESH, *, message: Message | None = None) -> Response:
    return page(
        "faq:answers/edit.html", status=said.status, answer=answer, version=said.version_of(answer.revision) if answer else None,
        typed=given, refused=said, problems=said.problems, message=message,
        may_change=answer is None or can_change(db(), me(), answer), **_choices(),
    )  # fmt: skip


def _choices() -> dict[str, Any]:
    """What the answer's page offers to choose from."""
    return {
        "languages": list(LANGUAGES.items()), "folder_choices": [(str(each.id), each.name) for each in folders_for(db(), me())],
        **choices(db(), me(), only_with_answers(db(), me())),
    }  # fmt: skip
