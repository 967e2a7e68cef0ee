"""Who may see contracts, and who makes and changes them: one question per function."""

from __future__ import annotations

from sqlalchemy.orm import Session

from plugdesk.api import Form, NotFound, User, all_forms, can_configure, can_work_on, rights_of, runtime_of
from plugdesk.api import gettext as _
from plugdesk_contracts.settings import SUPERVISORS

PLUGIN = "contracts"


def forms_with_contracts(session: Session, user: User) -> list[Form]:
    """The forms `user` works on where the extension is on."""
    return [form for form in all_forms(session) if form.has(PLUGIN) and can_work_on(session, user, form.id)]


def may_read(session: Session, user: User) -> bool:
    """May `user` read contracts: do they work where contracts act?"""
    return user.is_admin or bool(forms_with_contracts(session, user))


def may_make_on(session: Session, user: User, form: Form) -> bool:
    """May `user` say what contracts do on this form?"""
    if can_configure(session, user, form):
        return True
    supervises = bool(rights_of(session, user).supervises)
    settings = runtime_of(session).settings_of(session, PLUGIN, form)
    return supervises and settings.made_by == SUPERVISORS and can_work_on(session, user, form.id)


def may_make(session: Session, user: User) -> bool:
    """May `user` make and change contracts, and say who is in them?"""
    return user.is_admin or any(may_make_on(session, user, form) for form in forms_with_contracts(session, user))


def only_readers(session: Session, user: User) -> None:
    """To whoever works on no form with contracts the pages do not exist."""
    if not may_read(session, user):
        raise NotFound(_("There is no such page."))


def only_makers(session: Session, user: User | None) -> None:
    """Raises `NotFound` to those who may not change contracts: the pages for it do not exist for them."""
    if user is not None and not may_make(session, user):
        raise NotFound(_("There is no such page."))
