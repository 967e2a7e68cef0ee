"""Who asks and in which desk: the request's session, person and transaction, for routes and templates."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar

from flask import abort, g, redirect, request, url_for
from flask_login import LoginManager, current_user
from sqlalchemy.exc import SQLAlchemyError

from plugdesk.app import SAFE_METHODS, current_runtime, request_session
from plugdesk.database import finish
from plugdesk.errors import NotFound
from plugdesk.forms.models import Desk, Form
from plugdesk.forms.queries import form_by_slug
from plugdesk.i18n import DEFAULT_LANGUAGE, LANGUAGES, current_language, current_zone, use_language
from plugdesk.i18n import gettext as _
from plugdesk.permissions import can_configure, can_work_on, note_denied
from plugdesk.sessions import SignedSession, session_of
from plugdesk.users.models import User
from plugdesk_web.security import cookie_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from werkzeug.wrappers import Response

P = ParamSpec("P")
R = TypeVar("R")

SESSION_COOKIE = "plugdesk"
db = request_session
runtime = current_runtime

login = LoginManager()


def only_reading() -> None:
    """This POST reads with its own session; what it writes has transactions of its own, which would wait for this one on SQLite.

    Call it before anything has touched the database. Who asks, and in which language, is looked up now and the transaction
    for it ended: within the others it could not be.
    """
    g.session = current_runtime().database.session(write=False)
    current_language()
    g.session.close()


def go_on_reading() -> None:
    """The database has refused what this request was at: what is left of it, an answer in words, only reads.

    Reading waits for no writer. Where the database cannot even be read, the answer is one for a stranger.
    """
    _other_session(write=False)
    try:
        me_or_none()
        desk_or_none()
    except SQLAlchemyError:
        g.away = True
        g.language = request.accept_languages.best_match(list(LANGUAGES)) or DEFAULT_LANGUAGE
        g._login_user = login.anonymous_user()


def begin_reading() -> None:
    """A public page answers after a refusal: what was written is undone, and the answer holds up no writer."""
    if not db().info.get("readonly"):
        _begin_anew(write=False)


def begin_writing() -> None:
    """The looking is done: from here on it writes. Rows that were loaded before belong to a transaction that has ended."""
    _begin_anew(write=True)


def _begin_anew(*, write: bool) -> None:
    form_id = g.form.id if "form" in g else None
    _other_session(write=write)
    if form_id is not None:
        g.form = g.session.get_one(Form, form_id)


def _other_session(*, write: bool) -> None:
    before = g.pop("session", None)
    if before is not None:
        before.rollback()
        finish(before)
    g.pop("_login_user", None)  # whoever is signed in is a row of that transaction, too
    g.pop("customer", None)
    g.session = current_runtime().database.session(write=write)


def desk_or_none() -> Desk | None:
    """The row about this installation; nothing before the set-up, and while the database is away."""
    return None if "away" in g else current_runtime().desk_or_none(db())


class Person:
    """The signed-in user as Flask-Login wants them; templates and routes use `me()`."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, user: User, signed: SignedSession) -> None:
        self.user = user
        self.signed = signed

    def get_id(self) -> str:
        return str(self.user.id)


def install(app: Flask) -> None:
    """Sessions are rows (see `plugdesk.sessions`); Flask-Login asks for the person of the cookie's row."""
    login.session_protection = None
    login.init_app(app)


@login.request_loader  # type: ignore[untyped-decorator]
def _person_of_cookie(_request: Any) -> Person | None:
    token = request.cookies.get(cookie_name(SESSION_COOKIE))
    found = session_of(db(), token) if token else None
    return Person(found[1], found[0]) if found else None


@login.unauthorized_handler  # type: ignore[untyped-decorator]
def _to_sign_in() -> Response:
    if request.headers.get("HX-Request"):
        abort(401)
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("sign_in.show", next=wanted), 303)


def me() -> User:
    """The signed-in agent or admin. Only behind `agent_only` and its kin."""
    user: User = _asking().user
    return user


def me_or_none() -> User | None:
    """The signed-in user, or nobody."""
    asking = _asking()
    return asking.user if asking.is_authenticated else None


def _asking() -> Any:
    """What stands behind `current_user`, which looks anew for it at every use."""
    return g.get("_login_user") or current_user


def signed_session() -> SignedSession:
    """The session of this browser. Only behind `agent_only` and its kin."""
    signed: SignedSession = current_user.signed
    return signed


def agent_only(view: Callable[P, R]) -> Callable[P, R]:
    """Agents and admins; others are led to the sign-in, customers are refused."""

    @wraps(view)
    def guarded(*args: P.args, **given: P.kwargs) -> R:
        if not current_user.is_authenticated:
            return login.unauthorized()  # type: ignore[no-any-return]
        if not me().is_agent:
            abort(403)
        if request.method not in SAFE_METHODS:
            return view(*args, **given)
        with use_language(current_language(), current_zone()):  # asked once, not at every word: a GET changes neither
            return view(*args, **given)

    return guarded


def note_page_denied() -> None:
    """Write in the journal that this person asked for a page that is not theirs."""
    note_denied(db(), me(), "page", path=request.path[:200], method=request.method)


def admin_only(view: Callable[P, R]) -> Callable[P, R]:
    """Administrators of the whole desk. To other agents the page does not exist."""

    @wraps(view)
    @agent_only
    def guarded(*args: P.args, **given: P.kwargs) -> R:
        if not me().is_admin:
            note_page_denied()
            abort(404)
        return view(*args, **given)

    return guarded


def form_here(slug: str) -> Form:
    """The form at this address if the agent works on it; else 404, whether or not there is one."""
    _only_known()
    form: Form = g.get("form") or form_by_slug(db(), slug)
    if not can_work_on(db(), me(), form.id):
        _refuse_form()
    return form


def form_to_configure(slug: str) -> Form:
    """The form at this address if the agent is its admin, or the desk's; else 404."""
    _only_known()
    form: Form = g.get("form") or form_by_slug(db(), slug)
    if not can_configure(db(), me(), form):
        _refuse_form()
    return form


def _refuse_form() -> NoReturn:
    """The form is not theirs: answered word for word as if there were none, on extensions' pages as where the extension is off."""
    note_page_denied()
    if "form" in g:
        abort(404)
    raise NotFound(_("There is no such form."))


def _only_known() -> None:
    """Extensions' pages ask for the form first: nobody in particular is led to the sign-in, as by `agent_only`."""
    if not current_user.is_authenticated:
        abort(login.unauthorized())
