"""What the local mail server keeps: accounts, their folders, letters as they came. Settings and corrections of pymap's."""

from __future__ import annotations

import secrets
import ssl
from argparse import Namespace
from datetime import UTC, datetime
from typing import Any

from pymap.backend.dict import Config
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import MailboxData, MailboxSet, Message
from pymap.concurrent import Event, Subsystem
from pymap.mime import MessageContent
from pymap.parsing.message import AppendMessage
from pymap.parsing.specials import ObjectId
from pymap.selected import SelectedMailbox
from pymap.user import UserMetadata
from pysasl.hashing import Cleartext


class Settings(Config):
    """pymap's settings. Its own greeting looks up the machine's name, which can take seconds without a network."""

    set_cache: dict[str, tuple[Folders, FilterSet]]  # type: ignore[assignment]

    def __init__(self, starttls: ssl.SSLContext | None, size_limit: int) -> None:
        super().__init__(
            Namespace(passlib_cfg=None, proxy_protocol=None),
            host=None,
            port=0,
            demo_data=False,
            demo_user="",
            demo_password="",
            tls_enabled=starttls is not None,
            invalid_user_sleep=0,
            max_append_len=size_limit,
            ssl_context=starttls or ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
            hash_context=Cleartext(),
            cpu_subsystem=Subsystem.for_asyncio(),
        )

    @property
    def greeting(self) -> bytes:
        return b"Server ready localhost"


class Account(UserMetadata):
    """An account whose password may hold any letters; pymap's comparison fails on other than ASCII."""

    def compare_secret(self, value: str) -> bool:
        return secrets.compare_digest(value.encode(), (self.password or "").encode())


class Folders(MailboxSet):
    """The folders of one mailbox."""

    _inbox: _Folder
    _set: dict[str, _Folder]  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self._inbox = self._new_folder()

    def folder(self, name: str) -> _Folder:
        return self._inbox if name.upper() == "INBOX" else self._set[name]

    async def add_mailbox(self, name: str) -> ObjectId:
        if name in self._set:
            raise ValueError(name)
        self._set[name] = folder = self._new_folder()
        return folder.mailbox_id

    def _new_folder(self) -> _Folder:
        return _Folder(self._content_cache, self._thread_cache)


class _Folder(MailboxData):
    """A folder that keeps letters as they came and whose IDLE misses nothing."""

    async def append(self, append_msg: AppendMessage, *, recent: bool = False) -> Message:
        async with self.messages_lock.write_lock():
            self._max_uid += 1
            message = Message(
                self._max_uid,
                append_msg.when or datetime.now(UTC),
                append_msg.flag_set,
                recent=recent,
                email_id=ObjectId.random_email_id(),
                thread_id=ObjectId.random_thread_id(),
                content=_Letter(append_msg.literal),
            )
            self._messages[message.uid] = message
            self._mod_sequences.update([message.uid])
            self._updated.set()
            return message

    async def update_selected(self, selected: SelectedMailbox, *, wait_on: Event | None = None) -> SelectedMailbox:
        # A letter that comes while pymap writes about the one before it wakes nobody: look before waiting.
        if selected.mod_sequence is not None and self._mod_sequences.highest > selected.mod_sequence:
            wait_on = None
        return await super().update_selected(selected, wait_on=wait_on)


class _Letter(MessageContent):
    """A letter parsed only while a client asks for its parts: pymap would keep three numbers for every line of it."""

    def __init__(self, raw: bytes) -> None:
        self._raw = memoryview(raw)

    def __getattr__(self, name: str) -> Any:
        if name in ("header", "body", "lines"):
            return getattr(MessageContent.parse(bytes(self._raw)), name)
        raise AttributeError(name)
