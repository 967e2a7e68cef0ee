"""Pages for anybody, kept in the process as they are sent: good while `Key` is what it was, packed once, told by an ETag.

A page may hold `SEARCHED` where the words stand that led to it; they are put in when it is sent, so that it is kept once.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

from flask import Response, request
from werkzeug.wsgi import get_host

from plugdesk.api import Runtime
from plugdesk_faq.snapshot import Key, key_quickly
from plugdesk_faq.visits import day_token

SEARCHED = "searched-words-stand-here"
MOST_BYTES = 48 * 1024 * 1024


@dataclass(frozen=True)
class Page:
    """A page as it is sent."""

    body: bytes
    plain: bytes
    packed: bytes
    etag: str
    mimetype: str
    asks_language: bool


class Pages:
    """The pages of one process, those used last kept longest."""

    def __init__(self) -> None:
        self._key: Key | None = None
        self._pages: OrderedDict[tuple[str, ...], Page] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def find(self, key: Key, name: tuple[str, ...]) -> Page | None:
        if key != self._key:
            return None
        return self._pages.get(name)

    def has(self, name: tuple[str, ...]) -> bool:
        return name in self._pages

    def keep(self, key: Key, name: tuple[str, ...], page: Page) -> None:
        with self._lock:
            if key != self._key:
                self._key, self._size = key, 0
                self._pages.clear()
            self._pages[name] = page
            self._size += len(page.body) + len(page.packed)
            while self._size > MOST_BYTES and len(self._pages) > 1:
                _name, gone = self._pages.popitem(last=False)
                self._size -= len(gone.body) + len(gone.packed)


_of_runtime: WeakKeyDictionary[Runtime, Pages] = WeakKeyDictionary()


def pages_of(runtime: Runtime) -> Pages:
    """The pages of this process (tests have several runtimes)."""
    return _of_runtime.setdefault(runtime, Pages())


def quick(runtime: Runtime, environ: Mapping[str, Any]) -> Response | None:
    """An article that is kept, for anybody: one short statement says whether it is still good. None: ask the long way."""
    slug = environ["PATH_INFO"][len("/help/") :]
    if not slug or "/" in slug or environ.get("QUERY_STRING"):
        return None
    pages = pages_of(runtime)
    name = (
        "article",
        slug,
        get_host(dict(environ)),
        day_token(runtime.signing_key("faq/pages"), runtime.clock.now().date()),
    )
    if not pages.has(name):
        return None
    key = key_quickly(runtime)
    page = pages.find(key, name) if key else None
    return as_asked(page, environ) if page else None


def kept_page(
    pages: Pages, key: Key, name: tuple[str, ...], make: Callable[[], Response], *, asks_language: bool = False
) -> Response:
    """The page called `name`, made by `make` only when none is kept for `key`. `asks_language`: it differs by what a browser speaks."""
    page = pages.find(key, name)
    if page is None:
        made = make()
        body = made.get_data()
        etag = hashlib.blake2b(body, digest_size=12).hexdigest()
        without = body.replace(SEARCHED.encode(), b"")
        page = Page(body, without, gzip.compress(without, 6, mtime=0), etag, made.content_type, asks_language)
        pages.keep(key, name, page)
    return sent(page, request.args.get("q", "")[:300])


def sent(page: Page, words: str) -> Response:
    """The answer to this request: nothing but "as you have it" where the browser has it."""
    if words:  # an answer of its own: packing it with what an address holds would let its length tell
        body = page.body.replace(SEARCHED.encode(), quote(words, safe="").encode())
        response = Response(body, content_type=page.mimetype)
        response.headers["Cache-Control"] = "private, no-cache"
        return response
    return as_asked(page, request.environ)


def as_asked(page: Page, environ: Mapping[str, Any]) -> Response:
    """The page packed or not, or that it is as the browser has it."""
    etag = f'"{page.etag}"'
    if etag in environ.get("HTTP_IF_NONE_MATCH", ""):
        response = Response(status=304)
    elif "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
        response = Response(page.packed, content_type=page.mimetype)
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = Response(page.plain, content_type=page.mimetype)
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = (
        "public, no-cache"  # kept by whoever likes, but asked for each time: a change shows at once
    )
    response.headers["Vary"] = "Accept-Encoding, Cookie" + (", Accept-Language" if page.asks_language else "")
    return response
