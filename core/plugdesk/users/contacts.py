"""Addresses and numbers in the one form they are stored and compared in."""

from __future__ import annotations

import re
import unicodedata

from plugdesk.errors import Invalid
from plugdesk.i18n import gettext as _
from plugdesk.inputs import one_line

# Of RFC 5321 and 6531 what people have: no quoted local parts, no address literals.
_LOCAL = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}")
_LABEL = re.compile(r"(?!-)[^\W_](?:[\w-]{0,61}[^\W_])?", re.UNICODE)


def read_address(raw: object) -> str:
    """An e-mail address, lower-cased. Raises `Invalid`.

    The local part, too: RFC 5321 lets it tell "Anna" from "anna", no mail server in use does, and people write both.
    """
    address = unicodedata.normalize("NFC", one_line(raw, most=400)).lower()
    local, at, domain = address.rpartition("@")
    labels = domain.split(".")
    known = len(labels) > 1 or domain == "localhost"
    if not (at and known and len(address) <= 254 and _LOCAL.fullmatch(local) and all(map(_LABEL.fullmatch, labels))):
        raise Invalid(_("Write an e-mail address like name@example.org."))
    return address


def read_phone(raw: object) -> str:
    """A telephone number as digits with their leading +. Raises `Invalid`. E.164 allows 15 digits."""
    typed = one_line(raw)
    digits = re.sub(r"[\s().\-–/]", "", typed)
    if not re.fullmatch(r"\+?\d{3,15}", digits, re.ASCII):
        raise Invalid(_("Write a telephone number like +49 30 1234567."))
    return digits


def contact_value(channel: str, raw: object) -> str:
    """The stored form of a contact on `channel`: addresses and numbers normalised, anything else tidied. Raises `Invalid`."""
    if channel == "email":
        return read_address(raw)
    if channel == "phone":
        return read_phone(raw)
    value = one_line(raw, most=400)
    if not value:
        raise Invalid(_("Fill in the contact."))
    return value
