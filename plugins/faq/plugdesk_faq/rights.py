"""Who may read and change which answers: one question per function, with its SQL twin.

Agents write answers of their own. A shared answer, and with it an article, belongs to those who configure every form it is for:
one for all forms, to administrators of the desk.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.api import Form, User, all_forms, can_configure, can_work_on
from plugdesk_faq.models import Answer, AnswerForm

PLUGIN = "faq"


def forms_with_answers(session: Session, user: User) -> list[Form]:
    """The forms `user` works on where the extension is on."""
    return [form for form in all_forms(session) if form.has(PLUGIN) and can_work_on(session, user, form.id)]


def forms_to_share_on(session: Session, user: User) -> list[Form]:
    """The forms for which `user` may write shared answers."""
    return [form for form in forms_with_answers(session, user) if can_configure(session, user, form)]


def can_share(session: Session, user: User, *, everywhere: bool, form_ids: Iterable[int]) -> bool:
    """May `user` write a shared answer for all forms (`everywhere`), or for these?"""
    if user.active and user.is_admin:
        return True
    wanted = set(form_ids)
    return not everywhere and bool(wanted) and wanted <= {form.id for form in forms_to_share_on(session, user)}


def can_share_some(session: Session, user: User) -> bool:
    """May `user` write shared answers at all, and keep their folders and categories?"""
    return (user.active and user.is_admin) or bool(forms_to_share_on(session, user))


def can_read(session: Session, user: User, answer: Answer) -> bool:
    """May `user` read and insert this answer: their own, or a shared one of a form they work on?"""
    if not (user.active and user.is_agent):
        return False
    if not answer.is_shared:
        return answer.owner_id == user.id
    forms = {form.id for form in forms_with_answers(session, user)}
    return user.is_admin or (bool(forms) if answer.everywhere else bool(forms & answer.form_ids))


def can_change(session: Session, user: User, answer: Answer) -> bool:
    """May `user` change or delete this answer?"""
    if not (user.active and user.is_agent):
        return False
    if not answer.is_shared:
        return answer.owner_id == user.id
    return can_share(session, user, everywhere=answer.everywhere, form_ids=answer.form_ids)


def readable_answers(session: Session, user: User) -> sa.ColumnElement[bool]:
    """The SQL twin of `can_read`."""
    if not (user.active and user.is_agent):
        return sa.false()
    mine = Answer.owner_id == user.id
    if user.is_admin:
        return sa.or_(Answer.owner_id.is_(None), mine)
    forms = [form.id for form in forms_with_answers(session, user)]
    if not forms:
        return mine
    return sa.or_(mine, sa.and_(Answer.owner_id.is_(None), sa.or_(Answer.everywhere, _linked(forms))))


def answers_on(form: Form, user: User | None = None) -> sa.ColumnElement[bool]:
    """Which answers are offered on `form` at all: shared ones, and those of `user`."""
    whose = Answer.owner_id.is_(None) if user is None else sa.or_(Answer.owner_id.is_(None), Answer.owner_id == user.id)
    return sa.and_(whose, sa.or_(Answer.everywhere, _linked([form.id])))


def is_on(answer: Answer, form: Form, user: User | None = None) -> bool:
    """The twin of `answers_on` for one answer."""
    whose = answer.is_shared or (user is not None and answer.owner_id == user.id)
    return form.has(PLUGIN) and whose and (answer.everywhere or form.id in answer.form_ids)


def _linked(form_ids: list[int]) -> sa.ColumnElement[bool]:
    return sa.exists().where(AnswerForm.answer_id == Answer.id, AnswerForm.form_id.in_(form_ids))
