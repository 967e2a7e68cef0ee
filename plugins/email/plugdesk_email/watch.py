"""Servers that can tell of new letters at once (IDLE, RFC 2177) are listened to; the polling timer stays as the net below."""

from __future__ import annotations

import logging
import threading
from time import monotonic

import sqlalchemy as sa
from imapclient.exceptions import IMAPClientError

from plugdesk.api import Form, Runtime, enqueue
from plugdesk_email.connections import Unreachable, account_of, imap
from plugdesk_email.models import Mailbox
from plugdesk_email.presets import preset_for

log = logging.getLogger(__name__)
LOOK = 5.0  # seconds between looks at which mailboxes there are
PAUSE = 30.0  # seconds before a broken connection is made again
IDLE_SECONDS = 540  # a server may end an IDLE after 30 minutes (RFC 2177); many do sooner


def watch_mailboxes(runtime: Runtime, stop: threading.Event) -> None:
    """Service: one thread a mailbox whose form has e-mail on, until `stop`."""
    watched: dict[int, tuple[int, threading.Event]] = {}
    while not stop.is_set():
        wanted = _wanted(runtime)
        for mailbox_id, (version, own_stop) in list(watched.items()):
            if wanted.get(mailbox_id) != version:
                own_stop.set()
                del watched[mailbox_id]
        for mailbox_id, version in wanted.items():
            if mailbox_id not in watched:
                own_stop = threading.Event()
                watched[mailbox_id] = (version, own_stop)
                threading.Thread(
                    target=_watch, args=(runtime, mailbox_id, own_stop), name=f"mailbox {mailbox_id}", daemon=True
                ).start()
        stop.wait(LOOK)
    for _version, own_stop in watched.values():
        own_stop.set()


def _wanted(runtime: Runtime) -> dict[int, int]:
    """The mailboxes to listen to; the version is that of their connection, so that a changed one is connected anew."""
    with runtime.database.read() as session:
        rows = session.execute(sa.select(Mailbox, Form).join(Form, Form.id == Mailbox.form_id).where(Form.archived_at.is_(None)))
        return {
            mailbox.id: hash((mailbox.imap_host, mailbox.imap_port, mailbox.login, mailbox.password, mailbox.folder))
            for mailbox, form in rows
            if form.has("email") and mailbox.uidvalidity is not None
        }


def _watch(runtime: Runtime, mailbox_id: int, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            if not _listen(runtime, mailbox_id, stop):
                return
        except (Unreachable, IMAPClientError, OSError) as error:
            log.info("Listening to mailbox %s was interrupted: %s", mailbox_id, error)
        except Exception:
            log.exception("Listening to mailbox %s failed", mailbox_id)
        stop.wait(PAUSE)


def _listen(runtime: Runtime, mailbox_id: int, stop: threading.Event) -> bool:
    """Listen until `stop` or an error. Returns False where the server cannot tell, so that nobody tries again."""
    with runtime.database.read() as session:
        mailbox = session.get(Mailbox, mailbox_id)
        if mailbox is None:
            return False
        form = session.get_one(Form, mailbox.form_id)
        ctx = runtime.context("email", form, session)
        account = account_of(ctx, mailbox)
    preset = preset_for(account.address)
    renew = preset.idle_seconds if preset else IDLE_SECONDS
    with imap(ctx, account) as client:
        if not client.has_capability("IDLE"):
            return False
        client.select_folder(account.folder, readonly=True)
        _poll(runtime, form.id, mailbox_id)  # what came while nobody listened
        while not stop.is_set():
            client.idle()
            started, told = monotonic(), False
            while not (stop.is_set() or told) and monotonic() - started < renew:
                told = any(len(answer) > 1 and answer[1] == b"EXISTS" for answer in client.idle_check(timeout=2))
            client.idle_done()
            if told:
                _poll(runtime, form.id, mailbox_id)
    return True


def _poll(runtime: Runtime, form_id: int, mailbox_id: int) -> None:
    with runtime.database.write() as session:
        form = session.get_one(Form, form_id)
        enqueue(session, "email:poll", form=form, key=f"mailbox:{mailbox_id}", mailbox_id=mailbox_id)
