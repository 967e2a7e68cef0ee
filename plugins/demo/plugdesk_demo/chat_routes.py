"""*Write in a messenger*: being somebody who writes to the bot, with a chat as on a telephone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import sqlalchemy as sa
from flask import Blueprint, Response, request, url_for

from plugdesk.api import Form, Identity, Invalid, NotFound, Ticket, content_disposition, runtime_of, shown_inline, sniff_type
from plugdesk.api import gettext as _
from plugdesk_web.api import agent_only, context, db, done_before, me, new_key, nothing, page, redirect_after, remember

from . import messenger as messengers
from .chat import ChatView, picture_type, view_chat
from .messenger import Messenger, add_person, form_of_bot, open_messenger, people
from .models import PlayedPerson
from .recall import recall

if TYPE_CHECKING:
    from plugdesk.testing.messenger import Person, PrivateChat
    from plugdesk.testing.messenger.files import File, Kind

blueprint = Blueprint("chat", __name__)
REQUESTS = 5  # of the person's own that are linked to
LONGEST_NAME = 64
LONGEST_TEXT, LONGEST_CAPTION = 4096, 1024  # UTF-16 units; https://core.telegram.org/bots/api#sendmessage
ALBUM = 10  # files; a messenger sends no more together


@blueprint.get("/messenger")
@agent_only
def write() -> Response:
    """Be one of the messenger's people: read and write."""
    person = _chosen(request.args.get("person", ""))
    return _page(person, {"edit": request.args.get("edit", "")})


@blueprint.post("/messenger")
@agent_only
def add() -> Response:
    """Be somebody new."""
    name = " ".join(request.form.get("name", "").split())
    if not name or len(name) > LONGEST_NAME:
        problem = _("Give the new person a name, of at most %(n)d letters.", n=LONGEST_NAME)
        return _page(_chosen(""), {"name": name}, {"name": problem}, status=422)
    first, _space, last = name.partition(" ")
    person = add_person(db(), first, last)
    db().flush()  # its number
    return redirect_after(url_for("demo_chat.write", person=person.number))


@blueprint.get("/messenger/<int:number>/chat")
@agent_only
def chat(number: int) -> Response:
    """The chat; nothing while nothing is new in it."""
    person, messenger = _person(number), open_messenger()
    view = _view(messenger, person) if messenger else None
    if messenger is None or view is None or view.state == request.args.get("seen"):
        return nothing()
    return page("demo:_chat.html", person=person, chat=view, bot=_bot(messenger))


@blueprint.get("/messenger/<int:number>/files/<int:message>")
@agent_only
def file(number: int, message: int) -> Response:
    """A file of the chat: a picture is shown, anything else is a download."""
    row, messenger = db().get(PlayedPerson, number), open_messenger()
    found = messenger.person(row).chat(messenger.token).find(message) if row and messenger else None
    if found is None or found.file is None:
        raise NotFound(_("There is no such file."))
    kind = picture_type(found.file)
    response = Response(found.file.data, mimetype=kind or "application/octet-stream")
    response.headers["Content-Disposition"] = content_disposition(found.file.name or found.file.kind, inline=kind is not None)
    return response


@blueprint.post("/messenger/<int:number>/messages")
@agent_only
def send(number: int) -> Response:
    """Send text and files, or correct a message; a refusal keeps what was typed."""
    if target := done_before(db(), me().id):
        return redirect_after(target)
    try:
        done = _act(number, _say)
    except Invalid as refusal:
        return _page(_person(number), request.form, refusal.problems, status=422)
    remember(db(), me().id, done.location or "")
    return done


@blueprint.post("/messenger/<int:number>/presses")
@agent_only
def press(number: int) -> Response:
    """Press a button under one of the bot's messages."""

    def press(messenger: Messenger, person: Person) -> None:
        message = person.chat(messenger.token).find(request.form.get("message", 0, type=int))
        if message is not None:
            messenger.pressed[number] = person.press(message, request.form.get("button", ""))

    return _act(number, press)


@blueprint.post("/messenger/<int:number>/start")
@agent_only
def start(number: int) -> Response:
    """Press *Start*, for the first time or once more."""
    return _act(number, lambda messenger, person: person.start(messenger.token))


@blueprint.post("/messenger/<int:number>/contact")
@agent_only
def share_number(number: int) -> Response:
    """Send the bot one's own telephone number."""
    return _act(number, lambda messenger, person: person.share_contact(messenger.token))


@blueprint.post("/messenger/<int:number>/blocking")
@agent_only
def block(number: int) -> Response:
    """Block the bot: it cannot write here any more."""
    return _act(number, lambda messenger, person: person.block(messenger.token))


@blueprint.post("/messenger/<int:number>/blocking/removal")
@agent_only
def unblock(number: int) -> Response:
    """Let the bot write again."""
    return _act(number, lambda messenger, person: person.unblock(messenger.token))


def _act(number: int, act: Callable[[Messenger, Person], object]) -> Response:
    """Do something as this person and lead back to their chat, which shows what has become of it."""
    row, messenger = _person(number), open_messenger()
    target = url_for("demo_chat.write", person=number)
    if messenger is None:
        return redirect_after(target, _("The demo's messenger is still starting. Try again in a moment."), tone="error")
    with suppress(ValueError, LookupError):  # the chat has changed meanwhile: it is blocked, the button is gone
        act(messenger, messenger.person(row))
    return redirect_after(target)


def _say(messenger: Messenger, person: Person) -> None:
    """What is typed and chosen, sent as the messenger's own app sends it: pictures together, other files after them."""
    from plugdesk.testing.messenger import new_file

    token, text, edited = messenger.token, request.form.get("text", "").strip(), request.form.get("edit", 0, type=int)
    given = [(each.filename or "", each.read()) for each in request.files.getlist("files") if each.filename]
    message = person.chat(token).find(edited)
    _check(person.chat(token), text, beside_file=bool(given or (message and message.file)))
    if edited:
        if message is not None:
            person.edit(message, text)
        return
    sent: dict[Kind, list[File]] = {"photo": [], "document": []}
    for name, data in given:
        kind: Kind = "photo" if shown_inline(sniff_type(name, data[:512])) else "document"
        sent[kind].append(new_file(kind, data, name))
    together = [files[start : start + ALBUM] for files in sent.values() for start in range(0, len(files), ALBUM)]
    if not together:
        person.write(token, text)
    for number, files in enumerate(together):
        caption = text if number == 0 else ""
        if len(files) == 1:
            person.send(token, files[0], caption)
        else:
            person.send_album(token, files, caption)


def _check(chat: PrivateChat, text: str, *, beside_file: bool) -> None:
    """What an app would not send is refused with a reason."""
    if chat.blocked:
        raise Invalid(problems={"text": _("You have blocked the bot. Unblock it to write to it.")})
    if not text and not beside_file:
        raise Invalid(problems={"text": _("Write something first.")})
    if len(text.encode("utf-16-le")) // 2 > (LONGEST_CAPTION if beside_file else LONGEST_TEXT):
        problem = _("This is too long for a messenger: 4096 letters at once, 1024 beside a file.")
        raise Invalid(problems={"text": problem})


def _page(
    person: PlayedPerson | None, given: Mapping[str, str], problems: dict[str, str] | None = None, *, status: int = 200
) -> Response:
    """The page; htmx asks for the telephone in it."""
    messenger, form = open_messenger(), form_of_bot(db())
    view = _view(messenger, person) if messenger and person else None
    edited = (
        next((each for each in view.bubbles if each.can_edit and str(each.number) == given.get("edit")), None) if view else None
    )
    return page(
        "demo:messenger.html", status=status, fragment="demo:_phone.html", person=person, chat=view, form=form, given=given, edited=edited,
        problems=problems or {}, people=[(each.number, each.name) for each in people(db())], requests=_requests(form, person),
        bot=_bot(messenger) if messenger else None, installed=messengers.is_installed(runtime_of(db())), key=new_key(),
        running=messenger is not None, on=form is not None and form.has(messengers.CHANNEL),
    )  # fmt: skip


def _view(messenger: Messenger, row: PlayedPerson) -> ChatView:
    person = messenger.person(row)
    recall(context("demo"), messenger, person)
    chat = person.chat(messenger.token)
    return view_chat(person, chat, messenger.pressed.get(row.number), context("demo").now)


def _bot(messenger: Messenger) -> Mapping[str, str]:
    bot = messenger.server.bot(messenger.token)
    return {"name": bot.first_name, "username": bot.username}


def _person(number: int) -> PlayedPerson:
    found = db().get(PlayedPerson, number)
    if found is None:
        raise NotFound(_("There is nobody with this number in the messenger."))
    return found


def _chosen(asked: str) -> PlayedPerson | None:
    """Whom to be: who was asked for, else the first that can be chosen."""
    everybody = people(db())
    return next((each for each in everybody if str(each.number) == asked), everybody[0] if everybody else None)


def _requests(form: Form | None, person: PlayedPerson | None) -> list[Ticket]:
    """The person's latest requests on the bot's form."""
    if form is None or person is None:
        return []
    own = sa.select(Ticket).join(Identity, Identity.user_id == Ticket.customer_id)
    mine = own.where(Identity.channel == messengers.CHANNEL, Identity.value == str(person.number), Ticket.form_id == form.id)
    return list(db().scalars(mine.where(Ticket.deleted_at.is_(None)).order_by(Ticket.spoken_at.desc()).limit(REQUESTS)))
