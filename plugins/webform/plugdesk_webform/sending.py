"""What was sent on a request form: checked, and made a ticket at once or after a letter was confirmed. Commands: they never commit."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from plugdesk.api import (
    Context,
    Field,
    FieldKind,
    Form,
    Identity,
    Invalid,
    NewFile,
    NotFound,
    Ticket,
    User,
    add_customer,
    add_file,
    channels_to,
    check_values,
    default_values,
    excerpt,
    file_keys,
    fill_in,
    find_or_create_customer,
    is_empty,
    open_ticket,
    read_address,
    read_value,
    show_value,
    storable,
    uploads_of,
)
from plugdesk.api import Said as Words
from plugdesk.api import drop_file as drop
from plugdesk.api import gettext as _
from plugdesk_webform.asking import (
    CHANNEL,
    EMAIL,
    NAME,
    PARTS,
    SUBJECT,
    TEXT,
    asked_on,
    control_of,
    facts_of,
    form_of,
    raw_values,
    status_of,
)
from plugdesk_webform.limits import count_letter, count_request
from plugdesk_webform.models import Consent, Nobody, RequestForm, Submission
from plugdesk_webform.queries import consent_now
from plugdesk_webform.tokens import FormToken, hashed

WAITS = timedelta(hours=24)
MEGABYTE = 1024 * 1024


class FileLimits(NamedTuple):
    """How many files go with one answer, how large each may be, and all of a request together."""

    number: int
    mb: int
    all_mb: int


def file_limits(ctx: Context) -> FileLimits:
    """What the settings allow, as far as the desk takes so much."""
    return FileLimits(ctx.settings.files, min(ctx.settings.file_mb, ctx.upload_mb), ctx.upload_mb)


@dataclass(frozen=True)
class Entered:
    """A request as it was entered and found right: its parts, the values of fields as they were typed, the consent's id."""

    name: str = ""
    email: str = ""
    subject: str = ""
    text: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    consent_id: int | None = None


@dataclass(frozen=True)
class Sent:
    """A request that was sent: by which page, what was entered there, from which connection (see `connection_of`), in which language.

    `customer` is who was signed in there.
    """

    token: FormToken
    entered: Entered
    files: Mapping[str, Sequence[NewFile]]
    connection: str
    language: str
    customer: User | None = None

    @property
    def address(self) -> str:
        """The e-mail address that gets answers."""
        return (self.customer.address("email") or "") if self.customer else self.entered.email


def read_request(
    ctx: Context, row: RequestForm, given: Mapping[str, Any], files: Mapping[str, Sequence[NewFile]], customer: User | None = None
) -> tuple[Entered, Mapping[str, Sequence[NewFile]]]:
    """What was entered, and the files for what is asked then. Raises `Invalid`, by control, with every mistake at once."""
    form, asked = form_of(ctx), asked_on(ctx, row, given, files, customer)
    files = {code: each for code, each in files.items() if code in asked.codes}
    problems: dict[str, str] = {}
    parts = {code: _read_part(form, code, given, code in asked.must, problems) for code in PARTS if code in asked.codes}
    raw = {code: value for code, value in raw_values(form, given).items() if code in asked.codes}
    values, wrong = check_values(
        ctx.db, form, raw, by_agent=False, before=default_values(form.fields), complete=True, status=status_of(form), facts=asked.facts
    )  # fmt: skip
    problems |= {control_of(code): sentence for code, sentence in wrong.items() if not files.get(code)}
    for code in asked.must - PARTS.keys():
        found = form.field(code)
        if found and control_of(code) not in problems and is_empty(found, values.get(code)) and not files.get(code):
            problems[control_of(code)] = fill_in(found)
    problems |= _too_much(ctx, files)
    consent = consent_now(ctx, row)
    if consent is not None and given.get("consent") != str(consent.number):
        changed = given.get("consent", "").isdigit()
        problems["consent"] = (
            _("The text has changed. Read it, then agree again.") if changed else _("Agree to the text to go on.")
        )
    if problems:
        raise Invalid(problems=problems)
    name, email, subject, text = (parts.get(code, "") for code in (NAME, EMAIL, SUBJECT, TEXT))
    return Entered(name, email, subject, text, raw, consent.id if consent else None), files


def send(ctx: Context, row: RequestForm, sent: Sent) -> Submission:
    """Open the ticket. The same page sent twice, also at the same instant, opens one. Raises `TooMany`, `Invalid`."""
    submission, is_new = _begin(ctx, row, sent)
    if is_new:
        _open(ctx, row, submission, sent.entered, _keep_files(ctx, sent.files), sent.customer)
    return submission


def wait_for_letter(ctx: Context, row: RequestForm, sent: Sent) -> tuple[Submission, str | None]:
    """Keep the request for a day, until its sender has confirmed a letter; returns it with the link's token, None if it was kept before.

    Raises `TooMany`: an address gets one letter a day.
    """  # fmt: skip
    submission, is_new = _begin(ctx, row, sent)
    if not is_new:
        return submission, None
    count_letter(ctx, sent.entered.email)
    link = secrets.token_urlsafe(24)
    submission.token_hash, submission.waits_until = hashed(link), ctx.now + WAITS
    submission.typed = asdict(sent.entered) | {"values": {**sent.entered.values, **_keep_files(ctx, sent.files)}}
    return submission, link


def waiting_behind(ctx: Context, link: str) -> Submission:
    """The request behind a link of this form. `NotFound` for an unknown, foreign or expired one, all alike."""
    found = ctx.db.scalar(sa.select(Submission).where(Submission.token_hash == hashed(link))) if link else None
    if found is None or found.form_id != form_of(ctx).id or found.waits_until is None or found.waits_until < ctx.now:
        raise NotFound(_("This link is not valid any more."))
    return found


def confirm(ctx: Context, submission: Submission) -> Submission:
    """The sender has the address: open the ticket, once. Raises `Invalid` when the form asks for other things by now."""
    # The row, which there always is: two presses at once would both find no ticket.
    locked = ctx.db.scalar(
        sa.select(Submission).where(Submission.id == submission.id).with_for_update().execution_options(populate_existing=True)
    )
    if locked is None or locked.ticket_id is not None or locked.typed is None:
        return submission
    entered = Entered(**locked.typed)
    row = ctx.db.get(RequestForm, locked.request_form_id) if locked.request_form_id else None
    if row is None or not row.is_on:
        raise NotFound(_("There is no such request form."))
    _open(ctx, row, locked, entered, {})
    locked.typed, locked.confirmed = None, True
    return locked


def forget_unconfirmed(ctx: Context) -> None:
    """Recurring work: what nobody confirmed within the day goes, its files with it."""
    over = sa.select(Submission).where(
        Submission.form_id == form_of(ctx).id, Submission.waits_until < ctx.now, Submission.ticket_id.is_(None)
    )
    for submission in ctx.db.scalars(over.limit(500)).all():
        for key in file_keys(form_of(ctx).fields, (submission.typed or {}).get("values", {})):
            try:
                drop(ctx.db, uploads_of(ctx.db, [key], None)[0])
            except NotFound:
                continue  # the desk has swept it up already
        ctx.db.delete(submission)


def sent_before(ctx: Context, token: FormToken) -> Submission | None:
    """What this very page was sent for before: it leads to the same thanks, however many were sent since."""
    return ctx.db.scalar(sa.select(Submission).where(Submission.nonce == token.nonce))


def _begin(ctx: Context, row: RequestForm, sent: Sent) -> tuple[Submission, bool]:
    """The submission of this page, and whether it is new, then it is counted. Of two at the same instant the second waits here for the first.

    Raises `TooMany`.
    """  # fmt: skip
    token = sent.token
    if (before := sent_before(ctx, token)) is not None:
        return before, False
    site, page = ("", "") if row.anonymous else (token.site, token.page)
    submission = Submission(
        form_id=row.form_id, request_form_id=row.id, nonce=token.nonce, title=row.title, site=site, page=page, language=sent.language,
        sent_at=ctx.now, consent_id=sent.entered.consent_id, signed_in=sent.customer is not None,
    )  # fmt: skip
    try:
        with ctx.transaction():
            ctx.db.add(submission)
            ctx.db.flush()  # the same page sent at this instant is refused here
    except IntegrityError:
        before = sent_before(ctx, token)
        if before is None:
            raise
        return before, False
    count_request(ctx, row, sent.connection, sent.address)
    return submission, True


def _open(
    ctx: Context,
    row: RequestForm,
    submission: Submission,
    entered: Entered,
    keys: Mapping[str, Sequence[str]],
    known: User | None = None,
) -> Ticket:
    form, values, facts = form_of(ctx), {**entered.values, **keys}, facts_of(ctx, known)
    customer = known or _customer(ctx, row, entered, submission.language)
    text = entered.text or _told(ctx, form, row, entered, facts)
    ticket = open_ticket(
        ctx.db, form, customer, subject=entered.subject or (excerpt(entered.text, 80) if entered.text else row.title), said=Words(text=text),
        channel=CHANNEL, values=values, facts=facts,
    )  # fmt: skip
    ways = channels_to(ctx.db, ticket)
    if ways:
        ticket.channel = ways[0].name  # where answers go from now on
    submission.ticket_id, submission.identity_id = ticket.id, _identity(ctx, row, entered)
    return ticket


def _identity(ctx: Context, row: RequestForm, entered: Entered) -> int | None:
    """The customer's address that was typed, of however many."""
    if row.anonymous or not entered.email:
        return None
    here = (Identity.channel == "email", Identity.value == read_address(entered.email))
    return ctx.db.scalar(sa.select(Identity.id).where(*here))


def _customer(ctx: Context, row: RequestForm, entered: Entered, language: str) -> User:
    if row.anonymous:
        return _nobody(ctx)
    name = storable(" ".join(entered.name.split()))[:100]
    if entered.email:
        return find_or_create_customer(ctx.db, channel="email", value=entered.email, name=name, language=language)
    return add_customer(ctx.db, name=name or _("Visitor"), by=None, language=language)


def _nobody(ctx: Context) -> User:
    """One customer for all anonymous requests of the form, so that nothing tells one from another."""
    form = form_of(ctx)
    known = sa.select(User).join(Nobody, Nobody.user_id == User.id).where(Nobody.form_id == form.id)
    found = ctx.db.scalar(known)
    if found is not None:
        return found
    try:
        with ctx.transaction():
            nobody = add_customer(ctx.db, name=_("Anonymous"), by=None)
            ctx.db.add(Nobody(form_id=form.id, user_id=nobody.id))
            ctx.db.flush()  # another first request at this instant is refused here
    except IntegrityError:
        found = ctx.db.scalar(known)
        if found is None:
            raise
        return found
    return nobody


def _told(ctx: Context, form: Form, row: RequestForm, entered: Entered, facts: Mapping[str, Any]) -> str:
    """The answers in words, where no message was asked for."""
    values, _problems = check_values(ctx.db, form, entered.values, by_agent=False, before={}, status=status_of(form), facts=facts)
    asked = [form.field(code) for code in entered.values]
    lines = [
        f"{each.label}: {show_value(each, values[each.code], ctx.db)}"
        for each in asked
        if each is not None and each.kind is not FieldKind.FILE and not is_empty(each, values.get(each.code))
    ]
    return "\n".join(lines) or entered.subject or row.title


def _keep_files(ctx: Context, files: Mapping[str, Sequence[NewFile]]) -> dict[str, list[str]]:
    """The files stored, by field: the keys under which the ticket takes them."""
    kept = {code: [add_file(ctx.db, file).key for file in each] for code, each in files.items() if each}
    ctx.db.flush()  # their rows, which the ticket looks for
    return kept


def _read_part(form: Form, code: str, given: Mapping[str, Any], must: bool, problems: dict[str, str]) -> str:
    label, kind, _filled_with, most = PARTS[code]
    name, raw = control_of(code), storable(str(given.get(control_of(code), ""))).strip()
    asked = Field(form_id=form.id, code=name, kind=kind, label=str(label), choices=[])
    if not raw:
        if must:
            problems[name] = fill_in(asked)
        return ""
    if len(raw) > most:
        problems[name] = _("At most %(most)s characters.", most=most)
        return ""
    if kind is not FieldKind.EMAIL:
        return raw
    try:
        return str(read_value(asked, raw, None))  # type: ignore[arg-type]  # an address is read without looking anything up
    except Invalid as refusal:
        problems[name] = str(refusal)
        return ""


def _too_much(ctx: Context, files: Mapping[str, Sequence[NewFile]]) -> dict[str, str]:
    most, problems = file_limits(ctx), dict[str, str]()
    for code, each in files.items():
        if len(each) > most.number:
            problems[control_of(code)] = _("At most %(most)s files.", most=most.number)
        elif large := next((file.name for file in each if len(file.content) > most.mb * MEGABYTE), None):
            problems[control_of(code)] = _("%(name)s is larger than %(mb)d MB.", name=large, mb=most.mb)
    if not problems and sum(len(file.content) for each in files.values() for file in each) > most.all_mb * MEGABYTE:
        problems[control_of(next(iter(files)))] = _("All files together are larger than %(mb)d MB.", mb=most.all_mb)
    return problems


def consent_of(ctx: Context, submission: Submission) -> Consent | None:
    """The text that was agreed to."""
    return ctx.db.get(Consent, submission.consent_id) if submission.consent_id else None
