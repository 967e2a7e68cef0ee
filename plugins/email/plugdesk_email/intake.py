"""From the server into the desk: each letter is kept, byte for byte, before the server is told that we have it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import sqlalchemy as sa
from imapclient import IMAPClient

from plugdesk.api import Context, Form
from plugdesk.api import gettext as _
from plugdesk_email.connections import Unreachable, account_of, imap
from plugdesk_email.models import Mailbox, Original, OriginalState

LONGEST_REST = timedelta(minutes=15)
AT_ONCE = 200  # letters in one run of the job; the rest comes with the next, so that other mailboxes get their turn


def poll_mailboxes(ctx: Context) -> None:
    """Timer: look into every mailbox of the form, each in a job of its own, and into those that fail ever less often.

    A server that hangs holds a worker up until its time is over: asked each time, it would leave little for the others.
    """
    for mailbox in ctx.db.scalars(sa.select(Mailbox).where(Mailbox.form_id == _form(ctx).id)):
        rests_until = next_look(mailbox)
        if rests_until is None or rests_until <= ctx.now:
            ctx.enqueue("poll", key=f"mailbox:{mailbox.id}", mailbox_id=mailbox.id)


def poll(ctx: Context, mailbox_id: int) -> None:
    """Job: fetch what is new in one mailbox. What goes wrong is written on the mailbox, in words; the next run tries again."""
    mailbox = ctx.db.get(Mailbox, mailbox_id)
    if mailbox is None:
        return
    if _form(ctx).archived_at is not None:
        mailbox.error = _("The form is archived: its mailboxes are not read.")
        return
    account = account_of(ctx, mailbox)
    ctx.checkpoint()
    try:
        with imap(ctx, account) as client:
            more = _fetch_new(ctx, mailbox, client)
    except Unreachable as error:
        _failed(ctx, mailbox_id, str(error))
        return
    mailbox.polled_at = mailbox.succeeded_at = ctx.now
    mailbox.error = mailbox.failing_since = None
    if more:
        ctx.enqueue("poll", key=f"mailbox:{mailbox_id}", mailbox_id=mailbox_id)


@dataclass(frozen=True)
class Kept:
    """A letter that was stored: the id of its `Original`, and what it holds."""

    id: int
    sha256: str
    size: int


def keep_original(
    ctx: Context, raw: bytes, *, mailbox: Mailbox | None = None, uidvalidity: int | None = None, uid: int | None = None
) -> Kept | None:
    """Store a letter's bytes and the job that will read it; None when this very letter of this mailbox is kept already."""
    sha256 = hashlib.sha256(raw).hexdigest()
    if mailbox is not None and _is_known(ctx, mailbox, sha256, uidvalidity, uid):
        return None
    ctx.keep_bytes(raw)
    where = {"form_id": _form(ctx).id, "mailbox_id": mailbox.id if mailbox else None, "uidvalidity": uidvalidity, "uid": uid}
    what = {"sha256": sha256, "size": len(raw), "at": ctx.now, "state": OriginalState.WAITING}
    ctx.db.flush()  # the mailbox itself may be new
    id = ctx.db.connection().scalar(_KEEP, where | what)
    ctx.enqueue("receive", key=f"original:{id}", original_id=id)
    return Kept(id, sha256, len(raw))


# Built once: every letter needs it.
_KEEP = sa.insert(cast(sa.Table, Original.__table__)).returning(Original.__table__.c.id)


def _fetch_new(ctx: Context, mailbox: Mailbox, client: IMAPClient) -> bool:
    """Keep the letters above the last UID, oldest first, marking each as seen once it is committed. Returns whether more wait."""
    selected = client.select_folder(mailbox.folder)
    uidvalidity = int(selected[b"UIDVALIDITY"])
    if mailbox.uidvalidity is None and not mailbox.with_old:
        mailbox.last_uid = int(selected.get(b"UIDNEXT") or 1) - 1
    elif mailbox.uidvalidity != uidvalidity:
        mailbox.last_uid = 0  # the server numbers anew: look at everything, what is known is told by its hash
    mailbox.uidvalidity = uidvalidity
    ctx.checkpoint()
    last = mailbox.last_uid or 0
    waiting = sorted(uid for uid in client.search(["UID", f"{last + 1}:*"]) if uid > last)
    for uid in waiting[:AT_ONCE]:
        found = client.fetch([uid], ["BODY.PEEK[]"]).get(uid, {})
        raw = found.get(b"BODY[]")
        if raw is not None:  # a person may have moved or deleted it meanwhile
            keep_original(ctx, raw, mailbox=mailbox, uidvalidity=uidvalidity, uid=uid)
            ctx.checkpoint()
            client.add_flags([uid], [b"\\Seen"], silent=True)
        mailbox.last_uid = uid  # not before: who dies in between fetches it again, knows it, and marks it
    return len(waiting) > AT_ONCE


def next_look(mailbox: Mailbox) -> datetime | None:
    """Until when a mailbox that fails is left alone: as long again as it has been failing, at most a quarter of an hour."""
    if mailbox.failing_since is None or mailbox.polled_at is None:
        return None
    return mailbox.polled_at + min(mailbox.polled_at - mailbox.failing_since, LONGEST_REST)


def _is_known(ctx: Context, mailbox: Mailbox, sha256: str, uidvalidity: int | None, uid: int | None) -> bool:
    same_place = sa.and_(Original.uidvalidity == uidvalidity, Original.uid == uid)
    other_numbers = sa.and_(Original.uidvalidity != uidvalidity, Original.sha256 == sha256)
    known = sa.select(Original.id).where(Original.mailbox_id == mailbox.id, sa.or_(same_place, other_numbers)).limit(1)
    return ctx.db.scalar(known) is not None


def _failed(ctx: Context, mailbox_id: int, why: str) -> None:
    mailbox = ctx.db.get(Mailbox, mailbox_id)
    if mailbox is not None:
        mailbox.polled_at, mailbox.error = ctx.now, why
        mailbox.failing_since = mailbox.failing_since or ctx.now


def _form(ctx: Context) -> Form:
    assert ctx.form is not None, "E-mail is switched on for forms."
    return ctx.form
