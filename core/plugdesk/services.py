"""What listens all the time runs in exactly one worker process: a leased row a service, a thread where the lease is held."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from plugdesk.claims import machine_now
from plugdesk.contributions import Service
from plugdesk.database import Base

if TYPE_CHECKING:
    from plugdesk.runtime import Runtime

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=30)
RENEW = 10.0  # seconds
PAUSE = 5.0  # seconds before a service that ended is started again


class ServiceRow(Base):
    """Who runs a service, and until when it may. Times are the machine's."""

    __tablename__ = "service"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    lease_until: Mapped[datetime]


@dataclass
class _Running:
    thread: threading.Thread
    stop: threading.Event = field(default_factory=threading.Event)
    ended_at: float = 0.0


class Services:
    """The services of one worker process. `keep()` is called every few seconds, `stop()` once at the end."""

    def __init__(self, runtime: Runtime, holder: str) -> None:
        self._runtime = runtime
        self._holder = holder
        self._running: dict[str, _Running] = {}
        self._looked = -RENEW

    def keep(self) -> None:
        """Renew the leases that are held, take over those that ran out, start and stop threads accordingly."""
        if not self._runtime.registry.services or monotonic() - self._looked < RENEW:
            return
        self._looked = monotonic()
        for plugin, service in self._runtime.registry.services:
            name = f"{plugin}:{service.name}"
            with self._runtime.database.write() as session:
                held = _hold(session, name, self._holder, machine_now())
            if held:
                self._start(name, service)
            else:
                self._end(name)

    def stop(self) -> None:
        """Tell every service to end, and let others take over at once."""
        names = list(self._running)
        for name in names:
            self._end(name)
        if names:
            with self._runtime.database.write() as session:
                session.execute(sa.delete(ServiceRow).where(ServiceRow.holder == self._holder))

    def _start(self, name: str, service: Service) -> None:
        known = self._running.get(name)
        if known is not None and (known.thread.is_alive() or monotonic() - known.ended_at < PAUSE):
            return
        stop = threading.Event()
        thread = threading.Thread(target=self._run, args=(name, service, stop), name=name, daemon=True)
        self._running[name] = _Running(thread, stop)
        thread.start()

    def _end(self, name: str) -> None:
        running = self._running.pop(name, None)
        if running is not None:
            running.stop.set()

    def _run(self, name: str, service: Service, stop: threading.Event) -> None:
        try:
            service.run(self._runtime, stop)
        except Exception:  # it is a plugin's: the worker goes on, and starts it again
            log.exception("The service %s ended", name)
        running = self._running.get(name)
        if running is not None and running.stop is stop:
            running.ended_at = monotonic()


def _hold(session: Session, name: str, holder: str, now: datetime) -> bool:
    row = session.get(ServiceRow, name, with_for_update=True)
    if row is None:
        session.add(ServiceRow(name=name, holder=holder, lease_until=now + LEASE))
        try:
            session.flush()  # another process may insert the same row at this moment
        except sa.exc.IntegrityError:
            session.rollback()
            return False
        return True
    if row.holder != holder and row.lease_until > now:
        return False
    row.holder, row.lease_until = holder, now + LEASE
    return True
