"""Adding, changing and removing mailboxes. Commands: they never commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from plugdesk.api import Context, Invalid, NotFound, User, is_email, normal_email
from plugdesk.api import gettext as _
from plugdesk_email.connections import OPEN, Account
from plugdesk_email.models import Mailbox, Security
from plugdesk_email.presets import guess_servers, preset_for

MOST_PORT = 65_535


def suggested(address: str) -> dict[str, Any]:
    """The servers of an address, as the page's fields want them: from the provider's preset, else a good guess."""
    preset = preset_for(address)
    guesses = guess_servers(address)
    first = preset or (guesses[0] if guesses else None)
    if first is None:
        return {}
    return {
        "login": first.imap.login_name(address),
        "imap_host": first.imap.host, "imap_port": first.imap.port, "imap_security": first.imap.security,
        "smtp_host": first.smtp.host, "smtp_port": first.smtp.port, "smtp_security": first.smtp.security,
        "help": preset.help if preset else "", "link": preset.link if preset else "", "provider": preset.name if preset else "",
        "takes_password": preset.takes_password if preset else True,
    }  # fmt: skip


def read_account(given: Mapping[str, Any], *, password: str | None = None, by: User) -> Account:
    """The account a page describes. Raises `Invalid` by field; an empty password means the stored one, `password`."""
    problems: dict[str, str] = {}
    address = normal_email(str(given.get("address", "")))
    if not is_email(address):
        problems["address"] = _("Write the mailbox's e-mail address.")
    secret = str(given.get("password", "")) or password or ""
    if not secret:
        problems["password"] = _("Write the password of the mailbox, or the app password its provider gave you.")
    ports = {name: _port(given.get(name, ""), name, problems) for name in ("imap_port", "smtp_port")}
    security = {name: _security(given.get(name, ""), name, problems, by) for name in ("imap_security", "smtp_security")}
    hosts = {name: str(given.get(name, "")).strip().lower() for name in ("imap_host", "smtp_host")}
    for name, host in hosts.items():
        if not host or any(sign.isspace() for sign in host):
            problems[name] = _("Write the name of the server.")
    if problems:
        raise Invalid(problems=problems)
    return Account(
        address=address, login=str(given.get("login", "")).strip() or address, password=secret, imap_host=hosts["imap_host"],
        imap_port=ports["imap_port"], imap_security=security["imap_security"], smtp_host=hosts["smtp_host"],
        smtp_port=ports["smtp_port"], smtp_security=security["smtp_security"],
        own_network=bool(given.get("own_network")) and by.is_admin, folder=str(given.get("folder", "")).strip() or "INBOX",
    )  # fmt: skip


def add_mailbox(ctx: Context, account: Account, *, by: User, with_old: bool = False) -> Mailbox:
    """Connect a mailbox to the form. Refused where somebody signs in with its address, or another form reads it."""
    assert ctx.form is not None
    _refuse_taken(ctx, account.address, None)
    mailbox = Mailbox(form_id=ctx.form.id, password="", with_old=with_old, **_stored(account))
    ctx.db.add(mailbox)
    ctx.db.flush()  # the mailbox's id, the place its password is sealed for
    mailbox.password = ctx.seal(account.password, f"mailbox:{mailbox.id}/password")
    ctx.journal("mailbox_added", actor=by, address=account.address, own_network=account.own_network)
    ctx.enqueue("poll", key=f"mailbox:{mailbox.id}", mailbox_id=mailbox.id)
    return mailbox


def change_mailbox(ctx: Context, mailbox: Mailbox, account: Account, *, by: User) -> Mailbox:
    """Change a mailbox's servers, login or password."""
    _refuse_taken(ctx, account.address, mailbox.id)
    if (mailbox.imap_host, mailbox.login, mailbox.folder) != (account.imap_host, account.login, account.folder):
        mailbox.uidvalidity = mailbox.last_uid = None
    for name, value in _stored(account).items():
        setattr(mailbox, name, value)
    mailbox.password = ctx.seal(account.password, f"mailbox:{mailbox.id}/password")
    mailbox.error = mailbox.failing_since = mailbox.sending_error = None
    ctx.journal("mailbox_changed", actor=by, address=account.address, own_network=account.own_network)
    ctx.enqueue("poll", key=f"mailbox:{mailbox.id}", mailbox_id=mailbox.id)
    return mailbox


def connect(ctx: Context, account: Account, *, by: User) -> Mailbox:
    """Connect a mailbox with the letters that are in it, or change the servers of the form's own one with this address."""
    assert ctx.form is not None
    own = sa.select(Mailbox).where(Mailbox.address == account.address, Mailbox.form_id == ctx.form.id)
    known = ctx.db.scalar(own)
    return change_mailbox(ctx, known, account, by=by) if known else add_mailbox(ctx, account, by=by, with_old=True)


def remove_mailbox(ctx: Context, mailbox: Mailbox, *, by: User) -> None:
    """Stop reading a mailbox and forget its password; tickets and letters stay."""
    ctx.journal("mailbox_removed", actor=by, address=mailbox.address)
    ctx.db.delete(mailbox)


def mailbox_here(ctx: Context, mailbox_id: int) -> Mailbox:
    """The form's mailbox with this id; `NotFound` for another form's."""
    found = ctx.db.get(Mailbox, mailbox_id)
    if found is None or ctx.form is None or found.form_id != ctx.form.id:
        raise NotFound(_("There is no such mailbox."))
    return found


def password_of(ctx: Context, mailbox: Mailbox) -> str:
    """The stored password, for a page that left its field empty."""
    return ctx.unseal(mailbox.password, f"mailbox:{mailbox.id}/password")


def _stored(account: Account) -> dict[str, Any]:
    return {name: getattr(account, name) for name in OPEN}


def _refuse_taken(ctx: Context, address: str, own_id: int | None) -> None:
    other = ctx.db.scalar(sa.select(Mailbox).where(Mailbox.address == address))
    if other is not None and other.id != own_id:
        raise Invalid(
            problems={"address": _("%(address)s is already read by the form “%(form)s”.", address=address, form=other.form.name)}
        )
    person = ctx.db.scalar(sa.select(User).where(User.email == address))
    if person is not None:
        raise Invalid(
            problems={
                "address": _("%(name)s signs in with %(address)s. Connect the mailbox customers write to, or change that sign-in address first, under People.",
                             name=person.name, address=address)
            }
        )  # fmt: skip


def _port(raw: Any, name: str, problems: dict[str, str]) -> int:
    text = str(raw).strip()
    if not text.isdecimal() or not 0 < int(text) <= MOST_PORT:
        problems[name] = _("A port is a number from 1 to 65535.")
        return 0
    return int(text)


def _security(raw: Any, name: str, problems: dict[str, str], by: User) -> Security:
    if str(raw) not in list(Security) or (raw == Security.PLAIN and not by.is_admin):
        problems[name] = _("Choose how the connection is encrypted.")
        return Security.TLS
    return Security(str(raw))
