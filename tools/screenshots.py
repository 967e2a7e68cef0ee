"""Takes the manual's pictures: starts the demo in a temporary folder, waits until it is played, signs in as each role.

`python tools/screenshots.py` takes all, `… list ticket-en` those whose names begin so. The browser is that of CHROMIUM, else the first
chromium on the path. Pictures go to docs/images, which stays below `MOST` bytes.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs/images"
MOST = 3_000_000
PLAYED_WITHIN = 900_000  # milliseconds; a busy machine takes its time
WIDE, NARROW = (1440, 900), (360, 740)
ZONES = {"en": "Europe/Berlin", "ru": "Europe/Moscow"}

Role = Literal["Administrator", "Administrator of a form", "Supervisor", "Agent", "Visitor"]


@dataclass(frozen=True)
class Picture:
    """What is to be seen: `path` as `role`; `then` is a link that is followed from there, as a selector. A visitor does not sign in."""

    name: str
    role: Role
    path: str
    language: Literal["en", "ru"] = "en"
    scheme: Literal["light", "dark"] = "light"
    size: tuple[int, int] = WIDE
    then: str = ""

    @property
    def file(self) -> Path:
        narrow = "-phone" if self.size == NARROW else ""
        return IMAGES / f"{self.name}-{self.language}-{self.scheme}{narrow}.png"


FIRST_TICKET = "[data-row] a[href*='/tickets/']"
PICTURES = [
    Picture("list", "Administrator of a form", "/views/open"),
    Picture("list", "Supervisor", "/views/groups", "en", "dark"),
    Picture("list", "Agent", "/views/open", "ru"),
    Picture("list", "Agent", "/views/open", "ru", "dark", NARROW),
    Picture("ticket", "Agent", "/views/mine", then=FIRST_TICKET),
    Picture("ticket", "Agent", "/views/mine", "en", "light", NARROW, then=FIRST_TICKET),
    Picture("ticket", "Agent", "/views/mine", "ru", "dark", then=FIRST_TICKET),
    Picture("extensions", "Administrator", "/extensions"),
    Picture("matrix", "Administrator", "/extensions/by-form", "ru", "dark"),
    Picture("system", "Administrator", "/system"),
    Picture("workflow", "Administrator", "/forms/repairs/x/workflow/"),
    Picture("workflow", "Administrator", "/forms/repairs/x/workflow/", "ru", "dark"),
    Picture("request", "Visitor", "/help/ask", "en", "light", NARROW),
    Picture("request", "Visitor", "/help/ask", "ru", "light", NARROW),
    Picture("help", "Visitor", "/help/"),
    Picture("help", "Visitor", "/help/", "ru", "dark", NARROW),
    Picture("ratings", "Administrator", "/x/csat/"),
    Picture("canned", "Agent", "/x/faq/answers"),
    Picture("reports", "Administrator", "/x/reports/"),
    Picture("reports", "Administrator", "/x/reports/", "ru", "dark"),
    Picture("contracts", "Administrator", "/x/contracts/"),
    Picture("automations", "Administrator", "/forms/support/x/automation/own/"),
]
# Where the pictures were taken is nobody's business: what stands there instead.
ELSEWHERE = {sys.executable: "/opt/plugdesk/bin/python", str(ROOT): "/opt/plugdesk", socket.gethostname(): "desk"}
RENAME = """(names) => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode())
    for (const [here, there] of Object.entries(names)) walker.currentNode.data = walker.currentNode.data.replaceAll(here, there);
}"""


@dataclass(frozen=True)
class Demo:
    """A running demo: its address, and e-mail and password by role."""

    address: str
    people: dict[str, tuple[str, str]]


def main() -> int:
    wanted = tuple(sys.argv[1:])
    pictures = [each for each in PICTURES if not wanted or each.file.name.startswith(wanted)]
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=["--no-sandbox", "--font-render-hinting=none"])
        for language in ("en", "ru"):
            own = [each for each in pictures if each.language == language]
            if own:
                with running_demo(language) as demo:
                    _wait_until_played(browser, demo)
                    for picture in own:
                        take(browser, demo, picture)
        browser.close()
    return _weigh()


@contextmanager
def running_demo(language: str) -> Iterator[Demo]:
    """The demo on a free port, in a folder that is gone afterwards; ready to be signed in to."""
    folder = tempfile.mkdtemp(prefix="plugdesk-pictures-")
    command = [sys.executable, "-m", "plugdesk.cli", "demo", "--port", "0", "--lang", language, "--data", f"{folder}/demo"]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    ) as desk:
        try:
            yield _read_introduction(desk)
        finally:
            desk.terminate()
            desk.wait(30)
            shutil.rmtree(folder, ignore_errors=True)


def take(browser: Browser, demo: Demo, picture: Picture) -> None:
    """One picture in a window of its own."""
    width, height = picture.size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=picture.scheme,
        locale={"en": "en-GB", "ru": "ru-RU"}[picture.language],
        timezone_id=ZONES[picture.language],
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    if picture.role != "Visitor":
        _sign_in(page, demo, picture.role)
    answer = page.goto(demo.address + picture.path)
    if answer is None or not answer.ok:
        raise RuntimeError(f"{picture.path} does not show what it is to show.")
    if picture.then:
        page.locator(picture.then).first.click()
        page.wait_for_load_state()
    page.evaluate("document.fonts.ready")
    page.evaluate(RENAME, ELSEWHERE)
    page.screenshot(path=picture.file)
    print(f"{picture.file.relative_to(ROOT)}: {picture.file.stat().st_size // 1000} KB")
    context.close()


def _read_introduction(desk: subprocess.Popen[str]) -> Demo:
    """What `plugdesk demo` prints: the address, a sign-in for each role, and at last that it runs."""
    assert desk.stdout is not None
    address, people = "", dict[str, tuple[str, str]]()
    for line in desk.stdout:
        if found := re.search(r"http://[\d.:]+", line):
            address = found[0]
        if found := re.match(r"\s+(\S.*?)\s+(\S+@\S+)\s+(\S+)$", line):
            people[found[1]] = (found[2], found[3])
        if "is running" in line:
            return Demo(address, people)
    raise RuntimeError(f"The demo did not start: it ended with {desk.wait()}.")


def _sign_in(page: Page, demo: Demo, role: Role) -> None:
    email, password = demo.people[role]
    page.goto(f"{demo.address}/sign-in")
    page.locator("input[name=email]").fill(email)
    page.locator("input[name=password]").fill(password)
    page.locator("form[action*='sign-in'] button[type=submit], form button.btn[data-kind=primary]").first.click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def _wait_until_played(browser: Browser, demo: Demo) -> None:
    """The bar above the pages asks for itself, and is replaced when all is played."""
    page = browser.new_page()
    _sign_in(page, demo, "Administrator")
    page.goto(f"{demo.address}/views/done")
    page.locator("#demo-progress progress").wait_for(state="detached", timeout=PLAYED_WITHIN)
    page.close()


def _chromium() -> str | None:
    return os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )


def _weigh() -> int:
    total = sum(each.stat().st_size for each in IMAGES.iterdir())
    print(f"docs/images: {total / 1_000_000:.1f} MB")
    return 0 if total < MOST else 1


if __name__ == "__main__":
    sys.exit(main())
