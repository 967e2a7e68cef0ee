"""Adding, changing, ordering and removing request forms. Commands: they never commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from plugdesk.api import (
    LANGUAGES,
    Conflict,
    Context,
    Form,
    Invalid,
    NotAllowed,
    User,
    can_configure,
    copy_rows,
    free_code,
    number_rows,
    row_number,
)
from plugdesk.api import gettext as _
from plugdesk_web.api import read_look, read_sites
from plugdesk_webform.asking import ABOUT_PEOPLE, EMAIL, NAME, PARTS, SUBJECT, TEXT, choosable, form_of
from plugdesk_webform.models import Consent, RequestForm
from plugdesk_webform.queries import last_consent, request_forms

MOST_FORMS, LONGEST_TITLE, LONGEST_TEXT = 100, 150, 20_000
TAKEN = frozenset({"confirmations"})  # an address beside the request forms'


@dataclass(frozen=True)
class RequestFormInput:
    """A request form as somebody described it; what each means stands at `RequestForm`. `sites` are lines, `look` as typed."""

    title: str
    intro: str = ""
    fields: Sequence[Mapping[str, Any]] = ()
    language: str = ""
    anonymous: bool = False
    is_on: bool = True
    receipt: bool = True
    consent: str = ""
    thanks: str = ""
    leads_to: str = ""
    look: Mapping[str, Any] = field(default_factory=dict)
    sites: str = ""


def usual_fields(form: Form, *, anonymous: bool = False) -> list[dict[str, Any]]:
    """What a new request form asks for: who it is, what it is about, and all fields customers fill in."""
    parts = [{"code": SUBJECT, "must": True}] if anonymous else [{"code": NAME, "must": False}, {"code": EMAIL, "must": True}]
    parts += [] if anonymous else [{"code": SUBJECT, "must": True}]
    return [*parts, *({"code": each.code, "must": False} for each in choosable(form)), {"code": TEXT, "must": True}]


def add_request_form(ctx: Context, given: RequestFormInput, *, by: User) -> RequestForm:
    """Add a request form at the end. Raises `Invalid` by control."""
    form, rows = _form(ctx, by), request_forms(ctx)
    if len(rows) >= MOST_FORMS:
        raise Invalid(_("A form can have %(most)s request forms. Remove some first.", most=MOST_FORMS))
    checked = _checked(ctx, given)
    code = free_code(given.title, {*TAKEN, *(each.code for each in rows)}, otherwise="request", separator="-")
    row = RequestForm(form_id=form.id, code=code, position=rows[-1].position + 1 if rows else 0, consent=None)
    _write(row, checked)
    ctx.db.add(row)
    ctx.db.flush()  # the row's id, which the consent points at
    _keep_consent(ctx, row, given.consent)
    _journal(ctx, "request_form_added", row, by, _("Added the request form “%(title)s”", title=row.title))
    return row


def copy_request_forms(ctx: Context, source: Form) -> None:
    """Take the request forms of `source` along to the form of `ctx`, a copy of it, with the texts to agree to.

    They are off, and no site may embed them yet: a door to anybody is opened by somebody who has looked at it.
    """
    agreed = sa.and_(Consent.request_form_id == RequestForm.id, Consent.number == RequestForm.consent)
    texts = sa.select(RequestForm.code, Consent.text).join(Consent, agreed).where(RequestForm.form_id == source.id)
    consents = {code: text for code, text in ctx.db.execute(texts)}
    rows = copy_rows(ctx, RequestForm, source)
    for row in rows:
        row.is_on, row.sites, row.consent = False, [], None
    ctx.db.flush()  # their ids, which the texts point at
    for row in rows:
        _keep_consent(ctx, row, consents.get(row.code, ""))


def change_request_form(ctx: Context, row: RequestForm, given: RequestFormInput, *, by: User, version: int | None) -> RequestForm:
    """Change a request form; its address stays. `Conflict` when somebody else has changed it since the page was shown."""
    _form(ctx, by)
    if version != row.version:
        raise Conflict(_("Somebody else has changed this request form meanwhile. Look at it again before you save."))
    _write(row, _checked(ctx, given))
    _keep_consent(ctx, row, given.consent)
    ctx.db.flush()  # the row's new version, for the page that comes back
    _journal(ctx, "request_form_changed", row, by, _("Changed the request form “%(title)s”", title=row.title))
    return row


def switch_request_form(ctx: Context, row: RequestForm, *, on: bool, by: User) -> None:
    """Let people send it, or not: then its page answers that there is none."""
    _form(ctx, by)
    row.is_on = on
    said = _("Switched the request form “%(title)s” on", title=row.title)
    if not on:
        said = _("Switched the request form “%(title)s” off", title=row.title)
    _journal(ctx, "request_form_switched", row, by, said)


def remove_request_form(ctx: Context, row: RequestForm, *, by: User) -> None:
    """Take a request form away; its tickets, and what people agreed to on them, stay."""
    _form(ctx, by)
    ctx.db.delete(row)
    _journal(ctx, "request_form_removed", row, by, _("Removed the request form “%(title)s”", title=row.title))


def put_in_order(ctx: Context, order: Sequence[str], *, by: User) -> None:
    """The request forms with these ids in this order; others keep their places behind them."""
    _form(ctx, by)
    wanted = [row_number(each) for each in dict.fromkeys(order)]
    rows = request_forms(ctx)
    rows.sort(key=lambda row: wanted.index(row.id) if row.id in wanted else len(wanted))
    if number_rows(rows):
        _journal(ctx, "request_forms_ordered", rows[0], by, _("Put the request forms in order"))


def _form(ctx: Context, by: User) -> Form:
    form = form_of(ctx)
    if not can_configure(ctx.db, by, form):
        raise NotAllowed(_("Only administrators of this form may do this."))
    return form


def _checked(ctx: Context, given: RequestFormInput) -> dict[str, Any]:
    problems: dict[str, str] = {}
    title = " ".join(given.title.split())
    if not title or len(title) > LONGEST_TITLE:
        problems["title"] = _("Give it a title of at most %(most)s characters.", most=LONGEST_TITLE)
    for name, text in (("intro", given.intro), ("consent", given.consent), ("thanks", given.thanks)):
        if len(text) > LONGEST_TEXT:
            problems[name] = _("At most %(most)s characters.", most=LONGEST_TEXT)
    fields = _fields(form_of(ctx), given)
    if not fields:
        problems["fields"] = _("Choose at least one thing to ask for.")
    if given.language not in ("", *LANGUAGES):
        problems["language"] = _("Choose one of the languages offered.")
    leads_to = given.leads_to.strip()
    if leads_to and (not leads_to.startswith(("https://", "http://")) or len(leads_to) > 2_000 or not leads_to.isprintable()):
        problems["leads_to"] = _("Write a web address like https://shop.example/thanks, or leave it empty.")
    look, sites = read_look(given.look, problems), list[str]()
    try:
        sites = read_sites(given.sites)
    except Invalid as refusal:
        problems |= refusal.problems
    if problems:
        raise Invalid(problems=problems)
    return {
        "title": title, "intro": given.intro.strip(), "fields": fields, "language": given.language, "anonymous": given.anonymous,
        "is_on": given.is_on, "receipt": given.receipt and not given.anonymous, "thanks": given.thanks.strip(), "leads_to": leads_to,
        "look": look, "sites": sites,
    }  # fmt: skip


def _fields(form: Form, given: RequestFormInput) -> list[dict[str, Any]]:
    known = {*PARTS, *(each.code for each in choosable(form))}
    if given.anonymous:
        known -= set(ABOUT_PEOPLE)
    chosen = {str(each.get("code")): bool(each.get("must")) for each in given.fields}
    return [{"code": code, "must": must} for code, must in chosen.items() if code in known]


def _write(row: RequestForm, checked: Mapping[str, Any]) -> None:
    for name, value in checked.items():
        setattr(row, name, value)


def _keep_consent(ctx: Context, row: RequestForm, text: str) -> None:
    """A text that differs from the last one is the next version of it."""
    text = text.strip()
    last = last_consent(ctx, row)
    if not text:
        row.consent = None
    elif last is not None and last.text == text:
        row.consent = last.number
    else:
        row.consent = last.number + 1 if last else 1
        ctx.db.add(Consent(form_id=row.form_id, request_form_id=row.id, number=row.consent, text=text, since=ctx.now))


def _journal(ctx: Context, kind: str, row: RequestForm, by: User, said: str) -> None:
    ctx.journal(kind, actor=by, request_form=row.code, said=said)
