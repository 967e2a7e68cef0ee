"""What the benchmarks share: one client on a kept connection, medians, and a table of figures beside their limits."""

from __future__ import annotations

import http.client
import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

WARM, MEASURED, RUNS = 50, 300, 3


@dataclass
class Figure:
    """One measured value beside what was promised. `compared` says what with."""

    name: str
    value: float
    limit: float
    unit: str
    compared: str = ""
    at_least: bool = False

    @property
    def holds(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def print_figures(figures: list[Figure]) -> bool:
    """A line a figure; returns whether every promise is kept."""
    for each in figures:
        sign = "≥" if each.at_least else "≤"
        mark = "kept  " if each.holds else "BROKEN"
        print(f"{mark} {each.name:<58} {each.value:10.2f} {each.unit:<9} {sign} {each.limit:g}   {each.compared}")
    return all(each.holds for each in figures)


class Client:
    """One visitor on one connection: keeps cookies, sends what a browser would."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def get(self, path: str) -> tuple[int, bytes]:
        try:
            return self._ask("GET", path)
        except http.client.RemoteDisconnected:  # the server lets go of a connection nobody has used for a while
            self._connection.close()
            return self._ask("GET", path)

    def post(self, path: str, body: str) -> tuple[int, bytes]:
        return self._ask("POST", path, body)

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        headers = {"Accept": "text/html"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["Origin"] = f"http://127.0.0.1:{self.port}"
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                pair = value.split(";")[0]
                self.cookies[pair.partition("=")[0]] = pair.partition("=")[2]
        return response.status, response.read()


def signed_in(port: int, email: str, password: str) -> Client:
    """A visitor who has signed in by the page for it."""
    client = Client(port)
    token = re.search(rb'name="csrf_token" value="([^"]+)"', client.get("/sign-in")[1])
    assert token is not None
    body = f"csrf_token={quote(token[1].decode())}&email={quote(email)}&password={quote(password)}"
    status, answer = client.post("/sign-in", body)
    assert status == 303, (status, answer[-500:])
    return client


Ask = Callable[[], tuple[int, bytes]]


@dataclass(frozen=True)
class Beside:
    """How long something takes beside something else, in milliseconds each, and how many times as long."""

    ms: float
    other_ms: float

    @property
    def times(self) -> float:
        return self.ms / self.other_ms


def beside(ask: Ask, other: Ask) -> Beside:
    """The middle of three runs, in each of which first `other` is measured and then `ask`: the machine is not as fast all the time."""
    runs = []
    for _run in range(RUNS):
        other_ms = _median_ms(other)
        runs.append(Beside(_median_ms(ask), other_ms))
    return sorted(runs, key=lambda run: run.times)[RUNS // 2]


def _median_ms(ask: Ask) -> float:
    """The median of 300 requests by one client after 50 to warm up, in milliseconds."""
    for _ in range(WARM):
        ask()
    times = []
    for _ in range(MEASURED):
        started = time.perf_counter()
        status, _body = ask()
        times.append(time.perf_counter() - started)
        assert status == 200, status
    return statistics.median(times) * 1000


@contextmanager
def until_it_answers(port: int, path: str = "/", seconds: float = 60) -> Iterator[None]:
    """Wait until something answers on `port`."""
    ends = time.monotonic() + seconds
    while True:
        try:
            Client(port).get(path)
            break
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)
    yield
