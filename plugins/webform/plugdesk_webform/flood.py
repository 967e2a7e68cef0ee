"""Who goes on sending after having been refused is answered at once, before a session, the database or what they send is looked at.

It is remembered in the process for a minute at most, so no limit is loosened or tightened: what is refused here was refused by the
limits before, and is asked of them again when the minute is over.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl
from weakref import WeakKeyDictionary

from flask import Response
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from plugdesk.api import LANGUAGES, Runtime, network_of
from plugdesk_webform.around import LANGUAGE, frame_tone

GOES_ON = 10  # refusals within MINUTE after which somebody floods: a person has read by then that they are to wait
MINUTE = timedelta(minutes=1)
MOST = 1_000  # connections that are remembered


@dataclass(frozen=True)
class Refusal:
    """What a flood is answered: `pages` by language and the tone of their frame (see `frame_tone`), in the language `usual` where none of
    theirs is asked for, as other sites may frame them (`policy`)."""

    free_at: datetime
    pages: Mapping[tuple[str, str], bytes]
    usual: str
    policy: str


@dataclass
class _Known:
    times: int
    at: datetime
    until: datetime | None = None
    refusal: Refusal | None = None


class Floods:
    """Those who were refused in the last minute, in one process; `whose` is a page and a connection, "" for everybody together."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()
        self._lock = threading.Lock()

    def goes_on(self, whose: tuple[str, str], now: datetime) -> bool:
        """Count a refusal by the limits; whether it has come to a flood."""
        with self._lock:
            known = self._known.pop(whose, None)
            if known is None or now - known.at >= MINUTE:
                known = _Known(0, now)
            known.times, known.at = known.times + 1, now
            self._known[whose] = known
            while len(self._known) > MOST or now - next(iter(self._known.values())).at >= MINUTE:
                self._known.popitem(last=False)
            return known.times >= GOES_ON

    def refuse(self, whose: tuple[str, str], refusal: Refusal, now: datetime) -> None:
        """From now on, for a minute or until the limits have room again."""
        with self._lock:
            if whose in self._known:
                self._known[whose].until, self._known[whose].refusal = min(refusal.free_at, now + MINUTE), refusal

    def refusal(self, whose: tuple[str, str], now: datetime) -> Refusal | None:
        """What they are answered now; nothing where the limits are to be asked."""
        known = self._known.get(whose)
        return known.refusal if known is not None and known.until is not None and now < known.until else None

    def __len__(self) -> int:
        return len(self._known)


_of_runtime: WeakKeyDictionary[Runtime, Floods] = WeakKeyDictionary()


def floods_of(runtime: Runtime) -> Floods:
    """Those of this process (tests have several runtimes)."""
    return _of_runtime.setdefault(runtime, Floods())


def whose_flood(environ: Mapping[str, Any], *, anonymous: bool) -> tuple[str, str]:
    """What is refused together: a page's requests of one connection; of an anonymous request form all, for it keeps no connection."""
    return environ["PATH_INFO"], "" if anonymous else network_of(environ.get("REMOTE_ADDR"))


def quick(runtime: Runtime, environ: MutableMapping[str, Any]) -> Response | None:
    """429 for those who flood. None: ask the long way."""
    floods = floods_of(runtime)
    if not len(floods):
        return None
    now = runtime.clock.now()
    for anonymous in (False, True):
        refusal = floods.refusal(whose_flood(environ, anonymous=anonymous), now)
        if refusal is not None:
            asked = dict(parse_qsl(environ.get("QUERY_STRING", "")))
            shown = refusal.pages[_language(refusal, asked, environ), frame_tone(asked)]
            response = Response(shown, status=429, mimetype="text/html")
            response.headers["Retry-After"] = str(int((refusal.free_at - now).total_seconds()) + 1)
            if refusal.policy:
                response.headers["Content-Security-Policy"] = refusal.policy
            return response
    return None


def _language(refusal: Refusal, asked: Mapping[str, str], environ: Mapping[str, Any]) -> str:
    known = {language for language, _tone in refusal.pages}
    spoken: str = parse_accept_header(environ.get("HTTP_ACCEPT_LANGUAGE"), LanguageAccept).best_match(list(LANGUAGES), "")
    return next((each for each in (asked.get(LANGUAGE), spoken) if each in known), refusal.usual)
