"""The demo's pages: how far the story is, and writing as a customer."""

from __future__ import annotations

import smtplib

import sqlalchemy as sa
from flask import Blueprint, Response, request, url_for
from werkzeug.datastructures import MultiDict

from plugdesk.api import Form, Identity, Invalid, NewFile, Ticket, User, all_forms, is_email, normal_email, runtime_of
from plugdesk.api import gettext as _
from plugdesk_web.api import agent_only, context, db, done_before, me, new_key, nothing, page, redirect_after, remember

from .correspondence import Letter, read_letters, send_letter
from .mail import mailbox_of, mailboxes_of, open_server
from .messenger import is_installed
from .models import Play
from .progress import progress_of

blueprint = Blueprint("customer", __name__)
REQUESTS = 8  # of the customer's own that are offered to write to


@blueprint.get("/progress")
@agent_only
def progress() -> Response:
    """The bar, which asks for itself until the story is complete."""
    return page("demo:_progress.html", progress=progress_of(db()))


@blueprint.get("/")
@agent_only
def write() -> Response:
    """Be one of the customers: write, answer, read what came back."""
    address = _address(request.args)
    answered = _answered(address, request.args)
    given = {"subject": _answer_subject(answered.subject)} if answered else _to_request(request.args)
    return _page(address, given, answered)


@blueprint.get("/letters")
@agent_only
def letters() -> Response:
    """What has come to the customer; nothing while there is nothing new."""
    address = _address(request.args)
    mail = open_server()
    if mail is not None and is_email(address) and str(len(mailbox_of(mail, address))) == request.args.get("seen"):
        return nothing()
    return page("demo:_letters.html", address=address, letters=_letters(address), running=mail is not None)


@blueprint.post("/letters")
@agent_only
def send() -> Response:
    """Send the letter; a refusal keeps what was typed."""
    if target := done_before(db(), me().id):
        return redirect_after(target)
    address, answered = _address(request.form), _answered(_address(request.form), request.form)
    try:
        _send(address, answered)
    except Invalid as refusal:
        return _page(address, request.form, answered, refusal.problems, status=422)
    target = url_for(".write", customer=address)
    return redirect_after(
        remember(db(), me().id, target) or target, _("Sent. The desk finds the letter in its mailbox in a moment.")
    )


def _send(address: str, answered: Letter | None) -> None:
    mail, problems = open_server(), dict[str, str]()
    subject, text = request.form.get("subject", "").strip(), request.form.get("text", "").strip()
    to = answered.address if answered else request.form.get("to", "")
    if not is_email(address):
        problems["customer"] = _("Choose a customer, or write an e-mail address.")
    if to not in _mailboxes() and answered is None:
        problems["to"] = _("Choose whom to write to.")
    if not text:
        problems["text"] = _("Write something first.")
    if mail is None:
        problems[""] = _("The demo's mail server is still starting. Try again in a moment.")
    if problems or mail is None:
        raise Invalid(problems=problems)
    files = [
        NewFile(each.filename or "", each.read(), each.mimetype or "application/octet-stream")
        for each in request.files.getlist("files") if each.filename
    ]  # fmt: skip
    sender = (_name_of(address), address)
    try:
        send_letter(mail, sender=sender, to=to, subject=subject, text=text, at=context("demo").now, files=files, answers=answered)
    except (OSError, smtplib.SMTPException) as error:
        raise Invalid(problems={"": _("The demo's mail server did not take the letter: %(why)s", why=str(error))}) from error


def _page(
    address: str, given: MultiDict[str, str] | dict[str, str], answered: Letter | None, problems: dict[str, str] | None = None, *,
    status: int = 200,
) -> Response:  # fmt: skip
    return page(
        "demo:write.html", status=status, address=address, name=_name_of(address), given=given, answered=answered, problems=problems or {},
        customers=_customers(address), mailboxes=[(each, f"{form.name} <{each}>") for each, form in _mailboxes().items()], letters=_letters(address), requests=_requests(address),
        running=open_server() is not None, key=new_key(), installed=is_installed(runtime_of(db())),
    )  # fmt: skip


def _address(given: MultiDict[str, str]) -> str:
    """The customer to be: who was chosen, else the one with the latest open request."""
    asked = normal_email(given.get("other", "").strip() or given.get("customer", "").strip())
    if asked:
        return asked
    latest = sa.select(Identity.value).join(Ticket, Ticket.customer_id == Identity.user_id).where(Identity.channel == "email")
    return db().scalar(latest.where(Ticket.deleted_at.is_(None)).order_by(Ticket.spoken_at.desc()).limit(1)) or ""


def _customers(also: str) -> list[tuple[str, str]]:
    """Whom to choose from: addresses and names, and the address that was typed."""
    found = db().execute(
        sa.select(Identity.value, User.name).join(User).where(Identity.channel == "email").order_by(User.name, User.id)
    )
    named = {address: f"{name} <{address}>" if name != address else address for address, name in found}
    return list(({also: also} | named if also not in named else named).items())


def _name_of(address: str) -> str:
    query = sa.select(User.name).join(Identity).where(Identity.channel == "email", Identity.value == address)
    return db().scalar(query) or ""


def _mailboxes() -> dict[str, Form]:
    """The forms one can write to, by their addresses."""
    play = db().get(Play, 0)
    known = mailboxes_of(play.language) if play else {}
    return {known[form.slug]: form for form in all_forms(db()) if form.slug in known and form.has("email")}


def _letters(address: str) -> list[Letter]:
    mail = open_server()
    if mail is None or not is_email(address):
        return []
    return read_letters(mailbox_of(mail, address))


def _answered(address: str, given: MultiDict[str, str]) -> Letter | None:
    return next((letter for letter in _letters(address) if str(letter.number) == given.get("answer")), None)


def _requests(address: str) -> list[Ticket]:
    """The customer's open requests, the latest first."""
    own = sa.select(Ticket).join(Identity, Identity.user_id == Ticket.customer_id).where(Identity.value == address)
    still_open = own.where(Ticket.closed_at.is_(None), Ticket.deleted_at.is_(None), Ticket.channel == "email")
    return list(db().scalars(still_open.order_by(Ticket.spoken_at.desc()).limit(REQUESTS)))


def _to_request(given: MultiDict[str, str]) -> dict[str, str]:
    """Subject and form of a letter to one of the customer's requests, which the number in its subject names."""
    found = next((each for each in _requests(_address(given)) if str(each.id) == given.get("request")), None)
    if found is None:
        return {"to": given.get("to", "")}
    to = next((address for address, form in _mailboxes().items() if form.id == found.form_id), "")
    return {"subject": f"Re: [#{found.number}] {found.subject}", "to": to, "request": str(found.id)}


def _answer_subject(subject: str) -> str:
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"
