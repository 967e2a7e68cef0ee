"""What listening costs while nobody writes: `python benchmarks/polling.py [SECONDS]`. SQLite, twenty bots, one `plugdesk worker`.

Telegram is played by the local messenger, in this process: a request of each bot waits there for fifty seconds and is asked anew.
The worker's processor time is counted over a minute, with what a worker does by itself; beside it that of one without bots.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa
from measure import Figure, print_figures

from plugdesk.forms.commands import create_form
from plugdesk.forms.models import Form
from plugdesk.opening import open_runtime
from plugdesk.plugins.switch import enable_plugin
from plugdesk.settings import Settings
from plugdesk.setup import create_desk, first_administrator
from plugdesk.testing.messenger import LocalMessenger
from plugdesk_telegram.bots import BotInput, Known, add_bot
from plugdesk_telegram.models import Mode

BOTS, SECONDS, MOST = 20, 60.0, 5  # percent of a core
SETTLES = 15.0  # seconds after which every bot has said who it is and waits
FEWEST_SECONDS = 30.0


def main(seconds: float) -> bool:
    seconds = max(seconds, FEWEST_SECONDS)
    with LocalMessenger() as messenger:
        without, _polls = _share(messenger, 0, seconds)
        share, polls = _share(messenger, BOTS, seconds)
    assert polls >= BOTS, f"Only {polls} requests came from {BOTS} bots: they were not listened to."
    compared = f"{seconds:g} s, {polls} requests; {without:.2f} % without bots"
    return print_figures([Figure(f"{BOTS} bots polled by one process, idle", share, MOST, "% of a core", compared)])


def _share(messenger: LocalMessenger, bots: int, seconds: float) -> tuple[float, int]:
    """The percentage of a core that a worker takes with so many bots, and how many requests for updates came."""
    with tempfile.TemporaryDirectory() as folder:
        tokens = _desk(Path(folder), messenger, bots)
        command = [sys.executable, "-m", "plugdesk.cli", "worker", "--data", folder]
        worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for(messenger, tokens)
            began, before = time.monotonic(), _processor_seconds(worker.pid)
            time.sleep(seconds)
            spent, lasted = _processor_seconds(worker.pid) - before, time.monotonic() - began
            assert worker.poll() is None, "The worker has ended meanwhile, so nothing was measured."
        finally:
            worker.terminate()
            worker.wait()
    return 100 * spent / lasted, sum(messenger.bot(token).polls for token in tokens)


def _desk(folder: Path, messenger: LocalMessenger, bots: int) -> list[str]:
    """A desk with Telegram on and so many bots that are polled; their tokens."""
    tokens = [messenger.add_bot(f"Shop {number}", f"shop_{number}_bot") for number in range(bots)]
    runtime = open_runtime(Settings(data=folder, base_url="https://desk.example"), migrating=True)
    with runtime.database.write() as session:
        create_desk(session, name="Benchmark", language="en", zone="UTC")
        admin = first_administrator(session, name="Admin", email="admin@desk.example", password="a benchmark's password 17")
        create_form(session, name="Support", by=admin)
        session.flush()  # the form's id
        form = session.scalars(sa.select(Form)).one()
        enable_plugin(session, form, "telegram", by=admin)
        ctx = runtime.context("telegram", form, session)
        for token in tokens:
            known = messenger.bot(token)
            given = BotInput(token, Mode.POLLING, messenger.address, own_network=True)
            add_bot(ctx, given, Known(known.id, known.first_name, known.username), by=admin)
    runtime.close()
    return tokens


def _wait_for(messenger: LocalMessenger, tokens: list[str]) -> None:
    """Until a request of each bot waits at Telegram: the first is only a look."""
    ends = time.monotonic() + 60
    while any(messenger.bot(token).polls < 2 for token in tokens):
        assert time.monotonic() < ends, "Not all bots are listened to."
        time.sleep(0.1)
    time.sleep(SETTLES)


def _processor_seconds(pid: int) -> float:
    """The processor time a process and its children have taken, in seconds."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ticks = 0
    for each in (pid, *children):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])  # utime and stime, see proc(5)
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(0 if main(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS) else 1)
