"""Passwords and tokens at rest: sealed with keys that live outside the database, and shown to nobody by accident."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from plugdesk.errors import PlugdeskError
from plugdesk.i18n import gettext as _

MASK = "********"


class VaultError(PlugdeskError):
    """A secret cannot be sealed or opened; the sentence says what to do about it."""

    status = 500


class Secret(str):
    """A password or token that never prints itself: to `str`, `repr`, formats, JSON and logs it is eight stars.

    The text itself comes only from `reveal()`. An empty secret is false and prints as nothing.
    """

    __slots__ = ("__text",)
    __text: str

    def __new__(cls, text: str = "") -> Secret:
        """A secret of `text`, which may be a secret already."""
        # The characters this string really has are the stars: whoever copies them (json, join, %) copies nothing.
        made = super().__new__(cls, MASK if text else "")
        object.__setattr__(made, "_Secret__text", text.reveal() if isinstance(text, Secret) else str(text))
        return made

    def reveal(self) -> str:
        """The text itself."""
        return self.__text

    def __repr__(self) -> str:
        return f"Secret({str.__str__(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.__text == other.__text

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("A secret is not pickled.")


class Vault:
    """Seals secrets for one place each, with the first of `keys`; opens what any of them sealed."""

    def __init__(self, keys: Sequence[str]) -> None:
        """`keys` are Fernet keys (32 bytes in URL-safe base64), newest first. Raises VaultError when one is none."""
        if not keys:
            raise VaultError(_("There is no key for stored secrets. Set PLUGDESK_SECRET_KEYS."))
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise VaultError(
                _("PLUGDESK_SECRET_KEYS holds something that is not a key. A key is made by “plugdesk secrets key”.")
            ) from error

    def seal(self, text: str, place: str) -> str:
        """A token that opens only at `place` (as "email/form:7/password"); each sealing makes a different one."""
        plain = text.reveal() if isinstance(text, Secret) else text
        return self._fernet.encrypt(f"{place}\0{plain}".encode()).decode()

    def open(self, token: str, place: str) -> Secret:
        """What was sealed. Raises VaultError when the key is gone, or the token was altered or belongs elsewhere."""
        try:
            sealed_for, _zero, text = self._fernet.decrypt(token.encode()).decode().partition("\0")
        except InvalidToken:
            raise _unopened() from None
        if sealed_for != place:
            raise VaultError(_("A stored secret was copied from another place. Enter it again."))
        return Secret(text)

    def renew(self, token: str) -> str:
        """The token sealed anew with the first key, for the same place, so that the older keys can be thrown away."""
        try:
            return self._fernet.rotate(token.encode()).decode()
        except InvalidToken:
            raise _unopened() from None

    def rotate(self, token: str, place: str) -> str:
        """`renew` for a token that must belong to `place`; raises VaultError when it does not."""
        self.open(token, place)
        return self.renew(token)


def _unopened() -> VaultError:
    return VaultError(
        _(
            "A stored secret cannot be opened: its key is missing from PLUGDESK_SECRET_KEYS, or it was altered. "
            "Put the key back, or enter the secret again."
        )
    )


def new_key() -> str:
    """A fresh key for PLUGDESK_SECRET_KEYS."""
    return Fernet.generate_key().decode()


def load_keys(keys: Sequence[str], file: Path, *, holds_secrets: bool) -> list[str]:
    """The keys of the vault: those given, else those of `file` (one a line, newest first).

    For a database that holds no secrets yet the file is made, readable by its owner alone. Raises VaultError when the
    database `holds_secrets` and there is no key, and when others could read the file.
    """
    if keys:
        return list(keys)
    try:
        # Opened without asking first: two processes that start together must agree on one key.
        if not holds_secrets:
            _create_key_file(file)
        with file.open(encoding="ascii") as opened:
            if os.name == "posix" and os.fstat(opened.fileno()).st_mode & 0o077:
                raise VaultError(_("Others can read the key in %(file)s. Run: chmod 600 %(file)s", file=file))
            found = opened.read().split()
    except FileNotFoundError:
        raise VaultError(
            _("This database holds secrets, but their key is missing. Put back %(file)s, or set PLUGDESK_SECRET_KEYS.", file=file)
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise VaultError(_("The key in %(file)s cannot be read: %(reason)s.", file=file, reason=error)) from None
    if not found:
        raise VaultError(_("%(file)s is empty. Put its key back, or set PLUGDESK_SECRET_KEYS.", file=file))
    return found


def _create_key_file(file: Path) -> None:
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as made:
        made.write(new_key() + "\n")
        made.flush()
        os.fsync(made.fileno())
    try:
        os.link(draft, file)  # Unlike a rename, this never replaces the key another process has just made.
    except FileExistsError:
        pass
    finally:
        draft.unlink()
