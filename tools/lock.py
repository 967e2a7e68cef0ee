"""Pins every package this project is developed and tested with.

`python tools/lock.py` resolves anew, keeping what still fits (`--upgrade`: taking the newest); it writes
requirements.lock with hashes, and the same pins into pyproject.toml, where uv finds them. `--check` compares
the three, without network. None of them holds the address of a registry.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ROOT / "pyproject.toml"
LOCK = ROOT / "requirements.lock"
PINS = re.compile(r"(?<=^constraint-dependencies = \[\n).*?(?=^\]$)", re.MULTILINE | re.DOTALL)


def main() -> int:
    if "--check" in sys.argv[1:]:
        problems = list(differences())
        print("\n".join(problems) or "requirements.lock, pyproject.toml and its pins agree.")
        return 1 if problems else 0
    resolve(upgrade="--upgrade" in sys.argv[1:])
    lines = "".join(f'  "{pin}",\n' for pin in locked())
    PROJECT.write_text(PINS.sub(lambda _: lines, PROJECT.read_text(), count=1))
    return 0


def resolve(*, upgrade: bool) -> None:
    """Writes requirements.lock for every Python and system that pyproject.toml allows."""
    # --no-config, because the pins of the last time stand in pyproject.toml and would be kept for ever.
    command = ["uv", "pip", "compile", "pyproject.toml", "--no-config", "--all-extras", "--group", "browser", "--group", "docs"]
    command += ["--universal", "--generate-hashes", "--quiet", "--output-file", LOCK.name, *(["--upgrade"] if upgrade else [])]
    environment = os.environ | {"UV_CUSTOM_COMPILE_COMMAND": "python tools/lock.py"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def differences() -> Iterator[str]:
    """One sentence for each thing that does not agree."""
    project = tomllib.loads(PROJECT.read_text())
    pins = locked()
    if project["tool"]["uv"]["constraint-dependencies"] != pins:
        yield "The pins in pyproject.toml are not those of requirements.lock: run python tools/lock.py"
    versions = {canonicalize_name(Requirement(pin).name): Requirement(pin) for pin in pins}
    for wanted in _requirements(project):
        pin = versions.get(canonicalize_name(wanted.name))
        if pin is None:
            yield f"{wanted.name} is not in requirements.lock: run python tools/lock.py"
        elif not wanted.specifier.contains(str(pin.specifier).removeprefix("=="), prereleases=True):
            yield f"requirements.lock has {pin}, pyproject.toml wants {wanted}: run python tools/lock.py"


def locked() -> list[str]:
    """Every pin of requirements.lock, as `name==version ; marker`, without its hashes."""
    return [line.removesuffix(" \\") for line in LOCK.read_text().splitlines() if re.match(r"[a-z0-9]", line)]


def _requirements(project: dict[str, Any]) -> Iterator[Requirement]:
    groups = [project["project"]["dependencies"]]
    groups += project["project"]["optional-dependencies"].values()
    groups += project["dependency-groups"].values()
    wanted = (Requirement(line) for group in groups for line in group)
    return (each for each in wanted if each.name != project["project"]["name"])


if __name__ == "__main__":
    sys.exit(main())
