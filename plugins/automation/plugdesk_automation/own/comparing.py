"""An automation in words, control by control: yours beside what somebody else has saved meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from plugdesk.api import Context, OfferedFact, ValueType, condition_words, pgettext
from plugdesk.api import gettext as _
from plugdesk_automation.own.asking import offered, types_of
from plugdesk_automation.own.commands import OwnInput
from plugdesk_automation.own.controls import controls_of, title_of
from plugdesk_automation.own.editing import Row
from plugdesk_automation.own.models import Automation
from plugdesk_automation.own.reading import ALWAYS, read_condition
from plugdesk_automation.own.starting import read_start, start_words
from plugdesk_web.api import chosen_words, yes_or_no


def in_words(ctx: Context, given: OwnInput | Automation) -> dict[str, str]:
    """Each control's label with what stands in it."""
    does = {
        _("What it does, line %(number)d", number=number): "\n".join(_deed(ctx, Row(each["kind"], each["options"])))
        for number, each in enumerate(given.does, start=1)
    }
    return {
        _("Name"): given.name, pgettext("automation", "When"): start_words(read_start(given.starts)),
        pgettext("automation", "If"): condition_in_words(given.condition, offered(ctx), types_of(ctx)) or _("Always"), **does,
        _("The automation is on"): yes_or_no(given.is_on), _("Where it acts, those below it are not asked"): yes_or_no(given.stops),
    }  # fmt: skip


def condition_in_words(stored: Mapping[str, Any] | None, facts: Mapping[str, OfferedFact], types: Mapping[str, ValueType]) -> str:
    """A stored condition about these `facts` of these `types`; nothing for one that always holds."""
    condition = read_condition(stored, types).condition
    return "" if condition == ALWAYS else condition_words(condition, facts)


def _deed(ctx: Context, row: Row) -> Iterator[str]:
    yield title_of(ctx, row.kind)
    for each in controls_of(ctx, row, ""):
        words = yes_or_no(bool(each.value)) if each.kind == "check" else chosen_words(each.choices, each.value)
        if words:
            yield f"{each.label}: {words}"
