"""Whether what a rule names is still there, and in order: said on its page, and asked before it acts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugdesk.api import Context, FieldKind, Form, Group, Invalid, User, all_tags, read_value, works_on
from plugdesk.api import gettext as _
from plugdesk_routing.carrying import lost_ways
from plugdesk_routing.rules import ReadRule

UNSETTABLE = (FieldKind.FILE, FieldKind.CUSTOMER, FieldKind.MONEY, FieldKind.DATE_TIME)


class Standing:
    """What is wrong with rules of `ctx`'s form; each rule is looked at once."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._known: dict[int, str | None] = {}

    def trouble(self, rule: ReadRule) -> str | None:
        """Why the rule cannot act, in a sentence that names the remedy; None when it can."""
        if rule.id not in self._known:
            self._known[rule.id] = next(iter(self.problems(rule)), None)
        return self._known[rule.id]

    def problems(self, rule: ReadRule) -> list[str]:
        """Everything for which the rule is passed over."""
        ctx, result = self._ctx, rule.result
        assert ctx.form is not None, "Routing is switched on for forms."
        found = [
            _("Its condition asks for “%(fact)s”, which is no longer there. Change the condition.", fact=fact)
            for fact in rule.lost
        ]
        target, why = self._target(result)
        found += [why] if why else []
        if result.get("assignee_id"):
            found += self._person(result["assignee_id"], target or ctx.form)
        if result.get("group_id") and ctx.db.get(Group, result["group_id"]) is None:
            found.append(_("The group it assigns to has been deleted. Choose another one."))
        return found + [why for code, value in (result.get("values") or {}).items() if (why := self._value(code, value))]

    def warnings(self, rule: ReadRule) -> list[str]:
        """What the rule leaves out, while the rest of it acts."""
        here = self._ctx.form
        assert here is not None, "Routing is switched on for forms."
        target = self._target(rule.result)[0]
        form = target or here
        gone = [number for number in rule.result.get("watchers") or () if not works_on(self._ctx.db, number, form)]
        known = {each.code for each in all_tags(self._ctx.db)} if rule.result.get("tags") else set()
        lost = [code for code in rule.result.get("tags") or () if code not in known]
        names = [user.name if (user := self._ctx.db.get(User, number)) else "?" for number in gone]
        return [
            *(lost_ways(here, target, rule.result) if target else ()),
            *(
                _(
                    "%(name)s does not work on “%(form)s” any more and is not told. Choose other watchers.",
                    name=name,
                    form=form.name,
                )
                for name in names
            ),
            *(_("The tag “%(code)s” it puts on has been deleted. Take that out.", code=code) for code in lost),
        ]

    def _target(self, result: Mapping[str, Any]) -> tuple[Form | None, str]:
        if not result.get("form_id"):
            return None, ""
        form = self._ctx.db.get(Form, result["form_id"])
        if form is None:
            return None, _("The form it moves to has been deleted. Choose another one.")
        if form.archived_at is not None:
            return form, _("The form “%(form)s” it moves to is archived. Choose another one.", form=form.name)
        return form, ""

    def _person(self, number: int, form: Form) -> list[str]:
        user = self._ctx.db.get(User, number)
        if user is None:
            return [_("The person it assigns to has been deleted. Choose somebody else.")]
        if not user.active:
            return [_("%(name)s, whom it assigns to, is switched off. Choose somebody else.", name=user.name)]
        if not works_on(self._ctx.db, number, form):
            return [
                _(
                    "%(name)s, whom it assigns to, does not work on “%(form)s”. Choose somebody else.",
                    name=user.name,
                    form=form.name,
                )
            ]
        return []

    def _value(self, code: str, value: Any) -> str:
        assert self._ctx.form is not None
        field = self._ctx.form.field(code)
        if field is None:
            return _("It sets the field “%(code)s”, which has been deleted. Take that out.", code=code)
        try:
            if field.kind not in UNSETTABLE and read_value(field, value, self._ctx.db) == value:
                return ""
        except (Invalid, ValueError, TypeError):
            pass  # another kind of field has this code by now, or the choice is gone
        return _("It sets “%(field)s” to a value that is no longer offered. Choose another one.", field=field.label)
