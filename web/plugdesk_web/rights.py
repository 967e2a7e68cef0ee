"""Rights as pages show, ask for and explain them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import g
from sqlalchemy.orm import Session

from plugdesk.actions import ACTIONS, DELETE
from plugdesk.forms.models import Form, FormAgent, FormGroup, Sees
from plugdesk.forms.queries import all_forms
from plugdesk.i18n import current_language, format_list
from plugdesk.i18n import gettext as _
from plugdesk.users.models import Group, GroupMember, User
from plugdesk.users.rights import RightInput, as_given
from plugdesk_web.contributions import Action, contributed
from plugdesk_web.current import db, runtime
from plugdesk_web.slots import actions_of_form

ADMIN = "admin"


@dataclass(frozen=True)
class Row:
    """One line of the matrix. `key` is u7 for a person, g3 for a group; `level` what the first column says."""

    key: str
    name: str
    is_group: bool
    active: bool
    level: str
    statuses: frozenset[str]
    actions: frozenset[str]
    seal: str


def levels() -> list[tuple[str, str]]:
    """What the first column of the matrix offers."""
    return [
        ("", _("Nothing")), (Sees.OWN, _("Their own tickets")), (Sees.GROUP, _("Their groups' and their own")),
        (Sees.ALL, _("All tickets")), (ADMIN, _("All, and configures the form")),
    ]  # fmt: skip


def actions_on(form: Form) -> list[tuple[str, str]]:
    """What can be done on the form's tickets, as code and title: the desk's own actions, those of extensions that are on."""
    known: dict[int, list[tuple[str, str]]] = g.setdefault("actions_on", {})  # each line of the matrix asks
    if form.id not in known:
        own = [(code, str(title)) for code, title in ACTIONS.items()]
        theirs = [each for each in contributed(runtime().registry, Action) if form.has(each.plugin)]
        known[form.id] = own + [(f"{each.plugin}:{each.what.name}", str(each.what.title)) for each in theirs]
        known[form.id] += actions_of_form(db(), form)
    return known[form.id]


def rows_of(
    form: Form, held: Sequence[tuple[User | Group, FormAgent | FormGroup]], given: Mapping[str, Any] | None = None
) -> list[Row]:
    """The lines of the matrix as stored, or as they were `given` on a page that is refused."""
    rows = []
    for holder, right in held:
        key, stored = f"{'g' if isinstance(holder, Group) else 'u'}{holder.id}", as_given(right)
        shown = read_right(form, key, given) if given is not None and f"{key}-sees" in given else stored
        rows.append(
            Row(
                key, holder.name, isinstance(holder, Group), getattr(holder, "active", True), _level(shown),
                _ticked(shown.statuses if shown else (), [each.code for each in form.statuses]),
                _ticked(shown.actions if shown else (), [code for code, _title in actions_on(form) if code != DELETE])
                | (frozenset({DELETE}) if shown and shown.can_delete else frozenset()),
                seal_of(stored),
            )
        )  # fmt: skip
    return rows


def read_right(form: Form, key: str, given: Any) -> RightInput | None:
    """The line `key` as the matrix sent it; None takes the form away. Every box ticked means all, also what is added later."""
    level = given.get(f"{key}-sees", "")
    if level not in (*Sees, ADMIN):
        return None
    statuses, actions = ({*given.getlist(f"{key}-{what}")} for what in ("status", "action"))
    kept = {each for each in given.get(f"{key}-kept", "").split() if each}
    all_statuses, all_actions = {*given.getlist("statuses")}, {*given.getlist("actions")} - {DELETE}
    may = actions - {DELETE}
    return RightInput(
        is_admin=level == ADMIN,
        sees=Sees.ALL if level == ADMIN else Sees(level),
        statuses=None if statuses >= all_statuses else tuple(each.code for each in form.statuses if each.code in statuses),
        actions=None if may >= all_actions else tuple(sorted(may | kept)),
        can_delete=DELETE in actions,
    )


def seal_of(right: RightInput | None) -> str:
    """A right in a few letters: what a line was made from."""
    return hashlib.sha256(repr(right).encode()).hexdigest()[:16]


def right_in_words(form: Form, right: RightInput | None) -> str:
    """What a right lets somebody do, in a sentence."""
    if right is None:
        return _("nothing")
    if right.is_admin:
        return _("sees and does everything, and configures the form")
    sees = {
        Sees.ALL: _("sees all tickets"), Sees.GROUP: _("sees the tickets of their groups and their own"),
        Sees.OWN: _("sees their own tickets"),
    }[Sees(right.sees)]  # fmt: skip
    if right.statuses is not None:
        names = [each.name_in(current_language()) for each in form.statuses if each.code in right.statuses]
        sees = _("%(sees)s in the statuses: %(names)s", sees=sees, names=format_list(names))
    allowed = {*(right.actions or ()), *([DELETE] if right.can_delete else [])}
    titles = [(code, title[:1].lower() + title[1:]) for code, title in actions_on(form)]
    may = [title for code, title in titles if code in allowed] + sorted(allowed - {code for code, _title in titles})
    if right.actions is None:
        does = (
            _("does everything with them, deleting included") if right.can_delete else _("does everything with them but delete")
        )
    else:
        does = _("may: %(names)s", names=format_list(may)) if may else _("may do nothing with them")
    return f"{sees}; {does}"


@dataclass(frozen=True)
class Explained:
    """What somebody may do on a form, and why: of their own, or `through` a group."""

    form: Form
    words: str
    through: Group | None = None


def explained(session: Session, user: User) -> list[Explained]:
    """Every right of an agent on every form that takes tickets, in the order of the forms; an admin of the desk has them all anyway."""
    own = {each.form_id: each for each in session.scalars(sa.select(FormAgent).where(FormAgent.user_id == user.id))}
    query = sa.select(FormGroup, Group).join(Group, Group.id == FormGroup.group_id)
    query = query.join(GroupMember, GroupMember.group_id == Group.id).where(GroupMember.user_id == user.id).order_by(Group.name)
    through = [(right, group) for right, group in session.execute(query)]
    found = []
    for form in all_forms(session):
        if form.id in own:
            found.append(Explained(form, right_in_words(form, as_given(own[form.id]))))
        found += [Explained(form, right_in_words(form, as_given(r)), group) for r, group in through if r.form_id == form.id]
    return found


def _level(right: RightInput | None) -> str:
    return "" if right is None else ADMIN if right.is_admin else str(right.sees)


def _ticked(chosen: Any, every: Sequence[str]) -> frozenset[str]:
    return frozenset(every if chosen is None else chosen)
