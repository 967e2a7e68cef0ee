"""What can be done to a ticket, by stable codes: rights name them. An extension's action has the code PLUGIN:NAME."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugdesk.i18n import lazy_pgettext

DELETE = "delete"  # a right of its own: who may do everything else may not yet do this

ACTIONS: Mapping[str, Any] = {
    "reply": lazy_pgettext("action", "Answer"),
    "note": lazy_pgettext("action", "Write notes"),
    "forward": lazy_pgettext("action", "Forward"),
    "ask": lazy_pgettext("action", "Ask colleagues"),
    "accept": lazy_pgettext("action", "Accept"),
    "assign": lazy_pgettext("action", "Assign"),
    "status": lazy_pgettext("action", "Change status"),
    "fields": lazy_pgettext("action", "Change fields"),
    "tag": lazy_pgettext("action", "Tag"),
    "merge": lazy_pgettext("action", "Merge and split"),
    "open": lazy_pgettext("action", "Open tickets"),
    DELETE: lazy_pgettext("action", "Delete"),
}
