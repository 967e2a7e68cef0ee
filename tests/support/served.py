"""The desk as it runs for real: `plugdesk serve` and `plugdesk worker` in processes of their own, and people who visit it over HTTP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.processes import free_port, listens, until

if TYPE_CHECKING:
    import httpx
    from selectolax.lexbor import LexborNode

    from plugdesk.settings import Settings


class Processes:
    """Starts what one desk consists of, and ends it; logs stand in `folder`, plugins by strangers in `packages`."""

    def __init__(self, settings: Settings, folder: Path, packages: Path | None = None) -> None:
        self.settings = settings
        self.folder = folder
        self.packages = packages
        self._running: list[subprocess.Popen[bytes]] = []

    def serve(self, *, port: int = 0, worker_threads: int = 0) -> str:
        """`plugdesk serve`, with an embedded worker of so many threads; returns its address, which answers soon (`wait`)."""
        port = port or free_port()
        self._start("serve", "--port", str(port), PLUGDESK_WORKER_THREADS=str(worker_threads))
        return f"http://127.0.0.1:{port}"

    def work(self) -> None:
        """`plugdesk worker`: RQ's where the settings name a Redis."""
        self._start("worker")

    def wait(self, *addresses: str) -> None:
        """Until these addresses answer."""
        for address in addresses:
            port = int(address.rpartition(":")[2])
            until(lambda port=port: listens(port), alive=self._all_live, what=self.logs)  # type: ignore[misc]

    def logs(self) -> str:
        """What all of them have said."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))

    def end(self) -> None:
        """All at once, as a deploy does it; who does not end by itself within 20 seconds is killed."""
        for each in self._running:
            each.send_signal(signal.SIGTERM)
        for each in self._running:
            try:
                each.wait(20)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()

    def run(self, *arguments: str) -> str:
        """A command line beside the desk, which must end well; returns what it said."""
        done = subprocess.run(
            _command(arguments), env=self._environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _start(self, *arguments: str, **environment: str) -> None:
        env = self._environment() | environment
        with (self.folder / f"{len(self._running)}-{arguments[0]}.log").open("wb") as log:
            self._running.append(subprocess.Popen(_command(arguments), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env))

    def _environment(self) -> dict[str, str]:
        own = self.settings
        given = {"DATA": own.data, "DATABASE_URL": own.database_url, "REDIS_URL": own.redis_url, "BASE_URL": own.base_url}
        given |= {"CA_FILE": own.ca_file}
        packages = {"PYTHONPATH": str(self.packages)} if self.packages else {}
        return os.environ | {f"PLUGDESK_{name}": str(value) for name, value in given.items() if value} | packages

    def _all_live(self) -> bool:
        return all(each.poll() is None for each in self._running)


def _command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "plugdesk.cli", *arguments]


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Callable[..., Processes]]:
    """`processes(settings)`: see `Processes`."""
    started: list[Processes] = []

    def make(settings: Settings, packages: Path | None = None) -> Processes:
        started.append(Processes(settings, tmp_path, packages))
        return started[-1]

    yield make
    for each in started:
        each.end()


@dataclass
class Page:
    """What came back: the answer that was reached at the end of redirects."""

    response: httpx.Response
    status: int = field(init=False)
    text: str = field(init=False)

    def __post_init__(self) -> None:
        from selectolax.lexbor import LexborHTMLParser

        self.status, self.text = self.response.status_code, self.response.text
        self.tree = LexborHTMLParser(self.text)

    @property
    def path(self) -> str:
        return self.response.url.path

    def said(self, css: str = "body") -> str:
        """The words of the first such element, with single spaces; "" when there is none."""
        found = self.tree.css_first(css)
        return " ".join(found.text(separator=" ").split()) if found else ""

    def one(self, css: str) -> LexborNode:
        """The first such element, which must be there."""
        found = self.tree.css_first(css)
        assert found is not None, f"there is no {css} on {self.path}: {self.said()[:500]}"
        return found

    def all(self, css: str) -> list[str]:
        """The words of every such element."""
        return [" ".join(each.text(separator=" ").split()) for each in self.tree.css(css)]

    def form(self, action: str) -> tuple[LexborNode, str]:
        """The form that leads to an address which ends like this, by itself or by one of its buttons; and that address."""
        for form in self.tree.css("form"):
            own = f'[form="{form.attributes["id"]}"][formaction]' if form.attributes.get("id") else ""
            buttons = [*form.css("[formaction]"), *(self.tree.css(own) if own else [])]
            for address in (
                form.attributes.get("action") or self.path,
                *(each.attributes["formaction"] or "" for each in buttons),
            ):
                if address.partition("?")[0].endswith(action):
                    return form, address
        raise AssertionError(f"no form leads to {action} on {self.path}: {self.said()[:500]}")


class Visitor:
    """A browser without script at one address of the desk; keeps cookies, also those for HTTPS, as browsers do on loopback."""

    def __init__(self, address: str) -> None:
        import httpx

        # The client's own jar keeps Secure cookies from loopback, where browsers allow them.
        cookies = httpx.Cookies(CookieJar(policy=DefaultCookiePolicy(secure_protocols=("http", "https"))))

        def show(request: httpx.Request) -> None:
            request.headers.pop("Cookie", None)
            cookies.set_cookie_header(request)

        hooks: dict[str, list[Callable[..., Any]]] = {"request": [show], "response": [cookies.extract_cookies]}
        # Nothing is left open for the test to close.
        limits = httpx.Limits(max_keepalive_connections=0)
        self.http = httpx.Client(
            base_url=address, event_hooks=hooks, follow_redirects=True, timeout=30, trust_env=False, limits=limits
        )

    def get(self, path: str, status: int = 200) -> Page:
        """The page at `path`, whose answer must have this status."""
        return _checked(self.http.get(path), status)

    def submit(
        self, page: Page, action: str, values: Mapping[str, Any] | None = None, *, status: int = 200, files: Any = None
    ) -> Page:
        """Fills in the form that leads to `action` and sends it; what is not in `values` stays as the page has it."""
        return _checked(self.send(page, action, values, files=files), status)

    def send(self, page: Page, action: str, values: Mapping[str, Any] | None = None, *, files: Any = None) -> httpx.Response:
        """The same, with whatever answer comes."""
        form, address = page.form(action)
        return self.http.post(address, data={**_entered(form), **(values or {})}, files=files)

    def sign_in(self, email: str, password: str | None = None) -> Page:
        """Signs in; returns the page it leads to."""
        from tests.factories import PASSWORD

        return self.submit(self.get("/sign-in"), "/sign-in", {"email": email, "password": password or PASSWORD})


def _checked(response: httpx.Response, status: int) -> Page:
    page = Page(response)
    assert page.status == status, (
        f"{response.request.method} {response.url}: {page.status} instead of {status}: {page.said()[:400]}"
    )
    return page


def _entered(form: LexborNode) -> dict[str, Any]:
    """What a browser would send of a form nobody has touched."""
    entered: dict[str, Any] = {}
    for each in form.css("input[name], textarea[name], select[name]"):
        about = each.attributes
        name, kind = about["name"] or "", about.get("type") or "text"
        if "disabled" in about or kind in ("submit", "file") or (kind in ("checkbox", "radio") and "checked" not in about):
            continue
        if each.tag == "textarea":
            value: Any = each.text().removeprefix("\n")
        elif each.tag == "select":
            options = each.css("option[selected]") or each.css("option")[:1]
            value = options[0].attributes.get("value", options[0].text()) if options else ""
        else:
            value = about.get("value") or ("on" if kind == "checkbox" else "")
        entered[name] = (
            [*entered[name], value]
            if isinstance(entered.get(name), list)
            else [entered[name], value]
            if name in entered
            else value
        )
    return entered
