"""The site of answers: `python benchmarks/faq.py [ARTICLES]`. A desk of 5,000 published articles on SQLite, made here.

An article's page beside a bare Flask page of the same size, each from a server of its own with one worker and twelve threads, asked
in turn by one client on one connection; then how long a search takes, with every third question misspelt, and how large the
front page is when it is packed.
"""

from __future__ import annotations

import gzip
import os
import random
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from urllib.parse import quote

from measure import Client, Figure, print_figures, until_it_answers

from plugdesk.forms.commands import create_form
from plugdesk.opening import open_runtime
from plugdesk.plugins.switch import enable_plugin
from plugdesk.runtime import Runtime
from plugdesk.settings import Settings
from plugdesk.setup import create_desk, first_administrator
from plugdesk_faq.commands import AnswerInput, write_answer
from plugdesk_faq.publishing import ArticleInput, add_category, set_article

PORT, BARE_PORT, ARTICLES, ASKED, ROUNDS = 8781, 8782, 5_000, 400, 7
SEARCHES = 600
_SYLLABLES = [
    "ba",
    "ko",
    "ri",
    "ten",
    "mul",
    "sar",
    "vi",
    "no",
    "pel",
    "dra",
    "gos",
    "li",
    "mer",
    "tu",
    "fa",
    "zen",
    "or",
    "ip",
    "han",
    "que",
]
BARE = """
import os
from flask import Flask
app, body = Flask("bare"), "x" * int(os.environ["BARE_SIZE"])
@app.get("/")
def page() -> str:
    return body
if __name__ == "__main__":
    from granian import Granian
    from granian.constants import Interfaces
    Granian("bare:app", address="127.0.0.1", port=int(os.environ["BARE_PORT"]), interface=Interfaces.WSGI, workers=1, blocking_threads=12).serve()
"""


def main(articles: int) -> bool:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        data, chance = Path(folder) / "desk", random.Random(7)
        runtime = open_runtime(Settings(data=data, base_url=f"http://127.0.0.1:{PORT}"), migrating=True)
        words = ["".join(chance.choices(_SYLLABLES, k=chance.choice((2, 3, 3, 4)))) for _ in range(9_000)]
        slugs = _desk(runtime, articles, words, chance)
        runtime.close()
        serve = [sys.executable, "-m", "plugdesk.cli", "serve", "--data", str(data), "--port", str(PORT)]
        _run(stack, serve, PLUGDESK_WORKER_THREADS="0")
        with until_it_answers(PORT, "/help/"):
            desk = Client(PORT)
        paths = [f"/help/{slug}" for slug in slugs[:20]]
        size = len(desk.get(paths[0])[1])
        front = len(gzip.compress(desk.get("/help/")[1]))
        style = sum(
            len(gzip.compress(each.read_bytes()))
            for each in (Path(__file__).parents[1] / "plugins/faq/plugdesk_faq/static").iterdir()
        )
        (Path(folder) / "bare.py").write_text(BARE)
        _run(stack, [sys.executable, str(Path(folder) / "bare.py")], cwd=folder, BARE_SIZE=str(size), BARE_PORT=str(BARE_PORT))
        with until_it_answers(BARE_PORT, "/"):
            bare = Client(BARE_PORT)
        ours, theirs = [], []
        for _ in range(ROUNDS):
            theirs.append(_a_second(bare, ["/"]))
            ours.append(_a_second(desk, paths))
        share = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
        said = f"{statistics.median(ours):.0f} and {statistics.median(theirs):.0f} requests/s, {size} bytes"
        took = _searches(desk, words, chance)
        return print_figures([
            Figure("an article beside a bare Flask page of its size", 100 * share, 60, "%", said, at_least=True),
            Figure(f"search over {articles:,} articles, p95", took[int(len(took) * 0.95)], 50, "ms", f"median {statistics.median(took):.1f} ms"),
            Figure("the front page, packed, with style sheet and script", (front + style) / 1000, 30, "KB"),
        ])  # fmt: skip


def _desk(runtime: Runtime, articles: int, words: list[str], chance: random.Random) -> list[str]:
    with runtime.database.write() as session:
        create_desk(session, name="Benchmark", language="en", zone="UTC")
        admin = first_administrator(session, name="Ada Admin", email="ada@desk.example", password="a benchmark's password 17")
        form = create_form(session, name="Support", by=admin)
        enable_plugin(session, form, "faq", by=admin)
        ctx = runtime.context("faq", form, session)
        categories = [add_category(ctx, {"en": f"Category {number}"}, by=admin) for number in range(12)]
        slugs = []
        for number in range(articles):
            title = " ".join(chance.choices(words, k=4))
            text = "".join(f"<h2>{chance.choice(words)}</h2><p>{' '.join(chance.choices(words, k=60))}</p>" for _ in range(4))
            answer = write_answer(ctx, AnswerInput(f"{title} {number}", text, shared=True), by=admin)
            about = ArticleInput(title, category_id=chance.choice(categories).id, state="published", slug=f"article-{number}")
            slugs.append(set_article(ctx, answer, about, by=admin, revision=answer.revision).slug)
            if number % 100 == 99:
                session.commit()
                session.expire_all()
        return slugs


def _run(stack: ExitStack, command: list[str], cwd: str | None = None, **about: str) -> None:
    server = subprocess.Popen(command, cwd=cwd, env=os.environ | about, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stack.callback(server.wait)
    stack.callback(server.terminate)


def _a_second(client: Client, paths: list[str]) -> float:
    for path in paths:
        assert client.get(path)[0] == 200, path
    started = perf_counter()
    for number in range(ASKED):
        client.get(paths[number % len(paths)])
    return ASKED / (perf_counter() - started)


def _searches(client: Client, words: list[str], chance: random.Random) -> list[float]:
    """The times of searches for one to three words in milliseconds, in order; every third has a letter wrong."""
    took = []
    for number in range(SEARCHES):
        asked = " ".join(chance.choices(words, k=chance.choice((1, 2, 3))))
        if number % 3 == 0:
            at = chance.randrange(1, len(asked) - 1)
            asked = f"{asked[:at]}{asked[at + 1 :]}"
        started = perf_counter()
        status, _body = client.get(f"/help/search?q={quote(asked)}")
        took.append((perf_counter() - started) * 1000)
        assert status == 200, asked
    return sorted(took)


if __name__ == "__main__":
    sys.exit(0 if main(int(sys.argv[1]) if len(sys.argv) > 1 else ARTICLES) else 1)
