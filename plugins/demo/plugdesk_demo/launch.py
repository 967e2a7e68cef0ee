"""What makes a folder a demo: its file of sign-ins. Imports nothing of the desk, so that the command answers at once."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .script import read_content

SIGN_INS = "sign-ins.json"
ROLES = {"admin": "Administrator", "form_admin": "Administrator of a form", "supervisor": "Supervisor", "agent": "Agent"}
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another


@dataclass(frozen=True)
class SignIn:
    """Somebody to sign in as; `role` is one of `ROLES`, `key` the agent's in the story."""

    role: str
    key: str
    email: str
    password: str


@dataclass(frozen=True)
class Demo:
    """What the file of a demo's folder says."""

    language: str
    people: tuple[SignIn, ...]

    @property
    def passwords(self) -> Mapping[str, str]:
        """The passwords by the keys of agents."""
        return {person.key: person.password for person in self.people}


def read_demo(folder: Path) -> Demo | None:
    """The demo in `folder`; None where there is none."""
    path = folder / SIGN_INS
    if not path.exists():
        return None
    kept: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return Demo(kept["language"], tuple(SignIn(**each) for each in kept["people"]))


def make_demo(folder: Path, language: str) -> Demo:
    """Make `folder` one for a demo, with passwords at random. Raises ValueError when it holds a desk already."""
    if (folder / "desk.db").exists():
        raise ValueError(f"{folder} holds a desk that is not a demo.")
    content = read_content(language)
    people = [(role, content["roles"][role]) for role in ROLES]
    demo = Demo(language, tuple(SignIn(role, key, f"{key}@{content['domain']}", _password()) for role, key in people))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(folder / SIGN_INS, json.dumps(asdict(demo), indent=1))
    return demo


def _write(path: Path, text: str) -> None:
    """Whole or not at all, and for nobody else to read."""
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    unfinished.write_text(text, "utf-8")
    unfinished.replace(path)


def _password() -> str:
    """Fifteen letters and digits in groups, 74 bits: made to be typed."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(3))
