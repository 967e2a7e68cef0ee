"""A desk that is set up, and whoever visits it: as nobody, or signed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.orm import Session

from plugdesk.users.models import User
from tests.factories import make_admin, make_agent, make_desk, make_form

if TYPE_CHECKING:
    from flask import Flask
    from webtest import TestApp

    from plugdesk.forms.models import Desk, Form
    from plugdesk.runtime import Runtime


@pytest.fixture
def desk(session: Session, runtime: Runtime) -> Desk:
    """The desk as it is after the first run."""
    desk = make_desk(session)
    desk.set_up_at = runtime.clock.now()
    session.commit()
    return desk


@pytest.fixture
def visitor(app: Flask) -> Callable[[], TestApp]:
    """`visitor()` is another browser, over HTTPS."""
    from webtest import TestApp

    return lambda: TestApp(
        app, extra_environ={"wsgi.url_scheme": "https", "HTTP_HOST": "desk.example", "REMOTE_ADDR": "192.0.2.7"}
    )


@pytest.fixture
def browse(desk: Desk, session: Session, visitor: Callable[[], TestApp]) -> Callable[[User], TestApp]:
    """`browse(agent)` is a browser in which `agent` is signed in."""
    from plugdesk.sessions import sign_in

    def browse(user: User) -> TestApp:
        token = sign_in(session, user)
        session.commit()
        browser = visitor()
        browser.set_cookie("__Host-plugdesk", token)
        return browser

    return browse


@pytest.fixture
def admin(desk: Desk, session: Session) -> User:
    """Marta, an administrator of the whole desk."""
    admin = make_admin(session, name="Marta Grünwald", email="marta@desk.example")
    session.commit()
    return admin


@pytest.fixture
def form(desk: Desk, session: Session) -> Form:
    """The form *Support*."""
    return make_form(session)


@pytest.fixture
def anna(form: Form, session: Session) -> User:
    """Anna, who works on it."""
    return make_agent(session, form, name="Anna")
