"""The same jobs carried by RQ: Redis is told that there is work, never which, and may forget it at any time.

After a commit a nudge is put into RQ's queue, at most one that waits; a worker that takes it claims from the database
until nothing is due. `plugdesk worker` is two processes: RQ's, and one that ticks: it stores recurring work, takes back
what died, nudges for what is due and Redis has lost, listens where something listens all the time, and works itself
while Redis is away.
Imported only where Redis is configured.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import threading
from contextlib import suppress
from functools import cache
from time import monotonic, sleep
from typing import TYPE_CHECKING, NoReturn

import rq
import rq.job
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException

from plugdesk.services import Services
from plugdesk.worker import GRACE, HEARTBEAT, Worker, something_is_due, tick

if TYPE_CHECKING:
    from types import FrameType

    from plugdesk.runtime import Runtime

log = logging.getLogger(__name__)
QUEUE = "plugdesk"
NUDGED = "plugdesk:nudged"  # there while a nudge waits in the queue
NUDGE_LIFE = 10  # seconds after which a nudge that nobody took counts as lost
SLICE = 10.0  # seconds a work-horse works before the next one, fresh, goes on
PATIENCE = 1.0  # seconds a request waits for Redis
PAUSE = 5.0  # seconds Redis is left alone after it failed
TICK = 1.0
ENDINGS = (signal.SIGTERM, signal.SIGINT)
PR_SET_PDEATHSIG = 1  # of Linux's prctl(2)
AWAY = 10.0  # seconds without Redis after which the ticking process works itself

_runtime: Runtime | None = None
_away: dict[str, float] = {}  # Redis's address: when it may be asked again, by the monotonic clock


def nudge(runtime: Runtime) -> bool:
    """Tell the RQ workers that something may be due. False when Redis is away: the sweep tells them later.

    Never raises, and costs at most a second, once in five, when Redis hangs.
    """
    url = runtime.settings.redis_url
    if monotonic() < _away.get(url, 0.0):
        return False
    try:
        redis = _client(url)
        if redis.set(NUDGED, 1, nx=True, ex=NUDGE_LIFE):
            queue = rq.Queue(QUEUE, connection=redis, serializer=JSONSerializer, job_class=Nudge)
            queue.enqueue("plugdesk.rq_worker.drain", job_timeout=-1, result_ttl=0, failure_ttl=3600)
    except RedisError as error:
        log.warning("Redis is away (%s); jobs are stored and run when it is back", error)
        _away[url] = monotonic() + PAUSE
        return False
    _away.pop(url, None)
    return True


def drain() -> None:
    """What a nudge makes an RQ worker do: claim and run until nothing is due, or a few seconds are over."""
    if _runtime is None:
        raise RuntimeError("Start RQ workers with “plugdesk worker”: it brings the desk along.")
    # Connections do not survive a fork; the parent has none, this makes sure.
    _runtime.database.engine.dispose(close=False)
    _runtime.executor.passthrough = (*_runtime.executor.passthrough, JobTimeoutException)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    _forget_nudge(_runtime)
    try:
        more = Worker(_runtime, kind="rq").run_for(SLICE, stop)
        _runtime.figures.write(_runtime.database)
    finally:
        _runtime.database.close()
    if more and not stop.is_set():
        nudge(_runtime)


class Nudge(rq.job.Job):
    """The one thing Redis can ask for. RQ calls whatever functions a job names: who writes there would choose what runs here."""

    func = property(lambda self: drain)
    instance = property(lambda self: None)
    args = property(lambda self: ())
    kwargs = property(lambda self: {})
    success_callback = failure_callback = stopped_callback = property(lambda self: None)
    webhooks = property(lambda self: [], lambda self, given: None)


def run_rq_worker(runtime: Runtime, *, burst: bool = False) -> int:
    """`plugdesk worker` with Redis: work until SIGTERM or SIGINT; with `burst` until nothing is due. Returns the exit code.

    What is running at the signal ends first. To be called in the main thread, before any other thread was started.
    """
    global _runtime
    _runtime = runtime
    if burst:
        tick(runtime)
        _forget_nudge(runtime)
        nudge(runtime)
        _work(runtime, burst=True)
        return 0
    runtime.database.close()
    stop = threading.Event()
    for number in ENDINGS:  # before there is a second process that would be left behind
        signal.signal(number, lambda number, frame: stop.set())
    ticking = os.getpid()
    carrier = os.fork()
    if carrier == 0:
        _be_carrier(runtime, ticking)
    died = _tick_until(runtime, stop, carrier)
    if not died:
        _end(runtime, carrier)
        return 0
    log.error("RQ's process ended by itself; start the worker again")
    return 1


def _end(runtime: Runtime, carrier: int) -> None:
    """Let RQ's process end: its work-horse ends the job at hand. One that waits for a Redis that is away would wait on."""
    os.kill(carrier, signal.SIGTERM)
    patience = monotonic() + SLICE + GRACE
    while not os.waitpid(carrier, os.WNOHANG)[0]:
        if monotonic() > patience or not _answers(_client(runtime.settings.redis_url)):
            os.kill(carrier, signal.SIGKILL)
            os.waitpid(carrier, 0)
            return
        sleep(0.1)


def _tick_until(runtime: Runtime, stop: threading.Event, carrier: int) -> bool:
    """The ticking process: until it is told to stop (false) or RQ's process has died (true)."""
    shown = Worker(runtime, kind="rq", threads=0)
    stand_in, services = StandIn(runtime), Services(runtime, shown.name)
    last_seen, last_reached = 0.0, monotonic()
    try:
        while not stop.is_set():
            if os.waitpid(carrier, os.WNOHANG)[0]:
                return True
            try:
                if monotonic() - last_seen >= HEARTBEAT:
                    shown.heartbeat()
                    last_seen = monotonic()
                tick(runtime)
                services.keep()
                if not something_is_due(runtime) or nudge(runtime):
                    last_reached = monotonic()
                    stand_in.rest()
                elif monotonic() - last_reached > AWAY:
                    stand_in.work()
            except Exception:
                log.exception("The tick failed and goes on")
            stop.wait(TICK)
        return False
    finally:
        for end in (services.stop, stand_in.rest, shown.forget):
            try:
                end()
            except Exception:  # the database may be away, and RQ's process is still to be ended
                log.exception("The worker did not take all of its leave and ends")


class StandIn:
    """An embedded worker that works while Redis is away."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._stop: threading.Event | None = None
        self._thread: threading.Thread | None = None

    def work(self) -> None:
        """Begin to work, if it does not yet."""
        if self._stop is None:
            log.warning("Redis stays away: this process works through what is due")
            self._stop = threading.Event()
            worker = Worker(self._runtime, kind="rq")
            self._thread = threading.Thread(target=worker.run_forever, args=(self._stop,), daemon=True)
            self._thread.start()

    def rest(self) -> None:
        """End the work, if it does work; what is running ends first."""
        if self._stop is not None and self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._stop = self._thread = None


class _Carrier(rq.Worker):
    """RQ's worker, which says whether it was told to stop: on an error of Redis `work` returns just the same."""

    told = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """The handler of SIGTERM and SIGINT."""
        self.told = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]


def _be_carrier(runtime: Runtime, ticking: int) -> NoReturn:
    # A group of its own: Ctrl-C reaches the ticking process alone, which passes it on once. Twice means “at once” to RQ.
    os.setpgrp()
    for number in ENDINGS:
        signal.signal(number, signal.SIG_DFL)
    _end_with(ticking)
    code = 1
    try:
        while code:
            for number in ENDINGS:  # until RQ handles them itself
                signal.signal(number, signal.SIG_DFL)
            if _work(runtime, burst=False):
                code = 0
            else:
                log.warning("RQ lost Redis and begins anew")
                sleep(TICK)
    except BaseException:
        log.exception("RQ's worker failed")
    finally:
        os._exit(code)


def _end_with(parent: int) -> None:
    """Have the system send this process a SIGTERM when its `parent` is killed, and can no longer pass one on. Linux can."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent:  # it was killed before that
        os._exit(1)


def _work(runtime: Runtime, *, burst: bool) -> bool:
    """Let RQ work until it is told to stop (true), loses Redis or, with `burst`, has nothing left (false)."""
    # A work-horse is forked for every nudge and must not inherit connections to the database.
    runtime.database.close()
    redis = Redis.from_url(runtime.settings.redis_url)
    while not _answers(redis):
        if burst:
            return False
        sleep(TICK)
    queue = rq.Queue(QUEUE, connection=redis, serializer=JSONSerializer, job_class=Nudge)
    worker = _Carrier([queue], connection=redis, serializer=JSONSerializer, job_class=Nudge)
    with suppress(RedisError):
        worker.work(burst=burst, logging_level="WARNING")
    return worker.told


def _answers(redis: Redis) -> bool:
    try:
        return bool(redis.ping())
    except RedisError:
        return False


def _forget_nudge(runtime: Runtime) -> None:
    """From now on a commit puts a new nudge into the queue, for another worker to take."""
    with suppress(RedisError):  # it ends by itself
        _client(runtime.settings.redis_url).delete(NUDGED)


@cache
def _client(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=Retry(NoBackoff(), 0))
