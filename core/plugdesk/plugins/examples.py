"""Examples: what extensions make to look at, where somebody wants to see what they are for."""

from __future__ import annotations

from sqlalchemy.orm import Session

from plugdesk.forms.models import Form
from plugdesk.i18n import use_language
from plugdesk.permissions import only_admins
from plugdesk.runtime import runtime_of
from plugdesk.users.models import User


def make_examples(session: Session, form: Form, *, by: User) -> None:
    """Have each extension that is on at `form` make its example there, see the hook `make_example`. Raises `NotAllowed`.

    It is made in the form's language, else the desk's.
    """
    only_admins(by)
    runtime = runtime_of(session)
    desk = runtime.desk(session)
    with use_language(form.language or desk.language):
        for plugin in runtime.registry.enabled(form, desk):
            runtime.executor.ask(plugin, "make_example", form, session, by=by)
