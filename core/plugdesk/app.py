"""The WSGI application without its pages: one transaction a request, the guard before extensions' addresses, errors in words.

Pages come from plugins: whatever a plugin contributed to the hook `pages` and has an `install(app, runtime)` is installed.
"""

from __future__ import annotations

import logging
import re
import threading
from time import monotonic
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, abort, current_app, g, request
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.routing import IntegerConverter, Map

from plugdesk.database import finish, is_lock_timeout
from plugdesk.errors import Conflict, PlugdeskError
from plugdesk.forms.models import Form
from plugdesk.i18n import gettext as _
from plugdesk.logs import configure as configure_log
from plugdesk.opening import open_runtime
from plugdesk.runtime import Runtime
from plugdesk.settings import Settings
from plugdesk.templating import Application

log = logging.getLogger(__name__)

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_EXTENSION_ADDRESS = re.compile(
    r"/(?:forms/(?P<form>[^/]+)/x/(?P<a>[^/]+)|p/(?P<public>[^/]+)/(?P<b>[^/]+)|x/(?P<c>[^/]+)|in/(?P<d>[^/]+)|(?P<site>[a-z]+))(?:/|\Z)"
)


class Busy(PlugdeskError):
    """Another writer held the database for too long; nothing was saved, trying again will do."""

    status = 503


class Full(PlugdeskError):
    """There is no room to store anything."""

    status = 507


class RowNumber(IntegerConverter):
    """`<int:…>` in an address is the number of a row: one that no database could hold is no address at all."""

    def __init__(self, map: Map, **limits: Any) -> None:
        super().__init__(map, **{"max": 2**63 - 1, **limits})


def create_app(runtime: Runtime) -> Flask:
    """The application of one process, with the pages of every plugin that was loaded."""
    app = Application("plugdesk", static_folder=None, template_folder=None)
    app.config.update(
        DEBUG=False,  # whatever FLASK_DEBUG says: it would show the inside to whoever asks
        SECRET_KEY=runtime.session_key,
        MAX_CONTENT_LENGTH=(runtime.settings.max_upload_mb + 2) * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        MAX_FORM_PARTS=500,
    )
    app.url_map.converters["int"] = RowNumber
    app.extensions["plugdesk"] = runtime
    app.extensions["plugdesk_called"] = {}
    if runtime.settings.trusted_proxies:
        from werkzeug.middleware.proxy_fix import ProxyFix

        hops = runtime.settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    app.before_request(_guard_extensions)
    app.after_request(_end_transaction)
    app.teardown_request(_close_session)
    for _plugin, contributed in runtime.registry.pages:
        install = getattr(contributed, "install", None)
        if install is not None:
            install(app, runtime)
    return app


def create_app_from_environment() -> Flask:
    """What the server calls in its process: the desk as `PLUGDESK_…` describe it, migrated, with the embedded worker running."""
    settings = Settings.read()
    configure_log(settings)
    runtime = open_runtime(settings, migrating=True)
    app = create_app(runtime)
    if runtime.settings.worker_threads and not runtime.settings.redis_url:
        from plugdesk.worker import Worker

        worker = Worker(runtime, threads=runtime.settings.worker_threads)
        threading.Thread(target=worker.run_forever, args=(threading.Event(),), name="worker", daemon=True).start()
    return app


def current_runtime() -> Runtime:
    """The runtime of the application that answers this request."""
    runtime: Runtime = current_app.extensions["plugdesk"]
    return runtime


def begins_by_reading(app: Flask, blueprint: str) -> None:
    """What is posted to these pages is looked at before anything is written: until they say so, it holds up no writer."""
    app.config.setdefault("PLUGDESK_READING", set()).add(blueprint)


def request_session() -> Session:
    """The one session of this request: it only reads for GET and HEAD, and is committed when the answer is a success."""
    session: Session | None = g.get("session")
    if session is None:
        reads = request.method in SAFE_METHODS or request.blueprint in current_app.config.get("PLUGDESK_READING", ())
        session = g.session = current_runtime().database.session(write=not reads)
    return session


def write_session() -> Session:
    """The session of a request that writes though it began by reading: only before anything was changed."""
    session = request_session()
    assert not session.info.get("readonly"), "A GET changes nothing."
    return session


def in_words(error: BaseException) -> PlugdeskError | None:
    """What the database's own refusals mean to a person, None for what is nobody's business but the log's."""
    if isinstance(error, PlugdeskError):
        return error
    if isinstance(error, StaleDataError):
        return Conflict(_("Somebody else changed this at the same moment. Look at it again, then repeat what you did."))
    if isinstance(error, sa.exc.OperationalError):
        words = str(error.orig)
        if is_lock_timeout(error):
            return Busy(_("The desk is busy. Nothing was lost: try again in a moment."))
        if "disk is full" in words or "No space left" in words:
            return Full(_("The disk of this desk is full. Nothing was saved: tell your administrator."))
        if "deadlock detected" in words or "could not serialize" in words or error.connection_invalidated:
            return Busy(_("The database was busy. Nothing was lost: try again."))
        if error.statement is None:  # it failed before there was one: while connecting
            return Busy(_("The database of this desk cannot be reached. Nothing was lost: try again in a moment."))
    if isinstance(error, OSError) and error.errno == 28:
        return Full(_("The disk of this desk is full. Nothing was saved: tell your administrator."))
    return None


def _guard_extensions() -> None:
    """404 before any code of an extension that is off there; 410 for public pages of an archived form."""
    found = _EXTENSION_ADDRESS.match(request.path)
    if found is None:
        return
    runtime, slug = current_runtime(), found["form"] or found["public"]
    plugin = found["a"] or found["b"] or found["c"] or found["d"]
    if found["site"] is not None:
        plugin = runtime.registry.sites.get(found["site"])
        if plugin is None:
            return
    if not runtime.registry.is_loaded(plugin):
        abort(404)
    if slug is not None:
        form = request_session().scalar(sa.select(Form).where(Form.slug == slug))
        if form is None or not form.has(plugin):
            abort(404)
        if form.archived_at is not None and found["public"]:
            abort(410)
        g.form = form
    elif not (_called_lately(plugin) if found["d"] else _on_somewhere(runtime, plugin)):
        abort(404)


def _called_lately(plugin: str) -> bool:
    """`_on_somewhere` for a vendor's calls, asked once a second: they come by the hundred, and their code looks at its form itself."""
    known: dict[str, float] = current_app.extensions["plugdesk_called"]
    if monotonic() < known.get(plugin, 0.0):
        return True
    is_on = _on_somewhere(current_runtime(), plugin)
    known[plugin] = monotonic() + 1.0 if is_on else 0.0
    return is_on


def _on_somewhere(runtime: Runtime, plugin: str) -> bool:
    session = request_session()
    manifest = runtime.registry.plugins[plugin].manifest
    if manifest is not None and manifest.scope == "app":
        return runtime.desk(session).has(plugin)
    if manifest is not None and manifest.scope == "form":  # vendors call there hundreds of times a second
        here = sa.cast(Form.extensions, sa.Text).contains(f'"{plugin}"', autoescape=True)
        return session.scalar(sa.select(Form.id).where(here).limit(1)) is not None
    return runtime.desk(session).has(plugin) or any(
        plugin in extensions for extensions in session.scalars(sa.select(Form.extensions))
    )


def _end_transaction(response: Response) -> Response:
    session: Session | None = g.get("session")
    if session is None or session.info.get("readonly"):
        return response
    if response.status_code >= 400:
        session.rollback()
        return response
    try:
        session.commit()
    except Exception as error:  # a commit that fails is an answer to this request, not a page that was right
        session.rollback()
        refusal = in_words(error)
        if refusal is None:
            raise
        return current_app.make_response(current_app.handle_user_exception(refusal))
    return response


def _close_session(error: BaseException | None) -> None:
    session: Session | None = g.pop("session", None)
    if session is not None:
        if error is not None:
            session.rollback()
        finish(session)
    runtime = current_runtime()
    if runtime.figures.is_due():
        runtime.figures.write(runtime.database)
