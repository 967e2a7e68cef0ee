"""Files on messages: the bytes once by their hash, a row for each use, served only through a ticket its reader may see."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.errors import Invalid, NotFound
from plugdesk.files import safe_name, sniff_type
from plugdesk.i18n import gettext as _
from plugdesk.permissions import can_see
from plugdesk.runtime import runtime_of
from plugdesk.storage import keep_bytes, release_bytes
from plugdesk.tickets.models import Attachment, Message
from plugdesk.users.models import User

MOST_FILES = 50  # on one message


@dataclass(frozen=True)
class NewFile:
    """A file on its way in: `content` in memory, names and types as the sender claims them."""

    name: str
    content: bytes
    type: str = "application/octet-stream"
    inline: bool = False
    content_id: str | None = None


def add_file(session: Session, file: NewFile, *, message: Message | None = None, by: User | None = None) -> Attachment:
    """Store `file` on `message`, or as an upload of `by` for a message still being written."""
    name = safe_name(file.name)
    attachment = Attachment(
        message=message,
        uploaded_by_id=by.id if by else None,
        key=secrets.token_urlsafe(18),
        sha256=keep_bytes(session, file.content),
        name=name,
        type=sniff_type(name, file.content[:512], file.type),
        size=len(file.content),
        inline=file.inline,
        content_id=file.content_id,
        created_at=runtime_of(session).clock.now(),
    )
    session.add(attachment)
    return attachment


def attach_uploads(session: Session, message: Message, keys: Iterable[str], by: User | None) -> None:
    """Put what `by` (None: nobody who is known) uploaded under `keys` on `message`. Another's, or one already used, is not found."""
    for found in uploads_of(session, keys, by):
        found.message = message


def uploads_of(session: Session, keys: Iterable[str], by: User | None) -> list[Attachment]:
    """What `by` (None: nobody who is known) uploaded under `keys` and put on no message yet.

    Raises `NotFound` for anything else, `Invalid` for too many.
    """
    wanted, uploads = list(dict.fromkeys(keys)), []
    if len(wanted) > MOST_FILES:
        raise Invalid(_("At most %(n)d files on one message.", n=MOST_FILES))
    for key in wanted:
        found = session.scalar(
            sa.select(Attachment).where(
                Attachment.key == key, Attachment.uploaded_by_id == (by.id if by else None), Attachment.message_id.is_(None)
            )
        )
        if found is None:
            raise NotFound(_("One of the files is no longer there. Attach it again."))
        uploads.append(found)
    return uploads


def drop_file(session: Session, attachment: Attachment) -> None:
    """Delete the row; the bytes go with their last use, after the commit, by the sweep."""
    release_bytes(session, attachment.sha256)
    session.delete(attachment)


def file_for(session: Session, reader: User, key: str) -> Attachment:
    """The attachment with this key if `reader` may see its ticket (notes: agents only), or uploaded it; else `NotFound`."""
    found = session.scalar(sa.select(Attachment).where(Attachment.key == key))
    if found is not None and _may_read(session, reader, found):
        return found
    raise NotFound(_("There is no such file."))


def _may_read(session: Session, reader: User, attachment: Attachment) -> bool:
    if attachment.message_id is None:
        return attachment.uploaded_by_id == reader.id
    message = session.get_one(Message, attachment.message_id)
    if message.direction == "note" and not reader.is_agent:
        return False
    if reader.is_agent:
        return can_see(session, reader, message.ticket)
    # A customer reads what was said with them, wherever it stands after merging, and nothing that was said with another.
    return message.ticket.deleted_at is None and can_see(session, reader, message.home)
