"""Kills a process between any two of its steps that last: a commit, a word to a mail server, a file that is kept."""

from __future__ import annotations

import imaplib
import os
import signal
import smtplib
from collections.abc import Callable
from typing import Any

from plugdesk.files import FileStore
from plugdesk.runtime import Runtime
from plugdesk.worker import Worker


def run_and_die(runtime: Runtime, at: int, work: Callable[[Runtime], Any] | None = None) -> bool:
    """Do what is due in a process of its own, killed right before step `at`; false when it ended before it came so far.

    `work` is what it does with a runtime like `runtime`; without it, it works as a worker does.
    """
    runtime.database.close()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            own = Runtime(runtime.settings, plugins=list(runtime.registry.plugins.values()), clock=runtime.clock)
            own.registry.timers[:] = runtime.registry.timers
            _die_at(own, at)
            (work or _work)(own)
            code = 0
        finally:
            os._exit(code)
    ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert ended in (0, -signal.SIGKILL), f"it ended with {ended} by itself"
    return ended != 0


def _work(runtime: Runtime) -> None:
    # As a worker that others can see, and so can miss.
    worker = Worker(runtime)
    worker.heartbeat()
    worker.run_due()
    worker.forget()


def _die_at(runtime: Runtime, at: int) -> None:
    passed = 0

    def step() -> None:
        nonlocal passed
        passed += 1
        if passed == at:
            os.kill(os.getpid(), signal.SIGKILL)

    for owner, name in (
        (runtime.database.engine.dialect, "do_commit"),
        (imaplib.IMAP4, "send"),
        (smtplib.SMTP, "send"),
        (FileStore, "save"),
    ):
        setattr(owner, name, _after_a_step(getattr(owner, name), step))


def _after_a_step(function: Callable[..., Any], step: Callable[[], None]) -> Callable[..., Any]:
    def stepping(*args: Any, **options: Any) -> Any:
        step()
        return function(*args, **options)

    return stepping
