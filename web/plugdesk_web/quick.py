"""What an extension answers before anything else is asked: a page it keeps, a vendor's call.

What fails there is on its health like anything else.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, MutableMapping
from typing import Any

from flask import Response

from plugdesk.app import in_words
from plugdesk.runtime import Runtime
from plugdesk_web import security

log = logging.getLogger(__name__)
KEPT_PAGE = "kept page"
"""What a page of figures calls it, where other calls have the name of their hook."""

Quick = Callable[[MutableMapping[str, Any]], Response | None]


def quick_answer(
    runtime: Runtime,
    plugin: str,
    prefix: str,
    answer: Callable[[Runtime, MutableMapping[str, Any]], Response | None],
    *,
    method: str = "GET",
) -> Quick:
    """`answer` for what it may be asked under `prefix` (`<slug>` is any form), with the headers every answer has; what fails in it is left to the blueprint."""
    failed, is_ours = threading.Event(), re.compile(re.escape(prefix).replace("<slug>", "[^/]+")).match

    def quick(environ: MutableMapping[str, Any]) -> Response | None:
        if environ["REQUEST_METHOD"] != method or "HTTP_COOKIE" in environ or not is_ours(environ["PATH_INFO"]):
            return None
        try:
            response = answer(runtime, environ)
        except Exception as error:
            if in_words(error) is not None:  # the database is away or busy: nothing of the extension's
                log.warning("A kept page of %s could not be looked up", plugin, exc_info=error)
                return None
            failed.set()
            _count(runtime, plugin, error)
            return None
        if failed.is_set():
            failed.clear()
            _count(runtime, plugin, None)
        if response is not None:
            if "Content-Security-Policy" not in response.headers:  # which may say that other sites frame it
                response.headers.setdefault("X-Frame-Options", "DENY")
            security.add_usual(response.headers, secure=environ["wsgi.url_scheme"] == "https")
        return response

    return quick


def _count(runtime: Runtime, plugin: str, error: Exception | None) -> None:
    """On the desk's part of the extension's health; None: it goes well again."""
    try:
        with runtime.database.write() as session:
            desk = runtime.desk(session)
            if error is None:
                runtime.breaker.succeeded(plugin, desk, session)
            else:
                runtime.executor.failed(plugin, KEPT_PAGE, desk, session, error)
    except Exception:
        log.exception("What failed in a kept page of %s could not be counted", plugin, exc_info=error)
