"""The pages of a form's mailboxes, for those who configure the form: list, add, change, test, quarantine."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, request, send_file, url_for

from plugdesk.api import Invalid, NotFound, lazy_gettext
from plugdesk.api import gettext as _
from plugdesk_email.connections import OPEN, test_account
from plugdesk_email.mailboxes import (
    add_mailbox,
    change_mailbox,
    mailbox_here,
    password_of,
    read_account,
    remove_mailbox,
    suggested,
)
from plugdesk_email.models import Mailbox, Original, OriginalState, Security
from plugdesk_email.receive import parse_again
from plugdesk_web.api import NavItem, Pages, context, db, form_to_configure, me, own_path, page, redirect_after

blueprint = Blueprint("mailboxes", __name__)
PAGES = [Pages(blueprint, "form"), NavItem(lazy_gettext("Mailboxes"), "mail", "email_mailboxes.index", place="form")]
WAITING = 100  # letters of the quarantine on its page


@blueprint.get("/")
def index(slug: str) -> Response:
    """The form's mailboxes and the letters that wait in quarantine."""
    form = form_to_configure(slug)
    mailboxes = db().scalars(sa.select(Mailbox).where(Mailbox.form_id == form.id).order_by(Mailbox.id)).all()
    waiting = db().scalars(
        sa.select(Original).where(Original.form_id == form.id, Original.state == OriginalState.QUARANTINE)
        .order_by(Original.id.desc()).limit(WAITING)
    )  # fmt: skip
    return page("email:index.html", form=form, mailboxes=mailboxes, quarantine=waiting.all())


@blueprint.get("/mailboxes/new")
def new(slug: str) -> Response:
    """The address first; with it the servers are filled in."""
    form = form_to_configure(slug)
    address = request.args.get("address", "").strip()
    return _edit(form, None, {"address": address} | (suggested(address) if "@" in address else {}))


@blueprint.post("/mailboxes")
def create(slug: str) -> Response:
    """Add the mailbox, once both directions work, and go on to `next`; a refusal keeps everything typed."""
    form_to_configure(slug)
    try:
        account = read_account(request.form, by=me())
        if not request.form.get("untested"):
            test_account(context("email"), account)
        add_mailbox(context("email"), account, by=me(), with_old=bool(request.form.get("with_old")))
    except Invalid as refusal:
        db().rollback()
        return _edit(form_to_configure(slug), None, request.form, refusal.problems, status=422)
    after = own_path(request.args.get("next")) or url_for(".index", slug=slug)
    return redirect_after(after, _("%(address)s is connected.", address=account.address))


@blueprint.get("/mailboxes/<int:mailbox_id>")
def edit(slug: str, mailbox_id: int) -> Response:
    form = form_to_configure(slug)
    mailbox = mailbox_here(context("email"), mailbox_id)
    return _edit(form, mailbox, {name: getattr(mailbox, name) for name in OPEN})


@blueprint.post("/mailboxes/<int:mailbox_id>")
def change(slug: str, mailbox_id: int) -> Response:
    form = form_to_configure(slug)
    ctx = context("email")
    mailbox = mailbox_here(ctx, mailbox_id)
    try:
        account = read_account(request.form, password=password_of(ctx, mailbox), by=me())
        if not request.form.get("untested"):
            test_account(ctx, account)
        change_mailbox(ctx, mailbox, account, by=me())
    except Invalid as refusal:
        db().rollback()
        return _edit(form, mailbox_here(context("email"), mailbox_id), request.form, refusal.problems, status=422)
    return redirect_after(url_for(".index", slug=slug), _("Saved."))


@blueprint.post("/test")
def test(slug: str) -> Response:
    """Try both directions with what is typed; nothing is saved."""
    form = form_to_configure(slug)
    ctx = context("email")
    number = request.form.get("mailbox", "")
    mailbox = mailbox_here(ctx, int(number)) if number.isdecimal() else None
    try:
        good = test_account(ctx, read_account(request.form, password=password_of(ctx, mailbox) if mailbox else None, by=me()))
    except Invalid as refusal:
        return _edit(form, mailbox, request.form, refusal.problems, status=422)
    return _edit(form, mailbox, request.form, good=good)


@blueprint.post("/mailboxes/<int:mailbox_id>/removal")
def remove(slug: str, mailbox_id: int) -> Response:
    form_to_configure(slug)
    mailbox = mailbox_here(context("email"), mailbox_id)
    remove_mailbox(context("email"), mailbox, by=me())
    return redirect_after(url_for(".index", slug=slug), _("%(address)s is no longer read.", address=mailbox.address))


@blueprint.post("/quarantine/<int:original_id>/parsing")
def read_again(slug: str, original_id: int) -> Response:
    parse_again(context("email"), _original(slug, original_id))
    return redirect_after(url_for(".index", slug=slug), _("The letter is read once more."))


@blueprint.post("/quarantine/<int:original_id>/dismissal")
def dismiss(slug: str, original_id: int) -> Response:
    _original(slug, original_id).state = OriginalState.DISMISSED
    return redirect_after(url_for(".index", slug=slug), _("Put aside."))


@blueprint.get("/quarantine/<int:original_id>/letter.eml")
def download(slug: str, original_id: int) -> Response:
    """The letter as it came, byte for byte."""
    from io import BytesIO

    original = _original(slug, original_id)
    raw = context("email").read_bytes(original.sha256)
    return send_file(
        BytesIO(raw), mimetype="application/octet-stream", as_attachment=True, download_name=f"letter-{original.id}.eml"
    )


def _edit(form: Any, mailbox: Mailbox | None, given: Any, problems: Any = None, *, good: Any = (), status: int = 200) -> Response:
    securities = [(Security.TLS, "TLS"), (Security.STARTTLS, "STARTTLS")]
    if me().is_admin:
        securities.append((Security.PLAIN, _("None (own network only)")))
    return page(
        "email:mailbox.html",
        status=status,
        form=form,
        mailbox=mailbox,
        given=given,
        problems=problems or {},
        good=good,
        securities=securities,
    )


def _original(slug: str, original_id: int) -> Original:
    form = form_to_configure(slug)
    found = db().get(Original, original_id)
    if found is None or found.form_id != form.id:
        raise NotFound(_("There is no such letter."))
    return found
