"""How many updates Telegram can bring: `python benchmarks/webhook.py postgresql://USER@HOST/EMPTY_DATABASE [SECONDS]`.

One `plugdesk serve` without workers; Telegram is played by forty connections, its default, that offer 600 updates a second of
four hundred chats. Each is acknowledged after its commit. Everything runs on the machine at hand, the database included.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import sqlalchemy as sa
from measure import Figure, print_figures, until_it_answers

from plugdesk.channels.updates import Update
from plugdesk.forms.commands import create_form
from plugdesk.opening import open_runtime
from plugdesk.plugins.switch import enable_plugin
from plugdesk.settings import Settings
from plugdesk.setup import create_desk, first_administrator
from plugdesk_telegram.bots import BotInput, Known, add_bot
from plugdesk_telegram.inbound import SECRET
from plugdesk_telegram.models import Mode

PORT, CONNECTIONS, OFFERED, CHATS = 8773, 40, 600, 400


def main(url: str, seconds: float) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        key, secret = _desk(url, Path(folder))
        with _served(url, Path(folder)):
            took: list[float] = []
            threads = [threading.Thread(target=_call, args=(n, key, secret, seconds, took)) for n in range(CONNECTIONS)]
            began = monotonic()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            lasted = monotonic() - began
        stored = _stored(url, Path(folder))
        assert stored == len(took), (stored, len(took))
    took.sort()
    return print_figures([
        Figure("updates a second stored and acknowledged", len(took) / lasted, 500, "updates/s", f"{OFFERED} offered", at_least=True),
        Figure("p99 of an acknowledgement", took[int(len(took) * 0.99)] * 1000, 100, "ms", f"median {took[len(took) // 2] * 1000:.1f} ms"),
    ])  # fmt: skip


def _desk(url: str, folder: Path) -> tuple[str, str]:
    runtime = open_runtime(Settings(data=folder, database_url=url, base_url="https://desk.example"), migrating=True)
    with runtime.database.write() as session:
        create_desk(session, name="Benchmark", language="en", zone="UTC")
        admin = first_administrator(session, name="Admin", email="admin@desk.example", password="a benchmark's password 17")
        form = create_form(session, name="Support", by=admin)
        session.flush()  # the form's id
        enable_plugin(session, form, "telegram", by=admin)
        ctx = runtime.context("telegram", form, session)
        given = BotInput("1:" + "A" * 35, Mode.WEBHOOK, "http://127.0.0.1:9", own_network=True)
        bot = add_bot(ctx, given, Known(1, "Shop", "shop_bot"), by=admin)
        secret = ctx.unseal(bot.secret, f"bot:{bot.id}/secret")
        key = bot.key
    runtime.close()
    return key, secret


@contextmanager
def _served(url: str, folder: Path) -> Iterator[None]:
    environment = os.environ | {"PLUGDESK_WORKER_THREADS": "0", "PLUGDESK_DATABASE_URL": url}
    command = [sys.executable, "-m", "plugdesk.cli", "serve", "--data", str(folder), "--port", str(PORT)]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with until_it_answers(PORT, "/sign-in"):
            yield
    finally:
        server.terminate()
        server.wait()


def _call(number: int, key: str, secret: str, seconds: float, took: list[float]) -> None:
    """One connection: as many calls as its share, or as many as it can."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    began, made = monotonic(), 0
    while (now := monotonic()) - began < seconds:
        sleep(max(0.0, began + made * CONNECTIONS / OFFERED - now))
        update = number + made * CONNECTIONS
        about = {"message_id": update, "date": 1, "text": "The till beeps. " * 8}
        about |= {
            "chat": {"id": update % CHATS, "type": "private"},
            "from": {"id": update % CHATS, "is_bot": False, "first_name": "Ann"},
        }
        body = json.dumps({"update_id": update, "message": about})
        started = monotonic()
        connection.request("POST", f"/in/telegram/{key}", body, {SECRET: secret, "Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        took.append(monotonic() - started)
        made += 1


def _stored(url: str, folder: Path) -> int:
    runtime = open_runtime(Settings(data=folder, database_url=url), migrating=False)
    with runtime.database.read() as session:
        number = session.scalar(sa.select(sa.func.count()).select_from(Update)) or 0
    runtime.close()
    return number


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 20.0) else 1)
