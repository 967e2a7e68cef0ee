"""What switching the extension on or off changes, in words."""

from __future__ import annotations

from plugdesk.api import Change, Context, Form, format_list, ngettext
from plugdesk.api import gettext as _
from plugdesk_automation.models import Code
from plugdesk_automation.own.reading import automations_of, own_set
from plugdesk_automation.rules import NAMES, THEN, length_words, rule_set, rules_of


def on(ctx: Context, form: Form) -> list[Change]:
    """Each rule that begins to act, with its time; they count from now on. Automations of the form's own by name."""
    names = _own(ctx)
    said = ngettext(
        "%(num)d automation of its own runs: %(names)s",
        "%(num)d automations of its own run: %(names)s",
        len(names),
        names=format_list(names),
    )
    return _rules(ctx, form) + ([Change(said, "amber")] if names else [])


def off(ctx: Context, form: Form) -> list[Change]:
    """Nothing happens by itself any more."""
    said = _(
        "Nobody is reminded of the tickets of %(form)s, and none is given back or closed by itself; the times are kept",
        form=form.name,
    )
    names = _own(ctx)
    rests = ngettext(
        "%(num)d automation of its own rests, and is kept: %(names)s", "%(num)d automations of its own rest, and are kept: %(names)s",
        len(names), names=format_list(names),
    )  # fmt: skip
    return [Change(said, "amber"), *([Change(rests, "amber")] if names else [])]


def _own(ctx: Context) -> list[str]:
    """The names of the form's own automations that are on."""
    return [row.name for row in automations_of(ctx) if row.is_on] if own_set(ctx).is_on else []


def _rules(ctx: Context, form: Form) -> list[Change]:
    whole = rule_set(ctx)
    if whole is not None and not whole.is_on:
        return [Change(_("Nothing yet: all rules of %(form)s are switched off", form=form.name), "amber")]
    return [
        Change(
            _("%(rule)s for %(time)s: %(then)s", rule=str(NAMES[code]), time=length_words(rule.amount, rule.unit, rule.in_hours),
              then=str(THEN[code])),
            "amber" if code in (Code.UNANSWERED, Code.FORGOTTEN) else "green",
        )
        for code, rule in rules_of(ctx).items()
        if rule.is_on
    ]  # fmt: skip
