"""What `plugdesk serve` needs, and whether it grows: `python benchmarks/memory.py [LETTERS]`. SQLite, the embedded worker on.

One server receives letters from a mailbox, files them, sends the receipts, and shows a page for every letter. Its memory after the
1,000th letter and page is compared with that after the 10,000th; with fewer LETTERS the first measuring is after a tenth of them.
What it needs is the PSS of both its processes, in which memory shared with others counts by its share. What it grew is told by the
RSS: a share grows by itself whenever another Python on the machine ends.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa
from intake import ADDRESS, PASSWORD, _desk, _letter
from measure import Client, Figure, print_figures, signed_in, until_it_answers

from plugdesk.opening import open_runtime
from plugdesk.runtime import Runtime
from plugdesk.settings import Settings
from plugdesk.testing.local_mail import LocalMail
from plugdesk.tickets.models import Ticket

LETTERS, PORT = 10_000, 8773
AT_ONCE = 20  # letters that come together, and pages that are looked at meanwhile
BEHIND = 100  # letters that may wait before more are sent
STUCK = 120.0  # seconds without a new ticket
QUIET = 5.0  # seconds before measuring, in which what was begun ends
MOST_MB, MOST_GROWTH = 180, 10


def main(letters: int) -> bool:
    with tempfile.TemporaryDirectory() as folder, LocalMail() as mail:
        mail.add_mailbox(ADDRESS, PASSWORD)
        runtime = open_runtime(Settings(data=Path(folder), base_url=f"http://127.0.0.1:{PORT}"), migrating=True)
        _desk(runtime, mail)
        command = [sys.executable, "-m", "plugdesk.cli", "serve", "--data", folder, "--port", str(PORT)]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with until_it_answers(PORT, "/sign-in"):
                client = signed_in(PORT, "ada@desk.example", PASSWORD)
            born = _processes(server.pid)
            sizes = [_size_after(number, server, runtime, mail, client) for number in (letters // 10, letters)]
            assert _processes(server.pid) == born, "The server was started anew meanwhile, so nothing was measured."
        finally:
            server.terminate()
            server.wait()
            runtime.close()
    print()
    (_first, before), (_last, after) = sizes
    return print_figures([
        Figure("memory of the server (PSS)", max(pss for pss, _rss in sizes), MOST_MB, "MB", f"after {letters // 10:,} letters and pages, and after {letters:,}"),
        Figure("how much it grew (RSS)", 100 * (after / before - 1), MOST_GROWTH, "%", f"{before:.1f} MB, then {after:.1f} MB"),
    ])  # fmt: skip


def _size_after(
    number: int, server: subprocess.Popen[bytes], runtime: Runtime, mail: LocalMail, client: Client
) -> tuple[float, float]:
    """The server's memory as `_megabytes` tells it, once it has filed `number` letters and shown as many pages."""
    filed = sent = _tickets(runtime)
    moved = time.monotonic()
    while filed < number:
        while sent < min(number, filed + BEHIND):
            for _ in range(min(AT_ONCE, number - sent)):
                sent += 1
                mail.deliver(_letter(sent), [ADDRESS])
                _look(client, sent, filed)
        now = _tickets(runtime)
        if now > filed:
            filed, moved = now, time.monotonic()
        assert time.monotonic() - moved < STUCK, f"Nothing has come in for {STUCK:g} s; {filed} of {sent} letters are tickets."
        time.sleep(0.02)
        print(f"\r{filed:>6} letters, {_megabytes(server.pid)[0]:6.1f} MB", end="", file=sys.stderr, flush=True)
    time.sleep(QUIET)
    return _megabytes(server.pid)


def _look(client: Client, number: int, filed: int) -> None:
    pages = ["/views/open", "/search?q=terminal", "/views/new"] + ([f"/tickets/{1 + number % filed}"] * 3 if filed else [])
    status, _body = client.get(pages[number % len(pages)])
    assert status == 200, status


def _tickets(runtime: Runtime) -> int:
    with runtime.database.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Ticket)) or 0


def _megabytes(pid: int) -> tuple[float, float]:
    """PSS and RSS of a process and its children, in megabytes."""
    kilobytes = {"Pss:": 0, "Rss:": 0}
    for each in _processes(pid):
        lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
        for name in kilobytes:
            kilobytes[name] += next(int(line.split()[1]) for line in lines if line.startswith(name))
    return kilobytes["Pss:"] / 1000, kilobytes["Rss:"] / 1000


def _processes(pid: int) -> list[int]:
    return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


if __name__ == "__main__":
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd warns of what it does itself
    sys.exit(0 if main(int(sys.argv[1]) if len(sys.argv) > 1 else LETTERS) else 1)
